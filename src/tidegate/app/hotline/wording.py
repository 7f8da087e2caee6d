"""Coded FLASH words: said over the datagram path ahead of their message, and heard there.

One datagram comes through where a sealed message of a dozen would not. A word announces a message that is on
its way, by its digest; it is proved by the pairwise key of the path alone, and believed in nothing but that.
What is delivered, receipted and proved is the message.

1. A word is said as soon as its message is queued, to every address for datagrams on the recipient's card,
   and again and again until the message is receipted, recalled or over.
2. What was heard is on record before anybody is told; a word that is played again is none.
3. A word says no more than its message: code, mark, level, reference, time.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tidegate.app.hotline.framing import stored
from tidegate.app.hotline.needs import Needs
from tidegate.hotline.backoff import FLASH_MS_MAX, is_due
from tidegate.hotline.correspondence import AHEAD_S_MAX
from tidegate.hotline.courier import Way
from tidegate.hotline.state import Sent, pending
from tidegate.hotline.values import is_value
from tidegate.hotline.vocabularies import vocabulary
from tidegate.model.hotline_facts import About, MessageStored, WordCameThrough, WordHeard
from tidegate.model.messages import WORD_BYTES_MAX, Content, FlashWord
from tidegate.model.organisations import Digest, OrganisationId
from tidegate.model.refusals import Full, Malformed, NotAllowed
from tidegate.model.value_bytes import bytes_of, value_from
from tidegate.ports.hotline import SignalPath

FIELD, WORD = "word", "flash-word"
"""The field of a form that holds the code, and its vocabulary."""

log = logging.getLogger("tidegate.hotline")


@dataclass(slots=True)
class Saying:
    """One word on one way: when it was begun last, and whether it is under way."""

    began_ms: int
    under_way: bool = True
    came_through: bool = False


class Wording:
    """Belongs to the node's thread."""

    def __init__(self, needs: Needs, path: SignalPath) -> None:
        self._needs = needs
        self._path = path
        self._sayings: dict[tuple[bytes, Way], Saying] = {}
        self._words: dict[Digest, bytes | None] = {}
        self.refused: Counter[str] = Counter()

    def turn(self, ways: Mapping[OrganisationId, Sequence[Way]], now_ms: int) -> set[OrganisationId]:
        """Says and hears what is due; who showed life by it. OutsideFailed where storing failed."""
        alive = {peer for peer, body in self._path.words() if self._hear(peer, body)}
        for body, outcome in self._path.said():
            way = Way(self._path.name, outcome.peer, outcome.endpoint)
            saying = self._sayings.get((body, way))
            if saying is not None:
                saying.under_way, saying.came_through = False, not outcome.why
            if not outcome.why:
                alive.add(outcome.peer)
                self._note_came_through(body, outcome.peer)
        self._say(ways, now_ms)
        return alive

    def _say(self, ways: Mapping[OrganisationId, Sequence[Way]], now_ms: int) -> None:
        """1."""
        live: dict[tuple[bytes, Way], Saying] = {}
        words: dict[Digest, bytes | None] = {}
        for sent, copy in pending(self._needs.state):
            if not may_have_word(sent.about):
                continue
            message = sent.about.message
            word = words[message] = self._words[message] if message in self._words else self._word_of(sent)
            for way in ways.get(copy.recipient, ()) if word is not None else ():
                if way.path != self._path.name or word is None:
                    continue
                saying = self._sayings.get((word, way))
                due = saying is None or (
                    not saying.under_way and is_due(saying.began_ms, pause_ms(saying), now_ms)
                )
                if due and self._path.say(way.peer, way.endpoint, word):
                    saying = Saying(now_ms)
                if saying is not None:
                    live[word, way] = saying
        self._sayings, self._words = live, words

    def _word_of(self, sent: Sent) -> bytes | None:
        code = word_of(self._needs, sent.about)
        return bytes_of(flash_word(sent.about, code)) if code else None

    def _note_came_through(self, body: bytes, peer: OrganisationId) -> None:
        word = value_from(FlashWord, body, WORD_BYTES_MAX)
        sent = self._needs.state.sent.get(word.message)
        if sent is not None and any(one.recipient == peer and one.word_s is None for one in sent.copies):
            self._needs.record.record(WordCameThrough(word.message, peer))

    def _hear(self, peer: OrganisationId, body: bytes) -> bool:
        """2. Whether it is a word at all."""
        try:
            word = value_from(FlashWord, body, WORD_BYTES_MAX)
            must_be_word(word, self._needs.now_s())
            if not self._was_heard(peer, word.message):
                self._needs.record.record(heard(peer, word))
        except (Malformed, NotAllowed, Full) as refusal:
            why = refusal.reason if isinstance(refusal, Malformed) else str(refusal)
            self.refused[type(refusal).__name__] += 1
            log.debug("a word of %s not taken: %s", peer[:16], why)
            return False
        return True

    def _was_heard(self, peer: OrganisationId, message: Digest) -> bool:
        found = self._needs.record.mentioning([message], [WordHeard, MessageStored])
        return any(
            record.fact.sender == peer if isinstance(record.fact, WordHeard) else True for _, record in found
        )


def pause_ms(saying: Saying) -> int:
    """What came through is said once more after a while: its hearer may have died before it was stored."""
    return FLASH_MS_MAX if saying.came_through else 0


def may_have_word(about: About) -> bool:
    return about.precedence == "FLASH" and about.form == "free-text"


def word_of(needs: Needs, about: About) -> str:
    """The code that a message says as a word; "" where it says none."""
    if not may_have_word(about):
        return ""
    content = stored(needs, about.message)
    fields = value_from(Content, content, len(content)).fields
    return next((value for field in fields if field.name == FIELD for value in field.values), "")


def flash_word(about: About, code: str) -> FlashWord:
    """3."""
    return FlashWord(
        version=1,
        code=code,
        mark=about.mark,
        level=about.level,
        message=about.message,
        reference=about.reference,
        composed_at_s=about.composed_at_s,
    )


def must_be_word(word: FlashWord, now_s: int) -> None:
    """NotAllowed for what no message could say: nothing else comes onto a screen."""
    named = is_value("reference", word.reference) and is_value("digest", word.message)
    if word.code not in vocabulary(WORD) or not named:
        raise NotAllowed("it is no word that is known here")
    if not 0 <= word.composed_at_s <= now_s + AHEAD_S_MAX:
        raise NotAllowed("it was said in our future")


def heard(peer: OrganisationId, word: FlashWord) -> WordHeard:
    return WordHeard(
        message=word.message,
        sender=peer,
        code=word.code,
        mark=word.mark,
        level=word.level,
        reference=word.reference,
        composed_at_s=word.composed_at_s,
    )
