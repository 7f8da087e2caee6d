"""What a bad network does to what passes it, decided packet by packet from a seed."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from tidegate.model.refusals import NotAllowed

DELAY_MS_MAX = 10_000
"""Longest delay of a fault, ten seconds; a longer one is NotAllowed."""


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares are of a hundred, for each packet on its own and in each direction.

    `delay_ms` is one way. A packet that is reordered comes up to as much later again, at least 20 ms. `cut`
    is the share of stream chunks at which the connection is cut in the middle. `partition` lets nothing pass.
    """

    loss: int = 0
    duplication: int = 0
    reordering: int = 0
    truncation: int = 0
    cut: int = 0
    delay_ms: int = 0
    partition: bool = False


NO_FAULTS: Final = Faults()
_SHARES: Final = ("loss", "duplication", "reordering", "truncation", "cut")
_WORD: Final = re.compile(r"(loss|duplication|reordering|truncation|cut)=(\d{1,3})%?|delay=(\d{1,5})(?:ms)?")


def faults_from(text: str) -> Faults:
    """Out of words like "loss=30%,delay=150ms,duplication=5%"; NotAllowed says which word is none."""
    told_faults: dict[str, int] = {}
    for word in filter(None, (word.strip() for word in text.split(","))):
        told = _WORD.fullmatch(word)
        if told is None:
            known = ", ".join(f"{share}=N%" for share in _SHARES)
            raise NotAllowed(f"{word!r} is no fault; there are {known} and delay=Nms")
        share, amount, delay = told.groups()
        if share:
            if int(amount) > 100:
                raise NotAllowed(f"{word!r} is more than all of it")
            told_faults[share] = int(amount)
        else:
            if int(delay) > DELAY_MS_MAX:
                raise NotAllowed(f"{word!r} is more than {DELAY_MS_MAX} ms")
            told_faults["delay_ms"] = int(delay)
    return msgspec.convert(told_faults, Faults)


@dataclass(frozen=True, slots=True)
class Passed:
    """One packet that comes out, so many milliseconds later."""

    packet: bytes
    after_ms: int


class Fate:
    """Decides what becomes of each packet; `faults` may be replaced at any time."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self.faults = faults
        self._luck = random.Random(seed)

    def of(self, packet: bytes) -> Sequence[Passed]:
        faults = self.faults
        if faults.partition or self._happens(faults.loss):
            return ()
        copies = 1 + self._happens(faults.duplication)
        return [Passed(self._whole_or_cut(packet), self._after_ms()) for _ in range(copies)]

    def cuts(self) -> bool:
        """Whether a stream is cut here."""
        return self._happens(self.faults.cut)

    def part(self, size: int) -> int:
        """So much of something passes before it is cut."""
        return self._luck.randrange(size) if size else 0

    def _whole_or_cut(self, packet: bytes) -> bytes:
        return packet[: self.part(len(packet))] if self._happens(self.faults.truncation) else packet

    def _after_ms(self) -> int:
        delay = self.faults.delay_ms
        return delay + (self._luck.randrange(max(20, delay)) if self._happens(self.faults.reordering) else 0)

    def _happens(self, share: int) -> bool:
        return share > 0 and self._luck.randrange(100) < share
