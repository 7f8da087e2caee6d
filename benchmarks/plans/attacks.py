"""Attacks to plan against: the captured ones, and made ones of every kind, drawn from a seed."""

from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt

from benchmarks.plans.world import Scene
from tidegate.lab.captures import captured_attack
from tidegate.lab.truth import packet_vector
from tidegate.model.flows import FLOW, FlowRows

ATTACK_VECTORS = {"dns": ("dns", "fragments")}
"""What of a capture is the attack, where its origin says that other traffic is mixed in; else all of it."""

COUNT = 4_000
"""Packets that a made attack draws from."""

Random = np.random.Generator
Numbers = npt.NDArray[np.integer]


@cache
def captured(name: str) -> tuple[FlowRows, FlowRows]:
    """The packets (dtype FLOW) of a captured attack, and those of other traffic in the same capture."""
    rows = captured_attack(name).rows
    rows = rows[rows["family"] == 4]
    if name not in ATTACK_VECTORS:
        return rows, rows[:0]
    mine = np.array([packet_vector(row) in ATTACK_VECTORS[name] for row in rows])
    return rows[mine], rows[~mine]


def captured_scene(name: str, attack_s: float = 10, sampling: int = 1000) -> Scene:
    """A captured attack on one host among ordinary traffic: 4 Gb/s of it, or 400 Mb/s of small SYNs."""
    attack, beside = captured(name)
    return Scene(
        targets=("203.0.113.7/32",),
        network="203.0.113.0/24",
        attack=attack,
        bits_per_s=4e8 if name == "syn" else 4e9,
        attack_s=attack_s,
        sampling=sampling,
        flows_per_s=4_000,
        beside=beside,
    )


def packets(rng: Random, protocol: int, sizes: Numbers, **columns: Numbers | int) -> FlowRows:
    """One row a packet, from sources all over."""
    rows = np.zeros(len(sizes), FLOW)
    rows["src_low"] = np.uint64(0xFFFF_0000_0000) + rng.integers(1 << 24, 0xDF00_0000, len(sizes)).astype(
        np.uint64
    )
    rows["bytes"], rows["packets"], rows["protocol"], rows["family"] = sizes, 1, protocol, 4
    rows["has_ports"] = protocol in (6, 17)
    for name, values in columns.items():
        rows[name] = values
    return rows


def ephemeral(rng: Random) -> Numbers:
    return rng.integers(1024, 65536, COUNT)


def reflection(rng: Random) -> FlowRows:
    port = int(rng.choice([53, 123, 161, 389, 1900, 11211, 3702, 19]))
    largest = int(rng.integers(400, 1480))
    rows = packets(
        rng,
        17,
        rng.integers(largest // 2, largest, COUNT),
        src_port=port,
        dst_port=int(rng.choice([80, 443, rng.integers(1024, 65536)])),
    )
    if rng.random() < 0.4:
        later = rng.random(COUNT) < 0.5
        rows["fragment"][~later], rows["fragment"][later] = 1, 2
        for name in ("src_port", "dst_port", "has_ports"):
            rows[name][later] = 0
        rows["bytes"][~later] = 1500
    return rows


def syn_flood(rng: Random) -> FlowRows:
    size = int(rng.choice([40, 44, 52, 60]))
    port = int(rng.choice([80, 443, 25565]))
    return packets(rng, 6, np.full(COUNT, size), src_port=ephemeral(rng), dst_port=port, tcp_flags=0x02)


def ack_flood(rng: Random) -> FlowRows:
    return packets(
        rng, 6, np.full(COUNT, 40), src_port=ephemeral(rng), dst_port=ephemeral(rng), tcp_flags=0x10
    )


def udp_flood(rng: Random) -> FlowRows:
    first = int(rng.integers(60, 1200))
    sizes = rng.integers(first, first + int(rng.choice([1, 200])), COUNT)
    to = ephemeral(rng) if rng.random() < 0.5 else np.full(COUNT, int(rng.choice([80, 443, 27015])))
    return packets(rng, 17, sizes, src_port=ephemeral(rng), dst_port=to)


def icmp_flood(rng: Random) -> FlowRows:
    return packets(rng, 1, rng.integers(64, 1480, COUNT), icmp_type=int(rng.choice([0, 8, 3])))


def gre_flood(rng: Random) -> FlowRows:
    return packets(rng, 47, np.full(COUNT, int(rng.integers(500, 1500))))


KINDS: tuple[Callable[[Random], FlowRows], ...] = (
    reflection,
    reflection,
    syn_flood,
    ack_flood,
    udp_flood,
    icmp_flood,
    gre_flood,
)
TARGETS = (
    ("203.0.113.7/32",),
    ("203.0.113.7/32",),
    ("203.0.113.7/32", "203.0.113.200/32"),
    ("203.0.113.0/25",),
    ("2001:db8:a::7/128",),
)


def made_scene(seed: int) -> Scene:
    """One attack of one or two kinds, on one of the shapes of target, at some strength and sampling."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(len(KINDS), int(rng.choice([1, 1, 2])), replace=False)
    attack = np.concatenate([KINDS[kind](rng) for kind in kinds])
    targets = TARGETS[rng.integers(len(TARGETS))]
    if ":" in targets[0]:
        attack = attack[attack["protocol"] != 1]
        attack = attack if len(attack) else ack_flood(rng)
    flows_per_s = float(rng.choice([500, 2_000, 8_000]))
    return Scene(
        targets=targets,
        network="2001:db8:a::/48" if ":" in targets[0] else "203.0.113.0/24",
        attack=attack,
        bits_per_s=float(rng.choice([3e8, 1e9, 5e9])),
        attack_s=float(rng.choice([3, 10, 30])),
        sampling=int(rng.choice([100, 500, 1000])),
        flows_per_s=flows_per_s,
        target_share=float(rng.choice([0.05, 0.3])),
    )
