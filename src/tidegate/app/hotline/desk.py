"""The hotline's desk: what people ask of it is answered here, between two turns of the node.

Whoever may open the control socket may ask. What is said in an officer's name rests on the officer's
signature alone; what needs none (recalling, a drill) goes on record with the user whom the kernel names.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, get_args

from tidegate.app.hotline.composing import compose, content_of, drill, give_signature
from tidegate.app.hotline.framing import stored
from tidegate.app.hotline.needs import Needs
from tidegate.app.hotline.older import Older
from tidegate.app.hotline.station import Station
from tidegate.app.hotline.views import lacking, peer_view, received_view, sent_view, stage_of, word_views
from tidegate.app.hotline.watch import owed
from tidegate.app.hotline.wording import word_of
from tidegate.hotline.correspondence import must_be_whole
from tidegate.hotline.delivery import DELIVERED
from tidegate.hotline.state import Received, Sent, copy_for, is_offered
from tidegate.hotline.texts import alike
from tidegate.model.hotline_facts import HotlineFact, MessageRecalled
from tidegate.model.labels import codes, label
from tidegate.model.messages import Content
from tidegate.model.organisations import Digest, OrganisationId
from tidegate.model.refusals import Full, Malformed, NotAllowed
from tidegate.model.value_bytes import value_from
from tidegate.ports.control import Refused, Reply, Unable
from tidegate.ports.hotline import Arrival
from tidegate.ports.hotline_control import (
    LISTED_MAX,
    Compose,
    Composed,
    Drill,
    DrillSent,
    EnvelopeKind,
    Exported,
    ExportEnvelopes,
    GiveSignature,
    HotlineShown,
    Imported,
    ImportedOne,
    ImportEnvelopes,
    Inbox,
    ListInbox,
    ListOutbox,
    LookBefore,
    Looked,
    MessageShown,
    Outbox,
    Recall,
    Recalled,
    ShowHotline,
    ShowMessage,
    SignatureTaken,
)
from tidegate.ports.outside import OutsideFailed

T = TypeVar("T", Sent, Received, Sent | Received)

PREFIX_MIN = 4
"""Fewer first digits than this name no message."""

DIGITS = re.compile(r"[0-9a-f]{4,64}")
"""A digest's first digits, as the store finds them."""

EXPORTED_BYTES_MAX = 8 << 20
"""Bytes of one export; what is left out follows in the next, once these are receipted."""

NEARLY_FULL = 10
"""People are told when less than this part of a peer's room is left."""


