"""What hosts, certificates, pages and mail need (rules 6 to 8 of docs/audit.md)."""

from collections.abc import Collection, Iterator

import numpy as np

from tidegate.audit.graph import EFFECTS, Kind, Nature
from tidegate.audit.making import Making
from tidegate.audit.names import all_addresses
from tidegate.model.audits import Effect, Layer, PagePart
from tidegate.model.topology import Rows


def fill_host(making: Making, host: str, row: int) -> None:
    """Rule 6: where a host stands: one of its addresses, and the provider whose domain it is in."""
    addresses = all_addresses(making.observed, host)
    members = [making.thing(Kind.ADDRESS, address) for address in addresses]
    making.needs(row, members or [making.unknown(f"addresses of {host}")], Nature.ADDRESSED)
    provider = making.ownership.of_host(host)
    if provider:
        making.needs(row, [making.thing(Kind.PROVIDER, provider)], Nature.RUN_BY)


def fill_use(making: Making, host: str, row: int) -> None:
    """Another host as it is used: its name, where it stands and, on the web, its certificate."""
    making.needs(row, [making.thing(Kind.NAME, host)], Nature.LOOKED_UP)
    making.needs(row, [making.thing(Kind.HOST, host)], Nature.ADDRESSED)
    if host in making.web_hosts:
        making.needs(row, [making.thing(Kind.CERTIFICATE, host)], Nature.CERTIFIED)


def fill_certificate(making: Making, host: str, row: int) -> None:
    """Rule 7: a certificate is renewed until its authority stops, or where CAA lets it issue no more; with
    must-staple it needs a fresh status, too.
    """
    seen = making.observed.certificates.get(host)
    if seen is None or not seen.chain:
        making.needs(row, [making.unknown(f"certificate of {host}")], Nature.CERTIFIED)
        return
    if not seen.trusted:
        making.needs(row, [making.broken(f"certificate of {host} is not trusted")], Nature.TRUSTED)
    leaf = seen.chain[0]
    authority = making.thing(Kind.AUTHORITY, leaf.issuer)
    renewed = authority
    if not _may_issue(making, host, leaf.issuer):
        renewed = making.ending(f"CAA of {host} lets {leaf.issuer} issue")
    making.needs(row, [renewed], Nature.RENEWED, until_s=leaf.not_after_s)
    if seen.must_staple:
        held = authority if seen.staple_until_s else making.broken(f"{host} must staple and does not")
        making.needs(row, [held], Nature.STAPLED, until_s=seen.staple_until_s)


def _may_issue(making: Making, host: str, authority: str) -> bool:
    """Not where CAA names nobody, or only domains that are declared to stand for others. An authority whose
    provider, or a domain whose owner, is not declared is taken to be allowed: it has issued.
    """
    allowed = making.observed.allowed.get(host)
    if allowed is None or not allowed.authorities:
        return True
    domains = [one for one in allowed.authorities if one != NOBODY]
    provider = making.ownership.of_authority(authority)
    owners = {making.ownership.of_caa(domain) for domain in domains}
    return bool(domains) and (not provider or provider in owners or "" in owners)


PART_LAYERS: tuple[Layer, ...] = ("login", "maps", "pages", "payment", "push")
"""Layers of a page's parts."""

NOBODY = ";"
"""In a CAA set: no authority may issue."""

GREETS, REFUSES = 220, 500
"""Codes of a mail server's greeting: it takes mail; from here on it takes none (RFC 5321, 3.1 and 4.2.1)."""

LAYER_AT, ROW_AT = 34, 2
"""Bits of a use's number at which its layer and its row begin; below is its effect."""


def part_rule(part: PagePart) -> tuple[Layer, Effect]:
    """Rule 8: which layer a part of a page belongs to, and what its loss does."""
    if part.purpose in ("login", "payment"):
        return part.purpose, "critical"
    if part.purpose in ("maps", "push"):
        return part.purpose, "degrading"
    if part.kind == "script" and part.blocking:
        return "pages", "critical"
    if part.kind in ("script", "style", "frame", "connection"):
        return "pages", "degrading"
    return "pages", "cosmetic"


def judged(making: Making, part: PagePart) -> int:
    """What a part of a page comes to, as one number that sorts by layer, row and effect."""
    layer, effect = part_rule(part)
    making.web_hosts.add(part.host)
    row = making.thing(Kind.USE, part.host)
    return PART_LAYERS.index(layer) << LAYER_AT | row << ROW_AT | EFFECTS.index(effect)


def uses_of(making: Making, host: str) -> set[int]:
    """What the pages of a host use of other hosts, as numbers."""
    found = set[int]()
    for _, page in sorted(making.observed.pages.get(host, {}).items()):
        found.update(map(making.uses.__getitem__, page.parts))
    return found


def needs_of_uses(uses: Collection[int]) -> Iterator[tuple[Layer, Rows, Rows]]:
    """Of each layer that they belong to, in the order of PART_LAYERS: rows and effects, one for each use."""
    numbers = np.sort(np.fromiter(uses, np.int64, len(uses)))
    ends = np.searchsorted(numbers, [at << LAYER_AT for at in range(len(PART_LAYERS) + 1)])
    for at, layer in enumerate(PART_LAYERS):
        some = numbers[ends[at] : ends[at + 1]]
        if len(some):
            rows = some >> ROW_AT & ((1 << LAYER_AT - ROW_AT) - 1)
            yield layer, rows.astype(np.int32), (some & ((1 << ROW_AT) - 1)).astype(np.int32)


def through(making: Making, host: str) -> Iterator[str]:
    """A host, and those that its pages are redirected through."""
    yield host
    for _, page in sorted(making.observed.pages.get(host, {}).items()):
        yield from page.through


def fill_mail(making: Making, domain: str, row: int) -> None:
    """Rule 14: mail for a domain needs its zone and any one of its mail servers; without any, the domain's
    host.
    """
    seen = making.observed.mail_servers.get(domain)
    if seen is None:
        making.needs(row, [making.unknown(f"mail servers of {domain}")], Nature.MAIL)
        return
    making.needs(row, [making.thing(Kind.ZONE, seen.zone)], Nature.LOOKED_UP, caches_s=seen.ttl_s)
    hosts = [one.name for one in seen.servers] or [domain]
    making.needs(row, [_mail_server(making, host) for host in hosts], Nature.MAIL)


def _mail_server(making: Making, host: str) -> int:
    """One that refuses all mail in its greeting does not count; of one that was asked in vain, or only says
    that it cannot now, it is not known.
    """
    seen = making.observed.banners.get(host)
    if seen is not None and seen.code >= REFUSES:
        return making.broken(f"{host} refuses mail")
    asked_in_vain = seen is None and (host, "mail_banner") in making.observed.unanswered
    if asked_in_vain or (seen is not None and seen.code != GREETS):
        return making.unknown(f"greeting of {host}")
    return making.thing(Kind.USE, host)
