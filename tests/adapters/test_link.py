"""Messages between collector and node: exact round trips, and no bytes that can break either end."""

import socket
import struct
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stand_ins import report_of, summary_of
from tidegate.adapters import collector_end, link
from tidegate.adapters.collector_end import REPORTS_QUEUED_MAX, REQUESTS_QUEUED_MAX, CollectorEnd
from tidegate.adapters.link import FrameReader, Message, decode, encode
from tidegate.model.addresses import Prefix
from tidegate.model.exporters import EXPORTER, EXPORTERS_MAX
from tidegate.model.flows import FLOW, empty_rows
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.model.summaries import INBOUND, NO_VECTOR, SUMMARY_CELLS_MAX, SecondSummary
from tidegate.ports.collector import (
    SAMPLE_ROWS_MAX,
    CollectorReport,
    Failed,
    FlowSample,
    Ready,
    SampleReply,
    SampleRequest,
    Stopping,
    ToCollector,
)


def full_report(second: int = 1_700_000_000, cells: int = 3, exporters: int = 2) -> CollectorReport:
    rng = np.random.default_rng(second)
    table = np.frombuffer(rng.bytes(exporters * EXPORTER.itemsize), EXPORTER).copy()
    refused = {(-1, "unknown version"): 7, (1, "set cut short"): 2**40}
    told = summary_of(second, 24, table, refused, 5, cells, degraded="tracking heavy keys only")
    summary = replace(
        told, inbound=np.array([(0, 17, 1e9, 3.5, 7, 8, 9), (4095, NO_VECTOR, 2.5, 1, 0, 0, 0)], INBOUND)
    )
    summary.cells["bytes"] = rng.random((cells, 64), np.float32)
    return report_of(summary, journal_trouble="no space left", datagrams_dropped=99)


def assert_same(one: Message, other: Message) -> None:
    match one, other:
        case CollectorReport(), CollectorReport():
            assert one.summary.cells.tobytes() == other.summary.cells.tobytes()
            assert one.summary.exporters.tobytes() == other.summary.exporters.tobytes()
            assert one.summary.inbound.tobytes() == other.summary.inbound.tobytes()
            for name in set(SecondSummary.__dataclass_fields__) - {"cells", "exporters", "inbound"}:
                assert getattr(one.summary, name) == getattr(other.summary, name)
            for name in set(CollectorReport.__dataclass_fields__) - {"summary"}:
                assert getattr(one, name) == getattr(other, name)
        case SampleReply(), SampleReply():
            assert one.number == other.number
            assert one.sample.rows.tobytes() == other.sample.rows.tobytes()
            assert one.sample.weights.tolist() == other.sample.weights.tolist()
            assert one.sample.received_ms.tolist() == other.sample.received_ms.tolist()
            assert (one.sample.from_ms, one.sample.until_ms) == (other.sample.from_ms, other.sample.until_ms)
        case _:
            assert one == other


def some_messages() -> list[Message]:
    rows = empty_rows(5)
    rows["src_high"] = 2**64 - 1
    sample = FlowSample(rows, np.array([1.0, 2.0, 4.0, 8.0, 0.5]), np.array([3, 1, 4, 1, 2**62]), 1, 2)
    return [
        full_report(),
        report_of(summary_of(5, cells=0)),
        SampleReply(7, sample),
        SampleReply(8, FlowSample(empty_rows(0), np.zeros(0), np.zeros(0, np.int64), 0, 0)),
        SampleRequest(7, Prefix.parse("2001:db8::/32"), 100),
        SampleRequest(8, Prefix.parse("0.0.0.0/0"), 0),
        Ready("0.1.0", (2055, 4739)),
        Failed("cannot listen on UDP 127.0.0.1 port 2055"),
        Stopping(),
    ]


@pytest.mark.parametrize("message", some_messages(), ids=lambda message: type(message).__name__)
def test_a_message_arrives_as_it_was_sent(message: Message) -> None:
    assert_same(decode(encode(message)), message)


