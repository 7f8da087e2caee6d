"""The lab as the audit is told of it: a list of services, where networks stand, and whom a probe may ask."""

import json
from collections.abc import Sequence
from pathlib import Path

from tidegate.adapters.local_files import DiskFiles
from tidegate.adapters.probing.asked_file import AskedFile
from tidegate.adapters.probing.prober import NetworkProber
from tidegate.adapters.topology_files import LocalTopologyFiles
from tidegate.app.audit.placing import addresses_in, place
from tidegate.app.audit.probe_file import probe_settings as read_settings
from tidegate.app.audit.probing import Probing
from tidegate.lab.audit.country import ORGANISATIONS, SEAL, SERVICES, SIGIL, ZONES
from tidegate.lab.audit.world import World
from tidegate.lab.hotline.wan import within
from tidegate.model.audits import Observation, ServiceListed
from tidegate.ports.clock import Clock
from tidegate.wire.services_file import decode_service_list

FRESH_S = 3_600


def probe(world: World, clock: Clock) -> tuple[Observation, ...]:
    """What a probe among the users finds out, by the files that a user of it writes."""
    folder = world.folder / "probe"
    folder.mkdir()
    services, places, told = folder / "services.toml", folder / "places.csv", folder / "probe.toml"
    services.write_text(service_list())
    places.write_text(place_table())
    told.write_text(probe_settings(world.names.anchor, world.trusted))
    settings = read_settings(DiskFiles(), told, "")
    at_s = clock.now_ms() // 1000
    declared = decode_service_list(services.read_bytes(), services.name, at_s)
    listed = [one for one in declared if isinstance(one, ServiceListed)]
    probing = Probing(listed, settings, AskedFile(folder / "asked"), clock, FRESH_S)

    def ask() -> None:
        prober = NetworkProber(settings)
        try:
            probing.run(prober, lambda _: None)
        finally:
            prober.close()

    within(world.networks.namespace("users"), ask)
    found: list[Observation] = [*declared, *probing.observations()]
    found += place(LocalTopologyFiles(), (places,), None, addresses_in(found), at_s)
    return tuple(found)


def service_list() -> str:
    lines = ['country = "XA"']
    for one in SERVICES:
        lines += ["[[service]]", f"name = {_text(one.name)}", f"sector = {_text(one.sector)}"]
        lines += [f"people = {one.people}", f"domains = {_text(one.domains)}", f"mail = {_text(one.mail)}"]
    for held in ORGANISATIONS:
        lines += ["[[provider]]", f"name = {_text(held.name)}", f"country = {_text(held.country)}"]
        lines.append(f"networks = [{held.network}]")
        if held.key in (SEAL, SIGIL):
            lines.append(f"authorities = [{_text(held.name)}]")
    return "\n".join([*lines, ""])


def place_table() -> str:
    rows = [f"{one.prefix},{one.network},{one.name},{one.country},no" for one in ORGANISATIONS]
    return "\n".join(["prefix,network,organisation,countries,anycast", *rows, ""])


def probe_settings(anchor: Sequence[str], trusted: Path) -> str:
    """Servers of the lab are asked faster than others would be: they are nobody's but the lab's."""
    (root,) = (zone for zone in ZONES if zone.origin == ".")
    roots = [f"{_text(name)} = [{_text(address)}]" for name, address in root.servers]
    return "\n".join(
        [
            'contact = "the lab\'s own probe"',
            f"trust_anchors = {_text(list(anchor))}",
            f"networks = {_text([one.prefix for one in ORGANISATIONS])}",
            f"authorities = {_text(str(trusted))}",
            "mail = true",
            "[roots]",
            *roots,
            "[pace]",
            "dns_gap_ms = 1",
            "site_gap_ms = 1",
            "provider_gap_ms = 1",
            "",
        ]
    )


def _text(value: object) -> str:
    """Strings and lists of them are written alike in JSON and TOML."""
    return json.dumps(value)
