"""Programs of the lab: each runs in its organisation's network, at the moved time, and ends with the lab."""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Final

from tidegate.lab.audit.moved_clock import MovedClock
from tidegate.lab.audit.networks import Networks
from tidegate.ports.outside import OutsideFailed

END_S: Final = 5.0
PATIENCE_S: Final = 20.0
ASKED_EVERY_S: Final = 0.02


class Programs:
    """Started by a name that stands for them; what they say is in FOLDER/NAME.log."""

    def __init__(self, networks: Networks, clock: MovedClock, folder: Path) -> None:
        self._networks = networks
        self._clock = clock
        self.folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: list[IO[bytes]] = []

    def start(self, name: str, organisation: str, command: Sequence[str | Path]) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        self._logs.append(log)
        whole = [*self._networks.prefix(organisation), *map(str, command)]
        self._running[name] = self._popen(whole, log)

    def stop(self, name: str) -> None:
        """At once, as by a power cut."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def run(self, organisation: str, command: Sequence[str | Path]) -> str:
        """Runs a command to its end and returns what it said; OutsideFailed where it fails."""
        done = self._run(organisation, command)
        if done.returncode:
            whole = " ".join(map(str, command))
            raise OutsideFailed(whole, done.stdout + done.stderr, "Its words say what it wants.")
        return done.stdout

    def succeeds(self, organisation: str, command: Sequence[str | Path]) -> bool:
        return self._run(organisation, command).returncode == 0

    def until(self, ready: Callable[[], bool], what: str, sleep: Callable[[float], None]) -> None:
        """Waits until it is so; OutsideFailed after PATIENCE_S."""
        for _ in range(round(PATIENCE_S / ASKED_EVERY_S)):
            if ready():
                return
            sleep(ASKED_EVERY_S)
        raise OutsideFailed(f"the lab waited in vain: {what}", str(self.folder), "Read the logs there.")

    def close(self) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()
        for log in self._logs:
            log.close()

    def _run(self, organisation: str, command: Sequence[str | Path]) -> "subprocess.CompletedProcess[str]":
        whole = [*self._networks.prefix(organisation), *map(str, command)]
        try:
            return subprocess.run(
                whole,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                env=self._clock.environment(),
                cwd=self.folder,
            )
        except OSError as error:
            raise _not_there(whole, error) from error

    def _popen(self, command: Sequence[str], log: IO[bytes]) -> "subprocess.Popen[bytes]":
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._clock.environment(),
                cwd=self.folder,
            )
        except OSError as error:
            raise _not_there(command, error) from error


def _not_there(command: Sequence[str], error: OSError) -> OutsideFailed:
    remedy = (
        "The lab needs iproute2, nftables, knot, nsd, unbound, nginx, gnutls-bin, openssl and libfaketime."
    )
    return OutsideFailed(" ".join(command), str(error), remedy)
