"""What the collector needs of decoding and counting, so that its loop can be tested without either."""

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tidegate.model.datagrams import DatagramBlock
from tidegate.model.flows import FlowBatch
from tidegate.model.summaries import SecondSummary


class TelemetryReader(Protocol):
    """Reads datagrams, and remembers what is needed to read the next ones."""

    @property
    def exporters(self) -> npt.NDArray[np.void]:
        """Rows in use of the exporter table, dtype EXPORTER."""

    def decode(self, block: DatagramBlock) -> Iterator[FlowBatch]:
        """Batches of rows, each valid until the next one is asked for."""

    def exporter_name(self, row: int) -> str: ...

    def refused(self) -> dict[tuple[int, str], int]:
        """Counts by (exporter row, or -1; reason) since the start."""

    def take_learned(self) -> list[bytes]:
        """Journal entries learned since the last call."""

    def relearn(self, entries: Iterable[bytes]) -> None:
        """Takes entries of an earlier run; one that is damaged is skipped."""

    def remembered(self) -> list[bytes]:
        """Entries that together teach all that is known now; the journal is rewritten with them."""


class SecondCounting(Protocol):
    """Counts flows by destination and vector, second by second."""

    def count(self, batch: FlowBatch, received_ms: int) -> None: ...

    def close_second(
        self,
        second: int,
        exporters: npt.NDArray[np.void],
        refused: dict[tuple[int, str], int],
        datagrams_dropped: int,
    ) -> SecondSummary:
        """The summary of `second`; `datagrams_dropped` by the kernel in it."""
