"""The table of cells: found by hash, linked to their prefixes, giving way when full.

A cell is one (destination prefix, vector) pair: one cache line with its address and what it received, and
a quarter of one with its links. Cells know the cell of their parent prefix, so that rolling up needs no
hashing.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tidegate.kernels.jit import bare_kernel, inlined_kernel
from tidegate.kernels.slots import find, hash_key, index_drop, index_put

# Levels of the roll-up: IPv4 /32 /24 /20 /16, IPv6 /128 /64 /56 /48 /32, and operators' objects.
V4_HOST, V4_TOP, V6_HOST, V6_TOP, OBJECT_LEVEL = 0, 3, 4, 8, 9
LEVELS = 10
LEVEL_LENGTH = (128, 120, 116, 112, 128, 64, 56, 48, 32, 0)
LEVEL_DEPTH = (0, 1, 2, 3, 0, 1, 2, 3, 4, 5)

ALL = 0xFFFF_FFFF_FFFF_FFFF
MASK_HIGH = np.array([ALL << (64 - min(n, 64)) & ALL for n in LEVEL_LENGTH], np.uint64)
MASK_LOW = np.array([ALL << (128 - max(n, 64)) & ALL for n in LEVEL_LENGTH], np.uint64)
LENGTHS = np.array(LEVEL_LENGTH, np.int64)
DEPTHS = np.array(LEVEL_DEPTH, np.int64)

ROOM = np.array([0.75, 0.85, 0.92, 0.97, 0.75, 0.85, 0.92, 0.97, 0.97, 1.0])
"""By level, how full the table may be for a new cell to be made: wide prefixes always find room."""

BLOCK_ROWS = 256
"""Rows looked up together, so that their cache misses overlap."""

OBJECT_DEPTH_MAX = 4
"""Operators' objects that one destination may lie in."""

RIVALS = 8
PROBES = 64
"""When the table is full, the lightest of RIVALS neighbouring host cells gives way; PROBES slots are read."""

MISSED_GROUPS = 65536
"""Groups of keys over which the error of giving way is bounded."""

CELL_STATE = np.dtype(
    [
        ("high", np.uint64),
        ("low", np.uint64),
        # Of the open second, scaled by the sampling rate; rolled up at the close.
        ("bytes", np.float64),
        ("packets", np.float64),
        ("bytes_variance", np.float32),
        ("packets_variance", np.float32),
        ("age", np.float64),  # sum of bytes times (receive time - end), ms
        ("span", np.float64),  # sum of bytes times (end - start), ms
        ("exporters", np.uint64),
    ],
    align=True,
)
"""The address of one (prefix, vector) pair and what it received: 64 bytes, one cache line."""

LINK = np.dtype(
    [
        ("parent", np.int32),  # cell of the next wider prefix, -1 = none; free cells: the next free one
        ("ring", np.int32),  # row in the rings, -1 = light
        ("tick", np.uint32),  # the close before which it was last touched
        ("vector", np.uint8),
        ("level", np.uint8),
        ("marks", np.uint8),  # IN_OBJECTS, HAS_TRACE
        ("used", np.uint8),
    ],
    align=True,
)
"""What the cell of the same number is and hangs on: 16 bytes, so that climbing and sweeping read little."""

IN_OBJECTS = 1  # lies in an operator's object: see its trace
HAS_TRACE = 2  # its trace holds something to be cleared at the close

TRACE = np.dtype(
    [
        # Of the open second.
        ("unscaled", np.float64),  # bytes whose sampling is unknown
        ("error", np.float32),  # bytes that may have been missed before the cell was made
        ("chain", np.int32),  # row of object chains
    ],
    align=True,
)
"""What few cells need, beside the cell of the same number; untouched pages of it cost nothing."""

OBJECT_PREFIX = np.dtype(
    [("high", np.uint64), ("low", np.uint64), ("length", np.int64), ("chain", np.int64)], align=True
)
"""A prefix of an operator's object, sorted by length (longest first), then address."""

