"""What an endpoint of the console is, and what every one of them may answer."""

from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from tidegate.app.console.access import Right

EVENTS = "text/event-stream"
BYTES = "application/octet-stream"
JSON = "application/json"
CALENDAR = "text/calendar; charset=utf-8"
SHEET = "text/html; charset=utf-8"
PDF = "application/pdf"

NUMBER_MAX = (1 << 53) - 1
"""Greatest number in a path or a query, as in facts; a greater one is malformed."""

TEXT_MAX = 500
"""Longest text in a path or a query, in characters."""

BODY_BYTES_MAX = 64 << 10
"""Longest body of a request, where its endpoint names no other; a longer one is refused unread."""


class Done(msgspec.Struct, frozen=True):
    """It is done, and there is nothing to tell."""


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """Why a question is not answered. `kind` "sign-in", "not-allowed", "not-there", "malformed", "full",
    "outside"; `remedy` where there is one."""

    kind: str
    why: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`takes` is the type of its JSON body; `tells` that of its answer, or a media type; `asks` are whole
    numbers in the query and `asks_text` texts, none of which must be given. In a path `{number}` is a whole
    number, and every other name a text."""

    name: str
    method: Literal["GET", "POST"]
    path: str
    right: Right
    tells: Any
    summary: str
    takes: Any = None
    asks: tuple[str, ...] = ()
    asks_text: tuple[str, ...] = ()
    body_bytes_max: int = BODY_BYTES_MAX
