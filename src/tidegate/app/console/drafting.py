"""A message laid down at the console for an officer's key, and what a page may do without one.

1. Nothing is said in an officer's name here. What is laid down is bytes with a name (their SHA-256), and
   waits until as many officers of its level as our card asks for have signed them at the terminal.
2. Whoever lays a message down reads the level it is for.
3. What is laid down is checked against what was asked for: the node adds a reference, a time and a nonce.
4. What nobody has signed yet can be taken back here; a signed message is recalled at the terminal.
5. A communication check is the station's own word and needs nobody's key; a peer is not asked again within a
   minute.
"""

from collections.abc import Iterator, Sequence

import msgspec

from tidegate.app.accord.guarding import looked
from tidegate.app.accord.remarking import remark_words
from tidegate.app.console.access import Viewer
from tidegate.app.console.gathering import NoSuchThing, Sources
from tidegate.app.console.hotline_gathering import must_be_founded, readable_by
from tidegate.app.console.letters import LetterView, letter_view, rank_of, zone_of
from tidegate.app.hotline.attack_report import incident_fields
from tidegate.app.hotline.line import Draft, HotlineShown
from tidegate.app.hotline.writing import Handling, attached, draft_of, fields_of, plain_text, preview
from tidegate.app.queries import attack_life
from tidegate.hotline.delivery import Stage
from tidegate.model.labels import language_of
from tidegate.model.messages import CodedField, FormName, Mark, Pap, Precedence, Tlp
from tidegate.model.organisations import LEVELS, Digest, Level, OrganisationId
from tidegate.model.refusals import Full, NotAllowed
from tidegate.model.remarks import Remark
from tidegate.ports.hotline_control import LISTED_MAX

WAITING_MAX = 32
"""Messages that lack signatures; a console lays down no further one until some are signed or taken back."""

DRILL_AGAIN_S = 60
WHY_CHARACTERS_MAX = 200
"""Characters of why a draft is taken back; a longer reason is refused."""


class FileGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`body` in base64."""

    name: str
    body: bytes


class DraftAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that a person decides about a message. `expires_in_s` counts from when it is laid down; `language`
    is that of `remarks`."""

    recipients: tuple[OrganisationId, ...]
    form: FormName
    mark: Mark
    precedence: Precedence
    level: Level
    tlp: Tlp
    pap: Pap
    accord: str = ""
    answers: Digest | None = None
    reference: str = ""
    expires_in_s: int | None = None
    language: str
    fields: tuple[CodedField, ...] = ()
    remarks: str = ""
    attachments: tuple[FileGiven, ...] = ()


class PreviewAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`language` and `zone` are the reader's."""

    draft: DraftAsked
    language: str
    zone: str = ""


class RecipientRow(msgspec.Struct, frozen=True, kw_only=True):
    """Who would get it, as their card says; `alive` where a path to them is."""

    organisation: OrganisationId
    name: str
    country: str
    languages: tuple[str, ...]
    alive: bool


class PreviewView(msgspec.Struct, frozen=True, kw_only=True):
    """The message as its recipients would read it, and all that is wrong with it, in the reader's language.
    `marks` are what an accord says of a notice that goes out all the same, marked. `officers` are those of
    its level on our card, who could sign it."""

    letter: LetterView
    recipients: tuple[RecipientRow, ...]
    problems: tuple[str, ...]
    marks: tuple[str, ...]
    officers: tuple[str, ...]


class LaidDown(msgspec.Struct, frozen=True, kw_only=True):
    """`message` is the name of the bytes that so many `officers` of `level` are to sign."""

    message: Digest
    level: Level
    officers: int


class TakeBack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    why: str


class DrillAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`human` asks for a person's answer, not only the machine's."""

    recipients: tuple[OrganisationId, ...]
    human: bool


class DrillStarted(msgspec.Struct, frozen=True, kw_only=True):
    message: Digest


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What our record says of an attack, as fields of an incident notification."""

    fields: tuple[CodedField, ...]


