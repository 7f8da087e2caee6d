"""A packet that its exporter tells on the way in and on the way out is counted once, and nothing is lost."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import frames
from tests.flow_datagrams import NOW_MS, decode, ipfix, numbers, reasons, set_of, template
from tests.naive.directions import Directions
from tidegate.kernels import directions
from tidegate.kernels.directions import INGRESS_MEMORY_MS, INTERFACES_PER_EXPORTER_MAX, SWEEP_EVERY_MS
from tidegate.kernels.exporters import UPTIME_SLACK_MS
from tidegate.model import flows
from tidegate.model.flows import empty_rows
from tidegate.wire.ipfix import encode_ipfix, encode_ipfix_templates
from tidegate.wire.netflow9 import encode_netflow9, encode_netflow9_templates
from tidegate.wire.sflow import SampledHeader, encode_sflow5
from tidegate.wire.telemetry import TelemetryDecoder

IN, OUT, REPEATED = flows.DIRECTION_INGRESS, flows.DIRECTION_EGRESS, flows.DIRECTION_REPETITION
AGENT = "203.0.113.5"
UP_MS = 10_000_000
IPV4 = frames.ethernet(0x0800, frames.ipv4(frames.UDP, frames.udp(123, 4444, bytes(40))))
IPV6 = frames.ethernet(0x86DD, frames.ipv6(frames.UDP, frames.udp(53, 9)))
REAL = Path(__file__).parents[1] / "data" / "flow" / "telegraf" / "testcases" / "sflow_issue_15918"


def sampled(
    direction: int, input_if: int, output_if: int = 90, *, frame: bytes = IPV4, drops: int = 0
) -> SampledHeader:
    return SampledHeader(
        frame, len(frame) + 4, 512, input_if=input_if, output_if=output_if, drops=drops, direction=direction
    )


def told(
    decoder: TelemetryDecoder, *samples: SampledHeader, after_ms: int = 0, sequence: int = 1, up: int = -1
) -> list[int]:
    """The directions of one sFlow datagram's rows, `after_ms` after the start."""
    up_ms = UP_MS + after_ms if up < 0 else up
    datagram = encode_sflow5(samples, agent=AGENT, sequence=sequence, uptime_ms=up_ms)
    return [row["direction"] for row in decode(decoder, datagram, received_ms=NOW_MS + after_ms)]


def counted(decoder: TelemetryDecoder, name: str) -> int:
    return int(decoder.exporters[0][name])


def test_codes_are_the_same_in_model_and_kernels() -> None:
    names = ("NOT_TOLD", "INGRESS", "EGRESS", "REPETITION")
    assert [getattr(directions, name) for name in names] == [0, 1, 2, 3]
    assert [getattr(flows, f"DIRECTION_{name}") for name in names] == [0, 1, 2, 3]


def test_a_packet_sampled_on_its_way_in_and_out_is_told_once() -> None:
    decoder = TelemetryDecoder()
    assert told(decoder, sampled(IN, 7), sampled(OUT, 7)) == [IN, REPEATED]
    assert (counted(decoder, "records"), counted(decoder, "repeated")) == (2, 1)


def test_an_exporter_that_samples_other_interfaces_on_the_way_out_loses_nothing() -> None:
    decoder = TelemetryDecoder()
    samples = [sampled(IN, 7, 8), sampled(OUT, 8, 7), sampled(OUT, 9, 7), sampled(IN, 7, 9)]
    assert told(decoder, *samples, *samples) == [IN, OUT, OUT, IN] * 2
    assert counted(decoder, "repeated") == 0


def test_each_family_is_told_for_itself() -> None:
    decoder = TelemetryDecoder()
    assert told(decoder, sampled(IN, 7), sampled(OUT, 7, frame=IPV6)) == [IN, OUT]
    assert told(decoder, sampled(IN, 7, frame=IPV6), sampled(OUT, 7, frame=IPV6), sequence=2) == [
        IN,
        REPEATED,
    ]


def test_an_unknown_interface_teaches_nothing_and_repeats_nothing() -> None:
    assert told(TelemetryDecoder(), sampled(IN, 0), sampled(OUT, 0)) == [0, OUT]


def test_a_packet_that_leaves_where_it_came_is_sampled_on_its_way_in() -> None:
    assert told(TelemetryDecoder(), sampled(OUT, 7, 7)) == [IN]


def test_an_interface_not_told_on_ingress_for_minutes_makes_no_repetition() -> None:
    decoder = TelemetryDecoder()
    told(decoder, sampled(IN, 7))
    last = INGRESS_MEMORY_MS - 1
    assert told(decoder, sampled(OUT, 7), after_ms=last, sequence=2) == [REPEATED]
    assert told(decoder, sampled(OUT, 7), after_ms=last + 1, sequence=3) == [OUT]


def test_what_was_told_before_a_restart_no_longer_holds() -> None:
    decoder = TelemetryDecoder()
    told(decoder, sampled(IN, 7))
    assert told(decoder, sampled(OUT, 7), after_ms=1000, sequence=1, up=5) == [OUT]
    assert told(decoder, sampled(IN, 7), sampled(OUT, 7), after_ms=2000, sequence=2, up=1005) == [
        IN,
        REPEATED,
    ]
    assert counted(decoder, "restarts") == 1


