"""Blast radius: what the loss of each provider, authority and country does by itself, to whom, and when."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from tidegate.audit.auditing import Audit
from tidegate.audit.graph import Graph, Kind, Times
from tidegate.audit.hits import FALLS_WITH
from tidegate.audit.reasoning import (
    LOST_IN_THE_END,
    MAY_BE_LOST,
    MAY_FAIL,
    MOMENTS_S,
    SURELY_FAILS,
    Lens,
    columns,
    needs_of,
    times_in,
)
from tidegate.kernels.dependencies import NEVER, losses_apart
from tidegate.model.audit_events import (
    Event,
    ExpireName,
    LoseCountry,
    Stop,
    StopAuthority,
    WithdrawCountry,
    WithdrawProvider,
)
from tidegate.model.topology import Ints, Rows

FAMILIES: Sequence[tuple[Kind, type]] = (
    (Kind.PROVIDER, WithdrawProvider),
    (Kind.AUTHORITY, StopAuthority),
    (Kind.LAW, WithdrawCountry),
    (Kind.PLACE, LoseCountry),
)
"""What is lost, one at a time, and by which event."""


def event_of(graph: Graph, row: int, home: str) -> Event | None:
    """By what a thing is lost alone; None for what is no single loss."""
    kind, name = Kind(int(graph.kind[row])), graph.names[row]
    match kind:
        case Kind.PROVIDER:
            return WithdrawProvider(provider=name)
        case Kind.AUTHORITY:
            return StopAuthority(authority=name)
        case Kind.LAW if name != home:
            return WithdrawCountry(country=name)
        case Kind.PLACE if name != home:
            return LoseCountry(country=name)
        case Kind.DELEGATION:
            return ExpireName(zone=name)
        case Kind.ADDRESS | Kind.THING:
            return Stop(thing=name)
        case _:
            return None


class Blast(msgspec.Struct, frozen=True):
    """One loss. `services` and `people` surely fail at MOMENTS; `people_degraded` are hit in any way in the
    end, and `people_perhaps` may fail in the end, those included whose service surely does.

    `kind` is provider, authority, law (a country withdraws) or place (a country cannot be reached).
    """

    kind: str
    name: str
    country: str
    services: tuple[int, ...]
    people: tuple[int, ...]
    people_degraded: int
    people_perhaps: int


@dataclass(frozen=True, slots=True)
class Apart:
    """Losses of `rows`, each alone, through one lens; as tidegate.kernels.dependencies.losses_apart tells."""

    rows: Rows
    lost: Ints
    services: Ints
    stops: Rows
    stopper: Rows
    usual_s: Times


def losses(audit: Audit, rows: Rows, lens: Lens, event: type, moments_s: Times = MOMENTS_S) -> Apart:
    """Each row alone. Through a lens in which the unseen falls, it has fallen before, as by such an event."""
    graph = audit.graph
    told = columns(graph, lens, audit.at_s)
    if lens.unseen_falls:
        told.own_s[np.isin(graph.kind, FALLS_WITH[event])] = 0
    times = times_in(graph, told)
    start = np.arange(len(rows) + 1, dtype=np.int64)
    lost, services, stops, stopper = losses_apart(
        start, rows, moments_s, audit.weights(), needs_of(graph, told), graph.circles, audit.parents,
        told.own_s, times,
    )  # fmt: skip
    return Apart(rows, lost, services, stops, stopper, times)


def candidates(audit: Audit, kind: Kind, home: str) -> Rows:
    """All of a kind; of countries all but the home country."""
    rows = audit.graph.rows(kind)
    if kind not in (Kind.LAW, Kind.PLACE):
        return rows
    return np.array([row for row in rows.tolist() if audit.graph.names[row] != home], np.int32)


def blasts(audit: Audit, home: str) -> tuple[Blast, ...]:
    """Every provider, authority and foreign country, the one that most people lose by first."""
    weight = audit.weights()
    found: list[Blast] = []
    for kind, event in FAMILIES:
        rows = candidates(audit, kind, home)
        surely, perhaps, touched = (
            losses(audit, rows, lens, event) for lens in (SURELY_FAILS, MAY_FAIL, LOST_IN_THE_END)
        )
        usually = int(weight[(perhaps.usual_s != NEVER) & (surely.usual_s == NEVER)].sum())
        for at, row in enumerate(rows.tolist()):
            found.append(
                Blast(
                    kind=kind.name.lower(),
                    name=audit.graph.names[row],
                    country=country_of(audit, kind, audit.graph.names[row]),
                    services=tuple(surely.services[at].tolist()),
                    people=tuple(surely.lost[at].tolist()),
                    people_degraded=int(touched.lost[at, -1]),
                    people_perhaps=usually + int(perhaps.lost[at, -1]),
                )
            )
    found.sort(key=_rank)
    return tuple(found)


def _rank(one: Blast) -> tuple[list[int], int, str, str]:
    return [-people for people in reversed(one.people)], -one.people_degraded, one.kind, one.name


def country_of(audit: Audit, kind: Kind, name: str) -> str:
    """Under whose law it is; "" where nobody knows."""
    ownership = audit.ownership
    match kind:
        case Kind.PROVIDER:
            return ownership.law_of(name)
        case Kind.AUTHORITY:
            provider = ownership.of_authority(name)
            return ownership.law_of(provider) if provider else ownership.country_of_issuer(name)
        case _:
            return name


def stoppers(audit: Audit, home: str) -> tuple[dict[int, str], set[int]]:
    """For each thing that the loss of one owner or authority alone stops, which; and those of which it is not
    known whether one does.
    """
    surely: dict[int, str] = {}
    perhaps: set[int] = set()
    in_the_end: Times = np.array([NEVER - 1], np.int32)
    for kind, event in FAMILIES[:2]:
        rows = candidates(audit, kind, home)
        apart = losses(audit, rows, LOST_IN_THE_END, event, in_the_end)
        for row in np.flatnonzero(apart.stopper >= 0).tolist():
            surely.setdefault(row, audit.graph.title(int(rows[apart.stopper[row]])))
        may = losses(audit, rows, MAY_BE_LOST, event, in_the_end)
        perhaps |= set(np.flatnonzero((may.stopper >= 0) | (may.usual_s != NEVER)).tolist())
    return surely, perhaps - surely.keys()
