"""What accords ask of people soon, as a part of the Situation screen."""

from collections.abc import Sequence

import msgspec

from tidegate.accord.reckoning import Standing
from tidegate.accord.stages import Stage
from tidegate.app.accord.books import Book
from tidegate.model.accords import PartyCode, Text

SOON_S = 72 * 3_600
"""A clock of an accord that ends within this is shown on the Situation screen."""

PROMISES_SHOWN_MAX = 12
"""Clocks of accords on the Situation screen, the soonest first; `left_out` counts the rest."""


class PromiseRow(msgspec.Struct, frozen=True, kw_only=True):
    """One obligation whose clock ends soon. `ours` where we owe it."""

    accord: str
    article: str
    obligation: str
    text: Text
    duty: PartyCode
    toward: PartyCode
    ours: bool
    at_ms: int


class Promises(msgspec.Struct, frozen=True, kw_only=True):
    """`accords` counts those that are or were in force; `late` and `disputed` what is open so, `soon` the
    clocks that end within SOON_S."""

    accords: int
    late: int
    disputed: int
    soon: int
    rows: tuple[PromiseRow, ...]
    left_out: int


def promises(opened: Sequence[tuple[Book, PartyCode, Sequence[Standing]]], now_s: int) -> Promises:
    """Of each accord with our code in it and what is open under it."""
    stages = [one.stage for _, _, standings in opened for one in standings]
    soon = sorted(
        (
            promise(book, us, one, one.due_s)
            for book, us, standings in opened
            for one in standings
            if one.stage is Stage.DUE and one.due_s is not None and one.due_s - now_s <= SOON_S
        ),
        key=lambda row: (row.at_ms, not row.ours, row.obligation, row.duty, row.toward),
    )
    return Promises(
        accords=len(opened),
        late=stages.count(Stage.LATE),
        disputed=stages.count(Stage.DISPUTED),
        soon=len(soon),
        rows=tuple(soon[:PROMISES_SHOWN_MAX]),
        left_out=max(0, len(soon) - PROMISES_SHOWN_MAX),
    )


def promise(book: Book, us: PartyCode, one: Standing, due_s: int) -> PromiseRow:
    return PromiseRow(
        accord=book.accord.id,
        article=one.obligation.article,
        obligation=one.obligation.id,
        text=one.obligation.text,
        duty=one.duty,
        toward=one.toward,
        ours=one.duty == us,
        at_ms=due_s * 1_000,
    )


def counts_only(told: Promises | None) -> Promises | None:
    """As everybody in the room may see it."""
    return None if told is None else msgspec.structs.replace(told, rows=(), left_out=0)
