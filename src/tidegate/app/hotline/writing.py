"""A message that a person writes: recipients by name, fields as the form asks, and a look before it goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from difflib import get_close_matches
from pathlib import PurePath
from unicodedata import normalize

import msgspec

from tidegate.app.hotline.drafted import drafted
from tidegate.app.hotline.line import Draft, DraftAttachment, HotlineShown
from tidegate.app.hotline.reading import Letter, names_of, readings_of
from tidegate.hotline.content import PROBLEMS_MAX, problems
from tidegate.hotline.fields import FIELDS, Field
from tidegate.hotline.forms import FORMS, Form, Slot
from tidegate.hotline.page import Known
from tidegate.hotline.problems import Problem, sentences
from tidegate.hotline.shown import field_label
from tidegate.hotline.texts import resemble
from tidegate.hotline.values import is_value, time_value
from tidegate.hotline.vocabularies import code_label, vocabulary
from tidegate.model.messages import (
    CodedField,
    Content,
    FormName,
    Mark,
    Pap,
    Precedence,
    Tlp,
)
from tidegate.model.organisations import Digest, Level, OrganisationId
from tidegate.model.refusals import NotAllowed
from tidegate.wire.attached import media_type_of

__all__ = [
    "FIELDS",
    "FORMS",
    "PROBLEMS_MAX",
    "Answered",
    "Field",
    "Form",
    "Handling",
    "Problem",
    "Slot",
    "attached",
    "code_label",
    "draft_of",
    "field_label",
    "fields_of",
    "is_value",
    "plain_text",
    "preview",
    "receipt_draft",
    "recipients_named",
    "reply_handling",
    "sentences",
    "time_value",
    "vocabulary",
]

NAMED_DIGITS_MIN = 8
"""Fewer first digits of an identity than this name no organisation."""
NO_NONCE = "0" * 32
"""Of a message that is not composed yet."""
ANY_REFERENCE = "NEW"
"""Stands for the one that the node will make."""


@dataclass(frozen=True, slots=True)
class Handling:
    """How a message is to be handled, beside what it says."""

    recipients: tuple[OrganisationId, ...]
    mark: Mark
    precedence: Precedence
    level: Level
    tlp: Tlp
    pap: Pap
    accord: str
    answers: Digest | None
    reference: str
    expires_at_s: int | None


@dataclass(frozen=True, slots=True)
class Answered:
    """The message that a reply answers."""

    message: Digest
    content: Content


def recipients_named(names: Sequence[str], board: HotlineShown) -> tuple[OrganisationId, ...]:
    """Peers by their whole name, or by the first digits of their identity. NotAllowed where one is unknown,
    or another has the name too or one that looks like it: nothing is guessed about who gets a message."""
    return tuple(sorted({_recipient(name, board) for name in names}))


def _recipient(name: str, board: HotlineShown) -> OrganisationId:
    meant = [
        peer
        for peer in board.peers
        if name == peer.name
        or resemble(name, peer.name)
        or (len(name) >= NAMED_DIGITS_MIN and peer.organisation.startswith(name))
    ]
    if len(meant) == 1 and not resemble(name, meant[0].name):
        return meant[0].organisation
    if meant:
        digits = ", ".join(f"{peer.name} {peer.organisation[:16]}" for peer in meant)
        raise NotAllowed(f'"{name}" could be mistaken for another; name it by its digits: {digits}')
    known = [peer.name for peer in board.peers]
    near = get_close_matches(name, known, n=1)
    hint = f'; did you mean "{near[0]}"?' if near else f"; known are: {', '.join(known) or 'none'}"
    raise NotAllowed(f'no organisation called "{name}" was met{hint}')


def fields_of(given: Mapping[str, Sequence[str]], form: FormName) -> tuple[CodedField, ...]:
    """In the order of the form; what it does not know comes last, and is refused in words later."""
    order = [slot.field for slot in FORMS[form].slots]
    names = sorted(given, key=lambda name: order.index(name) if name in order else len(order))
    return tuple(CodedField(name, tuple(given[name])) for name in names)


def attached(name: str, body: bytes) -> DraftAttachment:
    """NotAllowed where the file is none of the kinds that may travel."""
    media_type = media_type_of(body)
    if media_type is None:
        raise NotAllowed(
            f"{name}: only STIX 2.1, MISP, CSAF 2.0, XARF and plain text may be attached, and this is none"
        )
    return DraftAttachment(PurePath(name).name, media_type, body)


def draft_of(
    form: FormName,
    handling: Handling,
    given: Mapping[str, Sequence[str]],
    remarks: str,
    language: str,
    attachments: Sequence[DraftAttachment],
) -> Draft:
    return Draft(
        recipients=handling.recipients,
        reference=handling.reference,
        expires_at_s=handling.expires_at_s,
        precedence=handling.precedence,
        level=handling.level,
        mark=handling.mark,
        form=form,
        accord=handling.accord,
        answers=handling.answers,
        tlp=handling.tlp,
        pap=handling.pap,
        language=language,
        fields=fields_of(given, form),
        remarks=remarks,
        attachments=tuple(attachments),
    )


def plain_text(text: str) -> str:
    """In normal form C, with plain line ends: what is typed comes in many forms, and one is sent."""
    return normalize("NFC", text).replace("\r\n", "\n").replace("\t", "    ").strip("\n")


def preview(
    draft: Draft, board: HotlineShown, now_s: int, zone: tzinfo | None = None
) -> tuple[Letter, tuple[Problem, ...]]:
    """The message as it would be, and what is wrong with it; nothing is composed yet."""
    content = drafted(
        draft, board.organisation, reference=draft.reference, nonce=NO_NONCE, composed_at_s=now_s
    )
    readings = readings_of(content, [one.body for one in draft.attachments])
    known = Known("", names_of(board), (), "", readings, zone)
    allowed = content if draft.reference else msgspec.structs.replace(content, reference=ANY_REFERENCE)
    return Letter(content, known), problems(allowed)


def reply_handling(answered: Answered, board: HotlineShown, level: Level) -> Handling:
    """To all who have the message answered, as urgent and as real as it was, under the same accord."""
    content = answered.content
    everybody = {content.sender, *content.recipients} - {board.organisation}
    return Handling(
        recipients=tuple(sorted(everybody)),
        mark=content.mark,
        precedence=content.precedence,
        level=level,
        tlp=content.tlp,
        pap=content.pap,
        accord=content.accord,
        answers=answered.message,
        reference="",
        expires_at_s=None,
    )


def receipt_draft(
    answered: Answered, board: HotlineShown, level: Level, kind: str, now_s: int, language: str
) -> Draft:
    """R2: an officer has opened the message; to its sender alone."""
    handling = reply_handling(answered, board, level)
    given = {"receipt": (kind,), "opened-at": (time_value(now_s),)}
    to_sender = replace(handling, recipients=(answered.content.sender,))
    return draft_of("receipt", to_sender, given, "", language, ())
