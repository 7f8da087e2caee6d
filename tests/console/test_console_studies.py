"""Rehearsals and audits at the console: the answers of the commands, one at a time, kept, and told of."""

import io
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from tests.console_world import STUDY_PROCESS, Watched
from tests.plan_world import quick_border
from tidegate.__main__ import PARTS
from tidegate.adapters.clock import WallClock
from tidegate.adapters.hotline.shelf import FolderShelf
from tidegate.adapters.local_files import DiskFiles
from tidegate.adapters.studying import ChildStudy, StudyPipe
from tidegate.adapters.topology_files import LocalTopologyFiles
from tidegate.app.console.access import Role
from tidegate.app.console.gathering import NoSuchThing
from tidegate.app.console.sessions import add_token
from tidegate.app.console.studies import WAITING_MAX, Studies
from tidegate.app.console.study import (
    AdviceAsked,
    AllianceAsked,
    Asked,
    AuditAsked,
    CutAsked,
    DiffAsked,
    Order,
    Part,
    PolicyAsked,
    Refusal,
    ScenarioAsked,
    ServiceAsked,
    Step,
    Told,
    WhatIfAsked,
    WorldAsked,
    part,
)
from tidegate.app.console.study_sources import OUTLINES_NAME, Folders
from tidegate.app.console.study_work import told_of
from tidegate.app.rehearsal import open_world, save_world
from tidegate.cli.door import front
from tidegate.console.answering import desk
from tidegate.console.page_files import page_files
from tidegate.console.server import application
from tidegate.model.audit_costs import Costs
from tidegate.model.audit_events import CutOff, Policy, Rule, WhatIf
from tidegate.model.refusals import Full, NotAllowed
from tidegate.model.scenarios import CutCountry, RemoveNetworks, Scenario
from tidegate.ports.outside import OutsideFailed

WORLD = "synthetic:300:3"
AUDIT = "synthetic:12:4"
CUT = '[[change]]\nkind = "cut_country"\ncountry = "XA"\n'
THROTTLE = """
name = "the west is throttled while XA is cut"
focus = ["XA"]

[[change]]
kind = "cut_country"
country = "XA"

[[change]]
kind = "throttle"
border_point = "west"
capacity_bits_per_s = 10

[[border_point]]
name = "west"
capacity_bits_per_s = 100
networks = [64512]

[[demand]]
network = 64600
bits_per_s = 50
"""


MENDED = f"""
name = "cut XA"
focus = ["XA"]
{CUT}
[[change]]
kind = "add_links"
links = [{{ first = 64512, second = 64600 }}, {{ first = 64513, second = 64601, relation = "provider" }}]
"""


def commands(*words: str) -> list[Any]:
    """What a command tells with --json, line by line."""
    result = CliRunner().invoke(front, [*words, "--json"], obj=PARTS, standalone_mode=False)
    return [json.loads(line) for line in result.stdout.splitlines()]


def parts_of(asked: Asked, place: str) -> dict[str, Any]:
    told = list(told_of(PARTS, Order(asked=asked, place=place)))
    assert not [one for one in told if isinstance(one, Refusal)]
    return {one.name: json.loads(bytes(one.told)) for one in told if isinstance(one, Part)}


@pytest.mark.parametrize("text", [f'name = "cut XA"\n{CUT}', THROTTLE], ids=["cut", "throttled"])
def test_a_rehearsal_is_what_the_commands_say(tmp_path: Path, text: str) -> None:
    file = tmp_path / "asked.toml"
    file.write_text(text)
    scenario = msgspec.toml.decode(file.read_bytes(), type=Scenario)
    told = parts_of(ScenarioAsked(world=WORLD, scenario=scenario), WORLD)
    (command,) = commands("rehearse", "run", str(file), "--world", WORLD)
    assert (told["answer"], told["throttled"]) == (command["answer"], command["throttled"])
    assert [told["chokepoints"]] == commands("rehearse", "chokepoints", "XA", "--world", WORLD)
    after = ("rehearse", "advise", "XA", "--after", str(file), "--world", WORLD)
    assert [told["advice"]] == commands(*after)
    assert [told["allied"]] == commands("rehearse", "alliance", "XA", "--world", WORLD)
    world = commands("rehearse", "--world", WORLD)
    assert told["borders"] == [one for one in world if one["country"] == "XA"]


