"""The node's record as the hotline uses it: stored, told to the log, then told to whom it concerns."""

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager

from tidegate.app.node import Node
from tidegate.app.sentences import sentence
from tidegate.hotline.state import HotlineState
from tidegate.model.canonical import FactRecord
from tidegate.model.facts import Fact
from tidegate.model.organisations import Digest
from tidegate.ports.hotline import EnvelopeStore
from tidegate.ports.outside import OutsideFailed

log = logging.getLogger("tidegate.node")


class NodeRecord:
    """tidegate.app.hotline.needs.Record over a node; it belongs to the node's thread."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._untold: list[Fact] = []

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
        self._untold += facts
        self._tell()
        return numbers

    def carry_out(self) -> None:
        self._tell()
        self._node.carry_out()

    def _tell(self) -> None:
        """What is gathered is told later, when it is stored."""
        if self._node.gathering or self._node.waiting:
            return
        told, self._untold = self._untold, []
        for fact in told:
            self._is_stored(fact)

    def _is_stored(self, fact: Fact) -> None:
        if log.isEnabledFor(logging.INFO):
            log.info("%s", sentence(fact), extra={"fact": fact})

    def together(self) -> AbstractContextManager[None]:
        return self._node.together()

    def mentioning(self, digests: Sequence[str], kinds: Sequence[type]) -> list[tuple[str, FactRecord]]:
        return self._node.mentioning(digests, kinds)


class NodeBlobs:
    """tidegate.ports.hotline.EnvelopeStore beside a node: what its gathered facts name is stored, and then
    found."""

    def __init__(self, node: Node, blobs: EnvelopeStore) -> None:
        self._node = node
        self._blobs = blobs

    def put(self, blobs: Sequence[bytes]) -> list[Digest]:
        return self._blobs.put(blobs)

    def get(self, digest: Digest) -> bytes | None:
        found = self._blobs.get(digest)
        if found is None and self._node.gathering:
            self._node.store_gathered()
            found = self._blobs.get(digest)
        return found

    def drop(self, digests: Sequence[Digest]) -> None:
        self._blobs.drop(digests)

    def bytes_held(self) -> int:
        return self._blobs.bytes_held()
