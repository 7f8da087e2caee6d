"""Addresses of an audit placed: the network that announces each, who holds it, and in which countries."""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

import numpy as np

from tidegate.model.audits import AddressesSeen, AddressPlaced, DelegationSeen, Observation
from tidegate.model.topology import NOWHERE, World
from tidegate.ports.topology import TopologyFiles
from tidegate.wire.prefix_table import HeldPrefix, decode_prefixes


def addresses_in(observations: Iterable[Observation]) -> tuple[str, ...]:
    """Every address that an observation names, once."""
    found: set[str] = set()
    for one in observations:
        if isinstance(one, AddressesSeen):
            found.update(one.addresses)
        elif isinstance(one, DelegationSeen):
            for glue in one.glue:
                found.update(glue.addresses)
    return tuple(sorted(found))


def place(
    files: TopologyFiles, tables: Sequence[Path], world: World | None, addresses: Sequence[str], at_s: int
) -> Iterator[AddressPlaced]:
    """By the longest prefix that a table has; of equal ones, by the later table. Without any, network 0.

    What a table does not say of holder and countries, the world says by the network's number.
    """
    above = {one: tuple(_supernets(one)) for one in addresses}
    wanted = {prefix for prefixes in above.values() for prefix in prefixes}
    held: dict[IPv4Network | IPv6Network, tuple[HeldPrefix, str]] = {}
    for path in tables:
        data, source = files.read(path, "prefixes")
        for one in decode_prefixes(data, source.name):
            if one.prefix in wanted:
                held[one.prefix] = (one, source.name)
    for address, prefixes in above.items():
        found = next((held[prefix] for prefix in prefixes if prefix in held), None)
        if found is None:
            yield AddressPlaced(
                at_s=at_s, source="no table", address=address, network=0, organisation="", countries=()
            )
        else:
            yield _placed(address, found[0], found[1], world, at_s)


def _supernets(address: str) -> Iterator[IPv4Network | IPv6Network]:
    """From the address itself to everything, longest first."""
    own = ip_network(address)
    for length in range(own.prefixlen, -1, -1):
        yield own.supernet(new_prefix=length)


def _placed(address: str, one: HeldPrefix, file: str, world: World | None, at_s: int) -> AddressPlaced:
    organisation, countries = _in_world(world, one.network)
    return AddressPlaced(
        at_s=at_s,
        source=f"file {file}",
        address=address,
        network=one.network,
        organisation=one.organisation or organisation,
        countries=one.countries or countries,
        anycast=one.anycast,
    )


def _in_world(world: World | None, number: int) -> tuple[str, tuple[str, ...]]:
    """Who holds a network and the countries where it serves people; nothing where the world has it not."""
    if world is None:
        return "", ()
    row = int(np.searchsorted(world.numbers, number))
    if row >= len(world) or world.numbers[row] != number:
        return "", ()
    groups = world.organisations
    holder = int(np.searchsorted(groups.start, np.flatnonzero(groups.member == row)[:1], "right").sum()) - 1
    organisation = groups.names[holder] if holder >= 0 else world.names[row]
    at = np.flatnonzero(world.places.network == row)
    codes = {world.countries[int(country)] for country in world.places.country[at]} - {NOWHERE}
    return organisation, tuple(sorted(codes))
