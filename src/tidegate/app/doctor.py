"""What keeps a node from working or data from arriving, as checks that an operator reads top down."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from tidegate.app.checks import Check, fine, notice, problem
from tidegate.app.health_note import HealthNote, read_note
from tidegate.app.listening import split_endpoint
from tidegate.app.officers import Officers
from tidegate.app.plan_checks import of_plans, of_roster
from tidegate.app.plans_note import roster_note
from tidegate.app.settings import Config
from tidegate.app.units import count_of
from tidegate.ports.clock import Clock
from tidegate.ports.machine import Machine
from tidegate.ports.roster import RosterFile
from tidegate.ports.state import KERNELS_NAME, StateFolder

FREE_BYTES_LOW = 1 << 30
"""Less free room than this on the state folder's disk is told."""

NOTE_STALE_MS = 15_000
"""A running node writes its note every two seconds; an older one means that it is stuck."""

RELEASED_MS = 1_795_000_000_000
"""A clock before this (November 2026, when this release was made) is wrong."""


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """All checks, and the running node's own note, None where none runs."""

    checks: tuple[Check, ...]
    note: HealthNote | None

    @property
    def has_problem(self) -> bool:
        return any(check.severity == "problem" for check in self.checks)


def examine(
    config: Config, state: StateFolder, machine: Machine, clock: Clock, roster: RosterFile | None = None
) -> Examination:
    """Looks and changes nothing that lasts. The roster is read where no node runs that has read it."""
    now_ms = clock.now_ms()
    process = state.holder()
    note = read_note(state)
    of_folder = list(_of_folder(state.path, machine))
    checks = [
        *of_folder,
        *_of_kernels(state.path, machine),
        *_of_buffer(config, machine),
        *_of_clock(note, now_ms),
    ]
    if process is None:
        checks += [_no_node(note), *_of_ports(config, machine)]
        if roster is not None:
            officers = Officers(roster)
            officers.read(now_ms)
            checks += of_roster(roster_note(officers, now_ms), speaking=config.border.speaker != "off")
        return Examination(checks=tuple(checks), note=None)
    takes_notes = all(check.severity == "fine" for check in of_folder)
    checks += _of_node(note, process, now_ms, takes_notes=takes_notes)
    if note is not None and note.plans is not None:
        checks += of_plans(note.plans, note.written_ms)
    return Examination(checks=tuple(checks), note=note)


def _of_folder(folder: Path, machine: Machine) -> Iterator[Check]:
    if why := machine.can_write(folder):
        text = f"{folder} cannot be written ({why}): choose another with --state DIR."
        yield problem("state folder", "state_not_writable", text)
        return
    free = machine.free_bytes(folder)
    if free is not None and free < FREE_BYTES_LOW:
        text = f"Only {free >> 20} MiB are free at {folder}: facts cannot be kept on a full disk, make room."
        yield problem("state folder", "state_disk_low", text)
    else:
        yield fine("state folder", "state_writable", f"{folder} can be written.")


def _of_kernels(state: Path, machine: Machine) -> Iterator[Check]:
    folder = machine.kernel_cache(state / KERNELS_NAME)
    if folder is None:
        text = (
            "No folder for compiled kernels can be written: every start takes a minute. Set NUMBA_CACHE_DIR."
        )
        yield notice("kernel cache", "kernel_cache_not_writable", text)
    else:
        yield fine("kernel cache", "kernel_cache_writable", f"{folder} can be written.")


def _of_buffer(config: Config, machine: Machine) -> Iterator[Check]:
    limit, wanted = machine.receive_buffer_limit(), config.collector.receive_buffer_bytes
    if limit is not None and limit < wanted:
        text = (
            f"The system grants at most {limit} bytes and {wanted} are wanted: "
            f"`sysctl -w net.core.rmem_max={wanted}`, or run with the right to exceed it."
        )
        yield notice("receive buffer", "receive_buffer_limit", text)
    else:
        yield fine("receive buffer", "receive_buffer_enough", f"{wanted} bytes may be had.")


def _of_clock(note: HealthNote | None, now_ms: int) -> Iterator[Check]:
    if now_ms < RELEASED_MS:
        yield problem("clock", "clock_before_release", "This machine's clock is years behind: set up NTP.")
    elif note is not None and note.written_ms > now_ms + NOTE_STALE_MS:
        behind_s = (note.written_ms - now_ms) // 1000
        text = f"The clock stands {behind_s} s before the node's last note: it was set back. Check NTP."
        yield problem("clock", "clock_set_back", text)
    else:
        yield fine("clock", "clock_plausible", "The time is plausible.")


def _of_ports(config: Config, machine: Machine) -> Iterator[Check]:
    for endpoint in config.collector.listen:
        host, port = split_endpoint(endpoint)
        why = machine.can_listen(host, port)
        if why is None:
            yield fine(f"UDP {endpoint}", "port_free", "Free to listen on.")
            continue
        holder = machine.listener(port)
        by = f" by {holder}" if holder else ""
        text = f"Cannot be listened on ({why}){by}: end that program, or change collector.listen."
        yield problem(f"UDP {endpoint}", "port_not_free", text)


def _no_node(note: HealthNote | None) -> Check:
    text = "No node is running with this state folder; `tidegate run` starts one."
    if note is not None:
        text += " The last one wrote its health here, but it is gone."
    return notice("node", "node_not_running", text)


def _of_node(note: HealthNote | None, process: int, now_ms: int, *, takes_notes: bool) -> Iterator[Check]:
    if note is None:
        text = f"Process {process} runs but has not written its health yet: look again in a few seconds."
        yield notice("node", "node_without_note", text)
        return
    age_s = (now_ms - note.written_ms) // 1000
    if age_s * 1000 > NOTE_STALE_MS and not takes_notes:
        text = (
            f"Process {process} could not write its health down for {age_s} s, because of the state folder: "
            "put that right, and look at its log meanwhile."
        )
        yield problem("node", "node_cannot_tell", text)
        return
    if age_s * 1000 > NOTE_STALE_MS:
        text = f"Process {process} last told of its health {age_s} s ago: it is stuck, look at its log."
        yield problem("node", "node_stuck", text)
    else:
        yield fine("node", "node_running", f"Process {process} runs, version {note.version}.")
    if note.collector == "running":
        yield fine("collector", "collector_running", f"{note.records_per_s} records in its last second.")
    elif note.collector_trouble:
        text = f"It keeps failing ({note.collector_trouble}); see the node's log."
        yield problem("collector", "collector_failing", text)
    else:
        yield notice("collector", "collector_starting", "It is starting; the first start compiles kernels.")
    if note.storage_trouble:
        waiting = count_of(note.facts_waiting, "fact")
        so_far = (
            f"{waiting} in memory only, lost if the node ends, not alerted: " if note.facts_waiting else ""
        )
        text = f"Storing fails. {so_far}{note.storage_trouble}"
        yield problem("facts", "facts_not_stored", text)
    if note.alerts_trouble:
        yield problem("alerts", "alerts_not_told", f"Nobody is told of attacks: {note.alerts_trouble}")
    if note.effects_refused:
        text = (
            f"{count_of(note.effects_refused, 'effect')} were refused for good since the start: see the log."
        )
        yield notice("alerts", "effects_refused", text)
    for found in note.findings:
        about = f"exporter {found.exporter}" if found.exporter else "collector"
        yield Check(about=about, severity=found.severity, code=found.code, text=found.text)
