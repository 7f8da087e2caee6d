"""`tidegate audit` as a planner uses it, on a made-up country: tables, JSON, exit codes, files."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from tests.audit.told_country import certificate, country
from tidegate.__main__ import PARTS
from tidegate.app.audit.reading import write_audit
from tidegate.cli.door import front
from tidegate.cli.exits import Exit, Finished
from tidegate.model.audits import ServiceListed
from tidegate.model.labels import LANGUAGES, RIGHT_TO_LEFT, Language, label
from tidegate.model.refusals import NotAllowed
from tidegate.model.topology import WrongLine


def audit(*arguments: object) -> Result:
    return CliRunner().invoke(front, ["audit", *map(str, arguments)], obj=PARTS)


def small(folder: Path) -> Path:
    """The told country of one bank, as a file."""
    path = folder / "audit.jsonl"
    write_audit(PARTS.files(), path, country())
    return path


def code(result: Result) -> Exit:
    assert isinstance(result.exception, Finished), result.output
    return result.exception.code


def test_a_loss_is_told_with_its_causes_and_ends_with_a_finding(tmp_path: Path) -> None:
    result = audit("what-if", "--audit", small(tmp_path), "--lose", "XB", "--csv", tmp_path / "fates.csv")
    assert code(result) is Exit.FINDING
    assert "country XB at once" in result.output
    assert (tmp_path / "fates.csv").read_text().splitlines()[1].startswith("Bank,,100,fails,fails")


def test_json_has_times_and_a_chain(tmp_path: Path) -> None:
    result = audit("what-if", "--audit", small(tmp_path), "--withdraw", "Names", "--from", "XA", "--json")
    (fate,) = json.loads(result.output)["services"]
    assert (fate["fails_for_new_s"], fate["fails_s"]) == (0, 300)
    assert fate["chain"][-1]["thing"] == "provider Names"


def test_a_name_that_nothing_stands_on_is_told_with_the_nearest(tmp_path: Path) -> None:
    result = audit("what-if", "--audit", small(tmp_path), "--withdraw", "Namez")
    assert isinstance(result.exception, NotAllowed)
    assert "the nearest known: Names" in result.exception.why


def test_events_may_come_from_a_file(tmp_path: Path) -> None:
    events = tmp_path / "events.toml"
    events.write_text('name = "Seal stops"\n[[event]]\nkind = "stop_authority"\nauthority = "Seal"\n')
    result = audit("what-if", "--audit", small(tmp_path), "--scenario", events)
    assert "Seal stops" in result.output
    assert "good until" in result.output


def test_a_rehearsed_scenario_loses_the_networks_that_it_cuts(tmp_path: Path) -> None:
    """No network of the told country is in the made-up world, so that nothing is known of them."""
    scenario = tmp_path / "cut.toml"
    scenario.write_text('name = "cut"\n[[change]]\nkind = "cut_country"\ncountry = "XA"\n')
    told = audit(
        "what-if", "--audit", small(tmp_path), "--scenario", scenario, "--world", "synthetic:200", "--json"
    )
    assert json.loads(told.output)["services"][0]["states"] == ["not_known"] * 7


def test_rules_are_broken_and_kept_and_refused(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rule]]\nname = "survives"\nsurvives = "any provider"\nhours = 24\n')
    broken = audit("check", rules, "--audit", small(tmp_path), "--json")
    assert code(broken) is Exit.FINDING
    assert json.loads(broken.output)["sure"] is True
    rules.write_text('[[rule]]\nname = "hosted"\nlayer = "hosting"\nmust_be = "at home"\n')
    assert "All 1 rules are kept." in audit("check", rules, "--audit", small(tmp_path)).output
    rules.write_text('[[rule]]\nname = "nothing"\n')
    assert isinstance(audit("check", rules, "--audit", small(tmp_path)).exception, WrongLine)


def test_explain_proves_what_stops_a_service_alone(tmp_path: Path) -> None:
    result = audit("explain", "Bank", "--audit", small(tmp_path), "--json")
    assert code(result) is Exit.FINDING
    found = {one["what"]: one["proof"] for one in json.loads(result.output)["singles"]}
    assert found["provider Hoster"] == [
        "provider Hoster",
        "address 198.51.100.1",
        "host www.bank.example",
        "layer hosting of Bank",
        "service Bank",
    ]


def test_explain_tells_certificates_and_who_renews_them(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    other = certificate("api.bank.example", days=3, automated=True)
    service, *rest = country()
    assert isinstance(service, ServiceListed)
    service = msgspec.structs.replace(service, backends=("api.bank.example",))
    write_audit(PARTS.files(), path, [service, *rest, other])
    found = json.loads(audit("explain", "Bank", "--audit", path, "--json").output)["certificates"]
    assert [(one["host"], one["by_program"]) for one in found] == [
        ("api.bank.example", True),
        ("www.bank.example", False),
    ]
    shown = audit("explain", "Bank", "--audit", path).output
    assert "a program" in shown
    assert "hand, it seems" in shown


def test_two_audits_are_set_side_by_side(tmp_path: Path) -> None:
    before = small(tmp_path)
    after = tmp_path / "after.jsonl"
    write_audit(
        PARTS.files(),
        after,
        [
            msgspec.structs.replace(one, countries=("XA",)) if hasattr(one, "countries") else one
            for one in country()
        ],
    )
    assert "Nothing differs." in audit("diff", before, before).output
    result = audit("diff", before, after, "--json")
    assert code(result) is Exit.FINDING
    told = {one["of"]: one["after"] for one in map(json.loads, result.output.splitlines())}
    assert told["names of Bank"].startswith("at home")


class Outside(HTMLParser):
    """Whatever a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "link", "img", "iframe", "object") or any(
            name in ("src", "href") for name, _ in attrs
        ):
            self.found.append(tag)


