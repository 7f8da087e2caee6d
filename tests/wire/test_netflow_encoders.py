"""Encoders of NetFlow v5, v9 and IPFIX: what they write, the decoder reads back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.flow_datagrams import EXPORTER, NOW_MS, UPTIME_MS
from tidegate.model.datagrams import DatagramBlock
from tidegate.model.flows import FlowRows, empty_rows
from tidegate.model.refusals import NotAllowed
from tidegate.wire.ipfix import encode_ipfix, encode_ipfix_sampling, encode_ipfix_templates
from tidegate.wire.netflow5 import encode_netflow5
from tidegate.wire.netflow9 import encode_netflow9, encode_netflow9_sampling, encode_netflow9_templates
from tidegate.wire.telemetry import TelemetryDecoder

V9 = {"export_ms": NOW_MS, "uptime_ms": UPTIME_MS}


@st.composite
def flow_rows(draw: st.DrawFn, *, families: tuple[int, ...], wide: int) -> FlowRows:
    """Rows as a flow record can carry them; counters and numbers of `wide` bits."""
    rows = empty_rows(draw(st.integers(1, 30)))
    number = st.integers(0, 2**wide - 1)
    for row in rows:
        row["family"] = draw(st.sampled_from(families))
        for end in ("src", "dst"):
            low = draw(st.integers(0, 2**32 - 1))
            row[f"{end}_high"] = 0 if row["family"] == 4 else 0x20010DB8_00000000 + low
            row[f"{end}_low"] = 0xFFFF_0000_0000 | low if row["family"] == 4 else low << 20
            row[f"{end}_as"] = draw(st.integers(0, 2 ** min(wide, 32) - 1)) & (0xFFFF if wide == 32 else -1)
        for name in ("bytes", "packets"):
            row[name] = draw(number)
        for name in ("input_if", "output_if"):
            row[name] = draw(st.integers(0, 2**16 - 1))
        age, lasted = draw(st.integers(0, 60_000)), draw(st.integers(0, 600_000))
        row["end_ms"] = NOW_MS - age
        row["start_ms"] = NOW_MS - age - lasted
        row["tcp_flags"] = draw(st.integers(0, 255))
        set_protocol(draw, row)
        row["fragment"] = draw(st.integers(0, 2)) if wide == 64 else 0
        row["sampling_rate"] = 1000
        row["direction"] = draw(st.sampled_from([0, 1, 2])) if wide == 64 else 0
        # An interface that is not known is told of in both directions and never repeated.
        row["input_if"] *= row["direction"] == 0
    return rows


def set_protocol(draw: st.DrawFn, row: np.void) -> None:
    row["protocol"] = draw(st.sampled_from([1, 6, 17, 47, 50, 58, 132]))
    if row["protocol"] in (6, 17, 132):
        row["has_ports"] = 1
        row["src_port"], row["dst_port"] = draw(st.integers(0, 65535)), draw(st.integers(0, 65535))
    elif row["protocol"] in (1, 58):
        kind = draw(st.integers(0, 255))
        row["icmp_type"], row["icmp_code"] = kind, draw(st.integers(0, 255)) if kind else 0


def read_back(*datagrams: bytes) -> FlowRows:
    decoder = TelemetryDecoder()
    block = DatagramBlock.of(datagrams, EXPORTER, NOW_MS)
    found = np.concatenate([batch.rows.copy() for batch in decoder.decode(block)])
    assert decoder.refused() == {}
    assert int(decoder.exporters[0]["lost"]) == 0
    return found


def by_template(rows: FlowRows) -> FlowRows:
    """The order in which rows leave in one datagram: those that tell a direction last, IPv4 before IPv6."""
    return rows[np.lexsort((rows["family"], rows["direction"] != 0))]


@settings(max_examples=50, deadline=None)
@given(flow_rows(families=(4,), wide=32))
def test_netflow5_rows_come_back_as_they_were(rows: FlowRows) -> None:
    rows["fragment"] = 0
    datagram = encode_netflow5(rows, **V9, sequence=77, engine=0x0102, sampling_rate=1000)
    assert np.array_equal(read_back(datagram), rows)


@settings(max_examples=50, deadline=None)
@given(flow_rows(families=(4, 6), wide=64))
def test_netflow9_rows_come_back_as_they_were(rows: FlowRows) -> None:
    found = read_back(
        encode_netflow9_templates(**V9, sequence=1, domain=5),
        encode_netflow9_sampling(1000, **V9, sequence=2, domain=5),
        encode_netflow9(rows, **V9, sequence=3, domain=5),
    )
    assert np.array_equal(found, by_template(rows))


@settings(max_examples=50, deadline=None)
@given(flow_rows(families=(4, 6), wide=64))
def test_ipfix_rows_come_back_as_they_were(rows: FlowRows) -> None:
    """Exactly, because NOW_MS is the middle of a second: the header tells no fraction."""
    found = read_back(
        encode_ipfix_templates(export_ms=NOW_MS, sequence=0, domain=5),
        encode_ipfix_sampling(1000, export_ms=NOW_MS, sequence=0, domain=5),
        encode_ipfix(rows, export_ms=NOW_MS, sequence=1, domain=5),
    )
    assert np.array_equal(found, by_template(rows))


def one_row(**columns: int) -> FlowRows:
    rows = empty_rows(1)
    rows["family"] = 4
    for name, value in columns.items():
        rows[name] = value
    return rows


def test_what_a_format_cannot_carry_is_not_sent() -> None:
    with pytest.raises(NotAllowed, match="IPv4 only"):
        encode_netflow5(one_row(family=6), **V9, sequence=0)
    with pytest.raises(NotAllowed, match="below 16384"):
        encode_netflow5(one_row(), **V9, sequence=0, sampling_rate=16384)
    with pytest.raises(NotAllowed, match="1 to 30"):
        encode_netflow5(np.repeat(one_row(), 31), **V9, sequence=0)
    with pytest.raises(NotAllowed, match="tunnel"):
        encode_netflow9(one_row(tunnel=1), **V9, sequence=0)
    with pytest.raises(NotAllowed, match="65535"):
        encode_ipfix(np.repeat(one_row(), 2000), export_ms=NOW_MS, sequence=0)


def test_a_sampler_by_id_is_announced_for_records_that_name_it_only() -> None:
    announced = encode_netflow9_sampling(400, sampler=3, **V9, sequence=1)
    decoder = TelemetryDecoder()
    block = DatagramBlock.of([encode_netflow9_templates(**V9, sequence=0), announced], EXPORTER, NOW_MS)
    assert not list(decoder.decode(block))
    assert [(rate.identity, rate.rate) for _, rate in decoder.announced_rates()] == [(3, 400)]
