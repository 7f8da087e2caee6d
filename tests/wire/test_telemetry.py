"""The telemetry decoder: who sent what, in which order, how late, and what is refused without growing."""

import random

import numpy as np
import pytest

from tests import frames
from tests.flow_datagrams import (
    EXPORTER,
    NOW_MS,
    PLAIN,
    UPTIME_MS,
    decode,
    ipfix,
    netflow5,
    netflow9,
    plain_record,
    reasons,
    record5,
    set_of,
    template,
)
from tidegate.kernels.netflow import AGE_MAX_MS
from tidegate.kernels.telemetry import LEARNING_PER_SECOND_ALL_MAX, LEARNING_PER_SECOND_MAX
from tidegate.model.addresses import Prefix, words
from tidegate.model.datagrams import DATAGRAM_BYTES_MAX, DatagramBlock
from tidegate.model.exporters import EXPORTERS_MAX, IPFIX, NETFLOW5, NETFLOW9, SFLOW5
from tidegate.wire.sflow import SampledHeader, encode_sflow5
from tidegate.wire.telemetry import BATCH_ROWS_MAX, TelemetryDecoder

PACKET = frames.ethernet(0x0800, frames.ipv4(frames.UDP, frames.udp(123, 4444, bytes(400))))


def sflow5(sequence: int = 1, uptime_ms: int = UPTIME_MS, agent: str = "203.0.113.5") -> bytes:
    sample = SampledHeader(header=PACKET[:128], frame_bytes=len(PACKET) + 4, sampling_rate=1000)
    return encode_sflow5([sample], agent=agent, sequence=sequence, uptime_ms=uptime_ms)


def learned(*, domain: int = 0) -> bytes:
    return netflow9(set_of(0, template(256, PLAIN)), domain=domain)


def data9(*, sequence: int, uptime_ms: int = UPTIME_MS, records: int = 1) -> bytes:
    return netflow9(set_of(256, plain_record() * records), sequence=sequence, uptime_ms=uptime_ms)


def exporter_of(decoder: TelemetryDecoder, row: int = 0) -> dict[str, int]:
    return {name: int(decoder.exporters[row][name]) for name in decoder.exporters.dtype.names}


def test_every_format_in_one_block_is_told_apart_and_named() -> None:
    decoder = TelemetryDecoder()
    v9 = netflow9(set_of(0, template(256, PLAIN)), set_of(256, plain_record()), domain=7)
    v10 = ipfix(set_of(2, template(256, PLAIN)), set_of(256, plain_record()), domain=7)
    rows = decode(decoder, netflow5([record5()], engine=0x0102), v9, v10, sflow5())
    assert [row["exporter"] for row in rows] == [0, 1, 2, 3]
    assert [int(e["protocol"]) for e in decoder.exporters] == [NETFLOW5, NETFLOW9, IPFIX, SFLOW5]
    names = [decoder.exporter_name(row) for row in range(4)]
    assert names == ["192.0.2.1#258", "192.0.2.1#7", "192.0.2.1#7", "203.0.113.5#0"]
    assert {row["dst_port"] for row in rows} == {4444}
    assert [exporter_of(decoder, i)["records"] for i in range(4)] == [1, 1, 1, 1]
    assert [exporter_of(decoder, i)["datagrams"] for i in range(4)] == [1, 1, 1, 1]
    assert rows[3]["sampling_rate"] == 1000


def test_what_is_no_telemetry_is_refused_and_counted_to_no_exporter() -> None:
    decoder = TelemetryDecoder()
    cases = {
        "header cut short": [
            b"",
            b"\0",
            b"\0\5\0",
            netflow5([record5()])[:23],
            netflow9()[:19],
            ipfix()[:15],
        ],
        "unknown version": [b"\0\1\0\1", b"\0\7" + bytes(60), b"GET / HTTP/1.1\r\n", bytes(40)],
        "datagram too long": [netflow5([record5()]) + bytes(DATAGRAM_BYTES_MAX)],
        "record cut short": [netflow5([record5()] * 3)[:-1]],
        "length field disagrees": [netflow5([])],
        "set cut short": [netflow9(set_of(256, bytes(9))[:-1]), ipfix(b"\1\0\0\3"), netflow9(b"\0\0\0\1")],
    }
    for datagrams in cases.values():
        assert decode(decoder, *datagrams) == []
    assert decoder.refused() == {(-1, reason): len(datagrams) for reason, datagrams in cases.items()}
    assert len(decoder.exporters) == 0


