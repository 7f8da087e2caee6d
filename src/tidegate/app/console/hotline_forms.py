"""The ten forms as the page asks them: fields by kind, codes as choices with labels in one language."""

from functools import cache

import msgspec

from tidegate.hotline.fields import FIELDS
from tidegate.hotline.forms import FORMS, Answering, Form, Slot
from tidegate.hotline.shown import field_label
from tidegate.hotline.vocabularies import code_label, vocabulary
from tidegate.model.labels import Language, codes, label
from tidegate.model.messages import FormName

HEADS = ("precedence", "level", "to", "reference", "expires", "accord", "tlp", "pap", "attachments")


class SlotRow(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a form: how many values it must and may have, and, for codes, of which vocabulary."""

    field: str
    label: str
    kind: str
    vocabulary: str
    least: int
    most: int


class FormRow(msgspec.Struct, frozen=True, kw_only=True):
    """`answers` says whether it answers another message; `senior_only` are codes, as FIELD=CODE, that the
    senior level alone may say."""

    name: FormName
    label: str
    answers: Answering
    slots: tuple[SlotRow, ...]
    senior_only: tuple[str, ...]


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    label: str


class FormsView(msgspec.Struct, frozen=True, kw_only=True):
    """`expected` says how a value of each kind is written; `heads` are labels of what every message has."""

    forms: tuple[FormRow, ...]
    vocabularies: dict[str, tuple[Choice, ...]]
    expected: dict[str, str]
    heads: dict[str, str]


@cache
def forms_view(language: Language) -> FormsView:
    used = sorted({FIELDS[slot.field].vocabulary for form in FORMS.values() for slot in form.slots} - {""})
    return FormsView(
        forms=tuple(form_row(form, language) for form in FORMS.values()),
        vocabularies={
            name: tuple(
                Choice(code=code, label=code_label(name, code, language)) for code in vocabulary(name)
            )
            for name in used
        },
        expected={code: label("expected", code, language) for code in codes("expected")},
        heads={code: label("page", code, language) for code in HEADS},
    )


def form_row(form: Form, language: Language) -> FormRow:
    return FormRow(
        name=form.name,
        label=label("form", form.name, language),
        answers=form.answers,
        slots=tuple(slot_row(slot, language) for slot in form.slots),
        senior_only=tuple(f"{field}={code}" for field, code in form.senior_only),
    )


def slot_row(slot: Slot, language: Language) -> SlotRow:
    field = FIELDS[slot.field]
    return SlotRow(
        field=slot.field,
        label=field_label(slot.field, language),
        kind=field.kind,
        vocabulary=field.vocabulary,
        least=slot.least,
        most=slot.most,
    )
