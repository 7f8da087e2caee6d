"""How long a command takes to answer, and `tidegate run` to listen, once the kernels are compiled and
kept.
"""

import json
import os
import signal
import subprocess
import sys
import time

from benchmarks.figure import Better, Description, Figure, Settings
from benchmarks.live import Folder
from benchmarks.tidegate_run import KEEP_BYTECODE, tidegate_running


def _shown(times: list[float]) -> Figure:
    ordered = sorted(times)
    middle = ordered[len(ordered) // 2]
    return Figure(
        value=middle,
        shown=f"{middle:.3g} s median, {ordered[0]:.3g} s least of {len(ordered)}",
        notes=("first run, which may compile and fill caches, is not counted",),
    )


def measure_help(settings: Settings) -> Figure:
    times = []
    for _ in range(4 if settings.quick else 11):
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "tidegate", "--help"],
            check=True,
            stdout=subprocess.DEVNULL,
            env=os.environ | KEEP_BYTECODE,
        )
        times.append(time.perf_counter() - began)
    return _shown(times[1:])


def measure_ready(settings: Settings) -> Figure:
    times = []
    for _ in range(3 if settings.quick else 6):
        with Folder() as folder, tidegate_running(folder, None) as running:
            times.append(running.ready_s)
    return _shown(times[1:])


def measure_demo(settings: Settings) -> Figure:
    """By the demo's own account, from the start of its process until its page can be opened."""
    times = [ready_s() for _ in range(3 if settings.quick else 6)]
    return _shown(times[1:])


def ready_s() -> float:
    command = [sys.executable, "-m", "tidegate", "demo", "--auto", "--console", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | KEEP_BYTECODE) as demo:
        assert demo.stdout is not None, "it was asked for"
        ready = next((one for one in map(json.loads, demo.stdout) if one["event"] == "ready"), None)
        demo.send_signal(signal.SIGINT)
        demo.stdout.read()
    if ready is None:
        raise RuntimeError("the demo ended before it was ready")
    return float(ready["ready_ms"]) / 1000


HELP = Description("startup-help", "`tidegate --help`", "s", 0.3, Better.LOWER, measure_help)
READY = Description(
    "startup-run", "`tidegate run` listens, kernels cached", "s", 3.0, Better.LOWER, measure_ready
)
DEMO = Description(
    "demo-ready",
    "`tidegate demo` shows its first chapter, its page can be opened, kernels cached",
    "s",
    5.0,
    Better.LOWER,
    measure_demo,
)
