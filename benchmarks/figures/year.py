"""A year of repelled attacks on record: how fast they are stored, what they take, and how fast one asks."""

from functools import cache

from benchmarks.figure import Better, Description, Figure, Settings
from benchmarks.live import Folder
from benchmarks.year import DEFAULT_BURSTS, Told, far_from_a_checkpoint, measure

QUICK_BURSTS = 60


@cache
def told(settings: Settings) -> Told:
    """One run for all of these figures."""
    bursts = QUICK_BURSTS if settings.quick else DEFAULT_BURSTS
    with Folder() as folder:
        return measure(folder, far_from_a_checkpoint(bursts), settings.seed)


def measure_rate(settings: Settings) -> Figure:
    run = told(settings)
    return Figure(
        value=run.facts_per_s,
        shown=f"{run.facts_per_s:,.0f} facts/s",
        notes=(
            f"{run.facts:,} facts in bursts of a thousand attacks, alerts carried out, SQLite with "
            "synchronous=FULL; "
            f"the slowest tenth {run.slowest_part_facts_per_s:,.0f} facts/s, "
            f"by processor time {run.facts_a_cpu_s:,.0f} facts/s",
        ),
    )


def measure_size(settings: Settings) -> Figure:
    run = told(settings)
    return Figure(
        value=run.bytes_a_year / 1e9,
        shown=f"{run.bytes_a_year / 1e9:.1f} GB",
        notes=(f"{run.bytes_a_fact:.0f} bytes a fact, times 66 million facts of 33 million attacks",),
    )


def measure_opening(settings: Settings) -> Figure:
    run = told(settings)
    return Figure(
        value=run.open_s,
        shown=f"{run.open_s:.2f} s",
        notes=(
            f"a process from its start to an open node ({run.open_cpu_s:.2f} s of processor time), "
            f"{run.facts_since_checkpoint:,} facts after the last "
            "checkpoint; more than 8,192 there never are, however long the history",
        ),
    )


def measure_answer(settings: Settings) -> Figure:
    run = told(settings)
    return Figure(
        value=run.answer_s,
        shown=f"{run.answer_s:.2f} s",
        notes=(
            f"`tidegate attacks summary` for March, {run.answer_rows} rows, "
            f"{run.answer_cpu_s:.2f} s of processor time, median of three; "
            f"the question alone {run.question_s * 1000:.0f} ms",
        ),
    )


DESCRIPTIONS = (
    Description("year-rate", "facts recorded, durable", "facts/s", 2_000.0, Better.HIGHER, measure_rate),
    Description("year-size", "a year of 33 million attacks on disk", "GB", 25.0, Better.LOWER, measure_size),
    Description("year-open", "a node opens with its history", "s", 30.0, Better.LOWER, measure_opening),
    Description("year-answer", "what hit us in March", "s", 2.0, Better.LOWER, measure_answer),
)
