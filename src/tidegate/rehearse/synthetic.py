"""A made-up Internet from a seed: the same seed and size give the same world, byte for byte.

Its shape follows the real one: a clique on top, about one network in seven carries others, customers choose
providers by size (so that a few have thousands), most have one or two, and peering happens at exchanges.
Countries have user-assigned codes and AS numbers are private ones, so that no name in it means anybody.
"""

from dataclasses import dataclass

import numpy as np

from tidegate.model.refusals import NotAllowed
from tidegate.model.topology import (
    Cable,
    Evidence,
    Ints,
    LinkOrigin,
    LinkTable,
    Members,
    People,
    Place,
    Relation,
    Source,
    World,
)
from tidegate.rehearse.joining import Tables, join

NETWORKS_MIN = 50
NETWORKS_MAX = 200_000
"""Networks of a made-up world; fewer have no shape, more are refused."""

CODES = (
    *(f"X{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    *(f"Q{letter}" for letter in "MNOPQRSTUVWXYZ"),
)
"""Codes that ISO 3166 leaves to its users, so that no country has them."""

PRIVATE_SMALL, PRIVATE_LARGE = 64_512, 4_200_000_000
"""Where private AS numbers begin (RFC 6996): 1,023 short ones, and the long ones."""

LINKS_PER_NETWORK = 7.1
"""As in the observed graph of 2025: 570,696 links among 78,643 networks."""

CARRIERS = 0.14
FOREIGN_PROVIDER = 0.06
PROVIDERS = (0.5, 0.33, 0.12, 0.05)
"""Shares of networks with one, two, three and four providers."""

INTERVAL = (0.7, 1.4)
"""The low and high number of people, as shares of the estimate."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """Rows 0 to clique - 1 are the clique, those to `carriers` carry others, the rest are stubs.

    A provider has always a lower row than its customer, so that no circle can arise.
    """

    random: np.random.Generator
    networks: int
    clique: int
    carriers: int
    country: Ints
    codes: tuple[str, ...]

    def at_home(self, code: int) -> Ints:
        """Carriers of a country, below the clique where it has any, largest first."""
        rows = np.flatnonzero(self.country[: self.carriers] == code)
        return rows[rows >= self.clique] if (rows >= self.clique).any() else rows


def synthetic_world(seed: int, networks: int = 2_000, countries: int | None = None) -> World:
    """A world of exactly that many networks. NotAllowed for sizes outside what it can shape."""
    if not NETWORKS_MIN <= networks <= NETWORKS_MAX:
        raise NotAllowed(f"a made-up world has {NETWORKS_MIN} to {NETWORKS_MAX:,} networks, not {networks:,}")
    countries = min(len(CODES), max(3, networks // 60)) if countries is None else countries
    if not 2 <= countries <= len(CODES) or countries * 4 > networks:
        raise NotAllowed(f"a made-up world of {networks:,} networks cannot have {countries} countries")
    plan = _plan(seed, networks, countries)
    transit = _transit(plan)
    exchanges = _exchanges(plan)
    links = np.concatenate((transit, _peering(plan, transit, exchanges)))
    base = PRIVATE_SMALL if networks <= 1_000 else PRIVATE_LARGE
    number = base + plan.random.permutation(networks)
    table = LinkTable(
        number[links[:, 0]].astype(np.uint32),
        number[links[:, 1]].astype(np.uint32),
        links[:, 2].astype(np.int8),
        LinkOrigin.INVENTED,
        np.empty(0, np.uint32),
    )
    return join(
        Tables(
            links=[table],
            places=_places(plan, number),
            people=_people(plan, number),
            exchanges=[Members(name, tuple(number[rows].tolist())) for name, rows in exchanges],
            cables=_cables(plan, transit, number),
            sources=[Source("everything", f"synthetic, seed {seed}, {networks} networks", "", "made up")],
        )
    )


def _plan(seed: int, networks: int, countries: int) -> _Plan:
    random = np.random.default_rng(seed)
    clique = int(np.clip(round(networks**0.25 * 1.15), 3, 20))
    carriers = max(clique + countries, round(networks * CARRIERS))
    weight = 1 / np.arange(1, countries + 1) ** 0.9
    country = random.choice(countries, networks, p=weight / weight.sum())
    # Every country has a carrier; the clique's members sit in the largest countries.
    country[:clique] = np.arange(clique) % min(countries, 6)
    country[clique : clique + countries] = random.permutation(countries)
    return _Plan(random, networks, clique, carriers, country, CODES[:countries])


def _by_size(random: np.random.Generator, among: Ints, count: int, steepness: float = 0.8) -> Ints:
    """Different rows out of `among`, the earlier the likelier."""
    weight = 1 / np.arange(1, len(among) + 1) ** steepness
    return random.choice(among, min(count, len(among)), replace=False, p=weight / weight.sum())


def _transit(plan: _Plan) -> Ints:
    """(provider, customer, PROVIDER) of all carriers and stubs."""
    random, links = plan.random, []
    wanted = 1 + random.choice(len(PROVIDERS), plan.networks, p=PROVIDERS)
    abroad = random.random(plan.networks) < FOREIGN_PROVIDER
    home = [plan.at_home(code) for code in range(len(plan.codes))]
    for row in range(plan.clique, plan.networks):
        above = home[plan.country[row]]
        above = above[above < row] if row < plan.carriers else above
        international = row < plan.carriers and (len(above) < 3 or random.random() < 0.25)
        if abroad[row] or international or not len(above):
            above = np.arange(min(row, plan.carriers))
        links += [(int(provider), row) for provider in _by_size(random, above, int(wanted[row]))]
    pairs = np.array(links, np.int64)
    return np.column_stack((pairs, np.full(len(pairs), int(Relation.PROVIDER))))


def _exchanges(plan: _Plan) -> list[tuple[str, Ints]]:
    """One exchange for each country, more for large ones, with members from home and some from abroad."""
    random, found = plan.random, []
    carriers = np.arange(plan.carriers)
    for code, name in enumerate(plan.codes):
        here = np.flatnonzero(plan.country == code)
        for at in range(1 + int(len(here) > 400) + int(len(here) > 4_000)):
            likely = np.where(here < plan.carriers, 0.6, 0.12) / (1 + at)
            members = here[random.random(len(here)) < likely]
            guests = _by_size(random, carriers, max(2, len(here) // 25))
            found.append((f"{name}-IX {at + 1}", np.unique(np.concatenate((members, guests)))))
    return found


def _peering(plan: _Plan, transit: Ints, exchanges: list[tuple[str, Ints]]) -> Ints:
    """The clique's full mesh, and pairs that meet at exchanges until the world has its share of links."""
    random = plan.random
    mesh = np.array([(a, b) for a in range(plan.clique) for b in range(a + 1, plan.clique)], np.int64)
    open_pairs = np.array([len(rows) * (len(rows) - 1) // 2 for _, rows in exchanges], np.float64)
    wanted = max(0.0, plan.networks * LINKS_PER_NETWORK - len(transit) - len(mesh))
    share = min(0.6, wanted / max(open_pairs.sum(), 1.0))
    pairs = [mesh]
    for (_, rows), possible in zip(exchanges, open_pairs.tolist(), strict=True):
        # The earlier rows, which are larger, peer more: a square root pulls the draw towards them.
        at = (len(rows) * random.random((int(possible * share * 1.08), 2)) ** 1.3).astype(np.int64)
        pairs.append(np.sort(rows[at], axis=1))
    peers = np.unique(np.concatenate(pairs), axis=0)
    key = np.sort(transit[:, :2], axis=1) @ (plan.networks, 1)
    free = (peers[:, 0] != peers[:, 1]) & ~np.isin(peers @ (plan.networks, 1), key)
    peers = peers[free]
    return np.column_stack((peers, np.full(len(peers), int(Relation.PEER))))


def _places(plan: _Plan, number: Ints) -> list[Place]:
    """Every network in its country; some carriers are present in a second one; some holders have several."""
    random = plan.random
    places = []
    holder = np.where(random.random(plan.networks) < 0.05, plan.country, -1)
    second = np.where(
        random.random(plan.networks) < 0.02, random.integers(0, len(plan.codes), plan.networks), -1
    )
    for row, value in enumerate(number.tolist()):
        code = plan.codes[plan.country[row]]
        of = f"holder-{code}" if holder[row] >= 0 else f"holder-{value}"
        places.append(Place(value, code, Evidence.INVENTED, of, f"Net {code} {row}"))
        if row < plan.carriers and second[row] >= 0 and second[row] != plan.country[row]:
            places.append(Place(value, plan.codes[second[row]], Evidence.INVENTED, of))
    return places


def _people(plan: _Plan, number: Ints) -> list[People]:
    """Between 2 and 600 million people for each country, most of them in few of its networks."""
    random = plan.random
    totals = np.sort(10 ** random.uniform(6.3, 8.8, len(plan.codes)))[::-1].astype(np.int64)
    size = random.pareto(0.9, plan.networks) + 0.01
    found = []
    for code, name in enumerate(plan.codes):
        rows = np.flatnonzero(plan.country == code)
        counts = (totals[code] * (size[rows] / size[rows].sum())).astype(np.int64)
        for row, count in zip(rows.tolist(), counts.tolist(), strict=True):
            low, high = int(count * INTERVAL[0]), int(count * INTERVAL[1])
            found.append(People(int(number[row]), name, low, count, high))
    return found


def _cables(plan: _Plan, transit: Ints, number: Ints) -> list[Cable]:
    """For each two countries with transit between them, one cable or two that carry it."""
    first, second = plan.country[transit[:, 0]], plan.country[transit[:, 1]]
    sets: dict[str, list[tuple[int, int]]] = {}
    turn = plan.random.integers(1, 3, len(transit))
    for at in np.flatnonzero(first != second).tolist():
        names = sorted((plan.codes[first[at]], plan.codes[second[at]]))
        ends = int(number[transit[at, 0]]), int(number[transit[at, 1]])
        sets.setdefault(f"{names[0]}-{names[1]} {turn[at]}", []).append(ends)
    return [Cable(name, tuple(links)) for name, links in sorted(sets.items())]
