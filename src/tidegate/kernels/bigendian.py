"""Unsigned numbers in network byte order; the caller has checked that the bytes are there.

Offsets become unsigned first: Numba gives a signed index the Python meaning of a negative one, a branch
for every byte, which costs five times the read itself.
"""

import numpy as np

from tidegate.kernels.jit import bare_kernel

ONE, TWO, THREE = np.uint64(1), np.uint64(2), np.uint64(3)


@bare_kernel
def u8(data, at):  # type: ignore[no-untyped-def]
    """One byte as int64."""
    return np.int64(data[np.uint64(at)])


@bare_kernel
def u16(data, at):  # type: ignore[no-untyped-def]
    """Two bytes as int64, so that arithmetic on it never wraps."""
    i = np.uint64(at)
    return (np.int64(data[i]) << 8) | np.int64(data[i + ONE])


@bare_kernel
def u32(data, at):  # type: ignore[no-untyped-def]
    """Four bytes as int64."""
    i = np.uint64(at)
    return (
        (np.int64(data[i]) << 24)
        | (np.int64(data[i + ONE]) << 16)
        | (np.int64(data[i + TWO]) << 8)
        | np.int64(data[i + THREE])
    )


@bare_kernel
def u64(data, at):  # type: ignore[no-untyped-def]
    """Eight bytes as uint64."""
    return (np.uint64(u32(data, at)) << np.uint64(32)) | np.uint64(u32(data, at + 4))


@bare_kernel
def unsigned(data, at, length):  # type: ignore[no-untyped-def]
    """The `length` bytes (0 to 8) as uint64: reduced-size encoding, RFC 7011 section 6.2."""
    value = np.uint64(0)
    for i in range(length):
        value = (value << np.uint64(8)) | np.uint64(data[np.uint64(at + i)])
    return value
