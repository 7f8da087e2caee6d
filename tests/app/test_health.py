"""Findings: each trouble is told once, with what to do, and goes away when it is over."""

from string import Formatter
from typing import Any

import numpy as np
import pytest

from tests.stand_ins import report_of, summary_of
from tidegate.app import health
from tidegate.app.health import HEALTH_REPORTS_MAX, LATE_MS, SILENT_MS, SKEW_MS, TEXTS, Finding, HealthWindow
from tidegate.model.exporters import EXPORTER, EXPORTERS_MAX, IPFIX, NETFLOW5
from tidegate.ports.collector import CollectorReport

START = 1_700_000_000


def table(now_second: int, *exporters: dict[str, int]) -> Any:
    """An exporter table: every exporter was heard just now and is well, but for what is given."""
    rows = np.zeros(len(exporters), EXPORTER)
    for row, given in enumerate(exporters):
        well = {
            "datagrams": 1000 + now_second - START,
            "records": 10_000,
            "last_received_ms": now_second * 1000,
        }
        for field, value in (well | given).items():
            rows[row][field] = value
    return rows


def report(second: int, *exporters: dict[str, int], refused: Any = None, **changes: Any) -> CollectorReport:
    return report_of(summary_of(second, exporters=table(second, *exporters), refused=refused), **changes)


def found(*reports: CollectorReport, now_second: int | None = None) -> dict[str, Finding]:
    window = HealthWindow()
    for each in reports:
        window(each)
    second = reports[-1].summary.second if now_second is None else now_second
    return {finding.code: finding for finding in window.findings(second * 1000)}


def test_an_exporter_that_is_well_gives_no_finding() -> None:
    assert found(report(START, {}), report(START + 30, {})) == {}


def test_nothing_is_said_before_the_first_report() -> None:
    assert HealthWindow().findings(START * 1000) == ()


@pytest.mark.parametrize(
    ("field", "count", "code", "parameters"),
    [
        ("without_template", 7, "without_template", {"sets": 7}),
        ("unknown_sampling", 500, "unknown_sampling", {"records": 500}),
        ("lost", 30, "lost", {"lost": 30, "expected": 60, "unit": "datagrams", "also": ""}),
        ("not_ip", 5000, "not_ip", {"percent": 100}),
        ("sample_drops", 9, "sample_drops", {"packets": 9}),
        ("skew_ms", SKEW_MS, "clock_skew", {"seconds": 5, "direction": "ahead"}),
        ("skew_ms", -SKEW_MS, "clock_skew", {"seconds": 5, "direction": "behind"}),
        ("age_max_ms", LATE_MS + 45_000, "late_telemetry", {"seconds": 60}),
    ],
)
def test_each_trouble_of_an_exporter_is_told_with_its_size(
    field: str, count: int, code: str, parameters: dict[str, int | str]
) -> None:
    findings = found(report(START, {}), report(START + 30, {field: count}))
    assert set(findings) == {code}
    assert findings[code].exporter == "192.0.2.0#0"
    assert findings[code].parameters == parameters
    assert "192.0.2.0#0" in findings[code].text


@pytest.mark.parametrize("field", ["without_template", "unknown_sampling", "lost", "not_ip", "sample_drops"])
def test_a_trouble_that_ended_more_than_a_minute_ago_is_no_finding(field: str) -> None:
    reports = [report(START, {}), *(report(START + second, {field: 5000}) for second in range(5, 90))]
    assert len(found(*reports[:30])) == 1
    assert found(*reports) == {}


@pytest.mark.parametrize("protocol", [NETFLOW5, IPFIX])
def test_where_records_are_numbered_it_is_records_that_are_missing(protocol: int) -> None:
    before = {"protocol": protocol, "records": 10_000}
    after = {"protocol": protocol, "records": 10_070, "option_records": 6, "lost": 24}
    finding = found(report(START, before), report(START + 30, after))["lost"]
    assert finding.parameters == {"lost": 24, "expected": 100, "unit": "records", "also": ""}
    assert "24 of 100 records" in finding.text


def test_an_exporter_that_tells_packets_twice_is_a_notice_with_the_share() -> None:
    more = {"records": 30_000, "repeated": 10_000}
    findings = found(report(START, {}), report(START + 30, more))
    assert (findings["repeated"].severity, findings["repeated"].parameters) == ("notice", {"percent": 50})
    assert found(report(START, {}), report(START + 30, more | {"repeated": 2_000})) == {}


def test_a_clock_that_was_set_back_is_a_problem_of_the_machine() -> None:
    findings = found(report(START, {}, clock_behind_ms=3_600_001))
    assert (findings["clock_set_back"].severity, findings["clock_set_back"].exporter) == ("problem", None)
    assert findings["clock_set_back"].parameters == {"seconds": 3601}


def test_little_that_is_not_ip_is_not_worth_a_word() -> None:
    assert found(report(START, {}), report(START + 30, {"records": 20_000, "not_ip": 500})) == {}


