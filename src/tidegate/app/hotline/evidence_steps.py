"""What a doubt about a ledger means: people are told; nothing else follows by itself."""

from collections.abc import Callable, Mapping
from typing import Any

from tidegate.app.state import State, Stepped
from tidegate.model.evidence_facts import EvidenceFact, OwnLedgerDoubted, PeerLedgerDoubted
from tidegate.model.facts import Alarm

SHOWN = 12


def peer_ledger_doubted(state: State, _: int, fact: PeerLedgerDoubted) -> Stepped:
    return state, (Alarm(f"ledger {fact.doubt}", evidence_sentence(fact)),)


def own_ledger_doubted(state: State, _: int, fact: OwnLedgerDoubted) -> Stepped:
    return state, (Alarm("own ledger doubted", evidence_sentence(fact)),)


EVIDENCE_STEPS: Mapping[type, Callable[[State, int, Any], Stepped]] = {
    PeerLedgerDoubted: peer_ledger_doubted,
    OwnLedgerDoubted: own_ledger_doubted,
}


def evidence_sentence(fact: EvidenceFact) -> str:
    if isinstance(fact, PeerLedgerDoubted):
        return f"{fact.organisation[:SHOWN]} {fact.why}"
    return f"{fact.witness[:SHOWN]} {fact.why}"
