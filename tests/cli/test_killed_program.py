"""The real program, node and collector, killed with SIGKILL while an attack goes on."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tidegate.model.addresses import words
from tidegate.model.flows import FlowRows, empty_rows
from tidegate.wire.netflow9 import encode_netflow9, encode_netflow9_sampling, encode_netflow9_templates

PATIENCE_S = 300.0
"""The first run on a machine compiles every kernel."""

PAUSE_S = 0.1

ALERT = """
import os, sys, time
time.sleep(1)
with open(sys.argv[1], "a") as told:
    print(os.environ["TIDEGATE_ALERT_NUMBER"], file=told)
"""


def flood(now_ms: int) -> FlowRows:
    """NTP answers towards 198.51.100.7."""
    rows = empty_rows(20)
    rows["family"], rows["protocol"], rows["has_ports"] = 4, 17, 1
    rows["src_low"] = words("203.0.113.1")[1] + np.arange(len(rows), dtype=np.uint64)
    rows["dst_low"] = words("198.51.100.7")[1]
    rows["src_port"], rows["dst_port"] = 123, 40_000
    rows["bytes"], rows["packets"] = 4680, 10
    rows["start_ms"] = rows["end_ms"] = now_ms
    return rows


class Router:
    """Tells its template and its sampling once, and then of the flood for as long as it runs."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.2", 0))
        self._sequence = 0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._tell)

    def start(self) -> None:
        self._send(encode_netflow9_templates(**self._header()))
        self._send(encode_netflow9_sampling(1000, **self._header()))
        self._thread.start()

    def end(self) -> None:
        self._ending.set()
        self._thread.join()
        self._socket.close()

    def _tell(self) -> None:
        while not self._ending.wait(PAUSE_S):
            header = self._header()
            self._send(encode_netflow9(flood(header["export_ms"]), **header))

    def _header(self) -> dict[str, int]:
        now_ms = time.time_ns() // 1_000_000
        return {"export_ms": now_ms, "uptime_ms": 3_600_000, "sequence": self._sequence}

    def _send(self, datagram: bytes) -> None:
        self._socket.sendto(datagram, ("127.0.0.1", self._port))
        self._sequence += 1


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Program:
    """`tidegate run` in a folder, whose alert command appends to a file, slowly."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.told = folder / "told"
        command = [sys.executable, "-c", ALERT, str(self.told)]
        (folder / "tidegate.toml").write_text(
            f'[collector]\nlisten = ["127.0.0.1:{self.port}"]\n[metrics]\nlisten = "off"\n'
            f"[alerts]\ncommand = {json.dumps(command)}\n"
        )
        self._options = ["--state", str(folder / "state"), "--config", str(folder / "tidegate.toml")]
        self._lines = 0

    def start(self) -> None:
        with (self.folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tidegate", "run", *self._options], stdout=log, stderr=log
            )
        self._lines = len(self.log())

    def log(self) -> list[str]:
        return (self.folder / "log").read_text().splitlines()

    def says(self, words: str) -> bool:
        """Whether it said so since it was started or last asked to be killed."""
        return any(words in line for line in self.log()[self._lines :])

    def until(self, reached: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not reached():
            assert time.monotonic() < end, "\n".join(self.log())
            assert self._process.poll() is None, "\n".join(self.log())
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill_collector(self) -> None:
        (collector,) = [one for one in children(self.pid) if "collect" in command_of(one)]
        self._lines = len(self.log())
        os.kill(collector, signal.SIGKILL)

    def kill(self) -> None:
        """The node alone; its collector must end by itself. (An alert command may finish what it does.)"""
        if self._process.poll() is not None:
            return
        family = descendants(self._process.pid)
        self._process.kill()
        self._process.wait()
        end = time.monotonic() + PATIENCE_S
        while left := [one for one in family if is_alive(one) and "collect" in command_of(one)]:
            assert time.monotonic() < end, f"orphans: {left}"
            time.sleep(0.02)

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(PATIENCE_S)

    def ask(self, *command: str) -> list[dict[str, object]]:
        ended = subprocess.run(
            [sys.executable, "-m", "tidegate", *command, *self._options, "--json"],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        return [json.loads(line) for line in ended.stdout.splitlines()]


def children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def descendants(process: int) -> list[int]:
    found = children(process)
    return found + [grandchild for child in found for grandchild in descendants(child)]


def command_of(process: int) -> list[str]:
    try:
        return Path(f"/proc/{process}/cmdline").read_text().split("\0")
    except OSError:
        return []


def is_alive(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path)
    program.start()
    yield program
    program.kill()


def test_whatever_is_killed_the_attack_goes_on_as_one_and_no_fact_is_lost(program: Program) -> None:
    program.until(lambda: program.says("collector ready"))
    router = Router(program.port)
    router.start()
    try:
        program.until(lambda: program.says("attack 1 detected"))
        program.kill()  # while the alert command runs
        program.start()
        program.kill()  # while starting
        program.start()
        program.until(lambda: program.says("collector ready"))
        program.kill_collector()
        program.until(lambda: program.says("collector restarted (killed by signal 9)"))
        program.until(lambda: hears(program))
        program.kill()
    finally:
        router.end()
    kept = program.ask("ledger", "head")[0]
    program.start()
    program.until(lambda: program.says("collector ready"))
    assert program.stop() == 0

    remembered = ["--size", str(kept["size"]), "--root", str(kept["root"])]
    assert program.ask("ledger", "verify", *remembered)[0]["intact"]
    (attack,) = program.ask("attacks")
    assert attack["number"] == 1
    life = program.ask("attacks", "show", "1")
    assert [change["change"] for change in life].count("detected") == 1
    assert "0" in program.told.read_text().split(), "the alert that was cut off was told after all"


def hears(program: Program) -> bool:
    """Whether the collector reads flows, whose template it was told before it was killed, at their rate."""
    note = json.loads((program.folder / "state" / "health.json").read_bytes())
    return any(
        one["records"] and not one["without_template"] and one["sampling_rate"] == 1000
        for one in note["exporters"]
        if note["process"] == program.pid
    )
