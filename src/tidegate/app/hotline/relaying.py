"""Custody at work: envelopes of listed peers are stored, recorded, signed for, and handed over.

1. Bytes and fact are stored, in one transaction, and only then custody is signed and sent back.
2. What waits for a recipient is handed over at every contact, and again after HAND_OVER_AGAIN_S, until a way
   to it took it or the recipient asked for it HANDED_MAX times; if it was lost after all, its sender offers
   it anew.
3. What is let go is recorded first; its bytes are dropped afterwards, unless another custody needs them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tidegate.app.hotline.needs import Needs
from tidegate.app.hotline.taking import NOTE_KEPT_S
from tidegate.hotline.relay import Custodies, Kept, custody_key, over, relayed_to, take, to_hand_over
from tidegate.model import purposes
from tidegate.model.hotline_facts import EnvelopeKept, EnvelopeLetGo
from tidegate.model.messages import Custody, EnvelopeHeader, SignedCustody
from tidegate.model.organisations import OrganisationId
from tidegate.model.refusals import NotAllowed
from tidegate.model.value_bytes import bytes_of, digest_of

HANDED_MAX = 5
"""Times that an envelope is handed to its recipient as the answer to a call; then it is let go."""

HANDED_AT_ONCE_MAX = 32
"""Envelopes handed to one recipient at once; the others follow at the next contact."""

HANDED_BYTES_MAX = 2 << 20
"""Bytes handed to one recipient at once, beside one envelope of any size."""

HAND_OVER_AGAIN_S = 30


@dataclass(slots=True)
class _Handed:
    times: int
    last_s: int


class Relaying:
    """Belongs to the node's thread. `read_header` is tidegate.wire.envelope's, for sealed bytes."""

    def __init__(self, needs: Needs, read_header: Callable[[bytes], EnvelopeHeader]) -> None:
        self._needs = needs
        self._read_header = read_header
        self._handed: dict[str, _Handed] = {}

    def take(self, envelope: bytes, giver: OrganisationId | None) -> Sequence[bytes]:
        """Sealed custody for the giver. NotAllowed or Full where it is not carried."""
        header = self._read_header(envelope)
        card = self._needs.cards.of(giver) if giver is not None else None
        if giver is None or card is None:
            raise NotAllowed("it is for somebody else, and who gave it is not known")
        own = self._needs.cards.own().organisation
        recipients = relayed_to(header, own, giver, self._needs.state.peers)
        if not recipients:
            raise NotAllowed("it is for nobody whom this station knows")
        now_s = self._needs.now_s()
        signed = [self._custody(header, envelope, giver, recipient, now_s) for recipient in recipients]
        return [self._needs.seals.seal(one, [card], now_s + NOTE_KEPT_S, now_s) for one in signed]

    def held_for(self, peer: OrganisationId) -> Sequence[bytes]:
        """What is to be handed to this peer now (2)."""
        now_s = self._needs.now_s()
        handed: list[bytes] = []
        room = HANDED_BYTES_MAX
        for kept in to_hand_over(self._kept, peer, now_s):
            key = custody_key(kept.envelope, kept.recipient)
            before = self._handed.get(key, _Handed(0, 0))
            if before.times and abs(now_s - before.last_s) < HAND_OVER_AGAIN_S:
                continue
            room -= kept.size
            if handed and (room < 0 or len(handed) == HANDED_AT_ONCE_MAX):
                break
            body = self._needs.blobs.get(kept.envelope)
            if body is not None:
                handed.append(body)
            self._handed[key] = _Handed(before.times + 1, now_s)
        return handed

    def took(self, peer: OrganisationId, envelopes: Sequence[bytes]) -> None:
        """A way to this peer took these (2)."""
        keys = (custody_key(digest_of(envelope), peer) for envelope in envelopes)
        self._let_go([(self._kept[key], False) for key in keys if key in self._kept])

    def turn(self) -> None:
        """What is over, or was asked for often enough, is let go."""
        ended = [(kept, True) for kept in over(self._kept, self._needs.now_s())]
        worn = [key for key, handed in self._handed.items() if handed.times >= HANDED_MAX]
        gone = {custody_key(kept.envelope, kept.recipient) for kept, _ in ended}
        ended += [(self._kept[key], False) for key in worn if key in self._kept and key not in gone]
        self._let_go(ended)

    @property
    def _kept(self) -> Custodies:
        return self._needs.state.kept

    def _custody(
        self, header: EnvelopeHeader, envelope: bytes, giver: OrganisationId, to: OrganisationId, now_s: int
    ) -> SignedCustody:
        digest = digest_of(envelope)
        if self._needs.state.find_envelope(digest) is not None:
            raise NotAllowed("it is one of our own, and on its way already")
        kept = take(self._kept, header, digest, len(envelope), giver, to, now_s)
        if custody_key(digest, to) not in self._kept:
            self._needs.record.record(  # 1
                EnvelopeKept(
                    envelope=digest, sender=giver, recipient=to, size=kept.size, until_s=kept.until_s
                ),
                keep=[envelope],
            )
        body = bytes_of(
            Custody(
                envelope=digest,
                relay=self._needs.cards.own().organisation,
                recipient=to,
                taken_at_s=kept.taken_at_s,
                until_s=kept.until_s,
            )
        )
        return SignedCustody(custody=body, signature=self._needs.signer.sign(purposes.CUSTODY, body))

    def _let_go(self, ended: Sequence[tuple[Kept, bool]]) -> None:
        """Each with whether its time is over (3)."""
        if not ended:
            return
        self._needs.record.record(
            *(
                EnvelopeLetGo(kept.envelope, kept.recipient, "time over" if late else "handed over")
                for kept, late in ended
            )
        )
        for kept, _ in ended:
            self._handed.pop(custody_key(kept.envelope, kept.recipient), None)
        needed = {kept.envelope for kept in self._kept.values()}
        self._needs.blobs.drop([kept.envelope for kept, _ in ended if kept.envelope not in needed])
