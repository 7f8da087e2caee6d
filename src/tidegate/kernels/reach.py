"""Who reaches whom over valley-free paths, for 512 destinations at a time, as bits of 64-bit words.

A valley-free path climbs from customer to provider, crosses at most one peering, and descends. Where each
network prefers routes of customers to those of peers to those of providers, and passes on only what
customers told to all others, a route exists exactly where such a path does (Gao and Rexford, 2001).

Rows here are the classes of kernels.quotient, providers before customers. `hubs` are meeting places whose
members all peer with one another.
"""

import numpy as np

from tidegate.kernels.jit import bare_kernel, kernel

WORDS = 8
"""Words of a row in one block: a cache line."""

BLOCK = 64 * WORDS
"""Destinations of one block."""


@bare_kernel
def _clear(bits):  # type: ignore[no-untyped-def]
    for row in range(bits.shape[0]):
        for word in range(WORDS):
            bits[row, word] = np.uint64(0)


@bare_kernel
def _add(bits, row, source, other):  # type: ignore[no-untyped-def]
    """bits[row] |= source[other]."""
    for word in range(WORDS):
        bits[row, word] |= source[other, word]


@bare_kernel
def reach_block(  # type: ignore[no-untyped-def]
    up_start, up_to, peer_start, peer_to, hub_start, hub_member, target, first, last, below, reached, used
):
    """Fills reached[row, word]: bit i says that the row reaches target[first + i], for targets up to `last`.

    `below` and `used` are scratch: what lies in each row's cone of customers, and whether anything does.
    """
    rows = len(up_start) - 1
    _clear(below)
    for row in range(rows):
        used[row] = False
    for at in range(first, last):
        bit = at - first
        below[target[at], bit >> 6] |= np.uint64(1) << np.uint64(bit & 63)
        used[target[at]] = True
    for row in range(rows - 1, -1, -1):
        if used[row]:
            for link in range(up_start[row], up_start[row + 1]):
                _add(below, up_to[link], below, row)
                used[up_to[link]] = True
    for row in range(rows):
        for word in range(WORDS):
            reached[row, word] = below[row, word]
    for row in range(rows):
        if used[row]:
            for link in range(peer_start[row], peer_start[row + 1]):
                _add(reached, peer_to[link], below, row)
    _meet(hub_start, hub_member, below, reached, used)
    for row in range(rows):
        for link in range(up_start[row], up_start[row + 1]):
            _add(reached, row, reached, up_to[link])


@bare_kernel
def _meet(hub_start, hub_member, below, reached, used):  # type: ignore[no-untyped-def]
    """At each hub, every member reaches what lies below any other."""
    for hub in range(len(hub_start) - 1):
        for word in range(WORDS):
            together = np.uint64(0)
            for at in range(hub_start[hub], hub_start[hub + 1]):
                if used[hub_member[at]]:
                    together |= below[hub_member[at], word]
            if together:
                for at in range(hub_start[hub], hub_start[hub + 1]):
                    reached[hub_member[at], word] |= together


@kernel
def reach_bits(up_start, up_to, peer_start, peer_to, hub_start, hub_member, target):  # type: ignore[no-untyped-def]
    """bool[rows, targets]: which row reaches which target."""
    rows = len(up_start) - 1
    below, reached = np.empty((rows, WORDS), np.uint64), np.empty((rows, WORDS), np.uint64)
    used = np.empty(rows, np.bool_)
    found = np.zeros((rows, len(target)), np.bool_)
    for first in range(0, len(target), BLOCK):
        last = min(first + BLOCK, len(target))
        reach_block(
            up_start, up_to, peer_start, peer_to, hub_start, hub_member,
            target, first, last, below, reached, used,
        )  # fmt: skip
        for row in range(rows):
            for at in range(first, last):
                bit = at - first
                found[row, at] = (reached[row, bit >> 6] >> np.uint64(bit & 63)) & np.uint64(1)
    return found


@bare_kernel
def _segments(group, weight, first, last, segments, masks, sums):  # type: ignore[no-untyped-def]
    """Runs of targets of one group inside one word: (word, group, first bit, end bit), their mask and the
    sums of their two weights. Returns how many there are.
    """
    count = 0
    at = first
    while at < last:
        bit = at - first
        end = at
        mask = np.uint64(0)
        sums[count, 0], sums[count, 1] = 0, 0
        while end < last and group[end] == group[at] and (end - first) >> 6 == bit >> 6:
            mask |= np.uint64(1) << np.uint64((end - first) & 63)
            sums[count, 0] += weight[end, 0]
            sums[count, 1] += weight[end, 1]
            end += 1
        segments[count, 0], segments[count, 1] = bit >> 6, group[at]
        segments[count, 2], segments[count, 3] = at, end
        masks[count] = mask
        count += 1
        at = end
    return count


