"""The console in real Chromium, in English and Persian: from an invitation to a plan in force and taken back.

The authenticators are Chromium's own virtual ones. What each screen looked like lies in build/console after
a run, at the width of a desk and of a phone.
"""

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.conftest import require_peer
from tests.console_world import Served, Watched
from tests.plan_world import quick_border
from tidegate.app.console import entering
from tidegate.mitigate.roster import Member
from tidegate.model.plans import Level, Officer

CHROMIUM = "/usr/bin/chromium"
SHOTS = Path(__file__).parent.parent.parent / "build" / "console"
WIDTHS = {"desk": (1280, 900), "phone": (390, 844)}
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 60_000
BODY = "document.documentElement"
SOURCES = Path(__file__).parent.parent.parent / "web" / "console"
AXE_OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}


@cache
def axe() -> str:
    """The checker of the version that the page's sources name, from where they were built or anew."""
    built = SOURCES / "node_modules" / "axe-core" / "axe.min.js"
    if built.exists():
        return built.read_text()
    npm = require_peer("npm", shutil.which("npm") or "/usr/bin/npm")
    version = json.loads((SOURCES / "package.json").read_text())["devDependencies"]["axe-core"]
    with tempfile.TemporaryDirectory() as folder:
        asked = ["install", "--prefix", folder, "--no-audit", "--no-fund", f"axe-core@{version}"]
        subprocess.run([npm, *asked], check=True, capture_output=True)
        return (Path(folder) / "node_modules" / "axe-core" / "axe.min.js").read_text()


class Person:
    """Somebody with a browser and an authenticator of their own."""

    def __init__(self, browser: Browser, served: Served, name: str, level: Level, language: str) -> None:
        self.name, self.level, self._served = name, level, served
        self.context: BrowserContext = browser.new_context(locale=language, timezone_id="Asia/Tehran")
        self.context.set_default_timeout(PATIENCE_MS)
        self.asked: set[str] = set()
        self.context.on("request", lambda request: self.asked.add(request.url))
        self.page: Page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda told: self.wrong.append(told.text) if told.type == "error" else None)
        devtools = self.context.new_cdp_session(self.page)
        devtools.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def opens(self, path: str = "/") -> None:
        self.page.goto(self._served.origin + path)

    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible(timeout=PATIENCE_MS)

    def shot(self, what: str, language: str) -> None:
        """At both widths; nothing may be wider than the screen, and axe finds nothing to complain of."""
        self.page.evaluate(axe())
        found = self.page.evaluate(f"axe.run(document, {json.dumps(AXE_OPTIONS)})")["violations"]
        assert not found, [(one["id"], [node["html"] for node in one["nodes"]][:5]) for one in found]
        SHOTS.mkdir(parents=True, exist_ok=True)
        for width, (across, down) in WIDTHS.items():
            self.page.set_viewport_size({"width": across, "height": down})
            self.page.screenshot(path=SHOTS / f"{what}-{language}-{width}.png", full_page=True)
            assert self.page.evaluate(f"{BODY}.scrollWidth - {BODY}.clientWidth") <= 0, (
                what,
                language,
                width,
            )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = require_peer("Chromium", CHROMIUM)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(path), args=QUIET)
        yield browser
        browser.close()


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


def enrol(world: Watched, served: Served, person: Person, texts: "Texts") -> None:
    """The person types the code; the terminal compares, and puts the officer on the roster."""
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
    officer = Officer(name=made.name, level=made.level, public_key=made.public_key, passkey=made.passkey)
    world.appoint(officer)
    assert Member(officer=officer, added_ms=0) in world.officers.roster.members
    person.page.get_by_role("button", name=texts("compared")).click()


class Texts:
    """The page's own words in one language, out of its sources."""

    def __init__(self, language: str) -> None:
        self.language = language
        folder = SOURCES / "src" / "words" / language
        lines = [line for path in folder.glob("*.ftl") for line in path.read_text("utf-8").splitlines()]
        self._texts = dict(line.split(" = ", 1) for line in lines)

    def __call__(self, key: str, **values: str) -> str:
        """Values are isolated (FSI and PDI), as the page isolates them."""
        return re.sub(r"\{ \$(\w+) \}", lambda found: f"\u2068{values[found[1]]}\u2069", self._texts[key])


def meanwhile(world: Watched, until: Callable[[], bool], page: Page) -> None:
    """The world goes on while the page is looked at, since a page waits for nobody's clock."""
    world.run_until(until, 300)
    page.wait_for_timeout(50)


@pytest.mark.parametrize("language", ["en", "fa"])
def test_two_officers_stop_a_flood(browser: Browser, world: Watched, served: Served, language: str) -> None:
    texts = Texts(language)
    anna = Person(browser, served, "nilufar", "centre", language)
    boris = Person(browser, served, "tomas", "senior", language)
    anna.opens()
    anna.sees(texts("no-officers-yet"))
    anna.shot("sign-in", language)
    for person in (anna, boris):
        enrol(world, served, person, texts)
        person.opens()
        person.page.get_by_role("button", name=texts("sign-in-passkey")).click()
        person.sees(texts("all-quiet"))
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
