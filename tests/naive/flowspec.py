"""FlowSpec, slowly: is this packet matched, by a Match's own words and by walking over NLRI bytes."""

import ipaddress
from dataclasses import dataclass

from tidegate.model.plans import Match

BITS = {"dont": 1, "later": 2, "first": 4, "last": 8}


@dataclass(frozen=True)
class Packet:
    destination: str
    source: str
    protocol: int
    length: int
    destination_port: int | None
    source_port: int | None
    icmp_type: int | None
    tcp_flags: int | None
    fragment: int

    @property
    def field(self) -> dict[int, int | None]:
        return {
            3: self.protocol,
            5: self.destination_port,
            6: self.source_port,
            7: self.icmp_type,
            9: self.tcp_flags,
            10: self.length,
            12: self.fragment,
        }


def matches(match: Match, packet: Packet) -> bool:
    def within(value: int | None, ranges: tuple) -> bool:  # type: ignore[type-arg]
        return not ranges or (value is not None and any(one.first <= value <= one.last for one in ranges))

    def inside(address: str, prefix: str | None) -> bool:
        return prefix is None or ipaddress.ip_address(address) in ipaddress.ip_network(prefix, strict=False)

    flags = match.tcp_flags
    return (
        inside(packet.destination, match.destination)
        and inside(packet.source, match.source)
        and (not match.protocols or packet.protocol in match.protocols)
        and within(packet.destination_port, match.destination_ports)
        and within(packet.source_port, match.source_ports)
        and (not match.icmp_types or packet.icmp_type in match.icmp_types)
        and within(packet.length, match.packet_lengths)
        and (flags is None or (packet.tcp_flags is not None and packet.tcp_flags & flags.among == flags.are))
        and (not match.fragments or any(packet.fragment & BITS[kind] for kind in match.fragments))
    )


def bytes_match(nlri: bytes, packet: Packet) -> bool:
    """Walks over the octets and asks each term about the packet itself."""
    at = 1 if nlri[0] < 0xF0 else 2
    last_type = 0
    while at < len(nlri):
        component = nlri[at]
        assert component > last_type, "components in order"
        last_type = component
        if component in (1, 2):
            address = ipaddress.ip_address(packet.destination if component == 1 else packet.source)
            length, at = nlri[at + 1], at + (2 if address.version == 4 else 3)
            count = -(-length // 8)
            pattern = int.from_bytes(nlri[at : at + count], "big")
            bits = "".join(f"{octet:08b}" for octet in address.packed)[:length]
            if int(bits.ljust(count * 8, "0") or "0", 2) != pattern:
                return False
            at += count
            continue
        value = packet.field[component]
        verdict, at = terms_match(nlri, at + 1, value, bitmask=component in (9, 12))
        if not verdict:
            return False
    return True


def terms_match(nlri: bytes, at: int, value: int | None, *, bitmask: bool) -> tuple[bool, int]:
    sums: list[bool] = []
    while True:
        operator, width = nlri[at], 1 << (nlri[at] >> 4 & 3)
        wanted = int.from_bytes(nlri[at + 1 : at + 1 + width], "big")
        if value is None:
            true = False
        elif bitmask:
            true = value & wanted == wanted if operator & 1 else value & wanted != 0
            true = not true if operator & 2 else true
        else:
            true = bool(
                (operator & 4 and value < wanted)
                or (operator & 2 and value > wanted)
                or (operator & 1 and value == wanted)
            )
        if operator & 0x40 and sums:
            sums[-1] = sums[-1] and true
        else:
            sums.append(true)
        at += 1 + width
        if operator & 0x80:
            return any(sums) and value is not None, at
