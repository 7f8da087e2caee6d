"""Where what is usual for each prefix is kept between two runs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

BASELINE_ROWS_MAX = 32_768
"""Baselines kept, twice what detection follows; beyond it those not updated for the longest time are
forgotten."""

BASELINE_BYTES_MAX = 1 << 16
"""Bytes of one baseline, key included; a longer one is refused."""


@dataclass(frozen=True, slots=True)
class BaselineRow:
    """One baseline; only its owner (`detect`) knows what key and blob mean."""

    key: bytes
    blob: bytes
    updated_ms: int


class BaselineStore(Protocol):
    """A table of the latest baselines. Losing the last few seconds of it is no harm; a wrong row is.

    Every call either takes hold whole or raises OutsideFailed, and then may or may not have taken hold.
    """

    def save(self, rows: Iterable[BaselineRow]) -> None:
        """Put each row in the place of the one with its key; the last of equal keys stays.

        NotAllowed for a row above BASELINE_BYTES_MAX. Beyond BASELINE_ROWS_MAX the rows with the oldest
        `updated_ms` are forgotten.
        """

    def load(self) -> Iterator[BaselineRow]:
        """Every row, what was updated last first; rows of one time in the order of keys."""