def test_exporters_are_told_apart() -> None:
    decoder = TelemetryDecoder()
    told(decoder, sampled(IN, 7))
    other = encode_sflow5([sampled(OUT, 7)], agent="203.0.113.6", sequence=1, uptime_ms=UP_MS)
    assert [row["direction"] for row in decode(decoder, other)] == [OUT]


def test_a_refused_datagram_teaches_nothing() -> None:
    decoder = TelemetryDecoder()
    told(decoder, sampled(OUT, 7))
    broken = encode_sflow5([sampled(IN, 7)], agent=AGENT, sequence=2, uptime_ms=UP_MS) + bytes(4)
    assert decode(decoder, broken) == []
    assert told(decoder, sampled(OUT, 7), sequence=2) == [OUT]


def test_a_vlan_or_an_entity_as_the_source_tells_no_direction() -> None:
    datagram = bytearray(encode_sflow5([sampled(IN, 7)], agent=AGENT, sequence=1, uptime_ms=UP_MS))
    assert datagram[40:44] == numbers(((0, 4),), (7,))
    datagram[40] = 2
    assert [row["direction"] for row in decode(TelemetryDecoder(), bytes(datagram))] == [0]


def test_a_device_that_samples_both_ways_is_read_as_its_origin_states() -> None:
    (path,) = REAL.glob("*.bin")
    decoder = TelemetryDecoder()
    rows = decode(decoder, path.read_bytes())
    lines = [line for line in (REAL / "expected.out").read_text().splitlines() if "direction=" in line]
    stated = [IN if 'direction="ingress"' in line else OUT for line in lines]
    assert [OUT if row["direction"] == REPEATED else row["direction"] for row in rows] == stated
    assert {IN, OUT} == set(stated)
    # The same packets once more: now the interfaces sampled on the way in are known.
    inward = {row["input_if"] for row in rows if row["direction"] == IN}
    again = bytearray(path.read_bytes())
    again[16:20] = (int.from_bytes(again[16:20]) + 1).to_bytes(4)
    for row, first in zip(decode(decoder, bytes(again)), stated, strict=True):
        repeated = first == OUT and row["input_if"] in inward
        assert row["direction"] == (REPEATED if repeated else first)


@pytest.mark.parametrize("version", [9, 10])
def test_flow_records_tell_their_direction_in_both_netflow_formats(version: int) -> None:
    rows = empty_rows(4)
    rows["family"], rows["input_if"] = (4, 6, 4, 6), 7
    rows["direction"] = IN, IN, OUT, OUT
    rows["start_ms"] = rows["end_ms"] = NOW_MS
    if version == 9:
        times = {"export_ms": NOW_MS, "uptime_ms": UP_MS}
        sent = [encode_netflow9_templates(**times, sequence=0), encode_netflow9(rows, **times, sequence=1)]
    else:
        sent = [
            encode_ipfix_templates(export_ms=NOW_MS, sequence=0),
            encode_ipfix(rows, export_ms=NOW_MS, sequence=0),
        ]
    decoder = TelemetryDecoder()
    found = {(row["family"], row["direction"]) for row in decode(decoder, *sent)}
    assert found == {(4, IN), (6, IN), (4, REPEATED), (6, REPEATED)}
    assert counted(decoder, "repeated") == 2


def test_a_flow_direction_without_meaning_is_not_told() -> None:
    layout = ((8, 4), (12, 4), (61, 1), (10, 4))
    records = b"".join(numbers(layout, (1, 2, value, 7)) for value in (0, 1, 2, 255))
    rows = decode(TelemetryDecoder(), ipfix(set_of(2, template(256, layout)), set_of(256, records)))
    assert [row["direction"] for row in rows] == [IN, REPEATED, 0, 0]


@dataclass
class Told:
    """One datagram of a story: milliseconds passed, samples, and whether the agent restarted before."""

    passed_ms: int
    samples: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    restarted: bool = False


TOLD = st.builds(
    Told,
    st.sampled_from([1, 1000, 119_000, INGRESS_MEMORY_MS - 1, INGRESS_MEMORY_MS]),
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.sampled_from([0, 1, 2, 1 << 25]),
            st.sampled_from([0, 1, 2, 90]),
            st.sampled_from([4, 6]),
            st.sampled_from([0, 0, 1, 5, 700, 2**24 - 1, 2**32 - 2**24, 2**32 - 1]),
        ),
        max_size=6,
    ),
    st.sampled_from([False, False, False, True]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(TOLD, min_size=1, max_size=8))
