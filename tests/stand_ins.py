"""Small stand-ins for decoding, counting, time and the parts around a collector."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tidegate.model.addresses import MAPPED_IPV4
from tidegate.model.datagrams import DatagramBlock
from tidegate.model.exporters import EXPORTER
from tidegate.model.flows import FlowBatch, empty_rows
from tidegate.model.summaries import CELL, INBOUND, SecondSummary
from tidegate.ports.collector import CollectorReport, ToCollector, ToNode


class HandClock:
    """A clock that a test moves."""

    def __init__(self, now_ms: int = 1_700_000_000_000) -> None:
        self.at_ms = now_ms
        self.behind_ms = 0

    def now_ms(self) -> int:
        return self.at_ms


class LetterReader:
    """Reads a telemetry of its own: `T<name>` teaches a name, `F<n>` is n flows, but only once something
    was taught; everything else is refused as "not a letter"."""

    def __init__(self) -> None:
        self.known: list[bytes] = []
        self._learned: list[bytes] = []
        self._refused = 0
        self._exporters = np.zeros(1, EXPORTER)

    @property
    def exporters(self) -> npt.NDArray[np.void]:
        return self._exporters

    def exporter_name(self, row: int) -> str:
        return f"192.0.2.{row}#0"

    def decode(self, block: DatagramBlock) -> Iterator[FlowBatch]:
        for start, length in zip(block.starts, block.lengths, strict=True):
            datagram = bytes(block.data[start : start + length])
            self._exporters["datagrams"] += np.uint64(1)
            match datagram[:1]:
                case b"T":
                    self.known.append(datagram[1:])
                    self._learned.append(datagram[1:])
                case b"F" if self.known:
                    rows = empty_rows(int(datagram[1:]))
                    rows["dst_low"] = MAPPED_IPV4 | 0xC6336401  # 198.51.100.1
                    self._exporters["records"] += np.uint64(len(rows))
                    yield FlowBatch(rows)
                case b"F":
                    self._exporters["without_template"] += np.uint64(1)
                case _:
                    self._refused += 1

    def refused(self) -> dict[tuple[int, str], int]:
        return {(0, "not a letter"): self._refused} if self._refused else {}

    def take_learned(self) -> list[bytes]:
        taken, self._learned = self._learned, []
        return taken

    def relearn(self, entries: Iterable[bytes]) -> None:
        self.known += entries

    def remembered(self) -> list[bytes]:
        return list(dict.fromkeys(self.known))


class PlainCounting:
    """Counts rows, and gives each second a summary of one cell."""

    def __init__(self) -> None:
        self.counted = 0
        self.closed: list[int] = []

    def count(self, batch: FlowBatch, received_ms: int) -> None:
        self.counted += len(batch)

    def close_second(
        self,
        second: int,
        exporters: npt.NDArray[np.void],
        refused: dict[tuple[int, str], int],
        datagrams_dropped: int,
    ) -> SecondSummary:
        self.closed.append(second)
        records, self.counted = self.counted, 0
        return summary_of(second, records, exporters.copy(), refused, datagrams_dropped)


def summary_of(
    second: int,
    records: int = 0,
    exporters: npt.NDArray[np.void] | None = None,
    refused: dict[tuple[int, str], int] | None = None,
    datagrams_dropped: int = 0,
    cells: int = 1,
    degraded: str | None = None,
) -> SecondSummary:
    return SecondSummary(
        second=second,
        cells=np.zeros(cells, CELL),
        cells_left_out=0,
        exporters=np.zeros(0, EXPORTER) if exporters is None else exporters,
        refused=refused or {},
        records=records,
        bytes=float(records),
        packets=float(records),
        bytes_variance=0.0,
        packets_variance=0.0,
        unscaled_bytes=0.0,
        active_cells=cells,
        degraded=degraded,
        datagrams_dropped=datagrams_dropped,
        inbound=np.zeros(0, INBOUND),
    )


def report_of(
    summary: SecondSummary, names: Sequence[str] | None = None, **changes: object
) -> CollectorReport:
    known = {
        "datagrams_dropped": 0,
        "summaries_dropped": 0,
        "receive_buffer_bytes": 1 << 25,
        "receive_buffer_wanted": 1 << 25,
        "journal_trouble": None,
        "clock_behind_ms": 0,
    }
    every = names if names is not None else [f"192.0.2.{row}#0" for row in range(len(summary.exporters))]
    return CollectorReport(summary=summary, exporter_names=tuple(every), **(known | changes))  # type: ignore[arg-type]


class ListSource:
    """Gives each call of `receive` the next of its lists of blocks, and moves the clock by `step_ms`."""

    def __init__(
        self, clock: HandClock, rounds: Sequence[Sequence[DatagramBlock]], step_ms: int = 100
    ) -> None:
        self._clock = clock
        self._rounds = list(rounds)
        self._step_ms = step_ms
        self.started = self.closed = False
        self.lost = 0
        self.buffer_bytes = self.buffer_wanted = 1 << 20
        self.ports = (2055,)
        self.too_long = 0

    def start(self) -> None:
        self.started = True

    def close(self) -> None:
        self.closed = True

    def receive(self, wait_ms: int) -> Iterator[DatagramBlock]:
        yield from self._rounds.pop(0) if self._rounds else ()
        self._clock.at_ms += min(wait_ms, self._step_ms)

    def dropped(self) -> int:
        return self.lost

    def refused(self) -> dict[str, int]:
        return {"datagram too long": self.too_long} if self.too_long else {}


class ListOutlet:
    """Keeps what is sent; asks what the test put into `asked`."""

    def __init__(self) -> None:
        self.sent: list[ToNode] = []
        self.asked: list[ToCollector] = []
        self.summaries_dropped = 0

    def send(self, message: ToNode) -> None:
        self.sent.append(message)

    def requests(self) -> Sequence[ToCollector]:
        taken, self.asked = self.asked, []
        return taken

    @property
    def reports(self) -> list[CollectorReport]:
        return [message for message in self.sent if isinstance(message, CollectorReport)]


class ListJournal:
    """A journal in memory."""

    def __init__(self, entries: Sequence[bytes] = ()) -> None:
        self.kept = list(entries)
        self.rewritten = 0
        self.wants_rewrite = False
        self.trouble: str | None = None

    def entries(self) -> list[bytes]:
        return list(self.kept)

    def append(self, entries: Sequence[bytes]) -> None:
        self.kept += entries

    def rewrite(self, entries: Sequence[bytes]) -> None:
        self.kept = list(entries)
        self.rewritten += 1
        self.wants_rewrite = False
