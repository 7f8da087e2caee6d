"""The state at some size, written down, so that a node need not read its whole past to start.

A checkpoint is a convenience and never evidence: it may be lost, and one that is damaged, or was made by
other steps than today's, is passed over. Then the state is rebuilt from the first fact.
"""

from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec.structs import replace

from tidegate.app.entry import Tip
from tidegate.app.state import State
from tidegate.app.step import STEP_REVISION
from tidegate.hotline.state import HotlineState
from tidegate.ledger import Frontier
from tidegate.ports.facts import Checkpoint

CHECKPOINT_EVERY = 2_048
"""Facts between two checkpoints: about a tenth of a second of reading when a node starts, or when a console
finds it silent. One costs the node some 20 ms while a thousand attacks are open."""

DIGEST_BYTES = 32


class Written(msgspec.Struct, frozen=True):
    """What a checkpoint's bytes tell, after their digest."""

    step_revision: int
    frontier: bytes
    state: State


def checkpoint_of(tip: Tip) -> Checkpoint:
    written = Written(STEP_REVISION, tip.frontier.to_bytes(), tip.state)
    body = msgspec.json.encode(written, enc_hook=dict)
    return Checkpoint(tip.frontier.size, sha256(body).digest() + body)


def tip_from(checkpoint: Checkpoint | None) -> Tip:
    """Where the checkpoint was made (without the count of effects), or the very beginning."""
    if checkpoint is None:
        return Tip()
    digest, body = checkpoint.body[:DIGEST_BYTES], checkpoint.body[DIGEST_BYTES:]
    if sha256(body).digest() != digest:
        return Tip()
    try:
        written = msgspec.json.decode(body, type=Written)
        frontier = Frontier.from_bytes(written.frontier)
    except (msgspec.MsgspecError, ValueError):
        return Tip()
    state = written.state
    if written.step_revision != STEP_REVISION or not checkpoint.size == frontier.size == state.facts:
        return Tip()
    frozen = replace(
        state,
        open_attacks=MappingProxyType(dict(state.open_attacks)),
        counts=MappingProxyType(dict(state.counts)),
        plans=MappingProxyType(dict(state.plans)),
        officers=MappingProxyType(dict(state.officers)),
        hotline=frozen_hotline(state.hotline),
        reminded=MappingProxyType(dict(state.reminded)),
    )
    return Tip(frozen, frontier)


def frozen_hotline(state: HotlineState) -> HotlineState:
    """Its mappings as a step leaves them; JSON brings plain ones back."""
    mappings: dict[str, Any] = {
        name: MappingProxyType(dict(value))
        for name in state.__struct_fields__
        if isinstance(value := getattr(state, name), Mapping)
    }
    return msgspec.structs.replace(state, **mappings)
