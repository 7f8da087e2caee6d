"""Two parties' accounts of the same time, side by side: what both tell, what one tells, what differs.

Nothing here says who is right. Accounts are matched by the reference and the kind of what happened; of a
message the reference is the digest of its bytes, so that two ledgers of one exchange meet in the same rows.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from tidegate.model.accords import Occurrence, PartyCode, Receipted, Told

SKEW_S = 300
"""A message received so long before it was sent shows that two parties' clocks differ."""


class Row(msgspec.Struct, frozen=True):
    """One thing in both accounts, or in one. `differs` names the fields that do not agree."""

    reference: str
    agreement: Literal["same", "different", "only ours", "only theirs"]
    ours: Occurrence | None
    theirs: Occurrence | None
    differs: tuple[str, ...]


class Skew(msgspec.Struct, frozen=True):
    """`by` signed for `reference` on its clock `seconds` before its sender says that it was sent."""

    reference: str
    sender: PartyCode
    by: PartyCode
    seconds: int


TOLD_APART = ("by", "toward", "at_s", "about", "sent_at_s", "act", "assets", "level", "language")
"""What two accounts of one thing are compared by; fact numbers are each ledger's own."""


def reconcile(ours: Iterable[Occurrence], theirs: Iterable[Occurrence]) -> list[Row]:
    """Every thing that either account tells, in the order of its time."""
    mine = {(told.reference, told.kind): told for told in ours}
    other = {(told.reference, told.kind): told for told in theirs}
    rows = [row(mine.get(thing), other.get(thing)) for thing in mine.keys() | other.keys()]
    return sorted(rows, key=in_time)


def in_time(one: Row) -> tuple[int, str]:
    known = one.ours or one.theirs
    assert known is not None, "a row has an account"
    return known.at_s, one.reference


def row(ours: Occurrence | None, theirs: Occurrence | None) -> Row:
    known = ours or theirs
    assert known is not None, "a row has an account"
    if ours is None or theirs is None:
        return Row(known.reference, "only ours" if ours else "only theirs", ours, theirs, ())
    differs = tuple(name for name in TOLD_APART if getattr(ours, name) != getattr(theirs, name))
    return Row(known.reference, "different" if differs else "same", ours, theirs, differs)


def skews(told: Sequence[Told]) -> list[Skew]:
    """Receipts that are dated before their message was, by more than SKEW_S."""
    sent = {one.reference: one for one in told if isinstance(one, Occurrence) and one.sent_at_s is not None}
    found: list[Skew] = []
    for one in told:
        message = sent.get(one.reference) if isinstance(one, Receipted) else None
        if message is not None and message.sent_at_s is not None and message.sent_at_s - one.at_s > SKEW_S:
            found.append(Skew(one.reference, message.by, one.by, message.sent_at_s - one.at_s))
    return found
