"""Attacks that change places every second, in real Chromium: rows keep theirs for ten seconds, and as long as
the keyboard is among them.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.console.browsing import chromium, officer
from tests.console_world import Served, Watched
from tests.plan_world import quick_border

LIVE = "**/api/situation/live*"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    quick_border(monkeypatch)
    world = Watched(tmp_path)
    console = Served(world)
    world.until_proposed()
    yield console
    console.close()
    world.stop()


def seen(view: dict[str, Any], after_s: int, strongest: int) -> dict[str, Any]:
    """The console's own answer with three attacks where it has one, the strongest first, and later."""
    (attack,) = view["attacks"]
    numbers = sorted((1, 2, 3), key=lambda number: number != strongest)
    rates = [{"estimate": rate, "low": rate, "high": rate} for rate in (9 * 10**9, 5 * 10**9, 10**9)]
    rows = [
        attack | {"number": number, "bits_per_s": rate} for number, rate in zip(numbers, rates, strict=True)
    ]
    return view | {"attacks": rows, "at_ms": view["at_ms"] + 1_000 * after_s}


def test_rows_keep_their_places_for_a_while_and_the_focus_with_them(browser: Browser, served: Served) -> None:
    context = officer(browser, served, "en")
    page = context.new_page()
    page.goto(served.origin)
    expect(page.get_by_role("link", name="1", exact=True)).to_be_visible()
    view = context.request.get(f"{served.origin}/api/situation?seconds=120").json()
    next_one = seen(view, 0, 1)

    def tell(route: Route) -> None:
        """One event, and then the browser asks for the next."""
        body = f"retry: 50\ndata: {json.dumps(next_one)}\n\n"
        route.fulfill(headers={"content-type": "text/event-stream"}, body=body)

    page.route(LIVE, tell)
    page.route("**/api/situation?*", lambda route: route.fulfill(json=next_one))
    page.goto(served.origin)
    links = page.locator("main table tbody tr td:first-child a")
    rates = page.locator("main table tbody tr td:nth-child(4)")
    expect(links).to_have_text(["1", "2", "3"])
    next_one = seen(view, 5, 3)
    expect(rates.nth(2)).to_contain_text("9 Gbps")
    expect(links).to_have_text(["1", "2", "3"])
    links.nth(1).focus()
    next_one = seen(view, 30, 2)
    expect(rates.nth(1)).to_contain_text("9 Gbps")
    expect(links).to_have_text(["1", "2", "3"])
    assert page.evaluate("document.activeElement.textContent") == "2"
    links.nth(1).blur()
    expect(links).to_have_text(["2", "1", "3"])
    context.close()
