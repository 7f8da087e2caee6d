"""What the shield saw becomes a question that an officer asks, and the other side answers."""

import json
import time
from contextlib import ExitStack
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.accord.test_origins import Collector
from tests.cli.test_hotline_messages import KeyRing
from tests.stories import an_attack
from tidegate.__main__ import PARTS
from tidegate.adapters.clock import WallClock
from tidegate.app.accord.origins import CAVEAT, Origins
from tidegate.cli.door import front
from tidegate.cli.exits import Exit, tell
from tidegate.lab.accord.script import CODES, signing, written
from tidegate.lab.accord.station import LabStation, Party, name
from tidegate.lab.accord.year import free_port
from tidegate.lab.hotline.party import SteppedClock
from tidegate.model.accord_facts import OriginsSeen
from tidegate.model.addresses import Prefix
from tidegate.model.canonical import decode_record
from tidegate.model.facts import AttackDetected
from tidegate.model.hotline_facts import MessageComposed
from tidegate.ports.collector import FlowSample
from tidegate.ports.control import Reply, Request

REGISTRY = "203.0.113.7/32"
"""In the range of a protected asset of XB; XA answers for the networks that `Collector` has seen."""


class Now(Collector):
    """The sample of the last seconds."""

    def __init__(self, clock: SteppedClock) -> None:
        super().__init__()
        self._clock = clock

    def sample(self, prefix: Prefix, limit: int, timeout_s: float) -> FlowSample:
        until_ms = self._clock.now_ms()
        return replace(super().sample(prefix, limit, timeout_s), from_ms=until_ms - 10_000, until_ms=until_ms)


class Two:
    """XA and XB with stations, keys and ledgers of their own, under an accord that both have signed."""

    def __init__(self, folder: Path, afterwards: ExitStack) -> None:
        self.clock = SteppedClock(WallClock())
        now_s = self.clock.now_ms() // 1_000
        self.parties = {
            code: Party(number, folder / code, now_s, ("127.0.0.1", free_port()))
            for number, code in enumerate(CODES)
        }
        self.stations = {
            code: LabStation(
                party, [one.card for other, one in self.parties.items() if other != code], self.clock
            )
            for code, party in self.parties.items()
        }
        for station in self.stations.values():
            station.start()
            afterwards.callback(station.stop)
        file = written({code: station.organisation for code, station in self.stations.items()}).replace(
            b'[[party]]\ncode = "XA"',
            b'[[party]]\nprefixes = ["198.51.100.0/24"]\nnetworks = [64500]\ncode = "XA"',
        )
        assert b"64500" in file
        for line in signing(sha256(file).hexdigest()):
            if line.fields["declaration"] == "accord":
                self.delivered(line.by, self.stations[line.by].say(line, None, file))

    def delivered(self, by: str, message: str) -> None:
        until_s = time.monotonic() + 60
        while not self.stations[by].knows_delivered(message):
            assert time.monotonic() < until_s, "it does not arrive"
            for station in self.stations.values():
                station.turn()
            time.sleep(0.01)

    def run(self, code: str, *arguments: str, ends: Exit = Exit.FINE) -> str:
        """A command at a terminal of one side."""
        party, station = self.parties[code], self.stations[code]

        class Line:
            def ask(self, request: Request) -> Reply:
                reply = station.desk().answer(request, "an officer")
                assert reply is not None
                return reply

        keys: Any = KeyRing({name(*key): pair for key, pair in party.officers.items()})  # type: ignore[misc]
        parts = replace(
            PARTS,
            environ={"LANG": "en_GB.UTF-8"},
            clock=lambda: self.clock,
            control_line=lambda _: Line(),
            pair_files=lambda: keys,
        )
        state = ("--state", str(party.folder))
        result = CliRunner().invoke(front, [*arguments, *state], obj=parts, standalone_mode=False)
        ended = Exit.FINE if result.exception is None else tell(result.exception, debug=False)
        assert ended == ends, (result.output, result.exception)
        return result.output

    def composed(self, code: str) -> list[MessageComposed]:
        facts = self.stations[code].stores.facts
        found = facts.latest([MessageComposed.__name__], facts.head().size, 100)
        told = [decode_record(one.body).fact for one in found]
        return [one for one in told if isinstance(one, MessageComposed)]


@pytest.fixture
def two(tmp_path: Path) -> Any:
    with ExitStack() as afterwards:
        yield Two(tmp_path, afterwards)


def attacked(two: Two) -> None:
    """An attack on XB's register, and what its shield saw of the sources."""
    station = two.stations["XB"]
    station.node.record(AttackDetected(an_attack(targets=(REGISTRY,))))
    sampler: Any = Now(two.clock)
    part = Origins(station.node, station.following, station.organisation, sampler, two.clock)
    until_s = time.monotonic() + 30
    while not station.stores.facts.latest([OriginsSeen.__name__], station.stores.facts.head().size, 1):
        assert time.monotonic() < until_s, "nothing was recorded"
        two.clock.by_ms += 1_000
        part.turn()
        time.sleep(0.01)
    part.stop()


def test_material_is_offered_asked_about_by_an_officer_alone_and_answered(two: Two) -> None:
    attacked(two)
    before = len(two.composed("XB"))
    listed = two.run("XB", "accord", "evidence")
    assert "XB-registry" in listed
    assert CAVEAT in listed
    assert len(two.composed("XB")) == before, "nothing is asked by itself"

    handling = ("--mark", "REAL", "--precedence", "PRIORITY", "--yes", "--json", "--key")
    xa = two.stations["XA"].organisation[:16]
    asking = ("accord", "evidence", "--ask", "1", "--party", "XA", "--to", xa, *handling)
    told = json.loads(two.run("XB", *asking, name("desk", 0)).splitlines()[-1])
    two.delivered("XB", told["message"])

    read = two.run("XA", "hotline", "read", told["message"][:12])
    for words in ("AS64500", "198.51.100.0/24", REGISTRY, "forged"):
        assert words in read
    (owed,) = [row for row in rows(two, "XA") if row["obligation"] == "clarify"]
    assert (owed["duty"], owed["stage"], owed["next_step"]) == ("XA", "due", "act in time")

    answer = ("hotline", "reply", told["message"][:12], "clarification-reply", "--field")
    replied = json.loads(
        two.run("XA", *answer, "finding=not-known", "--yes", "--json", "--key", name("desk", 0)).splitlines()[
            -1
        ]
    )
    two.delivered("XA", replied["message"])
    for code in CODES:
        stages = {row["obligation"]: row["stage"] for row in rows(two, code, "--all") if row["duty"] == "XA"}
        assert stages["clarify"] == stages["keep-off"] == "met"


def rows(two: Two, code: str, *more: str) -> list[dict[str, Any]]:
    told = json.loads(two.run(code, "accord", "status", "--json", *more).splitlines()[-1])
    found: list[dict[str, Any]] = told["rows"]
    return found
