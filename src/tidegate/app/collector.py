"""The collector's loop: datagrams become rows, rows become counts, and each second goes to the node.

What it does on the way, in this order: what a block teaches is on disk before its flows are counted;
a second is closed when the clock has passed it and everything received in it has been counted; the
node's questions are answered between blocks. Nothing here waits for the node or the disk.
"""

from collections.abc import Callable

from tidegate.app.recent import RecentFlows
from tidegate.ports.clock import ReceiveClock
from tidegate.ports.collector import (
    CollectorReport,
    DatagramSource,
    Ready,
    SampleReply,
    SampleRequest,
    Stopping,
    SummaryOutlet,
    TemplateJournal,
)
from tidegate.ports.telemetry import SecondCounting, TelemetryReader

WAIT_MS_MAX = 50
"""Longest wait for datagrams; a question of the node is noticed this soon."""

SENDERLESS = -1
"""Row of refusals whose sender is not known to the exporter table."""


class Collector:
    """Runs until it is told to stop. Every part is handed in; `run` starts and closes the source.

    `load` loads all kernels (tidegate.app.loading): nothing may be compiled once datagrams come.
    """

    def __init__(
        self,
        *,
        source: DatagramSource,
        outlet: SummaryOutlet,
        journal: TemplateJournal,
        clock: ReceiveClock,
        reader: TelemetryReader,
        counting: SecondCounting,
        recent: RecentFlows,
        load: Callable[[], None],
        version: str,
    ) -> None:
        self._source = source
        self._outlet = outlet
        self._journal = journal
        self._clock = clock
        self._reader = reader
        self._counting = counting
        self._recent = recent
        self._load = load
        self._version = version
        self._second = 0
        self._dropped_before = 0
        self._names: list[str] = []
        self._stopping = False

    def stop(self) -> None:
        """Ends `run` after its present turn; may be called by a signal."""
        self._stopping = True

    def run(self) -> None:
        """Remembers, listens, counts, until told to stop; then closes the last second.

        NotAllowed when an address cannot be listened on; OSError when a socket fails later.
        """
        self._remember()
        self._load()
        self._source.start()
        try:
            self._second = self._clock.now_ms() // 1000
            self._outlet.send(Ready(self._version, self._source.ports))
            while not self._stopping:
                self.turn()
            self._take_what_is_there(wait_ms=0)
            self._close(self._second)
            self._outlet.send(Stopping())
        finally:
            self._source.close()

    def turn(self) -> None:
        """One round: datagrams, the second's end, the node's questions."""
        until_next_second_ms = 1000 - self._clock.now_ms() % 1000
        self._take_what_is_there(wait_ms=min(WAIT_MS_MAX, until_next_second_ms))
        self._close_what_has_passed(self._clock.now_ms() // 1000)
        self._answer()

    def _remember(self) -> None:
        """Learns what an earlier run knew, and leaves a journal without what is no longer true."""
        if entries := self._journal.entries():
            self._reader.relearn(entries)
            self._journal.rewrite(self._reader.remembered())

    def _take_what_is_there(self, wait_ms: int) -> None:
        for block in self._source.receive(wait_ms):
            received_ms = int(block.received_ms[-1])
            for batch in self._reader.decode(block):
                self._keep_what_was_learned()
                self._counting.count(batch, received_ms)
                self._recent.add(batch, received_ms)
            self._keep_what_was_learned()

    def _keep_what_was_learned(self) -> None:
        if learned := self._reader.take_learned():
            self._journal.append(learned)

    def _close_what_has_passed(self, now_second: int) -> None:
        """One summary, also when a pause skipped several seconds: its windows reach back over them."""
        if now_second <= self._second:
            return
        self._close(now_second - 1)
        self._second = now_second
        if self._journal.wants_rewrite:
            self._journal.rewrite(self._reader.remembered())

    def _close(self, second: int) -> None:
        dropped = self._source.dropped()
        refused = dict(self._reader.refused())
        for reason, count in self._source.refused().items():
            refused[SENDERLESS, reason] = refused.get((SENDERLESS, reason), 0) + count
        exporters = self._reader.exporters
        summary = self._counting.close_second(second, exporters, refused, dropped - self._dropped_before)
        self._dropped_before = dropped
        self._names += [
            self._reader.exporter_name(row) for row in range(len(self._names), len(summary.exporters))
        ]
        self._outlet.send(
            CollectorReport(
                summary=summary,
                exporter_names=tuple(self._names),
                datagrams_dropped=dropped,
                summaries_dropped=self._outlet.summaries_dropped,
                receive_buffer_bytes=self._source.buffer_bytes,
                receive_buffer_wanted=self._source.buffer_wanted,
                journal_trouble=self._journal.trouble,
                clock_behind_ms=self._clock.behind_ms,
            )
        )

    def _answer(self) -> None:
        for request in self._outlet.requests():
            match request:
                case SampleRequest(number, prefix, limit):
                    sample = self._recent.sample(prefix, limit, self._clock.now_ms())
                    self._outlet.send(SampleReply(number, sample))
                case Stopping():
                    self.stop()
