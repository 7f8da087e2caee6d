"""What the shield saw of an attack on a protected asset becomes material for a question, and never more."""

import time

import numpy as np
import pytest
from msgspec.structs import replace

from tests.accord.exchange import FILE, ORGANISATIONS, START_S, Exchange
from tests.accord.reminded import SetClock, Still
from tests.stores import MemoryStore
from tests.stories import an_attack
from tidegate.accord.lint import lint
from tidegate.app.accord.origins import CAVEAT, Origins, question_about, seen_on_record
from tidegate.app.hotline.writing import fields_of
from tidegate.app.node import Node
from tidegate.hotline.content import problems
from tidegate.model.accord_facts import OriginsSeen
from tidegate.model.addresses import IPV4_BITS_OFFSET, Prefix, words
from tidegate.model.facts import AttackDetected
from tidegate.model.flows import FlowRows, empty_rows
from tidegate.model.refusals import NotAllowed
from tidegate.ports.collector import FlowSample
from tidegate.wire.accord_file import decode_accord

NOW_S = START_S + 86_400
ANSWERING = FILE.replace(
    b'[[party]]\ncode = "XA"',
    b'[[party]]\nprefixes = ["198.51.100.0/24"]\nnetworks = [64500]\ncode = "XA"',
    1,
)


def rows_of(source: str, count: int, sampling: int, network: int = 0) -> FlowRows:
    rows = empty_rows(count)
    rows["src_high"], rows["src_low"] = words(source)
    rows["dst_high"], rows["dst_low"] = words("192.0.2.7")
    rows["family"], rows["bytes"], rows["packets"] = 4, 1_000, 1
    rows["sampling_rate"], rows["src_as"] = sampling, network
    return rows


class Collector:
    """Sixty records: thirty from XA's prefix, ten from its network, ten from elsewhere, ten unscalable."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def sample(self, prefix: Prefix, limit: int, timeout_s: float) -> FlowSample:
        self.asked.append(str(prefix))
        rows = np.concatenate(
            [
                rows_of("198.51.100.9", 30, 1_000),
                rows_of("203.0.113.5", 10, 1_000, network=64500),
                rows_of("203.0.113.9", 10, 500),
                rows_of("198.51.100.9", 10, 0),
            ]
        )
        until_ms = NOW_S * 1_000
        return FlowSample(rows, np.ones(60), np.zeros(60, np.int64), until_ms - 10_000, until_ms)


class World:
    """XB's node, on whose protected clinics traffic falls."""

    def __init__(self, target: str = "192.0.2.7/32") -> None:
        exchange = Exchange(ANSWERING)
        exchange.sign("XA", START_S)
        exchange.sign("XB", START_S)
        self.books = exchange.ledger("XB")
        self.book = self.books.current("XA-XB-2028", NOW_S)
        self.store, clock = MemoryStore(), SetClock(NOW_S)
        self.node, self.collector = Node.open(self.store, [], clock), Collector()
        self.node.record(AttackDetected(an_attack(targets=(target,))))
        own = ORGANISATIONS["XB"]
        self.part = Origins(self.node, Still(self.books), own, self.collector, clock)  # type: ignore[arg-type]
        self.clock = clock

    def turns(self, count: int = 40) -> list[OriginsSeen]:
        for _ in range(count):
            self.clock.ms += 1_000
            self.part.turn()
            time.sleep(0.005)
        self.part.stop()
        return seen_on_record(self.store, "XA-XB-2028")


def test_what_came_from_a_partys_networks_is_counted_once_with_its_interval() -> None:
    world = World()
    (fact,) = world.turns()
    assert (fact.assets, fact.targets, fact.sampling) == (("XB-clinics",), ("192.0.2.7/32",), 1_000)
    (seen,) = fact.seen
    assert (seen.party, seen.flows, seen.prefixes, seen.networks) == (
        "XA",
        40,
        ("198.51.100.0/24",),
        (64500,),
    )
    assert (
        seen.bits_per_s.low < seen.bits_per_s.estimate == 40 * 1_000 * 1_000 * 8 // 10 < seen.bits_per_s.high
    )
    assert Prefix.parse(world.collector.asked[0]).length == 32 + IPV4_BITS_OFFSET
    assert len(world.store.latest([OriginsSeen.__name__], world.store.head().size, 9)) == 1


def test_an_attack_on_nothing_that_is_protected_is_nobodys_business() -> None:
    world = World("192.0.2.200/32")
    assert world.turns() == []
    assert world.collector.asked == []


def test_nothing_is_said_by_itself_and_the_question_is_one_that_the_form_allows() -> None:
    world = World()
    found = world.turns()
    assert {type(fact).__name__ for fact in found} == {"OriginsSeen"}
    fields, remarks = question_about(world.book, found, 1, "XA", NOW_S)
    assert CAVEAT in remarks
    assert "90 % sampling interval" in remarks
    given: dict[str, tuple[str, ...]] = {}
    for field in fields:
        name, _, value = field.partition("=")
        given[name] = (*given.get(name, ()), value)
    exchange = Exchange(ANSWERING)
    told = {name.replace("-", "_"): values for name, values in given.items()}
    exchange.say("XB", "clarification-request", NOW_S, **told)
    content = exchange.said[-1][1]
    sent = replace(content, fields=fields_of(given, "clarification-request"), reference="XB-1")
    assert problems(sent) == ()


def test_nobody_is_asked_about_what_was_not_seen_from_there() -> None:
    world = World()
    found = world.turns()
    with pytest.raises(NotAllowed, match="nothing of attack 2"):
        question_about(world.book, found, 2, "XA", NOW_S)


def test_ranges_that_a_party_answers_for_must_be_readable() -> None:
    wrong = ANSWERING.replace(b'["198.51.100.0/24"]', b'["198.51.100.9/24"]').replace(b"[64500]", b"[0]")
    found = [one.what for one in lint(decode_accord(wrong)) if one.where == "party XA"]
    assert len(found) == 2
