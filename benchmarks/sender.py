"""A sender that keeps its pace: prebuilt datagrams in small bursts, in a process and on a core of its own.

The kernel cuts each burst into its datagrams (UDP_SEGMENT): sending costs less than a third of what it
takes with sendmmsg, and the collector receives the same datagrams.

Run as `python -m benchmarks.sender PLAN`, where PLAN is a file that `write_plan` made; it prints one line
of JSON.
"""

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from benchmarks.datagrams import DatagramSet
from benchmarks.processes import pin, put_first

BURST = 32
"""Datagrams in one call: 0.2 ms of traffic at 4 million records a second, far below any socket's
queue.
"""

_UDP_SEGMENT = 103

NICENESS = -10
"""Asked for the sender, where the system grants it: what else runs on its core gives way."""


class Plan(msgspec.Struct, frozen=True):
    """What to send: `size` bytes a datagram, from `ring`, over and over, for `seconds` at
    `datagrams_per_s`.
    """

    port: int
    core: int
    ring: str
    size: int
    opening: list[bytes]
    secs_at: int
    sequence_at: int
    sequence_start: int
    sequence_step: int
    datagrams_per_s: float
    seconds: float
    first_number: int = 0


class Sent(msgspec.Struct, frozen=True):
    """What left: `datagrams` in `seconds`; `late_s` is how far the sender fell behind its plan in the
    end.
    """

    datagrams: int
    seconds: float
    late_s: float


def save_ring(datagrams: DatagramSet, path: Path) -> None:
    datagrams.datagrams.tofile(path)


def plan_for(
    datagrams: DatagramSet, ring: Path, port: int, *, core: int, datagrams_per_s: float, seconds: float
) -> Plan:
    fields = datagrams.datagrams.dtype.fields
    assert fields is not None
    return Plan(
        port=port,
        core=core,
        ring=str(ring),
        size=datagrams.datagrams.itemsize,
        opening=list(datagrams.opening),
        secs_at=fields["secs"][1] if "secs" in fields else -1,
        sequence_at=fields["sequence"][1],
        sequence_start=datagrams.sequence_start,
        sequence_step=datagrams.sequence_step,
        datagrams_per_s=datagrams_per_s,
        seconds=seconds,
    )


def send_in_a_process(plan: Plan, folder: Path) -> Sent:
    """Send the plan from a process of its own and wait for it; RuntimeError when it fails."""
    path = folder / "plan.json"
    path.write_bytes(msgspec.json.encode(plan))
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.sender", str(path)],
        capture_output=True,
        cwd=Path(__file__).parent.parent,
        check=False,
        start_new_session=True,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace"))
    return msgspec.json.decode(done.stdout, type=Sent)


class _Stamper:
    """Writes sequence numbers and export seconds into the ring as it goes round."""

    def __init__(self, plan: Plan, ring: npt.NDArray[np.uint8]) -> None:
        at = plan.sequence_at
        self._sequences = ring[:, at : at + 4].view(">u4")[:, 0]
        self._seconds = (
            ring[:, plan.secs_at : plan.secs_at + 4].view(">u4")[:, 0] if plan.secs_at >= 0 else None
        )
        self._start, self._step = plan.sequence_start, plan.sequence_step
        self._steps = np.arange(BURST, dtype=np.int64)

    def stamp(self, place: int, count: int, number: int) -> None:
        numbers = self._start + (number + self._steps[:count]) * self._step
        self._sequences[place : place + count] = numbers & 0xFFFF_FFFF
        if self._seconds is not None:
            self._seconds[place : place + count] = int(time.time())


def send(plan: Plan) -> Sent:
    """Send from this process, pinned to the plan's core."""
    pin(plan.core)
    put_first(os.getpid())
    with suppress(OSError):  # what else runs on its core must not break its pace
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    ring = np.fromfile(plan.ring, np.uint8).reshape(-1, plan.size)
    stamper = _Stamper(plan, ring)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
        out.connect(("127.0.0.1", plan.port))
        for datagram in plan.opening:
            out.send(datagram)
        out.setsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT, plan.size)
        number, total = plan.first_number, plan.first_number + int(plan.datagrams_per_s * plan.seconds)
        began = due = time.perf_counter()
        while number < total:
            while time.perf_counter() < due:
                pass
            place = number % len(ring)
            count = min(BURST, len(ring) - place, total - number)
            stamper.stamp(place, count, number)
            with suppress(ConnectionRefusedError):  # nobody listens: they are gone, as on a wire
                out.send(ring[place : place + count])
            number += count
            due = began + (number - plan.first_number) / plan.datagrams_per_s
        ended = time.perf_counter()
    count = number - plan.first_number
    return Sent(count, ended - began, max(0.0, ended - began - count / plan.datagrams_per_s))


if __name__ == "__main__":
    answer = send(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Plan))
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
