"""The demo from end to end, told sooner: real packets, datagrams, collector and node, judged by the lab; and
two people at its page, in real Chromium, who sign the plan with passkeys of their own."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, expect

from tests.console.browsing import PATIENCE_MS, Person, Texts, chromium
from tidegate.lab.telling.chapters import NAMES
from tidegate.model.labels import Language, label

Json = dict  # type: ignore[type-arg]

COMMAND = [
    *(sys.executable, "-m", "tests.lab.quick_demo"),
    *("demo", "--once", "--console", "--ask", "--json"),
]
PATIENCE_S = 300.0


@dataclass
class Running:
    """A demo that waits where a person decides, and what it has told; `until` waits for more of it."""

    process: "subprocess.Popen[str]"
    told: list[Json] = field(default_factory=list)
    more: threading.Condition = field(default_factory=threading.Condition)
    origin: str = ""
    ended: bool = False

    def hear(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self.more:
                self.told.append(json.loads(line))
                self.more.notify_all()
        with self.more:
            self.ended = True
            self.more.notify_all()

    def until(self, event: str, nth: int = 0, **has: object) -> Json:
        def found() -> list[Json]:
            return [
                one
                for one in self.told
                if one["event"] == event and all(one.get(name) == value for name, value in has.items())
            ]

        with self.more:
            self.more.wait_for(lambda: len(found()) > nth or self.ended, PATIENCE_S)
        assert len(found()) > nth, (event, has, self.told[-3:])
        return found()[nth]

    def enter(self, decision: str) -> None:
        """The key that a person presses at the demo's terminal when asked for this."""
        self.until("awaits", decision=decision)
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()


@pytest.fixture(scope="module")
def demo() -> Iterator[Running]:
    with (
        subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process,
        chromium() as browser,
    ):
        running = Running(process)
        listening = threading.Thread(target=running.hear)
        listening.start()
        try:
            running.origin = running.until("console")["link"].partition("/#")[0]
            followed(browser, running)
        except BaseException:
            process.terminate()
            raise
        finally:
            listening.join()
            process.wait()
        yield running


def followed(browser: Browser, running: Running) -> None:
    """Two people follow on the page alone, one in English and one in Persian, and sign; somebody at the
    terminal presses Enter where that is asked."""
    first = Person(browser, running, "you", "senior", "en")
    second = Person(browser, running, "colleague", "senior", "fa")
    look_on(first, running.until("console")["link"], Texts("en"))
    for nth, person in enumerate((first, second)):
        texts = Texts("en" if person is first else "fa")
        come_in(person, running.until("code", nth)["code"], texts)
    running.until("awaits", decision="approve")
    signed(first, "en")
    signed(second, "fa")
    for decision in ("notify", "reply", "go-on"):
        running.until("awaits", decision=decision)
        first.sees(label("demo-page", decision, "en"))
        second.sees(label("demo-page", decision, "fa"))
        running.enter(decision)
    for person in (first, second):
        assert not person.wrong
        assert {url for url in person.asked if not url.startswith((running.origin, "data:"))} == set()
        person.context.close()


AT_THE_PAGE = 2
"""Words that the two gave there; the demo's own officers gave all others."""


def look_on(person: Person, link: str, texts: Texts) -> None:
    """By the terminal's link, which lets in to look; the band then offers the way to a passkey."""
    person.page.goto(link)
    person.sees(texts("demo-look-on"))
    person.page.locator("aside.demo").get_by_role("button", name=texts("make-passkey")).click()
    expect(person.page.get_by_label(texts("code-from-terminal"))).to_be_visible(timeout=PATIENCE_MS)


def come_in(person: Person, code: str, texts: Texts) -> None:
    person.opens()
    person.page.get_by_label(texts("code-from-terminal")).fill(code)
    person.page.get_by_role("button", name=texts("make-passkey")).click()
    button = person.page.get_by_role("button", name=texts("sign-in-passkey"))
    expect(button).to_be_enabled(timeout=PATIENCE_MS)
    button.click()
    expect(person.page.get_by_text(texts("sign-out"))).to_be_visible(timeout=PATIENCE_MS)


def signed(person: Person, language: Language) -> None:
    """By the band's link to the attack, its plan's preview, and a touch. The plan is the newest: a flood that
    changes has another one."""
    texts, page = Texts(language), person.page
    person.sees(label("demo-page", "not-real", language))
    person.sees(label("demo", "plan", language))
    person.sees(label("demo-page", "approve", language))
    there = page.locator("aside.demo a").get_attribute("href")
    assert there is not None
    person.opens(there)
    page.get_by_role("button", name=texts("word-approve"), exact=True).wait_for()
    person.shot("demo-plan", language)
    page.get_by_role("button", name=texts("word-approve"), exact=True).click()
    dialog = page.get_by_role("dialog")
    number = re.findall(r"\d+", dialog.locator("h2").inner_text())[-1]
    dialog.get_by_role("textbox").fill(number)
    dialog.get_by_role("button", name=texts("word-approve-sign")).click()
    expect(dialog.locator(".good, .note").first).to_be_visible(timeout=PATIENCE_MS)
    dialog.get_by_role("button", name=texts("close")).click()


@pytest.fixture(scope="module")
def report(demo: Running) -> Json:
    last = demo.told[-1]
    assert last["event"] == "report"
    return last["report"]


