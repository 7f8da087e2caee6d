"""A scenario applied to a world: which links, networks and meeting places are left, at least and at most.

A network in several countries is why there are two answers to "which links does a cut hit". At least is left
what is left where each network stands in its main country alone. At most is left where it stands in all its
countries, and a link is cut only if all places of the one end are on one side and all of the other's on the
other. Unseen peering at meeting places is part of what is left at most.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

import numpy as np

from tidegate.model.refusals import NotAllowed
from tidegate.model.scenarios import (
    AddLinks,
    Alliance,
    Change,
    CutBetween,
    CutCountry,
    FailCable,
    FailExchange,
    RemoveNetworks,
    RemoveOrganisation,
    Scenario,
    Throttle,
    Withdraw,
)
from tidegate.model.topology import Bytes, Flags, Groups, Relation, Rows, World
from tidegate.rehearse.graph import NOBODY, Graph, Lists, graph_after, graph_of


@dataclass(frozen=True, slots=True)
class Left:
    """Links (those of the world first, then added ones), which of them are left, which networks are, and
    the members of each meeting place that may still peer with one another there.
    """

    first: Rows
    second: Rows
    relation: Bytes
    at_least: Flags
    at_most: Flags
    alive: Flags
    hubs: tuple[Rows, ...]


class Places:
    """Where the networks of a world stand: in which countries at all, in the main one, in others too."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._code = {code: at for at, code in enumerate(world.countries)}
        places = world.places
        self.main = np.full(len(world), -1, np.int32)
        self.main[places.network[::-1]] = places.country[::-1]

    def code(self, country: str) -> int:
        """NotAllowed for one that is not in the world, with the nearest that is."""
        if country not in self._code:
            near = get_close_matches(country, self._code, 3, 0.1)
            raise NotAllowed(
                f"No network of this world is in {country!r}; known are {', '.join(near) or 'none'}."
            )
        return self._code[country]

    def codes(self, countries: Iterable[str]) -> list[int]:
        return [self.code(country) for country in countries]

    def mainly_in(self, codes: Sequence[int]) -> Flags:
        return self._among(codes)[self.main]

    def anywhere_in(self, codes: Sequence[int]) -> Flags:
        places = self.world.places
        found: Flags = np.zeros(len(self.world), bool)
        found[places.network[self._among(codes)[places.country]]] = True
        return found

    def _among(self, codes: Sequence[int]) -> Flags:
        """bool[countries]: which are among these."""
        found: Flags = np.zeros(len(self.world.countries), bool)
        found[list(codes)] = True
        return found

    def row(self, number: int) -> int:
        """The row of an AS number; NotAllowed for an unknown one, with the nearest known."""
        numbers = self.world.numbers
        at = int(np.searchsorted(numbers, number))
        if at < len(numbers) and numbers[at] == number:
            return at
        near = [int(numbers[i]) for i in (at - 1, at) if 0 <= i < len(numbers)]
        similar = get_close_matches(
            str(number), [str(n) for n in numbers.tolist()[:: 1 + len(numbers) // 5000]], 1
        )
        names = ", ".join(f"AS{name}" for name in dict.fromkeys([*map(str, near), *similar]))
        raise NotAllowed(f"AS{number} is not in this world; the nearest known are {names}.")


def group_named(groups: Groups, name: str, what: str) -> Rows:
    """The members of a named set; NotAllowed for an unknown one, with the nearest known names."""
    if name not in groups.names:
        near = get_close_matches(name, groups.names, 3, 0.3)
        known = f"the nearest known: {', '.join(near)}" if near else f"{len(groups.names)} are known"
        raise NotAllowed(f"This world has no {what} {name!r}; {known}.")
    return groups.of(groups.names.index(name))


def untouched(world: World) -> Left:
    """Everything is left."""
    every = np.ones(len(world.links), bool)
    sets = [world.exchanges.of(at) for at in range(len(world.exchanges.names))]
    sets += [world.buildings.of(at) for at in range(len(world.buildings.names))]
    links = world.links
    return Left(
        links.first, links.second, links.relation, every, every, np.ones(len(world), bool), tuple(sets)
    )


def apply(places: Places, scenario: Scenario) -> Left:
    """What is left after all changes. NotAllowed for a name or a number that the world does not have."""
    left = untouched(places.world)
    for change in scenario.change:
        left = _changed(left, places, change)
    return left


def graph_at_least(left: Left, before: Graph | None = None) -> Graph:
    """Links that are seen and surely left. From the graph before, it is made with less work."""
    return _graph(left, left.at_least, NOBODY, before)


def graph_at_most(left: Left, at_least: Graph, before: Graph | None = None) -> Graph:
    """Links that may be left, and peering among all who may meet; often that is all by which it differs."""
    if np.array_equal(left.at_least, left.at_most):
        return replace(at_least, hubs=hub_lists(left))
    return _graph(left, left.at_most, hub_lists(left), before)


def _graph(left: Left, chosen: Flags, hubs: Lists, before: Graph | None) -> Graph:
    if before is not None and before.first is left.first:  # No link was added.
        return graph_after(before, chosen, left.alive, hubs)
    return graph_of(left.first, left.second, left.relation, chosen, left.alive, hubs)


def hub_lists(left: Left) -> Lists:
    sets = [members[left.alive[members]] for members in left.hubs]
    if not sets:
        return NOBODY
    start = np.concatenate((np.zeros(1, np.int64), np.cumsum([len(one) for one in sets])))
    return Lists(start, np.concatenate(sets).astype(np.int32))


def _changed(left: Left, places: Places, change: Change) -> Left:
    match change:
        case CutCountry(country):
            here = places.code(country)
            others = [code for code in range(len(places.world.countries)) if code != here]
            return _cut_between(left, places, [here], others)
        case CutBetween(first, second):
            return _cut_between(left, places, places.codes(first), places.codes(second))
        case RemoveNetworks(numbers):
            return _without(left, [places.row(number) for number in numbers])
        case RemoveOrganisation(name):
            return _without(left, group_named(places.world.organisations, name, "organisation").tolist())
        case Withdraw(number, country):
            return _withdrawn(left, places, places.row(number), places.code(country))
        case FailCable(name):
            lost = np.zeros(len(left.first), bool)
            lost[group_named(places.world.cables, name, "cable")] = True
            return replace(left, at_least=left.at_least & ~lost, at_most=left.at_most & ~lost)
        case FailExchange(name):
            return _without_exchange(left, places.world, name)
        case Alliance(countries):
            return _allied(left, places, places.codes(countries))
        case AddLinks(links):
            ends = [(places.row(link.first), places.row(link.second), link.relation) for link in links]
            return _extended(left, ends)
        case Throttle():
            return left


def _cut_between(left: Left, places: Places, first: Sequence[int], second: Sequence[int]) -> Left:
    one, other = places.mainly_in(first), places.mainly_in(second)
    a, b = left.first, left.second
    lost = (one[a] & other[b]) | (other[a] & one[b])
    # Only those that stand wholly on one side lose their links for certain.
    only_one = places.anywhere_in(first) & ~_elsewhere(places, first)
    only_other = places.anywhere_in(second) & ~_elsewhere(places, second)
    surely = (only_one[a] & only_other[b]) | (only_other[a] & only_one[b])
    hubs = [part for members in left.hubs for part in _split(members, only_one, only_other)]
    return replace(left, at_least=left.at_least & ~lost, at_most=left.at_most & ~surely, hubs=tuple(hubs))


def _elsewhere(places: Places, codes: Sequence[int]) -> Flags:
    """Networks with a place outside these countries."""
    return places.anywhere_in([at for at in range(len(places.world.countries)) if at not in set(codes)])


def _split(members: Rows, one: Flags, other: Flags) -> list[Rows]:
    """Two meetings of which neither has members of both sides; one where there are not."""
    parts = [members[~other[members]], members[~one[members]]]
    return [members] if len(parts[0]) == len(members) or len(parts[1]) == len(members) else parts


def _without(left: Left, rows: Sequence[int]) -> Left:
    alive = left.alive.copy()
    alive[list(rows)] = False
    return replace(left, alive=alive)


def _withdrawn(left: Left, places: Places, carrier: int, country: int) -> Left:
    serves = (left.first == carrier) & (left.relation == Relation.PROVIDER)
    there, only_there = places.anywhere_in([country]), ~_elsewhere(places, [country])
    lost = serves & there[left.second]
    return replace(
        left, at_least=left.at_least & ~lost, at_most=left.at_most & ~(lost & only_there[left.second])
    )


def _without_exchange(left: Left, world: World, name: str) -> Left:
    """At least is left: of the peerings among its members only those whose ends meet elsewhere too."""
    groups = world.exchanges if name in world.exchanges.names else world.buildings
    members = group_named(groups, name, "exchange")
    inside = np.zeros(len(world), bool)
    inside[members] = True
    suspect = np.flatnonzero(inside[left.first] & inside[left.second] & (left.relation == Relation.PEER))
    others = [one for one in left.hubs if not np.array_equal(one, members)]
    meets: list[set[int]] = [set() for _ in range(len(world))] if len(suspect) else []
    for at, one in enumerate(others if len(suspect) else []):
        for row in one.tolist():
            meets[row].add(at)
    at_least = left.at_least.copy()
    for at in suspect.tolist():
        at_least[at] &= bool(meets[left.first[at]] & meets[left.second[at]])
    return replace(left, at_least=at_least, hubs=tuple(others))


def _allied(left: Left, places: Places, codes: Sequence[int]) -> Left:
    surely, perhaps = places.mainly_in(codes), places.anywhere_in(codes)
    return replace(
        left,
        at_least=left.at_least & surely[left.first] & surely[left.second],
        at_most=left.at_most & perhaps[left.first] & perhaps[left.second],
        hubs=tuple(members[perhaps[members]] for members in left.hubs),
    )


def _extended(left: Left, ends: Sequence[tuple[int, int, str]]) -> Left:
    if any(first == second for first, second, _ in ends):
        raise NotAllowed("A link joins two different networks.")
    kinds = {"peer": Relation.PEER, "provider": Relation.PROVIDER}
    first, second = (np.array([one[at] for one in ends], np.int32) for at in range(2))
    more = np.ones(len(ends), bool)
    return replace(
        left,
        first=np.concatenate((left.first, first)),
        second=np.concatenate((left.second, second)),
        relation=np.concatenate((left.relation, np.array([int(kinds[one[2]]) for one in ends], np.int8))),
        at_least=np.concatenate((left.at_least, more)),
        at_most=np.concatenate((left.at_most, more)),
    )


def named_countries(scenario: Scenario) -> tuple[str, ...]:
    """The countries whose losses are told: the scenario's focus, else all that its changes name."""
    if scenario.focus:
        return scenario.focus
    found: list[str] = []
    for change in scenario.change:
        match change:
            case CutCountry(country) | Withdraw(_, country):
                found.append(country)
            case CutBetween(first, second):
                found += [*first, *second]
            case Alliance(countries):
                found += countries
            case _:
                pass
    return tuple(dict.fromkeys(found))
