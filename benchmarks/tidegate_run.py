"""The real `tidegate run` as a child: its own state folder, free ports, one core; and its collector found
under it.
"""

import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import child, family_of, free_udp_port, wait_until_bound

METRICS_SECONDS_MAX = 30

KEEP_BYTECODE = {"PYTHONDONTWRITEBYTECODE": ""}
"""Modules compiled by the first run are kept for the next, as wherever Python is left as it comes."""

_CONFIGURATION = """
[collector]
listen = ["127.0.0.1:{port}"]

[metrics]
listen = "127.0.0.1:{metrics_port}"
"""


@dataclass(frozen=True, slots=True)
class Running:
    """A node that listens. `ready_s` is how long it took from its start until its socket was bound."""

    pid: int
    port: int
    metrics_port: int
    state: Path
    ready_s: float

    def collector_pid(self) -> int:
        """The collector's process: the one under the node that holds the most memory, or the node itself."""
        from benchmarks.processes import memory_bytes

        below = [pid for pid in family_of(self.pid) if pid != self.pid]
        return max(below, key=lambda pid: memory_bytes(pid, "Rss"), default=self.pid)

    def metrics(self) -> dict[str, float]:
        """Each metric's sum over its labels, by name, as /metrics says it now."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        sums: dict[str, float] = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                key = name.partition("{")[0]
                sums[key] = sums.get(key, 0.0) + float(value)
        return sums


@contextmanager
def tidegate_running(folder: Path, core: int | None, configuration: str = "") -> Iterator[Running]:
    """Start it in `folder`, wait until it listens, hand it out, and stop it."""
    port, metrics_port = free_udp_port(), free_udp_port()
    config = folder / "tidegate.toml"
    config.write_text(_CONFIGURATION.format(port=port, metrics_port=metrics_port) + configuration)
    state = folder / "state"
    command = [sys.executable, "-m", "tidegate", "run", "--config", str(config), "--state", str(state)]
    with child(command, core, folder / "tidegate.log", KEEP_BYTECODE) as process:
        try:
            ready_s = wait_until_bound(port, process)
        except RuntimeError as error:
            raise RuntimeError(
                f"tidegate run {error}: {(folder / 'tidegate.log').read_text()[-1500:]}"
            ) from error
        yield Running(process.pid, port, metrics_port, state, ready_s)


def settle(seconds: float = 2.0) -> None:
    """Give a fresh process time to load its kernels and finish its first seconds."""
    time.sleep(seconds)
