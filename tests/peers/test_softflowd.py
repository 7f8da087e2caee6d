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
from tidegate.wire.telemetry import TelemetryDecoder

from tests.conftest import require_peer
from tidegate.model.datagrams import DatagramBlock

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


def ip_totals(capture: Path, *, with_ipv6: bool) -> Totals:
    """IP packets and their bytes by their own length fields, counted by dpkt."""
    data = capture.read_bytes()
    reader = (dpkt.pcapng if data[:4] == PCAPNG else dpkt.pcap).Reader(io.BytesIO(data))
    packets = octets = 0
    for _, frame in reader:
        ip = dpkt.ethernet.Ethernet(frame).data
        if isinstance(ip, dpkt.ip.IP):
            packets, octets = packets + 1, octets + ip.len
        elif isinstance(ip, dpkt.ip6.IP6) and with_ipv6:
            packets, octets = packets + 1, octets + 40 + ip.plen
    return Totals(packets, octets)


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

    assert decoder.refused() == {}
    assert flows == int(announced.group(1))
    assert Totals(packets, octets) == ip_totals(capture, with_ipv6=version != 5)
