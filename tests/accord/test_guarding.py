"""An advance notice meets one guardian, whichever door it comes through."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.accord.exchange import FILE, HOUR_S, Exchange, notice
from tests.accord.test_opening import NOW_S, Standing, large
from tests.accord.test_over_the_hotline import books_on, in_force
from tests.cli.test_hotline_messages import Terminal
from tests.console_world import Watched
from tests.hotline.test_two_stations import Party, draft
from tests.plan_world import quick_border
from tidegate.app.accord.following import Following
from tidegate.app.accord.guarding import Remarks, remarks
from tidegate.app.accord.remarking import remark_words, span_words
from tidegate.app.console import drafting
from tidegate.app.console.access import Role, Viewer
from tidegate.app.console.drafting import DraftAsked, PreviewAsked
from tidegate.app.hotline.composing import compose
from tidegate.cli.exits import Exit
from tidegate.hotline.values import time_value
from tidegate.model.hotline_facts import MessageComposed
from tidegate.model.labels import LANGUAGES
from tidegate.model.messages import CodedField, Content
from tidegate.model.refusals import NotAllowed
from tidegate.model.remarks import Remark
from tidegate.model.value_bytes import value_from
from tidegate.ports.outside import OutsideFailed

ACCORD = "XA-XB-2028"
PROTECTED, ELSEWHERE = "203.0.113.0/25", "198.51.100.0/24"


@dataclass
class Notice:
    """An exercise so many hours from now."""

    world: Watched
    ahead_h: int
    prefix: str = ELSEWHERE
    stage: str = "announced"

    @property
    def fields(self) -> tuple[CodedField, ...]:
        begins_s = self.world.letters.parties.clock.now_ms() // 1_000 + self.ahead_h * HOUR_S
        told = {
            "notice": "exercise",
            "notice-stage": self.stage,
            "notice-number": "7",
            "from": time_value(begins_s),
            "until": time_value(begins_s + HOUR_S),
            "simulated-attack": "no",
            "prefix": self.prefix,
        }
        return tuple(CodedField(name, (value,)) for name, value in told.items())


@dataclass
class Door:
    """One way to say a notice: what it tells its officer, whether it stops it or not."""

    world: Watched
    patch: pytest.MonkeyPatch

    @property
    def anna(self) -> Party:
        return self.world.letters.parties.anna

    def composed(self) -> list[Content]:
        """Notices whose bytes are fixed."""
        found = []
        for _, fact in self.anna.disk.facts:
            if isinstance(fact, MessageComposed) and fact.about.form == "notice":
                body = self.anna.needs.blobs.get(fact.about.message)
                assert body is not None
                found.append(value_from(Content, body, len(body)))
        return found


def typed(door: Door, room: str, start: list[str], told: Notice, language: str, stopped: str) -> str:
    terminal = Terminal(door.anna, door.patch)
    terminal.room = room
    given = [part for one in told.fields for part in ("--field", f"{one.name}={one.values[0]}")]
    handling = ["--mark", "REAL", "--precedence", "ROUTINE", "--key", "desk one", "--yes"]
    arguments = [*start, *given, "--to", "bahar", *handling, "--language", language]
    return terminal.run(*arguments, told=stopped, code=Exit.USAGE if stopped else Exit.FINE)


def by_send(door: Door, told: Notice, language: str, stopped: str = "") -> str:
    return typed(door, "hotline", ["send", "notice", "--accord", ACCORD], told, language, stopped)


def by_notify(door: Door, told: Notice, language: str, stopped: str = "") -> str:
    book = books_on(door.anna).current(ACCORD, door.anna.needs.now_s())
    door.patch.setattr("tidegate.cli.accord.saying.opened_book", lambda *_: (book, "", 0))
    return typed(door, "accord", ["notify", "notice"], told, language, stopped)


def by_console(door: Door, told: Notice, language: str, stopped: str = "") -> str:
    sources, viewer = door.world.serving().sources, Viewer("pari", Role.DESK)
    asked = DraftAsked(
        recipients=(door.world.letters.parties.bahar.own.organisation,),
        form="notice",
        mark="REAL",
        precedence="ROUTINE",
        level="desk",
        tlp="TLP:AMBER",
        pap="PAP:AMBER",
        accord=ACCORD,
        language="en",
        fields=told.fields,
    )
    seen = drafting.look(sources, viewer, PreviewAsked(draft=asked, language=language))
    if stopped:
        with pytest.raises(NotAllowed, match="protected asset"):
            drafting.lay_down(sources, viewer, asked)
        assert stopped in " ".join(seen.problems)
        return ""
    assert seen.problems == ()
    drafting.lay_down(sources, viewer, asked)
    return " ".join(seen.marks)


DOORS: list[Callable[..., str]] = [by_send, by_notify, by_console]


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    quick_border(monkeypatch)
    made = Watched(tmp_path)
    in_force(made.letters.parties)
    made.letters.line.answers_for(made.letters.parties.anna)
    yield Door(made, monkeypatch)
    made.stop()


@pytest.mark.parametrize("say", DOORS)
def test_a_scope_that_touches_what_is_protected_goes_out_by_no_door(
    say: Callable[..., str], door: Door
) -> None:
    for language, words in (("en", "the scope touches"), ("fa", "دارایی حفاظت‌شده")):
        say(door, Notice(door.world, 200, PROTECTED), language, words)
    assert door.composed() == []


@pytest.mark.parametrize("say", DOORS)
def test_a_late_notice_goes_out_by_every_door_and_says_that_it_is_late(
    say: Callable[..., str], door: Door
) -> None:
    assert "late by" in say(door, Notice(door.world, 20), "en")
    assert "late by" not in say(door, Notice(door.world, 200), "en")
    late, in_time = door.composed()
    assert CodedField("late", ("yes",)) in late.fields
    assert [field.name for field in in_time.fields if field.name == "late"] == []


def test_no_other_door_can_leave_the_mark_out_or_hide_behind_an_article(door: Door) -> None:
    bahar = door.world.letters.parties.bahar.own.organisation
    for accord in (ACCORD, f"{ACCORD} 3.1", f"{ACCORD}#3.1"):
        asked = draft(bahar, form="notice", accord=accord, fields=Notice(door.world, 20).fields, remarks="")
        with pytest.raises(NotAllowed, match="late by"):
            compose(door.anna.needs, asked)
    assert door.composed() == []


@pytest.mark.parametrize("stage", ["begun", "ended", "cancelled"])
def test_word_that_something_began_or_is_over_is_never_held_up(stage: str, door: Door) -> None:
    bahar = door.world.letters.parties.bahar.own.organisation
    fields = Notice(door.world, 1, PROTECTED, stage).fields
    compose(door.anna.needs, draft(bahar, form="notice", accord=ACCORD, fields=fields, remarks=""))
    drill = Notice(door.world, 1, PROTECTED).fields
    compose(
        door.anna.needs,
        draft(bahar, form="notice", accord=ACCORD, fields=drill, remarks="", mark="DRILL"),
    )
    assert len(door.composed()) == 2


def test_no_notice_goes_out_before_the_accords_are_read_or_while_they_cannot_be() -> None:
    exchange, ledger = large()
    notice(exchange, "XA", NOW_S, NOW_S + 100 * HOUR_S, "1")
    asked, question = exchange.said[-1][1], exchange.said[2][1]
    following = Following(ledger, ledger, ledger.own)  # type: ignore[arg-type]
    guardian = Remarks(following, Standing())
    assert guardian(question) == ()
    with pytest.raises(NotAllowed, match="still being read"):
        guardian(asked)
    following.look()
    assert list(guardian(asked)) == []
    lost = Following(ledger, ledger, ledger.own)  # type: ignore[arg-type]
    ledger.blobs.clear()
    with pytest.raises(OutsideFailed):
        Remarks(lost, Standing())(asked)


def test_an_election_of_whoever_gets_it_stops_it_and_the_scope_may_be_domains_or_networks() -> None:
    exchange = Exchange(FILE.replace(b'domains = ["clinic', b'networks = [64500]\ndomains = ["clinic'))
    exchange.sign("XA", NOW_S - 40 * 24 * HOUR_S)
    exchange.sign("XB", NOW_S - 40 * 24 * HOUR_S)
    book = exchange.ledger("XA").current(ACCORD, NOW_S)
    begins_s = 1_835_568_000  # 2028-03-02, in XB's election
    for more, stops in (
        ({}, ["falls-into"]),
        ({"domain": "www.clinic.example"}, ["touches-asset", "falls-into"]),
        ({"network": "AS64500"}, ["touches-asset", "falls-into"]),
    ):
        notice(exchange, "XA", NOW_S, begins_s, "2", **more)
        assert [one.code for one in remarks(book, exchange.said[-1][1], NOW_S)] == stops


def test_remarks_are_said_in_every_language() -> None:
    late = Remark("mark", "late", "3.1", (("late_s", str(52 * HOUR_S)), ("least", "72h")))
    told = {remark_words(late, language) for language in LANGUAGES}
    assert len(told) == len(LANGUAGES)
    assert remark_words(late, "en").startswith("Article 3.1: late by 2 days; 72 hours ahead is agreed")
    assert span_words("3wd", "ru") == "Рабочих дней: 3"
    assert span_words("6mo", "fa") == "6 ماه"
