"""What an officer's door asks of the running node about messages: what was shown is what is signed."""

from collections.abc import Sequence

from tidegate.app.asking import answer_of
from tidegate.app.hotline.drafted import drafted
from tidegate.model.messages import MESSAGE_BYTES_MAX, Content, OfficerSignature
from tidegate.model.organisations import CardOfficer, Digest, OrganisationId
from tidegate.model.purposes import CONTENT
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.model.remarks import Remark
from tidegate.model.value_bytes import digest_of, value_from
from tidegate.ports.control import ControlLine, NotApproved
from tidegate.ports.hotline import PairSigner
from tidegate.ports.hotline_control import (
    Compose,
    Composed,
    CopyView,
    Draft,
    DraftAttachment,
    Drill,
    DrillSent,
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
    PeerView,
    Recall,
    Recalled,
    ReceivedView,
    SentView,
    ShowHotline,
    ShowMessage,
    SignatureTaken,
    WordView,
)
from tidegate.ports.outside import OutsideFailed
from tidegate.wire.exchange import fitting

__all__ = [
    "Composed",
    "CopyView",
    "Draft",
    "DraftAttachment",
    "Exported",
    "HotlineLine",
    "HotlineShown",
    "Imported",
    "ImportedOne",
    "Inbox",
    "MessageShown",
    "Outbox",
    "PairSigner",
    "PeerView",
    "ReceivedView",
    "SentView",
    "SignatureTaken",
    "WordView",
    "content_of",
    "officer_behind",
]

DO_NOT_TRUST = "Do not trust this node."


class HotlineLine:
    """Every call may raise OutsideFailed (no node runs, or it cannot), NotAllowed and NotApproved."""

    def __init__(self, line: ControlLine) -> None:
        self._line = line

    def board(self) -> HotlineShown:
        return answer_of(self._line, ShowHotline(), HotlineShown)

    def compose(self, draft: Draft) -> Composed:
        """The bytes to sign. They are read here, and say what was drafted, or the node is not trusted."""
        composed = answer_of(self._line, Compose(draft), Composed)
        if not says(content_of(composed.content, composed.message), draft):
            raise OutsideFailed("the node composed another message", "the node", DO_NOT_TRUST)
        return composed

    def look_before(self, draft: Draft) -> Sequence[Remark]:
        """What the accord that it is sent under says against it."""
        return answer_of(self._line, LookBefore(draft), Looked).remarks

    def sign(self, body: bytes, officer: CardOfficer, signer: PairSigner) -> SignatureTaken:
        """The officer's signature over exactly these bytes of a content."""
        signature = OfficerSignature(officer.name, signer.sign(CONTENT, body))
        return answer_of(self._line, GiveSignature(digest_of(body), signature), SignatureTaken)

    def inbox(self, limit: int, *, unread: bool, before: int | None = None, owed: bool = False) -> Inbox:
        return answer_of(self._line, ListInbox(unread, limit, before, owed), Inbox)

    def outbox(self, limit: int, *, pending: bool, before: int | None = None) -> Outbox:
        return answer_of(self._line, ListOutbox(pending, limit, before), Outbox)

    def message(self, named: str) -> MessageShown:
        """By its digest, or enough of its first digits."""
        shown = answer_of(self._line, ShowMessage(named), MessageShown)
        if not digest_of(shown.content).startswith(named):
            raise OutsideFailed("the node answers with another message", "the node", DO_NOT_TRUST)
        return shown

    def recall(self, named: str, why: str) -> Sequence[OrganisationId]:
        """Who has it already."""
        return answer_of(self._line, Recall(named, why), Recalled).too_late

    def drill(self, recipients: Sequence[OrganisationId], *, human: bool, asker: str = "") -> Digest:
        return answer_of(self._line, Drill(tuple(recipients), human, asker), DrillSent).message

    def export(self, peer: str, messages: Sequence[str]) -> Exported:
        """What is to be carried to a peer, by its name or the beginning of its identity."""
        found = [
            one.organisation
            for one in self.board().peers
            if one.name.casefold() == peer.casefold() or one.organisation.startswith(peer.lower())
        ]
        if len(found) != 1:
            raise NotAllowed(f"{peer} names {len(found) or 'no'} peers; see `tidegate hotline peers`")
        return answer_of(self._line, ExportEnvelopes(found[0], tuple(messages)), Exported)

    def bring_in(self, envelopes: Sequence[bytes], origin: str) -> Imported:
        """What was carried here, in as many requests as it takes."""
        told: list[ImportedOne] = []
        reply: list[bytes] = []
        rest = list(envelopes)
        while rest:
            count = max(1, fitting(rest))
            answer = answer_of(self._line, ImportEnvelopes(tuple(rest[:count]), origin), Imported)
            told += answer.envelopes
            reply += answer.reply
            rest = rest[count:]
        return Imported(tuple(told), tuple(reply))


def content_of(body: bytes, message: Digest) -> Content:
    """What these bytes say; OutsideFailed where they are not the message's."""
    try:
        content = value_from(Content, body, MESSAGE_BYTES_MAX)
    except Malformed:
        raise OutsideFailed("the node shows bytes that are no message", "the node", DO_NOT_TRUST) from None
    if digest_of(body) != message:
        raise OutsideFailed("the node shows another message's bytes", "the node", DO_NOT_TRUST)
    return content


def says(content: Content, draft: Draft) -> bool:
    """Whether this content is the draft, with nothing but a reference, a time and a nonce put in."""
    return content == drafted(
        draft,
        content.sender,
        reference=draft.reference or content.reference,
        nonce=content.nonce,
        composed_at_s=content.composed_at_s,
    )


def officer_behind(signer: PairSigner, officers: Sequence[CardOfficer]) -> CardOfficer:
    """The officer of our card whose key is at hand; NotApproved where it is nobody's."""
    pair = signer.public_pair()
    for officer in officers:
        if officer.key == pair:
            return officer
    raise NotApproved("This is not the key of an officer on our card; see `tidegate hotline card`.")