@pytest.mark.parametrize("step", [1, 7, 4096])
def test_messages_arrive_whole_however_the_bytes_are_cut(step: int) -> None:
    sent = some_messages()
    stream = b"".join(encode(message) for message in sent)
    reader = FrameReader()
    found = [m for at in range(0, len(stream), step) for m in reader.feed(stream[at : at + step])]
    assert len(found) == len(sent)
    for one, other in zip(found, sent, strict=True):
        assert_same(one, other)
    assert not reader.unfinished


def test_the_largest_report_and_sample_fit_into_a_frame() -> None:
    names = ["2001:db8:ffff:ffff:ffff:ffff:ffff:ffff#4294967295"] * EXPORTERS_MAX
    refused = {
        (row, f"some reason of fair length {n}"): 2**60 for row in range(EXPORTERS_MAX) for n in range(4)
    }
    summary = summary_of(1, 1, np.zeros(EXPORTERS_MAX, EXPORTER), refused, 0, SUMMARY_CELLS_MAX)
    assert len(encode(report_of(summary, names))) < link.FRAME_BYTES_MAX
    rows = empty_rows(SAMPLE_ROWS_MAX)
    sample = FlowSample(rows, np.ones(len(rows)), np.zeros(len(rows), np.int64), 0, 0)
    assert len(encode(SampleReply(1, sample))) < link.FRAME_BYTES_MAX


def test_every_way_of_cutting_a_frame_short_is_malformed() -> None:
    for message in some_messages()[2:]:
        frame = encode(message)
        for end in range(len(frame)):
            with pytest.raises(Malformed):
                decode(frame[:end])
        with pytest.raises(Malformed):
            decode(frame + b"\0")


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_garbage_is_malformed_or_waits_for_more_and_never_anything_else(garbage: bytes) -> None:
    reader = FrameReader()
    try:
        reader.feed(garbage)
    except Malformed:
        return
    assert len(garbage) < 12 or garbage[:3] == b"tg\x01"


@settings(max_examples=500)
@given(st.sampled_from(range(2, 9)), st.integers(0, 10**6), st.binary(min_size=1, max_size=4))
def test_a_damaged_frame_gives_a_message_or_malformed(which: int, at: int, patch: bytes) -> None:
    frame = bytearray(encode(some_messages()[which]))
    at %= len(frame)
    frame[at : at + len(patch)] = patch
    with suppress(Malformed):
        decode(bytes(frame))


def test_an_oversized_frame_is_refused_before_it_is_stored() -> None:
    reader = FrameReader()
    with pytest.raises(Malformed, match="frame too long"):
        reader.feed(struct.pack("<2sBBII", b"tg", link.LINK_VERSION, 1, 10, link.FRAME_BYTES_MAX))


def test_another_release_is_told_to_restart_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = encode(Ready("0.2.0", ()))
    monkeypatch.setattr(link, "_LAYOUT", "another")
    with pytest.raises(Malformed, match="restart the node"):
        decode(frame)


def test_columns_may_not_be_longer_than_their_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = encode(SampleReply(1, FlowSample(empty_rows(11), np.ones(11), np.zeros(11, np.int64), 0, 0)))
    monkeypatch.setattr(link, "SAMPLE_ROWS_MAX", 10)
    with pytest.raises(Malformed, match="bound"):
        decode(frame)


def read_until_closed(sock: socket.socket) -> list[Message]:
    reader = FrameReader()
    found: list[Message] = []
    while received := sock.recv(1 << 16):
        found += reader.feed(received)
    return found


