"""Token buckets over packets of several streams, in the order in which they pass."""

import numpy as np

from tidegate.kernels.jit import bare_kernel

STREAM = np.dtype(
    [
        ("base", np.int64),  # where the stream's packets begin in `rule_of` and `lengths`
        ("size", np.int64),  # after so many packets the stream begins again
        ("first", np.int64),  # number of the first packet that passes now
        ("last", np.int64),  # and of the one after the last
        ("out", np.int64),  # where its marks begin in `kept`
    ],
    align=True,
)
"""Packets of one stream that pass between two moments."""

POLICER = np.dtype(
    [
        ("bytes_per_s", np.float64),
        ("burst_bytes", np.float64),  # what the bucket holds when it is full
        ("tokens", np.float64),
        ("filled_s", np.float64),  # when the bucket was last filled
        ("matched_packets", np.int64),
        ("matched_bytes", np.int64),
        ("kept_packets", np.int64),
        ("kept_bytes", np.int64),
    ],
    align=True,
)
"""One rule's bucket and its counters; a rate of 0 keeps nothing."""

PASSES = -1
"""In `rule_of`: no rule matches the packet."""


MULTIPLIER, INCREMENT = 6364136223846793005, 1442695040888963407
"""Knuth's linear congruential generator over 64 bits; its upper half is used."""


@bare_kernel
def drawn_stream(streams, done, left, chance):  # type: ignore[no-untyped-def]
    """A stream, each with chance in proportion to its packets that are still to come; `left` of all."""
    chance[0] = chance[0] * np.uint64(MULTIPLIER) + np.uint64(INCREMENT)
    ticket = np.int64((chance[0] >> np.uint64(33)) * np.uint64(left) >> np.uint64(31))
    for stream in range(len(streams)):
        ticket -= streams[stream].last - streams[stream].first - done[stream]
        if ticket < 0:
            return stream
    return len(streams) - 1


@bare_kernel
def let_through(policer, packet_bytes, at_s):  # type: ignore[no-untyped-def]
    """Whether the bucket has tokens for a packet at `at_s`; it is filled, emptied and counted."""
    policer.matched_packets += 1
    policer.matched_bytes += packet_bytes
    filled = policer.tokens + (at_s - policer.filled_s) * policer.bytes_per_s
    policer.tokens = min(filled, policer.burst_bytes)
    policer.filled_s = at_s
    if policer.bytes_per_s <= 0 or packet_bytes > policer.tokens:
        return False
    policer.tokens -= packet_bytes
    policer.kept_packets += 1
    policer.kept_bytes += packet_bytes
    return True


@bare_kernel
def police(rule_of, lengths, streams, policers, from_s, until_s, done, chance, kept):  # type: ignore[no-untyped-def]
    """Mark in `kept` (uint8) which packets of all `streams` (dtype STREAM) pass between two moments.

    `rule_of` int16 and `lengths` int64 tell of each packet of each stream which rule matches it (a place
    in `policers`, dtype POLICER, or PASSES) and its IP bytes. All packets are evenly spaced, and which
    stream each is of is drawn by `chance` (uint64, (1,)): streams in step would share no bucket fairly.
    `done` int64, zeros, one a stream, is room to work in.
    """
    total = np.int64(0)
    for stream in range(len(streams)):
        total += streams[stream].last - streams[stream].first
    for number in range(total):
        stream = drawn_stream(streams, done, total - number, chance)
        row = streams[stream]
        packet = row.base + (row.first + done[stream]) % row.size
        rule = rule_of[packet]
        through = True
        if rule >= 0:
            at_s = from_s + (number + 0.5) / total * (until_s - from_s)
            through = let_through(policers[rule], lengths[packet], at_s)
        kept[row.out + done[stream]] = through
        done[stream] += 1
