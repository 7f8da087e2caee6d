"""Enter, pressed while the demo's screen is drawn."""

import os
import select
import sys
import termios
import tty
from types import TracebackType

LINE_ENDS = frozenset(b"\r\n")


class Keys:
    """Reads the terminal key by key while it is open, and leaves it as it was. Where there is none, nobody
    presses anything, unless whoever started it `asked` for lines to be read. Ctrl-C stays Ctrl-C."""

    def __init__(self, *, asked: bool) -> None:
        self._typed = sys.stdin is not None and sys.stdin.isatty()
        self._number = sys.stdin.fileno() if self._typed or (asked and sys.stdin is not None) else None
        self._before: list[int | list[bytes | int]] | None = None

    def __enter__(self) -> "Keys":
        if self._number is not None and self._typed:
            self._before = termios.tcgetattr(self._number)
            tty.setcbreak(self._number)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._number is not None and self._before is not None:
            termios.tcsetattr(self._number, termios.TCSADRAIN, self._before)

    def enter_was_pressed(self) -> bool:
        """Since the last look; whatever else was pressed is forgotten."""
        pressed = False
        while self._number is not None and select.select([self._number], [], [], 0)[0]:
            read = os.read(self._number, 64)
            if not read:
                return pressed
            pressed = pressed or any(byte in LINE_ENDS for byte in read)
        return pressed
