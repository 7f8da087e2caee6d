"""How a year's record grows: the year is recorded at its own density from its first day on, and at some
points the node is closed, opened again and asked.

`python -m benchmarks.year_growth --until 0.15` records the first 15 % of a year that begins in March, so that
the answer about March is the whole year's from a twelfth on. It tells each point as it comes, so that a run
that is cut short has told something. The console's questions are asked of the same record.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from benchmarks.console import Asked, Took, asked_of
from benchmarks.live import Folder
from benchmarks.year import (
    BETWEEN_CHECKPOINTS,
    BURSTS_A_YEAR,
    YEAR_MS,
    Ran,
    Shield,
    SimulatedClock,
    Year,
    bytes_on_disk,
    march,
    question_s,
    ran,
)
from tidegate.__main__ import PARTS

MARCH_MS = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
POINTS = (0.0002, 0.002, 0.018, 0.024, 0.05, 0.07, 0.085, 0.1, 0.125, 0.15, 0.2, 0.35, 0.5, 0.75)
ASKED_TIMES = 3


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What a record of so many facts takes to open and to ask. `opening` and `answer` are whole processes,
    the middle of three by processor time."""

    facts: int
    facts_since_checkpoint: int
    opening: Ran
    answer: Ran
    question_s: float
    console: Asked


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """How far the year has come. Rate and size are of what came since the point before, by processor time and
    without counts."""

    share: float
    gigabytes: float
    bytes_a_fact: float
    facts_a_cpu_s: float
    record: Record


class Growing:
    """The year as far as it has come."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder, self._seed = folder, seed
        self._shield = Shield(folder, Year(random.Random(seed)))
        self._before = (0, 0, 0.0)

    def points(self, until: float) -> Iterator[Point]:
        ahead = [share for share in POINTS if share < until] + [until]
        for at in range(BURSTS_A_YEAR):
            self._shield.burst(MARCH_MS + YEAR_MS * at // BURSTS_A_YEAR)
            # Opening is to read nearly all that it may have to.
            far = self._shield.since_checkpoint() > BETWEEN_CHECKPOINTS // 2
            if (at + 1) / BURSTS_A_YEAR >= ahead[0] and (far or at + 1 == BURSTS_A_YEAR):
                yield self._point(ahead.pop(0))
                if not ahead:
                    break
        self._shield.close()

    def _point(self, share: float) -> Point:
        shield, recording = self._shield, self._shield.recording
        since_checkpoint = shield.since_checkpoint()
        shield.close()
        whole_bytes, of_counts = bytes_on_disk(self._folder)
        facts, stored_bytes, cpu_s = self._before
        self._before = recording.facts, whole_bytes - of_counts, recording.cpu_s
        point = Point(
            share=share,
            gigabytes=whole_bytes / 1e9,
            bytes_a_fact=(self._before[1] - stored_bytes) / (recording.facts - facts),
            facts_a_cpu_s=(recording.facts - facts) / (recording.cpu_s - cpu_s),
            record=record_of(self._folder, recording.facts, since_checkpoint, shield.clock.at_ms, self._seed),
        )
        shield.open("refuse")
        return point


def record_of(folder: Path, facts: int, since_checkpoint: int, at_ms: int, seed: int) -> Record:
    """Of the record in `folder`, which nobody has open, at that time of its year."""
    clock = SimulatedClock()
    clock.at_ms = at_ms
    return Record(
        facts=facts,
        facts_since_checkpoint=since_checkpoint,
        opening=middle([ran("benchmarks.year", "--open", str(folder)) for _ in range(ASKED_TIMES)]),
        answer=middle([march(folder) for _ in range(ASKED_TIMES)]),
        question_s=sorted(question_s(folder) for _ in range(5))[2],
        console=asked_of(folder, facts, seed, replace(PARTS, clock=lambda: clock)),
    )


def middle(runs: list[Ran]) -> Ran:
    return sorted(runs, key=lambda run: run.cpu_s)[len(runs) // 2]


def lines(point: Point) -> Iterator[str]:
    yield f"{point.share:.2%} of the year: {point.record.facts:,} facts, {point.gigabytes:.2f} GB"
    rate = f"{point.facts_a_cpu_s:,.0f} facts a second of processor time"
    yield f"  {point.bytes_a_fact:.0f} bytes a fact, {rate}"
    yield from lines_of(point.record)


def lines_of(record: Record) -> Iterator[str]:
    opening = f"{record.opening.cpu_s:.2f} s of processor time, {record.opening.wall_s:.1f} s"
    yield f"  opening {opening}, {record.facts_since_checkpoint:,} facts since the checkpoint"
    answer = f"{record.answer.cpu_s:.2f} s of processor time, {record.answer.wall_s:.1f} s"
    rows = len(record.answer.said.splitlines())
    yield f"  March {answer}, {rows} rows; the question alone {record.question_s * 1000:.0f} ms"
    for name, took in answers(record.console):
        yield f"  {name}: {took.cpu_ms:.1f} ms of processor time, {took.wall_ms:.1f} ms"


def answers(console: Asked) -> Iterator[tuple[str, Took]]:
    yield from console.took.items()
    yield "the situation, where no node answers", console.alone
    yield "the same, asked first since the console began", console.alone_first


@click.command()
@click.option("--until", default=0.15, show_default=True, help="Share of the year.")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="Keep the record there.")
@click.option("--seed", default=1, show_default=True)
def main(*, until: float, folder: Path | None, seed: int) -> None:
    """Record a year from its first day on, and tell what grows with it."""
    if folder is None:
        with Folder() as temporary:
            tell(temporary, until, seed)
    else:
        folder.mkdir(parents=True)  # never into one that holds anything
        tell(folder, until, seed)


def tell(folder: Path, until: float, seed: int) -> None:
    for point in Growing(folder, seed).points(until):
        click.echo("\n".join(lines(point)))


if __name__ == "__main__":
    main()
