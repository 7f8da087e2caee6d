"""Where facts and effects are kept for ever: the contract of the one durable store."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from tidegate.model.refusals import NotAllowed

APPEND_FACTS_MAX = 1024
"""Facts in one transaction: a burst of a thousand attacks is one, and lands with one write of each count."""

READ_ROWS_MAX = 1024
"""Rows that one question brings back; whoever wants more asks again from the last number."""


class StoredFact(msgspec.Struct, frozen=True, gc=False):
    """A fact as it lies in the store. `at_ms` and `kind` repeat what `body` says, to be searched by."""

    number: int
    at_ms: int
    kind: str
    body: bytes  # canonical bytes, tidegate.model.canonical
    leaf_hash: bytes


class StoredEffect(msgspec.Struct, frozen=True, gc=False):
    """An effect as it lies in the store; numbers count from 0 over all effects ever."""

    number: int
    fact_number: int
    kind: str
    body: bytes


class TreeNode(msgspec.Struct, frozen=True, gc=False):
    """The root of a complete subtree of the ledger, kept so that proofs need not read every leaf."""

    level: int
    position: int
    root: bytes


class StoreHead(msgspec.Struct, frozen=True, gc=False):
    """What the store holds: `size` facts whose Merkle root is `root`, and `effects` effects.

    `frontier` is `tidegate.ledger.Frontier` as bytes. Two heads are equal only if all before them is.
    """

    size: int
    root: bytes
    frontier: bytes
    effects: int


MENTIONS_ASKED_MAX = 512
"""Digests in one question; whoever wants more asks again."""

ANY = ""
"""In a count: all vectors together, or all border points together."""


class AttackCount(msgspec.Struct, frozen=True, gc=False):
    """What the attacks of one day (counted from 1970-01-01, UTC), vector and border point amount to.

    `kilobytes` is the attack traffic in all, `peak_bits_per_s` and `longest_s` are those of the worst.
    """

    day: int
    vector: str
    border_point: str
    attacks: int
    kilobytes: int
    peak_bits_per_s: int
    longest_s: int


class Mention(msgspec.Struct, frozen=True, gc=False):
    """Fact `fact_number` is about the thing of this digest (64 hex digits), and is found by it."""

    digest: str
    fact_number: int


class Addition(msgspec.Struct, frozen=True, gc=False):
    """Facts with all that follows from them, to be stored together or not at all.

    `counts` holds no day, vector and border point twice, `mentions` none twice. `blobs` are bytes that the
    facts name by their SHA-256 (tidegate.ports.hotline.EnvelopeStore).
    """

    expected: StoreHead
    facts: Sequence[StoredFact]
    effects: Sequence[StoredEffect]
    nodes: Sequence[TreeNode]
    head: StoreHead
    counts: Sequence[AttackCount] = ()
    mentions: Sequence[Mention] = ()
    blobs: Sequence[bytes] = ()


class Checkpoint(msgspec.Struct, frozen=True, gc=False):
    """The state after `size` facts, in bytes that only `tidegate.app.checkpoint` reads."""

    size: int
    body: bytes


class HeadMoved(NotAllowed):
    """Someone else appended: the store's head is not the one that the addition was made for."""


class FactStore(Protocol):
    """An append-only list of facts with its ledger head, and the effects that they ask for.

    1. An addition is stored in one transaction: facts, effects, tree nodes and the new head.
    2. When `append` returns, the addition survives the death of the process and of the machine.
    3. When it raises OutsideFailed, the addition is stored whole or not at all, and only `head` can tell
       which. Any later call may be tried again; a store that failed once works again once its cause is gone.
    4. Of two additions made for one head, at most one is stored; the other raises HeadMoved.
    5. What is stored never changes. The two exceptions: an effect, once, becomes done, and what it asked
       for is not kept then, since it follows from its fact; and there is one checkpoint, the last saved,
       which may also be missing.
    6. Counts of attacks follow from facts. They are added in the transaction of their facts, exactly once,
       and only while the counts hold all facts before; else they are left to `add_counts`.
    7. Mentions follow from facts too, and are stored in the transaction of their facts.
    8. Blobs of an addition are put in its transaction; where one is there already it stays.
    9. The store hashes nothing and believes nothing: whether bytes, hashes and head agree is for the
       caller to check (`tidegate.app.ledger_check`).

    Every call may raise OutsideFailed.
    """

    @property
    def where(self) -> str:
        """Its place, for messages: a URL without a password."""

    def head(self) -> StoreHead:
        """As of the last addition that took hold."""

    def append(self, addition: Addition) -> None:
        """Store it, or raise HeadMoved and store nothing."""

    def facts(self, begin: int, end: int) -> Iterator[StoredFact]:
        """Facts with begin <= number < end in order, as far as there are any."""

    def latest(self, kinds: Sequence[str], before: int, limit: int) -> list[StoredFact]:
        """The last facts of these kinds below number `before`, newest first, at most READ_ROWS_MAX."""

    def mentioning(self, digests: Sequence[str], kinds: Sequence[str]) -> list[tuple[str, StoredFact]]:
        """Facts of these kinds that mention one of these digests, each with the digest, by number.

        At most READ_ROWS_MAX; give at most MENTIONS_ASKED_MAX digests.
        """

    def digests_beginning(self, beginning: str, limit: int) -> list[str]:
        """The first digests, in order, that some fact mentions and that begin with these hex digits."""

    def roots(self, level: int, begin: int, end: int) -> list[bytes]:
        """Leaf hashes (level 0) or kept subtree roots at positions begin to end, in order.

        Fewer than end - begin where some are not kept.
        """

    def pending_effects(self, after: int, limit: int) -> list[StoredEffect]:
        """The first effects above number `after` that are not done, in order, at most READ_ROWS_MAX."""

    def mark_done(self, numbers: Sequence[int], done_at_ms: int) -> None:
        """Remember that these effects were carried out. Idempotent by number; the first time stays."""

    def counted(self) -> int:
        """How many facts, from the first, the counts of attacks hold."""

    def add_counts(self, begin: int, end: int, counts: Sequence[AttackCount]) -> None:
        """Add what the facts from `begin` to `end` amount to; nothing unless `counted()` is `begin`."""

    def attack_counts(
        self, first_day: int, end_day: int, *, by_vector: bool, by_border_point: bool
    ) -> list[AttackCount]:
        """Counts over the days first_day <= day < end_day, each with `first_day` as its day, in order.

        One for each vector, border point, or pair of them; what is not asked for is ANY.
        """

    def checkpoint(self) -> Checkpoint | None:
        """The last saved, if any."""

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Put it in the place of the one before."""