def test_a_report_is_one_page_without_requests_and_the_same_each_time(tmp_path: Path) -> None:
    pages = []
    for name in ("one.html", "other.html"):
        audit("report", "synthetic:30", "-o", tmp_path / name)
        pages.append((tmp_path / name).read_text())
    assert pages[0] == pages[1]
    parser = Outside()
    parser.feed(pages[0])
    assert parser.found == []
    assert "http://" not in pages[0]
    assert "https://" not in pages[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_is_written_in_the_readers_language(tmp_path: Path, language: Language) -> None:
    """All of it but names and what was not seen: no English word of ours is left on a page in Persian."""
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rule]]\nname = "R1"\nlayer = "names"\nmust_be = "at home"\n')
    path = tmp_path / "page.html"
    audit("report", "synthetic:30", "--language", language, "--policy", rules, "-o", path)
    page = path.read_text()
    direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
    assert f'<html lang="{language}" dir="{direction}">' in page
    for code in ("layers", "advice", "because-abroad", "state-degraded", "scores-mean"):
        told = label("audit-page", code, language)
        assert told.partition("{")[0].strip() in page, code
    ours = ("people", "withdraw", "service", "layer", "provider", "not known", "at home")
    left = re.sub(
        r"<ul class=small.*?</ul>|<style>.*?</style>|title=\".*?\"|<[^>]*>", " ", page, flags=re.DOTALL
    )
    if language in ("fa", "ar", "ru"):
        assert not [word for word in ours if word in left]


def test_names_of_others_are_text_on_the_page(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    told = [
        msgspec.structs.replace(one, organisation="<b>Hoster</b>")
        if getattr(one, "organisation", "") == "Hoster"
        else one
        for one in country()
    ]
    write_audit(PARTS.files(), path, told)
    audit("report", path, "-o", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "<b>" not in page
    assert "&lt;b&gt;Hoster" in page


def test_every_table_has_its_command(tmp_path: Path) -> None:
    assert "hosting" in audit("layers", "--audit", "synthetic:20", "--services").output
    assert "withdrawal of all of" in audit("blast-radius", "--audit", "synthetic:20").output
    assert "people kept" in audit("advise", "--audit", "synthetic:20", "--changes", 2).output
    audit("export", "--audit", "synthetic:20", "-o", tmp_path / "a.jsonl", "--csv", tmp_path / "tables")
    assert {one.name for one in (tmp_path / "tables").iterdir()} == {
        "layers.csv",
        "blast-radius.csv",
        "scores.csv",
    }
    audit("import", tmp_path / "a.jsonl", "-o", tmp_path / "b.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_advice_costs_what_a_file_says_and_keeps_to_a_budget(tmp_path: Path) -> None:
    costs = tmp_path / "costs.toml"
    costs.write_text(
        'unit = "thousands"\n[cost]\nname_servers = { once = 4 }\nreplica = { once = 9, each = 1 }\n'
        '[[change]]\nkind = "name_servers"\nof = "bank.example"\ncost = 2.5\n'
    )
    ask = ("advise", "--audit", small(tmp_path), "--costs", costs, "--hours", 24)
    shown = audit(*ask)
    assert "thousands" in shown.output
    told = json.loads(audit(*ask, "--budget", 3, "--json").output)
    assert [(one["fix"]["of"], one["cost"]) for one in told["changes"]] == [("bank.example", 2.5)]
    costs.write_text("[cost]\nreplicas = { once = 9 }\n")
    assert isinstance(audit(*ask).exception, WrongLine)
    audit("report", small(tmp_path), "-o", tmp_path / "page.html")
    assert "days of work" in (tmp_path / "page.html").read_text()


def test_a_list_of_domains_is_enough_to_begin_with_and_knows_nothing_yet(tmp_path: Path) -> None:
    names = tmp_path / "domains.txt"
    names.write_text("# two\nwww.bank.example\nmail.example\n")
    audit("import", names, "--country", "XA", "-o", tmp_path / "audit.jsonl")
    told = audit("what-if", "--audit", tmp_path / "audit.jsonl", "--cut-off", "--json")
    assert {one["states"][0] for one in json.loads(told.output)["services"]} == {"not_known"}


def test_nobody_is_asked_by_a_report_of_a_list_before_it_is_said_who_asks(tmp_path: Path) -> None:
    names = tmp_path / "domains.txt"
    names.write_text("www.bank.example\n")
    result = audit("report", names, "--country", "XA", "-o", tmp_path / "page.html")
    assert "contact" in str(result.exception)
    assert not (tmp_path / "page.html").exists()
