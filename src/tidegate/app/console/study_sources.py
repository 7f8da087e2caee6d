"""Where studies find their worlds, scenarios and audits: files that the operator put into two folders."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from tidegate.app.console.study import StudyRow
from tidegate.app.outlines import read_outlines
from tidegate.model.audit_costs import Costs
from tidegate.model.audit_events import Policy, WhatIf
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.model.scenarios import Scenario
from tidegate.ports.files import LocalFiles
from tidegate.ports.outside import OutsideFailed
from tidegate.ports.topology import TopologyFiles
from tidegate.wire.scenario_files import decode_scenario
from tidegate.wire.services_file import decode_costs, decode_policy, decode_what_if

REHEARSALS_NAME = "rehearsals"
AUDITS_NAME = "audits"
"""Folders in the node's state folder, where none is named."""

SYNTHETIC = "synthetic"
IMPORTED = "imported"
WORLD_END, AUDIT_END, ASKED_END = ".world", ".jsonl", ".toml"
OUTLINES_NAME = "country_outlines.txt"

COST_KEYS = frozenset({"unit", "cost", "change"})
"""By which a file of costs is told from one of events."""

FILES_SHOWN_MAX = 200
"""Files of one kind in a folder that are offered, by name; others are not."""

ASKED_BYTES_MAX = 64 << 10
"""Bytes of a scenario's or a what-if's file that the console reads: as long as a question may be."""


class WorldRow(msgspec.Struct, frozen=True):
    """`imported` is the one that `tidegate topology import` put where `tidegate rehearse` looks."""

    name: str
    kind: Literal["imported", "file", "synthetic"]


class ScenarioRow(msgspec.Struct, frozen=True):
    """A file; `scenario` None where it is none, and `why` not."""

    file: str
    scenario: Scenario | None
    why: str


class WhatIfRow(msgspec.Struct, frozen=True):
    """A file; `what_if` None where it is none, and `why` not."""

    file: str
    what_if: WhatIf | None
    why: str


class PolicyRow(msgspec.Struct, frozen=True):
    """A file of rules; `policy` None where they cannot be read, and `why` not."""

    file: str
    policy: Policy | None
    why: str


class CostsRow(msgspec.Struct, frozen=True):
    """A file of what changes cost; `costs` None where it cannot be read, and `why` not."""

    file: str
    costs: Costs | None
    why: str


class RehearsalSources(msgspec.Struct, frozen=True, kw_only=True):
    """What can be rehearsed, and what was."""

    at_ms: int
    folder: str
    worlds: tuple[WorldRow, ...]
    scenarios: tuple[ScenarioRow, ...]
    studies: tuple[StudyRow, ...]


class AuditSources(msgspec.Struct, frozen=True, kw_only=True):
    """What can be audited, with which worlds and scenarios it can be joined, and what was."""

    at_ms: int
    folder: str
    audits: tuple[str, ...]
    what_ifs: tuple[WhatIfRow, ...]
    policies: tuple[PolicyRow, ...]
    costs: tuple[CostsRow, ...]
    worlds: tuple[WorldRow, ...]
    scenarios: tuple[ScenarioRow, ...]
    studies: tuple[StudyRow, ...]


class OutlinesView(msgspec.Struct, frozen=True):
    """A map of the world: its size, and the code and SVG path of each piece of land; "-" for none. `source`
    says whose it is."""

    width: int
    height: int
    land: tuple[tuple[str, str], ...]
    source: str


