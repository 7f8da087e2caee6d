"""The lab's country XA and its neighbours: who holds which network, which zones, certificates and services.

Every service has one weakness, or none, and says which. All of it is fictional; addresses are from the
ranges for documentation (RFC 5737), numbers of networks from RFC 5398, countries from ISO 3166's free codes.
"""

from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final, Literal

DAY_S: Final = 86_400

LONG_S: Final = 150 * DAY_S
"""Expiry and signatures of the root and of top-level zones: beyond what the lab looks at."""

NAME_TTL_S: Final = 120
"""Of addresses and aliases: over before the first look, at minute 5."""

PATIENT_TTL_S: Final = 50_000
"""Between hour 12 and day 1."""

DELEGATION_TTL_S: Final = 40_000
"""Between hour 1 and hour 12."""

ADDRESSES: Final = 8
"""Of each organisation: the first ones of its network."""


@dataclass(frozen=True, slots=True)
class Organisation:
    """One provider with a network of its own."""

    key: str
    name: str
    country: str
    network: int
    prefix: str

    def address(self, number: int) -> str:
        return str(IPv4Network(self.prefix)[number])

    def addresses(self) -> list[str]:
        return [self.address(number) for number in range(1, ADDRESSES + 1)]


def _held(country: str, net: str, first_network: int, *names: tuple[str, str]) -> tuple[Organisation, ...]:
    return tuple(
        Organisation(key, name, country, first_network + at, f"{net}.{16 * at}/28")
        for at, (key, name) in enumerate(names)
    )


ORGANISATIONS: Final = (
    *_held(
        "XA",
        "192.0.2",
        64496,
        ("users", "Harbour Access"),
        ("registry-xa", "XA Registry"),
        ("hearth", "Hearth Hosting"),
        ("beacon", "Beacon Names"),
        ("seal", "Seal Trust"),
    ),
    *_held(
        "XB",
        "198.51.100",
        64501,
        ("rootward", "Rootward"),
        ("registry-xb", "XB Registry"),
        ("stratus", "Stratus Names"),
        ("cumulus", "Cumulus Delivery"),
        ("keyhole", "Keyhole Login"),
        ("postern", "Postern Mail"),
        ("sigil", "Sigil Certificates"),
        ("scrivener", "Scrivener"),
    ),
    *_held("QM", "203.0.113", 64509, ("quill", "Quill Names")),
)
HELD: Final = {one.key: one for one in ORGANISATIONS}

KNOT: Final = "knot"
NSD: Final = "nsd"


@dataclass(frozen=True, slots=True)
class NameServer:
    """One program on some addresses of its organisation."""

    key: str
    organisation: str
    program: Literal["knot", "nsd"]
    numbers: tuple[int, ...]

    def addresses(self) -> list[str]:
        return [HELD[self.organisation].address(number) for number in self.numbers]


SERVERS: Final = {
    one.key: one
    for one in (
        NameServer("rootward", "rootward", KNOT, (1,)),
        NameServer("registry-xa", "registry-xa", KNOT, (1, 2)),
        NameServer("registry-xb", "registry-xb", KNOT, (1, 2)),
        NameServer("quill", "quill", NSD, (1, 2)),
        NameServer("stratus", "stratus", KNOT, (1, 2, 3)),
        NameServer("beacon", "beacon", KNOT, (1, 2, 5)),
        NameServer("copies", "beacon", NSD, (3, 4)),
        NameServer("scrivener", "scrivener", KNOT, (1,)),
    )
}

Glued = tuple[str, str]
"""A name server, and its address where the parent gives one."""


@dataclass(frozen=True, slots=True)
class Zone:
    """`records` are lines of a zone file without the SOA and the NS set."""

    origin: str
    primary: str
    servers: tuple[Glued, ...]
    records: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    master: str = ""
    expire_s: int = 14 * DAY_S
    signed_for_s: int = 14 * DAY_S

    @property
    def signed(self) -> bool:
        """Knot signs; what NSD serves from files is not."""
        return SERVERS[self.primary].program == KNOT

    @property
    def parent(self) -> str:
        above = self.origin.partition(".")[2]
        return above or "."


