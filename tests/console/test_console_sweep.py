"""Every screen in the page's own table, in three languages, at the width of a phone and of a desk.

On each: axe finds nothing, the page is no wider than the screen, no key stands where a sentence should, and
nothing but code and what is marked as English is English. What they looked like lies in build/console.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.console.browsing import (
    AXE_OPTIONS,
    BODY,
    SHOTS,
    SOURCES,
    WIDTHS,
    axe,
    chromium,
    officer,
)
from tests.console_world import Served, Watched, lay_down_demo
from tests.plan_world import quick_border
from tidegate.model.labels import Language, label

LISTED = re.findall(r'path: "([^"]+)"', (SOURCES / "src" / "lib" / "screens.ts").read_text())
WITHIN = (
    "/attack/1",
    "/ledger/3",
    "/?filter=vector+%3D+nt",
    "/attacks?filter=point+%3D+north+and+state+%3D+open",
)
SCHEMES = {"phone": "dark", "desk": "light"}
ALREADY = {("fa", "desk"), ("ru", "phone")}
"""Where axe would find what it finds beside."""

UNTRANSLATED = """() => {
  const AS_IT_IS = "[lang=en]:not(html), [translate=no], .code, code, pre, script, noscript, option, time";
  const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const english = document.documentElement.lang === "en";
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), within = walk.currentNode.parentElement;
    if (!text || within.closest(AS_IT_IS)) continue;
    if (/^[a-z]+(-[A-Za-z_]+)+$/.test(text)) found.push(text);
    else if (!english && /[A-Za-z]{2,} [A-Za-z]{2,} [A-Za-z]{2,}/.test(text)) found.push(text);
  }
  return found;
}"""

FOCUSABLE = "a[href], button:not([disabled]), input:not([disabled]), select, summary, [tabindex='0']"
REACHED = f"""() => [...document.querySelectorAll("{FOCUSABLE}")]
  .filter((one) => one.checkVisibility() && !one.dataset.reached).map((one) => one.outerHTML.slice(0, 120))"""
HERE = """() => {
  const one = document.activeElement;
  if (one === document.body) return "";
  one.dataset.reached = "yes";
  const style = getComputedStyle(one);
  const shown = style.outlineStyle !== "none" && style.outlineWidth !== "0px";
  return shown ? "seen" : `no outline: ${one.outerHTML.slice(0, 120)}`;
}"""
TABS_MAX = 400

FLIPPED = r"""() => [...document.querySelectorAll("main bdi:not([dir])")]
  .filter((one) => /\p{Script=Arabic}/u.test(one.textContent) && getComputedStyle(one).direction !== "rtl")
  .map((one) => one.textContent)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A plan waits for its second officer, and a demo tells of it, so that all there is to see is seen."""
    quick_border(monkeypatch)
    world = Watched(tmp_path)
    console = Served(world)
    world.until_proposed()
    lay_down_demo(console.at.serving.shelf)
    yield console
    console.close()
    world.stop()


def name_of(path: str) -> str:
    return re.sub(r"\W+", "-", path.partition("?filter")[0]).strip("-") + ("-filtered" if "?" in path else "")


@pytest.mark.parametrize("language", ["en", "fa", "ru"])
def test_every_screen(browser: Browser, served: Served, language: Language) -> None:
    context = officer(browser, served, language)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    SHOTS.mkdir(parents=True, exist_ok=True)
    for path in (*LISTED, *WITHIN):
        page.goto(served.origin + path)
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator("main").locator("section, .note, .bad, .warn").first).to_be_visible()
        page.evaluate(axe())
        for width, (across, down) in WIDTHS.items():
            page.emulate_media(color_scheme=SCHEMES[width])  # type: ignore[arg-type]
            page.set_viewport_size({"width": across, "height": down})
            page.screenshot(path=SHOTS / f"sweep-{name_of(path)}-{language}-{width}.png", full_page=True)
            at = path, language, width
            assert page.evaluate(f"{BODY}.scrollWidth - {BODY}.clientWidth") <= 0, at
            if (language, width) in ALREADY:
                continue
            found = page.evaluate(f"axe.run(document, {json.dumps(AXE_OPTIONS)})")["violations"]
            assert not found, (
                at,
                [(one["id"], [node["html"] for node in one["nodes"]][:5]) for one in found],
            )
        assert page.evaluate(UNTRANSLATED) == [], path
    assert not wrong
    page.goto(served.origin)
    expect(page.get_by_text(label("demo-page", "approve", language))).to_be_visible()
    page.locator("aside.demo a").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("1")
    expect(page.locator("aside.demo a")).to_have_count(0)  # the reader is there
    context.close()


@pytest.mark.parametrize("language", ["ar", "fa"])
def test_no_text_from_the_right_begins_at_the_left(
    browser: Browser, served: Served, language: Language
) -> None:
    """A number with its sign, where a text begins with it, must not turn the text."""
    context = officer(browser, served, language)
    page = context.new_page()
    for path in ("/", "/attack/1", "/border"):
        page.goto(served.origin + path)
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator("main").locator("section, .note, .bad, .warn").first).to_be_visible()
        assert page.evaluate(FLIPPED) == [], path
    context.close()


def test_every_screen_is_walked_by_keyboard(browser: Browser, served: Served) -> None:
    """Tab alone reaches whatever can be used, and shows where it is."""
    context = officer(browser, served, "en")
    page = context.new_page()
    for path in (*LISTED, "/attack/1"):
        page.goto(served.origin + path)
        expect(page.locator("main h1")).to_be_visible()
        page.wait_for_timeout(200)
        for _ in range(TABS_MAX):
            page.keyboard.press("Tab")
            here = page.evaluate(HERE)
            if not here:
                break
            assert here == "seen", (path, here)
        assert not page.evaluate(REACHED), path
    context.close()
