"""Two parties' accounts of the same time: ours as a file to be sent, theirs as it came, side by side."""

from collections.abc import Iterator, Sequence

import msgspec

from tidegate.accord.accounts import Row, Skew, reconcile, skews
from tidegate.accord.clocks import moment
from tidegate.accord.spans import begin_of_day, midnight_after, parse_day
from tidegate.app.accord.books import Book, Message
from tidegate.app.accord.opening import told_since
from tidegate.app.accord.readings import accord_named
from tidegate.model.accords import Occurrence, PartyCode, Receipted, Told
from tidegate.model.organisations import Digest, OrganisationId
from tidegate.model.refusals import NotAllowed
from tidegate.ports.facts import FactStore
from tidegate.ports.hotline import EnvelopeStore

TOLD_MAX = 2_000
"""Things in one account: a file of them is well below what a message carries. More are told in parts, by
naming a shorter time."""


class Account(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that `party` has on record under an accord from `from_s` on, up to but not at `until_s`: its own
    numbers of facts, and of each message what its station signed and knows to be received."""

    format: int = 1
    accord: str
    digest: Digest
    party: PartyCode
    from_s: int
    until_s: int
    happened: tuple[Occurrence, ...]
    receipts: tuple[Receipted, ...]


class SideBySide(msgspec.Struct, frozen=True, kw_only=True):
    """`differing` are things that one tells and the other not, or tells otherwise; `same` counts the rest."""

    theirs: PartyCode
    message: Digest
    from_s: int
    until_s: int
    same: int
    differing: tuple[Row, ...]
    skewed: tuple[Skew, ...]


def account_of(book: Book, us: PartyCode, from_s: int, until_s: int) -> Account:
    """NotAllowed where that is more than TOLD_MAX."""
    happened = [one for one in book.told if isinstance(one, Occurrence) and from_s <= moment(one) < until_s]
    known = {one.reference for one in happened}
    receipts = [one for one in book.told if isinstance(one, Receipted) and one.reference in known]
    if len(happened) > TOLD_MAX:
        raise NotAllowed(f"{len(happened)} things are more than {TOLD_MAX}: name a shorter time")
    return Account(
        accord=book.accord.id,
        digest=book.digest,
        party=us,
        from_s=from_s,
        until_s=until_s,
        happened=tuple(happened),
        receipts=tuple(receipts),
    )


def span_of_days(begin: str, until: str) -> tuple[int, int]:
    """From the first moment of one day up to the last of the other. NotAllowed where they are no days, or in
    the wrong order."""
    from_s, until_s = begin_of_day(parse_day(begin)), midnight_after(parse_day(until))
    if until_s <= from_s:
        raise NotAllowed(f"{until} is before {begin}")
    return from_s, until_s


def account_bytes(account: Account) -> bytes:
    """One line for each thing, so that a person can read it too."""
    return msgspec.json.format(msgspec.json.encode(account), indent=1)


def account_in(written: bytes) -> Account:
    """NotAllowed where the file is no account."""
    try:
        return msgspec.json.decode(written, type=Account)
    except msgspec.MsgspecError as error:
        raise NotAllowed(f"this is no account: {error}") from None


def accounts_told(
    store: FactStore, envelopes: EnvelopeStore, own: OrganisationId, book: Book
) -> Iterator[tuple[Digest, Account]]:
    """Accounts that other parties sent under this accord, in the order in which they came; one that a party
    gives of another is passed over."""
    for one in told_since(store, envelopes, own, 0):
        if not isinstance(one, Message) or one.ours or accord_named(one.content) != book.accord.id:
            continue
        if ("account",) not in [field.values for field in one.content.fields if field.name == "purpose"]:
            continue
        for written in one.attachments:
            try:
                account = account_in(written)
            except NotAllowed:
                continue
            if book.codes.get(one.content.sender) == account.party and account.accord == book.accord.id:
                yield one.digest, account


def side_by_side(book: Book, us: PartyCode, message: Digest, theirs: Account) -> SideBySide:
    """Of what concerns both. Neither account is taken for the truth. The message that brought theirs is
    passed over: no account tells of itself."""
    ours = account_of(book, us, theirs.from_s, theirs.until_s)
    happened = [one for one in ours.happened if one.reference != message]
    rows = reconcile(between(happened, us, theirs.party), between(theirs.happened, us, theirs.party))
    told: Sequence[Told] = [*ours.happened, *ours.receipts, *theirs.happened, *theirs.receipts]
    return SideBySide(
        theirs=theirs.party,
        message=message,
        from_s=theirs.from_s,
        until_s=theirs.until_s,
        same=sum(one.agreement == "same" for one in rows),
        differing=tuple(one for one in rows if one.agreement != "same"),
        skewed=tuple(dict.fromkeys(skews(told))),
    )


def between(happened: Sequence[Occurrence], us: PartyCode, them: PartyCode) -> list[Occurrence]:
    """What one of the two said to the other, or to all."""
    return [
        one
        for one in happened
        if (one.by == us and them in (one.toward or (them,)))
        or (one.by == them and us in (one.toward or (us,)))
    ]
