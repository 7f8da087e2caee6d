"""Who came in at the console, and until when: sessions in memory, tokens in a file, both as hashes only."""

import hmac
import threading
from collections.abc import Callable
from hashlib import sha256

import msgspec

from tidegate.app.console.access import OF_TOKENS, Role, SignInFirst, Viewer
from tidegate.mitigate.roster import NAME, Roster
from tidegate.model.refusals import Full, NotAllowed
from tidegate.ports.evidence import Shelf

SESSIONS_MAX = 256
"""People and programs signed in at once; one more is refused until another signs out or is idle."""

IDLE_MS_MAX = 30 * 60_000
"""A session that nothing was asked in for so long ends. A page that is open asks every second."""

AGE_MS_MAX = 12 * 3_600_000
"""A session ends so long after signing in, whatever is asked in it: a shift."""

TOKENS_MAX = 256
"""Tokens of one console; one more is refused until another is taken away."""

TOKENS_NAME = "tokens.json"

ONCE = "terminal"
"""The name of whoever came in by the link that a start prints."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """`secret` is the SHA-256 of the token, in hex: the file lets nobody in."""

    name: str
    role: Role
    secret: str
    made_ms: int
    until_ms: int


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """`officer` is a name on the roster, which is asked anew each time; else `token` is a token's."""

    name: str
    token: bool
    began_ms: int
    asked_ms: int


def hashed(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def csrf_of(secret: str) -> str:
    """What a page must say beside its cookie: it follows from the cookie, which no page can read, and only
    answers to the same origin tell it."""
    return hmac.new(secret.encode(), b"tidegate/console-csrf/1", sha256).hexdigest()


def tokens_on(shelf: Shelf) -> tuple[Token, ...]:
    """NotAllowed for a file that is none of these."""
    body = shelf.get(TOKENS_NAME)
    if body is None:
        return ()
    try:
        return msgspec.json.decode(body, type=tuple[Token, ...])
    except msgspec.MsgspecError:
        raise NotAllowed(f"{TOKENS_NAME} in {shelf.where} holds no tokens; remove it") from None


def add_token(shelf: Shelf, name: str, role: Role, secret: str, now_ms: int, until_ms: int) -> None:
    """NotAllowed for a name that is taken or none, and for a role that no token has."""
    kept = [token for token in tokens_on(shelf) if token.until_ms > now_ms]
    if not NAME.fullmatch(name):
        raise NotAllowed(f"{name!r} is no name: small letters, digits, dots and dashes")
    if role not in OF_TOKENS:
        raise NotAllowed(f"a token is never {role}; officers come in with their passkeys")
    if any(token.name == name for token in kept):
        raise NotAllowed(f"there is a token {name}; take it away first, or choose another name")
    if len(kept) >= TOKENS_MAX:
        raise Full("tokens", TOKENS_MAX)
    kept.append(Token(name=name, role=role, secret=hashed(secret), made_ms=now_ms, until_ms=until_ms))
    shelf.put({TOKENS_NAME: msgspec.json.encode(kept)})


def drop_token(shelf: Shelf, name: str) -> None:
    """NotAllowed where there is none of that name."""
    tokens = tokens_on(shelf)
    if all(token.name != name for token in tokens):
        raise NotAllowed(f"there is no token {name}")
    shelf.put({TOKENS_NAME: msgspec.json.encode([one for one in tokens if one.name != name])})


class Sessions:
    """Any thread may ask. What ends a session ends it for the next question: a revoked officer,
    a token that was taken away, time.

    `once` are secrets that let a reader in one time, as the link that a start prints.
    """

    def __init__(self, shelf: Shelf, roster: Callable[[], Roster], fresh: Callable[[], str]) -> None:
        self._shelf = shelf
        self._roster = roster
        self._fresh = fresh
        self._open: dict[str, Session] = {}
        self._once: dict[str, int] = {}
        self._lock = threading.Lock()

    def begin(self, name: str, now_ms: int, *, token: bool) -> str:
        """The secret of a new session, for a cookie; whoever calls has seen who it is."""
        secret = self._fresh()
        with self._lock:
            self._open = {key: one for key, one in self._open.items() if is_on(one, now_ms)}
            if len(self._open) >= SESSIONS_MAX:
                raise Full("sessions", SESSIONS_MAX)
            self._open[hashed(secret)] = Session(name=name, token=token, began_ms=now_ms, asked_ms=now_ms)
        return secret

    def end(self, secret: str) -> None:
        with self._lock:
            self._open.pop(hashed(secret), None)

    def viewer(self, secret: str, now_ms: int) -> Viewer | None:
        """Who is behind a cookie now."""
        key = hashed(secret)
        with self._lock:
            session = self._open.get(key)
            if session is None or not is_on(session, now_ms):
                self._open.pop(key, None)
                return None
            try:
                viewer = self._viewer_of(session, now_ms)
            except NotAllowed:
                self._open.pop(key)
                return None
            self._open[key] = msgspec.structs.replace(session, asked_ms=now_ms)
            return viewer

    def _viewer_of(self, session: Session, now_ms: int) -> Viewer:
        if not session.token:
            officer = self._roster().live(session.name, now_ms)
            return Viewer(officer.name, Role(officer.level))
        if session.name == ONCE:
            return Viewer(ONCE, Role.READER)
        found = (one for one in tokens_on(self._shelf) if one.name == session.name and one.until_ms > now_ms)
        token = next(found, None)
        if token is None:
            raise NotAllowed(f"there is no token {session.name}")
        return Viewer(token.name, token.role)

    def by_token(self, secret: str, now_ms: int) -> Viewer:
        """Who a token stands for. SignInFirst where it is none."""
        for token in tokens_on(self._shelf):
            if hmac.compare_digest(token.secret, hashed(secret)) and token.until_ms > now_ms:
                return Viewer(token.name, token.role)
        raise SignInFirst("this token is none of this console, or it has ended")

    def by_link(self, secret: str, now_ms: int) -> Viewer:
        """Whoever brings the secret of a link first; as `by_token` where it is none."""
        if self._once.pop(hashed(secret), 0) > now_ms:
            return Viewer(ONCE, Role.READER)
        return self.by_token(secret, now_ms)

    def let_in_once(self, until_ms: int) -> str:
        """A secret that lets a reader in one time, until then."""
        secret = self._fresh()
        self._once = {hashed(secret): until_ms}
        return secret


def is_on(session: Session, now_ms: int) -> bool:
    return now_ms - session.asked_ms < IDLE_MS_MAX and 0 <= now_ms - session.began_ms < AGE_MS_MAX
