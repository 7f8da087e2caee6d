"""Which vector a record belongs to, spelled out."""

from collections.abc import Mapping

from tidegate.model.vectors import VECTORS

PORTS = {port: vector for vector in VECTORS for port in vector.source_ports}
BY_PROTOCOL = {47: "gre", 50: "esp", 4: "ip_in_ip", 41: "ip_in_ip"}


def vector_name(record: Mapping[str, int]) -> str | None:
    """The vector's name of a record given by field, None where it is no IP flow or a repetition."""
    if record["family"] == 0 or record["direction"] == 3:
        return None
    mean = record["bytes"] // max(1, record["packets"])
    if record["fragment"] == 2:
        return "fragments"
    match record["protocol"], record["family"]:
        case 17, _:
            return _udp(record, mean)
        case 6, _:
            return _tcp(record["tcp_flags"], record["packets"], mean, seen=bool(record["flags_seen"]))
        case 1, 4:
            return "icmp"
        case 58, 6:
            return "icmpv6"
    return BY_PROTOCOL.get(record["protocol"], "other_protocol")


def _udp(record: Mapping[str, int], mean: int) -> str:
    source, destination = record["src_port"], record["dst_port"]
    if not record["has_ports"]:
        return "udp"
    if source == 0 and destination == 0:
        return "fragments"
    vector = PORTS.get(source)
    upload = source >= 32768 and destination == 443
    if vector is not None and mean >= vector.bytes_min and not upload:
        return vector.name
    return "quic" if source == 443 else "udp"


def _tcp(all_flags: int, packets: int, mean: int, *, seen: bool) -> str:
    flags = {
        name for bit, name in enumerate(("fin", "syn", "rst", "psh", "ack", "urg")) if all_flags >> bit & 1
    }
    small = mean <= 100
    named = {
        frozenset({"syn"}): "tcp_syn",
        frozenset({"syn", "ack"}): "tcp_syn_ack",
        frozenset({"rst"}): "tcp_rst",
        frozenset({"rst", "ack"}): "tcp_rst",
        frozenset({"ack"}): "tcp_ack" if small else "tcp",
        frozenset({"fin", "ack"}): "tcp_fin" if small else "tcp",
        frozenset({"fin", "ack", "psh"}): "tcp_fin" if small else "tcp",
        frozenset(): "tcp_odd_flags" if seen else "tcp",
    }
    if frozenset(flags) in named:
        return named[frozenset(flags)]
    if not flags & {"ack", "rst", "syn"}:
        return "tcp_odd_flags"
    if {"syn", "fin"} <= flags and "ack" not in flags:
        return "tcp_odd_flags"
    if packets <= 1 and "syn" in flags and flags & {"fin", "rst", "urg"}:
        return "tcp_odd_flags"
    if packets <= 1 and {"rst", "fin"} <= flags:
        return "tcp_odd_flags"
    return "tcp"