class HotlineDesk:
    """Belongs to the node's thread."""

    def __init__(self, needs: Needs, station: Station, began_s: int) -> None:
        self._needs = needs
        self._station = station
        self._began_s = began_s
        self._older = Older(needs, needs.archive) if needs.archive is not None else None

    def answer(self, request: object, who: str) -> Reply | None:
        """None for a request of another room."""
        asked = ANSWERS.get(type(request))
        if asked is None:
            return None
        try:
            self._must_work()
            return asked(self, request, who)
        except (NotAllowed, Full, Malformed) as refusal:
            return Refused("rule", str(refusal))
        except OutsideFailed as failure:
            return Unable(failure.what, failure.where, failure.remedy)

    def _must_work(self) -> None:
        if self._needs.state.own is None:
            raise NotAllowed("this node speaks for nobody yet: see `tidegate hotline init`")
        if not self._needs.record.working:
            raise OutsideFailed("the database fails", "the node", "Nothing is decided until it works again.")

    def compose(self, request: Compose, _: str) -> Reply:
        message, body, officers = compose(self._needs, request.draft)
        return Composed(message, body, request.draft.level, officers)

    def look_before(self, request: LookBefore, _: str) -> Reply:
        content = content_of(self._needs, request.draft)
        must_be_whole(content, [one.body for one in request.draft.attachments], self._needs.check)
        return Looked(tuple(self._needs.remarks(content)))

    def give_signature(self, request: GiveSignature, _: str) -> Reply:
        message = self._sent(request.message).about.message
        sent = give_signature(self._needs, message, request.signature)
        return SignatureTaken(stage_of(sent), lacking(sent))

    def list_inbox(self, request: ListInbox, _: str) -> Reply:
        """What nobody has opened is all at hand; of the whole, older ones are read from the store."""
        state, limit = self._needs.state, min(request.limit, LISTED_MAX)
        if self._older is None or request.unread:
            opened = [one for one in state.read if not request.unread or (request.owed and owed(one))]
            every = [*state.inbox.values(), *opened]
            at_hand = [one for one in every if request.before is None or one.fact < request.before]
            at_hand.sort(key=lambda one: -one.fact)
            shown, left_out = at_hand[:limit], max(0, len(at_hand) - limit)
            older = shown[-1].fact if left_out else None
        else:
            (shown, older), left_out = self._older.stored(request.before, limit), 0
        views = tuple(received_view(one, word_of(self._needs, one.about)) for one in shown)
        return Inbox(views, left_out, word_views(state) if request.before is None else (), older)

    def list_outbox(self, request: ListOutbox, _: str) -> Reply:
        """What something is awaited of is all at hand; of the whole, older ones are read from the store."""
        state, limit = self._needs.state, min(request.limit, LISTED_MAX)
        if self._older is None or request.pending:
            pending = [*reversed([*state.sent.values()])]
            at_hand = [*pending, *(() if request.pending else reversed(state.settled))]
            shown, older, left_out = at_hand[:limit], None, max(0, len(at_hand) - limit)
        else:
            (shown, older), left_out = self._older.composed(request.before, limit), 0
        views = tuple(sent_view(one, word_of(self._needs, one.about)) for one in shown)
        return Outbox(views, left_out, older)

    def show_message(self, request: ShowMessage, _: str) -> Reply:
        found = self._find(request.message)
        message = found.about.message
        content = stored(self._needs, message)
        named = value_from(Content, content, len(content)).attachments
        facts = self._needs.record.mentioning([message], get_args(HotlineFact))
        return MessageShown(
            content=content,
            attachments=tuple(stored(self._needs, one.sha256) for one in named),
            place=found.place,
            sent=sent_view(found) if isinstance(found, Sent) else None,
            received=received_view(found) if isinstance(found, Received) else None,
            facts=tuple(record.number for _, record in facts),
        )

    def recall(self, request: Recall, who: str) -> Reply:
        sent = self._sent(request.message)
        too_late = tuple(copy.recipient for copy in sent.copies if copy.stage in DELIVERED)
        if len(too_late) == len(sent.copies):
            raise NotAllowed("each recipient has it already; send a correction instead")
        self._needs.record.record(MessageRecalled(sent.about.message, who, request.why))
        return Recalled(too_late)

    def drill(self, request: Drill, who: str) -> Reply:
        recipients = request.recipients or tuple(self._needs.state.peers)
        by = f"{who}, for {request.asker}" if request.asker else who
        return DrillSent(drill(self._needs, recipients, request.human, by))

    def show_hotline(self, _: ShowHotline, __: str) -> Reply:
        state, own = self._needs.state, self._needs.state.own
        assert own is not None
        now_s = self._needs.now_s()
        ways = self._station.ways()
        peers = tuple(
            peer_view(
                self._needs,
                peer,
                [way.label for way in ways.get(peer.organisation, ())],
                self._station.beats.lives,
                now_s - max(self._began_s, peer.met_at_s),
            )
            for peer in state.peers.values()
        )
        return HotlineShown(
            organisation=own.organisation,
            name=own.name,
            card_version=own.version,
            card_until_s=own.valid_until_s,
            epoch=state.epoch,
            now_s=now_s,
            peers=peers,
            officers=self._needs.cards.own().officers,
            findings=tuple(self._findings()),
            words=word_views(state),
        )

    def _findings(self) -> list[str]:
        state, room = self._needs.state, self._needs.peer_stored_bytes
        waiting = [sent.about.reference for sent in state.sent.values() if lacking(sent)]
        found = [f"{reference} waits for signatures" for reference in waiting]
        names = {peer.organisation: peer.name for peer in state.peers.values()}
        found += [
            f"{sent.about.reference} is late at {names.get(copy.recipient, copy.recipient[:16])}: "
            f"{copy.told.awaited}, told to the {copy.told.level}"
            for sent in state.sent.values()
            for copy in sent.copies
            if copy.told is not None
        ]
        found += [
            f"{names[peer]} has filled {brought >> 20} of {room >> 20} MiB of its room here; beyond it "
            "nothing more of it is stored (hotline.peer_stored_gib)"
            for peer, brought in state.brought.items()
            if brought >= room - room // NEARLY_FULL
        ]
        found += [
            f'the names "{name}" and "{before}" can be mistaken for each other: two organisations have them'
            for name, before in alike([state.own.name if state.own else "", *names.values()])
        ]
        found += [
            f"{path.path} to {names[path.organisation]} is silent"
            for path in state.paths.values()
            if not path.alive and path.organisation in names
        ]
        return found

    def export(self, request: ExportEnvelopes, _: str) -> Reply:
        """Also what it receipted already, if it is named: the other side may have lost it."""
        peer = self._peer(request.recipient)
        if request.messages:
            chosen = [self._sent_ever(name) for name in request.messages]
            without = [sent for sent in chosen if sent.place is None or copy_for(sent, peer) is None]
            if without:
                raise NotAllowed(f"{without[0].about.reference} is not on its way to this peer")
        else:
            chosen = [
                sent
                for sent in self._needs.state.sent.values()
                if (copy := copy_for(sent, peer)) is not None and is_offered(sent, copy)
            ]
        notes = self._station.notes_for(peer)
        envelopes, room = list(notes), EXPORTED_BYTES_MAX - sum(map(len, notes))
        for sent in chosen:
            envelope = stored(self._needs, sent.envelope)
            room -= len(envelope)
            if room < 0:
                break
            envelopes.append(envelope)
        return Exported(tuple(envelopes), len(envelopes) - len(notes), len(notes))

    def import_envelopes(self, request: ImportEnvelopes, _: str) -> Reply:
        """What was carried here is believed like anything else: by its signatures."""
        heard = self._station.take(
            [Arrival(request.origin, None, request.envelopes, None)], self._needs.clock.now_ms()
        )
        told = tuple(imported(kind, message, said) for kind, message, said in heard.told)
        reply = [envelope for envelopes in heard.replies.values() for envelope in envelopes]
        return Imported(told, tuple(reply))

    def _peer(self, organisation: OrganisationId) -> OrganisationId:
        if organisation not in self._needs.state.peers:
            raise NotAllowed(f"{organisation[:16]} was never met here")
        return organisation

    def _sent(self, name: str) -> Sent:
        state = self._needs.state
        return one_of(name, [*state.sent.values(), *state.settled], "message of ours")

    def _find(self, name: str) -> Sent | Received:
        state = self._needs.state
        every: Sequence[Sent | Received] = [
            *state.sent.values(),
            *state.inbox.values(),
            *state.settled,
            *state.read,
        ]
        return one_of(name, self._with_older(name, every), "message")

    def _sent_ever(self, name: str) -> Sent:
        found = self._find(name)
        if not isinstance(found, Sent):
            raise NotAllowed(f"{name} is no message of ours")
        return found

    def _with_older(self, name: str, at_hand: Sequence[Sent | Received]) -> Sequence[Sent | Received]:
        """Where nothing at hand is named so, what the store has; there, only digests name a message."""
        if self._older is None or any(named(one, name) for one in at_hand) or not DIGITS.fullmatch(name):
            return at_hand
        return [*self._older.named(name)]


