"""How long a command takes to answer, and `tidegate run` to listen, once the kernels are compiled and
kept.
"""

import os
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


HELP = Description("startup-help", "`tidegate --help`", "s", 0.3, Better.LOWER, measure_help)
READY = Description(
    "startup-run", "`tidegate run` listens, kernels cached", "s", 3.0, Better.LOWER, measure_ready
)
