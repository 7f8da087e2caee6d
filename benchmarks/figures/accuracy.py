"""How often detection is right, over made weeks of ordinary life and the captured attacks in them."""

from functools import cache

from benchmarks.accuracy import score as scoring
from benchmarks.accuracy.attacks import Spread
from benchmarks.accuracy.country import Kind
from benchmarks.accuracy.course import Run, simulate
from benchmarks.figure import Better, Description, Figure, Settings

EXPLAINED_MAX = 40
"""Alarms that are explained one by one."""


@cache
def _scored(settings: Settings) -> scoring.Score:
    from benchmarks.accuracy.judged import Detection

    return scoring.score(
        simulate(
            Run(
                seed=settings.seed,
                days=settings.ordinary_days,
                quick=settings.quick,
                captures=settings.attack_captures,
                workers=settings.workers,
                folder=settings.keep,
                judged=Detection,
            )
        )
    )


def scored(settings: Settings) -> scoring.Score:
    """One simulation serves all the figures of one run."""
    return _scored(settings)


def _share(part: int, whole: int) -> Figure:
    if not whole:
        return Figure(value=None, shown="nothing to judge")
    return Figure(value=100 * part / whole, shown=f"{100 * part / whole:.1f} % ({part} of {whole})")


def _with(figure: Figure, *notes: str) -> Figure:
    return Figure(value=figure.value, shown=figure.shown, peers=figure.peers, notes=notes)


def measure_false_alarms(settings: Settings) -> Figure:
    told = scored(settings)
    return Figure(
        value=told.alarms_per_10000,
        shown=f"{told.alarms_per_10000:.2f} ({len(told.alarms)} in {told.prefix_days:,.0f} prefix-days)",
        notes=(
            f"at most {told.alarms_per_10000_at_most:.2f} with 95 % confidence, if they come independently",
            f"{told.simulated_seconds:,} seconds were simulated in whole for these days: all that follows "
            "each beginning of a happening, and the hours with attacks; a prefix is a /24 or /48",
            *scoring.alarm_lines(told.alarms),
            *map(scoring.explained, told.alarms[:EXPLAINED_MAX]),
        ),
    )


def measure_detected(settings: Settings) -> Figure:
    found = scored(settings).found
    figure = _share(len(scoring.detected(found)), len(found))
    by_spread = ", ".join(
        f"{spread.value} {len(scoring.detected(mine))} of {len(mine)}"
        for spread in Spread
        if (mine := scoring.of_spread(found, spread))
    )
    return _with(figure, by_spread, *scoring.missed_lines(found))


def measure_delay(settings: Settings) -> Figure:
    found = scored(settings).found
    delays = sorted(one.delay_s for one in found if one.truth.kind is Kind.SFLOW and one.delay_s is not None)
    notes = tuple(scoring.delay_line(found, kind) for kind in Kind)
    if not delays:
        return Figure(value=None, shown="nothing detected", notes=notes)
    middle = delays[len(delays) // 2]
    return Figure(value=float(middle), shown=f"{middle} s, sFlow", notes=notes)


def measure_prefix(settings: Settings) -> Figure:
    found = scoring.detected(scored(settings).found)
    wrong = [one for one in found if not scoring.right_prefix(one)]
    notes = [
        f"{scoring.described(one)}: said {', '.join(scoring.last_word(one).targets[:6])}"
        for one in wrong[:12]
    ]
    return _with(_share(len(found) - len(wrong), len(found)), *notes)


def measure_vectors(settings: Settings) -> Figure:
    found = scoring.detected(scored(settings).found)
    wrong = [one for one in found if not scoring.right_vectors(one)]
    notes = [
        f"{scoring.described(one)}: said {', '.join(rate.vector for rate in scoring.last_word(one).vectors)}"
        for one in wrong[:12]
    ]
    return _with(_share(len(found) - len(wrong), len(found)), *notes)


def measure_intervals(settings: Settings) -> Figure:
    held, asked = scoring.rates_held(scored(settings).found)
    return _with(
        _share(held, asked),
        "of every vector's bits and packets, in every fact that names the right target while an attack "
        "told by sFlow lasts",
    )


DESCRIPTIONS = (
    Description(
        "accuracy-false-alarms",
        "false alarms per 10,000 prefix-days",
        "per 10,000",
        1.0,
        Better.LOWER,
        measure_false_alarms,
    ),
    Description(
        "accuracy-intervals",
        "true rates inside the stated 90 % interval",
        "%",
        90.0,
        Better.HIGHER,
        measure_intervals,
    ),
    Description("accuracy-detected", "attacks detected", "%", None, Better.HIGHER, measure_detected),
    Description("accuracy-delay", "seconds to detection, median", "s", None, Better.LOWER, measure_delay),
    Description("accuracy-prefix", "detected on the right prefix", "%", None, Better.HIGHER, measure_prefix),
    Description(
        "accuracy-vectors", "detected with the right vectors", "%", None, Better.HIGHER, measure_vectors
    ),
)
