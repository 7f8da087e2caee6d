"""What each fact of the hotline means: `(state, number, at_ms, fact) -> (state, effects)`, one table.

No effect sends anything: what is to be sent follows from the state and the clock (tidegate.hotline.courier).
Effects tell people.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from tidegate.hotline import tallies
from tidegate.hotline.copies import with_copy
from tidegate.hotline.identity_steps import (
    card_expiry_neared,
    epoch_begun,
    own_card_issued,
    peer_card_taken,
    peer_left,
    peer_met,
)
from tidegate.hotline.receiving_steps import fork_found, message_came_again, message_refused, message_stored
from tidegate.hotline.relay_steps import envelope_kept, envelope_let_go
from tidegate.hotline.sending_steps import (
    copy_missed,
    custody_taken,
    drill_begun,
    envelope_made_anew,
    message_authorised,
    message_composed,
    message_expired,
    message_queued,
    message_recalled,
    receipt_came,
    refusal_came,
    serial_spoilt,
    signature_given,
)
from tidegate.hotline.state import HotlineState, Told, copy_for
from tidegate.hotline.stepping import Step, Stepped, name_of, put, put_received, reference
from tidegate.hotline.word_steps import word_came_through, word_heard
from tidegate.model.facts import Alarm
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
    ReceiptCame,
    RefusalCame,
    SerialSpoilt,
    SignatureGiven,
    WordCameThrough,
    WordHeard,
)
from tidegate.model.refusals import NotAllowed


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
