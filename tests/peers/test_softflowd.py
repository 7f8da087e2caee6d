"""softflowd, a real exporter from Debian, turns real captures into datagrams, and every packet of them
arrives.
"""

import io
import lzma
import re
import socket
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

import dpkt
import pytest

from tests.conftest import require_peer
from tidegate.model.datagrams import DatagramBlock
from tidegate.wire.telemetry import TelemetryDecoder

ROOT = Path(__file__).parent.parent.parent
ATTACKS = ROOT / "src" / "tidegate" / "lab" / "captures"
BENIGN = ROOT / "tests" / "data" / "benign"
PCAPNG = bytes.fromhex("0a0d0d0a")

pytestmark = pytest.mark.peer


@dataclass(frozen=True)
class Totals:
    packets: int
    bytes: int


def unpacked(pattern: str, into: Path) -> Path:
    """The one capture whose name fits, unpacked where softflowd can read it."""
    found = sorted(ATTACKS.glob(pattern)) + sorted(BENIGN.rglob(pattern))
    assert found, f"no capture {pattern}"
    packed = found[0]
    data = lzma.decompress(packed.read_bytes()) if packed.suffix == ".xz" else packed.read_bytes()
    capture = into / "capture.pcap"
    capture.write_bytes(data)
    return capture


def ip_packets(capture: Path, *, with_ipv6: bool) -> int:
    """IP packets in the capture, counted by dpkt."""
    data = capture.read_bytes()
    reader = (dpkt.pcapng if data[:4] == PCAPNG else dpkt.pcap).Reader(io.BytesIO(data))
    kinds = (dpkt.ip.IP, dpkt.ip6.IP6) if with_ipv6 else (dpkt.ip.IP,)
    return sum(isinstance(dpkt.ethernet.Ethernet(frame).data, kinds) for _, frame in reader)


def own_totals(told: str) -> Totals:
    """What softflowd says it saw, over all protocols. Its octets include the padding of short frames."""
    lines = re.findall(r"^\s+[\w-]+ \(\d+\):\s+(\d+)\s+(\d+)", told, re.MULTILINE)
    assert lines, told
    return Totals(sum(int(packets) for _, packets in lines), sum(int(octets) for octets, _ in lines))


def exported(softflowd: Path, capture: Path, version: int, folder: Path) -> tuple[list[bytes], str]:
    """The datagrams that softflowd sends for the capture, and what it prints at its end."""
    datagrams: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(0.5)
        ended = threading.Event()

        def receive() -> None:
            while True:
                try:
                    datagrams.append(receiver.recv(65_535))
                except TimeoutError:
                    if ended.is_set():
                        return

        listener = threading.Thread(target=receive)
        listener.start()
        try:
            told = subprocess.run(
                [
                    *(softflowd, "-d", "-r", capture, "-n", f"127.0.0.1:{receiver.getsockname()[1]}"),
                    *("-v", str(version), "-m", "100000", "-p", folder / "pid", "-c", "none"),
                ],
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            )
        finally:
            ended.set()
            listener.join()
    return datagrams, told.stdout + told.stderr


@pytest.mark.parametrize("version", [5, 9, 10])
@pytest.mark.parametrize(
    "pattern", ["amp.UDP.snmp.src161*", "amp.dns.RRSIG.fragmented*", "http.pcap*", "mixed.pcap*"]
)
def test_every_packet_that_softflowd_saw_is_in_the_flows_we_decode(
    version: int, pattern: str, tmp_path: Path
) -> None:
    softflowd = require_peer("softflowd", "/usr/sbin/softflowd")
    capture = unpacked(pattern, tmp_path)
    datagrams, told = exported(softflowd, capture, version, tmp_path)
    announced = re.search(r"Flows exported: \d+ \((\d+) records\) in (\d+) packets \(0 failures\)", told)
    assert announced, told
    assert len(datagrams) == int(announced.group(2))

    decoder = TelemetryDecoder()
    flows = packets = octets = 0
    for batch in decoder.decode(DatagramBlock.of(datagrams, "127.0.0.1", 1_795_255_200_000)):
        counted = batch.rows[batch.rows["family"] != 0]
        flows += len(counted)
        packets += int(counted["packets"].sum())
        octets += int(counted["bytes"].sum())

    # Times of an old capture are noted among the refusals; no datagram may be refused for its form.
    assert int(decoder.exporters["malformed"].sum()) == 0
    assert flows == int(announced.group(1))
    assert Totals(packets, octets) == own_totals(told)
    assert packets == ip_packets(capture, with_ipv6=version != 5)
