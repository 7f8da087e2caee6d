"""A year at the shield: facts about repelled attacks through `step` and the ledger, as a node records them.

33 million repelled attacks in a year are about one a second; they come in bursts of a thousand at once. Each
is two facts, `AttackDetected` and `AttackEnded`, with an alert to carry out for each. `python -m
benchmarks.year` records some of the year's bursts, evenly spread over it, and tells what the whole year would
take; with `--whole` it records all 66 million facts, which takes hours and about 25 GB.
"""

import random
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from benchmarks.live import Folder
from tidegate.adapters.sql.stores import SqlStores
from tidegate.app.attack_summary import attack_summary
from tidegate.app.checkpoint import CHECKPOINT_EVERY
from tidegate.app.node import Node
from tidegate.app.parts import IfMissing
from tidegate.app.places import DATABASE_NAME
from tidegate.model.attacks import Attack, Rate, VectorRate
from tidegate.model.facts import AttackDetected, AttackEnded, Fact
from tidegate.model.vectors import VECTORS

ATTACKS_A_YEAR = 33_000_000
FACTS_AN_ATTACK = 2
BURST = 1_000
BURSTS_A_YEAR = ATTACKS_A_YEAR // BURST
BEGIN_MS = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
DAYS = 365
YEAR_MS = DAYS * 86_400_000
RECORDED_AT_ONCE = 1_000
"""Facts that the detector would bring in one turn of the node, in the worst second of a burst."""

