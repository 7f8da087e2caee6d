"""A message as a page in one of six languages: rows that a terminal, a printer or the console lays out.

The same codes give the same rows in every language; free text stays in its original. Every row carries the
message's mark, so that no part of a drill that is cut out looks real.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Literal, get_args

from tidegate.hotline.content import cautions
from tidegate.hotline.directions import by_itself, left_to_right
from tidegate.hotline.fields import FIELDS, SOURCE_FIELDS
from tidegate.hotline.moments import group_and_times
from tidegate.hotline.shown import field_label, joined, language_name, values_shown
from tidegate.hotline.texts import harmless
from tidegate.model.attachments import Reading
from tidegate.model.labels import Language, counted, label, phrase
from tidegate.model.messages import Attachment, CodedField, Content, Mark, Tlp
from tidegate.model.organisations import Digest, OrganisationId

RowKind = Literal["mark", "title", "head", "field", "caution", "heading", "text", "end"]


@dataclass(frozen=True, slots=True)
class Row:
    """`values` are lines. `language` is that in which the row is written, "" where it is the page's own."""

    kind: RowKind
    label: str
    values: tuple[str, ...]
    language: str = ""


BLANK = Row("text", "", ("",))


@dataclass(frozen=True, slots=True)
class Page:
    language: Language
    mark: Mark
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a message beside its content.

    `names` of organisations, as their cards say; `officers` who signed; `place` its serial in words, where it
    has one; `readings` of its attachments, None where one is not at hand or could not be read. `zone` is the
    reader's, None for the machine's own. `message` is empty before it is composed.
    """

    message: Digest
    names: Mapping[OrganisationId, str]
    officers: tuple[str, ...]
    place: str
    readings: tuple[Reading | None, ...]
    zone: tzinfo | None


def page_of(content: Content, known: Known, language: Language) -> Page:
    """The whole message, in the order in which it is to be read: how urgent, who, what, remarks, proof."""
    rows = (
        Row("mark", "", (banner(content, language),)),
        Row("title", "", (label("form", content.form, language),)),
        *_head(content, known, language),
        BLANK,
        *(_field(field, known, language) for field in content.fields),
        *_cautions(content, known, language),
        *_remarks(content, language),
        *_attachments(content, known, language),
        *_proof(content, known, language),
        Row("mark", "", (banner(content, language),)),
    )
    return Page(language, content.mark, rows)


def banner(content: Content, language: Language) -> str:
    """Mark and precedence, as codes and in words: never one without the other."""
    mark, precedence = (
        label("mark", content.mark, language),
        label("precedence", content.precedence, language),
    )
    return f"{left_to_right(content.mark)} {mark} | {left_to_right(content.precedence)} {precedence}"


def organisation_name(organisation: OrganisationId, names: Mapping[OrganisationId, str]) -> str:
    """As its card says; the first digits of its identity where no card is known."""
    name = names.get(organisation)
    return left_to_right(f"{organisation[:16]}...") if name is None else by_itself(harmless(name))


def _head(content: Content, known: Known, language: Language) -> Iterator[Row]:
    def row(code: str, *values: str) -> Row:
        return Row("head", label("page", code, language), values)

    def times(at_s: int) -> tuple[str, ...]:
        return tuple(left_to_right(text) for text in group_and_times(at_s, known.zone))

    def coded(group: str, code: str) -> str:
        return f"{left_to_right(code)} {label(group, code, language)}"

    yield row("precedence", coded("precedence", content.precedence))
    yield row("from", organisation_name(content.sender, known.names))
    yield row("to", *(organisation_name(one, known.names) for one in content.recipients))
    yield row("level", label("level", content.level, language))
    if content.reference:
        yield row("reference", left_to_right(harmless(content.reference)))
    yield row("time-group", *times(content.composed_at_s))
    if content.expires_at_s is not None:
        yield row("expires", *times(content.expires_at_s))
    if content.accord:
        yield row("accord", left_to_right(harmless(content.accord)))
    if content.answers is not None:
        yield row("answers", left_to_right(harmless(content.answers)))
    yield row("tlp", coded("tlp", content.tlp))
    yield row("pap", coded("pap", content.pap))
    yield row("signed-by", _signed_by(content, known, language))


def _signed_by(content: Content, known: Known, language: Language) -> str:
    if known.officers:
        return joined(tuple(by_itself(harmless(officer)) for officer in known.officers), language)
    alone = content.form == "check"
    return label("page", "signed-by-station" if alone else "signed-by-nobody", language)


def _field(field: CodedField, known: Known, language: Language) -> Row:
    kind = FIELDS.get(field.name)
    if kind is None:
        texts = tuple(left_to_right(harmless(value)) for value in field.values)
    else:
        texts = values_shown(kind, field.values, language, known.zone)
    return Row("field", field_label(field.name, language), texts)


def _cautions(content: Content, known: Known, language: Language) -> Iterator[Row]:
    caution = label("page", "caution", language)
    if any(field.name in SOURCE_FIELDS for field in content.fields):
        yield Row("caution", caution, (label("page", "forged-sources", language),))
    for word in cautions(content):
        told = phrase("page", "mixed-scripts", language, word=by_itself(harmless(word)))
        yield Row("caution", caution, (told,))
    for attachment, reading in zip(content.attachments, known.readings, strict=False):
        if reading is not None and is_stricter(reading.tlp, content.tlp):
            name, tlp = left_to_right(harmless(attachment.name)), left_to_right(reading.tlp)
            told = phrase("page", "tlp-differs", language, name=name, tlp=tlp)
            yield Row("caution", caution, (told,))


def is_stricter(one: str, other: Tlp) -> bool:
    """Whether a label found in a file allows less than the message does."""
    order = get_args(Tlp)
    return one in order and order.index(one) < order.index(other)


def _remarks(content: Content, language: Language) -> Iterator[Row]:
    if not content.remarks:
        return
    name = language_name(content.language, language)
    yield Row("heading", phrase("page", "remarks-language", language, language=name), ())
    yield Row("text", "", tuple(harmless(content.remarks).split("\n")), content.language)


def _attachments(content: Content, known: Known, language: Language) -> Iterator[Row]:
    if not content.attachments:
        return
    yield Row("heading", label("page", "attachments", language), (label("page", "not-opened", language),))
    readings = known.readings or (None,) * len(content.attachments)
    for attachment, reading in zip(content.attachments, readings, strict=True):
        yield _attachment(attachment, reading, language)


def _attachment(attachment: Attachment, reading: Reading | None, language: Language) -> Row:
    name = left_to_right(harmless(attachment.name))
    size = counted("page", "bytes", language, attachment.size)
    lines = [joined((left_to_right(harmless(attachment.media_type)), size), language)]
    if reading is not None:
        lines += [by_itself(harmless(text)) for text in _reading(reading)]
    return Row("field", name, tuple(lines))


def _reading(reading: Reading) -> Iterator[str]:
    """The file's own words, in their own language."""
    yield " ".join(filter(None, (reading.recognised, reading.tlp, reading.made_at)))
    if reading.title:
        yield reading.title
    if reading.identifier:
        yield reading.identifier
    yield from (f"{finding.name}: {finding.text}" for finding in reading.findings)
    if reading.left_out:
        yield f"... +{reading.left_out}"


def _proof(content: Content, known: Known, language: Language) -> Iterator[Row]:
    if known.place or known.message:
        yield BLANK
    if known.place:
        yield Row("head", label("page", "serial", language), (left_to_right(known.place),))
    if known.message:
        yield Row("head", label("page", "identity", language), (left_to_right(known.message),))
    end = left_to_right(str(content.end))
    yield Row("end", "", (phrase("page", "end", language, end=end),))
