"""The map of a report: countries coloured by the people there who are lost; tiles for who has no outline.

Outlines are Natural Earth's, projected once (web/map). There is no script and no request, and a legend.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from tidegate.app.outlines import Outlines
from tidegate.rehearse.answers import Between, Country

STEPS = (1, 1_000_000, 10_000_000, 100_000_000)
"""From how many people on each darker colour stands; below the first, nobody is lost."""

STEP_NAMES = ("nobody", "less than 1 million", "1 to 10 million", "10 to 100 million", "100 million and more")

MAP_STYLE = """
:root{--land:#f3f5f7;--line:#fff;--c0:#cfdbe3;--c1:#fdd9b5;--c2:#f3a45f;--c3:#d4611f;--c4:#8a3105;--home:#1f6f99}
.map{display:block;width:100%;height:auto}.map path,.map rect{stroke:var(--line);stroke-width:1.5}
.map .on{fill:#1b2733;font:600 26px system-ui,sans-serif;text-anchor:middle}
.map .l3.on,.map .l4.on,.map .home.on{fill:#fff}
.land{fill:var(--land)}path.land{stroke:#c9d2da!important}.l0{fill:var(--c0)}.l1{fill:var(--c1)}.l2{fill:var(--c2)}
.l3{fill:var(--c3)}.l4{fill:var(--c4)}.home{fill:var(--home)}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;padding:0;list-style:none}
.legend svg{margin-inline-end:.4rem}
@media screen and (prefers-color-scheme:dark){
:root{--land:#1f2830;--line:#12181d;--c0:#43535f;--c1:#6d4320;--c2:#ac6124;--c3:#e6953f;--c4:#ffdcae;--home:#62b4dc}
path.land{stroke:#3a4853!important}.map .on{fill:#f2f5f7}.map .l3.on,.map .l4.on,.map .home.on{fill:#12181d}}
"""

TILES_IN_ROW = 20
TILE_WIDTH, TILE_HEIGHT = 100, 60


def people_lost(other: Between) -> int:
    """Of the people there, how many one at home reaches no more, on average; by the links that are seen."""
    lost = max(0.0, other.reach.before.low - other.reach.after.low)
    return round(other.people * lost)


def people_kept(other: Between) -> int:
    """Of the people there, how many one at home still reaches, on average; by the links that are seen."""
    return round(other.people * other.reach.after.low)


def map_of(outlines: Outlines, country: Country) -> list[str]:
    """Lines of HTML: the map where anybody has a place on it, tiles for the others, and the legend."""
    shades = {other.country: _shade(other) for other in country.others}
    shades[country.country] = ("home", f"{country.country}: the country that is cut off")
    drawn = {code for code, _ in outlines.land} & shades.keys()
    tiles = sorted(shades.keys() - drawn)
    parts = _map(outlines, shades) if drawn else []
    if tiles and drawn:
        parts.append("<p class=note>Made up, or too small for this map:</p>")
    return [*parts, *(_tiles(tiles, shades) if tiles else []), *_legend(with_land=bool(drawn))]


def _shade(other: Between) -> tuple[str, str]:
    """The class that colours it, and what it says when pointed at."""
    lost = people_lost(other)
    told = f"{other.country}: {lost:,} of {other.people:,} people no longer within reach"
    return f"l{sum(lost >= step for step in STEPS)}", told


def _map(outlines: Outlines, shades: Mapping[str, tuple[str, str]]) -> list[str]:
    def piece(code: str, path: str) -> str:
        if code not in shades:
            return f'<path class=land d="{path}"/>'
        shade, told = shades[code]
        return f'<path class={shade} id="map-{code}" d="{path}"><title>{escape(told)}</title></path>'

    return [
        f'<svg class=map viewBox="0 0 {outlines.width} {outlines.height}" role="img" '
        'aria-label="Map: people no longer within reach; the table below has the figures">',
        *(piece(code, path) for code, path in outlines.land),
        "</svg>",
    ]


def _tiles(codes: Sequence[str], shades: Mapping[str, tuple[str, str]]) -> list[str]:
    rows = -(-len(codes) // TILES_IN_ROW)
    width = TILES_IN_ROW * TILE_WIDTH
    return [
        f'<svg class=map viewBox="0 0 {width} {rows * TILE_HEIGHT}" role="img" '
        'aria-label="Countries as tiles; the table below has the figures">',
        *(_tile(at, code, *shades[code]) for at, code in enumerate(codes)),
        "</svg>",
    ]


def _tile(at: int, code: str, shade: str, told: str) -> str:
    left, top = at % TILES_IN_ROW * TILE_WIDTH, at // TILES_IN_ROW * TILE_HEIGHT
    name = escape(code)
    return (
        f'<g id="map-{name}"><title>{escape(told)}</title><rect class={shade} x="{left + 3}" y="{top + 3}" '
        f'width="{TILE_WIDTH - 6}" height="{TILE_HEIGHT - 6}" rx="6"/>'
        f'<text class="{shade} on" x="{left + TILE_WIDTH // 2}" y="{top + 39}">{name}</text></g>'
    )


def _legend(*, with_land: bool) -> list[str]:
    def keys() -> Iterable[tuple[str, str]]:
        yield "home", "the country itself"
        for at, name in enumerate(STEP_NAMES):
            yield f"l{at}", name
        if with_land:
            yield "land", "nobody known there"

    key = '<svg width="16" height="12"><rect class={} width="16" height="12"/></svg>'
    items = (f"<li>{key.format(shade)}{name}</li>" for shade, name in keys())
    return [
        "<p class=note>People of each country whom one at home no longer reaches, on average:</p>",
        f"<ul class=legend>{''.join(items)}</ul>",
    ]
