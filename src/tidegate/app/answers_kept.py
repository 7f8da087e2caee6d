"""Answers kept in files: sweeps that go on where they were cut short, and answers to compare."""

import hashlib
from pathlib import Path

import msgspec

from tidegate.model.refusals import NotAllowed
from tidegate.model.scenarios import Scenario
from tidegate.model.topology import World, WrongLine
from tidegate.ports.topology import TopologyFiles
from tidegate.rehearse.answers import Answer, Bounds, Change
from tidegate.rehearse.sweeps import Loss
from tidegate.wire.world_file import encode_world


class _Line(msgspec.Struct, frozen=True):
    """One result, with the digest of world and scenario that it belongs to."""

    of: str
    loss: Loss


class Kept:
    """Results of a sweep by what they are of; a result of another world or scenario is never taken."""

    def __init__(self, files: TopologyFiles, path: Path | None, world: World) -> None:
        self._files = files
        self._path = path
        self._world = hashlib.sha256(encode_world(world)).digest() if path else b""
        self._found: dict[str, Loss] = {}
        if path is not None and path.exists():
            self._read(path)

    def _read(self, path: Path) -> None:
        """A last line that was cut short is passed over; any other that is damaged is refused."""
        lines = self._files.read(path, "results")[0].split(b"\n")
        for at, line in enumerate(lines, 1):
            if not line:
                continue
            try:
                one = msgspec.json.decode(line, type=_Line)
            except msgspec.DecodeError as error:
                if at == len(lines):
                    return
                raise WrongLine(f"not a result of a sweep: {error}", path.name, at) from error
            self._found[one.of] = one.loss

    def _digest(self, scenario: Scenario) -> str:
        return hashlib.sha256(self._world + msgspec.json.encode(scenario)).hexdigest()

    def of(self, scenario: Scenario) -> Loss | None:
        return self._found.get(self._digest(scenario)) if self._path else None

    def add(self, scenario: Scenario, loss: Loss) -> Loss:
        if self._path is not None:
            self._files.append(self._path, msgspec.json.encode(_Line(self._digest(scenario), loss)))
        return loss


class Compared(msgspec.Struct, frozen=True):
    """The share of pairs of people after each of two scenarios; None where one does not tell of it."""

    country: str
    with_whom: str
    one: Bounds | None
    other: Bounds | None


def compare_answers(files: TopologyFiles, one: Path, other: Path) -> tuple[Compared, ...]:
    """Row by row, what both tell of. NotAllowed where they are of different worlds."""
    answers = [_answer(files, path) for path in (one, other)]
    if answers[0].sources != answers[1].sources:
        raise NotAllowed(f"{one} and {other} are of different worlds, and cannot be compared.")
    first, second = (_shares(answer) for answer in answers)
    keys = list(dict.fromkeys((*first, *second)))
    return tuple(Compared(*key, first.get(key), second.get(key)) for key in keys)


def _answer(files: TopologyFiles, path: Path) -> Answer:
    try:
        return msgspec.json.decode(files.read(path, "answer")[0], type=Answer)
    except msgspec.DecodeError as error:
        raise WrongLine(f"not an answer kept with --save: {error}", path.name, 1) from error


def _shares(answer: Answer) -> dict[tuple[str, str], Bounds]:
    found: dict[tuple[str, str], Change | None] = {}
    for country in answer.countries:
        found[country.country, "inside"] = country.inside
        found[country.country, "the world"] = country.outside
        found |= {(country.country, other.country): other.reach for other in country.others}
    return {key: change.after for key, change in found.items() if change is not None}
