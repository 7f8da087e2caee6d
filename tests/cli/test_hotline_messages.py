"""Two officers at two terminals: what they are shown, what they sign, and what their stations make of it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from tests.hotline.stand_ins import StandInPair
from tests.hotline.test_two_stations import Party, TwoParties
from tidegate.__main__ import PARTS
from tidegate.app.hotline.desk import HotlineDesk
from tidegate.cli.door import front
from tidegate.cli.exits import Exit, tell
from tidegate.hotline.values import time_value
from tidegate.model.refusals import NotAllowed
from tidegate.ports.control import Reply, Request
from tidegate.ports.hotline_control import Compose

FLOOD = ("incident=XA-1", "incident-stage=initial", "kind=flood", "status=ongoing", "severity=critical")
SURE = ("confidence=confirmed", "prefix=192.0.2.0/24", "seen-from-network=AS64500")


class DeskLine:
    """The control socket of a station, without the socket."""

    def __init__(self, party: Party) -> None:
        self._desk = HotlineDesk(party.needs, party.station, 0)

    def ask(self, request: Request) -> Reply:
        reply = self._desk.answer(request, "an officer")
        assert reply is not None
        return reply


class KeyRing:
    """Officers' keys by the name of their file (tidegate.ports.hotline_identity.PairFiles)."""

    def __init__(self, keys: Mapping[str, StandInPair]) -> None:
        self._keys = keys

    def open(self, path: Path, passphrase: object, pin: object) -> StandInPair:
        if path.name not in self._keys:
            raise NotAllowed("no such key")
        return self._keys[path.name]


