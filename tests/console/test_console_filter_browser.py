"""Somebody looks for one attack: by typing with completion, by a click, and by a link passed on."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.console.browsing import Texts, chromium, officer
from tests.console_world import Served, Watched
from tests.plan_world import quick_border


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    quick_border(monkeypatch)
    world = Watched(tmp_path)
    console = Served(world)
    world.until_proposed()
    yield console
    console.close()
    world.stop()


@pytest.mark.parametrize("language", ["en", "fa"])
def test_one_attack_is_looked_for(served: Served, language: str, tmp_path: Path) -> None:
    texts = Texts(language)
    with chromium() as browser:
        context = officer(browser, served, language)
        page = context.new_page()
        page.goto(served.origin + "/attacks")
        rows = page.locator("section").first.locator("tbody tr")
        expect(rows).to_have_count(1)

        typed = page.get_by_role("combobox", name=texts("filter"))
        typed.press_sequentially("vec")
        expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(1)
        typed.press("ArrowDown")
        typed.press("Enter")
        expect(typed).to_have_value("vector ")
        typed.press_sequentially("= dns")
        typed.press("Escape")
        typed.press("Enter")
        expect(page.get_by_text(texts("none-as-filtered"))).to_be_visible()
        assert page.url.endswith("?filter=vector+%3D+dns")

        typed.fill("vector = npt")
        typed.press("Escape")
        typed.press("Enter")
        expect(page.get_by_text(texts("filter-no_code", near="ntp"))).to_be_visible()
        expect(page.locator("mark")).to_have_text("npt")
        page.get_by_role("button", name=texts("filter-clear")).click()
        expect(rows).to_have_count(1)

        page.get_by_role("link", name="198.51.100.7/32").first.click()
        expect(typed).to_have_value("dst = 198.51.100.7/32")
        page.locator("section").first.get_by_role("link", name="north").click()
        expect(typed).to_have_value("dst = 198.51.100.7/32 and point = north")
        other = context.new_page()
        other.goto(page.url)
        expect(other.locator("section").first.locator("tbody tr")).to_have_count(1)

        with page.expect_download() as told:
            page.get_by_role("button", name="CSV").first.click()
        told.value.save_as(tmp_path / "attacks.csv")
        lines = list(csv.DictReader((tmp_path / "attacks.csv").read_text().splitlines()))
        assert [(line["number"], line["targets"], line["vectors"]) for line in lines] == [
            ("1", "198.51.100.7/32", "ntp")
        ]

        page.goto(served.origin + "/?filter=vector+%3D+dns")
        expect(page.get_by_text(texts("filtered-out", count="1"))).to_be_visible()
        expect(page.get_by_text(texts("all-quiet"))).to_have_count(0)
        context.close()
