"""Changes of the roster by hand: each is checked whole before it is written, and a name is given once."""

import msgspec

from tidegate.mitigate.roster import LEVELS, Member, Roster, check_officer, roster_from, roster_text
from tidegate.model.plans import Level, Officer, Passkey
from tidegate.model.refusals import NotAllowed
from tidegate.ports.roster import RosterFile

__all__ = ["Member", "RosterFile", "add_officer", "as_level", "officer_of", "revoke_officer", "roster_from"]

SOME_KEY = "11" * 31 + "00"
"""Stands for a key that is not known yet."""


def as_level(level: str) -> Level:
    found = next((one for one in LEVELS if one == level), None)
    if found is None:
        raise NotAllowed(f"{level} is no level: {', '.join(LEVELS)}")
    return found


def officer_of(
    text: str, name: str, level: str, now_ms: int, key: str | None = None, passkey: Passkey | None = None
) -> Member:
    """The member that an addition would make of the roster `text`; NotAllowed where it may not be made."""
    officer = Officer(name=name, level=as_level(level), public_key=key or SOME_KEY, passkey=passkey)
    check_officer(officer)
    if any(member.officer.name == name for member in roster_from(text).members):
        raise NotAllowed(f"{name} stands on the roster, or was revoked; a name is never given twice")
    return Member(officer=officer, added_ms=now_ms // 1000 * 1000)


def add_officer(
    file: RosterFile, name: str, level: str, key: str, now_ms: int, passkey: Passkey | None = None
) -> Member:
    """Puts the officer on the roster. NotAllowed and OutsideFailed as the file and the roster say."""
    added: list[Member] = []

    def change(text: str) -> str:
        member = officer_of(text, name, level, now_ms, key, passkey)
        added[:] = [member]
        return roster_text(Roster((*roster_from(text).members, member)))

    file.change(change)
    return added[0]


def revoke_officer(file: RosterFile, name: str, now_ms: int) -> Member:
    """From now on the officer's word counts no more. It can be taken back by no command."""
    revoked: list[Member] = []

    def change(text: str) -> str:
        members = list(roster_from(text).members)
        at = next((at for at, member in enumerate(members) if member.officer.name == name), None)
        if at is None:
            raise NotAllowed(f"there is no officer {name} on the roster")
        if members[at].revoked_ms is not None:
            raise NotAllowed(f"{name} was revoked before")
        # The file tells whole seconds; rounding down, the word counts no more at once.
        members[at] = msgspec.structs.replace(members[at], revoked_ms=now_ms // 1000 * 1000)
        revoked[:] = [members[at]]
        return roster_text(Roster(tuple(members)))

    file.change(change)
    return revoked[0]
