"""The highest rate over UDP loopback at which the collector, on one core, loses no datagram; and the peers'.

The node is kept on the sender's core: it is a process of its own, and with real routers no sender is there.
"""

import time
from pathlib import Path

import numpy as np

from benchmarks.datagrams import DatagramSet, netflow5
from benchmarks.figure import Better, Description, Figure, PeerFigure, Settings
from benchmarks.live import PROBE_SECONDS, Folder, Offer, highest_lossless, offer
from benchmarks.mix import ordinary_mix
from benchmarks.peers.fastnetmon import FASTNETMON
from benchmarks.peers.nfacctd import NFACCTD
from benchmarks.peers.nfcapd import NFCAPD
from benchmarks.peers.peer import Peer
from benchmarks.peers.receiver import RECEIVER
from benchmarks.processes import child, cpu_seconds, free_udp_port, move, wait_until_bound
from benchmarks.report import number
from benchmarks.sender import save_ring
from benchmarks.tidegate_run import Running, settle, tidegate_running

UNIT = "records/s"
CEILING = 8e6
PEERS = ((RECEIVER, 4e6), (NFCAPD, 1e6), (NFACCTD, 1e5), (FASTNETMON, 5e4))
RING_DATAGRAMS = 16_384
NODE_SECONDS_MAX = 30
"""The node hears of each second later; on the sender's core it may be seconds behind."""


def _confirm_seconds(settings: Settings) -> float:
    return 3.0 if settings.quick else 10.0


def _search(
    settings: Settings, datagrams: DatagramSet, ring: Path, *, port: int, pid: int, start: float
) -> tuple[Offer | None, list[Offer], float]:
    """The confirmed offer, all tried, and the share of its core that the collector used during the
    last one. Half of `start` goes first: what it loses while all its memory is new is told, and no bound.
    """
    share = 0.0

    def try_rate(rate: float, seconds: float) -> Offer:
        nonlocal share
        before = cpu_seconds(pid)
        made = offer(datagrams, ring, port, core=settings.sender_core, records_per_s=rate, seconds=seconds)
        share = (cpu_seconds(pid) - before) / made.seconds
        return made

    first = try_rate(start / 2, PROBE_SECONDS)
    found, tried = highest_lossless(try_rate, start, CEILING, _confirm_seconds(settings))
    return found, [first, *tried], share


def measure_peer(settings: Settings, peer: Peer, datagrams: DatagramSet, start: float) -> PeerFigure:
    """The peer's highest lossless rate by the kernel's drops, checked against what it says it counted."""
    if peer.path() is None:
        return PeerFigure(peer.name, None, "not installed")
    with Folder() as folder:
        ring = folder / "ring"
        save_ring(datagrams, ring)
        port = free_udp_port()
        try:
            with child(peer.prepare(folder, port), settings.collector_core, folder / "peer.log") as process:
                wait_until_bound(port, process)
                settle()
                found, tried, share = _search(
                    settings, datagrams, ring, port=port, pid=process.pid, start=start
                )
        except RuntimeError as error:
            return PeerFigure(peer.name, None, str(error))
        counted = peer.records(folder)
    sent = sum(one.sent for one in tried) * datagrams.records
    dropped = sum(one.dropped for one in tried) * datagrams.records
    said = f"; it counted {counted:,} of {sent - dropped:,} delivered" if counted is not None else ""
    if found is None:
        return PeerFigure(peer.name, None, f"{peer.version()}: lost datagrams at every rate tried{said}")
    told = ", ".join(filter(None, [peer.version(), f"{share:.0%} of its core"]))
    return PeerFigure(peer.name, found.records_per_s, told + said)


def _counted(running: Running, delivered: int) -> float | None:
    """What the node says the collector has counted, once it has heard of all that was delivered."""
    until = time.monotonic() + NODE_SECONDS_MAX
    while True:
        time.sleep(1.0)
        counted = running.metrics().get("tidegate_exporter_records_total")
        if counted is None or counted >= delivered or time.monotonic() > until:
            return counted


def measure(settings: Settings) -> Figure:
    datagrams = netflow5(ordinary_mix(np.random.default_rng(settings.seed), RING_DATAGRAMS * 24))
    with Folder() as folder:
        ring = folder / "ring"
        save_ring(datagrams, ring)
        with tidegate_running(folder, settings.sender_core) as running:
            settle(5.0)
            collector = running.collector_pid()
            move(collector, settings.collector_core)
            settle(1.0)
            found, tried, share = _search(
                settings, datagrams, ring, port=running.port, pid=collector, start=2e6
            )
            delivered = sum(one.sent - one.dropped for one in tried) * datagrams.records
            counted = _counted(running, delivered)
            restarted = running.collector_pid() != collector
    peers = tuple(
        measure_peer(settings, peer, datagrams, start) for peer, start in PEERS if settings.with_peers
    )
    notes = [
        "tried (million records/s: datagrams dropped): "
        + ", ".join(
            f"{one.records_per_s / 1e6:.2f}: {one.dropped}{'' if one.kept_pace else ' (sender late)'}"
            for one in tried
        ),
        *(f"{peer.name}: {peer.note}" for peer in peers),
    ]
    if restarted:
        notes.append("the node started its collector again meanwhile: see the drops")
    elif counted is not None:
        notes.append(
            f"delivered to the socket {delivered:,} records, counted by the collector {counted:,.0f}"
        )
    if found is None:
        return Figure(value=None, shown="lost datagrams at every rate tried", peers=peers, notes=tuple(notes))
    notes.append(f"the collector used {share:.0%} of its core; {found.seconds:.1f} s without loss")
    return Figure(
        value=found.records_per_s, shown=number(found.records_per_s, UNIT), peers=peers, notes=tuple(notes)
    )


DESCRIPTION = Description(
    "live-udp",
    "live over UDP loopback, NetFlow v5, one core, nothing lost",
    UNIT,
    4e6,
    Better.HIGHER,
    measure,
)
