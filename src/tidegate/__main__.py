"""The hinge: names the parts, hands them to a door; no logic lives here."""

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tidegate import __version__
from tidegate.app.parts import IfMissing, Parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tidegate.adapters.collector_end import CollectorEnd
    from tidegate.app.accord.lab import AccordLabReport
    from tidegate.app.audit.lab import AuditLabOrder, AuditLabReport
    from tidegate.app.console.serving import Serving
    from tidegate.app.demonstration import DemoOrder, DemoRun
    from tidegate.app.hotline.lab import LabOrder, LabReport
    from tidegate.app.hotline.ways import HotlineWays, WaysWanted
    from tidegate.app.parts import Stores
    from tidegate.app.settings import Config, ConsoleSection
    from tidegate.model.border import BorderSettings
    from tidegate.model.plans import Plan
    from tidegate.model.probe_settings import ProbeSettings
    from tidegate.ports.alerts import AlertSink
    from tidegate.ports.back_ups import BackUps
    from tidegate.ports.border import Border, Order
    from tidegate.ports.carrying import Carrier
    from tidegate.ports.children import ChildProgram
    from tidegate.ports.clock import Clock
    from tidegate.ports.collector import CollectorProcess
    from tidegate.ports.control import ControlDoor, ControlLine
    from tidegate.ports.evidence import Shelf
    from tidegate.ports.files import LocalFiles
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


def clock() -> "Clock":
    from tidegate.adapters.clock import WallClock

    return WallClock()


def machine() -> "Machine":
    from tidegate.adapters.machine import ThisMachine

    return ThisMachine()


def recording(path: "Path") -> "Recording":
    from tidegate.adapters.recordings import open_recording

    return open_recording(path)


def state_folder(path: "Path") -> "StateFolder":
    from tidegate.adapters.state_folder import LockedFolder

    return LockedFolder(path)


def stores(url: str, if_missing: IfMissing) -> "Stores":
    from tidegate.adapters.sql.stores import SqlStores

    return SqlStores(url, if_missing)


def sinks(config: "Config") -> "Sequence[AlertSink]":
    from tidegate.adapters.alerts import CommandSink

    return [CommandSink(config.alerts.command)] if config.alerts.command else []


def metrics(host: str, port: int) -> "MetricsServer":
    from tidegate.adapters.metrics_http import PrometheusServer

    return PrometheusServer(host, port)


def collector(folder: "Path") -> "CollectorProcess":
    from tidegate.adapters.process import ChildCollector
    from tidegate.kernels.cache_folder import SPARE
    from tidegate.ports.state import KERNELS_NAME

    command = [sys.executable, "-m", "tidegate", "collect", "--state", str(folder)]
    return ChildCollector(command, os.environ | {SPARE: str(folder.absolute() / KERNELS_NAME)})


def keep_kernels(folder: "Path") -> None:
    from tidegate.kernels.cache_folder import SPARE
    from tidegate.ports.state import KERNELS_NAME

    os.environ.setdefault(SPARE, str(folder.absolute() / KERNELS_NAME))


def collect(folder: "Path") -> None:
    """The life of the collector's process: bound to its node first, so that the node hears of any failure."""
    from tidegate.adapters.process import link_from_parent

    link = link_from_parent()
    with ExitStack() as afterwards:
        link.start()
        afterwards.callback(link.close, 2.0)
        afterwards.push(link.tell_failure)
        collect_for(link, folder, afterwards)


