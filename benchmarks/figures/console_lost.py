"""Whether a node loses what it is told while ten people look at the console."""

import os

import numpy as np

from benchmarks.console_run import Readers, console_running, token_for
from benchmarks.datagrams import netflow5
from benchmarks.figure import Better, Description, Figure, Settings
from benchmarks.live import Folder, Offer, offer
from benchmarks.mix import ordinary_mix
from benchmarks.processes import cpu_seconds
from benchmarks.sender import save_ring
from benchmarks.tidegate_run import settle, tidegate_running

RECORDS_A_S = 200_000.0
READERS = 10
RING_DATAGRAMS = 16_384


def seconds_of(settings: Settings) -> float:
    return 5.0 if settings.quick else 20.0


def told(made: Offer, node_s: float) -> str:
    pace = "" if made.kept_pace else ", the sender late"
    return (
        f"{made.dropped} of {made.sent:,} datagrams lost in {made.seconds:.1f} s at "
        f"{made.records_per_s:,.0f} records/s{pace}, node and collector {node_s / made.seconds:.0%} of a core"
    )


def measure(settings: Settings) -> Figure:
    datagrams = netflow5(ordinary_mix(np.random.default_rng(settings.seed), RING_DATAGRAMS * 24))
    with Folder() as folder:
        ring = folder / "ring"
        save_ring(datagrams, ring)
        with tidegate_running(folder, None) as running:
            settle(5.0)

            def sent(seconds: float) -> tuple[Offer, float]:
                before = cpu_seconds(running.pid)
                made = offer(
                    datagrams,
                    ring,
                    running.port,
                    core=settings.sender_core,
                    records_per_s=RECORDS_A_S,
                    seconds=seconds,
                )
                return made, cpu_seconds(running.pid) - before

            sent(2.0)  # memory is new
            alone = sent(seconds_of(settings))
            with console_running(running.state, folder / "console.log") as console:
                readers = Readers(console, token_for(running.state), READERS)
                try:
                    readers.wait()
                    heard, before = list(readers.events), cpu_seconds(console.pid)
                    made, node_s = sent(seconds_of(settings))
                    console_s = cpu_seconds(console.pid) - before
                    events = [after - first for first, after in zip(heard, readers.events, strict=True)]
                finally:
                    readers.close()
    return Figure(
        value=float(made.dropped) if made.kept_pace else None,
        shown=f"{made.dropped} of {made.sent:,} datagrams",
        notes=(
            f"alone: {told(*alone)}",
            f"with {READERS} readers: {told(made, node_s)}; "
            f"the console {console_s / made.seconds:.0%} of a core",
            f"a reader is a connection that follows the Situation's events, as an open page does, and draws "
            f"nothing; each heard {min(events)} to {max(events)} in that time",
            f"node, collector and console share all cores with the sender; load {os.getloadavg()[0]:.1f}",
        ),
    )


DESCRIPTION = Description(
    "console-lost",
    "NetFlow v5 datagrams lost while ten pages are open",
    "datagrams",
    0.0,
    Better.LOWER,
    measure,
)
