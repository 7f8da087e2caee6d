"""Two hundred attacks over loopback into a running node, and when each one's AttackDetected was
recorded.

Run as `python -m benchmarks.delay PLAN` it is the exporter: sFlow samples of ordinary traffic and of
attacks, each sent when its time comes, from a core of its own; it prints when each attack's first datagram
left.
"""

import heapq
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from benchmarks.datagrams import SAMPLES, SFLOW_RATE, DatagramSet, frames, sflow5
from benchmarks.figure import Settings
from benchmarks.live import Folder
from benchmarks.mix import Mix, ordinary_mix
from benchmarks.processes import pin, put_first
from benchmarks.tidegate_run import settle, tidegate_running

ATTACKS = 200
EVERY_S = 0.35
"""One attack begins in each such span, at a random moment of it: phases within the second are spread
evenly.
"""

LASTS_S = 10.0
ORDINARY_SAMPLES_PER_S = 1000
RING = 64
"""Different datagrams made for one attack; they are sent round and round with new sequence numbers."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of attack: header fields of its packets, their IP bytes, and how many packets a second."""

    protocol: int
    src_port: int
    flags: int
    packet_bytes: int
    packets_per_s: float


SHAPES = (
    Shape(17, 123, 0, 468, 400e3),
    Shape(17, 389, 0, 1400, 90e3),
    Shape(6, 0, 2, 44, 300e3),
    Shape(17, 53, 0, 1400, 120e3),
    Shape(1, 0, 0, 1000, 100e3),
)
"""NTP, CLDAP, SYN, DNS and ICMP: 0.1 to 1.5 Gb/s, from above every default floor to six times it."""


class Plan(msgspec.Struct, frozen=True):
    port: int
    core: int
    attacks: int
    seed: int


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds from first datagram to fact, one for each detected attack, and the persistence that is
    part of them.
    """

    delays_s: list[float]
    persistence_s: int
    notes: tuple[str, ...]


def target_of(number: int) -> int:
    """Each attack hits a host in a /16 of its own, so that two are never one."""
    return 0x1400_0000 + (number << 16) + 0x0107


def attack_mix(rng: np.random.Generator, shape: Shape, target: int) -> Mix:
    count = RING * SAMPLES
    drawn = rng.integers(1024, 65_535, (2, count)).astype(np.uint16)
    return replace(
        ordinary_mix(rng, count),
        src=rng.integers(0x0B00_0000, 0xDF00_0000, count).astype(np.uint32),
        dst=np.full(count, target, np.uint32),
        packets=np.ones(count, np.uint32),
        bytes=np.full(count, shape.packet_bytes, np.uint32),
        protocol=np.full(count, shape.protocol, np.uint8),
        tcp_flags=np.full(count, shape.flags, np.uint8),
        src_port=np.full(count, shape.src_port, np.uint16) if shape.src_port else drawn[0],
        dst_port=drawn[1],
    )


def _only_ipv4(made: DatagramSet, mix: Mix, packet_bytes: int) -> DatagramSet:
    """The set's headers made again without IPv6."""
    lengths = np.full(len(mix), packet_bytes + 14)
    headers = frames(mix, np.zeros(len(mix), np.bool_), lengths)
    made.datagrams["flow_samples"]["header"] = headers.reshape(RING, SAMPLES, -1)
    made.datagrams["flow_samples"]["frame_length"] = packet_bytes + 18
    return made


class _Stream:
    """One traffic's datagrams: raw bytes to be numbered and sent in turn, `gap_s` apart on average."""

    def __init__(self, made: DatagramSet, samples_per_s: float, begins_s: float, ends_s: float) -> None:
        self.raw: npt.NDArray[np.uint8] = made.datagrams.view(np.uint8).reshape(len(made.datagrams), -1)
        self.gap_s = SAMPLES / samples_per_s
        self.begins_s, self.ends_s = begins_s, ends_s
        self.sent = 0

    def next(self, sequence: int) -> bytes:
        row = self.raw[self.sent % len(self.raw)]
        row[16:20] = np.frombuffer(sequence.to_bytes(4, "big"), np.uint8)
        self.sent += 1
        return bytes(row)


