"""Which way exporters look at packets: a packet told on its way in and on its way out is counted once.

Rules, for one exporter (one row of the exporter table):

1. A record of direction INGRESS says that the exporter tells what comes in on the record's input interface,
   for its family: some routers export IPv4 on the way in and IPv6 on the way out. It holds for
   INGRESS_MEMORY_MS after the last such record, and no longer than until the exporter restarts.
2. A record of direction EGRESS is a repetition exactly if rule 1 holds for its own input interface and
   family, by records before it. It then becomes REPETITION: read and counted under `repeated`, but no part
   of any rate. So an exporter that samples some interfaces on the way in and others on the way out loses
   nothing.
3. Interface 0 is none: such a record teaches nothing and is no repetition.
4. The table is exact and bounded. An interface that finds no room, also after those silent for
   INGRESS_MEMORY_MS have been forgotten, makes no repetition: its packets may be counted twice, which is
   seen, and never not at all, which would not be. It is counted as refused.

The same table holds the running total of packets that each sFlow data source could not sample:

5. The first total heard of a source is where counting begins. A total that fell began anew, by a restart,
   or passed 2**32 where both ends are near it.
"""

import numpy as np

from tidegate.kernels.exporters import MIX
from tidegate.kernels.jit import bare_kernel, inlined_kernel
from tidegate.kernels.reasons import INTERFACES_FULL

NOT_TOLD, INGRESS, EGRESS, REPETITION = 0, 1, 2, 3

INGRESS_MEMORY_MS = 300_000
"""An interface of which no ingress record was heard for this long makes no repetitions."""

INTERFACES_MAX = 65_536
"""Interfaces (and other sFlow data sources) of all exporters that are remembered at once."""

INTERFACES_PER_EXPORTER_MAX = 4_096
"""The same for one exporter, so that one that invents interfaces leaves room to the others."""

INTERFACE_SLOTS_BITS = 17
INTERFACE_SLOTS = 1 << INTERFACE_SLOTS_BITS
"""Slots of the table, twice INTERFACES_MAX, so that probes stay short."""

SWEEP_EVERY_MS = 10_000
"""When room is wanting, the whole table is searched for silent interfaces at most this often."""

DROPS_WRAP = 1 << 24
"""A total of drops that fell has passed 2**32 where it was, and is, this near to it."""

INTERFACE = np.dtype(
    [
        ("key", np.uint64),  # (exporter row + 1) << 40 | kind of source << 32 | index; 0 = free
        ("ingress4_ms", np.int64),  # last record of direction INGRESS with IPv4, 0 = none
        ("ingress6_ms", np.int64),
        ("drops_ms", np.int64),  # when the total of drops was last told, 0 = never
        ("drops", np.uint32),
    ],
    align=True,
)
"""What one exporter told of one interface."""


@inlined_kernel
def interface_key(row, kind, index):  # type: ignore[no-untyped-def]
    """The key of an exporter's interface (`kind` 0) or other sFlow data source (1 to 255)."""
    return np.uint64((np.int64(row) + 1) << 40 | (np.int64(kind) & 0xFF) << 32 | np.int64(index))


@inlined_kernel
def home_of(key):  # type: ignore[no-untyped-def]
    """The slot at which the search for a key begins: the highest bits of a product (Knuth, TAOCP 6.4)."""
    return np.int64((key * MIX) >> np.uint64(64 - INTERFACE_SLOTS_BITS))


@inlined_kernel
def interface_slot(interfaces, key):  # type: ignore[no-untyped-def]
    """The slot of this key, or the empty one where it would be put."""
    slot = home_of(key)
    while interfaces[slot].key != key and interfaces[slot].key != np.uint64(0):
        slot = (slot + 1) & (INTERFACE_SLOTS - 1)
    return slot


@bare_kernel
def free_slot(interfaces, slot):  # type: ignore[no-untyped-def]
    """Empty a slot, and move up what was put behind it for want of it, so that searches still find it."""
    mask = INTERFACE_SLOTS - 1
    hole = slot
    at = (slot + 1) & mask
    while interfaces[at].key != np.uint64(0):
        home = home_of(interfaces[at].key)
        if (at - home) & mask >= (at - hole) & mask:
            interfaces[hole].key = interfaces[at].key
            interfaces[hole].ingress4_ms = interfaces[at].ingress4_ms
            interfaces[hole].ingress6_ms = interfaces[at].ingress6_ms
            interfaces[hole].drops_ms = interfaces[at].drops_ms
            interfaces[hole].drops = interfaces[at].drops
            hole = at
        at = (at + 1) & mask
    interfaces[hole].key = np.uint64(0)


