"""What came over a path and was not fetched yet, bounded in all and for each peer."""

import threading
from collections import deque
from collections.abc import Sequence

from tidegate.model.organisations import OrganisationId
from tidegate.ports.hotline import Arrival, Outcome

WAITING_BYTES_MAX = 64 << 20
"""Bytes that came or are coming and were not fetched; beyond it the other end is told to come back later."""

PEER_WAITING_BYTES_MAX = 16 << 20
"""Of these, bytes of one peer: four of the longest exchanges; beyond it that peer is told the same."""

ARRIVALS_MAX = 4_096
"""Arrivals not fetched yet; beyond it the other end is told to come back later."""

OUTCOMES_MAX = 4_096
"""Outcomes not fetched yet; the oldest is forgotten, and its offer is made again as if it had failed."""

ARRIVAL_BYTES = 256
"""What an arrival takes beside its envelopes, so that empty ones count too."""


class Inbox:
    """Used by a path's threads on one side and by the node on the other.

    Room is reserved before bytes are read from a peer. What was reserved is then either put in, and free
    again once it is fetched, or released.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._arrivals: deque[tuple[Arrival, OrganisationId, int]] = deque()
        self._outcomes: deque[Outcome] = deque(maxlen=OUTCOMES_MAX)
        self._reserved: dict[OrganisationId, int] = {}
        self._total = 0

    def reserve(self, peer: OrganisationId, size: int) -> bool:
        """False where there is no room now."""
        size += ARRIVAL_BYTES
        with self._lock:
            theirs = self._reserved.get(peer, 0) + size
            if theirs > PEER_WAITING_BYTES_MAX or self._total + size > WAITING_BYTES_MAX:
                return False
            if len(self._arrivals) >= ARRIVALS_MAX:
                return False
            self._reserved[peer] = theirs
            self._total += size
            return True

    def release(self, peer: OrganisationId, size: int) -> None:
        with self._lock:
            self._give_back(peer, size)

    def put(self, arrival: Arrival, peer: OrganisationId, size: int) -> None:
        """`size` is what was reserved for it."""
        with self._lock:
            self._arrivals.append((arrival, peer, size))

    def arrivals(self) -> Sequence[Arrival]:
        with self._lock:
            taken = [arrival for arrival, _, _ in self._arrivals]
            for _, peer, size in self._arrivals:
                self._give_back(peer, size)
            self._arrivals.clear()
        return taken

    def tell(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)

    def outcomes(self) -> Sequence[Outcome]:
        taken: list[Outcome] = []
        while self._outcomes:
            taken.append(self._outcomes.popleft())
        return taken

    def _give_back(self, peer: OrganisationId, size: int) -> None:
        size += ARRIVAL_BYTES
        self._total -= size
        left = self._reserved[peer] - size
        if left:
            self._reserved[peer] = left
        else:
            del self._reserved[peer]
