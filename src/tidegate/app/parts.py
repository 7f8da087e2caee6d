"""What the hinge hands to the doors: makers of every part of the outside, called only when it is needed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from tidegate.app.accord.lab import RunAccordLab
    from tidegate.app.audit.lab import RunAuditLab
    from tidegate.app.console.serving import Serving
    from tidegate.app.demonstration import DemoOrder, DemoRun
    from tidegate.app.hotline.lab import RunLab
    from tidegate.app.hotline.ways import HotlineWays, WaysWanted
    from tidegate.app.settings import Config, ConsoleSection
    from tidegate.model.border import BorderSettings
    from tidegate.model.probe_settings import ProbeSettings
    from tidegate.ports.alerts import AlertSink
    from tidegate.ports.back_ups import BackUps
    from tidegate.ports.baselines import BaselineStore
    from tidegate.ports.border import Border
    from tidegate.ports.carrying import Carrier
    from tidegate.ports.children import ChildProgram
    from tidegate.ports.clock import Clock
    from tidegate.ports.collector import CollectorProcess
    from tidegate.ports.control import ControlDoor, ControlLine
    from tidegate.ports.evidence import Shelf
    from tidegate.ports.facts import FactStore
    from tidegate.ports.files import LocalFiles
    from tidegate.ports.hotline import EnvelopeStore
    from tidegate.ports.hotline_identity import PairFiles, StationFolder
    from tidegate.ports.machine import Machine
    from tidegate.ports.metrics import MetricsServer
    from tidegate.ports.printing import Printer
    from tidegate.ports.probing import AskedBefore, Prober
    from tidegate.ports.recordings import Recording
    from tidegate.ports.roster import RosterFile
    from tidegate.ports.rule_counts import CountingRouters
    from tidegate.ports.signing import Signer
    from tidegate.ports.state import StateFolder
    from tidegate.ports.studying import StudyEnd, StudyProcess
    from tidegate.ports.topology import TopologyFiles

IfMissing = Literal["create", "refuse"]


class Stores(Protocol):
    """One open database, seen through its ports."""

    @property
    def facts(self) -> "FactStore": ...
    @property
    def baselines(self) -> "BaselineStore": ...
    @property
    def envelopes(self) -> "EnvelopeStore": ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """Naming a part costs nothing; calling its maker loads what it needs.

    `collect` is the whole life of the collector's process, whose orders lie in the state folder; `collector`
    starts such a process. `keep_kernels` lets this process and its children keep compiled kernels in a state
    folder, where nothing else can be written. `speak` is the whole life of the process that holds the BGP
    sessions; `border` starts it. `counters` asks routers for theirs, by the command of each border point and
    router. `key_file` asks for the passphrase by the function it is given; `generate_key` writes a new key
    under a passphrase and tells its public half, `public_key` reads one from a file. `hotline_folder` is
    where an organisation's cards, station's keys and peers lie, inside a node's state folder; `hotline_ways`
    are its ways to peers, `pair_files` the key files of roots and officers. `serve_console` is the whole
    life of the console's process. `studies` starts a process for each question that takes long, `study_end`
    is that process's own end; `fonts` are the files of the typefaces that print and page share.
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
    keep_kernels: Callable[[Path], None]
    speak: Callable[[Path], None]
    border: "Callable[[BorderSettings], Border]"
    counters: "Callable[[Mapping[str, Mapping[str, Sequence[str]]]], CountingRouters]"
    roster: "Callable[[Path], RosterFile]"
    control_door: "Callable[[Path], ControlDoor]"
    control_line: "Callable[[Path], ControlLine]"
    key_file: "Callable[[Path, Callable[[], str]], Signer]"
    agent: "Callable[[], Signer]"
    generate_key: Callable[[Path, str], str]
    public_key: Callable[[Path], str]
    start_demo: "Callable[[DemoOrder], DemoRun]"
    carrier: "Callable[[], Carrier]"
    run_lab: "RunLab"
    run_accord_lab: "RunAccordLab"
    run_audit_lab: "RunAuditLab"
    lab_party: Callable[[Path], None]
    topology: "Callable[[], TopologyFiles]"
    back_ups: "Callable[[], BackUps]"
    hotline_ways: "Callable[[WaysWanted], HotlineWays]"
    hotline_folder: "Callable[[Path], StationFolder]"
    pair_files: "Callable[[], PairFiles]"
    shelf: "Callable[[Path], Shelf]"
    files: "Callable[[], LocalFiles]"
    printer: "Callable[[], Printer]"
    prober: "Callable[[ProbeSettings], Prober]"
    asked_before: "Callable[[Path], AskedBefore]"
    serve_console: "Callable[[Serving], None]"
    console_process: "Callable[[Path, Path | None, ConsoleSection], ChildProgram]"
    studies: "Callable[[], StudyProcess]"
    study_end: "Callable[[], StudyEnd]"
    fonts: Callable[[], Mapping[str, bytes]]
