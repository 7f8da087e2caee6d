"""The smallest prefixes that hold an attack."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.detect.targets import Pick, Seen, around, counted_parts, groups, joined, smallest
from tidegate.model.addresses import Prefix

FLOOR = 10.0


def seen(amounts: dict[str, float], floors: dict[str, float] | None = None) -> dict[Prefix, Seen]:
    return {
        Prefix.parse(text): Seen(bits, 0, (floors or {}).get(text, FLOOR), 1e9)
        for text, bits in amounts.items()
    }


def chosen(amounts: dict[str, float], hot: list[str]) -> list[str]:
    return sorted(map(str, smallest(map(Prefix.parse, hot), seen(amounts))))


def test_a_single_host_is_the_target_though_its_prefixes_are_above_too() -> None:
    amounts = {"198.51.100.7/32": 100.0, "198.51.100.0/24": 105.0, "198.51.96.0/20": 108.0}
    assert chosen(amounts, list(amounts)) == ["198.51.100.7/32"]


def test_a_carpet_is_its_network_not_the_wider_one() -> None:
    amounts = {"198.51.100.0/24": 100.0, "198.51.96.0/20": 105.0, "198.51.0.0/16": 108.0}
    assert chosen(amounts, list(amounts)) == ["198.51.100.0/24"]


def test_a_carpet_beside_a_host_makes_the_network_the_target() -> None:
    amounts = {"198.51.100.7/32": 50.0, "198.51.100.0/24": 100.0}
    assert chosen(amounts, list(amounts)) == ["198.51.100.0/24"]


def test_a_carpet_over_four_networks_below_their_thresholds_is_narrowed_to_them() -> None:
    amounts = {f"198.51.{n}.0/24": 8.0 for n in range(96, 100)} | {"198.51.96.0/20": 33.0}
    found = smallest([Prefix.parse("198.51.96.0/20")], seen(amounts))
    assert joined(found) == ("198.51.96.0/22",)


def test_many_hosts_of_one_network_are_named_by_it() -> None:
    amounts = {f"198.51.100.{n}/32": 20.0 for n in range(40)} | {"198.51.100.0/24": 810.0}
    assert chosen(amounts, list(amounts)) == ["198.51.100.0/24"]


def test_ipv6_carpets_are_found_at_their_level() -> None:
    amounts = {"2001:db8:0:100::/56": 100.0, "2001:db8::/48": 101.0, "2001:db8::/32": 102.0}
    assert chosen(amounts, list(amounts)) == ["2001:db8:0:100::/56"]


def test_siblings_under_one_vector_are_one_attack_and_strangers_are_two() -> None:
    picks = [
        Pick(Prefix.parse("198.51.100.7/32"), 20),
        Pick(Prefix.parse("198.51.100.9/32"), 20),
        Pick(Prefix.parse("198.51.100.9/32"), 3),
        Pick(Prefix.parse("203.0.113.1/32"), 20),
    ]
    assert sorted(len(group) for group in groups(picks)) == [1, 3]


def test_a_host_inside_a_carpet_of_another_vector_is_the_same_attack() -> None:
    picks = [Pick(Prefix.parse("198.51.100.0/24"), 20), Pick(Prefix.parse("198.51.100.9/32"), 3)]
    assert len(groups(picks)) == 1


hosts = st.sets(st.integers(0, 1023), min_size=1, max_size=60)


@given(hosts, st.integers(1, 100))
def test_targets_never_overlap_and_hold_every_hot_host(found: set[int], bits: int) -> None:
    base = Prefix.parse("198.51.96.0/22")
    amounts: dict[Prefix, float] = {}
    for host in found:
        prefix = Prefix(0, base.low + host, 128)
        for place in (prefix, *around(prefix)):
            amounts[place] = amounts.get(place, 0.0) + bits
    rows = {prefix: Seen(amount, 0, FLOOR, 1e9) for prefix, amount in amounts.items()}
    hot = [prefix for prefix, row in rows.items() if row.above]
    targets = smallest(hot, rows)
    assert not any(a != b and a.covers(b) for a in targets for b in targets)
    for prefix in hot:
        assert any(target.covers(prefix) or prefix.covers(target) for target in targets)
        if prefix.length == 128:
            assert any(target.covers(prefix) for target in targets)


@pytest.mark.parametrize(
    "text", ["198.51.96.0/22", "198.51.100.7/32", "2001:db8::/31", "2001:db8:0:200::/55"]
)
def test_joined_prefixes_come_apart_into_counted_ones_again(text: str) -> None:
    assert joined(counted_parts(Prefix.parse(text))) == (text,)
