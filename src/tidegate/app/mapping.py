"""The settings as the parts take them: counting, detection, objects, sampling, border points."""

import ipaddress
from typing import TYPE_CHECKING

from tidegate.app.listening import split_endpoint
from tidegate.app.settings import Config
from tidegate.detect.settings import CountingSettings, DetectionSettings, Floors, WatchedObject
from tidegate.model.addresses import Prefix
from tidegate.model.vectors import CODE_OF, VECTORS

if TYPE_CHECKING:
    from tidegate.wire.sampling import SamplingOverrides


def floors(config: Config) -> Floors:
    """A vector's own floor where the operator gives one of the two, else the built-in one."""
    by_vector = {}
    for name, section in config.floors.items():
        built_in = VECTORS[CODE_OF[name]]
        by_vector[name] = (
            section.bits or built_in.floor_bits_per_s,
            section.packets or built_in.floor_packets_per_s,
        )
    return Floors(scale=config.detection.floor_scale, by_vector=by_vector)


def watched_objects(config: Config) -> tuple[WatchedObject, ...]:
    return tuple(
        WatchedObject(
            name=name,
            prefixes=tuple(map(Prefix.parse, section.prefixes)),
            capacity_bits_per_s=section.capacity,
            floor_bits_per_s=section.floor_bits,
            floor_packets_per_s=section.floor_packets,
        )
        for name, section in config.objects.items()
    )


def counting_settings(config: Config) -> CountingSettings:
    return CountingSettings(floors=floors(config), cells_max=config.collector.cells_max)


def detection_settings(config: Config) -> DetectionSettings:
    asked = config.detection
    return DetectionSettings(
        floors=floors(config),
        objects=watched_objects(config),
        persistence_seconds=asked.persistence_seconds,
        persistence_window_seconds=asked.persistence_window_seconds,
        burst_multiples=(asked.burst_reflection, asked.burst_flood, asked.burst_unclassified),
        end_share=asked.end_share,
        quiet_seconds=asked.quiet_seconds,
    )


def sampling_overrides(config: Config) -> "SamplingOverrides":
    """Loads Numba, which only the collector and a replay need."""
    from tidegate.wire.sampling import SamplingOverrides

    return SamplingOverrides(tuple((Prefix.parse(text), rate) for text, rate in config.sampling.items()))


def allowed_exporters(config: Config) -> tuple[Prefix, ...]:
    """Empty: every exporter is heard."""
    return tuple(map(Prefix.parse, config.collector.allowed_exporters))


def endpoints(config: Config) -> list[tuple[str, int]]:
    """Addresses and ports to listen on."""
    return [split_endpoint(text) for text in config.collector.listen]


class BorderPoints:
    """Which border point an exporter belongs to; the longest prefix wins."""

    def __init__(self, config: Config) -> None:
        self._prefixes = sorted(
            (
                (Prefix.parse(text), name)
                for name, section in config.border_points.items()
                for text in section.exporters
            ),
            key=lambda entry: -entry[0].length,
        )
        self._known: dict[str, str | None] = {}

    def of(self, exporter: str) -> str | None:
        """The border point of "192.0.2.1#0" (address # domain), None where the operator names none."""
        if exporter not in self._known:
            address = Prefix.parse(str(ipaddress.ip_address(exporter.partition("#")[0])))
            self._known[exporter] = next(
                (name for prefix, name in self._prefixes if prefix.covers(address)), None
            )
        return self._known[exporter]