STATE = np.dtype(
    [
        ("open_second", np.int64),
        ("tick", np.int64),
        ("used", np.int64),
        ("high_water", np.int64),
        ("free", np.int64),  # first of the free cells, -1 = none
        ("rings_used", np.int64),
        ("swept_to", np.int64),
        ("seed", np.uint64),
        ("promote_scale", np.float64),
        # Of the open second.
        ("records", np.int64),
        ("bytes", np.float64),
        ("packets", np.float64),
        ("replaced", np.int64),  # host cells that gave way
        ("untracked", np.int64),  # records whose host found no cell
        ("unrolled", np.int64),  # cells made without the prefix cell that they should have
        ("rings_missing", np.int64),  # heavy cells that found no ring
        ("clipped", np.int64),  # records (partly) older than the window
    ],
    align=True,
)


class Table(NamedTuple):
    """All arrays of one counter. Rows of `cells`, `links` and `traces` belong together."""

    state: npt.NDArray[np.void]  # STATE (1,)
    cells: npt.NDArray[np.void]  # CELL_STATE (cells_max,)
    links: npt.NDArray[np.void]  # LINK (cells_max,)
    traces: npt.NDArray[np.void]  # TRACE (cells_max,)
    slots: npt.NDArray[np.void]  # SLOT (power of two,)
    touched: npt.NDArray[np.int32]  # (LEVELS, cells_max): cells touched since the last close, by level
    touched_count: npt.NDArray[np.int64]  # (LEVELS,)
    missed: npt.NDArray[np.float64]  # (MISSED_GROUPS,): most bytes that an untracked key of the group has
    rings: npt.NDArray[np.void]  # RING (rings_max,)
    windows: npt.NDArray[np.float32]  # (rings_max, 64, 4): see windows.py
    told: npt.NDArray[np.float64]  # (rings_max, 64, 8): of the open second, until its close
    extents: npt.NDArray[np.int64]  # (rings_max, 2): the oldest and the newest second that it tells of
    free_rings: npt.NDArray[np.int32]  # (rings_max,): a stack; the first rings_used are taken
    port_vector: npt.NDArray[np.uint8]  # (65536,)
    bytes_min: npt.NDArray[np.int64]  # (VECTORS_MAX,)
    promote: npt.NDArray[np.float64]  # (LEVELS, VECTORS_MAX, 2): bytes and packets in a second
    object_promote: npt.NDArray[np.float64]  # (objects, VECTORS_MAX, 2)
    object_prefixes: npt.NDArray[np.void]  # OBJECT_PREFIX
    chains: npt.NDArray[np.int32]  # (chains, OBJECT_DEPTH_MAX): objects, -1 = none
    object_cells: npt.NDArray[np.int32]  # (objects, VECTORS_MAX): cell, -1 = none yet
    inbound: npt.NDArray[np.float64]  # (exporters, VECTORS_MAX + 1, 5): INBOUND_AMOUNTS of the open second
    # Notes on one block of rows.
    hashes: npt.NDArray[np.uint64]  # (BLOCK_ROWS,)
    codes: npt.NDArray[np.uint8]  # (BLOCK_ROWS,)
    spots: npt.NDArray[np.int64]  # (BLOCK_ROWS,)
    nearest: npt.NDArray[np.int64]  # (BLOCK_ROWS,)
    climbers: npt.NDArray[np.int64]  # (BLOCK_ROWS,)


@inlined_kernel
def touch(links, touched, touched_count, tick, cell):  # type: ignore[no-untyped-def]
    """Note that a cell has something of the open second."""
    k = links[cell]
    if k.tick != tick:
        k.tick = tick
        level = np.int64(k.level)
        touched[level, touched_count[level]] = np.int32(cell)
        touched_count[level] += 1


@inlined_kernel
def add_cell(cells, links, traces, cell, source):  # type: ignore[no-untyped-def]
    """Add what cell `source` received to the touched `cell`: one step of the roll-up."""
    c, s = cells[cell], cells[source]
    c.bytes += s.bytes
    c.packets += s.packets
    c.bytes_variance += s.bytes_variance
    c.packets_variance += s.packets_variance
    c.age += s.age
    c.span += s.span
    c.exporters |= s.exporters
    if links[source].marks & HAS_TRACE:
        traces[cell].unscaled += traces[source].unscaled
        links[cell].marks |= np.uint8(HAS_TRACE)


