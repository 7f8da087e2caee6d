"""The demo from end to end: real packets, datagrams, collector and node, judged by the lab."""

import json
import subprocess
import sys

import pytest

from tidegate.lab.telling.chapters import NAMES
from tidegate.model.labels import Language, label


@pytest.fixture(scope="module")
def demo() -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tidegate", "demo", "--once", "--json"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="module")
def report(demo: "subprocess.CompletedProcess[str]") -> dict:  # type: ignore[type-arg]
    last = json.loads(demo.stdout.splitlines()[-1])
    assert last["event"] == "report"
    return last["report"]


Json = dict  # type: ignore[type-arg]


def test_the_demo_finds_every_attack_and_ends_well(
    demo: "subprocess.CompletedProcess[str]", report: Json
) -> None:
    assert demo.returncode == 0, report
    assert len(report["expectations"]) == 4
    assert report["ledger_verified"]
    assert not report["false_alarms"]


def test_unknown_sampling_stays_unknown_and_nothing_is_proposed_on_it(report: Json) -> None:
    told = {sent["sampling_told"]: sent for sent in report["expectations"]}
    assert not told[False]["detected"]["actionable"]
    assert "unscaled_sampling" in told[False]["detected"]["doubts"]
    assert told[True]["detected"]["actionable"]
    planned = {outcome["view"]["plan"]["attack"] for outcome in report["plans"]}
    assert told[False]["number"] not in planned
    assert told[True]["number"] in planned


def test_every_attack_is_told_as_it_begins_and_ends(demo: "subprocess.CompletedProcess[str]") -> None:
    events = [json.loads(line)["event"] for line in demo.stdout.splitlines()]
    assert events.count("detected") == events.count("ended") == 4


def test_a_plan_is_signed_by_two_tried_at_one_border_point_and_widened_after_its_verdict(
    demo: "subprocess.CompletedProcess[str]",
) -> None:
    told = [json.loads(line) for line in demo.stdout.splitlines()]
    number = next(one["plan"]["number"] for one in told if one["event"] == "proposed")
    life = [one for one in told if about(one) == number]
    events = [one["view"]["stage"] if one["event"] == "stage" else one["event"] for one in life]
    assert events[:5] == ["proposed", "approval", "approval", "spot test", "verdict"]
    wide = next(
        one["view"]["in_force"]
        for one in life
        if one["event"] == "stage" and len(one["view"]["in_force"]) > 1
    )
    tried = next(one["view"]["in_force"] for one in life if one["event"] == "stage")
    assert len(tried) == 1
    assert set(tried) < set(wide)
    assert events[-1] == "lifted"


def about(told: Json) -> int | None:
    """The plan that an event is about."""
    match told["event"]:
        case "proposed":
            return int(told["plan"]["number"])
        case "approval" | "stage":
            return int(told["view"]["plan"]["number"])
        case "verdict":
            return int(told["verdict"]["plan"])
    return None


def test_forecasts_stand_beside_what_was_measured_and_what_is_true(report: Json) -> None:
    judged = [outcome for outcome in report["plans"] if outcome["score"] is not None]
    assert len(judged) >= 3
    for outcome in judged:
        truth = outcome["truth"]
        assert truth["attack_went"] < truth["attack_came"] / 2
        assert truth["others_went"] > truth["others_came"] * 0.9


def chapters(report: Json) -> Json:
    return {one["chapter"]: one["told"] for one in report["chapters"]}


def test_the_story_is_told_to_its_end(demo: "subprocess.CompletedProcess[str]", report: Json) -> None:
    told = [json.loads(line) for line in demo.stdout.splitlines()]
    assert tuple(one["told"]["chapter"] for one in told if one["event"] == "chapter") == NAMES
    assert tuple(one["chapter"] for one in report["chapters"]) == NAMES


def test_the_other_side_is_told_in_time_and_reads_it_in_its_own_language(report: Json) -> None:
    told = chapters(report)
    clock, notified, answered = told["clock"], told["notified"], told["answered"]
    assert (clock["duty"], clock["toward"], clock["due_s"] - clock["known_s"]) == ("XA", "XB", 4 * 3_600)
    assert clock["known_s"] <= notified["r1_s"] <= notified["r2_s"] < clock["due_s"]
    languages: tuple[Language, ...] = ("ru", "fa")
    for language in languages:
        assert label("form", "incident", language) in "".join(notified["pages"][language])
    assert answered["asked"] == ["which-measures", "which-end"]


def test_both_ledgers_show_the_same_kept_and_prove_it(report: Json) -> None:
    told = chapters(report)
    kept = {(one["node"], one["obligation"], one["duty"]) for one in told["kept"]["rows"]}
    for node in ("XA", "XB"):
        assert {(node, "notify-incident", "XA"), (node, "clarify", "XA"), (node, "acknowledge", "XB")} <= kept
    assert told["kept"]["alike"]
    for side in told["proved"]["sides"]:
        assert side["holds"]
        assert side["intact"]
        assert any("had seen that ledger with this entry" in line for line in side["lines"])


def test_the_rehearsed_cut_costs_and_the_advised_link_gives_back(report: Json) -> None:
    cut = chapters(report)["cut"]
    assert cut["abroad_after"] == 0 < cut["abroad_before"]
    assert cut["inside_after"] < cut["advised"] <= cut["inside_before"]


def test_nothing_is_left_at_any_router(report: Json) -> None:
    assert report["still_held"] == 0
    assert report["refusals"] == []
    assert report["words"] >= 6
