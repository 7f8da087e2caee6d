"""Who we are and whom we trust, as the folder's files say: what is new there becomes facts.

The files are the anchor of trust, as the roster is (docs/decisions/0006): whoever can write to the database
can make nobody a peer. Facts record what was in the files, so that the ledger tells it for ever.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from tidegate.hotline.card_warnings import days_left, step_of
from tidegate.hotline.cards import (
    believe,
    believe_but_for_time,
    check_follows,
    read_card,
    read_signed,
    root_changed,
)
from tidegate.hotline.state import HotlineState, Own, Peer
from tidegate.model.facts import Fact
from tidegate.model.hotline_facts import CardExpiryNeared, OwnCardIssued, PeerCardTaken, PeerLeft, PeerMet
from tidegate.model.organisations import Card, OrganisationId
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.model.value_bytes import digest_of
from tidegate.ports.hotline import EnvelopeStore
from tidegate.ports.hotline_identity import Leaving, Meeting, StationFolder

CARDS_AT_HAND_MAX = 1_024
"""Cards that are kept verified; beyond it all are verified again, at a few milliseconds each."""

log = logging.getLogger("tidegate.hotline")


class Identity:
    """The cards that count (tidegate.app.hotline.needs.Cards), and the facts that they make.

    NotAllowed where no organisation was founded in the folder, or its own card does not hold.
    """

    def __init__(self, folder: StationFolder, blobs: EnvelopeStore) -> None:
        self._folder = folder
        self._blobs = blobs
        self._mark: object = None
        self._believed: dict[str, Card] = {}
        self._meetings: dict[OrganisationId, Meeting] = {}
        self._own_signed = b""
        self._refresh()

    def own(self) -> Card:
        return self._card(self._own_signed)

    def own_signed(self) -> bytes:
        return self._own_signed

    def of(self, organisation: OrganisationId) -> Card | None:
        meeting = self._meetings.get(organisation)
        return None if meeting is None else self._card(meeting.signed_card)

    def news(self, signed_card: bytes, now_s: int) -> Sequence[Fact]:
        """1. Only of an organisation that was met. 2. Believed by the guardian's rules. 3. In the file and
        among the blobs before it is a fact."""
        claimed = read_card(read_signed(signed_card).card)
        meeting = self._meetings.get(claimed.organisation)
        if meeting is None:
            raise NotAllowed("a card of an organisation that was never met here")  # 1
        known = self._card(meeting.signed_card)
        card = believe(signed_card, known, now_s)  # 2
        if card.version == known.version:
            return ()
        self._blobs.put([signed_card])  # 3
        self._folder.keep_meeting(msgspec.structs.replace(meeting, signed_card=signed_card))
        self._refresh()
        return (card_taken(card, signed_card, known),)

    def facts_due(self, state: HotlineState, now_s: int) -> list[Fact]:
        """What the files say and the state does not know yet; blobs that they name are stored."""
        if self._folder.mark() != self._mark:
            self._refresh()
        self._catch_up(state)
        facts = [*self._own_facts(state), *self._peer_facts(state)]
        return facts or list(self._expiry_facts(state, now_s))

    def settled(self) -> None:
        """The facts that were due are stored: what was left behind for them goes."""
        for leaving in self._folder.leavings():
            self._folder.forget(leaving.organisation)

    def _own_facts(self, state: HotlineState) -> Iterator[Fact]:
        card, digest = self.own(), digest_of(self._own_signed)
        if state.own is None or card.version > state.own.version:
            self._blobs.put([self._own_signed])
            yield OwnCardIssued(card.organisation, card.name, digest, card.version, card.valid_until_s)

    def _peer_facts(self, state: HotlineState) -> Iterator[Fact]:
        leavings = {leaving.organisation: leaving for leaving in self._folder.leavings()}
        for organisation in state.peers:
            if organisation not in self._meetings:
                yield left(organisation, leavings.get(organisation))
        for organisation, meeting in self._meetings.items():
            card, known = self._card(meeting.signed_card), state.peers.get(organisation)
            digest = digest_of(meeting.signed_card)
            if known is not None and known.card == digest:
                continue
            self._blobs.put([meeting.signed_card])
            before = None if known is None else self._stored(known)
            if known is None or known.version >= card.version or not follows(card, before):
                yield met(meeting, card)
            else:
                yield card_taken(card, meeting.signed_card, before)

    def _expiry_facts(self, state: HotlineState, now_s: int) -> Iterator[Fact]:
        """Told once for each step."""
        told: Mapping[OrganisationId, Own | Peer] = dict(state.peers)
        if state.own is not None:
            told = {**told, state.own.organisation: state.own}
        for organisation, known in told.items():
            card = self.own() if known is state.own else self.of(organisation)
            if card is None:
                continue
            days = days_left(card, now_s)
            step, told_step = step_of(days), None if known.told_days is None else step_of(known.told_days)
            if step is not None and (told_step is None or step < told_step):
                yield CardExpiryNeared(organisation, card.version, card.valid_until_s, days)

    def _catch_up(self, state: HotlineState) -> None:
        """Where an older copy of a file was put back, the newer card that is on record takes its place, if it
        follows from the one in the file: the database is believed no further than that."""
        own = state.own
        if own is not None and self.own().version < own.version:
            signed = self._newer(self.own(), own)
            if signed is None:
                raise NotAllowed(
                    f"our card in {self._folder.path} has version {self.own().version}, and version "
                    f"{own.version} is on record but not in the store: restore that one, or sign a newer one"
                )
            self._folder.keep_own_card(signed)
        for organisation, meeting in self._meetings.items():
            known, card = state.peers.get(organisation), self._card(meeting.signed_card)
            if known is not None and card.version < known.version:
                signed = self._newer(card, known)
                if signed is not None:
                    self._folder.keep_meeting(msgspec.structs.replace(meeting, signed_card=signed))
        if self._folder.mark() != self._mark:
            self._refresh()

    def _newer(self, card: Card, known: Own | Peer) -> bytes | None:
        """The signed card on record; None where the store has none. NotAllowed where it does not hold."""
        signed = self._blobs.get(known.card)
        if signed is not None:
            check_follows(self._card(signed), card)
        return signed

    def _refresh(self) -> None:
        signed = self._folder.own_card()
        if signed is None:
            raise NotAllowed(
                f"no organisation was founded in {self._folder.path}; run `tidegate hotline init`, or name "
                "another state folder with --state DIR"
            )
        mark = self._folder.mark()
        self._card(signed)
        self._own_signed = signed
        self._meetings = {one.organisation: one for one in self._folder.meetings() if self._holds(one)}
        self._mark = mark

    def _holds(self, meeting: Meeting) -> bool:
        """A file that was damaged is told and passed over, so that the other peers can still be reached."""
        try:
            card = self._card(meeting.signed_card)
        except (Malformed, NotAllowed) as refusal:
            log.error("the card of peer %s does not hold: %s", meeting.organisation, refusal)
            return False
        return card.organisation == meeting.organisation

    def _card(self, signed: bytes) -> Card:
        digest = digest_of(signed)
        if digest not in self._believed:
            if len(self._believed) > CARDS_AT_HAND_MAX:
                self._believed.clear()
            self._believed[digest] = believe_but_for_time(signed)
        return self._believed[digest]

    def _stored(self, known: Peer) -> Card | None:
        signed = self._blobs.get(known.card)
        return None if signed is None else self._card(signed)


def follows(card: Card, before: Card | None) -> bool:
    """Else there was a second ceremony, whose file brought it in."""
    try:
        if before is not None:
            check_follows(card, before)
    except NotAllowed:
        return False
    return True


def met(meeting: Meeting, card: Card) -> PeerMet:
    return PeerMet(
        organisation=card.organisation,
        name=card.name,
        card=digest_of(meeting.signed_card),
        version=card.version,
        valid_until_s=card.valid_until_s,
        number=meeting.number,
        officer=meeting.officer,
        how=meeting.how,
    )


def card_taken(card: Card, signed: bytes, known: Card | None) -> PeerCardTaken:
    return PeerCardTaken(
        organisation=card.organisation,
        name=card.name,
        card=digest_of(signed),
        version=card.version,
        valid_until_s=card.valid_until_s,
        root_changed=known is None or root_changed(card, known),
    )


def left(organisation: OrganisationId, leaving: Leaving | None) -> PeerLeft:
    if leaving is None:
        return PeerLeft(organisation, "nobody", "its file is no longer in the folder")
    return PeerLeft(organisation, leaving.officer, leaving.why)
