"""What becomes of every service after events, moment by moment, and why."""

from collections.abc import Sequence

import msgspec

from tidegate.audit.auditing import Audit
from tidegate.audit.causes import Step, chain
from tidegate.audit.graph import Kind, Times
from tidegate.audit.hits import Hits, hits_of
from tidegate.audit.reasoning import (
    MAY_DEGRADE,
    MAY_FAIL,
    MOMENTS_S,
    SURELY_DEGRADED,
    SURELY_FAILS,
    Fall,
    Lens,
    fall,
    times_after,
)
from tidegate.kernels.dependencies import NEVER
from tidegate.model.audit_events import MOMENTS, State, WhatIf
from tidegate.model.audits import ServiceListed

CHAINS_MAX = 500
"""Services of one answer whose chain of causes is told, those with most people; `explain` tells any."""


class Fate(msgspec.Struct, frozen=True):
    """One service after the events; seconds after they begin, None for never, -1 where it never worked.

    It surely fails from `fails_s` on for everybody, from `fails_for_new_s` for clients that come anew, and
    it may from `may_fail_s`; it is at least degraded from `degrades_s` on and may be from `may_degrade_s`.
    `states` are at MOMENTS. `chain` leads from the service to what was stopped.
    """

    service: str
    sector: str
    people: int
    states: tuple[State, ...]
    fails_s: int | None
    fails_for_new_s: int | None
    may_fail_s: int | None
    degrades_s: int | None
    may_degrade_s: int | None
    chain: tuple[Step, ...] = ()

    @property
    def worst(self) -> State:
        return self.states[-1]


class Total(msgspec.Struct, frozen=True):
    """At one moment, services and people by state."""

    moment: str
    at_s: int
    services: dict[State, int]
    people: dict[State, int]


class Answer(msgspec.Struct, frozen=True):
    """All that is told of one what-if; services that are hit worst first."""

    what_if: WhatIf
    at_s: int
    totals: tuple[Total, ...]
    services: tuple[Fate, ...]


def answer(audit: Audit, what_if: WhatIf, country: str | None = None) -> Answer:
    """Of the services of one country, or of all. NotAllowed for a name that the audit does not have."""
    at_s = what_if.at_s or audit.at_s
    hits = hits_of(audit.things, what_if.event)
    fallen = fall(audit.graph, hits, at_s)
    fates = [_fate(fallen, row, told) for row, told in audit.services() if country in (None, told.country)]
    fates.sort(key=lambda one: (*_severity(one), -one.people, one.service))
    fates[:CHAINS_MAX] = _with_chains(audit, hits, at_s, fates[:CHAINS_MAX])
    return Answer(what_if, at_s, tuple(_total(fates, at) for at in range(len(MOMENTS))), tuple(fates))


def _severity(fate: Fate) -> tuple[int, int]:
    times = (fate.fails_s, fate.degrades_s, fate.may_fail_s, fate.may_degrade_s)
    worst = next((at for at, time in enumerate(times) if time is not None), len(times))
    return worst, (times[worst] or 0) if worst < len(times) else 0


def _fate(fallen: Fall, row: int, told: ServiceListed) -> Fate:
    def when(times: Times) -> int | None:
        return None if times[row] == NEVER else int(times[row])

    return Fate(
        service=told.name,
        sector=told.sector,
        people=told.people,
        states=tuple(fallen.state(row, at_s) for at_s in MOMENTS_S.tolist()),
        fails_s=when(fallen.fails_s),
        fails_for_new_s=when(fallen.fails_for_new_s),
        may_fail_s=when(fallen.may_fail_s),
        degrades_s=when(fallen.degrades_s),
        may_degrade_s=when(fallen.may_degrade_s),
    )


def _total(fates: Sequence[Fate], at: int) -> Total:
    moment, at_s = MOMENTS[at]
    services, people = dict.fromkeys(State, 0), dict.fromkeys(State, 0)
    for fate in fates:
        services[fate.states[at]] += 1
        people[fate.states[at]] += fate.people
    return Total(moment, at_s, services, people)


def _lens_of(fate: Fate) -> Lens | None:
    """Through which the worst that becomes of it is seen."""
    if fate.fails_s is not None:
        return SURELY_FAILS
    if fate.may_fail_s is not None:
        return MAY_FAIL
    if fate.degrades_s is not None:
        return SURELY_DEGRADED
    return None if fate.may_degrade_s is None else MAY_DEGRADE


def _with_chains(audit: Audit, hits: Hits, at_s: int, fates: Sequence[Fate]) -> list[Fate]:
    seen = {lens: times_after(audit.graph, lens, hits, at_s) for lens in {*map(_lens_of, fates)} if lens}
    found = []
    for fate in fates:
        lens, row = _lens_of(fate), audit.things.row(Kind.SERVICE, fate.service)
        steps = chain(audit.graph, *seen[lens], row) if lens else ()
        found.append(msgspec.structs.replace(fate, chain=steps))
    return found
