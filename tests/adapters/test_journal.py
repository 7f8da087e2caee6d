"""The journal of templates: whatever is cut, full or damaged, what was whole before is still known."""

import errno
import os
import threading
import time
from pathlib import Path

import pytest

from tidegate.adapters import journal as journal_file
from tidegate.adapters.journal import FILE_NAME, FileJournal, framed, read_entries
from tidegate.model.refusals import NotAllowed

ENTRIES = [b"template 256", b"\0" * 40, b"s", b"template 257 " * 9]


def kept(folder: Path) -> list[bytes]:
    journal = opened(folder)
    journal.close()
    return journal.entries()


def opened(folder: Path) -> FileJournal:
    journal = FileJournal(folder)
    journal.open()
    return journal


def written(folder: Path, *entries: bytes) -> bytes:
    journal = opened(folder)
    journal.append(entries)
    journal.close()
    return (folder / FILE_NAME).read_bytes()


def wait_until_rewritten(journal: FileJournal) -> None:
    until = time.monotonic() + 10
    while journal._snapshot is not None and time.monotonic() < until:
        time.sleep(0.01)


def test_entries_come_back_in_order(tmp_path: Path) -> None:
    assert kept(tmp_path / "not there yet") == []
    written(tmp_path, *ENTRIES[:2])
    written(tmp_path, *ENTRIES[2:])
    assert kept(tmp_path) == ENTRIES


def test_an_entry_is_in_the_file_as_soon_as_append_returns(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(ENTRIES)
    assert read_entries((tmp_path / FILE_NAME).read_bytes())[0] == ENTRIES
    journal.close()


def test_a_journal_torn_at_any_byte_keeps_every_whole_entry_and_goes_on(tmp_path: Path) -> None:
    whole = written(tmp_path, *ENTRIES)
    for end in range(len(whole)):
        (tmp_path / FILE_NAME).write_bytes(whole[:end])
        torn = opened(tmp_path)
        found = torn.entries()
        assert found == ENTRIES[: len(found)]
        torn.append([b"after the tear"])
        torn.close()
        now = (tmp_path / FILE_NAME).read_bytes()
        assert read_entries(now) == ([*found, b"after the tear"], len(now))
    assert len(found) == len(ENTRIES) - 1


def test_a_changed_byte_costs_at_most_what_follows_a_changed_length(tmp_path: Path) -> None:
    whole = written(tmp_path, *ENTRIES)
    for at in range(len(b"tidegate templates 1\n"), len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        found, _ = read_entries(bytes(damaged))
        assert set(found) < set(ENTRIES), "an entry that was never written"


def test_a_hole_of_zeros_after_a_power_cut_is_the_end_and_not_empty_entries(tmp_path: Path) -> None:
    whole = written(tmp_path, *ENTRIES)
    assert read_entries(whole + bytes(4096)) == (ENTRIES, len(whole))


def test_a_file_that_is_no_journal_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"something else entirely")
    assert kept(tmp_path) == []
    written(tmp_path, b"template")
    assert kept(tmp_path) == [b"template"]


def test_empty_and_oversized_entries_are_not_kept() -> None:
    oversized = b"x" * (journal_file.JOURNAL_ENTRY_BYTES_MAX + 1)
    assert framed([b"", oversized, b"kept"]) == framed([b"kept"])


def test_a_snapshot_takes_the_place_of_all_before_and_keeps_what_was_learned_meanwhile(
    tmp_path: Path,
) -> None:
    journal = opened(tmp_path)
    journal.append([b"old"] * 50)
    with journal._changed:  # the disk thread waits here, as it would for a slow disk
        journal.rewrite([b"snapshot"])
        journal.append([b"meanwhile"])
    wait_until_rewritten(journal)
    journal.append([b"later"])
    journal.close()
    assert kept(tmp_path) == [b"snapshot", b"meanwhile", b"later"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE_NAME, "templates.lock"]


def test_a_snapshot_that_cannot_be_written_leaves_the_journal_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    journal = opened(tmp_path)
    journal.append([b"old"])
    (tmp_path / "templates.new").mkdir()
    journal.rewrite([b"snapshot"])
    wait_until_rewritten(journal)
    assert journal.trouble is not None
    assert not journal.wants_rewrite, "it is not tried again at once"
    (tmp_path / "templates.new").rmdir()
    monkeypatch.setattr(journal, "_rewrite_not_before_s", 0.0)
    assert journal.wants_rewrite
    journal.rewrite([b"snapshot"])
    journal.close()
    assert journal.trouble is None
    assert kept(tmp_path) == [b"snapshot"]
    said = [record.message for record in caplog.records]
    assert len([line for line in said if "not kept" in line]) == 1


def test_growth_asks_for_a_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_file, "JOURNAL_GROWTH_BYTES_MAX", 1000)
    journal = opened(tmp_path)
    journal.append([b"x" * 400])
    assert not journal.wants_rewrite
    journal.append([b"x" * 700])
    assert journal.wants_rewrite
    journal.rewrite([b"x"])
    assert not journal.wants_rewrite
    wait_until_rewritten(journal)
    assert not journal.wants_rewrite
    journal.close()


def test_a_journal_that_grows_too_fast_stops_growing_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_file, "JOURNAL_GROWTH_BYTES_MAX", 1000)
    journal = opened(tmp_path)
    for _ in range(100):
        journal.append([b"x" * 500])
    journal.close()
    assert (tmp_path / FILE_NAME).stat().st_size < 6000
    assert journal.trouble is not None
    assert "faster" in journal.trouble


def test_a_full_disk_is_said_once_and_leaves_no_torn_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    journal = opened(tmp_path)
    journal.append([b"before"])
    really_write = os.write

    def write_three_bytes_and_fail(descriptor: int, content: bytes) -> int:
        if len(content) <= 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return really_write(descriptor, content[:3])

    monkeypatch.setattr(os, "write", write_three_bytes_and_fail)
    journal.append([b"lost"])
    journal.append([b"lost too"])
    monkeypatch.undo()
    assert journal.trouble == "[Errno 28] No space left on device"
    assert len([record for record in caplog.records if "not kept" in record.message]) == 1
    assert journal.wants_rewrite, "a snapshot brings back what was lost"
    journal.rewrite([b"before", b"lost", b"lost too"])
    journal.close()
    assert kept(tmp_path) == [b"before", b"lost", b"lost too"]


def test_a_folder_that_cannot_be_made_costs_the_journal_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    journal = opened(tmp_path / "file" / "state")
    journal.append([b"template"])
    journal.rewrite([b"template"])
    assert journal.entries() == []
    assert journal.trouble is not None
    journal.close()


def test_a_second_collector_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_file, "LOCK_WAIT_S", 0.1)
    first = opened(tmp_path)
    second = FileJournal(tmp_path)
    with pytest.raises(NotAllowed, match="another collector"):
        second.open()
    first.close()
    kept(tmp_path)


def test_the_journal_of_a_collector_that_is_just_ending_is_waited_for(tmp_path: Path) -> None:
    first = opened(tmp_path)
    threading.Timer(0.2, first.close).start()
    opened(tmp_path).close()


def test_what_was_appended_reaches_the_disk_without_another_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = threading.Event()
    monkeypatch.setattr(os, "fsync", lambda _: synced.set())
    journal = opened(tmp_path)
    journal.append([b"template"])
    assert synced.wait(5)
    journal.close()
