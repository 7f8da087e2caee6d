"""What killed demos left behind is swept by the next; and where a demo may begin."""

import os
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
