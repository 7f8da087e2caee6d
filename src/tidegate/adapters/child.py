"""A program of ours as a child process: started, watched, ended, and never orphaned."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Final

PARENT_VARIABLE: Final = "TIDEGATE_BESIDE"
"""Environment variable of the child: the process id of the node that started it."""

_PR_SET_PDEATHSIG: Final = 1


class ChildProcess:
    """Holds one process at a time (ports.children.ChildProgram). What it says on standard output is nobody's;
    its log is the node's."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = list(command)
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=self._environment | {PARENT_VARIABLE: str(os.getpid())},
        )

    def ended(self) -> str | None:
        if self._process is None:
            return "not started"
        code = self._process.poll()
        if code is None:
            return None
        return f"killed by signal {-code}" if code < 0 else f"exit code {code}"

    def stop(self, timeout_s: float) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def end_with_parent(environment: MutableMapping[str, str]) -> None:
    """In the child: Linux ends it when the node that started it, if one did, is gone."""
    parent = environment.pop(PARENT_VARIABLE, "")
    if not parent.isdecimal():
        return
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit(0)
