"""Rehearsals as a planner meets them: worlds from files, answers in JSON, sweeps that go on."""

import bz2
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.adapters.test_topology_download import BODY, server
from tidegate.__main__ import PARTS
from tidegate.app.rehearsing import Bounds
from tidegate.cli.door import front
from tidegate.cli.exits import Exit, Finished
from tidegate.cli.rehearse_tables import bounds, round_people, share
from tidegate.model.refusals import NotAllowed
from tidegate.model.topology import WrongLine

LINKS = b"64500|64501|-1|bgp\n64500|64502|-1|bgp\n64501|64503|-1|bgp\n64502|64504|-1|bgp\n"
PLACES = b"asn,country,name\n64500,XB,Top\n64501,XA,North\n64502,XB,South\n64503,XA,Town\n64504,XA,Isle\n"
PEOPLE = b"asn,cc,users,samples\n64502,XB,1000,1000\n64503,XA,600,1000\n64504,XA,400,1000\n"


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEGATE_STATE", str(tmp_path / "state"))


def called(*arguments: str) -> Result:
    return CliRunner().invoke(front, list(arguments), obj=PARTS, standalone_mode=False)


def code_of(result: Result) -> Exit:
    if result.exception is None:
        return Exit.FINE
    assert isinstance(result.exception, Finished), result.exception
    return result.exception.code


def files(folder: Path) -> list[str]:
    (folder / "links.bz2").write_bytes(bz2.compress(LINKS))
    (folder / "places.csv").write_bytes(PLACES)
    (folder / "people.csv").write_bytes(PEOPLE)
    named = {"links": "links.bz2", "places": "places.csv", "people": "people.csv"}
    return [word for name, file in named.items() for word in (f"--{name}", str(folder / file))]


def test_a_world_is_imported_with_its_provenance_and_a_cut_of_it_is_answered(tmp_path: Path) -> None:
    imported = called("topology", "import", "--json", *files(tmp_path))
    told = json.loads(imported.stdout)
    assert (told["networks"], told["links"], told["people"]) == (5, 4, 2000)
    assert [source["role"] for source in told["sources"]] == ["links", "places", "people", "users by country"]
    result = called("rehearse", "cut", "XA", "--json")
    assert code_of(result) is Exit.FINDING
    (country,) = json.loads(result.stdout)["answer"]["countries"]
    assert country["inside"]["after"] == {"low": 0.52, "high": 0.52}
    assert (country["cut_off"]["people"], country["cut_off"]["networks"]) == (400, 1)
    assert "XA: 1 000" in called("rehearse", "cut", "XA").stdout.replace("\N{NO-BREAK SPACE}", " ")


def test_the_same_question_gives_the_same_bytes(tmp_path: Path) -> None:
    world = ["--world", "synthetic:120:5"]
    outputs = set()
    for at in range(2):
        kept, table = tmp_path / f"kept{at}.json", tmp_path / f"table{at}.csv"
        called("rehearse", "cut", "XA", *world, "--save", str(kept), "--csv", str(table))
        outputs.add((kept.read_bytes(), table.read_bytes()))
    assert len(outputs) == 1
    assert b"synthetic, seed 5, 120 networks" in next(iter(outputs))[0]


def test_check_tells_what_was_decided_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "links").write_bytes(LINKS + b"64500|64500|0\n")
    result = called("topology", "check", "--links", str(tmp_path / "links"))
    assert code_of(result) is Exit.FINDING
    assert "rule 1: left out" in result.stdout
    assert not (tmp_path / "state").exists()
    (tmp_path / "links").write_bytes(LINKS + b"64500|x|0\n")
    wrong = called("topology", "check", "--links", str(tmp_path / "links")).exception
    assert isinstance(wrong, WrongLine)
    assert str(wrong) == "links, line 5: not a whole number of at most ten digits"


def test_without_a_world_the_way_to_one_is_told() -> None:
    missing = called("rehearse", "cut", "XA").exception
    assert isinstance(missing, NotAllowed)
    assert "--world synthetic" in str(missing)
    assert isinstance(called("rehearse", "--world", "synthetic:1").exception, NotAllowed)
    assert isinstance(called("rehearse", "--world", "synthetic:x").exception, NotAllowed)


