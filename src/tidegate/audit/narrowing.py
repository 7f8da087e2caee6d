"""The part of an audit that one thing hangs on: whatever becomes of the thing is decided in it alone."""

from dataclasses import replace

import numpy as np

from tidegate.audit.auditing import Audit, parents_of
from tidegate.audit.graph import Kind
from tidegate.audit.hits import Things
from tidegate.kernels.dependencies import circles
from tidegate.model.topology import Ints, Rows


def narrowed(audit: Audit, row: int) -> Audit:
    """Only `row` and all that it hangs on, in the same order, with all groups. Observations stay, but for the
    services that are not part of it.
    """
    graph = audit.graph
    rows: Rows = np.array(sorted((row, *audit.below(row))), np.int32)
    groups, group_start = _ranges(graph.group_start, rows)
    members, member_start = _ranges(graph.member_start, groups)
    place = np.full(len(graph), -1, np.int32)
    place[rows] = np.arange(len(rows), dtype=np.int32)
    member: Rows = place[graph.member[members]]
    circle, order, circle_start = circles(group_start, member_start, member)
    small = replace(
        graph,
        names=tuple(graph.names[one] for one in rows.tolist()),
        kind=graph.kind[rows],
        group_start=group_start,
        member_start=member_start,
        member=member,
        effect=graph.effect[groups],
        nature=graph.nature[groups],
        holds_s=graph.holds_s[groups],
        caches_s=graph.caches_s[groups],
        until_s=graph.until_s[groups],
        circle=circle,
        order=order,
        circle_start=circle_start,
    )
    things = Things(small)
    services = {
        name: told
        for name, told in audit.observed.services.items()
        if things.get(Kind.SERVICE, name) is not None
    }
    kept = replace(audit.observed, services=services)
    return Audit(kept, small, things, parents_of(small), audit.ownership)


def _ranges(start: Ints, chosen: Rows | Ints) -> tuple[Ints, Ints]:
    """What stands in the ranges of the chosen ones, one after the other, and where each begins now."""
    sizes = start[chosen + 1] - start[chosen]
    begins: Ints = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
    found: Ints = np.repeat(start[chosen] - begins[:-1], sizes) + np.arange(begins[-1])
    return found, begins
