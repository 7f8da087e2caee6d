"""Fragments of UDP datagrams joined again, within bounds (RFC 791 section 3.2, RFC 8200 section 4.5)."""

from collections import OrderedDict
from dataclasses import dataclass, field

FRAGMENTED_DATAGRAMS_MAX = 256
"""Datagrams waiting for fragments; the oldest is given up for the next one."""

FRAGMENTS_IN_DATAGRAM_MAX = 64
"""Fragments of one datagram; it is given up at the next one."""

FRAGMENT_WAIT_MS_MAX = 30_000
"""Longest wait for the rest of a datagram, by the packets' own times; then it is given up."""

DATAGRAM_BYTES_MAX = 65_535
"""What IPv4 and IPv6 can carry; fragments that would make a longer datagram are given up, all of them."""

UDP = 17
IPV6_FRAGMENT = 44
IPV6_OPTION_HEADERS = frozenset({0, 43, 60})


@dataclass(frozen=True, slots=True)
class Fragment:
    """One fragment. `datagram` names what it is part of: addresses, identification."""

    datagram: bytes
    offset: int
    more: bool
    payload: bytes


@dataclass(slots=True)
class _Waiting:
    since_ms: int
    end: int | None = None
    parts: dict[int, bytes] = field(default_factory=dict)


def fragment_of(packet: bytes) -> Fragment | None:
    """The UDP fragment that an IPv4 or IPv6 packet is, cut to its own length field; None if it is none."""
    if len(packet) >= 20 and packet[0] >> 4 == 4:
        return _ipv4_fragment(packet)
    if len(packet) >= 40 and packet[0] >> 4 == 6:
        return _ipv6_fragment(packet)
    return None


def _ipv4_fragment(packet: bytes) -> Fragment | None:
    field16 = int.from_bytes(packet[6:8])
    if packet[9] != UDP or not field16 & 0x3FFF:
        return None
    payload = packet[(packet[0] & 15) * 4 : int.from_bytes(packet[2:4])]
    return Fragment(packet[4:6] + packet[12:20], (field16 & 0x1FFF) * 8, bool(field16 & 0x2000), payload)


def _ipv6_fragment(packet: bytes) -> Fragment | None:
    packet = packet[: 40 + int.from_bytes(packet[4:6])]
    header, at = packet[6], 40
    while header in IPV6_OPTION_HEADERS and at + 8 <= len(packet):
        header, at = packet[at], at + (packet[at + 1] + 1) * 8
    if header != IPV6_FRAGMENT or at + 8 > len(packet) or packet[at] != UDP:
        return None
    field16 = int.from_bytes(packet[at + 2 : at + 4])
    name = packet[at + 4 : at + 8] + packet[8:40]
    return Fragment(name, field16 & 0xFFF8, bool(field16 & 1), packet[at + 8 :])


class Reassembly:
    """Fragments waiting for their others; `given_up` counts datagrams lost to a bound or a contradiction."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[bytes, _Waiting] = OrderedDict()
        self.given_up = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, fragment: Fragment, now_ms: int) -> bytes | None:
        """The payload of the UDP datagram that `fragment` completes, or None.

        Fragments that overlap otherwise than as repetitions, or go on behind the last one, give the whole
        datagram up (RFC 5722).
        """
        self._give_up_old(now_ms)
        waiting = self._waiting.get(fragment.datagram)
        if waiting is None:
            if len(self._waiting) >= FRAGMENTED_DATAGRAMS_MAX:
                self._give_up(next(iter(self._waiting)))
            waiting = self._waiting[fragment.datagram] = _Waiting(now_ms)
        if not _accept(waiting, fragment):
            self._give_up(fragment.datagram)
            return None
        whole = _whole(waiting)
        if whole is None:
            return None
        del self._waiting[fragment.datagram]
        if len(whole) < 8 or int.from_bytes(whole[4:6]) != len(whole):
            self.given_up += 1
            return None
        return whole[8:]

    def _give_up(self, datagram: bytes) -> None:
        del self._waiting[datagram]
        self.given_up += 1

    def _give_up_old(self, now_ms: int) -> None:
        while self._waiting:
            oldest = next(iter(self._waiting))
            if now_ms - self._waiting[oldest].since_ms <= FRAGMENT_WAIT_MS_MAX:
                return
            self._give_up(oldest)


def _accept(waiting: _Waiting, fragment: Fragment) -> bool:
    """Take the fragment in; False where it contradicts the others or is beyond the bounds."""
    offset, payload = fragment.offset, fragment.payload
    end = offset + len(payload)
    if waiting.parts.get(offset) == payload:
        return True
    if not payload or end > DATAGRAM_BYTES_MAX or len(waiting.parts) >= FRAGMENTS_IN_DATAGRAM_MAX:
        return False
    if any(offset < at + len(part) and at < end for at, part in waiting.parts.items()):
        return False
    if not fragment.more:
        if waiting.end is not None:
            return False
        waiting.end = end
    waiting.parts[offset] = payload
    return waiting.end is None or all(at + len(part) <= waiting.end for at, part in waiting.parts.items())


def _whole(waiting: _Waiting) -> bytes | None:
    if waiting.end is None or sum(map(len, waiting.parts.values())) != waiting.end:
        return None
    return b"".join(part for _, part in sorted(waiting.parts.items()))
