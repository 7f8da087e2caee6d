"""Every shelf keeps the contract of tidegate.ports.evidence."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hotline.shelves import DictShelf
from tidegate.adapters.hotline.shelf import FolderShelf
from tidegate.ports.evidence import Shelf
from tidegate.ports.outside import OutsideFailed

Open = Callable[[], Shelf]


@pytest.fixture(params=["memory", "folder"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    memory = DictShelf()
    return lambda: memory if request.param == "memory" else FolderShelf(tmp_path / "shelf")


def test_what_was_put_is_there_again_and_nothing_else(opened: Open) -> None:
    shelf = opened()
    assert (shelf.get("a"), shelf.get("b/c"), list(shelf.names("b")), list(shelf.names("a"))) == (
        None,
        None,
        [],
        [],
    )
    shelf.put({"a": b"one", "b/c": b"two", "b/d/e": b"three", "b/b": b""})
    again = opened()
    assert [again.get(name) for name in ("a", "b/c", "b/d/e", "b/b")] == [b"one", b"two", b"three", b""]
    assert list(again.names("b")) == ["b", "c"]
    assert (list(again.folders("b")), list(again.folders("b/d")), list(again.folders("a"))) == (["d"], [], [])
    assert again.get("a/b") is None, "a file is no folder"


def test_a_newer_file_takes_the_place_of_the_older(opened: Open) -> None:
    shelf = opened()
    shelf.put({"a": b"a longer one"})
    shelf.put({"a": b"new"})
    assert shelf.get("a") == b"new"


def test_what_is_dropped_is_gone_and_dropping_again_is_nothing(opened: Open) -> None:
    shelf = opened()
    shelf.put({"a/b": b"one", "a/c": b"two"})
    shelf.drop(["a/b", "a/b", "nowhere"])
    assert list(shelf.names("a")) == ["c"]
    assert shelf.get("a/b") is None


def test_a_file_that_a_crash_left_half_written_is_never_seen(tmp_path: Path) -> None:
    shelf = FolderShelf(tmp_path)
    shelf.put({"a/b": b"whole"})
    (tmp_path / "a" / "b.new").write_bytes(b"ha")
    assert list(shelf.names("a")) == ["b"]
    assert shelf.get("a/b") == b"whole"
    shelf.put({"a/b": b"newer"})
    assert shelf.get("a/b") == b"newer"


def test_a_disk_that_fails_is_told_and_leaves_what_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = FolderShelf(tmp_path)
    shelf.put({"a": b"old"})

    def fails(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fails)
        with pytest.raises(OutsideFailed, match="No space left"):
            shelf.put({"a": b"new"})
    assert shelf.get("a") == b"old"
    shelf.put({"a": b"new"})
    assert shelf.get("a") == b"new"
