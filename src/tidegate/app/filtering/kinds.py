"""What a value in a filter can be: how it is read, which comparisons it takes, and how it compares."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_interface

from tidegate.app.filtering.tokens import FilterWrong, Token
from tidegate.app.moments import HOW, duration_ms, moment_ms
from tidegate.model.addresses import IPV4_BITS_OFFSET, Prefix, is_ipv4

Read = str | int | Prefix
"""A value as it is compared."""

_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_RATE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([kmgt]?)(?:bit/s|bps|pps|packets/s|p/s)?", re.IGNORECASE)
_UNIT = re.compile(r"[kmgt]?(?:bit/s|bps|pps|packets/s|p/s)|[kmgt]", re.IGNORECASE)
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Kind(StrEnum):
    """CODE is one of a list, NAME any text; AMOUNT a number with an SI prefix."""

    PREFIX = "prefix"
    CODE = "code"
    NAME = "name"
    NUMBER = "number"
    AMOUNT = "amount"
    MOMENT = "moment"
    LENGTH = "length"


EXACT = ("=", "!=")
ORDERED = ("<", "<=", ">", ">=")
TAKES = {
    Kind.PREFIX: (*EXACT, "has"),
    Kind.CODE: EXACT,
    Kind.NAME: EXACT,
    Kind.NUMBER: (*EXACT, *ORDERED),
    Kind.AMOUNT: ORDERED,
    Kind.MOMENT: ORDERED,
    Kind.LENGTH: ORDERED,
}
"""The law: which comparisons each kind of value takes."""

EXAMPLES = {
    Kind.PREFIX: "198.51.100.0/24",
    Kind.NUMBER: "12",
    Kind.AMOUNT: "1.5G",
    Kind.MOMENT: "2h",
    Kind.LENGTH: "10min",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that can be asked of a row; `codes` are all the values there are, where they are known."""

    name: str
    kind: Kind
    codes: tuple[str, ...] = ()

    @property
    def takes(self) -> tuple[str, ...]:
        return TAKES[self.kind]


def read_value(field: Field, token: Token, now_ms: int) -> Read:
    """The value that stands at `token`; FilterWrong says what would be one."""
    text = token.text
    match field.kind:
        case Kind.CODE:
            return _code(field, token)
        case Kind.NAME:
            return text.lower()
        case Kind.NUMBER if text.isascii() and text.isdigit() and len(text) <= 15:
            return int(text)
        case Kind.AMOUNT if found := _RATE.fullmatch(text):
            return round(float(found[1]) * _FACTORS[found[2].lower()])
        case Kind.LENGTH if (length := duration_ms(text)) is not None:
            return length
        case Kind.PREFIX:
            try:
                return prefix_of(text)
            except ValueError:
                pass
        case Kind.MOMENT:
            try:
                return moment_ms(text, now_ms)
            except (ValueError, OverflowError):
                pass
    how = HOW if field.kind is Kind.MOMENT else f"write it like {EXAMPLES[field.kind]}"
    raise FilterWrong(
        f"no_{field.kind}", token.at, token.until, f'"{text}" is no value of {field.name}; {how}'
    )


def _code(field: Field, token: Token) -> str:
    code = token.text.lower()
    if code in field.codes:
        return code
    near = next(iter(get_close_matches(code, field.codes, 1, 0.0)), "")
    raise FilterWrong(
        "no_code",
        token.at,
        token.until,
        f'{field.name} is never "{token.text}"; the nearest is {near}',
        near,
    )


@lru_cache(maxsize=4096)
def prefix_of(text: str) -> Prefix:
    """An address is the prefix of itself alone; ValueError for what is neither, or has host bits set."""
    address, _, length = text.partition("/")
    return Prefix.parse(text if length else str(ip_interface(address).network))


def is_of_ipv4(prefix: Prefix) -> bool:
    """::/0 covers all of IPv4 as two words, and is no prefix of it."""
    return prefix.length >= IPV4_BITS_OFFSET and is_ipv4(prefix.high, prefix.low)


def is_unit(token: Token) -> bool:
    """Whether it can stand behind a number: "10 Gbps"."""
    return token.plain and _UNIT.fullmatch(token.text) is not None


def compares(kind: Kind, comparison: str, held: str | int, asked: Read) -> bool:
    """Whether one value that a row holds is as asked; != is asked of all of them, by whoever asks."""
    if isinstance(asked, Prefix):
        assert isinstance(held, str), "prefixes are held as texts"
        inner, outer = prefix_of(held), asked
        if comparison == "has":
            inner, outer = outer, inner
        return outer.covers(inner) and is_of_ipv4(outer) == is_of_ipv4(inner)
    if isinstance(asked, int):
        assert isinstance(held, int), "numbers are held as numbers"
        return _COMPARE[comparison](held, asked)
    assert isinstance(held, str), "codes and names are texts"
    return held.lower() == asked if kind is Kind.CODE else is_named(held.lower(), asked)


def is_named(held: str, asked: str) -> bool:
    """An exporter may be named without its domain: "192.0.2.1" for "192.0.2.1#0"."""
    return held == asked or held.partition("#")[0] == asked
