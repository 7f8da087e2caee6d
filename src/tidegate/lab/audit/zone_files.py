"""Zones of the lab as files, and the configurations of the name servers that hold them."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tidegate.lab.audit.country import DAY_S, DELEGATION_TTL_S, SERVERS, ZONES, NameServer, Zone

ZONE_TTL_S = 2_000
"""Of what a zone says about itself: between minute 5 and hour 1."""

REFRESH_S, RETRY_S, NEGATIVE_S = 1_800, 600, 300


def zone_file(zone: Zone, ds: Mapping[str, Sequence[str]], gone: Iterable[str] = ()) -> str:
    """`ds` gives the DS records of each signed child, `gone` the children that are delegated no longer."""
    first, _ = zone.servers[0]
    host = "host." if zone.origin == "." else f"host.{zone.origin}."
    times = f"1 {REFRESH_S} {RETRY_S} {zone.expire_s} {NEGATIVE_S}"
    lines = [
        f"$ORIGIN {absolute(zone.origin)}",
        f"$TTL {ZONE_TTL_S}",
        f"@ SOA {zone.master or first}. {host} {times}",
        *(f"@ NS {name}." for name, _ in zone.servers),
        *(f"{name}. A {address}" for name, address in zone.servers if address and _within(name, zone.origin)),
        *zone.records,
    ]
    for child in ZONES:
        if child.origin != "." and child.parent == zone.origin and child.origin not in gone:
            lines += _delegation(child, ds.get(child.origin, ()))
    return "\n".join([*dict.fromkeys(lines), ""])


def absolute(name: str) -> str:
    return "." if name == "." else f"{name}."


def _within(name: str, zone: str) -> bool:
    return zone in (".", name) or name.endswith(f".{zone}")


def _delegation(child: Zone, ds: Sequence[str]) -> list[str]:
    origin = absolute(child.origin)
    lines = [f"{origin} {DELEGATION_TTL_S} NS {name}." for name, _ in child.servers]
    lines += [f"{name}. {DELEGATION_TTL_S} A {address}" for name, address in child.servers if address]
    return lines + [f"{origin} {DELEGATION_TTL_S} DS {record}" for record in ds]


def knot_configuration(server: NameServer, folder: Path) -> str:
    """Signs what it is the primary of, and fetches copies of the rest from there."""
    held = [zone for zone in ZONES if zone.primary == server.key]
    copied = [zone for zone in ZONES if server.key in zone.copies]
    text = f"""server:
    rundir: {folder}
    listen: [{", ".join(f"{address}@53" for address in server.addresses())}]
    udp-workers: 1
    tcp-workers: 1
    background-workers: 4
log:
  - target: stderr
    any: info
database:
    storage: {folder}
    journal-db-max-size: 20M
    kasp-db-max-size: 20M
    timer-db-max-size: 2M
acl:
  - id: all
    action: [transfer, notify]
policy:
"""
    for days in sorted({zone.signed_for_s // DAY_S for zone in held}):
        text += f"""  - id: days{days}
    algorithm: ecdsap256sha256
    single-type-signing: on
    ksk-lifetime: 0
    rrsig-lifetime: {days}d
    rrsig-refresh: {days * 10}h
"""
    text += "remote:\n" if copied else ""
    for key in sorted({zone.primary for zone in copied}):
        text += f"  - id: {key}\n    address: {SERVERS[key].addresses()[0]}@53\n"
    text += "zone:\n"
    for zone in held:
        text += f"""  - domain: {absolute(zone.origin)}
    file: {folder / file_name(zone)}
    zonefile-load: difference-no-serial
    zonefile-sync: -1
    journal-content: all
    acl: all
    dnssec-signing: on
    dnssec-policy: days{zone.signed_for_s // DAY_S}
"""
    for zone in copied:
        text += f"""  - domain: {absolute(zone.origin)}
    file: {folder / file_name(zone)}
    master: {zone.primary}
    acl: all
"""
    return text


def file_name(zone: Zone) -> str:
    return f"{'root' if zone.origin == '.' else zone.origin}.zone"


def nsd_configuration(server: NameServer, folder: Path) -> str:
    text = f"""server:
  {" ".join(f"ip-address: {address}" for address in server.addresses())}
  username: ""
  pidfile: {folder / "nsd.pid"}
  zonesdir: {folder}
  database: ""
  xfrdfile: {folder / "xfrd.state"}
  zonelistfile: {folder / "zone.list"}
  xfrdir: {folder}
  server-count: 1
remote-control:
  control-enable: yes
  control-interface: {folder / "control"}
"""
    for zone in ZONES:
        if zone.primary == server.key:
            text += f"zone:\n  name: {absolute(zone.origin)}\n  zonefile: {folder / file_name(zone)}\n"
        elif server.key in zone.copies:
            master = SERVERS[zone.primary].addresses()[0]
            text += f"zone:\n  name: {zone.origin}\n  request-xfr: AXFR {master} NOKEY\n"
            text += f"  allow-notify: {master} NOKEY\n"
    return text
