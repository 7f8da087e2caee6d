"""The worlds that rehearsals are measured on, and how a step of them is timed."""

import bz2
import resource
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.figure import Settings
from tidegate.adapters.topology_files import LocalTopologyFiles, read_topology_file
from tidegate.model.topology import Flags, LinkOrigin, LinkTable, World
from tidegate.rehearse.borders import borders
from tidegate.rehearse.graph import Graph, graph_of
from tidegate.rehearse.joining import Tables, join
from tidegate.rehearse.measuring import Ground, ground_of
from tidegate.rehearse.reach import reach_of
from tidegate.rehearse.synthetic import synthetic_world
from tidegate.wire.as_rel import decode_as_rel, encode_as_rel
from tidegate.wire.comma_tables import decode_country_people
from tidegate.wire.world_file import decode_world

NETWORKS = 80_000


def least_s(work: Callable[[], object], times: int) -> float:
    """Seconds of the quickest of several runs: what the machine can do when nothing else is in the way."""
    best = float("inf")
    for _ in range(times):
        begun = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begun)
    return best


@cache
def world_of(settings: Settings) -> World:
    """The real graph where one is named, of which nobody's country is known; else a made-up one."""
    if settings.as_rel is None:
        return synthetic_world(settings.seed, NETWORKS // 10 if settings.quick else NETWORKS)
    data, source = read_topology_file(settings.as_rel, "links")
    users, users_source = LocalTopologyFiles().users()
    tables = Tables(
        links=[decode_as_rel(data, source.name)],
        people=decode_country_people(users, users_source.name),
        sources=(source, users_source),
    )
    return join(tables)


@cache
def made_up(settings: Settings) -> Ground:
    """A made-up world, measured: figures by country need countries, which a file of links does not tell."""
    return ground_of(synthetic_world(settings.seed, NETWORKS // 10 if settings.quick else NETWORKS))


def packed(settings: Settings) -> bytes:
    """A .bz2 file of links: the real one, or the made-up world's."""
    if settings.as_rel is not None:
        return settings.as_rel.read_bytes()
    world = world_of(settings)
    first, second = world.numbers[world.links.first], world.numbers[world.links.second]
    table = LinkTable(first, second, world.links.relation, LinkOrigin.OBSERVED, np.empty(0, np.uint32))
    return bz2.compress(encode_as_rel(table))


def all_links(world: World, chosen: Flags | None = None) -> Graph:
    """The graph of all links, or of the chosen ones."""
    links = world.links
    kept = np.ones(len(links), bool) if chosen is None else chosen
    return graph_of(links.first, links.second, links.relation, kept, np.ones(len(world), bool))


def shape(world: World) -> str:
    return f"{len(world):,} networks, {len(world.links):,} links"


def country_of_size(ground: Ground, networks: int) -> str:
    """The country whose number of networks is nearest."""
    return min(borders(ground.world), key=lambda one: abs(one.networks - networks)).country


if __name__ == "__main__":
    loaded = decode_world(Path(sys.argv[1]).read_bytes())
    reach_of(loaded, all_links(loaded))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
