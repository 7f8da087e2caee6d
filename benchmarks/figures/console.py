"""What the questions take that the console's screens ask."""

import os

from benchmarks.console import SITUATION, Asked, Took, asked
from benchmarks.figure import Better, Description, Figure, Settings

BURSTS = (6, 60)
QUICK_BURSTS = (3, 12)


def said(took: Took) -> str:
    return f"{took.wall_ms:.1f} ms ({took.cpu_ms:.1f} ms of processor time)"


def grew(little: Asked, more: Asked) -> list[str]:
    """Each question on both records."""
    rows = [(name, little.took[name], more.took[name]) for name in little.took]
    rows.append(("the situation, where no node answers", little.alone, more.alone))
    rows.append(("the same, asked first since the console began", little.alone_first, more.alone_first))
    return [
        f"{name}: {said(before)} on {little.facts:,} facts, {said(after)} on {more.facts:,}"
        for name, before, after in rows
    ]


def measure_situation(settings: Settings) -> Figure:
    little, more = (asked(bursts, settings.seed) for bursts in (QUICK_BURSTS if settings.quick else BURSTS))
    took = more.took[SITUATION]
    return Figure(
        value=took.wall_ms,
        shown=said(took),
        notes=(
            "a node tells of 1,000 attacks and 50 border points at its socket; asked, put together and made "
            f"JSON, without HTTP; processor time is the console's; load {os.getloadavg()[0]:.1f}",
            *grew(little, more),
        ),
    )


SITUATION_ASKED = Description(
    "console-situation",
    "the Situation screen's question, answered",
    "ms",
    200.0,
    Better.LOWER,
    measure_situation,
)
