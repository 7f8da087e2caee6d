"""Things that need other things: their order, the time from which each fails, and what a change moves.

A thing has groups, all of which it needs; a group has members, any one of which is enough. Groups of thing i
are group_start[i] to group_start[i + 1], members of group g are member[member_start[g]:member_start[g + 1]].

A group fails when its last member has, `holds_s` later, and not before `until_s`; only groups that `counts`
has 1 for are asked. A thing fails when its first group does, or at its own time. Members in the same circle
(each needs the other, over any number of steps) are not held: caches do not keep a circle up. The times are
the least fixed point, so that a circle that hangs on itself alone never worked.
"""

import numpy as np

from tidegate.kernels.jit import bare_kernel, kernel

NEVER = (1 << 31) - 1
"""The time from which something fails that does not fail."""

UNFOUNDED = -1
"""The time from which something fails that never worked."""


@kernel
def circles(group_start, member_start, member):  # type: ignore[no-untyped-def]
    """Tarjan's strongly connected components, members before those that need them.

    -> circle of each thing int32[n]; things in order of their circles int32[n]; start of each circle int64.
    """
    n = len(group_start) - 1
    index = np.zeros(n, np.int32)
    low = np.zeros(n, np.int32)
    on_stack = np.zeros(n, np.bool_)
    stack = np.empty(n, np.int32)
    path = np.empty(n, np.int32)
    at_edge = np.empty(n, np.int64)
    circle = np.full(n, -1, np.int32)
    order = np.empty(n, np.int32)
    start = np.empty(n + 1, np.int64)
    start[0] = 0
    seen, height, done, found = 0, 0, 0, 0
    for root in range(n):
        if index[root]:
            continue
        depth = -1
        entering = root
        while entering >= 0 or depth >= 0:
            if entering >= 0:
                seen += 1
                index[entering] = low[entering] = seen
                at_edge[entering] = member_start[group_start[entering]]
                stack[height] = entering
                height += 1
                on_stack[entering] = True
                depth += 1
                path[depth] = entering
                entering = -1
            one = path[depth]
            if at_edge[one] < member_start[group_start[one + 1]]:
                other = member[at_edge[one]]
                at_edge[one] += 1
                if not index[other]:
                    entering = other
                elif on_stack[other]:
                    low[one] = min(low[one], index[other])
                continue
            depth -= 1
            if depth >= 0:
                low[path[depth]] = min(low[path[depth]], low[one])
            if low[one] != index[one]:
                continue
            other = -1
            while other != one:
                height -= 1
                other = stack[height]
                on_stack[other] = False
                circle[other] = found
                order[done] = other
                done += 1
            found += 1
            start[found] = done
    return circle, order, start[: found + 1].copy()


@bare_kernel
def _time_of(one, needs, circle, own_s, times):  # type: ignore[no-untyped-def]
    """When a thing fails, by its groups and the times that its members have now."""
    group_start, member_start, member, counts, holds_s, until_s = needs
    earliest = own_s[one]
    for group in range(group_start[one], group_start[one + 1]):
        if not counts[group]:
            continue
        latest = np.int64(UNFOUNDED)
        for edge in range(member_start[group], member_start[group + 1]):
            other = member[edge]
            time = np.int64(times[other])
            if time >= 0 and circle[other] != circle[one]:
                time += holds_s[group]
            latest = max(latest, time)
        if latest >= 0:
            latest = max(latest, np.int64(until_s[group]))
        if latest < earliest:
            earliest = np.int32(latest)
    return earliest


@bare_kernel
def _settle(at, needs, circles_of, own_s, times):  # type: ignore[no-untyped-def]
    """The least fixed point inside one circle, from below; at most as many rounds as it has things."""
    circle, order, circle_start = circles_of
    first, last = circle_start[at], circle_start[at + 1]
    for place in range(first, last):
        times[order[place]] = UNFOUNDED
    changed = True
    while changed:
        changed = False
        for place in range(first, last):
            one = order[place]
            time = _time_of(one, needs, circle, own_s, times)
            if time != times[one]:
                times[one] = time
                changed = last - first > 1


@kernel
def fail_times(needs, circles_of, own_s):  # type: ignore[no-untyped-def]
    """`needs` is group_start, member_start, member, counts, holds_s, until_s; `circles_of` is what `circles`
    found; own_s int32[n] is when each thing fails by itself. -> when it does, int32[n], NEVER or UNFOUNDED.
    """
    times = np.full(len(own_s), UNFOUNDED, np.int32)
    for at in range(len(circles_of[2]) - 1):
        _settle(at, needs, circles_of, own_s, times)
    return times


@bare_kernel
def _mark(at, dirty):  # type: ignore[no-untyped-def]
    dirty[at >> 6] |= np.uint64(1) << np.uint64(at & 63)


