"""Who may see and do what at the console: one function, over values, that every endpoint asks.

Roles come from outside: an officer's level from the roster, a token's role from whoever made it at the
terminal. Rights are what endpoints ask for. No role lets anyone approve: an officer's word is believed by
its signature (tidegate.mitigate.approval), and `WORD` is only leave to bring one's own.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from tidegate.model.refusals import NotAllowed


class Role(StrEnum):
    """WALL is a screen that everybody in the room sees; READER a person without a key, or a program."""

    WALL = "wall"
    READER = "reader"
    DESK = "desk"
    CENTRE = "centre"
    SENIOR = "senior"


OFFICERS = frozenset({Role.DESK, Role.CENTRE, Role.SENIOR})
OF_TOKENS = frozenset({Role.WALL, Role.READER})
"""What a token may be; an officer comes in by passkey alone."""


class Right(StrEnum):
    """OPEN is for everybody; SELF for whoever came in. MESSAGES is the hotline, whose messages are shown by
    level and marking (tidegate.app.console.letters); DRAFT is to lay one down for an officer's key."""

    OPEN = "open"
    SELF = "self"
    SITUATION = "situation"
    EVIDENCE = "evidence"
    STUDY = "study"
    WORD = "word"
    MESSAGES = "messages"
    DRAFT = "draft"


class Viewer(msgspec.Struct, frozen=True):
    """Somebody who came in. `name` is an officer's, or a token's."""

    name: str
    role: Role

    @property
    def is_officer(self) -> bool:
        return self.role in OFFICERS


class SignInFirst(NotAllowed):
    """Nobody came in, or no longer."""


EVERYBODY = frozenset(Role)
MAY: Mapping[Right, frozenset[Role]] = MappingProxyType(
    {
        Right.OPEN: EVERYBODY,
        Right.SELF: EVERYBODY,
        Right.SITUATION: EVERYBODY,
        Right.EVIDENCE: EVERYBODY - {Role.WALL},
        Right.STUDY: EVERYBODY - {Role.WALL},
        Right.WORD: OFFICERS,
        Right.MESSAGES: EVERYBODY - {Role.WALL},
        Right.DRAFT: OFFICERS,
    }
)
"""The law: which roles have which right."""


def authorise(viewer: Viewer | None, right: Right) -> None:
    """SignInFirst where nobody came in, NotAllowed where the role does not have the right."""
    if right is Right.OPEN:
        return
    if viewer is None:
        raise SignInFirst("sign in first")
    if viewer.role not in MAY[right]:
        raise NotAllowed(f"{viewer.name} came in as {viewer.role}; that may not be seen or done so")
