"""The lab's own time: a file that every program of the lab reads it from, so that days pass in a moment.

libfaketime stands before the C library's clocks. Name servers, the resolver, web servers, the responder and
the visitor's TLS all read the same moved time, and do at it what they would do.
"""

import os
from pathlib import Path
from typing import Final

from tidegate.ports.clock import Clock
from tidegate.ports.outside import OutsideFailed

LIBRARIES: Final = Path("/usr/lib")
LIBRARY: Final = "*/faketime/libfaketimeMT.so.1"

MOVING: Final = ("LD_PRELOAD", "FAKETIME_TIMESTAMP_FILE", "FAKETIME_NO_CACHE")
"""Variables that a program of the lab must hand on to its children."""


class MovedClock:
    """The host's time and so much more; it only moves forward."""

    def __init__(self, wall: Clock, folder: Path) -> None:
        self._wall = wall
        self._file = folder / "moved-by"
        self._library = _library()
        self.moved_s = 0
        self.move_to(0)

    def move_to(self, moved_s: int) -> None:
        """From now on all is so much later than the host's time."""
        self.moved_s = max(self.moved_s, moved_s)
        beside = self._file.with_suffix(".new")
        beside.write_text(f"+{self.moved_s}\n")
        beside.replace(self._file)  # whole: a program may read it at any moment

    def now_ms(self) -> int:
        return self._wall.now_ms() + self.moved_s * 1000

    def environment(self) -> dict[str, str]:
        """What makes a program read this time."""
        return os.environ | {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
        }


def _library() -> Path:
    for found in sorted(LIBRARIES.glob(LIBRARY)):
        return found
    raise OutsideFailed(
        "the lab cannot move time", f"there is no {LIBRARIES / LIBRARY}", "Install libfaketime."
    )
