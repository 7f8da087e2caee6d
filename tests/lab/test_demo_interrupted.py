"""Ctrl-C, twice, or kill -9: everything that the demo started is gone with it, and so is its folder."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tidegate.cli.exits import Exit

COMMAND = [sys.executable, "-m", "tidegate", "demo", "--auto", "--console", "--json"]
BEGUN = ("collect", "speak", "exabgp", "console", "serve")
"""Words in the command lines of what is started."""

PATIENCE_S = 300.0


def started_for(folder: Path) -> dict[int, str]:
    """Processes in whose command line the folder stands."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(folder) in line:
                found[int(entry.name)] = line
    return found


@contextmanager
def begun_in(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A demo with its temporary folder in `folder`, once all that it starts runs."""
    environment = os.environ | {"TMPDIR": str(folder)}
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, env=environment) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if json.loads(line)["event"] == "console":
                break
        until = time.monotonic() + PATIENCE_S
        while lacking := [
            word for word in BEGUN if not any(word in line for line in started_for(folder).values())
        ]:
            assert time.monotonic() < until, lacking
            time.sleep(0.1)
        yield demo


def test_nothing_is_left_behind_after_two_interrupts(tmp_path: Path) -> None:
    with begun_in(tmp_path) as demo:
        demo.send_signal(signal.SIGINT)
        time.sleep(0.3)
        demo.send_signal(signal.SIGINT)
        assert demo.stdout is not None
        demo.stdout.read()
    assert demo.returncode == Exit.INTERRUPTED
    assert not started_for(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_behind_after_a_kill(tmp_path: Path) -> None:
    """Nobody is asked to end, and all end: the speaker too, which would hold its leases for a node."""
    with begun_in(tmp_path) as demo:
        demo.kill()
    until = time.monotonic() + PATIENCE_S
    while left := (started_for(tmp_path) or list(tmp_path.iterdir())):
        assert time.monotonic() < until, left
        time.sleep(0.1)