def test_new_links_behind_a_cut_are_what_the_command_adds() -> None:
    """As the page's form puts them together."""
    scenario = msgspec.toml.decode(MENDED, type=Scenario)
    told = parts_of(ScenarioAsked(world=WORLD, scenario=scenario), WORLD)
    wanted = ("rehearse", "cut", "XA", "--peer", "64512:64600", "--carry", "64513:64601", "--world", WORLD)
    (command,) = commands(*wanted)
    assert told["answer"] == command["answer"]
    alone = parts_of(
        ScenarioAsked(world=WORLD, scenario=Scenario(name="", change=scenario.change[:1])), WORLD
    )
    assert told["answer"]["countries"] != alone["answer"]["countries"], "the links bring people together"


def test_a_world_and_alliances_are_what_the_commands_say() -> None:
    told = parts_of(WorldAsked(world=WORLD), WORLD)
    assert told["borders"] == commands("rehearse", "--world", WORLD)
    assert told["world"]["networks"] == 300
    assert told["world"]["countries"] == [one["country"] for one in told["borders"]]
    pair = parts_of(AllianceAsked(world=WORLD, countries=("XA", "XB")), WORLD)
    assert [pair["allied"]] == commands("rehearse", "alliance", "XA", "XB", "--world", WORLD)
    sets = parts_of(AllianceAsked(world=WORLD, at_least=50_000_000), WORLD)
    wanted = ("rehearse", "alliance", "--at-least", "50000000", "--world", WORLD)
    assert [sets["coalitions"]] == commands(*wanted)


def test_an_audit_is_what_the_commands_say() -> None:
    told = parts_of(AuditAsked(audit=AUDIT), AUDIT)
    named = ("--audit", AUDIT)
    (layers,) = commands("audit", "layers", *named)
    assert told["layers"] == {key: layers[key] for key in ("home", "layers", "scores")}
    assert told["standings"] == layers["services"]
    assert told["losses"] == commands("audit", "blast-radius", *named)
    assert [told["advice"]] == commands("audit", "advise", *named)
    assert len(told["audit"]["services"]) == 12
    assert told["audit"]["people"] == sum(one["people"] for one in told["audit"]["services"])
    service = told["audit"]["services"][0]["name"]
    explained = parts_of(ServiceAsked(audit=AUDIT, service=service), AUDIT)
    assert [explained["explained"]] == commands("audit", "explain", service, *named)


def test_a_what_if_is_what_the_command_says() -> None:
    home = parts_of(AuditAsked(audit=AUDIT), AUDIT)["audit"]["home"]
    asked = WhatIfAsked(audit=AUDIT, what_if=WhatIf(f"{home} is cut off", (CutOff(country=home),)))
    told = parts_of(asked, AUDIT)
    (command,) = commands("audit", "what-if", "--cut-off", "--audit", AUDIT)
    touched = [one for one in command["services"] if set(one["states"]) != {"works"}]
    assert told["fates"] == {**command, "services": touched}
    assert told["touched"] == len(touched) > 0


RULES = """
[[rule]]
name = "names are at home"
layer = "names"
must_be = "at home"
[[rule]]
name = "all survive any one provider"
survives = "any provider"
"""
COSTS = 'unit = "dinars"\n[cost]\nreplica = { once = 1 }\nauthority = { once = 900 }\n'


def test_a_policy_two_audits_and_advice_by_cost_are_what_the_commands_say(tmp_path: Path) -> None:
    rules, costs = tmp_path / "rules.toml", tmp_path / "costs.toml"
    rules.write_text(RULES)
    costs.write_text(COSTS)
    policy = msgspec.toml.decode(RULES, type=Policy)
    told = parts_of(PolicyAsked(audit=AUDIT, policy=policy), AUDIT)
    assert told["breaches"] == commands("audit", "check", str(rules), "--audit", AUDIT)
    for rule in told["rules"]:
        broken = [one for one in told["breaches"] if one["rule"] == rule["name"]]
        sure = sum(one["sure"] for one in broken)
        assert (rule["broken"], rule["sure"]) == (len(broken), sure)
        assert rule["people"] == sum(one["people"] for one in broken) > 0

    asked = DiffAsked(audit=AUDIT, before="synthetic:12:5")
    beside = list(told_of(PARTS, Order(asked=asked, place=AUDIT, beside="synthetic:12:5")))
    parts = {one.name: json.loads(bytes(one.told)) for one in beside if isinstance(one, Part)}
    assert parts["differences"] == commands("audit", "diff", "synthetic:12:5", AUDIT)
    assert parts["differing"]["count"] == len(parts["differences"]) > 0

    stated = msgspec.toml.decode(COSTS, type=Costs)
    advice = parts_of(AdviceAsked(audit=AUDIT, changes=2, hours=24, costs=stated, budget=10), AUDIT)
    named = ("--changes", "2", "--hours", "24", "--costs", str(costs), "--budget", "10", "--audit", AUDIT)
    assert [advice["advice"]] == commands("audit", "advise", *named)
    assert advice["advice"]["unit"] == "dinars"


