"""The plain twin of tidegate.kernels.headers: slices of bytes, one dictionary a packet."""

from struct import unpack_from

LINK_LAYERS_MAX = 16
EXTENSION_HEADERS_MAX = 8

NOTHING = {
    "src_high": 0,
    "src_low": 0,
    "dst_high": 0,
    "dst_low": 0,
    "inner_src_high": 0,
    "inner_src_low": 0,
    "inner_dst_high": 0,
    "inner_dst_low": 0,
    "src_port": 0,
    "dst_port": 0,
    "protocol": 0,
    "tcp_flags": 0,
    "flags_seen": 0,
    "family": 0,
    "fragment": 0,
    "icmp_type": 0,
    "icmp_code": 0,
    "tunnel": 0,
    "inner_protocol": 0,
    "has_ports": 0,
}


def in_ethernet(frame: bytes, layers: int = 0) -> bytes | None:
    """What begins with the IP header, or None."""
    if len(frame) < 14:
        return None
    return behind(unpack_from(">H", frame, 12)[0], frame[14:], layers + 1)


def behind(ethertype: int | None, rest: bytes, layers: int = 0) -> bytes | None:
    if layers > LINK_LAYERS_MAX or ethertype is None:
        return None
    if ethertype in (0x0800, 0x86DD):
        return rest
    if ethertype in (0x8100, 0x88A8, 0x9100):
        return behind(unpack_from(">H", rest, 2)[0], rest[4:], layers + 1) if len(rest) >= 4 else None
    if ethertype in (0x8847, 0x8848):
        return in_mpls(rest, layers)
    if ethertype == 0x8864:
        return behind(of_ppp(unpack_from(">H", rest, 6)[0]), rest[8:], layers + 1) if len(rest) >= 8 else None
    if ethertype == 0x6558:
        return in_ethernet(rest, layers)
    if ethertype <= 1500 and rest[:6] == b"\xaa\xaa\x03\0\0\0" and len(rest) >= 8:
        return behind(unpack_from(">H", rest, 6)[0], rest[8:], layers + 1)
    return None


def in_mpls(rest: bytes, layers: int) -> bytes | None:
    if len(rest) < 5:
        return None
    if not rest[2] & 1:
        return behind(0x8847, rest[4:], layers + 1)
    return behind({4: 0x0800, 6: 0x86DD}.get(rest[4] >> 4), rest[4:], layers + 1)


def of_ppp(protocol: int) -> int | None:
    return {0x0021: 0x0800, 0x0057: 0x86DD, 0x0281: 0x8847, 0x0283: 0x8847}.get(protocol)


def in_ppp(frame: bytes) -> bytes | None:
    if frame[:2] == b"\xff\x03":
        frame = frame[2:]
    if len(frame) < 2:
        return None
    if frame[0] & 1:
        return behind(of_ppp(frame[0]), frame[1:])
    return behind(of_ppp(unpack_from(">H", frame)[0]), frame[2:])


def ip(packet: bytes) -> tuple[dict[str, int], int]:
    """The columns of a packet that begins with its IP header, and its bytes (0: not known)."""
    row = dict(NOTHING)
    outer = ip_header(packet)
    if outer is None:
        return row, 0
    total, transport = outer.pop("total"), outer.pop("transport")
    row |= outer
    if transport is not None:
        ports_and_flags(row, transport)
    tunnel(row, transport)
    return row, total


def ip_header(packet: bytes) -> dict | None:
    if len(packet) >= 20 and packet[0] >> 4 == 4 and packet[0] & 15 >= 5:
        return ipv4(packet)
    if len(packet) >= 40 and packet[0] >> 4 == 6:
        return ipv6(packet)
    return None


def ipv4(packet: bytes) -> dict:
    size = (packet[0] & 15) * 4
    total, _, offset = unpack_from(">HHH", packet, 2)
    if total < size:
        total = 0
    else:
        packet = packet[:total]
    source, destination = unpack_from(">II", packet, 12)
    return {
        "family": 4,
        "src_low": 0xFFFF_0000_0000 + source,
        "dst_low": 0xFFFF_0000_0000 + destination,
        "protocol": packet[9],
        "fragment": 2 if offset & 0x1FFF else 1 if offset & 0x2000 else 0,
        "total": total,
        "transport": None if offset & 0x1FFF else packet[size:],
    }


def ipv6(packet: bytes) -> dict:
    payload, protocol = unpack_from(">HB", packet, 4)
    total = payload + 40 if payload or protocol == 59 else 0
    if total:
        packet = packet[:total]
    words = unpack_from(">QQQQ", packet, 8)
    row = dict(zip(("src_high", "src_low", "dst_high", "dst_low"), words, strict=True))
    protocol, fragment, transport = behind_extensions(protocol, packet[40:])
    return row | {
        "family": 6,
        "protocol": protocol,
        "fragment": fragment,
        "total": total,
        "transport": transport,
    }


def behind_extensions(protocol: int, rest: bytes) -> tuple[int, int, bytes | None]:
    fragment = 0
    for _ in range(EXTENSION_HEADERS_MAX + 1):
        if protocol == 44:
            if len(rest) < 4:
                return protocol, fragment, None
            offset = unpack_from(">H", rest, 2)[0]
            if offset >> 3:
                return rest[0], 2, None
            fragment = max(fragment, offset & 1)
            protocol, rest = rest[0], rest[8:]
        elif protocol in (0, 43, 51, 60):
            if len(rest) < 2:
                return protocol, fragment, None
            size = rest[1] * 4 + 8 if protocol == 51 else rest[1] * 8 + 8
            protocol, rest = rest[0], rest[size:]
        else:
            return protocol, fragment, rest
    return protocol, fragment, None


def ports_and_flags(row: dict[str, int], transport: bytes) -> None:
    if row["protocol"] in (6, 17, 33, 132, 136) and len(transport) >= 4:
        row["src_port"], row["dst_port"] = unpack_from(">HH", transport)
        row["has_ports"] = 1
        if row["protocol"] == 6 and len(transport) >= 14:
            row["tcp_flags"] = transport[13]
            row["flags_seen"] = 1
    if row["protocol"] in (1, 58) and len(transport) >= 2:
        row["icmp_type"], row["icmp_code"] = transport[:2]


def tunnel(row: dict[str, int], transport: bytes | None) -> None:
    inside = None
    if row["protocol"] == 47:
        row["tunnel"] = 1
        inside = in_gre(transport or b"")
    elif row["protocol"] in (4, 41):
        row["tunnel"] = 2
        inside = transport
    elif (
        row["protocol"] == 17 and row["dst_port"] == 4789 and len(transport or b"") >= 16 and transport[8] & 8
    ):
        row["tunnel"] = 3
        inside = in_ethernet(transport[16:])
    inner = ip_header(inside or b"")
    if inner:
        row["inner_protocol"] = inner["protocol"]
        for name in ("src_high", "src_low", "dst_high", "dst_low"):
            row["inner_" + name] = inner.get(name, 0)


def in_gre(rest: bytes) -> bytes | None:
    if len(rest) < 4:
        return None
    flags, ethertype = unpack_from(">HH", rest)
    if flags & 0x4007:
        return None
    options = sum(4 for bit in (0x8000, 0x2000, 0x1000) if flags & bit)
    return behind(ethertype, rest[4 + options :])