@pytest.mark.parametrize(
    "arguments, told",
    [
        ((), "reach no other network"),
        (("withdraw", "AS4200000001", "--from", "XA"), ""),
        (("alliance", "XA", "XB"), "Alliances alone in the world"),
        (("alliance", "--at-least", "1000"), "sets measured"),
        (("chokepoints", "XC"), "Networks that XC hangs on"),
        (("depends", "XC"), "Routes of XC that cross a network"),
        (("advise", "XA", "--links", "2"), "New links, the most useful first"),
        (("sweep", "countries"), "cut XA"),
        (("sweep", "networks", "XC"), "remove AS"),
        (("sweep", "pairs", "XA", "XB", "XC"), "cut XA from XB"),
        (("sweep", "random", "--count", "3"), "random 3"),
    ],
)
def test_every_question_has_a_table_and_json(arguments: tuple[str, ...], told: str) -> None:
    world = "synthetic:200:3"
    if arguments[:1] == ("withdraw",):
        shown = called("rehearse", "--world", world, *arguments)
        assert isinstance(shown.exception, NotAllowed)
        assert "the nearest known are" in str(shown.exception)
        return
    shown = called("rehearse", "--world", world, *arguments)
    assert code_of(shown) in (Exit.FINE, Exit.FINDING)
    assert told in shown.stdout
    as_json = called("rehearse", "--world", world, *arguments, "--json")
    assert code_of(as_json) in (Exit.FINE, Exit.FINDING)
    assert [json.loads(line) for line in as_json.stdout.splitlines()]


def test_a_report_is_one_page_that_asks_nothing_and_is_the_same_again(tmp_path: Path) -> None:
    pages = []
    for at in range(2):
        path = tmp_path / f"{at}.html"
        assert (
            code_of(called("rehearse", "report", "XB", "--world", "synthetic:200:3", "-o", str(path)))
            is Exit.FINE
        )
        pages.append(path.read_text())
    assert pages[0] == pages[1]
    assert "XB: what would be left" in pages[0]
    assert "synthetic, seed 3, 200 networks" in pages[0]
    for request in ("http:", "https:", "src=", "href=", "<script", "@import", "url("):
        assert request not in pages[0]
    tags = re.findall(r"<(/?)(table|tbody|thead|tr|td|th|h1|h2|p|svg)\b", pages[0])
    for name in {name for _, name in tags}:
        assert tags.count(("", name)) == tags.count(("/", name)), name
    assert isinstance(called("rehearse", "report", "QQ", "--world", "synthetic:60:3").exception, NotAllowed)


def test_a_sweep_goes_on_where_it_was_cut_short(tmp_path: Path) -> None:
    kept = tmp_path / "sweep.jsonl"
    question = ["rehearse", "sweep", "countries", "--world", "synthetic:120:2", "--json", "--keep", str(kept)]
    whole = called(*question).stdout
    lines = kept.read_bytes().splitlines(keepends=True)
    kept.write_bytes(b"".join(lines[:-1]) + lines[-1][:9])
    marked = kept.read_bytes().replace(b'"network_pairs_lost":', b'"network_pairs_lost":1', 1)
    kept.write_bytes(marked)
    again = called(*question).stdout
    # The first result was taken as it was kept; the one cut short was computed again.
    assert again != whole
    assert len(again.splitlines()) == len(lines)
    kept.write_bytes(b"not a result\n" + marked)
    assert isinstance(called(*question).exception, WrongLine)


def test_ctrl_c_ends_a_sweep_and_what_was_found_stays(tmp_path: Path) -> None:
    kept = tmp_path / "sweep.jsonl"
    question = ["rehearse", "sweep", "networks", "XA", "--world", "synthetic:20000", "--keep", str(kept)]
    command = [sys.executable, "-m", "tidegate", *question]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not (kept.exists() and kept.read_bytes().count(b"\n") > 3):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=600)
    assert (process.returncode, said.strip()) == (Exit.INTERRUPTED, "tidegate: interrupted")
    lines = kept.read_bytes().splitlines()
    assert 3 < len(lines) < 2_000
    assert all(json.loads(line)["loss"]["name"].startswith("remove AS") for line in lines)


