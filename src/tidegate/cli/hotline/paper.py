"""Pages and tables on a terminal, in either direction.

Some terminals turn right-to-left text round and join its letters; most do not. Where the terminal is not
known to, lines are written in the order of the eye.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tidegate.cli.output import console

if TYPE_CHECKING:
    from rich.console import Console

    from tidegate.app.hotline.reading import Page
    from tidegate.model.labels import Language

GAP = 2
"""Columns between two columns of a table."""
CELL_COLUMNS_MAX = 40
"""Columns of one cell; what is longer goes on in the next line."""

CELL_COLUMNS_LEAST, LAST_COLUMNS = 8, 12
"""Where a table is wider than the screen its widest columns give way, down to the first of these; the last
one keeps the second."""

VTE_TURNS = 5_800
"""Version of VTE (GNOME's terminal and others) from which it turns text."""
DIRECTION_VARIABLE = "TIDEGATE_BIDI"
"""Set to "terminal" or "program" by whoever knows better than we who is to turn text round."""

STYLES = {
    ("mark", "REAL"): "bold white on red",
    ("mark", "DRILL"): "bold black on yellow",
    ("title", "REAL"): "bold",
    ("title", "DRILL"): "bold",
    ("caution", "REAL"): "yellow",
    ("caution", "DRILL"): "yellow",
    ("heading", "REAL"): "bold",
    ("heading", "DRILL"): "bold",
}


def turns_text(environ: Mapping[str, str]) -> bool:
    """Whether whoever shows what we write puts right-to-left text into order: a file's reader is taken to."""
    if (asked := environ.get(DIRECTION_VARIABLE)) in ("terminal", "program"):
        return asked == "terminal"
    if not sys.stdout.isatty():
        return True
    if any(environ.get(name) for name in ("TMUX", "STY")):
        return False
    vte = environ.get("VTE_VERSION", "")
    return (
        (vte.isdecimal() and int(vte) >= VTE_TURNS)
        or bool(environ.get("KONSOLE_VERSION"))
        or environ.get("TERM_PROGRAM") == "Apple_Terminal"
        or environ.get("TERM", "").startswith("mlterm")
    )


class Paper:
    """Writes lines of one language; `width` is what fits."""

    def __init__(self, language: "Language", environ: Mapping[str, str]) -> None:
        from tidegate.app.hotline.reading import is_right_to_left

        self.language = language
        self._screen: Console = console()
        self._turns = turns_text(environ)
        self._from_right = is_right_to_left(language)

    @property
    def width(self) -> int:
        return self._screen.width

    def page(self, page: "Page") -> None:
        from tidegate.app.hotline.reading import lines_of

        for line in lines_of(page, self.width):
            self.line(line.text, STYLES.get((line.kind, page.mark), ""))

    def line(self, text: str, style: str = "") -> None:
        """One line, already in its direction and no wider than the screen."""
        from rich.text import Text

        self._screen.print(Text(self.as_seen(text), style=style), soft_wrap=True)

    def say(self, text: str, style: str = "", indent: int = 0) -> None:
        """A sentence, in as many lines as it takes, each of them so far in."""
        from tidegate.app.hotline.reading import paragraph, wrapped

        for line in wrapped(text, self.width - indent):
            self.line(paragraph(" " * indent + line, self.language), style)

    def own(self, text: str) -> str:
        """A part of a sentence in a direction of its own, where the language is written from the right."""
        from tidegate.app.hotline.reading import by_itself

        return by_itself(text) if self._from_right else text

    def as_seen(self, line: str) -> str:
        if self._turns:
            return line.rstrip()
        from tidegate.app.hotline.reading import columns
        from tidegate.cli.sight_order import in_sight_order

        seen = in_sight_order(line, right_to_left=self._from_right)
        if not self._from_right:
            return seen.rstrip()
        return " " * max(self.width - columns(seen), 0) + seen.lstrip()

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str]) -> None:
        """One row a line where it fits; the last column takes what is left. `styles` are the rows'."""
        widths = self._widths(headings, rows)
        self._row(headings, widths, "dim")
        for row, style in zip(rows, styles, strict=True):
            self._row(row, widths, style)

    def _widths(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
        from tidegate.app.hotline.reading import columns

        found = [
            min(CELL_COLUMNS_MAX, max(columns(row[at]) for row in (headings, *rows)))
            for at in range(len(headings))
        ]
        gaps = GAP * (len(found) - 1)
        while sum(found[:-1]) + LAST_COLUMNS + gaps > self.width and max(found[:-1]) > CELL_COLUMNS_LEAST:
            found[found.index(max(found[:-1]))] -= 1
        return [*found[:-1], max(self.width - sum(found[:-1]) - gaps, LAST_COLUMNS)]

    def _row(self, cells: Sequence[str], widths: Sequence[int], style: str) -> None:
        from tidegate.app.hotline.reading import columns, paragraph, wrapped

        broken = [wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
        for at in range(max(map(len, broken))):
            parts = [column[at] if at < len(column) else "" for column in broken]
            padded = (part + " " * (width - columns(part)) for part, width in zip(parts, widths, strict=True))
            self.line(paragraph((" " * GAP).join(padded).rstrip(), self.language), style)


def numbered(texts: Sequence[str]) -> Iterator[str]:
    """As "1  text", for a list to choose from."""
    from tidegate.app.hotline.reading import left_to_right

    for at, text in enumerate(texts, 1):
        yield f"{left_to_right(f'{at:>2}')}  {text}"
