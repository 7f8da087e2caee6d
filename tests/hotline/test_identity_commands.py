"""Two organisations in two folders, by the commands alone: founding, officers, ceremony, rotation, theft."""

import json
import re
import sqlite3
import traceback
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.hotline.people import DAY_S, NOW_S
from tidegate.__main__ import PARTS
from tidegate.adapters.hotline import locked
from tidegate.adapters.hotline.station_folder import FileStationFolder
from tidegate.app.hotline.founding import own_card, times_of_keys
from tidegate.cli.door import front
from tidegate.cli.exits import Exit, tell
from tidegate.hotline.cards import believe_but_for_time
from tidegate.hotline.sealing import key_to_seal_to
from tidegate.model.organisations import Card, EncryptionKey


class SetClock:
    def __init__(self) -> None:
        self.s = NOW_S

    def now_ms(self) -> int:
        return self.s * 1000


class Side:
    """One organisation's folder, and whoever types there."""

    def __init__(self, path: Path, clock: SetClock) -> None:
        path.mkdir()
        self.path, self.state = path, path / "state"
        for name in ("root", "station", "officer", "back-up"):
            file = path / f"{name}.pass"
            file.write_text(f"the passphrase of {name} in {path.name}\n")
            file.chmod(0o600)
        environ = {
            "TIDEGATE_STATE": str(self.state),
            "TIDEGATE_ROOT_PASSPHRASE_FILE": str(path / "root.pass"),
            "TIDEGATE_STATION_PASSPHRASE_FILE": str(path / "station.pass"),
            "TIDEGATE_PASSPHRASE_FILE": str(path / "officer.pass"),
            "TIDEGATE_BACKUP_PASSPHRASE_FILE": str(path / "back-up.pass"),
        }
        self.parts = replace(PARTS, environ=environ, clock=lambda: clock)

    def types(self, line: str, code: Exit = Exit.FINE, typed: str = "") -> str:
        """What the command says. "@" names a file of this side, "_" in a word is a space."""
        spaced = [one if "/" in one else one.replace("_", " ") for one in line.split(" ")]
        arguments = [one.replace("@", f"{self.path}/") for one in spaced]
        ended = CliRunner().invoke(
            front, ["hotline", *arguments], obj=self.parts, input=typed, standalone_mode=False
        )
        got = Exit.FINE if ended.exception is None else tell(ended.exception, debug=False)
        said = ended.output + str(ended.exception or "")
        where = "".join(traceback.format_exception(ended.exception)) if ended.exception else ""
        assert got == code, f"{line}: {said}\n{where}"
        return said

    def found(self, name: str, country: str) -> None:
        self.types(f"init {name} --country {country} --root @root.key")
        for officer, level in (("anna", "desk"), ("bo", "senior"), ("cara", "senior")):
            self.types(f"officer key @{officer}.key")
            self.types(f"officer add {officer} --level {level} --key @{officer}.key.pub")
        self.types("card sign --root @root.key")

    @property
    def folder(self) -> FileStationFolder:
        return FileStationFolder(self.state / "hotline")

    @property
    def card(self) -> Card:
        return own_card(self.folder)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    monkeypatch.setattr(locked, "MEMORY_KIB", 64)
    return SetClock()


@pytest.fixture
def sides(tmp_path: Path, clock: SetClock) -> tuple[Side, Side]:
    xa, xb = Side(tmp_path / "xa", clock), Side(tmp_path / "xb", clock)
    xa.found("XA-CERT", "XA")
    xb.found("XB-CERT", "XB")
    return xa, xb


def meet(one: Side, other: Side) -> str:
    """Over the telephone; the number that one side saw."""
    other.types("card export @own.card")
    said = one.types(f"meet {other.path}/own.card --officer anna --how I_know_her_voice", typed="same\n")
    return "".join(re.findall(r"\b\d{5}\b", said.partition("Read it to each other:")[2]))


def test_two_organisations_found_themselves_and_meet(sides: tuple[Side, Side]) -> None:
    xa, xb = sides
    assert (xa.card.version, len(xa.card.officers)) == (2, 3)
    number = meet(xa, xb)
    assert len(number) == 60
    assert number == meet(xb, xa)
    assert "XB-CERT" in xa.types("peers")
    assert "I know her voice" in xa.types("peers")
    (told,) = map(json.loads, xb.types("peers --json").splitlines())
    assert (told["name"], told["card"], told["days_left"]) == ("XA-CERT", 2, 120)
    assert "XB-CERT (XB), card 2" in xa.types("card show xb-cert")
    assert json.loads(xa.types("card show --json"))["version"] == 2


