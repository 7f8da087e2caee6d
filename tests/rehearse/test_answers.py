"""Answers for people: counted by hand in a small world, and consistent in any world."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.naive.reach import connected_with, reached_from
from tests.rehearse.test_reach import links_of
from tests.worlds import world_of, worlds
from tidegate.model.refusals import NotAllowed
from tidegate.model.scenarios import Alliance, Border, CutCountry, Demand, RemoveNetworks, Scenario, Throttle
from tidegate.model.topology import World
from tidegate.rehearse import sweeps
from tidegate.rehearse.answers import Bounds, answer
from tidegate.rehearse.borders import borders
from tidegate.rehearse.measuring import ground_of, measure
from tidegate.rehearse.scenarios import Places, apply, graph_at_least
from tidegate.rehearse.throttling import throttled

# 1 carries 2 (XA) and 3 (XB); 2 carries 4 and 5, which are in XA, too; 6 (XA) hangs on 3 alone.
LINKS = [(1, 2, -1), (1, 3, -1), (2, 4, -1), (2, 5, -1), (3, 6, -1)]
PLACES = {1: "XB", 2: "XA", 3: "XB", 4: "XA", 5: "XA", 6: "XA"}
PEOPLE = {3: 100, 4: 20, 5: 30, 6: 50}


def test_a_cut_country_loses_the_world_and_those_behind_foreign_carriers() -> None:
    ground = ground_of(world_of(LINKS, PLACES, PEOPLE))
    told = answer(ground, Scenario("cut XA", (CutCountry("XA"),)), [("mail", 4), ("mail", 3), ("bank", 6)])
    (country,) = told.countries
    assert (country.country, country.size.networks, country.size.people) == ("XA", 4, 100)
    assert country.outside is not None
    assert country.inside is not None
    assert (country.outside.before, country.outside.after) == (Bounds(1, 1), Bounds(0, 0))
    assert (country.inside.before, country.inside.after) == (Bounds(1, 1), Bounds(0.5, 0.5))
    assert (country.cut_off.networks, country.cut_off.people, country.cut_off.low) == (1, 50, 25)
    assert [(one.largest, one.inside.people) for one in country.largest_islands] == [(5, 50), (6, 50)]
    assert [(one.service, one.before.low, one.after.low) for one in country.services] == [
        ("mail", 1, 0.5),
        ("bank", 1, 0.5),
    ]
    assert (told.pairs_before.low, told.pairs_after.low) == (36, 9 + 4 + 1)


def test_unseen_peering_is_the_difference_between_low_and_high() -> None:
    world = world_of(LINKS, PLACES, PEOPLE, exchanges={"XA-IX": (4, 6)})
    (country,) = answer(ground_of(world), Scenario("cut XA", (CutCountry("XA"),))).countries
    assert country.inside is not None
    assert country.inside.after == Bounds(0.5, (50 * 50 + 50 * 50 + 2 * 20 * 50) / 10_000)
    assert country.inside.emergency == Bounds(0.5, 1.0)
    assert (country.cut_off.people, country.surely_cut_off.people) == (50, 0)


def test_an_island_without_a_common_carrier_shows_the_gap_to_emergency_transit() -> None:
    world = world_of([(1, 2, 0), (2, 3, 0)], dict.fromkeys((1, 2, 3), "XA"), {1: 10, 3: 10})
    (country,) = answer(ground_of(world), Scenario("alone", (Alliance(("XA",)),))).countries
    assert country.inside is not None
    assert (country.inside.after.low, country.inside.emergency.low) == (0.5, 1.0)


@settings(max_examples=300, deadline=None)
@given(worlds(), st.data())
def test_bounds_are_ordered_and_equal_to_a_walk(world: World, data: st.DataObject) -> None:
    code = data.draw(st.sampled_from(world.countries))
    ground = ground_of(world)
    scenario = Scenario("cut", (CutCountry(code),))
    levels = measure(ground, apply(Places(world), scenario))
    assert (levels.seen.people <= levels.most.people).all()
    assert (levels.seen.people <= levels.any_seen.people).all()
    assert (levels.most.people <= levels.any_most.people).all()
    graph = graph_at_least(levels.left)
    places = world.places
    expected = np.zeros((2, *levels.seen.people.shape), np.int64)
    for at, walk in enumerate((reached_from, connected_with)):
        reached = [walk(row, links_of(graph)) for row in range(len(world))]
        for one in range(len(places.network)):
            for other in range(len(places.network)):
                if places.network[other] in reached[places.network[one]]:
                    pair = places.country[one], places.country[other]
                    expected[at][pair] += places.people[one] * places.people[other]
    assert np.array_equal(levels.seen.people, expected[0])
    assert np.array_equal(levels.any_seen.people, expected[1])


@settings(max_examples=400, deadline=None)
@given(worlds(), st.data())
def test_the_short_way_for_networks_without_customers_is_the_long_way(
    world: World, data: st.DataObject
) -> None:
    ground = ground_of(world)
    number = int(data.draw(st.sampled_from(world.numbers.tolist())))
    focus = data.draw(st.sampled_from([(), (world.countries[0],)]))
    scenario = Scenario("gone", (RemoveNetworks((number,)),), focus)
    short = sweeps.Losses(ground).of(scenario)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweeps, "_stub_alone", lambda *_: None)
        long = sweeps.Losses(ground).of(scenario)
        patch.setattr(sweeps, "touched_networks", lambda *_: np.ones(len(world), bool))
        assert sweeps.Losses(ground).of(scenario) == long
        patch.setattr(sweeps, "SOME_SHARE", 1.0)
        assert sweeps.Losses(ground).of(scenario) == long
    assert short.network_pairs_lost == long.network_pairs_lost
    assert np.allclose((short.people.low, short.people.high), (long.people.low, long.people.high))


def test_sweeps_name_what_they_try_and_are_the_same_for_the_same_seed() -> None:
    ground = ground_of(world_of(LINKS, PLACES, PEOPLE))
    cut = {one.name: one for one in sweeps.Losses(ground).of_all(list(sweeps.countries(ground)))}
    # Of 100 x 200 pairs of people that begin in XA, 100 x 100 to XB and half of those inside are lost.
    assert cut["cut XA"].people.high == pytest.approx((10_000 + 5_000) / 20_000)
    assert [one.name for one in sweeps.networks(ground, "XB")] == ["remove AS1", "remove AS3"]
    assert [one.name for one in sweeps.pairs(ground, ["XA", "XB"])] == ["cut XA from XB"]
    assert list(sweeps.random_sets(ground, 2, 3, 9)) == list(sweeps.random_sets(ground, 2, 3, 9))


def test_borders_count_crossings_and_concentration() -> None:
    at_a, at_b = borders(world_of(LINKS, PLACES, PEOPLE))
    assert (at_a.crossings, at_a.foreign_links, at_a.foreign_carriers) == (2, 2, 2)
    assert at_a.concentration == pytest.approx(0.2**2 + 0.3**2 + 0.5**2)
    assert (at_b.networks, at_b.people, at_b.concentration) == (2, 100, 1.0)


def test_a_throttled_border_point_leaves_what_fits_elsewhere() -> None:
    ground = ground_of(world_of(LINKS, PLACES, PEOPLE))
    points = (Border("West", 70, (2,)), Border("East", 100, (6,)))
    demand = (Demand(4, 40), Demand(5, 40), Demand(6, 50))
    lost = Scenario("s", (Throttle("West", 10), CutCountry("XA")), (), points, demand)
    told = throttled(ground, lost)
    assert told is not None
    assert (told.demand, told.carried_before, told.carried_after) == (130, 130, 60)
    assert [(p.load_after, p.capacity_after) for p in told.points] == [(10, 10), (50, 100)]
    with pytest.raises(NotAllowed, match="There is no border point 'Nowhere'; known are West, East"):
        throttled(ground, Scenario("s", (Throttle("Nowhere", 1),), (), points, demand))
