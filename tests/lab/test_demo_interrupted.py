"""Ctrl-C, twice: everything that the demo started is gone with it, and so is its folder."""

import json
import os
import signal
import subprocess
import sys
import time
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


def test_nothing_is_left_behind_after_two_interrupts(tmp_path: Path) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, env=environment) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if json.loads(line)["event"] == "console":
                break
        until = time.monotonic() + PATIENCE_S
        while lacking := [
            word for word in BEGUN if not any(word in line for line in started_for(tmp_path).values())
        ]:
            assert time.monotonic() < until, lacking
            time.sleep(0.1)
        demo.send_signal(signal.SIGINT)
        time.sleep(0.3)
        demo.send_signal(signal.SIGINT)
        demo.stdout.read()
    assert demo.returncode == Exit.INTERRUPTED
    assert not started_for(tmp_path)
    assert list(tmp_path.iterdir()) == []
