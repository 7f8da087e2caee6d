"""Heartbeats: signs of life to every peer over every way, and which ways have fallen silent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tidegate.app.hotline.needs import Needs, Witnessing, sealed_or_none
from tidegate.hotline.backoff import is_due
from tidegate.hotline.courier import Way
from tidegate.hotline.state import HotlineState, is_offered
from tidegate.hotline.tallies import path_key
from tidegate.model import purposes
from tidegate.model.hotline_facts import CopyMissed, PathChanged, Place
from tidegate.model.messages import CardNews, Heard, Heartbeat, SignedHeartbeat
from tidegate.model.organisations import OrganisationId
from tidegate.model.value_bytes import bytes_of

BEAT_MS = 25_000
"""Heartbeats go over each way at least this often; an exchange that carries anything else is none."""

SILENT_MS = 75_000
"""A way without a sign of life for so long has fallen silent: noticed within 90 s of its death."""

CARD_EVERY_MS = 600_000
"""Our card goes along with a heartbeat this often, and at once when it is new."""

HEARD_MAX = 16
"""Epochs of correspondences told in one heartbeat, those heard of last; the others are told in none."""

LATER_MS = 60_000
"""An account that comes so long after a receipt was not under way when the receipt was written. Both are told
by our own clock. Where that is wrong, a message that was not missed goes again, and is receipted again."""

BEAT_KEPT_S = 600
"""A heartbeat is sealed for so long."""


@dataclass(slots=True)
class Life:
    """What is known of one way, or of calls that come in from one peer; forgotten when the node ends."""

    last_ms: int | None = None
    round_trip_ms: int | None = None
    failure: str = ""


class Beats:
    """Belongs to the node's thread."""

    def __init__(self, needs: Needs, evidence: Witnessing | None) -> None:
        self._needs = needs
        self._evidence = evidence
        self.lives: dict[tuple[OrganisationId, str], Life] = {}
        self._beaten: dict[Way, int] = {}
        self._card_sent: dict[OrganisationId, tuple[int, int]] = {}
        self._last: dict[OrganisationId, tuple[int, int]] = {}
        self._began_ms: int | None = None

    def is_due(self, way: Way, now_ms: int) -> bool:
        return is_due(self._beaten.get(way, -BEAT_MS), BEAT_MS, now_ms)

    def beaten(self, way: Way, now_ms: int) -> None:
        self._beaten[way] = now_ms

    def envelopes(self, peer: OrganisationId, now_ms: int) -> list[bytes]:
        """A heartbeat, and our card where the peer may not have it; none where it has no key to seal to."""
        card = self._needs.cards.of(peer)
        assert card is not None, "only met peers have ways"
        now_s = now_ms // 1000
        own = self._needs.cards.own()
        body = bytes_of(self._heartbeat(peer, now_s))
        signed = SignedHeartbeat(heartbeat=body, signature=self._needs.signer.sign(purposes.HEARTBEAT, body))
        values: list[SignedHeartbeat | CardNews] = [signed]
        version, sent_ms = self._card_sent.get(peer, (0, -CARD_EVERY_MS))
        if version != own.version or is_due(sent_ms, CARD_EVERY_MS, now_ms):
            self._card_sent[peer] = (own.version, now_ms)
            values.append(CardNews(card=self._needs.cards.own_signed()))
        sealed = [sealed_or_none(self._needs, value, [card], now_s + BEAT_KEPT_S) for value in values]
        return [envelope for envelope in sealed if envelope is not None]

    def _heartbeat(self, peer: OrganisationId, now_s: int) -> Heartbeat:
        ledger: Mapping[str, Any] = NO_LEDGER
        if self._evidence is not None:
            ledger = self._evidence.tell(peer, now_s)
        own = self._needs.cards.own()
        return Heartbeat(
            sender=own.organisation,
            recipient=peer,
            at_s=now_s,
            card_version=own.version,
            heard=heard_of(self._needs.state, peer),
            **ledger,
        )

    def heard(self, beat: Heartbeat, signed: bytes) -> None:
        """A heartbeat whose signature holds. One that is not newer than the last tells nothing of a ledger,
        unless none was taken for BEAT_KEPT_S: then its clock may have been set back. One that is replayed in
        such a silence does no more than raise a doubt that the next true one ends."""
        now_s = self._needs.now_s()
        card = self._needs.cards.of(beat.sender)
        last_at_s, heard_s = self._last.get(beat.sender, (0, now_s))
        if beat.at_s > last_at_s or is_due(heard_s * 1000, BEAT_KEPT_S * 1000, now_s * 1000):
            self._last[beat.sender] = beat.at_s, now_s
            if self._evidence is not None and card is not None:
                self._evidence.hear(card, beat, signed, now_s)
        missed = missed_copies(self._needs.state, beat, now_s)
        if missed:
            self._needs.record.record(*missed)

    def alive(self, peer: OrganisationId, path: str, now_ms: int, round_trip_ms: int | None = None) -> None:
        life = self.lives.setdefault((peer, path), Life())
        life.last_ms, life.failure = now_ms, ""
        life.round_trip_ms = life.round_trip_ms if round_trip_ms is None else round_trip_ms
        known = self._needs.state.paths.get(path_key(peer, path))
        if known is None or not known.alive:
            self._needs.record.record(PathChanged(peer, path, True, now_ms // 1000))

    def failed(self, way: Way, why: str) -> None:
        self.lives.setdefault((way.peer, way.label), Life()).failure = why

    def note_silence(self, ways: Mapping[OrganisationId, Sequence[Way]], now_ms: int) -> None:
        """Ways that were alive and of which nothing came for SILENT_MS, as far as this node ran so long."""
        if self._began_ms is None or self._began_ms > now_ms:
            self._began_ms = now_ms
        silent: list[PathChanged] = []
        for path in self._needs.state.paths.values():
            if not path.alive or path.organisation not in ways:
                continue
            life = self.lives.get((path.organisation, path.path))
            if life is not None and life.last_ms is not None and life.last_ms > now_ms:
                life.last_ms = now_ms  # the clock was set back: that proves no silence
            last_ms = life.last_ms if life is not None and life.last_ms is not None else self._began_ms
            if now_ms - last_ms >= SILENT_MS:
                silent.append(PathChanged(path.organisation, path.path, False, last_ms // 1000))
                if life is not None:
                    life.last_ms = None
        if silent:
            self._needs.record.record(*silent)


NO_LEDGER: Mapping[str, Any] = {"checkpoint": "", "witnessed": "", "grown": (), "asks": (), "others": ()}
"""Of a node that keeps no checkpoints."""


def heard_of(state: HotlineState, peer: OrganisationId) -> tuple[Heard, ...]:
    """What we have of this peer's correspondences, those heard of last."""
    windows = [
        Heard(window.correspondence, window.epoch, window.through, window.beyond)
        for window in state.windows.values()
        if window.sender == peer
    ]
    return tuple(windows[-HEARD_MAX:])


def missed_copies(state: HotlineState, beat: Heartbeat, now_s: int) -> list[CopyMissed]:
    """What the peer had receipted and, by its own later account, does not have any more.

    An account of fewer epochs than fit is whole: of one that it leaves out, nothing was stored.
    """
    whole = len(beat.heard) < HEARD_MAX
    told = {(heard.correspondence, heard.epoch): heard for heard in beat.heard}
    missed: list[CopyMissed] = []
    for sent in (*state.sent.values(), *state.settled):
        place = sent.place
        if place is None or not is_missing(told.get((place.correspondence, place.epoch)), place, whole):
            continue
        for copy in sent.copies:
            late = copy.r1_s is not None and is_due(copy.r1_s * 1000, LATER_MS, now_s * 1000)
            if copy.recipient == beat.sender and late and not is_offered(sent, copy):
                missed.append(CopyMissed(sent.about.message, beat.sender))
    return missed


def is_missing(heard: Heard | None, place: Place, whole: bool) -> bool:
    if heard is None:
        return whole
    return place.serial > heard.through and place.serial not in heard.beyond
