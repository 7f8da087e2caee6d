"""Which targets are one attack: rules 5 to 8 of detect.targets."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.detect.joining import Place, join
from tidegate.detect.targets import TOGETHER_SECONDS, wider
from tidegate.model.addresses import Prefix

DNS, SYN, NTP, ICMP = 1, 2, 3, 4
LATER = TOGETHER_SECONDS + 1


def place(
    text: str, vectors: dict[int, float] | int, first_second: int = 0, attack: int | None = None
) -> Place:
    shares = {vectors: 1.0} if isinstance(vectors, int) else vectors
    return Place(Prefix.parse(text), {v: (share, share) for v, share in shares.items()}, first_second, attack)


def attacks(found: list[Place], open_places: list[Place] | None = None) -> list[tuple[int | None, list[str]]]:
    joined = join(found, open_places or [])
    return sorted(
        ((one.attack, sorted(str(own.prefix) for own in one.places)) for one in joined),
        key=lambda entry: (entry[0] or 0, entry[1]),
    )


V4 = ("198.51.100.7/32", "198.51.100.9/32", "198.51.100.0/24", "198.51.96.0/20")
V6 = ("2001:db8::7/128", "2001:db8::9/128", "2001:db8::/64", "2001:db8::/56")


@pytest.mark.parametrize(("host", "neighbour", "network", "wide"), [V4, V6])
class TestRules:
    def test_5_another_vector_on_the_same_target_belongs_to_its_attack(
        self, host: str, neighbour: str, network: str, wide: str
    ) -> None:
        assert attacks([place(host, SYN, 900)], [place(host, DNS, 0, 1)]) == [(1, [host])]

    def test_6_a_flood_that_widens_or_narrows_goes_on(
        self, host: str, neighbour: str, network: str, wide: str
    ) -> None:
        assert attacks([place(network, DNS, 900)], [place(host, DNS, 0, 1)]) == [(1, [network])]
        assert attacks([place(host, DNS, 900)], [place(wide, DNS, 0, 1)]) == [(1, [host])]

    def test_6_of_two_attacks_that_a_network_swallows_the_oldest_takes_it(
        self, host: str, neighbour: str, network: str, wide: str
    ) -> None:
        known = [place(neighbour, DNS, 0, 2), place(host, DNS, 0, 1)]
        assert attacks([place(network, DNS, 9)], known) == [(1, [network])]

    def test_7_neighbours_under_one_vector_are_one_attack_if_they_began_together(
        self, host: str, neighbour: str, network: str, wide: str
    ) -> None:
        assert len(attacks([place(host, DNS), place(neighbour, DNS, TOGETHER_SECONDS)])) == 1
        assert len(attacks([place(host, DNS), place(neighbour, DNS, LATER)])) == 2
        assert attacks([place(neighbour, DNS, LATER)], [place(host, DNS, 0, 1)]) == [(None, [neighbour])]
        assert attacks([place(neighbour, DNS, 30)], [place(host, DNS, 0, 1)]) == [(1, [neighbour])]

    def test_7_neighbours_that_share_only_a_trace_are_two_attacks(
        self, host: str, neighbour: str, network: str, wide: str
    ) -> None:
        found = [place(host, {DNS: 0.9, ICMP: 0.1}), place(neighbour, {SYN: 0.9, ICMP: 0.1})]
        assert len(attacks(found)) == 2
        found = [place(host, {DNS: 0.9, ICMP: 0.1}), place(neighbour, {DNS: 0.6, SYN: 0.4})]
        assert len(attacks(found)) == 1

    def test_8_the_vectors_of_one_carpet_are_one_attack_at_whatever_width(
        self, host: str, neighbour: str, network: str, wide: str
    ) -> None:
        assert len(attacks([place(network, DNS), place(wide, SYN, 20)])) == 1
        assert attacks([place(wide, SYN, 20)], [place(network, DNS, 0, 1)]) == [(1, [wide])]
        assert attacks([place(wide, SYN, LATER)], [place(network, DNS, 0, 1)]) == [(None, [wide])]

    def test_8_three_widths_of_one_carpet_are_one_attack(
        self, host: str, neighbour: str, network: str, wide: str
    ) -> None:
        widest = "198.51.0.0/16" if network == V4[2] else "2001:db8::/48"
        assert len(attacks([place(network, DNS), place(wide, SYN, 20), place(widest, NTP, 10)])) == 1

    def test_8_a_host_under_another_vector_than_its_network_is_an_attack_of_its_own(
        self, host: str, neighbour: str, network: str, wide: str
    ) -> None:
        assert len(attacks([place(network, DNS), place(host, SYN)])) == 2
        assert attacks([place(host, SYN)], [place(network, DNS, 0, 1)]) == [(None, [host])]

    def test_8_a_network_around_two_attacks_joins_neither(
        self, host: str, neighbour: str, network: str, wide: str
    ) -> None:
        other = "198.51.101.0/24" if network == V4[2] else "2001:db8:0:1::/64"
        found = [place(network, DNS), place(other, SYN), place(wide, NTP)]
        assert len(attacks(found)) == 3
        known = [place(network, DNS, 0, 1), place(other, SYN, 0, 2)]
        assert attacks([place(wide, NTP)], known) == [(None, [wide])]


def test_a_flood_that_moves_from_host_to_host_stays_one_attack() -> None:
    known = [place("198.51.100.1/32", NTP, 0, 1)]
    for n in range(2, 30):
        host = f"198.51.100.{n}/32"
        assert attacks([place(host, NTP, 40 * n - 40)], known) == [(1, [host])]
        known.append(place(host, NTP, 40 * n - 40, 1))


some_places = st.lists(
    st.builds(
        place,
        st.sampled_from([*V4, *V6, "198.51.101.3/32", "198.51.101.0/24"]),
        st.dictionaries(st.integers(1, 4), st.sampled_from([0.1, 1.0, 5.0]), min_size=1),
        st.sampled_from([0, 30, 61, 400]),
    ),
    unique_by=lambda made: made.prefix,
)


@given(some_places, some_places)
def test_every_place_is_in_one_attack_and_each_joining_has_its_rule(
    found: list[Place], known: list[Place]
) -> None:
    open_places = [Place(p.prefix, p.vectors, p.first_second, n) for n, p in enumerate(known, 1)]
    joined = join(found, open_places)
    assert sorted(p.prefix for one in joined for p in one.places) == sorted(p.prefix for p in found)
    numbers = [one.attack for one in joined if one.attack is not None]
    assert len(numbers) == len(set(numbers))
    for one in joined:
        mates = one.places + [p for p in open_places if p.attack == one.attack]
        if len(mates) > 1:
            for own in one.places:
                assert any(some_rule(own, mate) for mate in mates if mate is not own)
        for own in one.places:
            if one.attack is None:
                assert not any(own.prefix == other.prefix for other in open_places)


def some_rule(a: Place, b: Place) -> bool:
    """Whether rules 5 to 8 give a reason to join these two at all."""
    if a.prefix == b.prefix:
        return True
    near = abs(a.first_second - b.first_second) <= TOGETHER_SECONDS
    shared = bool(a.vectors.keys() & b.vectors.keys())
    overlapping = a.prefix.covers(b.prefix) or b.prefix.covers(a.prefix)
    if overlapping:
        networks = a.prefix.length < 128 and b.prefix.length < 128
        return shared or (networks and near)
    siblings = a.prefix.length == b.prefix.length and wider(a.prefix) == wider(b.prefix)
    return siblings and near and shared


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=30, unique=True))
def test_neighbours_under_one_vector_form_chains_in_time(begun: list[int]) -> None:
    found = [place(f"198.51.100.{n}/32", DNS, second) for n, second in enumerate(begun)]
    breaks = sum(later - earlier > TOGETHER_SECONDS for earlier, later in pairwise(sorted(begun)))
    assert len(attacks(found)) == breaks + 1
