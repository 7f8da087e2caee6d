"""What each peer may still bring to this node: the buckets of tidegate.hotline.admission, one set a peer."""

from collections import Counter

from tidegate.hotline.admission import (
    MESSAGES_PER_S_MAX,
    PEER_STORED_BYTES_MAX,
    Allowance,
    full_allowance,
)
from tidegate.model.organisations import OrganisationId
from tidegate.model.refusals import Full


class Admission:
    """Only met peers come here, so that there are no more sets than peers. Forgotten when the node ends."""

    def __init__(self) -> None:
        self._allowances: dict[OrganisationId, Allowance] = {}
        self._brought: Counter[OrganisationId] = Counter()

    def admit(self, peer: OrganisationId, size: int, now_ms: int) -> None:
        """Full where this envelope is more than the peer may bring now: its sender keeps it, and offers it
        again."""
        before = self._allowances.get(peer) or full_allowance(now_ms)
        self._allowances[peer], why = before.admit(size, self._brought[peer], now_ms)
        if why:
            full = self._brought[peer] + size > PEER_STORED_BYTES_MAX
            raise Full(why, PEER_STORED_BYTES_MAX if full else MESSAGES_PER_S_MAX)
        self._brought[peer] += size
