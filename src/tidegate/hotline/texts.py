"""Rules for the texts of a message: what could hide, move or imitate text is found, and named.

1. A text is in Unicode normal form C, so that what looks the same is the same bytes.
2. It holds no character that a screen obeys or hides: controls, private and unassigned characters, fillers,
   embeddings and overrides of direction. Allowed are line feeds in remarks; the marks LRM, RLM and ALM; the
   joiners that Persian and other languages in Arabic script write with, where such a letter stands before
   and after them (ZWJ: before or after); and
3. isolates of direction, where each is closed in its own line.
4. No letter carries more than MARKS_ON_A_LETTER_MAX marks.
5. No text is longer than its place allows.
6. A word that mixes letters of scripts that look alike is told to the reader (identifiers have ASCII alone).

What is a letter depends on the tables of Unicode that Python brings; a character younger than they are is
refused as unassigned.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from tidegate.hotline.directions import ALM, FSI, LRI, LRM, PDI, RLI, RLM
from tidegate.hotline.problems import Problem
from tidegate.model.texts import is_hidden

MARKS_ON_A_LETTER_MAX = 4
"""Marks on one letter: pointed Arabic has three, and more would be drawn over other lines and is refused."""

NON_JOINER, JOINER = "\u200c", "\u200d"
FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180e\u2800\u3164\uffa0")
VARIANTS = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")

ALIKE = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU")
"""Scripts with letters that cannot be told apart by eye."""
ODD_LETTERS = ("MATHEMATICAL", "FULLWIDTH", "CIRCLED", "PARENTHESIZED", "SQUARED", "NEGATIVE")
"""First words of the names of letters that only imitate others."""

WORD = re.compile(r"[^\W\d_]+")


def text_problems(text: str, group: str, name: str, *, lines: bool, characters_max: int) -> Iterator[Problem]:
    """What rules 1 to 5 say against this text, at most one problem a rule."""
    if len(text) > characters_max:
        yield Problem("too-long", group, name, str(characters_max))  # rule 5
        return
    if text.isascii() and text.isprintable():
        return
    if not unicodedata.is_normalized("NFC", text):
        yield Problem("not-normal", group, name)  # rule 1
    hidden = next(_hidden(text, lines=lines), None)
    if hidden is not None:
        yield Problem("hidden-character", group, name, f"U+{ord(hidden):04X}")  # rule 2
    if not all(isolates_are_closed(line) for line in text.split("\n")):
        yield Problem("isolate-left-open", group, name)  # rule 3
    if _most_marks(text) > MARKS_ON_A_LETTER_MAX:
        yield Problem("marks-piled", group, name)  # rule 4


def mixed_words(text: str) -> tuple[str, ...]:
    """Rule 6: words that mix letters of scripts that look alike, each once, in their order."""
    return tuple(dict.fromkeys(word for word in WORD.findall(text) if not word.isascii() and _is_mixed(word)))


def harmless(text: str) -> str:
    """The text as a screen may show it whoever wrote it: what rules 2 and 3 forbid stands there as a mark."""
    forbidden = set(_hidden(text, lines=True))
    if not all(isolates_are_closed(line) for line in text.split("\n")):
        forbidden |= {LRI, RLI, FSI, PDI}
    return "".join("\N{REPLACEMENT CHARACTER}" if one in forbidden else one for one in text)


def resemble(one: str, other: str) -> bool:
    """Whether a reader could take one name for the other, though they are not the same."""
    return one != other and _skeleton(one) == _skeleton(other)


def alike(names: Iterable[str]) -> list[tuple[str, str]]:
    """Names that a reader could take for one before them, or that are the same, each with that one."""
    first: dict[str, str] = {}
    found: list[tuple[str, str]] = []
    for name in names:
        known = first.get(_skeleton(name))
        if known is None:
            first[_skeleton(name)] = name
        else:
            found.append((name, known))
    return found


ALLOWED_CONTROLS = frozenset({LRM, RLM, ALM, LRI, RLI, FSI, PDI})


def _hidden(text: str, *, lines: bool) -> Iterator[str]:
    """Characters that rule 2 forbids."""
    for at, one in enumerate(text):
        if one in ALLOWED_CONTROLS or (lines and one == "\n"):
            continue
        if one == NON_JOINER:
            if not (_arabic_at(text, at - 1) and _arabic_at(text, at + 1)):
                yield one
        elif one == JOINER:
            if not (_arabic_at(text, at - 1) or _arabic_at(text, at + 1)):
                yield one
        elif is_hidden(one) or one in FILLERS or VARIANTS.match(one):
            yield one


def _arabic_at(text: str, at: int) -> bool:
    """A letter of the Arabic script, or a mark on one; past either end there is none."""
    return 0 <= at < len(text) and unicodedata.name(text[at], "").startswith("ARABIC ")


def isolates_are_closed(line: str) -> bool:
    """Rule 3, for one line."""
    depth = 0
    for one in line:
        if one in (LRI, RLI, FSI):
            depth += 1
        elif one == PDI:
            depth -= 1
            if depth < 0:
                return False
    return depth == 0


def _most_marks(text: str) -> int:
    most = run = 0
    for one in text:
        run = run + 1 if unicodedata.category(one) in ("Mn", "Me") else 0
        most = max(most, run)
    return most


def _is_mixed(word: str) -> bool:
    """Marks and letters outside ALIKE do not count; imitations of letters always do."""
    names = {unicodedata.name(one, "").split(" ")[0] for one in word}
    return len(names & set(ALIKE)) > 1 or bool(names & set(ODD_LETTERS))


IMITATIONS = {
    "a": "аɑα",
    "b": "вβ",
    "c": "сϲ",
    "d": "ԁ",
    "e": "еєε",
    "h": "нһ",
    "j": "ј",
    "k": "кκ",
    "l": "i1ıіι",
    "m": "м",
    "o": "0оοө",
    "p": "рρ",
    "q": "ԛ",
    "s": "ѕ",
    "t": "тτ",
    "u": "υ",
    "v": "ν",
    "w": "ԝω",
    "x": "хχ",
    "y": "у",
    "ی": "يى",
    "ک": "ك",
    "ه": "ةہە",
}
"""Letters by the one that they look like, small and without marks; capitals fall together with small ones."""

LOOK_ALIKES = {ord(one): letter for letter, others in IMITATIONS.items() for one in others}


def _skeleton(name: str) -> str:
    """What is left of a name when everything is taken away that the eye may miss."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(one for one in plain if unicodedata.category(one)[0] in "LN")
    return letters.translate(LOOK_ALIKES)
