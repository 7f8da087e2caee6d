"""Counting and detection in one process, as `tidegate replay` wires them, with a short way to learn a
whole minute.
"""

import pickle
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy.simulate import exporter_table
from tidegate.detect.baseline import HIGH, KEYS_MAX, Baselines, Key
from tidegate.detect.counting import SecondCounter
from tidegate.detect.detector import Detector
from tidegate.detect.settings import CountingSettings, DetectionSettings
from tidegate.model.addresses import Prefix
from tidegate.model.attacks import Attack
from tidegate.model.exporters import SFLOW5
from tidegate.model.facts import Fact
from tidegate.model.flows import FlowBatch, FlowRows
from tidegate.model.summaries import WINDOW_SECONDS
from tidegate.model.vectors import CODE_OF

SEED = 20261121
"""The counting table's seed is secret in a node; here it is fixed, so that a run can be repeated."""


AGES_SECONDS = 60
"""The longest age is that of this and the previous stretch of this length."""

SAMPLES_MIN = 3
"""What a minute's sketch holds fewer samples of is left out of it: one sample in a few seconds says
little of a minute.
"""


def _samples(cells: npt.NDArray[np.void]) -> npt.NDArray[np.float64]:
    packets, variance = cells["packets"][:, -1].astype(np.float64), cells["packets_variance"][:, -1]
    return np.where(variance > 0, packets * packets / np.where(variance > 0, variance, 1), np.inf)


def joined(batches: Sequence[FlowRows]) -> FlowRows:
    """As numpy.concatenate, which goes through every field of every batch."""
    rows = np.empty(sum(map(len, batches)), batches[0].dtype)
    whole, at = rows.view(np.uint8), 0
    for batch in batches:
        flat = np.ascontiguousarray(batch).view(np.uint8)
        whole[at : at + len(flat)] = flat
        at += len(flat)
    return rows


class Ages:
    """How late each exporter tells of a flow's first byte at most, measured as the decoder does."""

    def __init__(self, exporters: int) -> None:
        self._now_ms = np.zeros(exporters, np.int64)
        self._before_ms = np.zeros(exporters, np.int64)
        self._turned = 0

    def note(self, rows: FlowRows, second: int, exporters: npt.NDArray[np.void]) -> None:
        """Take up what is received in a second, and write the ages into the table of exporters."""
        if second - self._turned >= AGES_SECONDS:
            self._turned, self._before_ms, self._now_ms = second, self._now_ms, np.zeros_like(self._now_ms)
        received_ms = second * 1000 + 999
        late = rows[exporters["protocol"][rows["exporter"]] != SFLOW5]
        np.maximum.at(self._now_ms, late["exporter"], received_ms - late["start_ms"])
        exporters["age_max_ms"] = np.maximum(self._now_ms, self._before_ms)


class Detection:
    """Implements `simulate.Judged` with the default settings; attacks are numbered from `first_number`."""

    def __init__(self, first_number: int) -> None:
        self._counter = SecondCounter(CountingSettings(seed=SEED))
        self._sketch = SecondCounter(CountingSettings(seed=SEED, cells_max=1 << 20))
        self._ages = Ages(len(exporter_table()))
        self._first_number = first_number
        self._second = 0
        self._stored: dict[bytes, tuple[int, bytes]] = {}
        """By key: when it was learned, and what; as many as a node takes up again."""
        self._learned: tuple[list[Key], npt.NDArray[np.float64]] = ([], np.zeros((0, 2)))
        self._begin(Baselines())

    def _begin(self, baselines: Baselines) -> None:
        self._baselines = baselines
        self._detector = Detector(
            DetectionSettings(),
            border_point_of=lambda _: None,
            open_attacks=(),
            next_number=self._first_number,
            baselines=baselines,
        )

    def known(self) -> bytes:
        """As a node stores it."""
        self._stored |= {key: (at, blob) for key, blob, at in self._baselines.pending(self._second)}
        latest = sorted(self._stored.items(), key=lambda entry: -entry[1][0])
        self._stored = dict(latest[: KEYS_MAX + 1])  # and the hours observed
        return zlib.compress(pickle.dumps(self._stored), 1)

    def recall(self, known: bytes, second: int) -> None:
        self._stored = pickle.loads(zlib.decompress(known))
        baselines = Baselines()
        if baselines.recall(((key, blob) for key, (_, blob) in self._stored.items()), second):
            raise ValueError("what was learned cannot be read back whole")
        self._begin(baselines)

    def observe(
        self, batches: Sequence[FlowRows], second: int, exporters: npt.NDArray[np.void]
    ) -> list[Fact]:
        self._second = second
        rows = joined(batches)
        self._ages.note(rows, second, exporters)
        self._counter.count(FlowBatch(rows), second * 1000 + 999)
        return self._detector.observe(self._counter.close_second(second, exporters, {}, 0))

    def learn_minute(self, batches: Sequence[FlowRows], seconds: int, minute_start: int) -> None:
        """Everything is counted as of one second; what is heavy there, divided by `seconds`, is the
        minute's level.
        """
        newest = minute_start + 59
        rows = joined(batches)
        rows["start_ms"] = rows["end_ms"] = newest * 1000
        self._sketch.count(FlowBatch(rows), newest * 1000 + 999)
        cells = self._sketch.close_second(newest, exporter_table()[:0], {}, 0).cells
        cells = cells[_samples(cells) >= SAMPLES_MIN]
        columns = (cells[name].tolist() for name in ("high", "low", "length", "vector"))
        levels = np.stack((cells["bytes"][:, -1] * 8.0, cells["packets"][:, -1]), axis=1) / seconds
        self._learned = ([Key(*names) for names in zip(*columns, strict=True)], levels)
        self.learn_again(minute_start)

    def learn_again(self, minute_start: int) -> None:
        keys, levels = self._learned
        newest = self._second = minute_start + 59
        amounts = np.zeros((len(keys), WINDOW_SECONDS, 2))
        amounts[:, -60:] = levels[:, None]
        known = self._baselines.rows(keys, minute_start)
        self._baselines.learn(known, amounts, newest, np.full(len(keys), newest))
        self._baselines.pass_time(minute_start + 60)

    def grounds(self, attack: Attack, second: int) -> str:
        """For each target and vector: what was usual at this hour, just now, and at the busiest hour."""
        found = []
        for target in map(Prefix.parse, attack.targets):
            for vector in (rate.vector for rate in attack.vectors):
                row = self._baselines.known([Key(target.high, target.low, target.length, CODE_OF[vector])])
                history = self._baselines.history(row, second)
                busiest = self._baselines.quantiles[row[0], :, :, HIGH].max(axis=0) if row[0] >= 0 else (0, 0)
                usual, level = history.usual_high[0], history.level[0]
                found.append(
                    f"{target} {vector}: usual {_rates(usual)}, of late {_rates(level)}, "
                    f"at the busiest hour {_rates(busiest)}"
                )
        return "; ".join(found)


def _rates(rates: Sequence[float] | npt.NDArray[np.floating]) -> str:
    return f"{rates[0] / 1e6:.0f} Mb/s {rates[1] / 1e3:.1f} kpps"
