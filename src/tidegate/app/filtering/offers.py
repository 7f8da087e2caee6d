"""What may stand at a place in a filter: the completion that a page offers while somebody types."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from tidegate.app.filtering.kinds import EXAMPLES, Field, Kind, is_unit
from tidegate.app.filtering.parsing import parsed
from tidegate.app.filtering.tokens import JOINS, NOT, FilterWrong, Token, tokens_of, written

OFFERS_MAX = 24
"""Completions offered at once, those that begin as typed first; the rest come with more letters."""

What = Literal["field", "comparison", "value", "join"]


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """`text` takes the place of what is between `begin` and `end`; `field` is the field whose value it is."""

    text: str
    what: What
    field: str = ""


class FilterProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a filter: a code, where (in characters), a near word, and a sentence in English."""

    code: str
    at: int
    until: int
    near: str
    told: str


class FilterHelp(msgspec.Struct, frozen=True, kw_only=True):
    """`problem` is None for a filter that holds as it stands."""

    problem: FilterProblem | None
    begin: int
    end: int
    offers: tuple[Offer, ...]


def problem_of(wrong: FilterWrong) -> FilterProblem:
    return FilterProblem(
        code=wrong.code, at=wrong.at, until=wrong.until, near=wrong.near, told=str(wrong).partition(" (")[0]
    )


def filter_help(
    text: str, at: int, fields: Sequence[Field], known: Mapping[str, Sequence[str]], now_ms: int
) -> FilterHelp:
    """What is wrong with `text`, and what may stand at character `at`. `known` are names by field."""
    problem = None
    try:
        parsed(text, fields, now_ms)
    except FilterWrong as wrong:
        problem = problem_of(wrong)
    begin, end, offers = offers_at(text, max(0, min(at, len(text))), fields, known)
    return FilterHelp(problem=problem, begin=begin, end=end, offers=tuple(offers[:OFFERS_MAX]))


def offers_at(
    text: str, at: int, fields: Sequence[Field], known: Mapping[str, Sequence[str]]
) -> tuple[int, int, list[Offer]]:
    """The place that an offer takes, and the offers. Nothing inside an open quote or a text too long."""
    try:
        tokens = tokens_of(text[:at])
    except FilterWrong:
        return at, at, []
    typed = tokens.pop() if tokens and tokens[-1].until == at and tokens[-1].plain else None
    if typed is not None and typed.text in ("(", ")"):
        tokens.append(typed)
        typed = None
    offers = _offers(tokens, fields, known)
    if typed is None:
        return at, at, offers
    return typed.at, at, _beginning(offers, typed.text.lower())


def _beginning(offers: Sequence[Offer], typed: str) -> list[Offer]:
    """Those that begin as typed, then those that hold it."""
    first = [one for one in offers if one.text.lower().startswith(typed)]
    return first + [one for one in offers if typed in one.text.lower() and one not in first]


def _offers(
    tokens: Sequence[Token], fields: Sequence[Field], known: Mapping[str, Sequence[str]]
) -> list[Offer]:
    by_name = {field.name: field for field in fields}
    state: What = "field"
    field: Field | None = None
    depth = 0
    for token in tokens:
        depth += 1 if token.says("(") else -1 if token.says(")") else 0
        match state:
            case "field" if not token.says("(", NOT):
                field, state = by_name.get(token.text.lower()), "comparison"
            case "comparison":
                state = "value"
            case "value":
                state = "join"
            case "join" if token.says(*JOINS):
                state = "field"
    return _standing(state, field, depth, fields, known, tokens)


def _standing(
    state: What,
    field: Field | None,
    depth: int,
    fields: Sequence[Field],
    known: Mapping[str, Sequence[str]],
    tokens: Sequence[Token],
) -> list[Offer]:
    match state:
        case "field":
            names = [Offer(text=one.name, what="field", field=one.name) for one in fields]
            return [*names, *(Offer(text=text, what="join") for text in (NOT, "("))]
        case "comparison":
            return [Offer(text=sign, what="comparison") for sign in (field.takes if field else ())]
        case "value" if field is not None:
            values = field.codes or tuple(map(written, known.get(field.name, ())))
            example = () if values or field.kind is Kind.NAME else (EXAMPLES[field.kind],)
            return [Offer(text=text, what="value", field=field.name) for text in (*values, *example)]
        case "join":
            number = tokens[-1].text.replace(".", "").isdigit() and not is_unit(tokens[-1])
            units = ("Gbps", "Mbps") if number and field is not None and field.kind is Kind.AMOUNT else ()
            closing = (")",) if depth > 0 else ()
            return [Offer(text=text, what="join") for text in (*units, *JOINS, *closing)]
    return []
