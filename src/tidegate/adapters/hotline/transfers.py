"""What is under way over signal datagrams: exchanges in pieces, words and probes, each sent until it is got.

Nothing here knows of sockets; times are seconds of a clock that never steps back.
"""

import os
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.adapters.hotline.datagram_socket import Address
from tidegate.model.organisations import Endpoint, OrganisationId
from tidegate.wire.erasure import PIECES_MAX, joined, piece
from tidegate.wire.signals import Piece, Probe, Signal, Word

PARTIAL_MAX = 32
"""Exchanges of one peer of which some pieces have come; with a further one, the oldest is forgotten."""

GOT_MAX = 256
"""Exchanges, words and probes of one peer that are remembered as got, so that this can be said again."""

_FAST_PER_S: Final = 400
_SLOW_PER_S: Final = 80
_SINGLE_FAST: Final = 4
_SINGLE_PER_S: Final = 10


@dataclass(slots=True)
class Sending:
    """One exchange, word or probe on its way. `endpoint` is None for answers, whose outcome nobody awaits.

    Half as many pieces again as are needed go fast, which mostly suffices up to a loss of three in ten; then
    they go on more slowly, until the other end has got it or `until_s` has come.
    """

    peer: OrganisationId
    endpoint: Endpoint | None
    to: Address
    began_s: float
    until_s: float
    length: int = 0
    rows: NDArray[np.uint8] | None = None
    word: bytes | None = None
    ticket: int = 0
    transfer: bytes = field(default_factory=lambda: os.urandom(8))
    sent: int = 0

    def due(self, now_s: float) -> int:
        """How many datagrams should have been sent by now and were not."""
        planned = self._planned(now_s - self.began_s)
        if self.rows is not None and self.sent < len(self.rows):
            planned = min(planned, len(self.rows))  # before more than suffices goes, who has it may say so
        return max(0, planned - self.sent)

    def next(self) -> Signal:
        number = self.sent
        self.sent += 1
        if self.rows is not None:
            number %= PIECES_MAX
            return Piece(self.transfer, self.length, number, piece(self.rows, number))
        return Probe(self.transfer) if self.word is None else Word(self.transfer, self.word)

    def is_over(self, now_s: float) -> bool:
        return now_s > self.until_s

    def _planned(self, passed_s: float) -> int:
        if self.rows is None:
            return min(_SINGLE_FAST, 1 + int(passed_s * 40)) + int(passed_s * _SINGLE_PER_S)
        fast = len(self.rows) * 3 // 2 + 2
        fast_s = fast / _FAST_PER_S
        if passed_s < fast_s:
            return 1 + int(passed_s * _FAST_PER_S)
        return fast + int((passed_s - fast_s) * _SLOW_PER_S)


@dataclass(slots=True)
class _Partial:
    length: int
    pieces: dict[int, bytes] = field(default_factory=dict)


class Receiving:
    """What comes from one peer."""

    def __init__(self) -> None:
        self._partial: OrderedDict[bytes, _Partial] = OrderedDict()
        self._got: OrderedDict[bytes, float] = OrderedDict()

    def add(self, come: Piece) -> bytes | None:
        """The whole body where this piece was the last one wanted; it is forgotten by `got` alone."""
        partial = self._partial.get(come.transfer)
        if partial is None:
            partial = self._partial[come.transfer] = _Partial(come.length)
            if len(self._partial) > PARTIAL_MAX:
                self._partial.popitem(last=False)
        if come.length != partial.length:
            return None
        if len(partial.pieces) < come.needed:
            partial.pieces[come.number] = come.body
        if len(partial.pieces) < come.needed:
            return None
        return joined(partial.pieces, come.needed, come.length)

    def got(self, transfer: bytes, now_s: float) -> None:
        self._partial.pop(transfer, None)
        self._got[transfer] = now_s
        if len(self._got) > GOT_MAX:
            self._got.popitem(last=False)

    def has_got(self, transfer: bytes) -> bool:
        return transfer in self._got

    def say_again(self, transfer: bytes, now_s: float, pause_s: float) -> bool:
        """Whether it is time to say once more that this was got."""
        if now_s - self._got[transfer] < pause_s:
            return False
        self._got[transfer] = now_s
        return True
