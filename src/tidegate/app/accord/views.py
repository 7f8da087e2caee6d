"""What people see of an accord: its standing by article, its calendar, and the year for the review."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from tidegate.accord.changes import by_number
from tidegate.accord.clocks import moment
from tidegate.accord.next_steps import next_step
from tidegate.accord.reckoning import Reckoning, Standing
from tidegate.accord.register import in_force_between, register
from tidegate.accord.stages import Stage
from tidegate.app.accord.books import Book
from tidegate.model.accords import Accord, Asset, Occurrence, PartyCode, Text
from tidegate.model.canonical import decode_record
from tidegate.model.facts import Fact
from tidegate.model.hotline_facts import OwnCardIssued
from tidegate.model.organisations import OrganisationId
from tidegate.model.refusals import NotAllowed
from tidegate.ports.facts import FactStore

ROWS_MAX = 2_000
"""Instances that one view shows, the open ones first; it says how many are left out."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One instance as a person reads it; facts are numbers in this ledger, times seconds UTC."""

    instance: str
    article: str
    obligation: str
    duty: PartyCode
    toward: PartyCode
    stage: str
    due_s: int | None
    kept_s: int | None
    next_step: str
    trigger: int | None
    evidence: tuple[int, ...]
    procedure: tuple[tuple[str, int], ...]


class StatusView(msgspec.Struct, frozen=True, kw_only=True):
    """`counts` are instances by obligation and stage; `rows` the open ones first, then the last closed."""

    accord: str
    version: int
    digest: str
    entered_s: int
    ended_s: int | None
    us: PartyCode
    counts: dict[str, dict[str, int]]
    rows: tuple[Row, ...]
    left_out: int
    in_force: dict[str, list[tuple[PartyCode, PartyCode]]]


def own_organisation(store: FactStore) -> OrganisationId:
    """Whom the node speaks for; NotAllowed where it was never founded."""
    for stored in store.latest([OwnCardIssued.__name__], store.head().size, 1):
        fact: Fact = decode_record(stored.body).fact
        assert isinstance(fact, OwnCardIssued), "only these were asked for"
        return fact.organisation
    raise NotAllowed("this node speaks for no organisation yet; `tidegate hotline init` founds one")


def status(book: Book, us: PartyCode, party: PartyCode | None, now_s: int, *, closed: bool) -> StatusView:
    """How the accord stands now. `party` keeps to what that party owes, `closed` adds what is over."""
    reckoning = book.reckoning()
    assert book.force is not None, "a reckoning is in force"
    found = reckoning.open(now_s)
    if closed:
        over = [one for one in reckoning.standing(now_s) if not one.is_open]
        found = [*found, *sorted(over, key=lambda one: (-(one.due_s or 0), one.name))]
    chosen = [row(one, us) for one in found if party in (None, one.duty)]
    return StatusView(
        accord=book.accord.id,
        version=book.accord.version,
        digest=book.digest,
        entered_s=book.force.entered_s,
        ended_s=book.force.ended_s,
        us=us,
        counts=counted(reckoning, now_s),
        rows=tuple(chosen[:ROWS_MAX]),
        left_out=max(0, len(chosen) - ROWS_MAX),
        in_force=guarantees(book, now_s),
    )


def row(one: Standing, us: PartyCode) -> Row:
    return Row(
        instance=one.name,
        article=one.obligation.article,
        obligation=one.obligation.id,
        duty=one.duty,
        toward=one.toward,
        stage=str(one.stage),
        due_s=one.due_s,
        kept_s=one.kept_s,
        next_step=str(next_step(one, us)),
        trigger=one.trigger,
        evidence=one.evidence,
        procedure=tuple((str(event), fact) for event, fact in one.procedure),
    )


def counted(reckoning: Reckoning, now_s: int) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for (obligation, stage), count in reckoning.counts(now_s).items():
        counts.setdefault(obligation, {})[str(stage)] = count
    return counts


def is_in_force(book: Book, now_s: int) -> bool:
    return book.force is not None and book.force.covers(now_s)


def guarantees(book: Book, now_s: int) -> dict[str, list[tuple[PartyCode, PartyCode]]]:
    """Of each guarantee, between whom it is in force: nobody, while the accord itself is not."""
    told = [one for one in book.told if isinstance(one, Occurrence)] if is_in_force(book, now_s) else []
    return {
        one.id: in_force_between(register(book.accord, one, told), now_s) for one in book.accord.guarantee
    }


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One state's place in the register of one guarantee; `facts` tell it. A state that is no party is named
    by its organisation's identity."""

    guarantee: str
    state: PartyCode
    from_s: int
    until_s: int | None
    rests_from_s: int | None
    binds: bool
    facts: tuple[int, ...]


