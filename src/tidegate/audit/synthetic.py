"""A made-up country's services from a seed: the same seed and size give the same observations, byte for byte.

The home country is XA. Its names are under "example", run at home, some under "test", run abroad; a few large
providers have most customers, some are present at home without being from there, and a few things were not
seen. Countries have user-assigned codes, networks private numbers and hosts reserved names, so that no name
in it means anybody.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address
from random import Random
from typing import Any

from tidegate.model.audits import (
    AddressesSeen,
    AddressPlaced,
    AliasSeen,
    Certificate,
    CertificateSeen,
    DelegationSeen,
    Glue,
    KeysSeen,
    MailServer,
    MailServersSeen,
    NeedDeclared,
    NotSeen,
    Observation,
    PagePart,
    PageSeen,
    PartKind,
    ProviderDeclared,
    Purpose,
    ServiceListed,
    Signature,
    ThingDeclared,
    ZoneSeen,
)
from tidegate.model.refusals import NotAllowed

SERVICES_MAX = 20_000
"""Services of a made-up country; more are refused."""

PARTS_MAX = 250
"""Other hosts that one made-up page uses; more are refused."""

HOME = "XA"
ABROAD = ("XB", "XC", "XD", "QM", "QN")
MADE_AT_S = 1_790_000_000
DAY_S = 86_400
SECTORS = ("banking", "transport", "health", "government", "energy", "media")
_ADJECTIVES = (
    "First",
    "United",
    "National",
    "Northern",
    "River",
    "Harbour",
    "Civic",
    "Open",
    "Green",
    "Blue",
)
_NOUNS = {
    "banking": ("Bank", "Savings", "Credit Union", "Exchange"),
    "transport": ("Rail", "Rides", "Ports", "Airways"),
    "health": ("Hospital", "Clinics", "Pharmacy", "Insurance"),
    "government": ("Tax Office", "Registry", "Customs", "Pensions"),
    "energy": ("Grid", "Gas", "Power", "Water"),
    "media": ("News", "Radio", "Post", "Television"),
}
_BASE = int(IPv6Address("2001:db8::"))


@dataclass(frozen=True, slots=True)
class _Provider:
    name: str
    country: str
    present_in: tuple[str, ...]
    network: int

    @property
    def label(self) -> str:
        return self.name.lower().replace(" ", "-")


def synthetic_audit(seed: int, services: int, parts: int = 8) -> Iterator[Observation]:
    """NotAllowed for sizes out of bounds."""
    if not (1 <= services <= SERVICES_MAX and 0 <= parts <= PARTS_MAX):
        raise NotAllowed(f"A made-up audit has 1 to {SERVICES_MAX:,} services and up to {PARTS_MAX} parts.")
    yield from _Country(seed, services, parts).observations()


class _Country:
    def __init__(self, seed: int, services: int, parts: int) -> None:
        self._random = Random(seed)
        self._services = services
        self._parts = parts
        self._addresses = 0
        few = max(6, min(60, services // 8))
        self._hosters = self._providers("Host", few, 0.5)
        self._dns = self._providers("Names", max(4, few // 3), 0.5)
        self._content = self._providers("Content", max(5, few // 2), 0.4)
        self._mail = self._providers("Mail", max(3, few // 6), 0.3)
        self._authorities = self._providers("Trust", 6, 0.3)
        self._ntp = _Provider("Clock Union", "XB", (), 0)
        hosts = max(6, min(4 * parts, services * parts // 4))
        self._part_hosts = [f"p{at}.{self._pick(self._content).label}.test" for at in range(hosts)]

    def _told(self, source: str) -> dict[str, Any]:
        return {"at_s": MADE_AT_S, "source": source}

    def _providers(self, word: str, count: int, at_home: float) -> list[_Provider]:
        found = []
        for at in range(count):
            home = at % 3 != 1 if at_home == 0.5 else self._random.random() < at_home
            country = HOME if home else self._random.choice(ABROAD)
            present = (HOME,) if not home and self._random.random() < 0.3 else ()
            network = 4_200_000_000 + self._random.randrange(1_000_000)
            found.append(_Provider(f"{word} {at + 1}", country, present, network))
        return found

    def _pick(self, among: Sequence[_Provider]) -> _Provider:
        """A few have most customers."""
        return among[min(int(self._random.paretovariate(0.9)) - 1, len(among) - 1)]

    def observations(self) -> Iterator[Observation]:
        every = (*self._hosters, *self._dns, *self._content, *self._mail, *self._authorities, self._ntp)
        for one in every:
            owner = "Great Holding" if one.name in ("Host 2", "Names 1") else ""
            yield ProviderDeclared(
                name=one.name,
                owner=owner,
                country=one.country,
                present_in=one.present_in,
                networks=(one.network,) if one.network else (),
                authorities=(one.name,) if one in self._authorities else (),
                **self._told("declared made-up"),
            )
        yield ProviderDeclared(name="Great Holding", owner="", country="XB", **self._told("declared made-up"))
        yield from self._top()
        for provider in self._dns:
            yield from self._operator(provider)
        for provider in self._content:
            yield from self._zone(f"{provider.label}.test", "test", provider, own=True)
        for provider in self._mail:
            yield from self._zone(f"{provider.label}.test", "test", provider, own=True)
            yield from self._host(f"mx.{provider.label}.test", f"{provider.label}.test", [provider])
        owners = {provider.label: provider for provider in self._content}
        for host in self._part_hosts:
            zone = host.partition(".")[2]
            yield from self._host(host, zone, [owners[zone.partition(".")[0]]])
            yield self._certificate(host)
        yield ThingDeclared(
            name="time", provider=self._ntp.name, countries=("XB",), **self._told("declared made-up")
        )
        for at in range(self._services):
            yield from self._service(at)

    def _top(self) -> Iterator[Observation]:
        root = _Provider("Root Operators", "XC", (HOME,), 4_200_000_001)
        yield ProviderDeclared(
            name=root.name, owner="", country="XC", networks=(root.network,), **self._told("declared made-up")
        )
        yield from self._zone(".", "", root, own=True)
        home = _Provider("Home Registry", HOME, (), 4_200_000_002)
        foreign = _Provider("Test Registry", "XB", (), 4_200_000_003)
        for registry, zone in ((home, "example"), (foreign, "test")):
            yield ProviderDeclared(
                name=registry.name,
                owner="",
                country=registry.country,
                networks=(registry.network,),
                **self._told("declared made-up"),
            )
            yield from self._zone(zone, ".", registry, own=True)

    def _operator(self, provider: _Provider) -> Iterator[Observation]:
        """A DNS provider under its own name, with glue."""
        zone = f"{provider.label}.test" if provider.country != HOME else f"{provider.label}.example"
        yield from self._zone(zone, zone.rpartition(".")[2], provider, own=True)

    def _servers(self, provider: _Provider) -> tuple[str, ...]:
        suffix = "test" if provider.country != HOME else "example"
        return tuple(f"ns{at}.{provider.label}.{suffix}" for at in (1, 2))

    def _zone(
        self, zone: str, parent: str, provider: _Provider, *, own: bool, second: _Provider | None = None
    ) -> Iterator[Observation]:
        """`own`: its servers are under itself, with glue; else they are the provider's."""
        inside = "" if zone == "." else f".{zone}"
        servers = tuple(f"ns{at}{inside or '.root'}" for at in (1, 2)) if own else self._servers(provider)
        if second is not None:
            servers = (*servers, *self._servers(second))
        glue = []
        for server in servers if own else ():
            placed = self._place(provider)
            glue.append(Glue(server, (placed.address,)))
            yield placed
            yield self._address(server, zone, (placed.address,), DAY_S)
        ttl_s = 2 * DAY_S if parent in ("", ".") else self._random.choice((3_600, DAY_S))
        signed = zone in (".", "example") or self._random.random() < 0.3
        told = self._told(f"dns {zone}")
        yield DelegationSeen(
            zone=zone,
            parent=parent,
            servers=servers,
            ttl_s=ttl_s,
            glue=tuple(glue),
            ds=(4711,) if signed and parent else (),
            **told,
        )
        yield ZoneSeen(
            zone=zone,
            servers=servers,
            ttl_s=ttl_s,
            primary=servers[0],
            serial=1,
            refresh_s=7_200,
            retry_s=900,
            expire_s=self._random.choice((7, 14, 28)) * DAY_S,
            minimum_s=300,
            **told,
        )
        if signed:
            until_s = MADE_AT_S + self._random.randrange(5, 25) * DAY_S
            signatures = (Signature("SOA", 4711, MADE_AT_S - DAY_S, until_s),)
            yield KeysSeen(
                zone=zone, keys=(4711,), ttl_s=3_600, signatures=signatures, validates=True, **told
            )

    def _place(self, provider: _Provider) -> AddressPlaced:
        self._addresses += 1
        countries = tuple(sorted({provider.country, *provider.present_in}))
        return AddressPlaced(
            address=str(IPv6Address(_BASE + self._addresses)),
            network=provider.network,
            organisation=provider.name,
            countries=countries,
            anycast=len(countries) > 1,
            **self._told("file made-up"),
        )

    def _address(self, name: str, zone: str, addresses: tuple[str, ...], ttl_s: int) -> AddressesSeen:
        return AddressesSeen(
            name=name, zone=zone, family="AAAA", addresses=addresses, ttl_s=ttl_s, **self._told(f"dns {zone}")
        )

    def _host(self, host: str, zone: str, providers: Sequence[_Provider]) -> Iterator[Observation]:
        placed = [self._place(provider) for provider in providers]
        yield from placed
        ttl_s = self._random.choice((60, 300, 3_600))
        yield self._address(host, zone, tuple(one.address for one in placed), ttl_s)

    def _certificate(self, host: str) -> CertificateSeen:
        authority = self._pick(self._authorities)
        since_s = MADE_AT_S - self._random.randrange(1, 60) * DAY_S
        leaf = Certificate(host, authority.name, authority.country, since_s, since_s + 90 * DAY_S)
        staple = self._random.random() < 0.05
        return CertificateSeen(
            host=host,
            port=443,
            chain=(leaf,),
            trusted=True,
            must_staple=staple,
            staple_until_s=MADE_AT_S + 3 * DAY_S if staple else 0,
            automated=True,
            **self._told(f"tls {host}"),
        )

    def _service(self, at: int) -> Iterator[Observation]:
        sector = SECTORS[at % len(SECTORS)]
        nouns = _NOUNS[sector]
        name = f"{_ADJECTIVES[at // len(SECTORS) % len(_ADJECTIVES)]} {nouns[at // 60 % len(nouns)]}"
        name += f" {at // 240 + 1}" if at >= 240 else ""
        parent = "test" if self._random.random() < 0.15 else "example"
        zone = f"s{at}.{parent}"
        host = f"www.{zone}"
        declared = self._told("declared made-up")
        mail = (zone,) if self._random.random() < 0.5 else ()
        people = int(1_000 * self._random.paretovariate(1.6))
        yield ServiceListed(
            name=name, country=HOME, sector=sector, people=min(people, 9_000_000), domains=(host,), mail=mail,
            **declared,
        )  # fmt: skip
        second = self._pick(self._dns) if self._random.random() < 0.25 else None
        yield from self._zone(zone, parent, self._pick(self._dns), own=False, second=second)
        yield from self._site(host, zone)
        yield self._certificate(host)
        yield from self._page(host)
        for domain in mail:
            exchange = f"mx.{self._pick(self._mail).label}.test"
            yield MailServersSeen(
                name=domain,
                zone=zone,
                servers=(MailServer(10, exchange),),
                ttl_s=3_600,
                **self._told(f"dns {zone}"),
            )
        if sector in ("banking", "energy"):
            yield NeedDeclared(of=name, layer="time", any_of=("time",), lasts_s=3 * DAY_S, **declared)

    def _site(self, host: str, zone: str) -> Iterator[Observation]:
        """One or two hosters; or a content provider by an alias."""
        if self._random.random() < 0.2:
            target = self._random.choice(self._part_hosts)
            yield AliasSeen(name=host, zone=zone, target=target, ttl_s=300, **self._told(f"dns {zone}"))
            return
        providers = [self._pick(self._hosters) for _ in range(2 if self._random.random() < 0.2 else 1)]
        yield from self._host(host, zone, providers)

    def _page(self, host: str) -> Iterator[Observation]:
        told = self._told(f"https {host}")
        if self._random.random() < 0.05:
            yield NotSeen(about=host, question="page", reason="not_permitted", **told)
            return
        count = min(self._parts, len(self._part_hosts))
        hosts = self._random.sample(
            self._part_hosts, count if count < 12 else self._random.randint(count - 4, count)
        )
        parts = tuple(self._part(one) for one in sorted(hosts))
        yield PageSeen(host=host, url=f"https://{host}/", status=200, parts=parts, **told)

    def _part(self, host: str) -> PagePart:
        kinds: tuple[PartKind, ...] = ("script", "style", "font", "image", "connection", "frame")
        kind = self._random.choice(kinds)
        purposes: tuple[Purpose, ...] = ("login", "payment", "maps")
        purpose = self._random.choice(purposes) if kind == "frame" and self._random.random() < 0.1 else ""
        return PagePart(host, kind, kind == "script" and self._random.random() < 0.05, purpose)
