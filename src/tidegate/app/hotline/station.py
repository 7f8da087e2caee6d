"""The hotline's station: one turn takes what came, answers it, and offers what is due; it never waits.

1. Nothing is taken, answered or sent while facts wait for a store that fails.
2. What is sent follows from the stored state and the clock (tidegate.hotline.courier); receipts follow what
   they receipt, again for each duplicate. A lost answer is asked for again by its sender.
3. What a turn gives a place to and what it takes in are stored in one transaction, before any of it is sent
   or receipted.
"""

import logging
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tidegate.app.complaints import Complaint
from tidegate.app.hotline.beats import Beats
from tidegate.app.hotline.framing import frame_what_waits, seal_anew, settle_epoch, stored
from tidegate.app.hotline.intake import Heard, Intake
from tidegate.app.hotline.needs import Extras, Needs, Relaying
from tidegate.app.hotline.watch import Watch
from tidegate.hotline.backoff import is_due
from tidegate.hotline.courier import Courier, Offer, Way
from tidegate.hotline.state import Sent
from tidegate.model.organisations import OrganisationId
from tidegate.model.refusals import NotAllowed
from tidegate.ports.hotline import Arrival, Outcome, Path
from tidegate.ports.outside import OutsideFailed

REPLY_ENVELOPES_MAX = 64
REPLY_BYTES_MAX = 4 << 20
"""Envelopes and bytes handed over at once, in an offer or as the answer to a call; the rest goes later."""

SEALED_LOOKED_MS = 3_600_000
"""Whether envelopes on their way can still be opened is looked at each hour, and when a card changes."""

NOTES_WAITING_MAX = 4_096
"""Receipts that wait for a way to their peer, each; the oldest is dropped: its message will come again."""

TAKEN_AT_ONCE_MAX = 64
"""Envelopes judged, stored in one transaction and receipted in one turn, beside one arrival of any size; what
else came waits for the next turn, so that those who call are answered soon, and what is urgent goes out."""

FREIGHT_MAX = 1_024
"""Offers that carry receipts, or others' envelopes, and whose outcome is awaited. What the oldest carried is
forgotten then: receipts are asked for again, and what is held for others is handed on again."""

log = logging.getLogger("tidegate.hotline")


@dataclass(slots=True)
class Tray:
    """Receipts and other notes for one peer, until a way takes them."""

    envelopes: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Freight:
    """What an offer carries beside messages of ours: notes to `recipient`, or what was `held` for others."""

    recipient: OrganisationId
    notes: Sequence[bytes] = ()
    held: Sequence[bytes] = ()


