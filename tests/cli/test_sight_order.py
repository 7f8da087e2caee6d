"""The order of the eye: the same as another implementation of Unicode's rules gives, and shapes that join."""

import unicodedata

import pytest
from bidi import get_display
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.cli.arabic_shapes import shaped
from tidegate.cli.sight_order import in_sight_order

LETTERS = "abXY אבג" + "пр" + "١٢" + "0123" + " ()[]<>«»,.:/+-%#؛،" + "\u200e\u200f\u061c" + "\u0301"
ISOLATES = "\u2066\u2067\u2068"


def isolated(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(st.sampled_from(ISOLATES), inner).map(lambda pair: f"{pair[0]}{pair[1]}\u2069")


PLAIN = st.text(LETTERS, max_size=8)
TEXTS = st.recursive(
    PLAIN, lambda inner: st.lists(st.one_of(PLAIN, isolated(inner)), max_size=4).map("".join), max_leaves=6
)


ALIKE = str.maketrans(")]>»", "([<«", "\u0301")


def by_another(text: str, *, right_to_left: bool) -> str:
    shown = get_display(text, base_dir="R" if right_to_left else "L")
    return "".join(one for one in shown if unicodedata.category(one) != "Cf")


@settings(max_examples=500, deadline=None)
@given(TEXTS, st.booleans())
def test_the_order_is_that_of_unicode(text: str, right_to_left: bool) -> None:
    """Over letters that take no shapes. The other one leaves brackets as they are and puts marks before their
    letters, so neither is compared."""
    ours, other = (
        line.translate(ALIKE)
        for line in (
            in_sight_order(text, right_to_left=right_to_left),
            by_another(text, right_to_left=right_to_left),
        )
    )
    assert ours == other


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("سلام", "\ufeb3\ufefc\ufee1"),  # lam and alef are one
        ("پیام", "\ufb58\ufbff\ufe8e\ufee1"),
        ("می‌شود", "\ufee3\ufbfd\ufeb7\ufeee\ufea9"),  # the half-space parts the letters and is gone
        ("ه\u200d", "\ufeeb"),
        ("سَلام", "\ufeb3\u064e\ufefc\ufee1"),  # a mark does not part letters
        ("abc", "abc"),
        ("د", "\ufea9"),
    ],
)
def test_letters_take_their_shapes(text: str, shapes: str) -> None:
    assert shaped(text) == shapes


def test_an_address_never_flips() -> None:
    line = "محدوده \u2066192.0.2.0/24\u2069، \u20662001:db8::/32\u2069"
    shown = in_sight_order(line, right_to_left=True)
    assert "192.0.2.0/24" in shown
    assert shown.startswith("2001:db8::/32 ")
