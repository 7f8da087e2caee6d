"""Letters of Arabic script in the shapes that stand for them in a row: alone, at the end, beginning, middle.

A terminal that does not join letters shows these presentation forms joined. The table is read from Unicode's
own data: each such form names the letter that it is a shape of.
"""

import unicodedata
from functools import cache

NON_JOINER, JOINER, STRETCH = "\u200c", "\u200d", "\u0640"
LAM = "\u0644"
BLOCKS = ((0xFB50, 0xFC00), (0xFE70, 0xFEFD))
"""Arabic Presentation Forms A (letters) and B."""

Shapes = dict[str, str]
"""Shape ("isolated", "final", "initial", "medial") -> the character that has it."""


@cache
def _shapes() -> dict[str, Shapes]:
    """By letter; by lam and alef together for the ligatures that every writer of Arabic expects."""
    found: dict[str, Shapes] = {}
    for begin, end in BLOCKS:
        for number in range(begin, end):
            shape, *letters = unicodedata.decomposition(chr(number)).split()[:3] or [""]
            text = "".join(chr(int(letter, 16)) for letter in letters)
            if len(text) == 1 or (len(text) == 2 and text[0] == LAM):
                found.setdefault(text, {}).setdefault(shape.strip("<>"), chr(number))
    return found


def shaped(text: str) -> str:
    """Each letter in its shape; joiners and non-joiners have done their work and are gone."""
    if text.isascii():
        return text
    letters = list(text)
    out: list[str] = []
    at = 0
    while at < len(letters):
        one = letters[at]
        if one in (NON_JOINER, JOINER):
            at += 1
            continue
        pair = one + letters[at + 1] if one == LAM and at + 1 < len(letters) else ""
        letter = pair if pair in _shapes() else one
        out.append(_shape(letters, at, letter))
        at += len(letter)
    return "".join(out)


def _shape(letters: list[str], at: int, letter: str) -> str:
    shapes = _shapes().get(letter)
    if shapes is None:
        return letter
    before = _joins_on(_beside(letters, at, -1))
    after = "initial" in shapes and _joins_back(_beside(letters, at + len(letter) - 1, 1))
    wanted = {(True, True): "medial", (True, False): "final", (False, True): "initial"}.get(
        (before, after), "isolated"
    )
    return shapes.get(wanted) or shapes.get("isolated") or letter


def _beside(letters: list[str], at: int, step: int) -> str:
    """The next character that is not a mark on a letter; empty past either end."""
    at += step
    while 0 <= at < len(letters) and unicodedata.category(letters[at]) == "Mn":
        at += step
    return letters[at] if 0 <= at < len(letters) else ""


def _joins_on(one: str) -> bool:
    """Whether this character joins to one behind it."""
    return one in (JOINER, STRETCH) or "initial" in _shapes().get(one, {})


def _joins_back(one: str) -> bool:
    """Whether this character joins to one before it."""
    return one in (JOINER, STRETCH) or "final" in _shapes().get(one, {})
