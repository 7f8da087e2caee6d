"""FlowSpec matches as bytes and back: the NLRI of RFC 8955 section 4 and of RFC 8956 section 3.

Component order, operators and lengths are exactly those of the RFCs. `decode_nlri` also reads what others
write differently (RFC 8955 leaves them the choice), so that two rules are compared by what they match.
"""

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Final

from tidegate.model.plans import FragmentKind, Match, Range, TcpFlags
from tidegate.model.refusals import Malformed, NotAllowed

NLRI_BYTES_MAX = 4095
"""Longest match that RFC 8955 section 4.1 can frame; a longer one is NotAllowed, and is never announced."""

DESTINATION, SOURCE, PROTOCOL, DESTINATION_PORT, SOURCE_PORT = 1, 2, 3, 5, 6
ICMP_TYPE, TCP_FLAGS, PACKET_LENGTH, FRAGMENT = 7, 9, 10, 12

END, AND = 0x80, 0x40
LESS, GREATER, EQUAL = 0x04, 0x02, 0x01
NOT, ALL_BITS = 0x02, 0x01

OCTET, SHORT = 0xFF, 0xFFFF
HIGHEST: Final = {
    PROTOCOL: OCTET,
    DESTINATION_PORT: SHORT,
    SOURCE_PORT: SHORT,
    ICMP_TYPE: OCTET,
    PACKET_LENGTH: SHORT,
}
"""The greatest value of each numeric component's field."""

TCP_FLAG_BITS: Final = 0xFFF
"""The two octets of flags less the data offset, which RFC 8955 section 4.2.2.9 leaves out."""

FRAGMENT_BITS: Final[dict[FragmentKind, int]] = {"dont": 1, "later": 2, "first": 4, "last": 8}

_EXTENDED: Final = 0xF0


def meaning(match: Match) -> Match:
    """The one form of all matches that match the same packets, as far as components can tell.

    Values sorted, ranges merged, host bits gone, `source` of everything left out. NotAllowed for values
    that no packet has: a port above 65535, an empty range, flags that must be and are not looked at.
    """
    network = _network(match.destination)
    source = None if match.source is None else _network(match.source)
    if source is not None and source.version != network.version:
        raise NotAllowed(f"{match.source} is of another family than {match.destination}")
    if "dont" in match.fragments and network.version == 6:
        raise NotAllowed("IPv6 packets have no DF bit to match (RFC 8956 section 3.6)")
    return Match(
        destination=str(network),
        source=str(source) if source is not None and source.prefixlen else None,
        protocols=_singles(match.protocols, PROTOCOL),
        source_ports=_ranges(match.source_ports, SOURCE_PORT),
        destination_ports=_ranges(match.destination_ports, DESTINATION_PORT),
        icmp_types=_singles(match.icmp_types, ICMP_TYPE),
        tcp_flags=None if match.tcp_flags is None else _flags(match.tcp_flags),
        packet_lengths=_ranges(match.packet_lengths, PACKET_LENGTH),
        fragments=tuple(kind for kind in FRAGMENT_BITS if kind in match.fragments),
    )


def is_ipv6(match: Match) -> bool:
    return ":" in match.destination


def encode_nlri(match: Match) -> bytes:
    """The length and the components of RFC 8955 section 4; NotAllowed as `meaning`, or when too long."""
    match = meaning(match)
    value = b"".join(_components(match))
    if len(value) > NLRI_BYTES_MAX:
        raise NotAllowed(
            f"a match of {len(value)} bytes is longer than FlowSpec can carry ({NLRI_BYTES_MAX})"
        )
    if len(value) < _EXTENDED:
        return bytes([len(value)]) + value
    return (_EXTENDED << 8 | len(value)).to_bytes(2, "big") + value


def _components(match: Match) -> Iterator[bytes]:
    """In the order of their types, as RFC 8955 section 4.2 demands."""
    yield _prefix(DESTINATION, match.destination)
    if match.source is not None:
        yield _prefix(SOURCE, match.source)
    yield _numbers(PROTOCOL, _points(match.protocols))
    yield _numbers(DESTINATION_PORT, match.destination_ports)
    yield _numbers(SOURCE_PORT, match.source_ports)
    yield _numbers(ICMP_TYPE, _points(match.icmp_types))
    if match.tcp_flags is not None:
        yield _flag_terms(match.tcp_flags)
    yield _numbers(PACKET_LENGTH, match.packet_lengths)
    if match.fragments:
        bits = sum(FRAGMENT_BITS[kind] for kind in match.fragments)
        yield bytes([FRAGMENT, END, bits])