def test_repetitions_and_drops_are_those_of_the_naive_twin(story: Sequence[Told]) -> None:
    decoder, twin = TelemetryDecoder(), Directions()
    at_ms, up_ms = 0, UP_MS
    for sequence, each in enumerate(story, start=1):
        at_ms += each.passed_ms
        # A restart is seen where the uptime falls by more than reordering can explain.
        if each.restarted and sequence > 1 and up_ms > 2 * UPTIME_SLACK_MS:
            twin.restart()
            up_ms = 1000
        else:
            up_ms += each.passed_ms
        samples = [
            sampled(way, into, out, frame=IPV6 if family == 6 else IPV4, drops=drops)
            for way, into, out, family, drops in each.samples
        ]
        rows = [
            {"direction": direction_told(sample), "family": family, "input_if": sample.input_if}
            for sample, (*_, family, _) in zip(samples, each.samples, strict=True)
        ]
        twin.mark(rows, at_ms)
        for sample in samples:
            twin.drops((0, sample.source_if), sample.drops)
        found = told(decoder, *samples, after_ms=at_ms, sequence=sequence, up=up_ms)
        assert found == [row["direction"] for row in rows]
    assert counted(decoder, "repeated") == twin.repeated
    assert counted(decoder, "sample_drops") == twin.sample_drops


def direction_told(sample: SampledHeader) -> int:
    if not sample.source_if:
        return 0
    return IN if sample.source_if == sample.input_if else OUT


def test_the_first_total_of_drops_is_where_counting_begins() -> None:
    decoder = TelemetryDecoder()
    for sequence, drops in enumerate((1_000_000, 1_000_000, 1_000_007, 3), start=1):
        told(decoder, sampled(IN, 7, drops=drops), sequence=sequence)
    assert counted(decoder, "sample_drops") == 7 + 3


def test_a_datagram_that_comes_late_turns_no_total_back() -> None:
    decoder = TelemetryDecoder()
    for sequence, drops in ((1, 100), (3, 120), (2, 110), (4, 130)):
        told(decoder, sampled(IN, 7, drops=drops), sequence=sequence)
    assert counted(decoder, "reordered") == 1
    assert counted(decoder, "sample_drops") == 30


def test_an_exporter_that_invents_interfaces_is_bounded_and_still_counted() -> None:
    decoder = TelemetryDecoder()
    most = INTERFACES_PER_EXPORTER_MAX
    invented = range(1, most + 65)
    for at in range(0, len(invented), 32):
        told(decoder, *(sampled(IN, number) for number in invented[at : at + 32]), sequence=at // 32 + 1)
    full = "table of interfaces full, repetitions are counted"
    # Each sample is refused twice: as an interface, and as a source of drops.
    assert reasons(decoder) == {full: 2 * 64}
    assert told(decoder, sampled(OUT, 5), sampled(OUT, most + 1), sequence=131) == [REPEATED, OUT]
    # Minutes later the silent ones make room.
    late = INGRESS_MEMORY_MS + SWEEP_EVERY_MS
    told(decoder, sampled(IN, 999_999), sampled(OUT, 5), after_ms=late, sequence=132)
    assert told(decoder, sampled(OUT, 999_999), after_ms=late, sequence=133) == [REPEATED]
    assert int(decoder._states[0]["told_interfaces"]) <= 2
    assert int(decoder._remembered[0]) == int(decoder._states[0]["told_interfaces"])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.booleans()), max_size=200))
def test_forgetting_interfaces_loses_no_other(told_of: list[tuple[int, bool]]) -> None:
    """Searches of these keys begin side by side, round the table's end, so that they push each other."""
    table = np.zeros(directions.INTERFACE_SLOTS, directions.INTERFACE)
    states = np.zeros(1, [("told_interfaces", np.uint32), ("restarted_ms", np.int64)])
    remembered = np.zeros(2, np.int64)
    kept: dict[int, int] = {}
    for number, silent in told_of:
        key = CROWDED[number]
        heard_ms = 1000 if silent else 5000
        if key not in kept:
            slot = directions.remember(table, remembered, states, 0, np.uint64(key), 0)
            table[slot]["ingress4_ms"] = heard_ms
            kept[key] = heard_ms
    left = directions.forget_silent(table, states, remembered[0], 1000 + INGRESS_MEMORY_MS)
    kept = {key: heard for key, heard in kept.items() if heard == 5000}
    assert left == len(kept) == int(states[0]["told_interfaces"])
    assert set(table["key"][table["key"] != 0].tolist()) == set(kept)
    for key in kept:
        slots = np.flatnonzero(table["key"] == key)
        home = (key * int(directions.MIX) % 2**64) >> (64 - directions.INTERFACE_SLOTS_BITS)
        between = (home + np.arange((slots[0] - home) % len(table))) % len(table)
        assert np.all(table["key"][between] != 0)


def crowded() -> list[int]:
    """Keys of exporter row 0 whose search begins in the last eight slots or the first eight."""
    index = np.arange(1 << 22, dtype=np.uint64) + np.uint64(1 << 40)
    with np.errstate(over="ignore"):
        home = (index * np.uint64(directions.MIX)) >> np.uint64(64 - directions.INTERFACE_SLOTS_BITS)
    near = (home + np.uint64(8)) % np.uint64(directions.INTERFACE_SLOTS) < 16
    return [int(key) for key in index[near][:301]]


CROWDED = crowded()
