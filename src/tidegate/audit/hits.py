"""Which things of a graph an event stops by itself; everything else follows from their needs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from tidegate.audit.graph import UNSEEN, Graph, Kind, Times
from tidegate.kernels.dependencies import NEVER
from tidegate.model.audit_events import (
    CutOff,
    Event,
    ExpireName,
    LoseCountry,
    LoseNetworks,
    Stop,
    StopAuthority,
    WithdrawCountry,
    WithdrawProvider,
)
from tidegate.model.refusals import NotAllowed
from tidegate.model.topology import Rows

STOPPABLE = (Kind.HOST, Kind.ADDRESS, Kind.THING)
"""Kinds of what an event may stop by name, beside name servers."""

FALLS_WITH: Mapping[type, Sequence[Kind]] = {
    WithdrawProvider: (Kind.UNKNOWN, Kind.UNKNOWN_HOLDER),
    WithdrawCountry: (Kind.UNKNOWN, Kind.UNKNOWN_HOLDER, Kind.UNKNOWN_LAW),
    LoseCountry: (Kind.UNKNOWN, Kind.UNKNOWN_PLACE),
    CutOff: (Kind.UNKNOWN, Kind.UNKNOWN_PLACE),
    LoseNetworks: (Kind.UNKNOWN, Kind.UNKNOWN_PLACE),
    StopAuthority: (Kind.UNKNOWN,),
    ExpireName: (Kind.UNKNOWN,),
    Stop: (Kind.UNKNOWN,),
}
"""What was not seen and may fall by an event. Where nothing happens, nothing unseen falls."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Rows that stop, when; and rows of which that is not sure, among them what was not seen."""

    surely: Rows
    surely_at_s: Times
    perhaps: Rows
    perhaps_at_s: Times


class Things:
    """The things of a graph by kind and name."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        kinds = graph.kind.tolist()
        self._row = {
            (kind, name): row for row, (kind, name) in enumerate(zip(kinds, graph.names, strict=True))
        }
        self._servers: dict[str, list[int]] = {}
        for row in graph.rows(Kind.SERVER).tolist():
            self._servers.setdefault(graph.names[row].partition(" for ")[0], []).append(row)

    def get(self, kind: Kind, name: str) -> int | None:
        return self._row.get((kind, name))

    def row(self, kind: Kind, name: str) -> int:
        """NotAllowed for one that no service here stands on, with the nearest names."""
        row = self._row.get((kind, name))
        if row is None:
            raise self._nobody([kind], name)
        return row

    def stopped_by(self, name: str) -> list[int]:
        """A host or name server of this name, an address or a declared thing."""
        found = [row for kind in STOPPABLE if (row := self._row.get((kind, name))) is not None]
        found += self._servers.get(name, ())
        if not found:
            raise self._nobody(STOPPABLE, name)
        return found

    def _nobody(self, kinds: Iterable[Kind], name: str) -> NotAllowed:
        known = [other for kind, other in self._row if kind in set(kinds)]
        near = get_close_matches(name, known, 3, 0.4) or sorted(known)[:3]
        told = f"the nearest known: {', '.join(near)}" if near else "none is known"
        return NotAllowed(f"No service of this audit stands on a {next(iter(kinds)).word} {name!r}; {told}.")


def hits_of(things: Things, events: Sequence[Event]) -> Hits:
    """NotAllowed for a name that the audit does not have."""
    surely: list[tuple[int, int]] = []
    perhaps: list[tuple[int, int]] = []
    for event in events:
        surely += [(row, event.after_s) for row in _rows(things, event)]
        for kind in FALLS_WITH[type(event)]:
            perhaps += [(row, event.after_s) for row in things.graph.rows(kind).tolist()]
        if isinstance(event, LoseNetworks):
            perhaps += [(row, event.after_s) for row in _networks(things, event.perhaps)]
    return Hits(*_columns(surely), *_columns(perhaps))


def all_abroad(things: Things, home: str) -> Hits:
    """Everything abroad is lost at once, places and providers under other laws; perhaps the unseen, too."""
    graph = things.graph
    abroad = [
        (row, 0)
        for kind in (Kind.PLACE, Kind.LAW)
        for row in graph.rows(kind).tolist()
        if graph.names[row] != home
    ]
    unseen = [(row, 0) for kind in UNSEEN for row in graph.rows(kind).tolist()]
    return Hits(*_columns(abroad), *_columns(unseen))


def _rows(things: Things, event: Event) -> list[int]:
    match event:
        case WithdrawProvider(provider=name):
            return [things.row(Kind.PROVIDER, name)]
        case WithdrawCountry(country=country):
            return [things.row(Kind.LAW, country)]
        case LoseCountry(country=country):
            return [things.row(Kind.PLACE, country)]
        case CutOff(country=country):
            graph = things.graph
            return [row for row in graph.rows(Kind.PLACE).tolist() if graph.names[row] != country]
        case LoseNetworks(networks=networks):
            return list(_networks(things, networks))
        case StopAuthority(authority=name):
            return [things.row(Kind.AUTHORITY, name)]
        case ExpireName(zone=zone):
            return [things.row(Kind.DELEGATION, zone)]
        case Stop(thing=name):
            return things.stopped_by(name)


def _networks(things: Things, networks: Iterable[int]) -> Iterator[int]:
    """Those that services stand on; a rehearsal tells of many others."""
    for network in networks:
        row = things.get(Kind.NETWORK, str(network))
        if row is not None:
            yield row


def _columns(found: Sequence[tuple[int, int]]) -> tuple[Rows, Times]:
    table = np.array(found, np.int64).reshape(-1, 2)
    return table[:, 0].astype(np.int32), np.clip(table[:, 1], 0, NEVER - 1).astype(np.int32)
