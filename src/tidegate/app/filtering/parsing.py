"""A filter as text and as a tree, and whether a row is meant by it.

    filter = all ("or" all)*
    all    = one ("and" one)*
    one    = "not" one | "(" filter ")" | field comparison value

Words of the language are not told apart by case. A row may hold several values of a field (targets,
vectors): a comparison holds where it holds for one of them, and != where = holds for none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

from tidegate.app.filtering.kinds import Field, Kind, Read, compares, is_unit, read_value
from tidegate.app.filtering.tokens import COMPARISONS, JOINS, NOT, FilterWrong, Token, tokens_of

TERMS_MAX = 32
"""Comparisons in one filter; one more is refused."""

DEPTH_MAX = 16
"""Parentheses and `not` inside one another; one more is refused."""

Row = TypeVar("Row")
Values = Callable[[Row, str], Sequence[str | int]]
"""The values that a row holds of a field; none where the row has no such value."""


@dataclass(frozen=True, slots=True)
class Term:
    field: str
    kind: Kind
    comparison: str
    value: Read


@dataclass(frozen=True, slots=True)
class Not:
    one: "Tree"


@dataclass(frozen=True, slots=True)
class Joined:
    """`word` is "and" or "or"."""

    word: str
    parts: tuple["Tree", ...]


Tree = Term | Not | Joined
EVERYTHING = Joined("and", ())


def parsed(text: str, fields: Sequence[Field], now_ms: int) -> Tree:
    """FilterWrong for what is no filter over these fields; an empty one means everything."""
    tokens = tokens_of(text)
    return _Reading(tokens, {field.name: field for field in fields}, len(text), now_ms).whole()


def holds(tree: Tree, row: Row, values: "Values[Row]") -> bool:
    match tree:
        case Term(field, kind, "!=", asked):
            return not any(compares(kind, "=", held, asked) for held in values(row, field))
        case Term(field, kind, comparison, asked):
            return any(compares(kind, comparison, held, asked) for held in values(row, field))
        case Not(one):
            return not holds(one, row, values)
        case Joined("and", parts):
            return all(holds(part, row, values) for part in parts)
        case Joined(_, parts):
            return any(holds(part, row, values) for part in parts)


class _Reading:
    """One pass over the tokens, from left to right."""

    def __init__(self, tokens: list[Token], fields: dict[str, Field], end: int, now_ms: int) -> None:
        self._tokens = tokens
        self._fields = fields
        self._end = end
        self._now_ms = now_ms
        self._at = 0
        self._terms = 0

    def whole(self) -> Tree:
        if not self._tokens:
            return EVERYTHING
        tree = self._joined("or", 0)
        if (rest := self._here()) is not None:
            told = "this closes nothing" if rest.says(")") else "write and, or, or nothing more"
            raise self._wrong("not_joined", rest, told)
        return tree

    def _joined(self, word: str, depth: int) -> Tree:
        def part() -> Tree:
            return self._joined("and", depth) if word == "or" else self._one(depth)

        parts = [part()]
        while (here := self._here()) is not None and here.says(word):
            self._at += 1
            parts.append(part())
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))

    def _one(self, depth: int) -> Tree:
        token = self._next("field", "a field is missing here")
        if depth >= DEPTH_MAX:
            raise self._wrong("too_deep", token, f"more than {DEPTH_MAX} levels inside one another")
        if token.says(NOT):
            return Not(self._one(depth + 1))
        if not token.says("("):
            return self._term(token)
        tree = self._joined("or", depth + 1)
        closing = self._here()
        if closing is None:
            raise self._wrong("not_closed", token, "this parenthesis is never closed")
        if not closing.says(")"):
            raise self._wrong("not_joined", closing, "write and, or, or )")
        self._at += 1
        return tree

    def _term(self, token: Token) -> Term:
        field = self._field(token)
        comparison = self._next("comparison", f"{field.name} takes {' '.join(field.takes)}")
        sign = comparison.text.lower()
        if not comparison.plain or sign not in field.takes:
            code = "other_comparison" if sign in COMPARISONS else "no_comparison"
            raise self._wrong(code, comparison, f"{field.name} takes {' '.join(field.takes)}")
        value = self._next("value", f"a value of {field.name} is missing here")
        if not value.is_word or value.says(*JOINS, NOT):
            raise self._wrong("no_value", value, f"a value of {field.name} is missing here")
        if field.kind is Kind.AMOUNT and (unit := self._here()) is not None and is_unit(unit):
            self._at += 1
            value = Token(value.text + unit.text, value.at, unit.until)
        self._terms += 1
        if self._terms > TERMS_MAX:
            raise self._wrong("too_many", token, f"more than {TERMS_MAX} comparisons")
        return Term(field.name, field.kind, sign, read_value(field, value, self._now_ms))

    def _field(self, token: Token) -> Field:
        name = token.text.lower()
        if token.plain and name in self._fields:
            return self._fields[name]
        near = next(iter(get_close_matches(name, self._fields, 1, 0.0)))
        raise self._wrong("no_field", token, f'there is no field "{token.text}"; the nearest is {near}', near)

    def _here(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self, wanted: str, told: str) -> Token:
        here = self._here()
        if here is None:
            raise FilterWrong(f"ends_before_{wanted}", self._end, self._end, told)
        self._at += 1
        return here

    def _wrong(self, code: str, token: Token, told: str, near: str = "") -> FilterWrong:
        return FilterWrong(code, token.at, token.until, told, near)