@kernel
def reach_sums(  # type: ignore[no-untyped-def]
    up_start, up_to, peer_start, peer_to, hub_start, hub_member,
    target, target_group, target_weight,
    source_start, source_group, source_weight,
    block_first, block_step, by_target, groups,
):  # fmt: skip
    """Weighted counts of who reaches whom, for every block_step-th block of targets from block_first on.

    Targets are places of classes, int32[t], sorted by group; target_weight is int64[t, 2] (networks, people).
    The sources of row r are source_start[r] to source_start[r + 1], each with its group and int64[s, 4]:
    networks and people, and both again of those sources alone that are targets, too.
    With by_target, what reaches each target is summed too.

    Returns matrix int64[4, groups, groups]: source's weight times target's, of networks and people, of all
    sources and of those that are targets; by row int64[rows, 2]: targets' weights that it reaches; by
    target int64[t, 2]: sources' weights that reach it.
    """
    rows = len(up_start) - 1
    below, reached = np.empty((rows, WORDS), np.uint64), np.empty((rows, WORDS), np.uint64)
    used = np.empty(rows, np.bool_)
    matrix = np.zeros((4, groups, groups), np.int64)
    row_sums = np.zeros((rows, 2), np.int64)
    target_sums = np.zeros((len(target) if by_target else 0, 2), np.int64)
    segments, masks = np.empty((BLOCK, 4), np.int64), np.empty(BLOCK, np.uint64)
    sums, whole = np.empty((BLOCK, 2), np.int64), np.empty((BLOCK, 2), np.int64)
    for first in range(block_first * BLOCK, len(target), block_step * BLOCK):
        last = min(first + BLOCK, len(target))
        reach_block(
            up_start, up_to, peer_start, peer_to, hub_start, hub_member,
            target, first, last, below, reached, used,
        )  # fmt: skip
        count = _segments(target_group, target_weight, first, last, segments, masks, sums)
        whole[:count] = 0
        for row in range(rows):
            _sum_row(
                row, reached, first, count, segments, masks, sums, target_weight,
                source_start, source_group, source_weight, by_target, matrix, row_sums, target_sums, whole,
            )  # fmt: skip
        if by_target:
            for one in range(count):
                for at in range(segments[one, 2], segments[one, 3]):
                    target_sums[at, 0] += whole[one, 0]
                    target_sums[at, 1] += whole[one, 1]
    return matrix, row_sums, target_sums


@bare_kernel
def _sum_row(  # type: ignore[no-untyped-def]
    row, reached, first, count, segments, masks, sums, target_weight,
    source_start, source_group, source_weight, by_target, matrix, row_sums, target_sums, whole,
):  # fmt: skip
    """Adds what one row reaches. A run reached whole, which most are, costs one step."""
    from_network, from_people = 0, 0
    if by_target:
        for source in range(source_start[row], source_start[row + 1]):
            from_network += source_weight[source, 0]
            from_people += source_weight[source, 1]
    for one in range(count):
        bits = reached[row, segments[one, 0]] & masks[one]
        if bits == np.uint64(0):
            continue
        if bits == masks[one]:
            networks, people = sums[one, 0], sums[one, 1]
            if by_target:
                whole[one, 0] += from_network
                whole[one, 1] += from_people
        else:
            networks, people = 0, 0
            for at in range(segments[one, 2], segments[one, 3]):
                if (bits >> np.uint64((at - first) & 63)) & np.uint64(1):
                    networks += target_weight[at, 0]
                    people += target_weight[at, 1]
                    if by_target:
                        target_sums[at, 0] += from_network
                        target_sums[at, 1] += from_people
        row_sums[row, 0] += networks
        row_sums[row, 1] += people
        group = segments[one, 1]
        for source in range(source_start[row], source_start[row + 1]):
            own = source_group[source]
            matrix[0, own, group] += source_weight[source, 0] * networks
            matrix[1, own, group] += source_weight[source, 1] * people
            matrix[2, own, group] += source_weight[source, 2] * networks
            matrix[3, own, group] += source_weight[source, 3] * people
