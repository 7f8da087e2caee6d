"""What the facts of identity mean: our own card, whom we met, what cards end when, and epochs."""

from msgspec.structs import replace

from tidegate.hotline.state import PEERS_MAX, HotlineState, Own, Peer
from tidegate.hotline.stepping import Stepped, peer_of
from tidegate.model.facts import Alarm
from tidegate.model.hotline_facts import (
    CardExpiryNeared,
    EpochBegun,
    OwnCardIssued,
    PeerCardTaken,
    PeerLeft,
    PeerMet,
)
from tidegate.model.mappings import with_entry, without
from tidegate.model.refusals import Full, NotAllowed


def own_card_issued(state: HotlineState, _: int, __: int, fact: OwnCardIssued) -> Stepped:
    own = state.own
    if own is not None and own.organisation != fact.organisation:
        raise NotAllowed(f"this node speaks for {own.name}; another organisation needs a node of its own")
    if own is not None and fact.version <= own.version:
        raise NotAllowed(f"the card has version {own.version}; a new one needs a higher version")
    issued = Own(
        organisation=fact.organisation,
        name=fact.name,
        card=fact.card,
        version=fact.version,
        valid_until_s=fact.valid_until_s,
    )
    return replace(state, own=issued), ()


def peer_met(state: HotlineState, _: int, at_ms: int, fact: PeerMet) -> Stepped:
    if state.own is not None and fact.organisation == state.own.organisation:
        raise NotAllowed("an organisation does not meet itself")
    if len(state.peers) >= PEERS_MAX and fact.organisation not in state.peers:
        raise Full("peers", PEERS_MAX)
    known = state.peers.get(fact.organisation)
    if known is not None and fact.version < known.version:
        raise NotAllowed(f"a newer card of {known.name}, version {known.version}, is known")
    peer = Peer(
        organisation=fact.organisation,
        name=fact.name,
        card=fact.card,
        version=fact.version,
        valid_until_s=fact.valid_until_s,
        met_at_s=at_ms // 1000,
    )
    told = Alarm("peer met", f"{fact.name}; {fact.officer} compared the number {fact.how}")
    return replace(state, peers=with_entry(state.peers, peer.organisation, peer)), (told,)


def peer_card_taken(state: HotlineState, _: int, __: int, fact: PeerCardTaken) -> Stepped:
    known = peer_of(state, fact.organisation)
    if fact.version <= known.version:
        raise NotAllowed(f"the card of {known.name} has version {known.version}; {fact.version} is no newer")
    peer = replace(
        known,
        name=fact.name,
        card=fact.card,
        version=fact.version,
        valid_until_s=fact.valid_until_s,
        told_days=None,
    )
    root = "; it has a new root key" if fact.root_changed else ""
    told = Alarm("card changed", f"{fact.name} has card version {fact.version} now{root}")
    return replace(state, peers=with_entry(state.peers, peer.organisation, peer)), (told,)


def peer_left(state: HotlineState, _: int, __: int, fact: PeerLeft) -> Stepped:
    known = peer_of(state, fact.organisation)
    told = Alarm("peer left", f"{fact.officer} ended trust in {known.name}: {fact.why}")
    peers, brought = without(state.peers, fact.organisation), without(state.brought, fact.organisation)
    return replace(state, peers=peers, brought=brought), (told,)


def card_expiry_neared(state: HotlineState, _: int, __: int, fact: CardExpiryNeared) -> Stepped:
    own, days = state.own, fact.days_left
    if own is not None and fact.organisation == own.organisation:
        whose, state = "our own card", replace(state, own=replace(own, told_days=days))
    else:
        known = peer_of(state, fact.organisation)
        told = replace(known, told_days=days)
        whose = f"the card of {known.name}"
        state = replace(state, peers=with_entry(state.peers, known.organisation, told))
    when = f"ends in {days} days" if days > 0 else "has ended: nothing under it is believed"
    return state, (Alarm("card expiry", f"{whose}, version {fact.version}, {when}"),)


def epoch_begun(state: HotlineState, _: int, __: int, fact: EpochBegun) -> Stepped:
    if fact.epoch <= state.epoch:
        raise NotAllowed(f"epoch {fact.epoch} is not after epoch {state.epoch}")
    told = () if not state.epoch else (Alarm("epoch begun", f"serials count from 1 again: {fact.why}"),)
    return replace(state, epoch=fact.epoch), told
