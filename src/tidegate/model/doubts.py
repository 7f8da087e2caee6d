"""What can be doubtful about a detected attack: codes that facts carry, and what each one means."""

from types import MappingProxyType

INSUFFICIENT_HISTORY = "insufficient_history"
SHORT_HISTORY = "short_history"
UNSCALED_SAMPLING = "unscaled_sampling"
FEW_SAMPLES = "few_samples"
DEGRADED_COUNTING = "degraded_counting"
LATE_TELEMETRY = "late_telemetry"
DATAGRAMS_LOST = "datagrams_lost"
CLOCK_SKEW = "clock_skew"
TARGETS_CUT = "targets_cut"

DOUBTS = MappingProxyType(
    {
        INSUFFICIENT_HISTORY: "Less than a day of what is usual is known; only fixed thresholds were used.",
        SHORT_HISTORY: "Less than a week of what is usual is known; the same hour of other days was used.",
        UNSCALED_SAMPLING: "Part of the telemetry does not say how it was sampled; rates are lower bounds.",
        FEW_SAMPLES: "The estimate rests on few sampled packets; its interval is wide.",
        DEGRADED_COUNTING: "The counting table was full and light hosts shared cells; rates may be short.",
        LATE_TELEMETRY: "Exporters tell of a flow long after it began; the start may be dated too late.",
        DATAGRAMS_LOST: "Telemetry datagrams were lost; the true rates are higher.",
        CLOCK_SKEW: "An exporter's clock is far from ours; times come from the receiver's clock.",
        TARGETS_CUT: "More prefixes are hit than one attack lists; a wider prefix stands for them.",
    }
)
"""Sentence by code; a code, once in a fact, keeps its meaning for ever."""
