"""Attack packets captured on real networks get the right vectors and are detected."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.naive.flood import START, Rows, World
from tidegate.adapters.recordings import open_recording
from tidegate.detect import tables
from tidegate.kernels.classify import classify_rows
from tidegate.model.vectors import NO_VECTOR, VECTORS

CAPTURES = Path(__file__).parents[2] / "src" / "tidegate" / "lab" / "captures"


def packets(name: str) -> Rows:
    """Every packet of a capture as a FLOW row."""
    (path,) = CAPTURES.glob(f"*{name}*")
    with open_recording(path) as recording:
        return np.concatenate([batch.rows.copy() for batch in recording.packets()])


def vectors(rows: Rows) -> Counter[str]:
    codes = np.zeros(len(rows), np.uint8)
    classify_rows(rows, tables.port_vectors(), tables.least_bytes(), codes)
    return Counter(VECTORS[code].name for code in codes.tolist() if code != NO_VECTOR)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("snmp", {"snmp": 0.93}),
        ("synflood", {"tcp_syn": 0.999}),
        ("bacnet", {"bacnet": 0.70, "dahua": 0.24, "fivem": 0.03}),
        ("dns", {"fragments": 0.16, "dns": 0.12}),
    ],
)
def test_captured_packets_get_the_vectors_that_they_were_captured_for(
    name: str, expected: dict[str, float]
) -> None:
    rows = packets(name)
    found = vectors(rows)
    for vector, share in expected.items():
        assert found[vector] / len(rows) >= share


def repeated(rows: Rows, pace: int) -> World:
    """The capture played `pace` times over in each of ten seconds, as one exporter would tell of it."""

    def source(second: int) -> Rows:
        if not START + 2 <= second < START + 12:
            return rows[:0]
        played = np.tile(rows, pace)
        played["start_ms"] = played["end_ms"] = second * 1000 + 10
        return played

    return World([source]).run(START, START + 40)


@pytest.mark.parametrize(
    ("name", "pace", "expected"),
    [
        ("snmp", 4, ["snmp"]),
        ("synflood", 1, ["tcp_syn"]),
        ("bacnet", 4, ["dahua", "bacnet"]),
        ("dns", 60, ["fragments", "dns"]),
    ],
)
def test_a_captured_attack_is_one_attack_with_its_vectors(name: str, pace: int, expected: list[str]) -> None:
    rows = packets(name)
    world = repeated(rows[rows["family"] == 4], pace)
    assert [kind for _, kind in world.told()].count("AttackDetected") == 1
    (attack,) = world.attacks()
    assert [target.endswith("/32") for target in attack.targets] == [True]
    assert {vector.vector for vector in attack.vectors} >= set(expected)


def test_the_captured_syn_flood_is_detected_at_its_own_pace() -> None:
    rows = packets("synflood")
    first_ms = int(rows["start_ms"].min())

    def source(second: int) -> Rows:
        own = rows["start_ms"] // 1000 - first_ms // 1000 == second - START
        played = rows[own].copy()
        played["start_ms"] = played["end_ms"] = second * 1000 + 10
        return played

    world = World([source]).run(START, START + 60)
    assert [kind for _, kind in world.told()] == ["AttackDetected", "AttackEnded"]
    assert [vector.vector for vector in world.attacks()[0].vectors] == ["tcp_syn"]