def streams_of(plan: Plan) -> list[_Stream]:
    """The ordinary traffic first, then the attacks in order."""
    rng = np.random.default_rng(plan.seed)
    lasts = plan.attacks * EVERY_S + LASTS_S
    ordinary = sflow5(ordinary_mix(rng, 70_000), rng)
    streams = [_Stream(ordinary, ORDINARY_SAMPLES_PER_S, 0.0, 3.0 + lasts)]
    for number in range(plan.attacks):
        shape = SHAPES[number % len(SHAPES)]
        mix = attack_mix(rng, shape, target_of(number))
        made = _only_ipv4(sflow5(mix, rng), mix, shape.packet_bytes)
        begins = 3.0 + (number + rng.random()) * EVERY_S
        streams.append(_Stream(made, shape.packets_per_s / SFLOW_RATE, begins, begins + LASTS_S))
    return streams


def export(plan: Plan) -> list[int]:
    """Send everything in its time; when each attack's first datagram left, milliseconds UTC."""
    pin(plan.core)
    put_first(os.getpid())
    streams = streams_of(plan)
    rng = np.random.default_rng(plan.seed + 1)
    due = [(stream.begins_s, number) for number, stream in enumerate(streams)]
    heapq.heapify(due)
    first_ms = [0] * len(streams)
    sequence = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.connect(("127.0.0.1", plan.port))
        began = time.perf_counter()
        while due:
            moment, number = heapq.heappop(due)
            stream = streams[number]
            time.sleep(max(0.0, began + moment - time.perf_counter()))
            sequence += 1
            datagram = stream.next(sequence)
            if stream.sent == 1:
                first_ms[number] = time.time_ns() // 1_000_000
            with suppress(ConnectionRefusedError):  # nobody listens just now: an exporter goes on
                out.send(datagram)
            following = moment + stream.gap_s * rng.gamma(SAMPLES) / SAMPLES
            if following < stream.ends_s:
                heapq.heappush(due, (following, number))
    return first_ms[1:]


def detected_ms(state: Path) -> dict[str, int]:
    """When AttackDetected was recorded, by target as written, from the node's own store."""
    from tidegate.adapters.sql.engine import open_database
    from tidegate.adapters.sql.store import SqlFactStore

    path = next(one for one in sorted(state.iterdir()) if _is_sqlite(one))
    database = open_database(f"sqlite:///{path}", "refuse")
    try:
        found: dict[str, int] = {}
        for fact in SqlFactStore(database).facts(0, 1 << 40):
            if fact.kind == "AttackDetected":
                for target in json.loads(fact.body)["fact"]["attack"]["targets"]:
                    found.setdefault(target, fact.at_ms)
        return found
    finally:
        database.close()


def _is_sqlite(path: Path) -> bool:
    return path.is_file() and path.read_bytes()[:15] == b"SQLite format 3"


def measure_delays(settings: Settings, attacks: int) -> Delays:
    """Start a node, let the exporter send, stop the node, and compare the times."""
    from tidegate.detect.settings import DetectionSettings

    with Folder() as folder:
        path = folder / "plan.json"
        with tidegate_running(folder, settings.collector_core) as running:
            settle(3.0)
            plan = Plan(running.port, settings.sender_core, attacks, settings.seed)
            path.write_bytes(msgspec.json.encode(plan))
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.delay", str(path)],
                capture_output=True,
                cwd=Path(__file__).parent.parent,
                check=False,
                start_new_session=True,
            )
            if done.returncode:
                raise RuntimeError(done.stderr.decode(errors="replace"))
            settle(4.0)
            state = running.state
        first = msgspec.json.decode(done.stdout, type=list[int])
        found = detected_ms(state)
    wanted = [f"{address >> 24}.{address >> 16 & 255}.1.7/32" for address in map(target_of, range(attacks))]
    delays = [(found[one] - sent) / 1000 for one, sent in zip(wanted, first, strict=True) if one in found]
    others = sorted(found.keys() - set(wanted))
    asked = DetectionSettings()
    notes = [
        f"sFlow 1:{SFLOW_RATE}, {len(SHAPES)} kinds of attack in turn, one begins every {EVERY_S} s on "
        f"average and lasts {LASTS_S:.0f} s, over ordinary traffic of {ORDINARY_SAMPLES_PER_S} samples/s; "
        f"{asked.persistence_seconds} of {asked.persistence_window_seconds} s persistence",
    ]
    if others:
        notes.append(f"also detected: {', '.join(others[:10])}")
    return Delays(delays, asked.persistence_seconds, tuple(notes))


if __name__ == "__main__":
    told = export(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Plan))
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
