"""Concentration and insularity of the layers under a list of sites, as published for 150 countries.

Habib, Ruth, Akiwate and Durumeric, "Formalizing Dependence of Web Infrastructure", SIGCOMM 2025. With C sites
of which provider i has a_i, concentration is the sum of (a_i / C) squared, less 1 / C: the earth mover's
distance to a world in which every site has a provider of its own. Insularity is the share of sites whose
provider is based in the country. A site with several providers counts in equal parts for each of them; of
sites whose provider is not seen only their number is told.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable

import msgspec

from tidegate.audit.auditing import Audit
from tidegate.audit.names import all_addresses
from tidegate.audit.observed import Observed


class Score(msgspec.Struct, frozen=True):
    """One layer. `largest` are the providers with most sites and their shares, at most ten."""

    layer: str
    sites: int
    not_seen: int
    providers: int
    concentration: float | None
    insularity: float | None
    largest: tuple[tuple[str, float], ...]


LARGEST_MAX = 10
"""Providers of a score that are named; the rest are counted."""

Owners = Iterable[tuple[str, str]]
"""Providers of a site, each with its country ("" where it is not known)."""


def scores(audit: Audit, home: str) -> tuple[Score, ...]:
    """Hosting, names, top-level domains and certificates of the domains of all services of a country."""
    sites = sorted(
        {
            domain
            for told in audit.observed.services.values()
            if told.country == home
            for domain in told.domains
        }
    )
    layers: tuple[tuple[str, Callable[[Audit, str], Owners]], ...] = (
        ("hosting", _of_host),
        ("names", _names),
        ("top-level domains", _top_level),
        ("certificates", _certificates),
    )
    return tuple(_score(layer, [set(find(audit, site)) for site in sites], home) for layer, find in layers)


def _score(layer: str, owners: list[set[tuple[str, str]]], home: str) -> Score:
    seen = [one for one in owners if one]
    parts: dict[str, float] = defaultdict(float)
    at_home = 0.0
    for one in seen:
        for provider, country in sorted(one):
            parts[provider] += 1 / len(one)
            at_home += (country == home) / len(one)
    count = len(seen)
    largest = sorted(parts.items(), key=lambda part: (-part[1], part[0]))[:LARGEST_MAX]
    return Score(
        layer=layer,
        sites=count,
        not_seen=len(owners) - count,
        providers=len(parts),
        concentration=sum((part / count) ** 2 for part in parts.values()) - 1 / count if count else None,
        insularity=at_home / count if count else None,
        largest=tuple((name, part / count) for name, part in largest),
    )


def _of_host(audit: Audit, host: str) -> Owners:
    declared = audit.ownership.of_host(host)
    if declared:
        return [(declared, audit.ownership.law_of(declared))]
    placed = [audit.observed.placed.get(one) for one in all_addresses(audit.observed, host)]
    names = {audit.ownership.of_address(one) for one in placed if one is not None} - {""}
    return [(name, audit.ownership.law_of(name)) for name in names]


def _names(audit: Audit, site: str) -> Owners:
    delegation = audit.observed.delegations.get(zone_of(audit.observed, site))
    servers = delegation.servers if delegation else ()
    return [owner for server in servers for owner in _of_host(audit, server)]


def _top_level(_: Audit, site: str) -> Owners:
    """As published, by its label; a label of two letters is a country's own."""
    label = site.rpartition(".")[2]
    return [(f".{label}", label.upper() if len(label) == 2 else "")]


def _certificates(audit: Audit, site: str) -> Owners:
    seen = audit.observed.certificates.get(site)
    if seen is None or not seen.chain:
        return []
    authority = seen.chain[0].issuer
    provider = audit.ownership.of_authority(authority)
    if provider:
        return [(provider, audit.ownership.law_of(provider))]
    return [(authority, audit.ownership.country_of_issuer(authority))]


def zone_of(observed: Observed, site: str) -> str:
    """The zone that a site's own name is in, "" where it was not seen."""
    alias = observed.aliases.get(site)
    if alias is not None:
        return alias.zone
    return next((one.zone for one in observed.addresses_of(site)), "")
