"""Counting flows by destination prefix and vector: what each record adds to a table of cells.

A record adds its amounts to the cell of its host, and is spread over its own start to end in one ring of
seconds (tidegate.kernels.windows): the host's, or else that of the nearest wider prefix which has one. At
the close, the amounts are rolled up into the prefixes, and what each ring was told is added to the next
wider one. A cell that has become heavy gets its ring at the close; what it received until then in that
second is spread over the mean start to the mean end of that.
"""

import numpy as np

from tidegate.kernels.cells import (
    BLOCK_ROWS,
    HAS_TRACE,
    IN_OBJECTS,
    OBJECT_DEPTH_MAX,
    OBJECT_LEVEL,
    V4_HOST,
    V6_HOST,
    chain_of,
    locate,
    nearest_ring,
    object_cell,
    touch,
)
from tidegate.kernels.classify import NONE, vector_of
from tidegate.kernels.directions import REPETITION
from tidegate.kernels.jit import bare_kernel, inlined_kernel
from tidegate.kernels.prefetch import prefetch, prefetch_column, prefetch_row
from tidegate.kernels.slots import candidate, find, hash_key
from tidegate.kernels.windows import NEVER, SECONDS, clear, shares, spread

RECORD_BYTES_MAX = 1e15
RECORD_PACKETS_MAX = 1e13
RECORD_VARIANCE_MAX = 1e28
"""A record that claims more than these (after scaling) is counted as these: no link carries it."""


@inlined_kernel
def promote_floor(t, cell):  # type: ignore[no-untyped-def]
    """(bytes, packets) in a second from which a cell is heavy; inside objects, the lowest of theirs."""
    k = t.links[cell]
    vector = np.int64(k.vector)
    if k.level == OBJECT_LEVEL:
        number = np.int64(t.cells[cell].low)
        return t.object_promote[number, vector, 0], t.object_promote[number, vector, 1]
    least_bytes = t.promote[k.level, vector, 0]
    least_packets = t.promote[k.level, vector, 1]
    if k.marks & IN_OBJECTS:
        chain = t.traces[cell].chain
        for i in range(OBJECT_DEPTH_MAX):
            number = np.int64(t.chains[chain, i])
            if number < 0:
                break
            least_bytes = min(least_bytes, t.object_promote[number, vector, 0])
            least_packets = min(least_packets, t.object_promote[number, vector, 1])
    return least_bytes, least_packets


@bare_kernel
def promote(t, cell):  # type: ignore[no-untyped-def]
    """Give a heavy cell a ring, seeded with what it received; False where no ring is free."""
    s = t.state[0]
    if s.rings_used >= len(t.rings):
        s.rings_missing += 1
        return False
    ring = np.int64(t.free_rings[s.rings_used])
    s.rings_used += 1
    head = t.rings[ring]
    head.cell = np.int32(cell)
    head.newest = head.born = s.open_second
    t.extents[ring, 0], t.extents[ring, 1] = NEVER, 0
    head.evidence = s.open_second - (SECONDS - 1)
    head.touched = s.open_second
    head.used = np.uint8(1)
    clear(t.windows, ring)
    t.links[cell].ring = np.int32(ring)
    c = t.cells[cell]
    weight = max(c.bytes, 1.0)
    end_ms = s.open_second * 1000 + 999 - np.int64(c.age / weight)
    start_ms = end_ms - np.int64(c.span / weight)
    spread(
        t.told,
        t.extents,
        ring,
        s.open_second - (SECONDS - 1),
        shares(start_ms, end_ms),
        c.bytes,
        c.packets,
        np.float64(c.bytes_variance),
        np.float64(c.packets_variance),
    )
    return True


@inlined_kernel
def add(cells, cell, value, bit):  # type: ignore[no-untyped-def]
    """Add a record to one touched cell; it is rolled up from there at the close.

    `value`: (bytes, packets, bytes variance, packets variance, start ms, end ms, age ms).
    """
    c = cells[cell]
    size, packets, bytes_variance, packets_variance, start_ms, end_ms, age_ms = value
    c.bytes += size
    c.packets += packets
    c.bytes_variance += np.float32(bytes_variance)
    c.packets_variance += np.float32(packets_variance)
    c.age += size * age_ms
    c.span += size * (end_ms - start_ms)
    c.exporters |= bit


@inlined_kernel
def add_unscaled(links, traces, cell, size):  # type: ignore[no-untyped-def]
    """Note that so many of a cell's bytes are of unknown sampling."""
    traces[cell].unscaled += size
    links[cell].marks |= np.uint8(HAS_TRACE)


