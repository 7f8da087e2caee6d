"""The demo from end to end: real packets, datagrams, collector and node, judged by the lab."""

import json
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def demo() -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tidegate", "demo", "--once", "--json"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def report(demo: "subprocess.CompletedProcess[str]") -> dict:  # type: ignore[type-arg]
    last = json.loads(demo.stdout.splitlines()[-1])
    assert last["event"] == "report"
    return last["report"]


def test_the_demo_finds_every_attack_and_ends_well(
    demo: "subprocess.CompletedProcess[str]",
    report: dict,  # type: ignore[type-arg]
) -> None:
    assert demo.returncode == 0, report
    assert len(report["expectations"]) == 4
    assert report["ledger_verified"]
    assert not report["false_alarms"]


def test_unknown_sampling_stays_unknown_and_is_not_actionable(report: dict) -> None:  # type: ignore[type-arg]
    told = {sent["sampling_told"]: sent["detected"] for sent in report["expectations"]}
    assert not told[False]["actionable"]
    assert "unscaled_sampling" in told[False]["doubts"]
    assert told[True]["actionable"]


def test_every_attack_is_told_as_it_begins_and_ends(demo: "subprocess.CompletedProcess[str]") -> None:
    events = [json.loads(line)["event"] for line in demo.stdout.splitlines()]
    assert events.count("detected") == events.count("ended") == 4
