"""What each fact of the hotline means: `(state, number, at_ms, fact) -> (state, effects)`, one table.

No effect sends anything: what is to be sent follows from the state and the clock (tidegate.hotline.courier).
Effects tell people.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from tidegate.hotline import tallies
from tidegate.hotline.copies import awaits_nothing, moved, with_copy
from tidegate.hotline.correspondence import correspondence_of
from tidegate.hotline.deadlines import UNOPENED
from tidegate.hotline.delivery import Event, Stage
from tidegate.hotline.relay_steps import envelope_kept, envelope_let_go
from tidegate.hotline.state import (
    BEYOND_MAX,
    FRAMES_MAX,
    INBOX_MAX,
    LINES_MAX,
    PEERS_MAX,
    READ_MAX,
    SENT_MAX,
    SETTLED_MAX,
    WINDOWS_MAX,
    Copy,
    HotlineState,
    Line,
    Own,
    Peer,
    Received,
    Sent,
    Told,
    Window,
    copy_for,
)
from tidegate.hotline.word_steps import word_came_through, word_followed, word_heard
from tidegate.model.facts import Alarm, Effect
from tidegate.model.hotline_facts import (
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
    Place,
    ReceiptCame,
    RefusalCame,
    SerialSpoilt,
    SignatureGiven,
    WordCameThrough,
    WordHeard,
)
from tidegate.model.mappings import with_entry, without
from tidegate.model.organisations import Digest, OrganisationId
from tidegate.model.refusals import Full, NotAllowed

Stepped = tuple[HotlineState, tuple[Effect, ...]]
Step = Callable[[HotlineState, int, int, Any], Stepped]


def own_card_issued(state: HotlineState, _: int, __: int, fact: OwnCardIssued) -> Stepped:
    own = state.own
    if own is not None and own.organisation != fact.organisation:
        raise NotAllowed(f"this node speaks for {own.name}; another organisation needs a node of its own")
    if own is not None and fact.version <= own.version:
        raise NotAllowed(f"the card has version {own.version}; a new one needs a higher version")
    issued = Own(
        organisation=fact.organisation,
        name=fact.name,
        card=fact.card,
        version=fact.version,
        valid_until_s=fact.valid_until_s,
    )
    return replace(state, own=issued), ()


def peer_met(state: HotlineState, _: int, at_ms: int, fact: PeerMet) -> Stepped:
    if state.own is not None and fact.organisation == state.own.organisation:
        raise NotAllowed("an organisation does not meet itself")
    if len(state.peers) >= PEERS_MAX and fact.organisation not in state.peers:
        raise Full("peers", PEERS_MAX)
    known = state.peers.get(fact.organisation)
    if known is not None and fact.version < known.version:
        raise NotAllowed(f"a newer card of {known.name}, version {known.version}, is known")
    peer = Peer(
        organisation=fact.organisation,
        name=fact.name,
        card=fact.card,
        version=fact.version,
        valid_until_s=fact.valid_until_s,
        met_at_s=at_ms // 1000,
    )
    told = Alarm("peer met", f"{fact.name}; {fact.officer} compared the number {fact.how}")
    return replace(state, peers=with_entry(state.peers, peer.organisation, peer)), (told,)


def peer_card_taken(state: HotlineState, _: int, __: int, fact: PeerCardTaken) -> Stepped:
    known = peer_of(state, fact.organisation)
    if fact.version <= known.version:
        raise NotAllowed(f"the card of {known.name} has version {known.version}; {fact.version} is no newer")
    peer = replace(
        known,
        name=fact.name,
        card=fact.card,
        version=fact.version,
        valid_until_s=fact.valid_until_s,
        told_days=None,
    )
    root = "; it has a new root key" if fact.root_changed else ""
    told = Alarm("card changed", f"{fact.name} has card version {fact.version} now{root}")
    return replace(state, peers=with_entry(state.peers, peer.organisation, peer)), (told,)


def peer_left(state: HotlineState, _: int, __: int, fact: PeerLeft) -> Stepped:
    known = peer_of(state, fact.organisation)
    told = Alarm("peer left", f"{fact.officer} ended trust in {known.name}: {fact.why}")
    peers, brought = without(state.peers, fact.organisation), without(state.brought, fact.organisation)
    return replace(state, peers=peers, brought=brought), (told,)


def card_expiry_neared(state: HotlineState, _: int, __: int, fact: CardExpiryNeared) -> Stepped:
    own, days = state.own, fact.days_left
    if own is not None and fact.organisation == own.organisation:
        whose, state = "our own card", replace(state, own=replace(own, told_days=days))
    else:
        known = peer_of(state, fact.organisation)
        told = replace(known, told_days=days)
        whose = f"the card of {known.name}"
        state = replace(state, peers=with_entry(state.peers, known.organisation, told))
    when = f"ends in {days} days" if days > 0 else "has ended: nothing under it is believed"
    return state, (Alarm("card expiry", f"{whose}, version {fact.version}, {when}"),)


def epoch_begun(state: HotlineState, _: int, __: int, fact: EpochBegun) -> Stepped:
    if fact.epoch <= state.epoch:
        raise NotAllowed(f"epoch {fact.epoch} is not after epoch {state.epoch}")
    told = () if not state.epoch else (Alarm("epoch begun", f"serials count from 1 again: {fact.why}"),)
    return replace(state, epoch=fact.epoch), told


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


def message_stored(state: HotlineState, number: int, at_ms: int, fact: MessageStored) -> Stepped:
    about = fact.about
    peer_of(state, about.sender)
    if state.find_received(about.message) is not None:
        raise NotAllowed("this very message was stored before")
    opened = about.form in UNOPENED and fact.deadlines.r2_s is None
    if len(state.inbox) >= INBOX_MAX and not opened:
        raise Full("messages that nobody opened", INBOX_MAX)
    received = Received(
        about=about,
        officers=fact.officers,
        fact=number,
        stored_at_s=at_ms // 1000,
        place=fact.place,
        package=fact.package,
        path=fact.path,
        deadlines=fact.deadlines,
    )
    held = with_brought(put_received(state, received, opened=opened), about.sender, fact.size)
    kept = with_window(word_followed(held, about.sender, about.message), about.sender, fact.place)
    return answer_came(kept, about, at_ms // 1000), arrival_told(state, received)


def arrival_told(state: HotlineState, received: Received) -> tuple[Effect, ...]:
    """People hear of what an officer should open; a drill is called one in every word about it."""
    about = received.about
    if about.form in UNOPENED:
        return ()
    drill = "DRILL: " if about.mark == "DRILL" else ""
    words = f"{drill}{about.precedence} {about.form} {about.reference} from {name_of(state, about.sender)}"
    return (Alarm("message came", words),)


def message_came_again(state: HotlineState, _: int, __: int, fact: MessageCameAgain) -> Stepped:
    return with_window(with_brought(state, fact.sender, fact.size), fact.sender, fact.place), ()


def message_refused(state: HotlineState, _: int, __: int, fact: MessageRefused) -> Stepped:
    told = Alarm("message not believed", f"from {name_of(state, fact.sender)}, rule {fact.rule}: {fact.why}")
    return with_brought(state, fact.sender, fact.size), (told,)


def fork_found(state: HotlineState, _: int, __: int, fact: ForkFound) -> Stepped:
    words = f"{name_of(state, fact.sender)} signed two frames for serial {fact.serial} of epoch {fact.epoch}"
    return state, (Alarm("serial used twice", words),)


def deadline_passed(state: HotlineState, _: int, __: int, fact: DeadlinePassed) -> Stepped:
    told = Told(fact.awaited, fact.level)
    sent, received = state.find_sent(fact.message), state.find_received(fact.message)
    if received is not None and state.own is not None and fact.party == state.own.organisation:
        late = replace(received, told=told)
        words = f"{fact.awaited} of {received.about.reference} is late here"
        after = put_received(state, late, opened=late.opened_s is not None)
        return after, (Alarm(f"overdue, {fact.level}", words),)
    copy = copy_for(sent, fact.party) if sent else None
    if sent is None or copy is None:
        raise NotAllowed("the message whose receipt is late is not at hand")
    words = f"{fact.awaited} of {reference(sent)} is late at {name_of(state, fact.party)}"
    late_copy = with_copy(sent, replace(copy, told=told))
    return put(state, late_copy), (Alarm(f"overdue, {fact.level}", words),)


def path_changed(state: HotlineState, _: int, at_ms: int, fact: PathChanged) -> Stepped:
    said = "is alive" if fact.alive else "is silent"
    told = Alarm("path changed", f"{fact.path} to {name_of(state, fact.organisation)} {said}")
    return tallies.path_changed(state, fact, at_ms // 1000), (told,)


def drill_begun(state: HotlineState, _: int, at_ms: int, fact: DrillBegun) -> Stepped:
    sent_of(state, fact.message)
    return tallies.drill_begun(state, fact, at_ms // 1000), ()


HOTLINE_STEPS: Mapping[type, Step] = {
    OwnCardIssued: own_card_issued,
    PeerMet: peer_met,
    PeerCardTaken: peer_card_taken,
    PeerLeft: peer_left,
    CardExpiryNeared: card_expiry_neared,
    EpochBegun: epoch_begun,
    SerialSpoilt: serial_spoilt,
    MessageComposed: message_composed,
    SignatureGiven: signature_given,
    MessageAuthorised: message_authorised,
    MessageQueued: message_queued,
    EnvelopeMadeAnew: envelope_made_anew,
    CustodyTaken: custody_taken,
    ReceiptCame: receipt_came,
    RefusalCame: refusal_came,
    MessageExpired: message_expired,
    MessageRecalled: message_recalled,
    MessageStored: message_stored,
    MessageCameAgain: message_came_again,
    CopyMissed: copy_missed,
    MessageRefused: message_refused,
    ForkFound: fork_found,
    DeadlinePassed: deadline_passed,
    PathChanged: path_changed,
    DrillBegun: drill_begun,
    WordHeard: word_heard,
    WordCameThrough: word_came_through,
    EnvelopeKept: envelope_kept,
    EnvelopeLetGo: envelope_let_go,
}


def peer_of(state: HotlineState, organisation: OrganisationId) -> Peer:
    peer = state.peers.get(organisation)
    if peer is None:
        raise NotAllowed(f"the organisation {organisation[:16]} was never met here")
    return peer


def name_of(state: HotlineState, organisation: OrganisationId) -> str:
    peer = state.peers.get(organisation)
    return peer.name if peer else organisation[:16]


def sent_of(state: HotlineState, message: Digest) -> Sent:
    sent = state.sent.get(message)
    if sent is None:
        raise NotAllowed(f"no message {message[:16]} is on its way")
    return sent


def reference(sent: Sent) -> str:
    return f"{'DRILL ' if sent.about.mark == 'DRILL' else ''}{sent.about.reference}"


def all_moved(sent: Sent, event: Event, at_ms: int, why: str = "") -> Sent:
    copies = tuple(moved(copy, event, at_ms // 1000, why) for copy in sent.copies)
    return replace(sent, copies=copies)


def put(state: HotlineState, sent: Sent) -> HotlineState:
    """Among those on their way; or, where nothing is awaited of anybody any more, among those settled."""
    message = sent.about.message
    others = tuple(one for one in state.settled if one.about.message != message)
    if not awaits_nothing(sent):
        settled = others if len(others) < len(state.settled) else state.settled
        return replace(state, sent=with_entry(state.sent, message, sent), settled=settled)
    return replace(state, sent=without(state.sent, message), settled=(*others, sent)[-SETTLED_MAX:])


def put_received(state: HotlineState, received: Received, *, opened: bool) -> HotlineState:
    message = received.about.message
    if not opened:
        return replace(state, inbox=with_entry(state.inbox, message, received))
    others = [one for one in state.read if one.about.message != message]
    inbox = without(state.inbox, message) if message in state.inbox else state.inbox
    return replace(state, inbox=inbox, read=(*others, received)[-READ_MAX:])


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


def answer_came(state: HotlineState, about: Any, now_s: int) -> HotlineState:
    """A peer's R2 or R3 to a message of ours; it must be one of those whom we sent it to."""
    sent = state.find_sent(about.answers) if about.answers else None
    copy = copy_for(sent, about.sender) if sent else None
    if sent is None or copy is None:
        return state
    opened = about.form == "receipt"
    after = moved(copy, Event.R2 if opened else Event.R3, now_s)
    times = {"r2_s": now_s if after.r2_s is None else after.r2_s}
    if not opened:
        times["r3_s"] = now_s if after.r3_s is None else after.r3_s
    tallied = tallies.person_answered(state, sent.about.message, about.sender)
    return put(tallied, with_copy(sent, replace(after, told=None, **times)))


def with_brought(state: HotlineState, sender: OrganisationId, size: int) -> HotlineState:
    if sender not in state.peers:
        return state
    return replace(state, brought=with_entry(state.brought, sender, state.brought.get(sender, 0) + size))


def with_window(state: HotlineState, sender: OrganisationId, place: Place) -> HotlineState:
    key = f"{place.correspondence}/{place.epoch}"
    known = state.windows.get(key)
    through, beyond = (known.through, set(known.beyond)) if known else (0, set())
    if place.serial > through:
        beyond.add(place.serial)
    if len(beyond) > BEYOND_MAX:
        through = min(beyond) - 1
    while through + 1 in beyond:
        through += 1
        beyond.discard(through)
    window = Window(sender, place.correspondence, place.epoch, through, tuple(sorted(beyond)))
    windows = without(state.windows, key) if known else state.windows
    if len(windows) >= WINDOWS_MAX:
        windows = without(windows, next(iter(windows)))
    return replace(state, windows=with_entry(windows, key, window))
