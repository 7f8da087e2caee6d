"""The demo's story: four border routers of the fictional country XA, and who is hit when, by what."""

from dataclasses import dataclass

from tidegate.app.settings import (
    BorderPointSection,
    CollectorSection,
    Config,
    DetectionSection,
    MetricsSection,
)
from tidegate.lab.captures import CAPTURED_ATTACKS, captured_attack
from tidegate.lab.exporters import LabExporter, SflowExporter
from tidegate.lab.flow_exporters import FlowExporter, Ipfix, Netflow9
from tidegate.lab.ordinary import ordinary_traffic
from tidegate.lab.traffic import Traffic

ORDINARY_BITS_PER_S = 150e6
"""Ordinary traffic through each router."""


@dataclass(frozen=True, slots=True)
class Router:
    """One border router. `domain` is how it calls its observation domain."""

    address: str
    border_point: str
    protocol: str
    sampling_rate: int
    domain: int = 0
    tells_sampling: bool = True

    @property
    def name(self) -> str:
        return f"{self.address}#{self.domain}"

    def exporter(self) -> LabExporter:
        seed = int(self.address.rpartition(".")[2])
        if self.protocol == "sflow5":
            return SflowExporter(self.address, self.sampling_rate, seed)
        return FlowExporter(
            self.address,
            Netflow9(self.domain) if self.protocol == "netflow9" else Ipfix(self.domain),
            sampling_rate=self.sampling_rate,
            seed=seed,
            tells_sampling=self.tells_sampling,
        )


@dataclass(frozen=True, slots=True)
class Scene:
    """One attack: the capture that its packets are from, and where, when and how strongly it passes."""

    capture: str
    target: str
    router: Router
    bits_per_s: float
    from_s: float
    for_s: float

    @property
    def story(self) -> str:
        return CAPTURED_ATTACKS[self.capture].story


NORTH = Router("127.0.0.2", "north", "sflow5", 1000)
HARBOUR = Router("127.0.0.3", "harbour", "netflow9", 1000, domain=256)
SILENT = Router("127.0.0.4", "harbour", "netflow9", 100, domain=512, tells_sampling=False)
EAST = Router("127.0.0.5", "east", "ipfix", 1000, domain=7)
ROUTERS = (NORTH, HARBOUR, SILENT, EAST)

SCENES = (
    Scene("dns", "198.51.100.20", NORTH, 4e9, 4, 8),
    Scene("snmp", "192.0.2.30", HARBOUR, 1.2e9, 9, 8),
    Scene("syn", "203.0.113.40", EAST, 0.4e9, 14, 8),
    Scene("bacnet", "198.51.100.70", SILENT, 8e9, 20, 8),
)

LAST_S = max(scene.from_s + scene.for_s for scene in SCENES)
PATIENCE_S = 14.0
"""After the last packet of the last attack, everything must have been told within this."""


def story_config() -> Config:
    """A first start's settings, but on loopback, with the border points named, and ends told soon."""
    points: dict[str, list[str]] = {}
    for router in ROUTERS:
        points.setdefault(router.border_point, []).append(f"{router.address}/32")
    return Config(
        collector=CollectorSection(listen=("127.0.0.1:0",)),
        border_points={name: BorderPointSection(exporters=tuple(them)) for name, them in points.items()},
        detection=DetectionSection(quiet_seconds=4),
        metrics=MetricsSection(listen=None),
    )


def story_traffic() -> tuple[Traffic, dict[str, Traffic]]:
    """Ordinary traffic, and the captured attacks by name. Takes a second or two."""
    return ordinary_traffic(seed=2026), {scene.capture: captured_attack(scene.capture) for scene in SCENES}
