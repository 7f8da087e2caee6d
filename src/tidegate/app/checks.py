"""One thing that the doctor looked at, and what is to be done about it."""

from typing import Literal

import msgspec


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """`about` names the thing looked at; `text` says what is so, and what to do unless it is fine."""

    about: str
    severity: Literal["fine", "notice", "problem"]
    code: str
    text: str


def fine(about: str, code: str, text: str) -> Check:
    return Check(about=about, severity="fine", code=code, text=text)


def notice(about: str, code: str, text: str) -> Check:
    return Check(about=about, severity="notice", code=code, text=text)


def problem(about: str, code: str, text: str) -> Check:
    return Check(about=about, severity="problem", code=code, text=text)
