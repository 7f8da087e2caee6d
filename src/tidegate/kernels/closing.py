"""Closing a second: cells roll up into their prefixes, heavy ones fill their rings, idle ones are freed."""

import numpy as np

from tidegate.kernels.cells import (
    DEPTHS,
    LENGTHS,
    LEVELS,
    LINK_OBJECTS,
    LINK_TRACE,
    OBJECT_LEVEL,
    add_cell,
    add_to_objects,
    clear_trace,
    hash_key,
    index_drop,
    nearest_ring,
    touch,
)
from tidegate.kernels.counting import promote, promote_floor
from tidegate.kernels.jit import bare_kernel, inlined_kernel
from tidegate.kernels.prefetch import prefetch
from tidegate.kernels.windows import SECONDS, heaviest, pass_on, settle_told, shares, spread

LIGHT = 0.5
"""Share of its floor below which a heavy cell becomes light again; between the two it stays what it is."""


@inlined_kernel
def close_ring(cells, traces, rings, windows, told, open_second, cell):  # type: ignore[no-untyped-def]
    """Put a heavy cell's fresh traffic into its ring, and note who told of it and how late."""
    c, r = cells[cell], traces[cell]
    ring = np.int64(c.ring)
    head = rings[ring]
    if c.bytes > 0 or c.packets > 0:
        moment = open_second * 1000
        spread(
            told,
            head,
            ring,
            open_second - (SECONDS - 1),
            shares(moment, moment),
            c.bytes,
            c.packets,
            np.float64(c.bytes_variance),
            np.float64(c.packets_variance),
        )
    settle_told(told, windows, head, ring)
    head.touched = open_second
    head.exporters = c.exporters
    head.age_ms = head.unscaled = head.error = 0.0
    if c.links & LINK_TRACE:
        received = c.bytes + r.settled_bytes
        if received > 0:
            head.age_ms = r.age / received
            head.unscaled = r.unscaled / received
        head.error = np.float64(r.error)


@bare_kernel
def close_cells(t):  # type: ignore[no-untyped-def]
    """Close every cell touched in the open second: roll up, promote, fill rings, clear.

    Hosts come first, then ever wider prefixes, objects last: rolling up touches the next level, whose
    list is therefore read after this one's. A ring passes on what it was told before it gets what does
    not come from records of its own: fresh traffic, and what the cell had before it became heavy.
    """
    s = t.state[0]
    cells, traces, touched, touched_count = t.cells, t.traces, t.touched, t.touched_count
    rings, windows, told, chains = t.rings, t.windows, t.told, t.chains
    floors, object_floors = t.promote, t.object_promote
    tick, scale, open_second = np.uint32(s.tick), s.promote_scale, s.open_second
    for depth in range(6):
        for level in range(LEVELS):
            if DEPTHS[level] != depth:
                continue
            at = 0
            while at < touched_count[level]:
                if at + 16 < touched_count[level]:
                    prefetch(cells, np.int64(touched[level, at + 16]))
                    soon = np.int64(touched[level, at + 8])
                    if cells[soon].links & LINK_TRACE:
                        prefetch(traces, soon)
                    if cells[soon].parent >= 0:
                        prefetch(cells, np.int64(cells[soon].parent))
                        prefetch(traces, np.int64(cells[soon].parent))
                cell = np.int64(touched[level, at])
                at += 1
                c = cells[cell]
                if c.parent >= 0:
                    parent = np.int64(c.parent)
                    touch(cells, touched, touched_count, tick, parent)
                    add_cell(cells, traces, parent, cell)
                if depth == 0 and c.links & LINK_OBJECTS:
                    add_to_objects(t, cell)
                if c.ring >= 0:
                    wider = nearest_ring(cells, np.int64(c.parent))
                    if wider >= 0:
                        pass_on(told, rings, np.int64(c.ring), wider)
                else:
                    all_bytes, all_packets = c.bytes, c.packets
                    if c.links & LINK_TRACE:
                        all_bytes += traces[cell].settled_bytes
                        all_packets += traces[cell].settled_packets
                    least_bytes, least_packets = promote_floor(
                        cells, traces, floors, object_floors, chains, cell
                    )
                    if all_bytes >= least_bytes * scale or all_packets >= least_packets * scale:
                        promote(t, cell)
                if c.ring >= 0:
                    close_ring(cells, traces, rings, windows, told, open_second, cell)
                c.bytes = c.packets = 0.0
                c.bytes_variance = c.packets_variance = np.float32(0)
                c.exporters = np.uint64(0)
                if c.links & LINK_TRACE:
                    clear_trace(traces, cell)
                    c.links &= np.uint8(LINK_OBJECTS)
    for level in range(LEVELS):
        touched_count[level] = 0


@bare_kernel
def sweep(t, count, host_idle_ticks):  # type: ignore[no-untyped-def]
    """Free idle light cells among the next `count`, in turn.

    A prefix waits longer than what is inside it, by more than a whole turn (16 closes), so that no
    cell ever knows a freed parent.
    """
    s = t.state[0]
    for _ in range(min(count, s.high_water)):
        cell = s.swept_to
        s.swept_to += 1
        if s.swept_to >= s.high_water:
            s.swept_to = 0
        c = t.cells[cell]
        if c.used == 0 or c.ring >= 0 or c.level == OBJECT_LEVEL:
            continue
        depth = DEPTHS[c.level]
        patience = host_idle_ticks if depth == 0 else 128 + 64 * depth
        if s.tick - np.int64(c.tick) > patience:
            hashed = hash_key(c.high, c.low, c.level, c.vector, s.seed)
            index_drop(t.slots, hashed, cell)
            c.used = np.uint8(0)
            c.parent = np.int32(s.free)
            s.free = cell
            s.used -= 1


@bare_kernel
def weigh_rings(t, second, weights):  # type: ignore[no-untyped-def]
    """Into `weights` float64 (rings,): the heaviest second of each window in units of its cell's floor.

    Unused rings weigh -1. A ring that is a window old and light, or has been silent for a whole window,
    is taken back from its cell.
    """
    s = t.state[0]
    cells, traces, rings, windows, chains = t.cells, t.traces, t.rings, t.windows, t.chains
    floors, object_floors = t.promote, t.object_promote
    for ring in range(len(rings)):
        head = rings[ring]
        weights[ring] = -1.0
        if head.used == 0:
            continue
        least_bytes, least_packets = promote_floor(
            cells, traces, floors, object_floors, chains, np.int64(head.cell)
        )
        weight = heaviest(windows, head, ring, second, least_bytes, least_packets)
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
    t.cells[t.rings[ring].cell].ring = np.int32(-1)
    t.rings[ring].used = np.uint8(0)
    s.rings_used -= 1
    t.free_rings[s.rings_used] = np.int32(ring)


@bare_kernel
def write_summary(t, chosen, out):  # type: ignore[no-untyped-def]
    """Write the rings numbered in `chosen` as rows of `out` (dtype model.summaries.CELL)."""
    for i in range(len(chosen)):
        ring = np.int64(chosen[i])
        head = t.rings[ring]
        c = t.cells[head.cell]
        row = out[i]
        row.object = np.int16(-1)
        row.high, row.low = c.high, c.low
        row.length = np.uint8(LENGTHS[c.level])
        if c.level == OBJECT_LEVEL:
            row.object = np.int16(c.low)
            row.low = np.uint64(0)
        row.vector = c.vector
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
