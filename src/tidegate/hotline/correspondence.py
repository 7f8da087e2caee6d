"""Who is believed on the hotline: guardian of invariant 7 of the house.

Every package and every note that comes is asked here, and the numbers stand beside the code that keeps each
rule. What is refused says by which rule, and whether it could ever hold (`final`).

1. Content and frame are exactly the canonical bytes of such values, and the frame names this content and this
   correspondence.
2. The sender was met, and its newest card is valid now.
3. The sender's station signed the frame, by the key on that card, alone or among several
   (tidegate.hotline.several).
4. We are one of the recipients; they are sorted, each once, and the sender is none of them.
5. As many officers of the message's level as the card asks for signed the content, each by name and key once.
   Only a communication check goes without. What binds a state (tidegate.hotline.forms: pledges, guarantees,
   accords, their ends) is said by the senior level, and by two of its officers at least.
6. It was composed neither long after now nor after it had expired.
7. No other frame has its serial, and it joins the frames before and behind it that we have.
8. A message that we have is not a new one, whatever frame it comes in; it is receipted again.
9. What it says is whole, its attachments are those that it names, and its form allows it
   (tidegate.hotline.content: fields, texts, end number, critical extensions).
10. A receipt, a refusal or custody is believed from the station of whom it says, over a message of ours that
    was for that recipient, in a frame that it was given. "Delivered" rests on nothing else.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from tidegate.hotline.card_form import SENIOR_OFFICERS_MIN
from tidegate.hotline.forms import FORMS
from tidegate.hotline.several import Holds, station_holds
from tidegate.hotline.state import Sent, copy_for
from tidegate.model import purposes
from tidegate.model.canonical import canonical_json
from tidegate.model.hotline_facts import About, Place
from tidegate.model.messages import (
    Content,
    Custody,
    Frame,
    OfficerSignature,
    Package,
    Receipt,
    Refusal,
    SignedCustody,
    SignedReceipt,
    SignedRefusal,
)
from tidegate.model.organisations import (
    NO_DIGEST,
    Card,
    Digest,
    OrganisationId,
    PublicPair,
    SignaturePair,
    StationSignature,
)
from tidegate.model.refusals import NotAllowed
from tidegate.model.value_bytes import digest_of, value_from

AHEAD_S_MAX = 86_400
"""A message may be composed so long after our own time: clocks of offices under attack may be wrong by a day.
One composed later still is refused for now, and believed when its time has come."""

CONTENT_BYTES_MAX = 1 << 19
"""Content of one message: fields and remarks at their bounds, in any script, take less."""

NOTE_BYTES_MAX = 1 << 16
"""A frame, receipt, refusal or custody; each takes less than 1 KB."""


Check = Callable[[Content, Sequence[bytes]], None]
"""Raises NotAllowed for content, with its attachments, that its form does not allow."""


class NotBelieved(NotAllowed):
    """Refused by a numbered rule. `final`: it can never hold, so the sender is told over our signature."""

    def __init__(self, rule: int, why: str, *, final: bool = False) -> None:
        super().__init__(why)
        self.rule = rule
        self.final = final


class SerialTaken(NotBelieved):
    """Rule 7: we have another frame, `known`, with this serial. The sender lost its memory, or cheats."""

    def __init__(self, known: Digest) -> None:
        super().__init__(7, "another frame has this serial", final=True)
        self.known = known


class Signed(NamedTuple):
    """A package whose signatures hold (rules 1 to 6 and 9); whether it is new is asked of `judge_place`."""

    content: Content
    about: About
    place: Place
    officers: tuple[str, ...]


class Neighbours(NamedTuple):
    """What is stored about a place: the frame that has it, the frame before it, and what the one behind it
    names as its previous; None where we do not have them."""

    here: Digest | None
    before: Digest | None
    behind: Digest | None


def read_package(package: Package) -> tuple[Content, Frame]:
    """1. Both as values. Malformed where the bytes are not canonical, NotBelieved where they disagree."""
    content = value_from(Content, package.content, CONTENT_BYTES_MAX)
    frame = value_from(Frame, package.frame, NOTE_BYTES_MAX)
    if frame.content != digest_of(package.content):
        raise NotBelieved(1, "the frame is of another message")
    if frame.correspondence != correspondence_of(content.sender, content.recipients):
        raise NotBelieved(1, "the frame is of another correspondence")
    if min(frame.epoch, frame.serial) < 1:
        raise NotBelieved(1, "serials and epochs count from 1")
    if frame.serial == 1 and frame.previous != NO_DIGEST:
        raise NotBelieved(1, "nothing comes before the first frame of an epoch")
    return content, frame


def verify_package(
    package: Package,
    own: OrganisationId,
    card: Card | None,
    holds: Holds,
    check: Check,
    now_s: int,
) -> Signed:
    """The message that these bytes prove. `card` is the newest of whom it says it is from; None: never met.

    Malformed or NotBelieved otherwise; nothing that is not signed by a met station is `final`.
    """
    content, frame = read_package(package)
    card = must_be_valid(card, content.sender, now_s)
    if not station_holds(holds, card.station, package.station, purposes.FRAME, package.frame):  # 3
        raise NotBelieved(3, "the station's signature does not hold by its newest card")
    must_be_ours(content, own)
    officers = officers_who_signed(content, package, card, holds)
    must_be_timely(content, now_s)
    must_be_whole(content, package.attachments, check)
    place = Place(
        frame=digest_of(package.frame),
        correspondence=frame.correspondence,
        epoch=frame.epoch,
        serial=frame.serial,
        previous=frame.previous,
    )
    return Signed(content, about_of(content, frame.content), place, officers)


def must_be_valid(card: Card | None, sender: OrganisationId, now_s: int) -> Card:
    if card is None or card.organisation != sender:  # 2
        raise NotBelieved(2, "the sender was never met here")
    if now_s >= card.valid_until_s:
        raise NotBelieved(2, f"the card of {card.name} has ended")
    return card


def must_be_ours(content: Content, own: OrganisationId) -> None:
    recipients = content.recipients
    if own not in recipients:  # 4
        raise NotBelieved(4, "it is not for us")
    if list(recipients) != sorted(set(recipients)) or content.sender in recipients:
        raise NotBelieved(4, "its recipients are not a sorted set of others", final=True)


def officers_who_signed(content: Content, package: Package, card: Card, holds: Holds) -> tuple[str, ...]:
    """5. A signature that does not hold refuses all: nobody hides a forged one among good ones."""
    if binds(content) and content.level != "senior":
        raise NotBelieved(5, "it binds a state, and is not said by the senior level", final=True)
    needed = signatures_needed(content, card)
    names = [one.officer for one in package.officers]
    if len(names) < needed or len(set(names)) < len(names):
        raise NotBelieved(5, f"{len(set(names))} officers signed, and {needed} must")
    keys = {must_have_signed(content, package.content, one, card, holds) for one in package.officers}
    if len(keys) < len(names):
        raise NotBelieved(5, "two of its officers sign with one key")
    return tuple(names)


def must_have_signed(
    content: Content, body: bytes, signed: OfficerSignature, card: Card, holds: Holds
) -> PublicPair:
    """5. The key of an officer whose signature holds over the content's bytes, for the content's level."""
    officer = next((one for one in card.officers if one.name == signed.officer), None)
    if officer is None:
        raise NotBelieved(5, f"{signed.officer} is no officer of {card.name} by its newest card")
    if officer.level != content.level:
        raise NotBelieved(5, f"{signed.officer} speaks for the {officer.level}, not for the {content.level}")
    if not holds(officer.key, signed.signature, purposes.CONTENT, body):
        raise NotBelieved(5, f"the signature of {signed.officer} does not hold")
    return officer.key


def signatures_needed(content: Content, card: Card) -> int:
    """As many as the sender's card asks of the level: at least one, or none for a communication check."""
    if content.form == "check":
        return 0
    least = SENIOR_OFFICERS_MIN if binds(content) else 1
    return max([least, *(quorum.officers for quorum in card.quorums if quorum.level == content.level)])


