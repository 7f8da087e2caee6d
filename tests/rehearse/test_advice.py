"""Advice gains what it says, nearly as much as the best set could; chokepoints are the worst there are."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.naive.reach import passed_by_all, reached_from
from tests.rehearse.test_reach import links_of, whole
from tests.worlds import world_of, worlds
from tidegate.kernels import adjacency
from tidegate.model.refusals import Full, NotAllowed
from tidegate.model.scenarios import AddLinks, Alliance, CutCountry, NewLink, RemoveNetworks, Scenario
from tidegate.model.topology import Groups, World
from tidegate.rehearse import advice_table, alliances, chokepoints
from tidegate.rehearse.advice import advise
from tidegate.rehearse.alliances import allied, coalitions
from tidegate.rehearse.answers import people_of
from tidegate.rehearse.chokepoints import Chokepoints
from tidegate.rehearse.measuring import Ground, ground_of
from tidegate.rehearse.scenarios import Places, apply, graph_at_least


def share_within(world: World, scenario: Scenario, code: str) -> float:
    """Share of pairs of people of networks mainly in the country that reach each other, by walking."""
    places = Places(world)
    graph = graph_at_least(apply(places, scenario))
    rows = np.flatnonzero(places.mainly_in([places.code(code)]))
    here = world.places.country == places.code(code)
    people = np.bincount(world.places.network[here], weights=world.places.people[here], minlength=len(world))
    reached = {row: reached_from(row, links_of(graph)) for row in rows.tolist()}
    pairs = sum(people[a] * people[b] for a in rows for b in rows if b in reached[int(a)])
    return float(pairs / (people[rows].sum() ** 2 or 1))


@settings(max_examples=300, deadline=None)
@given(worlds(8), st.sampled_from([("peer",), ("transit",), ("peer", "transit")]))
def test_every_advised_link_gains_what_it_says(world: World, kinds: tuple[str, ...]) -> None:
    code = world.countries[0]
    scenario = Scenario("s", (CutCountry(code),))
    advice = advise(ground_of(world), scenario, [code], 3, kinds)  # type: ignore[arg-type]
    share = share_within(world, scenario, code)
    assert advice.before == pytest.approx(share if advice.before < 1 else 1.0)
    for at, one in enumerate(advice.links):
        more = Scenario("s", (*scenario.change, AddLinks(tuple(x.link for x in advice.links[: at + 1]))))
        now = share_within(world, more, code)
        assert now == pytest.approx(share + one.gain)
        share = now
    assert advice.after == pytest.approx(share if advice.before < 1 else 1.0)


@settings(max_examples=150, deadline=None)
@given(worlds(7), st.sampled_from([1, 2, 3, 2000]))
def test_advised_peerings_are_near_the_best_set_and_below_their_bound(world: World, ends: int) -> None:
    code = world.countries[0]
    scenario = Scenario("s", (CutCountry(code),))
    with pytest.MonkeyPatch.context() as few:
        few.setattr(advice_table, "ENDS_MAX", ends)
        advice = advise(ground_of(world), scenario, [code], 2)
    places = Places(world)
    rows = world.numbers[places.mainly_in([places.code(code)])].tolist()
    best = 0.0

    new = [NewLink(a, b) for a, b in combinations(rows, 2)]
    joined = {
        frozenset((int(world.numbers[a]), int(world.numbers[b])))
        for a, b, _ in links_of(graph_at_least(apply(places, scenario)))
    }
    new = [one for one in new if frozenset((one.first, one.second)) not in joined]
    for links in [(), *((one,) for one in new), *combinations(new, 2)]:
        best = max(best, share_within(world, Scenario("s", (*scenario.change, AddLinks(tuple(links)))), code))
    if advice.before == 1.0 and not advice.links:
        return
    assert advice.bound is not None
    assert advice.bound >= best - 1e-9
    if not advice.left_out:
        assert advice.after - advice.before >= (1 - 1 / np.e) * (best - advice.before) - 1e-9


def test_candidates_may_be_those_who_meet_or_of_different_countries() -> None:
    world = world_of(
        [(1, 2, -1), (1, 3, -1), (1, 4, -1)],
        {1: "XC", 2: "XA", 3: "XA", 4: "XB"},
        {2: 100, 3: 10, 4: 1000},
        exchanges={"IX": (3, 4)},
    )
    ground, alone = ground_of(world), Scenario("s", (Alliance(("XA", "XB")),))
    pairs = {
        candidates: [
            (one.link.first, one.link.second)
            for one in advise(ground, alone, ["XA", "XB"], 5, candidates=candidates).links  # type: ignore[arg-type]
        ]
        for candidates in ("country", "exchange", "alliance")
    }
    assert pairs == {"country": [(2, 4), (3, 4), (2, 3)], "exchange": [(3, 4)], "alliance": [(2, 4), (3, 4)]}
    with pytest.raises(NotAllowed, match="1 to 100 links"):
        advise(ground, alone, ["XA"], 0)


def test_where_not_all_ends_are_tried_those_with_most_people_are_and_the_rest_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Nothing of XA is joined at home, but for what lies below 1 and 2.
    links = [(9, 1, -1), (9, 2, -1), (9, 3, -1), (9, 6, -1), (1, 4, -1), (2, 5, -1)]
    homes = {**dict.fromkeys(range(1, 7), "XA"), 9: "XB"}
    world = world_of(links, homes, {3: 10, 4: 100, 5: 50, 6: 10})
    monkeypatch.setattr(advice_table, "ENDS_MAX", 2)
    advice = advise(ground_of(world), Scenario("s", (Alliance(("XA",)),)), ["XA"], 2)
    assert [(one.link.first, one.link.second) for one in advice.links] == [(1, 2)]
    assert advice.links[0].gain == pytest.approx(2 * 100 * 50 / 170**2)
    assert advice.left_out == 2
    # Of two links one adds what was found, and one with an end left out 2 x 10 x 170 at most.
    before = 100**2 + 50**2 + 10**2 + 10**2
    assert advice.bound == pytest.approx((before + 2 * 100 * 50 + 2 * 10 * 170) / 170**2)
    monkeypatch.setattr(advice_table, "GROUPS_MAX", 2)
    with pytest.raises(Full):
        advise(ground_of(world), Scenario("s", (Alliance(("XA",)),)), ["XA"], 5)


def last(ground: Ground, country: str) -> Chokepoints:
    *_, (_, _, told) = chokepoints.chokepoints(ground, country)
    assert told is not None
    return told


@settings(max_examples=150, deadline=None)
@given(worlds(8))
def test_chokepoints_are_the_worst_of_all_networks_and_links(world: World) -> None:
    ground = ground_of(world)
    code = world.countries[0]
    at = ground.world.countries.index(code)
    told = last(ground, code)
    people = people_of(world)
    all_pairs = max(1, int(people[at]) * int(people.sum()))
    places = Places(world)

    def lost(graph_links: list[tuple[int, int, int]], gone: int | None) -> float:
        pairs = 0
        reached = [reached_from(row, graph_links) if row != gone else set() for row in range(len(world))]
        rows = world.places
        for one in range(len(rows.network)):
            for other in range(len(rows.network)):
                alive = gone not in (rows.network[one], rows.network[other])
                if rows.country[one] == at and alive and rows.network[other] in reached[rows.network[one]]:
                    pairs += int(rows.people[one] * rows.people[other])
        return (int(ground.seen.reach.people[at].sum()) - pairs) / all_pairs

    links = links_of(ground.seen.graph)
    near = {
        int(row) for row in world.places.network[(world.places.country == at) & (world.places.people > 0)]
    }
    while more := {a for a, b, kind in links if kind == -1 and b in near and a not in near}:
        near |= more
    by_network = sorted((lost([x for x in links if row not in x[:2]], row) for row in near), reverse=True)
    by_link = sorted(
        (lost([x for x in links if x != one], None) for one in links if near & set(one[:2])), reverse=True
    )
    for found, expected in ((told.networks, by_network), (told.links, by_link)):
        worst = [one for one in expected if one > 0][:10]
        assert np.allclose([one.lost for one in found], worst)
        assert all(one.lost <= one.worst + 1e-12 for one in found)
    assert places.code(code) == at


@given(worlds())
def test_who_cannot_be_avoided_on_the_way_up_is_on_every_way(world: World) -> None:
    graph = whole(world)
    providers: dict[int, set[int]] = {}
    for first, second, kind in links_of(graph):
        if kind == -1:
            providers.setdefault(second, set()).add(first)
    found = adjacency.passed_by_all(graph.order, graph.providers.start, graph.providers.to)
    expected = [passed_by_all(row, providers) for row in range(len(world))]
    assert [row if row >= 0 else None for row in found.tolist()] == expected


def test_chokepoints_that_were_not_tried_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chokepoints, "TRIED_MAX", 1)
    links = [(1, 2, -1), (1, 3, -1), (2, 4, -1), (3, 5, -1)]
    world = world_of(links, dict.fromkeys(range(1, 6), "XA"), {4: 10, 5: 5})
    told = last(ground_of(world), "XA")
    assert [one.first for one in told.networks] == [1]
    assert (told.tried, told.candidates) == (2, 9)
    # 2 has 10 of 15 people below it: 10 x 15 pairs from them, and 5 x 10 to them, of 225.
    assert told.untried == pytest.approx(200 / 225)


def test_an_alliance_counts_who_is_within_reach_and_which_countries_are_not_joined() -> None:
    links = [(1, 2, 0), (2, 3, 0), (9, 1, -1)]
    world = world_of(links, {1: "XA", 2: "XB", 3: "XC", 9: "XZ"}, {1: 10, 2: 20, 3: 30, 9: 500})
    told = allied(ground_of(world), ["XA", "XB", "XC"])
    assert (told.people, told.missing) == (60, (("XA", "XC"),))
    assert told.within_reach.low == pytest.approx((10 * 30 + 20 * 60 + 30 * 50) / 60)
    assert told.emergency.low == pytest.approx(60)


def test_the_smallest_coalitions_pass_the_threshold_and_none_smaller_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    links = [(1, 2, -1), (1, 3, -1), (3, 4, 0)]
    world = world_of(links, {1: "XA", 2: "XB", 3: "XC", 4: "XD"}, {1: 10, 2: 40, 3: 30, 4: 50})
    ground = ground_of(world)
    *_, (_, told) = coalitions(ground, 49)
    assert told is not None
    assert (told.size, [one.countries for one in told.found], told.complete) == (1, [("XD",)], True)
    *_, (_, told) = coalitions(ground, 79)
    assert told is not None
    # XB and XD together have 90, but no link.
    assert (told.size, [one.countries for one in told.found]) == (2, [("XC", "XD")])
    *_, (_, none) = coalitions(ground, 200)
    assert none is not None
    assert (none.size, none.found, none.complete) == (0, (), True)
    monkeypatch.setattr(alliances, "COALITIONS_TRIED_MAX", 1)
    *_, (_, cut) = coalitions(ground, 79)
    assert cut is not None
    assert cut.complete is False or cut.found


def test_a_meeting_place_without_anyone_of_the_alliance_connects_nobody() -> None:
    outside = Groups(names=("IX0",), start=np.array([0, 2]), member=np.array([1, 3], np.int32))
    countries = {1: "XA", 2: "XC", 3: "XB", 4: "XC"}
    links = [(1, 2, -1), (3, 4, -1)]
    world = replace(world_of(links, countries, dict.fromkeys(countries, 10)), exchanges=outside)
    assert allied(ground_of(world), ["XA", "XB"]).within_reach.low == pytest.approx(10)


@settings(max_examples=100, deadline=None)
@given(worlds(8))
def test_an_alliance_is_its_scenario_seen_from_inside(world: World) -> None:
    ground = ground_of(world)
    chosen = list(world.countries[:2])
    told = allied(ground, chosen)
    places = Places(world)
    codes = places.codes(chosen)
    graph = graph_at_least(apply(places, Scenario("s", (Alliance(tuple(chosen)), RemoveNetworks(())))))
    inside = places.mainly_in(codes)
    rows = world.places
    pairs = sum(
        int(rows.people[a] * rows.people[b])
        for a in range(len(rows.network))
        for b in range(len(rows.network))
        if rows.country[a] in codes
        and rows.country[b] in codes
        and inside[rows.network[a]]
        and inside[rows.network[b]]
        and int(rows.network[b]) in reached_from(int(rows.network[a]), links_of(graph))
    )
    assert told.within_reach.low == pytest.approx(pairs / max(1, told.people))