@bare_kernel
def forget_silent(interfaces, states, used, received_ms):  # type: ignore[no-untyped-def]
    """Free every interface that was not heard for INGRESS_MEMORY_MS; returns how many are left of `used`."""
    at = 0
    while at < INTERFACE_SLOTS:
        entry = interfaces[at]
        heard_ms = max(entry.ingress4_ms, entry.ingress6_ms, entry.drops_ms)
        if entry.key != np.uint64(0) and received_ms - heard_ms >= INGRESS_MEMORY_MS:
            states[np.int64(entry.key >> np.uint64(40)) - 1].told_interfaces -= np.uint32(1)
            free_slot(interfaces, at)
            used -= 1
        else:
            at += 1
    return used


@bare_kernel
def remember(interfaces, remembered, states, row, key, received_ms):  # type: ignore[no-untyped-def]
    """The slot for a key that is not there yet; -1 where there is no room (rule 4).

    `remembered` int64 (2,): how many interfaces are in the table, and when it was last swept.
    """
    if remembered[0] >= INTERFACES_MAX or states[row].told_interfaces >= INTERFACES_PER_EXPORTER_MAX:
        if 0 <= received_ms - remembered[1] < SWEEP_EVERY_MS:
            return np.int64(-1)
        remembered[1] = received_ms
        remembered[0] = forget_silent(interfaces, states, remembered[0], received_ms)
        if remembered[0] >= INTERFACES_MAX or states[row].told_interfaces >= INTERFACES_PER_EXPORTER_MAX:
            return np.int64(-1)
    slot = interface_slot(interfaces, key)
    interfaces[slot].key = key
    interfaces[slot].ingress4_ms = 0
    interfaces[slot].ingress6_ms = 0
    interfaces[slot].drops_ms = 0
    remembered[0] += 1
    states[row].told_interfaces += np.uint32(1)
    return slot


@inlined_kernel
def mark_repetitions(  # type: ignore[no-untyped-def]
    interfaces, remembered, exporters, states, refused, row, received_ms, rows, before, used
):
    """Rules 1 to 4 for the rows [before, used) of one datagram of exporter `row`, in their order."""
    since_ms = max(states[row].restarted_ms, received_ms - INGRESS_MEMORY_MS + 1)
    # The last that was told: neighbours are often of one interface.
    told_if, told_family = np.uint32(0), np.uint8(0)
    for i in range(before, used):
        direction = rows[i].direction
        if direction == NOT_TOLD or rows[i].input_if == np.uint32(0):
            continue
        if direction == INGRESS and rows[i].input_if == told_if and rows[i].family == told_family:
            continue
        key = interface_key(row, 0, rows[i].input_if)
        slot = interface_slot(interfaces, key)
        known = interfaces[slot].key == key
        if direction == INGRESS:
            if not known:
                slot = remember(interfaces, remembered, states, row, key, received_ms)
            if slot < 0:
                refused[row, INTERFACES_FULL] += np.uint64(1)
            elif rows[i].family == 6:
                interfaces[slot].ingress6_ms = received_ms
            else:
                interfaces[slot].ingress4_ms = received_ms
            told_if, told_family = rows[i].input_if, rows[i].family
        elif known:
            heard_ms = interfaces[slot].ingress6_ms if rows[i].family == 6 else interfaces[slot].ingress4_ms
            if heard_ms != 0 and heard_ms >= since_ms:
                rows[i].direction = REPETITION
                exporters[row].repeated += np.uint64(1)


@inlined_kernel
def drops_grown(last, total):  # type: ignore[no-untyped-def]
    """How far a running total of 32 bits has come since it was `last` (rule 5)."""
    if total >= last:
        return total - last
    if last >= 0x1_0000_0000 - DROPS_WRAP and total < DROPS_WRAP:
        return total + 0x1_0000_0000 - last
    return total


@inlined_kernel
def note_drops(  # type: ignore[no-untyped-def]
    interfaces, remembered, exporters, states, refused, row, received_ms, kind, index, total
):
    """Rule 5: one sFlow data source's running total of packets that it could not sample."""
    key = interface_key(row, kind, index)
    slot = interface_slot(interfaces, key)
    if interfaces[slot].key != key:
        slot = remember(interfaces, remembered, states, row, key, received_ms)
    if slot < 0:
        refused[row, INTERFACES_FULL] += np.uint64(1)
    else:
        if interfaces[slot].drops_ms != 0:
            grown = drops_grown(np.int64(interfaces[slot].drops), np.int64(total))
            exporters[row].sample_drops += np.uint64(grown)
        interfaces[slot].drops = total
        interfaces[slot].drops_ms = received_ms