def test_nothing_is_met_where_the_numbers_differ(sides: tuple[Side, Side]) -> None:
    xa, xb = sides
    xb.types("card export @own.card")
    line = f"meet {xb.path}/own.card --officer anna --how by_telephone"
    assert "Not met" in xa.types(line, Exit.FINDING, typed="yes, nearly\n")
    assert "Not met" in xa.types(f"{line} --number {'1' * 60}", Exit.FINDING)
    assert "60 digits" in xa.types(f"{line} --number 123", Exit.USAGE)
    assert "does not ask" in xa.types(f"{line} --json", Exit.USAGE)
    assert "Nobody was met" in xa.types("peers")
    assert "no officer on our card" in xa.types(line.replace("anna", "eve"), Exit.USAGE)
    assert "our own" in xb.types(f"meet {xb.path}/own.card --officer anna --how x", Exit.USAGE)
    assert "no card" in xa.types(f"meet {xb.path}/anna.key.pub --officer anna --how x", Exit.USAGE)


def test_a_ceremony_on_paper_compares_what_was_written(sides: tuple[Side, Side]) -> None:
    xa, xb = sides
    number = meet(xb, xa)
    written = "_".join(re.findall(r"\d{5}", number))
    xb.types("card export @own.card")
    said = xa.types(f"meet {xb.path}/own.card --officer bo --how on_paper --number {written} --json")
    assert json.loads(said)["number"] == number


def test_names_that_can_be_mistaken_are_pointed_out_at_the_ceremony_and_when_a_card_is_taken(
    tmp_path: Path, clock: SetClock
) -> None:
    xa, xb, qm = (Side(tmp_path / name, clock) for name in ("xa", "xb", "qm"))
    for side, name, country in ((xa, "XA-CERT", "XA"), (xb, "OPEN-CERT", "XB"), (qm, "QM-CERT", "QM")):
        side.found(name, country)
    meet(xa, xb)
    meet(xa, qm)
    xb.types("card export @own.card")
    asked = f"meet {xb.path}/own.card --officer anna --how by_telephone"
    assert "Look twice" not in xa.types(asked, typed="same\n")
    assert json.loads(xa.types(f"{asked} --json --number {meet(xb, xa)}"))["alike"] == []
    qm.types("card set --name ОРЕN-CERT")  # its first letters are Cyrillic
    qm.types("card sign --root @root.key")
    qm.types("card export @new.card")
    taken = xa.types(f"card take {qm.path}/new.card")
    assert '"ОРЕN-CERT" can be mistaken for "OPEN-CERT" (XB' in taken
    said = xa.types(f"meet {qm.path}/new.card --officer anna --how by_telephone", typed="same\n")
    assert 'Look twice: "ОРЕN-CERT" can be mistaken for "OPEN-CERT"' in said


def test_trust_ends_with_a_word(sides: tuple[Side, Side]) -> None:
    xa, xb = sides
    meet(xa, xb)
    assert "no officer on our card" in xa.types("leave XB-CERT --officer eve --why x", Exit.USAGE)
    assert "never met" in xa.types("leave QM-CERT --officer bo --why x", Exit.USAGE)
    assert "is left" in xa.types(f"leave {xb.card.organisation[:8]} --officer bo --why the_pact_ended")
    assert "Nobody was met" in xa.types("peers")
    (leaving,) = xa.folder.leavings()
    assert (leaving.officer, leaving.why) == ("bo", "the pact ended")


def test_a_revoked_officer_is_gone_wherever_the_new_card_comes(sides: tuple[Side, Side]) -> None:
    xa, xb = sides
    meet(xb, xa)
    assert "cannot be signed yet" in xa.types("revoke bo")
    assert "the card names 1" in xa.types("card sign --root @root.key", Exit.USAGE)
    assert xa.card.version == 2
    xa.types("officer key @dan.key")
    xa.types("officer add dan --level senior --key @dan.key.pub")
    assert "bo (senior) is revoked." in xa.types("card sign --root @root.key")
    xa.types("card export @new.card")
    said = xb.types(f"card take {xa.path}/new.card")
    assert "bo (senior) is revoked." in said
    assert "dan is an officer" in said
    assert "stale" in xb.types(f"card take {xa.path}/own.card", Exit.USAGE)


def test_the_card_is_signed_where_the_root_is(sides: tuple[Side, Side], tmp_path: Path) -> None:
    xa, xb = sides
    xa.types("card set --endpoint https://198.51.100.7:8443 --watch desk:0-168 --language fa --language en")
    xa.types("card draft @next")
    assert "another root" in xb.types(f"card sign --root @root.key {xa.path}/next", Exit.USAGE)
    assert not (xa.path / "next.signed").exists()
    xa.types("card sign --root @root.key @next", Exit.INTERRUPTED, typed="n\n")
    assert "https://198.51.100.7:8443" in xa.types("card sign --root @root.key @next", typed="y\n")
    said = xa.types("card take @next.signed")
    assert "Languages: fa, en (before: en)." in said
    assert xa.card.endpoints[0].port == 8443
    assert "no next card" in xa.types("card sign --root @root.key @anna.key.pub", Exit.USAGE)


