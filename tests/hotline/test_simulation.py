"""Thousands of bad days, played in no time: nothing is lost, shown twice, or called delivered and is not.

With CI=true 10,000 seeds are played, else a few hundred. What must be caught is tried too: stations that do
one thing wrong, each of which a few seeds find out.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from tests.hotline.simulation import Simulation
from tests.hotline.stand_ins import Disk
from tidegate.app.hotline import station as station_module
from tidegate.app.hotline.framing import settle_epoch
from tidegate.app.hotline.needs import Needs
from tidegate.app.hotline.station import Station
from tidegate.app.hotline.taking import Known, Round, Stored, Taking, Verified
from tidegate.hotline.correspondence import NotBelieved
from tidegate.hotline.courier import Courier, copy_key
from tidegate.hotline.state import Sent, copy_for
from tidegate.model.facts import Fact
from tidegate.model.hotline_facts import MessageStored, ReceiptCame
from tidegate.model.messages import Package
from tidegate.model.organisations import OrganisationId
from tidegate.ports.hotline import Outcome, Path

SEEDS = 10_000 if os.environ.get("CI") == "true" else 200
CHUNK = 100
CAUGHT_WITHIN = 400
"""Seeds that a wrong station has at most before it is found out."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Disks that fail are told to the log, again and again."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_whatever_fails_nothing_is_lost_shown_twice_or_falsely_delivered(first: int) -> None:
    for seed in range(first, first + CHUNK):
        found = Simulation(seed).run().all()
        assert not found, f"play it again: python -m tests.hotline.simulation {seed}"


def test_a_node_brought_back_twice_with_a_clock_that_is_behind_begins_two_epochs() -> None:
    """As seed 5792 once found: what it began the first time is on the wire, and in no copy."""
    world = Simulation(1)
    world.bad = False
    node = next(iter(world.nodes.values()))
    settle_epoch(node.needs)
    copy = node.disk.copied()
    begun = set()
    for _ in range(2):
        node.disk = replace(copy.copied(), mark=None, before=copy.before, after=copy.after)
        node.start()
        settle_epoch(node.needs)
        begun.add(node.state.epoch)
    assert len(begun) == 2


def test_a_seed_always_plays_alike() -> None:
    facts = []
    for _ in range(2):
        world = Simulation(17)
        world.run()
        facts.append([node.disk.facts for node in world.nodes.values()])
    assert facts[0] == facts[1]


def is_caught(kind: str) -> bool:
    """Whether some seed finds what is wrong, of this kind."""
    return any(getattr(Simulation(seed).run(), kind) for seed in range(CAUGHT_WITHIN))


def test_a_station_that_receipts_before_it_stores_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    late: dict[int, list[Round]] = {}

    def store(self: Taking, round_: Round) -> None:
        for fact in round_.facts:
            if isinstance(fact, MessageStored):
                round_.known.messages[fact.about.message] = Stored(1, 1, {fact.place.frame})
        late.setdefault(id(self), []).append(round_)

    judge = Taking.judge

    def judge_and_store_the_last(self: Taking, packages: Sequence[tuple[Package, str]]) -> Round:
        for round_ in late.pop(id(self), []):
            if round_.facts:
                self._needs.blobs.put(round_.blobs)
                self._needs.record.record(*round_.facts)
        return judge(self, packages)

    monkeypatch.setattr(Taking, "store", store)
    monkeypatch.setattr(Taking, "judge", judge_and_store_the_last)
    assert is_caught("falsely_delivered")


def test_a_station_that_receipts_a_duplicate_no_more_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    fact_for = Taking._fact_for

    def silent(self: Taking, one: Verified, known: Known) -> Fact | None:
        fact = fact_for(self, one, known)
        if fact is None:
            raise NotBelieved(8, "it came before")
        return fact

    monkeypatch.setattr(Taking, "_fact_for", silent)
    assert is_caught("lost")


def test_a_station_that_begins_no_epoch_on_an_older_copy_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_when_founded(needs: Needs) -> None:
        if not needs.state.epoch:
            settle_epoch(needs)

    monkeypatch.setattr(station_module, "settle_epoch", only_when_founded)
    assert is_caught("serials_twice")


def test_a_station_that_takes_an_answer_for_a_receipt_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other end took it, which is not the same as having stored it."""
    note = Station._note_outcome

    def believe(self: Station, path: Path, outcome: Outcome, now_ms: int) -> None:
        note(self, path, outcome, now_ms)
        for sent in [*self._needs.state.sent.values()] if not outcome.why else ():
            copy = copy_for(sent, outcome.peer)
            if sent.place is not None and copy is not None and copy.receipted is None:
                message, frame = sent.about.message, sent.place.frame
                self._needs.record.record(ReceiptCame(message, frame, outcome.peer, "0" * 64, 1, 1))

    monkeypatch.setattr(Station, "_note_outcome", believe)
    assert is_caught("falsely_delivered")


def test_a_courier_that_gives_up_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    is_due = Courier._is_due

    def twice(self: Courier, sent: Sent, recipient: OrganisationId, now_ms: int, wait_at_most: int) -> bool:
        known = self._tries.get(recipient, {}).get(copy_key(sent))
        return (known is None or known.tries < 2) and is_due(self, sent, recipient, now_ms, wait_at_most)

    monkeypatch.setattr(Courier, "_is_due", twice)
    monkeypatch.setattr(Courier, "sign_of_life", lambda *_: None)
    assert is_caught("lost")


def test_a_station_that_looks_for_no_duplicates_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its record refuses to have a message twice, so that it is never receipted again."""
    monkeypatch.setattr(Taking, "_known", lambda *_: Known({}, {}))
    assert is_caught("lost")


@pytest.mark.parametrize("what", ["facts", "blobs"])
def test_a_disk_that_answers_before_it_has_written_is_caught(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Disk.__init__

    def lazily(self: Disk, *arguments: object, **named: object) -> None:
        make(self, *arguments, **named)  # type: ignore[arg-type]
        self.lazy = frozenset({what})

    monkeypatch.setattr(Disk, "__init__", lazily)
    kinds = ("lost", "falsely_delivered", "serials_twice")
    assert any(any(getattr(Simulation(seed).run(), kind) for kind in kinds) for seed in range(CAUGHT_WITHIN))
