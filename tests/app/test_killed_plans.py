"""A node killed with SIGKILL again and again: the border follows the ledger, and ends empty."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).parents[2]
KILLS = 6


def run(folder: Path, kill_after_s: float | None) -> tuple[list[str], int, str]:
    """What the program said; killed so long after it had taken up what the last one left."""
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.plan_program", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert program.stdout is not None
    assert program.stderr is not None
    first = program.stdout.readline()
    killer = None
    if kill_after_s is not None and first:
        killer = threading.Timer(kill_after_s, lambda: os.kill(program.pid, signal.SIGKILL))
        killer.start()
    said = [first.strip(), *program.stdout.read().split("\n")]
    errors, code = program.stderr.read(), program.wait()
    if killer is not None:
        killer.cancel()
        killer.join()
    return [line for line in said if line], code, errors


def test_a_plan_comes_to_its_end_though_its_node_is_killed_at_every_step(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    moment = random.Random(seed)
    seen: set[str] = set()
    said: list[str] = []
    for _ in range(KILLS):
        said, code, errors = run(tmp_path, moment.uniform(0.0, 2.5))
        assert said[:1] == ["taken up"], errors
        assert code in (0, -signal.SIGKILL), errors
        seen |= set(said)
        if code == 0:
            break
    if code != 0:
        said, code, errors = run(tmp_path, None)
        assert code == 0, errors
    last = json.loads(said[-1])
    assert last["held"] == 0, "a rule is left at the border"
    assert last["stage"] == "lifted"
    for once in ("PlanApproved", "SpotTestStarted", "PlanHeld"):
        assert last["kinds"].count(once) == 1, "a step was taken twice"