def _prefix(component: int, prefix: str) -> bytes:
    network = ipaddress.ip_network(prefix)
    octets = network.network_address.packed[: (network.prefixlen + 7) // 8]
    offset = b"" if network.version == 4 else b"\x00"
    return bytes([component, network.prefixlen]) + offset + octets


def _numbers(component: int, ranges: Sequence[Range]) -> bytes:
    """Each range as one value, or as "at least, and at most"; nothing for no range."""
    if not ranges:
        return b""
    terms: list[tuple[int, int]] = []
    for each in ranges:
        if each.first == each.last:
            terms.append((EQUAL, each.first))
        else:
            terms += [(GREATER | EQUAL, each.first), (AND | LESS | EQUAL, each.last)]
    return bytes([component]) + _terms(terms)


def _flag_terms(flags: TcpFlags) -> bytes:
    """Those that are set, all of them; and of the others looked at, not one."""
    absent = flags.among & ~flags.are
    terms = [(ALL_BITS, flags.are)] if flags.are else []
    if absent:
        terms.append((NOT | (AND if terms else 0), absent))
    return bytes([TCP_FLAGS]) + _terms(terms)


def _terms(terms: Sequence[tuple[int, int]]) -> bytes:
    octets = bytearray()
    for at, (operator, value) in enumerate(terms):
        wide = value > OCTET
        end = END if at == len(terms) - 1 else 0
        octets.append(end | operator | (0x10 if wide else 0))
        octets += value.to_bytes(2 if wide else 1, "big")
    return bytes(octets)


def split_nlris(data: bytes) -> list[bytes]:
    """The values of all NLRIs of one attribute, without their lengths (RFC 8955 section 4.1)."""
    values, at = [], 0
    while at < len(data):
        length, start = data[at], at + 1
        if length >= _EXTENDED:
            if at + 2 > len(data):
                raise Malformed("flowspec length cut short", at)
            length, start = int.from_bytes(data[at : at + 2], "big") & NLRI_BYTES_MAX, at + 2
        if start + length > len(data):
            raise Malformed("flowspec rule cut short", at)
        values.append(data[start : start + length])
        at = start + length
    return values


def decode_nlri(value: bytes, version: int) -> Match:
    """The match of one NLRI value (without its length) of IP `version` 4 or 6, as `meaning` gives it.

    Malformed where the bytes are no FlowSpec rule, and where they say what no Match of ours says: it is
    then no rule of ours.
    """
    reader = _Reader(value, version)
    found: dict[int, object] = {}
    before = 0
    while reader.at < len(value):
        start = reader.at
        component = reader.octet()
        if component <= before:
            raise Malformed("flowspec components out of order", start)
        before = component
        found[component] = reader.component(component, start)
    if DESTINATION not in found:
        raise Malformed("flowspec rule without a destination", 0)
    return _match(found)


def _match(found: dict[int, object]) -> Match:
    def ranges(component: int) -> tuple[Range, ...]:
        value = found.get(component, ())
        assert isinstance(value, tuple)
        return value

    destination, source, flags = found[DESTINATION], found.get(SOURCE), found.get(TCP_FLAGS)
    assert isinstance(destination, str)
    assert source is None or isinstance(source, str)
    assert flags is None or isinstance(flags, TcpFlags)
    bits = found.get(FRAGMENT, 0)
    assert isinstance(bits, int)
    return meaning(
        Match(
            destination=destination,
            source=source,
            protocols=_each(ranges(PROTOCOL)),
            source_ports=ranges(SOURCE_PORT),
            destination_ports=ranges(DESTINATION_PORT),
            icmp_types=_each(ranges(ICMP_TYPE)),
            tcp_flags=flags,
            packet_lengths=ranges(PACKET_LENGTH),
            fragments=tuple(kind for kind, bit in FRAGMENT_BITS.items() if bits & bit),
        )
    )


class _Reader:
    """Walks over the components of one NLRI value."""

    def __init__(self, value: bytes, version: int) -> None:
        self._value, self._version = value, version
        self.at = 0

    def octet(self) -> int:
        return self._take(1)[0]

    def component(self, component: int, start: int) -> object:
        if component in (DESTINATION, SOURCE):
            return self._prefix(start)
        if component == TCP_FLAGS:
            return flags_meant(self._terms(), start)
        if component == FRAGMENT:
            bits = fragments_meant(self._terms(), start)
            return bits & ~1 if self._version == 6 else bits  # RFC 8956 section 3.6: DF is ignored
        if component not in HIGHEST:
            raise Malformed("flowspec component that no rule of ours has", start)
        return numbers_meant(self._terms(), HIGHEST[component], start)

    def _prefix(self, start: int) -> str:
        length = self.octet()
        bits = 32 if self._version == 4 else 128
        if self._version == 6 and self.octet() != 0:
            raise Malformed("flowspec prefix with an offset, which no rule of ours has", start)
        if length > bits:
            raise Malformed("flowspec prefix too long", start)
        octets = self._take((length + 7) // 8).ljust(bits // 8, b"\x00")
        return str(ipaddress.ip_network((octets, length), strict=False))

    def _terms(self) -> list[tuple[int, int]]:
        """(operator, value) up to the one with the end bit."""
        terms: list[tuple[int, int]] = []
        while not terms or not terms[-1][0] & END:
            operator = self.octet()
            terms.append((operator, int.from_bytes(self._take(1 << ((operator & 0x30) >> 4)), "big")))
        return terms

    def _take(self, count: int) -> bytes:
        taken = self._value[self.at : self.at + count]
        if len(taken) < count:
            raise Malformed("flowspec rule cut short", self.at)
        self.at += count
        return taken


def _groups(terms: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """AND binds tighter than OR (RFC 8955 section 4.2.1); the first term's AND bit means nothing."""
    groups: list[list[tuple[int, int]]] = []
    for operator, value in terms:
        if operator & AND and groups:
            groups[-1].append((operator, value))
        else:
            groups.append([(operator, value)])
    return groups


def numbers_meant(terms: Sequence[tuple[int, int]], highest: int, at: int) -> tuple[Range, ...]:
    """The values from 0 to `highest` that a list of numeric terms matches, as ranges."""
    found: list[Range] = []
    for group in _groups(terms):
        within = [Range(0, highest)]
        for operator, value in group:
            within = [
                both
                for each in within
                for one in _one_term(operator, value, highest)
                for both in _both(each, one)
            ]
        found += within
    if not found:
        raise Malformed("flowspec component that matches nothing", at)
    return _merged(found)


def _one_term(operator: int, value: int, highest: int) -> list[Range]:
    wanted = []
    if operator & LESS and value > 0:
        wanted.append(Range(0, min(value - 1, highest)))
    if operator & EQUAL and value <= highest:
        wanted.append(Range(value, value))
    if operator & GREATER and value < highest:
        wanted.append(Range(value + 1, highest))
    return wanted


def _both(one: Range, other: Range) -> list[Range]:
    first, last = max(one.first, other.first), min(one.last, other.last)
    return [Range(first, last)] if first <= last else []


def flags_meant(terms: Sequence[tuple[int, int]], at: int) -> TcpFlags:
    """Flags that must be and must not be, where the terms say no more than that."""
    groups = _groups(terms)
    present = absent = 0
    for operator, value in groups[0]:
        single = value & (value - 1) == 0
        match operator & (NOT | ALL_BITS):
            case 0x01:
                present |= value
            case 0x00 if single:
                present |= value
            case 0x02:
                absent |= value
            case 0x03 if single:
                absent |= value
            case _:
                raise Malformed("flowspec flags that no rule of ours has", at)
    among = present | absent
    if len(groups) > 1 or present & absent or not 0 < among <= TCP_FLAG_BITS:
        raise Malformed("flowspec flags that no rule of ours has", at)
    return TcpFlags(are=present, among=among)


def fragments_meant(terms: Sequence[tuple[int, int]], at: int) -> int:
    """The bits any of which suffices, where the terms say no more than that."""
    bits = 0
    for group in _groups(terms):
        (operator, value), *more = group
        single = value & (value - 1) == 0
        if more or operator & NOT or (operator & ALL_BITS and not single):
            raise Malformed("flowspec fragment bits that no rule of ours has", at)
        bits |= value & 0x0F
    if not bits:
        raise Malformed("flowspec component that matches nothing", at)
    return bits


def _network(prefix: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """A zone (RFC 4007 section 11) is refused: no route has one, and it may be any words at all."""
    try:
        network = ipaddress.ip_network(prefix, strict=False)
    except ValueError as error:
        raise NotAllowed(f"{prefix!r} is no prefix of addresses") from error
    if "%" in prefix:
        raise NotAllowed(f"{prefix!r} names a zone; a route has none")
    return network


def _points(values: Sequence[int]) -> list[Range]:
    return [Range(value, value) for value in values]


def _each(ranges: Sequence[Range]) -> tuple[int, ...]:
    return tuple(value for each in ranges for value in range(each.first, each.last + 1))


def _singles(values: Sequence[int], component: int) -> tuple[int, ...]:
    return _each(_ranges(_points(values), component))


def _ranges(ranges: Sequence[Range], component: int) -> tuple[Range, ...]:
    for each in ranges:
        if not 0 <= each.first <= each.last <= HIGHEST[component]:
            raise NotAllowed(f"no packet has a value from {each.first} to {each.last}")
    return _merged(ranges)


def _merged(ranges: Sequence[Range]) -> tuple[Range, ...]:
    merged: list[Range] = []
    for each in sorted(ranges):
        if merged and each.first <= merged[-1].last + 1:
            merged[-1] = Range(merged[-1].first, max(merged[-1].last, each.last))
        else:
            merged.append(each)
    return tuple(merged)


def _flags(flags: TcpFlags) -> TcpFlags:
    if not 0 < flags.among <= TCP_FLAG_BITS or flags.are & ~flags.among or flags.are < 0:
        raise NotAllowed(f"no segment has flags {flags.are:#x} among {flags.among:#x}")
    return flags
