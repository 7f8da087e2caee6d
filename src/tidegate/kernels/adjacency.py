"""Links as lists of neighbours, the order from providers to customers, cones of customers, and islands.

A list of neighbours is two arrays: those of row i are to[start[i]:start[i + 1]].
"""

import numpy as np

from tidegate.kernels.jit import kernel


@kernel
def neighbours(source, target, chosen, rows):  # type: ignore[no-untyped-def]
    """(start int64[rows + 1], to int32[]) of the chosen links from each source; in the order of the links."""
    start = np.zeros(rows + 1, np.int64)
    for at in range(len(source)):
        if chosen[at]:
            start[source[at] + 1] += 1
    for row in range(rows):
        start[row + 1] += start[row]
    to = np.empty(start[rows], np.int32)
    place = start[:-1].copy()
    for at in range(len(source)):
        if chosen[at]:
            to[place[source[at]]] = target[at]
            place[source[at]] += 1
    return start, to


@kernel
def without(start, to, source, target):  # type: ignore[no-untyped-def]
    """The lists (start, to) less one entry target[at] in the list of source[at], for each of these pairs.

    Much less work than `neighbours` where the pairs are few: the rest is copied as it stands.
    """
    kept = np.ones(len(to), np.bool_)
    fewer = np.zeros(len(start), np.int64)
    for at in range(len(source)):
        for link in range(start[source[at]], start[source[at] + 1]):
            if kept[link] and to[link] == target[at]:
                kept[link] = False
                fewer[source[at] + 1] += 1
                break
    for row in range(1, len(start)):
        fewer[row] += fewer[row - 1]
    left = np.empty(len(to) - fewer[-1], np.int32)
    count = 0
    for link in range(len(to)):
        if kept[link]:
            left[count] = to[link]
            count += 1
    return start - fewer, left


@kernel
def renumbered(start, to, number, count):  # type: ignore[no-untyped-def]
    """The same lists under other numbers, 0 to count - 1, where no two rows with neighbours have the same."""
    rows = len(start) - 1
    begins = np.zeros(count + 1, np.int64)
    for row in range(rows):
        if start[row + 1] > start[row]:
            begins[number[row] + 1] = start[row + 1] - start[row]
    for one in range(count):
        begins[one + 1] += begins[one]
    found = np.empty(len(to), np.int32)
    for row in range(rows):
        if start[row + 1] > start[row]:
            shift = begins[number[row]] - start[row]
            for link in range(start[row], start[row + 1]):
                found[link + shift] = number[to[link]]
    return begins, found


@kernel
def top_down(up_start, down_start, down_to):  # type: ignore[no-untyped-def]
    """Rows ordered so that every provider stands before its customers; shorter where there is a circle."""
    rows = len(up_start) - 1
    waiting = np.empty(rows, np.int64)
    order = np.empty(rows, np.int32)
    count = 0
    for row in range(rows):
        waiting[row] = up_start[row + 1] - up_start[row]
        if waiting[row] == 0:
            order[count] = row
            count += 1
    at = 0
    while at < count:
        row = order[at]
        at += 1
        for link in range(down_start[row], down_start[row + 1]):
            customer = down_to[link]
            waiting[customer] -= 1
            if waiting[customer] == 0:
                order[count] = customer
                count += 1
    return order[:count]


@kernel
def closure(start, to, seeds, inside):  # type: ignore[no-untyped-def]
    """Marks in `inside` (bool) the seeds and all that can be reached from them along the lists; the number
    of rows newly marked.
    """
    stack = np.empty(len(inside), np.int32)
    depth, marked = 0, 0
    for seed in seeds:
        if not inside[seed]:
            inside[seed] = True
            stack[depth] = seed
            depth += 1
            marked += 1
    while depth:
        depth -= 1
        row = stack[depth]
        for link in range(start[row], start[row + 1]):
            if not inside[to[link]]:
                inside[to[link]] = True
                stack[depth] = to[link]
                depth += 1
                marked += 1
    return marked


@kernel
def passed_by_all(order, up_start, up_to):  # type: ignore[no-untyped-def]
    """int32[rows]: the nearest row above each that every way up from it, to a row without providers, passes;
    -1 where there is none. `order` has providers before their customers.

    The ways of two providers meet at the nearest row that stands in the chains of both (Cooper, Harvey and
    Kennedy, 2001).
    """
    rows = len(up_start) - 1
    found, depth = np.full(rows, -1, np.int32), np.zeros(rows, np.int32)
    for row in order:
        meet = -2
        for link in range(up_start[row], up_start[row + 1]):
            other = up_to[link]
            if meet == -2:
                meet = other
            while meet != other:
                if meet == -1 or (other != -1 and depth[other] > depth[meet]):
                    other = found[other]
                else:
                    meet = found[meet]
        found[row] = max(meet, -1)
        depth[row] = 0 if meet < 0 else depth[meet] + 1
    return found


@kernel
def islands(first, second, chosen, rows):  # type: ignore[no-untyped-def]
    """int32[rows]: the lowest row that each row is connected with over the chosen links of any kind."""
    parent = np.arange(rows).astype(np.int32)
    for at in range(len(first)):
        if not chosen[at]:
            continue
        a, b = first[at], second[at]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a < b:
            parent[b] = a
        else:
            parent[a] = b
    for row in range(rows):
        # A parent is always a lower row, so that it has its own answer already.
        parent[row] = parent[parent[row]]
    return parent
