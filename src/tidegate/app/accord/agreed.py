"""What accords in force ask of a message's receipts: their clocks as deadlines of the hotline.

Of the obligations of whoever gets a message under an accord, those count that the message itself starts, and
that a receipt fulfils: R2 where an officer's acknowledgement is asked for, R3 where an answer is. Of several
recipients, and several such clocks, the shortest counts. A drill starts no clock but that of its own answer.
"""

import logging
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from tidegate.accord.clocks import Clocks, Instance
from tidegate.accord.owing import owes
from tidegate.app.accord.books import Book
from tidegate.app.accord.following import PIECES_MAX, Following
from tidegate.app.accord.readings import accord_named, read
from tidegate.hotline.deadlines import NOTHING_AGREED, Agreed, sooner
from tidegate.model.accords import After, Happening, Never, Obligation, Occurrence
from tidegate.model.hotline_facts import Awaited
from tidegate.model.messages import Content
from tidegate.model.organisations import Digest
from tidegate.model.refusals import NotAllowed
from tidegate.ports.clock import Clock
from tidegate.ports.outside import OutsideFailed

RECEIPT_OF: Mapping[Happening, Awaited] = MappingProxyType(
    {
        "acknowledgement": "R2",
        "check-answer": "R2",
        "clarification-reply": "R3",
        "assistance-reply": "R3",
    }
)
"""The receipt that is, or may be, an obligation's evidence. All other evidence is told of in other ways."""

log = logging.getLogger("tidegate.hotline")


class AgreedDeadlines:
    """tidegate.app.hotline.needs.AgreedOf over the accords of a ledger. Belongs to the node's thread."""

    def __init__(self, following: Following, clock: Clock) -> None:
        self._following = following
        self._clock = clock
        self._clocks: dict[Digest, Clocks] = {}

    def __call__(self, content: Content) -> Agreed:
        """Counted from now. A ledger that cannot be read holds up no message, nor does a large one that is
        still being read: what is known of accords by then counts."""
        if not content.accord:
            return NOTHING_AGREED
        now_s = self._clock.now_ms() // 1_000
        try:
            if not self._following.ready(PIECES_MAX):
                log.info("accords are still being read; what %s asks may be missing", content.accord)
            known = self._following.known
            if known is None:
                return NOTHING_AGREED
            book = known.current(accord_named(content), now_s)
        except NotAllowed:
            return NOTHING_AGREED
        except OutsideFailed as failure:
            log.warning("what %s asks of a message is not known now: %s", content.accord, failure)
            return NOTHING_AGREED
        if book.force is None or not book.force.covers(now_s):
            return NOTHING_AGREED
        if book.digest not in self._clocks:
            self._clocks = {**self._clocks, book.digest: Clocks(book.accord)}
        return agreed(book, self._clocks[book.digest], content, now_s)


def agreed(book: Book, clocks: Clocks, content: Content, now_s: int) -> Agreed:
    """Of a message under this accord that its recipients have from now on."""
    due: dict[Awaited, int | None] = {"R2": None, "R3": None}
    for which, one in started(book, content):
        receipts = {(one.triggers[0].reference, one.duty): now_s}
        due_s = clocks.timed(one, receipts).due_s
        if due_s is not None:
            due[which] = sooner(due[which], max(1, due_s - now_s))
    return Agreed(r2_s=due["R2"], r3_s=due["R3"])


def started(book: Book, content: Content) -> Iterator[tuple[Awaited, Instance]]:
    """Each obligation of each recipient that this message starts."""
    for told in read(book.accord, book.codes, content, content.nonce, 0):
        for obligation in book.accord.obligation:
            which = RECEIPT_OF.get(obligation.evidence)
            if which is None or not starts(obligation, told):
                continue
            for party in told.toward:
                if owes(obligation, book.accord.codes, party, told.by):
                    yield which, Instance(obligation.id, obligation, party, told.by, triggers=(told,))


def starts(obligation: Obligation, told: Occurrence) -> bool:
    match obligation.clock:
        case After(event=event, obliges="addressee"):
            return event == told.kind
        case Never(act=act):
            return act == told.kind
    return False
