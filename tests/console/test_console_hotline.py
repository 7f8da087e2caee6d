"""The Hotline screen's values: who reads which message, both languages of it, receipts, drafts, clocks."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from tests.console_world import Watched
from tests.hotline import parties
from tests.plan_world import quick_border
from tidegate.adapters.hotline.shelf import FolderShelf
from tidegate.app.console import gathering
from tidegate.app.console import hotline_gathering as hotline
from tidegate.app.console.access import OFFICERS, Role, Viewer
from tidegate.app.console.gathering import NoSuchThing, Sources
from tidegate.app.console.letters import may_read
from tidegate.app.console.witnesses import witnesses_view
from tidegate.hotline.directions import PDI
from tidegate.model.labels import LANGUAGES, Language
from tidegate.model.messages import Tlp
from tidegate.model.organisations import LEVELS, Level
from tidegate.model.refusals import NotAllowed
from tidegate.model.value_bytes import bytes_of
from tidegate.ports.outside import OutsideFailed

DESK, CENTRE, SENIOR = (Viewer(f"pari-{level}", Role(level)) for level in LEVELS)
READER, WALL = Viewer("script", Role.READER), Viewer("wall", Role.WALL)
HOUR_MS = 3_600_000


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    quick_border(monkeypatch)
    made = Watched(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def sources(world: Watched) -> Sources:
    return world.serving().sources


def naive_may_read(role: Role, level: Level, tlp: Tlp, told: Level | None) -> bool:
    """The rules as a table that a person would write."""
    reads: dict[Role, list[str]] = {
        Role.WALL: [],
        Role.READER: ["desk"] if tlp in ("TLP:CLEAR", "TLP:GREEN", "TLP:AMBER") else [],
        Role.DESK: ["desk"],
        Role.CENTRE: ["desk", "centre"],
        Role.SENIOR: ["desk", "centre", "senior"],
    }
    if tlp == "TLP:RED" and role in OFFICERS:
        climbed = ["desk", "centre", "senior"]
        first = climbed.index(level)
        last = max(first, climbed.index(told) if told else 0)
        return role.value in climbed[first : last + 1]
    return level in reads[role]


def test_who_reads_which_message_by_its_level_and_its_marking() -> None:
    for role in Role:
        for level in LEVELS:
            for tlp in get_args(Tlp):
                for told in (None, *LEVELS):
                    expected = naive_may_read(role, level, tlp, told)
                    assert may_read(Viewer("x", role), level, tlp, told) == expected, (role, level, tlp, told)


def test_where_no_hotline_is_founded_the_screen_says_so_and_the_situation_nothing(
    world: Watched, sources: Sources
) -> None:
    world.letters.founded = False
    view = hotline.hotline_view(sources, DESK)
    assert (view.founded, view.node.answers, view.peers) == (False, True, ())
    assert gathering.situation_at(sources, gathering.moment(sources, 0), DESK, "").hotline is None
    with pytest.raises(NoSuchThing, match="tidegate hotline init"):
        hotline.inbox_page(sources, DESK, None)


def test_a_node_that_does_not_answer_or_serves_no_hotline_is_told_in_its_own_words(
    world: Watched, sources: Sources
) -> None:
    for broken, why in (
        (OutsideFailed("no node runs", "here", "start one"), "no node runs"),
        (NotAllowed("set hotline.enabled"), "set hotline.enabled"),
    ):
        world.letters.line.broken = broken
        view = hotline.hotline_view(sources, READER)
        assert (view.founded, view.node.answers, view.node.why) == (True, False, why)
        part = gathering.situation_at(sources, gathering.moment(sources, 0), DESK, "").hotline
        assert part is not None
        assert not part.answers


def test_a_node_that_serves_the_hotline_alone_has_a_situation_of_messages(
    world: Watched, sources: Sources
) -> None:
    alone = replace(sources, line=world.letters.line)
    message = world.letters.comes()
    view = gathering.situation_at(alone, gathering.moment(alone, 0), DESK, "")
    assert (view.node.answers, view.node.why) == (False, "This node serves the hotline alone")
    assert view.hotline is not None
    assert [row.head.message for row in view.hotline.waiting] == [message]
    assert not gathering.health(alone).node.answers
    assert not gathering.border(alone).node.answers


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_stands_in_the_readers_language_beside_its_senders(
    world: Watched, sources: Sources, language: Language
) -> None:
    text = "Поток из ваших сетей."
    message = world.letters.comes(language="ru", remarks=text)
    letter = hotline.message_view(sources, DESK, message, language, "Asia/Tehran").letter
    russian = hotline.message_view(sources, DESK, message, "ru", "Asia/Tehran").letter
    assert letter is not None
    assert russian is not None
    assert (letter.language, letter.original) == (language, "" if language == "ru" else "ru")
    for mine, theirs in zip(letter.rows, russian.rows, strict=True):
        assert mine.kind == theirs.kind
        if language != "ru":
            assert mine.original_label == theirs.label
            assert mine.original_values == (() if mine.language else theirs.values)
    (free,) = [row for row in letter.rows if row.language]
    assert (free.values, free.language, free.original_values) == ((text,), "ru", ())
    assert any("192.0.2.0/24" in value and PDI in value for row in letter.rows for value in row.values)
    assert any("+0330" in value for row in letter.rows for value in row.values), "in the reader's zone, too"
    assert letter.rows[0].kind == letter.rows[-1].kind == "mark"


def test_who_may_not_read_a_message_sees_that_there_is_one(world: Watched, sources: Sources) -> None:
    message = world.letters.comes(level="senior", signer="senior one", tlp="TLP:AMBER+STRICT", mark="DRILL")
    for viewer, reads in ((READER, False), (DESK, False), (CENTRE, False), (SENIOR, True)):
        view = hotline.message_view(sources, viewer, message, "en", "")
        assert view.received is not None
        assert (view.letter is not None, view.received.head.readable) == (reads, reads)
        assert (view.received.sender_name, view.received.head.mark) == ("bahar", "DRILL")
        assert view.received.waits == reads
        if not reads:
            with pytest.raises(NotAllowed, match="for others to read"):
                hotline.bytes_of_message(sources, viewer, message)
            with pytest.raises(NotAllowed, match="for others to read"):
                hotline.bundle_of_message(sources, viewer, message)
    assert hotline.bytes_of_message(sources, SENIOR, message)


def test_receipts_come_into_the_row_one_after_the_other(world: Watched, sources: Sources) -> None:
    letters = world.letters
    letters.parties.whole = False
    message = letters.goes()
    (row,) = hotline.hotline_view(sources, READER).outbox
    (copy,) = row.copies
    assert (copy.name, copy.stage, copy.awaited, copy.r1_ms) == ("bahar", "queued", "R1", None)
    letters.parties.whole = True
    letters.turns(400)
    (copy,) = hotline.hotline_view(sources, READER).outbox[0].copies
    assert copy.r1_ms is not None
    assert (copy.stage, copy.awaited, copy.r2_ms) == ("stored", "R2", None)
    opened = {"form": "receipt", "fields": (), "answers": message, "remarks": ""}
    letters.parties.bahar.says(**opened)
    letters.turns()
    (copy,) = hotline.hotline_view(sources, READER).outbox[0].copies
    assert (copy.stage, copy.awaited, copy.due_ms) == ("opened", None, None)
    assert copy.r2_ms is not None


def test_the_situation_tells_each_level_what_waits_for_it_and_the_wall_nothing(
    world: Watched, sources: Sources
) -> None:
    letters = world.letters
    first = letters.comes(precedence="ROUTINE")
    drill = letters.comes(mark="DRILL")
    urgent = letters.comes()
    senior = letters.comes(level="senior", signer="senior one")

    def waiting(viewer: Viewer) -> list[str]:
        part = gathering.situation_at(sources, gathering.moment(sources, 0), viewer, "").hotline
        assert part is not None
        return [row.head.message for row in part.waiting]

    assert waiting(DESK) == [urgent, first, drill]
    assert waiting(READER) == [urgent, first, drill]
    assert waiting(CENTRE) == []
    assert waiting(SENIOR) == [senior]
    assert gathering.situation_at(sources, gathering.moment(sources, 0), WALL, "").hotline is None

    letters.parties.clock.at_ms += HOUR_MS  # nobody opened the urgent ones within ten minutes
    letters.turns(24)
    part = gathering.situation_at(sources, gathering.moment(sources, 0), CENTRE, "").hotline
    assert part is not None
    assert {row.head.message for row in part.waiting} == {urgent, drill}
    assert (part.clocks[0].awaited, part.clocks[0].came, part.clocks[0].name) == ("R2", True, "bahar")
    assert part.clocks[0].overdue is not None


def test_a_question_that_was_opened_still_waits_for_its_answer(world: Watched, sources: Sources) -> None:
    letters = world.letters
    asked = letters.comes(form="clarification-request", precedence="ROUTINE")
    letters.goes(form="receipt", fields=(), answers=asked, remarks="")
    (row,) = [one for one in hotline.hotline_view(sources, DESK).inbox if one.head.message == asked]
    assert (row.awaited, row.waits, row.opened_at_ms is not None) == ("R3", True, True)
    part = gathering.situation_at(sources, gathering.moment(sources, 0), DESK, "").hotline
    assert part is not None
    assert asked in {one.head.message for one in part.waiting}
    letters.goes(form="clarification-reply", fields=(), answers=asked)
    (row,) = [one for one in hotline.hotline_view(sources, DESK).inbox if one.head.message == asked]
    assert (row.awaited, row.waits) == (None, False)


def test_what_names_no_message_is_not_there(sources: Sources) -> None:
    for name in ("", "1", "ab" * 31, "AB" * 32, "0" * 64):
        with pytest.raises(NoSuchThing):
            hotline.message_view(sources, SENIOR, name, "en", "")


def test_who_had_seen_how_much_of_our_ledger_stands_beside_its_checkpoint(tmp_path: Path) -> None:
    xa, xb = parties.Party("XA-CERT"), parties.Party("XB-CERT")
    shelf = FolderShelf(tmp_path)
    assert witnesses_view(shelf, xa.organisation, {}, 7).size == 0
    for kind in ("A", "B", "C"):
        xa.records(kind, parties.NOON_S)
    beat = bytes_of(xb.heartbeat(xa, parties.NOON_S + 30, xa.checkpoint(2)))
    files = {
        "checkpoint": xa.checkpoint().whole.encode(),
        f"newest/{xb.organisation}/{parties.EPOCH}": b"%019d" % 2 + beat,
        f"newest/{'0' * 64}/{parties.EPOCH}": b"damaged",
        f"newest/{'1' * 64}/{parties.EPOCH - 1}": b"%019d" % 9 + beat,
    }
    shelf.put(files)
    view = witnesses_view(shelf, xa.organisation, {xb.organisation: "XB-CERT"}, 7)
    assert (view.size, view.root) == (3, xa.ledger().frontier().root.hex())
    (row,) = view.witnesses
    assert (row.name, row.size, row.at_ms) == ("XB-CERT", 2, (parties.NOON_S + 30) * 1000)
