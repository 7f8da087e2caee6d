"""The demo's story: four border routers of the fictional country XA, and who is hit when, by what."""

from collections.abc import Mapping
from dataclasses import dataclass

from tidegate.app.settings import (
    BorderPointSection,
    BorderSection,
    CollectorSection,
    Config,
    DetectionSection,
    HotlineSection,
    MetricsSection,
    PlanningSection,
    RouterSection,
)
from tidegate.lab.border_router import LabRouter, Speaker
from tidegate.lab.captures import CAPTURED_ATTACKS, captured_attack
from tidegate.lab.exporters import LabExporter, SflowExporter
from tidegate.lab.flow_exporters import FlowExporter, Ipfix, Netflow9
from tidegate.lab.kept_traffic import folder_of, kept_or_made
from tidegate.lab.ordinary import ordinary_traffic
from tidegate.lab.traffic import Traffic

ORDINARY_BITS_PER_S = 150e6
"""Ordinary traffic to XA's people through each router,"""

CUSTOMER_BITS_PER_S = 100e6
"""and as much of it to each host that will be hit: what a rule may hurt."""


SPEAKER = Speaker("127.0.0.1", speaker_as=64500, own_as=64500)
"""Who announces to the routers, by IBGP, as a network's own speaker does."""


@dataclass(frozen=True, slots=True)
class Router:
    """One border router: what its operator calls it, where it is, and how it tells what passes it.

    `domain` is how it calls its observation domain.
    """

    called: str
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
    """One attack: the capture that its packets are from, when it comes, and how strongly through whom."""

    capture: str
    target: str
    entries: tuple[tuple[Router, float], ...]
    from_s: float
    for_s: float

    @property
    def story(self) -> str:
        return CAPTURED_ATTACKS[self.capture].story

    @property
    def bits_per_s(self) -> float:
        return sum(bits_per_s for _, bits_per_s in self.entries)

    @property
    def routers(self) -> tuple[Router, ...]:
        return tuple(router for router, _ in self.entries)

    @property
    def tells_sampling(self) -> bool:
        return all(router.tells_sampling for router in self.routers)

    @property
    def border_points(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(router.border_point for router in self.routers))


NORTH = Router("north-1", "127.0.0.2", "north", "sflow5", 1000)
HARBOUR = Router("harbour-1", "127.0.0.3", "harbour", "netflow9", 1000, domain=256)
SILENT = Router("harbour-2", "127.0.0.4", "harbour", "netflow9", 100, domain=512, tells_sampling=False)
EAST = Router("east-1", "127.0.0.5", "east", "ipfix", 1000, domain=7)
ROUTERS = (NORTH, HARBOUR, SILENT, EAST)

SCENES = (
    Scene("dns", "198.51.100.20", ((NORTH, 2.4e9), (EAST, 1.6e9)), 8, 34),
    Scene("snmp", "192.0.2.30", ((HARBOUR, 0.7e9), (NORTH, 0.4e9), (EAST, 0.1e9)), 14, 38),
    Scene("syn", "203.0.113.40", ((EAST, 0.25e9), (HARBOUR, 0.15e9)), 20, 32),
    Scene("bacnet", "198.51.100.70", ((SILENT, 8e9),), 28, 10),
)

QUIET_S = 4

PACE = PlanningSection(
    spot_test_seconds=8,
    widen_every_seconds=7,
    look_every_seconds=60,
    look_seconds=5,
    settle_seconds=1,
    lease_seconds=60,
    evidence_seconds=20,
)
"""An operator takes minutes for each of these; the demo must end before its audience leaves. A lease outlasts
the looks at three border points one after the other, during which nothing renews it."""

PATIENCE_S = 120.0
"""After the last packet of the last attack, everything must have been told and taken back within this."""

HELD_S = 20.0
"""A flood that waits for a person ends so long after rules held it everywhere."""


@dataclass(frozen=True, slots=True)
class Story:
    """What happens when, the first scene's being the flood that is told of; and how soon plans move on."""

    scenes: tuple[Scene, ...]
    pace: PlanningSection
    held_s: float

    @property
    def told(self) -> Scene:
        return self.scenes[0]

    @property
    def last_s(self) -> float:
        return max(scene.from_s + scene.for_s for scene in self.scenes)


STORY = Story(SCENES, PACE, HELD_S)


def story_config(
    pace: PlanningSection, routers: Mapping[Router, LabRouter], hotline: HotlineSection
) -> Config:
    """A first start's settings, but on loopback, with the border named, and minutes made seconds."""
    points: dict[str, list[Router]] = {}
    for router in ROUTERS:
        points.setdefault(router.border_point, []).append(router)
    return Config(
        collector=CollectorSection(listen=("127.0.0.1:0",)),
        border_points={
            name: BorderPointSection(
                exporters=tuple(f"{router.address}/32" for router in here),
                routers={router.called: _session(routers[router]) for router in here},
            )
            for name, here in points.items()
        },
        detection=DetectionSection(quiet_seconds=QUIET_S),
        border=BorderSection(speaker="exabgp", local_as=SPEAKER.speaker_as, local_address=SPEAKER.address),
        planning=pace,
        hotline=hotline,
        metrics=MetricsSection(listen=None),
    )


def _session(router: LabRouter) -> RouterSection:
    return RouterSection(address=router.address, peer_as=SPEAKER.own_as, port=router.port)


ORDINARY = "ordinary"


def story_traffic() -> Mapping[str, Traffic]:
    """ORDINARY traffic and the captured attacks, by name. Takes seconds the first time, and is then kept."""
    return kept_or_made(folder_of("story"), made_traffic)


def made_traffic() -> dict[str, Traffic]:
    return {ORDINARY: ordinary_traffic(seed=2026)} | {
        name: captured_attack(name) for name in CAPTURED_ATTACKS
    }
