"""Lines in the order of the eye, for terminals that write every character to the right of the last one.

Unicode Standard Annex 9 without embeddings and overrides, which no text of ours holds: isolates, and the
implicit rules by their names there. Letters of Arabic script take the shapes that their neighbours ask for.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from tidegate.cli.arabic_shapes import shaped

LRI, RLI, FSI, PDI = "LRI", "RLI", "FSI", "PDI"
INITIATORS = (LRI, RLI, FSI)
NEUTRAL = frozenset({"B", "S", "WS", "ON", LRI, RLI, FSI, PDI})
STRONG = {"L": "L", "R": "R", "EN": "R", "AN": "R"}
BRACKETS = {"(": ")", "[": "]", "{": "}"}
MIRRORED = {**BRACKETS, "<": ">", "«": "»"}
MIRRORED.update({right: left for left, right in MIRRORED.items()})
ISOLATING = frozenset({LRI, RLI, FSI, PDI})
MARKS = frozenset("\u200e\u200f\u061c")


def in_sight_order(line: str, *, right_to_left: bool) -> str:
    """The line as it is to be written from left to right; its directing characters are used up."""
    text = "".join(one for one in shaped(line) if unicodedata.bidirectional(one) != "BN")  # X9
    levels = _levels(text, 1 if right_to_left else 0)
    placed = _reordered(list(zip(text, levels, strict=True)))
    return "".join(_mirrored(one, level) for one, level in placed if not _directs(one))


def _directs(one: str) -> bool:
    return one in MARKS or unicodedata.bidirectional(one) in ISOLATING


def _mirrored(one: str, level: int) -> str:
    """L4."""
    return MIRRORED.get(one, one) if level % 2 else one


def _reordered(placed: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """L2: from the highest level down, what is at least as high is turned round. Marks stay behind their
    letters (L3)."""
    cells: list[list[tuple[str, int]]] = []
    for one in placed:
        if cells and unicodedata.category(one[0]) in ("Mn", "Me"):
            cells[-1].append(one)
        else:
            cells.append([one])
    for level in range(max((cell[0][1] for cell in cells), default=0), 0, -1):
        at = 0
        while at < len(cells):
            end = at
            while end < len(cells) and cells[end][0][1] >= level:
                end += 1
            cells[at:end] = cells[at:end][::-1]
            at = max(end, at + 1)
    return [one for cell in cells for one in cell]


@dataclass(slots=True)
class _Sequence:
    """An isolating run sequence: with isolates alone, what stands at one depth of one isolate."""

    level: int
    at: list[int] = field(default_factory=list)


def _levels(text: str, base: int) -> list[int]:
    classes = [unicodedata.bidirectional(one) or "L" for one in text]
    levels = [base] * len(text)
    for sequence in _sequences(classes, base):
        _resolve(text, classes, sequence, levels)
    _end_at_base(classes, levels, base)
    return levels


def _sequences(classes: Sequence[str], base: int) -> list[_Sequence]:
    """X5a to X6a: each isolate is one level further in, at the next even or odd one."""
    pairs = _pairs(classes)
    found = [_Sequence(base)]
    stack = [found[0]]
    for at, kind in enumerate(classes):
        if kind == PDI and at in pairs.values():
            stack.pop()
        stack[-1].at.append(at)
        if kind in INITIATORS:
            end = pairs.get(at, len(classes))
            right = kind == RLI or (kind == FSI and _first_strong(classes, at + 1, end) == "R")
            level = stack[-1].level
            stack.append(_Sequence(level + 1 + (level % 2 == (1 if right else 0))))
            found.append(stack[-1])
    return found


def _pairs(classes: Sequence[str]) -> dict[int, int]:
    """BD9: where each isolate that is closed ends."""
    pairs: dict[int, int] = {}
    waiting: list[int] = []
    for at, kind in enumerate(classes):
        if kind in INITIATORS:
            waiting.append(at)
        elif kind == PDI and waiting:
            pairs[waiting.pop()] = at
    return pairs


def _first_strong(classes: Sequence[str], begin: int, end: int) -> str:
    """P2, P3: isolates within are passed over."""
    depth = 0
    for kind in classes[begin:end]:
        if kind in INITIATORS:
            depth += 1
        elif kind == PDI:
            depth = max(depth - 1, 0)
        elif not depth and kind in ("L", "R", "AL"):
            return "L" if kind == "L" else "R"
    return "L"


def _resolve(text: str, classes: Sequence[str], sequence: _Sequence, levels: list[int]) -> None:
    own = "R" if sequence.level % 2 else "L"
    kinds = [classes[at] for at in sequence.at]
    _weak(kinds, own)
    _brackets("".join(text[at] for at in sequence.at), kinds, own)
    _neutral(kinds, own)
    for at, kind in zip(sequence.at, kinds, strict=True):
        if sequence.level % 2:
            levels[at] = sequence.level + (kind != "R")  # I2
        else:
            levels[at] = sequence.level + {"L": 0, "R": 1}.get(kind, 2)  # I1


def _weak(kinds: list[str], own: str) -> None:
    """W1 to W7."""
    before = strong = own
    for at, kind in enumerate(kinds):
        if kind == "NSM":  # W1
            kinds[at] = "ON" if before in INITIATORS or before == PDI else before
        before = kinds[at]
        if before in ("L", "R", "AL"):
            strong = before
        elif before == "EN" and strong == "AL":  # W2
            kinds[at] = "AN"
    kinds[:] = ["R" if kind == "AL" else kind for kind in kinds]  # W3
    for at in range(1, len(kinds) - 1):  # W4
        left, right = kinds[at - 1], kinds[at + 1]
        if left == right and (
            (kinds[at] == "ES" and left == "EN") or (kinds[at] == "CS" and left in ("EN", "AN"))
        ):
            kinds[at] = left
    _terminators(kinds)
    strong = own
    for at, kind in enumerate(kinds):
        if kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":  # W7
            kinds[at] = "L"


def _terminators(kinds: list[str]) -> None:
    """W5, W6."""
    at = 0
    while at < len(kinds):
        end = at
        while end < len(kinds) and kinds[end] == "ET":
            end += 1
        beside = (kinds[at - 1] if at else "", kinds[end] if end < len(kinds) else "")
        if end > at and "EN" in beside:
            kinds[at:end] = ["EN"] * (end - at)
        at = max(end, at + 1)
    kinds[:] = ["ON" if kind in ("ES", "ET", "CS") else kind for kind in kinds]


def _brackets(text: str, kinds: list[str], own: str) -> None:
    """N0: a pair of brackets goes with what is within, or with what stands before it."""
    for begin, end in _bracket_pairs(text, kinds):
        within = {STRONG[kind] for kind in kinds[begin + 1 : end] if kind in STRONG}
        if own in within:
            chosen = own
        elif within:
            other = "L" if own == "R" else "R"
            before = next((STRONG[kind] for kind in kinds[begin - 1 :: -1] if kind in STRONG), own)
            chosen = other if begin and before == other else own
        else:
            continue
        kinds[begin] = kinds[end] = chosen


def _bracket_pairs(text: str, kinds: Sequence[str]) -> list[tuple[int, int]]:
    """BD16, in the order of the opening ones."""
    pairs: list[tuple[int, int]] = []
    waiting: list[tuple[str, int]] = []
    for at, one in enumerate(text):
        if kinds[at] != "ON":
            continue
        if one in BRACKETS:
            waiting.append((BRACKETS[one], at))
        elif one in BRACKETS.values():
            place = next((n for n in range(len(waiting) - 1, -1, -1) if waiting[n][0] == one), None)
            if place is not None:
                pairs.append((waiting[place][1], at))
                del waiting[place:]
    return sorted(pairs)


def _neutral(kinds: list[str], own: str) -> None:
    """N1, N2."""
    at = 0
    while at < len(kinds):
        end = at
        while end < len(kinds) and kinds[end] in NEUTRAL:
            end += 1
        left = STRONG[kinds[at - 1]] if at else own
        right = STRONG[kinds[end]] if end < len(kinds) else own
        kinds[at:end] = [left if left == right else own] * (end - at)
        at = max(end, at + 1)


def _end_at_base(classes: Sequence[str], levels: list[int], base: int) -> None:
    """L1: spaces at the end of the line, and before a tab."""
    ending = True
    for at in range(len(classes) - 1, -1, -1):
        kind = classes[at]
        if kind in ("S", "B"):
            ending = True
            levels[at] = base
        elif ending and (kind == "WS" or kind in ISOLATING):
            levels[at] = base
        else:
            ending = False