@bare_kernel
def add_in_objects(t, host, high, low, vector, value, bit, unscaled):  # type: ignore[no-untyped-def]
    """Spread a record in the rings of the operators' objects around its host.

    Its amounts are rolled up from the host; where that found no cell, they are added here.
    """
    s = t.state[0]
    chain = np.int64(-1)
    if host < 0:
        chain = chain_of(t.object_prefixes, high, low, 128)
    elif t.links[host].marks & IN_OBJECTS:
        chain = np.int64(t.traces[host].chain)
    if chain < 0:
        return
    for i in range(OBJECT_DEPTH_MAX):
        number = np.int64(t.chains[chain, i])
        if number < 0:
            break
        cell = object_cell(t, number, vector)
        if cell < 0:
            continue
        if host < 0:
            touch(t.links, t.touched, t.touched_count, np.uint32(s.tick), cell)
            add(t.cells, cell, value, bit)
            if unscaled:
                add_unscaled(t.links, t.traces, cell, value[0])
        ring = np.int64(t.links[cell].ring)
        if ring >= 0:
            spread(
                t.told,
                t.extents,
                ring,
                s.open_second - (SECONDS - 1),
                shares(value[4], value[5]),
                value[0],
                value[1],
                value[2],
                value[3],
            )


@inlined_kernel
def scaled(row, received_ms, open_start_ms):  # type: ignore[no-untyped-def]
    """The scaled amounts, clipped times and age of a record, as `add` takes them.

    An unknown sampling rate counts as reported. Of N packets one is seen: the variance of the
    estimated packets is N(N-1) for each seen packet, and of the bytes that times the square of its
    size. Times after the open second are moved to its end.
    """
    rate = np.float64(max(row.sampling_rate, np.uint32(1)))
    raw_bytes, raw_packets = np.float64(row.bytes), np.float64(row.packets)
    size = min(raw_bytes * rate, RECORD_BYTES_MAX)
    packets = min(raw_packets * rate, RECORD_PACKETS_MAX)
    bytes_variance = packets_variance = 0.0
    if row.sampling_rate > 1:
        spreading = rate * (rate - 1.0)
        bytes_variance = min(spreading * raw_bytes * raw_bytes / max(raw_packets, 1.0), RECORD_VARIANCE_MAX)
        packets_variance = min(spreading * raw_packets, RECORD_VARIANCE_MAX)
    last_ms = open_start_ms + 999
    end_ms = min(row.end_ms, last_ms)
    start_ms = min(row.start_ms, end_ms)
    age_ms = np.float64(max(received_ms - end_ms, 0))
    return size, packets, bytes_variance, packets_variance, start_ms, end_ms, age_ms


@inlined_kernel
def prefetch_told(told, extents, ring, row):  # type: ignore[no-untyped-def]
    """Begin to load what `spread` writes for this row."""
    begin, end = row.start_ms // 1000, row.end_ms // 1000
    prefetch_row(extents, ring)
    prefetch_column(told, ring, begin & (SECONDS - 1))
    if end != begin:
        prefetch_column(told, ring, end & (SECONDS - 1))


