"""The figures that Prometheus reads, derived from the last report and the node's state in this one place."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from tidegate.app.exporter_health import busiest
from tidegate.app.node import Node
from tidegate.app.volume import Volume, volume
from tidegate.mitigate.moves import rules_in_force
from tidegate.mitigate.stages import FINAL, PlanStage
from tidegate.model.attacks import Attack
from tidegate.model.exporters import protocol_name
from tidegate.model.plans import MILLION
from tidegate.ports.collector import CollectorReport
from tidegate.ports.metrics import Family

EXPORTERS_MEASURED_MAX = 1_024
"""Exporters with figures of their own, those that told the most records; `exporters` counts them all."""

EXPORTER_LABELS = ("exporter", "protocol")
"""A router that speaks two protocols is two exporters of one name."""

EXPORTER_COUNTERS = {
    "datagrams": "Datagrams received from the exporter.",
    "bytes": "Bytes of telemetry received from the exporter.",
    "records": "Flow records and samples read.",
    "counter_samples": "sFlow counter samples, read past.",
    "discard_samples": "sFlow discarded-packet samples, read past.",
    "without_template": "Data sets whose template had not come yet.",
    "not_ip": "Records of other than IP traffic.",
    "repeated": "Records of packets told on the way in too, read but not counted.",
    "sample_drops": "Packets that sFlow agents chose but could not sample.",
    "malformed": "Datagrams refused whole.",
    "lost": "Missing by sequence numbers: records of NetFlow v5 and IPFIX, datagrams of the others.",
    "reordered": "Datagrams that came out of order.",
    "restarts": "Restarts of the exporter.",
    "unknown_sampling": "Records whose sampling rate is unknown.",
}


class Observation:
    """An immutable last report, replaced once a second; the scrape's thread only ever reads it."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._last: CollectorReport | None = None

    def __call__(self, report: CollectorReport) -> None:
        self._last = report

    def families(self) -> Iterator[Family]:
        """All figures as of the last closed second."""
        yield from _of_node(self._node)
        if self._last is not None:
            yield from _of_collector(self._last)
            yield from _of_exporters(self._last)


def _plain(name: str, kind: Literal["counter", "gauge"], text: str, value: float) -> Family:
    return Family(name, kind, text, (), (((), value),))


def _of_node(node: Node) -> Iterator[Family]:
    state = node.state
    yield _plain("facts", "counter", "Facts on record.", state.facts)
    yield _plain("facts_waiting", "gauge", "Facts in memory that the store does not take.", node.waiting)
    yield _plain("storage_failing", "gauge", "1 while the store fails.", node.trouble is not None)
    failing = tuple(((sink.name,), float(sink.failures)) for sink in node.sinks())
    yield Family("alert_failures", "gauge", "Failures in a row to tell of an attack.", ("sink",), failing)
    yield _plain("open_attacks", "gauge", "Attacks under way.", len(state.open_attacks))
    stages = Counter(life.standing.stage.value for life in state.plans.values())
    by_stage = tuple(
        ((stage.value,), float(stages[stage.value])) for stage in PlanStage if stage not in FINAL
    )
    yield Family("plans", "gauge", "Plans that have not ended, by their stage.", ("stage",), by_stage)
    in_force = sum(len(rules_in_force(life.plan, life.standing)) for life in state.plans.values())
    yield _plain("rules_in_force", "gauge", "Rules that the border shall hold now.", in_force)
    yield from _of_attacks(tuple(state.open_attacks.values()))


def _of_attacks(attacks: Sequence[Attack]) -> Iterator[Family]:
    """Each rate with its interval, and with the age of the telemetry that it rests on."""
    names = [(str(attack.number), str(attack.actionable).lower()) for attack in attacks]
    rates = [attack.bits_per_s for attack in attacks]
    told: tuple[tuple[str, str, list[float]], ...] = (
        ("bits_per_second", "Estimated rate of an attack under way.", [rate.estimate for rate in rates]),
        ("bits_per_second_low", "Lower end of its 90 % interval.", [rate.low for rate in rates]),
        ("bits_per_second_high", "Upper end of its 90 % interval.", [rate.high for rate in rates]),
        (
            "telemetry_age_seconds",
            "Age of the telemetry behind its rate.",
            [attack.telemetry_age_ms / 1000 for attack in attacks],
        ),
    )
    for name, text, values in told:
        samples = tuple(zip(names, map(float, values), strict=True))
        yield Family(f"attack_{name}", "gauge", text, ("number", "actionable"), samples)


