"""Rehearsals for the console: the answers of `tidegate rehearse`, part by part."""

from collections.abc import Iterable, Iterator

import msgspec

from tidegate.app.console.study import (
    AllianceAsked,
    RehearsalAsked,
    Step,
    Told,
    WorldAsked,
    part,
    refusal,
)
from tidegate.app.parts import Parts
from tidegate.app.rehearsing import (
    PEOPLE_WANTED,
    Ground,
    advise,
    allied,
    answer,
    borders,
    chokepoints,
    coalitions,
    compiles_first,
    ground_of,
    open_world,
    throttled,
)
from tidegate.model.refusals import Full, NotAllowed
from tidegate.model.scenarios import Scenario
from tidegate.model.topology import Note, Source, World

LINKS_ADVISED = 5

NAMES_TOLD_MAX = 500
"""Names of cables, exchanges and organisations that a form offers, of each; others can be typed."""


class WorldTold(msgspec.Struct, frozen=True):
    """What a world is made of, and what its scenarios may name."""

    networks: int
    links: int
    countries: tuple[str, ...]
    cables: tuple[str, ...]
    exchanges: tuple[str, ...]
    organisations: tuple[str, ...]
    sources: tuple[Source, ...]
    notes: tuple[Note, ...]


def rehearsed(parts: Parts, asked: RehearsalAsked, place: str) -> Iterator[Told]:
    """Steps and parts. NotAllowed for names that the world does not have."""
    yield Step("reading")
    world = open_world(parts.topology(), place, parts.environ)
    if isinstance(asked, WorldAsked):
        yield part("world", world_told(world))
        yield part("borders", borders(world))
        return
    if compiles_first():
        yield Step("compiling")
    yield Step("measuring")
    ground = ground_of(world)
    if isinstance(asked, AllianceAsked):
        yield from stood_together(ground, asked)
    else:
        yield from cut(ground, asked.scenario)


def world_told(world: World) -> WorldTold:
    return WorldTold(
        networks=len(world),
        links=len(world.links),
        countries=world.countries,
        cables=world.cables.names[:NAMES_TOLD_MAX],
        exchanges=world.exchanges.names[:NAMES_TOLD_MAX],
        organisations=world.organisations.names[:NAMES_TOLD_MAX],
        sources=world.sources,
        notes=world.notes,
    )


def cut(ground: Ground, scenario: Scenario) -> Iterator[Told]:
    """As `rehearse run` tells it; then `alliance`, `chokepoints` and `advise --after` of whom it is about."""
    world = ground.world
    yield Step("answering")
    told = answer(ground, scenario)
    yield part("answer", told)
    yield part("throttled", throttled(ground, scenario))
    focus = [one.country for one in told.countries]
    if not focus:
        return
    around = (island.largest for country in told.countries for island in country.largest_islands)
    yield part("names", names_of(world, around))
    yield part("borders", [one for one in borders(world) if one.country in focus])
    yield Step("alliances")
    yield part("allied", allied(ground, focus))
    found = None
    for done, last, found in chokepoints(ground, focus[0]):
        if found is None:
            yield Step("chokepoints", done, last)
    assert found is not None
    yield part("chokepoints", found)
    tight = (number for one in (*found.networks, *found.links) for number in (one.first, one.second))
    yield part("names", names_of(world, tight))
    yield Step("links")
    try:
        advice = advise(ground, scenario, focus, LINKS_ADVISED)
    except (Full, NotAllowed) as refused:  # There can be too many candidates; all else holds.
        yield refusal("advice", refused)
        return
    yield part("advice", advice)
    ends = (number for one in advice.links for number in (one.link.first, one.link.second))
    yield part("names", names_of(world, ends))


def names_of(world: World, numbers: Iterable[int]) -> dict[str, str]:
    """Of networks that have any, by AS number."""
    known = dict(zip(world.numbers.tolist(), world.names, strict=True))
    return {str(number): known[number] for number in sorted(set(numbers)) if known.get(number)}


def stood_together(ground: Ground, asked: AllianceAsked) -> Iterator[Told]:
    """As `rehearse alliance` tells it."""
    yield Step("alliances")
    if asked.countries:
        yield part("allied", allied(ground, asked.countries))
        return
    found = None
    for done, found in coalitions(ground, asked.at_least or PEOPLE_WANTED):
        if found is None:
            yield Step("alliances", done)
    yield part("coalitions", found)
