"""The lab: words of faults are understood, and parties that are killed and cut off lose nothing."""

import sys
import time

import pytest

from tidegate.adapters.clock import WallClock
from tidegate.app.hotline.lab import LabOrder
from tidegate.lab.hotline.faults import Fate, Faults, faults_from
from tidegate.lab.hotline.story import Lab
from tidegate.model.refusals import NotAllowed


def test_faults_are_said_in_words() -> None:
    assert faults_from("loss=30%, delay=150ms,duplication=5") == Faults(loss=30, delay_ms=150, duplication=5)
    assert faults_from("") == Faults()
    for wrong in ("los=30%", "loss=101%", "delay=99999ms", "loss"):
        with pytest.raises(NotAllowed):
            faults_from(wrong)


def test_faults_come_as_often_as_they_are_said_and_the_same_from_the_same_seed() -> None:
    faults = Faults(loss=30, duplication=20, truncation=10, reordering=50, delay_ms=40)
    fates = [[Fate(faults, 5).of(b"packet" * 9) for _ in range(1)] for _ in range(2)]
    assert fates[0] == fates[1]
    fate = Fate(faults, 6)
    passed = [fate.of(b"packet" * 9) for _ in range(4_000)]
    copies = [one for each in passed for one in each]
    assert 0.26 < sum(not each for each in passed) / len(passed) < 0.34
    assert 0.10 < sum(len(each) > 1 for each in passed) / len(passed) < 0.18
    assert 0.07 < sum(len(one.packet) < 54 for one in copies) / len(copies) < 0.13
    assert {one.after_ms >= 40 for one in copies} == {True}
    assert Fate(Faults(partition=True), 1).of(b"x") == ()


def test_parties_that_are_killed_and_cut_off_lose_nothing() -> None:
    order = LabOrder(
        parties=2,
        faults="loss=20%,delay=10ms,duplication=10%,reordering=10%",
        messages=8,
        per_s=4.0,
        kills=1,
        partitions=1,
        clock_steps=1,
        junk_per_s=0,
        backlog=False,
        network="proxy",
        seed=3,
        wait_s=120,
    )
    command = [sys.executable, "-m", "tidegate", "lab", "party"]
    report = Lab(order, WallClock(), time.monotonic, command, lambda _: None).run()
    assert report.sent >= 7  # one may have been said to the party that was just killed
    assert (report.delivered, report.lost, report.twice, report.false) == (report.sent, 0, 0, 0)
    assert report.kills == 1


def test_a_run_that_is_interrupted_tells_what_stood_by_then() -> None:
    order = LabOrder(
        parties=2,
        faults="",
        messages=3,
        per_s=100.0,
        kills=0,
        partitions=0,
        clock_steps=0,
        junk_per_s=0,
        backlog=False,
        network="proxy",
        seed=4,
        wait_s=120,
    )
    told: list[str] = []

    def interrupt(line: str) -> None:
        told.append(line)
        if "3 of 3 said" in line:
            raise KeyboardInterrupt

    command = [sys.executable, "-m", "tidegate", "lab", "party"]
    report = Lab(order, WallClock(), time.monotonic, command, interrupt).run()
    assert report.interrupted
    assert (report.delivered + report.under_way, report.lost, report.twice, report.false) == (
        report.sent,
        0,
        0,
        0,
    )
    assert "compared" in told[-1]
