"""Closing a second: cells roll up into their prefixes, heavy ones fill their rings, idle ones are freed."""

import numpy as np

from tidegate.kernels.cells import (
    DEPTHS,
    HAS_TRACE,
    IN_OBJECTS,
    LENGTHS,
    LEVELS,
    OBJECT_LEVEL,
    add_cell,
    add_to_objects,
    clear_cell,
    clear_trace,
    nearest_ring,
    touch,
)
from tidegate.kernels.counting import promote, promote_floor
from tidegate.kernels.jit import bare_kernel, inlined_kernel
from tidegate.kernels.prefetch import prefetch
from tidegate.kernels.slots import HOST_IDLE_CLOSES_MAX, hash_key, index_drop
from tidegate.kernels.windows import SECONDS, heaviest, pass_on, settle_told

LIGHT = 0.5
"""Share of its floor below which a heavy cell becomes light again; between the two it stays what it is."""


@inlined_kernel
def close_ring(t, ring, cell):  # type: ignore[no-untyped-def]
    """Put what a heavy cell's ring was told into its window, and note who told of it and how late."""
    c = t.cells[cell]
    head = t.rings[ring]
    settle_told(t.told, t.extents, t.windows, head, ring)
    head.touched = t.state[0].open_second
    head.exporters = c.exporters
    head.age_ms = c.age / c.bytes if c.bytes > 0 else 0.0
    head.unscaled = head.error = 0.0
    if t.links[cell].marks & HAS_TRACE:
        r = t.traces[cell]
        head.unscaled = r.unscaled / c.bytes if c.bytes > 0 else 0.0
        head.error = np.float64(r.error)


@bare_kernel
def close_cells(t):  # type: ignore[no-untyped-def]
    """Close every cell touched in the open second: roll up, promote, fill rings, clear.

    Hosts come first, then ever wider prefixes, objects last: rolling up touches the next level, whose
    list is therefore read after this one's. A ring passes on what it was told of records only: not what
    its cell had before it became heavy, for that has been told to the wider ring already.
    """
    s = t.state[0]
    cells, links, traces, touched, touched_count = t.cells, t.links, t.traces, t.touched, t.touched_count
    tick, scale = np.uint32(s.tick), s.promote_scale
    for depth in range(6):
        for level in range(LEVELS):
            if DEPTHS[level] != depth:
                continue
            at = 0
            while at < touched_count[level]:
                if at + 16 < touched_count[level]:
                    soon = np.int64(touched[level, at + 16])
                    prefetch(cells, soon)
                    prefetch(links, soon)
                    soon = np.int64(touched[level, at + 8])
                    if links[soon].parent >= 0:
                        prefetch(cells, np.int64(links[soon].parent))
                        prefetch(links, np.int64(links[soon].parent))
                cell = np.int64(touched[level, at])
                at += 1
                k = links[cell]
                if k.parent >= 0:
                    parent = np.int64(k.parent)
                    touch(links, touched, touched_count, tick, parent)
                    add_cell(cells, links, traces, parent, cell)
                if depth == 0 and k.marks & IN_OBJECTS:
                    add_to_objects(t, cell)
                if k.ring >= 0:
                    wider = nearest_ring(links, np.int64(k.parent))
                    if wider >= 0:
                        pass_on(t.told, t.extents, np.int64(k.ring), wider)
                else:
                    least_bytes, least_packets = promote_floor(t, cell)
                    c = cells[cell]
                    if c.bytes >= least_bytes * scale or c.packets >= least_packets * scale:
                        promote(t, cell)
                if k.ring >= 0:
                    close_ring(t, np.int64(k.ring), cell)
                clear_cell(cells, cell)
                if k.marks & HAS_TRACE:
                    clear_trace(traces, cell)
                    k.marks &= np.uint8(IN_OBJECTS)
    for level in range(LEVELS):
        touched_count[level] = 0


