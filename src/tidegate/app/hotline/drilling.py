"""Communication checks on a schedule: no peer goes longer than the operator said without one."""

from tidegate.app.hotline.composing import SCHEDULE, drill
from tidegate.app.hotline.needs import Needs
from tidegate.hotline.backoff import is_due
from tidegate.model.refusals import Full, NotAllowed

TRIED_EVERY_MS = 60_000
"""A drill that could not be sent is tried again after this."""


class Drills:
    """Belongs to the node's thread. `every_s` of 0 leaves drills to people."""

    def __init__(self, needs: Needs, every_s: int) -> None:
        self._needs = needs
        self._every_s = every_s
        self._tried_s: int | None = None

    def turn(self, now_s: int) -> None:
        """At most one drill in one turn, with the peer whose last one is longest ago."""
        state = self._needs.state
        now_ms = now_s * 1000
        failed = self._tried_s is not None and not is_due(self._tried_s * 1000, TRIED_EVERY_MS, now_ms)
        if not self._every_s or failed:
            return
        last = {
            peer.organisation: max((one.at_s for one in state.drills.get(peer.organisation, ())), default=0)
            for peer in state.peers.values()
        }
        due = [peer for peer, at_s in last.items() if is_due(at_s * 1000, self._every_s * 1000, now_ms)]
        if not due:
            return
        try:
            drill(self._needs, (min(due, key=lambda peer: last[peer]),), False, SCHEDULE)
        except (NotAllowed, Full):
            self._tried_s = now_s
