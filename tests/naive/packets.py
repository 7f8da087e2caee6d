"""The plain twins of tidegate.kernels.packets and tidegate.kernels.captures."""

from dataclasses import dataclass
from struct import unpack_from

from tests.naive import headers

TELEMETRY_PORTS = {2055, 4739, 6343, 9995, 9996}


def in_frame(frame: bytes, link_type: int) -> bytes | None:
    """What begins with the IP header, or None."""
    match link_type:
        case 1:
            return headers.in_ethernet(frame)
        case 12 | 14 | 101 | 228 | 229:
            return frame
        case 113:
            return headers.behind(unpack_from(">H", frame, 14)[0], frame[16:]) if len(frame) >= 16 else None
        case 276:
            return headers.behind(unpack_from(">H", frame)[0], frame[20:]) if len(frame) >= 20 else None
        case 0 | 108:
            return frame[4:]
        case 9 | 50:
            return headers.in_ppp(frame)
        case 51:
            return headers.behind(0x8864, frame)
        case 104:
            return headers.behind(unpack_from(">H", frame, 2)[0], frame[4:]) if len(frame) >= 4 else None
    return None


def row(frame: bytes, original_length: int, link_type: int) -> dict[str, int]:
    """The header columns and the bytes of one packet."""
    packet = in_frame(frame, link_type)
    told, ip_bytes = headers.ip(packet or b"")
    if told["family"] and not ip_bytes:
        ip_bytes = max(original_length - (len(frame) - len(packet or b"")), 0)
    return told | {"bytes": ip_bytes}


def looks_like_telemetry(payload: bytes) -> bool:
    if len(payload) < 16:
        return False
    version, count = unpack_from(">HH", payload)
    if version == 5:
        return 1 <= count <= 30 and len(payload) >= 24 + 48 * count
    if version == 9 and len(payload) >= 24:
        set_id, length = unpack_from(">HH", payload, 20)
        return count > 0 and (set_id < 2 or set_id > 255) and 4 <= length <= len(payload) - 20
    if version == 10:
        return count == len(payload)
    if version == 0 and count == 5:
        kind = unpack_from(">I", payload, 4)[0]
        at = {1: 24, 2: 36}.get(kind, len(payload))
        return at + 4 <= len(payload) and unpack_from(">I", payload, at)[0] <= 512
    return False


def telemetry(frame: bytes, link_type: int) -> tuple[str, bytes]:
    """What a packet is to a search for telemetry, and the UDP payload or the fragment's packet."""
    packet = in_frame(frame, link_type)
    header = headers.ip_header(packet or b"")
    if header is None or header["protocol"] != 17:
        return "other", b""
    assert packet is not None
    if header["fragment"]:
        whole = header["total"] <= len(packet)
        return "fragment", packet[: header["total"] or None] if whole else b""
    segment = header["transport"]
    if segment is None or len(segment) < 8:
        return "other", b""
    port, length = unpack_from(">HH", segment, 2)
    payload = segment[8:length] if length >= 8 else None
    if payload is None or not (port in TELEMETRY_PORTS or looks_like_telemetry(payload)):
        return "other", b""
    return ("telemetry" if length <= len(segment) else "cut"), payload


@dataclass(frozen=True)
class Packet:
    """One packet of a recording."""

    frame: bytes
    original_length: int
    timestamp_ms: int
    link_type: int


def read_pcap(data: bytes) -> list[Packet]:
    """The packets of a sound pcap recording."""
    order = "<" if data[0] in (0xD4, 0x4D, 0x34) else ">"
    per_ms = 1_000_000 if b"\x3c" in data[:4] else 1_000
    header_bytes = 24 if b"\x34" in data[:4] else 16
    link_type = unpack_from(order + "H", data, 20 if order == "<" else 22)[0]
    packets, at = [], 24
    while at < len(data):
        seconds, fraction, captured, original = unpack_from(order + "IIII", data, at)
        at += header_bytes
        packets.append(
            Packet(data[at : at + captured], original, seconds * 1000 + fraction // per_ms, link_type)
        )
        at += captured
    return packets


def read_pcapng(data: bytes) -> list[Packet]:
    """The packets of a sound pcapng recording of enhanced packet blocks in one little-endian section."""
    packets, interfaces, at = [], [], 0
    while at < len(data):
        kind, length = unpack_from("<II", data, at)
        body = data[at + 8 : at + length - 4]
        if kind == 1:
            interfaces.append((unpack_from("<H", body)[0], ticks_per_s(body[8:])))
        elif kind == 6:
            number, high, low, captured, original = unpack_from("<IIIII", body)
            link_type, rate = interfaces[number]
            timestamp_ms = ((high << 32) + low) * 1000 // rate
            packets.append(Packet(body[20 : 20 + captured], original, timestamp_ms, link_type))
        at += length
    return packets


def ticks_per_s(options: bytes) -> int:
    while len(options) >= 4:
        code, length = unpack_from("<HH", options)
        if code == 9:
            return int(10 ** options[4])
        options = options[4 + (length + 3) // 4 * 4 :]
    return 1_000_000


def read_capture(data: bytes) -> list[Packet]:
    """The packets of a sound recording of either kind."""
    return read_pcapng(data) if data[:4] == b"\x0a\x0d\x0d\x0a" else read_pcap(data)