@inlined_kernel
def nearest_ring(links, cell):  # type: ignore[no-untyped-def]
    """The ring of a cell, or of the nearest wider prefix that has one; -1 where none has."""
    while cell >= 0:
        if links[cell].ring >= 0:
            return np.int64(links[cell].ring)
        cell = np.int64(links[cell].parent)
    return np.int64(-1)


@bare_kernel
def chain_of(prefixes, high, low, length):  # type: ignore[no-untyped-def]
    """The chain of the longest object prefix, no longer than `length`, that holds an address; or -1."""
    at = 0
    count = len(prefixes)
    while at < count:
        bits = prefixes[at].length
        end = at
        low_at, high_at = at, count
        while low_at < high_at:  # the end of the run of this length
            middle = (low_at + high_at) // 2
            if prefixes[middle].length == bits:
                low_at = middle + 1
            else:
                high_at = middle
        end = low_at
        if bits <= length:
            full = np.uint64(0xFFFFFFFFFFFFFFFF)
            mask_high = full if bits >= 64 else (np.uint64(0) if bits == 0 else full << np.uint64(64 - bits))
            mask_low = (
                np.uint64(0) if bits <= 64 else (full if bits == 128 else full << np.uint64(128 - bits))
            )
            want_high, want_low = high & mask_high, low & mask_low
            left, right = at, end
            while left < right:
                middle = (left + right) // 2
                p = prefixes[middle]
                if p.high < want_high or (p.high == want_high and p.low < want_low):
                    left = middle + 1
                else:
                    right = middle
            if left < end and prefixes[left].high == want_high and prefixes[left].low == want_low:
                return prefixes[left].chain
        at = end
    return np.int64(-1)


@bare_kernel
def give_way(t, hashed):  # type: ignore[no-untyped-def]
    """Take the lightest host cell near a full table's wanted place; -1 where all near it are heavy.

    Space-saving (Metwally et al., 2005) within a few neighbours: what the loser received goes to its
    prefix first, so that prefixes stay exact; what it had is remembered as the most that an
    untracked key of its group can have had.
    """
    mask = np.int64(len(t.slots) - 1)
    at = np.int64(hashed) & mask
    loser = np.int64(-1)
    least = np.inf
    rivals = 0
    for _ in range(PROBES):
        slot = t.slots[at]
        if slot.cell != 0 and DEPTHS[slot.level] == 0:
            cell = np.int64(slot.cell) - 1
            k = t.links[cell]
            if k.ring < 0:
                rivals += 1
                weight = t.cells[cell].bytes
                if k.marks & HAS_TRACE:
                    weight += t.traces[cell].error
                if weight < least:
                    least, loser = weight, cell
                if rivals == RIVALS:
                    break
        at = (at + 1) & mask
    if loser < 0:
        return loser
    c, k = t.cells[loser], t.links[loser]
    lost = hash_key(c.high, c.low, k.level, k.vector, t.state[0].seed)
    group = np.int64(lost >> np.uint64(16))
    t.missed[group] = max(t.missed[group], least)
    if k.tick == np.uint32(t.state[0].tick):
        roll_up(t, loser)
    index_drop(t.slots, lost, loser)
    t.state[0].replaced += 1
    return loser


@bare_kernel
def object_cell(t, object_number, vector):  # type: ignore[no-untyped-def]
    """The cell of an operator's object and vector, made if need be; -1 where the table has no room."""
    cell = np.int64(t.object_cells[object_number, vector])
    if cell < 0:
        cell = make_cell(
            t, np.uint64(0), np.uint64(0), np.uint64(object_number), OBJECT_LEVEL, vector, np.int64(-1)
        )
        t.object_cells[object_number, vector] = np.int32(cell)
    return cell


@bare_kernel
def add_to_objects(t, cell):  # type: ignore[no-untyped-def]
    """Add what a host received to the operators' objects around it."""
    for i in range(OBJECT_DEPTH_MAX):
        number = t.chains[t.traces[cell].chain, i]
        if number < 0:
            break
        around = object_cell(t, number, np.int64(t.links[cell].vector))
        if around >= 0:
            touch(t.links, t.touched, t.touched_count, np.uint32(t.state[0].tick), around)
            add_cell(t.cells, t.links, t.traces, around, cell)


