"""tshark, an independent reader of packets, says of every packet what our rows say."""

import lzma
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from tests import frames as f
from tests import recordings as r
from tests.conftest import require_peer
from tidegate.adapters.recordings import open_recording
from tidegate.model.addresses import text
from tidegate.wire.sflow import SampledHeader, encode_sflow5

BENIGN = Path(__file__).parents[1] / "data" / "benign" / "inputs"
CAPTURES = [
    entry.name for entry in (files("tidegate.lab") / "captures").iterdir() if entry.name.endswith(".xz")
]
AT_NS = 1_700_000_000_123_000_000

FIELDS = [
    "ip.src",
    "ip.dst",
    "ip.proto",
    "ip.len",
    "ip.flags.mf",
    "ip.frag_offset",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.nxt",
    "ipv6.hopopts.nxt",
    "ipv6.routing.nxt",
    "ipv6.dstopts.nxt",
    "ah.next_header",
    "ipv6.fraghdr.nxt",
    "ipv6.fraghdr.more",
    "ipv6.fraghdr.offset",
    "ipv6.plen",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.flags",
    "udp.srcport",
    "udp.dstport",
    "sctp.srcport",
    "sctp.dstport",
    "dccp.srcport",
    "dccp.dstport",
    "icmp.type",
    "icmp.code",
    "icmpv6.type",
    "icmpv6.code",
    "frame.protocols",
]
PORT_FIELDS = {6: "tcp", 17: "udp", 33: "dccp", 132: "sctp", 136: "udp"}
EXTENSIONS = {0: "ipv6.hopopts.nxt", 43: "ipv6.routing.nxt", 60: "ipv6.dstopts.nxt", 51: "ah.next_header"}
EXTENSIONS |= {44: "ipv6.fraghdr.nxt"}
UNDISTURBED = ["-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE"]

pytestmark = pytest.mark.peer


@dataclass(frozen=True)
class Seen:
    """What one reader says of one packet."""

    source: str
    destination: str
    protocol: int
    ip_bytes: int
    fragment: int
    ports: tuple[int, int] | None
    tcp_flags: int
    icmp: tuple[int, int] | None
    inner: tuple[str, str] | None


def tshark(*arguments: str | Path) -> list[str]:
    program = require_peer("tshark", "/usr/bin/tshark")
    done = subprocess.run([program, *UNDISTURBED, *arguments], capture_output=True, check=True, timeout=120)
    return done.stdout.decode().splitlines()


def seen_by_tshark(path: Path) -> Iterator[Seen | None]:
    fields = [argument for name in FIELDS for argument in ("-e", name)]
    for line in tshark("-r", path, "-T", "fields", "-E", "separator=|", "-E", "aggregator=;", *fields):
        values = line.split("|")
        told = {name: value.split(";") for name, value in zip(FIELDS, values, strict=True) if value}
        layers = told["frame.protocols"][0].split(":")
        yield seen(told, [layer for layer in layers if layer in ("ip", "ipv6")])


def seen(told: dict[str, list[str]], families: list[str]) -> Seen | None:
    """The outermost IP packet, and the addresses of the one inside it."""
    if not families:
        return None
    ends = {
        name: list(zip(told.get(f"{name}.src", []), told.get(f"{name}.dst", []), strict=True))
        for name in families
    }
    outer, *within = [ends[name].pop(0) for name in families]
    is_ipv4 = families[0] == "ip"
    protocol, fragment = (outer_of_ipv4 if is_ipv4 else outer_of_ipv6)(told)
    transport = told if fragment != 2 else {}
    return Seen(
        *outer,
        protocol=protocol,
        ip_bytes=int(told["ip.len"][0]) if is_ipv4 else int(told["ipv6.plen"][0]) + 40,
        fragment=fragment,
        ports=ports(transport, protocol),
        tcp_flags=int(transport.get("tcp.flags", ["0"])[0], 16) & 0xFF if protocol == 6 else 0,
        icmp=icmp(transport, protocol),
        inner=within[0] if within and protocol not in (1, 58) else None,  # ICMP errors quote a packet
    )


def outer_of_ipv4(told: dict[str, list[str]]) -> tuple[int, int]:
    offset, more = int(told["ip.frag_offset"][0]), told["ip.flags.mf"][0] in ("1", "True")
    return int(told["ip.proto"][0]), 2 if offset else int(more)


