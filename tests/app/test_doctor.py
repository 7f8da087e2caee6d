"""The doctor: each obstacle is named with its way out, and a stuck node is not called well."""

from pathlib import Path

import msgspec

from tidegate.app.doctor import NOTE_STALE_MS, RELEASED_MS, Examination, examine
from tidegate.app.health import finding
from tidegate.app.health_note import HealthNote
from tidegate.app.settings import Config

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
        bits_per_s=3400,
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
