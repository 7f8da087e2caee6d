"""Small worlds for tests: of a few lines, or of any links that Hypothesis thinks of."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from tidegate.model.topology import (
    Cable,
    Evidence,
    LinkOrigin,
    LinkTable,
    Members,
    People,
    Place,
    Relation,
    World,
)
from tidegate.rehearse.joining import Tables, join

FIRST = 64_500
CODES = ("XA", "XB", "XC")
FICTIONAL_MAP = Path(__file__).parent / "data" / "map" / "fictional_outlines.txt"
"""XB, XC and XD have an outline on it, the last as a dot; the others have none."""


def link_table(
    links: Sequence[tuple[int, int, int]],
    origin: LinkOrigin = LinkOrigin.OBSERVED,
    exchanges: Sequence[int] = (),
) -> LinkTable:
    table = np.array(links, np.int64).reshape(-1, 3)
    return LinkTable(
        table[:, 0].astype(np.uint32),
        table[:, 1].astype(np.uint32),
        table[:, 2].astype(np.int8),
        origin,
        np.array(exchanges, np.uint32),
    )


def world_of(
    links: Sequence[tuple[int, int, int]],
    places: dict[int, str] | None = None,
    people: dict[int, int] | None = None,
    exchanges: dict[str, tuple[int, ...]] | None = None,
    cables: dict[str, tuple[tuple[int, int], ...]] | None = None,
) -> World:
    """Links by AS number; a network's place may be several codes, as in "XA XB"."""
    placed = [
        Place(number, code, Evidence.REGISTRATION)
        for number, codes in (places or {}).items()
        for code in codes.split()
    ]
    main = {number: codes.split()[0] for number, codes in (places or {}).items()}
    return join(
        Tables(
            links=[link_table(links)],
            places=placed,
            people=[People(n, main.get(n, "ZZ"), p // 2, p, p * 2) for n, p in (people or {}).items()],
            exchanges=[Members(name, members) for name, members in (exchanges or {}).items()],
            cables=[Cable(name, pairs) for name, pairs in (cables or {}).items()],
        )
    )


@st.composite
def acyclic_links(draw: st.DrawFn, networks_max: int = 12) -> list[tuple[int, int, int]]:
    """Links in which nobody is its own provider; a lower number may provide for a higher one."""
    count = draw(st.integers(2, networks_max))
    pairs = [(a, b) for a in range(count) for b in range(a + 1, count)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=3 * count))
    order = draw(st.permutations(range(count)))
    kinds = draw(st.lists(st.sampled_from([-1, -1, 0]), min_size=len(chosen), max_size=len(chosen)))
    links = [(FIRST + order[a], FIRST + order[b], kind) for (a, b), kind in zip(chosen, kinds, strict=True)]
    return links or [(FIRST, FIRST + 1, int(Relation.PEER))]


@st.composite
def worlds(draw: st.DrawFn, networks_max: int = 12) -> World:
    """Links, places in up to three countries (some networks in two), people, and up to two exchanges."""
    links = draw(acyclic_links(networks_max))
    numbers = sorted({end for first, second, _ in links for end in (first, second)})
    places = {n: draw(st.sampled_from([*CODES, "XA XB", "XB XC"])) for n in numbers}
    people = {n: draw(st.integers(0, 1000)) for n in numbers}
    exchanges = {
        f"IX{at}": tuple(draw(st.lists(st.sampled_from(numbers), unique=True, min_size=2, max_size=4)))
        for at in range(draw(st.integers(0, 2)))
    }
    return world_of(links, places, people, exchanges)