BETWEEN_CHECKPOINTS = -(-CHECKPOINT_EVERY // RECORDED_AT_ONCE) * RECORDED_AT_ONCE
"""A checkpoint is made after a turn, and not in one."""

POINTS = ("north", "south", "coast", "mountain", "harbour", "plain")
DEFAULT_BURSTS = 330
"""A hundredth of the year."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a run measured. `whole` is whether it was the year and not a part of it.

    `facts_per_s` is by the clock on the wall, from the first fact to the last, alerts carried out and all on
    disk; `slowest_part_facts_per_s` is the slowest tenth of it, and `facts_a_cpu_s` is by processor time.
    `bytes_a_fact` is what the second half added to the database, without counts, and `bytes_a_year` is the
    database with as much for each fact that is not in it, and the counts of the days that are not. A part
    of few bursts tells too much: its checkpoint weighs on few facts. `open_s` and `answer_s` are whole
    processes, from their start; `question_s` is the question alone, to a database that is open.
    """

    whole: bool
    facts: int
    facts_per_s: float
    slowest_part_facts_per_s: float
    facts_a_cpu_s: float
    bytes_a_fact: float
    bytes_a_year: float
    facts_since_checkpoint: int
    open_s: float
    open_cpu_s: float
    answer_s: float
    answer_cpu_s: float
    question_s: float
    answer_rows: int


class SimulatedClock:
    """Where the year stands."""

    def __init__(self) -> None:
        self.at_ms = BEGIN_MS

    def now_ms(self) -> int:
        return self.at_ms


@dataclass
class QuietSink:
    """Takes every alert, and tells nobody."""

    name: str = "nobody"
    taken: int = 0

    def carry_out(self, number: int, effect: object) -> None:
        self.taken += 1


@dataclass
class Year:
    """Attacks as a country might suffer them: sizes and lengths spread widely, a few vectors at once."""

    chance: random.Random
    next_number: int = 1
    exporters: tuple[str, ...] = field(
        default_factory=lambda: tuple(
            f"192.0.2.{host}#{domain}" for host in range(1, 41) for domain in (0, 1)
        )
    )

    def burst(self, at_ms: int) -> tuple[list[Fact], list[Fact]]:
        """A thousand attacks that begin at once; each ends with other rates than it began with."""
        began: list[Fact] = []
        ended: list[Fact] = []
        for _ in range(BURST):
            lasts_ms = int(min(self.chance.lognormvariate(11.5, 1.0), 4 * 3_600_000))
            first_ms = at_ms + self.chance.randrange(1_000)
            attack = self.attack(first_ms, first_ms + 3_000)
            began.append(AttackDetected(attack))
            ended.append(AttackEnded(self.grown(attack, first_ms + lasts_ms)))
        return began, ended

    def attack(self, first_ms: int, last_ms: int) -> Attack:
        chance = self.chance
        bits = int(min(max(chance.lognormvariate(21, 1.5), 1e7), 4e12))
        packets = bits // chance.randint(600, 9_000) + 1
        vectors = chance.sample(VECTORS, chance.choice((1, 1, 1, 2, 3)))
        seen_at = chance.choice((1, 1, 2))
        number = self.next_number
        self.next_number += 1
        return Attack(
            number=number,
            targets=(f"203.0.{chance.randrange(256)}.{chance.randrange(256)}/32",),
            object_name=None,
            vectors=tuple(
                VectorRate(vector.name, self.rate(bits // len(vectors)), self.rate(packets // len(vectors)))
                for vector in vectors
            ),
            bits_per_s=self.rate(bits),
            packets_per_s=self.rate(packets),
            peak_bits_per_s=self.rate(bits + bits // 3),
            threshold_bits_per_s=chance.randrange(20_000_000, 3_000_000_000),
            first_seen_ms=first_ms,
            last_seen_ms=last_ms,
            telemetry_age_ms=chance.randrange(2_000),
            exporters=tuple(sorted(chance.sample(self.exporters, seen_at))),
            border_points=tuple(sorted(chance.sample(POINTS, seen_at))),
            doubts=chance.choice(((), (), ("short_history",), ("few_samples", "short_history"))),
            actionable=True,
        )

    def grown(self, attack: Attack, last_ms: int) -> Attack:
        factor = self.chance.uniform(0.6, 1.4)
        return msgspec.structs.replace(
            attack,
            vectors=tuple(
                VectorRate(
                    one.vector,
                    self.rate(int(one.bits_per_s.estimate * factor)),
                    self.rate(int(one.packets_per_s.estimate * factor)),
                )
                for one in attack.vectors
            ),
            bits_per_s=self.rate(int(attack.bits_per_s.estimate * factor)),
            packets_per_s=self.rate(int(attack.packets_per_s.estimate * factor)),
            peak_bits_per_s=self.rate(int(attack.peak_bits_per_s.estimate * 1.2)),
            last_seen_ms=last_ms,
        )

    def rate(self, estimate: int) -> Rate:
        return Rate(
            estimate,
            int(estimate * self.chance.uniform(0.9, 0.99)),
            int(estimate * self.chance.uniform(1.01, 1.1)),
        )


@dataclass
class Recording:
    """Time spent in the node, apart from making up attacks."""

    facts: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    parts: list[tuple[int, float]] = field(default_factory=list)
    half: tuple[int, int] = (0, 0)
    """Facts, and bytes without those of counts, when half of the bursts were recorded."""

    def record(self, node: Node, facts: list[Fact]) -> None:
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        for begin in range(0, len(facts), RECORDED_AT_ONCE):
            node.record(*facts[begin : begin + RECORDED_AT_ONCE])
        self.facts += len(facts)
        self.wall_s += time.perf_counter() - wall_s
        self.cpu_s += time.process_time() - cpu_s
        self.parts.append((len(facts), time.perf_counter() - wall_s))

    def slowest_tenth(self) -> float:
        step = max(1, len(self.parts) // 10)
        tenths = [self.parts[at : at + step] for at in range(0, len(self.parts), step)]
        return min(sum(facts for facts, _ in some) / sum(s for _, s in some) for some in tenths)


class Shield:
    """A node in `folder` that lives through bursts, one after the other.

    A burst begins before the one before it has ended, so that a thousand attacks or two are open at once.
    """

    def __init__(self, folder: Path, year: Year, if_missing: IfMissing = "create") -> None:
        self.clock, self.recording = SimulatedClock(), Recording()
        self._folder, self._sink = folder, QuietSink()
        self._year = year
        self._ends: list[Fact] = []
        self.open(if_missing)

    def open(self, if_missing: IfMissing) -> None:
        self._stores = SqlStores(f"sqlite:///{self._folder / DATABASE_NAME}", if_missing)
        self._node = Node.open(self._stores.facts, [self._sink], self.clock)

    def close(self) -> None:
        self._stores.close()

    def burst(self, at_ms: int) -> None:
        self.clock.at_ms = at_ms
        began, ends = self._year.burst(at_ms)
        self.recording.record(self._node, began)
        self.end()
        self._ends = ends

    def end(self) -> None:
        """The last burst's attacks. RuntimeError where an alert was not carried out, or twice."""
        self.recording.record(self._node, self._ends)
        self._ends = []
        if self._sink.taken != self.recording.facts:
            raise RuntimeError(f"{self._sink.taken} alerts were carried out for {self.recording.facts} facts")

    def since_checkpoint(self) -> int:
        checkpoint = self._stores.facts.checkpoint()
        return self._stores.facts.head().size - (checkpoint.size if checkpoint else 0)


def live_through(folder: Path, bursts: int, seed: int) -> tuple[Recording, int]:
    """The chosen bursts recorded by a node in `folder`; what it took, and the facts since its checkpoint."""
    shield = Shield(folder, Year(random.Random(seed)))
    for at in range(bursts):
        shield.burst(BEGIN_MS + YEAR_MS * at // bursts)
        if at == bursts // 2:
            whole_bytes, of_counts = bytes_on_disk(folder)
            shield.recording.half = shield.recording.facts, whole_bytes - of_counts
    shield.end()
    since_checkpoint = shield.since_checkpoint()
    shield.close()
    return shield.recording, since_checkpoint


def far_from_a_checkpoint(bursts: int) -> int:
    """At least so many bursts, and then some: opening is to read nearly all that it may have to."""
    facts, apart = BURST * FACTS_AN_ATTACK, BETWEEN_CHECKPOINTS
    return next(more for more in range(bursts, bursts + 9) if more * facts % apart > apart // 2)


def bytes_on_disk(folder: Path) -> tuple[int, int]:
    """Of the database, once all that its write-ahead log holds is in it; and of the counts in it, which grow
    with days and not with facts (0 where this SQLite cannot tell)."""
    file = folder / DATABASE_NAME
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        try:
            question = "SELECT sum(pgsize) FROM dbstat WHERE name LIKE '%attack_counts%'"
            (of_counts,) = connection.execute(question).fetchone()
        except sqlite3.OperationalError:
            of_counts = 0
    return file.stat().st_size, of_counts


@dataclass(frozen=True, slots=True, order=True)
class Ran:
    """A process that ended well: how long by the clock, how long by processor time, and what it said."""

    wall_s: float
    cpu_s: float
    said: bytes


def ran(*arguments: str) -> Ran:
    wall_s, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run([sys.executable, "-m", *arguments], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Ran(time.perf_counter() - wall_s, cpu_s, ended.stdout)


def march(folder: Path) -> Ran:
    """What hit us in March, by vector and border point: the command as a person gives it."""
    days = ("--from", "2026-03-01", "--until", "2026-04-01")
    return ran("tidegate", "attacks", "summary", *days, "--state", str(folder), "--json")


def question_s(folder: Path) -> float:
    """The same question without a process around it."""
    stores = SqlStores(f"sqlite:///{folder / DATABASE_NAME}", "refuse")
    stores.facts.head()  # a connection is there
    begin_ms, end_ms = (int(datetime(2026, month, 1, tzinfo=UTC).timestamp() * 1000) for month in (3, 4))
    began = time.perf_counter()
    attack_summary(stores.facts, begin_ms, end_ms, by_vector=True, by_border_point=True, anew=False)
    took_s = time.perf_counter() - began
    stores.close()
    return took_s


def measure(folder: Path, bursts: int, seed: int) -> Told:
    recording, since_checkpoint = live_through(folder, bursts, seed)
    whole_bytes, of_counts = bytes_on_disk(folder)
    half_facts, half_bytes = recording.half
    bytes_a_fact = (whole_bytes - of_counts - half_bytes) / (recording.facts - half_facts)
    of_other_days = of_counts * (DAYS / min(bursts, DAYS) - 1)
    facts_to_come = ATTACKS_A_YEAR * FACTS_AN_ATTACK - recording.facts
    opening = ran("benchmarks.year", "--open", str(folder))
    answer = sorted(march(folder) for _ in range(3))[1]
    return Told(
        whole=bursts >= BURSTS_A_YEAR,
        facts=recording.facts,
        facts_per_s=recording.facts / recording.wall_s,
        slowest_part_facts_per_s=recording.slowest_tenth(),
        facts_a_cpu_s=recording.facts / recording.cpu_s,
        bytes_a_fact=bytes_a_fact,
        bytes_a_year=whole_bytes + bytes_a_fact * facts_to_come + of_other_days,
        facts_since_checkpoint=since_checkpoint,
        open_s=opening.wall_s,
        open_cpu_s=opening.cpu_s,
        answer_s=answer.wall_s,
        answer_cpu_s=answer.cpu_s,
        question_s=sorted(question_s(folder) for _ in range(5))[2],
        answer_rows=len(answer.said.splitlines()),
    )


def open_again(folder: Path) -> None:
    """What a node that starts does with its history."""
    stores = SqlStores(f"sqlite:///{folder / DATABASE_NAME}", "refuse")
    Node.open(stores.facts, [QuietSink()], SimulatedClock())
    stores.close()


def lines(told: Told) -> Iterator[str]:
    part = (
        "the whole year"
        if told.whole
        else f"{told.facts / (ATTACKS_A_YEAR * FACTS_AN_ATTACK):.2%} of the year"
    )
    yield f"recorded          {told.facts:,} facts, {part}"
    slowest = f"{told.slowest_part_facts_per_s:,.0f}"
    yield f"sustained         {told.facts_per_s:,.0f} facts/s, the slowest tenth {slowest}"
    yield f"by processor time {told.facts_a_cpu_s:,.0f} facts/s"
    yield f"on disk           {told.bytes_a_fact:.0f} bytes a fact, {told.bytes_a_year / 1e9:.1f} GB a year"
    opening = f"{told.open_s:.2f} s ({told.open_cpu_s:.2f} s of processor time)"
    yield f"opening again     {opening}, {told.facts_since_checkpoint:,} facts since the checkpoint"
    answer = f"{told.answer_s:.2f} s ({told.answer_cpu_s:.2f} s of processor time)"
    alone = f"the question alone {told.question_s * 1000:.0f} ms"
    yield f"what hit us       {answer} for March, {told.answer_rows} rows; {alone}"


@click.command()
@click.option("--bursts", default=DEFAULT_BURSTS, show_default=True, help="Of a thousand attacks each.")
@click.option("--whole", is_flag=True, help=f"All {BURSTS_A_YEAR:,} bursts of the year.")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="Keep the record there.")
@click.option("--seed", default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of lines.")
@click.option("--open", "opened", type=click.Path(path_type=Path), hidden=True)
def main(
    *, bursts: int, whole: bool, folder: Path | None, seed: int, as_json: bool, opened: Path | None
) -> None:
    """Record a year of repelled attacks, or a part of it, and tell what it takes."""
    if opened is not None:
        open_again(opened)
        return
    chosen = BURSTS_A_YEAR if whole else far_from_a_checkpoint(bursts)
    if folder is None:
        with Folder() as temporary:
            told = measure(temporary, chosen, seed)
    else:
        folder.mkdir(parents=True)  # never into one that holds anything
        told = measure(folder, chosen, seed)
    click.echo(msgspec.json.encode(told) if as_json else "\n".join(lines(told)))


if __name__ == "__main__":
    main()
