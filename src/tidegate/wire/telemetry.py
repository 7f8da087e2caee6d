"""The telemetry decoder: blocks of NetFlow v5, v9, IPFIX and sFlow v5 datagrams in, flow batches out."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tidegate.kernels.directions import INTERFACE, INTERFACE_SLOTS
from tidegate.kernels.exporters import EXPORTER_INDEX_SLOTS, STATE, add_exporter, find_exporter, first_match
from tidegate.kernels.reasons import (
    REASON_TEXT,
    REASONS_MAX,
    SAMPLING_TABLE_FULL,
)
from tidegate.kernels.registers import CHUNK, REGISTERS
from tidegate.kernels.telemetry import ROWS_FULL, SOMETHING_NEW, TABLE_CELLS, decode_block
from tidegate.model.addresses import Prefix, text
from tidegate.model.datagrams import DATAGRAM_BYTES_MAX, DatagramBlock
from tidegate.model.exporters import EXPORTER, EXPORTERS_MAX
from tidegate.model.flows import FlowBatch, empty_rows
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.wire.announcements import read_announcements
from tidegate.wire.learned import ExporterKey, Learned, SystemInit, decode_learned, encode_learned
from tidegate.wire.sampling import NO_OVERRIDES, AnnouncedRate, SamplingOverrides, SamplingTable
from tidegate.wire.template_table import Templates
from tidegate.wire.templates import Template, Withdrawal

BATCH_ROWS_MAX = 16384
"""Rows in one flow batch: more than the longest datagram can hold, and small enough for the second cache."""

ALLOWED_MAX = 1024
"""Prefixes from which exporters may be accepted."""

RELEARNED_EXPORTERS_MAX = EXPORTERS_MAX // 2
"""Exporters that a journal may bring back; the rest of the table is left for those that are heard."""

LEARNED_WAITING_MAX = 65536
"""Journal entries that wait to be taken; at the bound the oldest half is dropped: exporters repeat them."""


class TelemetryDecoder:
    """All that is remembered to read telemetry: exporters, templates, sampling. Bytes in, values out.

    `sampling`: rates the operator orders. `allowed`: prefixes of senders; empty means every sender.
    No sockets, no clock: receive times come with the datagrams.

    A datagram is decoded whole or refused whole. A refused one changes nothing but `malformed` of its
    exporter, where it has one, and the counts of `refused`.
    """

    def __init__(self, *, sampling: SamplingOverrides = NO_OVERRIDES, allowed: Sequence[Prefix] = ()) -> None:
        if len(allowed) > ALLOWED_MAX:
            raise NotAllowed(f"at most {ALLOWED_MAX} prefixes of exporters can be allowed")
        assert BATCH_ROWS_MAX >= DATAGRAM_BYTES_MAX
        ordered = sampling.longest_first()
        self._allowed = _prefix_words(allowed)
        self._overrides = _prefix_words([prefix for prefix, _ in ordered])
        self._override_rates = np.array([rate for _, rate in ordered], np.uint32)
        self._exporters: npt.NDArray[np.void] = np.zeros(EXPORTERS_MAX, EXPORTER)
        self._states: npt.NDArray[np.void] = np.zeros(EXPORTERS_MAX, STATE)
        self._exporter_index = np.zeros(EXPORTER_INDEX_SLOTS, np.int32)
        self._table = np.zeros(TABLE_CELLS, np.int64)
        self._refused = np.zeros((EXPORTERS_MAX + 1, REASONS_MAX), np.uint64)
        self._templates = Templates()
        self._sampling = SamplingTable(self._states, self._exporters)
        self._interfaces: npt.NDArray[np.void] = np.zeros(INTERFACE_SLOTS, INTERFACE)
        self._remembered = np.zeros(2, np.int64)
        self._registers = np.zeros((REGISTERS, CHUNK), np.uint64)
        self._rows = empty_rows(BATCH_ROWS_MAX)
        self._waiting: list[bytes] = []
        self.entries_skipped = 0
        """Journal entries that `relearn` could not use."""

    def decode(self, block: DatagramBlock) -> Iterator[FlowBatch]:
        """Every datagram of the block, in order, as flow batches.

        The rows of a batch are a view into a buffer that is filled again when the next batch is asked
        for. Run the iterator to its end: datagrams are decoded as it goes.
        """
        block = _as_compiled(block)
        position, used, learned_at = 0, 0, -1
        while position < len(block):
            position, used, stopped = self._decode_from(block, position, learned_at, used)
            if stopped == SOMETHING_NEW:
                self._learn(block, position)
                learned_at = position
            elif stopped == ROWS_FULL:
                yield FlowBatch(self._rows[:used])
                used = 0
        if used:
            yield FlowBatch(self._rows[:used])

    def _decode_from(
        self, block: DatagramBlock, position: int, learned_at: int, used: int
    ) -> tuple[int, int, int]:
        stopped: tuple[int, int, int] = decode_block(
            block.data,
            block.starts,
            block.lengths,
            block.source_high,
            block.source_low,
            block.received_ms,
            position,
            learned_at,
            self._exporters,
            self._states,
            self._exporter_index,
            self._table,
            self._allowed,
            self._overrides,
            self._override_rates,
            self._refused,
            self._templates.index,
            self._templates.rows,
            self._templates.ops,
            self._sampling.slots,
            self._interfaces,
            self._remembered,
            self._registers,
            self._rows,
            used,
        )
        return stopped

    @property
    def exporters(self) -> npt.NDArray[np.void]:
        """Rows of all exporters known, dtype EXPORTER: a view; ones only in the journal have no datagrams."""
        return self._exporters[: self._table[0]]

    def exporter_name(self, row: int) -> str:
        """As in "192.0.2.1#0": address and observation domain."""
        exporter = self.exporters[row]
        return f"{text(int(exporter['address_high']), int(exporter['address_low']))}#{exporter['domain']}"

    def refused(self) -> dict[tuple[int, str], int]:
        """Counts by (exporter row, or -1 for a sender without one; reason), since the start."""
        found = {}
        for row, reason in np.argwhere(self._refused):
            exporter = -1 if row == EXPORTERS_MAX else int(row)
            found[exporter, REASON_TEXT[int(reason)]] = int(self._refused[row, reason])
        return found

    def templates(self) -> dict[int, int]:
        """How many templates are in force, by exporter row; exporters without one are left out."""
        return self._templates.counts()

    def announced_rates(self) -> Iterator[tuple[int, AnnouncedRate]]:
        """Every sampling rate announced, with its exporter's row; for showing, not for scaling."""
        return self._sampling.announced()

    def take_learned(self) -> list[bytes]:
        """Journal entries of what was learned since the last call, in order."""
        taken, self._waiting = self._waiting, []
        return taken

    def remembered(self) -> list[bytes]:
        """Journal entries of all that is in force: a journal can be replaced by these."""
        entries = [encode_learned(self._key(row), t) for row, t in self._templates.in_force()]
        entries += [encode_learned(self._key(row), rate) for row, rate in self._sampling.announced()]
        for row in np.flatnonzero(self._states["system_init_ms"]):
            known = SystemInit(int(self._states[row]["system_init_ms"]))
            entries.append(encode_learned(self._key(int(row)), known))
        return entries

    def relearn(self, entries: Iterable[bytes]) -> None:
        """Take journal entries in force, after a restart; one that is damaged or has no room is skipped.

        Exporters that only a journal knows have a row without datagrams. They may fill only half of the
        table: otherwise a flood of spoofed senders would be remembered at the cost of real ones.
        """
        for entry in entries:
            try:
                key, learned = decode_learned(entry)
            except Malformed:
                self.entries_skipped += 1
                continue
            row = self._meet(key)
            if row < 0 or self._take(row, learned):
                self.entries_skipped += 1

    def _key(self, row: int) -> ExporterKey:
        exporter = self._exporters[row]
        return ExporterKey(
            int(exporter["address_high"]),
            int(exporter["address_low"]),
            int(exporter["domain"]),
            int(exporter["protocol"]),
        )

    def _find(self, key: ExporterKey) -> int:
        high, low = np.uint64(key.high), np.uint64(key.low)
        return int(find_exporter(self._exporter_index, self._exporters, high, low, key.domain, key.protocol))

    def _meet(self, key: ExporterKey) -> int:
        """The row of an exporter in the journal, made if new; negative where it may not have one."""
        row = self._find(key)
        high, low = np.uint64(key.high), np.uint64(key.low)
        if row >= 0:
            return row
        if len(self.exporters) >= RELEARNED_EXPORTERS_MAX:
            return -1
        if len(self._allowed) and first_match(self._allowed, high, low) < 0:
            return -1
        return int(
            add_exporter(
                self._exporter_index,
                self._exporters,
                self._states,
                self._table,
                self._overrides,
                self._override_rates,
                high,
                low,
                key.domain,
                key.protocol,
            )
        )

    def _learn(self, block: DatagramBlock, position: int) -> None:
        """Read the templates, then the options, of a NetFlow v9 or IPFIX datagram that was surveyed."""
        start = int(block.starts[position])
        datagram = block.data[start : start + int(block.lengths[position])].tobytes()
        version = int.from_bytes(datagram[:2])
        domain = int.from_bytes(datagram[16:20] if version == 9 else datagram[12:16])
        high, low = int(block.source_high[position]), int(block.source_low[position])
        row = self._find(ExporterKey(high, low, domain, version))
        for learned in read_announcements(datagram, version, row, self._templates):
            about = row
            if isinstance(learned, tuple):
                named, rate = learned
                # Rule 13: an announcement may name another domain of the same exporter.
                other = self._find(ExporterKey(high, low, named, version))
                about = row if other < 0 else other
                self._keep(about, rate)
            else:
                self._keep(about, learned)

    def _keep(self, row: int, learned: Learned) -> None:
        """Take something in force and let the journal know; count what finds no room."""
        if self._is_known(row, learned):
            return
        reason = self._take(row, learned)
        if reason:
            self._refused[row, reason] += 1
            return
        if len(self._waiting) >= LEARNED_WAITING_MAX:
            del self._waiting[: LEARNED_WAITING_MAX // 2]
        self._waiting.append(encode_learned(self._key(row), learned))

    def _is_known(self, row: int, learned: Learned) -> bool:
        match learned:
            case Template():
                return self._templates.find(row, learned.identity) == learned
            case AnnouncedRate():
                return self._sampling.has(row, learned)
            case SystemInit():
                return bool(self._states[row]["system_init_ms"] == learned.at_ms)
            case Withdrawal():
                return False

    def _take(self, row: int, learned: Learned) -> int:
        """0, or the reason code why there is no room."""
        match learned:
            case Template():
                return self._templates.define(row, learned)
            case Withdrawal():
                self._templates.withdraw(row, learned)
            case AnnouncedRate():
                return 0 if self._sampling.announce(row, learned) else SAMPLING_TABLE_FULL
            case SystemInit():
                self._states[row]["system_init_ms"] = learned.at_ms
        return 0


def _as_compiled(block: DatagramBlock) -> DatagramBlock:
    """The block in arrays of the one kind that the kernels are compiled for: contiguous, bytes read-only."""
    data = np.ascontiguousarray(block.data).view()
    data.flags.writeable = False
    return DatagramBlock(
        data=data,
        starts=np.ascontiguousarray(block.starts),
        lengths=np.ascontiguousarray(block.lengths),
        source_high=np.ascontiguousarray(block.source_high),
        source_low=np.ascontiguousarray(block.source_low),
        received_ms=np.ascontiguousarray(block.received_ms),
    )


def _prefix_words(prefixes: Sequence[Prefix]) -> npt.NDArray[np.uint64]:
    """Prefixes as the kernels match them: high, low, mask high, mask low."""
    return np.array([(p.high, p.low, *p.mask) for p in prefixes], np.uint64).reshape(-1, 4)
