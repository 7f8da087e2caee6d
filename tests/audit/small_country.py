"""A small country on loopback: a root, two top-level zones, a bank, and what its page loads from abroad."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.audit.loopback import Authority, Given, NameServers, Site, https_site
from tests.audit.name_worlds import MadeZone, NameWorld
from tidegate.model.domain_names import ROOT
from tidegate.model.probe_settings import Pace, Ports, ProbeSettings

ROOT_SERVER, XA, XB, BANK, ABROAD = (f"127.91.{number}.53" for number in (1, 2, 3, 4, 5))
HOME_SITE, SITE_ABROAD = "127.91.4.80", "127.91.5.80"
QUICK = Pace(dns_gap_ms=0, site_gap_ms=0, provider_gap_ms=0)

PAGE = b"""<!doctype html><title>Bank</title>
<script src="https://scripts.cdn.xb/a.js"></script>
<link rel="stylesheet" href="/own.css">
<script async src="https://stats.cdn.xb/s.js"></script>
<form action="https://login.cdn.xb/in"><input type="password"></form>
"""
STYLE = b"@font-face { font-family: x; src: url(https://fonts.cdn.xb/x.woff2) }"


def names() -> NameWorld:
    root = MadeZone(ROOT, ("a.root",), frozenset({ROOT_SERVER}))
    xa = MadeZone("xa", ("ns.xa",), frozenset({XA}), frozenset({"ns.xa"}), {("ns.xa", "A"): (XA,)})
    xb = MadeZone("xb", ("ns.xb",), frozenset({XB}), frozenset({"ns.xb"}), {("ns.xb", "A"): (XB,)})
    bank = MadeZone("bank.xa", ("ns.bank.xa",), frozenset({BANK}), frozenset({"ns.bank.xa"}))
    bank.records = {
        ("ns.bank.xa", "A"): (BANK,),
        ("bank.xa", "A"): (HOME_SITE,),
        ("www.bank.xa", "CNAME"): ("bank.xa",),
        ("api.bank.xa", "A"): (HOME_SITE,),
        ("bank.xa", "MX"): ("10 mail.bank.xa",),
        ("mail.bank.xa", "A"): (HOME_SITE,),
        ("bank.xa", "CAA"): ('0 issue "authority.xb"',),
    }
    cdn = MadeZone("cdn.xb", ("ns.cdn.xb",), frozenset({ABROAD}), frozenset({"ns.cdn.xb"}))
    cdn.records = {("ns.cdn.xb", "A"): (ABROAD,)}
    for host in ("scripts", "stats", "fonts", "login"):
        cdn.records[f"{host}.cdn.xb", "A"] = (SITE_ABROAD,)
    glue = {"ns.xa": (XA,), "ns.xb": (XB,), "ns.bank.xa": (BANK,), "ns.cdn.xb": (ABROAD,)}
    return NameWorld({zone.name: zone for zone in (root, xa, xb, bank, cdn)}, glue=glue)


@dataclass
class Country:
    """Everything that runs, and the settings by which it is probed."""

    settings: ProbeSettings
    servers: NameServers
    world: NameWorld
    site: Site
    authority: Authority
    abroad: Site = field(default_factory=lambda: Site({}))


@contextmanager
def country(
    folder: Path, world: NameWorld | None = None, pages: dict[tuple[str, str], Given] | None = None
) -> Iterator[Country]:
    world = world or names()
    authority = Authority(folder)
    home = authority.issue("bank.xa", "www.bank.xa", "api.bank.xa")[0]
    there = authority.issue("*.cdn.xb", days=365)[0]
    site = Site(
        {
            ("bank.xa", "/"): Given(b"", 301, (("Location", "https://www.bank.xa/"),)),
            ("www.bank.xa", "/"): Given(PAGE),
            ("www.bank.xa", "/own.css"): Given(STYLE, headers=(("Content-Type", "text/css"),)),
        }
        | (pages or {})
    )
    abroad = Site({})
    addresses = tuple({address for zone in world.zones.values() for address in zone.served_by} | world.silent)
    with ExitStack() as running:
        servers = running.enter_context(NameServers(addresses, world.answer))
        hosts = dict.fromkeys(("bank.xa", "www.bank.xa", "api.bank.xa"), home)
        port = running.enter_context(https_site(site, HOME_SITE, hosts))
        running.enter_context(https_site(abroad, SITE_ABROAD, {"*": there}, port))
        settings = ProbeSettings(
            contact="noc@example.net",
            roots=world.roots,
            trust_anchors=(),
            networks=("127.91.0.0/16",),
            authorities=str(authority.file),
            ports=Ports(dns=servers.port, https=port, http=1, mail=1),
            pace=QUICK,
            dns_timeout_ms=5000,
            timeout_ms=20_000,
        )
        yield Country(settings, servers, world, site, authority, abroad)
