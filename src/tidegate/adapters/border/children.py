"""Child processes that end with their parent, and the end of one that was started."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Final

_PR_SET_PDEATHSIG: Final = 1

ENDING_S: Final = 5.0
"""How long the kernel may take to end a killed process."""


def end_with_parent(number: int) -> None:
    """This process gets the signal when its parent ends, however that happens (PR_SET_PDEATHSIG)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)


def start_bound_child(
    command: Sequence[str],
    environment: Mapping[str, str],
    errors: IO[bytes] | int,
    output: IO[bytes] | int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """A child that is killed when the thread that calls this ends, and so when this process does, also by
    kill -9."""
    parent = os.getpid()

    def bind() -> None:
        end_with_parent(signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        preexec_fn=bind,  # noqa: PLW1509
    )


def kill_child(child: subprocess.Popen[bytes] | None) -> None:
    """Ends it at once, and waits until it is gone."""
    if child is not None:
        child.kill()
        with suppress(subprocess.TimeoutExpired):
            child.wait(ENDING_S)


def kill_process(pid: int | None) -> None:
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
