"""The node's record as the hotline uses it: stored, told to the log, then told to whom it concerns."""

import logging
from collections.abc import Sequence

from tidegate.app.node import Node
from tidegate.app.sentences import sentence
from tidegate.hotline.state import HotlineState
from tidegate.model.canonical import FactRecord
from tidegate.model.facts import Fact
from tidegate.ports.outside import OutsideFailed

log = logging.getLogger("tidegate.node")


class NodeRecord:
    """tidegate.app.hotline.needs.Record over a node; it belongs to the node's thread."""

    def __init__(self, node: Node) -> None:
        self._node = node

    @property
    def state(self) -> HotlineState:
        return self._node.state.hotline

    @property
    def working(self) -> bool:
        return self._node.waiting == 0

    def record(self, *facts: Fact, keep: Sequence[bytes] = ()) -> list[int]:
        if self._node.waiting:
            raise OutsideFailed(
                "facts wait for the database", "the node", "Nothing is decided until it works."
            )
        numbers = self._node.store(*facts, keep=keep)
        for fact in facts:
            log.info("%s", sentence(fact), extra={"fact": fact})
        return numbers

    def carry_out(self) -> None:
        self._node.carry_out()

    def mentioning(self, digests: Sequence[str], kinds: Sequence[type]) -> list[tuple[str, FactRecord]]:
        return self._node.mentioning(digests, kinds)
