"""The drawings of an audit's page as SVG: stacked bars, and ribbons from sectors over owners to countries.

Each has its figures in a table beside or below it; colours are classes of the page's style, and no drawing
tells anything by colour alone.
"""

from collections.abc import Mapping, Sequence
from html import escape

DRAWING_STYLE = """
:root{--good:#1f6f99;--half:#e3b04b;--bad:#b3391f;--unsure:#9a86a4;--flow:#8fb4c8;--node:#33475a;--on:#fff}
.works{fill:var(--good)}.home{fill:var(--good)}.degraded{fill:var(--half)}.fails,.abroad{fill:var(--bad)}
.not_known{fill:url(#hatched)}.key{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;padding:0;list-style:none}
.key svg{margin-inline-end:.4rem}.ribbon{fill:none;stroke:var(--flow);stroke-opacity:.5}
.node{fill:var(--node)}.drawing{display:block;width:100%;height:auto}
.drawing text{font:12px system-ui,sans-serif;fill:currentColor}.unsure{fill:var(--unsure)}
td.s-fails,td.w-abroad{background:#b3391f22}td.s-degraded{background:#e3b04b22}
td.s-not_known,td.w-not_known{background:#9a86a433}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:1rem;margin:1.4rem 0}
.tiles div{border:1px solid #c9d2da;border-radius:.5rem;padding:.7rem .9rem}
.tiles strong{display:block;font-size:1.5rem;font-weight:650}
td[class^=s-],td[class^=w-]{white-space:nowrap}ul.small{columns:22rem 2;padding-inline-start:1.2rem}
.chain{font-size:.85rem;color:#51606d;text-align:start}.small{font-size:.85rem}
th.start,td.start{text-align:start}
@media print{.drawing{break-inside:avoid}.tiles{grid-template-columns:repeat(4,1fr);gap:.6rem}
td[class^=s-],td[class^=w-],.small{font-size:7.5pt}}
@media screen and (prefers-color-scheme:dark){
:root{--good:#62b4dc;--half:#e3b04b;--bad:#e0705a;--unsure:#9a86a4;--flow:#4d7890;--node:#b9c8d3;--on:#12181d}
.chain{color:#9fb0bc}.tiles div{border-color:#3a4853}}
"""

HATCH = (
    '<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs><pattern id="hatched" '
    'width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" class="unsure" fill-opacity=".35"/>'
    '<rect width="3" height="6" class="unsure"/>'
    "</pattern></defs></svg>"
)
"""What is not known is hatched, so that it is told from the rest without colour, too."""

WIDTH = 960
BAR_WIDTH, BAR_HEIGHT = 220, 14
NODE_WIDTH = 14
GAP = 10
RIBBON_HEIGHT = 420


def stacked(parts: Sequence[tuple[str, float]]) -> str:
    """One bar of parts by class, from the left; the parts sum to at most 1."""
    found = [
        f'<svg width="{BAR_WIDTH}" height="{BAR_HEIGHT}" viewBox="0 0 {BAR_WIDTH} {BAR_HEIGHT}" '
        'preserveAspectRatio="none" role="img" aria-hidden="true">'
        f'<rect width="{BAR_WIDTH}" height="{BAR_HEIGHT}" class="back"/>'
    ]
    at = 0.0
    for name, share in parts:
        width = BAR_WIDTH * max(0.0, share)
        if width:
            found.append(f'<rect x="{at:.1f}" width="{width:.1f}" height="{BAR_HEIGHT}" class="{name}"/>')
        at += width
    return "".join(found) + "</svg>"


def key(words: Mapping[str, str]) -> str:
    """What the classes of bars mean."""
    boxes = (
        f'<li><svg width="14" height="14" aria-hidden="true"><rect width="14" height="14" class="{name}"/>'
        "</svg>"
        f"{escape(word)}</li>"
        for name, word in words.items()
    )
    return f'<ul class="key">{"".join(boxes)}</ul>'


Flow = tuple[str, str, str, int]
"""From a sector, to an owner, to a country; and how much."""


def ribbons(flows: Sequence[Flow], heads: tuple[str, str, str]) -> str:
    """Three columns of nodes and what flows between them, in the order of the first time each is named."""
    whole = sum(amount for *_, amount in flows)
    if not whole:
        return ""
    columns = [_totals(flows, at) for at in range(3)]
    longest = max(len(column) for column in columns)
    height = RIBBON_HEIGHT + GAP * longest
    places = [_places(column, whole) for column in columns]
    lefts = (200, 470, 800)
    found = [
        f'<svg class="drawing" viewBox="0 0 {WIDTH} {height + 40}" role="img" '
        f'aria-label="{escape(", ".join(heads))}: the table below has the figures">'
    ]
    for at, head in enumerate(heads):
        found.append(_text(lefts[at] + NODE_WIDTH / 2, 14, head, "middle", bold=True))
    for at in range(2):
        found += _between(flows, at, places, lefts, whole)
    for at, column in enumerate(columns):
        for name, amount in column.items():
            y, tall = places[at][name], RIBBON_HEIGHT * amount / whole
            found.append(
                f'<rect class="node" x="{lefts[at]}" y="{y:.1f}" width="{NODE_WIDTH}" height="{tall:.1f}">'
                f"<title>{escape(name)}</title></rect>"
            )
            side, anchor = (lefts[at] - 6, "end") if at == 0 else (lefts[at] + NODE_WIDTH + 6, "start")
            found.append(_text(side, y + tall / 2 + 4, name, anchor))
    return "".join(found) + "</svg>"


def _totals(flows: Sequence[Flow], at: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for flow in flows:
        name = str(flow[at])
        found[name] = found.get(name, 0) + flow[3]
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def _places(column: Mapping[str, int], whole: int) -> dict[str, float]:
    found, y = {}, 30.0
    for name, amount in column.items():
        found[name] = y
        y += RIBBON_HEIGHT * amount / whole + GAP
    return found


def _between(
    flows: Sequence[Flow],
    at: int,
    places: Sequence[Mapping[str, float]],
    lefts: Sequence[int],
    whole: int,
) -> list[str]:
    """The ribbons from one column to the next, side by side at both ends."""
    pairs: dict[tuple[str, str], int] = {}
    for flow in flows:
        pair = str(flow[at]), str(flow[at + 1])
        pairs[pair] = pairs.get(pair, 0) + flow[3]
    out, into = dict(places[at]), dict(places[at + 1])
    found = []
    for (one, other), amount in sorted(pairs.items(), key=lambda pair: (out[pair[0][0]], into[pair[0][1]])):
        tall = RIBBON_HEIGHT * amount / whole
        x1, x2 = lefts[at] + NODE_WIDTH, lefts[at + 1]
        y1, y2, middle = out[one] + tall / 2, into[other] + tall / 2, (x1 + x2) / 2
        found.append(
            f'<path class="ribbon" stroke-width="{max(tall, 0.5):.1f}" '
            f'd="M{x1} {y1:.1f}C{middle} {y1:.1f} {middle} {y2:.1f} {x2} {y2:.1f}"/>'
        )
        out[one] += tall
        into[other] += tall
    return found


def _text(x: float, y: float, text: str, anchor: str, *, bold: bool = False) -> str:
    weight = ' font-weight="650"' if bold else ""
    return f'<text x="{x:g}" y="{y:.1f}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'
