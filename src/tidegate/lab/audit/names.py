"""The names of the lab: real name servers, signed from the leaves up to the root, and kept as time passes."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final

import dns.dnssec
import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset

from tidegate.lab.audit.country import DAY_S, KNOT, SERVERS, ZONES, NameServer, Zone
from tidegate.lab.audit.networks import Networks
from tidegate.lab.audit.programs import Programs
from tidegate.lab.audit.zone_files import (
    absolute,
    file_name,
    knot_configuration,
    nsd_configuration,
    zone_file,
)
from tidegate.lab.hotline.wan import within

ANSWER_S: Final = 1.0
SIGNED_EVERY_S: Final = 2 * DAY_S
"""Before any signature of the lab ends."""

LEVELS: Final = ("xa", "xb", "qm", ".")
"""Zones whose files wait for the keys of their children, in this order; all others are leaves."""


class Names:
    """Every name server of the lab. `start` once; `keep` whenever time has passed."""

    def __init__(self, networks: Networks, programs: Programs, sleep: Callable[[float], None]) -> None:
        self._networks = networks
        self._programs = programs
        self._sleep = sleep
        self._ds: dict[str, list[str]] = {}
        self._gone: set[str] = set()
        self._stopped: set[str] = set()
        self._signed_at_s = 0
        self.anchor: list[str] = []
        """DS records of the root's key, as a resolver is given them."""

    def start(self) -> None:
        """Leaves first: each parent takes its children's keys from their servers, and signs over them."""
        leaves = [zone for zone in ZONES if zone.origin not in LEVELS]
        for key in ("stratus", "beacon", "scrivener", "copies"):
            self._start(SERVERS[key])
        self._take_keys(leaves)
        for key in ("registry-xa", "registry-xb", "quill"):
            self._start(SERVERS[key])
        self._take_keys([zone for zone in ZONES if zone.origin in LEVELS[:-1]])
        self._start(SERVERS["rootward"])
        (root,) = (zone for zone in ZONES if zone.origin == ".")
        self._take_keys([root])
        self.anchor = self._ds["."]
        self.keep(0, ())

    def keep(self, moved_s: int, unreached: Sequence[tuple[str, str]]) -> None:
        """What the servers' own timers did until then: sign anew, and fetch copies.

        `unreached` are pairs of organisations between which no packet passes.
        """
        running = [server for server in SERVERS.values() if server.key not in self._stopped]
        with ThreadPoolExecutor(len(SERVERS)) as orders:
            if moved_s - self._signed_at_s >= SIGNED_EVERY_S:
                list(orders.map(self._sign, running))
                self._signed_at_s = moved_s
            list(orders.map(self._copy_all, running))
        for zone in ZONES:
            for key in zone.copies:
                ends = (SERVERS[key].organisation, SERVERS[zone.primary].organisation)
                if not {key, zone.primary} & self._stopped and ends not in unreached:
                    self._programs.until(
                        lambda zone=zone, key=key: self._same(zone, key),  # type: ignore[misc]
                        f"{key} copies {zone.origin}",
                        self._sleep,
                    )

    def _sign(self, server: NameServer) -> None:
        if server.program == KNOT:
            held = [zone.origin for zone in ZONES if zone.primary == server.key]
            self._knot(server, "zone-sign", held)

    def _copy_all(self, server: NameServer) -> None:
        """Asks for copies now; those that cannot be had are no failure of the lab's."""
        copied = [absolute(zone.origin) for zone in ZONES if server.key in zone.copies]
        if server.program == KNOT and copied:
            self._programs.run(server.organisation, [*self._knotc(server), "zone-refresh", *copied])
        elif copied:
            control: list[str | Path] = ["nsd-control", "-c", self._folder(server) / "nsd.conf", "transfer"]
            self._programs.run(server.organisation, control)

    def stop(self, key: str) -> None:
        self._stopped.add(key)
        self._programs.stop(f"names-{key}")

    def expire(self, origin: str) -> None:
        """The parent delegates the zone no longer."""
        self._gone.add(origin)
        (zone,) = (zone for zone in ZONES if zone.origin == origin)
        (above,) = (one for one in ZONES if one.origin == zone.parent)
        self._write(above)
        self._knot(SERVERS[above.primary], "zone-reload", [above.origin])

    def _start(self, server: NameServer) -> None:
        folder = self._folder(server)
        folder.mkdir()
        for zone in ZONES:
            if zone.primary == server.key:
                self._write(zone)
        if server.program == KNOT:
            (folder / "knot.conf").write_text(knot_configuration(server, folder))
            command: list[str | Path] = ["knotd", "-c", folder / "knot.conf"]
        else:
            (folder / "nsd.conf").write_text(nsd_configuration(server, folder))
            command = ["nsd", "-d", "-c", folder / "nsd.conf"]
        self._programs.start(f"names-{server.key}", server.organisation, command)

    def _write(self, zone: Zone) -> None:
        path = self._folder(SERVERS[zone.primary]) / file_name(zone)
        path.write_text(zone_file(zone, self._ds, self._gone))

    def _folder(self, server: NameServer) -> Path:
        return self._programs.folder / f"names-{server.key}"

    def _take_keys(self, zones: Sequence[Zone]) -> None:
        for zone in zones:
            if zone.signed:
                self._programs.until(
                    lambda zone=zone: self._take_key(zone),  # type: ignore[misc]
                    f"the keys of {zone.origin}",
                    self._sleep,
                )

    def _take_key(self, zone: Zone) -> bool:
        found = self._ask(SERVERS[zone.primary], zone.origin, "DNSKEY")
        if not found:
            return False
        name = dns.name.from_text(zone.origin)
        keys = [key for key in found[0] if key.rdtype == dns.rdatatype.DNSKEY]
        self._ds[zone.origin] = [dns.dnssec.make_ds(name, key, "SHA256").to_text() for key in keys]
        return True

    def _same(self, zone: Zone, key: str) -> bool:
        """The copy is the primary's."""
        one, other = (self._ask(SERVERS[server], zone.origin, "SOA") for server in (key, zone.primary))
        return bool(one) and one == other

    def _ask(self, server: NameServer, name: str, kind: str) -> list[dns.rrset.RRset]:
        """Asked in its own network, over TCP, which a server that is not there yet refuses at once; nothing
        where it does not answer.
        """
        query = dns.message.make_query(name, kind)
        address = server.addresses()[0]

        def ask() -> list[dns.rrset.RRset]:
            with suppress(dns.exception.DNSException, OSError):
                answer = dns.query.tcp(query, address, timeout=ANSWER_S)
                if answer.rcode() == dns.rcode.NOERROR:
                    return answer.answer
            return []

        return within(self._networks.namespace(server.organisation), ask)

    def _knot(self, server: NameServer, order: str, zones: Sequence[str]) -> None:
        if zones:
            self._programs.run(
                server.organisation, [*self._knotc(server), "-b", order, *map(absolute, zones)]
            )

    def _knotc(self, server: NameServer) -> list[str | Path]:
        return ["knotc", "-c", self._folder(server) / "knot.conf"]
