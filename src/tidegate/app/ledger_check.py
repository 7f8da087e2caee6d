"""Whether the stored facts are the recorded ones: every byte is hashed again and compared with the head.

That shows damage and clumsy changes. Whoever can write to the database can also compute a new head for
changed facts; only someone who remembers an earlier size and root finds that out. So remember them, outside.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tidegate.app.entry import kept_nodes
from tidegate.ledger import Frontier, leaf_hash
from tidegate.model.canonical import decode_record
from tidegate.model.refusals import Malformed
from tidegate.ports.facts import FactStore, StoredFact, StoreHead

PROGRESS_EVERY = 4_096
"""Facts between two calls of `progress`."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A size and its root, written down at an earlier time and kept elsewhere."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """The first fact that is not as it was recorded, or near which that is; `why` is a sentence."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class LedgerVerdict:
    """`fault` is None when the `size` facts are those that `root` stands for."""

    size: int
    root: bytes
    fault: Fault | None

    @property
    def intact(self) -> bool:
        return self.fault is None


class FaultFound(Exception):
    """Ends the walk at the first fault."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(number, why)
        self.fault = Fault(number, why)


def verify_ledger(
    store: FactStore,
    remembered: Remembered | None = None,
    progress: Callable[[int, int], None] = lambda done, size: None,
) -> LedgerVerdict:
    """Reads everything, changes nothing, and may run beside a node that records.

    `progress(done, size)` is called now and then. OutsideFailed when the store cannot be read.
    """
    head = store.head()
    try:
        check_remembered_size(head, remembered)
        frontier = Frontier()
        check_remembered_root(frontier, remembered)
        for stored in store.facts(0, head.size):
            frontier = check_fact(store, frontier, stored)
            check_remembered_root(frontier, remembered)
            if frontier.size % PROGRESS_EVERY == 0:
                progress(frontier.size, head.size)
        check_end(store, frontier, head)
    except FaultFound as found:
        return LedgerVerdict(head.size, head.root, found.fault)
    return LedgerVerdict(head.size, head.root, None)


def check_fact(store: FactStore, frontier: Frontier, stored: StoredFact) -> Frontier:
    """The frontier after this fact, which must be the next one, sound, and under its kept subtree roots."""
    number = frontier.size
    if stored.number != number:
        raise FaultFound(number, "the fact is missing")
    if leaf_hash(stored.body) != stored.leaf_hash:
        raise FaultFound(number, "its bytes are not those that were recorded, or their hash is not")
    try:
        record = decode_record(stored.body)
    except Malformed as refusal:
        raise FaultFound(number, f"its bytes are no canonical fact: {refusal}") from None
    if (record.number, record.at_ms, record.kind) != (number, stored.at_ms, stored.kind):
        raise FaultFound(number, "its number, time or kind is not what its bytes say")
    frontier, completed = frontier.grow(stored.leaf_hash)
    check_kept_roots(store, number, completed)
    return frontier


def check_kept_roots(store: FactStore, number: int, completed: Sequence[bytes]) -> None:
    """Where bytes and hash were changed together, this finds the 256 facts among which that was."""
    for node in kept_nodes(number, completed):
        if store.roots(node.level, node.position, node.position + 1) != [node.root]:
            first = node.position << node.level
            raise FaultFound(first, f"one of the facts {first} to {number} is not as recorded, with its hash")


def check_end(store: FactStore, frontier: Frontier, head: StoreHead) -> None:
    if frontier.size != head.size:
        raise FaultFound(frontier.size, f"the fact is missing, of {head.size}")
    if (frontier.root, frontier.to_bytes()) != (head.root, head.frontier):
        last_kept = (head.size >> 8) << 8
        raise FaultFound(
            last_kept, f"one of the facts {last_kept} to {head.size - 1}, or the head, is not as recorded"
        )
    beyond = next(store.facts(head.size, head.size + 1), None)
    # A node that records beside us moves the head together with its facts.
    if beyond is not None and store.head().size <= beyond.number:
        raise FaultFound(beyond.number, "the fact was put in behind the ledger's end")


def check_remembered_size(head: StoreHead, remembered: Remembered | None) -> None:
    if remembered is not None and remembered.size > head.size:
        raise FaultFound(head.size, f"the ledger once had {remembered.size} facts, and has {head.size}")


def check_remembered_root(frontier: Frontier, remembered: Remembered | None) -> None:
    if remembered is None or frontier.size != remembered.size:
        return
    if frontier.root != remembered.root:
        raise FaultFound(0, f"the first {remembered.size} facts are not those whose root was remembered")
