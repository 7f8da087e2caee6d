"""The ledger: leaves stored durably, and proofs of inclusion in ten million."""

from functools import cache

from benchmarks.figure import Better, Description, Figure, Settings
from benchmarks.ledger import LEAVES, PROOFS, QUICK_LEAVES, Told, measure
from benchmarks.live import Folder


@cache
def told(settings: Settings) -> Told:
    """One run for all of these figures."""
    with Folder() as folder:
        return measure(folder, QUICK_LEAVES if settings.quick else LEAVES, settings.seed)


def measure_leaves(settings: Settings) -> Figure:
    run = told(settings)
    return Figure(
        value=run.leaves_per_s,
        shown=f"{run.leaves_per_s:,.0f} leaves/s",
        notes=(
            "facts recorded by a node, 256 in a transaction, SQLite with synchronous=FULL; by processor "
            f"time {run.leaves_a_cpu_s:,.0f} leaves/s; one in a transaction {run.single_per_s:,.0f} leaves/s",
        ),
    )


def measure_made(settings: Settings) -> Figure:
    run = told(settings)
    return Figure(
        value=run.made_ms,
        shown=f"{run.made_ms:.1f} ms",
        notes=(
            f"median of {PROOFS} in {run.leaves:,} leaves, the 99th percentile {run.made_worst_ms:.1f} ms, "
            f"by processor time {run.made_cpu_ms:.1f} ms; up to {run.hashes} hashes; "
            f"a proof of growth {run.grown_ms:.1f} ms",
        ),
    )


def measure_verified(settings: Settings) -> Figure:
    run = told(settings)
    return Figure(
        value=run.verified_ms,
        shown=f"{run.verified_ms:.2f} ms",
        notes=(f"the 99th percentile {run.verified_worst_ms:.2f} ms",),
    )


DESCRIPTIONS = (
    Description(
        "ledger-leaves", "leaves of the ledger, durable", "leaves/s", 2_000.0, Better.HIGHER, measure_leaves
    ),
    Description("ledger-proof", "a proof of inclusion, made", "ms", 20.0, Better.LOWER, measure_made),
    Description("ledger-verify", "a proof of inclusion, verified", "ms", 5.0, Better.LOWER, measure_verified),
)
