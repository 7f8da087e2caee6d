"""The story's table: each chapter has its caption, begins after the one before, waits where one decides."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from tests.mitigate.small_plans import NOW_MS, wide_plan
from tests.stories import an_attack
from tidegate.app import chapters as told
from tidegate.app.console import demo_note
from tidegate.app.demonstration import Truth
from tidegate.lab.story import SCENES
from tidegate.lab.telling.chapters import CHAPTERS, NAMES, Narrator, Seen
from tidegate.lab.telling.talk import Heard
from tidegate.model.attacks import Rate
from tidegate.model.labels import codes, label
from tidegate.model.plans import Measured, Share, Signed
from tidegate.model.verdicts import Verdict
from tidegate.ports.control import PlanView

SOURCES = Path(__file__).parent.parent.parent / "web" / "console" / "src"
SCREENS = [
    pattern.replace("\\/", "/")
    for pattern in re.findall(r"matches: /(.+?)/,", (SOURCES / "lib" / "screens.ts").read_text())
]
SCENE = SCENES[0]
CLOCK = told.Clock(
    accord="XA-XB-2026",
    digest="00",
    article="4.1",
    obligation="notify-incident",
    text={},
    duty="XA",
    toward="XB",
    known_s=1,
    due_s=2,
)
NOTIFIED = told.Notified(
    message="00", reference="XA-1", officers=("anna",), languages=("ru", "fa"), pages={}, r1_s=1, r2_s=2
)
ANSWERED = told.Answered(
    question="01", asked=("which-end",), reply="02", finding="not-known", measures=(), r1_s=3
)
KEPT = told.Kept(rows=(), alike=True)
CUT = told.Cut(
    world="synthetic",
    country="XA",
    people=1,
    networks=1,
    abroad_before=1.0,
    abroad_after=0.0,
    inside_before=1.0,
    inside_after=0.5,
    link=(1, 2),
    advised=0.9,
)
PROVED = told.Proved(message="00", sides=())


def plan_view(**changes: Any) -> PlanView:
    shown: dict[str, Any] = {
        "plan": wide_plan(("north",), ("east",)),
        "stage": "proposed",
        "since_ms": NOW_MS,
        "approvals": (),
        "in_force": (),
        "lease_until_ms": None,
        "verdicts": (),
        "why": "",
        "may_act": True,
    }
    return PlanView(**shown | changes)


def passed() -> Verdict:
    quiet = Rate(0, 0, 0)
    measured = Measured(
        border_point="north",
        from_ms=1,
        until_ms=2,
        matched_bits_per_s=quiet,
        other_bits_per_s=quiet,
        sampled_flows=0,
    )
    return Verdict(
        plan=1,
        border_point="north",
        passed=True,
        reasons=(),
        removed=Share(990_000, 980_000, 995_000),
        others_kept=None,
        before=measured,
        during=measured,
        session_up=True,
        counters=None,
    )


def nothing(at_s: float) -> Seen:
    return Seen(
        elapsed_s=at_s,
        scene=SCENE,
        begun=at_s >= SCENE.from_s,
        sessions_up=4,
        exporters=4,
        border_points=("north", "east"),
        inbound_bits_per_s=10**9,
        attack=None,
        attacks_ended=0,
        all_ended=False,
        plans=(),
        stages=frozenset(),
        ends={},
        under_way=False,
        still_held=0,
        truth=Truth(attack_came=0, attack_went=0, others_came=0, others_went=0),
        heard=Heard(),
        cut=None,
        proved=None,
    )


def after(name: str, seen: Seen) -> Seen:
    """What is seen when this chapter may end, and nothing of the next."""
    heard = seen.heard
    words = tuple(
        Signed(plan=1, intent="approve", officer=one, signature="00" * 64) for one in ("maryam", "tomas")
    )
    changes: dict[str, dict[str, Any]] = {
        "ordinary": {},
        "flood": {"attack": an_attack(number=1)},
        "detected": {"plans": (plan_view(),)},
        "plan": {"plans": (plan_view(approvals=words),)},
        "approved": {
            "plans": (plan_view(approvals=words, verdicts=(passed(),)),),
            "stages": frozenset(["spot test"]),
        },
        "spot-test": {"stages": frozenset(["spot test", "widening"])},
        "widening": {"stages": frozenset(["spot test", "widening", "held"])},
        "falling": {
            "truth": Truth(attack_came=100, attack_went=2, others_came=100, others_went=99),
            "heard": replace(heard, clock=CLOCK),
        },
        "clock": {},
        "notified": {"heard": replace(heard, notified=NOTIFIED)},
        "answered": {"heard": replace(heard, answered=ANSWERED)},
        "kept": {"heard": replace(heard, kept=KEPT), "cut": CUT},
        "cut": {},
        "lapsed": {"all_ended": True, "ends": {1: "lifted"}},
        "quiet": {},
        "proved": {"proved": PROVED},
    }
    return replace(seen, **changes[name])


def narrated(narrator: Narrator, until: str) -> Seen:
    seen = nothing(SCENE.from_s)
    for name in NAMES:
        seen = after(name, seen)
        narrator.turn(seen)
        if name == until:
            break
    return seen


def test_every_chapter_and_every_question_has_its_caption() -> None:
    asked = {f"ask-{one}" for one in get_args(told.Decision)}
    assert set(codes("demo")) == set(NAMES) | asked
    assert {chapter.asks for chapter in CHAPTERS if chapter.asks} == set(get_args(told.Decision))


def test_the_page_has_a_sentence_for_whatever_is_asked_and_a_screen_for_every_chapter() -> None:
    assert set(codes("demo-page")) == {*get_args(told.Decision), "not-real", "over"}
    assert set(demo_note.PLACES) <= set(NAMES)
    for name in NAMES:
        note = demo_note.DemoNote(
            chapter=name, number=1, chapters=len(NAMES), attack=7, awaits="approve", over=False
        )
        shown = demo_note.demo_view(note, "fa", NOW_MS)
        assert shown.caption == label("demo", name, "fa")
        assert shown.asked == label("demo-page", "approve", "fa")
        assert any(re.match(pattern, shown.place.partition("?")[0]) for pattern in SCREENS)
        assert shown.may_sign == (NAMES.index(name) <= NAMES.index("plan"))
        early = demo_note.demo_view(msgspec.structs.replace(note, attack=0, awaits=None), "fa", NOW_MS)
        assert (early.asked, early.place.endswith("/0")) == ("", False)
        over = demo_note.demo_view(msgspec.structs.replace(note, over=True), "fa", NOW_MS)
        assert over.asked == label("demo-page", "over", "fa")


def test_a_plan_is_not_told_as_signed_while_the_second_officer_still_reads() -> None:
    narrator = Narrator(reading_s=0.0, waits=False)
    seen = narrated(narrator, "plan")
    assert narrator.current == "approved"
    one = Narrator(reading_s=0.0, waits=False)
    one.turn(replace(seen, plans=(plan_view(approvals=seen.plan.approvals[:1]),)))
    assert one.current == "plan"


@pytest.mark.parametrize("name", NAMES)
def test_no_chapter_ends_before_what_it_is_about_has_come(name: str) -> None:
    """Whatever else is there already: each waits for its own."""
    narrator = Narrator(reading_s=0.0, waits=False)
    narrated(narrator, name)
    whole = narrated(Narrator(reading_s=0.0, waits=False), NAMES[-1])
    assert NAMES.index(name) < len(narrator.told)
    lacking = Narrator(reading_s=0.0, waits=False)
    empty = {
        "flood": {"attack": None},
        "detected": {"plans": ()},
        "notified": {"heard": replace(whole.heard, notified=None)},
        "answered": {"heard": replace(whole.heard, answered=None)},
        "kept": {"heard": replace(whole.heard, kept=told.Kept(rows=(), alike=False))},
        "cut": {"cut": None},
        "lapsed": {"still_held": 1},
        "proved": {"proved": None},
    }
    if name in empty:
        lacking.turn(replace(whole, **empty[name]))
        assert [one.chapter for one in lacking.told] == list(NAMES[: NAMES.index(name)])


def test_the_story_is_told_in_its_order_and_each_chapter_once() -> None:
    narrator = Narrator(reading_s=0.0, waits=False)
    narrated(narrator, NAMES[-1])
    assert [one.chapter for one in narrator.told] == list(NAMES)
    assert narrator.over


def test_a_chapter_stays_as_long_as_it_takes_to_read() -> None:
    narrator = Narrator(reading_s=5.0, waits=False)
    seen = narrated(narrator, NAMES[-1])
    assert not narrator.told
    for number in range(1, len(NAMES) + 1):
        narrator.turn(replace(seen, elapsed_s=seen.elapsed_s + 5.0 * number))
        assert len(narrator.told) == number


def test_where_a_person_decides_the_story_waits_for_each_decision() -> None:
    narrator = Narrator(reading_s=0.0, waits=True)
    seen = narrated(narrator, NAMES[-1])
    decided = []
    while not narrator.over:
        asked = narrator.awaits
        assert asked is not None
        narrator.turn(seen)
        assert narrator.awaits == asked
        assert narrator.decide() == asked
        decided.append(asked)
        narrator.turn(seen)
    assert decided == ["approve", "notify", "reply", "go-on"]
    assert narrator.decide() is None
