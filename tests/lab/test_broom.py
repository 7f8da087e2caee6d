"""What killed demos left behind is swept by the next; and where a demo may begin."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tidegate.lab.demo import new_folder
from tidegate.lab.telling import broom
from tidegate.model.refusals import NotAllowed

LATER_S = 3_600.0


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def left_in(folder: Path, name: str) -> Path:
    made = folder / f"{broom.PREFIX}{name}"
    (made / "speaker").mkdir(parents=True)
    (made / "speaker" / "speak.lock").write_text("")
    return made


def test_what_nobody_sweeps_any_more_is_swept_by_the_next_demo(temporary: Path) -> None:
    left, other = left_in(temporary, "left"), temporary / "somebody-else-s"
    other.mkdir()
    made = broom.temporary_folder(time.time() + LATER_S)
    assert sorted(temporary.iterdir()) == sorted([made, other])
    assert not left.exists()


def test_a_demo_that_runs_and_one_that_just_begins_are_left_alone(temporary: Path) -> None:
    runs = left_in(temporary, "runs")
    with broom.locked(runs):
        assert broom.temporary_folder(time.time() + LATER_S) != runs
        assert runs.is_dir()
    young = broom.temporary_folder(time.time())
    assert runs.is_dir()
    assert young.is_dir()


HOLDER = """
import fcntl, os, sys
lock = open(sys.argv[1], "a")
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.readline()
lock.write(str(os.getpid()))
lock.flush()
sys.stdin.read()
"""


def test_a_speaker_that_holds_its_lock_before_it_says_who_it_is_is_ended_once_it_does(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = left_in(temporary, "mine")
    lock = folder / "speaker" / "speak.lock"
    looks = 0
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as speaker:
        assert speaker.stdin is not None
        assert speaker.stdout is not None
        assert speaker.stdout.readline() == "held\n"
        rest = time.sleep

        def look_again(wait_s: float) -> None:
            nonlocal looks
            looks += 1
            if looks == 3:
                assert lock.read_text() == ""
                speaker.stdin.write("\n")
                speaker.stdin.flush()
            rest(wait_s)

        monkeypatch.setattr(broom.time, "sleep", look_again)
        broom.end_speaker(folder)
    assert speaker.returncode == -signal.SIGTERM


@pytest.mark.parametrize("removed", [True, False])
def test_a_temporary_folder_goes_with_its_demo_and_one_that_was_named_stays(
    temporary: Path, *, removed: bool
) -> None:
    folder = left_in(temporary, "mine")
    with broom.broom(folder, removed=removed):
        assert folder.is_dir()
    assert folder.exists() is not removed


def test_a_folder_that_holds_anything_is_refused_and_says_what_to_do(tmp_path: Path) -> None:
    assert new_folder(None) is None
    fresh = tmp_path / "fresh"
    assert new_folder(fresh) == fresh
    assert fresh.stat().st_mode & 0o077 == 0
    (fresh / "ledger.sqlite").touch()
    with pytest.raises(NotAllowed, match="name another"):
        new_folder(fresh)
    assert os.listdir(fresh) == ["ledger.sqlite"]
