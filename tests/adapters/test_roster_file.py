"""The roster on disk: whole or not at all, one change after the other, and nobody else's."""

import os
import threading
from pathlib import Path

import pytest

from tidegate.adapters.roster import TextRoster
from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed
from tidegate.ports.roster import ROSTER_BYTES_MAX


def test_a_roster_that_is_not_there_has_no_text(tmp_path: Path) -> None:
    assert TextRoster(tmp_path / "officers.toml").read() == ""


def test_what_was_changed_is_read_and_only_its_owner_may_read_or_write_it(tmp_path: Path) -> None:
    roster = TextRoster(tmp_path / "new" / "officers.toml")
    roster.change(lambda text: text + "one\n")
    roster.change(lambda text: text + "two\n")
    assert roster.read() == "one\ntwo\n"
    assert roster.path.stat().st_mode & 0o777 == 0o600


def test_a_change_that_is_refused_changes_nothing(tmp_path: Path) -> None:
    roster = TextRoster(tmp_path / "officers.toml")
    roster.change(lambda _: "before")

    def refuse(text: str) -> str:
        raise NotAllowed("no")

    with pytest.raises(NotAllowed):
        roster.change(refuse)
    assert roster.read() == "before"


def test_changes_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    def add(letter: str) -> None:
        for _ in range(20):
            TextRoster(tmp_path / "officers.toml").change(lambda text: text + letter)

    adders = [threading.Thread(target=add, args=(letter,)) for letter in "abc"]
    for adder in adders:
        adder.start()
    for adder in adders:
        adder.join()
    assert sorted(TextRoster(tmp_path / "officers.toml").read()) == sorted("abc" * 20)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_roster_that_others_may_write_is_refused(mode: int, tmp_path: Path) -> None:
    roster = TextRoster(tmp_path / "officers.toml")
    roster.change(lambda _: "text")
    roster.path.chmod(mode)
    for use in (roster.read, lambda: roster.change(lambda text: text)):
        with pytest.raises(NotAllowed, match="chmod go-w"):
            use()


def test_a_roster_in_a_folder_where_anyone_may_replace_it_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    roster = TextRoster(folder / "officers.toml")
    roster.change(lambda _: "text")
    folder.chmod(0o777)
    with pytest.raises(NotAllowed, match="anyone may put another roster"):
        roster.read()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_roster_of_another_user_is_refused(tmp_path: Path) -> None:
    roster = TextRoster(tmp_path / "officers.toml")
    roster.change(lambda _: "text")
    os.chown(roster.path, 12345, 12345)
    with pytest.raises(NotAllowed, match="belongs to user 12345"):
        roster.read()


def test_what_is_no_file_or_no_text_or_too_long_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "bytes").write_bytes(b"\xff")
    (tmp_path / "long").write_bytes(b" " * (ROSTER_BYTES_MAX + 1))
    for name, why in (("pipe", "no ordinary file"), ("bytes", "UTF-8"), ("long", "longer than")):
        (tmp_path / name).chmod(0o600)
        with pytest.raises(NotAllowed, match=why):
            TextRoster(tmp_path / name).read()


def test_a_place_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    roster = TextRoster(tmp_path / "file" / "officers.toml")
    with pytest.raises(OutsideFailed, match=r"approval\.roster"):
        roster.read()
    with pytest.raises(OutsideFailed):
        roster.change(lambda text: text)
