"""Whether a content says what its form allows: asked by whoever composes it, and by whoever receives it.

1. Header: reference, accord and language are plain; recipients stand in their order, each once, without the
   sender; it ends after it begins; the end-of-message number counts what is there.
2. Fields: the form knows each, none stands twice, each has as many values as the form asks for.
3. Values: codes of the vocabulary, or written as their kind is; no value twice.
4. What a code asks for beside it is there: other fields, remarks, a file, the level; times are in order.
5. Texts (tidegate.hotline.texts): remarks and lines hide and move nothing.
6. Answers: a form that answers names the message.
7. Attachments: listed kinds only, plain names, none twice, no more than fit.
8. A critical field of a later version is not understood here, and the message is refused.
"""

from collections.abc import Iterator

from tidegate.hotline.attachments import MEDIA_TYPES
from tidegate.hotline.fields import FIELDS, Field
from tidegate.hotline.forms import FORMS, Form, Slot
from tidegate.hotline.problems import Problem, sentences
from tidegate.hotline.texts import mixed_words, text_problems
from tidegate.hotline.values import (
    DIGEST,
    FILE_NAME,
    LANGUAGE,
    VALUE_CHARACTERS_MAX,
    is_value,
    time_of,
    time_value,
)
from tidegate.hotline.vocabularies import vocabulary
from tidegate.model.messages import (
    ATTACHMENTS_MAX,
    EXTENSIONS_MAX,
    FIELDS_MAX,
    MESSAGE_BYTES_MAX,
    RECIPIENTS_MAX,
    REMARKS_CHARACTERS_MAX,
    CodedField,
    Content,
)
from tidegate.model.refusals import NotAllowed

LINE_CHARACTERS_MAX = 200
"""Characters of a line of text in a field: a title, a name, a place."""
ACCORD_CHARACTERS_MAX = 128
"""Characters of an accord's name and the article."""
PROBLEMS_MAX = 20
"""Problems told of one message; who mends these is told the next."""

Values = dict[str, tuple[str, ...]]


def check_content(content: Content) -> None:
    """NotAllowed, with all that is wrong in English sentences."""
    found = problems(content)
    if found:
        raise NotAllowed(sentences(found, "en"))


def problems(content: Content) -> tuple[Problem, ...]:
    """All that is wrong, in the order of the rules; at most PROBLEMS_MAX."""
    found: list[Problem] = []
    for problem in _problems(content):
        found.append(problem)
        if len(found) == PROBLEMS_MAX:
            break
    return tuple(found)


def cautions(content: Content) -> tuple[str, ...]:
    """Words in remarks and lines that a reader should look at twice: they mix scripts that look alike."""
    lines = [
        value
        for field in content.fields
        if field.name in FIELDS and FIELDS[field.name].kind == "line"
        for value in field.values
    ]
    return tuple(dict.fromkeys(word for text in (*lines, content.remarks) for word in mixed_words(text)))


def end_number(remarks: str, fields: int, attachments: int) -> int:
    """What the end-of-message line says of a message with these."""
    return len(remarks.encode()) + fields + attachments


def _problems(content: Content) -> Iterator[Problem]:
    form = FORMS[content.form]
    values = {field.name: field.values for field in content.fields}
    yield from _header(content)  # rule 1
    yield from _fields(form, content.fields)  # rule 2
    for field in content.fields:
        if field.name in FIELDS and form.slot(field.name) is not None:
            yield from _values(FIELDS[field.name], field.values)  # rules 3 and 5
    yield from _needs(form, values, content)  # rule 4
    yield from _order(form, values)  # rule 4
    yield from text_problems(
        content.remarks, "place", "remarks", lines=True, characters_max=REMARKS_CHARACTERS_MAX
    )  # rule 5
    if form.answers == "must" and content.answers is None:
        yield Problem("answers-nothing", "form", content.form)  # rule 6
    yield from _attachments(content)  # rule 7
    yield from _extensions(content)  # rule 8


def _header(content: Content) -> Iterator[Problem]:
    if not is_value("reference", content.reference):
        yield Problem("not-a-value", "place", "reference", content.reference, "reference")
    if content.accord and not _is_accord(content.accord):
        yield Problem("not-a-value", "place", "accord", content.accord, "reference")
    if LANGUAGE.fullmatch(content.language) is None:
        yield Problem("not-a-value", "place", "language", content.language, "language")
    if not content.recipients:
        yield Problem("missing", "place", "recipients")
    if len(content.recipients) > RECIPIENTS_MAX:
        yield Problem("too-many", "place", "recipients", str(RECIPIENTS_MAX))
    elif tuple(sorted(set(content.recipients) - {content.sender})) != content.recipients:
        yield Problem("not-sorted", "place", "recipients")
    if content.answers is not None and DIGEST.fullmatch(content.answers) is None:
        yield Problem("not-a-value", "page", "answers", content.answers, "digest")
    if content.expires_at_s is not None and content.expires_at_s <= content.composed_at_s:
        yield Problem("out-of-order", "page", "expires", time_value(content.composed_at_s))
    end = end_number(content.remarks, len(content.fields), len(content.attachments))
    if content.end != end:
        yield Problem("cut-short", "form", content.form, str(content.end), str(end))


