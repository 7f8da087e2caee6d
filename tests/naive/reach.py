"""Valley-free reach in plain Python: a walk over (network, has it begun to descend?)."""

from collections.abc import Iterable, Sequence

Link = tuple[int, int, int]
"""(first, second, relation): -1 where the first is the provider of the second, 0 where they are peers."""


def reached_from(origin: int, links: Iterable[Link], hubs: Iterable[Sequence[int]] = ()) -> set[int]:
    """All networks that a valley-free path leads to from the origin, itself included."""
    up: dict[int, set[int]] = {}
    down: dict[int, set[int]] = {}
    peers: dict[int, set[int]] = {}
    for first, second, relation in links:
        if relation == -1:
            down.setdefault(first, set()).add(second)
            up.setdefault(second, set()).add(first)
        else:
            peers.setdefault(first, set()).add(second)
            peers.setdefault(second, set()).add(first)
    for hub in hubs:
        for member in hub:
            peers.setdefault(member, set()).update(hub)
    seen = {(origin, False)}
    waiting = [(origin, False)]
    while waiting:
        network, descending = waiting.pop()
        steps = [(lower, True) for lower in down.get(network, ())]
        if not descending:
            steps += [(higher, False) for higher in up.get(network, ())]
            steps += [(peer, True) for peer in peers.get(network, ())]
        for step in steps:
            if step not in seen:
                seen.add(step)
                waiting.append(step)
    return {network for network, _ in seen}


def connected_with(origin: int, links: Iterable[Link]) -> set[int]:
    """All networks that any path leads to, whatever the relationships."""
    near: dict[int, set[int]] = {}
    for first, second, _ in links:
        near.setdefault(first, set()).add(second)
        near.setdefault(second, set()).add(first)
    seen, waiting = {origin}, [origin]
    while waiting:
        for other in near.get(waiting.pop(), ()):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen


def passed_by_all(row: int, providers: dict[int, set[int]]) -> int | None:
    """The nearest row above that every way up from the row passes."""

    def ways(at: int) -> list[list[int]]:
        return [[at, *way] for above in providers.get(at, ()) for way in ways(above)] or [[at]]

    up = [way[1:] for way in ways(row)]
    shared = set(up[0]).intersection(*up[1:])
    return next((above for above in up[0] if above in shared), None)
