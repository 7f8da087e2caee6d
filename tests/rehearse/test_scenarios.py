"""Changes cut exactly the links that they name, surely or perhaps, in the order they stand."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worlds import CODES, world_of, worlds
from tidegate.model.refusals import NotAllowed
from tidegate.model.scenarios import (
    AddLinks,
    Alliance,
    CutBetween,
    CutCountry,
    FailCable,
    FailExchange,
    NewLink,
    RemoveNetworks,
    Scenario,
    Withdraw,
)
from tidegate.model.topology import World, WrongLine
from tidegate.rehearse.scenarios import Left, Places, apply, graph_at_least
from tidegate.wire.scenario_files import decode_scenario, decode_services


def left_of(world: World, *changes: object) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Pairs of AS numbers that are left at least, and at most."""
    left = apply(Places(world), Scenario("s", changes))  # type: ignore[arg-type]
    return pairs(world, left, "at_least"), pairs(world, left, "at_most")


def pairs(world: World, left: Left, which: str) -> set[tuple[int, int]]:
    chosen = getattr(left, which) & left.alive[left.first] & left.alive[left.second]
    numbers = world.numbers
    return {
        (int(numbers[a]), int(numbers[b]))
        for a, b in zip(left.first[chosen], left.second[chosen], strict=True)
    }


LINKS = [(1, 2, -1), (2, 3, -1), (1, 4, -1), (3, 4, 0)]
PLACES = {1: "XB", 2: "XA", 3: "XA", 4: "XB XA"}


def test_a_cut_country_keeps_only_links_among_its_own_and_among_others() -> None:
    surely, perhaps = left_of(world_of(LINKS, PLACES, {4: 5}), CutCountry("XA"))
    assert surely == {(2, 3), (1, 4)}
    assert perhaps == {(2, 3), (1, 4), (3, 4)}  # 4 is in both countries


def test_countries_cut_from_each_other_keep_their_ways_round() -> None:
    world = world_of([(1, 2, -1), (1, 3, -1), (2, 3, 0)], {1: "XC", 2: "XA", 3: "XB"})
    assert left_of(world, CutBetween(("XA",), ("XB",)))[0] == {(1, 2), (1, 3)}


def test_a_network_gone_takes_its_links_and_a_carrier_that_withdraws_its_customers_there() -> None:
    world = world_of(LINKS, PLACES, {4: 5})
    assert left_of(world, RemoveNetworks((2,)))[0] == {(1, 4), (3, 4)}
    surely, perhaps = left_of(world, Withdraw(1, "XA"))
    assert surely == {(2, 3), (3, 4)}
    assert perhaps == {(2, 3), (1, 4), (3, 4)}


def test_an_alliance_keeps_only_links_inside_it_and_what_is_added_later_stays() -> None:
    world = world_of(LINKS, PLACES, {4: 5})
    added = AddLinks((NewLink(1, 3),))
    assert left_of(world, Alliance(("XA",)), added)[0] == {(2, 3), (1, 3)}
    assert left_of(world, added, Alliance(("XA",)))[0] == {(2, 3)}


def test_a_cable_fails_with_its_links_and_an_exchange_with_peerings_that_meet_nowhere_else() -> None:
    world = world_of(
        [(1, 2, 0), (1, 3, 0), (1, 4, -1)],
        exchanges={"IX1": (1, 2, 3), "IX2": (1, 2)},
        cables={"North": ((4, 1),)},
    )
    assert left_of(world, FailCable("North"))[0] == {(1, 2), (1, 3)}
    surely, perhaps = left_of(world, FailExchange("IX1"))
    assert surely == {(1, 2), (1, 4)}
    assert perhaps == {(1, 2), (1, 3), (1, 4)}


@settings(max_examples=300, deadline=None)
@given(worlds(), st.sampled_from(CODES))
def test_a_cut_leaves_no_meeting_of_networks_that_stand_only_on_different_sides(
    world: World, code: str
) -> None:
    places = Places(world)
    if code not in world.countries:
        return
    left = apply(places, Scenario("s", (CutCountry(code),)))
    here = places.code(code)
    inside = places.anywhere_in([here])
    outside = places.anywhere_in([at for at in range(len(world.countries)) if at != here])
    for members in left.hubs:
        sides = {bool(inside[row]) for row in members if inside[row] != outside[row]}
        assert len(sides) < 2
    assert (left.at_most | ~left.at_least).all()


@pytest.mark.parametrize(
    "change, told",
    [
        (CutCountry("XZ"), "No network of this world is in 'XZ'; known are X"),
        (RemoveNetworks((7,)), "AS7 is not in this world; the nearest known are AS4"),
        (FailCable("Nort"), "This world has no cable 'Nort'; the nearest known: North."),
        (AddLinks((NewLink(1, 1),)), "A link joins two different networks."),
    ],
)
def test_what_the_world_does_not_have_is_refused_with_the_nearest(change: object, told: str) -> None:
    world = world_of(LINKS, PLACES, {4: 5}, cables={"North": ((1, 2),)})
    with pytest.raises(NotAllowed, match=re.escape(told)):
        left_of(world, change)


def test_a_new_provider_above_its_own_provider_is_refused() -> None:
    world = world_of(LINKS, PLACES, {4: 5})
    left = apply(Places(world), Scenario("s", (AddLinks((NewLink(3, 1, "provider"),)),)))
    with pytest.raises(NotAllowed, match="its own provider"):
        graph_at_least(left)


SCENARIO = b"""name = "North fails and XA is cut"
focus = ["XA"]
[[change]]
kind = "fail_cable"
cable = "North"
[[change]]
kind = "cut_country"
country = "XA"
[[change]]
kind = "add_links"
links = [{first = 1, second = 3}]
[[border_point]]
name = "West"
capacity_bits_per_s = 1000
networks = [1]
[[demand]]
network = 2
bits_per_s = 700
"""


def test_a_scenario_file_is_read_in_the_order_it_stands() -> None:
    scenario = decode_scenario(SCENARIO, "s.toml")
    assert scenario.change == (FailCable("North"), CutCountry("XA"), AddLinks((NewLink(1, 3),)))
    assert (scenario.border_point[0].name, scenario.demand[0].network) == ("West", 2)


@pytest.mark.parametrize(
    "old, new, told",
    [
        (
            b"country =",
            b"contry =",
            "s.toml, line 6: Object contains unknown field `contry` - at `$.change[1]`",
        ),
        (b"cut_country", b"cut_off", "s.toml, line 6: Invalid value 'cut_off' - at `$.change[1].kind`"),
        (b'"North"\n', b'"North\n', "s.toml, line 5: "),
        (b"network = 2", b'network = "2"', "s.toml, line 16: Expected `int`, got `str`"),
    ],
)
def test_a_wrong_scenario_is_told_with_its_line(old: bytes, new: bytes, told: str) -> None:
    with pytest.raises(WrongLine, match=re.escape(told)):
        decode_scenario(SCENARIO.replace(old, new), "s.toml")


def test_services_are_networks_by_name() -> None:
    assert decode_services(b"service,asn\nmail,AS1\nmail,2\n", "s.csv") == (("mail", 1), ("mail", 2))
