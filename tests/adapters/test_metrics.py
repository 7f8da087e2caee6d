"""What Prometheus reads: served on one path, derived from the last report, gone when stopped."""

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.stand_ins import HandClock, report_of, summary_of
from tests.stores import FailingStore, MemoryStore
from tests.stories import an_attack
from tidegate.adapters.metrics_http import PrometheusServer
from tidegate.app.listening import split_endpoint
from tidegate.app.metrics import EXPORTERS_MEASURED_MAX, Observation
from tidegate.app.node import Node
from tidegate.app.volume import volume
from tidegate.model.attacks import Rate
from tidegate.model.exporters import EXPORTER, NETFLOW9, SFLOW5
from tidegate.model.facts import Alert, AttackDetected, NodeStarted
from tidegate.ports.metrics import Family
from tidegate.ports.outside import OutsideFailed


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Scraped:
    """A server on a free port, and what it says."""

    def __init__(self) -> None:
        self.port = free_port()
        self.server = PrometheusServer("127.0.0.1", self.port)

    def text(self, path: str = "/metrics") -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    def samples(self) -> dict[tuple[str, tuple[str, ...]], float]:
        """Values by name and label values; a line that comes twice fails the test."""
        found: dict[tuple[str, tuple[str, ...]], float] = {}
        for family in text_string_to_metric_families(self.text()):
            for sample in family.samples:
                key = sample.name, tuple(sample.labels.values())
                assert key not in found, f"{key} is there twice"
                found[key] = sample.value
        return found


@pytest.fixture
def scraped() -> Iterator[Scraped]:
    scraped = Scraped()
    yield scraped
    scraped.server.stop()


def test_families_become_lines_with_their_labels(scraped: Scraped) -> None:
    samples = ((("a",), 1.0), (('quote " and \\',), 2.5))
    family = Family("seen", "counter", "Things seen.", ("where",), samples)
    scraped.server.start(lambda: [family])
    assert scraped.samples() == {
        ("tidegate_seen_total", ("a",)): 1.0,
        ("tidegate_seen_total", ('quote " and \\',)): 2.5,
    }


def test_only_metrics_is_served(scraped: Scraped) -> None:
    scraped.server.start(lambda: [])
    with pytest.raises(urllib.error.HTTPError) as refused:
        scraped.text("/")
    assert refused.value.code == 404


def test_a_taken_port_is_told_with_the_setting_to_change(scraped: Scraped) -> None:
    scraped.server.start(lambda: [])
    with pytest.raises(OutsideFailed, match=r"metrics\.listen"):
        PrometheusServer("127.0.0.1", scraped.port).start(lambda: [])


def test_a_stopped_server_leaves_its_port(scraped: Scraped) -> None:
    scraped.server.start(lambda: [])
    scraped.server.stop()
    again = PrometheusServer("127.0.0.1", scraped.port)
    again.start(lambda: [])
    again.stop()


def test_every_figure_follows_from_the_last_report(scraped: Scraped) -> None:
    observed = Observation(Node.open(MemoryStore(), [], HandClock()))
    scraped.server.start(observed.families)
    assert ("tidegate_datagrams_dropped_total", ()) not in scraped.samples(), "nothing was reported yet"
    exporters = np.zeros(2, EXPORTER)
    exporters["datagrams"], exporters["lost"], exporters["skew_ms"] = [7, 8], [0, 3], [0, -1500]
    exporters["protocol"], exporters["discard_samples"] = [NETFLOW9, SFLOW5], [0, 9]
    refused = {(1, "set cut short"): 4, (-1, "unknown version"): 2}
    summary = summary_of(1, 30, exporters, refused, degraded="only heavy keys are tracked")
    summary = replace(summary, bytes=1e6, bytes_variance=1e10, unscaled_bytes=250_000.0)
    told = volume(summary).bits_per_s
    assert 6e6 < told.low < told.estimate < told.high < 10e6
    names = ["192.0.2.1#0", "192.0.2.1#0"]
    observed(report_of(summary, names, datagrams_dropped=5, summaries_dropped=6))
    assert {
        ("tidegate_exporter_datagrams_total", ("192.0.2.1#0", "netflow9")): 7.0,
        ("tidegate_exporter_datagrams_total", ("192.0.2.1#0", "sflow5")): 8.0,
        ("tidegate_exporter_lost_total", ("192.0.2.1#0", "sflow5")): 3.0,
        ("tidegate_exporter_discard_samples_total", ("192.0.2.1#0", "sflow5")): 9.0,
        ("tidegate_exporter_skew_seconds", ("192.0.2.1#0", "sflow5")): -1.5,
        ("tidegate_refused_total", ("192.0.2.1#0", "sflow5", "set cut short")): 4.0,
        ("tidegate_refused_total", ("", "", "unknown version")): 2.0,
        ("tidegate_storage_failing", ()): 0.0,
        ("tidegate_datagrams_dropped_total", ()): 5.0,
        ("tidegate_summaries_dropped_total", ()): 6.0,
        ("tidegate_counting_degraded", ()): 1.0,
        ("tidegate_records_per_second", ()): 30.0,
        ("tidegate_inbound_bits_per_second", ()): 8e6,
        ("tidegate_inbound_bits_per_second_low", ()): float(told.low),
        ("tidegate_inbound_bits_per_second_high", ()): float(told.high),
        ("tidegate_inbound_packets_per_second_high", ()): 30.0,
        ("tidegate_inbound_unscaled_ratio", ()): 0.25,
    }.items() <= scraped.samples().items()


