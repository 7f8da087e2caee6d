"""The console in real Chromium, in English and Persian: from an invitation to a plan in force and taken back.

The authenticators are Chromium's own virtual ones. What each screen looked like lies in build/console after
a run, at the width of a desk and of a phone.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.browsing import BODY, PATIENCE_MS, Person, Texts, chromium
from tests.console_world import Served, Watched
from tests.passkeys import SoftPasskey
from tests.plan_world import quick_border
from tidegate.app.console import entering
from tidegate.console.server import ASKED_FIRST
from tidegate.mitigate.roster import Member
from tidegate.model.labels import Language, retold
from tidegate.model.plans import Officer

LACKING = "plan 1 has the word of 1 of two different officers other than its proposer, {proposer}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    quick_border(monkeypatch)
    made = Watched(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def served(world: Watched) -> Iterator[Served]:
    made = Served(world)
    yield made
    made.close()


def make_passkey(world: Watched, served: Served, person: Person, texts: Texts) -> tuple[str, entering.Made]:
    """The person types the code that the terminal told, and reads the fingerprint aloud."""
    now_ms, shelf, code = world.clock.now_ms(), served.at.serving.shelf, f"CODE-OF-{person.name.upper()}-2345"
    invitation = entering.Invitation(name=person.name, level=person.level, until_ms=now_ms + 60_000)
    entering.invite(shelf, code, invitation, now_ms)
    person.opens()
    person.page.get_by_label(texts("code-from-terminal")).fill(code.lower())
    person.page.get_by_role("button", name=texts("make-passkey")).click()
    shown = person.page.locator(".fingerprint")
    expect(shown).to_be_visible(timeout=PATIENCE_MS)
    made = entering.answered(shelf, code)
    assert made is not None
    assert shown.inner_text() == entering.fingerprint(made)
    person.sees(texts("enrolled-waiting"))
    return code, made


def come_in(world: Watched, served: Served, person: Person, texts: Texts) -> None:
    """The terminal puts the officer on the roster; the page sees it, and lets the person in."""
    code, made = make_passkey(world, served, person, texts)
    sign_in = person.page.get_by_role("button", name=texts("sign-in-passkey"))
    expect(sign_in).to_be_disabled()
    person.shot("enrolled", texts.language)
    officer = Officer(name=made.name, level=made.level, public_key=made.public_key, passkey=made.passkey)
    world.appoint(officer)
    assert Member(officer=officer, added_ms=0) in world.officers.roster.members
    entering.forget(served.at.serving.shelf, code)
    person.sees(texts("enrolled-on-roster", name=person.name))
    sign_in.click()
    person.sees(texts("all-quiet"))


def meanwhile(world: Watched, until: Callable[[], bool], page: Page) -> None:
    """The world goes on while the page is looked at, since a page waits for nobody's clock."""
    world.run_until(until, 300)
    page.wait_for_timeout(50)


def test_a_passkey_that_the_terminal_gives_up_lets_nobody_in(
    browser: Browser, world: Watched, served: Served
) -> None:
    texts = Texts("ru")
    person = Person(browser, served, "eve", "senior", "ru")
    code, _ = make_passkey(world, served, person, texts)
    entering.forget(served.at.serving.shelf, code)
    person.sees(texts("enrolled-over"))
    person.page.get_by_role("button", name=texts("enrolled-again")).click()
    world.appoint(SoftPasskey("nilufar", "senior", rp_id="localhost", origin=served.origin).officer)
    person.opens()
    person.page.get_by_role("button", name=texts("sign-in-passkey")).click()
    person.sees(retold("this passkey is not that of an officer on the roster", "ru"))


@pytest.mark.parametrize("language", ["en", "fa"])
def test_two_officers_stop_a_flood(
    browser: Browser, world: Watched, served: Served, language: Language
) -> None:
    texts = Texts(language)
    anna = Person(browser, served, "nilufar", "centre", language)
    boris = Person(browser, served, "tomas", "senior", language)
    anna.opens()
    anna.sees(texts("no-officers-yet"))
    anna.shot("sign-in", language)
    for person in (anna, boris):
        come_in(world, served, person, texts)
    direction = "rtl" if language == "fa" else "ltr"
    assert anna.page.evaluate(f"{BODY}.dir") == direction
    assert anna.page.evaluate(f"{BODY}.lang") == language

    world.until_proposed()
    anna.sees(texts("plan-for", plan="1", target="198.51.100.7/32"))
    anna.sees(texts("waits-for-you", count="1"))
    anna.opens()
    anna.sees(texts("waits-for-you", count="1"))
    anna.sees(texts("as-table"))
    anna.shot("situation", language)
    # What the document asks for ahead is what the page then asks: each once.
    with_the_page = [url.partition(served.origin)[2] for url in anna.asked_in_turn()]
    assert [with_the_page.count(path) for path in ASKED_FIRST] == [1, 1]

    for person, lacking in ((anna, True), (boris, False)):
        person.opens("/attack/1")
        person.page.get_by_role("button", name=texts("word-approve"), exact=True).click()
        dialog = person.page.get_by_role("dialog")
        sign = dialog.get_by_role("button", name=texts("word-approve-sign"))
        expect(sign).to_be_disabled(timeout=PATIENCE_MS)
        if not lacking:
            expect(dialog.get_by_text(texts("others-agreed", names="nilufar"))).to_be_visible()
            person.shot("approve", language)
        dialog.get_by_role("textbox").fill("1")
        sign.click()
        stage = texts("stage-proposed" if lacking else "stage-approved")
        expect(dialog.get_by_text(texts("word-taken", stage=stage))).to_be_visible(timeout=PATIENCE_MS)
        if lacking:
            why = LACKING.format(proposer=world.life().plan.proposer)
            expect(dialog.get_by_text(retold(why, language))).to_be_visible()
        dialog.get_by_role("button", name=texts("close")).click()
    assert [word.officer for word in world.life().standing.approvals] == ["nilufar", "tomas"]
    assert all(word.assertion is not None for word in world.life().standing.approvals)

    meanwhile(world, lambda: world.stage() == "held", anna.page)
    boris.opens("/attack/1")
    boris.sees(texts("lease-left"))
    boris.shot("attack", language)
    boris.opens("/border")
    boris.sees(texts("live-rules", count=str(len(world.border.now()))))
    boris.shot("border", language)
    boris.opens("/ledger")
    boris.sees(texts("ledger-size"))
    boris.shot("ledger", language)
    boris.page.get_by_role("link", name="3", exact=True).click()
    boris.sees(texts("proof-holds", size=str(world.store.head().size)))
    boris.shot("fact", language)
    boris.opens("/attacks")
    boris.sees("198.51.100.7/32")
    boris.shot("attacks", language)
    boris.opens("/health")
    boris.sees(texts("no-note"))

    anna.opens("/attack/1")
    anna.page.get_by_role("button", name=texts("word-withdraw"), exact=True).click()
    dialog = anna.page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("1")
    dialog.get_by_role("button", name=texts("word-withdraw-sign")).click()
    expect(dialog.get_by_text(texts("word-taken", stage=texts("stage-withdrawn")))).to_be_visible()
    meanwhile(world, lambda: not world.border.now(), anna.page)

    for person in (anna, boris):
        assert not person.wrong
        assert {url for url in person.asked if not url.startswith((served.origin, "data:"))} == set()
        person.context.close()