class Terminal:
    """One officer's terminal; `typed` is what stands on the keyboard's line, None where nobody sits there."""

    def __init__(self, party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
        self.party = party
        self.room = "hotline"
        self._patch = monkeypatch

    def run(self, *arguments: str, code: Exit = Exit.FINE, typed: str | None = None, told: str = "") -> str:
        parts = replace(
            PARTS,
            environ={"LANG": "en_GB.UTF-8", "TIDEGATE_STATE": "."},
            clock=lambda: self.party.world.clock,
            control_line=lambda _: DeskLine(self.party),
            pair_files=lambda: KeyRing(self.party.own.officers),  # type: ignore[arg-type, return-value]
        )
        with self._patch.context() as patched:
            patched.setattr(
                "click.testing._NamedTextIOWrapper.isatty", lambda _: typed is not None, raising=False
            )
            patched.setattr("tidegate.cli.hotline.paper.turns_text", lambda _: True)
            result: Result = CliRunner().invoke(
                front, [self.room, *arguments], obj=parts, input=typed, standalone_mode=False
            )
        ended = Exit.FINE if result.exception is None else tell(result.exception, debug=False)
        assert ended == code, (ended, result.output, result.exception)
        assert told in f"{result.output} {result.exception}", result.output
        return result.output

    def json(self, *arguments: str, code: Exit = Exit.FINE) -> list[Any]:
        return [json.loads(line) for line in self.run(*arguments, "--json", code=code).splitlines()]


class World:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.parties = TwoParties()
        self.anna = Terminal(self.parties.anna, monkeypatch)
        self.bahar = Terminal(self.parties.bahar, monkeypatch)
        self.turns()

    def turns(self) -> None:
        self.parties.turns()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def fields(*told: str) -> list[str]:
    return [part for field in told for part in ("--field", field)]


def flood(terminal: Terminal, *more: str, **how: Any) -> str:
    arguments = ("send", "incident", "--to", "bahar", *fields(*FLOOD, *SURE), "--key", "desk one", *more)
    return terminal.run(*arguments, **how)


REAL_FLASH = ("--mark", "REAL", "--precedence", "FLASH")


def test_an_incident_is_sent_read_in_persian_receipted_and_answered(world: World) -> None:
    sent = flood(
        world.anna, *REAL_FLASH, "--remarks", "Атака продолжается.", "--remarks-language", "ru", "--yes"
    )
    assert "1\u2069  \u2068bahar" in sent, "the recipient stands plainly in a line of its own"
    assert "delivered only when a receipt has come" in sent
    world.turns()
    listed = world.bahar.run("inbox", "--language", "fa", code=Exit.FINDING)
    assert "REAL FLASH" in listed
    assert "اعلان رخداد" in listed
    (message,) = world.bahar.json("inbox", code=Exit.FINDING)
    named = message["about"]["message"][:12]
    read = world.bahar.run("read", named, "--language", "fa")
    assert "سیل ترافیک (منع خدمت)" in read
    assert "Атака продолжается." in read
    assert "--key" in read, "it is said that the sender was not told"
    assert "Opened by an officer" not in world.anna.run("outbox")

    world.bahar.run("read", named, "--key", "desk one", told="receipt is signed")
    world.turns()
    assert "Opened by an officer" in world.anna.run("outbox")
    world.bahar.run(
        "reply", named, "--key", "desk one", *fields("purpose=thanks"), "--remarks", "سپاس", "--yes"
    )
    world.turns()
    assert "Дан ответ" in world.anna.run("outbox", "--language", "ru")
    newest = world.anna.json("inbox", code=Exit.FINDING)[0]["about"]
    assert (newest["form"], newest["mark"], newest["precedence"]) == ("free-text", "REAL", "FLASH")


def test_nothing_is_delivered_before_a_receipt_has_come(world: World) -> None:
    world.parties.whole = False
    flood(world.anna, *REAL_FLASH, "--yes")
    world.turns()
    assert "On its way, not delivered" in world.anna.run("outbox")


@pytest.mark.parametrize("typed", ["", "y\n", "REAL\n", "DRILL FLASH\n", "REAL ROUTINE\n", "real flash\n"])
def test_nothing_is_signed_unless_mark_and_precedence_are_typed(world: World, typed: str) -> None:
    answered = f"\n{typed}" if typed else "\n\n"  # no further field, then the question
    told = flood(world.anna, *REAL_FLASH, "--remarks", "x", typed=answered, code=Exit.NOT_APPROVED)
    assert "Nothing was signed" in told
    assert world.anna.json("outbox") == []


def test_what_is_typed_is_signed(world: World) -> None:
    flood(world.anna, *REAL_FLASH, "--remarks", "x", typed="\nREAL FLASH\n")
    world.turns()
    assert len(world.bahar.json("inbox", code=Exit.FINDING)) == 1


def test_a_form_is_filled_in_by_number_in_ones_own_language(world: World) -> None:
    """Mark, precedence, the one field that must be there, no more fields, remarks, and the words."""
    typed = "2\n4\n2\n\nПроверка.\nвторая строка\n.\nDRILL ROUTINE\n"
    told = world.anna.run(
        "send", "free-text", "--to", "bahar", "--key", "desk one", "--language", "ru", typed=typed
    )
    assert "Учебное, не реальное сообщение" in told
    world.turns()
    (message,) = world.bahar.json("inbox", code=Exit.FINDING)
    assert message["about"]["mark"] == "DRILL"
    (read,) = world.bahar.json("read", message["about"]["message"])
    assert read["content"]["remarks"] == "Проверка.\nвторая строка"
    assert read["content"]["fields"] == [{"name": "purpose", "values": ["information"]}]


def test_further_fields_keep_their_numbers_while_others_are_filled_in(world: World) -> None:
    needed = ("incident=1", "incident-stage=initial", "kind=flood", "status=ongoing", "severity=serious")
    typed = "3\n192.0.2.0/24\n3\n9\n4200000000\n\n.\nREAL FLASH\n"
    world.anna.run(
        *("send", "incident", "--to", "bahar", "--key", "desk one", *REAL_FLASH),
        *(*fields(*needed), *fields("confidence=probable")),
        typed=typed,
        told="Value:",
    )
    (sent,) = world.anna.json("outbox")
    (read,) = world.anna.json("read", sent["about"]["message"])
    chosen = {one["name"]: one["values"] for one in read["content"]["fields"]}
    assert (chosen["prefix"], chosen["peak-bps"]) == (["192.0.2.0/24"], ["4200000000"])


def test_a_drill_is_answered_as_a_drill(world: World) -> None:
    world.anna.run(
        *("send", "free-text", "--to", "bahar", "--key", "desk one", "--mark", "DRILL", "--yes"),
        *("--precedence", "FLASH", *fields("purpose=information"), "--remarks", "x"),
    )
    world.turns()
    (message,) = world.bahar.json("inbox", code=Exit.FINDING)
    told = world.bahar.run(
        *("reply", message["about"]["message"], "--key", "desk one", "--yes"),
        *(*fields("purpose=thanks"), "--remarks", "x"),
    )
    assert all(line.lstrip("\u200e\u2066").startswith("DRILL") for line in told.splitlines()[:8])


def test_what_a_form_refuses_is_told_in_ones_own_language_and_nothing_is_composed(world: World) -> None:
    arguments = ("send", "incident", "--to", "bahar", "--key", "desk one", *REAL_FLASH, "--yes")
    world.anna.run(
        *arguments,
        *fields("kind=ddos"),
        "--language",
        "ru",
        code=Exit.USAGE,
        told="не входит в перечень кодов",
    )
    assert world.anna.json("outbox") == []


def test_recipients_are_never_guessed(world: World) -> None:
    flood_to = ("send", "incident", "--key", "desk one", *REAL_FLASH, "--yes", "--to")
    world.anna.run(*flood_to, "Bahar", code=Exit.USAGE, told="name it by its digits")
    world.anna.run(*flood_to, "bahr", code=Exit.USAGE, told='did you mean "bahar"?')
    world.anna.run(*flood_to, "anna", code=Exit.USAGE, told="no organisation called")


def test_mark_and_precedence_have_no_default(world: World) -> None:
    flood(world.anna, "--precedence", "FLASH", "--yes", code=Exit.USAGE, told="give --mark")
    flood(world.anna, "--mark", "REAL", "--yes", code=Exit.USAGE, told="give --precedence")


def test_where_nobody_can_be_asked_nothing_is_signed(world: World) -> None:
    flood(world.anna, *REAL_FLASH, code=Exit.USAGE, told="give --yes")
    flood(world.anna, *REAL_FLASH, "--json", code=Exit.USAGE, told="give --yes")


def test_a_strangers_key_signs_nothing(world: World) -> None:
    strange = world.anna.party.own.officers
    strange["stranger"] = StandInPair("somebody else")
    arguments = ("send", "incident", "--to", "bahar", *fields(*FLOOD, *SURE), *REAL_FLASH, "--yes")
    world.anna.run(*arguments, "--key", "stranger", code=Exit.NOT_APPROVED, told="not the key of an officer")
    world.anna.run(*arguments, code=Exit.USAGE, told="an officer signs what is said")


def test_what_seniors_say_waits_for_the_second_signature(world: World) -> None:
    pledge = fields("declaration=pledge", "act=made", "pledge=no-first-strike")
    told = world.anna.run(
        *("send", "declaration", "--to", "bahar", "--mark", "REAL", "--precedence", "ROUTINE", "--yes"),
        *(*pledge, "--key", "senior one"),
    )
    assert "Still lacking" in told
    world.turns()
    assert world.bahar.json("inbox") == []
    (message,) = world.anna.json("outbox")
    named = message["about"]["message"][:16]
    world.anna.run("sign", named, "--key", "desk one", "--yes", code=Exit.USAGE, told="")
    world.anna.run("sign", named, "--key", "senior two", typed="REAL ROUTINE\n", told="on its way")
    world.turns()
    (came,) = world.bahar.json("inbox", code=Exit.FINDING)
    assert came["officers"] == ["senior one", "senior two"]


def test_a_message_is_recalled_only_from_whoever_has_it_not(world: World) -> None:
    world.parties.whole = False
    flood(world.anna, *REAL_FLASH, "--yes")
    (message,) = world.anna.json("outbox")
    assert "None" in world.anna.run("recall", message["about"]["message"][:12], "--why", "a mistake")
    assert "Recalled" in world.anna.run("outbox")


def test_a_drill_comes_in_every_script_and_the_board_counts_it(world: World) -> None:
    (sent,) = world.anna.json("drill", "--human")
    world.turns()
    (came,) = world.bahar.json("inbox", code=Exit.FINDING)
    world.anna.run("drill")
    world.turns()
    assert len(world.bahar.json("inbox", code=Exit.FINDING)) == 2
    assert came["about"]["message"] == sent["message"]
    assert came["about"]["mark"] == "DRILL"
    board = world.anna.run("status", "--language", "tr")
    assert "Makine yanıtları: \u20662/2\u2069" in board
    (shown,) = world.anna.json("status")
    assert [peer["name"] for peer in shown["peers"]] == ["bahar"]


def test_a_check_that_asks_machines_alone_waits_for_nobody(world: World) -> None:
    world.anna.run("drill", "--to", "bahar")
    world.turns()
    assert len(world.bahar.json("inbox")) == 1


def test_an_attachment_travels_is_told_and_is_never_written_over(world: World, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("flow counts follow")
    archive = tmp_path / "note.zip"
    archive.write_bytes(b"PK\x03\x04" + bytes(40))
    flood(world.anna, *REAL_FLASH, "--yes", "--attach", str(archive), code=Exit.USAGE, told="this is none")
    flood(world.anna, *REAL_FLASH, "--yes", "--attach", str(note))
    world.turns()
    (message,) = world.bahar.json("inbox", code=Exit.FINDING)
    named = message["about"]["message"]
    folder = tmp_path / "saved"
    assert "flow counts follow" in world.bahar.run("read", named, "--save", str(folder))
    assert (folder / "note.txt").read_text() == "flow counts follow"
    world.bahar.run("read", named, "--save", str(folder), code=Exit.OUTSIDE)


def test_an_incident_is_exported_as_stix(world: World, tmp_path: Path) -> None:
    flood(world.anna, *REAL_FLASH, "--yes")
    world.turns()
    (message,) = world.bahar.json("inbox", code=Exit.FINDING)
    bundle = tmp_path / "flood.json"
    world.bahar.run("read", message["about"]["message"], "--stix", str(bundle))
    assert json.loads(bundle.read_text())["type"] == "bundle"


def test_a_node_that_shows_other_bytes_is_not_trusted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It composes a drill where the officer was shown a real message: nothing is signed."""
    honest = DeskLine.ask

    def deceive(line: DeskLine, request: Request) -> Reply:
        if isinstance(request, Compose):
            request = Compose(msgspec.structs.replace(request.draft, mark="DRILL"))
        return honest(line, request)

    monkeypatch.setattr(DeskLine, "ask", deceive)
    flood(world.anna, *REAL_FLASH, "--yes", code=Exit.OUTSIDE, told="composed another message")
    monkeypatch.setattr(DeskLine, "ask", honest)
    (message,) = world.anna.json("outbox")
    assert message["signed"] == []


def test_a_receipt_says_when_it_was_opened(world: World) -> None:
    flood(world.anna, *REAL_FLASH, "--yes")
    world.turns()
    (message,) = world.bahar.json("inbox", code=Exit.FINDING)
    world.bahar.run("read", message["about"]["message"], "--key", "desk two", "--receipt", "understood")
    opened_s = world.parties.clock.now_ms() // 1000
    world.turns()
    (receipt,) = world.anna.json("inbox")
    (read,) = world.anna.json("read", receipt["about"]["message"])
    assert read["content"]["fields"] == [
        {"name": "receipt", "values": ["understood"]},
        {"name": "opened-at", "values": [time_value(opened_s)]},
    ]
