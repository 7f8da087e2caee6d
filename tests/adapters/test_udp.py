"""Receiving from real sockets on the loopback: what there is room for is kept, the rest counted."""

import errno
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.stand_ins import HandClock
from tidegate.adapters import datagram_ring, udp
from tidegate.adapters.udp import UdpSource
from tidegate.model.addresses import text, words
from tidegate.model.datagrams import DATAGRAM_BYTES_MAX, DatagramBlock
from tidegate.model.refusals import NotAllowed

CLOCK = HandClock()


@contextmanager
def listening(source: UdpSource) -> Iterator[UdpSource]:
    source.start()
    try:
        yield source
    finally:
        source.close()


def send(port: int, *datagrams: bytes, host: str = "127.0.0.1") -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        for datagram in datagrams:
            sock.sendto(datagram, (host, port))


def texts(block: DatagramBlock) -> list[bytes]:
    return [bytes(block.data[s : s + n]) for s, n in zip(block.starts, block.lengths, strict=True)]


def received(source: UdpSource, count: int) -> list[tuple[bytes, str, int]]:
    """The first `count` datagrams with sender and time; fewer when none came for two seconds."""
    found: list[tuple[bytes, str, int]] = []
    last = time.monotonic()
    while len(found) < count and time.monotonic() - last < 2:
        for block in source.receive(wait_ms=100):
            last = time.monotonic()
            pairs = zip(block.source_high.tolist(), block.source_low.tolist(), strict=True)
            senders = [text(high, low) for high, low in pairs]
            found += zip(texts(block), senders, block.received_ms.tolist(), strict=True)
    return found


