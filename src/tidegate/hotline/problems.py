"""What is wrong with a message, as a code with its place, so that each side reads it in its own language."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tidegate.hotline.directions import left_to_right
from tidegate.model.labels import Language, codes, label, phrase

EXAMPLE = re.compile(r"\+\d[\d ]*\d|[A-Za-z0-9][A-Za-z0-9.:/_-]*[A-Za-z0-9]")
"""Examples within an expectation: an address, a time, a telephone number. They are set apart like values."""

SHOWN_MAX = 80
"""Characters of a refused value that a sentence shows; the rest is left away."""


@dataclass(frozen=True, slots=True)
class Problem:
    """`code` stands in the table of problems. `group` and `name` are the label of the place: a field, or a
    part of the message. `expected` is a code of the table of expectations, or a plain value. `field` is the
    name of a field of ours that the sentence speaks of instead of a value."""

    code: str
    group: str
    name: str
    value: str = ""
    expected: str = ""
    field: str = ""

    def words(self, language: Language) -> str:
        expected = self.expected
        if expected in codes("expected"):
            expected = EXAMPLE.sub(
                lambda found: left_to_right(found[0]), label("expected", expected, language)
            )
        elif expected:
            expected = left_to_right(expected)
        shown = left_to_right(visible(self.value)) if self.value else ""
        value = label("field", self.field, language) if self.field else shown
        return phrase(
            "problem", self.code, language, place=self.place(language), value=value, expected=expected
        )

    def place(self, language: Language) -> str:
        known = self.name in codes(self.group)
        return label(self.group, self.name, language) if known else left_to_right(visible(self.name))


def sentences(problems: Sequence[Problem], language: Language) -> str:
    """All of them, one after the other."""
    return " ".join(f"{problem.words(language)}." for problem in problems)


def visible(text: str) -> str:
    """The text with every character that a screen would hide or obey written as its number."""
    cut = text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}..."
    return "".join(one if one.isprintable() else f"U+{ord(one):04X}" for one in cut)
