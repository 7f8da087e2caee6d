"""Coming in with a passkey, and getting one: challenges that nobody has to remember, and what answers them.

1. What a passkey signs to come in, or to be enrolled, begins with a purpose of its own, and is none of the
   words about a plan (tidegate.model.plan_bytes).
2. A challenge is made here, is good for a few minutes, and is answered once.
3. An invitation is made at the terminal by whoever may write the roster, for one name and level; its code
   is kept as a hash, counts once and not for long. The console writes no roster: it lays down what the
   browser answered, and the terminal puts it on the roster after a person compared its fingerprint.
"""

import hmac
import threading
from base64 import urlsafe_b64decode
from binascii import Error as NoBase64
from collections.abc import Callable
from hashlib import sha256
from typing import Literal, TypeVar

import msgspec

from tidegate.app.console.access import SignInFirst
from tidegate.mitigate.passkeys import challenge_of, check_passkey, holds_by_passkey
from tidegate.mitigate.roster import NAME, Roster
from tidegate.model.plans import Assertion, Level, Officer, Passkey
from tidegate.model.refusals import Full, NotAllowed
from tidegate.ports.evidence import Shelf

__all__ = [
    "ENROL",
    "SIGN_IN",
    "Challenges",
    "Invitation",
    "Made",
    "challenge_of",  # for doors, which know no rooms but this
    "from_base64url",
]

SIGN_IN = b"tidegate/console-sign-in/1\x00"
ENROL = b"tidegate/console-enrolment/1\x00"
PURPOSES = (SIGN_IN, ENROL)

CHALLENGE_MS_MAX = 5 * 60_000
"""A challenge that is not answered within this is none any more."""

ANSWERED_MAX = 4_096
"""Challenges that were answered and are not over yet; one more is refused until some are."""

INVITATION_MS_MAX = 15 * 60_000
"""A person who was given a code has so long to make a passkey with it."""

INVITATIONS_MAX = 64
"""Invitations at once; one more is refused until another is used or over."""

FOLDER = "invitations"
MADE = "made"
"""Folders of the shelf: who was invited, and what was answered; both by the hash of the code."""


class Challenges:
    """Each challenge carries its time under this process's own key, so that whoever asks for many fills
    nothing; only what was answered is remembered, until it would be over anyway."""

    def __init__(self, key: bytes, fresh: Callable[[int], bytes]) -> None:
        self._key = key
        self._fresh = fresh
        self._answered: dict[bytes, int] = {}
        self._lock = threading.Lock()

    def make(self, purpose: bytes, now_ms: int) -> bytes:
        """The words to sign: purpose, chance, time, and our own mark over them."""
        words = purpose + self._fresh(16) + now_ms.to_bytes(8, "big")
        return words + self._mark(words)

    def take(self, purpose: bytes, words: bytes, now_ms: int) -> None:
        """2. NotAllowed unless it was made here for this, just now, and was not answered before."""
        begin = len(purpose) + 24
        if not words.startswith(purpose) or not hmac.compare_digest(self._mark(words[:begin]), words[begin:]):
            raise NotAllowed("this challenge was not made here; load the page again")
        until_ms = int.from_bytes(words[begin - 8 : begin], "big") + CHALLENGE_MS_MAX
        if not until_ms - CHALLENGE_MS_MAX <= now_ms < until_ms:
            raise NotAllowed("this took too long; try again")
        with self._lock:
            if words in self._answered:
                raise NotAllowed("this was answered before; try again")
            self._answered = {one: until for one, until in self._answered.items() if until > now_ms}
            if len(self._answered) >= ANSWERED_MAX:
                raise Full("answered challenges", ANSWERED_MAX)
            self._answered[words] = until_ms

    def _mark(self, words: bytes) -> bytes:
        return hmac.new(self._key, words, sha256).digest()


