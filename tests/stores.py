"""A fact store in memory, obvious enough to hold the real ones against; and one that fails on purpose."""

from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from tidegate.app.attack_counts import merged
from tidegate.app.entry import Tip
from tidegate.ports.facts import (
    ANY,
    READ_ROWS_MAX,
    Addition,
    AttackCount,
    Checkpoint,
    FactStore,
    HeadMoved,
    StoredEffect,
    StoredFact,
    StoreHead,
)
from tidegate.ports.outside import OutsideFailed


class MemoryStore:
    """Keeps the contract of `FactStore`, except for surviving anything."""

    where = "memory"

    def __init__(self) -> None:
        self._head = Tip().head
        self._facts: list[StoredFact] = []
        self._effects: list[StoredEffect] = []
        self._nodes: dict[tuple[int, int], bytes] = {}
        self.done: dict[int, int] = {}
        self._checkpoint: Checkpoint | None = None
        self._counted = 0
        self._counts: list[AttackCount] = []
        self._mentions: dict[str, list[int]] = {}
        self.blobs: set[bytes] = set()

    def head(self) -> StoreHead:
        return self._head

    def append(self, addition: Addition) -> None:
        if addition.expected != self._head:
            raise HeadMoved("another node writes to memory")
        self._facts += addition.facts
        self._effects += addition.effects
        self._nodes |= {(node.level, node.position): node.root for node in addition.nodes}
        for mention in addition.mentions:
            self._mentions.setdefault(mention.digest, []).append(mention.fact_number)
        self.blobs.update(addition.blobs)
        self._head = addition.head
        self.add_counts(addition.expected.size, addition.head.size, addition.counts)

    def counted(self) -> int:
        return self._counted

    def add_counts(self, begin: int, end: int, counts: Sequence[AttackCount]) -> None:
        if self._counted == begin:
            self._counted = end
            self._counts += counts

    def attack_counts(
        self, first_day: int, end_day: int, *, by_vector: bool, by_border_point: bool
    ) -> list[AttackCount]:
        return sorted(
            merged(
                replace(count, day=first_day)
                for count in self._counts
                if first_day <= count.day < end_day
                and (count.vector != ANY) == by_vector
                and (count.border_point != ANY) == by_border_point
            ),
            key=lambda count: (count.vector, count.border_point),
        )

    def facts(self, begin: int, end: int) -> Iterator[StoredFact]:
        yield from self._facts[begin:end]

    def latest(self, kinds: Sequence[str], before: int, limit: int) -> list[StoredFact]:
        found = [fact for fact in reversed(self._facts) if fact.kind in kinds and fact.number < before]
        return found[: min(limit, READ_ROWS_MAX)]

    def mentioning(self, digests: Sequence[str], kinds: Sequence[str]) -> list[tuple[str, StoredFact]]:
        found = [
            (digest, self._facts[number])
            for digest in set(digests)
            for number in self._mentions.get(digest, ())
            if self._facts[number].kind in kinds
        ]
        return sorted(found, key=lambda each: each[1].number)[:READ_ROWS_MAX]

    def digests_beginning(self, beginning: str, limit: int) -> list[str]:
        return sorted(digest for digest in self._mentions if digest.startswith(beginning))[:limit]

    def roots(self, level: int, begin: int, end: int) -> list[bytes]:
        if level == 0:
            return [fact.leaf_hash for fact in self._facts[begin:end]]
        return [self._nodes[level, at] for at in range(begin, end) if (level, at) in self._nodes]

    def pending_effects(self, after: int, limit: int) -> list[StoredEffect]:
        pending = [one for one in self._effects if one.number > after and one.number not in self.done]
        return pending[: min(limit, READ_ROWS_MAX)]

    def mark_done(self, numbers: Sequence[int], done_at_ms: int) -> None:
        for number in numbers:
            if number < len(self._effects):
                self.done.setdefault(number, done_at_ms)

    def checkpoint(self) -> Checkpoint | None:
        return self._checkpoint

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint


class FailingStore(MemoryStore):
    """Fails when told to: before it does what it was asked, or after it did it."""

    def __init__(self) -> None:
        super().__init__()
        self.fails: str | None = None
        self.reads_fail = False

    def append(self, addition: Addition) -> None:
        self._failing(lambda: super(FailingStore, self).append(addition))

    def mark_done(self, numbers: Sequence[int], done_at_ms: int) -> None:
        self._failing(lambda: super(FailingStore, self).mark_done(numbers, done_at_ms))

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        self._failing(lambda: super(FailingStore, self).save_checkpoint(checkpoint))

    def head(self) -> StoreHead:
        if self.reads_fail:
            raise out_of_reach()
        return super().head()

    def pending_effects(self, after: int, limit: int) -> list[StoredEffect]:
        if self.reads_fail:
            raise out_of_reach()
        return super().pending_effects(after, limit)

    def _failing(self, act: Callable[[], None]) -> None:
        if self.fails != "and did nothing":
            act()
        if self.fails is not None:
            raise out_of_reach()


def out_of_reach() -> OutsideFailed:
    return OutsideFailed("the store does not answer", "memory", "Wait.")


A_STORE: FactStore = MemoryStore()  # for mypy: it keeps the protocol
