"""The demo's screen at every width from 80 columns on, and each thing that happens told once."""

import io
import logging
from typing import Any

import msgspec
import pytest
from rich.console import Console

from tests.mitigate.small_plans import FORECAST, NOW_MS, NTP, plan, rules, wide_plan
from tests.stories import an_attack
from tidegate.app.chapters import ChapterFacts, ChapterTold, Decision, Kept, Letter, Proved, ProvedBy
from tidegate.app.demonstration import (
    DemoReport,
    DemoView,
    Expectation,
    ExporterView,
    PlanOutcome,
    PlanView,
    RouterView,
    Truth,
)
from tidegate.app.hotline.reading import columns
from tidegate.cli.demo_changes import Changes, Overheard
from tidegate.cli.demo_report import print_report
from tidegate.cli.demo_screen import WITH_NAMES, WITH_PLACES, demo_screen, rows
from tidegate.cli.demo_words import percent
from tidegate.hotline.page import Known
from tidegate.model.attacks import Attack, Rate, VectorRate
from tidegate.model.doubts import UNSCALED_SAMPLING
from tidegate.model.labels import LANGUAGES, label
from tidegate.model.messages import CodedField, Content
from tidegate.model.plans import Measured, Score, Share, Signed
from tidegate.model.verdicts import Verdict, VerdictReason

NAMES = ("127.0.0.2#0", "127.0.0.3#256", "127.0.0.4#512", "127.0.0.5#7")
QUIET = Rate(0, 0, 0)


def attack(number: int, **changes: Any) -> Attack:
    rate = Rate(1_000_000_000, 900_000_000, 1_100_000_000)
    vectors = tuple(
        VectorRate(name, rate, rate) for name in ("fragments", "source_engine", "dns", "tcp_syn_ack")
    )
    return an_attack(number=number, targets=(f"198.51.100.{200 + number}/32",), vectors=vectors, **changes)


def seen(number: int, stage: str, **changes: Any) -> PlanView:
    told: dict[str, Any] = {
        "plan": msgspec.structs.replace(wide_plan(("south",), ("coast",)), number=number, attack=number),
        "stage": stage,
        "since_ms": NOW_MS,
        "approvals": (),
        "in_force": (),
        "lease_until_ms": None,
        "verdicts": (),
        "why": "",
        "may_act": True,
    }
    return PlanView(**told | changes)


def signed(number: int, officer: str) -> Signed:
    return Signed(plan=number, intent="approve", officer=officer, signature="00" * 64)


BOTH = (signed(1, "maryam"), signed(1, "tomas"))


def verdict(number: int, *, passed: bool) -> Verdict:
    measured = Measured(
        border_point="north",
        from_ms=NOW_MS,
        until_ms=NOW_MS + 1,
        matched_bits_per_s=QUIET,
        other_bits_per_s=QUIET,
        sampled_flows=0,
    )
    return Verdict(
        plan=number,
        border_point="north",
        passed=passed,
        reasons=(VerdictReason("attack_not_down", "Hardly anything is removed."),),
        removed=Share(987_000, 980_000, 990_000),
        others_kept=Share(1_040_000, 900_000, 1_200_000),
        before=measured,
        during=measured,
        session_up=True,
        counters=None,
    )


def view(**changes: Any) -> DemoView:
    told: dict[str, Any] = {
        "elapsed_s": 47.0,
        "of_s": 97.0,
        "step": "BACnet, Dahua and FiveM reflection to 198.51.100.70 by way of harbour",
        "exporters": tuple(
            ExporterView(
                name=name,
                border_point="harbour",
                protocol="netflow9",
                sampling_rate=1000,
                records_per_s=10_898,
                age_ms=421,
            )
            for name in NAMES
        ),
        "routers": tuple(
            RouterView(name=name, border_point="harbour", session_up=True, rules=12) for name in NAMES
        ),
        "inbound_bits_per_s": tuple(range(10**9, 121 * 10**9, 10**9)),
        "attacks": tuple(attack(number) for number in range(1, 5)),
        "ended": frozenset({1}),
        "plans": (
            seen(1, "lifted", approvals=BOTH),
            seen(2, "spot test", approvals=BOTH, in_force=("north",)),
            seen(3, "relaxing", approvals=BOTH, in_force=("north", "south", "coast")),
        ),
        "words": 6,
        "facts": 70,
        "chapter": "widening",
        "present": None,
        "told": (),
        "awaits": None,
        "letter": None,
        "console": None,
        "ready_ms": None,
    }
    return DemoView(**told | changes)


