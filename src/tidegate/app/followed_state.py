"""The state of a record that another process writes: read once, and followed from then on, fact by fact."""

import threading
from collections.abc import Callable

from tidegate.app.checkpoint import CHECKPOINT_EVERY, tip_from
from tidegate.app.entry import Tip
from tidegate.app.node import rebuild
from tidegate.app.state import State
from tidegate.ports.facts import FactStore
from tidegate.ports.outside import OutsideFailed


class FollowedState:
    """For whoever asks again and again beside a node, from any thread. What it tells is what `read_state`
    would tell of the same record; a test holds the two together. The numbers stand beside the code that keeps
    each rule.

    1. A fact is read once; one question waits for the reading of another.
    2. What is told follows from the stored facts: the root that they lead to is the stored one.
    3. A record that does not go on from what was read (another one was put in its place) is read anew.
    4. Whoever did not ask for long reads no more than from the last checkpoint on.
    """

    def __init__(self, facts: Callable[[], FactStore]) -> None:
        self._facts = facts
        self._tip = Tip()
        self._lock = threading.Lock()

    def now(self) -> State:
        """As of the last stored fact; never to be changed. NotAllowed where there is no record,
        OutsideFailed when the store fails or does not hold what was recorded."""
        with self._lock:  # 1
            store = self._facts()
            head = store.head()
            if head != self._tip.head:
                self._tip = self._read(store, head.size)
            return self._tip.state

    def _read(self, store: FactStore, size: int) -> Tip:
        if 0 < size - self._tip.frontier.size <= CHECKPOINT_EVERY and self._tip.frontier.size:
            try:
                return rebuild(store, self._tip)  # 2
            except OutsideFailed:
                pass  # 3. Either the store fails, which it tells again, or these are other facts.
        return rebuild(store, tip_from(store.checkpoint()))  # 4