@bare_kernel
def roll_up(t, cell):  # type: ignore[no-untyped-def]
    """Add what a cell received to its parent prefix and, from hosts, to the objects around it."""
    k = t.links[cell]
    if k.parent >= 0:
        touch(t.links, t.touched, t.touched_count, np.uint32(t.state[0].tick), np.int64(k.parent))
        add_cell(t.cells, t.links, t.traces, np.int64(k.parent), cell)
    if k.marks & IN_OBJECTS and DEPTHS[k.level] == 0:
        add_to_objects(t, cell)


@bare_kernel
def make_cell(t, hashed, high, low, level, vector, parent):  # type: ignore[no-untyped-def]
    """A new, empty cell, or -1 where the table has no room at this level.

    Objects' cells are found by number, not through the index: their `low` is the object's number.
    """
    s = t.state[0]
    if s.used >= np.int64(len(t.cells) * ROOM[level]):
        return np.int64(-1)
    if s.free >= 0:
        cell = s.free
        s.free = np.int64(t.links[cell].parent)
    else:
        cell = s.high_water
        s.high_water += 1
    s.used += 1
    set_cell(t, cell, hashed, high, low, level, vector, parent)
    t.links[cell].tick = np.uint32(s.tick - 1)
    return cell


@bare_kernel
def set_cell(t, cell, hashed, high, low, level, vector, parent):  # type: ignore[no-untyped-def]
    """Fill a cell for its key with nothing counted, and enter it into the index; its tick stays."""
    c, k = t.cells[cell], t.links[cell]
    c.high, c.low = high, low
    clear_cell(t.cells, cell)
    k.level, k.vector = np.uint8(level), np.uint8(vector)
    k.parent, k.ring = np.int32(parent), np.int32(-1)
    k.marks, k.used = np.uint8(0), np.uint8(1)
    if level == OBJECT_LEVEL:
        return
    index_put(t.slots, hashed, cell, level, vector, t.state[0].tick)
    if len(t.object_prefixes):
        chain = chain_of(t.object_prefixes, high, low, LENGTHS[level])
        if chain >= 0:
            t.traces[cell].chain = np.int32(chain)
            k.marks |= np.uint8(IN_OBJECTS)


@bare_kernel
def locate(t, hashed, high, low, host_level, vector):  # type: ignore[no-untyped-def]
    """(cell of a host not yet counted, its parent): makes the prefixes around it first, widest first.

    The cell is -1 where the full table has only heavy neighbours; then its parent stands for it.
    """
    parent = np.int64(-1)
    top = V4_TOP if host_level == V4_HOST else V6_TOP
    for level in range(top, host_level, -1):
        prefix_high, prefix_low = high & MASK_HIGH[level], low & MASK_LOW[level]
        prefix_hash = hash_key(prefix_high, prefix_low, level, vector, t.state[0].seed)
        spot = find(t.cells, t.slots, prefix_hash, prefix_high, prefix_low, level, vector)
        cell = np.int64(t.slots[spot].cell) - 1 if spot >= 0 else np.int64(-1)
        if cell < 0:
            cell = make_cell(t, prefix_hash, prefix_high, prefix_low, level, vector, parent)
        if cell >= 0:
            parent = cell
        else:
            t.state[0].unrolled += 1
    cell = make_cell(t, hashed, high, low, host_level, vector, parent)
    if cell < 0:
        cell = give_way(t, hashed)
        if cell >= 0:
            clear_trace(t.traces, cell)
            set_cell(t, cell, hashed, high, low, host_level, vector, parent)
            t.traces[cell].error = np.float32(t.missed[np.int64(hashed >> np.uint64(16))])
            t.links[cell].marks |= np.uint8(HAS_TRACE)
    return cell, parent


@inlined_kernel
def clear_cell(cells, cell):  # type: ignore[no-untyped-def]
    """Forget what a cell received."""
    c = cells[cell]
    c.bytes = c.packets = c.age = c.span = 0.0
    c.bytes_variance = c.packets_variance = np.float32(0)
    c.exporters = np.uint64(0)


@bare_kernel
def clear_trace(traces, cell):  # type: ignore[no-untyped-def]
    """Forget a cell's second in its trace; the object chain stays."""
    traces[cell].unscaled = 0.0
    traces[cell].error = np.float32(0)
