"""Signal datagrams get through what kills TCP, open under their own key once, and shrug at junk."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hotline_cards import a_card, organisation
from tidegate.adapters.hotline.datagrams import SENDING_MAX, SignalDatagrams
from tidegate.adapters.hotline.signal_seal import SESSIONS_MAX, WINDOW_MAX, Opening, Sealing
from tidegate.adapters.hotline.transfers import PARTIAL_MAX, Receiving, Sending
from tidegate.lab.hotline.faults import Faults
from tidegate.lab.hotline.proxy import FaultProxy
from tidegate.model.messages import WORD_BYTES_MAX
from tidegate.model.organisations import Endpoint
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.ports.hotline import Outcome
from tidegate.ports.outside import OutsideFailed
from tidegate.wire.erasure import cut
from tidegate.wire.signals import (
    BODY_BYTES_MAX,
    DATAGRAM_BYTES_MAX,
    PIECE_BYTES,
    SEAL_BYTES,
    Got,
    Piece,
    Probe,
    Word,
    decode_signal,
    encode_signal,
)

PATIENCE_S = 30
KEY, BACK = b"k" * 32, b"b" * 32


def until(true: Callable[[], bool]) -> None:
    for _ in range(PATIENCE_S * 200):
        if true():
            return
        time.sleep(0.005)
    pytest.fail("it never came true")


class Pair:
    """XA calls XB through a network with faults."""

    def __init__(self, faults: Faults, seed: int, afterwards: ExitStack) -> None:
        self.anna, self.boris = (SignalDatagrams([("127.0.0.1", 0)], time.monotonic) for _ in range(2))
        self.proxy = FaultProxy(faults, seed)
        for part in (self.anna, self.boris, self.proxy):
            part.start()
            afterwards.callback(part.stop)
        self.endpoint = Endpoint(
            "udp", "127.0.0.1", self.proxy.before_udp(("127.0.0.1", self.boris.ports[0]))
        )
        self.anna.know(a_card("XA"), [a_card("XB")])
        self.boris.know(a_card("XB"), [a_card("XA")])
        self.anna.use_keys({organisation("XB"): [BACK]}, {organisation("XB"): KEY})
        self.boris.use_keys({organisation("XA"): [KEY]}, {organisation("XA"): BACK})

    def exchanged(self, envelope: bytes, reply: bytes) -> None:
        """Returns when XB has the envelope, XA has the reply, and the outcome is good."""
        assert self.anna.offer(organisation("XB"), self.endpoint, [envelope])
        came: list[bytes] = []
        back: list[bytes] = []
        whys: list[str] = []

        def whole() -> bool:
            for arrival in self.boris.arrivals():
                came.extend(arrival.envelopes)
                assert arrival.answer is not None
                arrival.answer([reply])
            back.extend(envelope for arrival in self.anna.arrivals() for envelope in arrival.envelopes)
            whys.extend(outcome.why for outcome in self.anna.outcomes())
            return bool(came and back and whys)

        until(whole)
        assert (came, back, whys) == ([envelope], [reply], [""])


@pytest.fixture
def afterwards() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize(
    "faults",
    [
        Faults(loss=30, delay_ms=20),
        Faults(loss=60, duplication=20, reordering=20, truncation=5, delay_ms=20),
        Faults(loss=85),
    ],
)
def test_a_message_and_its_receipt_come_through_any_loss(faults: Faults, afterwards: ExitStack) -> None:
    pair = Pair(faults, 7, afterwards)
    pair.exchanged(os.urandom(16_000), os.urandom(9_000))


def test_a_word_is_heard_once_however_often_it_is_said(afterwards: ExitStack) -> None:
    pair = Pair(Faults(loss=50, duplication=50), 3, afterwards)
    assert pair.anna.say(organisation("XB"), pair.endpoint, b"FLASH" * 100)
    said: list[tuple[bytes, Outcome]] = []
    until(lambda: bool(said.extend(pair.anna.said()) or said))
    assert [(word, told.why) for word, told in said] == [(b"FLASH" * 100, "")]
    assert not pair.anna.outcomes(), "how a word went is told of no offer"
    assert pair.boris.words() == [(organisation("XA"), b"FLASH" * 100)]
    with pytest.raises(NotAllowed, match="does not fit a datagram"):
        pair.anna.say(organisation("XB"), pair.endpoint, bytes(WORD_BYTES_MAX + 1))


def test_junk_of_every_kind_opens_nothing_and_stops_nobody(afterwards: ExitStack) -> None:
    """Random datagrams, datagrams with a tag that somebody overheard, and one recorded and played again."""
    pair = Pair(Faults(), 1, afterwards)
    tag = Sealing(KEY).seal(b"x")[:8]
    stop = threading.Event()

    def pour() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source:
            while not stop.is_set():
                for size in (0, 1, 8, 20, 36, 200, 1_200, 1_300):
                    source.sendto(os.urandom(size), ("127.0.0.1", pair.boris.ports[0]))
                    source.sendto(tag + os.urandom(size), ("127.0.0.1", pair.boris.ports[0]))

    pouring = threading.Thread(target=pour)
    pouring.start()
    try:
        pair.exchanged(b"in the middle of it" * 500, b"received" * 100)
    finally:
        stop.set()
        pouring.join()
    assert pair.boris.refused["not under its key, or played again"] > 0
    assert pair.boris.arrivals() == []


def test_what_is_never_got_ends_and_makes_room(afterwards: ExitStack) -> None:
    pair = Pair(Faults(partition=True), 1, afterwards)
    lonely = SignalDatagrams([], time.monotonic, give_up_s=0.5)
    lonely.start()
    afterwards.callback(lonely.stop)
    lonely.know(a_card("XA"), [a_card("XB")])
    lonely.use_keys({}, {organisation("XB"): KEY})
    offered = [lonely.offer(organisation("XB"), pair.endpoint, [b"?"]) for _ in range(SENDING_MAX + 1)]
    assert offered == [True] * SENDING_MAX + [False]
    outcomes: list[str] = []
    until(lambda: bool(outcomes.extend(one.why for one in lonely.outcomes()) or len(outcomes) == SENDING_MAX))
    assert set(outcomes) == {"no answer in time"}
    assert lonely.offer(organisation("XB"), pair.endpoint, [b"?"])


def test_a_name_without_an_address_is_told(afterwards: ExitStack) -> None:
    pair = Pair(Faults(), 1, afterwards)
    assert pair.anna.offer(organisation("XB"), Endpoint("udp", "no-such-host.invalid", 9), [b"?"])
    outcomes: list[str] = []
    until(lambda: bool(outcomes.extend(one.why for one in pair.anna.outcomes()) or outcomes))
    assert outcomes == ["its name has no address here"]


def test_an_address_that_is_taken_is_told(afterwards: ExitStack) -> None:
    pair = Pair(Faults(), 1, afterwards)
    with pytest.raises(OutsideFailed, match="cannot listen"):
        SignalDatagrams([("127.0.0.1", pair.anna.ports[0])], time.monotonic).start()


# The seal.


@given(st.binary(max_size=DATAGRAM_BYTES_MAX - SEAL_BYTES).filter(bool), st.data())
def test_a_datagram_opens_once_under_its_key_and_never_altered(plain: bytes, data: st.DataObject) -> None:
    sealed = Sealing(KEY).seal(plain)
    assert len(sealed) == len(plain) + SEAL_BYTES
    at = data.draw(st.integers(0, len(sealed) - 1))
    altered = bytearray(sealed)
    altered[at] ^= data.draw(st.integers(1, 255))
    opening = Opening(KEY)
    if at >= 8:  # the tag only says which key to try
        assert opening.open(bytes(altered)) is None
    assert opening.open(sealed[:-1]) is None
    assert Opening(BACK).open(sealed) is None
    assert opening.open(sealed) == plain
    assert opening.open(sealed) is None


@given(st.lists(st.integers(0, 200), max_size=80))
def test_each_datagram_of_a_session_opens_once_in_any_order(order: list[int]) -> None:
    sealing, opening = Sealing(KEY), Opening(KEY)
    sealed = [sealing.seal(b"%d" % number) for number in range(201)]
    seen: set[int] = set()
    for number in order:
        expected = None if number in seen else b"%d" % number
        assert opening.open(sealed[number]) == expected
        seen.add(number)


def test_what_comes_too_late_or_of_too_old_a_session_is_dropped() -> None:
    sealing, opening = Sealing(KEY), Opening(KEY)
    sealed = [sealing.seal(b"x") for _ in range(WINDOW_MAX + 1)]
    assert opening.open(sealed[-1]) == b"x"
    assert opening.open(sealed[0]) is None
    assert opening.open(sealed[1]) == b"x"
    sessions = [Sealing(KEY) for _ in range(SESSIONS_MAX)]
    assert [opening.open(session.seal(b"y")) for session in sessions] == [b"y"] * SESSIONS_MAX
    assert opening.open(sessions[-1].seal(b"z")) == b"z"


# What a datagram says.

transfers = st.binary(min_size=8, max_size=8)
signals = st.one_of(
    st.builds(
        Piece,
        transfers,
        st.integers(1, BODY_BYTES_MAX),
        st.integers(0, 254),
        st.binary(min_size=PIECE_BYTES, max_size=PIECE_BYTES),
    ),
    st.builds(Word, transfers, st.binary(max_size=WORD_BYTES_MAX)),
    st.builds(Probe, transfers),
    st.builds(Got, transfers),
)


@given(signals)
def test_a_signal_comes_back_and_fits_a_datagram(signal: Piece | Word | Probe | Got) -> None:
    plain = encode_signal(signal)
    assert len(plain) + SEAL_BYTES <= DATAGRAM_BYTES_MAX
    assert decode_signal(plain) == signal


@given(st.binary(max_size=40))
def test_whatever_is_read_as_a_signal_is_written_alike(plain: bytes) -> None:
    try:
        signal = decode_signal(plain)
    except Malformed:
        return
    assert encode_signal(signal) == plain


def test_pieces_of_many_exchanges_at_once_are_kept_only_so_far() -> None:
    receiving = Receiving()
    first = Piece(bytes(8), 2 * PIECE_BYTES, 0, bytes(PIECE_BYTES))
    assert receiving.add(first) is None
    for number in range(PARTIAL_MAX):
        receiving.add(Piece(number.to_bytes(8) + b"", 2 * PIECE_BYTES, 0, bytes(PIECE_BYTES)))
    last = Piece(bytes(8), 2 * PIECE_BYTES, 1, bytes(PIECE_BYTES))
    assert receiving.add(last) == bytes(2 * PIECE_BYTES)
    other = Piece(b"\1" * 8, 2 * PIECE_BYTES, 1, bytes(PIECE_BYTES))
    assert receiving.add(other) is None
    assert receiving.add(Piece(b"\1" * 8, 3 * PIECE_BYTES, 0, bytes(PIECE_BYTES))) is None


def test_whoever_is_late_sends_no_more_than_suffices_before_it_looks_for_an_answer() -> None:
    body = os.urandom(12 * PIECE_BYTES)
    sending = Sending(
        "0" * 64,
        None,
        ("192.0.2.1", 1),
        began_s=0.0,
        until_s=30.0,
        length=len(body),
        rows=cut(body, PIECE_BYTES),
    )
    assert sending.due(10.0) == 12
    for _ in range(12):
        sending.next()
    assert sending.due(10.0) > 12