def outer_of_ipv6(told: dict[str, list[str]]) -> tuple[int, int]:
    protocol, fragment = int(told["ipv6.nxt"][0]), 0
    left = {name: list(told.get(name, [])) for name in EXTENSIONS.values()}
    while protocol in EXTENSIONS and left[EXTENSIONS[protocol]]:
        if protocol == 44:
            more = told["ipv6.fraghdr.more"][0] in ("1", "True")
            fragment = 2 if int(told["ipv6.fraghdr.offset"][0]) else int(more)
        protocol = int(left[EXTENSIONS[protocol]].pop(0))
    return protocol, fragment


def ports(told: dict[str, list[str]], protocol: int) -> tuple[int, int] | None:
    name = PORT_FIELDS.get(protocol)
    if name is None or f"{name}.srcport" not in told:
        return None
    return int(told[f"{name}.srcport"][0]), int(told[f"{name}.dstport"][0])


def icmp(told: dict[str, list[str]], protocol: int) -> tuple[int, int] | None:
    name = {1: "icmp", 58: "icmpv6"}.get(protocol)
    if name is None or f"{name}.type" not in told:
        return None
    return int(told[f"{name}.type"][0]), int(told.get(f"{name}.code", ["0"])[0])


def seen_by_us(path: Path) -> Iterator[Seen | None]:
    for batch in open_recording(path).packets():
        for row in batch.rows:
            yield ours(row) if row["family"] else None


def ours(row: np.void) -> Seen:
    def address(name: str) -> str:
        return text(int(row[f"{name}_high"]), int(row[f"{name}_low"]))

    is_icmp = row["protocol"] in (1, 58) and row["fragment"] != 2
    return Seen(
        address("src"),
        address("dst"),
        protocol=int(row["protocol"]),
        ip_bytes=int(row["bytes"]),
        fragment=int(row["fragment"]),
        ports=(int(row["src_port"]), int(row["dst_port"])) if row["has_ports"] else None,
        tcp_flags=int(row["tcp_flags"]),
        icmp=(int(row["icmp_type"]), int(row["icmp_code"])) if is_icmp else None,
        inner=(address("inner_src"), address("inner_dst")) if row["inner_protocol"] else None,
    )


def assert_same(path: Path, unpacked: Path) -> int:
    compared = 0
    for number, (mine, theirs) in enumerate(zip(seen_by_us(path), seen_by_tshark(unpacked), strict=True), 1):
        assert mine == theirs, f"packet {number}"
        compared += mine is not None
    return compared


@pytest.mark.parametrize("name", CAPTURES)
def test_every_packet_of_the_captured_attacks_is_read_as_tshark_reads_it(name: str, tmp_path: Path) -> None:
    path = Path(str(files("tidegate.lab") / "captures" / name))
    unpacked = tmp_path / path.stem
    unpacked.write_bytes(lzma.decompress(path.read_bytes()))
    assert assert_same(path, unpacked) > 4000


@pytest.mark.parametrize("path", sorted(BENIGN.iterdir()), ids=lambda path: path.stem)
def test_every_packet_of_ordinary_traffic_is_read_as_tshark_reads_it(path: Path) -> None:
    compared = assert_same(path, path)
    assert compared or path.stem == "arp"


