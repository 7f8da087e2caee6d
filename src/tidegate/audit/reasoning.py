"""From events to the times from which everything fails, at least and at most, and to states.

A lens says how a graph is looked at: does what degrades count or only what is critical; does what was not
seen hold, or fall at once; and did clients ask before, so that caches hold for them, or do they come anew?
"""

from dataclasses import dataclass

import numpy as np

from tidegate.audit.graph import EFFECTS, Graph, Kind, Times
from tidegate.audit.hits import Hits
from tidegate.kernels.dependencies import NEVER, UNFOUNDED, fail_times
from tidegate.model.audit_events import MOMENTS, State
from tidegate.model.topology import Bytes, Ints, Rows

MOMENTS_S: Times = np.array([at_s for _, at_s in MOMENTS], np.int32)


@dataclass(frozen=True, slots=True)
class Lens:
    """How a graph is looked at."""

    degrading: bool
    unseen_falls: bool
    cached: bool


SURELY_FAILS = Lens(degrading=False, unseen_falls=False, cached=True)
MAY_FAIL = Lens(degrading=False, unseen_falls=True, cached=True)
FAILS_FOR_NEW = Lens(degrading=False, unseen_falls=False, cached=False)
SURELY_DEGRADED = Lens(degrading=True, unseen_falls=False, cached=False)
MAY_DEGRADE = Lens(degrading=True, unseen_falls=True, cached=False)
LOST_IN_THE_END = Lens(degrading=True, unseen_falls=False, cached=True)
MAY_BE_LOST = Lens(degrading=True, unseen_falls=True, cached=True)


@dataclass(frozen=True, slots=True)
class Columns:
    """What the kernels take of a graph that is looked at through a lens, from a moment on; all int32[groups]
    but `counts`, int8, and `own_s`, int32[things]: when each fails by itself if nothing happens.
    """

    counts: Bytes
    holds_s: Times
    until_s: Times
    own_s: Times


def columns(graph: Graph, lens: Lens, at_s: int) -> Columns:
    critical, degrading, _ = range(len(EFFECTS))
    counts = graph.effect <= (degrading if lens.degrading else critical)
    holds = graph.holds_s.astype(np.int64) + (graph.caches_s if lens.cached else 0)
    left = np.where(graph.until_s > 0, graph.until_s - at_s, 0)
    own = np.full(len(graph), NEVER, np.int32)
    own[graph.kind == Kind.BROKEN] = UNFOUNDED
    own[graph.kind == Kind.ENDING] = 0
    return Columns(
        counts=counts.astype(np.int8),
        holds_s=np.minimum(holds, NEVER - 1).astype(np.int32),
        until_s=np.clip(left, 0, NEVER - 1).astype(np.int32),
        own_s=own,
    )


Needs = tuple[Ints, Ints, Rows, Bytes, Times, Times]


def needs_of(graph: Graph, told: Columns) -> Needs:
    """As the kernels take them."""
    return graph.group_start, graph.member_start, graph.member, told.counts, told.holds_s, told.until_s


def times_in(graph: Graph, told: Columns, own_s: Times | None = None) -> Times:
    """int32[things]: seconds after the moment from which each fails; NEVER, or UNFOUNDED."""
    own = told.own_s if own_s is None else own_s
    found: Times = fail_times(needs_of(graph, told), graph.circles, own)
    return found


def times_after(graph: Graph, lens: Lens, hits: Hits, at_s: int) -> tuple[Columns, Times]:
    """Times after events; what is hit perhaps counts where the unseen falls."""
    told = columns(graph, lens, at_s)
    own = told.own_s
    np.minimum.at(own, hits.surely, hits.surely_at_s)
    if lens.unseen_falls:
        np.minimum.at(own, hits.perhaps, hits.perhaps_at_s)
    return told, times_in(graph, told)


@dataclass(frozen=True, slots=True)
class Fall:
    """When each thing is surely or perhaps degraded or failing, int32[things] each."""

    fails_s: Times
    may_fail_s: Times
    fails_for_new_s: Times
    degrades_s: Times
    may_degrade_s: Times

    def state(self, row: int, moment_s: int) -> State:
        """What holds at a moment; the worst that is sure, unless something worse could be."""
        if self.fails_s[row] <= moment_s:
            return State.FAILS
        if self.may_fail_s[row] <= moment_s:
            return State.NOT_KNOWN
        if self.degrades_s[row] <= moment_s:
            return State.DEGRADED
        if self.may_degrade_s[row] <= moment_s:
            return State.NOT_KNOWN
        return State.WORKS


def fall(graph: Graph, hits: Hits, at_s: int) -> Fall:
    """All five bounds."""
    lenses = (SURELY_FAILS, MAY_FAIL, FAILS_FOR_NEW, SURELY_DEGRADED, MAY_DEGRADE)
    return Fall(*(times_after(graph, lens, hits, at_s)[1] for lens in lenses))