def test_keys_are_rotated_before_they_end_and_old_ones_open_what_is_on_its_way(
    sides: tuple[Side, Side], clock: SetClock
) -> None:
    xa, xb = sides
    meet(xb, xa)
    first = xa.card
    clock.s = NOW_S + 95 * DAY_S
    warned = xa.types("card show")
    assert "ends in 25 days. Bring the root" in warned
    assert "Card 2 of XA-CERT ends in 25 days" in xb.types("peers")
    said = xa.types("rotate --root @root.key")
    assert "new encryption keys" in said
    assert "ends in" not in xa.types("card show").replace("ends         ", "")
    second = xa.card
    assert second.encryption[0] == first.encryption[3]
    assert key_to_seal_to(second, clock.s) == first.encryption[3]
    keys = xa.folder.unlock("the passphrase of station in xa")
    assert {one.key_id for one in (*first.encryption, *second.encryption)} == set(keys.key_ids())
    keys.forget_ended(clock.s)
    assert first.encryption[0].key_id not in keys.key_ids()


def test_nothing_is_done_with_a_card_that_has_ended_until_there_is_a_new_one(
    sides: tuple[Side, Side], clock: SetClock
) -> None:
    xa, xb = sides
    meet(xb, xa)
    clock.s = NOW_S + 130 * DAY_S
    assert "Card 2 of XA-CERT has ended" in xb.types("peers")
    assert "has ended" in xb.types(f"card take {xa.path}/own.card", Exit.USAGE)
    assert "(it has ended)" in xa.types("card show")
    xa.types("rotate --root @root.key")
    xa.types("card export @new.card")
    assert "Card 3 of XA-CERT is in use" in xb.types(f"card take {xa.path}/new.card")


def test_after_a_theft_of_the_node_every_key_on_it_is_another(sides: tuple[Side, Side]) -> None:
    xa, xb = sides
    meet(xb, xa)
    before = xa.card
    assert "bring the root" in xa.types("rotate --station", Exit.USAGE)
    said = xa.types("rotate --station --root @root.key")
    assert "The station has another key." in said
    after = xa.card
    assert not {one.key_id for one in before.encryption} & {one.key_id for one in after.encryption}
    assert after.certificates != before.certificates
    keys = xa.folder.unlock("the passphrase of station in xa")
    assert keys.station.public_pair() == after.station
    xa.types("card export @new.card")
    assert "The TLS certificates are others." in xb.types(f"card take {xa.path}/new.card")


def test_a_new_root_keeps_the_identity_and_the_old_one_signs_no_more(sides: tuple[Side, Side]) -> None:
    xa, xb = sides
    meet(xb, xa)
    identity = xa.card.organisation
    said = xa.types("rotate --root @root.key --new-root @second.key")
    assert "The root key is another one" in said
    assert "another root" in xa.types("card sign --root @root.key", Exit.USAGE)
    xa.types("card set --language az")
    xa.types("card sign --root @second.key")
    assert xa.card.organisation == identity
    xa.types("rotate --root @second.key --new-root @third.key")
    xa.types("card export @new.card")
    said = xb.types(f"card take {xa.path}/new.card")
    assert "The root key is another one" in said
    assert len(believe_but_for_time(xb.folder.meetings()[0].signed_card).former_roots) == 2


@pytest.mark.parametrize(
    "line, why",
    [
        ("init Again --country XA --root @other.key", "was founded"),
        ("officer add anna --level desk --key @bo.key.pub", "is on the card"),
        ("officer add eve --level desk --key @root.pass", "no key of the hotline"),
        ("officer key @anna.key", "never written over"),
        ("officer key @eve.key --token xa", "belong together"),
        ("revoke eve", "no officer eve"),
        ("card set", "say what to change"),
        ("card set --endpoint 198.51.100.7", "no endpoint"),
        ("card set --endpoint ftp://198.51.100.7:21", "https and udp"),
        ("card set --endpoint https://u:p@198.51.100.7:21/x", "no endpoint"),
        ("card set --watch desk", "no watch"),
        ("card set --relay QM-CERT", "never met"),
        ("card show QM-CERT", "never met"),
        ("card sign --root @anna.key", "another root"),
        ("peers --state @nowhere --json", ""),
    ],
)
def test_what_a_rule_forbids_is_told_and_changes_nothing(
    tmp_path: Path, clock: SetClock, line: str, why: str
) -> None:
    xa = Side(tmp_path / "xa", clock)
    xa.found("XA-CERT", "XA")
    before = xa.folder.own_card(), xa.folder.draft()
    said = xa.types(line, Exit.USAGE if why else Exit.FINE)
    assert why in said
    assert (xa.folder.own_card(), xa.folder.draft()) == before


