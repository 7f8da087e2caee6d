"""What the standing board counts: answers to drills, of machines and of people apart, and reachability."""

from msgspec.structs import replace

from tidegate.hotline.state import (
    DRILLS_MAX,
    PATHS_MAX,
    REACH_DAYS_MAX,
    DrillTally,
    HotlineState,
    PathLife,
)
from tidegate.model.hotline_facts import DrillBegun, PathChanged
from tidegate.model.mappings import with_entry
from tidegate.model.organisations import Digest, OrganisationId

DAY_S = 86_400


def drill_begun(state: HotlineState, fact: DrillBegun, now_s: int) -> HotlineState:
    drills = state.drills
    for peer in fact.recipients:
        tally = DrillTally(fact.message, now_s, fact.human)
        drills = with_entry(drills, peer, (*drills.get(peer, ()), tally)[-DRILLS_MAX:])
    return replace(state, drills=drills)


def machine_answered(state: HotlineState, message: Digest, peer: OrganisationId) -> HotlineState:
    return _with_answer(state, message, peer, machine_answered=True)


def person_answered(state: HotlineState, message: Digest, peer: OrganisationId) -> HotlineState:
    return _with_answer(state, message, peer, person_answered=True)


def _with_answer(state: HotlineState, message: Digest, peer: OrganisationId, **answers: bool) -> HotlineState:
    tallies = state.drills.get(peer, ())
    if not any(tally.message == message for tally in tallies):
        return state
    counted = tuple(replace(tally, **answers) if tally.message == message else tally for tally in tallies)
    return replace(state, drills=with_entry(state.drills, peer, counted))


def path_changed(state: HotlineState, fact: PathChanged, now_s: int) -> HotlineState:
    """A path that fell silent was alive until `since_s`; that time goes to the days that it lies in."""
    key = path_key(fact.organisation, fact.path)
    known = state.paths.get(key)
    if known is None and len(state.paths) >= PATHS_MAX:
        return state
    alive_s = known.alive_s if known else ()
    if known is not None and known.alive and not fact.alive:
        alive_s = spread(alive_s, known.since_s, min(fact.since_s, now_s))
    life = PathLife(fact.organisation, fact.path, fact.alive, fact.since_s, alive_s)
    return replace(state, paths=with_entry(state.paths, key, life))


def path_key(organisation: OrganisationId, path: str) -> str:
    return f"{organisation}/{path}"


def spread(days: tuple[tuple[int, int], ...], begin_s: int, end_s: int) -> tuple[tuple[int, int], ...]:
    """The seconds from begin to end added to their days, the newest REACH_DAYS_MAX kept."""
    seconds = dict(days)
    first = max(begin_s, end_s - REACH_DAYS_MAX * DAY_S)
    while first < end_s:
        day = first // DAY_S
        last = min(end_s, (day + 1) * DAY_S)
        seconds[day] = min(DAY_S, seconds.get(day, 0) + last - first)
        first = last
    return tuple(sorted(seconds.items()))[-REACH_DAYS_MAX:]


def reached_permille(life: PathLife, watched_s: int, now_s: int) -> int | None:
    """The share of the last `watched_s` seconds, at most 30 days, in which the path was alive."""
    span_s = min(watched_s, 30 * DAY_S)
    if span_s <= 0:
        return None
    days = spread(life.alive_s, life.since_s, now_s) if life.alive else life.alive_s
    alive = sum(seconds for day, seconds in days if (day + 1) * DAY_S > now_s - span_s)
    return min(1000, alive * 1000 // span_s)
