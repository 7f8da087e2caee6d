"""The console beside a node: started, started again with growing pauses, never waited for, ended with it."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tidegate.adapters.child import ChildProcess
from tidegate.app.config import load_config
from tidegate.app.console_keeper import BACKOFF_MS, BACKOFF_MS_MAX, RUNS_WELL_MS, ConsoleKeeper
from tidegate.model.refusals import NotAllowed


@dataclass
class Clock:
    at_ms: int = 1_000_000

    def now_ms(self) -> int:
        return self.at_ms


@dataclass
class Child:
    """Ends when a test says so."""

    clock: Clock
    starts: list[int] = field(default_factory=list)
    why: str | None = None
    refuses: bool = False
    stopped: bool = False

    def start(self) -> None:
        self.starts.append(self.clock.at_ms)
        if self.refuses:
            raise FileNotFoundError(2, "No such file or directory")
        self.why = None

    def ended(self) -> str | None:
        return self.why

    def stop(self, timeout_s: float) -> None:
        self.stopped = True


def turns(keeper: ConsoleKeeper, clock: Clock, milliseconds: int) -> None:
    for _ in range(milliseconds // 250):
        keeper.turn()
        clock.at_ms += 250


@pytest.mark.parametrize("refuses", [False, True])
def test_a_console_that_ends_is_started_again_with_growing_pauses(refuses: bool) -> None:
    clock = Clock()
    child = Child(clock, refuses=refuses)
    keeper = ConsoleKeeper(child, clock, "http://localhost:8080")
    for _ in range(1_200):
        keeper.turn()
        child.why = "exit code 4"
        clock.at_ms += 250
    pauses = [later - sooner for sooner, later in zip(child.starts, child.starts[1:], strict=False)]
    assert pauses[:3] == sorted(pauses[:3])
    assert all(BACKOFF_MS <= pause <= BACKOFF_MS_MAX + 500 for pause in pauses)
    assert pauses[-1] >= BACKOFF_MS_MAX


def test_one_that_ran_well_is_started_again_at_once() -> None:
    clock = Clock()
    child = Child(clock)
    keeper = ConsoleKeeper(child, clock, "http://localhost:8080")
    turns(keeper, clock, RUNS_WELL_MS)
    assert len(child.starts) == 1
    child.why = "killed by signal 9"
    turns(keeper, clock, BACKOFF_MS + 500)
    assert len(child.starts) == 2
    keeper.stop()
    assert child.stopped


def test_a_clock_set_back_keeps_no_console_waiting() -> None:
    clock = Clock()
    child = Child(clock)
    keeper = ConsoleKeeper(child, clock, "http://localhost:8080")
    keeper.turn()
    child.why = "exit code 4"
    keeper.turn()
    clock.at_ms -= 10 * BACKOFF_MS_MAX
    keeper.turn()
    assert len(child.starts) == 2


def test_a_child_ends_when_it_is_told_to_and_when_its_node_is_gone() -> None:
    sleeping = "import time; time.sleep(600)"
    child = ChildProcess([sys.executable, "-c", sleeping], os.environ)
    child.start()
    assert child.ended() is None
    child.stop(10)
    assert child.ended() == "not started"
    beside = (
        "import os; from tidegate.adapters.child import end_with_parent; "
        f"end_with_parent(os.environ); print(os.getpid(), flush=True); {sleeping}"
    )
    node = (
        "import os, sys; from tidegate.adapters.child import ChildProcess\n"
        "class Heard(ChildProcess): pass\n"
        "import subprocess\n"
        "environment = os.environ | {'TIDEGATE_BESIDE': str(os.getpid())}\n"
        f"subprocess.Popen([sys.executable, '-c', {beside!r}], env=environment)\n"
        f"{sleeping}"
    )
    with subprocess.Popen([sys.executable, "-c", node], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert gone(pid)


def gone(pid: int) -> bool:
    for _ in range(1_000):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_a_console_that_would_speak_unsealed_is_a_mistake_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "tidegate.toml"
    file.write_text('[console]\nenabled = true\nlisten = "0.0.0.0:8080"\n')
    with pytest.raises(NotAllowed, match="can be reached from other machines"):
        load_config(file, {})
    file.write_text('[console]\nenabled = true\nlisten = "127.0.0.1:9090"\n')
    assert load_config(file, {}).config.console.enabled
