"""Envelopes on their way by hand: on a stick, in a mail, as codes on paper or on a screen."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Carried:
    """What was read. `problems` says in words what was not: which lines are missing, what was cut."""

    envelopes: tuple[bytes, ...]
    problems: tuple[str, ...]


class Carrier(Protocol):
    """Writes never go over what is there. Calls may raise OutsideFailed; NotAllowed where it is too much."""

    def write_file(self, path: Path, envelopes: Sequence[bytes]) -> None: ...

    def write_mail(self, path: Path, envelopes: Sequence[bytes], sender: str, recipient: str) -> None:
        """An .eml for any mail program: the file attached, and a text that says what to do with it."""

    def write_codes(self, folder: Path, envelopes: Sequence[bytes]) -> list[Path]:
        """QR codes as PNG, in a folder of their own, to be printed or shown in order."""

    def codes_for_screen(self, envelopes: Sequence[bytes]) -> list[str]:
        """QR codes that fit a terminal of 80 columns."""

    def read(self, paths: Sequence[Path]) -> Carried:
        """Files, mails, pictures of codes, texts of scanned lines, and folders of all these, in any order."""
