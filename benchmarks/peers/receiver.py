"""No program but the bare system call: what receiving alone takes on this machine, under the same sender."""

import sys
from pathlib import Path

from benchmarks.datagrams import RECORDS
from benchmarks.peers.peer import Peer


def prepare(folder: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "benchmarks.plain_receiver", str(port), str(folder / "received")]


def records(folder: Path) -> int | None:
    return RECORDS * int((folder / "received").read_text())


RECEIVER = Peer("recvmmsg alone", sys.executable, "", prepare, records)
