"""What the facts of coded words mean: one was heard ahead of its message, or came through to a recipient."""

from msgspec.structs import replace

from tidegate.hotline.copies import with_copy
from tidegate.hotline.state import WORDS_AHEAD_MAX, WORDS_MAX, Ahead, HotlineState, copy_for, word_key
from tidegate.hotline.stepping import Stepped
from tidegate.model.facts import Alarm
from tidegate.model.hotline_facts import WordCameThrough, WordHeard
from tidegate.model.mappings import with_entry, without
from tidegate.model.organisations import Digest, OrganisationId
from tidegate.model.refusals import Full, NotAllowed

AHEAD_S = 86_400
"""A word whose message has not come in a day no longer counts against its sender's share."""


def word_heard(state: HotlineState, _: int, at_ms: int, fact: WordHeard) -> Stepped:
    peer = state.peers.get(fact.sender)
    if peer is None:
        raise NotAllowed(f"the organisation {fact.sender[:16]} was never met here")
    key = word_key(fact.sender, fact.message)
    if key in state.words or state.find_received(fact.message) is not None:
        raise NotAllowed("this word was heard before, or its message has come")
    since_s = at_ms // 1000 - AHEAD_S
    ahead = [
        one for one in state.words.values() if one.word.sender == fact.sender and one.heard_at_s > since_s
    ]
    if len(ahead) >= WORDS_AHEAD_MAX:
        raise Full("words ahead of their messages", WORDS_AHEAD_MAX)
    words = with_entry(state.words, key, Ahead(fact, at_ms // 1000))
    if len(words) > WORDS_MAX:
        words = without(words, next(iter(words)))
    drill = "DRILL: " if fact.mark == "DRILL" else ""
    told = Alarm("word heard", f"{drill}FLASH {fact.code} {fact.reference} from {peer.name}")
    return replace(state, words=words), (told,)


def word_came_through(state: HotlineState, _: int, at_ms: int, fact: WordCameThrough) -> Stepped:
    """It proves nothing to others, and delivers nothing: only R1 does."""
    sent = state.sent.get(fact.message)
    copy = copy_for(sent, fact.recipient) if sent else None
    if sent is None or copy is None or copy.word_s is not None:
        return state, ()
    changed = with_copy(sent, replace(copy, word_s=at_ms // 1000))
    return replace(state, sent=with_entry(state.sent, fact.message, changed)), ()


def word_followed(state: HotlineState, sender: OrganisationId, message: Digest) -> HotlineState:
    """The message itself is here now: nothing more is said of its word."""
    key = word_key(sender, message)
    return replace(state, words=without(state.words, key)) if key in state.words else state