def collect_for(link: "CollectorEnd", folder: "Path", afterwards: ExitStack) -> None:
    from tidegate.adapters.clock import SteadyClock
    from tidegate.adapters.journal import FileJournal
    from tidegate.adapters.process import on_sigterm
    from tidegate.adapters.udp import UdpSource
    from tidegate.app import mapping
    from tidegate.app.collector import Collector
    from tidegate.app.loading import load_kernels
    from tidegate.app.orders import read_orders
    from tidegate.app.recent import RecentFlows
    from tidegate.detect.counting import SecondCounter
    from tidegate.wire.telemetry import TelemetryDecoder

    config = read_orders(folder)
    # One for both: what is received in a second is never later than its close.
    steady = SteadyClock(clock())
    journal = FileJournal(folder)
    journal.open()
    afterwards.callback(journal.close)
    collecting = Collector(
        source=UdpSource(mapping.endpoints(config), steady, config.collector.receive_buffer_bytes),
        outlet=link,
        journal=journal,
        clock=steady,
        reader=TelemetryDecoder(
            sampling=mapping.sampling_overrides(config), allowed=mapping.allowed_exporters(config)
        ),
        counting=SecondCounter(mapping.counting_settings(config), mapping.watched_objects(config)),
        recent=RecentFlows(),
        load=load_kernels,
        version=__version__,
    )
    on_sigterm(collecting.stop)
    collecting.run()


def speak(folder: "Path") -> None:
    """The life of the process that holds the BGP sessions: it reads the roster and asks the guard itself."""
    from tidegate.adapters.border.places import private_folder, read_settings
    from tidegate.adapters.border.speak import speak as hold_sessions

    hold_sessions(folder, believer(read_settings(private_folder(str(folder)))), clock())


def believer(settings: "BorderSettings") -> "Callable[[Order, Sequence[Plan]], None]":
    """What verifies an order anew; the roster is read each time, so that a revoked officer counts no more,
    also when the clock is set back afterwards.

    A plan is believed for the first time only while it may still be approved, and renewed afterwards because
    this process remembers it: neither a node nor a ledger can tell it that a plan was approved in time.
    What usually comes in is not known here but from the plan that officers signed: by that, plans that are
    held together keep rule 10 of the guard.
    """
    from msgspec import json

    from tidegate.adapters.border.believed import Believed, Seen
    from tidegate.adapters.border.places import private_folder
    from tidegate.adapters.roster import TextRoster
    from tidegate.mitigate.approval import ApprovalSettings, digest, verify, verify_standing
    from tidegate.mitigate.guard import GuardSettings, refuse_beyond_share, refuse_unless_safe
    from tidegate.mitigate.held_back import usual_told
    from tidegate.mitigate.roster import roster_from

    points = settings.border_points
    strictest = GuardSettings(border_points=points, speakers=(settings.local_address,))
    limits = json.decode(settings.guard, type=GuardSettings) if settings.guard else strictest
    approval = ApprovalSettings(node=settings.node, proposer_may_approve=settings.proposer_may_approve)
    roster, wall = TextRoster(Path(settings.officers)), clock()
    folder = private_folder(settings.state_folder)
    believed, seen = Believed(folder), Seen(folder)

    def believe(order: "Order", held: "Sequence[Plan]") -> None:
        plan, now_ms, known = order.plan, wall.now_ms(), digest(order.plan)
        remembered = believed.holds(known)
        check = verify_standing if remembered else verify
        seen_ms = max(seen.latest_ms(now_ms), roster.written_ms())
        check(plan, order.approvals, roster_from(roster.read(), seen_ms), approval, now_ms)
        refuse_unless_safe(plan, limits, usual_told(plan))
        refuse_beyond_share(plan, held, limits, believed=remembered)
        believed.add(known, plan.ends_at_ms, now_ms)

    return believe


def border(settings: "BorderSettings") -> "Border":
    from tidegate.adapters.border import start_border

    return start_border(settings)


def counters(commands: "Mapping[str, Mapping[str, Sequence[str]]]") -> "CountingRouters":
    from tidegate.adapters.router_counters import RouterCommands

    return RouterCommands(commands, clock())


def roster(path: "Path") -> "RosterFile":
    from tidegate.adapters.roster import TextRoster

    return TextRoster(path)


def control_door(folder: "Path") -> "ControlDoor":
    from tidegate.adapters.control import SocketDoor

    return SocketDoor(folder)


