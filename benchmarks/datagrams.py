"""Datagrams in their thousands, laid out by NumPy alone, so that nothing measured here also built its own
input.

The formats: NetFlow v5 (Cisco), NetFlow v9 (RFC 3954), IPFIX (RFC 7011) and sFlow v5 (sflow.org). The
layouts are fixed ones that routers really send; a property test decodes them and finds the mix again.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.mix import Mix

RECORDS = 24
"""Records in one NetFlow or IPFIX datagram: what fits an Ethernet frame."""

IPV6_RECORDS = 6
"""Of those, the ones to IPv6 destinations in NetFlow v9 and IPFIX."""

SAMPLES = 7
HEADER_BYTES = 128
IPV6_SAMPLES_SHARE = 0.2
SAMPLING_RATE = 100
"""One packet in so many, as NetFlow and IPFIX announce it: 6 million records a second then stand for
some 14 Tb/s.
"""

SFLOW_RATE = 1000
UPTIME_MS = 86_400_000
EXPORT_S = 1_795_255_200
"""Export time of a set as built, seconds UTC; `stamp` moves it."""

TEMPLATE_IPV4, TEMPLATE_IPV6, TEMPLATE_OPTIONS = 256, 257, 258

_V5 = np.dtype(
    [
        ("version", ">u2"), ("count", ">u2"), ("uptime", ">u4"), ("secs", ">u4"), ("nsecs", ">u4"),
        ("sequence", ">u4"), ("engine", ">u2"), ("sampling", ">u2"),
        ("records", [
            ("src", ">u4"), ("dst", ">u4"), ("next_hop", ">u4"), ("input", ">u2"), ("output", ">u2"),
            ("packets", ">u4"), ("bytes", ">u4"), ("first", ">u4"), ("last", ">u4"),
            ("src_port", ">u2"), ("dst_port", ">u2"), ("pad", "u1"), ("flags", "u1"), ("protocol", "u1"),
            ("tos", "u1"), ("src_as", ">u2"), ("dst_as", ">u2"), ("masks", ">u2"), ("pad2", ">u2"),
        ], (RECORDS,)),
    ]
)  # fmt: skip

_TAIL_FIELDS = [
    ("src_port", ">u2", 7), ("dst_port", ">u2", 11), ("protocol", "u1", 4), ("flags", "u1", 6),
    ("input", ">u2", 10), ("output", ">u2", 14), ("src_as", ">u4", 16), ("dst_as", ">u4", 17),
]  # fmt: skip
_ADDRESSES = {4: [("src", "V4", 8), ("dst", "V4", 12)], 6: [("src", "V16", 27), ("dst", "V16", 28)]}
_V9_SIZES = [("packets", ">u4", 2), ("bytes", ">u4", 1), ("first", ">u4", 22), ("last", ">u4", 21)]
_IPFIX_SIZES = [("packets", ">u4", 2), ("bytes", ">u4", 1), ("first", ">u8", 152), ("last", ">u8", 153)]


def _record(sizes: list[tuple[str, str, int]], family: int) -> tuple[np.dtype[np.void], bytes]:
    """A data record's layout (multiple of four bytes) and the field specifiers that announce it."""
    fields = _ADDRESSES[family] + sizes + _TAIL_FIELDS
    layout = np.dtype([(name, code) for name, code, _ in fields])
    length = layout.itemsize
    specifiers = np.array(
        [(element, np.dtype(code).itemsize) for _, code, element in fields], ">u2"
    ).tobytes()
    missing = -length % 4
    if missing:
        specifiers += np.array([210, missing], ">u2").tobytes()  # paddingOctets, RFC 7012
        layout = np.dtype([*((name, code) for name, code, _ in fields), ("padding", f"V{missing}")])
    return layout, specifiers


_V9_RECORD4, _V9_SPECIFIERS4 = _record(_V9_SIZES, 4)
_V9_RECORD6, _V9_SPECIFIERS6 = _record(_V9_SIZES, 6)
_IPFIX_RECORD4, _IPFIX_SPECIFIERS4 = _record(_IPFIX_SIZES, 4)
_IPFIX_RECORD6, _IPFIX_SPECIFIERS6 = _record(_IPFIX_SIZES, 6)

