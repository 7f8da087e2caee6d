"""A small country of one service, told as observations; tests add to it or take away."""

from collections.abc import Iterable, Iterator
from typing import Any

from tidegate.audit.auditing import Audit, audit_of
from tidegate.audit.fates import Fate, answer
from tidegate.model.audit_events import Event, WhatIf
from tidegate.model.audits import (
    AddressesSeen,
    AddressPlaced,
    Certificate,
    CertificateSeen,
    DelegationSeen,
    Glue,
    Observation,
    PageSeen,
    ServiceListed,
    ZoneSeen,
)

NOW_S = 1_790_000_000
DAY_S = 86_400
TOLD: dict[str, Any] = {"at_s": NOW_S, "source": "test"}


def zone(name: str, parent: str, *servers: str, glue: dict[str, str] | None = None) -> Iterator[Observation]:
    """Delegated for a day, its data good for a week; refreshed every hour."""
    given = tuple(Glue(server, (address,)) for server, address in (glue or {}).items())
    yield DelegationSeen(zone=name, parent=parent, servers=servers, ttl_s=DAY_S, glue=given, **TOLD)
    yield ZoneSeen(
        zone=name, servers=servers, ttl_s=3_600, primary=servers[0], serial=1, refresh_s=3_600, retry_s=600,
        expire_s=7 * DAY_S, minimum_s=300, **TOLD,
    )  # fmt: skip


def host(name: str, of: str, *addresses: str, ttl_s: int = 300) -> Observation:
    return AddressesSeen(name=name, zone=of, family="A", addresses=addresses, ttl_s=ttl_s, **TOLD)


def place(address: str, organisation: str, *countries: str, network: int = 0) -> Observation:
    return AddressPlaced(
        address=address, network=network, organisation=organisation, countries=countries, **TOLD
    )


def certificate(name: str, authority: str = "Seal", *, days: int = 40, **more: Any) -> Observation:
    leaf = Certificate(name, authority, "XC", NOW_S - DAY_S, NOW_S + days * DAY_S)
    return CertificateSeen(host=name, port=443, chain=(leaf,), trusted=True, **more, **TOLD)


def page(name: str, *parts: Any) -> Observation:
    return PageSeen(host=name, url=f"https://{name}/", status=200, parts=parts, **TOLD)


def country() -> list[Observation]:
    """A bank at home under a name that is served from XB, with a certificate from XC."""
    return [
        ServiceListed(name="Bank", country="XA", people=100, domains=("www.bank.example",), **TOLD),
        *zone(".", "", "a.root", glue={"a.root": "192.0.2.1"}),
        *zone("example", ".", "ns.example", glue={"ns.example": "192.0.2.2"}),
        *zone("bank.example", "example", "ns1.dns.example", "ns2.dns.example"),
        *zone("dns.example", "example", "ns1.dns.example", glue={"ns1.dns.example": "192.0.2.3"}),
        host("www.bank.example", "bank.example", "198.51.100.1"),
        host("ns1.dns.example", "dns.example", "192.0.2.3"),
        host("ns2.dns.example", "dns.example", "192.0.2.4"),
        place("192.0.2.1", "Root", "XA", network=64500),
        place("192.0.2.2", "Registry", "XA", network=64501),
        place("192.0.2.3", "Names", "XB", network=64502),
        place("192.0.2.4", "Names", "XB", network=64502),
        place("198.51.100.1", "Hoster", "XA", network=64503),
        certificate("www.bank.example"),
        page("www.bank.example"),
    ]


def with_a_second_server(organisation: str) -> list[Observation]:
    """The same, and the second name server is another organisation's, at home, of the provider's zone too."""
    told = [one for one in country() if getattr(one, "zone", "") != "dns.example"]
    told = [one for one in told if getattr(one, "address", "") != "192.0.2.4"]
    glue = {"ns1.dns.example": "192.0.2.3", "ns2.dns.example": "192.0.2.4"}
    return [
        *told,
        *zone("dns.example", "example", "ns1.dns.example", "ns2.dns.example", glue=glue),
        host("ns1.dns.example", "dns.example", "192.0.2.3"),
        host("ns2.dns.example", "dns.example", "192.0.2.4"),
        place("192.0.2.4", organisation, "XA"),
    ]


def without(told: Iterable[Observation], *kinds: type) -> list[Observation]:
    return [one for one in told if not isinstance(one, kinds)]


def fate(told: Iterable[Observation], *events: Event, service: str = "Bank") -> Fate:
    return fate_in(audit_of(told), *events, service=service)


def fate_in(audit: Audit, *events: Event, service: str = "Bank") -> Fate:
    found = answer(audit, WhatIf("test", events))
    return next(one for one in found.services if one.service == service)
