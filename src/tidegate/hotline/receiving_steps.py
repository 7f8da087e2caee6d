"""What the facts of peers' messages mean: stored, come again, refused, and what they answer."""

from typing import Any

from msgspec.structs import replace

from tidegate.hotline import tallies
from tidegate.hotline.copies import moved, with_copy
from tidegate.hotline.deadlines import UNOPENED
from tidegate.hotline.delivery import Event
from tidegate.hotline.state import (
    BEYOND_MAX,
    INBOX_MAX,
    WINDOWS_MAX,
    HotlineState,
    Received,
    Window,
    copy_for,
)
from tidegate.hotline.stepping import Stepped, name_of, peer_of, put, put_received
from tidegate.hotline.word_steps import word_followed
from tidegate.model.facts import Alarm, Effect
from tidegate.model.hotline_facts import ForkFound, MessageCameAgain, MessageRefused, MessageStored, Place
from tidegate.model.mappings import with_entry, without
from tidegate.model.organisations import OrganisationId
from tidegate.model.refusals import Full, NotAllowed


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


def message_came_again(state: HotlineState, _: int, __: int, fact: MessageCameAgain) -> Stepped:
    return with_window(with_brought(state, fact.sender, fact.size), fact.sender, fact.place), ()


def message_refused(state: HotlineState, _: int, __: int, fact: MessageRefused) -> Stepped:
    told = Alarm("message not believed", f"from {name_of(state, fact.sender)}, rule {fact.rule}: {fact.why}")
    return with_brought(state, fact.sender, fact.size), (told,)


def fork_found(state: HotlineState, _: int, __: int, fact: ForkFound) -> Stepped:
    words = f"{name_of(state, fact.sender)} signed two frames for serial {fact.serial} of epoch {fact.epoch}"
    return state, (Alarm("serial used twice", words),)
