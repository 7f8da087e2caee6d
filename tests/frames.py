"""Packets built by hand for tests, one plain function a header."""

from ipaddress import ip_address
from struct import pack

SOURCE, DESTINATION = "192.0.2.1", "198.51.100.7"
SOURCE_6, DESTINATION_6 = "2001:db8::1", "2001:db8:7::2"

ICMP, TCP, UDP, GRE, ICMPV6, SCTP, UDP_LITE, DCCP = 1, 6, 17, 47, 58, 132, 136, 33
SYN, ACK = 0x02, 0x10


def tcp(source: int, destination: int, flags: int) -> bytes:
    return pack(">HHIIBBHHH", source, destination, 1, 0, 5 << 4, flags, 1024, 0, 0)


def udp(source: int, destination: int, payload: bytes = b"") -> bytes:
    return pack(">HHHH", source, destination, 8 + len(payload), 0) + payload


def icmp(kind: int, code: int) -> bytes:
    return pack(">BBHI", kind, code, 0, 0)


def vxlan(frame: bytes) -> bytes:
    return pack(">II", 0x0800_0000, 7 << 8) + frame


def gre(ethertype: int, payload: bytes, flags: int = 0) -> bytes:
    options = sum(4 for bit in (0x8000, 0x2000, 0x1000) if flags & bit)
    return pack(">HH", flags, ethertype) + bytes(options) + payload


def ipv4(
    protocol: int,
    payload: bytes,
    *,
    source: str = SOURCE,
    destination: str = DESTINATION,
    options: bytes = b"",
    fragment_offset: int = 0,
    more: bool = False,
    identification: int = 1,
    total: int | None = None,
) -> bytes:
    size = 20 + len(options)
    fragment = fragment_offset // 8 | (0x2000 if more else 0)
    length = size + len(payload) if total is None else total
    start = pack(">BBHHHBBH", 4 << 4 | size // 4, 0, length, identification, fragment, 64, protocol, 0)
    return start + ip_address(source).packed + ip_address(destination).packed + options + payload


def ipv6(
    next_header: int,
    payload: bytes,
    *,
    source: str = SOURCE_6,
    destination: str = DESTINATION_6,
    payload_bytes: int | None = None,
) -> bytes:
    length = len(payload) if payload_bytes is None else payload_bytes
    start = pack(">IHBB", 6 << 28, length, next_header, 64)
    return start + ip_address(source).packed + ip_address(destination).packed + payload


def extension(next_header: int, payload: bytes, units: int = 0) -> bytes:
    """A hop-by-hop, routing or destination options header of 8 + 8 * units bytes."""
    return pack(">BB", next_header, units) + bytes(6 + 8 * units) + payload


def authentication(next_header: int, payload: bytes) -> bytes:
    return pack(">BB", next_header, 4) + bytes(22) + payload


def fragment6(next_header: int, payload: bytes, *, offset: int, more: bool, identification: int = 1) -> bytes:
    return pack(">BBHI", next_header, 0, offset | more, identification) + payload


def ethernet(ethertype: int, payload: bytes) -> bytes:
    return bytes.fromhex("020000000002 020000000001") + pack(">H", ethertype) + payload


def vlan(identifier: int, ethertype: int, payload: bytes) -> bytes:
    return pack(">HH", identifier, ethertype) + payload


def mpls(labels: int, payload: bytes) -> bytes:
    return b"".join(pack(">I", (16 + i) << 12 | (i == labels - 1) << 8 | 64) for i in range(labels)) + payload


def pppoe(protocol: int, payload: bytes) -> bytes:
    return pack(">BBHHH", 0x11, 0, 9, len(payload) + 2, protocol) + payload


def snap(ethertype: int, payload: bytes) -> bytes:
    return bytes.fromhex("aaaa03 000000") + pack(">H", ethertype) + payload


def ethertype(packet: bytes) -> int:
    return 0x0800 if packet[0] >> 4 == 4 else 0x86DD


INNER = ipv4(TCP, tcp(1, 2, ACK), source="203.0.113.1", destination="203.0.113.2")
INNER_6 = ipv6(UDP, udp(53, 9, b"abcd"))
EVERY_KIND = [
    ipv4(TCP, tcp(40000, 443, SYN)),
    ipv4(UDP, udp(40000, 9, b"abcd"), options=b"\x94\x04\0\0" + b"\x01" * 36),
    ipv4(UDP, udp(40000, 9, bytes(400)), more=True),
    ipv4(UDP, bytes(400), fragment_offset=1480),
    ipv4(UDP_LITE, udp(40000, 9, b"abcd")),
    ipv4(ICMP, icmp(3, 13) + INNER),
    ipv4(SCTP, udp(40000, 9, bytes(40))),
    ipv4(DCCP, udp(40000, 9, b"\4\0\0\0" + bytes(40))),
    ipv4(4, INNER),
    ipv4(41, INNER_6),
    ipv4(GRE, gre(0x0800, INNER)),
    ipv4(GRE, gre(0x86DD, INNER_6, flags=0x3000)),
    ipv4(GRE, gre(0x6558, ethernet(0x8100, vlan(5, 0x0800, INNER)))),
    ipv4(UDP, udp(50000, 4789, vxlan(ethernet(0x0800, INNER)))),
    ipv4(UDP, udp(50000, 4789, vxlan(ethernet(0x86DD, INNER_6)))),
    ipv6(TCP, tcp(40000, 443, ACK | SYN)),
    ipv6(0, extension(43, extension(60, extension(UDP, udp(40000, 9, b"abcd")), 1))),
    ipv6(51, authentication(TCP, tcp(40000, 443, SYN))),
    ipv6(44, fragment6(UDP, udp(40000, 9, bytes(400)), offset=0, more=True)),
    ipv6(44, fragment6(UDP, bytes(400), offset=1448, more=False)),
    ipv6(44, fragment6(UDP, udp(40000, 9, b"abcd"), offset=0, more=False)),
    ipv6(ICMPV6, icmp(135, 0) + bytes(16)),
    ipv6(59, b""),
    ipv6(4, INNER),
    ipv6(41, ipv6(UDP, udp(53, 9, b"abcd"), source="2001:db8:9::1")),
    ipv6(GRE, gre(0x0800, INNER)),
]
"""One packet of each kind that is told apart."""
