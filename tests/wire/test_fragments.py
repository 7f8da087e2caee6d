"""Fragmented datagrams are put together in any order, and given up rather than guessed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import frames as f
from tidegate.wire.fragments import (
    FRAGMENT_WAIT_MS_MAX,
    FRAGMENTED_DATAGRAMS_MAX,
    FRAGMENTS_IN_DATAGRAM_MAX,
    Fragment,
    Reassembly,
    fragment_of,
)

PAYLOAD = bytes(range(256)) * 5
SEGMENT = f.udp(1, 2055, PAYLOAD)


def cut4(segment: bytes, size: int, identification: int = 1) -> list[bytes]:
    return [
        f.ipv4(
            f.UDP,
            segment[at : at + size],
            fragment_offset=at,
            more=at + size < len(segment),
            identification=identification,
        )
        for at in range(0, len(segment), size)
    ]


def cut6(segment: bytes, size: int) -> list[bytes]:
    return [
        f.ipv6(
            0,
            f.extension(
                44, f.fragment6(f.UDP, segment[at : at + size], offset=at, more=at + size < len(segment))
            ),
        )
        for at in range(0, len(segment), size)
    ]


def joined(packets: list[bytes], reassembly: Reassembly | None = None) -> list[bytes]:
    reassembly = Reassembly() if reassembly is None else reassembly
    fragments = [fragment_of(packet) for packet in packets]
    assert None not in fragments
    whole = [reassembly.add(fragment, 1000) for fragment in fragments if fragment]
    return [datagram for datagram in whole if datagram is not None]


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([cut4, cut6]), st.integers(3, 100))
def test_a_datagram_is_joined_from_its_fragments_in_any_order(data: st.DataObject, cut, units: int) -> None:
    packets = data.draw(st.permutations(cut(SEGMENT, units * 8)[:FRAGMENTS_IN_DATAGRAM_MAX]))
    assert joined(packets) == [PAYLOAD]


def test_padding_behind_a_fragment_is_cut_off() -> None:
    assert joined([packet + b"\0" * 9 for packet in cut4(SEGMENT, 512)]) == [PAYLOAD]
    assert joined([packet + b"\0" * 9 for packet in cut6(SEGMENT, 512)]) == [PAYLOAD]


def test_datagrams_of_the_same_sender_are_told_apart() -> None:
    other = f.udp(1, 2055, PAYLOAD[::-1])
    mixed = [
        packet for pair in zip(cut4(SEGMENT, 512, 1), cut4(other, 512, 2), strict=True) for packet in pair
    ]
    assert joined(mixed) == [PAYLOAD, PAYLOAD[::-1]]


def test_a_repeated_fragment_does_no_harm() -> None:
    packets = cut4(SEGMENT, 512)
    assert joined([packets[0], packets[0], *packets[1:]]) == [PAYLOAD]


@pytest.mark.parametrize(
    "packet",
    [
        f.ipv4(f.UDP, SEGMENT),
        f.ipv4(f.TCP, SEGMENT, more=True),
        f.ipv6(f.UDP, SEGMENT),
        f.ipv6(44, f.fragment6(f.TCP, SEGMENT, offset=0, more=True)),
        f.ipv6(44, b"\x11"),
        f.ipv6(0, f.extension(44, b"", units=4)[:20]),
        b"",
        b"\x45",
    ],
)
def test_other_packets_are_no_fragments(packet: bytes) -> None:
    assert fragment_of(packet) is None


def of(offset: int, payload: bytes, *, more: bool = True) -> Fragment:
    return Fragment(b"name", offset, more, payload)


@pytest.mark.parametrize(
    "fragments",
    [
        [of(0, bytes(16)), of(8, bytes(16))],
        [of(8, bytes(16)), of(0, bytes(16))],
        [of(0, bytes(16)), of(0, b"\1" * 16)],
        [of(16, bytes(8), more=False), of(24, bytes(8))],
        [of(24, bytes(8)), of(16, bytes(8), more=False)],
        [of(16, bytes(8), more=False), of(32, bytes(8), more=False)],
        [of(65_528, bytes(16))],
        [of(0, b"")],
        [of(0, b"\0\1\0\2\0\x09\0\0" + bytes(8)), of(16, bytes(8), more=False)],  # UDP says another length
        [of(0, bytes(4), more=False)],
    ],
)
def test_fragments_that_contradict_each_other_are_given_up(fragments: list[Fragment]) -> None:
    reassembly = Reassembly()
    assert [reassembly.add(fragment, 1) for fragment in fragments] == [None] * len(fragments)
    assert (reassembly.given_up, len(reassembly)) == (1, 0)


def test_a_datagram_of_too_many_fragments_is_given_up() -> None:
    reassembly = Reassembly()
    for i in range(FRAGMENTS_IN_DATAGRAM_MAX + 1):
        reassembly.add(of(i * 8, bytes(8)), 1)
    assert (reassembly.given_up, len(reassembly)) == (1, 0)


def test_the_oldest_is_given_up_when_too_many_wait() -> None:
    reassembly = Reassembly()
    first, rest = cut4(SEGMENT, 1000)
    joined([first], reassembly)
    for i in range(FRAGMENTED_DATAGRAMS_MAX):
        joined(cut4(SEGMENT, 1000, identification=2 + i)[:1], reassembly)
    assert (reassembly.given_up, len(reassembly)) == (1, FRAGMENTED_DATAGRAMS_MAX)
    assert joined([rest], reassembly) == []


def test_a_datagram_that_waits_too_long_is_given_up() -> None:
    reassembly = Reassembly()
    first, rest = (fragment_of(packet) for packet in cut4(SEGMENT, 1000))
    assert first is not None
    assert rest is not None
    reassembly.add(first, 1000)
    assert reassembly.add(rest, 1000 + FRAGMENT_WAIT_MS_MAX + 1) is None
    assert reassembly.given_up == 1
    reassembly.add(first, 200_000)
    assert reassembly.add(rest, 200_000 + FRAGMENT_WAIT_MS_MAX) == PAYLOAD


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=120), st.sampled_from([b"", b"\x45\0", b"\x60", b"\x4f"]))
def test_any_packet_is_a_fragment_or_not_and_never_an_error(rest: bytes, start: bytes) -> None:
    fragment = fragment_of(start + rest)
    if fragment is not None:
        Reassembly().add(fragment, 0)
