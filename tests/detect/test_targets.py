"""The smallest prefixes that hold an attack: rules 1 to 4 of detect.targets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.detect.targets import (
    HOST_LENGTH,
    HOSTS_MAX,
    PARTS_MAX,
    TOGETHER_SECONDS,
    Amount,
    Evidence,
    Quantity,
    around,
    counted_parts,
    joined,
    smallest,
    wider,
)
from tidegate.model.addresses import Prefix

FLOOR = 10.0


@dataclass
class Still:
    """Traffic that does not change: what each prefix receives; above its floor it is decided."""

    amounts: Mapping[Prefix, float]
    began: Mapping[Prefix, int] = field(default_factory=dict)
    sampled_packets: float = float("inf")
    multiple: float = 1.0
    """A network's floor, in units of a host's."""
    in_object: bool = True

    def floor(self, prefix: Prefix) -> float:
        return FLOOR if prefix.length == HOST_LENGTH else self.multiple * FLOOR

    def hot(self) -> list[Prefix]:
        return [prefix for prefix, amount in self.amounts.items() if amount >= self.floor(prefix)]

    def decided(self, prefix: Prefix, without: Iterable[Prefix]) -> Evidence | None:
        left = self.amounts[prefix] - sum(self.amounts[part] for part in without)
        enough = left >= self.floor(prefix)
        return Evidence(self.began.get(prefix, 0), 100, 5, Quantity.BITS) if enough else None

    def within_their_own(self, hosts: Iterable[Prefix], prefix: Prefix, evidence: Evidence) -> bool:
        hosts = list(hosts)
        return not self.in_object and sum(self.amounts[host] for host in hosts) < len(hosts) * FLOOR

    def parts(self, prefix: Prefix) -> list[Prefix]:
        return [part for part in self.amounts if wider(part) == prefix]

    def amount(self, prefix: Prefix, evidence: Evidence) -> Amount:
        total = self.amounts.get(prefix, 0.0)
        return Amount(total, total * total / self.sampled_packets)


def still(amounts: Mapping[str, float], **how: object) -> Still:
    return Still({Prefix.parse(text): bits for text, bits in amounts.items()}, **how)  # type: ignore[arg-type]


def chosen(amounts: Mapping[str, float], **how: object) -> list[str]:
    """The targets, as text, where every prefix above its floor is hot."""
    traffic = still(amounts, **how)
    return sorted(map(str, smallest(traffic.hot(), traffic)))


def test_a_single_host_is_the_target_though_its_prefixes_are_above_too() -> None:
    assert chosen({"198.51.100.7/32": 100, "198.51.100.0/24": 105, "198.51.96.0/20": 108}) == [
        "198.51.100.7/32"
    ]


def test_a_carpet_is_its_network_not_the_wider_one() -> None:
    assert chosen({"198.51.100.0/24": 100, "198.51.96.0/20": 105, "198.51.0.0/16": 108}) == [
        "198.51.100.0/24"
    ]


def test_a_carpet_beside_a_host_makes_the_network_the_target() -> None:
    amounts = {"198.51.100.7/32": 50.0, "198.51.100.0/24": 100.0}
    amounts |= {f"198.51.100.{n}/32": 1.0 for n in range(100, 150)}
    assert chosen(amounts) == ["198.51.100.0/24"]


def test_what_a_few_quiet_neighbours_of_a_host_receive_together_names_them_beside_it() -> None:
    amounts = {"198.51.100.7/32": 50.0, "198.51.100.8/32": 8.0, "198.51.100.9/32": 7.0}
    assert chosen(amounts | {"198.51.100.0/24": 65.0}) == [
        "198.51.100.7/32",
        "198.51.100.8/32",
        "198.51.100.9/32",
    ]


def test_a_carpet_over_four_networks_below_their_thresholds_is_narrowed_to_them() -> None:
    amounts = {f"198.51.{n}.0/24": 8.0 for n in range(96, 100)} | {"198.51.96.0/20": 33.0}
    assert joined(map(Prefix.parse, chosen(amounts))) == ("198.51.96.0/22",)


def test_a_few_samples_name_no_host_of_a_network() -> None:
    amounts = {"198.51.100.0/24": 12.0, "198.51.100.7/32": 6.0, "198.51.100.9/32": 6.0}
    assert chosen(amounts, sampled_packets=4) == ["198.51.100.0/24"]
    assert chosen(amounts, sampled_packets=400) == ["198.51.100.7/32", "198.51.100.9/32"]


def test_a_few_hosts_below_their_own_thresholds_make_no_network_a_target() -> None:
    amounts = {f"198.51.100.{n}/32": 8.0 for n in range(1, 4)}
    wide = {"198.51.100.0/24": 26.0, "198.51.96.0/20": 26.0}
    assert chosen(amounts | wide, multiple=2.0, in_object=False) == []
    assert chosen(amounts | wide, in_object=False) == []
    unlike = {"198.51.100.1/32": 9.9, "198.51.100.2/32": 9.9, "198.51.100.3/32": 5.0, "198.51.100.0/24": 25.0}
    assert chosen(unlike, multiple=2.0, in_object=False) == []
    assert chosen(amounts | wide, multiple=2.0) == sorted(amounts)
    assert chosen(amounts | wide, in_object=False, sampled_packets=4) == ["198.51.100.0/24"]


def test_a_carpet_beside_a_few_ordinary_hosts_is_still_found() -> None:
    amounts = {f"198.51.100.{n}/32": 8.0 for n in range(1, 4)} | {"198.51.100.0/24": 24.0 + 21.0}
    amounts |= {f"198.51.100.{n}/32": 1.0 for n in range(10, 31)}
    assert chosen(amounts, multiple=2.0, in_object=False) == ["198.51.100.0/24"]
    elsewhere = {f"198.51.96.{n}/32": 1.0 for n in range(21)} | {"198.51.96.0/24": 21.0}
    assert chosen(
        {f"198.51.100.{n}/32": 8.0 for n in range(1, 4)}
        | elsewhere
        | {"198.51.100.0/24": 24.0, "198.51.96.0/20": 45.0},
        multiple=2.0,
        in_object=False,
    ) == ["198.51.96.0/24"]


@pytest.mark.parametrize(
    ("base", "network"), [("198.51.100.{}/32", "198.51.100.0/24"), ("2001:db8::{}/128", "2001:db8::/64")]
)
def test_many_hosts_of_one_network_that_began_together_are_named_by_it(base: str, network: str) -> None:
    hosts = [base.format(n) for n in range(1, 41)]
    amounts = dict.fromkeys(hosts, 20.0) | {network: 805.0}
    assert chosen(amounts) == [network]
    one_by_one = {Prefix.parse(host): 2 * TOGETHER_SECONDS * n for n, host in enumerate(hosts)}
    assert chosen(amounts, began=one_by_one) == sorted(hosts)


def test_many_hosts_of_a_network_that_is_not_counted_are_named_one_by_one() -> None:
    hosts = [f"198.51.100.{n}/32" for n in range(1, 41)]
    assert chosen(dict.fromkeys(hosts, 20.0)) == sorted(hosts)


def test_ipv6_carpets_are_found_at_their_level() -> None:
    assert chosen({"2001:db8:0:100::/56": 100, "2001:db8::/48": 101, "2001:db8::/32": 102}) == [
        "2001:db8:0:100::/56"
    ]


BASES = [Prefix.parse("198.51.96.0/22"), Prefix.parse("2001:db8::/118")]


@given(
    st.sampled_from(BASES),
    st.dictionaries(st.integers(0, 1023), st.integers(1, 100), min_size=1, max_size=60),
    st.sampled_from([3.0, float("inf")]),
    st.sampled_from([1.0, 2.0]),
    st.booleans(),
)
def test_targets_never_overlap_and_explain_everything_hot(
    base: Prefix, bits: dict[int, int], sampled_packets: float, multiple: float, in_object: bool
) -> None:
    amounts: dict[Prefix, float] = {}
    for host, own in bits.items():
        prefix = Prefix(base.high, base.low + host, 128)
        for place in (prefix, *around(prefix)):
            amounts[place] = amounts.get(place, 0.0) + own
    traffic = Still(amounts, sampled_packets=sampled_packets, multiple=multiple, in_object=in_object)
    hot = traffic.hot()
    targets = smallest(hot, traffic)
    assert not any(a != b and a.covers(b) for a in targets for b in targets)
    for prefix in hot:
        if prefix.length == 128:
            assert any(target.covers(prefix) for target in targets)  # 1
        inside = [target for target in targets if prefix.covers(target)]
        covered = any(target.covers(prefix) for target in targets)
        left = amounts[prefix] - sum(amounts[target] for target in inside)
        spared = sorted(
            (
                own
                for one, own in amounts.items()
                if one.length == HOST_LENGTH
                and prefix.covers(one)
                and not any(t.covers(one) for t in targets)
            ),
            reverse=True,
        )
        ordinary = 0.0 if in_object else sum(spared)
        assert covered or left - ordinary < traffic.floor(prefix) + 0.1 * amounts[prefix]  # 2, 3
        if prefix.length == 120 and not (covered or inside):  # 3: four hosts at most explain a network
            assert sum(spared[:HOSTS_MAX]) < HOSTS_MAX * FLOOR
            assert sum(spared[HOSTS_MAX:]) < traffic.floor(prefix)
    for target in targets:
        siblings = [one for one in targets if wider(one) == wider(target)]
        outer = wider(target)
        if outer is not None and len(siblings) > PARTS_MAX:  # 4
            assert sum(amounts[one] for one in siblings) < 0.8 * amounts[outer]


@pytest.mark.parametrize(
    "text", ["198.51.96.0/22", "198.51.100.7/32", "2001:db8::/31", "2001:db8:0:200::/55"]
)
def test_joined_prefixes_come_apart_into_counted_ones_again(text: str) -> None:
    assert joined(counted_parts(Prefix.parse(text))) == (text,)
