"""Incidents under an accord as each side sees them: our record, and beside it the accounts of the others."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from tidegate.accord.accounts import Row, Skew, reconcile, skews
from tidegate.accord.clocks import moment
from tidegate.app.accord.books import Book
from tidegate.app.accord.reconciling import Account, account_of, between
from tidegate.model.accord_facts import OriginsSeen
from tidegate.model.accords import Happening, Occurrence, PartyCode, Receipted, Told
from tidegate.model.organisations import Digest
from tidegate.model.refusals import NotAllowed

INCIDENTS_SHOWN_MAX = 200
"""Incidents on the Accord screen, the last first; `left_out` counts the rest."""

DIFFERING_SHOWN_MAX = 200
"""Things told differently in one account on the Accord screen; `tidegate accord reconcile` tells them all."""

ORIGINS_SHOWN_MAX = 50
"""Attacks on protected assets on the Accord screen, the last first."""


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """The station of `by` signed that it has the message; `fact` is ours."""

    by: PartyCode
    at_ms: int
    fact: int


class Notified(msgspec.Struct, frozen=True, kw_only=True):
    """One notification on our record: its message, when its sender says it was sent, who received it when."""

    message: Digest
    fact: int
    sent_ms: int
    received: tuple[Received, ...]


class TheirWord(msgspec.Struct, frozen=True, kw_only=True):
    """What another party's account says of the same: `differs` names what does not agree."""

    party: PartyCode
    agreement: str
    differs: tuple[str, ...]
    fact: int | None


class IncidentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One incident by the name that its author gave it. `known_ms` is when its author says it came to know,
    None where no account says so; `theirs` are the accounts of others that cover it."""

    incident: str
    by: PartyCode
    toward: tuple[PartyCode, ...]
    assets: tuple[str, ...]
    known_ms: int | None
    told: tuple[Notified, ...]
    theirs: tuple[TheirWord, ...]


class ToldOnce(msgspec.Struct, frozen=True, kw_only=True):
    """One side's account of one thing; `fact` is a number in that side's ledger."""

    fact: int
    at_ms: int
    sent_ms: int | None
    toward: tuple[PartyCode, ...]
    about: str
    act: Happening | None
    assets: tuple[str, ...]
    level: str
    language: str


class DifferRow(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the two tell differently, or that one tells alone."""

    kind: Happening
    reference: str
    by: PartyCode
    agreement: str
    differs: tuple[str, ...]
    ours: ToldOnce | None
    theirs: ToldOnce | None


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """One account that came, beside our record of the same time. `why` says why they were not compared, ""
    where they were."""

    party: PartyCode
    message: Digest
    from_ms: int
    until_ms: int
    same: int
    differing: tuple[DifferRow, ...]
    left_out: int
    skewed: tuple[Skew, ...]
    why: str


class OriginRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the shield saw: material for a question and no finding, since source addresses can be forged."""

    party: PartyCode
    organisation: str
    command: str
    seen: OriginsSeen


class IncidentsView(msgspec.Struct, frozen=True, kw_only=True):
    at_ms: int
    accord: str
    us: PartyCode | None
    incidents: tuple[IncidentRow, ...]
    left_out: int
    accounts: tuple[AccountRow, ...]
    origins: tuple[OriginRow, ...]


def incidents_view(
    book: Book,
    us: PartyCode | None,
    accounts: Sequence[tuple[Digest, Account]],
    origins: Sequence[OriginsSeen],
    option: str,
    now_s: int,
) -> IncidentsView:
    """Of several accounts of one party, the last is put beside ours. Neither is taken for the truth."""
    last = {account.party: (message, account) for message, account in accounts}
    compared = {
        party: rows_beside(book, us or book.accord.codes[0], account) for party, (_, account) in last.items()
    }
    found = incidents(book.told, compared)
    return IncidentsView(
        at_ms=now_s * 1_000,
        accord=book.accord.id,
        us=us,
        incidents=tuple(found[:INCIDENTS_SHOWN_MAX]),
        left_out=max(0, len(found) - INCIDENTS_SHOWN_MAX),
        accounts=tuple(
            account_row(book, message, account, compared[party])
            for party, (message, account) in sorted(last.items())
        ),
        origins=tuple(origin_rows(book, origins[:ORIGINS_SHOWN_MAX], option)),
    )


def rows_beside(book: Book, us: PartyCode, theirs: Account) -> list[Row] | str:
    """All that either tells of the other's time; words where our own account of it is too long."""
    try:
        ours = account_of(book, us, theirs.from_s, theirs.until_s)
    except NotAllowed as refusal:
        return refusal.why
    return reconcile(between(ours.happened, us, theirs.party), between(theirs.happened, us, theirs.party))


