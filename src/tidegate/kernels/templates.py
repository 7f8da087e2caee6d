"""Templates in kernels: finding them, and surveying a datagram's sets before anything of it is believed."""

import numpy as np

from tidegate.kernels.bigendian import u16
from tidegate.kernels.exporters import MIX, mixed
from tidegate.kernels.jit import bare_kernel
from tidegate.kernels.reasons import (
    SET_CUT_SHORT,
    TEMPLATE_CUT_SHORT,
    TEMPLATE_INVALID,
    TEMPLATE_TOO_LARGE,
)

TEMPLATES_MAX = 16384
"""Templates held at once, of all exporters together; further ones are refused and counted."""

TEMPLATE_INDEX_SLOTS = 65536
"""Slots of the template index, a power of two and four times the table, so that probes stay short."""

FIELDS_MAX = 256
"""Fields in one template; one with more is malformed."""

OPS_MAX = 128
"""Steps in one compiled template, after fields that are read past have been merged."""

ENTERPRISE = 0x8000
VARIABLE_LENGTH = 0xFFFF

# What a template's records are: gone (withdrawn), flows, flows without addresses, options without and with
# anything about sampling or clocks.
WITHDRAWN, FLOWS, NOT_IP, OPTIONS_COUNTED, OPTIONS_READ = 1, 2, 3, 4, 5

TEMPLATE = np.dtype(
    [
        ("has", np.uint64),  # bit per register that the program loads
        ("hash", np.uint64),  # of the template record's bytes
        ("options_hash", np.uint64),  # of the last options data set read with it
        ("exporter", np.uint32),
        ("record_length", np.uint32),  # bytes; with variable-length fields, the least
        ("op_count", np.uint32),
        ("id", np.uint16),
        ("kind", np.uint8),  # 0: free
        ("variable", np.uint8),  # 1: records are walked field by field
        ("time_mode", np.uint8),
        ("rate_mode", np.uint8),
        ("layer2", np.uint8),  # bytes counted are of frames, not of IP packets
        ("section", np.uint8),  # kind of packet section, 0 none
    ],
    align=True,
)
"""One template of one exporter, compiled; its steps are `ops[row]`."""

OP = np.dtype([("offset", np.uint16), ("length", np.uint16), ("register", np.uint8)], align=True)
"""One step: load `length` bytes, `offset` into the record or, in a walk, after the step before."""


@bare_kernel
def template_slot(index, templates, exporter, identity):  # type: ignore[no-untyped-def]
    """Slot in `index` (int32, row + 1 or 0) of an exporter's template: its own, or an empty one."""
    word = mixed(np.uint64((exporter << 16) | identity) * MIX)
    mask = np.int64(index.shape[0] - 1)
    slot = np.int64(word & np.uint64(0x7FFF_FFFF)) & mask
    while index[slot] != 0:
        row = np.int64(index[slot]) - 1
        if np.int64(templates[row].id) == identity and np.int64(templates[row].exporter) == exporter:
            return slot
        slot = (slot + 1) & mask
    return slot


@bare_kernel
def find_template(index, templates, exporter, identity):  # type: ignore[no-untyped-def]
    """Row of the template, withdrawn or not, or -1."""
    if exporter < 0:
        return np.int64(-1)
    return np.int64(index[template_slot(index, templates, exporter, identity)]) - 1


@bare_kernel
def rebuild_index(index, templates, count):  # type: ignore[no-untyped-def]
    """Enter the first `count` templates into `index` anew."""
    index[:] = 0
    for row in range(count):
        exporter, identity = np.int64(templates[row].exporter), np.int64(templates[row].id)
        index[template_slot(index, templates, exporter, identity)] = row + 1


@bare_kernel
def hash_bytes(data, start, end):  # type: ignore[no-untyped-def]
    """64 bits over the bytes [start, end) (FNV-1a, stirred): notices change, does not withstand an enemy."""
    word = np.uint64(0xCBF2_9CE4_8422_2325)
    for i in range(start, end):
        word = (word ^ np.uint64(data[i])) * np.uint64(0x0000_0100_0000_01B3)
    return mixed(word)


@bare_kernel
def only_zeros(data, start, end):  # type: ignore[no-untyped-def]
    """True where the bytes [start, end) are padding."""
    for i in range(start, end):  # noqa: SIM110 (Numba compiles loops, not generators)
        if data[i] != 0:
            return False
    return True


