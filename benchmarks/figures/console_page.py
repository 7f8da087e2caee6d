"""What the console's first screen takes in a browser: a share of a core, memory over time, and a wait."""

import os
from functools import cache

from benchmarks.console_page import Watched, watch
from benchmarks.figure import Better, Description, Figure, Settings

HOUR_S = 3_600


@cache
def watched(settings: Settings) -> tuple[Watched, float]:
    """One run for all of these figures, and the load at its end."""
    untouched_s, looked_s = (15.0, 30.0) if settings.quick else (60.0, 120.0)
    return watch(settings.seed, untouched_s, looked_s), os.getloadavg()[0]


def measure_share(settings: Settings) -> Figure:
    run, load = watched(settings)
    return Figure(
        value=run.all_share * 100,
        shown=f"{run.all_share:.0%} of a core",
        notes=(
            f"all processes of Chromium, user and system time in {run.seconds:.0f} s; the page's renderer "
            f"alone {run.renderer_share:.0%}, the console {run.console_share:.0%}; load {load:.1f}",
            f"a node tells of 1,000 attacks and 50 border points, all of them other each second; the page "
            f"shows {run.rows} rows of tables and counts the rest; drawn without a graphics card",
        ),
    )


def measure_growth(settings: Settings) -> Figure:
    run, load = watched(settings)
    heap, resident = run.heap_slope * HOUR_S / 1e6, run.resident_slope * HOUR_S / 1e6
    return Figure(
        value=heap,
        shown=f"{heap:+.1f} MB/h, from {run.looked_s:.0f} s",
        notes=(
            f"extrapolated from {run.looks} looks in {run.looked_s:.0f} s, each after a collection of "
            f"garbage: the heap stands at {run.heap_bytes / 1e6:.1f} MB; resident memory of the renderer "
            f"{run.resident_bytes / 1e6:.0f} MB, {resident:+.0f} MB/h; load {load:.1f}",
        ),
    )


def measure_usable(settings: Settings) -> Figure:
    run, load = watched(settings)
    middle = run.usable_s[len(run.usable_s) // 2]
    return Figure(
        value=middle,
        shown=f"{middle:.2f} s, {run.usable_s[-1]:.2f} s at most of {len(run.usable_s)}",
        notes=(
            "from asking for the page, signed in and with nothing of it kept, until attacks are drawn "
            "and the page takes what comes next; the same node and screen, beside a page that is open; "
            f"load {load:.1f}",
        ),
    )


DESCRIPTIONS = (
    Description(
        "console-page", "the Situation screen, 1 Hz", "% of a core", 30.0, Better.LOWER, measure_share
    ),
    Description("console-page-memory", "growth of its heap", "MB/h", None, Better.LOWER, measure_growth),
    Description("console-page-usable", "the same screen can be used", "s", 1.0, Better.LOWER, measure_usable),
)