def incidents(told: Sequence[Told], compared: Mapping[PartyCode, list[Row] | str]) -> list[IncidentRow]:
    """By name, the last told first."""
    notifications: dict[str, list[Occurrence]] = {}
    known: dict[str, Occurrence] = {}
    for one in told:
        if isinstance(one, Occurrence) and one.kind == "incident-notification":
            notifications.setdefault(one.about or one.reference, []).append(one)
        elif isinstance(one, Occurrence) and one.kind == "incident":
            known.setdefault(one.reference, one)
    messages = {one.reference for several in notifications.values() for one in several}
    receipts: dict[str, list[Receipted]] = {}
    for one in told:
        if isinstance(one, Receipted) and one.reference in messages:
            receipts.setdefault(one.reference, []).append(one)
    words = their_words(compared)
    rows = [
        incident_row(name, several, known.get(name), receipts, words)
        for name, several in notifications.items()
    ]
    return sorted(rows, key=lambda row: (-max(one.sent_ms for one in row.told), row.incident))


def incident_row(
    name: str,
    several: Sequence[Occurrence],
    known: Occurrence | None,
    receipts: Mapping[str, Sequence[Receipted]],
    words: Mapping[str, Sequence[TheirWord]],
) -> IncidentRow:
    first = several[0]
    return IncidentRow(
        incident=name,
        by=first.by,
        toward=first.toward,
        assets=tuple(sorted({asset for one in several for asset in one.assets})),
        known_ms=None if known is None else moment(known) * 1_000,
        told=tuple(notified(one, receipts.get(one.reference, ())) for one in several),
        theirs=tuple(word for one in several for word in words.get(one.reference, ())),
    )


def notified(one: Occurrence, receipts: Iterable[Receipted]) -> Notified:
    firsts: dict[PartyCode, Receipted] = {}
    for receipt in receipts:
        if receipt.by != one.by:
            firsts.setdefault(receipt.by, receipt)
    return Notified(
        message=one.reference,
        fact=one.fact,
        sent_ms=moment(one) * 1_000,
        received=tuple(
            Received(by=party, at_ms=receipt.at_s * 1_000, fact=receipt.fact)
            for party, receipt in sorted(firsts.items())
        ),
    )


def their_words(compared: Mapping[PartyCode, list[Row] | str]) -> dict[str, list[TheirWord]]:
    """By the message of a notification: what each account that covers it says."""
    words: dict[str, list[TheirWord]] = {}
    for party, rows in compared.items():
        for one in rows if isinstance(rows, list) else ():
            thing = one.ours or one.theirs
            if thing is not None and thing.kind == "incident-notification":
                fact = None if one.theirs is None else one.theirs.fact
                word = TheirWord(party=party, agreement=one.agreement, differs=one.differs, fact=fact)
                words.setdefault(one.reference, []).append(word)
    return words


def account_row(book: Book, message: Digest, theirs: Account, rows: list[Row] | str) -> AccountRow:
    listed = rows if isinstance(rows, list) else []
    differing = [one for one in listed if one.agreement != "same"]
    ours = [one for one in book.told if isinstance(one, Receipted) or within(one, theirs)]
    told: Sequence[Told] = [*ours, *theirs.happened, *theirs.receipts] if listed else []
    return AccountRow(
        party=theirs.party,
        message=message,
        from_ms=theirs.from_s * 1_000,
        until_ms=theirs.until_s * 1_000,
        same=len(listed) - len(differing),
        differing=tuple(map(differ_row, differing[:DIFFERING_SHOWN_MAX])),
        left_out=max(0, len(differing) - DIFFERING_SHOWN_MAX),
        skewed=tuple(dict.fromkeys(skews(told)))[:DIFFERING_SHOWN_MAX],
        why=rows if isinstance(rows, str) else "",
    )


def within(one: Occurrence, theirs: Account) -> bool:
    return theirs.from_s <= moment(one) < theirs.until_s


def differ_row(one: Row) -> DifferRow:
    known = one.ours or one.theirs
    assert known is not None, "a row has an account"
    return DifferRow(
        kind=known.kind,
        reference=one.reference,
        by=known.by,
        agreement=one.agreement,
        differs=one.differs,
        ours=None if one.ours is None else told_once(one.ours),
        theirs=None if one.theirs is None else told_once(one.theirs),
    )


def told_once(one: Occurrence) -> ToldOnce:
    return ToldOnce(
        fact=one.fact,
        at_ms=one.at_s * 1_000,
        sent_ms=None if one.sent_at_s is None else one.sent_at_s * 1_000,
        toward=one.toward,
        about=one.about,
        act=one.act,
        assets=one.assets,
        level=one.level,
        language=one.language,
    )


def origin_rows(book: Book, origins: Sequence[OriginsSeen], option: str) -> list[OriginRow]:
    organisations = {party.code: party.organisation for party in book.accord.party}
    return [
        OriginRow(
            party=one.party,
            organisation=organisations.get(one.party, ""),
            command=f"tidegate accord evidence --accord {book.accord.id} --ask {fact.attack} "
            f"--party {one.party} --to {organisations.get(one.party, '')[:16] or 'NAME'}{option}",
            seen=msgspec.structs.replace(fact, seen=(one,)),
        )
        for fact in origins
        for one in fact.seen
    ]
