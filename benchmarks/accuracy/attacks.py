"""The four captured attacks, aimed at made networks: destinations rewritten, rates scaled, and what is true
of each.
"""

import io
import lzma
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import dpkt
import numpy as np
import numpy.typing as npt

from benchmarks.accuracy.bursts import Burst, Packets
from benchmarks.accuracy.country import Exporter, Kind, Networks
from tidegate.model.addresses import Prefix
from tidegate.model.flows import FlowRows, empty_rows

CAPTURES = {
    "snmp": "amp.UDP.snmp.src161",
    "dns": "amp.dns.RRSIG.fragmented",
    "syn": "pkt.TCP.synflood.spoofed",
    "bacnet": "amp.UDP.bacnet.IOT.37810",
}
SHIPPED = Path(__file__).parent.parent.parent / "src" / "tidegate" / "lab" / "captures"
PCAPNG = bytes.fromhex("0a0d0d0a")

REFLECTORS = {161: "snmp", 47808: "bacnet", 37810: "dahua", 30120: "fivem", 53: "dns"}
TCP_VECTORS = {0x02: "tcp_syn", 0x12: "tcp_syn_ack", 0x04: "tcp_rst", 0x14: "tcp_rst"}
SMALL_TCP_VECTORS = {0x10: "tcp_ack", 0x11: "tcp_fin", 0x19: "tcp_fin"}
"""Of packets that carry hardly any data: 100 bytes at most."""

SHARE_THAT_COUNTS = 0.10
"""A vector is one of the attack's when it has this share of its bytes or packets."""

SAMPLES_PER_S_MAX = 60_000
"""Stronger attacks at denser sampling are left out: no exporter on such a link could sample them."""

BITS_PER_S = (50e6, 150e6, 500e6, 2e9, 8e9)
SYN_PACKETS_PER_S = (5e3, 20e3, 100e3, 500e3, 2e6)


class Spread(StrEnum):
    """Which addresses are hit. The captures are of one IPv4 host each; everything else is made by rewriting
    destinations (and, for IPv6, the family), because no public capture of a carpet is known.
    """

    HOST = "host"
    NETWORK = "network"
    SIXTEEN_NETWORKS = "sixteen networks"
    IPV6_HOST = "IPv6 host"
    IPV6_NETWORK = "IPv6 network"


FAMILY = {Spread.IPV6_HOST: 6, Spread.IPV6_NETWORK: 6}
TARGET_LENGTH = {
    Spread.HOST: 128,
    Spread.NETWORK: 120,
    Spread.SIXTEEN_NETWORKS: 116,
    Spread.IPV6_HOST: 128,
    Spread.IPV6_NETWORK: 48,
}
"""Lengths over the two words: an IPv4 /24 is 120."""

HOSTS_HIT = {
    Spread.HOST: (7, 8),
    Spread.NETWORK: (0, 256),
    Spread.SIXTEEN_NETWORKS: (0, 4096),
    Spread.IPV6_HOST: (7, 8),
    Spread.IPV6_NETWORK: (1, 64),
}
"""First and past-the-last address that is hit, counted from the network's own, or in every /64 of it."""


@dataclass(frozen=True, slots=True)
class Capture:
    """One file's packets as FLOW rows without times, and which vector each belongs to, told by hand-written
    rules.
    """

    name: str
    rows: FlowRows
    vector: npt.NDArray[np.str_]

    def shares(self) -> Mapping[str, tuple[float, float]]:
        """By vector: its share of the bytes and of the packets."""
        total = float(self.rows["bytes"].sum())
        found = {}
        for name in np.unique(self.vector):
            mine = self.vector == name
            found[str(name)] = (float(self.rows["bytes"][mine].sum()) / total, float(mine.mean()))
        return found

    def vectors(self) -> frozenset[str]:
        """The vectors that the attack consists of; ordinary TCP in the DNS capture is not one."""
        return frozenset(
            name
            for name, shares in self.shares().items()
            if max(shares) >= SHARE_THAT_COUNTS and name != "ordinary"
        )

    @property
    def mean_bytes(self) -> float:
        return float(self.rows["bytes"].mean())