def test_a_rehearsed_scenario_is_what_the_command_says(tmp_path: Path) -> None:
    file = tmp_path / "cut.toml"
    file.write_text(f'name = "cut XA"\n{CUT}')
    scenario = msgspec.toml.decode(file.read_bytes(), type=Scenario)
    asked = CutAsked(audit=AUDIT, world="w", scenario=scenario)
    parts = list(told_of(PARTS, Order(asked=asked, place=AUDIT, beside=WORLD)))
    told = {one.name: json.loads(bytes(one.told)) for one in parts if isinstance(one, Part)}
    (command,) = commands("audit", "what-if", "--scenario", str(file), "--world", WORLD, "--audit", AUDIT)
    touched = [one for one in command["services"] if set(one["states"]) != {"works"}]
    assert told["fates"] == {**command, "services": touched}
    assert told["cut"] == command["what_if"]["event"][0]


@pytest.mark.parametrize(
    ("asked", "place", "why"),
    [
        (ScenarioAsked(world="w", scenario=Scenario("x", (CutCountry("ZQ"),))), WORLD, "ZQ"),
        (WorldAsked(world="w"), "no/such/world", "no world"),
        (ServiceAsked(audit="a", service="nobody"), AUDIT, "nobody"),
        (AuditAsked(audit="a", home="ZQ"), AUDIT, "ZQ"),
        (PolicyAsked(audit="a", policy=Policy((Rule("idle"),))), AUDIT, "idle"),
    ],
    ids=["country", "world", "service", "home", "rule"],
)
def test_what_cannot_be_answered_is_refused_in_words(asked: Asked, place: str, why: str) -> None:
    *_, last = told_of(PARTS, Order(asked=asked, place=place))
    assert isinstance(last, Refusal)
    assert (last.part, last.kind) == ("", "not-allowed")
    assert why in last.why


def test_a_scenario_that_names_no_country_is_answered_for_the_world_alone() -> None:
    network = open_world(PARTS.topology(), WORLD, {}).numbers[0]
    scenario = Scenario("one is gone", (RemoveNetworks((int(network),)),))
    told = parts_of(ScenarioAsked(world=WORLD, scenario=scenario), WORLD)
    assert told["answer"]["countries"] == []
    assert told["answer"]["pairs_after"]["low"] < told["answer"]["pairs_before"]["low"]
    assert "chokepoints" not in told


# One at a time, kept, and told of.


@dataclass
class Slow:
    """A process that tells what a test lets it tell: each study holds until the test opens its gate."""

    told: list[Told]
    gates: list[threading.Event] = field(default_factory=list)
    began: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    at_once: int = 0
    most: int = 0
    fails: bool = False

    def begin(self, question: bytes) -> "SlowStudy":
        assert msgspec.json.decode(question, type=Order).place
        if self.fails:
            raise OutsideFailed("it cannot be started", "here", "Try again.")
        gate = threading.Event()
        self.gates.append(gate)
        return SlowStudy(self, gate)


@dataclass
class SlowStudy:
    process: Slow
    gate: threading.Event
    is_ended: bool = False

    def lines(self) -> Iterator[bytes]:
        self.process.at_once += 1
        self.process.most = max(self.process.most, self.process.at_once)
        yield msgspec.json.encode(Step("reading"))
        self.process.began.release()
        self.gate.wait()
        if not self.is_ended:
            yield from map(msgspec.json.encode, self.process.told)
        self.process.at_once -= 1

    def end(self) -> None:
        self.is_ended = True
        self.gate.set()


ANSWERED: list[Told] = [Step("answering"), part("world", {"networks": 3}), part("borders", [])]


def order(name: str) -> Order:
    return Order(asked=WorldAsked(world=name), place=name)


def standing(studies: Studies, number: int) -> str:
    return studies.view(number, 0).row.standing


def finished(studies: Studies, number: int) -> str:
    """Once it is over: the worker has put it down."""
    worker = studies._worker
    if worker is not None:
        worker.join()
    return standing(studies, number)


@pytest.fixture
def slow() -> Iterator[Slow]:
    made = Slow(list(ANSWERED))
    yield made
    for gate in made.gates:
        gate.set()


