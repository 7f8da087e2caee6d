"""What clears up after a demo however it ended: a process of its own, which outlives `kill -9` of the demo.

It is started as a file and imports nothing of ours, so that it costs a hundredth of what another of our
processes would. The demo's folder is locked by it, so that the next demo knows what nobody sweeps any more.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

PREFIX: Final = "tidegate-demo-"
LOOKS_S: Final = (0.0, *(0.1 for _ in range(100)))
"""How often what ends is looked at, ten seconds at most."""

JUST_MADE_S: Final = 60.0
"""A folder that is younger may be one whose demo is about to lock it."""


@contextmanager
def broom(folder: Path, *, removed: bool) -> Iterator[None]:
    """While this process lives nothing is swept. Then the speaker of the demo in `folder` is ended, and the
    folder `removed` where it was a temporary one."""
    command = [sys.executable, "-I", __file__, str(folder), "remove" if removed else "keep"]
    sweeping = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the demo
    )
    try:
        yield
    finally:
        assert sweeping.stdin is not None, "it was opened above"
        sweeping.stdin.close()
        sweeping.wait()


def temporary_folder(now_s: float) -> Path:
    """A new one; those that ended demos left behind, of this user, are swept first."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            told = left.lstat()
            if told.st_uid == os.getuid() and now_s - told.st_mtime > JUST_MADE_S:
                sweep_left(left)
    return Path(tempfile.mkdtemp(prefix=PREFIX))


def sweep_left(folder: Path) -> None:
    """OSError where a broom still holds it."""
    with locked(folder):
        end_speaker(folder)
        remove(folder)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """BlockingIOError where another holds it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def end_speaker(state: Path) -> None:
    """The process that holds the sessions outlives its node on purpose, for the sake of leases; the demo
    leaves nothing behind. By the process id that stands in its lock, and only while it holds that."""
    path = state / "speaker" / "speak.lock"
    if not path.exists():
        return
    with path.open() as lock:
        for wait_s in LOOKS_S:
            time.sleep(wait_s)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)  # who holds it may have written nothing yet
                if told := lock.read():
                    with suppress(ProcessLookupError):
                        os.kill(int(told), signal.SIGTERM)
            else:
                return


def remove(folder: Path) -> None:
    """Again where a process that is about to end still writes there."""
    for wait_s in LOOKS_S:
        time.sleep(wait_s)
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return


def main(folder: Path, *, removed: bool) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with locked(folder):
        sys.stdin.buffer.read()  # until the demo has closed its end, or is gone
        end_speaker(folder)
        if removed:
            remove(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), removed=sys.argv[2] == "remove")
