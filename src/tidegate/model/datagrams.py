"""Blocks of datagrams off the wire or out of a recording: one byte array and where each one lies in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.model.addresses import words

DATAGRAM_BYTES_MAX = 9216
"""Longest datagram read whole (a jumbo frame); a longer one is refused and counted."""


@dataclass(frozen=True, slots=True)
class DatagramBlock:
    """Datagrams received together, in order of arrival.

    `data` uint8 (total,); `starts` int64 (n,) and `lengths` int64 (n,) in bytes; `source_high`,
    `source_low` uint64 (n,), the sender's address words; `received_ms` int64 (n,), milliseconds UTC.
    """

    data: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    source_high: npt.NDArray[np.uint64]
    source_low: npt.NDArray[np.uint64]
    received_ms: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts)

    @classmethod
    def of(cls, datagrams: Sequence[bytes], source: str, received_ms: int) -> "DatagramBlock":
        """A block of whole datagrams from one sender at one time; for tests and small inputs."""
        lengths = np.array([len(d) for d in datagrams], np.int64)
        high, low = words(source)
        count = len(datagrams)
        return cls(
            data=np.frombuffer(bytearray(b"".join(datagrams)), np.uint8),
            starts=np.concatenate(([0], np.cumsum(lengths)[:-1])).astype(np.int64) if count else lengths,
            lengths=lengths,
            source_high=np.full(count, high, np.uint64),
            source_low=np.full(count, low, np.uint64),
            received_ms=np.full(count, received_ms, np.int64),
        )
