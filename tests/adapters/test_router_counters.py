"""Rule counters by command: what makes sense is counted, and anything else is told and counts as nothing."""

import json
import os
import shlex
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mitigate.small_plans import PLAN
from tests.stand_ins import HandClock
from tidegate.adapters import router_counters
from tidegate.adapters.router_counters import COUNTS_BYTES_MAX, RouterCommands
from tidegate.model.refusals import Malformed
from tidegate.ports.outside import OutsideFailed
from tidegate.ports.rule_counts import CountsRead, RuleCount

RULES = PLAN.rules[:1] * 2
ONE = {"rule": 0, "matched_bytes": 9_000, "matched_packets": 9, "dropped_bytes": 8_000}
TWO = {"rule": 1, "matched_bytes": 70, "matched_packets": 1, "dropped_bytes": 0}


def read(*scripts: str) -> CountsRead:
    commands = {"north": {f"r{at}": ("sh", "-c", script) for at, script in enumerate(scripts)}}
    return RouterCommands(commands, HandClock(5_000)).read("north", RULES)


def saying(answer: object) -> str:
    return f"cat > /dev/null; echo {shlex.quote(json.dumps(answer))}"


def test_each_router_is_asked_for_the_rules_and_told_in_the_order_asked(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    told = read(f"cat > {asked}; echo {shlex.quote(json.dumps([TWO, ONE]))}", saying([ONE, TWO]))
    first = RuleCount(matched_bytes=9_000, matched_packets=9, dropped_bytes=8_000)
    second = RuleCount(matched_bytes=70, matched_packets=1, dropped_bytes=0)
    assert told == CountsRead(read_ms=5_000, counts=(first, second, first, second))
    question = json.loads(asked.read_text())
    assert (question["border_point"], question["router"], len(question["rules"])) == ("north", "r0", 2)
    assert question["rules"][0]["match"]["destination"] == RULES[0].match.destination


def test_only_border_points_with_commands_are_covered() -> None:
    routers = RouterCommands({"north": {"r": ("true",)}}, HandClock(0))
    assert routers.covers("north")
    assert not routers.covers("south")


@pytest.mark.parametrize(
    "script",
    [
        "true",
        "echo nonsense",
        saying({}),
        saying([ONE]),
        saying([ONE, ONE, TWO]),
        saying([ONE, {**TWO, "rule": 2}]),
        saying([ONE, {**TWO, "matched_bytes": -1}]),
        saying([ONE, {**TWO, "dropped_bytes": 0.5}]),
        saying([ONE, {"rule": 1, "matched_bytes": 0, "matched_packets": 0}]),
        f"head -c {COUNTS_BYTES_MAX + 1} /dev/zero",
        "yes",
    ],
)
def test_an_answer_that_makes_no_sense_is_malformed_and_never_zero(script: str) -> None:
    with pytest.raises(Malformed, match="the counters of north r1"):
        read(saying([ONE, TWO]), script)


@pytest.mark.parametrize("script", ["exit 3", f"{saying([ONE, TWO])}; exit 1"])
def test_a_command_that_fails_is_told(script: str) -> None:
    with pytest.raises(OutsideFailed, match="ended with"):
        read(script)


def test_a_command_that_is_not_there_is_told() -> None:
    with pytest.raises(OutsideFailed, match="cannot be asked for"):
        RouterCommands({"north": {"r": ("/nowhere/command",)}}, HandClock(0)).read("north", RULES)


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router_counters, "COUNTING_SECONDS_MAX", 0.3)
    with pytest.raises(OutsideFailed, match="took more than"):
        read(f"sleep 60 & echo $! > {tmp_path}/pid; wait")
    comes_true(lambda: not runs(int((tmp_path / "pid").read_text())))


def runs(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text() and os.kill(pid, 0) is None
    except (FileNotFoundError, ProcessLookupError):
        return False


def comes_true(wanted: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not wanted():
        assert time.monotonic() < until
        time.sleep(0.01)
