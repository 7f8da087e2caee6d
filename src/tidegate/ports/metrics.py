"""Figures for Prometheus as plain values, and the part that serves them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: a name without its prefix `tidegate_`, its labels, and a value for each set of them."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    labels: tuple[str, ...]
    samples: tuple[tuple[tuple[str, ...], float], ...]


class MetricsServer(Protocol):
    """Answers Prometheus on one address; only /metrics is there."""

    def start(self, read: Callable[[], Iterable[Family]]) -> None:
        """Serves what `read` returns at each scrape, from another thread.

        OutsideFailed when the port is in use or not allowed.
        """

    def stop(self) -> None: ...
