"""A fact made ready for the store: its bytes, its effects, and the ledger and state after it; all pure."""

from collections.abc import Sequence

import msgspec

from tidegate.app.attack_counts import counts_of, merged
from tidegate.app.state import State
from tidegate.app.step import step
from tidegate.hotline.mentions import mentions_of
from tidegate.ledger import TILE_HEIGHT, Frontier, leaf_hash
from tidegate.model.canonical import FactRecord, canonical_bytes, effect_bytes, kind_of
from tidegate.model.facts import Fact
from tidegate.ports.facts import (
    Addition,
    AttackCount,
    Mention,
    StoredEffect,
    StoredFact,
    StoreHead,
    TreeNode,
)

KEPT_LEVEL_STEP = TILE_HEIGHT
"""The store keeps subtree roots at levels 8, 16, 24 ...: one for 256 below it, as tiles do, so that a proof
reads a row of 256 hashes or two for eight levels, and the kept roots add less than half a percent."""


class Tip(msgspec.Struct, frozen=True, gc=False):
    """Where the record ends: the state, the ledger's frontier, and how many effects there are."""

    state: State = msgspec.field(default_factory=State)
    frontier: Frontier = msgspec.field(default_factory=Frontier)
    effects: int = 0

    @property
    def head(self) -> StoreHead:
        return StoreHead(self.frontier.size, self.frontier.root, self.frontier.to_bytes(), self.effects)


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One fact with all that follows from it; `tip` is where the record ends once it is stored. `blobs` are
    stored with it."""

    fact: StoredFact
    effects: tuple[StoredEffect, ...]
    nodes: tuple[TreeNode, ...]
    counts: tuple[AttackCount, ...]
    mentions: tuple[Mention, ...]
    tip: Tip
    blobs: tuple[bytes, ...] = ()


def prepare(tip: Tip, at_ms: int, fact: Fact) -> Entry:
    """The next entry after `tip`. NotAllowed or Full when `step` or `canonical_bytes` refuse the fact."""
    record = FactRecord(tip.frontier.size, at_ms, fact)
    state, effects = step(tip.state, record)
    body = canonical_bytes(record)
    leaf = leaf_hash(body)
    frontier, completed = tip.frontier.grow(leaf)
    return Entry(
        fact=StoredFact(record.number, at_ms, record.kind, body, leaf),
        effects=tuple(
            StoredEffect(tip.effects + at, record.number, kind_of(effect), effect_bytes(effect))
            for at, effect in enumerate(effects)
        ),
        nodes=kept_nodes(record.number, completed),
        counts=counts_of(fact),
        mentions=tuple(Mention(digest, record.number) for digest in mentions_of(fact)),
        tip=Tip(state, frontier, tip.effects + len(effects)),
    )


def kept_nodes(number: int, completed: Sequence[bytes]) -> tuple[TreeNode, ...]:
    """Of the subtrees that leaf `number` completes, those that the store keeps."""
    levels = range(KEPT_LEVEL_STEP, len(completed), KEPT_LEVEL_STEP)
    return tuple(TreeNode(level, number >> level, completed[level]) for level in levels)


def addition(tip: Tip, entries: Sequence[Entry]) -> Addition:
    """What to store so that the record, which ends at `tip`, ends with these entries; at least one."""
    return Addition(
        expected=tip.head,
        facts=[entry.fact for entry in entries],
        effects=[effect for entry in entries for effect in entry.effects],
        nodes=[node for entry in entries for node in entry.nodes],
        head=entries[-1].tip.head,
        counts=merged(count for entry in entries for count in entry.counts),
        mentions=[mention for entry in entries for mention in entry.mentions],
        blobs=[blob for entry in entries for blob in entry.blobs],
    )