def test_a_malformed_datagram_of_a_known_exporter_changes_nothing_but_its_count() -> None:
    decoder = TelemetryDecoder()
    good = [netflow5([record5()]), learned(), sflow5()]
    decode(decoder, *good)
    before = [exporter_of(decoder, row) for row in range(3)]
    broken = [netflow5([record5()])[:-1], netflow9(set_of(256, plain_record()), b"\1\0\0\2"), sflow5()[:-9]]
    assert decode(decoder, *broken) == []
    for row in range(3):
        after = exporter_of(decoder, row)
        assert {k: after[k] - v for k, v in before[row].items() if after[k] != v} == {"malformed": 1}
    assert {row for row, _ in decoder.refused()} == {0, 1, 2}


def test_a_set_that_breaks_off_takes_back_the_rows_before_it() -> None:
    decoder = TelemetryDecoder()
    decode(decoder, learned())
    broken = netflow9(set_of(256, plain_record() * 20), b"\1\0\xff\xff")
    rows = decode(decoder, data9(sequence=1), broken, data9(sequence=2, records=2))
    assert len(rows) == 3
    assert exporter_of(decoder)["records"] == 3


def test_reserved_set_ids_are_counted_and_read_past() -> None:
    decoder = TelemetryDecoder()
    datagram = netflow9(set_of(0, template(256, PLAIN)), set_of(77, bytes(12)), set_of(256, plain_record()))
    assert len(decode(decoder, datagram)) == 1
    assert reasons(decoder) == {"reserved set id": 1}
    assert exporter_of(decoder)["malformed"] == 0


# Sequence numbers.


def sequences(*pairs: tuple[int, int]) -> dict[str, int]:
    """What is counted for NetFlow v9 datagrams with these (sequence, uptime) that come a second apart."""
    decoder = TelemetryDecoder()
    for second, (sequence, uptime_ms) in enumerate(pairs):
        decode(decoder, data9(sequence=sequence, uptime_ms=uptime_ms), received_ms=NOW_MS + 1000 * second)
    found = exporter_of(decoder)
    return {name: found[name] for name in ("lost", "reordered", "restarts") if found[name]}


def up(second: int) -> int:
    return UPTIME_MS + 1000 * second


def test_a_gap_in_sequence_numbers_is_counted_as_lost() -> None:
    assert sequences((5, up(0)), (6, up(1)), (9, up(2)), (10, up(3))) == {"lost": 2}


def test_sequence_numbers_go_round_without_a_loss() -> None:
    assert sequences((2**32 - 1, up(0)), (0, up(1)), (1, up(2))) == {}


def test_a_datagram_that_comes_late_was_not_lost() -> None:
    assert sequences((5, up(0)), (7, up(2)), (6, up(1)), (8, up(3))) == {"reordered": 1}


def test_an_exporter_that_starts_again_is_noticed_by_its_uptime_and_loses_nothing() -> None:
    assert sequences((100_000, up(0)), (100_001, up(1)), (1, 3000), (2, 4000)) == {"restarts": 1}


def test_an_exporter_that_numbers_anew_is_noticed_without_its_uptime() -> None:
    assert sequences((100_000, 0), (100_001, 0), (1, 0), (2, 0)) == {"restarts": 1}


def test_an_uptime_that_goes_round_is_no_restart() -> None:
    last = 2**32 - 500
    assert sequences((1, last), (2, 500), (3, 1500)) == {}


def test_netflow5_counts_flows_and_sflow_datagrams() -> None:
    decoder = TelemetryDecoder()
    decode(decoder, netflow5([record5()] * 3, sequence=10), netflow5([record5()], sequence=13))
    decode(decoder, netflow5([record5()], sequence=20))
    assert exporter_of(decoder)["lost"] == 6
    decode(decoder, sflow5(1), sflow5(2), sflow5(5))
    assert exporter_of(decoder, 1)["lost"] == 2


# Times.


def times5(first: int, last: int, *, uptime_ms: int, export_ms: int = NOW_MS) -> tuple[int, int, int]:
    """(start, end) before receiving in ms, and how often a time was absurd."""
    decoder = TelemetryDecoder()
    record = record5(first=first % 2**32, last=last % 2**32)
    datagram = netflow5([record], uptime_ms=uptime_ms % 2**32, export_ms=export_ms)
    (row,) = decode(decoder, datagram)
    absurd = reasons(decoder).get("flow times absurd, receive time taken", 0)
    return NOW_MS - row["start_ms"], NOW_MS - row["end_ms"], absurd


