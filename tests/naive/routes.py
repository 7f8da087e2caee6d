"""Best routes by plain message passing: every network announces its best until nothing changes."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.naive.reach import Link

OWN, CUSTOMER, PEER, PROVIDER = 1, 2, 3, 4


@dataclass(frozen=True, order=True)
class Route:
    """In order of preference."""

    kind: int
    length: int
    next_hop: int


def best_routes(origin: int, networks: Sequence[int], links: Sequence[Link]) -> dict[int, tuple[Route, int]]:
    """For each network with a route: its best, and how many neighbours offer one of that class and length."""
    offers_of: dict[int, list[tuple[int, int, bool]]] = {network: [] for network in networks}
    for first, second, relation in links:
        # (who offers, class of what it offers, does it offer everything or only what its customers told)
        if relation == -1:
            offers_of[first].append((second, CUSTOMER, False))
            offers_of[second].append((first, PROVIDER, True))
        else:
            offers_of[first].append((second, PEER, False))
            offers_of[second].append((first, PEER, False))
    best = {origin: (Route(OWN, 0, origin), 1)}
    while True:
        told = {origin: best[origin]}
        for network in networks:
            if network == origin:
                continue
            routes = [
                Route(kind, best[other][0].length + 1, other)
                for other, kind, everything in offers_of[network]
                if other in best and (everything or best[other][0].kind <= CUSTOMER)
            ]
            if routes:
                chosen = min(routes)
                equal = sum((r.kind, r.length) == (chosen.kind, chosen.length) for r in routes)
                told[network] = chosen, equal
        if told == best:
            return best
        best = told