def _of_collector(report: CollectorReport) -> Iterator[Family]:
    summary = report.summary
    yield from _of_volume(volume(summary))
    yield _plain("records_per_second", "gauge", "Flow records in the last second.", summary.records)
    yield _plain("active_cells", "gauge", "Destinations and vectors being counted.", summary.active_cells)
    yield _plain("counting_degraded", "gauge", "1 while counting is not exact.", summary.degraded is not None)
    unread = "Dropped by the kernel unread, of all exporters together; exporter_lost counts each one's too."
    yield _plain("datagrams_dropped", "counter", unread, report.datagrams_dropped)
    yield _plain("summaries_dropped", "counter", "Seconds that the node missed.", report.summaries_dropped)
    yield _plain("receive_buffer_bytes", "gauge", "Granted by the kernel.", report.receive_buffer_bytes)


def _of_volume(told: Volume) -> Iterator[Family]:
    for unit, what, rate in (("bits", "volume", told.bits_per_s), ("packets", "packets", told.packets_per_s)):
        name = f"inbound_{unit}_per_second"
        yield _plain(name, "gauge", f"Estimated inbound {what}.", rate.estimate)
        yield _plain(f"{name}_low", "gauge", "Lower end of its 90 % interval.", rate.low)
        yield _plain(f"{name}_high", "gauge", "Upper end of its 90 % interval.", rate.high)
    unknown = "Share of inbound volume whose sampling is unknown: the estimate is then at least so much."
    yield _plain("inbound_unscaled_ratio", "gauge", unknown, told.unscaled / MILLION)


def _of_exporters(report: CollectorReport) -> Iterator[Family]:
    every = report.summary.exporters
    protocols = map(protocol_name, every["protocol"].tolist())
    all_names = tuple(zip(report.exporter_names, protocols, strict=True))
    told_most = busiest(every, EXPORTERS_MEASURED_MAX)
    rows, names = every[told_most], tuple(all_names[row] for row in told_most)
    yield _plain("exporters", "gauge", "Exporters known.", len(every))
    for field, text in EXPORTER_COUNTERS.items():
        yield _per_exporter(field, "counter", text, names, rows[field])
    rate = "Latest sampling rate; 0 is unknown."
    yield _per_exporter("sampling_rate", "gauge", rate, names, rows["sampling_rate"])
    yield _per_exporter(
        "skew_seconds", "gauge", "Exporter's clock minus ours.", names, rows["skew_ms"] / 1000
    )
    yield _per_exporter("age_seconds", "gauge", "Mean age of its telemetry.", names, rows["age_ms"] / 1000)
    heard = rows["last_received_ms"] / 1000
    yield _per_exporter("last_received_timestamp_seconds", "gauge", "When it was last heard.", names, heard)
    measured = frozenset(told_most)
    reasons = tuple(
        ((*(all_names[row] if row >= 0 else ("", "")), reason), float(count))
        for (row, reason), count in report.summary.refused.items()
        if row < 0 or row in measured
    )
    labels = (*EXPORTER_LABELS, "reason")
    yield Family("refused", "counter", "Datagrams refused, by reason.", labels, reasons)


def _per_exporter(
    field: str,
    kind: Literal["counter", "gauge"],
    text: str,
    names: tuple[tuple[str, str], ...],
    values: "np.typing.NDArray[np.generic]",
) -> Family:
    samples = tuple((name, float(value)) for name, value in zip(names, values.tolist(), strict=True))
    return Family(f"exporter_{field}", kind, text, EXPORTER_LABELS, samples)
