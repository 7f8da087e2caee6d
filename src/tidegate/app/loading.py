"""Loading every kernel that a collector needs before it listens, by a rehearsal on throwaway parts.

A kernel is compiled, or read from the cache, when it is first called. On a machine that has never run
Tidegate that takes about a minute in all, and a datagram that came meanwhile would wait or be lost.
"""

import numpy as np

from tidegate.detect.counting import SecondCounter
from tidegate.detect.settings import CountingSettings
from tidegate.model.addresses import MAPPED_IPV4
from tidegate.model.datagrams import DatagramBlock
from tidegate.model.flows import FlowBatch, FlowRows, empty_rows
from tidegate.wire.ipfix import encode_ipfix, encode_ipfix_sampling, encode_ipfix_templates
from tidegate.wire.netflow5 import encode_netflow5
from tidegate.wire.netflow9 import encode_netflow9, encode_netflow9_sampling, encode_netflow9_templates
from tidegate.wire.sflow import SampledHeader, encode_sflow5
from tidegate.wire.telemetry import TelemetryDecoder

REHEARSAL_MS = 1_700_000_000_000
UPTIME_MS = 3_600_000

DESTINATIONS = 70_000
"""More than the counting table's first index holds, so that its growth is rehearsed too."""

# Ethernet, IPv4 and UDP headers of an NTP packet from 203.0.113.1 to 198.51.100.7.
_HEADER = bytes.fromhex(
    "020000000002020000000001 0800 4500004c0001000040110000cb007101c6336407 007b9c4000380000"
)


def load_kernels() -> None:
    """Decodes one datagram of each kind, counts many destinations and closes seconds, all for nothing."""
    reader = TelemetryDecoder()
    counting = SecondCounter(CountingSettings(cells_max=1 << 18))
    for batch in reader.decode(DatagramBlock.of(_datagrams(), "192.0.2.1", REHEARSAL_MS)):
        counting.count(batch, REHEARSAL_MS)
    again = TelemetryDecoder()
    again.relearn(reader.remembered())
    counting.count(FlowBatch(_flows(DESTINATIONS)), REHEARSAL_MS)
    for second in range(3):
        counting.close_second(REHEARSAL_MS // 1000 + second, reader.exporters, reader.refused(), 0)


def _flows(count: int) -> FlowRows:
    """IPv4 UDP flows, each to a destination of its own and large enough to be told of."""
    rows = empty_rows(count)
    rows["family"], rows["protocol"], rows["has_ports"] = 4, 17, 1
    rows["src_low"] = MAPPED_IPV4 | 0xCB007101
    rows["dst_low"] = np.uint64(MAPPED_IPV4 | 0x0A000000) + np.arange(count, dtype=np.uint64)
    rows["src_port"], rows["dst_port"] = 123, 40_000
    rows["bytes"], rows["packets"], rows["sampling_rate"] = 468_000_000, 1_000_000, 1
    rows["start_ms"] = rows["end_ms"] = REHEARSAL_MS
    return rows


def _datagrams() -> list[bytes]:
    """NetFlow v5, v9 and IPFIX with templates and sampling, sFlow, and one that is refused."""
    rows, at_ms, up_ms = _flows(3), REHEARSAL_MS, UPTIME_MS
    sampled = SampledHeader(_HEADER, frame_bytes=90, sampling_rate=1000)
    return [
        b"",
        encode_netflow5(rows, export_ms=at_ms, uptime_ms=up_ms, sequence=0, sampling_rate=100),
        encode_netflow9_templates(export_ms=at_ms, uptime_ms=up_ms, sequence=0),
        encode_netflow9_sampling(100, export_ms=at_ms, uptime_ms=up_ms, sequence=1),
        encode_netflow9_sampling(100, sampler=7, export_ms=at_ms, uptime_ms=up_ms, sequence=2),
        encode_netflow9(rows, export_ms=at_ms, uptime_ms=up_ms, sequence=3),
        encode_ipfix_templates(export_ms=at_ms, sequence=0),
        encode_ipfix_sampling(100, export_ms=at_ms, sequence=0),
        encode_ipfix_sampling(100, selector=7, export_ms=at_ms, sequence=1),
        encode_ipfix(rows, export_ms=at_ms, sequence=2),
        encode_sflow5([sampled], agent="192.0.2.1", sequence=0, uptime_ms=up_ms),
    ]
