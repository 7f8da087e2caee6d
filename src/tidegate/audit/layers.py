"""The layer table: whether each layer of each service is at home, hangs on a single owner, and is seen."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, get_args

import msgspec

from tidegate.audit.auditing import Audit
from tidegate.audit.building import layer_name
from tidegate.audit.graph import EFFECTS, ROOT, Kind
from tidegate.audit.hits import all_abroad
from tidegate.audit.losses import stoppers
from tidegate.audit.reasoning import LOST_IN_THE_END, MAY_BE_LOST, times_after
from tidegate.kernels.dependencies import NEVER
from tidegate.model.audits import Layer

LAYERS: tuple[Layer, ...] = get_args(Layer)
Where = Literal["home", "abroad", "not_known"]
WHERE_WORDS: Mapping[str, str] = {"home": "at home", "abroad": "abroad", "not_known": "not known"}


class Standing(msgspec.Struct, frozen=True):
    """One layer of one service. `home`: it goes on when everything abroad is lost and every foreign provider
    has withdrawn; `lasts_s` is how long it goes on then, None for ever. `single` is whether one owner's loss
    stops it, None where that is not known; `hangs_on` is that owner, the first in the order of the graph. The
    root zone is left out.
    """

    service: str
    layer: Layer
    where: Where
    lasts_s: int | None
    single: bool | None
    hangs_on: str


class LayerTotal(msgspec.Struct, frozen=True):
    """One layer over all services, in people."""

    layer: Layer
    people: int
    home: int
    abroad: int
    not_known: int
    single: int
    redundant: int


def standings(audit: Audit, home: str) -> tuple[Standing, ...]:
    """All services that are of the home country, those with most people first; every layer that they have."""
    audit = rootless(audit)
    graph = audit.graph
    hits = all_abroad(audit.things, home)
    _, surely = times_after(graph, LOST_IN_THE_END, hits, audit.at_s)
    _, perhaps = times_after(graph, MAY_BE_LOST, hits, audit.at_s)
    owners, unsure = stoppers(audit, home)
    found = []
    for told in (one for _, one in audit.services() if one.country == home):
        for layer in LAYERS:
            row = audit.things.get(Kind.LAYER, layer_name(layer, told.name))
            if row is None:
                continue
            where: Where = (
                "abroad" if surely[row] != NEVER else "not_known" if perhaps[row] != NEVER else "home"
            )
            found.append(
                Standing(
                    service=told.name,
                    layer=layer,
                    where=where,
                    lasts_s=int(surely[row]) if where == "abroad" else None,
                    single=True if row in owners else None if row in unsure else False,
                    hangs_on=owners.get(row, ""),
                )
            )
    return tuple(found)


def rootless(audit: Audit) -> Audit:
    """The same without the needs of the root zone: no country has the root at home, and none is told apart
    by it. What the root's own loss does is told by what-ifs and losses.
    """
    root = audit.things.get(Kind.ZONE, ROOT)
    if root is None:
        return audit
    effect = audit.graph.effect.copy()
    effect[audit.graph.group_start[root] : audit.graph.group_start[root + 1]] = EFFECTS.index("cosmetic")
    return replace(audit, graph=replace(audit.graph, effect=effect))


def totals(audit: Audit, told: Sequence[Standing]) -> tuple[LayerTotal, ...]:
    """By layer, in the order of layers; only those that any service has."""
    people = {name: one.people for name, one in audit.observed.services.items()}

    def among(chosen: Sequence[Standing]) -> int:
        return sum(people[one.service] for one in chosen)

    found = []
    for layer in LAYERS:
        rows = [one for one in told if one.layer == layer]
        if not rows:
            continue
        found.append(
            LayerTotal(
                layer=layer,
                people=among(rows),
                home=among([one for one in rows if one.where == "home"]),
                abroad=among([one for one in rows if one.where == "abroad"]),
                not_known=among([one for one in rows if one.where == "not_known"]),
                single=among([one for one in rows if one.single]),
                redundant=among([one for one in rows if one.single is False]),
            )
        )
    return tuple(found)
