"""What steps share: whom and what a fact is about, and where a message stands after it."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from tidegate.hotline.copies import awaits_nothing, moved
from tidegate.hotline.delivery import Event
from tidegate.hotline.state import READ_MAX, SETTLED_MAX, HotlineState, Peer, Received, Sent
from tidegate.model.facts import Effect
from tidegate.model.mappings import with_entry, without
from tidegate.model.organisations import Digest, OrganisationId
from tidegate.model.refusals import NotAllowed

Stepped = tuple[HotlineState, tuple[Effect, ...]]
Step = Callable[[HotlineState, int, int, Any], Stepped]


def peer_of(state: HotlineState, organisation: OrganisationId) -> Peer:
    peer = state.peers.get(organisation)
    if peer is None:
        raise NotAllowed(f"the organisation {organisation[:16]} was never met here")
    return peer


def name_of(state: HotlineState, organisation: OrganisationId) -> str:
    peer = state.peers.get(organisation)
    return peer.name if peer else organisation[:16]


def sent_of(state: HotlineState, message: Digest) -> Sent:
    sent = state.sent.get(message)
    if sent is None:
        raise NotAllowed(f"no message {message[:16]} is on its way")
    return sent


def reference(sent: Sent) -> str:
    return f"{'DRILL ' if sent.about.mark == 'DRILL' else ''}{sent.about.reference}"


def all_moved(sent: Sent, event: Event, at_ms: int, why: str = "") -> Sent:
    copies = tuple(moved(copy, event, at_ms // 1000, why) for copy in sent.copies)
    return replace(sent, copies=copies)


def put(state: HotlineState, sent: Sent) -> HotlineState:
    """Among those on their way; or, where nothing is awaited of anybody any more, among those settled."""
    message = sent.about.message
    others = tuple(one for one in state.settled if one.about.message != message)
    if not awaits_nothing(sent):
        settled = others if len(others) < len(state.settled) else state.settled
        return replace(state, sent=with_entry(state.sent, message, sent), settled=settled)
    return replace(state, sent=without(state.sent, message), settled=(*others, sent)[-SETTLED_MAX:])


def put_received(state: HotlineState, received: Received, *, opened: bool) -> HotlineState:
    message = received.about.message
    if not opened:
        return replace(state, inbox=with_entry(state.inbox, message, received))
    others = [one for one in state.read if one.about.message != message]
    inbox = without(state.inbox, message) if message in state.inbox else state.inbox
    return replace(state, inbox=inbox, read=(*others, received)[-READ_MAX:])
