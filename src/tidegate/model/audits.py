"""Observations of an audit: what was seen or declared, when, and by which source; never what it means.

One observation is one JSON line of canonical bytes, and an audit is the sorted set of its lines: the same
observations are the same bytes. Names of hosts and zones are lower case (A-labels) without a last dot, and
the root is "."; addresses are in their shortest text. Times are seconds since 1970, lengths of time are
seconds. Texts of others (subjects, banners) come cut to TEXT_MAX and without control characters.
"""

from typing import Literal

import msgspec

OBSERVATIONS_MAX = 4_000_000
"""Observations of one audit: two million dependencies of services, with room. More are refused."""

OBSERVATION_BYTES_MAX = 1 << 16
"""Bytes of one observation's line; a longer one is refused, and a probe says NotSeen instead."""

MEMBERS_MAX = 256
"""Members of one list in an observation (servers, addresses, parts); a probe says NotSeen beyond it."""

TEXT_MAX = 256
"""Characters of one text that somebody else wrote; a probe cuts it there."""

Effect = Literal["critical", "degrading", "cosmetic"]
"""What the loss of a need does: the service stops, works worse, or only looks different."""

Layer = Literal[
    "names",
    "hosting",
    "certificates",
    "pages",
    "mail",
    "time",
    "updates",
    "login",
    "push",
    "app_store",
    "payment",
    "maps",
    "private",
]
"""What a service stands on; `pages` are the parts of its pages that other hosts give."""

PartKind = Literal["script", "style", "font", "frame", "image", "connection", "media"]
"""How a page uses another host."""

Purpose = Literal["", "login", "payment", "maps", "push"]
"""What a part of a page is for, where a stated rule of the probe could tell."""

Reason = Literal[
    "time_out",
    "refused",
    "unreachable",
    "no_such_name",
    "server_failure",
    "lame",
    "loop",
    "too_deep",
    "too_many",
    "too_large",
    "malformed",
    "not_permitted",
    "not_trusted",
    "not_asked",
]
"""Why something was not seen; `not_permitted` is a site's wish (robots), `not_asked` our own politeness."""

Question = Literal[
    "delegation",
    "zone",
    "keys",
    "addresses",
    "alias",
    "mail_servers",
    "authorities_allowed",
    "place",
    "certificate",
    "page",
    "mail_banner",
]
"""What was asked about a name or an address; the observation that would have been the answer."""


class _Observation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"):
    """`source` says who told: "declared FILE", "dns 192.0.2.53", "tls 192.0.2.1:443", "file FILE"."""

    at_s: int
    source: str


# What people declare.


class ServiceListed(_Observation, frozen=True):
    """A service to audit. `domains` are hosts that must all work (pages are read there), `backends` hosts
    of its mobile programs, `mail` the domains whose mail matters; `people` is its weight. Who is logged in
    stays so for `session_s` without the login.
    """

    name: str
    country: str
    sector: str = ""
    people: int = 1
    domains: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    mail: tuple[str, ...] = ()
    session_s: int = 0


class NeedDeclared(_Observation, frozen=True):
    """`of` (a service or a thing) needs any one of `any_of`: things, services, hosts, each by its name.

    `lasts_s` is how long it goes on after all of them are lost (clock drift, stock of updates, sessions).
    """

    of: str
    layer: Layer
    any_of: tuple[str, ...]
    effect: Effect = "critical"
    lasts_s: int = 0


class ThingDeclared(_Observation, frozen=True):
    """What no probe can see: a private service, a mirror, a push service. It stands in `countries`."""

    name: str
    provider: str
    countries: tuple[str, ...]


class ProviderDeclared(_Observation, frozen=True):
    """A provider: who owns it, under which country's law it is, where it is present, and what is its own.

    `suffixes` are domains of its hosts and name servers, `authorities` organisations in certificates, `caa`
    domains that stand for it in CAA records.
    """

    name: str
    owner: str
    country: str
    present_in: tuple[str, ...] = ()
    networks: tuple[int, ...] = ()
    suffixes: tuple[str, ...] = ()
    authorities: tuple[str, ...] = ()
    caa: tuple[str, ...] = ()


# What name servers say.


