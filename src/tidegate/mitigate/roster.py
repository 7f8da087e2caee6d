"""The officers whose word counts, with their keys: a value that is read from a file, never from the database.

The file is TOML, one table for each officer:

    [officers.anna]
    level = "centre"
    public_key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    added = 2026-01-10T09:00:00Z
    revoked = 2026-06-01T12:00:00Z

An officer whose key is a passkey has three lines more: what it is called, and the page it signs for.

    passkey = "kQf1J0cYV2pWm1mE6y0bZQ"
    rp_id = "console.example.org"
    origin = "https://console.example.org"
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from tidegate.mitigate.passkeys import check_passkey
from tidegate.model.plans import Level, Officer, Passkey
from tidegate.model.refusals import NotAllowed

LEVELS: Mapping[Level, int] = {"desk": 0, "centre": 1, "senior": 2}
"""The levels in their order: each may do what those before it may."""

OFFICERS_MAX = 256
"""Officers of one roster, the revoked ones included; a longer file is refused whole."""

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
KEY = re.compile(r"[0-9a-f]{64}")
PASSKEY_LINES = frozenset({"passkey", "rp_id", "origin"})

FIELD = (1 << 255) - 19
SIGN_BIT = 1 << 255
ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SMALL_ORDER = frozenset({0, 1, FIELD - 1, ORDER_8, FIELD - ORDER_8})
"""The y coordinates of the eight points of small order. For such a key there are signatures that hold for
every message (Chalkias and others, "Taming the many EdDSAs", 2020)."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """An officer on the roster since `added_ms`, until `revoked_ms` where that is set."""

    officer: Officer
    added_ms: int
    revoked_ms: int | None = None

    def live_at(self, now_ms: int, seen_ms: int) -> bool:
        """A clock that is set back to before `seen_ms` makes nobody live again, and nobody live too early."""
        return self.added_ms <= now_ms and (self.revoked_ms is None or max(now_ms, seen_ms) < self.revoked_ms)


class Roster(msgspec.Struct, frozen=True):
    """All officers ever; a name is never given to a second person.

    `seen_ms` is the latest moment that is known to have been, by stored facts and by the file itself: whoever
    was revoked by then stays so, whatever the clock says now.
    NotAllowed for a name twice, for a key that two live officers share, and for a key that proves nothing.
    """

    members: tuple[Member, ...]
    seen_ms: int = 0

    def __post_init__(self) -> None:
        if len(self.members) > OFFICERS_MAX:
            raise NotAllowed(f"the roster has {len(self.members)} officers; {OFFICERS_MAX} are allowed")
        holder: dict[str, str] = {}
        for member in self.members:
            officer = member.officer
            check_officer(officer)
            if officer.name in holder.values():
                raise NotAllowed(f"officer {officer.name} stands on the roster twice")
            if officer.public_key in holder:
                raise NotAllowed(f"{officer.name} and {holder[officer.public_key]} have the same key")
            holder[officer.public_key] = officer.name

    def all_live(self, now_ms: int) -> tuple[Officer, ...]:
        return tuple(one.officer for one in self.members if one.live_at(now_ms, self.seen_ms))

    def live(self, name: str, now_ms: int) -> Officer:
        """The officer of this name. NotAllowed when there is none, or none who may act now."""
        for member in self.members:
            if member.officer.name == name:
                if member.live_at(now_ms, self.seen_ms):
                    return member.officer
                state = "not on the roster yet" if now_ms < member.added_ms else "revoked"
                raise NotAllowed(f"officer {name} is {state}")
        raise NotAllowed(f"there is no officer {name} on the roster")


def check_officer(officer: Officer) -> None:
    """NotAllowed for a name or a key that is none."""
    if not NAME.fullmatch(officer.name):
        raise NotAllowed(f"{officer.name!r} is no officer's name: small letters, digits, dots and dashes")
    if officer.level not in LEVELS:
        raise NotAllowed(f"officer {officer.name}: {officer.level!r} is no level: desk, centre or senior")
    if officer.passkey is not None:
        check_passkey(officer.name, officer.public_key, officer.passkey)
    elif not KEY.fullmatch(officer.public_key):
        raise NotAllowed(f"officer {officer.name}: a public key is 64 hex digits in small letters")
    if KEY.fullmatch(officer.public_key) and proves_nothing(bytes.fromhex(officer.public_key)):
        raise NotAllowed(f"officer {officer.name}: this key has small order; anybody can sign for it")


def proves_nothing(public_key: bytes) -> bool:
    """Whether the point has small order, or is not written in its one way (RFC 8032 section 5.1.3)."""
    y = int.from_bytes(public_key, "little") & (SIGN_BIT - 1)
    return y >= FIELD or y in SMALL_ORDER


def roster_from(text: str, seen_ms: int = 0) -> Roster:
    """The roster that a file's text tells, as of `seen_ms`. NotAllowed for anything that is not as above."""
    try:
        told = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise NotAllowed(f"the roster is no TOML: {error}") from None
    tables = told.pop("officers", {})
    if told or not isinstance(tables, dict):
        raise NotAllowed("a roster holds tables [officers.NAME] and nothing else")
    return Roster(tuple(member_from(name, table) for name, table in tables.items()), seen_ms)


