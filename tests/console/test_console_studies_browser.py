"""Rehearsals and audits at the console in real Chromium, in English and Persian, on maps and in tables."""

import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.console.test_console_browser import Person, Texts, browser, served
from tests.console.test_console_hotline_browser import comes_in
from tests.console.test_console_studies import Here
from tests.console_world import Served, Watched
from tests.plan_world import quick_border
from tests.worlds import FICTIONAL_MAP, world_of
from tidegate.adapters.local_files import DiskFiles
from tidegate.adapters.topology_files import LocalTopologyFiles
from tidegate.app.audit.reading import observations_of, write_audit
from tidegate.app.console.study_sources import OUTLINES_NAME
from tidegate.app.rehearsal import save_world

__all__ = ["browser", "served"]

# 1 carries all: 2 is in XB, 3 and 6 in XC; 4 and 5 are where the tests' map has no outline.
LINKS = [(1, 2, -1), (1, 3, -1), (1, 4, -1), (1, 5, -1), (1, 6, -1)]
PLACES = {1: "XC", 2: "XB", 3: "XC", 4: "QM", 5: "XA", 6: "XC"}
PEOPLE = {2: 7_000_000, 3: 55_000_000, 4: 5_000_000, 5: 200_000_000, 6: 1_000_000}
CUT = "XB and QM from all others"
SCENARIO = f'name = "{CUT}"\n' + "".join(
    f'[[change]]\nkind = "cut_country"\ncountry = "{code}"\n' for code in ("XB", "QM")
)