def test_a_silent_exporter_is_told_and_its_older_troubles_are_not() -> None:
    quiet = {"datagrams": 1000, "last_received_ms": START * 1000, "skew_ms": 60_000}
    late = START + SILENT_MS // 1000
    findings = found(report(START, quiet, {}), report(late - 1, quiet, {}), report(late, quiet, {}))
    assert set(findings) == {"silent"}
    assert findings["silent"].parameters == {"seconds": SILENT_MS // 1000}


def test_an_exporter_known_only_from_the_journal_is_a_notice_and_only_after_a_while() -> None:
    remembered = {"datagrams": 0, "last_received_ms": 0}
    assert found(report(START, remembered, {}), report(START + 30, remembered, {})) == {}
    findings = found(report(START, remembered, {}), report(START + 300, remembered, {}))
    assert findings["not_heard_again"].severity == "notice"
    assert findings["not_heard_again"].parameters == {"seconds": 300}


def test_hearing_nobody_at_all_is_a_problem_of_its_own() -> None:
    assert found(report(START), report(START + 30)) == {}
    assert set(found(report(START), report(START + 200))) == {"nothing_heard"}


def test_refused_datagrams_are_told_with_the_commonest_reasons() -> None:
    before = {(0, "set cut short"): 5, (-1, "unknown version"): 1}
    now = {(0, "set cut short"): 9, (0, "record cut short"): 6, (-1, "unknown version"): 4}
    findings = found(report(START, {}, refused=before), report(START + 30, {}, refused=now))
    assert findings["malformed"].parameters == {
        "datagrams": 10,
        "reasons": "record cut short 6 times, set cut short 4 times",
    }
    assert findings["refused_senders"].parameters == {"datagrams": 3, "reasons": "unknown version 3 times"}


def test_kernel_drops_name_the_setting_to_raise_and_explain_lost_datagrams() -> None:
    small = {"receive_buffer_bytes": 212_992, "receive_buffer_wanted": 1 << 25}
    findings = found(
        report(START, {}, **small), report(START + 30, {"lost": 9}, datagrams_dropped=9, **small)
    )
    assert set(findings) == {"kernel_drops", "lost"}
    assert "net.core.rmem_max to 33554432" in findings["kernel_drops"].text
    assert "the kernel dropped some here" in findings["lost"].text


def test_drops_in_a_buffer_that_was_granted_ask_for_no_other_limit() -> None:
    findings = found(report(START, {}), report(START + 30, {}, datagrams_dropped=9))
    assert "collector.receive_buffer_bytes" in findings["kernel_drops_in_full_room"].text
    assert "rmem_max" not in findings["kernel_drops_in_full_room"].text


def test_a_sender_that_never_told_of_a_flow_is_not_missed() -> None:
    assert not found(report(START, {"datagrams": 1, "records": 0}), now_second=START + 600)


def test_a_small_buffer_without_drops_is_a_notice() -> None:
    findings = found(report(START, {}, receive_buffer_bytes=212_992))
    assert findings["small_buffer"].severity == "notice"


def test_the_collectors_own_troubles_are_told() -> None:
    summary = summary_of(START + 30, exporters=table(START + 30, {}), degraded="only heavy keys are tracked")
    troubled = report_of(summary, summaries_dropped=4, journal_trouble="no space left on device")
    findings = found(report(START, {}), troubled)
    assert set(findings) == {"degraded", "node_behind", "journal"}
    assert findings["node_behind"].parameters == {"summaries": 4}
    assert "no space left on device" in findings["journal"].text


def test_a_full_exporter_table_is_told() -> None:
    every = report_of(summary_of(START, exporters=table(START, *[{}] * EXPORTERS_MAX)))
    assert found(every)["exporters_full"].parameters == {"limit": EXPORTERS_MAX}


def test_a_collector_that_began_anew_is_not_compared_with_the_one_before() -> None:
    findings = found(report(START, {"lost": 50}), report(START + 30, {"datagrams": 3, "lost": 1}))
    assert findings["lost"].parameters["lost"] == 1
    renamed = report_of(summary_of(START + 30, exporters=table(START + 30, {})), names=["192.0.2.99#0"])
    assert found(report(START, {"lost": 50}), renamed) == {}


def test_findings_are_bounded_and_problems_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "FINDINGS_MAX", 5)
    window = HealthWindow()
    window(report(START, *[{"skew_ms": 60_000, "lost": 1}] * 4))
    findings = window.findings(START * 1000)
    assert [finding.code for finding in findings] == ["lost"] * 4 + ["more_findings"]
    assert findings[-1].parameters == {"count": 4}


def test_the_window_keeps_few_reports_however_many_it_hears() -> None:
    window = HealthWindow()
    for second in range(1000):
        window(report(START + second, {}))
    assert len(window._kept) == HEALTH_REPORTS_MAX


@pytest.mark.parametrize("code", TEXTS)
def test_every_text_is_one_sentence_that_says_what_to_do(code: str) -> None:
    severity, text = TEXTS[code]
    assert severity in {"problem", "notice"}
    assert text.endswith(".")
    assert ". " not in text
    assert ":" in text, "what is wrong: what to do"
    assert all(name for _, name, _, _ in Formatter().parse(text) if name is not None)