def member_from(name: str, table: Any) -> Member:
    if not isinstance(table, dict):
        raise NotAllowed(f"officer {name}: write a table [officers.{name}]")
    of_passkey = table.keys() & PASSKEY_LINES
    strangers = table.keys() - {"level", "public_key", "added", "revoked", *PASSKEY_LINES}
    missing = {"level", "public_key", "added", *(PASSKEY_LINES if of_passkey else ())} - table.keys()
    if strangers or missing:
        named = ", ".join(sorted(strangers or missing))
        raise NotAllowed(f"officer {name}: {'unknown' if strangers else 'missing'} {named}")
    # One that is no text at all must not end the process that reads it, and with it all that is in force.
    level = next((one for one in LEVELS if one == table["level"]), None)
    if level is None:
        raise NotAllowed(f"officer {name}: {table['level']!r} is no level: desk, centre or senior")
    revoked = table.get("revoked")
    passkey = None
    if of_passkey:
        passkey = Passkey(
            credential=str(table["passkey"]), rp_id=str(table["rp_id"]), origin=str(table["origin"])
        )
    return Member(
        officer=Officer(name=name, level=level, public_key=str(table["public_key"]), passkey=passkey),
        added_ms=moment(name, table["added"]),
        revoked_ms=None if revoked is None else moment(name, revoked),
    )


def moment(name: str, value: object) -> int:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise NotAllowed(f"officer {name}: write a moment as 2026-01-10T09:00:00Z")
    return round(value.timestamp() * 1000)


def roster_text(roster: Roster) -> str:
    """The inverse of `roster_from`, to the second."""
    return "\n".join(member_text(member) for member in roster.members)


def member_text(member: Member) -> str:
    officer = member.officer
    # A name with a dot would be two keys in TOML.
    lines = [
        f'[officers."{officer.name}"]',
        f'level = "{officer.level}"',
        f'public_key = "{officer.public_key}"',
        *passkey_lines(officer.passkey),
        f"added = {moment_text(member.added_ms)}",
    ]
    if member.revoked_ms is not None:
        lines.append(f"revoked = {moment_text(member.revoked_ms)}")
    return "\n".join(lines) + "\n"


def passkey_lines(passkey: Passkey | None) -> list[str]:
    if passkey is None:
        return []
    # `check_passkey` lets none of these hold a quotation mark or a backslash.
    return [
        f'passkey = "{passkey.credential}"',
        f'rp_id = "{passkey.rp_id}"',
        f'origin = "{passkey.origin}"',
    ]


def moment_text(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
