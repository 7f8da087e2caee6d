"""The Accord screen in real Chromium, in English and Persian: from no accord at all to an answer that came.

What each part looked like lies in build/console after a run, at the width of a desk and of a phone.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.console.test_console_browser import PATIENCE_MS, Person, Texts, browser
from tests.console_accord import ACCORD
from tests.console_world import Served, Watched
from tidegate.model.labels import Language, label

__all__ = ["browser"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def served(world: Watched) -> Iterator[Served]:
    made = Served(world)
    yield made
    made.close()


@pytest.mark.parametrize("language", ["en", "fa"])
def test_somebody_reads_what_was_promised(
    browser: Browser, world: Watched, served: Served, language: Language
) -> None:
    texts = Texts(language)
    reader = Person(browser, served, "reader", "desk", language)
    page = reader.page
    secret = served.at.sessions.let_in_once(world.clock.now_ms() + 60_000)
    reader.opens(f"/accord#link={secret}")
    reader.sees(texts("accord-none"))
    reader.shot("accord-none", language)

    story = world.agree()
    assert world.accords is not None
    world.shown = world.accords.facts
    reader.sees(label("accord-stage", "disputed", language))
    command = page.get_by_text(f"tidegate hotline reply {story.asked[:16]} clarification-reply")
    pressing = page.get_by_role("listitem").filter(has=command)
    expect(pressing).to_contain_text(texts("accord-we-owe"))
    expect(pressing).to_contain_text(label("accord-step", "act in time", language))
    reader.shot("accord-clocks", language)
    for part in ("calendar", "parties", "incidents", "pledges", "dialogue", "review"):
        page.get_by_role("link", name=texts(f"accord-part-{part}"), exact=True).click()
        expect(page.get_by_text(texts("loading"))).to_have_count(0)
        reader.shot(f"accord-{part}", language)

    with page.expect_download() as kept:
        page.get_by_role("link", name=texts("accord-save-pdf")).click()
    assert kept.value.suggested_filename == f"{ACCORD}-2027-{language}.pdf"
    assert Path(kept.value.path()).read_bytes().startswith(b"%PDF")
    with reader.context.expect_page() as opened:
        page.get_by_role("link", name=texts("accord-open-page")).click()
    pack = opened.value
    expect(pack.get_by_role("heading", level=1)).to_be_visible()
    assert pack.evaluate("getComputedStyle(document.body).maxWidth") != "none", "its style is let through"
    assert pack.evaluate("document.documentElement.dir") == ("rtl" if language == "fa" else "ltr")
    pack.close()

    page.get_by_role("link", name=texts("accord-part-calendar"), exact=True).click()
    with page.expect_download() as kept:
        page.get_by_role("link", name=texts("accord-icalendar")).click()
    assert Path(kept.value.path()).read_text("utf-8").startswith("BEGIN:VCALENDAR")

    with page.expect_download() as kept:
        page.get_by_role("button", name="CSV").first.click()
    assert kept.value.suggested_filename == "calendar.csv"
    head, *rows = csv.DictReader(Path(kept.value.path()).read_text("utf-8").splitlines())
    assert all(int(row["at_ms"]) > 0 and row["kind"] for row in (head, *rows))
    assert [row["at_ms"] for row in (head, *rows)] == sorted(row["at_ms"] for row in (head, *rows))

    reader.opens()
    reader.sees(label("accord-page", "article", language))
    reader.shot("accord-situation", language)

    reader.opens(f"/accord/{ACCORD}")
    expect(command).to_have_count(1, timeout=PATIENCE_MS)
    now_s = world.clock.now_ms() // 1_000
    story.exchange.say("XA", "clarification-reply", now_s, answers=story.asked, finding="not-known")
    world.accords.take()
    world.clock.at_ms += 60_000
    expect(command).to_have_count(0, timeout=PATIENCE_MS)
    page.get_by_role("link", name="#", exact=False).first.click()
    reader.sees(texts("proof-holds", size=str(world.accords.facts.head().size)))
    assert not reader.wrong
    assert {url for url in reader.asked if not url.startswith((served.origin, "data:", "blob:"))} == set()
    reader.context.close()
