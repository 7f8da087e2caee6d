"""Registers: where the fields of data records are put, column by column, before rows are made of them."""

import numpy as np

from tidegate.kernels.bigendian import u16
from tidegate.kernels.jit import bare_kernel
from tidegate.kernels.templates import VARIABLE_LENGTH

# SKIP is never loaded: its column is always zero and stands for every field that a template lacks.
(
    SKIP,
    BYTES,
    PACKETS,
    PROTOCOL,
    TCP_FLAGS,
    SRC_PORT,
    DST_PORT,
    SRC_V4,
    DST_V4,
    SRC_HIGH,
    SRC_LOW,
    DST_HIGH,
    DST_LOW,
    INPUT_IF,
    OUTPUT_IF,
    SRC_AS,
    DST_AS,
    FIRST,
    LAST,
    DURATION,
    ICMP4,
    ICMP4_TYPE,
    ICMP4_CODE,
    ICMP6,
    ICMP6_TYPE,
    ICMP6_CODE,
    FRAGMENT_OFFSET,
    FRAGMENT_FLAGS,
    IP_VERSION,
    SAMPLER,
    DIRECTION,
    RATE_FIRST,
    RATE_SECOND,
    SECTION_AT,
    SECTION_LENGTH,
) = range(35)
REGISTERS = 35

CHUNK = 64
"""Records whose registers are loaded before their rows are made: small enough to stay in the first cache."""

# What FIRST and LAST are.
TIME_NONE, TIME_UPTIME, TIME_SECONDS, TIME_MS, TIME_NTP, TIME_BEFORE_EXPORT_US = 0, 1, 2, 3, 4, 5

SECTION_NONE, SECTION_ETHERNET, SECTION_IP = 0, 1, 2


@bare_kernel
def load(data, at, length):  # type: ignore[no-untyped-def]
    """The `length` (1 to 8) bytes at `at` (uint64), as uint64 in network byte order."""
    one = np.uint64(1)
    if length == 4:
        return (
            (np.uint64(data[at]) << np.uint64(24))
            | (np.uint64(data[at + one]) << np.uint64(16))
            | (np.uint64(data[at + np.uint64(2)]) << np.uint64(8))
            | np.uint64(data[at + np.uint64(3)])
        )
    if length == 2:
        return (np.uint64(data[at]) << np.uint64(8)) | np.uint64(data[at + one])
    if length == 1:
        return np.uint64(data[at])
    value = np.uint64(0)
    for i in range(length):
        value = (value << np.uint64(8)) | np.uint64(data[at + np.uint64(i)])
    return value


@bare_kernel
def load_columns(data, at, record_length, count, ops, op_count, registers):  # type: ignore[no-untyped-def]
    """Fields of `count` records of fixed length at `at` into `registers` (uint64 (REGISTERS, CHUNK)).

    The caller has checked that all the records are there.
    """
    step = np.uint64(record_length)
    for k in range(op_count):
        register = ops[k].register
        length = np.int64(ops[k].length)
        field = np.uint64(at) + np.uint64(ops[k].offset)
        column = registers[register]
        if register == SECTION_AT:
            for i in range(count):
                column[i] = field + np.uint64(i) * step
                registers[SECTION_LENGTH, i] = np.uint64(length)
        elif length == 4:
            for i in range(count):
                column[i] = load(data, field, 4)
                field += step
        elif length == 2:
            for i in range(count):
                column[i] = load(data, field, 2)
                field += step
        elif length == 1:
            for i in range(count):
                column[i] = load(data, field, 1)
                field += step
        elif length == 8:
            for i in range(count):
                column[i] = load(data, field, 8)
                field += step
        else:
            for i in range(count):
                column[i] = load(data, field, length)
                field += step


@bare_kernel
def load_walked(data, at, end, ops, op_count, registers, i):  # type: ignore[no-untyped-def]
    """Fields of one record with variable-length fields (RFC 7011 section 7) into column `i` of `registers`.

    Returns the offset behind the record, or -1 where it would pass `end`.
    """
    at = np.int64(at)
    for k in range(op_count):
        at += np.int64(ops[k].offset)
        length = np.int64(ops[k].length)
        if length == VARIABLE_LENGTH:
            if at + 1 > end:
                return np.int64(-1)
            length = np.int64(data[at])
            at += 1
            if length == 255:
                if at + 2 > end:
                    return np.int64(-1)
                length = u16(data, at)
                at += 2
        if at + length > end:
            return np.int64(-1)
        register = ops[k].register
        if register == SECTION_AT:
            registers[SECTION_AT, i] = np.uint64(at)
            registers[SECTION_LENGTH, i] = np.uint64(length)
        elif register != SKIP:
            registers[register, i] = load(data, np.uint64(at), length) if length <= 8 else np.uint64(0)
        at += length
    return at


@bare_kernel
def told(has, register):  # type: ignore[no-untyped-def]
    """`register` where the template loads it, else SKIP, whose column is always zero."""
    return register if (has >> np.uint64(register)) & np.uint64(1) else SKIP


@bare_kernel
def blank_untold(registers, has, begin, end, count):  # type: ignore[no-untyped-def]
    """Zero the registers [begin, end) that the template does not load."""
    for register in range(begin, end):
        if told(has, register) == SKIP:
            for i in range(count):
                registers[register, i] = np.uint64(0)
