"""A message of the hotline on the console: who may read it, and the message in two languages side by side.

Who reads what, by the level that a message was said to and the marking that its sender gave it:

1. A screen on the wall shows no message, and not that there is one.
2. An officer reads what is said to their own level and to those below. TLP:RED is for the individuals that it
   was said to: the message's own level, and each level that was told that it is late.
3. A reader is nobody's officer, and reads what is said to the desk and marked TLP:AMBER or less.
4. Whoever does not read a message sees that there is one: its mark, precedence, level, sender and clocks, so
   that the one whom it is for can be woken.

This narrows a page. Whoever may open the control socket reads everything there is.
"""

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

import msgspec

from tidegate.app.console.access import Role, Viewer
from tidegate.app.hotline.reading import Letter, is_right_to_left, page_of
from tidegate.model.hotline_facts import About
from tidegate.model.labels import Language, language_of
from tidegate.model.messages import Mark, Tlp
from tidegate.model.organisations import LEVELS, Level

RED: Tlp = "TLP:RED"
FOR_READERS: frozenset[Tlp] = frozenset({"TLP:AMBER", "TLP:GREEN", "TLP:CLEAR"})


def may_read(viewer: Viewer, level: Level, tlp: Tlp, told: Level | None = None) -> bool:
    """`told` is the highest level that was told that the message is late."""
    if viewer.role is Role.WALL:  # 1
        return False
    if not viewer.is_officer:  # 3
        return level == "desk" and tlp in FOR_READERS
    own = rank_of(viewer)
    if tlp == RED:  # 2
        return LEVELS[level] <= own <= max(LEVELS[level], LEVELS[told] if told else 0)
    return own >= LEVELS[level]


def rank_of(viewer: Viewer) -> int:
    """Of an officer's level among the levels."""
    return next(rank for level, rank in LEVELS.items() if level == viewer.role)


def may_read_about(viewer: Viewer, about: About, told: Level | None) -> bool:
    return may_read(viewer, about.level, about.tlp, told)


class LetterRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a message: label and values in the reader's language, and beside them in the sender's.

    `kind` as in tidegate.hotline.page; `language` and `direction` are those of the values where they are not
    the page's own: free text, which stands once. Values hold isolates, so that nothing in them flips.
    """

    kind: str
    label: str
    values: tuple[str, ...]
    language: str
    direction: str
    original_label: str
    original_values: tuple[str, ...]


class LetterView(msgspec.Struct, frozen=True, kw_only=True):
    """A message whole. `original` is the language beside the reader's, "" where that is the same."""

    mark: Mark
    language: Language
    original: str
    rows: tuple[LetterRow, ...]


def letter_view(letter: Letter, language: Language) -> LetterView:
    """The same codes in both languages; free text stays in its original."""
    own = language_of(letter.content.language) or "en"
    mine, theirs = (page_of(letter.content, letter.known, one).rows for one in (language, own))
    same = own == language
    return LetterView(
        mark=letter.content.mark,
        language=language,
        original="" if same else own,
        rows=tuple(
            LetterRow(
                kind=one.kind,
                label=one.label,
                values=one.values,
                language=one.language,
                direction=direction_of(one.language),
                original_label="" if same else other.label,
                original_values=() if same or one.language else other.values,
            )
            for one, other in zip(mine, theirs, strict=True)
        ),
    )


def direction_of(language: str) -> str:
    if not language:
        return ""
    return "rtl" if is_right_to_left(language) else "ltr"


def zone_of(name: str) -> tzinfo:
    """The reader's, by its name in the time zone database; UTC where that is not known here."""
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        return UTC
