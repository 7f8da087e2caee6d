"""What a demo tells the page beside it: the chapter that is being told, and what is asked of who follows."""

from typing import Final

import msgspec

from tidegate.app.chapters import Decision
from tidegate.model.labels import Language, label
from tidegate.ports.evidence import Shelf

PLACE: Final = "demo/now"
"""On the console's shelf; only a demo puts anything there."""

ACCORD: Final = "XA-XB-2026"
"""What the two sides have signed."""

WORLD: Final = "demo.world"
"""The world of the demo's rehearsal, a file among those that the console offers."""

ATTACK: Final = "/attack/{attack}"
PLACES: Final = {
    "detected": ATTACK,
    "plan": ATTACK,
    "approved": ATTACK,
    "spot-test": ATTACK,
    "widening": "/border",
    "clock": "/accord",
    "notified": "/hotline",
    "answered": "/hotline",
    "kept": f"/accord/{ACCORD}?part=incidents",
    "cut": f"/rehearse?world={WORLD}",
    "lapsed": "/border",
    "proved": "/ledger",
}
"""Where on the page a chapter can be watched; every other one on the Situation."""

UNSIGNED: Final = frozenset(("ordinary", "flood", "detected", "plan"))
"""Chapters in which the plan has not been signed yet."""


class DemoNote(msgspec.Struct, frozen=True, kw_only=True):
    """`attack` is the number of the one that the story is about, 0 before it was detected. `chapter` is the
    `number`th of `chapters`; `over` where all are told. `due_ms` is when XB must have been told, while it
    has not been."""

    chapter: str
    number: int
    chapters: int
    attack: int
    awaits: Decision | None
    over: bool
    due_ms: int | None = None


class DemoView(msgspec.Struct, frozen=True, kw_only=True):
    """In the reader's language: that nothing here is real, what the chapter is about, and what is asked, ""
    where nothing is. `place` is the screen on which it can be watched, `due_ms` the end of the clock that the
    story is about. `may_sign` is whether a passkey that is made now can still sign the story's plan."""

    at_ms: int
    not_real: str
    caption: str
    number: int
    chapters: int
    asked: str
    place: str
    due_ms: int | None
    may_sign: bool


def tell(shelf: Shelf, note: DemoNote) -> None:
    shelf.put({PLACE: msgspec.json.encode(note)})


def told(shelf: Shelf) -> DemoNote | None:
    """None beside a node that is no demo's."""
    body = shelf.get(PLACE)
    return None if body is None else msgspec.json.decode(body, type=DemoNote)


def demo_view(note: DemoNote, language: Language, at_ms: int) -> DemoView:
    asked = "over" if note.over else note.awaits
    place = PLACES.get(note.chapter, "/").format(attack=note.attack)
    return DemoView(
        at_ms=at_ms,
        not_real=label("demo-page", "not-real", language),
        caption=label("demo", note.chapter, language),
        number=note.number,
        chapters=note.chapters,
        asked="" if asked is None else label("demo-page", asked, language),
        place="/" if place == ATTACK.format(attack=0) else place,
        due_ms=note.due_ms,
        may_sign=note.chapter in UNSIGNED,
    )