def test_a_flow_is_as_old_as_the_exporters_uptime_says() -> None:
    assert times5(400_000, 440_000, uptime_ms=450_000) == (50_000, 10_000, 0)


@pytest.mark.parametrize("wrapped_ms", [-45_000, -20_000, -5000, 0, 5000])
def test_an_uptime_that_went_round_during_a_flow_changes_no_time(wrapped_ms: int) -> None:
    now = 2**32 + wrapped_ms
    assert times5(now - 50_000, now - 10_000, uptime_ms=now) == (50_000, 10_000, 0)


def test_receive_time_wins_over_an_exporters_wrong_clock() -> None:
    wrong = times5(400_000, 440_000, uptime_ms=450_000, export_ms=NOW_MS - 10**10)
    assert wrong == (50_000, 10_000, 0)


def test_a_flow_that_ended_a_little_after_its_export_ended_now() -> None:
    assert times5(440_000, 450_100, uptime_ms=450_000) == (10_100, 0, 0)


def test_absurd_times_give_way_to_receive_time_and_are_counted() -> None:
    uptime = 10 * AGE_MAX_MS
    assert times5(10_000, 17_000, uptime_ms=uptime) == (7000, 0, 1)
    assert times5(10_000, uptime - 5000, uptime_ms=uptime) == (5000, 5000, 1)
    assert times5(uptime + 10**6, uptime + 10**6 + 500, uptime_ms=uptime) == (500, 0, 1)
    assert times5(20_000, 10_000, uptime_ms=30_000) == (20_000, 20_000, 0)


def test_the_age_of_telemetry_is_a_moving_mean_and_its_maximum_passes_with_time() -> None:
    decoder = TelemetryDecoder()

    def hear(second: int, end_age: int, start_age: int) -> dict[str, int]:
        uptime_ms = UPTIME_MS + second * 1000
        record = record5(first=uptime_ms - start_age, last=uptime_ms - end_age)
        datagram = netflow5([record], uptime_ms=uptime_ms, sequence=second)
        decode(decoder, datagram, received_ms=NOW_MS + second * 1000)
        return exporter_of(decoder)

    first = hear(0, 2000, 60_000)
    assert (first["age_ms"], first["age_max_ms"]) == (2000, 60_000)
    for second in range(1, 200):
        last = hear(second, 500, 1000)
    assert 500 <= last["age_ms"] < 600
    assert last["age_max_ms"] == 1000


def test_the_skew_of_an_exporters_clock_is_the_least_delayed_of_the_last_minute() -> None:
    decoder = TelemetryDecoder()

    def hear(second: int, delay_ms: int) -> int:
        sent_ms = NOW_MS + second * 1000
        datagram = netflow5([record5()], export_ms=sent_ms - 5000, sequence=second)
        decode(decoder, datagram, received_ms=sent_ms + delay_ms)
        return exporter_of(decoder)["skew_ms"]

    assert hear(0, 400) == -5400
    assert hear(1, 30) == -5030
    assert hear(2, 900) == -5030
    assert hear(70, 200) == -5030
    assert hear(140, 300) == -5200


# Bounds.


def block_of(datagrams: list[bytes], sources: list[str], received_ms: int = NOW_MS) -> DatagramBlock:
    block = DatagramBlock.of(datagrams, EXPORTER, received_ms)
    pairs = [words(source) for source in sources]
    high, low = (np.array([pair[i] for pair in pairs], np.uint64) for i in (0, 1))
    return DatagramBlock(block.data, block.starts, block.lengths, high, low, block.received_ms)


def test_spoofed_senders_fill_the_exporter_table_and_no_more() -> None:
    decoder = TelemetryDecoder()
    numbers = random.Random(7)
    sources = [f"198.51.{numbers.randrange(256)}.{i % 256}" for i in range(3000)]
    sources += [f"2001:db8::{i:x}" for i in range(6000)]
    datagrams = [netflow5([record5()])] * len(sources)
    rows = sum(len(batch) for batch in decoder.decode(block_of(datagrams, sources)))
    assert len(decoder.exporters) == EXPORTERS_MAX
    refused = decoder.refused()[-1, "exporter table full"]
    assert rows + refused == len(sources)
    assert len({decoder.exporter_name(row) for row in range(EXPORTERS_MAX)}) == EXPORTERS_MAX