class Glue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Addresses of a name server that come with a delegation."""

    server: str
    addresses: tuple[str, ...]


class DelegationSeen(_Observation, frozen=True):
    """What the servers of `parent` say of `zone`; for the root, what is configured (parent ""). `ttl_s` is
    that of the NS set; `ds` are key tags of the DS set, `ds_ttl_s` 0 where there is none.
    """

    zone: str
    parent: str
    servers: tuple[str, ...]
    ttl_s: int
    glue: tuple[Glue, ...] = ()
    ds: tuple[int, ...] = ()
    ds_ttl_s: int = 0


class ZoneSeen(_Observation, frozen=True):
    """What a zone says of itself: its NS set with TTL, and its SOA."""

    zone: str
    servers: tuple[str, ...]
    ttl_s: int
    primary: str
    serial: int
    refresh_s: int
    retry_s: int
    expire_s: int
    minimum_s: int


class ServerAsked(_Observation, frozen=True):
    """One address of a name server and whether it answers for a zone with authority (else it is lame)."""

    zone: str
    server: str
    address: str
    authoritative: bool


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One RRSIG: which kind of records it covers, by which key, from when to when."""

    covers: str
    key_tag: int
    inception_s: int
    expires_s: int


class KeysSeen(_Observation, frozen=True):
    """The DNSKEY set of a zone (key tags; empty where it is unsigned), and signatures seen in it.

    `validates` is whether the chain from the configured anchor down to this zone holds at `at_s`: all that
    was heard from the zone is signed, and what is not there is proved not to be. Without any key it is False
    where the zone above is signed and does not prove that this one is not.
    """

    zone: str
    keys: tuple[int, ...]
    ttl_s: int
    signatures: tuple[Signature, ...] = ()
    validates: bool | None = None


class AddressesSeen(_Observation, frozen=True):
    """All addresses of one family of a name, in the zone that answered. Empty: the name has none."""

    name: str
    zone: str
    family: Literal["A", "AAAA"]
    addresses: tuple[str, ...]
    ttl_s: int


class AliasSeen(_Observation, frozen=True):
    """A CNAME."""

    name: str
    zone: str
    target: str
    ttl_s: int


class MailServer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One MX: lower preference is tried first."""

    preference: int
    name: str


class MailServersSeen(_Observation, frozen=True):
    """The MX set of a name; empty where it has none."""

    name: str
    zone: str
    servers: tuple[MailServer, ...]
    ttl_s: int


class AuthoritiesAllowedSeen(_Observation, frozen=True):
    """The CAA set that holds for a name: domains of authorities that may issue; empty where all may, and ";"
    where none may.
    """

    name: str
    authorities: tuple[str, ...]
    ttl_s: int


# What files of topology say of addresses.


class AddressPlaced(_Observation, frozen=True):
    """Network, holder and countries of an address: it answers inside each of them, several for anycast.

    `network` 0, `organisation` "" and no country where nobody says.
    """

    address: str
    network: int
    organisation: str
    countries: tuple[str, ...]
    anycast: bool = False


# What servers show.


class Certificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One certificate: names as organisation (else common name), the issuer's country, and validity."""

    subject: str
    issuer: str
    issuer_country: str
    not_before_s: int
    not_after_s: int


class CertificateSeen(_Observation, frozen=True):
    """What a TLS server showed for `host`: the chain, leaf first. `staple_until_s` is the next update of
    the stapled OCSP answer (0: none was stapled); `automated`: there are signs of ACME, by the probe's rule.
    """

    host: str
    port: int
    chain: tuple[Certificate, ...]
    trusted: bool
    must_staple: bool = False
    staple_until_s: int = 0
    automated: bool = False


class PagePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another host that a page uses, once for each kind. `blocking`: the page waits for it, by HTML."""

    host: str
    kind: PartKind
    blocking: bool
    purpose: Purpose = ""


class PageSeen(_Observation, frozen=True):
    """One page: `host` is where it began, `through` the hosts of its redirects in order, the last one gave
    the page. `parts` are other hosts, also those that headers announce.
    """

    host: str
    url: str
    status: int
    through: tuple[str, ...] = ()
    parts: tuple[PagePart, ...] = ()
    by_browser: bool = False


class MailBannerSeen(_Observation, frozen=True):
    """The code that a mail server greets with (RFC 5321, 4.2): 220 where it takes mail."""

    host: str
    code: int


class NotSeen(_Observation, frozen=True):
    """What was asked and not answered: never counted as safe."""

    about: str
    question: Question
    reason: Reason
    detail: str = ""


Observation = (
    ServiceListed
    | NeedDeclared
    | ThingDeclared
    | ProviderDeclared
    | DelegationSeen
    | ZoneSeen
    | ServerAsked
    | KeysSeen
    | AddressesSeen
    | AliasSeen
    | MailServersSeen
    | AuthoritiesAllowedSeen
    | AddressPlaced
    | CertificateSeen
    | PageSeen
    | MailBannerSeen
    | NotSeen
)
