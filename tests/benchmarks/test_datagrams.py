"""What the datagram makers lay out is what the decoder reads: every flow, once, and its sampling."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.datagrams import (
    EXPORT_S,
    IPV6_RECORDS,
    RECORDS,
    SAMPLES,
    SAMPLING_RATE,
    SFLOW_RATE,
    DatagramSet,
    flags_of_one,
    ipfix,
    netflow5,
    netflow9,
    sflow5,
)
from benchmarks.from_memory import blocks_of
from benchmarks.mix import Mix, million_destinations, ordinary_mix
from tidegate.model.datagrams import DatagramBlock
from tidegate.wire.telemetry import TelemetryDecoder

MAPPED = np.uint64(0xFFFF_0000_0000)
LOOPBACK = 0xFFFF_7F00_0001
FLOWS = RECORDS * SAMPLES * 20


def mix_of(seed: int) -> Mix:
    return ordinary_mix(np.random.default_rng(seed), FLOWS)


def decoded(made: DatagramSet, second: int = EXPORT_S) -> tuple[npt.NDArray[np.void], TelemetryDecoder]:
    decoder = TelemetryDecoder()
    blocks = blocks_of(made, LOOPBACK, second * 1000)
    if made.opening:
        blocks.insert(0, DatagramBlock.of(made.opening, "127.0.0.1", second * 1000))
    batches = [batch.rows.copy() for block in blocks for batch in decoder.decode(block)]
    assert decoder.refused() == {}
    return np.concatenate(batches), decoder


@pytest.mark.parametrize("make", [netflow5, netflow9, ipfix])
def test_every_flow_of_the_mix_is_read_back(make: Callable[[Mix], DatagramSet]) -> None:
    mix = mix_of(1)
    rows, _ = decoded(make(mix))
    six = np.zeros(FLOWS, np.bool_)
    if make is not netflow5:
        six = np.arange(FLOWS) % RECORDS >= RECORDS - IPV6_RECORDS
    assert len(rows) == FLOWS
    assert (rows["family"] == np.where(six, 6, 4)).all()
    assert (rows["dst_low"] == np.where(six, mix.dst6_low, MAPPED | mix.dst)).all()
    assert (rows["dst_high"] == np.where(six, mix.dst6_high, 0)).all()
    assert (rows["src_low"] == np.where(six, mix.src6_low, MAPPED | mix.src)).all()
    for field in ("bytes", "packets", "protocol", "tcp_flags"):
        assert (rows[field] == getattr(mix, field)).all(), field
    ported = np.isin(mix.protocol, (6, 17))
    assert (rows["src_port"][ported] == mix.src_port[ported]).all()
    assert (rows["dst_port"][ported] == mix.dst_port[ported]).all()
    assert set(rows["sampling_rate"].tolist()) == {SAMPLING_RATE}


@pytest.mark.parametrize("make", [netflow5, netflow9, ipfix])
def test_times_move_with_the_stamp(make: Callable[[Mix], DatagramSet]) -> None:
    mix, made = mix_of(2), make(mix_of(2))
    made.stamp(EXPORT_S + 30, EXPORT_S)
    rows, _ = decoded(made, EXPORT_S + 30)
    # IPFIX headers carry whole seconds, so that the exporter's clock is known to half a second.
    shift = rows["start_ms"] - ((EXPORT_S + 30) * 1000 - mix.started_before_ms)
    assert len(np.unique(shift)) == 1
    assert abs(int(shift[0])) <= (500 if make is ipfix else 0)
    assert (rows["end_ms"] - ((EXPORT_S + 30) * 1000 - mix.ended_before_ms) == shift[0]).all()


def test_every_sampled_packet_is_read_back() -> None:
    mix = mix_of(3)
    rows, _ = decoded(sflow5(mix, np.random.default_rng(3)))
    four = rows["family"] == 4
    assert len(rows) == FLOWS
    assert four.any()
    assert not four.all()
    assert (rows["dst_low"] == np.where(four, MAPPED | mix.dst, mix.dst6_low)).all()
    assert (rows["protocol"] == mix.protocol).all()
    expected = np.clip(mix.bytes.astype(np.int64) // mix.packets, 60, 1500)
    assert (rows["bytes"] == expected.astype(np.uint64)).all()
    assert set(rows["sampling_rate"].tolist()) == {SFLOW_RATE}
    tcp = mix.protocol == 6
    assert (rows["tcp_flags"][tcp] == flags_of_one(mix.tcp_flags[tcp])).all()


@pytest.mark.parametrize("make", [netflow5, netflow9, ipfix])
def test_the_sequence_shows_no_loss_from_one_round_to_the_next(make: Callable[[Mix], DatagramSet]) -> None:
    made, decoder = make(mix_of(4)), TelemetryDecoder()
    if made.opening:
        list(decoder.decode(DatagramBlock.of(made.opening, "127.0.0.1", EXPORT_S * 1000)))
    for turn in range(3):
        made.number(turn * len(made.datagrams))
        for block in blocks_of(made, LOOPBACK, EXPORT_S * 1000):
            list(decoder.decode(block))
    assert decoder.exporters["lost"].tolist() == [0]
    assert decoder.exporters["reordered"].tolist() == [0]
    assert int(decoder.exporters["records"][0]) == 3 * FLOWS


def test_a_million_destinations_are_a_million() -> None:
    mix = million_destinations(np.random.default_rng(5), 0x0A40_0000, 240_000)
    assert len(np.unique(mix.dst)) == 240_000
    assert int(mix.dst.min()) == 0x0A40_0000