_V9_HEADER = [
    ("version", ">u2"), ("count", ">u2"), ("uptime", ">u4"), ("secs", ">u4"), ("sequence", ">u4"),
    ("domain", ">u4"),
]  # fmt: skip
_IPFIX_HEADER = [
    ("version", ">u2"), ("length", ">u2"), ("secs", ">u4"), ("sequence", ">u4"), ("domain", ">u4")
]  # fmt: skip


def _two_sets(
    header: list[tuple[str, str]], four: np.dtype[np.void], six: np.dtype[np.void]
) -> np.dtype[np.void]:
    return np.dtype(
        [
            *header,
            ("set4_id", ">u2"), ("set4_length", ">u2"), ("records4", four, (RECORDS - IPV6_RECORDS,)),
            ("set6_id", ">u2"), ("set6_length", ">u2"), ("records6", six, (IPV6_RECORDS,)),
        ]
    )  # fmt: skip


_V9 = _two_sets(_V9_HEADER, _V9_RECORD4, _V9_RECORD6)
_IPFIX = _two_sets(_IPFIX_HEADER, _IPFIX_RECORD4, _IPFIX_RECORD6)

_SAMPLE = np.dtype(
    [
        ("type", ">u4"), ("length", ">u4"), ("sequence", ">u4"), ("source", ">u4"), ("rate", ">u4"),
        ("pool", ">u4"), ("drops", ">u4"), ("input", ">u4"), ("output", ">u4"), ("records", ">u4"),
        ("record_type", ">u4"), ("record_length", ">u4"), ("header_protocol", ">u4"), ("frame_length", ">u4"),
        ("stripped", ">u4"), ("header_length", ">u4"), ("header", "u1", (HEADER_BYTES,)),
    ]
)  # fmt: skip
_SFLOW5 = np.dtype(
    [
        ("version", ">u4"), ("agent_type", ">u4"), ("agent", ">u4"), ("sub_agent", ">u4"),
        ("sequence", ">u4"), ("uptime", ">u4"), ("samples", ">u4"), ("flow_samples", _SAMPLE, (SAMPLES,)),
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DatagramSet:
    """Datagrams of one exporter and one length.

    `opening` are sent first and once (templates, sampling); `datagrams` has shape (n,) and a packed dtype
    whose fields are in network byte order; `records` is what one datagram carries; `sequence_start`
    is the first one's sequence, after the opening, and `sequence_step` is what each adds.
    """

    opening: tuple[bytes, ...]
    datagrams: npt.NDArray[np.void]
    records: int
    sequence_start: int
    sequence_step: int

    def number(self, first: int) -> None:
        """Write consecutive sequence numbers, `first` counted in datagrams since the exporter started."""
        counted = self.sequence_start + (first + np.arange(len(self.datagrams))) * self.sequence_step
        self.datagrams["sequence"] = counted & 0xFFFF_FFFF

    def stamp(self, second: int, earlier: int) -> None:
        """Move every time from the export second `earlier` to `second`; relative times stay as they are."""
        names = self.datagrams.dtype.names or ()
        if "secs" in names:
            self.datagrams["secs"] = second
        if "length" in names:  # IPFIX: absolute milliseconds in the records
            for part in ("records4", "records6"):
                for field in ("first", "last"):
                    self.datagrams[part][field] += np.uint64((second - earlier) * 1000)


def netflow5(mix: Mix) -> DatagramSet:
    count = len(mix) // RECORDS
    shape = (count, RECORDS)
    out = np.zeros(count, _V5)
    out["version"], out["count"], out["uptime"], out["secs"] = 5, RECORDS, UPTIME_MS, EXPORT_S
    out["sampling"] = 0x4000 | SAMPLING_RATE
    rows = out["records"]
    for field in ("src", "dst", "packets", "bytes", "src_port", "dst_port", "protocol"):
        rows[field] = getattr(mix, field)[: count * RECORDS].reshape(shape)
    rows["flags"] = mix.tcp_flags[: count * RECORDS].reshape(shape)
    rows["first"] = (UPTIME_MS - mix.started_before_ms)[: count * RECORDS].reshape(shape)
    rows["last"] = (UPTIME_MS - mix.ended_before_ms)[: count * RECORDS].reshape(shape)
    rows["input"], rows["output"], rows["src_as"], rows["dst_as"] = 11, 12, 64500, 64501
    return DatagramSet((), out, RECORDS, 0, RECORDS)


def _fill(
    rows: npt.NDArray[np.void], mix: Mix, chosen: npt.NDArray[np.int64], clock_ms: int, family: int
) -> None:
    """Write the chosen flows of the mix (shape of `rows`) into data records."""
    for field in ("packets", "bytes", "src_port", "dst_port", "protocol"):
        rows[field] = getattr(mix, field)[chosen]
    rows["flags"] = mix.tcp_flags[chosen]
    rows["first"] = clock_ms - mix.started_before_ms[chosen]
    rows["last"] = clock_ms - mix.ended_before_ms[chosen]
    rows["input"], rows["output"], rows["src_as"], rows["dst_as"] = 11, 12, 64500, 64501
    for side in ("src", "dst"):
        if family == 4:
            raw = getattr(mix, side)[chosen].astype(">u4").view("V4")
        else:
            pair = np.empty((*chosen.shape, 2), ">u8")
            pair[..., 0] = getattr(mix, f"{side}6_high")[chosen]
            pair[..., 1] = getattr(mix, f"{side}6_low")[chosen]
            raw = pair.view("V16")[..., 0]
        rows[side] = raw


def _data(out: npt.NDArray[np.void], mix: Mix, clock_ms: int) -> None:
    count = len(out)
    order = np.arange(count * RECORDS).reshape(count, RECORDS)
    split = RECORDS - IPV6_RECORDS
    out["set4_id"], out["set4_length"] = TEMPLATE_IPV4, 4 + out["records4"].dtype.itemsize * split
    out["set6_id"], out["set6_length"] = TEMPLATE_IPV6, 4 + out["records6"].dtype.itemsize * IPV6_RECORDS
    _fill(out["records4"], mix, order[:, :split], clock_ms, 4)
    _fill(out["records6"], mix, order[:, split:], clock_ms, 6)


def _set(set_id: int, content: bytes) -> bytes:
    content += bytes(-len(content) % 4)
    return np.array([set_id, 4 + len(content)], ">u2").tobytes() + content


def _template(template_id: int, specifiers: bytes) -> bytes:
    return np.array([template_id, len(specifiers) // 4], ">u2").tobytes() + specifiers


def netflow9(mix: Mix) -> DatagramSet:
    """IPv4 and IPv6 data sets in every datagram; the opening one holds both templates and the sampling
    announcement.
    """
    out = np.zeros(len(mix) // RECORDS, _V9)
    out["version"], out["count"], out["uptime"], out["secs"] = 9, RECORDS, UPTIME_MS, EXPORT_S
    _data(out, mix, UPTIME_MS)
    templates = _template(TEMPLATE_IPV4, _V9_SPECIFIERS4) + _template(TEMPLATE_IPV6, _V9_SPECIFIERS6)
    # Options template: scope System (1), samplingInterval (34), samplingAlgorithm (35). RFC 3954 section 6.1.
    options = np.array([TEMPLATE_OPTIONS, 4, 8, 1, 4, 34, 4, 35, 1], ">u2").tobytes()
    announced = np.array([0, SAMPLING_RATE], ">u4").tobytes() + b"\x02"
    header = np.zeros(1, np.dtype(_V9_HEADER))
    header["version"], header["count"], header["uptime"], header["secs"] = 9, 4, UPTIME_MS, EXPORT_S
    opening = header.tobytes() + _set(0, templates) + _set(1, options) + _set(TEMPLATE_OPTIONS, announced)
    return DatagramSet((opening,), out, RECORDS, 1, 1)


def ipfix(mix: Mix) -> DatagramSet:
    """As `netflow9`, with absolute milliseconds; counters in reduced-size encoding, so that a datagram fits
    a frame.
    """
    out = np.zeros(len(mix) // RECORDS, _IPFIX)
    out["version"], out["length"], out["secs"] = 10, _IPFIX.itemsize, EXPORT_S
    _data(out, mix, EXPORT_S * 1000)
    templates = _template(TEMPLATE_IPV4, _IPFIX_SPECIFIERS4) + _template(TEMPLATE_IPV6, _IPFIX_SPECIFIERS6)
    # Options template: scope observationDomainId (149), samplingInterval (34), samplingAlgorithm (35).
    options = np.array([TEMPLATE_OPTIONS, 3, 1, 149, 4, 34, 4, 35, 1], ">u2").tobytes()
    announced = np.array([0, SAMPLING_RATE], ">u4").tobytes() + b"\x02"
    body = _set(2, templates) + _set(3, options) + _set(TEMPLATE_OPTIONS, announced)
    header = np.zeros(1, np.dtype(_IPFIX_HEADER))
    header["version"], header["length"], header["secs"] = 10, 16 + len(body), EXPORT_S
    return DatagramSet((header.tobytes() + body,), out, RECORDS, 1, RECORDS)


def flags_of_one(flags: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The flags of one packet in the middle of a flow whose union also holds its SYN and FIN."""
    return np.where((flags & 0x03) == 0x03, flags & 0xFC, flags).astype(np.uint8)


def frames(mix: Mix, six: npt.NDArray[np.bool_], lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """The first HEADER_BYTES of an Ethernet frame for each flow, shape (n, HEADER_BYTES); `six` chooses
    IPv6.
    """
    count = len(mix)
    out = np.zeros((count, HEADER_BYTES), np.uint8)
    out[:, 0:12] = np.frombuffer(bytes.fromhex("020000000001020000000002"), np.uint8)
    out[:, 12:14] = np.where(six[:, None], np.array([0x86, 0xDD], np.uint8), np.array([0x08, 0x00], np.uint8))
    ip_length = lengths - 14

    def put(mask: npt.NDArray[np.bool_], at: int, values: npt.NDArray[np.generic], code: str) -> None:
        raw = values[mask].astype(code)
        out[mask, at : at + raw.dtype.itemsize] = raw.view(np.uint8).reshape(len(raw), raw.dtype.itemsize)

    four = ~six
    out[four, 14], out[four, 22] = 0x45, 58
    put(four, 16, ip_length, ">u2")
    put(four, 23, mix.protocol, "u1")
    put(four, 26, mix.src, ">u4")
    put(four, 30, mix.dst, ">u4")
    out[six, 14], out[six, 21] = 0x60, 58
    put(six, 18, ip_length - 40, ">u2")
    put(six, 20, mix.protocol, "u1")
    for at, words in ((22, mix.src6_high), (30, mix.src6_low), (38, mix.dst6_high), (46, mix.dst6_low)):
        put(six, at, words, ">u8")
    for mask, at in ((four, 34), (six, 54)):
        put(mask, at, mix.src_port, ">u2")
        put(mask, at + 2, mix.dst_port, ">u2")
        tcp = mask & (mix.protocol == 6)
        out[tcp, at + 12] = 0x50
        put(tcp, at + 13, flags_of_one(mix.tcp_flags), "u1")
        udp = mask & (mix.protocol == 17)
        put(udp, at + 4, ip_length - (at - 14), ">u2")
    return out


def sflow5(mix: Mix, rng: np.random.Generator, rate: int = SFLOW_RATE) -> DatagramSet:
    """Raw-header samples, one packet of each flow; the frame is long enough for its headers."""
    count = len(mix) // SAMPLES
    out = np.zeros(count, _SFLOW5)
    out["version"], out["agent_type"], out["agent"], out["uptime"] = 5, 1, 0x7F000001, UPTIME_MS
    out["samples"] = SAMPLES
    rows = out["flow_samples"]
    lengths = np.clip(mix.bytes.astype(np.int64) // mix.packets + 14, 74, 1514)
    headers = frames(mix, rng.random(len(mix)) < IPV6_SAMPLES_SHARE, lengths)
    for name, value in {
        "type": 1, "length": _SAMPLE.itemsize - 8, "source": 11, "rate": rate, "input": 11, "output": 12,
        "records": 1, "record_type": 1, "record_length": 16 + HEADER_BYTES, "header_protocol": 1,
        "stripped": 4, "header_length": HEADER_BYTES,
    }.items():  # fmt: skip
        rows[name] = value
    rows["frame_length"] = lengths[: count * SAMPLES].reshape(count, SAMPLES) + 4
    rows["header"] = headers[: count * SAMPLES].reshape(count, SAMPLES, HEADER_BYTES)
    return DatagramSet((), out, SAMPLES, 1, 1)
