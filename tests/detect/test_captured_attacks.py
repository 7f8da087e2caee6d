"""Attack packets captured on real networks get the right vectors and are detected."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.naive.flood import START, Rows, Source, World
from tidegate.adapters.recordings import open_recording
from tidegate.kernels.classify import classify_rows
from tidegate.model.addresses import words
from tidegate.model.vector_tables import least_bytes, port_vectors
from tidegate.model.vectors import NO_VECTOR, VECTORS

CAPTURES = Path(__file__).parents[2] / "src" / "tidegate" / "lab" / "captures"


def packets(name: str) -> Rows:
    """Every packet of a capture as a FLOW row."""
    (path,) = CAPTURES.glob(f"*{name}*")
    with open_recording(path) as recording:
        return np.concatenate([batch.rows.copy() for batch in recording.packets()])


def vectors(rows: Rows) -> Counter[str]:
    codes = np.zeros(len(rows), np.uint8)
    classify_rows(rows, port_vectors(), least_bytes(), codes)
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


def drawn(name: str, target: str, bits_per_s: float, begin: int, until: int) -> Source:
    """A capture's packets, drawn at random at a rate, sampled 1 in 1,000, towards another host."""
    captured = packets(name)
    captured = captured[captured["family"] == 4]
    expected = bits_per_s / 8 / captured["bytes"].mean() / 1000

    def source(second: int) -> Rows:
        if not begin <= second < until:
            return captured[:0]
        chance = np.random.default_rng((second, len(name)))
        made = captured[chance.integers(0, len(captured), chance.poisson(expected))]
        made["dst_high"], made["dst_low"] = words(target)
        made["family"] = 6 if ":" in target else 4
        made["start_ms"] = made["end_ms"] = second * 1000 + np.sort(chance.integers(0, 1000, len(made)))
        made["sampling_rate"] = 1000
        return made

    return source


@pytest.mark.parametrize("network", ["198.51.100.", "2001:db8::"])
@pytest.mark.parametrize("apart", [0, 6])
def test_four_captured_attacks_on_four_hosts_of_one_network_are_four(network: str, apart: int) -> None:
    """Each lasts 26 s and begins `apart` seconds after the one before: all overlap."""
    told = [("dns", "20", 4e9), ("snmp", "30", 1.2e9), ("synflood", "40", 0.4e9), ("bacnet", "70", 8e9)]
    sources = [
        drawn(name, network + host, bits, START + 4 + apart * n, START + 30 + apart * n)
        for n, (name, host, bits) in enumerate(told)
    ]
    world = World(sources).run(START, START + 80)
    length = 128 if ":" in network else 32
    attacks = {attack.targets: attack for attack in world.attacks()}
    expected = [(f"{network}{host}/{length}",) for _, host, _ in told]
    assert sorted(attacks) == sorted(expected)
    facts = [kind for _, kind in world.told()]
    assert facts.count("AttackDetected") == facts.count("AttackEnded") == 4
    for n, target in enumerate(expected):
        assert attacks[target].first_seen_ms == (START + 4 + apart * n) * 1000
        assert attacks[target].last_seen_ms == (START + 30 + apart * n) * 1000 - 1
    snmp, syn = attacks[expected[1]], attacks[expected[2]]
    assert snmp.bits_per_s.estimate == pytest.approx(1.2e9, rel=0.05)
    assert syn.bits_per_s.low <= 0.4e9 <= syn.bits_per_s.high
