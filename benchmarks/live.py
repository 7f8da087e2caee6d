"""Finding the highest rate that a collector takes over loopback without losing a datagram."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.datagrams import DatagramSet
from benchmarks.processes import udp_sockets, wait_until_drained
from benchmarks.sender import plan_for, send_in_a_process

PROBE_SECONDS = 2.0
PRECISION = 0.06
"""The search stops when the lossless and the lossy rate are this close."""

CONFIRMATIONS_MAX = 12
"""A rate that held for a moment is lowered so often at most, to half, until it holds for long."""

LATE_SHARE_MAX = 0.03
"""A sender that ran this much longer than planned could not keep the pace: the rate was not offered."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One run: what was sent a second, what the kernel dropped at the socket, what the collector left
    uncounted.
    """

    records_per_s: float
    seconds: float
    sent: int
    dropped: int
    kept_pace: bool

    @property
    def lossless(self) -> bool:
        return self.dropped == 0 and self.kept_pace


def offer(
    datagrams: DatagramSet, ring: Path, port: int, *, core: int, records_per_s: float, seconds: float
) -> Offer:
    """Send at the rate for that long and read the drops of the port's sockets."""
    before = udp_sockets(port).drops
    plan = plan_for(
        datagrams, ring, port, core=core, datagrams_per_s=records_per_s / datagrams.records, seconds=seconds
    )
    sent = send_in_a_process(plan, ring.parent)
    wait_until_drained(port)
    return Offer(
        records_per_s=sent.datagrams * datagrams.records / sent.seconds,
        seconds=sent.seconds,
        sent=sent.datagrams,
        dropped=udp_sockets(port).drops - before,
        kept_pace=sent.late_s <= LATE_SHARE_MAX * seconds,
    )


def highest_lossless(
    try_rate: Callable[[float, float], Offer], start: float, ceiling: float, confirm_seconds: float
) -> tuple[Offer | None, list[Offer]]:
    """Double from `start` until loss, halve the gap until it is small, then confirm for longer, lower at
    each loss.

    `try_rate(records_per_s, seconds)` makes one offer. Returns the confirmed offer (None where even a
    hundredth of `start` lost datagrams) and everything that was tried.
    """
    tried: list[Offer] = []

    def lossless(rate: float, seconds: float) -> bool:
        tried.append(try_rate(rate, seconds))
        return tried[-1].lossless

    good, bad, rate = 0.0, ceiling * 1.001, start
    while rate < bad and lossless(rate, PROBE_SECONDS):
        good, rate = rate, rate * 2
    bad = min(bad, rate)
    while good == 0.0 and bad > start / 100:
        if lossless(bad / 2, PROBE_SECONDS):
            good = bad / 2
        else:
            bad /= 2
    while good and bad - good > PRECISION * good:
        middle = (good + bad) / 2
        good, bad = (middle, bad) if lossless(middle, PROBE_SECONDS) else (good, middle)
    for _ in range(CONFIRMATIONS_MAX if good else 0):
        if lossless(good, confirm_seconds):
            return tried[-1], tried
        good *= 0.94
    return None, tried


class Folder:
    """A temporary folder that is removed on leaving, wherever the child that used it wrote."""

    def __enter__(self) -> Path:
        self._path = Path(tempfile.mkdtemp(prefix="tidegate-benchmark-"))
        return self._path

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._path, ignore_errors=True)