def members(book: Book, now_s: int) -> list[Member]:
    """The registers of all guarantees, in the order of the accord."""
    told = [one for one in book.told if isinstance(one, Occurrence)]
    return [
        Member(
            guarantee=entry.guarantee,
            state=entry.state,
            from_s=entry.from_s,
            until_s=entry.until_s,
            rests_from_s=entry.rests_from_s,
            binds=entry.binds_at(now_s) and is_in_force(book, now_s),
            facts=entry.facts,
        )
        for one in book.accord.guarantee
        for entry in register(book.accord, one, told)
    ]


class YearView(msgspec.Struct, frozen=True, kw_only=True):
    """One year for the review meeting, told out of the record of `us`.

    `clocks` are (article, obligation, stage, number) of what fell due in it, `late` those of them that were
    late, `checks` (from, to, stage, number); `events` what happened, but for plain messages and
    acknowledgements; `open` what is open at its end. `as_of_s` is None of a year that is over.
    """

    accord: str
    version: int
    digest: str
    us: PartyCode
    year: int
    entered_s: int
    parties: tuple[PartyCode, ...]
    incidents: tuple[Occurrence, ...]
    clocks: tuple[tuple[str, str, str, int], ...]
    checks: tuple[tuple[PartyCode, PartyCode, str, int], ...]
    events: tuple[Occurrence, ...]
    late: tuple[Row, ...]
    open: tuple[Row, ...]
    in_force: dict[str, list[tuple[PartyCode, PartyCode]]]
    as_of_s: int | None = None


LATE = (Stage.LATE, Stage.BREACHED, Stage.DISPUTED)
PLAIN = frozenset(("message", "acknowledgement", "check", "check-answer"))


def year_view(book: Book, us: PartyCode, year: int, now_s: int) -> YearView:
    """What is told of a calendar year, UTC, as it stood when the year ended, or as it stands where it has
    not: of what is due later, nobody is late."""
    begin_s, year_s = (int(datetime(one, 1, 1, tzinfo=UTC).timestamp()) for one in (year, year + 1))
    end_s = min(year_s, max(now_s, book.told_until_s()) + 1)
    reckoning = book.reckoning()
    assert book.force is not None, "a reckoning is in force"
    standings = reckoning.standing(end_s - 1)
    due = [one for one in standings if one.due_s is not None and begin_s <= one.due_s < end_s]
    happened = [one for one in book.told if isinstance(one, Occurrence) and within(one, begin_s, end_s)]
    return YearView(
        accord=book.accord.id,
        version=book.accord.version,
        digest=book.digest,
        us=us,
        year=year,
        entered_s=book.force.entered_s,
        parties=book.accord.codes,
        incidents=tuple(one for one in happened if one.kind == "incident-notification"),
        clocks=tuple(
            (article, obligation, stage, number)
            for (article, obligation, stage), number in sorted(
                Counter((one.obligation.article, one.obligation.id, str(one.stage)) for one in due).items(),
                key=lambda item: (by_number(item[0][0]), item[0]),
            )
        ),
        checks=tuple(check_rows(due)),
        events=tuple(sorted((one for one in happened if one.kind not in PLAIN), key=moment)),
        late=tuple(row(one, us) for one in sorted(due, key=lambda one: one.due_s or 0) if one.stage in LATE),
        open=tuple(row(one, us) for one in standings if one.is_open and one.stage is not Stage.NOT_DUE),
        as_of_s=None if end_s == year_s else end_s - 1,
        in_force=guarantees(book, end_s - 1),
    )


def within(one: Occurrence, begin_s: int, end_s: int) -> bool:
    return begin_s <= moment(one) < end_s


def check_rows(due: Sequence[Standing]) -> Iterator[tuple[PartyCode, PartyCode, str, int]]:
    """(from, to, stage, number) of communication checks that were due."""
    counts = Counter(
        (one.duty, one.toward, str(one.stage))
        for one in due
        if one.obligation.evidence in ("check", "check-answer")
    )
    for (duty, toward, stage), number in sorted(counts.items()):
        yield duty, toward, stage, number


def worded(text: Text, language: str) -> str:
    """The text in this language, or in the first that it has."""
    return text.get(language) or next(iter(text.values()), "")


def articles(accord: Accord, language: str) -> Iterator[tuple[str, str]]:
    """The whole accord by article: (article, text)."""
    rows = [(one.article, one.text) for one in accord.obligation]
    rows += [(one.article, one.text) for one in accord.guarantee]
    rows += [(one.article, one.text) for one in accord.track]
    for article, text in sorted(rows, key=lambda one: by_number(one[0])):
        yield article, worded(text, language)


def names_in(asset: Asset) -> tuple[str, ...]:
    """All that an asset is known by."""
    networks = (f"AS{network}" for network in asset.networks)
    return (*asset.prefixes, *networks, *asset.domains, *asset.services)
