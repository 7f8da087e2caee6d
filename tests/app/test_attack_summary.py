"""What hit us in some days, beside a walk over every fact."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from tests.stand_ins import HandClock
from tests.stores import MemoryStore
from tests.stories import an_attack
from tidegate.app.attack_summary import AttackSummary, attack_summary
from tidegate.app.node import Node
from tidegate.model.attacks import Rate, VectorRate
from tidegate.model.facts import AttackDetected, AttackEnded
from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed


def ms(year: int, month: int, day: int, hour: int = 0) -> int:
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp() * 1000)


def vector(name: str, megabits: int) -> VectorRate:
    rate = Rate(megabits * 10**6, 0, 10**12)
    return VectorRate(name, rate, rate)


def attack(
    number: int, begin_ms: int, *vectors: VectorRate, at: tuple[str, ...], **changes: Any
) -> AttackEnded:
    """A hundred seconds long."""
    whole = Rate(sum(one.bits_per_s.estimate for one in vectors), 0, 10**12)
    story = {
        "vectors": vectors,
        "bits_per_s": whole,
        "peak_bits_per_s": Rate(whole.estimate * 2, 0, 10**12),
        "border_points": at,
        "first_seen_ms": begin_ms,
        "last_seen_ms": begin_ms + 100_000,
    }
    return AttackEnded(an_attack(number=number, **story | changes))


NTP, DNS = vector("ntp", 80), vector("dns", 800)
MARCH = [
    attack(1, ms(2026, 3, 1), NTP, at=("north",)),
    attack(2, ms(2026, 3, 15, 12), NTP, DNS, at=("north", "south")),
    # It began in March, and ended in April.
    attack(3, ms(2026, 3, 31, 23) + 3_599_999, DNS, at=("south",)),
]
OTHERS = [
    attack(4, ms(2026, 2, 28, 23), NTP, at=("north",)),
    attack(5, ms(2026, 4, 1), NTP, at=("north",)),
]


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    node = Node.open(store, [], HandClock(ms(2026, 4, 2)))
    for ended in (*MARCH, *OTHERS):
        node.record(AttackDetected(ended.attack), ended)
    node.record(AttackDetected(an_attack(number=6, first_seen_ms=ms(2026, 3, 20))))
    return store


def march(store: MemoryStore, *by: str) -> list[AttackSummary]:
    return attack_summary(
        store,
        ms(2026, 3, 1),
        ms(2026, 4, 1),
        by_vector="vector" in by,
        by_border_point="border point" in by,
        anew=False,
    )


def told(rows: list[AttackSummary]) -> list[tuple[str | None, str | None, int, int]]:
    return [(row.vector, row.border_point, row.attacks, row.bytes // 10**9) for row in rows]


def test_march_holds_the_attacks_that_began_in_march_and_have_ended(store: MemoryStore) -> None:
    (whole,) = march(store)
    assert whole == AttackSummary(
        vector=None,
        border_point=None,
        attacks=3,
        bytes=(80 + 880 + 800) * 100 * 10**6 // 8,
        peak_bits_per_s=1_760_000_000,
        longest_s=100,
    )


def test_an_attack_counts_under_each_vector_and_at_each_border_point(store: MemoryStore) -> None:
    assert told(march(store, "vector")) == [("dns", None, 2, 20), ("ntp", None, 2, 2)]
    assert told(march(store, "border point")) == [(None, "south", 2, 21), (None, "north", 2, 12)]
    assert told(march(store, "vector", "border point")) == [
        ("dns", "south", 2, 20),
        ("dns", "north", 1, 10),
        ("ntp", "north", 2, 2),
        ("ntp", "south", 1, 1),
    ]


def test_a_month_without_attacks_has_no_rows(store: MemoryStore) -> None:
    for by in (False, True):
        rows = attack_summary(
            store, ms(2025, 1, 1), ms(2025, 2, 1), by_vector=by, by_border_point=by, anew=False
        )
        assert rows == []


def test_only_whole_days_are_counted(store: MemoryStore) -> None:
    with pytest.raises(NotAllowed, match="2026-03-01 01:00 is within a day"):
        attack_summary(
            store, ms(2026, 3, 1, 1), ms(2026, 4, 1), by_vector=True, by_border_point=True, anew=False
        )
    with pytest.raises(NotAllowed, match="the first day lies behind the last"):
        attack_summary(
            store, ms(2026, 4, 1), ms(2026, 4, 1), by_vector=True, by_border_point=True, anew=False
        )


@pytest.mark.parametrize("by", [(), ("vector",), ("border point",), ("vector", "border point")])
def test_the_facts_counted_anew_say_the_same(store: MemoryStore, by: tuple[str, ...]) -> None:
    anew = attack_summary(
        store,
        ms(2026, 3, 1),
        ms(2026, 4, 1),
        by_vector="vector" in by,
        by_border_point="border point" in by,
        anew=True,
    )
    assert anew == march(store, *by)


def test_counts_that_are_behind_or_wrong_are_found_out(store: MemoryStore) -> None:
    (right,) = march(store)
    store._counts.append(replace(store._counts[0], vector="", border_point="", attacks=9))
    assert march(store) != [right]
    assert attack_summary(
        store, ms(2026, 3, 1), ms(2026, 4, 1), by_vector=False, by_border_point=False, anew=True
    ) == [right]
    store._counted -= 1
    with pytest.raises(OutsideFailed, match="not counted yet"):
        march(store)
