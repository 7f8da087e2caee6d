"""What the hinge hands to the doors: makers of every part of the outside, called only when it is needed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from tidegate.app.demonstration import DemoRun
    from tidegate.app.settings import Config
    from tidegate.ports.alerts import AlertSink
    from tidegate.ports.baselines import BaselineStore
    from tidegate.ports.clock import Clock
    from tidegate.ports.collector import CollectorProcess
    from tidegate.ports.facts import FactStore
    from tidegate.ports.machine import Machine
    from tidegate.ports.metrics import MetricsServer
    from tidegate.ports.recordings import Recording
    from tidegate.ports.state import StateFolder

IfMissing = Literal["create", "refuse"]


class Stores(Protocol):
    """One open database, seen through its two ports."""

    @property
    def facts(self) -> "FactStore": ...
    @property
    def baselines(self) -> "BaselineStore": ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """Naming a part costs nothing; calling its maker loads what it needs.

    `collect` is the whole life of the collector's process, whose orders lie in the state folder;
    `collector` starts such a process. `speak` is the whole life of the process that holds the BGP sessions.
    """

    version: str
    environ: Mapping[str, str]
    clock: "Callable[[], Clock]"
    machine: "Callable[[], Machine]"
    recording: "Callable[[Path], Recording]"
    state_folder: "Callable[[Path], StateFolder]"
    stores: "Callable[[str, IfMissing], Stores]"
    sinks: "Callable[[Config], Sequence[AlertSink]]"
    metrics: "Callable[[str, int], MetricsServer]"
    collector: "Callable[[Path], CollectorProcess]"
    collect: Callable[[Path], None]
    speak: Callable[[Path], None]
    start_demo: "Callable[[Path | None], DemoRun]"