def test_a_node_that_does_not_read_costs_old_reports_and_never_a_wait() -> None:
    ours, theirs = socket.socketpair()
    end = CollectorEnd(theirs)
    end.start()
    count = 200

    def send_all() -> None:
        for second in range(count):
            end.send(full_report(second, cells=200))

    sender = threading.Thread(target=send_all, daemon=True)
    sender.start()
    sender.join(20)
    assert not sender.is_alive(), "send waited for the node"
    assert end.summaries_dropped > count - 3 - REPORTS_QUEUED_MAX - 4
    closer = threading.Thread(target=end.close, args=(10,))
    closer.start()
    found = read_until_closed(ours)
    closer.join()
    seconds = [message.summary.second for message in found if isinstance(message, CollectorReport)]
    assert len(seconds) + end.summaries_dropped == count
    assert seconds == sorted(seconds)
    assert seconds[-REPORTS_QUEUED_MAX:] == list(range(count - REPORTS_QUEUED_MAX, count))
    ours.close()


def test_a_queue_full_of_replies_takes_no_more_of_them_but_still_reports(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(collector_end, "REPLIES_QUEUED_MAX", 3)
    ours, theirs = socket.socketpair()
    end = CollectorEnd(theirs)
    for number in range(10):
        end.send(SampleReply(number, FlowSample(empty_rows(0), np.zeros(0), np.zeros(0, np.int64), 0, 0)))
    end.send(full_report())
    end.start()
    end.close(timeout_s=5)
    kinds = [type(message).__name__ for message in read_until_closed(ours)]
    assert kinds == ["SampleReply"] * 3 + ["CollectorReport"]
    ours.close()


def test_the_node_hears_why_its_collector_fails_and_nothing_of_the_kind_from_one_that_ends_well() -> None:
    heard = []
    for error in (NotAllowed("the port is taken"), OSError(28, "No space left on device"), None):
        ours, theirs = socket.socketpair()
        end = CollectorEnd(theirs)
        with suppress(NotAllowed, OSError), ExitStack() as afterwards:
            end.start()
            afterwards.callback(end.close, 5)
            afterwards.push(end.tell_failure)
            if error is not None:
                raise error
        heard.append(read_until_closed(ours))
        ours.close()
    assert heard == [[Failed("the port is taken")], [Failed("[Errno 28] No space left on device")], []]


def test_a_long_reason_is_told_in_part() -> None:
    found = decode(encode(Failed("x" * 10**6)))
    assert found == Failed("x" * link.WHY_CHARACTERS_MAX)


def requests_within(end: CollectorEnd, seconds: float) -> list[ToCollector]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if asked := list(end.requests()):
            return asked
        time.sleep(0.005)
    return []


@pytest.mark.parametrize("last_words", [b"", b"garbage that is no frame", encode(Stopping())[:5]])
def test_a_node_that_dies_or_talks_nonsense_reads_as_stopping(last_words: bytes) -> None:
    ours, theirs = socket.socketpair()
    end = CollectorEnd(theirs)
    end.start()
    ours.sendall(last_words)
    ours.close()
    assert requests_within(end, 5) == [Stopping()]
    end.close(1)


def test_requests_beyond_the_bound_are_dropped_and_stopping_is_not() -> None:
    ours, theirs = socket.socketpair()
    end = CollectorEnd(theirs)
    asked = [SampleRequest(n, Prefix.parse("198.51.100.0/24"), 1) for n in range(REQUESTS_QUEUED_MAX + 5)]
    ours.sendall(b"".join(encode(message) for message in asked) + encode(Stopping()))
    ours.shutdown(socket.SHUT_WR)
    end.start()
    end._reader.join(5)
    assert list(end.requests()) == [*asked[:REQUESTS_QUEUED_MAX], Stopping(), Stopping()]
    end.close(1)
    ours.close()


def test_rows_received_can_be_changed_by_their_owner() -> None:
    sample = FlowSample(np.zeros(2, FLOW), np.ones(2), np.zeros(2, np.int64), 0, 0)
    found = decode(encode(SampleReply(1, sample)))
    assert isinstance(found, SampleReply)
    found.sample.rows["bytes"] = 3
    assert found.sample.rows["bytes"].tolist() == [3, 3]
