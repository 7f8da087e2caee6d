"""Debian's Chromium, people with a browser and an authenticator of their own, and the page's words."""

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Protocol

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.conftest import require_peer
from tests.console_world import Served
from tests.passkeys import SoftPasskey
from tidegate.model.plans import Level

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


class Reached(Protocol):
    """What has a console: the small world's, or a program's."""

    @property
    def origin(self) -> str: ...


class Person:
    """Somebody with a browser and an authenticator of their own."""

    def __init__(self, browser: Browser, served: Reached, name: str, level: Level, language: str) -> None:
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

    def asked_in_turn(self) -> list[str]:
        """Addresses of all that was asked for since the page was opened, each as often as it was."""
        entries = "performance.getEntriesByType('resource').map((one) => one.name)"
        return [str(one) for one in self.page.evaluate(entries)]

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


@contextmanager
def chromium() -> Iterator[Browser]:
    path = require_peer("Chromium", CHROMIUM)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(path), args=QUIET)
        yield browser
        browser.close()


def officer(browser: Browser, served: Served, language: str) -> BrowserContext:
    """A browser in which an officer came in before."""
    key = SoftPasskey("nilufar", "senior", rp_id="localhost", origin=served.origin)
    served.world.appoint(key.officer)
    secret = served.at.sessions.begin("nilufar", served.world.clock.now_ms(), token=False)
    context = browser.new_context(locale=language, timezone_id="Asia/Tehran")
    context.set_default_timeout(PATIENCE_MS)
    context.add_cookies([{"name": "tidegate", "value": secret, "url": served.origin}])
    return context


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