@bare_kernel
def fields_end(data, at, end, count, enterprise):  # type: ignore[no-untyped-def]
    """Offset behind `count` field specifiers at `at`, or minus a reason; a record takes at least one byte.

    `enterprise`: whether a set top bit announces an enterprise number (IPFIX, RFC 7011 section 3.2).
    """
    if count > FIELDS_MAX:
        return -TEMPLATE_TOO_LARGE
    record_length = 0
    for _ in range(count):
        if at + 4 > end:
            return -TEMPLATE_CUT_SHORT
        length = u16(data, at + 2)
        record_length += 1 if enterprise and length == VARIABLE_LENGTH else length
        at += 8 if enterprise and u16(data, at) & ENTERPRISE else 4
    if at > end:
        return -TEMPLATE_CUT_SHORT
    if record_length == 0:
        return -TEMPLATE_INVALID
    if record_length > 0xFFFF:
        return -TEMPLATE_TOO_LARGE
    return at


@bare_kernel
def template_end(data, at, end, ipfix, options):  # type: ignore[no-untyped-def]
    """Offset behind the template record at `at`, or minus a reason (RFC 3954 section 5, RFC 7011 3.4)."""
    if u16(data, at) < 256:
        # Withdrawal of all templates names the set id itself (RFC 7011 section 8.1).
        withdraws_all = ipfix and u16(data, at + 2) == 0 and u16(data, at) == (3 if options else 2)
        return at + 4 if withdraws_all else -TEMPLATE_INVALID
    if not options:
        count = u16(data, at + 2)
        if count == 0:
            return at + 4 if ipfix else -TEMPLATE_INVALID
        return fields_end(data, at + 4, end, count, ipfix)
    if ipfix:
        count = u16(data, at + 2)
        if count == 0:
            return at + 4
        if at + 6 > end:
            return -TEMPLATE_CUT_SHORT
        scopes = u16(data, at + 4)
        if scopes == 0 or scopes > count:
            return -TEMPLATE_INVALID
        return fields_end(data, at + 6, end, count, True)
    if at + 6 > end:
        return -TEMPLATE_CUT_SHORT
    lengths = u16(data, at + 2) + u16(data, at + 4)
    if u16(data, at + 2) % 4 or u16(data, at + 4) % 4 or lengths == 0:
        return -TEMPLATE_INVALID
    return fields_end(data, at + 6, end, lengths // 4, False)


@bare_kernel
def survey_templates(  # type: ignore[no-untyped-def]
    data, at, end, ipfix, options, exporter, index, templates
):
    """(reason or 0, 1 if any record is not yet in force just so) of the template set's content [at, end)."""
    news = 0
    while at + 4 <= end and u16(data, at) != 0:
        after = template_end(data, at, end, ipfix, options)
        if after < 0:
            return -after, 0
        identity = u16(data, at)
        if identity < 256:
            news = 1
        else:
            row = find_template(index, templates, exporter, identity)
            if u16(data, at + 2) == 0 and ipfix:
                if row >= 0 and templates[row].kind != WITHDRAWN:
                    news = 1
            elif row < 0 or templates[row].hash != hash_bytes(data, at, after):
                news = 1
        at = after
    return 0, news


@bare_kernel
def survey_sets(data, at, limit, end, ipfix, exporter, index, templates):  # type: ignore[no-untyped-def]
    """(reason or 0, 1 if there is anything new to learn) of the sets from `at`; nothing is changed.

    Sets begin before `limit` and lie inside `end`, the datagram's end. For IPFIX `limit` comes from the
    message's length field; some exporters leave the last set's padding out of it, and since a UDP
    datagram holds one message, the datagram's own end is the bound that counts.
    """
    news = 0
    while at + 4 <= limit:
        identity, length = u16(data, at), u16(data, at + 2)
        if not ipfix and identity == 0 and length == 0 and only_zeros(data, at, end):
            # Some exporters fill a NetFlow v9 datagram up with zeros.
            break
        after = at + length
        if length < 4 or after > end:
            return SET_CUT_SHORT, 0
        is_template = identity == (2 if ipfix else 0)
        is_options = identity == (3 if ipfix else 1)
        if is_template or is_options:
            reason, found = survey_templates(
                data, at + 4, after, ipfix, is_options, exporter, index, templates
            )
            if reason:
                return reason, 0
            news |= found
        elif identity >= 256:
            row = find_template(index, templates, exporter, identity)
            reads = row >= 0 and templates[row].kind == OPTIONS_READ
            if reads and templates[row].options_hash != hash_bytes(data, at, after):
                news = 1
        at = after
    return 0, news
