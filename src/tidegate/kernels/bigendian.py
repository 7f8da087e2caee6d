"""Unsigned numbers in network byte order; the caller has checked that the bytes are there."""

import numpy as np

from tidegate.kernels.jit import kernel


@kernel
def u16(data, at):  # type: ignore[no-untyped-def]
    """Two bytes as int64, so that arithmetic on it never wraps."""
    return (np.int64(data[at]) << 8) | np.int64(data[at + 1])


@kernel
def u32(data, at):  # type: ignore[no-untyped-def]
    """Four bytes as int64."""
    return (
        (np.int64(data[at]) << 24)
        | (np.int64(data[at + 1]) << 16)
        | (np.int64(data[at + 2]) << 8)
        | np.int64(data[at + 3])
    )


@kernel
def u64(data, at):  # type: ignore[no-untyped-def]
    """Eight bytes as uint64."""
    return (np.uint64(u32(data, at)) << np.uint64(32)) | np.uint64(u32(data, at + 4))


@kernel
def unsigned(data, at, length):  # type: ignore[no-untyped-def]
    """The `length` bytes (0 to 8) as uint64: reduced-size encoding, RFC 7011 section 6.2."""
    value = np.uint64(0)
    for i in range(length):
        value = (value << np.uint64(8)) | np.uint64(data[at + i])
    return value
