"""Made border traffic with one attack in it: what exporters sample of it, and what is true of it.

Ordinary flows have heavy-tailed sizes and come anew every minute. Packets are sampled one by one, by chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from benchmarks.mix import ordinary_mix
from tidegate.mitigate.evidence import Evidence, Usual
from tidegate.model.addresses import Prefix
from tidegate.model.attacks import Attack, Rate, VectorRate
from tidegate.model.border import BorderPoint, BorderRouter
from tidegate.model.flows import FLOW, FlowRows
from tidegate.model.vector_tables import least_bytes, port_vectors
from tidegate.model.vectors import VECTORS

Floats = npt.NDArray[np.float64]

NOW_MS = 1_800_000_000_000
WINDOW_S = 60
NAMED_SHARE = 0.1
"""A vector with this share of the attack's bytes or packets is one that detection names."""


@dataclass(frozen=True, slots=True)
class Packets:
    """Packets or records (dtype FLOW) with the bytes a second that each stands for, and its border point."""

    rows: FlowRows
    weight: Floats
    point: npt.NDArray[np.int16]

    def bytes_per_s(self) -> Floats:
        amount: Floats = self.rows["bytes"] * self.weight
        return amount


@dataclass(frozen=True, slots=True)
class Scene:
    """An attack of `bits_per_s` on `targets`, seen for `attack_s` seconds, among ordinary flows.

    `attack` rows (dtype FLOW) are packets that the attack draws from; `shares` says how much of everything
    comes in at each border point; `beside` rows are packets of other traffic that a capture of the attack
    also holds: they come at the attack's pace, but all the time. `network` is what the sample shows around
    the targets, receiving `flows_per_s` ordinary flows, of which `target_share` go to the targets.
    """

    targets: tuple[str, ...]
    network: str
    attack: FlowRows
    bits_per_s: float
    attack_s: float
    sampling: int
    flows_per_s: float = 400.0
    target_share: float = 0.2
    shares: tuple[float, ...] = (0.5, 0.3, 0.2)
    usual: tuple[Usual, ...] = ()
    capacity_bits_per_s: int | None = None
    points: tuple[BorderPoint, ...] = ()
    beside: FlowRows = field(default_factory=lambda: np.zeros(0, FLOW))

    def border(self) -> tuple[BorderPoint, ...]:
        if self.points:
            return self.points
        return tuple(
            BorderPoint(
                name=f"XA {direction}",
                capacity_bits_per_s=self.capacity_bits_per_s,
                routers=(BorderRouter(name=direction, address=f"192.0.2.{at + 1}", peer_as=64500),),
            )
            for at, direction in enumerate(("north", "east", "south", "west")[: len(self.shares)])
        )


def observed(scene: Scene, rng: np.random.Generator) -> Evidence:
    """What a planner would be given of the scene."""
    began = round(NOW_MS - scene.attack_s * 1000)
    calm = ordinary(scene, rng)
    calm_rows = sampled(calm, scene, rng)
    flood = attacking(scene, rng, rng.poisson(packets_per_s(scene) * scene.attack_s / scene.sampling))
    flood.rows["start_ms"] = flood.rows["end_ms"] = rng.integers(began, NOW_MS, len(flood.rows))
    flood.rows["sampling_rate"] = scene.sampling
    rows = np.concatenate([calm_rows.rows, flood.rows])
    point = np.concatenate([calm_rows.point, flood.point])
    order = np.argsort(rows["end_ms"], kind="stable")
    return Evidence(
        attack=detected(scene, began),
        rows=rows[order],
        weights=np.ones(len(rows)),
        from_ms=NOW_MS - WINDOW_S * 1000,
        until_ms=NOW_MS,
        border_point_of=point[order],
        border_points=scene.border(),
        usual=scene.usual,
    )


def truth(scene: Scene, rng: np.random.Generator, packets: int = 100_000) -> tuple[Packets, Packets]:
    """The attack and the other traffic of the next minute, whole: what the plan then really meets."""
    flood = attacking(scene, rng, packets)
    weight = np.full(packets, packets_per_s(scene) / packets)
    return replace(flood, weight=weight), ordinary(scene, rng)


def packets_per_s(scene: Scene) -> float:
    return scene.bits_per_s / 8 / float(scene.attack["bytes"].mean())


def attacking(scene: Scene, rng: np.random.Generator, count: int) -> Packets:
    """So many packets of the attack, spread over the targets and the border points."""
    rows = scene.attack[rng.integers(0, len(scene.attack), count)]
    aim(rows, scene.targets, rng)
    return Packets(rows, np.ones(count), entry(scene, count, rng))


