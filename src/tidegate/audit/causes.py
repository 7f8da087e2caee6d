"""Why a thing falls: the chain of causes from it down to what an event stopped, with the time of each step.

At each step: of the groups that a thing needs the one that fails first, and of its members the last to fail.
"""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush

import msgspec
import numpy as np

from tidegate.audit.graph import Graph, Nature, Times
from tidegate.audit.reasoning import Columns
from tidegate.kernels.dependencies import NEVER, UNFOUNDED

STEPS_MAX = 64
"""Steps of one chain that are told; a longer one ends there."""


class Step(msgspec.Struct, frozen=True):
    """One thing of a chain, from when it fails, and how it needs the next one. `fails_s` -1: it never worked.

    `holds_s` is how much longer it goes on than what it needs; `until_s` a date until which it does, or 0.
    `others` are members of the same group that failed before or with the next one.
    """

    thing: str
    fails_s: int
    nature: str = ""
    holds_s: int = 0
    until_s: int = 0
    others: int = 0


def chain(graph: Graph, told: Columns, times: Times, row: int) -> tuple[Step, ...]:
    """From `row` down; empty where it does not fail."""
    if times[row] == NEVER:
        return ()
    return tuple(_steps(graph, told, times, row))


def _steps(graph: Graph, told: Columns, times: Times, row: int) -> Iterator[Step]:
    passed: set[int] = set()
    while row not in passed and len(passed) < STEPS_MAX:
        passed.add(row)
        fails_s = int(times[row])
        group = None if told.own_s[row] == fails_s else failing_group(graph, told, times, row)
        if group is None:
            yield Step(graph.title(row), fails_s)
            return
        members = graph.members(group)
        last = members[np.argmax(times[members])] if len(members) else None
        nature = Nature(int(graph.nature[group])).name.lower()
        date = int(graph.until_s[group]) if times[row] == told.until_s[group] else 0
        held = 0 if last is None else max(0, fails_s - max(0, int(times[last])))
        yield Step(graph.title(row), fails_s, nature, held, date, max(0, len(members) - 1))
        if last is None:
            return
        row = int(last)
    if row in passed:
        yield Step(f"circle: {graph.title(row)}", int(times[row]))


def failing_group(graph: Graph, told: Columns, times: Times, row: int) -> int | None:
    """The first of its groups whose failing makes it fail; None where it fails by itself."""
    for group in graph.groups(row):
        if told.counts[group] and time_of_group(graph, told, times, row, group) == times[row]:
            return group
    return None


def time_of_group(graph: Graph, told: Columns, times: Times, row: int, group: int) -> int:
    """As in tidegate.kernels.dependencies."""
    latest = UNFOUNDED
    for member in graph.members(group).tolist():
        time = int(times[member])
        if time >= 0 and graph.circle[member] != graph.circle[row]:
            time += int(told.holds_s[group])
        latest = max(latest, time)
    return min(NEVER, latest if latest < 0 else max(latest, int(told.until_s[group])))


def shortest_proof(graph: Graph, told: Columns, times: Times, row: int) -> tuple[str, ...]:
    """The things of the smallest proof that `row` fails in the end, causes first; empty where there is none
    (it does not fail, or for want of a foundation). Each step needs a whole group of what failed before; a
    thing counts as often as it is used. The cheapest derivation, found as Knuth does.
    """
    below = failing_below(graph, told, times, row)
    waiting = {(one, group): len(graph.members(group)) for one, groups in below.items() for group in groups}
    sums = dict.fromkeys(waiting, 1)
    used_by: dict[int, list[tuple[int, int]]] = {}
    for one, group in waiting:
        for member in graph.members(group).tolist():
            used_by.setdefault(member, []).append((one, group))
    heap = [(1, one, -1) for one in below if told.own_s[one] != NEVER]
    heap += [(1, one, group) for (one, group), missing in waiting.items() if not missing]
    heapify(heap)
    proof: dict[int, int] = {}
    while heap and row not in proof:
        cost, one, by = heappop(heap)
        if one in proof:
            continue
        proof[one] = by
        for use in used_by.get(one, ()):
            waiting[use] -= 1
            sums[use] += cost
            if not waiting[use]:
                heappush(heap, (sums[use], *use))
    return tuple(graph.title(one) for one in _in_order(graph, proof, row)) if row in proof else ()


def failing_below(graph: Graph, told: Columns, times: Times, row: int) -> dict[int, list[int]]:
    """The failing things that `row` hangs on, each with the groups of which all members fail."""
    found: dict[int, list[int]] = {}
    waiting = [row] if times[row] != NEVER else []
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        found[one] = [
            group
            for group in graph.groups(one)
            if told.counts[group] and bool((times[graph.members(group)] != NEVER).all())
        ]
        for group in found[one]:
            waiting += graph.members(group).tolist()
    return found


def _in_order(graph: Graph, proof: dict[int, int], row: int) -> list[int]:
    """What the proof of `row` uses, each thing once and behind its own causes."""
    found: dict[int, None] = {}
    waiting = [(row, False)]
    while waiting:
        one, done = waiting.pop()
        if done:
            found[one] = None
        elif one not in found:
            waiting.append((one, True))
            if proof[one] >= 0:
                waiting += [(member, False) for member in graph.members(proof[one]).tolist()]
    return list(found)