def read_capture(name: str, folder: Path | None) -> Capture:
    """The capture from `folder`, else the one shipped with the package; OSError where neither has it."""
    for place in (folder, SHIPPED):
        for path in sorted(place.glob(CAPTURES[name] + "*")) if place else ():
            data = path.read_bytes()
            return _capture(name, lzma.decompress(data) if path.suffix == ".xz" else data)
    raise FileNotFoundError(f"no capture {CAPTURES[name]}; name its folder with --attack-captures")


def _capture(name: str, data: bytes) -> Capture:
    rows = rows_of_capture(data)
    return Capture(name, rows, np.array([_vector_of(row) for row in rows]))


def rows_of_capture(data: bytes) -> FlowRows:
    """The IPv4 packets of a capture (pcap or pcapng of Ethernet frames) as FLOW rows without times."""
    reader = (dpkt.pcapng if data[:4] == PCAPNG else dpkt.pcap).Reader(io.BytesIO(data))
    packets = [dpkt.ethernet.Ethernet(frame).data for _, frame in reader]
    packets = [packet for packet in packets if isinstance(packet, dpkt.ip.IP)]
    rows = empty_rows(len(packets))
    for row, packet in zip(rows, packets, strict=True):
        _fill_row(row, packet)
    return rows


def _fill_row(row: np.void, packet: dpkt.ip.IP) -> None:
    row["src_low"] = 0xFFFF_0000_0000 | int.from_bytes(packet.src, "big")
    row["bytes"], row["packets"], row["protocol"], row["family"] = packet.len, 1, packet.p, 4
    row["input_if"], row["output_if"] = 1, 2
    if packet.offset:
        row["fragment"] = 2
        return
    row["fragment"] = 1 if packet.mf else 0
    inner = packet.data
    if isinstance(inner, dpkt.tcp.TCP | dpkt.udp.UDP):
        row["src_port"], row["dst_port"], row["has_ports"] = inner.sport, inner.dport, 1
    if isinstance(inner, dpkt.tcp.TCP):
        row["tcp_flags"] = inner.flags
    if isinstance(inner, dpkt.icmp.ICMP):
        row["icmp_type"], row["icmp_code"] = inner.type, inner.code


def _vector_of(row: np.void) -> str:
    if row["fragment"] == 2:
        return "fragments"
    if row["protocol"] == 6:
        small = SMALL_TCP_VECTORS if row["bytes"] <= 100 else {}
        return {**TCP_VECTORS, **small}.get(int(row["tcp_flags"]) & 0x3F, "ordinary")
    if row["protocol"] == 17:
        return REFLECTORS.get(int(row["src_port"]), "udp")
    return "icmp" if row["protocol"] == 1 else "ordinary"


