"""One exporter's counters as a value, for reports and for the doctor."""

import msgspec
import numpy as np
import numpy.typing as npt

from tidegate.model.exporters import protocol_name


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


def busiest(exporters: npt.NDArray[np.void], limit: int) -> list[int]:
    """Rows of at most `limit` exporters that told the most records, in the order of the table.

    Of many forged senders those that told nothing are left out first.
    """
    most = np.argsort(-exporters["records"].astype(np.int64), kind="stable")[:limit]
    return sorted(most.tolist())


def exporter_health(name: str, exporter: np.void, refused: dict[str, int]) -> ExporterHealth:
    """One row of the exporter table (dtype EXPORTER) as a value."""
    numbers = {
        field: int(exporter[field])
        for field in (
            "datagrams", "records", "sampling_rate", "unknown_sampling", "without_template",
            "not_ip", "repeated", "sample_drops", "lost", "reordered", "restarts", "skew_ms", "age_ms",
        )
    }  # fmt: skip
    protocol = protocol_name(int(exporter["protocol"]))
    return ExporterHealth(exporter=name, protocol=protocol, refused=refused, **numbers)
