"""Figures of rehearsals: loading a graph, reach of all pairs, scenarios, sweeps, routes and advice."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.figure import Better, Description, Figure, Settings
from benchmarks.rehearsals import all_links, country_of_size, least_s, made_up, packed, shape, world_of
from tidegate.adapters.topology_files import unpacked
from tidegate.model.scenarios import Alliance, Scenario
from tidegate.model.topology import Flags, World
from tidegate.rehearse.advice import advise
from tidegate.rehearse.graph import graph_after
from tidegate.rehearse.joining import Tables, join
from tidegate.rehearse.reach import Baseline, baseline_of, reach_after, reach_of
from tidegate.rehearse.routes import dependency_of, routes_of
from tidegate.rehearse.scenarios import Places
from tidegate.rehearse.sweeps import Losses, countries, networks
from tidegate.wire.as_rel import decode_as_rel
from tidegate.wire.world_file import decode_world, encode_world

ORIGINS = 40


def seconds(value: float, *notes: str) -> Figure:
    shown = f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"
    return Figure(value=value, shown=shown, notes=notes)


def measure_load(settings: Settings) -> Figure:
    data = packed(settings)
    taken = least_s(lambda: join(Tables(links=[decode_as_rel(unpacked(data, "links"), "links")])), 3)
    return seconds(taken, f"{len(data):,} bytes of .bz2, {shape(world_of(settings))}; unpacked, read, joined")


def measure_load_again(settings: Settings) -> Figure:
    data = encode_world(world_of(settings))

    def load() -> None:
        world = decode_world(data)
        all_links(world)

    return seconds(least_s(load, 5), f"a world file of {len(data):,} bytes, checked, and its lists")


def measure_reach(settings: Settings) -> Figure:
    world = world_of(settings)
    graph = all_links(world)
    reach_of(world, graph)
    taken = least_s(lambda: reach_of(world, graph), 5)
    reach = reach_of(world, graph)
    return seconds(taken, f"{shape(world)}; {reach.network_pairs:,} ordered pairs reach each other")


def measure_memory(settings: Settings) -> Figure:
    """Of a process of its own that loads the world and computes reach."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "world"
        path.write_bytes(encode_world(world_of(settings)))
        command = [sys.executable, "-m", "benchmarks.rehearsals", str(path)]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    megabytes = int(told) / 1000
    return Figure(value=megabytes, shown=f"{megabytes:.0f} MB", notes=("largest resident size",))


def measure_after(settings: Settings) -> Figure:
    """The worst and the middle of several single links lost, each from the known reach."""
    world = world_of(settings)
    before = baseline_of(world, all_links(world))
    random = np.random.default_rng(settings.seed)
    taken = []
    for link in random.choice(len(world.links), 15, replace=False).tolist():
        chosen = np.ones(len(world.links), bool)
        chosen[link] = False
        taken.append(least_s(partial(_after, world, before, chosen), 3))
    middle = sorted(taken)[len(taken) // 2]
    return seconds(
        middle, f"one random link lost, median of {len(taken)}; the slowest {max(taken) * 1000:.0f} ms"
    )


def _after(world: World, before: Baseline, chosen: Flags) -> None:
    reach_after(world, before, graph_after(before.graph, chosen, before.graph.alive))


def measure_cuts(settings: Settings) -> Figure:
    ground = made_up(settings)
    losses = Losses(ground)
    every = list(countries(ground))
    taken = least_s(lambda: list(losses.of_all(every)), 1)
    return seconds(taken, f"{len(every)} countries, both bounds; {shape(ground.world)}")


def measure_removals(settings: Settings) -> Figure:
    ground = made_up(settings)
    losses = Losses(ground)
    country = country_of_size(ground, 500 if settings.quick else 5_000)
    every = list(networks(ground, country))
    taken = least_s(lambda: list(losses.of_all(every)), 1)
    return seconds(taken, f"{len(every):,} networks of {country}, both bounds; {shape(ground.world)}")


def measure_route(settings: Settings) -> Figure:
    world = world_of(settings)
    graph = all_links(world)
    random = np.random.default_rng(settings.seed)
    origins = random.choice(len(world), ORIGINS, replace=False).tolist()
    taken = least_s(lambda: [routes_of(graph, origin) for origin in origins], 3) / ORIGINS
    whole = taken * len(world) / 60
    return seconds(taken, f"{shape(world)}; all origins one after the other: {whole:.1f} min on one core")


def measure_routes(settings: Settings) -> Figure:
    """Every origin once, on all cores: too long to be done several times for the quickest."""
    world = world_of(settings)
    graph = all_links(world)
    cores = len(os.sched_getaffinity(0))

    def found(first: int) -> int:
        return sum(
            int(np.count_nonzero(routes_of(graph, origin).kind)) for origin in range(first, len(world), cores)
        )

    routes_of(graph, 0)  # compiled
    began, cpu_s = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(cores) as pool:
        routes = sum(pool.map(found, range(cores))) - len(world)
    cpu_s, taken = time.process_time() - cpu_s, time.perf_counter() - began
    return seconds(
        taken, f"{shape(world)}; {routes:,} routes, on {cores} cores; {cpu_s:.0f} s of processor time"
    )


def measure_dependency(settings: Settings) -> Figure:
    ground = made_up(settings)
    country = country_of_size(ground, 1_000)
    code = Places(ground.world).code(country)
    taken = least_s(lambda: dependency_of(ground.world, ground.seen.graph, code), 1)
    return seconds(taken, f"{country}, inbound and outbound, exact; {shape(ground.world)}")


def measure_advice(settings: Settings) -> Figure:
    ground = made_up(settings)
    country = country_of_size(ground, 500)
    alone = Scenario("alone", (Alliance((country,)),))
    taken = least_s(lambda: advise(ground, alone, [country], 5), 1)
    return seconds(taken, f"{country}, five peerings among all its networks; {shape(ground.world)}")


def _told(
    name: str, what: str, aim: float, measure: Callable[[Settings], Figure], unit: str = "s"
) -> Description:
    return Description(name, what, unit, aim, Better.LOWER, measure)


DESCRIPTIONS = (
    _told("rehearse-load", "AS relationships read the first time", 3.0, measure_load),
    _told("rehearse-reload", "a world loaded again", 0.3, measure_load_again),
    _told("rehearse-reach", "who reaches whom, all pairs", 0.5, measure_reach),
    _told("rehearse-memory", "memory of all pairs", 400.0, measure_memory, "MB"),
    _told("rehearse-change", "reach after one changed link", 0.05, measure_after),
    _told("rehearse-cuts", "every country cut, one after the other", 10.0, measure_cuts),
    _told("rehearse-removals", "every network of a country of 5,000 gone", 60.0, measure_removals),
    _told("rehearse-route", "best routes to one origin", 0.01, measure_route),
    _told("rehearse-routes", "best routes to every origin", 360.0, measure_routes),
    _told("rehearse-dependency", "transit dependency of a country", 20.0, measure_dependency),
    _told("rehearse-advice", "five links for a country of 500 networks", 10.0, measure_advice),
)