def drawn(told: DemoView, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(demo_screen(told, width))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().rstrip("\n").split("\n")


@pytest.mark.parametrize("width", [80, 90, 104, WITH_PLACES, 120, WITH_NAMES, 140])
def test_the_screen_fits_its_width_and_an_ordinary_height_and_cuts_nothing(width: int) -> None:
    lines = drawn(view(), width)
    assert len(lines) <= 24
    assert max(map(len, lines)) <= width
    assert not any("…" in line for line in lines)
    table = lines[-4:]
    assert [line.split()[0] for line in table] == ["1", "2", "3", "4"]
    assert [
        line.rstrip().endswith(state)
        for line, state in zip(table, ("lifted", "spot test", "relaxing", "open"), strict=True)
    ] == [True] * 4
    assert "95 to 99" in table[1]


def test_wide_screens_tell_where_a_plan_is_in_force_and_who_signed_it() -> None:
    lines = drawn(view(), WITH_NAMES)
    assert "north, south, coast" in lines[-2]
    assert "maryam, tomas" in lines[-2]


def test_where_the_rate_is_not_known_the_screen_says_that_nothing_is_proposed() -> None:
    unscaled = attack(1, doubts=(UNSCALED_SAMPLING,), actionable=False)
    lines = drawn(view(attacks=(unscaled,), ended=frozenset(), plans=()), 80)
    assert "nothing" in lines[-1]
    assert lines[-1].rstrip().endswith("unsure")


LETTER = Letter(
    content=Content(
        version=1,
        sender="aa" * 32,
        recipients=("bb" * 32,),
        reference="XA-1",
        nonce="00" * 16,
        composed_at_s=NOW_MS // 1000,
        expires_at_s=None,
        precedence="IMMEDIATE",
        level="desk",
        mark="REAL",
        form="incident",
        accord="XA-XB-2026",
        answers=None,
        tlp="TLP:AMBER",
        pap="PAP:AMBER",
        language="ru",
        fields=(CodedField("kind", ("flood",)), CodedField("prefix", ("198.51.100.20/32",))),
        remarks="",
        attachments=(),
        extensions=(),
        end=2,
    ),
    known=Known("00" * 32, {}, ("anna",), "1 (1)", (), None),
)


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("awaits", ["notify", None])
def test_a_message_is_shown_in_ones_own_language_to_be_signed_and_then_as_it_is_read(
    width: int, awaits: Decision | None
) -> None:
    lines = drawn(view(chapter="notified", letter=LETTER, awaits=awaits), width)
    text = "\n".join(lines)
    assert len(lines) <= 24
    assert max(map(columns, lines)) <= width
    flood = {language: label("incident-kind", "flood", language) for language in LANGUAGES}
    assert (flood["en"] in text) == (awaits == "notify")
    assert (flood["ru"] in text) == (awaits is None and width == 120)
    assert (flood["fa"] in text) == (awaits is None or width == 120)
    assert "198.51.100.20/32" in text


def told_by(changes: Changes, *views: DemoView) -> list[tuple[str, str]]:
    return [(change.event, change.words) for told in views for change in changes.of(told)]


def test_each_thing_that_happens_is_told_once() -> None:
    plans = (
        seen(1, "proposed"),
        seen(1, "proposed", approvals=BOTH[:1]),
        seen(1, "approved", approvals=BOTH),
        seen(1, "spot test", approvals=BOTH, in_force=("north",)),
        seen(1, "widening", approvals=BOTH, in_force=("north",), verdicts=(verdict(1, passed=True),)),
        seen(1, "widening", approvals=BOTH, in_force=("north", "south"), verdicts=(verdict(1, passed=True),)),
        seen(1, "relaxing", approvals=BOTH, in_force=("south", "coast")),
        seen(1, "lifted", approvals=BOTH, why="each border point was found quiet"),
    )
    views = [view(attacks=(), plans=(one,), step="Story") for one in plans]
    told = told_by(Changes(Overheard()), *views, *views)
    assert told == [
        ("step", "Story"),
        ("proposed", "plan 1 for attack 1: 1 rule, to remove 95 to 99 %; others lose 0.1 to 0.4 %"),
        ("approval", "plan 1: signed by maryam"),
        ("approval", "plan 1: signed by tomas"),
        ("stage", "plan 1 is in force at north only: spot test"),
        ("verdict", "plan 1 passed at north: 99 % held back, others at 104 % of before"),
        ("stage", "plan 1 widens: in force at north and south"),
        ("stage", "plan 1 steps back at north, to see whether the attack goes on"),
        ("stage", "plan 1 lifted: each border point was found quiet"),
    ]


def test_a_failed_verdict_says_why() -> None:
    failed = seen(1, "failed", verdicts=(verdict(1, passed=False),), why="Hardly anything is removed.")
    told = told_by(Changes(Overheard()), view(attacks=(), plans=(failed,), step=""))
    assert ("verdict", "plan 1 FAILED at north: Hardly anything is removed.") in told
    assert told[-1] == ("stage", "plan 1 failed: Hardly anything is removed.")


def test_warnings_of_the_node_are_told_among_the_events_and_not_written() -> None:
    logger = logging.getLogger("tidegate")
    before = logger.handlers[:], logger.propagate
    with Overheard() as overheard:
        logging.getLogger("tidegate.node").warning("%s is doubtful", "this")
        logging.getLogger("tidegate.node").info("and this is not told")
        told = told_by(Changes(overheard), view(attacks=(), plans=(), step=""))
    assert (logger.handlers[:], logger.propagate) == before  # what ends the demo is told as ever
    assert told == [("warning", "warning: this is doubtful")]


def expectation(**changes: Any) -> Expectation:
    told: dict[str, Any] = {
        "story": "SNMP reflection",
        "target": "198.51.100.7",
        "exporters": NAMES[:1],
        "border_points": ("north", "south", "coast"),
        "protocols": ("sflow5",),
        "sampling_told": True,
        "sent_bits_per_s": 10**9,
        "sent_packets_per_s": 10**6,
        "sent_vectors": ("snmp",),
        "number": 3,
        "after_ms": 3_000,
        "detected": attack(3),
        "right_target": True,
        "right_vectors": True,
        "rate_within_interval": True,
    }
    return Expectation(**told | changes)


SCORE = Score(
    plan=7,
    attack_removed=FORECAST.attack_removed,
    attack_removed_measured=968_000,
    lost_bytes=FORECAST.lost_bytes,
    lost_bytes_measured=2_000,
    attack_held=True,
    others_held=True,
)
HELD = PlanOutcome(
    target="198.51.100.7",
    view=seen(3, "lifted", why="each border point was found quiet"),
    path=("proposed", "spot test", "widening", "held", "lifted"),
    score=SCORE,
    truth=Truth(attack_came=1_000_000, attack_went=35_000, others_came=500_000, others_went=499_000),
)


def chapter(told: ChapterFacts) -> ChapterTold:
    return ChapterTold(chapter="some", began_s=1.0, ended_s=2.0, told=told)


def kept(*, alike: bool) -> Kept:
    return Kept(rows=(), alike=alike)


def proved(**changes: Any) -> Proved:
    told: dict[str, Any] = {
        "node": "XA",
        "facts": 70,
        "intact": True,
        "cosigned_facts": 60,
        "bundle": "XA.bundle",
        "holds": True,
        "lines": (),
    }
    return Proved(message="00", sides=(ProvedBy(**told | changes),))


def report(**changes: Any) -> DemoReport:
    told: dict[str, Any] = {
        "expectations": (expectation(),),
        "false_alarms": (),
        "plans": (HELD,),
        "words": 2,
        "refusals": (),
        "still_held": 0,
        "facts": 70,
        "ledger_verified": True,
        "datagrams_sent": 12_000,
        "datagrams_lost": 0,
        "records": 120_000,
        "seconds": 86.0,
        "chapters": (chapter(kept(alike=True)), chapter(proved())),
        "chapters_meant": 2,
        "ready_ms": 4_200,
    }
    return DemoReport(**told | changes)


def outcome(**changes: Any) -> PlanOutcome:
    return msgspec.structs.replace(HELD, **changes)


UNSCALED = attack(3, doubts=(UNSCALED_SAMPLING,), actionable=False)


@pytest.mark.parametrize(
    "changes, well",
    [
        ({}, True),
        ({"still_held": 1}, False),
        ({"refusals": ("no",)}, False),
        ({"ledger_verified": False}, False),
        ({"false_alarms": (attack(9),)}, False),
        ({"plans": ()}, False),
        ({"plans": (outcome(path=("proposed", "failed"), view=seen(3, "failed")),)}, False),
        ({"plans": (outcome(view=seen(3, "held")),)}, False),
        ({"plans": (outcome(score=None),)}, False),
        ({"plans": (outcome(path=("proposed", "failed"), view=seen(2, "failed")), HELD)}, True),
        (
            {"plans": (outcome(view=seen(3, "proposed", plan=plan(number=3, attack=3, rules=())), path=()),)},
            True,
        ),
        ({"expectations": (expectation(right_vectors=False),)}, False),
        ({"expectations": (expectation(detected=None, number=None),)}, False),
        ({"expectations": (expectation(detected=UNSCALED),)}, False),
        ({"expectations": (expectation(detected=UNSCALED),), "plans": ()}, True),
        ({"chapters": (chapter(kept(alike=True)),)}, False),
        ({"chapters": (chapter(kept(alike=False)), chapter(proved()))}, False),
        ({"chapters": (chapter(kept(alike=True)), chapter(proved(holds=False)))}, False),
        ({"chapters": (chapter(kept(alike=True)), chapter(proved(cosigned_facts=0)))}, False),
    ],
)
def test_all_is_well_only_when_each_attack_was_met_as_it_should_be_and_nothing_is_left(
    changes: dict[str, Any], well: bool
) -> None:
    assert report(**changes).all_is_well is well


@pytest.mark.parametrize("width", [80, 120])
def test_the_report_puts_forecast_measurement_and_truth_side_by_side(width: int) -> None:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    print_report(console, report())
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert max(map(len, text.split("\n"))) <= width
    for told in ("95 to 99", "97 %", "96 %", "0.2 %", "lifted", "All is as it should be."):
        assert told in text
    assert "no rule is left at any router" in text


@pytest.mark.parametrize(
    "millionths, text",
    [
        (0, "0"),
        (1_800, "0.18"),
        (97_400, "9.7"),
        (968_000, "97"),
        (995_700, "99.6"),
        (999_990, "99.9"),
        (1_000_000, "100"),
    ],
)
def test_shares_are_told_in_few_figures_and_never_as_all_where_some_is_left(
    millionths: int, text: str
) -> None:
    assert percent(millionths) == text


def test_rules_for_several_border_points_are_told_once_with_each_limit() -> None:
    told = seen(3, "held", plan=plan(number=3, attack=3, rules=rules(NTP, at=("north", "south"))))
    console = Console(file=io.StringIO(), width=120, color_system=None)
    print_report(console, report(plans=(outcome(view=told),)))
    assert isinstance(console.file, io.StringIO)
    assert "north 2 Mbps, south 2 Mbps" in " ".join(console.file.getvalue().split())


def test_a_long_event_goes_on_below_what_it_tells_and_a_link_stays_whole() -> None:
    link = "http://localhost:45017/#link=" + "x" * 60
    told = rows(f"   0 s  the page, by a link that lets in once: {link}", 78)
    assert told == ["   0 s  the page, by a link that lets in once:", f"        {link}"]
