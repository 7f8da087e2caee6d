"""Worlds for rehearsals: found, put together from files, made up; and what is fetched for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from tidegate.app.config import find_state
from tidegate.app.fetched import fetched_in, terms_of
from tidegate.model.refusals import NotAllowed
from tidegate.model.scenarios import Scenario
from tidegate.model.topology import Cable, LinkTable, Members, People, Place, Source, World
from tidegate.ports.topology import TopologyFiles
from tidegate.rehearse.joining import Tables, join
from tidegate.rehearse.synthetic import synthetic_world
from tidegate.wire.as_rel import decode_as_rel
from tidegate.wire.comma_tables import (
    decode_cables,
    decode_country_people,
    decode_places,
    decode_private_links,
)
from tidegate.wire.delegated import decode_delegated
from tidegate.wire.peeringdb import decode_peeringdb
from tidegate.wire.populations import decode_populations
from tidegate.wire.scenario_files import decode_scenario, decode_services
from tidegate.wire.world_file import decode_world, encode_world

__all__ = ["PUBLIC", "Files", "open_world", "save_world", "synthetic_world", "world_from", "world_path"]

SYNTHETIC = "synthetic"
MADE_UP_NETWORKS = 2_000


@dataclass(frozen=True, slots=True)
class Public:
    """A public file: what it is for, where it is from, and on which terms."""

    role: str
    address: str
    terms: str


_RIR_TERMS = "Registry statistics, free to use; see the registry's own terms"
PUBLIC: Mapping[str, Public] = {
    "as-rel2": Public(
        "links",
        "https://publicdata.caida.org/datasets/as-relationships/serial-2/{YYYYMMDD}.as-rel2.txt.bz2",
        "CAIDA Acceptable Use Agreement (https://www.caida.org/about/legal/aua/): do not pass the file on",
    ),
    "delegated": Public(
        "delegated", "https://ftp.ripe.net/pub/stats/ripencc/nro-stats/latest/nro-delegated-stats", _RIR_TERMS
    ),
    "aspop": Public(
        "people",
        "https://stats.labs.apnic.net/cgi-bin/aspop?f=j",
        "APNIC Labs estimates, to be re-used with attribution to APNIC",
    ),
    "peeringdb": Public(
        "peeringdb",
        "https://publicdata.caida.org/datasets/peeringdb/{YYYY}/{MM}/peeringdb_2_dump_{YYYY}_{MM}_{DD}.json",
        "PeeringDB Acceptable Use Policy (https://www.peeringdb.com/aup)",
    ),
}
"""What `tidegate topology fetch` gets where no other address is named; of dated files the newest."""


@dataclass(frozen=True, slots=True)
class Files:
    """What a world is put together from; every list may be empty, and `links` may not."""

    links: Sequence[Path] = ()
    delegated: Sequence[Path] = ()
    places: Sequence[Path] = ()
    people: Sequence[Path] = ()
    users: Sequence[Path] = ()
    peeringdb: Sequence[Path] = ()
    private: Sequence[Path] = ()
    cables: Sequence[Path] = ()


@dataclass(slots=True)
class _Gathered:
    links: list[LinkTable] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    people: list[People] = field(default_factory=list)
    exchanges: list[Members] = field(default_factory=list)
    buildings: list[Members] = field(default_factory=list)
    cables: list[Cable] = field(default_factory=list)
    names: list[tuple[int, str]] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)


def world_from(files: TopologyFiles, told: Files) -> World:
    """One world of all the files. WrongLine for a file that is not what it should be, OutsideFailed, Full.

    Where no users of countries are told, the program's own table is taken.
    """
    if not told.links and not told.private:
        raise NotAllowed("A world needs links: name a file of AS relationships with --links FILE.")
    found = _Gathered()

    def each(paths: Sequence[Path], role: str) -> list[tuple[bytes, str]]:
        read = [files.read(path, role) for path in paths]
        terms = terms_of(files, paths)
        found.sources.extend(replace(source, terms=terms.get(source.digest, "")) for _, source in read)
        return [(data, path.name) for (data, _), path in zip(read, paths, strict=True)]

    found.links += [decode_as_rel(*file) for file in each(told.links, "links")]
    found.links += [decode_private_links(*file) for file in each(told.private, "private links")]
    for file in each(told.delegated, "registration"):
        found.places += decode_delegated(*file)
    for file in each(told.places, "places"):
        found.places += decode_places(*file)
    for file in each(told.people, "people"):
        found.people += decode_populations(*file)
    for file in each(told.users, "users by country"):
        found.people += decode_country_people(*file)
    if not told.users:
        data, source = files.users()
        found.sources.append(source)
        found.people += decode_country_people(data, source.name)
    for file in each(told.peeringdb, "meeting places"):
        meetings = decode_peeringdb(*file)
        found.exchanges += meetings.exchanges
        found.buildings += meetings.buildings
        found.names += meetings.names
    for file in each(told.cables, "cables"):
        found.cables += decode_cables(*file)
    return join(
        Tables(
            links=found.links,
            places=found.places,
            people=found.people,
            exchanges=found.exchanges,
            buildings=found.buildings,
            cables=found.cables,
            names=found.names,
            sources=found.sources,
        )
    )


def files_fetched(files: TopologyFiles, environ: Mapping[str, str]) -> Files:
    """The last fetched file of each public source. NotAllowed where links were never fetched."""
    last = {
        one.name: Path(one.file) for one in fetched_in(files, fetch_folder(environ)) if one.name in PUBLIC
    }
    if "as-rel2" not in last:
        raise NotAllowed(
            "Name a file of AS relationships with --links FILE, "
            "or get the public files first: tidegate topology fetch as-rel2 delegated aspop peeringdb"
        )
    return Files(**{PUBLIC[name].role: (path,) for name, path in last.items()})


def fetch_folder(environ: Mapping[str, str]) -> Path:
    """Where public files are put if nobody says where."""
    return topology_folder(None, environ) / "files"


def topology_folder(state: Path | None, environ: Mapping[str, str]) -> Path:
    """Where worlds and what they are made from are kept."""
    return find_state(state, environ) / "topology"


def world_path(told: str | None, environ: Mapping[str, str]) -> Path:
    return Path(told) if told else topology_folder(None, environ) / "world"


def save_world(files: TopologyFiles, path: Path, world: World) -> None:
    files.write(path, encode_world(world))


def open_world(files: TopologyFiles, told: str | None, environ: Mapping[str, str]) -> World:
    """The world that `told` names: a file; "synthetic", "synthetic:NETWORKS" or "synthetic:NETWORKS:SEED"; or
    where nothing is told, the one last imported. NotAllowed where there is none.
    """
    if told and told.partition(":")[0] == SYNTHETIC:
        return _made_up(told)
    path = world_path(told, environ)
    if not path.exists():
        raise NotAllowed(
            f"There is no world in {path}. Put one together with `tidegate topology import`, "
            "or try a made-up one with --world synthetic."
        )
    return decode_world(files.read(path, "world")[0])


def _made_up(told: str) -> World:
    parts = told.split(":")[1:]
    if len(parts) > 2 or not all(part.isdigit() and len(part) < 10 for part in parts):
        raise NotAllowed(f"{told!r}: write synthetic, synthetic:NETWORKS or synthetic:NETWORKS:SEED.")
    networks, seed = (int(part) for part in (*parts, *(str(MADE_UP_NETWORKS), "1")[len(parts) :]))
    return synthetic_world(seed, networks)


def read_scenario(files: TopologyFiles, path: Path) -> Scenario:
    return decode_scenario(files.read(path, "scenario")[0], path.name)


def read_services(files: TopologyFiles, path: Path | None) -> tuple[tuple[str, int], ...]:
    return decode_services(files.read(path, "services")[0], path.name) if path else ()
