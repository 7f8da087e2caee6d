"""The settings of a node: sections, types, defaults and limits, before any file is read."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

LISTEN_MAX = 16
"""Addresses listened on at once; more are refused when the configuration is read."""

BORDER_POINTS_MAX = 63
"""Border points of one node; more are refused when the configuration is read."""

OBJECTS_MAX = 1024
"""Operator-defined objects; more are refused when the configuration is read."""

FLOORS_MAX = 128
"""Vectors with floors of the operator's own, one for each vector at most."""

PREFIXES_MAX = 4096
"""Prefixes in one list or table; more are refused when the configuration is read."""

BitsPerS = Annotated[int, Meta(ge=1, le=10**15, extra={"words": "bits_per_s"})]
PacketsPerS = Annotated[int, Meta(ge=1, le=10**12, extra={"words": "packets_per_s"})]
Burst = Annotated[float, Meta(ge=1.1, le=1000)]
SamplingRate = Annotated[int, Meta(ge=1, le=0xFFFF_FFFF)]
PrefixText = Annotated[str, Meta(extra={"words": "prefix"})]
EndpointText = Annotated[str, Meta(extra={"words": "endpoint"})]
EndpointOrOff = Annotated[str | None, Meta(extra={"words": "endpoint_or_off"})]
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


class BorderPointSection(msgspec.Struct, frozen=True, kw_only=True):
    """The exporters of one place where foreign traffic enters."""

    exporters: PrefixList


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
    storage: StorageSection = StorageSection()
    metrics: MetricsSection = MetricsSection()
    alerts: AlertsSection = AlertsSection()
    logging: LoggingSection = LoggingSection()
