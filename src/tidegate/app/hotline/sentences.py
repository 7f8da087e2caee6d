"""Facts of the hotline as sentences for the log."""

from tidegate.app.units import count_of
from tidegate.model.hotline_facts import (
    About,
    CardExpiryNeared,
    CopyMissed,
    CustodyTaken,
    DeadlinePassed,
    DrillBegun,
    EnvelopeKept,
    EnvelopeLetGo,
    EnvelopeMadeAnew,
    EpochBegun,
    ForkFound,
    HotlineFact,
    MessageAuthorised,
    MessageCameAgain,
    MessageComposed,
    MessageExpired,
    MessageQueued,
    MessageRecalled,
    MessageRefused,
    MessageStored,
    OwnCardIssued,
    PathChanged,
    PeerCardTaken,
    PeerLeft,
    PeerMet,
    ReceiptCame,
    RefusalCame,
    SerialSpoilt,
    SignatureGiven,
    WordCameThrough,
    WordHeard,
)

SHOWN = 12
"""Digits of a digest in a line: enough to name the message in a command."""


def hotline_sentence(fact: HotlineFact) -> str:
    """What happened, in one line."""
    return _of_message(fact) or _of_identity(fact)


def _of_message(fact: HotlineFact) -> str | None:
    match fact:
        case MessageComposed(about):
            return f"message {_named(about)} composed"
        case SignatureGiven(message, signature):
            return f"message {short(message)}: {signature.officer} signed"
        case MessageAuthorised(message):
            return f"message {short(message)} authorised"
        case MessageQueued(message, place):
            return f"message {short(message)} queued as serial {place.serial} of epoch {place.epoch}"
        case EnvelopeMadeAnew(message):
            return f"message {short(message)} sealed again, to a new encryption key"
        case CustodyTaken(message, recipient, relay):
            return f"message {short(message)} for {short(recipient)} is in custody of {short(relay)}"
        case ReceiptCame(message, _, recipient):
            return f"message {short(message)}: R1, stored by {short(recipient)}"
        case RefusalCame(message, recipient, _, rule, why):
            return f"message {short(message)} refused by {short(recipient)}, rule {rule}: {why}"
        case SerialSpoilt(message, recipient):
            return (
                f"message {short(message)} needs a new serial: {short(recipient)} has another frame with it"
            )
        case MessageExpired(message):
            return f"message {short(message)} expired"
        case MessageRecalled(message, by, why):
            return f"message {short(message)} recalled by {by}: {why}"
        case MessageStored(about=about, path=path):
            return f"message {_named(about)} stored, from {short(about.sender)} over {path}"
        case MessageCameAgain(message):
            return f"message {short(message)} came again in another frame"
        case CopyMissed(message, recipient):
            return f"message {short(message)}: {short(recipient)} lost it and gets it again"
        case MessageRefused(sender, message, _, rule, why):
            return f"message {short(message)} of {short(sender)} not believed, rule {rule}: {why}"
        case ForkFound(sender, _, epoch, serial):
            return f"{short(sender)} signed two frames for serial {serial} of epoch {epoch}"
        case WordHeard(message=message, sender=sender, code=code, mark=mark, reference=reference):
            drill = "DRILL " if mark == "DRILL" else ""
            return f"word {drill}FLASH {code} {reference} of {short(sender)} heard, ahead of {short(message)}"
        case WordCameThrough(message, recipient):
            return f"message {short(message)}: {short(recipient)} has heard its word"
        case DeadlinePassed(message, party, awaited, _, level):
            return f"message {short(message)}: {awaited} of {short(party)} is late; told to {level}"
    return None


def _of_identity(fact: HotlineFact) -> str:
    match fact:
        case OwnCardIssued(_, name, _, version):
            return f"the node speaks for {name} by card version {version}"
        case PeerMet(_, name, officer=officer, how=how):
            return f"{name} met: {officer} compared the number {how}"
        case PeerCardTaken(_, name, _, version):
            return f"{name} has card version {version} now"
        case PeerLeft(organisation, officer, why):
            return f"{officer} ended trust in {short(organisation)}: {why}"
        case CardExpiryNeared(organisation, version, _, days_left):
            return f"card version {version} of {short(organisation)} has {days_left} days left"
        case EpochBegun(epoch, why):
            return f"epoch {epoch} begun: {why}"
        case PathChanged(organisation, path, alive):
            return f"{path} to {short(organisation)} {'came alive' if alive else 'fell silent'}"
        case DrillBegun(message, recipients, by=by):
            return f"drill {short(message)} begun by {by} with {count_of(len(recipients), 'peer')}"
        case EnvelopeKept(sender=sender, recipient=recipient, envelope=envelope):
            return f"envelope {short(envelope)} of {short(sender)} taken into custody for {short(recipient)}"
        case EnvelopeLetGo(envelope, recipient, why):
            return f"custody of envelope {short(envelope)} for {short(recipient)} ended: {why}"
        case _:
            raise AssertionError(f"no sentence for {type(fact).__name__}")


def short(digest: str) -> str:
    return digest[:SHOWN]


def _named(about: About) -> str:
    drill = "DRILL " if about.mark == "DRILL" else ""
    return f"{short(about.message)} ({drill}{about.precedence} {about.form} {about.reference})"
