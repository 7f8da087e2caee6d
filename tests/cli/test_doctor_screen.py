"""The doctor's screen: readable where a thousand exporters are in trouble at once."""

import io

from rich.console import Console

from tidegate.app.checks import Check
from tidegate.app.doctor import Examination
from tidegate.app.exporter_health import ExporterHealth
from tidegate.app.health_note import HealthNote
from tidegate.cli.doctor import EXPORTERS_SHOWN_MAX, OF_A_KIND_SHOWN_MAX, print_examination
from tidegate.model.attacks import Rate


def an_exporter(number: int) -> ExporterHealth:
    return ExporterHealth(
        exporter=f"192.0.2.1#{number}",
        protocol="netflow9",
        datagrams=1,
        records=number,
        sampling_rate=100,
        unknown_sampling=0,
        without_template=0,
        not_ip=0,
        repeated=0,
        sample_drops=0,
        lost=0,
        reordered=0,
        restarts=0,
        refused={},
        skew_ms=0,
        age_ms=0,
    )


def a_note(exporters: int) -> HealthNote:
    return HealthNote(
        version="0.1.0",
        process=77,
        written_ms=1,
        collector="running",
        collector_trouble="",
        facts_waiting=0,
        storage_trouble="",
        alerts_trouble="",
        second=1,
        records_per_s=0,
        bits_per_s=Rate(0, 0, 0),
        exporters=tuple(map(an_exporter, range(exporters))),
        exporters_left_out=3,
        findings=(),
    )


def printed(examination: Examination) -> list[str]:
    screen = Console(file=io.StringIO(), width=200)
    print_examination(screen, examination, "en")
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue().splitlines()


def test_of_many_checks_of_one_kind_the_first_are_shown_and_the_rest_counted() -> None:
    silent = [
        Check(about=f"exporter {number}", severity="problem", code="silent", text="silent")
        for number in range(OF_A_KIND_SHOWN_MAX + 7)
    ]
    other = Check(about="node", severity="fine", code="node_running", text="runs")
    lines = printed(Examination(checks=(*silent, other), note=None))
    assert len([line for line in lines if line.startswith("PROBLEM")]) == OF_A_KIND_SHOWN_MAX
    assert any(line.startswith("ok") for line in lines), "one of another kind is not crowded out"
    assert any(line.startswith("7 more of the kind silent") for line in lines)


def test_of_many_exporters_those_that_told_the_most_are_shown() -> None:
    lines = printed(Examination(checks=(), note=a_note(EXPORTERS_SHOWN_MAX + 20)))
    shown = [line.split()[0] for line in lines if line.startswith("192.0.2.1#")]
    assert len(shown) == EXPORTERS_SHOWN_MAX
    assert shown[0] == f"192.0.2.1#{EXPORTERS_SHOWN_MAX + 19}"
    assert any(line.startswith("23 exporters that told less") for line in lines)
