"""The words of a filter with their places, and what is wrong with one: where, and what to write there."""

import re
from dataclasses import dataclass

from tidegate.model.refusals import Malformed

FILTER_CHARACTERS_MAX = 500
"""Longest filter; a longer one is refused unread."""

COMPARISONS = ("=", "!=", "<", "<=", ">", ">=", "has")
JOINS = ("and", "or")
NOT = "not"
RESERVED = frozenset({*JOINS, NOT, "has"})

PROBLEMS = frozenset(
    (
        "too_long",
        "open_quote",
        "strange_sign",
        "no_field",
        "no_comparison",
        "other_comparison",
        "no_value",
        "no_code",
        "no_prefix",
        "no_number",
        "no_amount",
        "no_moment",
        "no_length",
        "not_joined",
        "not_closed",
        "too_deep",
        "too_many",
        "ends_before_field",
        "ends_before_comparison",
        "ends_before_value",
    )
)
"""All that can be wrong with a filter; a page has a sentence for each."""

_TOKEN = re.compile(r"""\s*(?:(?P<mark>!=|<=|>=|[=<>()])|"(?P<quoted>[^"]*)"|(?P<word>[^\s()=<>!"]+))""")


class FilterWrong(Malformed):
    """`code` names what is wrong, `at` and `until` where, in characters; `near` is what may be meant."""

    def __init__(self, code: str, at: int, until: int, told: str, near: str = "") -> None:
        assert code in PROBLEMS, code
        super().__init__(code, at)
        self.args = (f"{told} (character {at + 1})",)
        self.code = code
        self.until = until
        self.near = near


@dataclass(frozen=True, slots=True)
class Token:
    """`text` without quotes; `plain` where it was not quoted, and so may be a word of the language."""

    text: str
    at: int
    until: int
    plain: bool = True

    @property
    def is_word(self) -> bool:
        """Whether it can name a field or be a value."""
        return not self.plain or (self.text not in COMPARISONS and self.text not in ("(", ")"))

    def says(self, *words: str) -> bool:
        return self.plain and self.text.lower() in words


def tokens_of(text: str) -> list[Token]:
    """FilterWrong for a text that is too long, or a character that begins nothing."""
    if len(text) > FILTER_CHARACTERS_MAX:
        raise FilterWrong(
            "too_long",
            FILTER_CHARACTERS_MAX,
            len(text),
            f"a filter has at most {FILTER_CHARACTERS_MAX} characters",
        )
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            begin = at + len(text[at:]) - len(text[at:].lstrip())
            open_quote = text[begin] == '"'
            code, told = (
                ("open_quote", 'this " is never closed')
                if open_quote
                else ("strange_sign", f"{text[begin]} means nothing here; != is written in one")
            )
            raise FilterWrong(code, begin, len(text) if open_quote else begin + 1, told)
        kind = match.lastgroup
        assert kind is not None, "one of the three matched"
        quoted = kind == "quoted"
        begin, until = match.span(kind)
        found.append(Token(match[kind], begin - quoted, until + quoted, plain=not quoted))
        at = match.end()
    return found


def written(value: str) -> str:
    """A value as it is written in a filter: quoted where it could be taken for something else."""
    plain = re.fullmatch(r"[^\s()=<>!\"]+", value) is not None and value.lower() not in RESERVED
    return value if plain else f'"{value.replace(chr(34), "")}"'