def binds(content: Content) -> bool:
    """5. Whether it makes, changes or ends what a state is bound by."""
    said = {(field.name, value) for field in content.fields for value in field.values}
    return not said.isdisjoint(FORMS[content.form].senior_only)


def must_be_timely(content: Content, now_s: int) -> None:
    if content.composed_at_s > now_s + AHEAD_S_MAX:  # 6
        raise NotBelieved(6, "it was composed in our future")
    if content.expires_at_s is not None and content.expires_at_s <= content.composed_at_s:
        raise NotBelieved(6, "it had expired when it was composed", final=True)


def must_be_whole(content: Content, attachments: Sequence[bytes], check: Check) -> None:
    told = [(one.size, one.sha256) for one in content.attachments]  # 9
    if told != [(len(body), digest_of(body)) for body in attachments]:
        raise NotBelieved(9, "its attachments are not those that it names", final=True)
    try:
        check(content, attachments)
    except NotAllowed as refusal:
        raise NotBelieved(9, refusal.why, final=True) from None


def judge_place(place: Place, neighbours: Neighbours) -> None:
    """7. SerialTaken where another frame has the serial, NotBelieved where it joins no neighbour."""
    if neighbours.here is not None and neighbours.here != place.frame:
        raise SerialTaken(neighbours.here)
    if neighbours.before is not None and neighbours.before != place.previous:
        raise NotBelieved(7, "it names another frame before it than the one we have", final=True)
    if neighbours.behind is not None and neighbours.behind != place.frame:
        raise NotBelieved(7, "the frame behind it names another one before it", final=True)


