"""Flow rows as data records of NetFlow v9 and IPFIX: the layouts that our encoders send."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.model.flows import (
    DIRECTION_INGRESS,
    DIRECTION_NOT_TOLD,
    FRAGMENT_FIRST,
    FRAGMENT_LATER,
    FlowRows,
)
from tidegate.model.refusals import NotAllowed

TEMPLATE_IPV4, TEMPLATE_IPV6, TEMPLATE_SAMPLING = 256, 257, 258
TEMPLATE_IPV4_DIRECTED, TEMPLATE_IPV6_DIRECTED = 259, 260

ICMP_PROTOCOLS = (1, 58)
MORE_FRAGMENTS = 0x20
WORD32 = np.uint64(0xFFFF_FFFF)


@dataclass(frozen=True, slots=True)
class RecordLayout:
    """A template: its id, and (element, bytes) of its fields in order."""

    identity: int
    fields: tuple[tuple[int, int], ...]

    @property
    def family(self) -> int:
        return 4 if (8, 4) in self.fields else 6

    @property
    def directed(self) -> bool:
        """Whether it tells flowDirection, which has no value for "not told"."""
        return (61, 1) in self.fields

    def carries(self, rows: FlowRows) -> npt.NDArray[np.bool_]:
        """Which rows go into this layout."""
        told = rows["direction"] != DIRECTION_NOT_TOLD
        carried: npt.NDArray[np.bool_] = (rows["family"] == self.family) & (told == self.directed)
        return carried

    @property
    def dtype(self) -> np.dtype[np.void]:
        """One record, packed, in network byte order; 16-byte fields are raw bytes."""
        return np.dtype([(f"e{e}", f">u{n}" if n <= 8 else f"V{n}") for e, n in self.fields])

    def template_record(self) -> bytes:
        words = [self.identity, len(self.fields)]
        words += [word for field in self.fields for word in field]
        return np.array(words, ">u2").tobytes()


_IPV4 = ((8, 4), (12, 4))
_IPV6 = ((27, 16), (28, 16))
_COMMON = (
    *((1, 8), (2, 8), (7, 2), (11, 2), (4, 1), (6, 1)),
    *((10, 4), (14, 4), (16, 4), (17, 4), (88, 2), (197, 1)),
)
_UPTIMES = ((22, 4), (21, 4))
_MILLISECONDS = ((152, 8), (153, 8))

_DIRECTION = ((61, 1),)

NETFLOW9_LAYOUTS = (
    RecordLayout(TEMPLATE_IPV4, (*_IPV4, *_COMMON, (32, 2), *_UPTIMES)),
    RecordLayout(TEMPLATE_IPV6, (*_IPV6, *_COMMON, (32, 2), *_UPTIMES)),
    RecordLayout(TEMPLATE_IPV4_DIRECTED, (*_IPV4, *_COMMON, *_DIRECTION, (32, 2), *_UPTIMES)),
    RecordLayout(TEMPLATE_IPV6_DIRECTED, (*_IPV6, *_COMMON, *_DIRECTION, (32, 2), *_UPTIMES)),
)
IPFIX_LAYOUTS = (
    RecordLayout(TEMPLATE_IPV4, (*_IPV4, *_COMMON, (32, 2), *_MILLISECONDS)),
    RecordLayout(TEMPLATE_IPV6, (*_IPV6, *_COMMON, (139, 2), *_MILLISECONDS)),
    RecordLayout(TEMPLATE_IPV4_DIRECTED, (*_IPV4, *_COMMON, *_DIRECTION, (32, 2), *_MILLISECONDS)),
    RecordLayout(TEMPLATE_IPV6_DIRECTED, (*_IPV6, *_COMMON, *_DIRECTION, (139, 2), *_MILLISECONDS)),
)


def template_records(layouts: Sequence[RecordLayout]) -> bytes:
    return b"".join(layout.template_record() for layout in layouts)


def flow_records(rows: FlowRows, layout: RecordLayout) -> npt.NDArray[np.void]:
    """All of each record but its times, which the formats tell differently; NotAllowed with a tunnel."""
    if np.any(rows["tunnel"]):
        raise NotAllowed("flow records cannot carry what is inside a tunnel")
    records = np.zeros(len(rows), layout.dtype)
    _set_addresses(records, rows)
    has_ports = rows["has_ports"] != 0
    icmp = icmp_words(rows)
    records["e1"], records["e2"] = rows["bytes"], rows["packets"]
    records["e7"] = np.where(has_ports, rows["src_port"], 0)
    records["e11"] = np.where(has_ports, rows["dst_port"], icmp)
    records["e4"], records["e6"] = rows["protocol"], rows["tcp_flags"]
    records["e10"], records["e14"] = rows["input_if"], rows["output_if"]
    records["e16"], records["e17"] = rows["src_as"], rows["dst_as"]
    records["e88"] = rows["fragment"] == FRAGMENT_LATER
    records["e197"] = np.where(rows["fragment"] == FRAGMENT_FIRST, MORE_FRAGMENTS, 0)
    if layout.directed:
        records["e61"] = rows["direction"] != DIRECTION_INGRESS
    icmp_field = "e139" if (139, 2) in layout.fields else "e32"
    records[icmp_field] = icmp
    return records


def icmp_words(rows: FlowRows) -> npt.NDArray[np.uint16]:
    """ICMP type << 8 | code of each row, 0 where it is not ICMP."""
    told = (rows["icmp_type"].astype(np.uint16) << 8) | rows["icmp_code"]
    return np.where(np.isin(rows["protocol"], ICMP_PROTOCOLS), told, 0)


def _set_addresses(records: npt.NDArray[np.void], rows: FlowRows) -> None:
    if "e8" in (records.dtype.names or ()):
        records["e8"], records["e12"] = rows["src_low"] & WORD32, rows["dst_low"] & WORD32
        return
    for element, high, low in (("e27", "src_high", "src_low"), ("e28", "dst_high", "dst_low")):
        both = np.stack([rows[high], rows[low]], axis=1).astype(">u8")
        records[element] = both.view("V16")[:, 0]


def set_of(identity: int, content: bytes) -> bytes:
    """A set (RFC 7011 section 3.3), padded to whole words."""
    padded = content + bytes(-len(content) % 4)
    if len(padded) + 4 > 0xFFFF:
        raise NotAllowed(f"a set holds at most 65535 bytes, not {len(padded) + 4}")
    return identity.to_bytes(2) + (len(padded) + 4).to_bytes(2) + padded


def data_sets(
    rows: FlowRows,
    layouts: Sequence[RecordLayout],
    records_of: Callable[[FlowRows, RecordLayout], npt.NDArray[np.void]],
) -> bytes:
    """A data set for each layout that carries any of the rows, in the layouts' order."""
    sets = [
        set_of(layout.identity, records_of(rows[carried], layout).tobytes())
        for layout in layouts
        if np.any(carried := layout.carries(rows))
    ]
    return b"".join(sets)