def control_line(folder: "Path") -> "ControlLine":
    from tidegate.adapters.control import SocketLine

    return SocketLine(folder)


def key_file(path: "Path", ask: "Callable[[], str]") -> "Signer":
    from tidegate.adapters.keys import KeyFile

    return KeyFile(path, ask)


def agent() -> "Signer":
    from tidegate.adapters.ssh_agent import agent_of

    return agent_of(os.environ)


def generate_key(path: "Path", passphrase: str) -> str:
    from tidegate.adapters import keys

    return keys.generate_key(path, passphrase)


def public_key(path: "Path") -> str:
    from tidegate.adapters.keys import read_public

    return read_public(path)


def start_demo(order: "DemoOrder") -> "DemoRun":
    from signal import SIGTERM, default_int_handler, signal

    from tidegate.lab.demo import Demo

    signal(SIGTERM, default_int_handler)  # As by Ctrl-C: all that it started ends with it.
    return Demo(PARTS, order)


def carrier() -> "Carrier":
    from tidegate.adapters.hotline.carrying import HandCarrier

    return HandCarrier()


def run_lab(order: "LabOrder", tell: "Callable[[str], None]") -> "LabReport":
    from signal import SIGTERM, default_int_handler, signal
    from time import monotonic

    from tidegate.lab.hotline.story import Lab

    signal(SIGTERM, default_int_handler)  # As by Ctrl-C: what stands so far is told.
    command = [sys.executable, "-m", "tidegate", "lab", "party"]
    return Lab(order, clock(), monotonic, command, tell).run()


def run_accord_lab(output: "Path", keep: "Path | None", tell: "Callable[[str], None]") -> "AccordLabReport":
    import time

    from tidegate.lab.accord.year import Year

    return Year(output, clock(), time.monotonic, time.sleep, tell).run(keep)


def run_audit_lab(order: "AuditLabOrder", tell: "Callable[[str], None]") -> "AuditLabReport":
    from signal import SIGTERM, default_int_handler, signal
    from time import sleep

    from tidegate.lab.audit.story import AuditLab

    signal(SIGTERM, default_int_handler)  # As by Ctrl-C: its programs and networks end with it.
    return AuditLab(order, clock(), sleep, tell).run()


def lab_party(folder: "Path") -> None:
    from time import monotonic

    from tidegate.lab.hotline.party import Party

    Party(folder, clock(), monotonic).run()


def topology() -> "TopologyFiles":
    from tidegate.adapters.topology_files import LocalTopologyFiles

    return LocalTopologyFiles()


def hotline_folder(state: "Path") -> "StationFolder":
    from tidegate.adapters.hotline.station_folder import FileStationFolder

    return FileStationFolder(state / "hotline")


def back_ups() -> "BackUps":
    from tidegate.adapters.hotline.back_ups import LocalBackUps

    return LocalBackUps()


def hotline_ways(wanted: "WaysWanted") -> "HotlineWays":
    import time

    from tidegate.adapters.hotline.anchor import FileAnchor
    from tidegate.adapters.hotline.datagrams import SignalDatagrams
    from tidegate.adapters.hotline.https import HttpsPath
    from tidegate.adapters.hotline.shelf import FolderShelf
    from tidegate.adapters.hotline.signal_keys import SignalKeysInFile
    from tidegate.adapters.hotline.tls import Credentials
    from tidegate.app.hotline.places import EVIDENCE_NAME, TILES_NAME
    from tidegate.app.hotline.ways import HotlineWays

    home = wanted.state / "hotline"
    credentials = Credentials(home / "tls.crt", home / "tls.key", wanted.tls_passphrase)
    return HotlineWays(
        https=HttpsPath(credentials, wanted.https),
        signal=SignalDatagrams(wanted.signal, time.monotonic),
        signal_keys=SignalKeysInFile(home),
        anchor=FileAnchor(wanted.state),
        shelf=FolderShelf(wanted.state / EVIDENCE_NAME),
        tiles=FolderShelf(wanted.state / TILES_NAME),
    )