LINKS = {
    "Ethernet": (1, lambda packet: f.ethernet(f.ethertype(packet), packet)),
    "802.1Q": (1, lambda packet: f.ethernet(0x8100, f.vlan(7, f.ethertype(packet), packet))),
    "QinQ": (1, lambda packet: f.ethernet(0x88A8, f.vlan(7, 0x8100, f.vlan(8, f.ethertype(packet), packet)))),
    "old QinQ": (
        1,
        lambda packet: f.ethernet(0x9100, f.vlan(7, 0x8100, f.vlan(8, f.ethertype(packet), packet))),
    ),
    "MPLS": (1, lambda packet: f.ethernet(0x8847, f.mpls(3, packet))),
    "PPPoE": (1, lambda packet: f.ethernet(0x8864, f.pppoe(0x21 if packet[0] >> 4 == 4 else 0x57, packet))),
    "SNAP": (1, lambda packet: f.ethernet(len(packet) + 8, f.snap(f.ethertype(packet), packet))),
    "raw IP": (101, lambda packet: packet),
    "Linux cooked": (
        113,
        lambda packet: b"\0\0\0\1\0\6" + bytes(8) + f.ethertype(packet).to_bytes(2) + packet,
    ),
    "Linux cooked v2": (
        276,
        lambda packet: f.ethertype(packet).to_bytes(2) + b"\0\0\0\0\0\1\0\1\0\6" + bytes(8) + packet,
    ),
    "BSD loopback": (0, lambda packet: (b"\2" if packet[0] >> 4 == 4 else b"\x1e") + b"\0\0\0" + packet),
    "OpenBSD loopback": (
        108,
        lambda packet: b"\0\0\0" + (b"\2" if packet[0] >> 4 == 4 else b"\x18") + packet,
    ),
    "PPP": (9, lambda packet: b"\xff\x03\0" + (b"\x21" if packet[0] >> 4 == 4 else b"\x57") + packet),
    "Cisco HDLC": (104, lambda packet: b"\x0f\0" + f.ethertype(packet).to_bytes(2) + packet),
}


@pytest.mark.parametrize("link", LINKS)
def test_packets_of_every_kind_are_read_as_tshark_reads_them(link: str, tmp_path: Path) -> None:
    link_type, frame = LINKS[link]
    path = tmp_path / "built.pcap"
    path.write_bytes(
        r.pcap([r.Captured(frame(packet), AT_NS) for packet in f.EVERY_KIND], link_type=link_type)
    )
    assert assert_same(path, path) == len(f.EVERY_KIND)


@pytest.mark.parametrize("form", ["pcap", "nsecpcap", "modpcap", "pcapng"])
def test_recordings_rewritten_by_editcap_hold_the_same_rows(form: str, tmp_path: Path) -> None:
    program = require_peer("editcap", "/usr/bin/editcap")
    path = tmp_path / "rewritten"
    subprocess.run(
        [program, "-F", form, BENIGN / "sip.pcap", path], check=True, capture_output=True, timeout=60
    )
    rows = [row for batch in open_recording(path).packets() for row in batch.rows.copy().tolist()]
    assert rows == [
        row for batch in open_recording(BENIGN / "sip.pcap").packets() for row in batch.rows.copy().tolist()
    ]
    assert len(rows) == 50


FRAMES = [f.ethernet(f.ethertype(packet), packet) for packet in f.EVERY_KIND[:6]]
SFLOW_FIELDS = [
    "sflow_245.agent",
    "sflow_245.sub_agent_id",
    "sflow_245.sequence_number",
    "sflow_245.sysuptime",
    "sflow_245.numsamples",
    "sflow.flow_sample.sampling_rate",
    "sflow.flow_sample.dropped_packets",
    "sflow.flow_sample.input_interface",
    "sflow_245.header.frame_length",
    "sflow_245.header.sampled_header_length",
    "_ws.malformed",
]


def test_tshark_reads_the_sflow_datagrams_that_we_write(tmp_path: Path) -> None:
    samples = [
        SampledHeader(frame[:128], len(frame) + 4, 1000 + i, input_if=i + 1, drops=i)
        for i, frame in enumerate(FRAMES)
    ]
    sent = encode_sflow5(samples, agent="192.0.2.9", sub_agent=3, sequence=77, uptime_ms=5000)
    path = tmp_path / "sflow.pcap"
    path.write_bytes(r.pcap([r.Captured(f.ethernet(0x0800, f.ipv4(f.UDP, f.udp(1, 6343, sent))), AT_NS)]))
    fields = [argument for name in SFLOW_FIELDS for argument in ("-e", name)]
    (line,) = tshark("-r", path, "-d", "udp.port==6343,sflow", "-T", "fields", *fields)
    told = line.split("\t")
    assert told[:5] == ["192.0.2.9", "3", "77", "5000", str(len(FRAMES))]
    assert told[5:] == [
        ",".join(str(1000 + i) for i in range(len(FRAMES))),
        ",".join(str(i) for i in range(len(FRAMES))),
        ",".join(str(i + 1) for i in range(len(FRAMES))),
        ",".join(str(len(frame) + 4) for frame in FRAMES),
        ",".join(str(len(frame[:128])) for frame in FRAMES),
        "",
    ]
