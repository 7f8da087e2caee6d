"""A paper for people: headings, sentences and tables in one language, however it is printed."""

from typing import Literal

import msgspec


class Cell(msgspec.Struct, frozen=True):
    """A code, a time or an address (`code`) reads from left to right in every language, and is never broken
    up by the words around it."""

    text: str
    code: bool = False


class Section(msgspec.Struct, frozen=True):
    """A heading with a table under it; `empty` stands there where the table has no rows."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """`language` is a BCP 47 tag. `lines` stand under the title, `notice` at the end."""

    language: str
    direction: Literal["ltr", "rtl"]
    title: str
    subtitle: str
    lines: tuple[str, ...]
    sections: tuple[Section, ...]
    notice: str
