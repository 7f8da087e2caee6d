"""Observations become the graph: one rule for each kind of need, numbered as in docs/audit.md.

What was not seen becomes a thing of kind UNKNOWN, of which nobody knows whether it falls. What cannot work as
it was seen (a certificate that nobody trusts) needs a thing of kind BROKEN, which never works.
"""

from collections.abc import Callable, Mapping

from tidegate.audit.filling import fill_address, fill_authority, fill_provider, fill_thing, named
from tidegate.audit.graph import Graph, Kind, Nature
from tidegate.audit.hosts import (
    fill_certificate,
    fill_host,
    fill_mail,
    fill_use,
    judged,
    needs_of_uses,
    through,
    uses_of,
)
from tidegate.audit.making import Making
from tidegate.audit.names import fill_delegation, fill_name, fill_server, fill_zone
from tidegate.audit.observed import Observed
from tidegate.model.audits import Effect, Layer, ServiceListed


def graph_of(observed: Observed) -> Graph:
    """The whole graph. Full where it is too large."""
    making = Making(observed, judged)
    for name in sorted(observed.services):
        making.thing(Kind.SERVICE, name)
    services, making.waiting = making.waiting, []
    for _, name, row in services:  # First, so that it is known which hosts are on the web.
        _fill_service(making, name, row)
    while making.waiting:
        kind, name, row = making.waiting.pop()
        fill = _FILL.get(kind)
        if fill is not None:
            fill(making, name, row)
    return making.made()


def layer_name(layer: str, service: str) -> str:
    return f"{layer} of {service}"


def _fill_service(making: Making, name: str, row: int) -> None:
    """Rule 1: a service needs all its layers; what the loss of mail does is to degrade it."""
    told = making.observed.services[name]
    layers: dict[Layer, int] = {}

    def layer(of: Layer) -> int:
        if of not in layers:
            layers[of] = making.thing(Kind.LAYER, layer_name(of, name))
            effect: Effect = "degrading" if of == "mail" else "critical"
            making.needs(row, [layers[of]], Nature.STANDS_ON, effect=effect)
        return layers[of]

    hosts = dict.fromkeys(one for domain in told.domains for one in through(making, domain))
    for host in (*hosts, *(host for host in told.backends if host not in hosts)):
        making.needs(layer("names"), [making.thing(Kind.NAME, host)], Nature.LOOKED_UP)
        making.needs(layer("hosting"), [making.thing(Kind.HOST, host)], Nature.ADDRESSED)
        making.needs(layer("certificates"), [making.thing(Kind.CERTIFICATE, host)], Nature.CERTIFIED)
    _pages(making, told, layer)
    for domain in told.mail:
        making.needs(layer("mail"), [making.thing(Kind.MAIL, domain)], Nature.MAIL)
    for need in making.observed.needs.get(name, ()):
        members = [named(making, member) for member in need.any_of]
        making.needs(layer(need.layer), members, Nature.DECLARED, effect=need.effect, holds_s=need.lasts_s)


def _pages(making: Making, told: ServiceListed, layer: Callable[[Layer], int]) -> None:
    """What pages use once for each host and effect; a page that was not seen may use anything. Who is logged
    in needs no login until the session ends (rule 8).
    """
    used: set[int] = set()
    for domain in told.domains:
        if domain not in making.observed.pages:
            making.needs(layer("pages"), [making.unknown(f"page of {domain}")], Nature.PART)
        else:
            layer("pages")
        used.update(uses_of(making, domain))
    for of, rows, effects in needs_of_uses(used):
        stays_s = told.session_s if of == "login" else 0
        making.needs_each(layer(of), rows, effects, Nature.PART, caches_s=stays_s)


_FILL: Mapping[Kind, Callable[[Making, str, int], None]] = {
    Kind.NAME: fill_name,
    Kind.ZONE: fill_zone,
    Kind.DELEGATION: fill_delegation,
    Kind.SERVER: fill_server,
    Kind.HOST: fill_host,
    Kind.USE: fill_use,
    Kind.CERTIFICATE: fill_certificate,
    Kind.AUTHORITY: fill_authority,
    Kind.ADDRESS: fill_address,
    Kind.PROVIDER: fill_provider,
    Kind.MAIL: fill_mail,
    Kind.THING: fill_thing,
}
