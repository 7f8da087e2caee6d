"""How a country hangs on the world: networks with foreign links, and how its people spread over networks."""

import msgspec
import numpy as np

from tidegate.model.topology import World
from tidegate.rehearse.scenarios import Places


class Borders(msgspec.Struct, frozen=True):
    """`crossings` are networks with a link to a network that is mainly elsewhere.

    `concentration` is the Herfindahl-Hirschman index of people over networks: 1 where all are in one, near 0
    where they are spread; None where nobody is counted. `foreign_carriers` are foreign providers.
    """

    country: str
    networks: int
    people: int
    crossings: int
    foreign_links: int
    foreign_carriers: int
    concentration: float | None


def borders(world: World) -> tuple[Borders, ...]:
    """Of every country, in order of their codes; networks count in their main country."""
    places, links = Places(world), world.links
    home, away = places.main[links.first], places.main[links.second]
    foreign = home != away
    transit = foreign & (links.relation == -1)
    found = []
    for code, country in enumerate(world.countries):
        ends = np.concatenate((links.first[foreign & (home == code)], links.second[foreign & (away == code)]))
        at_home = world.places.country == code
        people = world.places.people[at_home].astype(np.float64)
        whole = people.sum()
        found.append(
            Borders(
                country=country,
                networks=int((places.main == code).sum()),
                people=int(whole),
                crossings=len(np.unique(ends)),
                foreign_links=len(ends),
                foreign_carriers=len(np.unique(links.first[transit & (away == code)])),
                concentration=float(((people / whole) ** 2).sum()) if whole else None,
            )
        )
    return tuple(found)
