"""The life of the speaker's process: its sockets, its one loop, and its end."""

import fcntl
import logging
import os
import selectors
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tidegate.adapters.border.exabgp import mirror_address
from tidegate.adapters.border.frames import Request, Told
from tidegate.adapters.border.leases import Moment
from tidegate.adapters.border.links import Link
from tidegate.adapters.border.mirror import Heard, Mirror
from tidegate.adapters.border.places import (
    HANDS_NAME,
    LOCK_NAME,
    SOCKET_NAME,
    listen_at,
    private_folder,
    read_settings,
)
from tidegate.adapters.border.programs import EARS_NAME, BgpProgram, bgp_program, must_make_sense
from tidegate.adapters.border.speaker import Speaker
from tidegate.adapters.border.timing import SECOND_NS, TICK_S
from tidegate.adapters.clock import boot_ns
from tidegate.model.plans import Plan
from tidegate.model.refusals import Malformed
from tidegate.ports.border import Order
from tidegate.ports.clock import Clock

CLIENTS_MAX = 8
"""Connections of nodes at once; a further one is closed as it comes."""

ORPHANED_NS: Final = 15 * SECOND_NS
"""Without a node and without a rule for so long, the process ends; a node starts another."""

log = logging.getLogger("tidegate.border")


def speak(state_folder: Path, believe: Callable[[Order, Sequence[Plan]], None], wall: Clock) -> None:
    """Holds the sessions and the leases of the node whose state folder this is, until nobody needs it.

    `believe` verifies an order's approvals and asks the guard, beside the plans that are held; it raises
    NotAllowed for one that is not to be believed, and is called for each order anew. Returns at once where
    another such process runs.
    """
    folder = private_folder(str(state_folder))
    with ExitStack() as afterwards:
        if not _hold_alone(folder, afterwards):
            log.warning("another speaker's process holds %s", folder)
            return
        settings = read_settings(folder)
        must_make_sense(settings)
        mirrored = settings.mirror and settings.speaker == "exabgp"
        names = [(mirror_address(at), point.name) for at, point in enumerate(settings.border_points)]
        mirror = Mirror(names) if mirrored else None
        program = bgp_program(settings, folder)
        afterwards.callback(program.end_mirror)
        speaker = Speaker(settings, program, mirror, believe, lambda: Moment(boot_ns(), wall.now_ms()))
        afterwards.callback(_end, speaker, program)
        _Loop(folder, speaker, program, mirror, afterwards).run()


def _end(speaker: Speaker, program: BgpProgram) -> None:
    """Hands that find nobody to listen to clear up, for as long as it takes."""
    speaker.end()
    if not speaker.ended:
        program.start()


def _hold_alone(folder: Path, afterwards: ExitStack) -> bool:
    lock = afterwards.enter_context((folder / LOCK_NAME).open("a"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return True


class _Loop:
    """Reads whatever has something to say, and gives the speaker its turn, TICK_S apart at most."""

    def __init__(
        self,
        folder: Path,
        speaker: Speaker,
        program: BgpProgram,
        mirror: Mirror | None,
        afterwards: ExitStack,
    ) -> None:
        self._speaker, self._program, self._mirror = speaker, program, mirror
        self._selector = afterwards.enter_context(selectors.DefaultSelector())
        self._clients: set[Link[Request]] = set()
        self._lonely_ns = boot_ns()
        self._stopping = False
        accepting = (
            (EARS_NAME, self._take_ears),
            (HANDS_NAME, self._take_hands),
            (SOCKET_NAME, self._take_client),
        )
        for name, take in accepting:
            listening = afterwards.enter_context(listen_at(folder, name, CLIENTS_MAX))
            self._selector.register(listening, selectors.EVENT_READ, take)
            afterwards.callback((folder / name).unlink, missing_ok=True)

    def run(self) -> None:
        signal.signal(signal.SIGTERM, lambda *_: self._stop())
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the node, which then says what to do
        while not (self._stopping or self._speaker.ended or self._orphaned()):
            for key, _ in self._selector.select(TICK_S):
                key.data(key.fileobj)
            self._speaker.turn()
            self._program.keep_mirror()

    def _stop(self) -> None:
        self._stopping = True

    def _orphaned(self) -> bool:
        if self._clients or not self._speaker.holds_nothing:
            self._lonely_ns = boot_ns()
        return boot_ns() - self._lonely_ns > ORPHANED_NS

    def _take_client(self, listening: socket.socket) -> None:
        connection, _ = listening.accept()
        if len(self._clients) >= CLIENTS_MAX:
            connection.close()
            return
        client: Link[Request] = Link(connection, Request)
        self._clients.add(client)
        self._selector.register(connection, selectors.EVENT_READ, lambda _: self._hear_client(client))

    def _hear_client(self, client: Link[Request]) -> None:
        try:
            for request in client.receive():
                self._speaker.ask(client, request)
        except (OSError, Malformed):
            self._selector.unregister(client.connection)
            self._clients.discard(client)
            self._speaker.forget(client)
            client.close()

    def _take_hands(self, listening: socket.socket) -> None:
        connection, _ = listening.accept()
        hands: Link[Told] = Link(connection, Told)
        self._selector.register(connection, selectors.EVENT_READ, lambda _: self._hear_hands(hands))
        self._speaker.take_hands(hands)

    def _hear_hands(self, hands: Link[Told]) -> None:
        try:
            for told in hands.receive():
                self._speaker.hear(hands, told)
        except (OSError, Malformed) as error:
            self._selector.unregister(hands.connection)
            hands.close()
            self._speaker.lost(hands, f"its hands broke off ({error})")

    def _take_ears(self, listening: socket.socket) -> None:
        connection, _ = listening.accept()
        ears: Link[Heard] = Link(connection, Heard)
        self._selector.register(connection, selectors.EVENT_READ, lambda _: self._hear_ears(ears))

    def _hear_ears(self, ears: Link[Heard]) -> None:
        if self._mirror is None:
            return
        try:
            for heard in ears.receive():
                self._mirror.hear(heard)
        except (OSError, Malformed):
            self._selector.unregister(ears.connection)
            ears.close()
            self._mirror.deaf()