def ordinary(scene: Scene, rng: np.random.Generator) -> Packets:
    """A minute of ordinary flows into the network; bytes and packets are true, each weight is 1 / 60 s."""
    mix = ordinary_mix(rng, round(scene.flows_per_s * WINDOW_S))
    rows = np.zeros(len(mix), FLOW)
    rows["src_low"] = 0xFFFF_0000_0000 | mix.src.astype(np.uint64)
    rows["bytes"], rows["packets"], rows["protocol"] = mix.bytes, mix.packets, mix.protocol
    rows["src_port"], rows["dst_port"], rows["tcp_flags"] = mix.src_port, mix.dst_port, mix.tcp_flags
    rows["has_ports"] = np.isin(mix.protocol, (6, 17))
    rows["start_ms"] = rng.integers(NOW_MS - WINDOW_S * 1000, NOW_MS, len(mix))
    rows["end_ms"] = np.minimum(rows["start_ms"] + mix.started_before_ms - mix.ended_before_ms, NOW_MS - 1)
    aim(rows, (scene.network,), rng)
    chosen = rng.random(len(rows)) < scene.target_share
    towards = rows[chosen]
    aim(towards, scene.targets, rng)
    rows[chosen] = towards
    rows = np.concatenate([rows, from_beside(scene, rng)])
    return Packets(rows, np.full(len(rows), 1 / WINDOW_S), entry(scene, len(rows), rng))


def from_beside(scene: Scene, rng: np.random.Generator) -> FlowRows:
    """A minute of the other traffic in the capture, each packet become a flow of many."""
    rows = scene.beside.copy()
    pace = packets_per_s(scene) / len(scene.attack)
    rows["packets"] = round(pace * WINDOW_S)
    rows["bytes"] *= rows["packets"]
    rows["start_ms"], rows["end_ms"] = NOW_MS - WINDOW_S * 1000, NOW_MS - 1
    aim(rows, scene.targets, rng)
    return rows


def sampled(flows: Packets, scene: Scene, rng: np.random.Generator) -> Packets:
    """One row for each sampled packet of the flows, at a time within its flow."""
    times = rng.poisson(flows.rows["packets"] / scene.sampling)
    rows = np.repeat(flows.rows, times)
    rows["bytes"] //= np.maximum(rows["packets"], 1)
    rows["packets"], rows["sampling_rate"] = 1, scene.sampling
    span = rows["end_ms"] - rows["start_ms"]
    rows["end_ms"] = rows["start_ms"] + (rng.random(len(rows)) * (span + 1)).astype(np.int64)
    rows["start_ms"] = rows["end_ms"]
    # The flags of one packet, not of all: the first carries the SYN.
    whole = (rows["tcp_flags"] & 0x12) == 0x12
    rows["tcp_flags"][whole & (rng.random(len(rows)) > 0.05)] = 0x10
    return Packets(rows, np.ones(len(rows)), np.repeat(flows.point, times))


def aim(rows: FlowRows, targets: Sequence[str], rng: np.random.Generator) -> None:
    """Destinations drawn evenly from the targets, and sources of their family."""
    prefixes = [Prefix.parse(target) for target in targets]
    which = rng.integers(0, len(prefixes), len(rows))
    for at, prefix in enumerate(prefixes):
        mine = which == at
        count = int(mine.sum())
        ipv6 = ":" in str(prefix)
        hosts = min(1 << (128 - prefix.length), 256)
        rows["dst_high"][mine] = prefix.high
        rows["dst_low"][mine] = np.uint64(prefix.low) + rng.integers(0, hosts, count).astype(np.uint64)
        rows["family"][mine] = 6 if ipv6 else 4
        if ipv6:
            rows["src_high"][mine] = rows["src_low"][mine] << np.uint64(32)


def entry(scene: Scene, count: int, rng: np.random.Generator) -> npt.NDArray[np.int16]:
    return rng.choice(len(scene.shares), count, p=scene.shares).astype(np.int16)


def detected(scene: Scene, began_ms: int) -> Attack:
    """The attack as detection would tell it."""
    vectors = tuple(named_vectors(scene))
    bits = Rate(round(scene.bits_per_s), round(scene.bits_per_s * 0.9), round(scene.bits_per_s * 1.1))
    packets = round(packets_per_s(scene))
    return Attack(
        number=1,
        targets=scene.targets,
        object_name=None,
        vectors=vectors,
        bits_per_s=bits,
        packets_per_s=Rate(packets, packets, packets),
        peak_bits_per_s=bits,
        threshold_bits_per_s=round(scene.bits_per_s / 10),
        first_seen_ms=began_ms,
        last_seen_ms=NOW_MS,
        telemetry_age_ms=500,
        exporters=("192.0.2.1#0",),
        border_points=tuple(point.name for point in scene.border()),
        doubts=(),
        actionable=True,
    )


def named_vectors(scene: Scene) -> list[VectorRate]:
    from tidegate.kernels.classify import classify_rows

    codes = np.zeros(len(scene.attack), np.uint8)
    classify_rows(scene.attack, port_vectors(), least_bytes(), codes)
    octets = np.bincount(codes, scene.attack["bytes"].astype(np.float64), minlength=256)
    counts = np.bincount(codes, minlength=256)
    named = []
    for code in np.flatnonzero(counts).tolist():
        of_bytes, of_packets = octets[code] / octets.sum(), counts[code] / counts.sum()
        if max(of_bytes, of_packets) >= NAMED_SHARE:
            bits, packets = round(of_bytes * scene.bits_per_s), round(of_packets * packets_per_s(scene))
            rates = Rate(bits, bits, bits), Rate(packets, packets, packets)
            named.append(VectorRate(VECTORS[code].name, *rates))
    return named
