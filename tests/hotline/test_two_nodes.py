"""Two nodes as people run them, founded by commands, on real sockets: a word where no message comes."""

import json
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.hotline.test_identity_commands import Side, meet
from tidegate.__main__ import PARTS
from tidegate.adapters.hotline import locked
from tidegate.app.hotline.serving import open_serving
from tidegate.app.settings import Config, HotlineSection
from tidegate.cli.door import front
from tidegate.cli.exits import Exit

PATIENCE_S = 40
NARROW_BYTES = 700
"""A word's datagram has half as many bytes; each piece of a sealed message has more."""


class Wire:
    """Carries datagrams to one port; while it is narrow, only short ones."""

    def __init__(self, to: int) -> None:
        self.narrow = False
        self._to = ("127.0.0.1", to)
        self._front, self._ends = udp(), dict[tuple[str, int], socket.socket]()
        self.port: int = self._front.getsockname()[1]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        for one in (self._front, *self._ends.values()):
            one.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            ready, _, __ = select.select([self._front, *self._ends.values()], [], [], 0.05)
            for one in ready:
                body, source = one.recvfrom(65_535)
                if self.narrow and len(body) > NARROW_BYTES:
                    continue
                if one is self._front:
                    end = self._ends.get(source) or self._ends.setdefault(source, udp())
                    end.sendto(body, self._to)
                else:
                    caller = next(caller for caller, end in self._ends.items() if end is one)
                    self._front.sendto(body, caller)


def udp() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    return made


def free_port() -> int:
    with udp() as asked:
        port: int = asked.getsockname()[1]
    return port


class RunningNode:
    """One side's node, turned by a thread of its own."""

    def __init__(self, side: Side, section: HotlineSection, afterwards: ExitStack) -> None:
        passphrase = (side.path / "station.pass").read_text().strip()
        self._stopping, self._started = threading.Event(), threading.Event()
        config = Config(hotline=section)

        def run() -> None:
            with open_serving(side.parts, config, side.state, lambda: passphrase) as serving:
                self._started.set()
                while not self._stopping.is_set():
                    serving.turn()
                    time.sleep(0.002)

        thread = threading.Thread(target=run)
        thread.start()
        afterwards.callback(thread.join)
        afterwards.callback(self._stopping.set)
        assert self._started.wait(PATIENCE_S)


def until(true: Callable[[], bool], what: str) -> None:
    for _ in range(PATIENCE_S * 20):
        if true():
            return
        time.sleep(0.05)
    pytest.fail(f"it never came true: {what}")


@pytest.fixture
def afterwards() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def listed(side: Side, what: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in typed(side, what, "--json").splitlines()]


def test_a_coded_word_comes_through_where_its_message_does_not_and_r1_is_the_message_s(
    tmp_path: Path, afterwards: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locked, "MEMORY_KIB", 64)
    clock = PARTS.clock()
    sides = [Side(tmp_path / name, clock) for name in ("xa", "xb")]  # type: ignore[arg-type]
    ports, wires = [free_port() for _ in sides], []
    for side, port in zip(sides, ports, strict=True):
        wires.append(Wire(port))
        afterwards.callback(wires[-1].stop)
        name = side.path.name.upper()
        side.found(f"{name}-CERT", name)
        side.types(f"card set --endpoint udp://127.0.0.1:{wires[-1].port}")
        side.types("card sign --root @root.key")
    xa, xb = sides
    meet(xa, xb)
    meet(xb, xa)
    for side, port in zip(sides, ports, strict=True):
        signal = HotlineSection(listen=(), listen_signal=(f"127.0.0.1:{port}",), drill_every_hours=0)
        RunningNode(side, signal, afterwards)
    for one, other in ((xa, xb), (xb, xa)):  # keys for datagrams go by hand, since no other path is there
        until(partial(exported, one), "a key is given")
        other.types(f"import {one.path}/keys.tgx")
    until(lambda: all(alive(side) for side in sides), "the two hear each other")
    for wire in wires:
        wire.narrow = True
    said = json.loads(xa.types("flash call-us --to XB-CERT --mark DRILL --key @anna.key --yes --json"))
    until(lambda: bool(board(xb)["words"]), "the word is heard")
    (word,) = board(xb)["words"]
    assert (word["code"], word["mark"], word["message"]) == ("call-us", "DRILL", said["message"])
    assert "DRILL FLASH" in xb.types("inbox --language fa", Exit.FINDING)
    assert "همین حالا با ما" in xb.types("status --language fa", Exit.FINDING)
    assert "Coded word heard" in xa.types("outbox")
    assert copy_of(xa)["r1_s"] is None
    for wire in wires:
        wire.narrow = False
    until(lambda: copy_of(xa)["r1_s"] is not None, "the message is receipted")
    assert not board(xb)["words"]
    (came,) = listed(xb, "inbox")
    assert (came["word"], came["about"]["mark"]) == ("call-us", "DRILL")


def exported(side: Side) -> bool:
    """Whether something waited for the other."""
    other = "XB-CERT" if side.path.name == "xa" else "XA-CERT"
    typed(side, "export", other, "--file", f"{side.path}/keys.tgx")
    return (side.path / "keys.tgx").exists()


def typed(side: Side, *arguments: str) -> str:
    """Whatever the exit code is."""
    return CliRunner().invoke(front, ["hotline", *arguments], obj=side.parts, standalone_mode=False).output


def board(side: Side) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(typed(side, "status", "--json"))
    return told


def alive(side: Side) -> bool:
    return any(path["state"] == "alive" for peer in board(side)["peers"] for path in peer["paths"])


def copy_of(side: Side) -> dict[str, Any]:
    (sent,) = listed(side, "outbox")
    copy: dict[str, Any] = sent["copies"][0]
    return copy
