"""Where no network is left, a message goes by stick or code, and is delivered when its receipt came back."""

from pathlib import Path

import pytest

from tests.cli.test_hotline_messages import REAL_FLASH, World, flood
from tidegate.cli.exits import Exit


@pytest.fixture
def parted(monkeypatch: pytest.MonkeyPatch) -> World:
    """Two who met, and between whom nothing passes any more; Anna has said something."""
    world = World(monkeypatch)
    world.parties.whole = False
    flood(world.anna, *REAL_FLASH, "--yes")
    world.turns()
    return world


def stage(world: World) -> str:
    (message,) = world.anna.json("outbox")
    return str(message["copies"][0]["stage"])


def test_a_message_goes_by_stick_and_its_receipt_comes_back_by_stick(parted: World, tmp_path: Path) -> None:
    there, back = str(tmp_path / "there.tgx"), str(tmp_path / "back.tgx")
    parted.anna.run("export", "bahar", "--file", there, told="1 message.")
    brought = parted.bahar.run("import", there, "--reply", back)
    assert "holds the receipts" in brought
    assert stage(parted) == "queued"
    parted.anna.run("import", back, told="stored by its recipient")
    assert stage(parted) == "stored"
    assert len(parted.bahar.json("inbox", code=Exit.FINDING)) == 1


def test_carrying_it_twice_changes_nothing(parted: World, tmp_path: Path) -> None:
    there = str(tmp_path / "there.eml")
    parted.anna.run("export", "bahar", "--mail", there)
    parted.bahar.run("import", there)
    parted.bahar.run("import", there, "--reply", str(tmp_path / "back.tgx"))
    assert len(parted.bahar.json("inbox", code=Exit.FINDING)) == 1
    parted.anna.run("import", str(tmp_path / "back.tgx"))
    assert stage(parted) == "stored"


MARK = "\u200e"
"""Left to right, which the terminal puts at the beginning of each line, also within a sentence."""


@pytest.mark.parametrize(
    ("language", "waits", "came", "receipt", "back"),
    [
        (
            "ru",
            "1 сообщение.",
            "Сообщение: ",
            "R1: получатель сохранил сообщение",
            "отнесите этот файл обратно",
        ),
        ("fa", "1 پیام.", "پیام: ", "R1: گیرنده آن را ذخیره کرده است", "آن را برگردانید"),
        ("ar", "رسالة واحدة (1).", "رسالة: ", "R1: حفظها المستلم", "أعده إلى المرسل"),
    ],
)
def test_what_is_carried_is_told_in_the_reader_s_language(
    parted: World, tmp_path: Path, language: str, waits: str, came: str, receipt: str, back: str
) -> None:
    spoken = ("--language", language)
    there, reply = str(tmp_path / "there.tgx"), str(tmp_path / "back.tgx")
    assert waits in parted.anna.run("export", "bahar", "--file", there, *spoken)
    brought = parted.bahar.run("import", there, "--reply", reply, *spoken)
    assert came in brought
    assert back in " ".join(brought.replace(MARK, "").split())
    assert receipt in parted.anna.run("import", reply, *spoken)
    parted.anna.json("import", there, code=Exit.FINDING)


def test_codes_are_shown_on_the_screen(parted: World) -> None:
    shown = parted.anna.run("qr", "bahar", told="1 of 1")
    assert "█" in shown


def test_what_cannot_be_carried_or_read_is_told(parted: World, tmp_path: Path) -> None:
    there = str(tmp_path / "there.tgx")
    parted.anna.run("export", "bahar", code=Exit.USAGE, told="say where to")
    parted.anna.run("export", "nobody", "--file", there, code=Exit.USAGE, told="names no peers")
    parted.bahar.run("export", "anna", "--file", there, code=Exit.FINDING, told="Nothing waits for anna")
    Path(there).write_text("not one of ours")
    parted.bahar.run("import", there, code=Exit.FINDING, told="nothing of the hotline in it")
