"""Counting flows by destination prefix and vector: a table of cells, one cache line each, and their roll-up.

A cell holds what was received in the open second. Host cells know the cell of their parent prefix, so
that rolling up needs no hashing. A cell that grows heavy gets a ring of seconds
(tidegate.kernels.windows).

Flows that begin and end in the open second are *fresh*: they touch the host's cell only. Longer or older
flows are *aged*: they touch the host's cell and trace, and are spread over their own start to end in one
ring, the host's or else that of the nearest wider prefix which has one. At the close, the sums of cells
and traces are rolled up, and what each ring was told is added to the next wider one. A cell that has
become heavy gets its ring at the close; what it had of aged traffic until then is spread over the mean
start to the mean end of that.
"""

import numpy as np

from tidegate.kernels.cells import (
    BLOCK_ROWS,
    LINK_OBJECTS,
    LINK_TRACE,
    OBJECT_DEPTH_MAX,
    OBJECT_LEVEL,
    V4_HOST,
    V6_HOST,
    chain_of,
    find,
    hash_key,
    locate,
    nearest_ring,
    object_cell,
    touch,
)
from tidegate.kernels.classify import NONE, vector_of
from tidegate.kernels.directions import REPETITION
from tidegate.kernels.jit import bare_kernel, inlined_kernel
from tidegate.kernels.prefetch import prefetch, prefetch_column
from tidegate.kernels.windows import NEVER, SECONDS, clear, shares, spread

RECORD_BYTES_MAX = 1e15
RECORD_PACKETS_MAX = 1e13
RECORD_VARIANCE_MAX = 1e28
"""A record that claims more than these (after scaling) is counted as these: no link carries it."""


@inlined_kernel
def promote_floor(cells, traces, floors, object_floors, chains, cell):  # type: ignore[no-untyped-def]
    """(bytes, packets) in a second from which a cell is heavy; inside objects, the lowest of theirs."""
    c = cells[cell]
    vector = np.int64(c.vector)
    if c.level == OBJECT_LEVEL:
        number = np.int64(c.low)
        return object_floors[number, vector, 0], object_floors[number, vector, 1]
    least_bytes = floors[c.level, vector, 0]
    least_packets = floors[c.level, vector, 1]
    if c.links & LINK_OBJECTS:
        chain = traces[cell].chain
        for i in range(OBJECT_DEPTH_MAX):
            number = np.int64(chains[chain, i])
            if number < 0:
                break
            least_bytes = min(least_bytes, object_floors[number, vector, 0])
            least_packets = min(least_packets, object_floors[number, vector, 1])
    return least_bytes, least_packets


@bare_kernel
def promote(t, cell):  # type: ignore[no-untyped-def]
    """Give a heavy cell a ring, seeded with the aged traffic that it had; False where no ring is free."""
    s = t.state[0]
    if s.rings_used >= len(t.rings):
        s.rings_missing += 1
        return False
    ring = np.int64(t.free_rings[s.rings_used])
    s.rings_used += 1
    head = t.rings[ring]
    head.cell = np.int32(cell)
    head.newest = head.born = s.open_second
    head.told_first = NEVER
    head.told_last = 0
    head.evidence = s.open_second - (SECONDS - 1)
    head.touched = s.open_second
    head.used = np.uint8(1)
    clear(t.windows, ring)
    c, r = t.cells[cell], t.traces[cell]
    c.ring = np.int32(ring)
    if c.links & LINK_TRACE and r.settled_packets > 0:
        last_ms = s.open_second * 1000 + 999
        weight = max(r.settled_bytes, 1.0)
        end_ms = last_ms - np.int64(r.age / weight)
        start_ms = end_ms - np.int64(r.span / weight)
        spread(
            t.told,
            head,
            ring,
            s.open_second - (SECONDS - 1),
            shares(start_ms, end_ms),
            r.settled_bytes,
            r.settled_packets,
            np.float64(r.settled_bytes_variance),
            np.float64(r.settled_packets_variance),
        )
    return True


