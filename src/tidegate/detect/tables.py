"""The vectors, floors and operators' objects as the arrays that kernels read."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tidegate.detect.settings import OBJECT_PREFIXES_MAX, OBJECTS_MAX, Floors, WatchedObject
from tidegate.kernels import classify
from tidegate.kernels.cells import LEVELS, OBJECT_DEPTH_MAX, OBJECT_LEVEL, OBJECT_PREFIX
from tidegate.model.refusals import NotAllowed
from tidegate.model.vectors import CODE_OF, NO_VECTOR, VECTORS, VECTORS_MAX

FIXED_CODES = {
    "udp": classify.UDP,
    "tcp": classify.TCP,
    "quic": classify.QUIC,
    "tcp_syn": classify.TCP_SYN,
    "tcp_syn_ack": classify.TCP_SYN_ACK,
    "tcp_ack": classify.TCP_ACK,
    "tcp_rst": classify.TCP_RST,
    "tcp_fin": classify.TCP_FIN,
    "tcp_odd_flags": classify.TCP_ODD_FLAGS,
    "fragments": classify.FRAGMENTS,
    "icmp": classify.ICMP,
    "icmpv6": classify.ICMPV6,
    "gre": classify.GRE,
    "esp": classify.ESP,
    "ip_in_ip": classify.IP_IN_IP,
    "other_protocol": classify.OTHER_PROTOCOL,
}
assert all(CODE_OF[name] == code for name, code in FIXED_CODES.items()), "classify.py and VECTORS disagree"
assert len(VECTORS) <= VECTORS_MAX < NO_VECTOR == classify.NONE, "too many vectors"


def promote_floors(floors: Floors, share: float) -> npt.NDArray[np.float64]:
    """(LEVELS, VECTORS_MAX, 2): bytes and packets in a second from which a cell is heavy."""
    table = np.full((LEVELS, VECTORS_MAX, 2), np.inf)
    for level in range(OBJECT_LEVEL):
        for code in range(len(VECTORS)):
            bits, packets = floors.prefix(code, level)
            table[level, code] = share * bits / 8, share * packets
    return table


def object_promote_floors(
    floors: Floors, share: float, objects: Sequence[WatchedObject]
) -> npt.NDArray[np.float64]:
    """(at least 1, VECTORS_MAX, 2): the same for each object."""
    table = np.full((max(1, len(objects)), VECTORS_MAX, 2), np.inf)
    for number, watched in enumerate(objects):
        for code in range(len(VECTORS)):
            bits, packets = floors.watched(code, watched)
            table[number, code] = share * bits / 8, share * packets
    return table


def object_prefixes(
    objects: Sequence[WatchedObject],
) -> tuple[npt.NDArray[np.void], npt.NDArray[np.int32]]:
    """The objects' prefixes sorted for lookup, and for each the chain of objects that hold it."""
    if len(objects) > OBJECTS_MAX:
        raise NotAllowed(f"{len(objects)} objects, {OBJECTS_MAX} at most")
    owners: dict[tuple[int, int, int], set[int]] = {}
    for number, watched in enumerate(objects):
        for prefix in watched.prefixes:
            owners.setdefault((prefix.length, prefix.high, prefix.low), set()).add(number)
    if len(owners) > OBJECT_PREFIXES_MAX:
        raise NotAllowed(f"{len(owners)} prefixes of objects, {OBJECT_PREFIXES_MAX} at most")
    lengths = sorted({length for length, _, _ in owners})
    rows = np.zeros(len(owners), OBJECT_PREFIX)
    chains = np.full((max(1, len(owners)), OBJECT_DEPTH_MAX), -1, np.int32)
    for at, (length, high, low) in enumerate(sorted(owners, key=lambda key: (-key[0], key[1], key[2]))):
        around = set(owners[length, high, low])
        for shorter in (candidate for candidate in lengths if candidate < length):
            bits = (high << 64 | low) >> (128 - shorter) << (128 - shorter) if shorter else 0
            around |= owners.get((shorter, bits >> 64, bits & 0xFFFF_FFFF_FFFF_FFFF), set())
        if len(around) > OBJECT_DEPTH_MAX:
            names = ", ".join(objects[number].name for number in sorted(around))
            raise NotAllowed(f"{names} all hold one address; {OBJECT_DEPTH_MAX} objects at most may")
        rows[at] = (high, low, length, at)
        chains[at, : len(around)] = sorted(around)
    return rows, chains
