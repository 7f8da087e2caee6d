"""The hotline at the console in real Chromium, in English and Persian: a FLASH read beside its original."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.console.test_console_browser import Person, Texts, browser, served
from tests.console_world import Served, Watched
from tests.passkeys import SoftPasskey
from tests.plan_world import quick_border

__all__ = ["browser", "served"]

REMARKS = "Flood from AS64500 towards our name servers (192.0.2.53).\nPlease call the desk."


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


@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_flash_is_read_beside_its_original_and_answered_by_a_key_of_ones_own(
    browser: Browser, world: Watched, served: Served, language: str
) -> None:
    texts, letters = Texts(language), world.letters
    nilufar = Person(browser, served, "nilufar", "desk", language)
    comes_in(served, world, nilufar)
    nilufar.opens("/hotline")
    nilufar.sees(texts("nothing-came"))
    letters.comes(mark="DRILL", precedence="PRIORITY")
    flash = letters.comes(remarks=REMARKS)
    letters.goes(remarks="Thank you, we look.", precedence="ROUTINE")
    nilufar.page.locator(f'a[href="/hotline/message/{flash}"]').wait_for()
    nilufar.shot("hotline", language)
    nilufar.page.locator(f'a[href="/hotline/message/{flash}"]').click()
    nilufar.sees(texts("looking-is-no-receipt"))
    nilufar.shot("hotline-message", language)
    nilufar.page.get_by_role("button", name=texts("look-at-bytes")).click()
    nilufar.sees(texts("bytes-hold"))
    assert not nilufar.wrong
    nilufar.context.close()
