"""The hands inside ExaBGP: its API process, which writes commands, reads every answer, and can end it."""

import os
import select
import signal
import sys
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import msgspec

from tidegate.adapters.border.children import end_with_parent
from tidegate.adapters.border.exabgp import (
    MARK,
    announce_command,
    mirror_address,
    withdraw_command,
)
from tidegate.adapters.border.frames import Held, Peer
from tidegate.adapters.border.hands import ProgramSilent, RuleRefused, run_hands
from tidegate.adapters.border.leases import Place, place_of
from tidegate.adapters.border.places import read_settings
from tidegate.adapters.border.session_ends import ended_by, why_down
from tidegate.adapters.border.timing import ACK_S
from tidegate.model.border import BorderSettings
from tidegate.ports.border import ReadBack

EVENT_BYTES_MAX = 1 << 20
"""Longest line that ExaBGP may say; a longer one is none, and ends it."""

_FAMILIES: Final = {
    "ipv4 unicast": "ipv4 unicast",
    "ipv6 unicast": "ipv6 unicast",
    "ipv4 flow": "ipv4 flowspec",
    "ipv6 flow": "ipv6 flowspec",
}


class _Address(msgspec.Struct):
    peer: str


class _Negotiated(msgspec.Struct):
    families: list[str] = []


class _Neighbor(msgspec.Struct):
    address: _Address
    state: str = ""
    reason: str = ""
    negotiated: _Negotiated | None = None


class Event(msgspec.Struct):
    """What ExaBGP tells of a session, as far as it is of interest."""

    type: str
    time: float
    neighbor: _Neighbor | None = None


_decode_event = msgspec.json.Decoder(Event).decode


@dataclass(slots=True)
class _Session:
    up: bool = False
    since_ms: int | None = None
    families: tuple[str, ...] = ()
    why: str = "no session yet"
    ended: str = ""  # by which NOTIFICATION, since it was last up


class ExaBgp:
    """hands.Program over ExaBGP's API: one command outstanding at a time, its answer awaited.

    ExaBGP ends when this process does, and this process ends when ExaBGP does.
    """

    def __init__(self, settings: BorderSettings, commands: int, answers: int) -> None:
        self._settings = settings
        self._commands, self._answers = commands, answers
        self._parent = os.getppid()
        self._pending = b""
        self._replies: deque[bytes] = deque()
        self._held: dict[Place, Held] = {}
        self._sessions = {
            router.address: _Session() for point in settings.border_points for router in point.routers
        }
        self._neighbours = {
            point.name: [
                *(router.address for router in point.routers),
                *([mirror_address(number)] if settings.mirror else []),
            ]
            for number, point in enumerate(settings.border_points)
        }

    def held(self) -> dict[Place, Held]:
        """What it acknowledged; the question "are you there" before the answer keeps this honest."""
        self._ask("#")
        return dict(self._held)

    def announce(self, held: Held) -> None:
        place = place_of(held)
        neighbours = self._neighbours.get(held.rule.border_point)
        if not neighbours:
            raise RuleRefused(f"{held.rule.border_point} has no router")
        if not self._ask(announce_command(held.rule, neighbours, self._mark(held.plan))):
            if place in self._held:
                self.withdraw(place, self._held[place], ACK_S)
            raise RuleRefused(f"ExaBGP refused the rule for {held.rule.match.destination}")
        self._held[place] = held

    def withdraw(self, place: Place, held: Held, within_s: float) -> None:
        if place not in self._held:
            return
        said = self._held[place]
        command = withdraw_command(said.rule, self._neighbours[place[0]], self._mark(said.plan))
        if not self._ask(command, within_s):
            raise ProgramSilent(f"ExaBGP refused to withdraw the rule for {held.rule.match.destination}")
        del self._held[place]

    def peers(self) -> Sequence[Peer]:
        return [
            Peer(address, session.up, session.since_ms, session.families, "" if session.up else session.why)
            for address, session in self._sessions.items()
        ]

    def seen(self) -> Sequence[ReadBack]:
        return ()

    def give_up(self) -> None:
        """Sessions end with their process, and rules with their sessions."""
        with suppress(ProcessLookupError):
            os.kill(self._parent, signal.SIGKILL)

    def _mark(self, plan: int) -> str:
        return f"{self._settings.local_as}:{MARK}:{plan & 0xFFFF_FFFF}"

    def _ask(self, command: str, within_s: float = ACK_S) -> bool:
        """One command is one line of printable ASCII: what would be two is never said."""
        if not (command.isascii() and command.isprintable()):
            raise RuleRefused(f"{command!r} is not one line of ExaBGP's")
        os.write(self._commands, f"{command}\n".encode())
        until = time.monotonic() + within_s
        while not self._replies:
            left = until - time.monotonic()
            if left <= 0:
                raise ProgramSilent("ExaBGP does not answer")
            self._hear(left)
        return self._replies.popleft() == b"done"

    def _hear(self, timeout_s: float) -> None:
        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        if not poll.poll(timeout_s * 1000):
            return
        said = os.read(self._answers, 1 << 16)
        if not said:
            raise ProgramSilent("ExaBGP is gone")
        *lines, self._pending = (self._pending + said).split(b"\n")
        if len(self._pending) > EVENT_BYTES_MAX:
            raise ProgramSilent("ExaBGP talks without an end")
        for line in lines:
            if line in (b"done", b"error"):
                self._replies.append(line)
            elif line.startswith(b"{"):
                self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            event = _decode_event(line)
        except msgspec.MsgspecError:
            return
        if event.neighbor is None or (session := self._sessions.get(event.neighbor.address.peer)) is None:
            return
        if event.neighbor.negotiated is not None:
            families = event.neighbor.negotiated.families
            session.families = tuple(_FAMILIES[each] for each in families if each in _FAMILIES)
        if event.type == "state" and event.neighbor.state in ("up", "down"):
            session.up = event.neighbor.state == "up"
            session.since_ms = int(event.time * 1000)
            if session.up:
                session.ended = ""
            else:
                session.families = ()
                session.why = why_down(event.neighbor.reason, session.ended)
                session.ended = ended_by(event.neighbor.reason) or session.ended


def main() -> None:
    end_with_parent(signal.SIGKILL)
    run_hands(lambda folder: ExaBgp(read_settings(folder), sys.stdout.fileno(), sys.stdin.fileno()))


if __name__ == "__main__":
    main()
