"""What the facts of our own messages mean, from composing to the last receipt."""

from msgspec.structs import replace

from tidegate.hotline import tallies
from tidegate.hotline.copies import moved, with_copy
from tidegate.hotline.correspondence import correspondence_of
from tidegate.hotline.delivery import Event, Stage
from tidegate.hotline.state import FRAMES_MAX, LINES_MAX, SENT_MAX, Copy, HotlineState, Line, Sent, copy_for
from tidegate.hotline.stepping import (
    Stepped,
    all_moved,
    name_of,
    peer_of,
    put,
    put_received,
    reference,
    sent_of,
)
from tidegate.model.facts import Alarm
from tidegate.model.hotline_facts import (
    CopyMissed,
    CustodyTaken,
    DrillBegun,
    EnvelopeMadeAnew,
    MessageAuthorised,
    MessageComposed,
    MessageExpired,
    MessageQueued,
    MessageRecalled,
    Place,
    ReceiptCame,
    RefusalCame,
    SerialSpoilt,
    SignatureGiven,
)
from tidegate.model.mappings import with_entry
from tidegate.model.refusals import Full, NotAllowed


def message_composed(state: HotlineState, _: int, at_ms: int, fact: MessageComposed) -> Stepped:
    about = fact.about
    if state.own is None or about.sender != state.own.organisation:
        raise NotAllowed("this node speaks for another organisation, or for none yet")
    for recipient in about.recipients:
        peer_of(state, recipient)
    if state.find_sent(about.message) is not None:
        raise NotAllowed("this very message was composed before")
    if len(state.sent) >= SENT_MAX:
        raise Full("messages on their way", SENT_MAX)
    line = correspondence_of(about.sender, about.recipients)
    if len(state.lines) >= LINES_MAX and line not in state.lines:
        raise Full("correspondences", LINES_MAX)
    copies = tuple(
        Copy(recipient=recipient, stage=Stage.COMPOSED, since_s=at_ms // 1000)
        for recipient in about.recipients
    )
    sent = Sent(about=about, officers=fact.officers, deadlines=fact.deadlines, signatures=(), copies=copies)
    return put(state, sent), ()


def signature_given(state: HotlineState, _: int, __: int, fact: SignatureGiven) -> Stepped:
    sent = sent_of(state, fact.message)
    officer = fact.signature.officer
    if sent.copies[0].stage is not Stage.COMPOSED:
        raise NotAllowed(f"the message is {sent.copies[0].stage}: it takes no more signatures")
    if any(one.officer == officer for one in sent.signatures):
        raise NotAllowed(f"{officer} has signed it before")
    return put(state, replace(sent, signatures=(*sent.signatures, fact.signature))), ()


def message_authorised(state: HotlineState, _: int, at_ms: int, fact: MessageAuthorised) -> Stepped:
    """An answer of ours is the R2 or R3 of the message that it answers."""
    sent = sent_of(state, fact.message)
    if len(sent.signatures) < sent.officers or sent.copies[0].stage is not Stage.COMPOSED:
        raise NotAllowed(f"{len(sent.signatures)} of {sent.officers} officers have signed it")
    authorised = put(state, all_moved(sent, Event.AUTHORISED, at_ms))
    return answered(authorised, sent, at_ms // 1000), ()


def answered(state: HotlineState, sent: Sent, now_s: int) -> HotlineState:
    """Our own R2 or R3: the message that it answers is opened, or answered, from now on."""
    received = state.find_received(sent.about.answers) if sent.about.answers else None
    if received is None:
        return state
    opened_s = now_s if received.opened_s is None else received.opened_s
    answered_s = received.answered_s
    if sent.about.form != "receipt" and answered_s is None:
        answered_s = now_s
    done = replace(received, opened_s=opened_s, answered_s=answered_s, told=None)
    return put_received(state, done, opened=True)


def message_queued(state: HotlineState, _: int, at_ms: int, fact: MessageQueued) -> Stepped:
    """A message is queued a second time only where its serial was spoilt."""
    sent = sent_of(state, fact.message)
    place = fact.place
    if sent.copies[0].stage is not Stage.AUTHORISED and not sent.spoilt:
        raise NotAllowed(f"the message is {sent.copies[0].stage}: it cannot be queued")
    must_follow(state, place)
    first = all_moved(sent, Event.QUEUED, at_ms)
    queued = replace(
        first,
        queued_s=at_ms // 1000 if sent.queued_s is None else sent.queued_s,
        place=place,
        frames=(*sent.frames, place.frame)[-FRAMES_MAX:],
        package=fact.package,
        envelope=fact.envelope,
        spoilt=False,
    )
    line = Line(place.epoch, place.serial, place.frame)
    lines = with_entry(state.lines, place.correspondence, line)
    return put(replace(state, lines=lines, framed=state.framed + 1), queued), ()


def must_follow(state: HotlineState, place: Place) -> None:
    """A serial is used once: it follows the last of its epoch without a gap, or begins the present epoch."""
    line = state.lines.get(place.correspondence)
    goes_on = line is not None and (place.epoch, place.serial, place.previous) == (
        line.epoch,
        line.serial + 1,
        line.frame,
    )
    if place.epoch != state.epoch or not (goes_on or (place.serial == 1 and begins_anew(line, state.epoch))):
        raise NotAllowed(
            f"serial {place.serial} of epoch {place.epoch} is not the next of its correspondence"
        )


def begins_anew(line: Line | None, epoch: int) -> bool:
    return line is None or line.epoch < epoch


def envelope_made_anew(state: HotlineState, _: int, __: int, fact: EnvelopeMadeAnew) -> Stepped:
    sent = sent_of(state, fact.message)
    if sent.place is None:
        raise NotAllowed("a message that was not queued has no envelope")
    return put(state, replace(sent, envelope=fact.envelope)), ()


def custody_taken(state: HotlineState, _: int, at_ms: int, fact: CustodyTaken) -> Stepped:
    sent = state.sent.get(fact.message)
    copy = copy_for(sent, fact.recipient) if sent else None
    if sent is None or copy is None:
        return state, ()
    relayed = replace(moved(copy, Event.CUSTODY, at_ms // 1000), relay=fact.relay, relay_until_s=fact.until_s)
    return put(state, with_copy(sent, relayed)), ()


def receipt_came(state: HotlineState, _: int, at_ms: int, fact: ReceiptCame) -> Stepped:
    """Of a message no longer at hand nothing changes: the receipt is kept as evidence all the same."""
    sent = state.find_sent(fact.message)
    copy = copy_for(sent, fact.recipient) if sent else None
    if sent is None or copy is None:
        return state, ()
    now_s = at_ms // 1000
    stored = replace(
        moved(copy, Event.R1, now_s), receipted=fact.frame, r1_s=now_s if copy.r1_s is None else copy.r1_s
    )
    tallied = tallies.machine_answered(state, fact.message, fact.recipient)
    return put(tallied, with_copy(sent, stored)), ()


def refusal_came(state: HotlineState, _: int, at_ms: int, fact: RefusalCame) -> Stepped:
    sent = state.find_sent(fact.message)
    copy = copy_for(sent, fact.recipient) if sent else None
    if sent is None or copy is None:
        return state, ()
    refused = moved(copy, Event.REFUSED, at_ms // 1000, fact.why)
    told = Alarm("message refused", f"{name_of(state, fact.recipient)} refuses {reference(sent)}: {fact.why}")
    return put(state, with_copy(sent, refused)), (told,)


def serial_spoilt(state: HotlineState, _: int, __: int, fact: SerialSpoilt) -> Stepped:
    """A new epoch must have begun before: the message then takes the first serial of it that is free."""
    sent = sent_of(state, fact.message)
    if sent.place is None or sent.place.epoch >= state.epoch:
        raise NotAllowed("a message keeps its serial while its epoch lasts")
    return put(state, replace(sent, spoilt=True)), ()


def copy_missed(state: HotlineState, _: int, __: int, fact: CopyMissed) -> Stepped:
    """It stays delivered, since that was receipted; and it is offered again."""
    sent = state.find_sent(fact.message)
    copy = copy_for(sent, fact.recipient) if sent else None
    if sent is None or copy is None or copy.receipted is None:
        raise NotAllowed("nothing was receipted that could be missed")
    return put(state, with_copy(sent, replace(copy, receipted=None))), ()


def message_expired(state: HotlineState, _: int, at_ms: int, fact: MessageExpired) -> Stepped:
    sent = sent_of(state, fact.message)
    expired = all_moved(sent, Event.EXPIRED, at_ms, "its time ended")
    told = Alarm("message expired", f"{reference(sent)} expired before all had it")
    return put(state, expired), (told,)


def message_recalled(state: HotlineState, _: int, at_ms: int, fact: MessageRecalled) -> Stepped:
    sent = sent_of(state, fact.message)
    return put(state, all_moved(sent, Event.RECALLED, at_ms, f"{fact.by}: {fact.why}")), ()


def drill_begun(state: HotlineState, _: int, at_ms: int, fact: DrillBegun) -> Stepped:
    sent_of(state, fact.message)
    return tallies.drill_begun(state, fact, at_ms // 1000), ()