def test_a_scenario_file_runs_and_two_answers_are_compared(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.toml"
    scenario.write_text('name = "both"\n[[change]]\nkind = "alliance"\ncountries = ["XA", "XB"]\n')
    world = ["--world", "synthetic:200:3"]
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    called("rehearse", "run", str(scenario), *world, "--save", str(one))
    called("rehearse", "cut", "XA", *world, "--save", str(other))
    rows = [
        json.loads(line)
        for line in called("rehearse", "compare", str(one), str(other), "--json").stdout.splitlines()
    ]
    with_xb = next(row for row in rows if (row["country"], row["with_whom"]) == ("XA", "XB"))
    assert with_xb["one"]["low"] > with_xb["other"]["low"] == 0
    shown = called("rehearse", "compare", str(one), str(other)).stdout
    assert "XA with XB" in shown
    assert "inside XA" in shown
    assert "XB with" not in shown  # One of the two does not tell of it.
    third = tmp_path / "third.json"
    called("rehearse", "cut", "XA", "--world", "synthetic:200:4", "--save", str(third))
    assert isinstance(called("rehearse", "compare", str(one), str(third)).exception, NotAllowed)
    assert isinstance(called("rehearse", "compare", str(one), str(scenario)).exception, WrongLine)


def test_flags_add_to_a_scenario_behind_what_it_does_itself(tmp_path: Path) -> None:
    called("topology", "import", *files(tmp_path))
    more = ["--peer", "64501:AS64504", "--remove", "64502", "--name", "n"]
    answer = json.loads(called("rehearse", "cut", "XA", *more, "--json").stdout)["answer"]
    kinds = [change["kind"] for change in answer["scenario"]["change"]]
    assert (answer["scenario"]["name"], kinds) == ("n", ["cut_country", "remove_networks", "add_links"])
    assert answer["countries"][0]["inside"]["after"]["low"] == 1.0
    assert "is not two networks" in str(called("rehearse", "cut", "XA", "--peer", "64501").exception)
    assert "is not an AS number" in str(called("rehearse", "cut", "XA", "--remove", "x").exception)
    assert isinstance(called("rehearse", "cut", "XA", "--cable", "North").exception, NotAllowed)


def test_public_files_are_named_with_their_terms_and_fetched_from_where_one_says(tmp_path: Path) -> None:
    assert "CAIDA Acceptable Use Agreement" in called("topology", "fetch").stdout
    with server() as (address, _):
        result = called("topology", "fetch", "as-rel2", "--from", address, "--into", str(tmp_path), "--json")
    told = json.loads(result.stdout)
    assert Path(told["file"]).read_bytes() == BODY
    kept = json.loads((tmp_path / "provenance.jsonl").read_text())
    assert (kept["sha256"], kept["address"]) == (told["sha256"], address)


def test_what_was_fetched_last_is_imported_and_its_terms_go_with_it() -> None:
    nothing = called("topology", "import").exception
    assert isinstance(nothing, NotAllowed)
    assert "tidegate topology fetch as-rel2" in str(nothing)
    for name, body in (("as-rel2", b"64500|64501|-1\n"), ("aspop", PEOPLE), ("as-rel2", LINKS)):
        with server(body=body) as (address, _):
            called("topology", "fetch", name, "--from", f"{address}.{name}")
    told = json.loads(called("topology", "import", "--json").stdout)
    assert (told["networks"], told["links"], told["people"]) == (5, 4, 2000)
    links, people = told["sources"][:2]
    assert (links["role"], people["role"]) == ("links", "people")
    assert links["terms"].startswith("CAIDA Acceptable Use Agreement")
    assert people["terms"].endswith(".aspop")


def test_a_made_up_world_is_kept_where_rehearse_looks() -> None:
    assert code_of(called("topology", "synthesise", "--networks", "60", "--countries", "3")) is Exit.FINE
    assert len(called("rehearse", "--json").stdout.splitlines()) == 3


@pytest.mark.parametrize(
    "value, told",
    [(1.0, "100 %"), (0.99995, ">99.9 %"), (0.0, "0 %"), (0.00001, "<0.1 %"), (0.4816, "48.2 %")],
)
def test_a_share_is_never_rounded_to_all_or_nothing(value: float, told: str) -> None:
    assert share(value) == told


def test_bounds_that_agree_are_one_figure_and_people_have_three_digits() -> None:
    assert bounds(Bounds(0.5, 0.5)) == "50 %"
    assert bounds(Bounds(0.5, 0.62)) == "50 to 62 %"
    assert round_people(1_234_567).replace("\N{NO-BREAK SPACE}", " ") == "1 230 000"


def test_a_first_start_says_that_it_compiles_and_a_second_does_not(tmp_path: Path) -> None:
    environ = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "kernels")}
    command = [sys.executable, "-m", "tidegate", "rehearse", "--world", "synthetic:60:3", "--json"]
    told = [subprocess.run(command, env=environ, capture_output=True, text=True, check=True) for _ in "12"]
    assert told[0].stdout == told[1].stdout
    assert told[0].stderr == "The first start on this machine compiles, for about ten seconds.\n"
    assert told[1].stderr == ""