def packets_of(capture: Capture, networks: Networks, network: int, spread: Spread) -> Packets:
    """A maker of the capture's packets, chosen evenly, towards the addresses of the spread."""

    low_high = HOSTS_HIT[spread]
    subnets = 1 << 16 if spread is Spread.IPV6_NETWORK else 1

    def make(times: npt.NDArray[np.int64], rng: np.random.Generator) -> FlowRows:
        rows = capture.rows[rng.integers(0, len(capture.rows), len(times))]
        rows["start_ms"] = rows["end_ms"] = times
        if spread in FAMILY:
            rows["family"] = 6
            rows["src_high"] = np.uint64(0x2A00_0000_0000_0000) + (rows["src_low"] & np.uint64(0xFFFF_FFFF))
            rows["protocol"] = np.where(rows["protocol"] == 1, 58, rows["protocol"])
        rows["dst_high"] = networks.high[network] + rng.integers(0, subnets, len(times)).astype(np.uint64)
        rows["dst_low"] = networks.low[network] + rng.integers(*low_high, len(times)).astype(np.uint64)
        return rows

    return make


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of one injected attack: `bits_per_s` and `packets_per_s` on the wire by vector."""

    burst: Burst
    capture: str
    spread: Spread
    step: int
    bits_per_s: float
    sampling_rate: int
    kind: Kind
    target: str
    vectors: frozenset[str]
    vector_bits_per_s: Mapping[str, float]
    vector_packets_per_s: Mapping[str, float]


def truth_of(
    *,
    capture: Capture,
    networks: Networks,
    exporters: tuple[Exporter, ...],
    network: int,
    spread: Spread,
    step: int,
    start_s: int,
    duration_s: int,
) -> Truth:
    """An attack of the given strength (a step of the rate tables) on a network."""
    packets_per_s = (
        SYN_PACKETS_PER_S[step] if capture.name == "syn" else BITS_PER_S[step] / 8 / capture.mean_bytes
    )
    exporter = int(networks.exporter[network])
    bits = packets_per_s * capture.mean_bytes * 8
    first = 7 if TARGET_LENGTH[spread] == 128 else 0
    target = Prefix(int(networks.high[network]), int(networks.low[network]) + first, TARGET_LENGTH[spread])
    shares = {_renamed(name, spread): share for name, share in capture.shares().items()}
    return Truth(
        burst=Burst(
            name=f"{capture.name} on a {spread.value}",
            exporter=exporter,
            network=network,
            start_s=start_s,
            duration_s=duration_s,
            packets_per_s=packets_per_s,
            packets=packets_of(capture, networks, network, spread),
            flows=0,
        ),
        capture=capture.name,
        spread=spread,
        step=step,
        bits_per_s=bits,
        sampling_rate=exporters[exporter].sampling_rate,
        kind=exporters[exporter].kind,
        target=str(target),
        vectors=capture.vectors(),
        vector_bits_per_s={name: bits * share for name, (share, _) in shares.items()},
        vector_packets_per_s={name: packets_per_s * share for name, (_, share) in shares.items()},
    )


def _renamed(vector: str, spread: Spread) -> str:
    return "icmpv6" if vector == "icmp" and spread in FAMILY else vector


def _planned(quick: bool) -> Iterator[tuple[Spread, str, int]]:
    """Spread, capture and step of every attack that one exporter is to see; a fifth of them when quick."""
    wanted = [
        (spread, capture, step)
        for spread in Spread
        for capture in CAPTURES
        for step in range(len(BITS_PER_S))
        if spread is Spread.HOST or step > 1 or capture == "syn"
    ]
    yield from wanted[::5] if quick else wanted


def plan_attacks(
    captures: tuple[Capture, ...],
    networks: Networks,
    exporters: tuple[Exporter, ...],
    start_s: int,
    quick: bool,
) -> list[Truth]:
    """Every capture at every strength and spread behind every exporter, one after another there."""
    by_name = {capture.name: capture for capture in captures}
    found = []
    for number, exporter in enumerate(exporters):
        duration, pause = (40, 80) if exporter.kind is Kind.SFLOW else (100, 110)
        at = start_s + 7 * number
        for turn, (spread, capture, step) in enumerate(_planned(quick)):
            candidates = _candidates(networks, number, spread)
            if not len(candidates):
                continue
            truth = truth_of(
                capture=by_name[capture],
                networks=networks,
                exporters=exporters,
                network=int(candidates[turn % len(candidates)]),
                spread=spread,
                step=step,
                start_s=at,
                duration_s=duration,
            )
            if truth.burst.packets_per_s / exporter.sampling_rate <= SAMPLES_PER_S_MAX:
                found.append(truth)
                at += duration + pause
    return found


def _candidates(networks: Networks, exporter: int, spread: Spread) -> npt.NDArray[np.int64]:
    """The exporter's networks that can be hit so: of the family, and where sixteen are hit, the first
    of sixteen.
    """
    fit = (networks.exporter == exporter) & (networks.family == FAMILY.get(spread, 4))
    if spread is Spread.SIXTEEN_NETWORKS:
        fit &= (networks.low >> np.uint64(8) & np.uint64(15)) == 0
    return np.flatnonzero(fit)
