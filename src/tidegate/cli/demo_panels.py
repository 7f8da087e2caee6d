"""What the demo's screen shows of the story beside the flood: captions, messages, standings, proofs."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from tidegate.cli.demo_chapters import told_lines
from tidegate.cli.hotline.paper import turns_text
from tidegate.cli.sight_order import in_sight_order

if TYPE_CHECKING:
    from tidegate.app.chapters import ChapterFacts, Letter
    from tidegate.app.demonstration import ConsoleView, DemoView
    from tidegate.model.labels import Language

BESIDE = frozenset(("clock", "notified", "answered", "kept", "cut", "proved"))
"""Chapters in which the tables of the border make room."""

BOTH = 100
"""Columns from which a message stands in both languages side by side."""

SKIPPED = frozenset(("head", "end"))
"""Rows of a message that the screen leaves out."""

LETTER_LINES_MAX = 15
"""Lines of a message on the screen: its head, and what it says; `tidegate hotline read` shows all of it."""


def chapter_panel(view: "DemoView", width: int, language: "Language") -> RenderableType:
    """The caption of this chapter, and what is asked of whoever follows, or where the page is."""
    from tidegate.model.labels import label

    if not view.elapsed_s:
        return Text(f"{view.step} ...", style="cyan")
    text = Text(style="cyan")
    text.append("\n".join(seen(label("demo", view.chapter, language), width, language)))
    if view.awaits is not None:
        asked = seen(label("demo", f"ask-{view.awaits}", language), width, language)
        text.append("\n" + "\n".join(asked), style="bold yellow")
    if view.console is not None and (view.awaits is not None or view.chapter not in BESIDE):
        text.append("\n" + "\n".join(page_words(view.console)), style="dim")
    return text


def page_words(console: "ConsoleView") -> list[str]:
    """Where the page is, and how to sign there."""
    if not console.officers:
        return [f"Page: {console.link}", f"To sign there, make a passkey with the code {console.code}."]
    lines = [f"Passkey of {console.officers[-1]}: {console.fingerprint}"]
    if console.code:
        page = console.link.partition("#")[0]
        lines.append(f"For a colleague at {page} in another browser, if you like: the code {console.code}.")
    return lines


def seen(text: str, width: int, language: "Language") -> list[str]:
    """Lines in the order of the eye, where the terminal does not turn them."""
    from tidegate.app.hotline.reading import is_right_to_left, paragraph, wrapped

    lines = wrapped(text, width - 2)
    if not is_right_to_left(language):
        return lines
    if turns_text(os.environ):
        return [paragraph(line, language) for line in lines]
    return [in_sight_order(line, right_to_left=True) for line in lines]


def beside_panel(view: "DemoView", width: int, language: "Language") -> Iterator[RenderableType]:
    """The message on the table while they talk; else what the last chapters told."""
    if view.chapter in ("notified", "answered") and view.letter is not None:
        shown = languages_shown(view, width, language)
        yield Padding(letter_panel(view.letter, shown, width - 2), (0, 0, 0, 1))
        return
    for told in facts_shown(view):
        for line in told_lines(told):
            yield Padding(Text(line), (0, 0, 0, 1))
    yield Text("")


def facts_shown(view: "DemoView") -> Iterator["ChapterFacts"]:
    """Of the chapter that is being told, where its facts are there; else of the one before."""
    yield from [view.present] if view.present is not None else (one.told for one in view.told[-1:])


def languages_shown(view: "DemoView", width: int, language: "Language") -> tuple["Language", ...]:
    """Before it is signed in the language of whoever follows, or as it was written where the other side reads
    theirs; then as the other side reads it, and beside that, where there is room, as it was written."""
    assert view.letter is not None, "only then anything is shown"
    written: Language = "fa" if view.letter.content.language == "fa" else "ru"
    read: Language = "ru" if written == "fa" else "fa"
    if view.awaits is not None:
        first = written if language == read and width >= BOTH else language
        return (first, read) if width >= BOTH else (first,)
    return (written, read) if width >= BOTH else (read,)


def letter_panel(letter: "Letter", languages: tuple["Language", ...], width: int) -> RenderableType:
    """The same codes in each language; free text is never translated."""
    from rich.table import Table

    from tidegate.app.hotline.reading import is_right_to_left

    each = (width - 2 * (len(languages) - 1)) // len(languages)
    table = Table.grid(padding=(0, 2), expand=True)
    for language in languages:
        table.add_column(width=each, no_wrap=True, justify="right" if is_right_to_left(language) else "left")
    columns = [letter_lines(letter, language, each) for language in languages]
    for at in range(max(map(len, columns))):
        table.add_row(*(Text(lines[at] if at < len(lines) else "") for lines in columns))
    return table


def letter_lines(letter: "Letter", language: "Language", width: int) -> list[str]:
    """What it says; its head and its proof are for `tidegate hotline read`."""
    from tidegate.app.hotline.reading import is_right_to_left, lines_of, page_of

    page = page_of(letter.content, letter.known, language)
    said = (line for line in lines_of(page, width) if line.kind not in SKIPPED)
    lines = [line.text for line in said if line.label.strip() or line.value.strip()]
    if not turns_text(os.environ):
        lines = [in_sight_order(line, right_to_left=is_right_to_left(language)).strip() for line in lines]
    return lines[:LETTER_LINES_MAX]
