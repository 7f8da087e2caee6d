"""What the hotline knows: one frozen value that follows from the facts and from nothing else."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from tidegate.hotline.delivery import ENDED, Stage
from tidegate.hotline.relay import Kept
from tidegate.model.hotline_facts import About, Awaited, Deadlines, Place, WordHeard
from tidegate.model.messages import OfficerSignature
from tidegate.model.organisations import Digest, Level, OrganisationId

PEERS_MAX = 256
"""Organisations that were met; one more is refused as Full until another leaves."""

SENT_MAX = 4_096
"""Messages on their way, or awaiting what they ask for; a further one is refused as Full when composed."""

SETTLED_MAX = 256
"""Sent messages at hand of which nothing is awaited any more; the older ones are in the store."""

INBOX_MAX = 4_096
"""Messages that no officer has opened; a further one is not stored, and its sender keeps and offers it."""

READ_MAX = 256
"""Received messages at hand that were opened, or need not be; the older ones are in the store."""

WORDS_MAX = 256
"""Words at hand whose messages have not come; the one that was heard first is forgotten for a further one."""

WORDS_AHEAD_MAX = 16
"""Words of one peer within a day whose messages have not come; a further one is not heard."""

LINES_MAX = 4_096
"""Correspondences of our own, one for each set of recipients; a message to a new set is refused as Full."""

WINDOWS_MAX = 1_024
"""Epochs of peers' correspondences that heartbeats tell of; the one that was heard of first is left out."""

BEYOND_MAX = 64
"""Serials remembered beyond the first gap of a correspondence; with more, the gap is taken for lost."""

FRAMES_MAX = 8
"""Frames that one message was given, the newest; a receipt that names an older one counts no more."""

PATHS_MAX = 2_048
"""Paths to peers on the standing board; of a further one no reachability is kept."""

REACH_DAYS_MAX = 31
"""Days of reachability kept of each path."""

DRILLS_MAX = 64
"""Drills of each peer at hand, the newest: two a day for a month."""


NOTHING: Mapping[Any, Any] = MappingProxyType({})


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """Whom this node speaks for, and the digest of its SignedCard. `told_days` were left of it when its end
    was told last."""

    organisation: OrganisationId
    name: str
    card: Digest
    version: int
    valid_until_s: int
    told_days: int | None = None


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """Whom we met, by the digest of its newest SignedCard; `told_days` as of our own."""

    organisation: OrganisationId
    name: str
    card: Digest
    version: int
    valid_until_s: int
    met_at_s: int
    told_days: int | None = None


class Line(msgspec.Struct, frozen=True):
    """The last frame of one of our correspondences."""

    epoch: int
    serial: int
    frame: Digest


class Window(msgspec.Struct, frozen=True):
    """What was stored of one epoch of a peer's correspondence, as heartbeats tell it."""

    sender: OrganisationId
    correspondence: Digest
    epoch: int
    through: int
    beyond: tuple[int, ...]


class Told(msgspec.Struct, frozen=True):
    """The last one who was told of a late receipt."""

    awaited: Awaited
    level: Level


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """A message on its way to one recipient (tidegate.hotline.delivery).

    `receipted` is the frame that its R1 names. It is offered until that is the message's present frame.
    `word_s` is when the recipient's station heard its coded word, where it has one.
    """

    recipient: OrganisationId
    stage: Stage
    since_s: int
    receipted: Digest | None = None
    relay: OrganisationId | None = None
    relay_until_s: int = 0
    r1_s: int | None = None
    r2_s: int | None = None
    r3_s: int | None = None
    told: Told | None = None
    why: str = ""
    word_s: int | None = None


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A message of ours. `officers` must sign; `place`, `package` and `envelope` are set once it is queued.

    `frames` are those it was given, the present one last. `spoilt`: it needs a new place.
    """

    about: About
    officers: int
    deadlines: Deadlines
    signatures: tuple[OfficerSignature, ...]
    copies: tuple[Copy, ...]
    queued_s: int | None = None
    place: Place | None = None
    frames: tuple[Digest, ...] = ()
    package: Digest = ""
    envelope: Digest = ""
    spoilt: bool = False


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A peer's message as stored by fact `fact`; our R2 and R3 went out at `opened_s` and `answered_s`."""

    about: About
    officers: tuple[str, ...]
    fact: int
    stored_at_s: int
    place: Place
    package: Digest
    path: str
    deadlines: Deadlines
    opened_s: int | None = None
    answered_s: int | None = None
    told: Told | None = None


