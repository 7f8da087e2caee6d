"""sFlow version 5: one datagram to its rows, and sampled packet headers to a datagram."""

from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct

import numpy as np

from tidegate.kernels.reasons import REASON_TEXT
from tidegate.kernels.sflow import (
    ETHERNET,
    EXPANDED_FLOW_SAMPLE,
    FLOW_SAMPLE,
    INTERFACE_UNKNOWN,
    RAW_HEADER,
    read_sflow5,
    sflow5_identity,
)
from tidegate.model.addresses import is_ipv4, text, words
from tidegate.model.exporters import EXPORTER
from tidegate.model.flows import DIRECTION_INGRESS, DIRECTION_NOT_TOLD, FlowBatch, empty_rows
from tidegate.model.refusals import Malformed

FRAME_CHECK_BYTES = 4
"""The frame check sequence, which counts in an Ethernet frame's length and is stripped from its sample."""

COMPACT_SOURCE_MAX = 0xFF_FFFF
"""The largest interface that the source of a compact sample can name; above it the expanded form is taken."""

_SAMPLE = Struct(">16I")  # from the sample's type to its only record's header length
_EXPANDED_SAMPLE = Struct(">19I")
U32 = 0xFFFF_FFFF
_PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")


@dataclass(frozen=True, slots=True)
class Sflow5Datagram:
    """What one datagram said. `batch` has one row for each flow sample that holds IP; it owns its rows."""

    agent: str
    sub_agent: int
    sequence: int
    uptime_ms: int
    batch: FlowBatch
    counter_samples: int
    discard_samples: int
    not_ip: int


@dataclass(frozen=True, slots=True)
class SampledHeader:
    """One sampled packet: the first bytes of its frame, and what the sampling device says of it.

    `frame_bytes` is the length on the link with the frame check sequence; `sampling_rate` is packets
    represented, 0 where not known; `sample_pool` and `drops` are the device's running totals. `direction`
    (as in FLOW) chooses the data source: the input interface, the output interface, or none.
    """

    header: bytes
    frame_bytes: int
    sampling_rate: int
    input_if: int = 0
    output_if: int = 0
    sample_pool: int = 0
    drops: int = 0
    header_protocol: int = ETHERNET
    direction: int = DIRECTION_INGRESS

    @property
    def source_if(self) -> int:
        """The interface that took the sample; 0 = not told."""
        if self.direction == DIRECTION_NOT_TOLD:
            return 0
        return self.input_if if self.direction == DIRECTION_INGRESS else self.output_if


def decode_sflow5(datagram: bytes, *, received_ms: int = 0, exporter: int = 0) -> Sflow5Datagram:
    """The rows of one datagram, `exporter` being its sender's row; Malformed where the datagram is wrong.

    Egress rows stay egress: what else its sender told is not known here.
    """
    data = np.frombuffer(bytearray(datagram), np.uint8)
    rows = empty_rows(len(data))
    senders = np.zeros(exporter + 1, EXPORTER)
    used, at = read_sflow5(data, 0, len(data), received_ms, exporter, senders, rows, 0)
    if used < 0:
        raise Malformed(REASON_TEXT[-used], int(at))
    _, high, low, sub_agent, sequence, uptime_ms = sflow5_identity(data, 0, len(data))
    sender = senders[exporter]
    return Sflow5Datagram(
        agent=text(int(high), int(low)),
        sub_agent=int(sub_agent),
        sequence=int(sequence),
        uptime_ms=int(uptime_ms),
        batch=FlowBatch(rows[:used].copy()),
        counter_samples=int(sender["counter_samples"]),
        discard_samples=int(sender["discard_samples"]),
        not_ip=int(sender["not_ip"]),
    )


def encode_sflow5(
    samples: Sequence[SampledHeader],
    *,
    agent: str,
    sequence: int,
    uptime_ms: int,
    sub_agent: int = 0,
    sample_sequence: int = 1,
) -> bytes:
    """A datagram of flow samples, numbered from `sample_sequence`; expanded where an ifIndex needs it.

    Every number is cut to its field's 32 bits, as a device's counters are. ValueError for an `agent`
    that is no address.
    """
    parts = [_header(agent, sub_agent, sequence, uptime_ms, len(samples))]
    for number, sample in enumerate(samples, sample_sequence):
        parts += (_sample_start(sample, number & U32), sample.header, _padding(sample.header))
    return b"".join(parts)


def _header(agent: str, sub_agent: int, sequence: int, uptime_ms: int, samples: int) -> bytes:
    high, low = words(agent)
    if is_ipv4(high, low):
        address = (1).to_bytes(4) + (low & U32).to_bytes(4)
    else:
        address = (2).to_bytes(4) + high.to_bytes(8) + low.to_bytes(8)
    numbers = (sub_agent, sequence, uptime_ms, samples)
    return b"\0\0\0\5" + address + b"".join((number & U32).to_bytes(4) for number in numbers)


def _padding(header: bytes) -> bytes:
    return _PADDING[len(header) & 3]


def _sample_start(sample: SampledHeader, number: int) -> bytes:
    """All of a flow sample before the sampled header's first byte."""
    header_bytes = len(sample.header)
    record_bytes = 16 + header_bytes + len(_padding(sample.header))
    record = (1, RAW_HEADER, record_bytes, sample.header_protocol)
    header = (sample.frame_bytes, FRAME_CHECK_BYTES, header_bytes)
    totals = (sample.sampling_rate & U32, sample.sample_pool & U32, sample.drops & U32)
    incoming, outgoing, source = sample.input_if, sample.output_if, sample.source_if
    if incoming < INTERFACE_UNKNOWN > outgoing and source <= COMPACT_SOURCE_MAX:
        sample_bytes = _SAMPLE.size - 24 + record_bytes
        start = (FLOW_SAMPLE, sample_bytes, number, source, *totals, incoming, outgoing)
        return _SAMPLE.pack(*start, *record, *header)
    sample_bytes = _EXPANDED_SAMPLE.size - 24 + record_bytes
    expanded = (EXPANDED_FLOW_SAMPLE, sample_bytes, number, 0, source, *totals, 0, incoming, 0, outgoing)
    return _EXPANDED_SAMPLE.pack(*expanded, *record, *header)