def _is_accord(text: str) -> bool:
    return len(text) <= ACCORD_CHARACTERS_MAX and all(
        is_value("reference", part) for part in text.replace("#", " ").split(" ")
    )


def _fields(form: Form, fields: tuple[CodedField, ...]) -> Iterator[Problem]:
    if len(fields) > FIELDS_MAX:
        yield Problem("too-many", "place", "form", str(FIELDS_MAX))
        return
    seen: set[str] = set()
    for field in fields:
        slot = form.slot(field.name)
        if slot is None:
            yield Problem("unknown-field", "form", form.name, field.name)
        elif field.name in seen:
            yield Problem("repeated", "form", form.name, field=field.name)
        else:
            yield from _count(slot, field.values)
        seen.add(field.name)
    yield from (
        Problem("missing", "field", slot.field)
        for slot in form.slots
        if slot.least and slot.field not in seen
    )


def _count(slot: Slot, values: tuple[str, ...]) -> Iterator[Problem]:
    """A field that is there has at least one value."""
    if not values:
        yield Problem("missing", "field", slot.field)
    if len(values) > slot.most:
        yield Problem("too-many", "field", slot.field, str(slot.most))
    twice = next((value for at, value in enumerate(values) if value in values[:at]), None)
    if twice is not None:
        yield Problem("repeated", "field", slot.field, twice)


def _values(field: Field, values: tuple[str, ...]) -> Iterator[Problem]:
    allowed = frozenset(vocabulary(field.vocabulary)) if field.kind == "code" else frozenset()
    for value in values:
        if field.kind == "code":
            if value not in allowed:
                yield Problem("unknown-code", "field", field.name, value, ", ".join(sorted(allowed)))
        elif field.kind == "line":
            yield from text_problems(
                value, "field", field.name, lines=False, characters_max=LINE_CHARACTERS_MAX
            )
            if not value.strip():
                yield Problem("missing", "field", field.name)
        elif not is_value(field.kind, value):
            yield Problem("not-a-value", "field", field.name, value[:VALUE_CHARACTERS_MAX], field.kind)


def _needs(form: Form, values: Values, content: Content) -> Iterator[Problem]:
    for need in form.needs:
        if need.code in values.get(need.field, ()) and not any(values.get(name) for name in need.one_of):
            yield Problem("missing", "field", need.one_of[0])
    if not content.remarks.strip() and any(
        code in values.get(field, ()) for field, code in form.remarks_with
    ):
        yield Problem("missing", "place", "remarks")
    if not content.attachments and any(code in values.get(field, ()) for field, code in form.attached_with):
        yield Problem("missing", "place", "attachments")
    if content.level != "senior":
        yield from (
            Problem("level-too-low", "field", field)
            for field, code in form.senior_only
            if code in values.get(field, ())
        )


def _order(form: Form, values: Values) -> Iterator[Problem]:
    for first, last in form.ordered:
        try:
            times = [time_of(values[name][0]) for name in (first, last)]
        except (KeyError, IndexError, ValueError):
            continue
        if times[0] > times[1]:
            yield Problem("out-of-order", "field", last, field=first)


def _attachments(content: Content) -> Iterator[Problem]:
    names = [attachment.name for attachment in content.attachments]
    if len(names) > ATTACHMENTS_MAX:
        yield Problem("too-many", "place", "attachments", str(ATTACHMENTS_MAX))
        return
    for at, attachment in enumerate(content.attachments):
        if FILE_NAME.fullmatch(attachment.name) is None:
            yield Problem("not-a-value", "place", "attachments", attachment.name, "file-name")
        if attachment.name in names[:at]:
            yield Problem("repeated", "place", "attachments", attachment.name)
        if attachment.media_type not in MEDIA_TYPES:
            yield Problem("not-allowed-file", "place", "attachments", attachment.media_type)
        if not 0 < attachment.size <= MESSAGE_BYTES_MAX:
            yield Problem("unreadable-file", "place", "attachments", attachment.name, str(attachment.size))


def _extensions(content: Content) -> Iterator[Problem]:
    if len(content.extensions) > EXTENSIONS_MAX:
        yield Problem("too-many", "place", "extensions", str(EXTENSIONS_MAX))
        return
    for extension in content.extensions:
        if not is_value("reference", extension.name):
            yield Problem("not-a-value", "place", "extensions", extension.name, "reference")
        elif extension.critical:
            yield Problem("critical-unknown", "place", "extensions", extension.name)
        yield from text_problems(
            extension.value, "place", "extensions", lines=False, characters_max=VALUE_CHARACTERS_MAX
        )
