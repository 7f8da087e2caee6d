"""After the rehearsal no datagram meets a kernel that is still to be compiled."""

import importlib
import pkgutil

import numpy as np

import tidegate.kernels
from tests.flow_datagrams import netflow5, record5
from tidegate.app.loading import load_kernels
from tidegate.detect.counting import SecondCounter
from tidegate.detect.settings import CountingSettings, WatchedObject
from tidegate.model.addresses import Prefix
from tidegate.model.datagrams import DatagramBlock
from tidegate.model.flows import FlowBatch, empty_rows
from tidegate.wire.ipfix import encode_ipfix, encode_ipfix_templates
from tidegate.wire.netflow9 import encode_netflow9, encode_netflow9_sampling, encode_netflow9_templates
from tidegate.wire.sampling import SamplingOverrides
from tidegate.wire.sflow import SampledHeader, encode_sflow5
from tidegate.wire.telemetry import TelemetryDecoder

NOW_MS = 1_750_000_000_000


def loaded() -> set[tuple[str, str]]:
    """Every kernel that is compiled or read from the cache, with the types it is ready for."""
    found = set()
    for module in pkgutil.iter_modules(tidegate.kernels.__path__, "tidegate.kernels."):
        for name, value in vars(importlib.import_module(module.name)).items():
            found |= {(name, str(types)) for types in getattr(value, "signatures", ())}
    return found


def datagrams() -> list[bytes]:
    """Other datagrams than the rehearsal's: both families, an IPv6 header, many records, garbage."""
    rows = empty_rows(8)
    rows["family"], rows["protocol"], rows["has_ports"] = [4, 6] * 4, 6, 1
    rows["src_high"] = rows["dst_high"] = np.where(rows["family"] == 6, 0x20010DB8 << 32, 0)
    rows["src_low"] = rows["dst_low"] = np.where(rows["family"] == 6, 7, 0xFFFF_C633_6407)
    rows["bytes"] = rows["packets"] = 1000
    rows["start_ms"] = rows["end_ms"] = NOW_MS
    header = bytes(12) + b"\x86\xdd" + b"\x60" + bytes(5) + b"\x3a\x40" + bytes(32) + b"\x80\x00"
    return [
        netflow5([record5()] * 30),
        encode_netflow9(rows, export_ms=NOW_MS, uptime_ms=5000, sequence=0, domain=9),
        encode_netflow9_templates(export_ms=NOW_MS, uptime_ms=5000, sequence=1, domain=9),
        encode_netflow9_sampling(64, sampler=3, export_ms=NOW_MS, uptime_ms=5000, sequence=2, domain=9),
        encode_netflow9(rows, export_ms=NOW_MS, uptime_ms=5000, sequence=3, domain=9),
        encode_ipfix_templates(export_ms=NOW_MS, sequence=0),
        encode_ipfix(rows, export_ms=NOW_MS, sequence=0),
        encode_sflow5(
            [SampledHeader(header, frame_bytes=1500, sampling_rate=512)] * 5,
            agent="2001:db8::9",
            sequence=4,
            uptime_ms=9,
        ),
        b"\x00\x09garbage",
        b"\xff" * 100,
    ]


def test_real_work_after_the_rehearsal_needs_no_further_kernel() -> None:
    load_kernels()
    before = loaded()
    overrides = SamplingOverrides(((Prefix.parse("192.0.2.0/24"), 10),))
    reader = TelemetryDecoder(sampling=overrides, allowed=[Prefix.parse("192.0.2.0/24")])
    watched = WatchedObject(name="ministry", prefixes=(Prefix.parse("198.51.100.0/24"),))
    counting = SecondCounter(CountingSettings(), [watched])
    for second in range(20):
        block = DatagramBlock.of(datagrams(), "192.0.2.7", NOW_MS + second * 1000)
        for batch in reader.decode(block):
            counting.count(batch, NOW_MS + second * 1000)
        counting.count(FlowBatch(empty_rows(0)), NOW_MS + second * 1000)
        counting.close_second(NOW_MS // 1000 + second, reader.exporters, reader.refused(), 0)
    TelemetryDecoder().relearn([*reader.remembered(), b"damaged"])
    assert reader.exporters["records"].sum() > 0
    assert loaded() - before == set()