def test_the_demo_finds_every_attack_and_ends_well(demo: Running, report: Json) -> None:
    assert demo.process.returncode == 0, report
    assert len(report["expectations"]) == 4
    assert report["ledger_verified"]
    assert not report["false_alarms"]


def test_unknown_sampling_stays_unknown_and_nothing_is_proposed_on_it(report: Json) -> None:
    told = {sent["sampling_told"]: sent for sent in report["expectations"]}
    assert not told[False]["detected"]["actionable"]
    assert "unscaled_sampling" in told[False]["detected"]["doubts"]
    assert told[True]["detected"]["actionable"]
    planned = {outcome["view"]["plan"]["attack"] for outcome in report["plans"]}
    assert told[False]["number"] not in planned
    assert told[True]["number"] in planned


def test_every_attack_is_told_as_it_begins_and_ends(demo: Running) -> None:
    events = [one["event"] for one in demo.told]
    assert events.count("detected") == events.count("ended") == 4


def test_a_plan_is_signed_by_two_tried_at_one_border_point_and_widened_after_its_verdict(
    demo: Running, report: Json
) -> None:
    told = demo.told
    number = chapters(report)["approved"]["plan"]  # an earlier one may have been superseded unsigned
    life = [one for one in told if about(one) == number]
    events = [one["view"]["stage"] if one["event"] == "stage" else one["event"] for one in life]
    assert events[:5] == ["proposed", "approval", "approval", "spot test", "verdict"]
    wide = next(
        one["view"]["in_force"]
        for one in life
        if one["event"] == "stage" and len(one["view"]["in_force"]) > 1
    )
    tried = next(one["view"]["in_force"] for one in life if one["event"] == "stage")
    assert len(tried) == 1
    assert set(tried) < set(wide)
    assert events[-1] == "lifted"


def about(told: Json) -> int | None:
    """The plan that an event is about."""
    match told["event"]:
        case "proposed":
            return int(told["plan"]["number"])
        case "approval" | "stage":
            return int(told["view"]["plan"]["number"])
        case "verdict":
            return int(told["verdict"]["plan"])
    return None


def test_forecasts_stand_beside_what_was_measured_and_what_is_true(report: Json) -> None:
    judged = [outcome for outcome in report["plans"] if outcome["score"] is not None]
    assert len(judged) >= 3
    for outcome in judged:
        truth = outcome["truth"]
        assert truth["attack_went"] < truth["attack_came"] / 2
        assert truth["others_went"] > truth["others_came"] * 0.9


def chapters(report: Json) -> Json:
    return {one["chapter"]: one["told"] for one in report["chapters"]}


def test_the_story_is_told_to_its_end(demo: Running, report: Json) -> None:
    told = demo.told
    assert tuple(one["told"]["chapter"] for one in told if one["event"] == "chapter") == NAMES
    assert tuple(one["chapter"] for one in report["chapters"]) == NAMES


def test_the_other_side_is_told_in_time_and_reads_it_in_its_own_language(report: Json) -> None:
    told = chapters(report)
    clock, notified, answered = told["clock"], told["notified"], told["answered"]
    assert (clock["duty"], clock["toward"], clock["due_s"] - clock["known_s"]) == ("XA", "XB", 4 * 3_600)
    assert clock["known_s"] <= notified["r1_s"] <= notified["r2_s"] < clock["due_s"]
    languages: tuple[Language, ...] = ("ru", "fa")
    for language in languages:
        assert label("form", "incident", language) in "".join(notified["pages"][language])
    assert answered["asked"] == ["which-measures", "which-end"]


def test_both_ledgers_show_the_same_kept_and_prove_it(report: Json) -> None:
    told = chapters(report)
    kept = {(one["node"], one["obligation"], one["duty"]) for one in told["kept"]["rows"]}
    for node in ("XA", "XB"):
        assert {(node, "notify-incident", "XA"), (node, "clarify", "XA"), (node, "acknowledge", "XB")} <= kept
    assert told["kept"]["alike"]
    for side in told["proved"]["sides"]:
        assert side["holds"]
        assert side["intact"]
        assert any("had seen that ledger with this entry" in line for line in side["lines"])


def test_the_rehearsed_cut_costs_and_the_advised_link_gives_back(report: Json) -> None:
    cut = chapters(report)["cut"]
    assert cut["abroad_after"] == 0 < cut["abroad_before"]
    assert cut["inside_after"] < cut["advised"] <= cut["inside_before"]


def test_nothing_is_left_at_any_router(report: Json) -> None:
    assert report["still_held"] == 0
    assert report["refusals"] == []
    agreed = sum(len(one["view"]["approvals"]) for one in report["plans"])
    assert agreed == report["words"] + AT_THE_PAGE >= 6


def test_the_two_at_the_page_signed_with_passkeys_and_nobody_signed_for_them(report: Json) -> None:
    told = chapters(report)
    assert sorted(told["approved"]["officers"]) == ["colleague", "you"]
    views = {one["view"]["plan"]["number"]: one["view"] for one in report["plans"]}
    words = views[told["approved"]["plan"]]["approvals"]
    assert [word["assertion"] is not None for word in words] == [True, True]


def test_it_says_how_soon_it_was_ready(demo: Running, report: Json) -> None:
    ready = next(one for one in demo.told if one["event"] == "ready")
    assert report["ready_ms"] == ready["ready_ms"] > 0
