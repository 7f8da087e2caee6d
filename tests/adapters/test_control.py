"""The control socket: whole questions, whole answers, bounded, and the kernel's word on who asks."""

import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tidegate.adapters import control
from tidegate.adapters.control import CONNECTIONS_MAX, CONTROL_NAME, FRAME_BYTES_MAX, SocketDoor, SocketLine
from tidegate.ports.control import ClearBorder, Cleared, ListPlans, Plans, Refused, ShowPlan, Unable
from tidegate.ports.outside import OutsideFailed


class Answering:
    """A node's thread that answers each number with that number, and remembers who asked."""

    def __init__(self, folder: Path) -> None:
        self.door = SocketDoor(folder)
        self.door.start()
        self.who: list[str] = []
        self.answers = True
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._loop)
        self._thread.start()

    def _loop(self) -> None:
        while not self._over.wait(0.005):
            for asked in self.door.waiting() if self.answers else ():
                self.who.append(asked.who)
                match asked.request:
                    case ShowPlan(999):
                        asked.answer(Refused("rule", "very long " * 100))
                    case ShowPlan(number):
                        asked.answer(Refused("rule", str(number)))
                    case ClearBorder():
                        asked.answer(Cleared(7))
                    case _:
                        asked.answer(Plans((), ()))

    def stop(self) -> None:
        self._over.set()
        self._thread.join()
        self.door.stop()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Answering]:
    answering = Answering(tmp_path)
    yield answering
    answering.stop()


def test_each_asker_gets_the_answer_to_his_own_question(node: Answering, tmp_path: Path) -> None:
    got: dict[int, object] = {}

    def ask(number: int) -> None:
        got[number] = SocketLine(tmp_path).ask(ShowPlan(number))

    askers = [threading.Thread(target=ask, args=[number]) for number in range(1, 9)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert got == {number: Refused("rule", str(number)) for number in range(1, 9)}


def test_the_kernel_says_who_asks(node: Answering, tmp_path: Path) -> None:
    assert SocketLine(tmp_path).ask(ClearBorder()) == Cleared(7)
    assert f"uid {os.getuid()}" in node.who[0]


def test_only_the_node_s_own_user_may_connect(node: Answering, tmp_path: Path) -> None:
    assert (tmp_path / CONTROL_NAME).stat().st_mode & 0o777 == 0o600


def test_a_folder_with_a_long_path_is_no_hindrance(tmp_path: Path) -> None:
    folder = tmp_path / ("d" * 120)
    folder.mkdir()
    node = Answering(folder)
    try:
        assert SocketLine(folder).ask(ListPlans()) == Plans((), ())
    finally:
        node.stop()


def test_where_no_node_runs_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutsideFailed, match="no node runs there"):
        SocketLine(tmp_path).ask(ListPlans())
    with pytest.raises(OutsideFailed, match="tidegate run"):
        SocketLine(tmp_path / "nowhere").ask(ListPlans())
    node = Answering(tmp_path)
    node.stop()
    with pytest.raises(OutsideFailed, match="no node runs there"):
        SocketLine(tmp_path).ask(ListPlans())


def raw(folder: Path, data: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(folder / CONTROL_NAME))
        link.sendall(data)
        link.shutdown(socket.SHUT_WR)
        return link.recv(1 << 16)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x00",
        struct.pack(">I", 5) + b"abc",
        struct.pack(">I", FRAME_BYTES_MAX + 1),
        struct.pack(">I", 4) + b"null",
        struct.pack(">I", 20) + b'{"type":"DropTables"}'[:20],
        struct.pack(">I", 1 << 16) + b"[" * (1 << 16),
    ],
    ids=["nothing", "a part", "cut short", "too long", "no question", "an unknown one", "too deep"],
)
def test_what_makes_no_sense_is_not_answered_and_hinders_nobody(
    data: bytes, node: Answering, tmp_path: Path
) -> None:
    with suppress(ConnectionResetError):  # it may hang up with some of it unread
        assert raw(tmp_path, data) == b""
    assert SocketLine(tmp_path).ask(ListPlans()) == Plans((), ())


def test_askers_beyond_the_bound_are_turned_away_and_the_others_are_served(
    node: Answering, tmp_path: Path
) -> None:
    silent = []
    for _ in range(CONNECTIONS_MAX):
        link = socket.socket(socket.AF_UNIX)
        link.connect(str(tmp_path / CONTROL_NAME))
        silent.append(link)
    patience = 200
    while True:  # the door takes them one after the other
        try:
            SocketLine(tmp_path).ask(ListPlans())
        except OutsideFailed:
            break
        patience -= 1
        assert patience, "one more than the bound was served"
    for link in silent:
        link.close()
    patience = 200
    while patience:
        try:
            assert SocketLine(tmp_path).ask(ListPlans()) == Plans((), ())
            return
        except OutsideFailed:
            patience -= 1
            time.sleep(0.01)
    pytest.fail("nobody is served any more")


def test_a_busy_node_is_told_and_not_waited_for_without_end(
    node: Answering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "ANSWER_S", 0.05)
    node.answers = False
    reply = SocketLine(tmp_path).ask(ListPlans())
    assert reply == control._BUSY


def test_an_answer_that_is_too_long_is_told_as_that(
    node: Answering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "FRAME_BYTES_MAX", 400)
    reply = SocketLine(tmp_path).ask(ShowPlan(999))
    assert isinstance(reply, Unable)
    assert reply.what == "the answer is too long"
