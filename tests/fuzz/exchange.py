"""What a fuzzer's bytes mean: a few datagrams for one decoder, and what must hold of it then."""

from pathlib import Path

import numpy as np

from tidegate.model.datagrams import DatagramBlock
from tidegate.model.exporters import EXPORTERS_MAX
from tidegate.model.flows import FLOW
from tidegate.wire.telemetry import BATCH_ROWS_MAX, TelemetryDecoder

CORPUS = Path(__file__).parent / "corpus"

NOW_MS = 1_700_000_000_500
SENDERS = ("192.0.2.1", "198.51.100.9", "2001:db8::9")
DATAGRAMS_MAX = 32
YEAR_MS = 365 * 24 * 3600 * 1000


def datagrams_of(data: bytes) -> list[bytes]:
    """An input is datagrams one after another, each behind its length in two bytes; the last may be cut."""
    found = []
    while len(data) > 2 and len(found) < DATAGRAMS_MAX:
        length = int.from_bytes(data[:2])
        found.append(data[2 : 2 + length])
        data = data[2 + length :]
    return found


def input_of(datagrams: list[bytes]) -> bytes:
    """The inverse of `datagrams_of`."""
    return b"".join(len(d).to_bytes(2) + d for d in datagrams)


def run(data: bytes) -> TelemetryDecoder:
    """Decode an input, and assert what must hold of any input whatever."""
    datagrams = datagrams_of(data)
    decoder = TelemetryDecoder()
    rows = 0
    for number, datagram in enumerate(datagrams):
        received_ms = NOW_MS + number * 997
        block = DatagramBlock.of([datagram], SENDERS[len(datagram) % len(SENDERS)], received_ms)
        for batch in decoder.decode(block):
            rows += len(batch)
            check_rows(decoder, batch.rows, received_ms)
    check_counters(decoder, rows, len(datagrams))
    again = TelemetryDecoder()
    again.relearn(decoder.remembered())
    assert again.entries_skipped == 0
    assert sorted(again.remembered()) == sorted(decoder.remembered())
    return decoder


def check_rows(decoder: TelemetryDecoder, rows: np.ndarray, received_ms: int) -> None:
    assert rows.dtype == FLOW
    assert len(rows) <= BATCH_ROWS_MAX
    assert np.all(rows["end_ms"] <= received_ms)
    assert np.all(rows["start_ms"] <= rows["end_ms"])
    assert np.all(rows["start_ms"] > received_ms - YEAR_MS)
    assert np.all(np.isin(rows["family"], (4, 6)))
    assert np.all(rows["exporter"] < len(decoder.exporters))
    ipv4 = rows[rows["family"] == 4]
    assert np.all(ipv4["src_high"] == 0)
    assert np.all(ipv4["dst_low"] >> np.uint64(32) == 0xFFFF)
    assert np.all(rows["fragment"] <= 2)
    assert np.all(rows["has_ports"] <= 1)
    assert np.all(rows["tunnel"] <= 3)


def check_counters(decoder: TelemetryDecoder, rows: int, datagrams: int) -> None:
    exporters = decoder.exporters
    assert len(exporters) <= EXPORTERS_MAX
    assert int(exporters["records"].sum()) == rows
    unplaced = sum(count for (row, _), count in decoder.refused().items() if row < 0)
    counted = int(exporters["datagrams"].sum()) + int(exporters["malformed"].sum()) + unplaced
    assert counted == datagrams
    for row in range(len(exporters)):
        assert "#" in decoder.exporter_name(row)
