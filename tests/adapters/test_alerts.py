"""The operator's command: told by JSON and number, and every way in which it fails."""

import json
import stat
import sys
import textwrap
from pathlib import Path

import pytest

from tests.stories import an_attack
from tidegate.adapters import alerts
from tidegate.adapters.alerts import CommandSink
from tidegate.model.facts import Alarm, Alert, PlanAlert
from tidegate.ports.outside import OutsideFailed

ALERT = Alert(change="began", attack=an_attack())


def program(folder: Path, source: str) -> Path:
    """An executable Python program."""
    path = folder / "tell"
    path.write_text(f"#!{sys.executable}\n{textwrap.dedent(source)}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_the_command_reads_the_alert_and_its_number(tmp_path: Path) -> None:
    told = tmp_path / "told"
    source = """
        import os, sys
        lines = [os.environ["TIDEGATE_ALERT_NUMBER"], sys.stdin.read()]
        open(sys.argv[1], "w").write("\\n".join(lines))
    """
    CommandSink([str(program(tmp_path, source)), str(told)]).carry_out(41, ALERT)
    number, line, rest = told.read_text().split("\n")
    said = json.loads(line)
    assert (number, said["number"], rest) == ("41", 41, "")
    assert said["change"] == "began"
    assert said["attack"]["targets"] == ["198.51.100.7/32"]


def test_a_waiting_plan_and_an_alarm_are_told_in_their_own_words(tmp_path: Path) -> None:
    source = """
        import sys
        open(sys.argv[1], "w").write(sys.stdin.read())
    """
    sink = CommandSink([str(program(tmp_path, source)), str(tmp_path / "told")])
    sink.carry_out(7, PlanAlert("proposed", 3, 1, ("198.51.100.7/32",), "1 rule, waiting for two officers"))
    assert json.loads((tmp_path / "told").read_text()) == {
        "number": 7,
        "change": "proposed",
        "plan": 3,
        "attack": 1,
        "targets": ["198.51.100.7/32"],
        "words": "1 rule, waiting for two officers",
    }
    sink.carry_out(8, Alarm("officer added", "eve (desk)"))
    told = json.loads((tmp_path / "told").read_text())
    assert told == {"number": 8, "change": "officer added", "words": "eve (desk)"}


def test_no_shell_reads_the_arguments(tmp_path: Path) -> None:
    told = tmp_path / "told"
    source = """
        import sys
        open(sys.argv[1], "w").write(sys.argv[2])
    """
    CommandSink([str(program(tmp_path, source)), str(told), "$(id); `id` > x"]).carry_out(1, ALERT)
    assert told.read_text() == "$(id); `id` > x"


def test_a_command_that_ends_with_an_error_is_told_and_tried_again(tmp_path: Path) -> None:
    with pytest.raises(OutsideFailed, match="ended with 3"):
        CommandSink([str(program(tmp_path, "raise SystemExit(3)"))]).carry_out(1, ALERT)


def test_a_command_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "COMMAND_SECONDS_MAX", 0.3)
    hanging = program(tmp_path, "import time; time.sleep(600)")
    with pytest.raises(OutsideFailed, match=r"more than 0\.3 s"):
        CommandSink([str(hanging)]).carry_out(1, ALERT)


def test_a_command_that_does_not_read_is_told_all_the_same(tmp_path: Path) -> None:
    CommandSink([str(program(tmp_path, "import sys; sys.stdin.close()"))]).carry_out(1, ALERT)


@pytest.mark.parametrize("mode", ["missing", "not executable"])
def test_a_command_that_cannot_be_run_is_told(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "tell"
    if mode == "not executable":
        path.write_text("")
        path.chmod(0o600)
    with pytest.raises(OutsideFailed, match="cannot be run") as failure:
        CommandSink([str(path)]).carry_out(1, ALERT)
    assert "alerts.command" in failure.value.remedy