@bare_kernel
def _next(word, dirty):  # type: ignore[no-untyped-def]
    """The first marked circle from this word on, its mark taken away; -1 where there is none."""
    while word < len(dirty) and not dirty[word]:
        word += 1
    if word == len(dirty):
        return -1
    bit = 0
    while not (dirty[word] >> np.uint64(bit)) & np.uint64(1):
        bit += 1
    dirty[word] &= ~(np.uint64(1) << np.uint64(bit))
    return (word << 6) | bit


@bare_kernel
def _spread(rows, at_s, needs, circles_of, parents, own_s, times, dirty, changed, before):  # type: ignore[no-untyped-def]
    """Gives `rows` the own times `at_s` and settles what that moves. -> how many things moved; `changed` has
    them and `before` their times until now. `dirty` are bits of circles, all 0 before and after.
    """
    circle, order, circle_start = circles_of
    parent_start, parent = parents
    word = len(dirty)
    for i in range(len(rows)):
        own_s[rows[i]] = at_s
        _mark(circle[rows[i]], dirty)
        word = min(word, circle[rows[i]] >> 6)
    moved = 0
    at = _next(word, dirty)
    while at >= 0:
        start = moved
        for place in range(circle_start[at], circle_start[at + 1]):
            changed[moved] = order[place]
            before[moved] = times[order[place]]
            moved += 1
        _settle(at, needs, circles_of, own_s, times)
        end, moved = moved, start
        for i in range(start, end):
            one = changed[i]
            if times[one] == before[i]:
                continue
            changed[moved], before[moved] = one, before[i]
            moved += 1
            for edge in range(parent_start[one], parent_start[one + 1]):
                if circle[parent[edge]] != at:
                    _mark(circle[parent[edge]], dirty)
        at = _next(at >> 6, dirty)
    return moved


@kernel
def losses_apart(loss_start, loss_row, moments_s, weight, needs, circles_of, parents, own_s, times):  # type: ignore[no-untyped-def]
    """Many losses, each alone: in loss i, rows loss_row[loss_start[i]:loss_start[i + 1]] fail at 0.

    weight int64[n] counts for a thing that works at a moment without the loss, and does not with it.
    -> weight lost int64[losses, moments], things with a weight lost (the same); how many losses stop each
    thing by the last moment int32[n], and the first one that does int32[n], -1 where none does.
    """
    n, losses, moments = len(own_s), len(loss_start) - 1, len(moments_s)
    lost = np.zeros((losses, moments), np.int64)
    things = np.zeros((losses, moments), np.int64)
    stops = np.zeros(n, np.int32)
    stopper = np.full(n, -1, np.int32)
    dirty = np.zeros((len(circles_of[2]) >> 6) + 1, np.uint64)
    changed, before = np.empty(n, np.int32), np.empty(n, np.int32)
    for i in range(losses):
        rows = loss_row[loss_start[i] : loss_start[i + 1]]
        held = own_s[rows]
        moved = _spread(rows, 0, needs, circles_of, parents, own_s, times, dirty, changed, before)
        for j in range(moved):
            one = changed[j]
            if times[one] <= moments_s[moments - 1] < before[j]:
                stops[one] += 1
                if stopper[one] < 0:
                    stopper[one] = i
            for moment in range(moments if weight[one] else 0):
                if times[one] <= moments_s[moment] < before[j]:
                    lost[i, moment] += weight[one]
                    things[i, moment] += 1
            times[one] = before[j]
        own_s[rows] = held
    return lost, things, stops, stopper


@kernel
def gains(loss_start, loss_row, fix_row, at_moment_s, weight, needs, circles_of, parents, own_s, times):  # type: ignore[no-untyped-def]
    """What each fix (a row that begins to work) saves under each loss alone, at one moment after it.

    weight int64[n, 2]: two weights that are summed apart. -> saved int64[fixes, 2] over all losses, of what
    works without them, and what is lost without any fix, int64[2].
    """
    n, losses = len(own_s), len(loss_start) - 1
    saved, left = np.zeros((len(fix_row), 2), np.int64), np.zeros(2, np.int64)
    usual = times.copy()
    dirty = np.zeros((len(circles_of[2]) >> 6) + 1, np.uint64)
    changed, before = np.empty(n, np.int32), np.empty(n, np.int32)
    again, previous = np.empty(n, np.int32), np.empty(n, np.int32)
    for i in range(losses):
        rows = loss_row[loss_start[i] : loss_start[i + 1]]
        held = own_s[rows]
        moved = _spread(rows, 0, needs, circles_of, parents, own_s, times, dirty, changed, before)
        for j in range(moved):
            if times[changed[j]] <= at_moment_s < before[j]:
                left += weight[changed[j]]
        for fix in range(len(fix_row) if moved else 0):
            row = fix_row[fix : fix + 1]
            kept = own_s[row]
            more = _spread(row, NEVER, needs, circles_of, parents, own_s, times, dirty, again, previous)
            for j in range(more):
                one = again[j]
                if previous[j] <= at_moment_s < min(times[one], usual[one]):
                    saved[fix] += weight[one]
                times[one] = previous[j]
            own_s[row] = kept
        for j in range(moved):
            times[changed[j]] = before[j]
        own_s[rows] = held
    return saved, left
