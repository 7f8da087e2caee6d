"""The state folder: one node at a time, private, and a health note that is whole or not there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tidegate.adapters.state_folder import LockedFolder
from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed
from tidegate.ports.state import HEALTH_BYTES_MAX


def test_a_second_node_is_refused_and_told_who_holds_the_folder(tmp_path: Path) -> None:
    first, second = LockedFolder(tmp_path / "state"), LockedFolder(tmp_path / "state")
    first.claim()
    with pytest.raises(NotAllowed, match=f"process {os.getpid()}"):
        second.claim()
    assert second.holder() == os.getpid()
    first.release()
    assert second.holder() is None
    second.claim()
    second.release()


def test_a_node_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    script = (
        "import sys, os, signal; from pathlib import Path\n"
        "from tidegate.adapters.state_folder import LockedFolder\n"
        "LockedFolder(Path(sys.argv[1])).claim(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert ended.returncode < 0
    folder = LockedFolder(tmp_path)
    assert folder.holder() is None
    folder.claim()
    folder.release()


def test_nobody_else_reads_the_folder(tmp_path: Path) -> None:
    folder = LockedFolder(tmp_path / "state")
    folder.claim()
    folder.write_health(b"{}")
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.path.iterdir()} == {0o600}
    folder.release()


def test_a_folder_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutsideFailed, match="--state DIR"):
        LockedFolder(tmp_path / "file" / "state").claim()


def test_the_last_health_note_is_read_back_and_none_is_none(tmp_path: Path) -> None:
    folder = LockedFolder(tmp_path)
    assert folder.read_health() is None
    folder.write_health(b"one")
    folder.write_health(b"two")
    assert folder.read_health() == b"two"
    folder.write_health(b"x" * (HEALTH_BYTES_MAX + 1))
    assert folder.read_health() == b"two"


def test_a_note_that_cannot_be_written_is_lost_without_an_error(tmp_path: Path) -> None:
    LockedFolder(tmp_path / "gone").write_health(b"one")
    assert LockedFolder(tmp_path / "gone").read_health() is None


def test_a_folder_has_one_identity_for_ever(tmp_path: Path) -> None:
    folder = LockedFolder(tmp_path / "state")
    folder.claim()
    made = folder.identity()
    folder.release()
    assert re.fullmatch("[0-9a-f]{32}", made)
    assert LockedFolder(tmp_path / "state").identity() == made
    other = LockedFolder(tmp_path / "other")
    other.claim()
    assert other.identity() != made
    other.release()


@pytest.mark.parametrize("left", [b"", b"x" * 32, b"\xff", b"AB" * 16])
def test_an_identity_that_is_none_is_told_and_not_replaced(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "node.id").write_bytes(left)
    with pytest.raises(OutsideFailed, match="identity"):
        LockedFolder(tmp_path).identity()
    assert (tmp_path / "node.id").read_bytes() == left
