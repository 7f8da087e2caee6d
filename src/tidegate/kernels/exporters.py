"""The exporter table in kernels: who may join it, and what datagrams tell of sequence, clock and age."""

import numpy as np

from tidegate.kernels.jit import bare_kernel
from tidegate.kernels.reasons import EXPORTER_TABLE_FULL

NETFLOW5, NETFLOW9, IPFIX, SFLOW5 = 5, 9, 10, 11

EXPORTER_INDEX_SLOTS = 16384
"""Slots of the exporter index, a power of two and four times the table, so that probes stay short."""

LOST_MAX = 1 << 22
"""A gap in sequence numbers above this is a restart of the numbering, not a loss."""

REORDERED_MAX = 64
"""Datagrams that may come this late and still count as reordered rather than as a restart."""

UNITS_PER_DATAGRAM = 32
"""Flows that one datagram typically holds: turns REORDERED_MAX into flows for NetFlow v5 and IPFIX."""

UPTIME_SLACK_MS = 120_000
"""How far an exporter's uptime may run ahead of our clock, or back by reordering, before it is a restart."""

WINDOW_MS = 60_000
"""Clock skew and the longest age are those of the current and the previous window of this length."""

SKEW_UNKNOWN = 1 << 62

STATE = np.dtype(
    [
        # Sampling, written by the guardian (tidegate.wire.sampling); 0 = unknown everywhere.
        ("override_rate", np.uint32),  # the operator's word
        ("default_rate", np.uint32),  # announced for the whole domain
        ("common_rate", np.uint32),  # the one rate on which all its announced samplers agree
        ("samplers", np.uint32),  # announced sampler ids
        ("interfaces", np.uint32),  # announced interfaces
        ("header_rate", np.uint32),  # last rate in a NetFlow v5 header
        ("everywhere", np.int32),  # row of the same exporter's domain 0, or -1
        # Learning: how much of this second's allowance is used.
        ("learned_second", np.int64),
        ("learned", np.int64),
        # The sender last found allowed: an sFlow agent's name is in the datagram, where anyone can write it.
        ("sender_high", np.uint64),
        ("sender_low", np.uint64),
        # Directions, see tidegate.kernels.directions.
        ("told_interfaces", np.uint32),  # of this exporter in the table of interfaces
        ("restarted_ms", np.int64),  # receive time of its last restart, 0 = none
        # Clocks.
        ("system_init_ms", np.int64),  # exporter's clock when its uptime was zero (IE 160); 0 = not told
        ("window_start_ms", np.int64),
        ("skew_ms", np.int64),
        ("skew_before_ms", np.int64),
        ("age_max_ms", np.int64),
        ("age_max_before_ms", np.int64),
    ],
    align=True,
)
"""What the kernels remember of an exporter beside its public row; row numbers are the same."""

MIX = np.uint64(0x9E37_79B9_7F4A_7C15)


@bare_kernel
def mixed(word):  # type: ignore[no-untyped-def]
    """A uint64 stirred so that its low bits depend on all of it (the finalizer of SplitMix64)."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
    return word ^ (word >> np.uint64(31))


@bare_kernel
def exporter_slot(index, exporters, high, low, domain, protocol):  # type: ignore[no-untyped-def]
    """The slot of this exporter in `index` (int32, row + 1 or 0): its own, or an empty one."""
    word = mixed(high * MIX + low)
    word = mixed(word ^ (np.uint64(domain) << np.uint64(8)) ^ np.uint64(protocol))
    mask = np.int64(index.shape[0] - 1)
    slot = np.int64(word & np.uint64(0x7FFF_FFFF)) & mask
    while index[slot] != 0:
        row = np.int64(index[slot]) - 1
        if (
            exporters[row].address_low == low
            and exporters[row].address_high == high
            and np.int64(exporters[row].domain) == domain
            and np.int64(exporters[row].protocol) == protocol
        ):
            return slot
        slot = (slot + 1) & mask
    return slot


@bare_kernel
def find_exporter(index, exporters, high, low, domain, protocol):  # type: ignore[no-untyped-def]
    """The exporter's row, or -1."""
    return np.int64(index[exporter_slot(index, exporters, high, low, domain, protocol)]) - 1


@bare_kernel
def first_match(prefixes, high, low):  # type: ignore[no-untyped-def]
    """The first of `prefixes` (uint64 (n, 4): high, low, mask high, mask low) holding the address, or -1."""
    for i in range(prefixes.shape[0]):
        if (high & prefixes[i, 2]) == prefixes[i, 0] and (low & prefixes[i, 3]) == prefixes[i, 1]:
            return i
    return -1