def pair_files() -> "PairFiles":
    from tidegate.adapters.hotline.pair_files import LocalPairFiles

    return LocalPairFiles()


def shelf(folder: "Path") -> "Shelf":
    from tidegate.adapters.hotline.shelf import FolderShelf

    return FolderShelf(folder)


def files() -> "LocalFiles":
    from tidegate.adapters.local_files import DiskFiles

    return DiskFiles()


def printer() -> "Printer":
    from tidegate.adapters.printing import TypstPrinter

    return TypstPrinter()


def prober(settings: "ProbeSettings") -> "Prober":
    from tidegate.adapters.probing.prober import NetworkProber

    return NetworkProber(settings)


def asked_before(path: "Path") -> "AskedBefore":
    from tidegate.adapters.probing.asked_file import AskedFile

    return AskedFile(path)


def serve_console(serving: "Serving") -> None:
    from signal import SIGTERM, default_int_handler, signal

    from tidegate.adapters.child import end_with_parent
    from tidegate.console import serve

    signal(SIGTERM, default_int_handler)  # As by Ctrl-C: it ends with what was going on, and all is well.
    end_with_parent(os.environ)
    serve(serving)


def console_process(folder: "Path", config_file: "Path | None", section: "ConsoleSection") -> "ChildProgram":
    """The command as a person would give it, with the same configuration."""
    from tidegate.adapters.child import ChildProcess

    told = {
        "--listen": section.listen,
        "--origin": section.origin,
        "--certificate": section.certificate,
        "--key": section.key,
        "--state": str(folder),
        "--config": None if config_file is None else str(config_file),
    }
    options = [part for name, value in told.items() if value is not None for part in (name, value)]
    return ChildProcess([sys.executable, "-m", "tidegate", "console", *options], os.environ)


def studies() -> "StudyProcess":
    from tidegate.adapters.studying import ChildStudies

    return ChildStudies([sys.executable, "-m", "tidegate", "study"], os.environ)


def study_end() -> "StudyEnd":
    from tidegate.adapters.studying import StudyPipe

    return StudyPipe(sys.stdin.buffer, sys.stdout.buffer)


def fonts() -> "Mapping[str, bytes]":
    from tidegate.adapters.fonts import font_files

    return font_files()


PARTS = Parts(
    version=__version__,
    environ=os.environ,
    clock=clock,
    machine=machine,
    recording=recording,
    state_folder=state_folder,
    stores=stores,
    sinks=sinks,
    metrics=metrics,
    collector=collector,
    collect=collect,
    keep_kernels=keep_kernels,
    speak=speak,
    border=border,
    counters=counters,
    roster=roster,
    control_door=control_door,
    control_line=control_line,
    key_file=key_file,
    agent=agent,
    generate_key=generate_key,
    public_key=public_key,
    start_demo=start_demo,
    carrier=carrier,
    run_lab=run_lab,
    run_accord_lab=run_accord_lab,
    run_audit_lab=run_audit_lab,
    lab_party=lab_party,
    topology=topology,
    back_ups=back_ups,
    hotline_ways=hotline_ways,
    hotline_folder=hotline_folder,
    pair_files=pair_files,
    shelf=shelf,
    files=files,
    printer=printer,
    prober=prober,
    asked_before=asked_before,
    serve_console=serve_console,
    console_process=console_process,
    studies=studies,
    study_end=study_end,
    fonts=fonts,
)


def main() -> None:
    """The outermost loop: whatever goes wrong is told here, in words, and ends in an exit code."""
    from tidegate import cli

    try:
        cli.open_door(PARTS, sys.argv[1:])
    except BaseException as error:  # noqa: BLE001
        sys.exit(cli.tell(error, debug="--debug" in sys.argv))


if __name__ == "__main__":
    main()
