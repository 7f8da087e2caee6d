"""The hotline between real stations in processes of their own: how fast, how late, and under what.

The parties share the cores of one machine, each with its officer who signs; a node that has two cores to
itself does better.
"""

import os
import sys
import time
from functools import cache
from pathlib import Path

from benchmarks.figure import Better, Description, Figure, Settings
from tidegate.adapters.clock import WallClock
from tidegate.app.hotline.lab import LabOrder, LabReport, Latency
from tidegate.lab.hotline.story import Lab

LOSS = "loss=30%,delay=150ms"
QUIET = "delay=1ms"
LINK = "delay=20ms"
JUNK_PER_S = 50_000


@cache
def told(
    seed: int, faults: str, messages: int, per_s: float, junk_per_s: int = 0, *, backlog: bool = False
) -> LabReport:
    """Two parties, in namespaces where packets are lost under TCP too, if this user may make them."""
    order = LabOrder(
        parties=2,
        faults=faults,
        messages=messages,
        per_s=per_s,
        kills=0,
        partitions=0,
        clock_steps=0,
        junk_per_s=junk_per_s,
        backlog=backlog,
        network="namespaces" if os.geteuid() == 0 and Path("/dev/net/tun").exists() else "proxy",
        seed=seed,
        wait_s=300,
    )
    command = [sys.executable, "-m", "tidegate", "lab", "party"]
    return Lab(order, WallClock(), time.monotonic, command, lambda _: None).run()


def whole(run: LabReport) -> tuple[str, ...]:
    """What must hold beside the figure."""
    wrong = run.lost or run.twice or run.false or run.unreceipted
    said = f"{run.delivered} of {run.sent} delivered, {run.lost} lost, {run.twice} twice, {run.false} falsely"
    return (f"WRONG: {said}" if wrong else said, f"largest process {run.largest_memory_mb} MB")


def of_latency(latency: Latency | None, run: LabReport) -> Figure:
    if latency is None:
        return Figure(value=None, shown="none came", notes=whole(run))
    return Figure(
        value=latency.p95_ms / 1000,
        shown=f"{latency.p95_ms / 1000:.1f} s",
        notes=(
            f"{latency.messages} messages, median {latency.median_ms / 1000:.1f} s, "
            f"worst {latency.worst_ms / 1000:.1f} s",
            *whole(run),
        ),
    )


def measure_throughput(settings: Settings) -> Figure:
    run = told(settings.seed, QUIET, 400 if settings.quick else 2_000, 1_000.0)
    return Figure(value=run.per_s, shown=f"{run.per_s:,.0f} messages/s", notes=whole(run))


def measure_flash(settings: Settings) -> Figure:
    run = told(settings.seed, LOSS, 80 if settings.quick else 400, 4.0)
    return of_latency(run.flash, run)


def measure_junk(settings: Settings) -> Figure:
    run = told(settings.seed, LOSS, 40 if settings.quick else 200, 2.0, JUNK_PER_S)
    return of_latency(run.flash, run)


def measure_backlog(settings: Settings) -> Figure:
    """Seconds for 1,000 messages, at the rate of however many were said."""
    run = told(settings.seed, LINK, 300 if settings.quick else 1_000, 1_000.0, backlog=True)
    took_s = 1_000 / run.per_s if run.per_s else None
    shown = "none came" if took_s is None else f"{took_s:.0f} s"
    return Figure(value=took_s, shown=shown, notes=(f"{run.per_s:.0f} messages/s", *whole(run)))


DESCRIPTIONS = (
    Description(
        "hotline-throughput",
        "hotline: signed, sealed, stored, logged, receipted",
        "messages/s",
        200.0,
        Better.HIGHER,
        measure_throughput,
    ),
    Description(
        "hotline-flash", "FLASH to R1, 95 %, 30 % loss, 300 ms", "s", 10.0, Better.LOWER, measure_flash
    ),
    Description(
        "hotline-junk", "the same beside 50,000 junk datagrams/s", "s", 30.0, Better.LOWER, measure_junk
    ),
    Description(
        "hotline-backlog", "1,000 messages after a link returns", "s", 60.0, Better.LOWER, measure_backlog
    ),
)