def believed_receipt(
    signed: SignedReceipt, sent: Sent | None, own: OrganisationId, card: Card | None, holds: Holds
) -> Receipt:
    """10. R1 of the recipient whose newest card this is, for `sent`, the message of ours that it names."""
    receipt = value_from(Receipt, signed.receipt, NOTE_BYTES_MAX)
    must_be_of_ours(receipt.message, receipt.frame, receipt.sender, receipt.recipient, sent, own)
    must_be_by_station(receipt.recipient, card, signed.signature, purposes.RECEIPT, signed.receipt, holds)
    return receipt


def believed_refusal(
    signed: SignedRefusal, sent: Sent | None, own: OrganisationId, card: Card | None, holds: Holds
) -> Refusal:
    """10. As `believed_receipt`."""
    refusal = value_from(Refusal, signed.refusal, NOTE_BYTES_MAX)
    must_be_of_ours(refusal.message, refusal.frame, refusal.sender, refusal.recipient, sent, own)
    must_be_by_station(refusal.recipient, card, signed.signature, purposes.REFUSAL, signed.refusal, holds)
    return refusal


def believed_custody(signed: SignedCustody, sent: Sent | None, card: Card | None, holds: Holds) -> Custody:
    """10. A relay's word that it holds the envelope of `sent`; it proves no delivery."""
    custody = value_from(Custody, signed.custody, NOTE_BYTES_MAX)
    if sent is None or custody.envelope != sent.envelope or copy_for(sent, custody.recipient) is None:
        raise NotBelieved(10, "it is about no envelope of ours")
    must_be_by_station(custody.relay, card, signed.signature, purposes.CUSTODY, signed.custody, holds)
    return custody


def must_be_of_ours(
    message: Digest,
    frame: Digest,
    sender: OrganisationId,
    recipient: OrganisationId,
    sent: Sent | None,
    own: OrganisationId,
) -> None:
    if sender != own or sent is None or sent.about.message != message:
        raise NotBelieved(10, "it is about no message of ours that is at hand")
    if copy_for(sent, recipient) is None:
        raise NotBelieved(10, "it is from somebody whom the message was not for")
    if frame not in sent.frames:
        raise NotBelieved(10, "it names a frame that the message was never given")


def must_be_by_station(
    who: OrganisationId,
    card: Card | None,
    signature: StationSignature | SignaturePair,
    purpose: bytes,
    body: bytes,
    holds: Holds,
) -> None:
    if card is None or card.organisation != who:
        raise NotBelieved(10, "whom it is from was never met here")
    if not station_holds(holds, card.station, signature, purpose, body):
        raise NotBelieved(10, f"the signature of the station of {card.name} does not hold")


@lru_cache(1024)
def correspondence_of(sender: OrganisationId, recipients: tuple[OrganisationId, ...]) -> Digest:
    """One sender and one exact set of recipients."""
    return digest_of(canonical_json([sender, sorted(recipients)]))


def place_key(correspondence: Digest, epoch: int, serial: int) -> Digest:
    """What facts about this place are found by."""
    return digest_of(f"{correspondence}/{epoch}/{serial}".encode())


def about_of(content: Content, message: Digest) -> About:
    return About(
        message=message,
        sender=content.sender,
        recipients=content.recipients,
        reference=content.reference,
        composed_at_s=content.composed_at_s,
        expires_at_s=content.expires_at_s,
        precedence=content.precedence,
        level=content.level,
        mark=content.mark,
        form=content.form,
        accord=content.accord,
        answers=content.answers,
        tlp=content.tlp,
    )
