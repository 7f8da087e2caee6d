"""The recognisable kinds of attack traffic, in one table that kernels, facts and screens share."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class VectorClass(StrEnum):
    """How a vector is recognised, which decides how far above usual it must be."""

    REFLECTION = "reflection"
    FLOOD = "flood"
    UNCLASSIFIED = "unclassified"


@dataclass(frozen=True, slots=True)
class Vector:
    """One vector. `source_port` is a reflector's; `bytes_min` is the least mean packet size that is typical.

    The two floors are for one host: below both, traffic of this vector is never called an attack,
    whatever is usual. Wider prefixes have multiples of them (tidegate.detect.settings).
    """

    name: str
    label: str
    vector_class: VectorClass
    source_port: int | None = None
    bytes_min: int = 0
    other_ports: tuple[int, ...] = ()
    floor_bits_per_s: int = 0
    floor_packets_per_s: int = 0

    @property
    def source_ports(self) -> tuple[int, ...]:
        return () if self.source_port is None else (self.source_port, *self.other_ports)


MEGA = 1_000_000
GIGA = 1_000_000_000

# How much of a reflector's port one host receives on ordinary days, across a border:
# - rare: services that nobody should ask for across a border, so that little is needed to stand out;
# - usual: services with honest users (time, games, telephony signalling), a few Mb/s to one host;
# - common: services whose replies to one honest host (a resolver, a relay, a tunnel) pass 100 Mb/s.
RARE = (20 * MEGA, 5_000)
USUAL = (50 * MEGA, 20_000)
COMMON = (300 * MEGA, 60_000)


def _reflection(
    name: str,
    label: str,
    port: int,
    floors: tuple[int, int] = RARE,
    bytes_min: int = 0,
    other_ports: tuple[int, ...] = (),
) -> Vector:
    return Vector(name, label, VectorClass.REFLECTION, port, bytes_min, other_ports, *floors)


def _flood(name: str, label: str, bits: int, packets: int) -> Vector:
    return Vector(name, label, VectorClass.FLOOD, floor_bits_per_s=bits, floor_packets_per_s=packets)


def _unclassified(name: str, label: str, bits: int, packets: int) -> Vector:
    return Vector(name, label, VectorClass.UNCLASSIFIED, floor_bits_per_s=bits, floor_packets_per_s=packets)


VECTORS: tuple[Vector, ...] = (
    # Traffic that carries no mark of an attack but its amount. The floors lie above what one ordinary
    # host draws over a 1 Gb/s line, because a download must not alarm; smaller lines are declared as
    # objects with their capacity.
    _unclassified("udp", "UDP, unclassified", 1 * GIGA, 200_000),
    _unclassified("tcp", "TCP, unclassified", 3 * GIGA, 500_000),
    _unclassified("quic", "UDP from port 443 (QUIC)", 3 * GIGA, 400_000),
    # Floods that the transport header shows. An honest host receives a few thousand of these a second
    # at most, unless it is a large front end; that one has a baseline after a day.
    _flood("tcp_syn", "TCP SYN flood", 100 * MEGA, 5_000),
    _flood("tcp_syn_ack", "TCP SYN-ACK reflection", 100 * MEGA, 5_000),
    _flood("tcp_ack", "TCP ACK flood (small packets)", 500 * MEGA, 150_000),
    _flood("tcp_rst", "TCP RST flood", 100 * MEGA, 5_000),
    _flood("tcp_fin", "TCP FIN flood", 100 * MEGA, 5_000),
    _flood("tcp_odd_flags", "TCP impossible flags", 50 * MEGA, 2_000),
    _flood("fragments", "IP fragments without ports", 100 * MEGA, 10_000),
    _flood("icmp", "ICMP flood", 50 * MEGA, 10_000),
    _flood("icmpv6", "ICMPv6 flood", 50 * MEGA, 10_000),
    _flood("gre", "GRE flood", 500 * MEGA, 60_000),
    # A tunnel's end draws a whole site's traffic. Behind a translator the same packets are UDP to port 4500
    # (RFC 3948), and unclassified: so the floor is that of UDP, what a 1 Gb/s line holds.
    _flood("esp", "ESP flood", 1 * GIGA, 200_000),
    _flood("ip_in_ip", "IP in IP flood", 300 * MEGA, 40_000),
    _flood("other_protocol", "Other IP protocols", 100 * MEGA, 10_000),
    # Reflection, by the UDP port that the reflector answers from. `bytes_min` tells a long reply from
    # the ordinary short one where the two differ (IP bytes a packet).
    _reflection("dns", "DNS reflection", 53, COMMON),
    _reflection("ntp", "NTP reflection", 123, USUAL, 100),
    _reflection("snmp", "SNMP reflection", 161, RARE, 0, (162,)),
    _reflection("ssdp", "SSDP reflection", 1900),
    _reflection("cldap", "CLDAP reflection", 389),
    _reflection("memcached", "memcached reflection", 11211),
    _reflection("chargen", "chargen reflection", 19),
    _reflection("qotd", "QOTD reflection", 17),
    _reflection("echo", "UDP echo reflection", 7),
    _reflection("daytime", "daytime reflection", 13),
    _reflection("rpcbind", "RPC portmapper reflection", 111),
    _reflection("netbios", "NetBIOS reflection", 137, RARE, 0, (138,)),
    _reflection("rip", "RIP reflection", 520),
    _reflection("mdns", "mDNS reflection", 5353),
    _reflection("llmnr", "LLMNR reflection", 5355),
    _reflection("tftp", "TFTP reflection", 69),
    _reflection("ws_discovery", "WS-Discovery reflection", 3702),
    _reflection("coap", "CoAP reflection", 5683),
    _reflection("ubiquiti", "Ubiquiti discovery reflection", 10001),
    _reflection("ard", "Apple Remote Desktop reflection", 3283),
    _reflection("mssql", "MS SQL resolution reflection", 1434),
    _reflection("ipmi", "IPMI RMCP reflection", 623),
    _reflection("slp", "SLP reflection", 427),
    _reflection("xdmcp", "XDMCP reflection", 177),
    _reflection("sentinel", "Sentinel licence reflection", 5093),
    _reflection("citrix", "Citrix ICA browser reflection", 1604),
    _reflection("jenkins", "Jenkins discovery reflection", 33848),
    _reflection("plex", "Plex discovery reflection", 32414, RARE, 0, (32410,)),
    _reflection("dahua", "Dahua DHIP discovery reflection", 37810),
    _reflection("bacnet", "BACnet reflection", 47808),
    _reflection("crestron", "Crestron CTP reflection", 41794),
    _reflection("mitel", "Mitel test call reflection", 10074),
    _reflection("digiman", "Digiman reflection", 2362),
    _reflection("netis", "Netis backdoor reflection", 53413),
    _reflection("vxworks", "VxWorks debug reflection", 17185),
    _reflection("knx", "KNXnet/IP reflection", 3671),
    _reflection("nat_pmp", "NAT-PMP reflection", 5351),
    _reflection("pcanywhere", "pcAnywhere reflection", 5632),
    _reflection("lantronix", "Lantronix discovery reflection", 30718),
    _reflection("powerhouse", "Powerhouse VPN reflection", 20811),
    _reflection("afs", "AFS Rx reflection", 7001),
    _reflection("dtls", "DTLS reflection", 4433, USUAL),
    _reflection("isakmp", "ISAKMP reflection", 500, USUAL),
    _reflection("sip", "SIP reflection", 5060, USUAL),
    _reflection("stun", "STUN reflection", 3478, COMMON),
    _reflection("quake", "Quake engine reflection", 27960, USUAL),
    _reflection("source_engine", "Source engine (Steam) reflection", 27015, USUAL, 0, (27016, 27017, 27018)),
    _reflection("fivem", "FiveM reflection", 30120, USUAL),
    _reflection("minecraft", "Minecraft query reflection", 25565, USUAL, 0, (19132,)),
    _reflection("teamspeak", "TeamSpeak reflection", 9987, USUAL),
    _reflection("samp", "San Andreas Multiplayer reflection", 7777, USUAL),
    _reflection("gamespy", "GameSpy query reflection", 6500, USUAL, 0, (29900, 2302)),
    _reflection("openvpn", "OpenVPN reflection", 1194, COMMON),
    _reflection("l2tp", "L2TP reflection", 1701, COMMON),
    _reflection("bittorrent", "BitTorrent reflection", 6881, COMMON),
)
"""Every vector; the row number is the code that kernels use, inside one process only. Facts hold names."""

VECTORS_MAX = 128
"""Rows of the table at most; kernels size their tables by it."""

NO_VECTOR = 255
"""Code of a row that is attributed to nothing: not an IP flow."""

CODE_OF = MappingProxyType({vector.name: code for code, vector in enumerate(VECTORS)})
"""Row number by name."""