def test_the_rate_of_an_attack_stands_with_its_interval_and_the_age_of_its_telemetry(
    scraped: Scraped,
) -> None:
    node = Node.open(MemoryStore(), [], HandClock())
    unscaled = Rate(900_000_000, 800_000_000, 1_000_000_000)
    doubtful = an_attack(number=2, bits_per_s=unscaled, telemetry_age_ms=1_500, actionable=False)
    node.record(NodeStarted("1"), AttackDetected(an_attack(number=1)), AttackDetected(doubtful))
    scraped.server.start(Observation(node).families)
    told = {key: value for key, value in scraped.samples().items() if key[0].startswith("tidegate_attack_")}
    assert told == {
        ("tidegate_attack_bits_per_second", ("true", "1")): 12e9,
        ("tidegate_attack_bits_per_second_low", ("true", "1")): 11.5e9,
        ("tidegate_attack_bits_per_second_high", ("true", "1")): 12.5e9,
        ("tidegate_attack_telemetry_age_seconds", ("true", "1")): 0.4,
        ("tidegate_attack_bits_per_second", ("false", "2")): 0.9e9,
        ("tidegate_attack_bits_per_second_low", ("false", "2")): 0.8e9,
        ("tidegate_attack_bits_per_second_high", ("false", "2")): 1e9,
        ("tidegate_attack_telemetry_age_seconds", ("false", "2")): 1.5,
    }


def test_a_store_and_an_alert_command_that_fail_show(scraped: Scraped) -> None:
    class DeafSink:
        name = "command"

        def carry_out(self, number: int, alert: Alert) -> None:
            raise OutsideFailed("the command ended with 1", "/x", "Repair it.")

    store = FailingStore()
    node = Node.open(store, [DeafSink()], HandClock())
    node.record(NodeStarted("1"), AttackDetected(an_attack(number=1)))
    store.fails = "and did nothing"
    with pytest.raises(OutsideFailed):
        node.record(AttackDetected(an_attack(number=2)))
    scraped.server.start(Observation(node).families)
    assert {
        ("tidegate_storage_failing", ()): 1.0,
        ("tidegate_facts_waiting", ()): 1.0,
        ("tidegate_alert_failures", ("command",)): 1.0,
    }.items() <= scraped.samples().items()


def test_metrics_are_served_on_ipv6_too() -> None:
    host, port = split_endpoint("[::1]:0")
    server = PrometheusServer(host, port)
    server.start(lambda: [])
    assert server.address[0] == "::1"
    with urllib.request.urlopen(f"http://[::1]:{server.address[1]}/metrics", timeout=10) as answer:
        assert answer.status == 200
    server.stop()


def test_of_very_many_exporters_those_that_told_the_most_have_figures(scraped: Scraped) -> None:
    exporters = np.zeros(EXPORTERS_MEASURED_MAX + 3, EXPORTER)
    exporters["records"][[0, 5, -1]] = [7, 9, 8]
    names = [f"192.0.2.1#{domain}" for domain in range(len(exporters))]
    observed = Observation(Node.open(MemoryStore(), [], HandClock()))
    observed(report_of(summary_of(1, 24, exporters, {(1025, "set cut short"): 1}), names))
    scraped.server.start(observed.families)
    samples = scraped.samples()
    records = [key for key in samples if key[0] == "tidegate_exporter_records_total"]
    assert len(records) == EXPORTERS_MEASURED_MAX
    assert samples["tidegate_exporter_records_total", (names[-1], "packets")] == 8
    assert samples["tidegate_exporters", ()] == len(exporters)
    assert not [key for key in samples if key[0] == "tidegate_refused_total"]