@inlined_kernel
def settle(cells, traces, cell, value, bit):  # type: ignore[no-untyped-def]
    """Add an aged record to one touched cell; it is rolled up from there at the close.

    `value`: (bytes, packets, bytes variance, packets variance, start ms, end ms, age ms, unscaled bytes).
    """
    c, r = cells[cell], traces[cell]
    size, packets, bytes_variance, packets_variance, start_ms, end_ms, age_ms, unscaled = value
    c.links |= np.uint8(LINK_TRACE)
    c.exporters |= bit
    r.settled_bytes += size
    r.settled_packets += packets
    r.settled_bytes_variance += np.float32(bytes_variance)
    r.settled_packets_variance += np.float32(packets_variance)
    r.age += size * age_ms
    r.span += size * (end_ms - start_ms)
    r.unscaled += unscaled


@bare_kernel
def settle_in_objects(t, host, high, low, vector, value, bit):  # type: ignore[no-untyped-def]
    """Add an aged record to the rings of the operators' objects around its host.

    Its amounts are rolled up from the host; where that found no cell, they are added here.
    """
    s = t.state[0]
    chain = np.int64(-1)
    if host < 0:
        chain = chain_of(t.object_prefixes, high, low, 128)
    elif t.cells[host].links & LINK_OBJECTS:
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
            touch(t.cells, t.touched, t.touched_count, np.uint32(s.tick), cell)
            settle(t.cells, t.traces, cell, value, bit)
        ring = np.int64(t.cells[cell].ring)
        if ring >= 0:
            spread(
                t.told,
                t.rings[ring],
                ring,
                s.open_second - (SECONDS - 1),
                shares(value[4], value[5]),
                value[0],
                value[1],
                value[2],
                value[3],
            )


@bare_kernel
def add_value(t, cell, value, bit):  # type: ignore[no-untyped-def]
    """Add a fresh record to one cell; it is rolled up from there at the close."""
    touch(t.cells, t.touched, t.touched_count, np.uint32(t.state[0].tick), cell)
    c = t.cells[cell]
    size, packets, bytes_variance, packets_variance, _, _, _, unscaled = value
    c.bytes += size
    c.packets += packets
    c.bytes_variance += np.float32(bytes_variance)
    c.packets_variance += np.float32(packets_variance)
    c.exporters |= bit
    if unscaled > 0:
        t.traces[cell].unscaled += unscaled
        c.links |= np.uint8(LINK_TRACE)


@bare_kernel
def add_untracked(t, parent, high, low, vector, value, bit):  # type: ignore[no-untyped-def]
    """Add a fresh record whose host found no cell to its nearest prefix and its objects."""
    if parent >= 0:
        add_value(t, parent, value, bit)
    if len(t.object_prefixes) == 0:
        return
    chain = chain_of(t.object_prefixes, high, low, 128)
    if chain >= 0:
        for i in range(OBJECT_DEPTH_MAX):
            number = np.int64(t.chains[chain, i])
            if number < 0:
                break
            around = object_cell(t, number, vector)
            if around >= 0:
                add_value(t, around, value, bit)


