"""When things fail, in plain Python: rounds from "nothing works" upwards, until nothing moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NEVER = (1 << 31) - 1
UNFOUNDED = -1


@dataclass(frozen=True)
class Group:
    """Any one of `members` is enough; it holds that much longer, and not shorter than until."""

    members: tuple[int, ...]
    holds: int = 0
    until: int = 0


Things = Sequence[Sequence[Group]]


def reached_by_need(things: Things, start: int) -> set[int]:
    """All that a thing needs over at least one step, itself included only if it is in a circle."""
    found: set[int] = set()
    waiting = [start]
    while waiting:
        one = waiting.pop()
        for group in things[one]:
            for member in group.members:
                if member not in found:
                    found.add(member)
                    waiting.append(member)
    return found


def fail_times(things: Things, own: Mapping[int, int]) -> list[int]:
    """`own` is when things fail by themselves (NEVER for those that it does not name)."""
    needs = [reached_by_need(things, one) for one in range(len(things))]
    times = [UNFOUNDED] * len(things)
    while True:
        after = [
            min([own.get(one, NEVER), *(time_of(one, group, needs, times) for group in things[one])])
            for one in range(len(things))
        ]
        if after == times:
            return times
        times = after


def time_of(one: int, group: Group, needs: Sequence[set[int]], times: Sequence[int]) -> int:
    latest = UNFOUNDED
    for member in group.members:
        time = times[member]
        in_circle = member == one or (one in needs[member] and member in needs[one])
        if time >= 0 and not in_circle:
            time = min(NEVER, time + group.holds)
        latest = max(latest, time)
    return latest if latest < 0 else max(latest, group.until)


def works_without(things: Things, lost: set[int]) -> set[int]:
    """Without any time: what can be built up from nothing, each thing after one member of each group."""
    works: set[int] = set()
    while True:
        more = {
            one
            for one in range(len(things))
            if one not in lost and all(works.intersection(group.members) for group in things[one])
        }
        if more == works:
            return works
        works = more
