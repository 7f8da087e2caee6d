"""Ledgers in heartbeats: ours is shown, proved and cosigned by peers; theirs is watched, and cosigned by us.

1. A checkpoint is on disk before it is shown, and is the same for all peers until the next.
2. What is remembered of a peer's ledger is on disk before we cosign it.
3. Each doubt about a ledger becomes a fact, its evidence stored first; people are told.
4. A peer that shows our own signature under a past that we do not have tells us that this database is an
   older copy, or was changed; then a new epoch begins.
5. What shows no checkpoint is told to the log, once for each peer and reason, and changes nothing.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from tidegate.app.hotline.sightings import keep_sighting
from tidegate.app.hotline.tiles import CHECKPOINT_NAME, publish_tiles
from tidegate.app.proofs import prove_growth, root_at
from tidegate.ledger.checkpoints import (
    Head,
    cosign,
    cosigned_at,
    epoch_of,
    log_origin,
    open_checkpoint,
    read_head,
    sign_head,
)
from tidegate.ledger.notes import Note, NoteKey, NoteRefused, read_note
from tidegate.ledger.witness import (
    Claim,
    Doubt,
    Watch,
    asks,
    hear,
    may_cosign,
    shown_by,
    told_by_another,
)
from tidegate.model.evidence_facts import EvidenceFact, OwnLedgerDoubted, PeerLedgerDoubted
from tidegate.model.messages import GROWTHS_MAX, OTHERS_MAX, Growth, Heartbeat
from tidegate.model.organisations import Card, OrganisationId
from tidegate.ports.evidence import Shelf
from tidegate.ports.facts import FactStore
from tidegate.ports.hotline import EnvelopeStore, LogSigner

CUT_EVERY_S = 30
"""A new checkpoint is cut this often, if the ledger has grown."""

log = logging.getLogger("tidegate.hotline")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceNeeds:
    """`shelf` keeps what was seen and the last checkpoint, `tiles` the ledger's own tiles.

    `card_of` is a peer's newest; `acquainted` are those of whom a peer knows that we know them. `record`
    stores facts. `doubt_own` is told, in words, that this database is not what it was.
    """

    organisation: OrganisationId
    store: FactStore
    blobs: EnvelopeStore
    shelf: Shelf
    tiles: Shelf
    signer: LogSigner
    epoch: Callable[[], int]
    card_of: Callable[[OrganisationId], Card | None]
    acquainted: Callable[[OrganisationId], Collection[OrganisationId]]
    record: Callable[[EvidenceFact], object]
    doubt_own: Callable[[str], None]


@dataclass(slots=True)
class Cut:
    """The checkpoint that all peers are shown now, with the cosignatures that came for it."""

    head: Head
    epoch: int
    at_s: int
    note: Note


class Evidence:
    """Belongs to the node's thread."""

    def __init__(self, needs: EvidenceNeeds) -> None:
        self._needs = needs
        self._key = NoteKey.from_text(needs.signer.verifier_key())
        self._cut: Cut | None = None
        self._watches: dict[OrganisationId, Watch] = {}
        self._asked: dict[OrganisationId, tuple[int, ...]] = {}
        self._agreed: dict[OrganisationId, Head] = {}
        self._complained: dict[OrganisationId, str] = {}

    def tell(self, peer: OrganisationId, now_s: int) -> Mapping[str, object]:
        """The fields about ledgers of the next heartbeat to this peer. OutsideFailed by the stores."""
        cut = self._present_cut(now_s)
        watch = self._watch(peer)
        return {
            "checkpoint": cut.note.whole,
            "grown": self._growths(peer, cut.head.size),
            "witnessed": self._witnessed(watch, now_s),
            "asks": asks(watch)[:GROWTHS_MAX],
            "others": self._others(peer),
        }

    def hear(self, card: Card, beat: Heartbeat, signed: bytes, now_s: int) -> None:
        """A heartbeat whose signature holds and which is newer than the last. OutsideFailed by the stores."""
        self._asked[beat.sender] = tuple(beat.asks[:GROWTHS_MAX])
        with self._complaining(card):
            self._watch_ledger(card, beat)
        for whole in beat.others[:OTHERS_MAX]:
            with self._complaining(card):
                self._hear_of_other(card, whole)
        if beat.witnessed:
            with self._complaining(card):
                self._hear_of_ours(card, beat, signed)

    @contextmanager
    def _complaining(self, card: Card) -> Iterator[None]:
        """5."""
        try:
            yield
        except NoteRefused as refusal:
            if self._complained.get(card.organisation) != refusal.why:
                self._complained[card.organisation] = refusal.why
                log.warning("a heartbeat of %s shows no checkpoint: %s", card.name, refusal.why)

    def present_checkpoint(self, now_s: int) -> Note:
        return self._present_cut(now_s).note

    def _present_cut(self, now_s: int) -> Cut:
        head, epoch = self._needs.store.head(), self._needs.epoch()
        cut = self._cut
        same = cut is not None and (cut.head.size, cut.head.root, cut.epoch) == (head.size, head.root, epoch)
        fresh = cut is not None and cut.epoch == epoch and 0 <= now_s - cut.at_s < CUT_EVERY_S
        if cut is None or not (same or fresh):
            shown = Head(log_origin(self._needs.organisation, epoch), head.size, head.root)
            cut = self._cut = Cut(shown, epoch, now_s, self._published(shown))
        return cut

    def _published(self, head: Head) -> Note:
        note = sign_head(head, self._key, self._needs.signer.sign)
        self._needs.shelf.put({CHECKPOINT_NAME: note.whole.encode()})  # 1
        publish_tiles(self._needs.store, self._needs.tiles, head, note)
        return note

    def _growths(self, peer: OrganisationId, size: int) -> tuple[Growth, ...]:
        wanted = [old for old in self._asked.get(peer, ()) if 0 < old < size]
        return tuple(Growth(old, tuple(prove_growth(self._needs.store, old, size))) for old in wanted)

    def _witnessed(self, watch: Watch, now_s: int) -> str:
        if watch.newest is None:
            return ""
        note = read_note(watch.newest.note)
        return (
            cosign(note, self._key, now_s, self._needs.signer.sign).whole if may_cosign(watch) else note.whole
        )

    def _others(self, peer: OrganisationId) -> tuple[str, ...]:
        """Newest checkpoints of those whom this peer may know that we know."""
        told = (self._watch(other) for other in sorted(self._needs.acquainted(peer)) if other != peer)
        return tuple(watch.newest.note for watch in told if watch.newest is not None)[:OTHERS_MAX]

    def _watch_ledger(self, card: Card, beat: Heartbeat) -> None:
        key = NoteKey.from_text(card.log)
        shown = shown_by(card.organisation, key, beat.checkpoint, beat.at_s)
        grown = {one.size: one.proof for one in beat.grown}
        before = self._watch(card.organisation)
        verdict = hear(before, shown, grown)
        self._keep(card.organisation, before, verdict.watch, verdict.doubts)

    def _hear_of_other(self, card: Card, whole: str) -> None:
        """A third organisation's checkpoint, if we know that one, too."""
        origin = read_head(read_note(whole).text).origin
        organisation = origin.removeprefix("tidegate/").partition("/")[0]
        other = self._needs.card_of(organisation)
        if other is None or organisation in (card.organisation, self._needs.organisation):
            return
        shown = shown_by(organisation, NoteKey.from_text(other.log), whole, 0)
        before = self._watch(organisation)
        verdict = told_by_another(before, Claim(shown, card.name))
        self._keep(organisation, before, verdict.watch, verdict.doubts)

    def _hear_of_ours(self, card: Card, beat: Heartbeat, signed: bytes) -> None:
        note, head = open_checkpoint(beat.witnessed, self._key)
        epoch = epoch_of(self._needs.organisation, head.origin)
        if self._agreed.get(card.organisation) != head:
            why = self._contradiction(head, epoch)
            if why:
                (digest,) = self._needs.blobs.put([beat.witnessed.encode()])
                self._needs.record(OwnLedgerDoubted(card.organisation, why, digest))
                self._needs.doubt_own(f"{card.name} {why}")
                return
            self._agreed[card.organisation] = head
        witness = NoteKey.from_text(card.log)
        lines = [one.key_id for one in note.signatures]
        if epoch != self._needs.epoch() or lines != [self._key.key_id, witness.cosigner.key_id]:
            return
        cosigned_at(note, witness)
        if self._cut is not None and self._cut.head == head:
            (line,) = note.made_by(witness.cosigner)
            self._cut.note = self._cut.note.with_signature(witness.cosigner, line)
        keep_sighting(self._needs.shelf, self._needs.store, card.organisation, epoch, head.size, signed)

    def _contradiction(self, head: Head, epoch: int) -> str:
        """4. What a peer holds against our own database; "" for nothing."""
        if epoch > self._needs.epoch():
            return f"has seen our ledger in epoch {epoch}, which this database does not know"
        if epoch < self._needs.epoch():
            return ""
        size = self._needs.store.head().size
        if head.size > size:
            return f"has seen {head.size} facts of ours, and this database holds {size}"
        if root_at(self._needs.store, head.size) != head.root:
            return f"has seen {head.size} facts of ours that are others than this database holds"
        return ""

    def _watch(self, organisation: OrganisationId) -> Watch:
        if organisation not in self._watches:
            kept = self._needs.shelf.get(f"watch/{organisation}")
            self._watches[organisation] = msgspec.json.decode(kept, type=Watch) if kept else Watch()
        return self._watches[organisation]

    def _keep(
        self, organisation: OrganisationId, before: Watch, after: Watch, doubts: Iterable[Doubt]
    ) -> None:
        for doubt in doubts:  # 3
            digests = self._needs.blobs.put([note.encode() for note in doubt.notes])
            self._needs.record(PeerLedgerDoubted(organisation, doubt.kind, doubt.why, tuple(digests)))
        if after != before:
            self._needs.shelf.put({f"watch/{organisation}": msgspec.json.encode(after)})  # 2
        self._watches[organisation] = after
