"""A recording through decoder, counter and detector in one process, second by second of its own time."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from tidegate.app.exporter_health import ExporterHealth, exporter_health
from tidegate.app.mapping import (
    BorderPoints,
    allowed_exporters,
    counting_settings,
    detection_settings,
    sampling_overrides,
    watched_objects,
)
from tidegate.app.queries import ATTACK_FACTS, CHANGES, AttackFact
from tidegate.app.settings import Config
from tidegate.detect.baseline import Baselines
from tidegate.detect.counting import SecondCounter
from tidegate.detect.detector import Detector
from tidegate.model.attacks import Attack
from tidegate.model.datagrams import DatagramBlock
from tidegate.model.exporters import EXPORTER, PACKETS
from tidegate.model.facts import AttackEnded, Fact
from tidegate.model.flows import FlowBatch
from tidegate.model.refusals import Malformed
from tidegate.model.summaries import SecondSummary
from tidegate.ports.recordings import Recording
from tidegate.ports.telemetry import SecondCounting, TelemetryReader
from tidegate.wire.telemetry import TelemetryDecoder

QUIET_SECONDS_MAX = 120
"""Silent seconds of a recording that are walked through, enough to end an attack; the rest is skipped."""


PACKETS_NAME = "packets"
"""Stands in the place of an exporter where the packets themselves were read."""


class Detecting(Protocol):
    """Turns closed seconds into facts."""

    def observe(self, summary: SecondSummary) -> list[Fact]: ...


class AttackTold(msgspec.Struct, frozen=True, tag="attack", tag_field="event"):
    """An attack began, grew, changed its vectors or ended, in the recording's own time."""

    change: str
    at_ms: int
    attack: Attack


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True, tag="report", tag_field="event"):
    """The whole recording: what was in it, the last state of every attack, and each exporter's health."""

    files: tuple[str, ...]
    kind: str
    from_ms: int
    until_ms: int
    records: int
    attacks: tuple[Attack, ...]
    open_attacks: tuple[int, ...]
    exporters: tuple[ExporterHealth, ...]
    refused: dict[str, int]
    notes: tuple[str, ...]


class Progress(msgspec.Struct, frozen=True):
    """Bytes of all files that have been read so far."""

    read_bytes: int


ReplayStep = AttackTold | Progress | ReplayReport


def replay_files(config: Config, recordings: Sequence[Recording], kind: str | None) -> Iterator[ReplayStep]:
    """All recordings in order, as one stretch of time: attacks as they are found, progress, and the report.

    `kind` "datagrams" or "packets" for all of them; None takes the guess of the first. A recording that
    is damaged is read up to the damage, and the report says so.
    """
    replay = Replay(
        TelemetryDecoder(sampling=sampling_overrides(config), allowed=allowed_exporters(config)),
        SecondCounter(counting_settings(config), watched_objects(config)),
        Detector(detection_settings(config), BorderPoints(config).of, (), 1, Baselines()),
    )
    read_bytes = 0
    notes: list[str] = []
    chosen = kind or recordings[0].kind
    for recording in recordings:
        try:
            for told in replay.recording(recording, chosen):
                yield Progress(read_bytes + told.read_bytes) if isinstance(told, Progress) else told
        except Malformed as damage:
            notes.append(f"{damage}; what comes before was read, the rest was not.")
        notes += _notes(recording)
        read_bytes += recording.read_bytes
        recording.close()
    yield from replay.finish()
    yield replay.report([recording.name for recording in recordings], notes)


def _notes(recording: Recording) -> Iterator[str]:
    counts = recording.counts
    told = {
        "packets on a link of an unknown type": counts.unreadable,
        "telemetry datagrams that the recording holds only the beginning of": counts.cut_short,
        "fragmented telemetry datagrams of which a piece is missing": counts.fragmented_given_up,
    }
    return (f"{recording.name}: {number} {what} left out." for what, number in told.items() if number)