ANSWERS: Mapping[type, Callable[[HotlineDesk, Any, str], Reply]] = {
    Compose: HotlineDesk.compose,
    LookBefore: HotlineDesk.look_before,
    GiveSignature: HotlineDesk.give_signature,
    ListInbox: HotlineDesk.list_inbox,
    ListOutbox: HotlineDesk.list_outbox,
    ShowMessage: HotlineDesk.show_message,
    Recall: HotlineDesk.recall,
    Drill: HotlineDesk.drill,
    ShowHotline: HotlineDesk.show_hotline,
    ExportEnvelopes: HotlineDesk.export,
    ImportEnvelopes: HotlineDesk.import_envelopes,
}


def one_of(name: str, every: Sequence[T], what: str) -> T:
    """By digest, by its first digits, or by its reference; NotAllowed unless it is one and only one."""
    found: list[T] = [one for one in every if named(one, name)]
    if not found:
        raise NotAllowed(f"there is no {what} {name}, or it is named by its digits alone")
    if len(found) > 1:
        raise NotAllowed(f"{name} names {len(found)} messages; give more digits")
    return found[0]


def named(one: Sent | Received, name: str) -> bool:
    about = one.about
    return about.reference == name or (len(name) >= PREFIX_MIN and about.message.startswith(name))


def imported(kind: EnvelopeKind, message: Digest | None, said: str) -> ImportedOne:
    """`said` is a code of the labels, or words."""
    if said not in codes("carried"):
        return ImportedOne(kind=kind, message=message, words=said)
    return ImportedOne(kind=kind, message=message, words=label("carried", said, "en"), code=said)