@bare_kernel
def count_rows(t, rows, first, received_ms):  # type: ignore[no-untyped-def]
    """Count rows (dtype FLOW) from `first`, repetitions left out; returns how many are done.

    It stops early, at a whole block, when the index must be enlarged first (`index_refill`). Each
    block is walked several times, so that the cache misses of its rows overlap: classify and hash,
    look up, climb to the nearest ring where that was not done in this second, add.
    """
    s = t.state[0]
    cells, links, traces, index, missed = t.cells, t.links, t.traces, t.slots, t.missed
    touched, touched_count = t.touched, t.touched_count
    told, extents = t.told, t.extents
    objects = len(t.object_prefixes) > 0
    port_vector, bytes_min = t.port_vector, t.bytes_min
    seed = s.seed
    mask = np.int64(len(index) - 1)
    index_room = len(index) * 2 // 3 - 6 * BLOCK_ROWS
    open_start_ms = s.open_second * 1000
    oldest = s.open_second - (SECONDS - 1)
    inbound = t.inbound
    last_exporter, no_vector = np.int64(inbound.shape[0] - 1), np.int64(inbound.shape[1] - 1)
    hashes, codes, spots, nearest, climbers = t.hashes, t.codes, t.spots, t.nearest, t.climbers
    tick, tick_end = np.uint32(s.tick), np.uint16(s.tick)
    total_bytes = total_packets = 0.0
    repeated = 0
    at = first
    while at < len(rows):
        if s.used > index_room:
            break
        block = min(BLOCK_ROWS, len(rows) - at)
        for i in range(block):
            row = rows[at + i]
            code = vector_of(row, port_vector, bytes_min)
            codes[i] = code
            level = V4_HOST if row.family == 4 else V6_HOST
            hashes[i] = hash_key(row.dst_high, row.dst_low, level, code, seed)
            prefetch(index, np.int64(hashes[i]) & mask)
        climbing = 0
        for i in range(block):
            row = rows[at + i]
            level = V4_HOST if row.family == 4 else V6_HOST
            spot = candidate(index, np.int64(hashes[i]) & mask, hashes[i], level, codes[i])
            spots[i] = spot
            if spot < 0:
                continue
            slot = index[spot]
            cell = np.int64(slot.cell) - 1
            prefetch(cells, cell)
            if slot.tick == tick_end:
                nearest[i] = slot.ring
                if slot.ring >= 0:
                    prefetch_told(told, extents, np.int64(slot.ring), row)
            else:
                prefetch(links, cell)
                nearest[i] = cell
                climbers[climbing] = i
                climbing += 1
        # For all that must climb, one level at a time.
        while climbing:
            still = 0
            for n in range(climbing):
                climber = np.int64(climbers[n])
                k = links[nearest[climber]]
                if k.ring >= 0:
                    nearest[climber] = k.ring
                    prefetch_told(told, extents, np.int64(k.ring), rows[at + climber])
                elif k.parent >= 0:
                    nearest[climber] = k.parent
                    prefetch(links, nearest[climber])
                    climbers[still] = climber
                    still += 1
                else:
                    nearest[climber] = -1
            climbing = still
        for i in range(block):
            row = rows[at + i]
            if codes[i] == NONE and row.direction == REPETITION:
                repeated += 1
                continue
            value = scaled(row, received_ms, open_start_ms)
            total_bytes += value[0]
            total_packets += value[1]
            code = np.int64(codes[i])
            here = inbound[min(np.int64(row.exporter), last_exporter), min(code, no_vector)]
            here[0] += value[0]
            here[1] += value[1]
            here[2] += value[2]
            here[3] += value[3]
            if row.sampling_rate == 0:
                here[4] += value[0]
            if code == NONE:
                continue
            level = V4_HOST if row.family == 4 else V6_HOST
            high, low = row.dst_high, row.dst_low
            cell = parent = ring = np.int64(-1)
            # Rows before this one may have moved or replaced what was looked up.
            spot = spots[i]
            if spot >= 0 and candidate(index, spot, hashes[i], level, code) == spot:
                cell = np.int64(index[spot].cell) - 1
                if cells[cell].low == low and cells[cell].high == high:
                    ring = nearest[i]
                else:
                    cell = np.int64(-1)
            if cell < 0:
                spot = find(cells, index, hashes[i], high, low, level, code)
                if spot >= 0:
                    cell = np.int64(index[spot].cell) - 1
                else:
                    cell, parent = locate(t, hashes[i], high, low, level, code)
                ring = nearest_ring(links, cell if cell >= 0 else parent)
            bit = np.uint64(1) << np.uint64(min(row.exporter, np.uint32(63)))
            around = cell if cell >= 0 else parent
            if around >= 0:
                if spot < 0 or index[spot].tick != tick_end:
                    touch(links, touched, touched_count, tick, around)
                    if spot >= 0:
                        index[spot].tick, index[spot].ring = tick_end, np.int32(ring)
                add(cells, around, value, bit)
                if row.sampling_rate == 0:
                    add_unscaled(links, traces, around, value[0])
                if ring >= 0:
                    spread(
                        told,
                        extents,
                        ring,
                        oldest,
                        shares(value[4], value[5]),
                        value[0],
                        value[1],
                        value[2],
                        value[3],
                    )
            if value[4] < oldest * 1000:
                s.clipped += 1
            if objects:
                add_in_objects(t, cell, high, low, code, value, bit, row.sampling_rate == 0)
            if cell < 0:
                s.untracked += 1
                missed[np.int64(hashes[i] >> np.uint64(16))] += value[0]
        at += block
    s.records += at - first - repeated
    s.bytes += total_bytes
    s.packets += total_packets
    return at
