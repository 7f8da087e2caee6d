"""From an attack's first datagram to AttackDetected, live over loopback: real processes, sFlow, 200
attacks.
"""

from benchmarks.delay import ATTACKS, measure_delays
from benchmarks.figure import Better, Description, Figure, Settings

UNIT = "s"


def measure(settings: Settings) -> Figure:
    attacks = 40 if settings.quick else ATTACKS
    told = measure_delays(settings, attacks)
    delays = sorted(told.delays_s)
    if len(delays) < attacks:
        missed = f"{attacks - len(delays)} of {attacks} attacks were not detected"
    else:
        missed = f"all {attacks} attacks were detected"
    if not delays:
        return Figure(value=None, shown="nothing detected", notes=(missed, *told.notes))
    middle, late = delays[len(delays) // 2], delays[min(len(delays) - 1, int(len(delays) * 0.99))]
    return Figure(
        value=late - told.persistence_s,
        shown=f"{late - told.persistence_s:.2f} s after {told.persistence_s} s of persistence (p99)",
        notes=(
            f"from the first datagram to the stored fact: p50 {middle:.2f} s, p99 {late:.2f} s, "
            f"most {delays[-1]:.2f} s; {missed}",
            *told.notes,
        ),
    )


DESCRIPTION = Description(
    "detection-delay",
    "first datagram to AttackDetected, sFlow, p99, beyond persistence",
    UNIT,
    1.0,
    Better.LOWER,
    measure,
)
