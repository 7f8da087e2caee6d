"""What usually comes in at a border point outlives a restart, and grows old all the same."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan_world import POINTS, World, quick_border
from tidegate.adapters.clock import WallClock
from tidegate.adapters.sql.stores import SqlStores
from tidegate.app.assembly import recalled
from tidegate.app.inbound import (
    HOURS_KEPT,
    INBOUND_MINUTES_MAX,
    INBOUND_MINUTES_MIN,
    KEY_BEGIN,
    MINUTE_MS,
    Inbound,
)
from tidegate.detect.baseline import KEYS_MAX, Baselines, Key
from tidegate.ports.baselines import BASELINE_BYTES_MAX, BaselineRow

NOON_MS = 1_800_000_000_000 // 3_600_000 * 3_600_000


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    quick_border(monkeypatch)
    made = World()
    yield made
    made.stop()


def after_minutes(count: int, start_ms: int = NOON_MS, bits: int = 8_000_000_000) -> Inbound:
    inbound = Inbound(POINTS)
    for minute in range(count):
        inbound.learn(dict.fromkeys(POINTS, bits), start_ms + minute * MINUTE_MS)
    return inbound


def again(*rows: BaselineRow) -> Inbound:
    inbound = Inbound(POINTS)
    for row in rows:
        assert inbound.recall(row)
    return inbound


def test_a_restart_of_a_node_asks_no_senior_officer_for_want_of_knowing_what_is_usual(world: World) -> None:
    for minute in reversed(range(INBOUND_MINUTES_MIN)):
        now_ms = world.clock.at_ms - minute * MINUTE_MS
        world.inbound.learn(dict.fromkeys(POINTS, 100_000_000_000), now_ms)
    world.store_baselines()
    world.restart()
    world.until_proposed()
    assert world.life().plan.level == "desk"


def test_a_node_that_never_learned_asks_for_the_senior_level(world: World) -> None:
    world.restart()
    world.until_proposed()
    assert world.life().plan.level == "senior"


def test_what_was_learned_lies_in_the_database_beside_the_detector_s(tmp_path: Path) -> None:
    now_ms = NOON_MS + 100 * MINUTE_MS
    stores = SqlStores(f"sqlite:///{tmp_path / 'ledger.sqlite'}", "create")
    learned = after_minutes(100)
    stores.baselines.save([*learned.pending(), BaselineRow(b"\x01other", b"blob", 1)])
    stores.close()
    stores = SqlStores(f"sqlite:///{tmp_path / 'ledger.sqlite'}", "create")
    inbound = Inbound(POINTS)

    class Now:
        def now_ms(self) -> int:
            return now_ms

    recalled(stores, inbound, Now())
    stores.close()
    assert inbound.usual(now_ms) == learned.usual(now_ms) == dict.fromkeys(POINTS, 8_000_000_000)


def test_of_more_than_a_node_can_follow_it_takes_up_what_was_learned_last(tmp_path: Path) -> None:
    keys = [Key(0, at, 128, 3) for at in range(KEYS_MAX + 10)]
    one = Baselines(1)
    one.learn(one.rows(keys[:1], 0), np.ones((1, 64, 2)), 3600, np.full(1, 3600))
    blob = one._blob(0)
    stores = SqlStores(f"sqlite:///{tmp_path / 'ledger.sqlite'}", "create")
    stores.baselines.save(BaselineRow(key.pack(), blob, int(at >= KEYS_MAX)) for at, key in enumerate(keys))
    usual = recalled(stores, Inbound(POINTS), WallClock())
    stores.close()
    assert len(usual) == KEYS_MAX
    assert (usual.known(keys[-10:]) >= 0).all()


def test_only_the_hours_that_changed_are_stored_again() -> None:
    inbound = after_minutes(90)
    assert len(list(inbound.pending())) == 2 * len(POINTS)
    assert list(inbound.pending()) == []
    inbound.learn({"north": 5}, NOON_MS + 90 * MINUTE_MS)
    (row,) = inbound.pending()
    assert len(row.key) + len(row.blob) < BASELINE_BYTES_MAX
    assert not Inbound(POINTS).recall(BaselineRow(b"\x01" + row.key[1:], row.blob, 0)), "the detector's"


def test_a_minute_counts_for_a_day_though_the_node_did_not_run_meanwhile() -> None:
    inbound = again(*after_minutes(INBOUND_MINUTES_MIN).pending())
    last_ms = NOON_MS + (INBOUND_MINUTES_MAX - 1) * MINUTE_MS
    assert inbound.usual(last_ms) == dict.fromkeys(POINTS, 8_000_000_000)
    assert inbound.usual(last_ms + MINUTE_MS) == {}, "one of the thirty is a day old"


def test_a_clock_that_is_set_back_makes_nothing_usual_that_is_yet_to_come() -> None:
    inbound = again(*after_minutes(60).pending())
    assert inbound.usual(NOON_MS - MINUTE_MS) == {}


def test_however_long_it_runs_its_rows_are_bounded() -> None:
    inbound, keys = Inbound(["north"]), set()
    for hour in range(100):
        inbound.learn({"north": hour}, NOON_MS + hour * 60 * MINUTE_MS)
        keys |= {row.key for row in inbound.pending()}
    assert len(keys) == HOURS_KEPT
    assert len(inbound._minutes["north"]) <= 24


@pytest.mark.parametrize(
    "row",
    [
        BaselineRow(KEY_BEGIN, b"", 0),
        BaselineRow(KEY_BEGIN + b"\x00north", b"\x02" * 485, 0),
        BaselineRow(KEY_BEGIN + b"\x00west", b"\x01" * 485, 0),
        BaselineRow(KEY_BEGIN + b"\x00\xff\xfe", b"\x01", 0),
    ],
)
def test_a_row_of_another_version_or_border_point_is_passed_over(row: BaselineRow) -> None:
    assert again(row).usual(NOON_MS) == {}


@given(st.dictionaries(st.integers(0, 3_000), st.integers(0, 1 << 70), max_size=80))
def test_what_is_usual_is_the_same_after_a_restart(minutes: dict[int, int]) -> None:
    """Stored after every minute, as by a node that dies at any moment."""
    inbound, rows = Inbound(["north"]), {}
    now_ms = NOON_MS
    for minute in sorted(minutes):
        now_ms = NOON_MS + minute * MINUTE_MS
        inbound.learn({"north": minutes[minute]}, now_ms)
        rows.update((row.key, row) for row in inbound.pending())
    recalled_again = Inbound(["north"])
    for row in rows.values():
        assert recalled_again.recall(row)
    assert recalled_again.usual(now_ms) == inbound.usual(now_ms)
