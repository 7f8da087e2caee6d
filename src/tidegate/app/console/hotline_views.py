"""The Hotline screen as values: the board, messages in lists, one message with all that is known of it."""

import msgspec

from tidegate.app.console.hotline_rows import ReceivedRow, SentRow, WordRow
from tidegate.app.console.letters import LetterView
from tidegate.app.console.rows import NodeStanding
from tidegate.app.hotline.line import PeerView
from tidegate.model.messages import CodedField, Mark, Pap, Precedence, Tlp
from tidegate.model.organisations import Digest, Level, OrganisationId


class OfficerRow(msgspec.Struct, frozen=True, kw_only=True):
    """Who speaks for us by our own card."""

    name: str
    level: Level


class HotlineView(msgspec.Struct, frozen=True, kw_only=True):
    """Whom can we reach now, and what was said? `node` is the one that serves the hotline. Where `founded` is
    not so, there is nothing else. `inbox_older` and `outbox_older` are where older ones begin, None where
    there are none. `option` is what commands at the terminal need beside their own words."""

    at_ms: int
    node: NodeStanding
    founded: bool
    organisation: OrganisationId = ""
    name: str = ""
    card_until_ms: int = 0
    officers: tuple[OfficerRow, ...] = ()
    peers: tuple[PeerView, ...] = ()
    findings: tuple[str, ...] = ()
    words: tuple[WordRow, ...] = ()
    inbox: tuple[ReceivedRow, ...] = ()
    inbox_older: int | None = None
    outbox: tuple[SentRow, ...] = ()
    outbox_older: int | None = None
    may_draft: bool = False
    option: str = ""


class InboxPage(msgspec.Struct, frozen=True, kw_only=True):
    """Older messages that came; `older` is where the next page begins."""

    at_ms: int
    messages: tuple[ReceivedRow, ...]
    older: int | None


class OutboxPage(msgspec.Struct, frozen=True, kw_only=True):
    """As an InboxPage, of ours."""

    at_ms: int
    messages: tuple[SentRow, ...]
    older: int | None


class ReplyTo(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer is handled: to all who have the message, as urgent and as real as it was. `carried` are
    the fields that an answer takes over: which incident, notice or obligation it is about."""

    recipients: tuple[OrganisationId, ...]
    mark: Mark
    precedence: Precedence
    tlp: Tlp
    pap: Pap
    accord: str
    carried: tuple[CodedField, ...]


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """One message. One of `sent` and `received` is set; `letter` is None where whoever looks may not read it.
    `facts` are the numbers of all facts about it, in this console's ledger where `same_node`."""

    at_ms: int
    message: Digest
    received: ReceivedRow | None
    sent: SentRow | None
    letter: LetterView | None
    reply: ReplyTo | None
    facts: tuple[int, ...]
    same_node: bool
    may_draft: bool
    option: str