class Replay:
    """One pass; feed it datagrams or packets in order of time, then `finish`."""

    def __init__(self, reader: TelemetryReader, counting: SecondCounting, detector: Detecting) -> None:
        self._reader = reader
        self._counting = counting
        self._detector = detector
        self._second: int | None = None
        self._from_ms = 0
        self._until_ms = 0
        self._records = 0
        self._packet_exporter: npt.NDArray[np.void] | None = None
        self._attacks: dict[int, Attack] = {}
        self._open: set[int] = set()

    def recording(self, recording: Recording, kind: str) -> Iterator[AttackTold | Progress]:
        """All of one recording; Malformed where it is damaged, after everything before that."""
        if kind == "packets":
            for batch in recording.packets():
                yield from self.packets(batch)
                yield Progress(recording.read_bytes)
        else:
            for block in recording.datagrams():
                yield from self.datagrams(block)
                yield Progress(recording.read_bytes)

    def datagrams(self, block: DatagramBlock) -> Iterator[AttackTold]:
        """Telemetry datagrams, counted in the second in which they were received."""
        for second, part in by_second(block):
            yield from self._reach(second, int(part.received_ms[0]), int(part.received_ms[-1]))
            for batch in self._reader.decode(part):
                self._count(batch, int(part.received_ms[-1]))

    def packets(self, batch: FlowBatch) -> Iterator[AttackTold]:
        """Packets as rows of their own, seen by one exporter that samples every packet."""
        if self._packet_exporter is None:
            self._packet_exporter = np.zeros(1, EXPORTER)
            self._packet_exporter["protocol"] = PACKETS
            self._packet_exporter["sampling_rate"] = 1
        seconds = batch.rows["start_ms"] // 1000
        for start, end in runs(seconds):
            part = FlowBatch(batch.rows[start:end])
            last_ms = int(part.rows["start_ms"].max())
            yield from self._reach(int(seconds[start]), int(part.rows["start_ms"].min()), last_ms)
            self._packet_exporter["records"] += end - start
            self._packet_exporter["not_ip"] += int((part.rows["family"] == 0).sum())
            self._packet_exporter["last_received_ms"] = last_ms
            self._count(part, last_ms)

    def _count(self, batch: FlowBatch, received_ms: int) -> None:
        self._records += len(batch)
        self._counting.count(batch, received_ms)

    def _reach(self, second: int, first_ms: int, last_ms: int) -> Iterator[AttackTold]:
        """Closes the seconds before this one. A second told late is counted where the recording stands."""
        if self._second is None:
            self._second, self._from_ms = second, first_ms
        self._until_ms = max(self._until_ms, last_ms)
        if second > self._second:
            for passed in range(self._second, min(second, self._second + QUIET_SECONDS_MAX)):
                yield from self._close(passed)
            self._second = second

    def _close(self, second: int) -> Iterator[AttackTold]:
        summary = self._counting.close_second(second, self._exporters(), self._reader.refused(), 0)
        for fact in self._detector.observe(summary):
            if isinstance(fact, ATTACK_FACTS):
                yield self._told(fact, second)

    def _told(self, fact: AttackFact, second: int) -> AttackTold:
        attack = fact.attack
        if self._packet_exporter is not None:
            attack = msgspec.structs.replace(attack, exporters=(PACKETS_NAME,))
        self._attacks[attack.number] = attack
        if isinstance(fact, AttackEnded):
            self._open.discard(attack.number)
        else:
            self._open.add(attack.number)
        return AttackTold(CHANGES[type(fact)], (second + 1) * 1000, attack)

    def _exporters(self) -> npt.NDArray[np.void]:
        return self._reader.exporters if self._packet_exporter is None else self._packet_exporter

    def finish(self) -> Iterator[AttackTold]:
        """Closes the last second. What is still open then stays open: nobody saw it end."""
        if self._second is not None:
            yield from self._close(self._second)

    def report(self, files: Sequence[str], notes: Iterable[str]) -> ReplayReport:
        refused = self._reader.refused()
        unknown_senders: dict[str, int] = {}
        for (row, reason), count in refused.items():
            if row < 0:
                unknown_senders[reason] = unknown_senders.get(reason, 0) + count
        return ReplayReport(
            files=tuple(files),
            kind="datagrams" if self._packet_exporter is None else "packets",
            from_ms=self._from_ms,
            until_ms=self._until_ms,
            records=self._records,
            attacks=tuple(self._attacks[number] for number in sorted(self._attacks)),
            open_attacks=tuple(sorted(self._open)),
            exporters=tuple(self._exporter_healths(refused)),
            refused=unknown_senders,
            notes=tuple(notes),
        )

    def _exporter_healths(self, refused: dict[tuple[int, str], int]) -> Iterator[ExporterHealth]:
        for row, exporter in enumerate(self._exporters()):
            name = PACKETS_NAME if self._packet_exporter is not None else self._reader.exporter_name(row)
            reasons = {reason: count for (at, reason), count in refused.items() if at == row}
            yield exporter_health(name, exporter, reasons)


def by_second(block: DatagramBlock) -> Iterator[tuple[int, DatagramBlock]]:
    """The block cut where the second of receipt changes; the datagrams' bytes are shared."""
    seconds = block.received_ms // 1000
    for start, end in runs(seconds):
        cut = slice(start, end)
        yield (
            int(seconds[start]),
            DatagramBlock(
                block.data,
                block.starts[cut],
                block.lengths[cut],
                block.source_high[cut],
                block.source_low[cut],
                block.received_ms[cut],
            ),
        )


def runs(values: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Start and end of each stretch of equal neighbours."""
    edges = np.flatnonzero(np.diff(values)) + 1
    yield from pairwise([0, *edges.tolist(), len(values)]) if len(values) else ()
