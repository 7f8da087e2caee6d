"""What each peer may still bring to this node: the buckets of tidegate.hotline.admission, one set a peer."""

from tidegate.hotline.admission import MESSAGES_PER_S_MAX, Allowance, full_allowance
from tidegate.model.organisations import OrganisationId
from tidegate.model.refusals import Full


class Admission:
    """Only met peers come here, so that there are no more sets than peers. Forgotten when the node ends."""

    def __init__(self) -> None:
        self._allowances: dict[OrganisationId, Allowance] = {}

    def admit(self, peer: OrganisationId, size: int, now_ms: int) -> None:
        """Full where this envelope is more than the peer may bring now: its sender keeps it, and offers it
        again."""
        before = self._allowances.get(peer) or full_allowance(now_ms)
        self._allowances[peer], why = before.admit(size, now_ms)
        if why:
            raise Full(why, MESSAGES_PER_S_MAX)