def _at(organisation: str, number: int) -> str:
    return HELD[organisation].address(number)


def _a(name: str, organisation: str, number: int, ttl_s: int = NAME_TTL_S) -> str:
    return f"{name} {ttl_s} A {_at(organisation, number)}"


STRATUS: Final[tuple[Glued, ...]] = (("ns1.stratus.xb", ""), ("ns2.stratus.xb", ""))
BEACON: Final[tuple[Glued, ...]] = (("ns1.beacon.xa", ""), ("ns2.beacon.xa", ""))
COPIES: Final[tuple[Glued, ...]] = (("copy1.beacon.xa", ""), ("copy2.beacon.xa", ""))
QUILL: Final[tuple[Glued, ...]] = (("ns.quill.qm", ""),)
WEB: Final = _a("@", "hearth", 1)


def _at_home(origin: str, *more: str) -> Zone:
    """A zone without a weakness of its own in names: Beacon at home and Stratus abroad each hold it."""
    return Zone(
        origin,
        "beacon",
        (BEACON[0], STRATUS[0]),
        more or (WEB,),
        copies=("stratus",),
        master="ns1.beacon.xa",
    )


ZONES: Final = (
    Zone(
        ".",
        "rootward",
        (("a.roots", _at("rootward", 1)), ("b.roots", _at("registry-xa", 2))),
        copies=("registry-xa",),
        expire_s=LONG_S,
        signed_for_s=LONG_S,
    ),
    Zone(
        "xa",
        "registry-xa",
        (("a.nic.xa", _at("registry-xa", 1)), ("b.nic.xb", _at("registry-xb", 2))),
        copies=("registry-xb",),
        expire_s=LONG_S,
        signed_for_s=LONG_S,
    ),
    Zone(
        "xb",
        "registry-xb",
        (("a.nic.xb", _at("registry-xb", 1)),),
        (_a("b.nic", "registry-xb", 2),),
        expire_s=LONG_S,
        signed_for_s=LONG_S,
    ),
    Zone("qm", "quill", (("a.nic.qm", _at("quill", 1)),), expire_s=LONG_S),
    Zone("quill.qm", "quill", (("ns.quill.qm", _at("quill", 2)),)),
    Zone(
        "stratus.xb",
        "stratus",
        (("ns1.stratus.xb", _at("stratus", 1)), ("ns2.stratus.xb", _at("stratus", 2))),
    ),
    Zone(
        "beacon.xa",
        "beacon",
        (("ns1.beacon.xa", _at("beacon", 1)), ("ns2.beacon.xa", _at("beacon", 2))),
        (_a("copy1", "beacon", 3), _a("copy2", "beacon", 4)),
    ),
    Zone("cumulus.xb", "stratus", STRATUS, (_a("cdn", "cumulus", 1), _a("shop", "cumulus", 1))),
    Zone("keyhole.xb", "stratus", STRATUS, (_a("login", "keyhole", 1),)),
    Zone("postern.xb", "quill", QUILL, (_a("mx", "postern", 1),)),
    Zone("scrivener.xb", "quill", QUILL, (_a("primary", "scrivener", 1),)),
    _at_home("water.xa"),
    _at_home("clinic.xa"),
    _at_home("news.xa"),
    _at_home("school.xa"),
    _at_home("power.xa"),
    _at_home("rail.xa"),
    _at_home("ride.xa", _a("@", "cumulus", 1)),
    _at_home("shop.xa", f"www {NAME_TTL_S} CNAME shop.cumulus.xb."),
    _at_home("post.xa", f"@ {NAME_TTL_S} MX 10 mx.postern.xb."),
    _at_home("depot.xa"),
    Zone("bank.xa", "stratus", STRATUS, (WEB,)),
    Zone("radio.xa", "stratus", STRATUS, (_a("@", "hearth", 1, PATIENT_TTL_S),)),
    Zone(
        "court.xa",
        "scrivener",
        COPIES,
        (WEB,),
        copies=("copies",),
        master="primary.scrivener.xb",
        expire_s=3 * DAY_S,
    ),
    Zone(
        "port.xa",
        "scrivener",
        COPIES,
        (WEB,),
        copies=("copies",),
        master="primary.scrivener.xb",
        expire_s=LONG_S,
        signed_for_s=5 * DAY_S,
    ),
    Zone("ferry.xa", "quill", QUILL, (WEB,)),
    Zone(
        "dam.xa",
        "stratus",
        (("ns1.dam.xa", _at("stratus", 3)), ("ns2.weir.xa", "")),
        (WEB,),
        copies=("beacon",),
    ),
    Zone("weir.xa", "stratus", (("ns1.dam.xa", _at("stratus", 3)),), (_a("ns2", "beacon", 5),)),
)