@bare_kernel
def sweep(t, count, host_idle_ticks):  # type: ignore[no-untyped-def]
    """Free idle light cells among the next `count`, in turn.

    A prefix waits longer than what is inside it, by more than a whole turn (16 closes), so that no
    cell ever knows a freed parent.
    """
    s = t.state[0]
    host_patience = min(host_idle_ticks, HOST_IDLE_CLOSES_MAX)
    for _ in range(min(count, s.high_water)):
        cell = s.swept_to
        s.swept_to += 1
        if s.swept_to >= s.high_water:
            s.swept_to = 0
        k = t.links[cell]
        if k.used == 0 or k.ring >= 0 or k.level == OBJECT_LEVEL:
            continue
        depth = DEPTHS[k.level]
        patience = host_patience if depth == 0 else 128 + 64 * depth
        if s.tick - np.int64(k.tick) > patience:
            c = t.cells[cell]
            hashed = hash_key(c.high, c.low, k.level, k.vector, s.seed)
            index_drop(t.slots, hashed, cell)
            k.used = np.uint8(0)
            k.parent = np.int32(s.free)
            s.free = cell
            s.used -= 1


@bare_kernel
def weigh_rings(t, second, weights):  # type: ignore[no-untyped-def]
    """Into `weights` float64 (rings,): the heaviest second of each window in units of its cell's floor.

    Unused rings weigh -1. A ring that is a window old and light, or has been silent for a whole window,
    is taken back from its cell.
    """
    s = t.state[0]
    for ring in range(len(t.rings)):
        head = t.rings[ring]
        weights[ring] = -1.0
        if head.used == 0:
            continue
        least_bytes, least_packets = promote_floor(t, np.int64(head.cell))
        weight = heaviest(t.windows, head, ring, second, least_bytes, least_packets)
        # A long flow weighs little in each of its seconds, until more of its kind have been told.
        young = s.promote_scale == 1.0 and second - head.born < SECONDS
        if second - head.touched >= SECONDS or (weight < LIGHT * s.promote_scale and not young):
            demote(t, ring)
        else:
            weights[ring] = weight


@bare_kernel
def demote(t, ring):  # type: ignore[no-untyped-def]
    """Take a ring back from its cell."""
    s = t.state[0]
    t.links[t.rings[ring].cell].ring = np.int32(-1)
    t.rings[ring].used = np.uint8(0)
    s.rings_used -= 1
    t.free_rings[s.rings_used] = np.int32(ring)


@bare_kernel
def write_summary(t, chosen, out):  # type: ignore[no-untyped-def]
    """Write the rings numbered in `chosen` as rows of `out` (dtype model.summaries.CELL)."""
    for i in range(len(chosen)):
        ring = np.int64(chosen[i])
        head = t.rings[ring]
        c, k = t.cells[head.cell], t.links[head.cell]
        row = out[i]
        row.object = np.int16(-1)
        row.high, row.low = c.high, c.low
        row.length = np.uint8(LENGTHS[k.level])
        if k.level == OBJECT_LEVEL:
            row.object = np.int16(c.low)
            row.low = np.uint64(0)
        row.vector = k.vector
        row.newest_second = head.evidence
        row.exporters = head.exporters
        row.age_ms = np.int32(min(head.age_ms, 2e9))
        row.unscaled = np.float32(head.unscaled)
        row.error_bytes = head.error
        for column in range(SECONDS):
            second = head.evidence - (SECONDS - 1) + column
            if second > head.newest - SECONDS:
                at = second & (SECONDS - 1)
                row.bytes[column] = np.float32(t.windows[ring, at, 0])
                row.packets[column] = np.float32(t.windows[ring, at, 1])
                row.bytes_variance[column] = np.float32(t.windows[ring, at, 2])
                row.packets_variance[column] = np.float32(t.windows[ring, at, 3])
            else:
                row.bytes[column] = row.packets[column] = np.float32(0)
                row.bytes_variance[column] = row.packets_variance[column] = np.float32(0)
