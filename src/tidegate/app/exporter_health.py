"""One exporter's counters as a value, for reports and for the doctor."""

import msgspec
import numpy as np

from tidegate.model.exporters import PROTOCOL_NAMES


class ExporterHealth(msgspec.Struct, frozen=True, kw_only=True):
    """What one exporter sent, and what of it could not be used. `sampling_rate` 0 is unknown."""

    exporter: str
    protocol: str
    datagrams: int
    records: int
    sampling_rate: int
    unknown_sampling: int
    without_template: int
    not_ip: int
    repeated: int
    sample_drops: int
    lost: int
    reordered: int
    restarts: int
    refused: dict[str, int]
    skew_ms: int
    age_ms: int


def exporter_health(name: str, exporter: np.void, refused: dict[str, int]) -> ExporterHealth:
    """One row of the exporter table (dtype EXPORTER) as a value."""
    numbers = {
        field: int(exporter[field])
        for field in (
            "datagrams", "records", "sampling_rate", "unknown_sampling", "without_template",
            "not_ip", "repeated", "sample_drops", "lost", "reordered", "restarts", "skew_ms", "age_ms",
        )
    }  # fmt: skip
    protocol = PROTOCOL_NAMES.get(int(exporter["protocol"]), "unknown")
    return ExporterHealth(exporter=name, protocol=protocol, refused=refused, **numbers)
