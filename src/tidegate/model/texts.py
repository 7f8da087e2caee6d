"""Texts that people decide by: nothing in them may move a cursor, hide, or stand in another place."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence

Texts = str | int | None | Sequence["Texts"] | Mapping[str, "Texts"]
"""Plain values with texts in them, as msgspec.to_builtins makes them of a struct."""

SEPARATORS = ("Zl", "Zp")


def is_hidden(character: str) -> bool:
    """Whether a screen obeys it or hides it: control and format characters, those that turn the direction of
    writing among them, halves of surrogate pairs, private and unassigned ones, separators of lines."""
    category = unicodedata.category(character)
    return category.startswith("C") or category in SEPARATORS


def hidden_in(value: Texts) -> str | None:
    """The first such character in any of the texts; None where there is none."""
    return next(
        (one for text in texts_in(value) if not text.isprintable() for one in text if is_hidden(one)), None
    )


def texts_in(value: Texts) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for key, one in value.items():
                yield key
                yield from texts_in(one)
        case Sequence():
            for one in value:
                yield from texts_in(one)


def plainly(text: str) -> str:
    """The text as a screen may show it: what is hidden in it stands there as a mark; lines stay lines."""
    if text.isprintable():
        return text
    return "".join("\N{REPLACEMENT CHARACTER}" if is_hidden(one) and one != "\n" else one for one in text)
