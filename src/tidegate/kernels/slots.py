"""The index of cells: open addressing by a secret hash, and beside each entry what a second needs of it.

A slot tells the number, vector and level of a cell, and what was found out about it in the open second: that
it is on the list of touched cells, and which ring is the nearest around it. Both hold for one second only,
because rings are given and taken between seconds. So most records of a host need of it this slot, and the
one line that they add to.
"""

import numpy as np

from tidegate.kernels.jit import bare_kernel, inlined_kernel

SLOT = np.dtype(
    [
        ("hash", np.uint32),
        ("cell", np.uint32),  # its number + 1; 0 = empty
        ("ring", np.int32),  # the nearest one in the second of `tick`, -1 = none
        ("tick", np.uint16),  # the last bits of the close before which a host was last touched
        ("vector", np.uint8),
        ("level", np.uint8),
    ],
    align=True,
)
"""One entry: 16 bytes."""

HOST_IDLE_CLOSES_MAX = 160
"""A host untouched for more closes is freed, whatever the settings say: before the prefixes around it, and
long before 16 bits of a tick repeat."""


@inlined_kernel
def hash_key(high, low, level, vector, seed):  # type: ignore[no-untyped-def]
    """32 well-mixed bits, as uint64, of a key under a secret seed."""
    mixed = (low ^ seed) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    mixed = (mixed ^ high) * np.uint64(0xD6E8FEB86659FD93)
    mixed ^= mixed >> np.uint64(29)
    mixed = (mixed ^ (np.uint64(level) << np.uint64(8) | np.uint64(vector))) * np.uint64(0xA0761D6478BD642F)
    mixed ^= mixed >> np.uint64(32)
    return mixed & np.uint64(0xFFFFFFFF)


@inlined_kernel
def candidate(index, at, hashed, level, vector):  # type: ignore[no-untyped-def]
    """The first slot from `at` on that has this hash, level and vector; -1 before the next empty one."""
    mask = np.int64(len(index) - 1)
    wanted = np.uint32(hashed)
    while index[at].cell != 0:
        slot = index[at]
        if slot.hash == wanted and slot.vector == vector and slot.level == level:
            return at
        at = (at + 1) & mask
    return np.int64(-1)


@inlined_kernel
def find(cells, index, hashed, high, low, level, vector):  # type: ignore[no-untyped-def]
    """The slot of a key, or -1."""
    mask = np.int64(len(index) - 1)
    at = candidate(index, np.int64(hashed) & mask, hashed, level, vector)
    while at >= 0:
        c = cells[np.int64(index[at].cell) - 1]
        if c.low == low and c.high == high:
            return at
        at = candidate(index, (at + 1) & mask, hashed, level, vector)
    return at


@inlined_kernel
def copy_slot(source, at, target, to):  # type: ignore[no-untyped-def]
    """Copy slot `at` of one index to slot `to` of another."""
    have, place = source[at], target[to]
    place.hash, place.cell, place.ring = have.hash, have.cell, have.ring
    place.tick, place.vector, place.level = have.tick, have.vector, have.level


@inlined_kernel
def empty_slot(index, hashed):  # type: ignore[no-untyped-def]
    """Where a key that is not in the index belongs; the caller keeps it at most two thirds full."""
    mask = np.int64(len(index) - 1)
    at = np.int64(hashed) & mask
    while index[at].cell != 0:
        at = (at + 1) & mask
    return at


@bare_kernel
def index_put(index, hashed, cell, level, vector, tick):  # type: ignore[no-untyped-def]
    """Enter a cell that is not in the index, as last touched at another close than `tick`."""
    slot = index[empty_slot(index, hashed)]
    slot.hash, slot.cell = np.uint32(hashed), np.uint32(cell + 1)
    slot.level, slot.vector = np.uint8(level), np.uint8(vector)
    slot.ring, slot.tick = np.int32(-1), np.uint16(tick - 1)


@bare_kernel
def index_drop(index, hashed, cell):  # type: ignore[no-untyped-def]
    """Remove a cell's entry and close the gap (backward shift), so that no tombstone stays."""
    mask = np.int64(len(index) - 1)
    wanted = np.uint32(cell + 1)
    gap = np.int64(hashed) & mask
    while index[gap].cell != wanted:
        if index[gap].cell == 0:
            return
        gap = (gap + 1) & mask
    at = (gap + 1) & mask
    while index[at].cell != 0:
        home = np.int64(index[at].hash) & mask
        if (at - home) & mask >= (at - gap) & mask:
            copy_slot(index, at, index, gap)
            gap = at
        at = (at + 1) & mask
    index[gap].cell = np.uint32(0)


@bare_kernel
def index_refill(old, new):  # type: ignore[no-untyped-def]
    """Enter every slot of `old` into the larger, empty `new`."""
    for at in range(len(old)):
        if old[at].cell != 0:
            copy_slot(old, at, new, empty_slot(new, np.uint64(old[at].hash)))
