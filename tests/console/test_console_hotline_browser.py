"""The hotline at the console in real Chromium, in English and Persian: a FLASH read beside its original."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cli.test_hotline_messages import Terminal
from tests.console.browsing import PATIENCE_MS, Person, Texts, chromium
from tests.console_world import Served, Watched
from tests.passkeys import SoftPasskey
from tests.plan_world import quick_border
from tidegate.model.labels import label
from tidegate.ports.outside import OutsideFailed

REMARKS = "Flood from AS64500 towards our name servers (192.0.2.53).\nPlease call the desk."


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def served(world: Watched) -> Iterator[Served]:
    made = Served(world)
    yield made
    made.close()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    quick_border(monkeypatch)
    made = Watched(tmp_path)
    yield made
    made.stop()


def comes_in(served: Served, world: Watched, person: Person) -> None:
    """As an officer of the roster; how a passkey does that has a story of its own."""
    world.appoint(SoftPasskey(person.name, person.level, rp_id="localhost", origin=served.origin).officer)
    secret = served.at.sessions.begin(person.name, world.clock.now_ms(), token=False)
    person.context.add_cookies([{"name": "tidegate", "value": secret, "url": served.origin}])


def at_the_terminal(world: Watched, patch: pytest.MonkeyPatch, *typed: str) -> str:
    """What an officer's own command says, with the key that no console has."""
    with world.letters.one_at_a_time:
        said = Terminal(world.letters.parties.anna, patch).run(*typed, "--key", "desk one", "--yes")
    world.letters.turns()
    return said


def choose(page: Page, name: str, code: str) -> None:
    page.locator(f"#{name}").select_option(code)


@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_flash_is_read_beside_its_original_answered_and_followed_to_its_receipts(
    browser: Browser, world: Watched, served: Served, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    texts, letters = Texts(language), world.letters
    nilufar = Person(browser, served, "nilufar", "desk", language)
    page = nilufar.page
    comes_in(served, world, nilufar)
    nilufar.opens("/hotline")
    nilufar.sees(texts("nothing-came"))
    letters.comes(mark="DRILL", precedence="PRIORITY")
    flash = letters.comes(remarks=REMARKS)
    page.locator(f'a[href="/hotline/message/{flash}"]').wait_for()
    nilufar.shot("hotline", language)
    nilufar.opens("/")
    nilufar.sees(texts("messages-wait", count="2"))
    nilufar.shot("situation-hotline", language)

    page.locator(f'a[href="/hotline/message/{flash}"]').first.click()
    nilufar.sees(texts("looking-is-no-receipt"))
    expect(page.get_by_text(REMARKS.splitlines()[0])).to_be_visible()
    labels = [label("field", "severity", one) for one in ("fa", "en")]
    for told in labels if language == "fa" else labels[1:]:
        expect(page.get_by_text(told, exact=True).first).to_be_visible()
    nilufar.shot("hotline-message", language)
    page.get_by_role("button", name=texts("look-at-bytes")).click()
    nilufar.sees(texts("bytes-hold"))

    page.get_by_role("link", name=texts("ask-for-clarification")).click()
    nilufar.sees(texts("whom-and-how"))
    expect(page.locator("#mark")).to_be_disabled()
    page.get_by_label(label("question", "known-to-you", language)).check()
    page.locator("#remarks").fill("Is this known to you?")
    page.locator("#language").select_option("en")
    page.get_by_role("button", name=texts("look-at-it")).click()
    nilufar.sees(texts("not-yet"))
    page.locator("#field-answer-by").fill("2027-01-01T00:00:00")
    nilufar.shot("compose", language)
    page.get_by_role("button", name=texts("look-at-it")).click()
    nilufar.sees(texts("goes-to"))
    expect(page.locator("ol.recipients")).to_contain_text("bahar")
    nilufar.shot("compose-look", language)
    page.get_by_role("button", name=texts("lay-down"), exact=True).click()
    nilufar.sees(texts("sign-at-terminal"))
    digest = page.url.rpartition("/")[2]
    command = page.locator("code").filter(has_text="hotline sign").inner_text()
    assert command == f"tidegate hotline sign {digest[:12]} --key FILE"
    nilufar.shot("hotline-draft", language)
    assert "Is this known to you?" in at_the_terminal(world, monkeypatch, *command.split()[2:4])
    expect(page.locator("li.came")).to_have_count(1, timeout=PATIENCE_MS)
    letters.opens(digest)
    expect(page.locator("li.came")).to_have_count(2, timeout=PATIENCE_MS)
    nilufar.shot("hotline-sent", language)

    nilufar.opens("/hotline")
    page.get_by_text(texts("drill-begin")).first.click()
    page.locator("details").get_by_label("bahar").check()
    page.get_by_role("button", name=texts("drill-to", names="bahar")).click()
    page.wait_for_url("**/hotline/message/*")
    letters.turns()
    expect(page.locator("li.came").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("DRILL").first).to_be_visible()
    assert not nilufar.wrong
    assert {url for url in nilufar.asked if not url.startswith((served.origin, "data:", "blob:"))} == set()
    nilufar.context.close()


def test_no_hotline_no_node_and_another_level_are_said_in_words(
    browser: Browser, world: Watched, served: Served
) -> None:
    texts, letters = Texts("en"), world.letters
    tomas = Person(browser, served, "tomas", "desk", "en")
    comes_in(served, world, tomas)
    secret = letters.comes(level="senior", signer="senior one")
    tomas.opens(f"/hotline/message/{secret}")
    tomas.sees("You see that it is there")
    assert tomas.page.get_by_text("192.0.2.0/24").count() == 0
    letters.line.broken = OutsideFailed("no node runs", "here", "Start one.")
    tomas.opens("/hotline")
    tomas.sees(texts("node-silent"))
    letters.founded = False
    for path in ("/hotline", "/hotline/compose"):
        tomas.opens(path)
        tomas.sees(texts("not-founded"))
        tomas.sees("tidegate hotline init")
    tomas.shot("hotline-none", "en")
    tomas.opens("/")
    tomas.sees(texts("all-quiet"))
    assert tomas.page.locator("section a[href='/hotline']").count() == 0
    tomas.context.close()