def test_one_at_a_time_and_the_same_question_is_one_study(tmp_path: Path, slow: Slow) -> None:
    studies = Studies(FolderShelf(tmp_path), slow, WallClock())
    first = studies.ask(order("a"), "stamp", "anna")
    slow.began.acquire()
    second = studies.ask(order("b"), "stamp", "bo")
    assert (first, second) == (1, 2)
    assert studies.ask(order("a"), "stamp", "cara") == first
    assert [standing(studies, one) for one in (first, second)] == ["working", "waiting"]
    assert studies.view(first, 0).step == Step("reading")
    assert studies.view(second, 0).before == 1
    slow.gates[0].set()
    slow.began.acquire()
    slow.gates[1].set()
    assert finished(studies, second) == "done"
    assert slow.most == 1
    told = studies.view(first, 1)
    assert [one.name for one in told.parts] == ["borders"]
    assert told.row.by == "anna"
    assert studies.ask(order("a"), "stamp", "dan") == first
    assert studies.ask(order("a"), "written anew", "dan") == 3
    assert [row.number for row in studies.rows((WorldAsked,))] == [3, 2, 1]
    assert studies.rows((AuditAsked,)) == ()


def test_what_was_answered_is_there_after_a_restart_and_what_was_not_is_ended(
    tmp_path: Path, slow: Slow
) -> None:
    studies = Studies(FolderShelf(tmp_path), slow, WallClock())
    studies.ask(order("a"), "", "anna")
    slow.began.acquire()
    slow.gates[0].set()
    assert finished(studies, 1) == "done"
    studies.ask(order("b"), "", "anna")
    slow.began.acquire()

    again = Studies(FolderShelf(tmp_path), slow, WallClock())
    assert [one.name for one in again.view(1, 0).parts] == ["world", "borders"]
    assert standing(again, 2) == "ended"
    assert again.ask(order("b"), "", "bo") == 3
    again.close()
    assert standing(again, 3) == "ended"
    studies.close()


def test_a_study_is_ended_by_whoever_wants_while_it_waits_and_while_it_runs(
    tmp_path: Path, slow: Slow
) -> None:
    studies = Studies(FolderShelf(tmp_path), slow, WallClock())
    studies.ask(order("a"), "", "anna")
    slow.began.acquire()
    studies.ask(order("b"), "", "anna")
    studies.end(2)
    assert standing(studies, 2) == "ended"
    studies.end(1)
    assert finished(studies, 1) == "ended"
    assert studies.view(1, 0).parts == ()
    studies.end(1)
    with pytest.raises(NoSuchThing):
        studies.end(9)
    with pytest.raises(NoSuchThing):
        studies.view(9, 0)
    studies.ask(order("b"), "", "anna")
    slow.began.acquire()
    slow.gates[-1].set()
    assert finished(studies, 3) == "done"


def test_so_many_wait_and_no_more(tmp_path: Path, slow: Slow) -> None:
    studies = Studies(FolderShelf(tmp_path), slow, WallClock())
    studies.ask(order("first"), "", "anna")
    slow.began.acquire()
    for at in range(WAITING_MAX):
        studies.ask(order(str(at)), "", "anna")
    with pytest.raises(Full):
        studies.ask(order("one more"), "", "anna")
    assert studies.ask(order("0"), "", "anna") == 2  # it waits already
    studies.close()
    assert {row.standing for row in studies.rows((WorldAsked,))} == {"ended"}