def officer_behind(
    roster: Roster, credential: str, signature: str, assertion: Assertion, words: bytes, now_ms: int
) -> Officer:
    """The live officer whose passkey signed these words; SignInFirst where it is nobody's."""
    for officer in roster.all_live(now_ms):
        passkey = officer.passkey
        if passkey is not None and passkey.credential == credential:
            if holds_by_passkey(officer, signature, assertion, words):
                return officer
            break
    raise SignInFirst("this passkey is not that of an officer on the roster")


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """For one person to make a passkey at the console."""

    name: str
    level: Level
    until_ms: int


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser answered to an invitation, for the terminal to put on the roster."""

    name: str
    level: Level
    public_key: str
    passkey: Passkey


Kept = TypeVar("Kept", Invitation, Made)

Standing = Literal["waiting", "on-roster", "over"]
"""Of a passkey that was laid down: the terminal is yet to decide, took it, or gave it up."""


def key_of(code: str) -> str:
    """Of the code only this hash is kept."""
    return sha256(b"tidegate/console-invitation/1\x00" + plain(code).encode()).hexdigest()


def plain(code: str) -> str:
    """A code as a person types it."""
    return "".join(letter for letter in code.upper() if letter.isalnum())


def invite(shelf: Shelf, code: str, invitation: Invitation, now_ms: int) -> None:
    """NotAllowed for a name that is none; Full where too many wait. What is over is cleared away."""
    if not NAME.fullmatch(invitation.name):
        raise NotAllowed(f"{invitation.name!r} is no officer's name: small letters, digits, dots and dashes")
    waiting = 0
    for name in shelf.names(FOLDER):
        told = read(shelf, f"{FOLDER}/{name}", Invitation)
        if told is None or told.until_ms <= now_ms:
            shelf.drop([f"{FOLDER}/{name}", f"{MADE}/{name}"])
        else:
            waiting += 1
    if waiting >= INVITATIONS_MAX:
        raise Full("invitations", INVITATIONS_MAX)
    shelf.put({f"{FOLDER}/{key_of(code)}": msgspec.json.encode(invitation)})


def invitation_of(shelf: Shelf, code: str, now_ms: int) -> Invitation:
    """NotAllowed for a code that is none, or no more."""
    found = read(shelf, f"{FOLDER}/{key_of(code)}", Invitation)
    if found is None or found.until_ms <= now_ms:
        raise NotAllowed("this code is none, was used, or is over; ask for another at the terminal")
    return found


def lay_down(shelf: Shelf, code: str, made: Made, now_ms: int) -> None:
    """3. The browser's answer, once; NotAllowed for a key that no roster takes."""
    invitation = invitation_of(shelf, code, now_ms)
    if (made.name, made.level) != (invitation.name, invitation.level):
        raise NotAllowed("this invitation is for somebody else")
    check_passkey(made.name, made.public_key, made.passkey)
    shelf.put({f"{MADE}/{key_of(code)}": msgspec.json.encode(made)})
    shelf.drop([f"{FOLDER}/{key_of(code)}"])


def answered(shelf: Shelf, code: str) -> Made | None:
    """What was laid down for this code, if anything was yet."""
    return read(shelf, f"{MADE}/{key_of(code)}", Made)


def standing(shelf: Shelf, code: str, credential: str, live: Callable[[], tuple[Officer, ...]]) -> Standing:
    """What became of a passkey that was laid down.

    The shelf is looked at first: the terminal forgets the code only after it wrote the roster.
    """
    waits = answered(shelf, code) is not None
    if any(one.passkey is not None and one.passkey.credential == credential for one in live()):
        return "on-roster"
    return "waiting" if waits else "over"


def forget(shelf: Shelf, code: str) -> None:
    shelf.drop([f"{FOLDER}/{key_of(code)}", f"{MADE}/{key_of(code)}"])


def fingerprint(made: Made) -> str:
    """Eight groups of four that two people compare, over all that goes onto the roster."""
    digest = sha256(b"tidegate/console-fingerprint/1\x00" + msgspec.json.encode(made, order="sorted"))
    text = digest.hexdigest()[:32]
    return " ".join(text[at : at + 4] for at in range(0, 32, 4))


def read(shelf: Shelf, name: str, kind: type[Kept]) -> Kept | None:
    """None also for what cannot be read: it lets nobody in."""
    body = shelf.get(name)
    if body is None:
        return None
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError:
        return None


def from_base64url(text: str) -> bytes:
    """NotAllowed for what is none."""
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (NoBase64, ValueError):
        raise NotAllowed("this is no base64url") from None
