"""What the facts of custody mean: an envelope is held for a recipient, or no longer."""

from msgspec.structs import replace

from tidegate.hotline.relay import KEPT_MAX, Kept, custody_key
from tidegate.hotline.state import HotlineState
from tidegate.hotline.stepping import Stepped
from tidegate.model.hotline_facts import EnvelopeKept, EnvelopeLetGo
from tidegate.model.mappings import with_entry, without
from tidegate.model.refusals import Full, NotAllowed


def envelope_kept(state: HotlineState, _: int, at_ms: int, fact: EnvelopeKept) -> Stepped:
    key = custody_key(fact.envelope, fact.recipient)
    if key in state.kept:
        raise NotAllowed(f"envelope {fact.envelope[:12]} is in custody for this recipient already")
    if len(state.kept) >= KEPT_MAX:
        raise Full("envelopes in custody", KEPT_MAX)
    kept = Kept(
        envelope=fact.envelope,
        sender=fact.sender,
        recipient=fact.recipient,
        size=fact.size,
        taken_at_s=at_ms // 1000,
        until_s=fact.until_s,
    )
    return replace(state, kept=with_entry(state.kept, key, kept)), ()


def envelope_let_go(state: HotlineState, _: int, __: int, fact: EnvelopeLetGo) -> Stepped:
    key = custody_key(fact.envelope, fact.recipient)
    if key not in state.kept:
        raise NotAllowed(f"envelope {fact.envelope[:12]} is in nobody's custody here")
    return replace(state, kept=without(state.kept, key)), ()
