"""Many tables become one world by the numbered rules, whatever the order of their lines."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.worlds import link_table, world_of, worlds
from tidegate.model.refusals import Full, Malformed
from tidegate.model.topology import Evidence, LinkOrigin, People, Place, World
from tidegate.rehearse import joining
from tidegate.rehearse.joining import Tables, in_circles, join
from tidegate.wire.world_file import decode_world, encode_world


def links_of(world: World) -> set[tuple[int, int, int]]:
    numbers = world.numbers.tolist()
    columns = (world.links.first.tolist(), world.links.second.tolist(), world.links.relation.tolist())
    return {
        (numbers[a], numbers[b], kind) if kind else (*sorted((numbers[a], numbers[b])), 0)
        for a, b, kind in zip(*columns, strict=True)
    }


def counts(world: World) -> dict[str, int]:
    return {note.what: note.count for note in world.notes}


def test_own_and_repeated_links_and_those_of_route_servers_are_left_out() -> None:
    table = link_table([(1, 1, 0), (1, 2, -1), (1, 2, -1), (2, 9, 0), (9, 1, -1)], exchanges=[9])
    world = join(Tables(links=[table]))
    assert links_of(world) == {(1, 2, -1)}
    assert counts(world) | {"networks that nobody places": 2} == counts(world)
    assert counts(world)["links of a network with itself"] == 1
    assert counts(world)["links of exchanges' route servers"] == 2
    assert counts(world)["repeated links"] == 1


def test_transit_is_stronger_than_peering_and_both_ways_are_siblings() -> None:
    world = join(Tables(links=[link_table([(1, 2, 0), (2, 1, -1), (3, 4, -1), (4, 3, -1), (4, 5, 0)])]))
    # 4 has more neighbours than 3.
    assert links_of(world) == {(2, 1, -1), (4, 3, -1), (4, 5, 0)}
    assert counts(world)["pairs told as transit and as peering"] == 1
    assert counts(world)["pairs told as transit both ways"] == counts(world)["siblings"] == 1


def test_the_lower_number_carries_its_equal_sibling() -> None:
    assert links_of(join(Tables(links=[link_table([(8, 3, 2)])]))) == {(3, 8, -1)}


def test_the_private_word_on_a_link_holds() -> None:
    seen, own = link_table([(1, 2, -1)]), link_table([(1, 2, 0), (1, 3, -1)], LinkOrigin.PRIVATE)
    world = join(Tables(links=[seen, own]))
    assert links_of(world) == {(1, 2, 0), (1, 3, -1)}
    assert set(world.links.origin.tolist()) == {LinkOrigin.PRIVATE}
    assert counts(world)["links on which private word differs"] == 1


def test_a_circle_of_providers_is_opened_where_the_smaller_would_carry_the_larger() -> None:
    circle = [(1, 2, -1), (2, 3, -1), (3, 1, -1), (1, 10, -1), (1, 11, -1), (2, 12, -1)]
    world = join(Tables(links=[link_table(circle)]))
    assert links_of(world) == {(1, 2, -1), (2, 3, -1), (1, 3, 0), (1, 10, -1), (1, 11, -1), (2, 12, -1)}
    assert counts(world)["networks in circles of providers"] == 3
    assert counts(world)["links of circles of providers"] == 1


any_links = st.lists(
    st.tuples(st.integers(1, 7), st.integers(1, 7), st.sampled_from([-1, 0, 2])), min_size=1, max_size=25
)


@given(any_links, st.randoms(use_true_random=False))
def test_the_world_does_not_depend_on_the_order_of_lines_and_has_no_circle(
    links: list[tuple[int, int, int]], shuffler: random.Random
) -> None:
    world = join(Tables(links=[link_table(links)]))
    shuffled = shuffler.sample(links, len(links))
    assert encode_world(join(Tables(links=[link_table(shuffled)]))) == encode_world(world)
    assert not in_circles(world.links, len(world)).any()
    pairs = {frozenset((a, b)) for a, b, _ in links if a != b}
    assert {frozenset((a, b)) for a, b, _ in links_of(world)} == pairs


def test_the_strongest_evidence_places_a_network_and_the_unplaced_are_in_zz() -> None:
    places = [
        Place(1, "XA", Evidence.REGISTRATION),
        Place(1, "XB", Evidence.OPERATION),
        Place(1, "XC", Evidence.OPERATION),
    ]
    world = join(Tables(links=[link_table([(1, 2, 0)])], places=places, people=[People(1, "XC", 1, 2, 3)]))
    placed = [
        (int(n), world.countries[c]) for n, c in zip(world.places.network, world.places.country, strict=True)
    ]
    # XC comes first: as strong as XB, and with people.
    assert placed == [(0, "XC"), (0, "XB"), (1, "ZZ")]
    assert world.places.people.tolist() == [2, 0, 0]
    assert counts(world)["places with weaker evidence than another"] == 1


def test_people_put_a_network_where_nobody_placed_it() -> None:
    world = join(Tables(links=[link_table([(1, 2, 0)])], people=[People(2, "XA", 5, 10, 20)]))
    assert world.countries == ("XA", "ZZ")
    assert world.places.evidence.tolist() == [Evidence.UNKNOWN, Evidence.PRESENCE]


def test_users_of_a_country_without_measurements_are_shared_out_exactly() -> None:
    places = [Place(n, "XA", Evidence.REGISTRATION) for n in (1, 2, 3)]
    links = [link_table([(1, 2, -1), (1, 3, -1)])]
    world = join(Tables(links=links, places=places, people=[People(0, "XA", 100, 100, 100)]))
    assert world.places.people.tolist() == [43, 29, 28]  # 3, 2 and 2 sevenths
    assert (world.places.low <= world.places.people).all()
    assert (world.places.people <= world.places.high).all()
    measured = [People(0, "XA", 100, 100, 100), People(2, "XA", 1, 7, 9)]
    assert join(Tables(links=links, places=places, people=measured)).places.people.tolist() == [0, 7, 0]


def test_cables_name_links_of_the_world() -> None:
    world = world_of([(1, 2, -1), (3, 1, 0)], cables={"North": ((2, 1), (1, 3), (8, 9))})
    first = world.links.first[world.cables.of(0)].tolist()
    assert len(first) == 2
    assert counts(world)["links of cables that the world does not have"] == 1


@given(worlds())
def test_a_world_is_the_same_after_its_file(world: World) -> None:
    data = encode_world(world)
    assert encode_world(decode_world(data)) == data


@pytest.mark.parametrize("cut", [0, 5, 40, -1])
def test_a_damaged_world_file_is_refused(cut: int) -> None:
    data = encode_world(world_of([(1, 2, -1)]))
    with pytest.raises(Malformed):
        decode_world(data[:cut])
    with pytest.raises(Malformed):
        decode_world(data[:-1] + b"\xff")


def test_too_many_networks_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "NETWORKS_MAX", 2)
    with pytest.raises(Full, match="NETWORKS_MAX"):
        world_of([(1, 2, 0), (2, 3, 0)])
