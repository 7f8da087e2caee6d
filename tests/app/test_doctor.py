"""The doctor: each obstacle is named with its way out, and a stuck node is not called well."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.officers import ANNA, BO, CARA, TextInMemory, members
from tidegate.app.doctor import NOTE_STALE_MS, RELEASED_MS, Examination, examine
from tidegate.app.health import finding
from tidegate.app.health_note import HealthNote
from tidegate.app.plans_note import (
    InForceNote,
    PlansNote,
    ReceiverNote,
    RosterNote,
    SessionNote,
    WaitingNote,
)
from tidegate.app.settings import BorderSection, Config
from tidegate.model.attacks import Rate

NOW_MS = RELEASED_MS + 1_000_000


class AMachine:
    """A machine on which everything is well, unless told otherwise."""

    def __init__(self, **changes: object) -> None:
        self._says = {
            "limit": 1 << 30,
            "busy": None,
            "holder": None,
            "unwritable": None,
            "free": 1 << 40,
        } | changes

    def receive_buffer_limit(self) -> int | None:
        return self._says["limit"]  # type: ignore[return-value]

    def can_listen(self, host: str, port: int) -> str | None:
        return self._says["busy"]  # type: ignore[return-value]

    def listener(self, port: int) -> str | None:
        return self._says["holder"]  # type: ignore[return-value]

    def can_write(self, folder: Path) -> str | None:
        return self._says["unwritable"]  # type: ignore[return-value]

    def kernel_cache(self, spare: Path) -> Path | None:
        return spare if self._says["unwritable"] is None else None

    def free_bytes(self, folder: Path) -> int | None:
        return self._says["free"]  # type: ignore[return-value]


class AFolder:
    """A state folder as it would be read."""

    path = Path("/var/lib/tidegate")

    def __init__(self, holder: int | None = None, note: bytes | None = None) -> None:
        self._holder, self._note = holder, note

    def claim(self) -> None: ...
    def release(self) -> None: ...
    def write_health(self, note: bytes) -> None: ...

    def identity(self) -> str:
        return "ab" * 16

    def holder(self) -> int | None:
        return self._holder

    def read_health(self) -> bytes | None:
        return self._note


class AClock:
    def __init__(self, now_ms: int = NOW_MS) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms


def a_note(**changes: object) -> bytes:
    note = HealthNote(
        version="0.1.0",
        process=77,
        written_ms=NOW_MS - 1000,
        collector="running",
        collector_trouble="",
        facts_waiting=0,
        storage_trouble="",
        alerts_trouble="",
        second=NOW_MS // 1000,
        records_per_s=12,
        bits_per_s=Rate(3400, 3400, 3400),
        exporters=(),
        exporters_left_out=0,
        findings=(),
    )
    return msgspec.json.encode(msgspec.structs.replace(note, **changes))


def codes(examination: Examination, severity: str) -> set[str]:
    return {check.code for check in examination.checks if check.severity == severity}


def test_on_a_healthy_machine_with_a_running_node_all_is_fine() -> None:
    examined = examine(Config(), AFolder(77, a_note()), AMachine(), AClock())
    assert {check.severity for check in examined.checks} == {"fine"}
    assert not examined.has_problem


def test_each_obstacle_of_the_machine_has_its_code() -> None:
    machine = AMachine(limit=4096, busy="in use", holder="nfcapd (process 5)", unwritable="read-only")
    examined = examine(Config(), AFolder(), machine, AClock(0))
    assert codes(examined, "problem") == {"state_not_writable", "port_not_free", "clock_before_release"}
    assert codes(examined, "notice") == {
        "kernel_cache_not_writable",
        "receive_buffer_limit",
        "node_not_running",
    }
    assert any("nfcapd (process 5)" in check.text for check in examined.checks)


def test_a_full_disk_is_a_problem() -> None:
    examined = examine(Config(), AFolder(), AMachine(free=1000), AClock())
    assert codes(examined, "problem") == {"state_disk_low"}


def test_a_node_whose_note_is_old_is_stuck() -> None:
    old = a_note(written_ms=NOW_MS - NOTE_STALE_MS - 1000)
    assert "node_stuck" in codes(examine(Config(), AFolder(77, old), AMachine(), AClock()), "problem")


def test_a_node_that_has_no_room_for_its_note_is_not_called_stuck() -> None:
    old = a_note(written_ms=NOW_MS - NOTE_STALE_MS - 1000)
    full = AMachine(free=0)
    problems = codes(examine(Config(), AFolder(77, old), full, AClock()), "problem")
    assert problems == {"state_disk_low", "node_cannot_tell"}


def test_facts_that_wait_and_alerts_that_nobody_hears_are_problems() -> None:
    note = a_note(facts_waiting=3, storage_trouble="the disk is full", alerts_trouble="ended with 1")
    examined = examine(Config(), AFolder(77, note), AMachine(), AClock())
    assert codes(examined, "problem") == {"facts_not_stored", "alerts_not_told"}
    assert any(
        "3 facts in memory only" in check.text and "the disk is full" in check.text
        for check in examined.checks
    )


def test_a_clock_that_was_set_back_is_told() -> None:
    note = a_note(written_ms=NOW_MS + NOTE_STALE_MS + 1)
    assert "clock_set_back" in codes(examine(Config(), AFolder(77, note), AMachine(), AClock()), "problem")


def test_what_the_node_found_of_its_exporters_is_told() -> None:
    found = finding("unknown_sampling", "192.0.2.1#0", records=5)
    examined = examine(Config(), AFolder(77, a_note(findings=(found,))), AMachine(), AClock())
    (check,) = [one for one in examined.checks if one.code == "unknown_sampling"]
    assert check.about == "exporter 192.0.2.1#0"
    assert examined.has_problem


def test_a_collector_that_keeps_failing_is_a_problem_and_one_that_starts_is_not() -> None:
    failing = a_note(collector="waiting", collector_trouble="exit code 1")
    starting = a_note(collector="starting")
    assert "collector_failing" in codes(
        examine(Config(), AFolder(77, failing), AMachine(), AClock()), "problem"
    )
    assert not examine(Config(), AFolder(77, starting), AMachine(), AClock()).has_problem


def test_a_note_of_another_release_is_as_good_as_none() -> None:
    examined = examine(Config(), AFolder(77, b'{"old": 1}'), AMachine(), AClock())
    assert codes(examined, "notice") == {"node_without_note"}


# Plans, the roster and the border.

ROSTER = RosterNote(path="/etc/officers.toml", trouble="", empty=False, live=3, seniors=1)
UP = SessionNote(border_point="north", router="r1", state="up", lacking=(), why="")
READ = ReceiverNote(border_point="north", asked=2, answered=2, why="", refusing="")
WAITING = WaitingNote(
    plan=3, attack=9, level="senior", since_ms=NOW_MS - 61_000, until_ms=NOW_MS + 539_000, agreed=("anna",)
)


def plans(**changes: Any) -> PlansNote:
    note = PlansNote(
        speaking=True,
        routers=1,
        speaker_trouble="",
        seen_ms=NOW_MS - 2_000,
        roster=ROSTER,
        sessions=(UP,),
        receivers=(READ,),
        waiting=(),
        in_force=(),
        left_out=0,
    )
    return msgspec.structs.replace(note, **changes)


def told(note: PlansNote) -> dict[str, tuple[str, str]]:
    """What the doctor says of plans that is not fine, by code."""
    examined = examine(Config(), AFolder(77, a_note(plans=note)), AMachine(), AClock())
    return {one.code: (one.severity, one.text) for one in examined.checks if one.severity != "fine"}


def test_where_plans_can_come_into_force_and_be_seen_all_is_fine() -> None:
    assert told(plans()) == {}


@pytest.mark.parametrize(
    ("changes", "code", "severity", "words"),
    [
        ({"speaking": False}, "speaker_off", "notice", "border.speaker"),
        ({"seen_ms": None}, "speaker_starting", "notice", "starting"),
        ({"seen_ms": None, "speaker_trouble": "exit 1"}, "speaker_silent", "problem", "(exit 1)"),
        ({"seen_ms": NOW_MS - 61_000}, "speaker_silent", "problem", "for 60 s"),
        ({"speaker_trouble": "no answer"}, "speaker_failing", "problem", "no answer"),
        (
            {"sessions": (msgspec.structs.replace(UP, state="down", why="hold timer"),)},
            "session_down",
            "problem",
            "(hold timer)",
        ),
        ({"sessions": (msgspec.structs.replace(UP, state="unknown"),)}, "session_unknown", "problem", ""),
        (
            {"sessions": (msgspec.structs.replace(UP, lacking=("ipv6 flowspec",)),)},
            "family_not_agreed",
            "problem",
            "without ipv6 flowspec",
        ),
        ({"receivers": (msgspec.structs.replace(READ, asked=0, answered=0),)}, "not_read_back", "notice", ""),
        (
            {"receivers": (msgspec.structs.replace(READ, answered=1, why="birdc: gone"),)},
            "receiver_silent",
            "notice",
            "birdc: gone",
        ),
        ({"receivers": (msgspec.structs.replace(READ, answered=0),)}, "receiver_silent", "problem", "0 of 2"),
        (
            {"receivers": (msgspec.structs.replace(READ, refusing="edge (birdc): it refuses 2"),)},
            "rules_refused",
            "problem",
            "edge (birdc): it refuses 2",
        ),
        ({"counters_trouble": "edge took too long"}, "counters_unread", "problem", "edge took too long"),
        ({"left_out": 5}, "border_left_out", "notice", "5 more"),
    ],
)
def test_each_obstacle_at_the_border_has_its_code(
    changes: dict[str, Any], code: str, severity: str, words: str
) -> None:
    found = told(plans(**changes))
    assert set(found) == {code}
    assert found[code][0] == severity
    assert words in found[code][1]


@pytest.mark.parametrize(
    ("changes", "code", "severity"),
    [
        (
            {"trouble": "nobody can approve plans: others may write it", "live": 0},
            "roster_unreadable",
            "problem",
        ),
        ({"empty": True, "live": 0, "seniors": 0}, "roster_empty", "problem"),
        ({"live": 1, "seniors": 1}, "officers_too_few", "problem"),
        ({"seniors": 0}, "officers_no_senior", "notice"),
    ],
)
def test_a_roster_that_can_approve_nothing_is_told(changes: dict[str, Any], code: str, severity: str) -> None:
    roster = msgspec.structs.replace(ROSTER, **changes)
    assert {code: severity} == {key: said[0] for key, said in told(plans(roster=roster)).items()}
    off = told(plans(roster=roster, speaking=False, routers=0))
    assert {code: "notice"} == {key: said[0] for key, said in off.items()}, "it keeps nothing from happening"


def test_a_plan_that_waits_is_told_with_its_time_and_what_it_lacks() -> None:
    found = told(plans(waiting=(WAITING,)))
    assert set(found) == {"plan_waiting"}
    severity, text = found["plan_waiting"]
    assert severity == "notice"
    for words in ("waited for 60 s", "expires in 540 s", "anna agreed", "senior", "tidegate plan approve 3"):
        assert words in text


def test_rules_in_force_are_told_with_their_leases() -> None:
    held = InForceNote(plan=3, border_point="north", rules=4, remaining_s=95)
    examined = examine(Config(), AFolder(77, a_note(plans=plans(in_force=(held,)))), AMachine(), AClock())
    (check,) = [one for one in examined.checks if one.code == "rules_in_force"]
    assert (check.about, check.text) == ("plan 3", "4 rules in force at north; 95 s of the lease are left.")


def test_effects_that_a_sink_will_never_take_are_told() -> None:
    examined = examine(Config(), AFolder(77, a_note(effects_refused=2)), AMachine(), AClock())
    assert codes(examined, "notice") == {"effects_refused"}


@pytest.mark.parametrize(
    ("text", "severity", "code"),
    [
        ("", "problem", "roster_empty"),
        ("no [roster", "problem", "roster_unreadable"),
        (members(ANNA), "problem", "officers_too_few"),
        (members(ANNA, BO, CARA), "fine", "officers_enough"),
    ],
)
def test_without_a_node_the_doctor_reads_the_roster_itself(text: Any, severity: str, code: str) -> None:
    speaking = Config(border=BorderSection(speaker="exabgp"))
    roster: Any = TextInMemory(members())
    roster.text = text if isinstance(text, str) else TextInMemory(text).text
    examined = examine(speaking, AFolder(), AMachine(), AClock(), roster)
    assert code in codes(examined, severity)
    off = examine(Config(), AFolder(), AMachine(), AClock(), roster)
    assert not [one for one in off.checks if one.about == "roster" and one.severity == "problem"]