def test_the_oldest_gives_way(tmp_path: Path, slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidegate.app.console.studies.STUDIES_MAX", 4)
    studies = Studies(FolderShelf(tmp_path), slow, WallClock())
    for at in range(6):
        studies.ask(order(str(at)), "", "anna")
        slow.began.acquire()
        slow.gates[-1].set()
        assert finished(studies, at + 1) == "done"
    assert [row.number for row in studies.rows((WorldAsked,))][-1] == 3
    with pytest.raises(NoSuchThing):
        studies.view(2, 0)
    assert len(list((tmp_path / "studies").iterdir())) == 4 + 1


def test_a_refusal_and_a_process_that_fails_are_told(tmp_path: Path, slow: Slow) -> None:
    studies = Studies(FolderShelf(tmp_path), slow, WallClock())
    slow.told = [Refusal("", "not-allowed", "no such country")]
    studies.ask(order("a"), "", "anna")
    slow.began.acquire()
    slow.gates[0].set()
    assert finished(studies, 1) == "failed"
    assert studies.view(1, 0).refusals == (Refusal("", "not-allowed", "no such country"),)
    slow.fails = True
    assert studies.ask(order("a"), "", "anna") == 2  # what failed can be asked again
    assert finished(studies, 2) == "failed"
    assert studies.view(2, 0).refusals[0].kind == "outside"


def test_a_part_that_is_refused_leaves_the_others(tmp_path: Path, slow: Slow) -> None:
    studies = Studies(FolderShelf(tmp_path), slow, WallClock())
    slow.told.append(Refusal("advice", "full", "too many"))
    studies.ask(order("a"), "", "anna")
    slow.began.acquire()
    slow.gates[0].set()
    assert finished(studies, 1) == "done"
    assert len(studies.view(1, 0).parts) == 2


# The process itself.


def test_a_process_answers_and_ends_with_whoever_started_it() -> None:
    asked = Order(asked=WorldAsked(world=WORLD), place=WORLD)
    lines = list(STUDY_PROCESS.begin(msgspec.json.encode(asked)).lines())
    told = [msgspec.json.decode(line, type=Told) for line in lines]
    assert [one.name for one in told if isinstance(one, Part)] == ["world", "borders"]
    slow = msgspec.json.encode(Order(asked=WorldAsked(world="w"), place="synthetic:100000"))
    killed, ended = STUDY_PROCESS.begin(slow), STUDY_PROCESS.begin(slow)
    left = killed.lines()
    assert b"reading" in next(left)
    killed._process.stdin.close()  # type: ignore[union-attr]  # as where the console is killed
    with pytest.raises(OutsideFailed, match="exit code 1"):
        list(left)
    assert len(list(_ended(ended))) == 1


def _ended(study: ChildStudy) -> Iterator[bytes]:
    for line in study.lines():
        study.end()
        yield line


def test_a_process_is_started_by_nobody_by_hand() -> None:
    with pytest.raises(NotAllowed, match="tidegate console"):
        StudyPipe(io.BytesIO(b""), io.BytesIO()).question()


# What can be asked about, and the API.


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    for name in ("rehearsals", "audits", "topology"):
        (tmp_path / name).mkdir()
    return Folders(
        rehearsals=tmp_path / "rehearsals",
        audits=tmp_path / "audits",
        imported=tmp_path / "topology" / "world",
        files=DiskFiles(),
        topology=LocalTopologyFiles(),
    )


def test_files_of_two_folders_are_offered_and_nothing_else(tmp_path: Path, folders: Folders) -> None:
    assert [one.name for one in folders.worlds()] == ["synthetic"]
    assert folders.audit_names() == ("synthetic",)
    (tmp_path / "rehearsals" / "b.world").write_bytes(b"")
    (tmp_path / "rehearsals" / ".hidden.world").write_bytes(b"")
    (tmp_path / "rehearsals" / "cut.toml").write_text(f'name = "cut"\n{CUT}')
    (tmp_path / "rehearsals" / "wrong.toml").write_text("name = 5")
    (tmp_path / "audits" / "a.jsonl").write_bytes(b"")
    (tmp_path / "audits" / "leave.toml").write_text('name = "x"\n[[event]]\nkind = "cut_off"\ncountry = "XA"')
    (tmp_path / "secret.world").write_bytes(b"")
    save_world(folders.topology, folders.imported, open_world(folders.topology, WORLD, {}))
    assert [one.name for one in folders.worlds()] == ["imported", "b.world", "synthetic"]
    assert folders.audit_names() == ("a.jsonl", "synthetic")
    assert [(one.file, one.scenario is None) for one in folders.scenarios()] == [
        ("cut.toml", False),
        ("wrong.toml", True),
    ]
    (tmp_path / "audits" / "rules.toml").write_text(RULES)
    (tmp_path / "audits" / "idle.toml").write_text('[[rule]]\nname = "idle"')
    (tmp_path / "audits" / "costs.toml").write_text(COSTS)
    assert [one.what_if and one.what_if.name for one in folders.what_ifs()] == ["x"]
    assert [(one.file, one.policy is None) for one in folders.policies()] == [
        ("idle.toml", True),
        ("rules.toml", False),
    ]
    assert [one.costs and one.costs.unit for one in folders.costs()] == ["dinars"]
    place, stamp = folders.world("b.world")
    assert place == str(tmp_path / "rehearsals" / "b.world")
    (tmp_path / "rehearsals" / "b.world").write_bytes(b"other")
    assert folders.world("b.world")[1] != stamp
    for name in ("../secret.world", "/etc/passwd", ".hidden.world", "cut.toml", "", "synthetic:9"):
        with pytest.raises(NotAllowed):
            folders.world(name)
        with pytest.raises(NotAllowed):
            folders.audit(name)


def test_an_own_map_takes_the_place_of_the_one_that_ships(tmp_path: Path, folders: Folders) -> None:
    assert len(folders.outlines().land) > 150
    assert "Natural Earth" in folders.outlines().source
    own = tmp_path / "rehearsals" / OUTLINES_NAME
    own.write_text("10 20\nXA M0 0h10v20z\n")
    told = folders.outlines()
    assert (told.width, told.height, told.land) == (10, 20, (("XA", "M0 0h10v20z"),))
    assert told.source == OUTLINES_NAME
    own.write_text("no map")
    with pytest.raises(NotAllowed, match="no outlines"):
        folders.outlines()


@dataclass
class Here:
    """The work itself without a process around it."""

    question: bytes = b""

    def begin(self, question: bytes) -> "Here":
        return Here(question)

    def lines(self) -> Iterator[bytes]:
        yield from map(msgspec.json.encode, told_of(PARTS, msgspec.json.decode(self.question, type=Order)))

    def end(self) -> None: ...


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    quick_border(monkeypatch)
    world = Watched(tmp_path)
    at = desk(world.serving())
    monkeypatch.setattr(at.serving.studies, "_process", Here())
    add_token(at.serving.shelf, "reader", Role.READER, "a secret", 0, 1 << 50)
    made = TestClient(application(at, page_files({})), base_url="http://localhost:8080")
    made.headers["authorization"] = "Bearer a secret"
    yield made
    at.serving.studies.close()
    world.stop()


def test_a_rehearsal_is_asked_for_followed_and_listed_over_the_api(
    tmp_path: Path, client: TestClient
) -> None:
    (tmp_path / "rehearsals").mkdir()
    world = open_world(LocalTopologyFiles(), WORLD, {})
    save_world(LocalTopologyFiles(), tmp_path / "rehearsals" / "small.world", world)
    cut = {"name": "cut XA", "change": [{"kind": "cut_country", "country": "XA"}]}
    asked = {"about": "scenario", "world": "small.world", "scenario": cut}
    told = client.post("/api/rehearsals", json=asked)
    assert (told.status_code, told.json()) == (200, {"number": 1})
    assert client.post("/api/rehearsals", json=asked).json() == {"number": 1}
    parts: list[Any] = []
    while (view := client.get(f"/api/studies/1?after={len(parts)}").json())["row"]["standing"] != "done":
        assert view["row"]["standing"] in ("waiting", "working")
        parts += view["parts"]
    parts += view["parts"]
    by_name = {one["name"]: one["told"] for one in parts}
    place = str(tmp_path / "rehearsals" / "small.world")
    (command,) = commands("rehearse", "cut", "XA", "--name", "cut XA", "--world", place)
    assert by_name["answer"]["countries"] == command["answer"]["countries"]
    assert view["row"]["by"] == "reader"
    assert [one["number"] for one in client.get("/api/rehearsals").json()["studies"]] == [1]
    assert client.get("/api/audits").json()["studies"] == []
    assert client.post("/api/studies/1/end").status_code == 200
    assert client.get("/api/studies/1").json()["row"]["standing"] == "done"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/rehearsals", {"about": "world", "world": "../world"}, 403),
        ("/api/rehearsals", {"about": "audit", "audit": "synthetic"}, 400),
        ("/api/rehearsals", {"about": "world", "world": "synthetic", "more": 1}, 400),
        ("/api/audits", {"about": "audit", "audit": "no.jsonl"}, 403),
        ("/api/audits", {"about": "diff", "audit": "synthetic", "before": "no.jsonl"}, 403),
        ("/api/audits", {"about": "rehearsed", "audit": "synthetic", "world": "no", "scenario": {}}, 400),
        ("/api/audits", {"about": "advice", "audit": "synthetic", "changes": 21}, 400),
        ("/api/audits", {"about": "world", "world": "synthetic"}, 400),
        ("/api/studies/9/end", None, 404),
    ],
    ids=str,
)
def test_questions_that_are_none_begin_nothing(
    client: TestClient, path: str, body: object, status: int
) -> None:
    assert client.post(path, json=body).status_code == status
    assert client.get("/api/studies/9").status_code == 404
    assert client.get("/api/rehearsals").json()["studies"] == []
