"""How an audit asks: where the world of names begins, whom it may ask, how fast, and who it says it is."""

from typing import Annotated

import msgspec
from msgspec import Meta

ROOT_SERVERS_MAX = 64
"""Name servers of the root in the settings; more are refused when they are read."""

NETWORKS_MAX = 256
"""Networks that may be asked; more are refused when the settings are read."""

Port = Annotated[int, Meta(ge=1, le=65_535)]
Milliseconds = Annotated[int, Meta(ge=0, le=600_000)]

ROOTS = {
    "a.root-servers.net": ("198.41.0.4", "2001:503:ba3e::2:30"),
    "b.root-servers.net": ("170.247.170.2", "2801:1b8:10::b"),
    "c.root-servers.net": ("192.33.4.12", "2001:500:2::c"),
    "d.root-servers.net": ("199.7.91.13", "2001:500:2d::d"),
    "e.root-servers.net": ("192.203.230.10", "2001:500:a8::e"),
    "f.root-servers.net": ("192.5.5.241", "2001:500:2f::f"),
    "g.root-servers.net": ("192.112.36.4", "2001:500:12::d0d"),
    "h.root-servers.net": ("198.97.190.53", "2001:500:1::53"),
    "i.root-servers.net": ("192.36.148.17", "2001:7fe::53"),
    "j.root-servers.net": ("192.58.128.30", "2001:503:c27::2:30"),
    "k.root-servers.net": ("193.0.14.129", "2001:7fd::1"),
    "l.root-servers.net": ("199.7.83.42", "2001:500:9f::42"),
    "m.root-servers.net": ("202.12.27.33", "2001:dc3::35"),
}
"""The root's name servers, as IANA's root hints have them."""

TRUST_ANCHORS = (
    "20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
    "38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
)
"""The root's keys of 2017 and 2024, as DS records (IANA's trust anchors)."""


class Ports(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a port is asked that a question does not name."""

    dns: Port = 53
    http: Port = 80
    https: Port = 443
    mail: Port = 25


class Pace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How fast it asks. A gap lies between the beginnings of two questions; a provider is a /24 or a /48."""

    dns_gap_ms: Milliseconds = 50
    site_gap_ms: Milliseconds = 1000
    provider_gap_ms: Milliseconds = 25
    provider_at_once: Annotated[int, Meta(ge=1, le=64)] = 8
    at_once: Annotated[int, Meta(ge=1, le=1024)] = 128


class ProbeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings of a probe. Only `contact` has no default: whoever is asked can find out who asks.

    `networks`: only addresses in these are asked; without any, all that are public. `authorities` is a file
    of certificates that are trusted, else the system's. `browser` is a Chromium program, "" for none.
    """

    contact: Annotated[str, Meta(min_length=3, max_length=200)]
    roots: Annotated[dict[str, tuple[str, ...]], Meta(max_length=ROOT_SERVERS_MAX)] = msgspec.field(
        default_factory=lambda: dict(ROOTS)
    )
    trust_anchors: tuple[str, ...] = TRUST_ANCHORS
    networks: Annotated[tuple[str, ...], Meta(max_length=NETWORKS_MAX)] = ()
    authorities: str = ""
    ports: Ports = Ports()
    pace: Pace = Pace()
    dns_timeout_ms: Milliseconds = 2000
    timeout_ms: Milliseconds = 10_000
    mail: bool = False
    browser: str = ""

    @property
    def agent(self) -> str:
        """Who asks, for servers' logs."""
        return f"tidegate-audit (+{self.contact})"
