"""Memory of the collector while one million IPv4 destinations are active, and FastNetMon's for networks of
that size.
"""

import time

import numpy as np

from benchmarks.datagrams import netflow5
from benchmarks.figure import Better, Description, Figure, PeerFigure, Settings
from benchmarks.live import Folder, offer
from benchmarks.mix import million_destinations
from benchmarks.peers.fastnetmon import FASTNETMON, prepare_for
from benchmarks.processes import child, free_udp_port, memory_bytes, wait_until_bound
from benchmarks.sender import save_ring
from benchmarks.tidegate_run import settle, tidegate_running

DESTINATIONS = 1_000_000
NETWORK = 0x0A40_0000
NETWORK_TEXT = "10.64.0.0/12"
RECORDS_PER_S = 1_000_000
MEGABYTE = 1e6


def measure_fastnetmon(settings: Settings) -> PeerFigure:
    if FASTNETMON.path() is None:
        return PeerFigure("fastnetmon", None, "not installed")
    with Folder() as folder:
        port = free_udp_port()
        command = prepare_for(NETWORK_TEXT, folder, port)
        try:
            with child(command, settings.collector_core, folder / "peer.log") as process:
                wait_until_bound(port, process)
                settle(5.0)
                resident = memory_bytes(process.pid, "Rss")
        except RuntimeError as error:
            return PeerFigure("fastnetmon", None, str(error))
    return PeerFigure("fastnetmon", resident / MEGABYTE, f"{NETWORK_TEXT} listed, before any traffic")


def measure(settings: Settings) -> Figure:
    rng = np.random.default_rng(settings.seed)
    datagrams = netflow5(million_destinations(rng, NETWORK, DESTINATIONS))
    seconds = 6.0 if settings.quick else 15.0
    with Folder() as folder:
        ring = folder / "ring"
        save_ring(datagrams, ring)
        with tidegate_running(folder, settings.collector_core) as running:
            settle(4.0)
            before = running.collector_pid()
            idle = memory_bytes(before, "Rss")
            made = offer(
                datagrams,
                ring,
                running.port,
                core=settings.sender_core,
                records_per_s=RECORDS_PER_S,
                seconds=seconds,
            )
            collector = running.collector_pid()
            if collector != before:
                raise RuntimeError("the node started its collector again during the measurement")
            proportional, resident = memory_bytes(collector, "Pss"), memory_bytes(collector, "Rss")
            node = memory_bytes(running.pid, "Pss")
            time.sleep(1.0)
            active = running.metrics().get("tidegate_active_cells")
    said = f"; active cells as the collector says: {active:,.0f}" if active is not None else ""
    return Figure(
        value=resident / MEGABYTE,
        shown=f"{resident / MEGABYTE:.0f} MB resident",
        peers=(measure_fastnetmon(settings),) if settings.with_peers else (),
        notes=(
            f"each of {DESTINATIONS:,} addresses of {NETWORK_TEXT} is in one flow of up to a minute every "
            f"second, for {seconds:.0f} s, all levels and vectors counted; "
            f"resident {resident / MEGABYTE:.0f} MB, proportional {proportional / MEGABYTE:.0f} MB, "
            f"before the traffic {idle / MEGABYTE:.0f} MB; "
            f"the node beside it {node / MEGABYTE:.0f} MB; datagrams dropped {made.dropped}{said}",
        ),
    )


DESCRIPTION = Description(
    "memory-million", "collector with 1 million active IPv4 destinations", "MB", 500.0, Better.LOWER, measure
)
