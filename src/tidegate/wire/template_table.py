"""The templates in force, of every exporter: as arrays for the kernels, and as they were sent."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tidegate.kernels.reasons import TEMPLATE_TOO_LARGE, TEMPLATES_FULL
from tidegate.kernels.templates import (
    OP,
    OPS_MAX,
    TEMPLATE,
    TEMPLATE_INDEX_SLOTS,
    TEMPLATES_MAX,
    WITHDRAWN,
    hash_bytes,
    rebuild_index,
    template_slot,
)
from tidegate.wire.programs import compile_template
from tidegate.wire.templates import Template, Withdrawal

TEMPLATES_PER_EXPORTER_MAX = 1024
"""Template ids one exporter may use in one observation domain; further ones are refused and counted."""


class Templates:
    """Every template in force, by exporter row and id: as arrays for the kernels, and as it was sent."""

    def __init__(self) -> None:
        self.rows: npt.NDArray[np.void] = np.zeros(64, TEMPLATE)
        self.ops: npt.NDArray[np.void] = np.zeros((64, OPS_MAX), OP)
        self.index: npt.NDArray[np.int32] = np.zeros(TEMPLATE_INDEX_SLOTS, np.int32)
        self.sent: list[Template] = []  # by row
        self._of_exporter: dict[int, dict[int, int]] = {}  # exporter row -> template id -> row

    def define(self, exporter: int, template: Template) -> int:
        """Put a template in force, in place of an earlier one of its id; 0, or the reason code why not."""
        program = compile_template(template)
        if len(program.steps) > OPS_MAX:
            return TEMPLATE_TOO_LARGE
        row = self._row_for(exporter, template.identity)
        if row < 0:
            return TEMPLATES_FULL
        raw = np.frombuffer(template.raw, np.uint8)
        self.sent[row] = template
        self.ops[row, : len(program.steps)] = np.array(list(program.steps), OP)
        self.rows[row] = (
            program.has,
            hash_bytes(raw, 0, len(raw)),
            0,
            exporter,
            program.record_length,
            len(program.steps),
            template.identity,
            program.kind,
            program.variable,
            program.time_mode,
            program.rate_mode,
            program.layer2,
            program.section,
        )
        return 0

    def withdraw(self, exporter: int, withdrawal: Withdrawal) -> None:
        """End a template, or all of its kind; unknown ids are no matter (RFC 7011 section 8.1)."""
        known = self._of_exporter.get(exporter, {})
        rows = known.values() if withdrawal.identity == 0 else [known.get(withdrawal.identity, -1)]
        for row in rows:
            if row >= 0 and self.sent[row].options == withdrawal.options:
                self.rows[row]["kind"] = WITHDRAWN
                self.rows[row]["hash"] = 0

    def find(self, exporter: int, identity: int) -> Template | None:
        """The template in force."""
        row = self._of_exporter.get(exporter, {}).get(identity, -1)
        return None if row < 0 or self.rows[row]["kind"] == WITHDRAWN else self.sent[row]

    def note_options_read(self, exporter: int, identity: int, data_set: bytes) -> None:
        """Remember this data set, so that the kernels pass over it when it comes again unchanged."""
        raw = np.frombuffer(data_set, np.uint8)
        self.rows[self._of_exporter[exporter][identity]]["options_hash"] = hash_bytes(raw, 0, len(raw))

    def in_force(self) -> Iterator[tuple[int, Template]]:
        """Every template in force with its exporter's row."""
        for row, template in enumerate(self.sent):
            if self.rows[row]["kind"] != WITHDRAWN:
                yield int(self.rows[row]["exporter"]), template

    def counts(self) -> dict[int, int]:
        """Templates in force by exporter row."""
        found: dict[int, int] = {}
        for exporter, _ in self.in_force():
            found[exporter] = found.get(exporter, 0) + 1
        return found

    def _row_for(self, exporter: int, identity: int) -> int:
        """The row of this id; else a new one; else, where the exporter has its fill, a withdrawn one."""
        known = self._of_exporter.setdefault(exporter, {})
        if identity in known:
            return known[identity]
        if len(known) >= TEMPLATES_PER_EXPORTER_MAX or len(self.sent) >= TEMPLATES_MAX:
            return self._take_withdrawn(exporter, identity, known)
        row = len(self.sent)
        if row == len(self.rows):
            self.rows = np.concatenate([self.rows, np.zeros_like(self.rows)])
            self.ops = np.concatenate([self.ops, np.zeros_like(self.ops)])
        self.rows[row]["exporter"], self.rows[row]["id"] = exporter, identity
        self.index[template_slot(self.index, self.rows, exporter, identity)] = row + 1
        self.sent.append(_NOTHING_SENT)
        known[identity] = row
        return row

    def _take_withdrawn(self, exporter: int, identity: int, known: dict[int, int]) -> int:
        free = next((old for old, row in known.items() if self.rows[row]["kind"] == WITHDRAWN), None)
        if free is None:
            return -1
        row = known.pop(free)
        known[identity] = row
        self.rows[row]["id"] = identity
        rebuild_index(self.index, self.rows, len(self.sent))
        return row


_NOTHING_SENT = Template(0, 0, -1, (), b"")