@dataclass
class Held(Here):
    """The work itself, which waits after its first line while `gate` is shut."""

    gate: threading.Event = field(default_factory=threading.Event)
    is_ended: bool = False

    def begin(self, question: bytes) -> "Held":
        return Held(question, self.gate)

    def lines(self) -> Iterator[bytes]:
        for at, line in enumerate(super().lines()):
            yield line
            if not at:
                self.gate.wait()
            if self.is_ended:
                return

    def end(self) -> None:
        self.is_ended = True


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    quick_border(monkeypatch)
    made = Watched(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def held(served: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Open, until a test shuts it."""
    process = Held()
    process.gate.set()
    monkeypatch.setattr(served.at.serving.studies, "_process", process)
    yield process.gate
    process.gate.set()
    served.at.serving.studies.close()


@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_planner_cuts_a_country_and_sees_what_is_left(
    browser: Browser, world: Watched, served: Served, held: threading.Event, tmp_path: Path, language: str
) -> None:
    texts = Texts(language)
    nilufar = Person(browser, served, "nilufar", "desk", language)
    comes_in(served, world, nilufar)
    page = nilufar.page
    nilufar.opens("/rehearse")
    nilufar.sees(texts("reh-no-world"))
    save_world(LocalTopologyFiles(), tmp_path / "rehearsals" / "small.world", world_of(LINKS, PLACES, PEOPLE))
    (tmp_path / "rehearsals" / "both.toml").write_text(SCENARIO)
    shutil.copy(FICTIONAL_MAP, tmp_path / "rehearsals" / OUTLINES_NAME)
    (tmp_path / "rehearsals" / "wrong.toml").write_text("name = 5")
    nilufar.opens("/rehearse")
    nilufar.sees(texts("reh-hangs-on"))
    nilufar.shot("rehearse", language)

    page.get_by_label(texts("reh-whom-cut")).fill("ZQ")
    page.get_by_role("button", name=texts("rehearse-short"), exact=True).click()
    nilufar.sees(texts("reh-wrong-country", value="ZQ"))
    held.clear()
    page.get_by_label(texts("reh-whom-cut")).fill("xb")
    page.get_by_role("button", name=texts("rehearse-short"), exact=True).click()
    nilufar.sees(texts("study-step-reading"))
    nilufar.shot("rehearse-waits", language)
    page.get_by_role("button", name=texts("study-end")).click()
    held.set()
    nilufar.sees(texts("study-ended"))
    page.get_by_role("button", name=texts("study-again")).click()

    nilufar.sees(texts("reh-advice"))
    row = page.get_by_role("row").filter(has_text="XA")
    expect(row.first).to_contain_text("200,000,000" if language == "en" else "200")
    assert page.locator("svg.map").evaluate("node => getComputedStyle(node).direction") == "ltr"
    assert page.locator("svg.map path.lhome").count() == 1
    assert page.locator("svg.map path.l3 title").first.text_content()
    tiles = page.locator("ul.tiles li")
    expect(tiles).to_have_count(2)
    expect(tiles.nth(0)).to_have_class(re.compile(r"\bl2\b"))
    expect(tiles.nth(1)).to_have_class(re.compile(r"\bl4\b"))
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").first.click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0].startswith("country,people,reach.before.low")
    assert {line.partition(",")[0] for line in lines[1:]} == {"XC", "QM", "XA"}
    nilufar.shot("rehearsal", language)
    page.get_by_label(texts("map-view-after")).check()
    assert page.locator("svg.map path.l4").count() >= 1

    address = page.url
    assert address.endswith("/rehearse/4")
    nilufar.opens("/rehearse")
    page.get_by_label(texts("reh-what-happens")).select_option("file")
    nilufar.sees(texts("reh-file-wrong", file="wrong.toml"))
    page.get_by_role("button", name=texts("rehearse-short"), exact=True).click()
    nilufar.sees(texts("reh-advice"))
    page.get_by_label(texts("reh-whose-losses")).select_option("QM")
    assert page.url.endswith("?of=QM")
    nilufar.opens("/rehearse")
    page.get_by_label(texts("reh-whom-cut")).fill("xb")
    page.get_by_label(texts("reh-peered")).fill("AS2 - AS5, AS2")
    page.get_by_role("button", name=texts("rehearse-short"), exact=True).click()
    nilufar.sees(texts("reh-wrong-link", value="AS2"))
    page.get_by_label(texts("reh-peered")).fill("AS2 - AS5")
    page.get_by_label(texts("reh-carried")).fill("3:2")
    with page.expect_request(lambda one: one.method == "POST") as asked:
        page.get_by_role("button", name=texts("rehearse-short"), exact=True).click()
    assert asked.value.post_data_json["scenario"]["change"] == [
        {"kind": "cut_country", "country": "XB"},
        {
            "kind": "add_links",
            "links": [{"first": 2, "second": 5}, {"first": 3, "second": 2, "relation": "provider"}],
        },
    ]
    nilufar.sees(texts("reh-before-after"))
    nilufar.opens("/rehearse")
    page.get_by_label(texts("reh-what-happens")).select_option("throttle")
    nilufar.shot("rehearse-throttle", language)
    page.get_by_label(texts("border-point")).fill("west")
    page.get_by_label(texts("reh-carries")).fill("100")
    page.get_by_label(texts("reh-then")).fill("10")
    page.get_by_label(texts("reh-behind")).fill("AS1")
    page.get_by_label(texts("reh-wants")).fill("AS5 50")
    page.get_by_label(texts("reh-whose")).fill("XA")
    page.get_by_role("button", name=texts("rehearse-short"), exact=True).click()
    expect(page.get_by_role("row").filter(has_text="west").first).to_be_visible()
    nilufar.opens("/rehearse")
    page.get_by_label(texts("reh-threshold")).fill("60000000")
    page.get_by_role("button", name=texts("reh-measure")).click()
    nilufar.sees(texts("reh-tried-all", count="1"))
    nilufar.shot("rehearse-together", language)
    page.goto(address)
    nilufar.sees(texts("reh-chokepoints", country="XB"))
    assert not nilufar.wrong
    nilufar.context.close()


RULES = """
[[rule]]
name = "names are at home"
layer = "names"
must_be = "at home"
[[rule]]
name = "all survive any one foreign provider for a day"
survives = "any foreign provider"
[[rule]]
name = "all survive an hour without abroad, where they can be seen"
survives = "any foreign country"
hours = 1
"""
COSTS = 'unit = "dinars"\n[cost]\nreplica = { once = 1 }\nname_servers = { once = 900 }\n'


@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_planner_holds_services_to_rules_sets_two_audits_side_by_side_and_asks_what_changes_cost(
    browser: Browser, world: Watched, served: Served, held: threading.Event, tmp_path: Path, language: str
) -> None:
    texts = Texts(language)
    nilufar = Person(browser, served, "nilufar", "desk", language)
    comes_in(served, world, nilufar)
    page = nilufar.page
    for name, seed in (("2026-10.jsonl", 5), ("2026-11.jsonl", 4)):
        write_audit(
            DiskFiles(), tmp_path / "audits" / name, observations_of(DiskFiles(), f"synthetic:12:{seed}", 0)
        )
    (tmp_path / "audits" / "rules.toml").write_text(RULES)
    (tmp_path / "audits" / "idle.toml").write_text('[[rule]]\nname = "idle"')
    (tmp_path / "audits" / "costs.toml").write_text(COSTS)
    (tmp_path / "rehearsals").mkdir()
    save_world(LocalTopologyFiles(), tmp_path / "rehearsals" / "small.world", world_of(LINKS, PLACES, PEOPLE))
    (tmp_path / "rehearsals" / "both.toml").write_text(SCENARIO.replace("SG", "XA"))

    nilufar.opens("/audit")
    expect(page.get_by_label(texts("aud-earlier"), exact=True)).to_have_value("2026-10.jsonl")
    expect(page.get_by_label(texts("aud-later"), exact=True)).to_have_value("2026-11.jsonl")
    page.get_by_role("button", name=texts("aud-compare")).click()
    nilufar.sees(texts("aud-diff-losses"))
    nilufar.sees(texts("aud-diff-layers"))
    nilufar.shot("audit-diff", language)

    nilufar.opens("/audit")
    page.get_by_label(texts("aud-file"), exact=True).select_option("2026-11.jsonl")
    page.get_by_role("button", name=texts("aud-look"), exact=True).click()
    nilufar.sees(texts("aud-advice-form"))
    address = page.url
    nilufar.sees(texts("reh-file-wrong", file="idle.toml"))
    nilufar.shot("audit-forms", language)
    page.get_by_role("button", name=texts("aud-check")).click()
    nilufar.sees(texts("aud-by-whom"))
    expect(page.locator("section.sheet table").first.locator("tbody tr")).to_have_count(3)
    expect(page.locator("section.sheet table").nth(1)).to_contain_text(
        texts("because-abroad", layer=texts("layer-names"))
    )
    nilufar.shot("audit-rules", language)

    page.goto(address)
    page.get_by_label(texts("aud-how-many")).fill("3")
    page.get_by_label(texts("aud-costs"), exact=True).select_option("costs.toml")
    page.get_by_label(texts("aud-budget")).fill("40")
    page.get_by_role("button", name=texts("aud-advise")).click()
    nilufar.sees(texts("aud-cost-in", unit="dinars"))
    nilufar.shot("audit-advice", language)

    page.goto(address)
    page.get_by_label(texts("reh-what-happens")).select_option("scenario")
    page.get_by_label(texts("reh-which-world")).select_option("small.world")
    page.get_by_role("button", name=texts("aud-ask"), exact=True).click()
    nilufar.sees(texts("aud-people-state"))
    nilufar.sees(texts("asked-rehearsed", scenario=CUT))
    nilufar.shot("audit-rehearsed", language)
    assert not nilufar.wrong
    nilufar.context.close()


@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_planner_sees_what_services_stand_on_and_what_stops_them(
    browser: Browser, world: Watched, served: Served, held: threading.Event, tmp_path: Path, language: str
) -> None:
    texts = Texts(language)
    nilufar = Person(browser, served, "nilufar", "desk", language)
    comes_in(served, world, nilufar)
    page = nilufar.page
    nilufar.opens("/audit")
    nilufar.sees(texts("aud-no-file"))
    made = observations_of(DiskFiles(), "synthetic:12:4", 0)
    write_audit(DiskFiles(), tmp_path / "audits" / "small.jsonl", made)
    nilufar.opens("/audit")
    nilufar.shot("audit", language)
    page.get_by_role("button", name=texts("aud-look"), exact=True).click()
    nilufar.sees(texts("aud-never-safe"))
    nilufar.sees(texts("aud-advice"))
    assert page.locator("svg.ribbons path.ribbon").count() > 3
    assert page.locator("svg.ribbons").evaluate("node => getComputedStyle(node).direction") == "ltr"
    nilufar.shot("audit-layers", language)

    row = page.locator("tr").filter(has=page.get_by_role("button").filter(has_text=texts("loss-law"))).first
    row.get_by_role("button").click()
    nilufar.sees(texts("aud-people-state"))
    nilufar.sees(texts("fate-fails"))
    page.get_by_text(texts("aud-why-summary", count="").split("\u2068")[0]).first.click()
    nilufar.shot("audit-what-if", language)
    page.locator("button.name").first.click()
    nilufar.sees(texts("aud-proof-means"))
    nilufar.shot("audit-service", language)
    page.get_by_role("button", name=texts("aud-whole")).click()
    page.get_by_label(texts("reh-what-happens")).select_option("withdraw-provider")
    page.get_by_label(texts("event-of-withdraw-provider")).fill("nobody")
    page.get_by_role("button", name=texts("aud-ask"), exact=True).click()
    nilufar.sees(texts("wrong-not-allowed"))
    assert page.url.endswith("/audit/4")
    assert not nilufar.wrong
    nilufar.context.close()
