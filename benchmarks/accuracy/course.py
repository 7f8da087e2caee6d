"""The course of a run: each part of the country learns, lives through its days, and is attacked; parts go
side by side, and what is done is kept, so that a run that was stopped goes on.

A stage begins where the one before it ended, with what was learned and with empty counters. Stages are kept
in files of a folder, which are read back by pickle: only a folder of one's own should be named.
"""

import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.accuracy.attacks import CAPTURES, Truth, plan_attacks, read_capture
from benchmarks.accuracy.bursts import Burst
from benchmarks.accuracy.country import DAY_S, Networks
from benchmarks.accuracy.happenings import Silence
from benchmarks.accuracy.simulate import (
    BLOCK_EVERY_MINUTES,
    BLOCK_MINUTES,
    EXPORTERS,
    MONDAY,
    PARTS,
    SKETCH_EVERY_MINUTES,
    SKETCH_SECONDS,
    Country,
    Judged,
    Told,
    exporter_table,
)
from tidegate.model.facts import AttackDetected

NUMBERS_OF_A_STAGE = 100_000
"""Attacks are numbered apart in every stage of every part."""

SETTLE_S = 180
"""Seconds simulated after the last attack."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run is to be. `folder` keeps its stages, where it is named."""

    seed: int
    days: int
    quick: bool
    captures: Path | None
    workers: int
    folder: Path | None
    judged: Callable[[int], Judged]

    @property
    def judged_from_s(self) -> int:
        return MONDAY + (25 * 3600 if self.quick else 8 * DAY_S)

    @property
    def attacks_from_s(self) -> int:
        return self.judged_from_s + (3 * 3600 if self.quick else self.days * DAY_S)

    def country(self, part: tuple[int, ...]) -> Country:
        return Country(self.seed, MONDAY, 2 + (self.attacks_from_s - MONDAY) // DAY_S, part)

    def truths(self, networks: Networks) -> list[Truth]:
        read = tuple(read_capture(name, self.captures) for name in CAPTURES)
        return plan_attacks(read, networks, EXPORTERS, self.attacks_from_s + 120, self.quick)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that was said, what was true, and how much was simulated."""

    ordinary: list[Told]
    attacked: list[Told]
    truths: list[Truth]
    happenings: list[Burst]
    silences: list[Silence]
    networks: Networks
    prefix_days: float
    simulated_seconds: int


@dataclass(slots=True)
class Stage:
    """What came of one stage of a part. `known` is what had been learned at its end."""

    known: bytes
    said: list[Told] = field(default_factory=list)
    simulated_seconds: int = 0


class _Part:
    """One part's way through a stage."""

    def __init__(self, run: Run, part: tuple[int, ...], first_number: int) -> None:
        self.country = run.country(part)
        self._judged = run.judged(first_number)
        self._table = exporter_table()
        self._said: list[Told] = []
        self._simulated = 0
        self._sketched = 0

    def recall(self, known: bytes, second: int) -> None:
        """Begin at a second with what was learned before."""
        self._judged.recall(known, second)

    def pass_by(self, begin: int, end: int) -> None:
        """Only learn."""
        for minute in range(begin, end, 60):
            self._sketch(minute)

    def live_through(self, begin: int, end: int) -> None:
        """Blocks in whole, the minutes between them as sketches."""
        for minute in range(begin, end, 60):
            if minute // 60 % BLOCK_EVERY_MINUTES < BLOCK_MINUTES:
                self.watch(minute, minute + 60)
            else:
                self._sketch(minute)

    def watch(self, begin: int, end: int) -> None:
        """Every second in whole."""
        for second in range(begin, end):
            for fact in self._judged.observe(self.country.received(second), second, self._table):
                detected = isinstance(fact, AttackDetected)
                grounds = self._judged.grounds(fact.attack, second) if detected else ""
                self._said.append(Told(second, fact, grounds))
        self._simulated += end - begin

    def _sketch(self, minute: int) -> None:
        if minute - self._sketched < SKETCH_EVERY_MINUTES * 60:
            self._judged.learn_again(minute)
            return
        self._sketched = minute
        batches = [rows for second in SKETCH_SECONDS for rows in self.country.received(minute + second)]
        self._judged.learn_minute(batches, len(SKETCH_SECONDS), minute)

    def done(self) -> Stage:
        return Stage(self._judged.known(), self._said, self._simulated)


def last_second(run: Run, truths: list[Truth], part: tuple[int, ...]) -> int:
    """Until when a part is simulated."""
    ends = (truth.burst.end_s for truth in truths if truth.burst.exporter in part)
    return max(ends, default=run.attacks_from_s) + SETTLE_S


def stages_of(run: Run, number: int) -> Iterator[Stage]:
    """The stages of a part: learning, every judged day, the attacks."""
    part = PARTS[number]
    begins = [MONDAY, *range(run.judged_from_s, run.attacks_from_s, DAY_S), run.attacks_from_s]
    known: bytes | None = None
    for at, begin in enumerate(begins):
        name = f"seed{run.seed}-days{run.days}-part{number}-stage{at}{'-quick' * run.quick}"
        kept = run.folder and run.folder / name
        if kept and kept.exists():
            stage: Stage = pickle.loads(kept.read_bytes())
        else:
            one = _Part(run, part, 1 + NUMBERS_OF_A_STAGE * (number * len(begins) + at))
            if known is not None:
                one.recall(known, begin)
            if at == 0:
                one.pass_by(begin, begins[1])
            elif at < len(begins) - 1:
                one.live_through(begin, begins[at + 1])
            else:
                truths = run.truths(one.country.networks)
                one.country.attack(truths)
                one.watch(begin, last_second(run, truths, part))
            stage = one.done()
            if kept:
                unfinished = kept.with_suffix(".unfinished")
                unfinished.write_bytes(pickle.dumps(stage))
                unfinished.rename(kept)
        known = stage.known
        yield stage


def _stages(run: Run, number: int) -> list[Stage]:
    return list(stages_of(run, number))


def simulate(run: Run) -> Outcome:
    """Eight days of learning, days of ordinary life, then the attacks; hours of each when quick."""
    if run.folder:
        run.folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(run.workers) as workers:
        parts = list(workers.map(partial(_stages, run), range(len(PARTS))))
    whole = run.country(tuple(range(len(EXPORTERS))))
    truths = run.truths(whole.networks)
    days = [
        len(whole.networks.behind(part)) * (last_second(run, truths, part) - run.judged_from_s) / DAY_S
        for part in PARTS
    ]
    return Outcome(
        ordinary=[told for stages in parts for stage in stages[:-1] for told in stage.said],
        attacked=[told for stages in parts for told in stages[-1].said],
        truths=truths,
        happenings=whole.happenings,
        silences=whole.silences,
        networks=whole.networks,
        prefix_days=sum(days),
        simulated_seconds=max(sum(stage.simulated_seconds for stage in stages) for stages in parts),
    )
