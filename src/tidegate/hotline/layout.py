"""A page in lines of a given width, as text in logical order with its directions marked.

A terminal that turns right-to-left text itself, a printer or a browser shows these lines right as they are;
for one that does not, `cli` puts them into the order of the eye.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tidegate.hotline.directions import FSI, LRI, PDI, RLI, in_language, left_to_right, paragraph
from tidegate.hotline.page import Page, Row, RowKind
from tidegate.hotline.shown import columns

LABEL_COLUMNS_MAX = 30
"""Columns of the labels; a longer one is broken into lines."""
NARROW = 64
"""Columns below which a value stands under its label instead of beside it."""
COLUMNS_MIN = 36
"""Where a terminal says that it is narrower, it is taken for so wide."""

OPENERS = (LRI, RLI, FSI)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the page; `kind` is that of its row, for colours. `gutter` stands at its beginning."""

    kind: RowKind
    gutter: str
    label: str
    value: str
    language: str

    @property
    def text(self) -> str:
        """The whole line; an unseen mark before it says at which side it begins."""
        return paragraph(self.gutter + self.label + self.value, self.language)


def lines_of(page: Page, width: int) -> list[Line]:
    """The page, no line wider than `width` columns."""
    gutter = f"{left_to_right('DRILL')} | " if page.mark == "DRILL" else ""
    room = max(width, COLUMNS_MIN) - columns(gutter)
    beside = room >= NARROW
    label_columns = _label_columns(page.rows) if beside else 0
    lines: list[Line] = []
    for row in page.rows:
        for label, value in _row(row, room, label_columns):
            lines.append(Line(row.kind, gutter, label, value, page.language))
    return lines


def page_text(page: Page, width: int) -> str:
    return "".join(f"{line.text.rstrip()}\n" for line in lines_of(page, width))


def _label_columns(rows: Sequence[Row]) -> int:
    return min(LABEL_COLUMNS_MAX, max((columns(row.label) for row in rows if row.values), default=0)) + 2


def _row(row: Row, room: int, label_columns: int) -> Iterator[tuple[str, str]]:
    match row.kind:
        case "mark":
            yield from (("", line) for value in row.values for line in _banner(value, room))
        case "title" | "end":
            yield "", ""
            yield from (("", line) for value in row.values for line in wrapped(value, room))
        case "heading":
            yield "", ""
            yield from ((line, "") for line in wrapped(row.label, room))
            yield from (("", line) for value in row.values for line in wrapped(value, room))
        case "text":
            for value in row.values:
                for line in wrapped(in_language(value, row.language), room) if value else [""]:
                    yield "", line
        case _:
            yield from _labelled(row, room, label_columns)


def _banner(value: str, room: int) -> Iterator[str]:
    for line in wrapped(value, room - 8):
        yield f"=== {line} {'=' * (room - columns(line) - 5)}"


def _labelled(row: Row, room: int, label_columns: int) -> Iterator[tuple[str, str]]:
    """Label and values side by side; one under the other where there is no room."""
    indent = label_columns or 2
    values = [line for value in row.values for line in wrapped(value, room - indent)]
    labels = wrapped(row.label, label_columns - 2 if label_columns else room)
    if not label_columns:
        yield from ((line, "") for line in labels)
        labels = []
    for at in range(max(len(labels), len(values))):
        name = labels[at] if at < len(labels) else ""
        value = values[at] if at < len(values) else ""
        yield name + " " * (indent - columns(name)), value


@dataclass(frozen=True, slots=True)
class _Word:
    """A word with its isolates closed; `continued` where it stands in the same isolate as the one before."""

    text: str
    continued: bool


def wrapped(text: str, room: int) -> list[str]:
    """Broken at spaces, and within a word that is longer than a line. An isolate that is broken is closed
    where the line ends, and opened again in the next."""
    lines = [""]
    for word in (part for whole in _words(text) for part in _cut(whole, room)):
        if not lines[-1]:
            lines[-1] = word.text
        elif columns(lines[-1]) + 1 + columns(word.text) > room:
            lines.append(word.text)
        elif word.continued:
            lines[-1] = f"{lines[-1].removesuffix(PDI)} {word.text[1:]}"
        else:
            lines[-1] += f" {word.text}"
    return lines


def _words(text: str) -> Iterator[_Word]:
    """Split at spaces outside of isolates, and inside of one that begins a word; what is nested deeper, or
    begins within a word, stays whole."""
    word, opener, depth, breakable, continued = "", "", 0, False, False
    for one in text:
        if one == " " and (depth == 0 or (depth == 1 and breakable)):
            yield _Word(word + PDI * depth, continued)
            word, continued = opener * depth, bool(depth)
            continue
        if one in OPENERS:
            if depth == 0:
                opener, breakable = one, not word
            depth += 1
        elif one == PDI:
            depth = max(depth - 1, 0)
        word += one
    yield _Word(word, continued)


def _cut(word: _Word, room: int) -> Iterator[_Word]:
    """A word that is longer than a line, in pieces that are not; marks stay with their letters."""
    if columns(word.text) <= room:
        yield word
        return
    opener = word.text[0] if word.text[0] in OPENERS else FSI
    plain = "".join(one for one in word.text if one not in OPENERS and one != PDI)
    piece = ""
    for one in plain:
        if columns(piece + one) > room:
            yield _Word(f"{opener}{piece}{PDI}", continued=False)
            piece = ""
        piece += one
    yield _Word(f"{opener}{piece}{PDI}", continued=False)
