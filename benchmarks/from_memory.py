"""Decoding and counting datagrams that already lie in memory, on one core: the collector without its
socket.
"""

import os
import time
from dataclasses import dataclass

import numpy as np

from benchmarks.datagrams import EXPORT_S, DatagramSet
from benchmarks.figure import Figure, Settings
from benchmarks.processes import pin
from benchmarks.report import number
from tidegate.model.datagrams import DatagramBlock

BLOCK_DATAGRAMS = 1024
"""Datagrams handed to the decoder at once, as the collector does."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one simulated second took."""

    records: int
    wall_s: float
    cpu_s: float
    closing_s: float


def blocks_of(datagrams: DatagramSet, source_low: int, received_ms: int) -> list[DatagramBlock]:
    """The set's datagrams cut into blocks that share its memory."""
    size = datagrams.datagrams.itemsize
    flat = datagrams.datagrams.view(np.uint8).reshape(-1)
    blocks = []
    for first in range(0, len(datagrams.datagrams), BLOCK_DATAGRAMS):
        count = min(BLOCK_DATAGRAMS, len(datagrams.datagrams) - first)
        blocks.append(
            DatagramBlock(
                data=flat[first * size : (first + count) * size],
                starts=np.arange(count, dtype=np.int64) * size,
                lengths=np.full(count, size, np.int64),
                source_high=np.zeros(count, np.uint64),
                source_low=np.full(count, source_low, np.uint64),
                received_ms=np.full(count, received_ms, np.int64),
            )
        )
    return blocks


def measure_from_memory(
    settings: Settings, datagrams: DatagramSet, records_per_second: int, seconds: int
) -> list[Work]:
    """Feed `records_per_second` in each of so many simulated seconds, closing each; the first two warm
    up.
    """
    from tidegate.detect.counting import SecondCounter
    from tidegate.detect.settings import CountingSettings
    from tidegate.wire.telemetry import TelemetryDecoder

    cores = os.sched_getaffinity(0)
    pin(settings.collector_core)
    try:
        decoder, counter = TelemetryDecoder(), SecondCounter(CountingSettings())
        if datagrams.opening:
            opening = DatagramBlock.of(datagrams.opening, "127.0.0.1", EXPORT_S * 1000)
            for batch in decoder.decode(opening):
                counter.count(batch, EXPORT_S * 1000)
        rounds = max(1, round(records_per_second / (len(datagrams.datagrams) * datagrams.records)))
        done, number_sent, stamped = [], 0, EXPORT_S
        for second in range(EXPORT_S + 1, EXPORT_S + 3 + seconds):
            datagrams.stamp(second, stamped)
            stamped = second
            work = Work(0, 0.0, 0.0, 0.0)
            for _ in range(rounds):
                datagrams.number(number_sent)
                number_sent += len(datagrams.datagrams)
                work = _add(work, _feed(decoder, counter, datagrams, second))
            done.append(_add(work, _close(decoder, counter, second)))
        return done[2:]
    finally:
        os.sched_setaffinity(0, cores)


def _add(one: Work, other: Work) -> Work:
    return Work(
        one.records + other.records,
        one.wall_s + other.wall_s,
        one.cpu_s + other.cpu_s,
        one.closing_s + other.closing_s,
    )


def _feed(decoder, counter, datagrams: DatagramSet, second: int) -> Work:  # type: ignore[no-untyped-def]
    blocks = blocks_of(datagrams, 0xFFFF_7F00_0001, second * 1000)
    records = 0
    wall, cpu = time.perf_counter(), time.process_time()
    for block in blocks:
        for batch in decoder.decode(block):
            counter.count(batch, second * 1000)
            records += len(batch)
    took = Work(records, time.perf_counter() - wall, time.process_time() - cpu, 0.0)
    expected = len(datagrams.datagrams) * datagrams.records
    if records != expected:
        raise RuntimeError(f"{records} records decoded, {expected} were there; refused: {decoder.refused()}")
    return took


def _close(decoder, counter, second: int) -> Work:  # type: ignore[no-untyped-def]
    wall, cpu = time.perf_counter(), time.process_time()
    counter.close_second(second, decoder.exporters, decoder.refused(), 0)
    wall_s = time.perf_counter() - wall
    return Work(0, wall_s, time.process_time() - cpu, wall_s)


def figure_of(work: list[Work], unit: str) -> Figure:
    """The median second, by wall clock, with the processor's own time and the closing beside it."""
    wall = sorted(one.records / one.wall_s for one in work)
    cpu = sorted(one.records / one.cpu_s for one in work)
    middle = wall[len(wall) // 2]
    closing_ms = 1000 * sorted(one.closing_s for one in work)[len(work) // 2]
    return Figure(
        value=middle,
        shown=number(middle, unit),
        notes=(
            f"median of {len(work)} simulated seconds of {work[0].records:,} records; slowest "
            f"{wall[0] / 1e6:.3g}, fastest {wall[-1] / 1e6:.3g} million/s; by CPU time "
            f"{cpu[len(cpu) // 2] / 1e6:.3g} million/s; closing a second took {closing_ms:.0f} ms of it",
        ),
    )
