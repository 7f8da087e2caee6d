"""Links made ready for the kernels: lists of providers, customers and peers, and meeting places."""

from dataclasses import dataclass, replace

import numpy as np

from tidegate.kernels.adjacency import neighbours, top_down, without
from tidegate.model.refusals import NotAllowed
from tidegate.model.topology import Bytes, Flags, Ints, Relation, Rows


@dataclass(frozen=True, slots=True)
class Lists:
    """The neighbours of row i are to[start[i]:start[i + 1]]."""

    start: Ints
    to: Rows

    def of(self, row: int) -> Rows:
        return self.to[self.start[row] : self.start[row + 1]]


EDITED_SHARE = 0.02
"""Where no more than this share of links is lost, lists are edited; else they are made anew."""

NOBODY = Lists(np.zeros(1, np.int64), np.empty(0, np.int32))
"""No lists at all: no meeting places."""


@dataclass(frozen=True, slots=True)
class Graph:
    """What is left to route over: the chosen ones of the links, and the same as lists.

    Networks that are not alive have no link and are nobody's destination.
    `order` has every provider before its customers. `hubs` are meeting places whose members all peer.
    """

    first: Rows
    second: Rows
    relation: Bytes
    chosen: Flags
    providers: Lists
    customers: Lists
    peers: Lists
    hubs: Lists
    alive: Flags
    order: Rows

    def __len__(self) -> int:
        return len(self.alive)


def graph_of(
    first: Rows, second: Rows, relation: Bytes, chosen: Flags, alive: Flags, hubs: Lists = NOBODY
) -> Graph:
    """The chosen links as lists, without those of networks that are not alive.

    NotAllowed where somebody would be its own provider, however indirectly.
    """
    rows = len(alive)
    chosen = chosen & alive[first] & alive[second]
    transit = chosen & (relation == Relation.PROVIDER)
    peering = chosen & (relation == Relation.PEER)
    up = Lists(*neighbours(second, first, transit, rows))
    down = Lists(*neighbours(first, second, transit, rows))
    both = np.concatenate((first, second)), np.concatenate((second, first))
    peers = Lists(*neighbours(*both, np.concatenate((peering, peering)), rows))
    order = top_down(up.start, down.start, down.to)
    if len(order) != rows:
        raise NotAllowed("These links would make a network its own provider; peer there instead.")
    return Graph(first, second, relation, chosen, up, down, peers, hubs, alive, order)


def graph_after(before: Graph, chosen: Flags, alive: Flags, hubs: Lists = NOBODY) -> Graph:
    """As `graph_of` of the same links. Where few are lost and none is won, `before` is edited."""
    first, second, relation = before.first, before.second, before.relation
    chosen = chosen & alive[first] & alive[second]
    gone = np.flatnonzero(before.chosen & ~chosen)
    if (chosen & ~before.chosen).any() or len(gone) > EDITED_SHARE * len(first):
        return graph_of(first, second, relation, chosen, alive, hubs)
    transit, peering = (gone[relation[gone] == kind] for kind in (Relation.PROVIDER, Relation.PEER))
    one, other = first[peering], second[peering]
    # What was in order is so with fewer links, too.
    return replace(
        before,
        chosen=chosen,
        providers=_less(before.providers, second[transit], first[transit]),
        customers=_less(before.customers, first[transit], second[transit]),
        peers=_less(before.peers, np.concatenate((one, other)), np.concatenate((other, one))),
        hubs=hubs,
        alive=alive,
    )


def _less(lists: Lists, source: Rows, target: Rows) -> Lists:
    return Lists(*without(lists.start, lists.to, source, target)) if len(source) else lists
