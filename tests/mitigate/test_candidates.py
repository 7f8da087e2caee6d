"""Candidates: closed itemsets of the attack, and what is made of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.plans.attacks import packets
from benchmarks.plans.world import Scene, observed
from tests.naive import itemsets as naive
from tidegate.mitigate.candidates import CANDIDATES_MAX, abilities, candidates, without
from tidegate.mitigate.items import destinations
from tidegate.mitigate.itemsets import CLOSED_SETS_MAX, closed_itemsets
from tidegate.mitigate.matching import Columns
from tidegate.mitigate.sample import told_apart
from tidegate.mitigate.settings import PlanSettings
from tidegate.model.border import COMPONENTS, BorderPoint, BorderRouter, RouterProfile
from tidegate.model.flows import FlowRows
from tidegate.model.plans import Match, Range

SETTINGS = PlanSettings()


@given(
    st.lists(st.tuples(st.integers(0, 31), st.integers(1, 100)), min_size=1, max_size=12),
    st.sampled_from([0.02, 0.1, 0.3]),
)
def test_closed_itemsets_are_all_those_that_the_definition_names(
    records: list[tuple[int, int]], least: float
) -> None:
    words = np.array([word for word, _ in records], np.uint64)
    measure = np.array([amount for _, amount in records], np.float64)
    measure /= measure.sum()
    found = closed_itemsets(words, measure, 5, least)
    assert len(found) == len(set(found)) <= CLOSED_SETS_MAX
    exact = naive.closed_itemsets(words.tolist(), measure.tolist(), 5, least)
    # No record is lighter than a hundredth of a set unless it is that light itself.
    if min(amount for _, amount in records) > 0.03 * sum(amount for _, amount in records):
        assert set(found) == exact


def test_the_heaviest_sets_come_first() -> None:
    words = np.array([0b11, 0b01, 0b01, 0b10], np.uint64)
    measure = np.array([0.1, 0.4, 0.2, 0.3])
    assert closed_itemsets(words, measure, 2) == [0b00, 0b01, 0b10, 0b11]


def test_targets_are_joined_as_far_as_the_settings_allow() -> None:
    near = destinations(["203.0.112.0/24", "203.0.113.0/24"], SETTINGS)
    assert near == ["203.0.112.0/24", "203.0.113.0/24", "203.0.112.0/23"]
    assert destinations(["203.0.0.7/32", "203.0.113.7/32"], SETTINGS) == ["203.0.0.7/32", "203.0.113.7/32"]
    mixed = destinations(["2001:db8::1/128", "198.51.100.7/32", "2001:db8::2/128"], SETTINGS)
    assert mixed == ["198.51.100.7/32", "2001:db8::1/128", "2001:db8::2/128", "2001:db8::/126"]


@pytest.mark.parametrize(
    ("spans", "holes", "left"),
    [
        ([Range(0, 65535)], [443], (Range(0, 442), Range(444, 65535))),
        ([Range(0, 65535)], [0, 65535], (Range(1, 65534),)),
        ([Range(53, 53)], [53], ()),
        ([Range(1, 9), Range(20, 29)], [5, 20, 40], (Range(1, 4), Range(6, 9), Range(21, 29))),
    ],
)
def test_ports_are_left_out_of_ranges(spans: list[Range], holes: list[int], left: tuple[Range, ...]) -> None:
    assert without(spans, holes) == left


def test_border_points_of_one_kind_are_searched_once() -> None:
    def point(name: str, *components: frozenset[str]) -> BorderPoint:
        routers = tuple(
            BorderRouter(name=str(at), address="192.0.2.1", peer_as=1, profile=RouterProfile(components=c))  # type: ignore[arg-type]
            for at, c in enumerate(components)
        )
        return BorderPoint(name=name, routers=routers)

    every, few = frozenset(COMPONENTS), frozenset(COMPONENTS[:4])
    found = abilities(
        [point("a", every), point("b", every, every), point("c", every, few), BorderPoint(name="d")]
    )
    assert found == [every, few]


def found_for(attack: FlowRows, **changes: object) -> list[Match]:
    scene = Scene(("203.0.113.7/32",), "203.0.113.0/24", attack, 2e9, 10, 500, 1_000.0, **changes)  # type: ignore[arg-type]
    sample = told_apart(observed(scene, np.random.default_rng(1)))
    found = candidates(sample, Columns(sample.rows), scene.targets, [frozenset(COMPONENTS)], SETTINGS)
    assert len(found) <= CANDIDATES_MAX
    return [one.match for one in found]


def test_two_reflectors_are_found_apart_and_joined() -> None:
    rng = np.random.default_rng(3)
    ports = rng.choice([161, 1900], 1000)
    found = found_for(packets(rng, 17, rng.integers(300, 400, 1000), src_port=ports, dst_port=80))
    asked = {match.source_ports for match in found}
    assert {(Range(161, 161),), (Range(1900, 1900),), (Range(161, 161), Range(1900, 1900))} <= asked


def test_ports_of_other_traffic_are_left_out_of_a_flood_from_everywhere() -> None:
    rng = np.random.default_rng(3)
    attack = packets(
        rng,
        17,
        rng.integers(60, 1400, 4000),
        src_port=rng.integers(1, 65536, 4000),
        dst_port=rng.integers(1, 65536, 4000),
    )
    found = found_for(attack, target_share=0.5)
    hollow = [match for match in found if len(match.source_ports) > 1]
    assert any(all(not s.first <= 443 <= s.last for s in match.source_ports) for match in hollow)


def test_lengths_are_asked_for_where_the_attack_has_few() -> None:
    rng = np.random.default_rng(3)
    found = found_for(packets(rng, 17, np.full(1000, 468), src_port=123, dst_port=rng.integers(1, 999, 1000)))
    assert any(match.packet_lengths == (Range(468, 468),) for match in found)
    assert any(not match.packet_lengths for match in found)


def test_a_source_prefix_is_named_where_much_comes_from_it() -> None:
    rng = np.random.default_rng(3)
    attack = packets(rng, 17, rng.integers(300, 400, 1000), src_port=53, dst_port=80)
    half = rng.random(1000) < 0.5
    attack["src_low"][half] = 0xFFFF_C000_0200 + rng.integers(0, 256, int(half.sum())).astype(np.uint64)
    assert any(match.source == "192.0.2.0/24" for match in found_for(attack))