def test_only_senders_that_are_allowed_become_exporters() -> None:
    allowed = [Prefix.parse("192.0.2.0/28"), Prefix.parse("2001:db8:1::/48")]
    decoder = TelemetryDecoder(allowed=allowed)
    sources = ["192.0.2.15", "192.0.2.16", "2001:db8:1::7", "2001:db8:2::7"]
    datagrams = [netflow5([record5()]), netflow5([record5()]), sflow5(), sflow5()]
    rows = sum(len(batch) for batch in decoder.decode(block_of(datagrams, sources)))
    assert rows == 2
    assert decoder.refused() == {(-1, "exporter not allowed"): 2}
    assert [decoder.exporter_name(row) for row in range(2)] == ["192.0.2.15#0", "203.0.113.5#0"]


def test_templates_that_change_all_the_time_are_read_only_so_often() -> None:
    decoder = TelemetryDecoder()
    changing = [netflow9(set_of(0, template(256, (*PLAIN, (95, 1 + i))))) for i in range(1000)]
    decode(decoder, *changing)
    found = exporter_of(decoder)
    assert found["datagrams"] == LEARNING_PER_SECOND_MAX
    assert reasons(decoder) == {"templates or options change too often": 1000 - found["datagrams"]}
    decode(decoder, changing[0], received_ms=NOW_MS + 1000)
    assert exporter_of(decoder)["datagrams"] == found["datagrams"] + 1


def test_no_number_of_exporters_makes_more_announcements_read_than_all_may() -> None:
    decoder = TelemetryDecoder()
    changing = [netflow9(set_of(0, template(256, (*PLAIN, (95, 1 + i))))) for i in range(6)]
    sources = [f"2001:db8::{i:x}" for i in range(2000) for _ in changing]
    assert not list(decoder.decode(block_of(changing * 2000, sources)))
    assert int(decoder.exporters["datagrams"].sum()) == LEARNING_PER_SECOND_ALL_MAX


def test_more_rows_than_a_batch_holds_come_in_several() -> None:
    decoder = TelemetryDecoder()
    datagrams = [
        netflow5([record5(size=i * 30 + j) for j in range(30)], sequence=i * 30) for i in range(1200)
    ]
    sizes = [batch.rows["bytes"].copy() for batch in decoder.decode(DatagramBlock.of(datagrams, EXPORTER, 0))]
    assert max(map(len, sizes)) <= BATCH_ROWS_MAX
    assert len(sizes) > 2
    assert np.array_equal(np.concatenate(sizes), np.arange(36_000))


def test_the_smallest_records_in_the_longest_datagram_find_room() -> None:
    decoder = TelemetryDecoder()
    decode(decoder, netflow9(set_of(0, template(256, ((8, 4),)))))
    longest = netflow9(set_of(256, bytes(DATAGRAM_BYTES_MAX - 24)))
    assert len(longest) == DATAGRAM_BYTES_MAX
    rows = sum(len(batch) for batch in decoder.decode(DatagramBlock.of([longest] * 20, EXPORTER, NOW_MS)))
    assert rows == 20 * ((DATAGRAM_BYTES_MAX - 24) // 4)


def test_an_empty_block_has_no_batches() -> None:
    assert list(TelemetryDecoder().decode(DatagramBlock.of([], EXPORTER, 0))) == []


def test_a_block_that_is_a_view_into_a_receivers_buffers_is_read_where_it_lies() -> None:
    datagram = netflow5([record5()])
    data = np.zeros((4, 2048), np.uint8)
    data[1, : len(datagram)] = data[3, : len(datagram)] = np.frombuffer(datagram, np.uint8)
    count = 2
    high, low = words(EXPORTER)
    block = DatagramBlock(
        data=data.reshape(-1),
        starts=np.arange(0, 8192, 2048)[1::2],
        lengths=np.full(count, len(datagram), np.int64),
        source_high=np.full(count, high, np.uint64),
        source_low=np.full(count, low, np.uint64),
        received_ms=np.full(count, NOW_MS, np.int64),
    )
    assert sum(len(batch) for batch in TelemetryDecoder().decode(block)) == 2
