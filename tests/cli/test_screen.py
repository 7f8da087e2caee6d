"""What a screen shows of texts that somebody made to deceive it."""

import io

import pytest
from rich.table import Table

from tidegate.cli.screen import Screen
from tidegate.model.texts import plainly


def shown(*renderables: object) -> str:
    written = io.StringIO()
    screen = Screen(file=written, highlight=False, markup=False, emoji=False, width=80, force_terminal=True)
    screen.print(*renderables, soft_wrap=True)
    return written.getvalue()


@pytest.mark.parametrize(
    "trick", ["\x1b[2J\x1b[H", "\x1b]0;title\x07", "\x9b2J", "\u202e", "\u2066", "\r", "\x08"]
)
def test_a_text_cannot_wipe_what_stands_above_it(trick: str) -> None:
    table = Table(title=f"Rules{trick}")
    table.add_column(f"match{trick}")
    table.add_row(f"to 198.51.100.0/24{trick}to 198.51.100.7/32")
    told = shown(f"drop{trick}pass") + shown(table)
    assert "198.51.100.0/24" in told
    assert trick not in told.replace("\x1b[1m", "").replace("\x1b[3m", "").replace("\x1b[0m", "")


def test_ordinary_text_is_shown_as_it_is() -> None:
    for text in ("Größe: 5\N{NO-BREAK SPACE}µs", "[sampling] 2001:db8:a::1", "two\nlines"):
        assert plainly(text) == text
        assert shown(text) == text + "\n"