class Ahead(msgspec.Struct, frozen=True):
    """A coded word that was heard here, and whose message has not come."""

    word: WordHeard
    heard_at_s: int


class DrillTally(msgspec.Struct, frozen=True):
    """One drill with one peer, and which answers came."""

    message: Digest
    at_s: int
    human: bool
    machine_answered: bool = False
    person_answered: bool = False


class PathLife(msgspec.Struct, frozen=True):
    """One path to one peer. `alive_s` are (day since 1970, seconds alive in it), oldest first.

    `watched_s`: the same for the seconds in which the node ran and looked.
    """

    organisation: OrganisationId
    path: str
    alive: bool
    since_s: int
    alive_s: tuple[tuple[int, int], ...] = ()


class HotlineState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the hotline. A mapping in it is never changed: a step makes another.

    `sent` by message are those on their way or awaiting something, in the order of composing; `settled`
    newest last. `inbox` by message are those that no officer has opened; `read` newest last. `lines` are our
    own correspondences by digest, `windows` those of peers by digest and epoch, the one heard of last last.
    `kept` is in custody here (tidegate.hotline.relay). `paths` by "organisation/path". `brought` are bytes of
    each peer's messages in the store (tidegate.hotline.admission). `words` were heard ahead of their
    messages, by `word_key`, newest last.
    """

    own: Own | None = None
    epoch: int = 0
    kept: Mapping[str, Kept] = NOTHING
    peers: Mapping[OrganisationId, Peer] = NOTHING
    lines: Mapping[Digest, Line] = NOTHING
    framed: int = 0
    sent: Mapping[Digest, Sent] = NOTHING
    settled: tuple[Sent, ...] = ()
    inbox: Mapping[Digest, Received] = NOTHING
    read: tuple[Received, ...] = ()
    windows: Mapping[str, Window] = NOTHING
    drills: Mapping[OrganisationId, tuple[DrillTally, ...]] = NOTHING
    paths: Mapping[str, PathLife] = NOTHING
    brought: Mapping[OrganisationId, int] = NOTHING
    words: Mapping[str, Ahead] = NOTHING

    def find_sent(self, message: Digest) -> Sent | None:
        found = self.sent.get(message)
        return found or next((one for one in self.settled if one.about.message == message), None)

    def find_envelope(self, envelope: Digest) -> Sent | None:
        """The message of ours that this envelope holds, as long as it is at hand."""
        ours = (*self.sent.values(), *self.settled)
        return next((one for one in ours if one.envelope == envelope), None)

    def find_received(self, message: Digest) -> Received | None:
        found = self.inbox.get(message)
        return found or next((one for one in self.read if one.about.message == message), None)


def word_key(sender: OrganisationId, message: Digest) -> str:
    """Whoever names another's message in a word of its own hides nothing."""
    return f"{sender}/{message}"


def copy_for(sent: Sent, recipient: OrganisationId) -> Copy | None:
    return next((copy for copy in sent.copies if copy.recipient == recipient), None)


def is_offered(sent: Sent, copy: Copy) -> bool:
    """Whether this recipient is to be offered the message: it was queued, did not end, and its present frame
    was not receipted. A copy that was delivered under an earlier frame goes again, to fill the serial."""
    if sent.place is None or sent.spoilt or copy.stage in ENDED:
        return False
    return copy.receipted != sent.place.frame


def pending(state: HotlineState) -> Iterator[tuple[Sent, Copy]]:
    """Every copy that is to be offered, in the order of composing."""
    for sent in state.sent.values():
        for copy in sent.copies:
            if is_offered(sent, copy):
                yield sent, copy