@inlined_kernel
def scaled(row, received_ms, open_start_ms):  # type: ignore[no-untyped-def]
    """The scaled amounts, clipped times and age of a record, as `settle` takes them.

    An unknown sampling rate counts as reported and is marked unscaled. Of N packets one is seen: the
    variance of the estimated packets is N(N-1) for each seen packet, and of the bytes that times the
    square of its size. Times after the open second are moved to its end.
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
    unscaled = size if row.sampling_rate == 0 else 0.0
    return size, packets, bytes_variance, packets_variance, start_ms, end_ms, age_ms, unscaled


@bare_kernel
def count_rows(t, rows, first, received_ms):  # type: ignore[no-untyped-def]
    """Count rows (dtype FLOW) from `first`, repetitions left out; returns how many are done.

    It stops early, at a whole block, when the index must be enlarged first (`index_refill`). Each
    block is walked several times, so that the cache misses of its rows overlap: classify and hash,
    look up, climb to the nearest ring, add.
    """
    s = t.state[0]
    cells, traces, index, missed = t.cells, t.traces, t.slots, t.missed
    touched, touched_count = t.touched, t.touched_count
    rings, told = t.rings, t.told
    objects = len(t.object_prefixes) > 0
    port_vector, bytes_min = t.port_vector, t.bytes_min
    seed = s.seed
    mask = np.int64(len(index) - 1)
    index_room = len(index) * 2 // 3 - 6 * BLOCK_ROWS
    open_start_ms = s.open_second * 1000
    oldest = s.open_second - (SECONDS - 1)
    hashes, codes, guesses, nearest, climbers = t.hashes, t.codes, t.guesses, t.nearest, t.climbers
    tick = np.uint32(s.tick)
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
        for i in range(block):
            spot = np.int64(hashes[i]) & mask
            guesses[i] = -1
            while index[spot] != 0:
                if index[spot] >> np.uint64(32) == hashes[i]:
                    guesses[i] = np.int64(index[spot] & np.uint64(0xFFFFFFFF)) - 1
                    prefetch(cells, guesses[i])
                    if rows[at + i].start_ms < open_start_ms:
                        prefetch(traces, guesses[i])
                    break
                spot = (spot + 1) & mask
        # The nearest ring of each aged row's guess, for all of them one level at a time.
        climbing = 0
        for i in range(block):
            nearest[i] = -1
            if guesses[i] >= 0 and min(rows[at + i].start_ms, rows[at + i].end_ms) < open_start_ms:
                nearest[i] = guesses[i]
                climbers[climbing] = i
                climbing += 1
        while climbing:
            still = 0
            for n in range(climbing):
                climber = np.int64(climbers[n])
                c = cells[nearest[climber]]
                if c.ring >= 0:
                    nearest[climber] = c.ring
                    row = rows[at + climber]
                    begin, end = row.start_ms // 1000, row.end_ms // 1000
                    prefetch_column(told, nearest[climber], begin & (SECONDS - 1))
                    prefetch_column(told, nearest[climber], end & (SECONDS - 1))
                    if end > begin + 1:
                        prefetch_column(told, nearest[climber], (begin + 1) & (SECONDS - 1))
                elif c.parent >= 0:
                    nearest[climber] = c.parent
                    prefetch(cells, nearest[climber])
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
            if code == NONE:
                continue
            level = V4_HOST if row.family == 4 else V6_HOST
            high, low = row.dst_high, row.dst_low
            cell = guesses[i]
            parent = np.int64(-1)
            known = False
            if cell >= 0:
                c = cells[cell]
                known = c.low == low and c.high == high and c.vector == code and c.level == level
            if not known:
                nearest[i] = -1
                cell = find(cells, index, hashes[i], high, low, level, code)
                if cell < 0:
                    cell, parent = locate(t, hashes[i], high, low, level, code)
            bit = np.uint64(1) << np.uint64(min(row.exporter, np.uint32(63)))
            if value[4] < open_start_ms:
                around = cell if cell >= 0 else parent
                if around >= 0:
                    touch(cells, touched, touched_count, tick, around)
                    settle(cells, traces, around, value, bit)
                    ring = nearest[i] if known else nearest_ring(cells, around)
                    if ring >= 0:
                        spread(
                            told,
                            rings[ring],
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
                    settle_in_objects(t, cell, high, low, code, value, bit)
            elif cell >= 0:
                c = cells[cell]
                touch(cells, touched, touched_count, tick, cell)
                c.bytes += value[0]
                c.packets += value[1]
                if row.sampling_rate != 1:
                    c.bytes_variance += np.float32(value[2])
                    c.packets_variance += np.float32(value[3])
                    if value[7] > 0:
                        traces[cell].unscaled += value[7]
                        c.links |= np.uint8(LINK_TRACE)
                c.exporters |= bit
            else:
                add_untracked(t, parent, high, low, code, value, bit)
            if cell < 0:
                s.untracked += 1
                missed[np.int64(hashes[i] >> np.uint64(16))] += value[0]
        at += block
    s.records += at - first - repeated
    s.bytes += total_bytes
    s.packets += total_packets
    return at
