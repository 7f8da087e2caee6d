"""Messages in lists: how far each one is, which receipt is awaited until when, and whom it waits for."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from tidegate.app.console.access import Viewer
from tidegate.app.console.letters import may_read, may_read_about, rank_of
from tidegate.app.hotline.line import CopyView, HotlineShown, ReceivedView, SentView, WordView
from tidegate.hotline.deadlines import UNOPENED
from tidegate.hotline.delivery import Stage
from tidegate.model.hotline_facts import About, Awaited
from tidegate.model.messages import FormName, Mark, Precedence, Tlp
from tidegate.model.organisations import LEVELS, Digest, Level, OrganisationId


class MessageHead(msgspec.Struct, frozen=True, kw_only=True):
    """What a list shows of every message. `word` is the code of a coded word, "" for none or where
    `readable` is not so: who looks may not read it."""

    message: Digest
    mark: Mark
    precedence: Precedence
    level: Level
    tlp: Tlp
    form: FormName
    word: str
    reference: str
    composed_at_ms: int
    answers: Digest | None
    readable: bool


class ReceivedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One that came. `awaited` is the receipt that its sender still awaits of our officers, until `due_ms`;
    `overdue` the level that was told it is late. `waits` says that an officer of the viewer's level is to
    open or to answer it."""

    head: MessageHead
    sender: OrganisationId
    sender_name: str
    stored_at_ms: int
    opened_at_ms: int | None
    answered_at_ms: int | None
    awaited: Awaited | None
    due_ms: int | None
    overdue: Level | None
    waits: bool


class CopyRow(msgspec.Struct, frozen=True, kw_only=True):
    """How far a message is with one recipient, by verified receipts alone."""

    recipient: OrganisationId
    name: str
    stage: str
    relay: str
    r1_ms: int | None
    r2_ms: int | None
    r3_ms: int | None
    word_ms: int | None
    awaited: Awaited | None
    due_ms: int | None
    overdue: Level | None
    why: str


class SentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One of ours. Of `officers` that must sign it, `signed` have. `waits` as of a ReceivedRow: for a
    signature."""

    head: MessageHead
    stage: str
    signed: tuple[str, ...]
    officers: int
    copies: tuple[CopyRow, ...]
    waits: bool


class WordRow(msgspec.Struct, frozen=True, kw_only=True):
    """A coded word that was heard, and whose message has not come; `code` "" where it may not be read."""

    message: Digest
    sender_name: str
    code: str
    mark: Mark
    level: Level
    reference: str
    composed_at_ms: int
    heard_at_ms: int


def names_on(board: HotlineShown) -> dict[OrganisationId, str]:
    """As cards say, without the country."""
    return {peer.organisation: peer.name for peer in board.peers} | {board.organisation: board.name}


def head_of(about: About, word: str, told: Level | None, viewer: Viewer) -> MessageHead:
    readable = may_read_about(viewer, about, told)
    return MessageHead(
        message=about.message,
        mark=about.mark,
        precedence=about.precedence,
        level=about.level,
        tlp=about.tlp,
        form=about.form,
        word=word if readable else "",
        reference=about.reference,
        composed_at_ms=about.composed_at_s * 1000,
        answers=about.answers,
        readable=readable,
    )


def received_row(one: ReceivedView, names: Mapping[OrganisationId, str], viewer: Viewer) -> ReceivedRow:
    return ReceivedRow(
        head=head_of(one.about, one.word, one.overdue, viewer),
        sender=one.about.sender,
        sender_name=names.get(one.about.sender, one.about.sender[:16]),
        stored_at_ms=one.stored_at_s * 1000,
        opened_at_ms=in_ms(one.opened_s),
        answered_at_ms=in_ms(one.answered_s),
        awaited=one.awaited,
        due_ms=in_ms(one.due_s),
        overdue=one.overdue,
        waits=asks_people(one) and is_for(viewer, one.about, one.overdue),
    )


def asks_people(one: ReceivedView) -> bool:
    """A check that asks machines alone was answered as it came; a receipt asks nothing."""
    opens = one.opened_s is None and one.about.form not in UNOPENED
    return opens or one.awaited is not None


def is_for(viewer: Viewer, about: About, told: Level | None) -> bool:
    """Whether an officer of this level is to see to it: of its own, or of one that was told it is late. A
    reader sees what waits for the desk."""
    if not viewer.is_officer:
        return may_read_about(viewer, about, told)
    last = max(LEVELS[about.level], LEVELS[told] if told else 0)
    return LEVELS[about.level] <= rank_of(viewer) <= last


def sent_row(one: SentView, names: Mapping[OrganisationId, str], viewer: Viewer) -> SentRow:
    told = highest(copy.overdue for copy in one.copies)
    return SentRow(
        head=head_of(one.about, one.word, told, viewer),
        stage=one.stage,
        signed=one.signed,
        officers=one.officers,
        copies=tuple(copy_row(copy, names) for copy in one.copies),
        waits=one.stage == Stage.COMPOSED and is_for(viewer, one.about, None),
    )


def highest(told: Iterable[Level | None]) -> Level | None:
    return max((one for one in told if one is not None), key=lambda level: LEVELS[level], default=None)


def copy_row(copy: CopyView, names: Mapping[OrganisationId, str]) -> CopyRow:
    return CopyRow(
        recipient=copy.recipient,
        name=names.get(copy.recipient, copy.recipient[:16]),
        stage=copy.stage,
        relay="" if copy.relay is None else names.get(copy.relay, copy.relay[:16]),
        r1_ms=in_ms(copy.r1_s),
        r2_ms=in_ms(copy.r2_s),
        r3_ms=in_ms(copy.r3_s),
        word_ms=in_ms(copy.word_s),
        awaited=copy.awaited,
        due_ms=in_ms(copy.due_s),
        overdue=copy.overdue,
        why=copy.why,
    )


def word_rows(
    words: Sequence[WordView], names: Mapping[OrganisationId, str], viewer: Viewer
) -> tuple[WordRow, ...]:
    """A word bears no marking of its own: its level alone says who reads it."""
    return tuple(
        WordRow(
            message=one.message,
            sender_name=names.get(one.sender, one.sender[:16]),
            code=one.code if may_read(viewer, one.level, "TLP:AMBER") else "",
            mark=one.mark,
            level=one.level,
            reference=one.reference,
            composed_at_ms=one.composed_at_s * 1000,
            heard_at_ms=one.heard_at_s * 1000,
        )
        for one in words
    )


def in_ms(at_s: int | None) -> int | None:
    return None if at_s is None else at_s * 1000
