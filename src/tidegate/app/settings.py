"""The settings of a node: sections, types, defaults and limits, before any file is read."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tidegate.model.border import COMPONENTS, Component

LISTEN_MAX = 16
"""Addresses listened on at once; more are refused when the configuration is read."""

BORDER_POINTS_MAX = 63
"""Border points of one node; more are refused when the configuration is read."""

OBJECTS_MAX = 1024
"""Operator-defined objects; more are refused when the configuration is read."""

FLOORS_MAX = 128
"""Vectors with floors of the operator's own, one for each vector at most."""

ROUTERS_MAX = 64
"""Routers of one border point; more are refused when the configuration is read."""

PROTECTED_FILES_MAX = 16
"""Lists of protected destinations and services; more are refused when the configuration is read."""

PREFIXES_MAX = 4096
"""Prefixes in one list or table; more are refused when the configuration is read."""

BitsPerS = Annotated[int, Meta(ge=1, le=10**15, extra={"words": "bits_per_s"})]
PacketsPerS = Annotated[int, Meta(ge=1, le=10**12, extra={"words": "packets_per_s"})]
Burst = Annotated[float, Meta(ge=1.1, le=1000)]
SamplingRate = Annotated[int, Meta(ge=1, le=0xFFFF_FFFF)]
PrefixText = Annotated[str, Meta(extra={"words": "prefix"})]
EndpointText = Annotated[str, Meta(extra={"words": "endpoint"})]
EndpointOrOff = Annotated[str | None, Meta(extra={"words": "endpoint_or_off"})]
AddressText = Annotated[str, Meta(extra={"words": "address"})]
AsNumber = Annotated[int, Meta(ge=1, le=0xFFFF_FFFF)]
Port = Annotated[int, Meta(ge=1, le=65_535)]
Communities = Annotated[tuple[str, ...], Meta(max_length=16)]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
PrefixList = Annotated[tuple[PrefixText, ...], Meta(min_length=1, max_length=PREFIXES_MAX)]


class CollectorSection(msgspec.Struct, frozen=True, kw_only=True):
    """Where telemetry is received."""

    listen: Annotated[tuple[EndpointText, ...], Meta(min_length=1, max_length=LISTEN_MAX)] = (
        "0.0.0.0:2055",
        "0.0.0.0:4739",
        "0.0.0.0:6343",
    )
    receive_buffer_bytes: Annotated[int, Meta(ge=1 << 16, le=1 << 30)] = 1 << 25
    allowed_exporters: Annotated[tuple[PrefixText, ...], Meta(max_length=PREFIXES_MAX)] = ()
    cells_max: Annotated[int, Meta(ge=4096, le=1 << 27)] = 4_194_304


class RouterSection(msgspec.Struct, frozen=True, kw_only=True):
    """A router that rules are announced to, and what it can hold and do."""

    address: AddressText
    peer_as: AsNumber
    port: Port = 179
    password_file: str | None = None
    receiver: str | None = None
    counters: Annotated[tuple[str, ...], Meta(max_length=64)] = ()
    rule_budget: Annotated[int, Meta(ge=1, le=100_000)] = 64
    components: tuple[Component, ...] = COMPONENTS
    rate_step: Annotated[int, Meta(ge=1, le=10**9)] = 1000
    ipv6: bool = True


class BorderPointSection(msgspec.Struct, frozen=True, kw_only=True):
    """One place where foreign traffic enters: its exporters, its line, its routers."""

    exporters: PrefixList
    capacity: BitsPerS | None = None
    routers: Annotated[dict[Name, RouterSection], Meta(max_length=ROUTERS_MAX)] = {}


class ObjectSection(msgspec.Struct, frozen=True, kw_only=True):
    """A network or service that the operator watches by name."""

    prefixes: PrefixList
    capacity: BitsPerS | None = None
    floor_bits: BitsPerS | None = None
    floor_packets: PacketsPerS | None = None


class FloorSection(msgspec.Struct, frozen=True, kw_only=True):
    """The rates towards one host below which one vector is never called an attack."""

    bits: BitsPerS | None = None
    packets: PacketsPerS | None = None


class DetectionSection(msgspec.Struct, frozen=True, kw_only=True):
    """When traffic becomes an attack, and when the attack is over."""

    persistence_seconds: Annotated[int, Meta(ge=1, le=30)] = 3
    persistence_window_seconds: Annotated[int, Meta(ge=1, le=30)] = 5
    floor_scale: Annotated[float, Meta(ge=0.01, le=100)] = 1.0
    burst_reflection: Burst = 3.0
    burst_flood: Burst = 4.0
    burst_unclassified: Burst = 5.0
    end_share: Annotated[float, Meta(ge=0.05, le=0.95)] = 0.5
    quiet_seconds: Annotated[int, Meta(ge=1, le=3600)] = 15


class BorderSection(msgspec.Struct, frozen=True, kw_only=True):
    """Who speaks BGP with the routers, if anyone does."""

    speaker: Literal["off", "exabgp", "gobgp"] = "off"
    local_as: AsNumber | None = None
    local_address: AddressText | None = None
    router_id: AddressText | None = None
    listen_port: Port | None = None
    hold_time_seconds: Annotated[int, Meta(ge=3, le=180)] = 9
    gobgp: EndpointText = "127.0.0.1:50051"
    mirror: bool = True


