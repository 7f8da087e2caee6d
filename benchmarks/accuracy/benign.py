"""Captured sessions of ordinary applications, sent to made networks: destinations rewritten, paces scaled."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy.attacks import rows_of_capture
from benchmarks.accuracy.bursts import Burst, Packets
from benchmarks.accuracy.country import DAY_S, ROLES, Exporter, Networks
from tidegate.model.flows import FlowRows

CAPTURES = Path(__file__).parent.parent.parent / "tests" / "data" / "benign" / "inputs"

EVERYTHING = "everything captured"
"""Name of all captures together, as many packets of each as it has."""

SESSIONS_A_DAY = 0.5
"""How often a network of people or servers has one."""

SECONDS = (300, 3600)
SESSION_BITS_PER_S = (0.2e6, 10e6)
"""A single application, to at most SESSION_HOSTS hosts: a call, a tunnel, names, time."""

SESSION_PACKETS_PER_S_MAX = 2_000
"""However small its packets: ten thousand names or greetings a second are nobody's ordinary session."""

SESSION_HOSTS = 3
EVERYTHING_BITS_PER_S = (5e6, 100e6)
EVERYTHING_HOSTS = 20


def read_benign(folder: Path = CAPTURES) -> Mapping[str, FlowRows]:
    """By name the IPv4 packets of each capture that has some, and of all of them; OSError without any."""
    found = {path.stem: rows_of_capture(path.read_bytes()) for path in sorted(folder.glob("*.pcap"))}
    found = {name: rows for name, rows in found.items() if len(rows)}
    if not found:
        raise FileNotFoundError(f"no captures of ordinary traffic in {folder}")
    return {**found, EVERYTHING: np.concatenate(list(found.values()))}


def packets_of(rows: FlowRows, networks: Networks, network: int, hosts: int) -> Packets:
    """A maker of the captured packets, chosen evenly, towards some hosts of one network."""

    def make(times: npt.NDArray[np.int64], rng: np.random.Generator) -> FlowRows:
        made = rows[rng.integers(0, len(rows), len(times))]
        made["start_ms"] = made["end_ms"] = times
        if networks.family[network] == 6:
            made["family"] = 6
            made["src_high"] = np.uint64(0x2A00_0000_0000_0000) + (made["src_low"] & np.uint64(0xFFFF_FFFF))
            made["protocol"] = np.where(made["protocol"] == 1, 58, made["protocol"])
        made["dst_high"] = networks.high[network]
        made["dst_low"] = networks.low[network] + rng.integers(1, 1 + hosts, len(times)).astype(np.uint64)
        return made

    return make


def sessions_of(
    networks: Networks, exporters: tuple[Exporter, ...], start_s: int, days: int, rng: np.random.Generator
) -> list[Burst]:
    """Every captured session that is played in these days, in order of beginning."""
    captures = read_benign()
    names = sorted(captures)
    role_names = np.array([role.name for role in ROLES])[networks.role]
    candidates = np.flatnonzero(np.isin(role_names, ("homes", "offices", "web servers", "quiet")))
    found = []
    for network in rng.choice(candidates, rng.poisson(SESSIONS_A_DAY * days * len(candidates))).tolist():
        name = EVERYTHING if rng.random() < 0.3 else names[int(rng.integers(len(names)))]
        whole = name == EVERYTHING
        bits = np.exp(rng.uniform(*np.log(EVERYTHING_BITS_PER_S if whole else SESSION_BITS_PER_S)))
        bits *= exporters[int(networks.exporter[network])].level
        rows = captures[name]
        packets_per_s = float(bits / 8 / rows["bytes"].mean())
        found.append(
            Burst(
                name=f"captured session ({name})",
                exporter=int(networks.exporter[network]),
                network=network,
                start_s=start_s + int(rng.integers(days * DAY_S)),
                duration_s=int(rng.integers(SECONDS[0], SECONDS[1] + 1)),
                packets_per_s=packets_per_s if whole else min(packets_per_s, SESSION_PACKETS_PER_S_MAX),
                packets=packets_of(rows, networks, network, EVERYTHING_HOSTS if whole else SESSION_HOSTS),
                flows=0,
            )
        )
    return sorted(found, key=lambda burst: burst.start_s)
