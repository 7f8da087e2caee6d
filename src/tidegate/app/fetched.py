"""What was fetched, from where and on which terms: a line for each file, kept beside the files themselves."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from tidegate.model.topology import WrongLine
from tidegate.ports.topology import TopologyFiles

PROVENANCE = "provenance.jsonl"


class Fetched(msgspec.Struct, frozen=True):
    """One file: what it is for, where it lies and came from, and how it can be told from others."""

    name: str
    file: str
    sha256: str
    address: str
    terms: str


def keep_provenance(files: TopologyFiles, folder: Path, one: Fetched) -> None:
    files.append(folder / PROVENANCE, msgspec.json.encode(one))


def fetched_in(files: TopologyFiles, folder: Path) -> tuple[Fetched, ...]:
    """In the order in which they came. WrongLine where the lines are not of this kind."""
    path = folder / PROVENANCE
    if not path.exists():
        return ()
    found = []
    for at, line in enumerate(files.read(path, "provenance")[0].splitlines(), 1):
        try:
            found.append(msgspec.json.decode(line, type=Fetched))
        except msgspec.DecodeError as error:
            raise WrongLine(f"not a line of what was fetched: {error}", str(path), at) from error
    return tuple(found)


def terms_of(files: TopologyFiles, paths: Iterable[Path]) -> dict[str, str]:
    """By SHA-256, where files in these folders came from and on which terms."""
    folders = dict.fromkeys(path.parent for path in paths)
    return {
        one.sha256: f"{one.terms}; from {one.address}"
        for folder in folders
        for one in fetched_in(files, folder)
    }