@bare_kernel
def add_exporter(  # type: ignore[no-untyped-def]
    index, exporters, states, table, overrides, override_rates, high, low, domain, protocol
):
    """A new row for an exporter that has none, with its override of sampling; -EXPORTER_TABLE_FULL if full.

    `table[0]` is the number of rows in use.
    """
    row = table[0]
    if row >= exporters.shape[0]:
        return -EXPORTER_TABLE_FULL
    slot = exporter_slot(index, exporters, high, low, domain, protocol)
    exporters[row].address_high = high
    exporters[row].address_low = low
    exporters[row].domain = domain
    exporters[row].protocol = protocol
    states[row].skew_ms = SKEW_UNKNOWN
    states[row].skew_before_ms = SKEW_UNKNOWN
    told = first_match(overrides, high, low)
    if told >= 0:
        states[row].override_rate = override_rates[told]
    index[slot] = row + 1
    table[0] = row + 1
    states[row].everywhere = -1
    if domain != 0:
        states[row].everywhere = find_exporter(index, exporters, high, low, 0, protocol)
    else:
        for other in range(row):
            if (
                exporters[other].address_low == low
                and exporters[other].address_high == high
                and np.int64(exporters[other].protocol) == protocol
            ):
                states[other].everywhere = row
    return row


@bare_kernel
def sender_allowed(states, row, allowed, high, low):  # type: ignore[no-untyped-def]
    """Whether a datagram from this address may speak for the exporter in `row`, or for a new one (-1)."""
    if allowed.shape[0] == 0:
        return True
    if row >= 0 and states[row].sender_low == low and states[row].sender_high == high:
        return True
    if first_match(allowed, high, low) < 0:
        return False
    if row >= 0:
        states[row].sender_high = high
        states[row].sender_low = low
    return True


@bare_kernel
def note_uptime(exporters, row, uptime_ms, received_ms):  # type: ignore[no-untyped-def]
    """Remember sysUptime; a value that did not grow with our clock (modulo 2**32) is a restart."""
    if exporters[row].datagrams > np.uint64(0):
        elapsed = received_ms - exporters[row].last_received_ms
        grown = (uptime_ms - np.int64(exporters[row].uptime_ms)) & 0xFFFF_FFFF
        ran_ahead = grown - max(elapsed, 0) > UPTIME_SLACK_MS
        went_back_a_little = grown > 0xFFFF_FFFF - UPTIME_SLACK_MS
        if went_back_a_little:
            return
        if ran_ahead and uptime_ms < np.int64(exporters[row].uptime_ms):
            exporters[row].restarts += np.uint64(1)
            exporters[row].sequence_known = 0
    exporters[row].uptime_ms = uptime_ms


@bare_kernel
def note_sequence(exporters, row, sequence, units, window):  # type: ignore[no-untyped-def]
    """Compare a sequence number with the one expected: lost, reordered or begun again, in the format's units.

    `units` is what this datagram adds to the next number; `window` how far behind is still reordering.
    """
    following = (sequence + units) & 0xFFFF_FFFF
    if exporters[row].sequence_known == 0:
        exporters[row].sequence_known = 1
        exporters[row].next_sequence = following
        return
    gap = (sequence - np.int64(exporters[row].next_sequence)) & 0xFFFF_FFFF
    if gap > 0xFFFF_FFFF - window:
        exporters[row].reordered += np.uint64(1)
        exporters[row].lost -= min(exporters[row].lost, np.uint64(units))
        return
    if gap <= LOST_MAX:
        exporters[row].lost += np.uint64(gap)
    else:
        exporters[row].restarts += np.uint64(1)
    exporters[row].next_sequence = following


@bare_kernel
def turn_window(exporters, states, row, received_ms):  # type: ignore[no-untyped-def]
    """Begin a new window of skew and age where the old one is over."""
    if received_ms - states[row].window_start_ms < WINDOW_MS:
        return
    states[row].window_start_ms = received_ms
    states[row].skew_before_ms = states[row].skew_ms
    states[row].skew_ms = SKEW_UNKNOWN
    states[row].age_max_before_ms = states[row].age_max_ms
    states[row].age_max_ms = 0


@bare_kernel
def note_clock(exporters, states, row, export_ms, received_ms):  # type: ignore[no-untyped-def]
    """Measure the exporter's clock against ours; the smallest difference is the one least delayed."""
    skew = export_ms - received_ms
    if abs(skew) < abs(states[row].skew_ms):
        states[row].skew_ms = skew
    best = states[row].skew_ms
    if abs(states[row].skew_before_ms) < abs(best):
        best = states[row].skew_before_ms
    exporters[row].skew_ms = best


@bare_kernel
def note_rows(exporters, states, row, received_ms, rows, before, used):  # type: ignore[no-untyped-def]
    """Age and sampling of the rows [before, used) of one datagram; an operator's override is set here."""
    if used == before:
        return
    told = states[row].override_rate
    unknown = 0
    age = np.int64(0)
    oldest = np.int64(0)
    for i in range(before, used):
        if told != 0:
            rows[i].sampling_rate = told
        if rows[i].sampling_rate == 0:
            unknown += 1
        age += received_ms - rows[i].end_ms
        oldest = max(oldest, received_ms - rows[i].start_ms)
    exporters[row].unknown_sampling += np.uint64(unknown)
    exporters[row].sampling_rate = rows[used - 1].sampling_rate
    age //= used - before
    if exporters[row].records == np.uint64(used - before):
        exporters[row].age_ms = age
    else:
        exporters[row].age_ms += (age - exporters[row].age_ms) // 16
    states[row].age_max_ms = max(states[row].age_max_ms, oldest)
    exporters[row].age_max_ms = max(states[row].age_max_ms, states[row].age_max_before_ms)
