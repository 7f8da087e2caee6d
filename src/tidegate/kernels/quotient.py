"""Networks that reach exactly the same are merged, so that reach is computed for a third of them.

A network without peers reaches what its providers reach, together: it reaches its own customers through any
provider too. So one with a single provider reaches what that one does, and those with the same set of
providers reach the same. By symmetry they are also reached by the same. This holds of providers after
merging, too, and one walk from the top merges all there is. Only networks with peers, or without providers,
stand for themselves always.

Where links are lost, all that holds still of networks of which neither a provider nor a provider's provider,
and so on, has lost any. Only the others are merged anew, beside the classes of those.
"""

import numpy as np

from tidegate.kernels.jit import bare_kernel, kernel


@bare_kernel
def _insert(scratch, count, value):  # type: ignore[no-untyped-def]
    """Keep scratch[:count] sorted and without repetition; the new count."""
    at = count
    while at > 0 and scratch[at - 1] > value:
        at -= 1
    if at > 0 and scratch[at - 1] == value:
        return count
    for move in range(count, at, -1):
        scratch[move] = scratch[move - 1]
    scratch[at] = value
    return count + 1


@bare_kernel
def _slot(scratch, count, table, start, to):  # type: ignore[no-untyped-def]
    """Where the class with exactly these providers stands in the table, or the free place for it."""
    mixed = np.uint64(count)
    for at in range(count):
        mixed = (mixed ^ np.uint64(scratch[at])) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    slot = np.int64(mixed & np.uint64(len(table) - 1))
    while table[slot] >= 0:
        found = table[slot]
        if start[found + 1] - start[found] == count:
            same = True
            for at in range(count):
                if to[start[found] + at] != scratch[at]:
                    same = False
                    break
            if same:
                return slot
        slot = (slot + 1) & (len(table) - 1)
    return slot


@kernel
def merge_alike(  # type: ignore[no-untyped-def]
    order, up_start, up_to, solid, alive, known, known_start, known_to
):
    """(class of each row, start, to): classes are numbered from the top, and start, to list the classes of
    each one's providers, so that a provider has always the lower number. A row that is not alive has -1.

    `order` are the rows to merge, providers first, with all their customers. The others keep the class that
    they have in `known`, whose lists of providers are known_start, known_to; new classes follow behind.
    `solid` rows have peers and stand for themselves.
    """
    count = len(known_start) - 1
    class_of = known.copy()
    links, widest = len(known_to), 1
    for row in order:
        class_of[row] = -1
        links += up_start[row + 1] - up_start[row]
        widest = max(widest, up_start[row + 1] - up_start[row])
    start = np.zeros(count + len(order) + 1, np.int64)
    start[: count + 1] = known_start
    to = np.empty(links, np.int32)
    to[: len(known_to)] = known_to
    size = 16
    while size < 2 * len(order):
        size *= 2
    table = np.full(size, -1, np.int32)
    scratch = np.empty(widest + 1, np.int32)
    for row in order:
        if not alive[row]:
            continue
        above = 0
        for link in range(up_start[row], up_start[row + 1]):
            above = _insert(scratch, above, class_of[up_to[link]])
        if above == 1 and not solid[row]:
            class_of[row] = scratch[0]
            continue
        if above > 1 and not solid[row]:
            slot = _slot(scratch, above, table, start, to)
            if table[slot] >= 0:
                class_of[row] = table[slot]
                continue
            table[slot] = count
        class_of[row] = count
        for at in range(above):
            to[start[count] + at] = scratch[at]
        start[count + 1] = start[count] + above
        count += 1
    return class_of, start[: count + 1].copy(), to[: start[count]].copy()