@pytest.fixture(params=["recvmmsg", "one by one"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "one by one":
        monkeypatch.setattr(udp, "recvmmsg", lambda: None)
    elif udp.recvmmsg() is None:
        pytest.skip("this system has no recvmmsg")
    return str(request.param)


@pytest.mark.usefixtures("way")
def test_datagrams_come_whole_in_order_with_sender_and_time() -> None:
    with listening(UdpSource([("127.0.0.1", 0)], CLOCK)) as source:
        sent = [bytes([n % 251]) * (n + 1) for n in range(1400)]
        send(source.ports[0], *sent)
        found = received(source, len(sent))
    assert [datagram for datagram, _, _ in found] == sent
    assert {sender for _, sender, _ in found} == {"127.0.0.1"}
    assert {at for _, _, at in found} == {CLOCK.now_ms()}


@pytest.mark.usefixtures("way")
def test_one_socket_takes_both_families() -> None:
    try:
        probe = socket.create_server(("::1", 0), family=socket.AF_INET6)
        probe.close()
    except OSError:
        pytest.skip("this system has no IPv6")
    with listening(UdpSource([("::", 0)], CLOCK)) as source:
        send(source.ports[0], b"six", host="::1")
        send(source.ports[0], b"four", host="127.0.0.1")
        found = received(source, 2)
    assert sorted((datagram, words(sender)) for datagram, sender, _ in found) == [
        (b"four", words("127.0.0.1")),
        (b"six", words("::1")),
    ]


@pytest.mark.usefixtures("way")
def test_the_longest_datagram_is_read_and_a_longer_one_refused_and_counted() -> None:
    longest = b"l" * DATAGRAM_BYTES_MAX
    with listening(UdpSource([("127.0.0.1", 0)], CLOCK)) as source:
        send(source.ports[0], b"before", longest + b"!", longest, b"m" * 60_000, b"after")
        found = received(source, 3)
        assert [datagram for datagram, _, _ in found] == [b"before", longest, b"after"]
        assert source.refused() == {"datagram too long": 2}


@pytest.mark.usefixtures("way")
def test_long_datagrams_find_room_again_after_others_were_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datagram_ring, "LONG_DATAGRAMS_MAX", 3)
    monkeypatch.setattr(datagram_ring, "BLOCK_DATAGRAMS_MAX", 8)
    edge = datagram_ring.PLACE_BYTES
    lengths = [edge, edge + 1, 9000, edge - 1, DATAGRAM_BYTES_MAX + 1, 5, DATAGRAM_BYTES_MAX] * 6
    sent = [bytes([n]) * (length - 1) + b"!" for n, length in enumerate(lengths)]
    with listening(UdpSource([("127.0.0.1", 0)], CLOCK)) as source:
        send(source.ports[0], *sent)
        whole = [datagram for datagram in sent if len(datagram) <= DATAGRAM_BYTES_MAX]
        assert [datagram for datagram, _, _ in received(source, len(whole))] == whole
        assert source.refused() == {"datagram too long": 6}


@pytest.mark.usefixtures("way")
def test_an_empty_datagram_is_a_datagram() -> None:
    with listening(UdpSource([("127.0.0.1", 0)], CLOCK)) as source:
        send(source.ports[0], b"", b"x")
        assert [datagram for datagram, _, _ in received(source, 2)] == [b"", b"x"]


def test_every_port_is_heard() -> None:
    with listening(UdpSource([("127.0.0.1", 0)] * 3, CLOCK)) as source:
        for port in source.ports:
            send(port, b"%d" % port)
        assert sorted(received(source, 3)) == sorted(
            (b"%d" % port, "127.0.0.1", CLOCK.now_ms()) for port in source.ports
        )


def waits_in_kernel(port: int) -> bool:
    """Whether the socket's own queue holds datagrams that no thread has taken yet (/proc/net/udp)."""
    rows = [line.split() for line in Path("/proc/net/udp").read_text().splitlines()[1:]]
    return any(row[1].endswith(f":{port:04X}") and not row[4].endswith(":00000000") for row in rows)


def test_a_burst_larger_than_the_socket_buffer_is_borne_by_the_ring_while_nobody_reads() -> None:
    count = 12_000
    with listening(UdpSource([("127.0.0.1", 0)], CLOCK, buffer_wanted=1 << 20)) as source:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(("127.0.0.1", source.ports[0]))
            for n in range(count):
                sock.send(b"%06d" % n + b"-" * 1170)
                while n % 200 == 0 and waits_in_kernel(source.ports[0]):
                    time.sleep(0.001)
        found = received(source, count)
        assert [datagram[:6] for datagram, _, _ in found] == [b"%06d" % n for n in range(count)]
        assert source.dropped() == 0


def test_what_the_kernel_dropped_is_counted_to_the_datagram(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datagram_ring, "RING_BLOCKS_MAX", 1)
    monkeypatch.setattr(datagram_ring, "BLOCK_DATAGRAMS_MAX", 8)
    count = 3000
    with listening(UdpSource([("127.0.0.1", 0)], CLOCK, buffer_wanted=4096)) as source:
        send(source.ports[0], *[b"x" * 1000] * count)
        found = received(source, count)
        assert 0 < len(found) < count
        assert len(found) + source.dropped() == count
        assert source.dropped() == count - len(found), "reading the count changes nothing"


def test_the_count_of_drops_goes_on_when_the_kernels_counter_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    told = iter([0xFFFF_FFF0, 5])
    monkeypatch.setattr(udp, "kernel_drops", lambda _: next(told))
    with listening(UdpSource([("127.0.0.1", 0)], CLOCK)) as source:
        assert source.dropped() == 0xFFFF_FFF0
        assert source.dropped() == 0x1_0000_0005


def test_a_taken_port_is_told_and_leaves_nothing_open() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        source = UdpSource([("127.0.0.1", 0), ("127.0.0.1", taken.getsockname()[1])], CLOCK)
        with pytest.raises(NotAllowed, match="another collector"):
            source.start()
        assert source.ports == ()


def test_an_impossible_address_or_too_many_are_told() -> None:
    with pytest.raises(NotAllowed, match="cannot listen"):
        UdpSource([("127.0.0.1", 70_000)], CLOCK).start()
    with pytest.raises(NotAllowed, match="at most"):
        UdpSource([("127.0.0.1", 0)] * (udp.SOCKETS_MAX + 1), CLOCK)


def test_receiving_waits_no_longer_than_told_and_yields_nothing_then() -> None:
    with listening(UdpSource([("127.0.0.1", 0)], CLOCK)) as source:
        assert list(source.receive(wait_ms=1)) == []
        assert list(source.receive(wait_ms=0)) == []


def test_the_granted_buffer_is_told_in_the_unit_it_was_asked_in() -> None:
    with listening(UdpSource([("127.0.0.1", 0)], CLOCK, buffer_wanted=65_536)) as source:
        assert source.buffer_bytes == source.buffer_wanted == 65_536


def test_a_socket_that_fails_later_is_told_to_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise OSError(errno.ENETDOWN, "the network is down")

    with listening(UdpSource([("127.0.0.1", 0)], CLOCK)) as source:
        monkeypatch.setattr(source, "_receive", fail)
        send(source.ports[0], b"x")
        with pytest.raises(OSError, match="the network is down"):
            received(source, 1)
        with pytest.raises(OSError, match="nothing is received any more"):
            received(source, 1)
