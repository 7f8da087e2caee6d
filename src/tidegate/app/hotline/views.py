"""The state of the hotline as the doors show it; nothing is called delivered that was not receipted."""

from collections.abc import Iterable

from tidegate.app.hotline.beats import Life
from tidegate.app.hotline.needs import Needs
from tidegate.app.hotline.watch import began_s, owed
from tidegate.hotline.copies import awaited_of
from tidegate.hotline.delivery import Stage
from tidegate.hotline.state import Copy, DrillTally, HotlineState, Peer, Received, Sent, is_offered
from tidegate.hotline.tallies import reached_permille
from tidegate.model.organisations import OrganisationId
from tidegate.ports.hotline_control import CopyView, PathView, PeerView, ReceivedView, SentView, WordView

DRILLS_S = 30 * 86_400
"""Drills of the last thirty days are counted."""

Lives = dict[tuple[OrganisationId, str], Life]


def sent_view(sent: Sent, word: str = "") -> SentView:
    return SentView(
        about=sent.about,
        stage=stage_of(sent),
        signed=tuple(one.officer for one in sent.signatures),
        lacking=lacking(sent),
        copies=tuple(copy_view(sent, copy) for copy in sent.copies),
        word=word,
        officers=sent.officers,
    )


def stage_of(sent: Sent) -> str:
    """Of all copies together: the one that is least far."""
    order = [*Stage]
    return min((copy.stage for copy in sent.copies), key=order.index).value


def lacking(sent: Sent) -> str:
    if sent.copies[0].stage is Stage.COMPOSED:
        more = sent.officers - len(sent.signatures)
        return f"{more} more officer{'s' if more != 1 else ''} of the {sent.about.level} must sign"
    return ""


def copy_view(sent: Sent, copy: Copy) -> CopyView:
    return CopyView(
        recipient=copy.recipient,
        stage=copy.stage.value,
        since_s=copy.since_s,
        relay=copy.relay,
        r1_s=copy.r1_s,
        r2_s=copy.r2_s,
        r3_s=copy.r3_s,
        due_s=due_of(sent, copy),
        overdue=copy.told.level if copy.told is not None else None,
        why=copy.why,
        word_s=copy.word_s,
        awaited=awaited_of(copy, sent.deadlines) if sent.queued_s is not None else None,
    )


def due_of(sent: Sent, copy: Copy) -> int | None:
    awaited = awaited_of(copy, sent.deadlines)
    if awaited is None or sent.queued_s is None:
        return None
    allowed = {"R1": sent.deadlines.r1_s, "R2": sent.deadlines.r2_s, "R3": sent.deadlines.r3_s}[awaited]
    return None if allowed is None else began_s(sent, copy, awaited) + allowed


def received_view(received: Received, word: str = "") -> ReceivedView:
    awaited = owed(received)
    return ReceivedView(
        about=received.about,
        officers=received.officers,
        stored_at_s=received.stored_at_s,
        fact=received.fact,
        path=received.path,
        opened_s=received.opened_s,
        answered_s=received.answered_s,
        due_s=received.stored_at_s + awaited[1] if awaited else None,
        overdue=received.told.level if received.told is not None else None,
        word=word,
        awaited=awaited[0] if awaited else None,
    )


def word_views(state: HotlineState) -> tuple[WordView, ...]:
    """Newest first."""
    return tuple(
        WordView(
            message=one.word.message,
            sender=one.word.sender,
            code=one.word.code,
            mark=one.word.mark,
            level=one.word.level,
            reference=one.word.reference,
            composed_at_s=one.word.composed_at_s,
            heard_at_s=one.heard_at_s,
        )
        for one in reversed([*state.words.values()])
    )


def peer_view(needs: Needs, peer: Peer, labels: Iterable[str], lives: Lives, watched_s: int) -> PeerView:
    """One row of the standing board. `labels` are the ways to it by its card; `watched_s` how long the record
    goes back."""
    state, now_s = needs.state, needs.now_s()
    card = needs.cards.of(peer.organisation)
    who = peer.organisation
    tallies = [one for one in state.drills.get(who, ()) if one.at_s > now_s - DRILLS_S]
    own_lives = [life.last_ms for (of, _), life in lives.items() if of == who and life.last_ms is not None]
    names = [*labels, *(path.path for path in state.paths.values() if path.organisation == who)]
    return PeerView(
        organisation=who,
        name=peer.name,
        country=card.country if card else "",
        languages=card.languages if card else (),
        card_version=peer.version,
        card_until_s=peer.valid_until_s,
        last_life_s=max(own_lives) // 1000 if own_lives else None,
        paths=tuple(path_view(state, who, name, lives, watched_s, now_s) for name in dict.fromkeys(names)),
        waiting=sum(is_offered(sent, copy) for sent, copy in copies_to(state, who)),
        overdue=sum(copy.told is not None for _, copy in copies_to(state, who)),
        unread=sum(one.about.sender == who for one in state.inbox.values()),
        last_drill_s=max((one.at_s for one in state.drills.get(who, ())), default=None),
        **answers(tallies),
    )


def answers(tallies: list[DrillTally]) -> dict[str, int]:
    """Of machines and of people apart."""
    return {
        "drills": len(tallies),
        "machine_answers": sum(one.machine_answered for one in tallies),
        "human_asked": sum(one.human for one in tallies),
        "human_answers": sum(one.human and one.person_answered for one in tallies),
    }


def copies_to(state: HotlineState, peer: OrganisationId) -> list[tuple[Sent, Copy]]:
    return [(sent, copy) for sent in state.sent.values() for copy in sent.copies if copy.recipient == peer]


def path_view(
    state: HotlineState, peer: OrganisationId, name: str, lives: Lives, watched_s: int, now_s: int
) -> PathView:
    life = lives.get((peer, name), Life())
    known = state.paths.get(f"{peer}/{name}")
    return PathView(
        path=name,
        state="untried" if known is None else "alive" if known.alive else "silent",
        last_life_s=life.last_ms // 1000 if life.last_ms is not None else None,
        last_failure=life.failure,
        round_trip_ms=life.round_trip_ms,
        reached_permille=reached_permille(known, watched_s, now_s) if known else None,
    )
