"""What the collector needs of the outside, and what passes between it and the node."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tidegate.model.addresses import Prefix
from tidegate.model.datagrams import DatagramBlock
from tidegate.model.flows import FlowRows
from tidegate.model.summaries import SecondSummary

SAMPLE_ROWS_MAX = 65_536
"""Rows in one sample of recent flows (9 MB); a request for more is answered with this many."""


@dataclass(frozen=True, slots=True)
class CollectorReport:
    """One second as the node hears it: the summary, the exporters' names, and how the collector fares.

    `exporter_names[i]` names row i of `summary.exporters`. Every count is since the collector started.
    `receive_buffer_bytes` is the smallest that the kernel granted to any socket, `receive_buffer_wanted`
    what was asked for; `journal_trouble` is None while templates reach the disk; `clock_behind_ms` is 0
    unless the wall clock was set back, and how far it is behind receive time then.
    """

    summary: SecondSummary
    exporter_names: tuple[str, ...]
    datagrams_dropped: int
    summaries_dropped: int
    receive_buffer_bytes: int
    receive_buffer_wanted: int
    journal_trouble: str | None
    clock_behind_ms: int


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """Asks for at most `limit` recent flows towards `prefix`; `number` comes back in the reply."""

    number: int
    prefix: Prefix
    limit: int


@dataclass(frozen=True, slots=True)
class FlowSample:
    """Recent flows towards one prefix, drawn evenly from all that were seen.

    `rows` dtype FLOW (n,); `weights` float64 (n,): how many seen records row i stands for, so that
    `weights.sum()` estimates the number seen. They were received between `from_ms` and `until_ms`, each at
    the latest at its `received_ms` int64 (n,): an exporter tells of a flow when it has come to its end.
    """

    rows: FlowRows
    weights: npt.NDArray[np.float64]
    received_ms: npt.NDArray[np.int64]
    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class SampleReply:
    number: int
    sample: FlowSample


@dataclass(frozen=True, slots=True)
class Ready:
    """The collector's sockets are bound, its kernels loaded and its templates remembered."""

    version: str
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stopping:
    """From the node: close the last second and end. From the collector: nothing follows."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The collector ends now, and this is why, in words for the operator."""

    why: str


ToNode = CollectorReport | SampleReply | Ready | Stopping | Failed
ToCollector = SampleRequest | Stopping


class DatagramSource(Protocol):
    """Where datagrams come from: sockets, or a recording in a test."""

    def start(self) -> None:
        """Listens; NotAllowed when an address cannot be had, and then on none of them."""

    def close(self) -> None: ...

    def receive(self, wait_ms: int) -> Iterator[DatagramBlock]:
        """The blocks that are there now, after waiting at most `wait_ms` for the first.

        Ends soon even under full load, so that its caller can look at the clock. A block's arrays are
        filled again by the next step of the iterator or the next call: whoever keeps them copies them.
        """

    def dropped(self) -> int:
        """Datagrams lost by the kernel for want of room, all sockets, since the start."""

    def refused(self) -> dict[str, int]:
        """Datagrams that came but could not be read whole, by reason, since the start."""

    @property
    def buffer_bytes(self) -> int:
        """Smallest receive buffer that the kernel granted to any socket."""

    @property
    def buffer_wanted(self) -> int: ...

    @property
    def ports(self) -> tuple[int, ...]: ...


class SummaryOutlet(Protocol):
    """The collector's end of the link with the node. No call ever waits for the node."""

    def send(self, message: ToNode) -> None:
        """Queues a message. When the queue is full the oldest report goes, and is counted."""

    def requests(self) -> Sequence[ToCollector]:
        """What the node asked since the last call. The node's death reads as Stopping."""

    @property
    def summaries_dropped(self) -> int: ...


class TemplateJournal(Protocol):
    """What was learned from exporters (templates, sampling), kept across restarts.

    Entries are opaque bytes; learning an entry again changes nothing, and a later entry wins.
    No call raises for a disk that is full, read-only or gone: that is `trouble`, and work goes on.
    """

    def entries(self) -> list[bytes]:
        """All whole entries found when the journal was opened, oldest first."""

    def append(self, entries: Sequence[bytes]) -> None:
        """Once it returns, the entries survive this process; about a second later, a power cut too."""

    def rewrite(self, entries: Sequence[bytes]) -> None:
        """Replaces the whole journal by these entries (a snapshot); at any moment either is on disk."""

    @property
    def wants_rewrite(self) -> bool:
        """It has grown past its bound, or lost entries to a disk that works again."""

    @property
    def trouble(self) -> str | None:
        """Why entries do not reach the disk now, or None."""


class CollectorProcess(Protocol):
    """The node's hold on the collector, which runs as a process of its own."""

    def start(self) -> None:
        """Starts one; NotAllowed when it runs already, OSError when it cannot be started."""

    def receive(self, timeout_s: float) -> Sequence[ToNode]:
        """Messages in order of sending, after waiting at most `timeout_s` for the first.

        Malformed when what came is no message of ours: the collector is then to be killed.
        """

    def send(self, message: ToCollector) -> None:
        """Lost without an error when the collector is dead or reads nothing."""

    def ended(self) -> str | None:
        """Why it is not running ("killed by signal 9", "exit code 1"), or None while it runs."""

    def kill(self) -> None:
        """Ends it at once and waits until it is gone; nothing happens when it is not running."""

    def stop(self, timeout_s: float) -> Sequence[ToNode]:
        """Asks it to end, kills it after `timeout_s`; the messages that still came."""
