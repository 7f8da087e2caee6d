"""Whether an hour of looking makes the page, the console or the node larger."""

import os

from benchmarks.console_hour import Hour, node_s_hour, page_s_hour
from benchmarks.figure import Better, Description, Figure, Settings

HEAP, NODE = "the page's heap", "the node, resident"
MEGABYTE = 1e6


def figure(hour: Hour, name: str) -> Figure:
    rows = []
    for which, grew in hour.grew.items():
        first, middle, last = (size / MEGABYTE for size in grew.thirds)
        most = max(grew.bytes) / MEGABYTE
        rows.append(
            f"{which}: {first:.1f} MB at the start, {middle:.1f} in the middle, {last:.1f} at the end, "
            f"{most:.1f} at most; {grew.slope / MEGABYTE:+.1f} MB an hour over the last two thirds"
        )
    value = hour.grew[name].slope / MEGABYTE
    of_it = max(next(iter(hour.grew.values())).at)
    took = f"{hour.happened}, {of_it:.2f} of an hour, in {hour.took_s:.0f} s; load {os.getloadavg()[0]:.1f}"
    return Figure(value=value, shown=f"{value:+.1f} MB an hour", notes=(took, *rows))


def measure_page(settings: Settings) -> Figure:
    return figure(page_s_hour(settings.seed, 0.25 if settings.quick else 1.0), HEAP)


def measure_node(settings: Settings) -> Figure:
    return figure(node_s_hour(settings.seed), NODE)


DESCRIPTIONS = (
    Description(
        "console-hour-page",
        "growth of the page's heap over an hour's events",
        "MB/h",
        1.0,
        Better.LOWER,
        measure_page,
    ),
    Description(
        "console-hour-node",
        "growth of a node over an hour's questions",
        "MB/h",
        1.0,
        Better.LOWER,
        measure_node,
    ),
)
