"""The questions that the console's screens ask, timed on a little and on more of a year, with a node that
answers and without one.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from benchmarks.console_node import node_answering
from benchmarks.live import Folder
from benchmarks.year import BURST, FACTS_AN_ATTACK, live_through
from tidegate.__main__ import PARTS
from tidegate.app.console.access import Role, Viewer
from tidegate.app.console.attack_lists import attack_counts, attack_list
from tidegate.app.console.gathering import Sources, attack_view, ledger, moment, situation_at
from tidegate.app.console.open import serving_of
from tidegate.app.live import LIVE_SECONDS_MAX
from tidegate.app.parts import Parts

ASKED = 15
"""Each question is asked so often, and the middle one counts."""

SITUATION = "the situation"
WHO = Viewer(name="reader", role=Role.READER)


class Took(msgspec.Struct, frozen=True):
    """Milliseconds by the clock and by processor time, of the console's process alone."""

    wall_ms: float
    cpu_ms: float


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """By question, on a record of so many facts. `alone` is the situation where no node answers, which comes
    out of the record; `alone_first` is the first such question since the console began."""

    facts: int
    took: dict[str, Took]
    alone: Took
    alone_first: Took


def asked(bursts: int, seed: int) -> Asked:
    with Folder() as folder:
        live_through(folder, bursts, seed)
        return asked_of(folder, bursts * BURST * FACTS_AN_ATTACK, seed, PARTS)


def asked_of(folder: Path, facts: int, seed: int, parts: Parts) -> Asked:
    """Of a record that nobody writes to meanwhile."""
    with node_answering(folder, seed), console_of(folder, parts) as sources:
        answered = {name: took(question, sources, ASKED) for name, question in QUESTIONS.items()}
    with console_of(folder, parts) as sources:
        first, alone = (took(QUESTIONS[SITUATION], sources, often) for often in (1, ASKED))
    return Asked(facts=facts, took=answered, alone=alone, alone_first=first)


@contextmanager
def console_of(folder: Path, parts: Parts) -> Iterator[Sources]:
    opened = serving_of(
        parts,
        config_file=None,
        state_folder=folder,
        hotline_state=None,
        listen="127.0.0.1:8080",
        origin=None,
        certificate=None,
        key=None,
        rehearsals=None,
        audits=None,
        told=lambda _: None,
    )
    with opened as serving:
        yield serving.sources


QUESTIONS: dict[str, Callable[[Sources], object]] = {
    SITUATION: lambda sources: situation_at(sources, moment(sources, LIVE_SECONDS_MAX), WHO, ""),
    "attacks": lambda sources: attack_list(sources, 0, "", None),
    "attacks by a filter": lambda sources: attack_list(sources, 0, "vector = ntp and rate > 1G", None),
    "a filter that finds none": lambda sources: attack_list(sources, 0, "dst = 198.51.100.0/24", None),
    "counts of a month": lambda sources: attack_counts(sources, 30, ""),
    "counts of a year": lambda sources: attack_counts(sources, 400, ""),
    "an old attack": lambda sources: attack_view(sources, 1, WHO),
    "the ledger": lambda sources: ledger(sources, None),
}


def took(question: Callable[[Sources], object], sources: Sources, often: int) -> Took:
    """An answer as bytes, as the door sends it; the middle one of so many."""
    found = []
    for _ in range(often):
        wall, cpu = time.perf_counter(), time.process_time()
        msgspec.json.encode(question(sources))
        found.append(((time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000))
    return Took(*sorted(found)[often // 2])