def test_commands_without_an_organisation_say_what_to_run(tmp_path: Path, clock: SetClock) -> None:
    nobody = Side(tmp_path / "nobody", clock)
    for line in ("card show", "officer list", "card export @x", "rotate", "backup @x"):
        assert "tidegate hotline init" in nobody.types(line, Exit.USAGE)


def test_a_card_that_would_not_be_believed_is_never_founded(tmp_path: Path, clock: SetClock) -> None:
    xa = Side(tmp_path / "xa", clock)
    assert "two capital letters" in xa.types("init XA --country XAB --root @root.key", Exit.USAGE)
    assert not xa.state.exists()
    assert not (xa.path / "root.key").exists()


# A back-up, and the way back.


def test_a_node_is_back_at_a_second_place(sides: tuple[Side, Side], tmp_path: Path, clock: SetClock) -> None:
    xa, xb = sides
    meet(xa, xb)
    (xa.state / "hotline" / "mark.json").write_text("how far this node had come, never part of a back-up")
    with closing(sqlite3.connect(xa.state / "ledger.sqlite")) as database:
        # A node that runs: its last rows are in the log beside the file.
        database.executescript(
            "PRAGMA journal_mode=WAL; CREATE TABLE facts (number); INSERT INTO facts VALUES (7)"
        )
        database.commit()
        assert "holds 6 files" in xa.types("backup @xa.tgb")
    assert b"XB-CERT" not in (xa.path / "xa.tgb").read_bytes()
    second = Side(tmp_path / "second", clock)
    (second.path / "back-up.pass").write_text("the passphrase of back-up in xa\n")
    assert "XA-CERT, card 2, is back" in second.types(f"restore {xa.path}/xa.tgb")
    assert second.card == xa.card
    assert "XB-CERT" in second.types("peers")
    keys = second.folder.unlock("the passphrase of station in xa")
    assert keys.station.public_pair() == xa.card.station
    with closing(sqlite3.connect(second.state / "ledger.sqlite")) as database:
        assert database.execute("SELECT number FROM facts").fetchall() == [(7,)]
    assert "mark.json" not in [path.name for path in second.state.rglob("*")], "so a new epoch begins"
    assert "exists" in second.types(f"restore {xa.path}/xa.tgb", Exit.USAGE)
    assert "never written over" in xa.types("backup @xa.tgb", Exit.USAGE)


def test_a_back_up_opens_whole_or_not_at_all(
    sides: tuple[Side, Side], tmp_path: Path, clock: SetClock
) -> None:
    xa, _ = sides
    xa.types("backup @xa.tgb")
    whole = (xa.path / "xa.tgb").read_bytes()
    second = Side(tmp_path / "second", clock)
    assert "wrong passphrase" in second.types(f"restore {xa.path}/xa.tgb", Exit.USAGE)
    (second.path / "back-up.pass").write_text("the passphrase of back-up in xa\n")
    for wrong, why in (
        (whole[:-1], "cut off, changed or damaged"),
        (whole[:2000], "cut off, changed or damaged"),
        (whole + b"x", "cut off, changed or damaged"),
        (whole[:3000] + bytes([whole[3000] ^ 1]) + whole[3001:], "cut off, changed or damaged"),
        (b"x" + whole[1:], "no back-up"),
        (whole[:6], "no back-up"),
        (b"", "no back-up"),
    ):
        (xa.path / "wrong.tgb").write_bytes(wrong)
        assert why in second.types(f"restore {xa.path}/wrong.tgb", Exit.USAGE)
        assert not list(second.state.rglob("*")), "nothing is left of it"


# Times of keys.


@pytest.mark.parametrize("after_days", [0, 1, 29, 30, 31, 59, 60, 89, 90, 119, 120, 149, 150, 200, 1000])
def test_there_is_always_a_key_to_seal_to_and_three_to_come(after_days: int) -> None:
    from tidegate.app.hotline.founding import keys_still_sealed_to

    def made(times: list[tuple[int, int]]) -> list[EncryptionKey]:
        return [EncryptionKey(str(begin), "TG1", b"", begin, until) for begin, until in times]

    first = made(times_of_keys((), NOW_S))
    now_s = NOW_S + after_days * DAY_S
    kept = keys_still_sealed_to(first, now_s)
    keys = [*kept, *made(times_of_keys(kept, now_s))]
    assert len(keys) == 4
    for day in range(150):
        begun = [key for key in keys if key.from_s <= now_s + day * DAY_S < key.until_s]
        assert begun or day >= 119, f"a key counts on day {day}"
    assert all(key.until_s - key.from_s == 60 * DAY_S for key in keys)