class PlanningSection(msgspec.Struct, frozen=True, kw_only=True):
    """How plans are chosen, and at what pace they are tried, widened and looked after."""

    rules_max: Annotated[int, Meta(ge=1, le=8)] = 8
    capacity_filled: Annotated[float, Meta(gt=0, le=1)] = 0.9
    hold_targets: bool = True
    bytes_worth_one: Annotated[float, Meta(ge=1, le=1000)] = 10.0
    blackhole: bool = True
    blackhole_next_hop_ipv4: AddressText = "192.0.2.1"
    blackhole_next_hop_ipv6: AddressText = "100::1"
    blackhole_communities: Communities = ("65535:666",)
    approve_within_seconds: Annotated[int, Meta(ge=60, le=3600)] = 1800
    ends_after_seconds: Annotated[int, Meta(ge=60, le=86_400)] = 21_600
    lease_seconds: Annotated[int, Meta(ge=10, le=3600)] = 600
    spot_test_seconds: Annotated[int, Meta(ge=1, le=3600)] = 60
    widen_every_seconds: Annotated[int, Meta(ge=1, le=3600)] = 60
    look_every_seconds: Annotated[int, Meta(ge=1, le=86_400)] = 300
    look_seconds: Annotated[int, Meta(ge=1, le=600)] = 30
    settle_seconds: Annotated[int, Meta(ge=1, le=600)] = 30
    evidence_seconds: Annotated[int, Meta(ge=10, le=3600)] = 900


class GuardSection(msgspec.Struct, frozen=True, kw_only=True):
    """Limits that no plan passes; each may be set only so that less harm can be done."""

    prefix_min_ipv4: Annotated[int, Meta(ge=16, le=32)] = 16
    prefix_min_ipv6: Annotated[int, Meta(ge=32, le=128)] = 32
    blackhole_min_ipv4: Annotated[int, Meta(ge=24, le=32)] = 32
    blackhole_min_ipv6: Annotated[int, Meta(ge=48, le=128)] = 128
    lease_max_seconds: Annotated[int, Meta(ge=10, le=3600)] = 3600
    approve_within_max_seconds: Annotated[int, Meta(ge=60, le=3600)] = 3600
    in_force_max_seconds: Annotated[int, Meta(ge=60, le=86_400)] = 86_400
    held_back_max: Annotated[float, Meta(ge=0, le=0.05)] = 0.05
    redirect_allowed: bool = False
    protected: Annotated[tuple[str, ...], Meta(max_length=PROTECTED_FILES_MAX)] = ()


class ApprovalSection(msgspec.Struct, frozen=True, kw_only=True):
    """Whose word counts."""

    roster: str | None = None
    proposer_may_approve: bool = False


class HotlineSection(msgspec.Struct, frozen=True, kw_only=True):
    """How other organisations are reached, and reach us."""

    enabled: bool = False
    listen: Annotated[tuple[EndpointText, ...], Meta(max_length=LISTEN_MAX)] = ("0.0.0.0:8469",)
    listen_signal: Annotated[tuple[EndpointText, ...], Meta(max_length=LISTEN_MAX)] = ("0.0.0.0:8469",)
    drill_every_hours: Annotated[int, Meta(ge=0, le=744)] = 24
    peer_stored_gib: Annotated[int, Meta(ge=1, le=65_536)] = 8


class ConsoleSection(msgspec.Struct, frozen=True, kw_only=True):
    """Where people look and decide, served by a process of its own beside the node."""

    enabled: bool = False
    listen: EndpointText = "127.0.0.1:8080"
    origin: str | None = None
    certificate: str | None = None
    key: str | None = None


class StorageSection(msgspec.Struct, frozen=True, kw_only=True):
    """Where facts are kept."""

    url: str | None = None


class MetricsSection(msgspec.Struct, frozen=True, kw_only=True):
    """Where Prometheus reads."""

    listen: EndpointOrOff = "127.0.0.1:9469"


class AlertsSection(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to tell."""

    command: Annotated[tuple[str, ...], Meta(max_length=64)] = ()


class LoggingSection(msgspec.Struct, frozen=True, kw_only=True):
    """How the node speaks to its log."""

    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """All settings of one node; `Config()` is what a first start without any file uses."""

    collector: CollectorSection = CollectorSection()
    sampling: Annotated[dict[PrefixText, SamplingRate], Meta(max_length=PREFIXES_MAX)] = {}
    border_points: Annotated[dict[Name, BorderPointSection], Meta(max_length=BORDER_POINTS_MAX)] = {}
    objects: Annotated[dict[Name, ObjectSection], Meta(max_length=OBJECTS_MAX)] = {}
    floors: Annotated[dict[str, FloorSection], Meta(max_length=FLOORS_MAX)] = {}
    detection: DetectionSection = DetectionSection()
    border: BorderSection = BorderSection()
    planning: PlanningSection = PlanningSection()
    guard: GuardSection = GuardSection()
    approval: ApprovalSection = ApprovalSection()
    hotline: HotlineSection = HotlineSection()
    console: ConsoleSection = ConsoleSection()
    storage: StorageSection = StorageSection()
    metrics: MetricsSection = MetricsSection()
    alerts: AlertsSection = AlertsSection()
    logging: LoggingSection = LoggingSection()