SEAL, SIGIL = "seal", "sigil"


@dataclass(frozen=True, slots=True)
class Host:
    """One HTTPS host: whose server shows it, who certified it, how many days the certificate is still good,
    and which page it gives.
    """

    name: str
    organisation: str
    authority: str
    days_left: int = 200
    must_staple: bool = False
    page: str = ""


SCRIPT: Final = '<script src="https://cdn.cumulus.xb/part.js"></script>'
LATE_SCRIPT: Final = '<script async src="https://cdn.cumulus.xb/part.js"></script>'
LOGIN: Final = (
    '<form method="post" action="https://login.keyhole.xb/login">'
    '<input type="password" name="password"></form>'
)

HOSTS: Final = (
    Host("water.xa", "hearth", SEAL),
    Host("clinic.xa", "hearth", SEAL, page=SCRIPT),
    Host("news.xa", "hearth", SEAL, page=LATE_SCRIPT),
    Host("school.xa", "hearth", SEAL, page=LOGIN),
    Host("power.xa", "hearth", SIGIL, must_staple=True),
    Host("rail.xa", "hearth", SIGIL, days_left=20),
    Host("ride.xa", "cumulus", SEAL),
    Host("www.shop.xa", "cumulus", SEAL),
    Host("depot.xa", "hearth", SEAL),
    Host("bank.xa", "hearth", SEAL),
    Host("radio.xa", "hearth", SEAL),
    Host("court.xa", "hearth", SEAL),
    Host("port.xa", "hearth", SEAL),
    Host("ferry.xa", "hearth", SEAL),
    Host("dam.xa", "hearth", SEAL),
    Host("cdn.cumulus.xb", "cumulus", SIGIL, days_left=60),
    Host("login.keyhole.xb", "keyhole", SIGIL, days_left=60),
)
MAIL_AT: Final = ("postern", 1)


@dataclass(frozen=True, slots=True)
class Service:
    """What people use, and the weakness that was built into it."""

    name: str
    sector: str
    people: int
    weakness: str
    domains: tuple[str, ...] = ()
    mail: tuple[str, ...] = ()


SERVICES: Final = (
    Service("water", "energy", 900, "none", ("water.xa",)),
    Service("bank", "banking", 800, "all its name servers are one foreign provider's", ("bank.xa",)),
    Service("radio", "media", 300, "the same, with a long TTL", ("radio.xa",)),
    Service("ride", "transport", 400, "hosted abroad", ("ride.xa",)),
    Service("shop", "trade", 250, "an alias of a foreign delivery network", ("www.shop.xa",)),
    Service("clinic", "health", 500, "a script that the page waits for comes from abroad", ("clinic.xa",)),
    Service("news", "media", 600, "a script that the page does not wait for, from abroad", ("news.xa",)),
    Service("school", "education", 350, "people log in at a foreign provider", ("school.xa",)),
    Service("post", "government", 700, "its only mail server is abroad", (), ("post.xa",)),
    Service("power", "energy", 1000, "its certificate must be stapled by a foreign authority", ("power.xa",)),
    Service("rail", "transport", 450, "its certificate ends in 20 days", ("rail.xa",)),
    Service("court", "government", 200, "its hidden primary is abroad; copies expire", ("court.xa",)),
    Service("port", "transport", 220, "its signer is abroad; signatures last five days", ("port.xa",)),
    Service("ferry", "transport", 120, "its one name server stands under a third country", ("ferry.xa",)),
    Service("dam", "energy", 150, "its second name server stands under itself", ("dam.xa",)),
    Service("depot", "trade", 80, "its name is about to expire", ("depot.xa",)),
)