@dataclass(frozen=True, slots=True)
class Folders:
    """`imported` is the world that was last imported, whether it is there or not."""

    rehearsals: Path
    audits: Path
    imported: Path
    files: LocalFiles
    topology: TopologyFiles

    def worlds(self) -> tuple[WorldRow, ...]:
        found = [WorldRow(IMPORTED, "imported")] if self._stamp_of_imported() else []
        found += [WorldRow(name, "file") for name in self._named(self.rehearsals, WORLD_END)]
        return (*found, WorldRow(SYNTHETIC, "synthetic"))

    def world(self, name: str) -> tuple[str, str]:
        """Its place, and a stamp that changes with it. NotAllowed for one that is not offered."""
        if name == SYNTHETIC:
            return SYNTHETIC, ""
        if name == IMPORTED and (stamp := self._stamp_of_imported()):
            return str(self.imported), stamp
        return _placed(self.rehearsals, self._named(self.rehearsals, WORLD_END), name, "world")

    def audit_names(self) -> tuple[str, ...]:
        return (*self._named(self.audits, AUDIT_END), SYNTHETIC)

    def audit(self, name: str) -> tuple[str, str]:
        """As `world`."""
        if name == SYNTHETIC:
            return SYNTHETIC, ""
        return _placed(self.audits, self._named(self.audits, AUDIT_END), name, "audit")

    def scenarios(self) -> tuple[ScenarioRow, ...]:
        found = []
        for name in self._named(self.rehearsals, ASKED_END):
            try:
                body = self.files.read(self.rehearsals / name, ASKED_BYTES_MAX)
                found.append(ScenarioRow(name, decode_scenario(body, name), ""))
            except (Malformed, NotAllowed, OutsideFailed) as wrong:
                found.append(ScenarioRow(name, None, str(wrong)))
        return tuple(found)

    def what_ifs(self) -> tuple[WhatIfRow, ...]:
        """Also what is none of the others, so that somebody is told why it is of no use."""
        found = []
        for name in self._of_kind("events"):
            try:
                body = self.files.read(self.audits / name, ASKED_BYTES_MAX)
                found.append(WhatIfRow(name, decode_what_if(body, name), ""))
            except (Malformed, NotAllowed, OutsideFailed) as wrong:
                found.append(WhatIfRow(name, None, str(wrong)))
        return tuple(found)

    def policies(self) -> tuple[PolicyRow, ...]:
        found = []
        for name in self._of_kind("rules"):
            try:
                body = self.files.read(self.audits / name, ASKED_BYTES_MAX)
                found.append(PolicyRow(name, decode_policy(body, name), ""))
            except (Malformed, NotAllowed, OutsideFailed) as wrong:
                found.append(PolicyRow(name, None, str(wrong)))
        return tuple(found)

    def costs(self) -> tuple[CostsRow, ...]:
        found = []
        for name in self._of_kind("costs"):
            try:
                body = self.files.read(self.audits / name, ASKED_BYTES_MAX)
                found.append(CostsRow(name, decode_costs(body, name), ""))
            except (Malformed, NotAllowed, OutsideFailed) as wrong:
                found.append(CostsRow(name, None, str(wrong)))
        return tuple(found)

    def _of_kind(self, wanted: str) -> Iterator[str]:
        """By what a file of the audits' folder holds at its top."""
        for name in self._named(self.audits, ASKED_END):
            try:
                told = tomllib.loads(self.files.read(self.audits / name, ASKED_BYTES_MAX).decode())
            except (ValueError, OutsideFailed):
                told = {}
            kind = "rules" if "rule" in told else "costs" if told.keys() & COST_KEYS else "events"
            if kind == wanted:
                yield name

    def outlines(self) -> OutlinesView:
        """The operator's own where there are any. NotAllowed for a file that is none."""
        if OUTLINES_NAME in self.files.stamps(self.rehearsals):
            path = self.rehearsals / OUTLINES_NAME
            return _map(*self.topology.read(path, "outlines")[:1], source=OUTLINES_NAME, where=str(path))
        body, source = self.topology.outlines()
        return _map(body, source=source.terms, where=source.name)

    def _stamp_of_imported(self) -> str:
        return self.files.stamps(self.imported.parent).get(self.imported.name, "")

    def _named(self, folder: Path, end: str) -> dict[str, str]:
        stamps = self.files.stamps(folder)
        names = [name for name in sorted(stamps) if name.endswith(end) and not name.startswith(".")]
        return {name: stamps[name] for name in names[:FILES_SHOWN_MAX]}


def _placed(folder: Path, offered: Mapping[str, str], name: str, what: str) -> tuple[str, str]:
    if name not in offered:
        raise NotAllowed(f"there is no {what} {name!r} in {folder}")
    return str((folder / name).absolute()), offered[name]


def _map(body: bytes, source: str, where: str) -> OutlinesView:
    try:
        told = read_outlines(body)
    except ValueError:
        raise NotAllowed(f"{where} holds no outlines of countries: it must be like web/map's") from None
    return OutlinesView(told.width, told.height, tuple(told.land), source)
