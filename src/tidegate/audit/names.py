"""What names, zones and name servers need (rules 2 to 5 of docs/audit.md)."""

from collections.abc import Iterable

from tidegate.audit.graph import Kind, Nature
from tidegate.audit.making import Making
from tidegate.audit.observed import Observed
from tidegate.model.audits import DelegationSeen, ZoneSeen

FOR = " for "


def fill_name(making: Making, name: str, row: int) -> None:
    """Rule 2: a name needs its zone and, as an alias, its target; caches hold what was asked before."""
    alias = making.observed.aliases.get(name)
    if alias is not None:
        making.needs(row, [making.thing(Kind.ZONE, alias.zone)], Nature.LOOKED_UP, caches_s=alias.ttl_s)
        making.needs(row, [making.thing(Kind.NAME, alias.target)], Nature.ALIAS, caches_s=alias.ttl_s)
        return
    seen = making.observed.addresses_of(name)
    if not seen:
        making.needs(row, [making.unknown(f"addresses of {name}")], Nature.LOOKED_UP)
        return
    full = [one for one in seen if one.addresses]
    if not full:
        making.needs(row, [making.broken(f"{name} has no address")], Nature.LOOKED_UP)
        return
    zones = [making.thing(Kind.ZONE, one.zone) for one in full]
    making.needs(row, zones, Nature.LOOKED_UP, caches_s=max(one.ttl_s for one in full))


def fill_zone(making: Making, zone: str, row: int) -> None:
    """Rule 3: a zone needs its parent, one of its servers, and its primary until its data are too old."""
    delegation = making.observed.delegations.get(zone)
    if delegation is None:
        making.needs(row, [making.unknown(f"delegation of {zone}")], Nature.DELEGATED)
        return
    seen = making.observed.zones.get(zone)
    if delegation.parent:
        caches_s = max(delegation.ttl_s, seen.ttl_s if seen else 0)
        entry = making.thing(Kind.DELEGATION, zone)
        making.needs(row, [entry], Nature.DELEGATED, caches_s=caches_s)
    if not delegation.servers:
        making.needs(row, [making.broken(f"{zone} has no name server")], Nature.SERVED)
        return
    servers = [making.thing(Kind.SERVER, f"{server}{FOR}{zone}") for server in delegation.servers]
    making.needs(row, servers, Nature.SERVED)
    primary = _primary(making, delegation, seen)
    if seen is not None:
        # Copies were last refreshed up to one interval ago: for some, they end that much earlier.
        holds_s = max(0, seen.expire_s - seen.refresh_s)
        making.needs(row, [primary], Nature.REFRESHED, holds_s=holds_s, caches_s=seen.refresh_s)
    else:
        making.needs(row, [primary], Nature.REFRESHED)
    _signed(making, delegation, row, primary)


def fill_delegation(making: Making, zone: str, row: int) -> None:
    """What a parent says of a zone stands with the parent, and can be taken away alone."""
    parent = making.observed.delegations[zone].parent
    making.needs(row, [making.thing(Kind.ZONE, parent)], Nature.DELEGATED)


def _primary(making: Making, delegation: DelegationSeen, seen: ZoneSeen | None) -> int:
    """Where the zone's data come from; UNKNOWN where it is hidden."""
    zone = delegation.zone
    if seen is None:
        return making.unknown(f"data of {zone}")
    if seen.primary in delegation.servers:
        return making.thing(Kind.SERVER, f"{seen.primary}{FOR}{zone}")
    if making.observed.addresses_of(seen.primary):
        return making.thing(Kind.USE, seen.primary)
    return making.unknown(f"primary of {zone}")


def _signed(making: Making, delegation: DelegationSeen, row: int, primary: int) -> None:
    """Rule 4: a signed zone needs its primary to sign anew before the first signature ends. That a zone under
    a signed one is not signed itself must be proved.
    """
    zone = delegation.zone
    keys = making.observed.keys.get(zone)
    if not delegation.ds and keys is not None and not keys.keys and keys.validates is False:
        making.needs(row, [making.broken(f"that {zone} is unsigned is not proved")], Nature.SIGNED)
        return
    if not delegation.ds and (zone != "." or keys is None or not keys.keys):
        return
    if keys is None:
        making.needs(row, [making.unknown(f"signatures of {zone}")], Nature.SIGNED)
    elif keys.validates is False:
        making.needs(row, [making.broken(f"signatures of {zone} do not validate")], Nature.SIGNED)
    elif keys.signatures:
        until_s = min(one.expires_s for one in keys.signatures)
        making.needs(row, [primary], Nature.SIGNED, until_s=until_s)
    else:
        making.needs(row, [making.unknown(f"signatures of {zone}")], Nature.SIGNED)


def fill_server(making: Making, name: str, row: int) -> None:
    """Rule 5: a server needs one of the addresses that come with the delegation, else its name and one of
    that name's; addresses that do not answer for the zone do not count.
    """
    server, _, zone = name.partition(FOR)
    delegation = making.observed.delegations[zone]
    addresses = next((one.addresses for one in delegation.glue if one.server == server), ())
    if not addresses:
        making.needs(row, [making.thing(Kind.NAME, server)], Nature.NAMED)
        addresses = all_addresses(making.observed, server)
    answering = _answering(making, zone, server, addresses)
    if addresses and not answering:
        answering = [making.broken(f"{server} does not answer for {zone}")]
    if not addresses:
        answering = [making.unknown(f"addresses of {server}")]
    making.needs(row, answering, Nature.ADDRESSED)
    provider = making.ownership.of_host(server)
    if provider:
        making.needs(row, [making.thing(Kind.PROVIDER, provider)], Nature.RUN_BY)


def _answering(making: Making, zone: str, server: str, addresses: Iterable[str]) -> list[int]:
    """Those that are not lame; of one that was asked in vain it is not known."""
    found = []
    for address in addresses:
        asked = making.observed.asked.get((zone, server, address))
        if asked is None and (zone, "zone", f"{server} {address}") in making.observed.not_seen:
            found.append(making.unknown(f"answer of {server} at {address}"))
        elif asked is None or asked.authoritative:
            found.append(making.thing(Kind.ADDRESS, address))
    return found


def all_addresses(observed: Observed, name: str) -> tuple[str, ...]:
    """All that a name leads to, over its aliases; none where these form a circle."""
    passed: set[str] = set()
    while name not in passed:
        passed.add(name)
        alias = observed.aliases.get(name)
        if alias is None:
            return tuple(address for one in observed.addresses_of(name) for address in one.addresses)
        name = alias.target
    return ()
