"""A question and its answer, as plain values and no request."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tidegate.app.console import entering
from tidegate.app.console.access import Viewer
from tidegate.app.console.open import fresh_secret
from tidegate.app.console.serving import Serving
from tidegate.app.console.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Question:
    """What a request comes down to. `viewer` is None before signing in, and where the right is OPEN;
    `secret` is that of the session's cookie, "" where there is none; `body` is of the type that the table
    says; `numbers` and `texts` are those of path and query that were given."""

    viewer: Viewer | None
    secret: str
    body: Any
    numbers: Mapping[str, int]
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """`told` is a value, or bytes as they are; `begun` the secret of a session that began, "" for one that
    ended, None where nothing changed. `headers` are its own beside those of every answer, and instead."""

    told: Any
    begun: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Desk:
    """All that answers need."""

    serving: Serving
    sessions: Sessions
    challenges: entering.Challenges

    @property
    def now_ms(self) -> int:
        return self.serving.sources.clock.now_ms()


Answers = Mapping[str, Callable[[Desk, Question], Answer]]
"""By name of the endpoint."""


def desk(serving: Serving) -> Desk:
    sessions = Sessions(serving.shelf, serving.roster, fresh_secret)
    return Desk(serving, sessions, entering.Challenges(secrets.token_bytes(32), secrets.token_bytes))


def known(asked: Question) -> Viewer:
    assert asked.viewer is not None, "the table asks for a right"
    return asked.viewer


def hex_bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise msgspec.ValidationError("words are hex digits") from None