class Station:
    """Belongs to the node's thread. `start` and `stop` are those of its paths."""

    def __init__(self, needs: Needs, paths: Sequence[Path], extras: Extras | None = None) -> None:
        self._needs = needs
        self._paths = {path.name: path for path in paths}
        self._extras = extras or Extras()
        relay = self._extras.relay
        self.intake = Intake(needs, relay.take if relay else None)
        self.courier = Courier()
        self.beats = Beats(needs, self._extras.evidence)
        self.watch = Watch(needs)
        self._trays: dict[OrganisationId, Tray] = {}
        self._freight: dict[int, Freight] = {}
        self._arrived: deque[Arrival] = deque()
        self._framed_of: object = None
        self._framed_s = 0
        self._settled = False
        self._known_cards: tuple[object, ...] = ()
        self._ways: dict[OrganisationId, list[Way]] = {}
        self._relay_ways: dict[OrganisationId, list[Way]] = {}
        self._beat_s: int | None = None
        self._sealed_ms: int | None = None
        self._trouble = Complaint("the hotline works again")

    def start(self) -> None:
        for path in self._paths.values():
            path.start()

    def stop(self) -> None:
        for path in self._paths.values():
            path.stop()

    def turn(self) -> None:
        """All that is due now. What fails outside is told to the log, and tried again in the next turn."""
        try:
            self._turn()
        except OutsideFailed as failure:
            self._trouble.tell(f"the hotline waits: {failure}", self._needs.clock.now_ms())
        else:
            self._trouble.tell(None, self._needs.clock.now_ms())
        self._needs.record.carry_out()

    def _turn(self) -> None:
        if not self._needs.record.working or self._needs.state.own is None:  # 1
            return
        if not self._settled:
            settle_epoch(self._needs)
            self._settled = True
        self._tell_paths_whom_to_know()
        now_ms = self._needs.clock.now_ms()
        for path in self._paths.values():
            for outcome in path.outcomes():
                self._note_outcome(path, outcome, now_ms)
        if self._sealed_ms is None or is_due(self._sealed_ms, SEALED_LOOKED_MS, now_ms):
            self._sealed_ms = now_ms
            seal_anew(self._needs)
        arrivals = self._next_arrivals()
        came = self.intake.judge(arrivals)
        with self._needs.record.together():  # 3
            self._frame(now_ms)
            self.intake.store(came)
        self._answer_all(arrivals, self.intake.answer(came), now_ms)
        self.watch.turn(now_ms // 1000)
        self._offer(now_ms)
        if self._extras.words is not None:
            for peer in self._extras.words.turn(self._ways, now_ms):
                self.courier.sign_of_life(peer, now_ms)

    def _frame(self, now_ms: int) -> None:
        """Where messages changed, and each second: a card may have brought the key that one waits for."""
        sent, now_s = self._needs.state.sent, now_ms // 1000
        if self._framed_of is sent and self._framed_s == now_s:
            return
        if not frame_what_waits(self._needs):
            self._framed_of, self._framed_s = sent, now_s

    def _next_arrivals(self) -> list[Arrival]:
        """More is fetched only when all that was fetched is taken: what waits is bounded by the paths."""
        if not self._arrived:
            for path in self._paths.values():
                self._arrived.extend(path.arrivals())
        some: list[Arrival] = []
        room = TAKEN_AT_ONCE_MAX
        while self._arrived and (not some or len(self._arrived[0].envelopes) <= room):
            some.append(self._arrived.popleft())
            room -= len(some[-1].envelopes)
        return some

    def take(self, arrivals: Sequence[Arrival], now_ms: int) -> Heard:
        """What came, judged and stored; those who called are answered. Also for what was carried by hand."""
        heard = self.intake.take(arrivals)
        self._answer_all(arrivals, heard, now_ms)
        return heard

    def _answer_all(self, arrivals: Sequence[Arrival], heard: Heard, now_ms: int) -> None:
        for peer in heard.alive:
            self.courier.sign_of_life(peer, now_ms)
            self.beats.alive(peer, "incoming", now_ms)
        for beat, signed in heard.beats:
            self.beats.heard(beat, signed)
        if self._extras.signal is not None:
            for arrival in arrivals:
                if arrival.peer is not None:
                    self._extras.signal.came(arrival.path, arrival.peer)
            for key in heard.signal_keys:
                self._extras.signal.heard(key, now_ms // 1000)
        for peer, envelopes in heard.replies.items():
            self._put_on_tray(peer, envelopes)
        for arrival in arrivals:
            self._answer(arrival, now_ms)

    def _answer(self, arrival: Arrival, now_ms: int) -> None:
        """Receipts for the caller, then whatever waits for it: it pulls by calling."""
        if arrival.answer is None:
            return
        if arrival.peer is None or arrival.peer not in self._needs.state.peers:
            arrival.answer(())
            return
        notes, sent = self._for(arrival.peer, now_ms)
        envelopes = [*notes, *(stored(self._needs, one.envelope) for one in sent)]
        count = self._paths[arrival.path].takes(envelopes) if arrival.path in self._paths else len(envelopes)
        arrival.answer(envelopes[:count])
        self._put_on_tray(arrival.peer, notes[count:])
        self.courier.offered(sent[: max(0, count - len(notes))], arrival.peer, now_ms)

    def _for(self, peer: OrganisationId, now_ms: int) -> tuple[list[bytes], list[Sent]]:
        notes = self._take_from_tray(peer)
        if self._extras.relay is not None:
            notes += self._extras.relay.held_for(peer)
        return notes, self._fitting(self.courier.for_caller(self._needs.state, peer, now_ms), notes)

    def _fitting(self, sent: Sequence[Sent], notes: Sequence[bytes]) -> list[Sent]:
        """As many of these as one exchange takes beside the notes; at least one where there are no notes."""
        room, count = REPLY_BYTES_MAX - sum(map(len, notes)), REPLY_ENVELOPES_MAX - len(notes)
        fits: list[Sent] = []
        for one in sent[: max(0, count)]:
            room -= len(stored(self._needs, one.envelope)) + 4
            if room < 0 and (fits or notes):
                break
            fits.append(one)
        return fits

    def _note_outcome(self, path: Path, outcome: Outcome, now_ms: int) -> None:
        way = Way(path.name, outcome.peer, outcome.endpoint)
        freight = self._freight.pop(outcome.ticket, None)
        self.courier.outcome(way, outcome.ticket, outcome.why, outcome.round_trip_ms, now_ms)
        if outcome.why:
            self.beats.failed(way, outcome.why)
            if freight is not None:
                self._put_on_tray(freight.recipient, freight.notes)
            return
        self.courier.sign_of_life(outcome.peer, now_ms)
        self.beats.alive(outcome.peer, way.label, now_ms, outcome.round_trip_ms)
        if self._extras.signal is not None:
            self._extras.signal.came(path.name, outcome.peer)
        if self._extras.relay is not None and freight is not None and freight.held:
            self._extras.relay.took(outcome.peer, freight.held)

    def _offer(self, now_ms: int) -> None:
        if self._extras.signal is not None:
            try:
                for peer, envelope in self._extras.signal.turn(now_ms // 1000):
                    self._put_on_tray(peer, [envelope])
            except NotAllowed as refusal:  # of a peer without an encryption key
                log.debug("no signal key given: %s", refusal)
        for offer in self.courier.offers(self._needs.state, self._ways, self._relay_ways, now_ms):
            self._hand_over(offer, now_ms)
        if self._beat_s != now_ms // 1000:
            self._beat_s = now_ms // 1000
            self._beat(self._ways, now_ms)
        for peer, tray in self._trays.items():
            if tray.envelopes:
                direct = self._ways.get(peer, ())
                detours = self._relay_ways.get(peer, ()) if self.courier.all_fail(direct) else ()
                self._empty_tray(peer, (*direct, *detours), now_ms)
        if self._extras.relay is not None and self._needs.state.kept:
            self._hand_on(self._extras.relay, self._ways, now_ms)

    def _hand_over(self, offer: Offer, now_ms: int) -> None:
        """Urgent ones over every way; of the others each way what the ways before it did not take."""
        rest = offer.sent
        for way in offer.ways:
            rest = offer.sent if offer.urgent else rest
            while rest and self.courier.is_free(way, now_ms, urgent=offer.urgent):
                count = self._give(way, offer.recipient, rest, now_ms)
                if not count:
                    break
                rest = rest[count:]

    def _give(self, way: Way, recipient: OrganisationId, sent: Sequence[Sent], now_ms: int) -> int:
        """How many of these, from the first on, the way took."""
        fits = self._fitting(sent, ())
        envelopes = [stored(self._needs, one.envelope) for one in fits]
        count = self._paths[way.path].takes(envelopes)
        if not count or not self._offered(way, envelopes[:count], Freight(recipient), now_ms, fits[:count]):
            return 0
        return count

    def _offered(
        self,
        way: Way,
        envelopes: Sequence[bytes],
        freight: Freight,
        now_ms: int,
        sent: Sequence[Sent] = (),
    ) -> bool:
        ticket = self.courier.ticket()
        if not self._paths[way.path].offer(way.peer, way.endpoint, envelopes, ticket):
            self.courier.refused(way, now_ms)
            return False
        self.courier.begun(way, ticket, freight.recipient, len(envelopes), sent, now_ms)
        if freight.notes or freight.held:
            self._freight[ticket] = freight
            if len(self._freight) > FREIGHT_MAX:
                self._freight.pop(next(iter(self._freight)))
        return True

    def _beat(self, ways: Mapping[OrganisationId, Sequence[Way]], now_ms: int) -> None:
        """A heartbeat over every way that was not used for a while, so that a dead one is noticed."""
        for peer, peers_ways in ways.items():
            for way in peers_ways:
                if self.beats.is_due(way, now_ms) and self.courier.is_free(way, now_ms, urgent=True):
                    beats = self.beats.envelopes(peer, now_ms)
                    if self._give_notes(way, peer, beats, now_ms):
                        self.beats.beaten(way, now_ms)
        self.beats.note_silence(ways, now_ms)

    def _empty_tray(self, peer: OrganisationId, ways: Sequence[Way], now_ms: int) -> None:
        for way in sorted(ways, key=self.courier.merit):
            while self._trays[peer].envelopes and self.courier.is_free(way, now_ms, urgent=True):
                if not self._give_notes(way, peer, (), now_ms):
                    break

    def _give_notes(self, way: Way, peer: OrganisationId, beats: Sequence[bytes], now_ms: int) -> bool:
        """Heartbeats, and as many notes beside them as the way takes; the others go back on the tray. A card
        that does not fit beside its heartbeat goes by itself; without room for either, the way is asked all
        the same whether anybody is there."""
        notes = self._take_from_tray(peer)
        envelopes, takes = [*beats, *notes], self._paths[way.path].takes
        count = takes(envelopes)
        late = [one for one in envelopes[count : len(beats)] if takes([one])]
        self._put_on_tray(peer, [*late, *envelopes[max(count, len(beats)) :]])
        carried = envelopes[len(beats) : count]
        if (count or beats) and self._offered(way, envelopes[:count], Freight(peer, carried), now_ms):
            return True
        self._put_on_tray(peer, carried)
        return False

    def _hand_on(self, relay: Relaying, ways: Mapping[OrganisationId, Sequence[Way]], now_ms: int) -> None:
        relay.turn()
        for peer, peers_ways in ways.items():
            for way in peers_ways:
                held = relay.held_for(peer) if self.courier.is_free(way, now_ms, urgent=False) else ()
                fits = held[: self._paths[way.path].takes(held)]
                if fits:
                    self._offered(way, fits, Freight(peer, held=fits), now_ms)

    def notes_for(self, peer: OrganisationId) -> list[bytes]:
        """Receipts for this peer, to be carried by hand; they are sent no other way then."""
        return self._take_from_tray(peer)

    def _put_on_tray(self, peer: OrganisationId, envelopes: Iterable[bytes]) -> None:
        tray = self._trays.setdefault(peer, Tray())
        tray.envelopes = [*tray.envelopes, *envelopes][-NOTES_WAITING_MAX:]

    def _take_from_tray(self, peer: OrganisationId) -> list[bytes]:
        tray = self._trays.get(peer)
        if tray is None:
            return []
        room, count = REPLY_BYTES_MAX, 0
        for envelope in tray.envelopes[:REPLY_ENVELOPES_MAX]:
            room -= len(envelope) + 4
            if room < 0:
                break
            count += 1
        taken, tray.envelopes = tray.envelopes[:count], tray.envelopes[count:]
        return taken

    def ways(self) -> dict[OrganisationId, list[Way]]:
        """Every way to each peer, by the endpoints on its card."""
        found: dict[OrganisationId, list[Way]] = {}
        for organisation in self._needs.state.peers:
            card = self._needs.cards.of(organisation)
            found[organisation] = [
                Way(endpoint.kind, organisation, endpoint)
                for endpoint in (card.endpoints if card else ())
                if endpoint.kind in self._paths
            ]
        return found

    def _relays(self) -> dict[OrganisationId, list[Way]]:
        """Ways to those who hand on to a recipient, by the relays on its card, where we have met them too."""
        found: dict[OrganisationId, list[Way]] = {}
        for organisation in self._needs.state.peers:
            card = self._needs.cards.of(organisation)
            names = card.relays if card else ()
            found[organisation] = [
                way for relay in names if relay != organisation for way in self._ways.get(relay, ())
            ]
        return found

    def _tell_paths_whom_to_know(self) -> None:
        """Whenever a card changed."""
        state = self._needs.state
        known = (state.own, *(peer.card for peer in state.peers.values()))
        if known == self._known_cards:
            return
        self._known_cards = known
        self._ways, self._relay_ways = self.ways(), {}
        self._relay_ways = self._relays()
        peers = [card for peer in state.peers if (card := self._needs.cards.of(peer)) is not None]
        for path in self._paths.values():
            path.know(self._needs.cards.own(), peers)
        self._sealed_ms = None
