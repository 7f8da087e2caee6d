"""The hands: a small process that carries out the speaker's table on a BGP program, and lets go by itself.

It knows every lease's end on the machine's own clock. It withdraws a rule before its lease ends whether or
not the speaker's process still runs, and takes everything back when that process falls silent.
"""

import fcntl
import logging
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from tidegate.adapters.border.children import kill_process
from tidegate.adapters.border.frames import Frames, Held, Peer, Table, Told, packed
from tidegate.adapters.border.leases import Place, place_of
from tidegate.adapters.border.places import HANDS_NAME, connect_to
from tidegate.adapters.border.timing import ACK_S, EARLY_NS, LAPSE_ACK_S, SILENCE_NS, TICK_S
from tidegate.adapters.clock import boot_ns
from tidegate.model.refusals import Malformed
from tidegate.ports.border import ReadBack

HANDS_LOCK: Final = "hands.lock"
FOLDER_VARIABLE: Final = "TIDEGATE_SPEAKER"
"""Environment variable of the hands: the speaker's private folder."""

LINK_S: Final = 3.0
"""A speaker's process that does not take an answer within this is stopped."""

log = logging.getLogger("tidegate.border")


class ProgramSilent(Exception):
    """The BGP program does not answer, or not as it should: only ending it leaves no rule."""


class RuleRefused(Exception):
    """The BGP program refused one rule, in its words."""


class Program(Protocol):
    """A BGP program as the hands use it. Any call may raise ProgramSilent."""

    def held(self) -> dict[Place, Held]:
        """What it holds of ours now, leftovers included; a rule that no lease covers has `ends_ns` 0."""

    def announce(self, held: Held) -> None:
        """Announce, or replace what stands in its place. RuleRefused leaves nothing in its place."""

    def withdraw(self, place: Place, held: Held, within_s: float) -> None: ...

    def peers(self) -> Sequence[Peer]: ...

    def seen(self) -> Sequence[ReadBack]:
        """What the program says that it sent to each border point, where it can tell."""

    def give_up(self) -> None:
        """Leave no rule: at once, by any means, without an exception."""


class Hands:
    """One life: from the first table until the speaker's process is silent or gone, or its program is."""

    def __init__(self, link: socket.socket, program: Program, now_ns: Callable[[], int] = boot_ns) -> None:
        self._link = link
        self._program = program
        self._now_ns = now_ns
        self._frames: Frames[Table] = Frames(Table)
        self._wanted: dict[Place, Held] = {}
        self._number = 0
        self._refused: dict[Place, str] = {}
        self._heard_ns = now_ns()

    def live(self) -> None:
        """Runs until it has to give up; whatever ends it, nothing stays announced."""
        try:
            self._link.settimeout(LINK_S)
            while self._now_ns() - self._heard_ns < SILENCE_NS:
                self.turn(TICK_S)
            log.error("the speaker's process is silent: every rule is taken back")
        except (OSError, Malformed, ProgramSilent) as error:
            log.error("the border's hands let go of everything: %s", error)
        finally:
            self._program.give_up()

    def turn(self, timeout_s: float) -> None:
        told = self._listen(timeout_s)
        self._let_go()
        if told:
            self._carry_out()
            self._tell()

    def _listen(self, timeout_s: float) -> bool:
        poll = select.poll()
        poll.register(self._link, select.POLLIN)
        if not poll.poll(timeout_s * 1000):
            return False
        received = self._link.recv(1 << 16)
        if not received:
            raise ConnectionResetError("the speaker's process is gone")
        tables = self._frames.feed(received)
        if not tables:
            return False
        self._heard_ns = self._now_ns()
        self._number = tables[-1].number
        self._wanted = {place_of(each): each for each in tables[-1].held}
        self._refused = {place: why for place, why in self._refused.items() if place in self._wanted}
        return True

    def _let_go(self) -> None:
        """What ends soon is not wanted any more, whatever the last table said."""
        soon_ns = self._now_ns() + EARLY_NS
        ending = [place for place, each in self._wanted.items() if each.ends_ns <= soon_ns]
        for place in ending:
            self._program.withdraw(place, self._wanted.pop(place), LAPSE_ACK_S)

    def _carry_out(self) -> None:
        """Withdrawals first: a router's budget of rules may be full."""
        held = self._program.held()
        for place, each in held.items():
            if place not in self._wanted:
                self._program.withdraw(place, each, ACK_S)
        for place, each in self._wanted.items():
            if place in self._refused or (
                place in held and held[place].rule == each.rule and held[place].ends_ns
            ):
                continue
            try:
                self._program.announce(each)
            except RuleRefused as error:
                self._refused[place] = str(error)

    def _tell(self) -> None:
        told = Told(
            number=self._number,
            held=tuple(self._program.held().values()),
            refused=tuple(self._refused.values()),
            peers=tuple(self._program.peers()),
            seen=tuple(self._program.seen()),
        )
        self._link.sendall(packed(told))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Earlier hands that are still clearing up are waited for; those that were stopped are ended."""
    with (folder / HANDS_LOCK).open("a+") as lock:
        until_ns = boot_ns() + SILENCE_NS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if boot_ns() > until_ns:
                    lock.seek(0)
                    kill_process(int(lock.read() or 0) or None)
                time.sleep(TICK_S)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def run_hands(program: Callable[[Path], Program]) -> None:
    """The life of the hands' process, in the folder that its environment names.

    Where no speaker's process listens there, all there is to do is to clear up.
    """
    logging.basicConfig(format="tidegate border hands: %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    folder = Path(os.environ[FOLDER_VARIABLE])
    with _alone(folder):
        fed = program(folder)
        try:
            link = connect_to(folder, HANDS_NAME)
        except OSError:
            fed.give_up()
            return
        with link:
            Hands(link, fed).live()