def look(sources: Sources, viewer: Viewer, asked: PreviewAsked) -> PreviewView:
    """Nothing is laid down yet."""
    must_be_founded(sources)
    must_read(viewer, asked.draft.level)
    board, now_s = sources.hotline.line.board(), sources.clock.now_ms() // 1000
    language = language_of(asked.language) or "en"
    draft = draft_from(asked.draft, now_s)
    letter, problems = preview(draft, board, now_s, zone_of(asked.zone))
    remarks: Sequence[Remark] = ()
    if not problems:
        draft, remarks = looked(sources.hotline.line, draft)
        letter, _ = preview(draft, board, now_s, zone_of(asked.zone))
    return PreviewView(
        letter=letter_view(letter, language),
        recipients=tuple(recipient_rows(draft.recipients, board)),
        problems=(
            *(one.words(language) for one in problems),
            *(remark_words(one, language) for one in remarks if one.kind == "stop"),
        ),
        marks=tuple(remark_words(one, language) for one in remarks if one.kind == "mark"),
        officers=tuple(one.name for one in board.officers if one.level == draft.level),
    )


def lay_down(sources: Sources, viewer: Viewer, asked: DraftAsked) -> LaidDown:
    """1, 3. NotAllowed with all that is wrong with it; Full where too many wait."""
    must_be_founded(sources)
    must_read(viewer, asked.level)
    waiting = sources.hotline.line.outbox(LISTED_MAX, pending=True).messages
    if sum(one.stage == Stage.COMPOSED for one in waiting) >= WAITING_MAX:
        raise Full("messages that wait for signatures", WAITING_MAX)
    draft, _ = looked(sources.hotline.line, draft_from(asked, sources.clock.now_ms() // 1000))
    composed = sources.hotline.line.compose(draft)
    return LaidDown(message=composed.message, level=composed.level, officers=composed.officers)


def take_back(sources: Sources, viewer: Viewer, message: Digest, why: str) -> None:
    """4."""
    sent = readable_by(sources, viewer, message)[1].sent
    if sent is None or sent.stage != Stage.COMPOSED or sent.signed:
        raise NotAllowed("only what nobody has signed is taken back here; see `tidegate hotline recall`")
    if len(why) > WHY_CHARACTERS_MAX:
        raise NotAllowed(f"say why in at most {WHY_CHARACTERS_MAX} characters")
    sources.hotline.line.recall(message, f"{viewer.name} at the console: {why or 'no longer wanted'}")


def start_drill(sources: Sources, viewer: Viewer, asked: DrillAsked) -> DrillStarted:
    """5."""
    must_be_founded(sources)
    board = sources.hotline.line.board()
    if not asked.recipients:
        raise NotAllowed("say whom to check")
    for peer in board.peers:
        recent = peer.last_drill_s is not None and board.now_s - peer.last_drill_s < DRILL_AGAIN_S
        if recent and peer.organisation in asked.recipients:
            raise NotAllowed(f"a check of {peer.name} began less than a minute ago")
    message = sources.hotline.line.drill(asked.recipients, human=asked.human, asker=viewer.name)
    return DrillStarted(message=message)


def measured(sources: Sources, attack: int) -> Measured:
    """NoSuchThing for an attack that is not on record."""
    life = attack_life(sources.facts(), attack)
    if not life:
        raise NoSuchThing(f"there is no attack {attack} on record")
    return Measured(fields=fields_of(incident_fields(life), "incident"))


def must_read(viewer: Viewer, level: Level) -> None:
    """2."""
    if LEVELS[level] > rank_of(viewer):
        raise NotAllowed(f"{viewer.name} came in as {viewer.role}, and lays nothing down for the {level}")


def draft_from(asked: DraftAsked, now_s: int) -> Draft:
    """As a person typed it: text in its normal form, files as what they are. NotAllowed for other files."""
    handling = Handling(
        recipients=tuple(sorted(set(asked.recipients))),
        mark=asked.mark,
        precedence=asked.precedence,
        level=asked.level,
        tlp=asked.tlp,
        pap=asked.pap,
        accord=asked.accord,
        answers=asked.answers,
        reference=asked.reference,
        expires_at_s=None if asked.expires_in_s is None else now_s + asked.expires_in_s,
    )
    given = {field.name: field.values for field in asked.fields}
    files = [attached(one.name, one.body) for one in asked.attachments]
    return draft_of(asked.form, handling, given, plain_text(asked.remarks), asked.language, files)


def recipient_rows(recipients: Sequence[OrganisationId], board: HotlineShown) -> Iterator[RecipientRow]:
    peers = {peer.organisation: peer for peer in board.peers}
    for organisation in recipients:
        peer = peers.get(organisation)
        if peer is None:
            raise NotAllowed(f"the organisation {organisation[:16]} was never met here")
        yield RecipientRow(
            organisation=organisation,
            name=peer.name,
            country=peer.country,
            languages=peer.languages,
            alive=any(path.state == "alive" for path in peer.paths),
        )
