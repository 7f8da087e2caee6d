"""The shape every peer shares: whether it is installed, its version, how to start it on a port, what it
counted.
"""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Peer:
    """One program. `prepare` writes its configuration into a folder and returns the command that listens on
    a port.

    `records` reads, after the program has ended, how many records it says it took; None where it does not
    say.
    """

    name: str
    program: str
    package: str
    prepare: Callable[[Path, int], list[str]]
    records: Callable[[Path], int | None]

    def path(self) -> str | None:
        return shutil.which(self.program) or shutil.which(self.program, path="/usr/sbin:/usr/local/sbin")

    def version(self) -> str:
        """The Debian package's version, or "" where it is not from a package."""
        try:
            asked = subprocess.run(
                ["dpkg-query", "-W", "-f", "${Version}", self.package],
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError:
            return ""
        return asked.stdout.strip()
