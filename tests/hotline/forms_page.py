"""docs/forms.md, made from the tables: `python -m tests.hotline.forms_page` writes it."""

from collections.abc import Iterator
from pathlib import Path

from tidegate.hotline.attachments import MEDIA_TYPES
from tidegate.hotline.fields import FIELDS
from tidegate.hotline.forms import FORMS, Form, Slot
from tidegate.hotline.vocabularies import code_label, vocabulary
from tidegate.model.labels import label
from tidegate.model.messages import VALUES_MAX

PAGE = Path(__file__).parents[2] / "docs" / "forms.md"

OPENING = """# The forms

What is said over the hotline is one of ten forms. Their fields hold codes, times, numbers and addresses,
never sentences, so that each side reads the same message in its own language; free text stays in the
remarks, in its original. Codes are authoritative and keep their meaning for ever; labels, of which this
page shows the English ones, are renderings. They stand in `src/tidegate/model/labels` in English,
Russian, Persian, Arabic, Turkish and Azerbaijani. This page is made from the tables in the code (`uv run
python -m tests.hotline.forms_page` writes it, and a test holds the two together).

How values are written, in every language alike: a time `2026-11-25T22:05:00Z`; a number in ASCII digits
without separators (`bps` bits a second, `pps` packets a second); an address range in its canonical form,
`192.0.2.0/24`, `2001:db8::/32`; a network `AS64500`; a domain name in small Latin letters; a country by
its two letters; a language by its tag; a message by its digest; a reference (a longer one: a name) in
Latin letters, digits and `- _ . /`; a telephone number `+999 20 5550100`. A line is free text of one
line, in its original language.

A vocabulary is closed. A later version that needs a finer code sends "other" and the finer one in an
extension. A field that is there has at least one value, and no value twice. A message that its form does
not allow is refused with a reason for each thing that is wrong (`tidegate.hotline.content` numbers the
rules).
"""


def page() -> str:
    return "\n".join((OPENING, *_forms(), *_vocabularies(), *_files())) + "\n"


def _forms() -> Iterator[str]:
    for form in FORMS.values():
        yield f"## {label('form', form.name, 'en')} (`{form.name}`)\n"
        yield from _words(form)
        yield "| field | label | value | how many |\n|---|---|---|---|"
        for slot in form.slots:
            field = FIELDS[slot.field]
            kind = f"[{field.vocabulary}](#{field.vocabulary})" if field.vocabulary else field.kind
            yield f"| `{slot.field}` | {label('field', slot.field, 'en')} | {kind} | {_how_many(slot)} |"
        yield ""


def _words(form: Form) -> Iterator[str]:
    if form.answers == "must":
        yield "It answers another message, and names it.\n"
    for need in form.needs:
        asked = " or ".join(f"`{name}`" for name in need.one_of)
        yield f"- Where `{need.field}` is `{need.code}`, {asked} is filled in."
    for first, last in form.ordered:
        yield f"- `{first}` is not after `{last}`."
    for field, code in form.remarks_with:
        yield f"- Where `{field}` is `{code}`, there are remarks."
    for field, code in form.attached_with:
        yield f"- Where `{field}` is `{code}`, a file is attached."
    for field, code in form.senior_only:
        yield f"- Where `{field}` is `{code}`, the senior level speaks."
    if form.needs or form.ordered or form.remarks_with or form.senior_only:
        yield ""


def _how_many(slot: Slot) -> str:
    if slot.most == 1:
        return "1" if slot.least else "0 or 1"
    return f"{slot.least} to {VALUES_MAX}"


def _vocabularies() -> Iterator[str]:
    yield "## Vocabularies\n"
    for name in dict.fromkeys(field.vocabulary for field in FIELDS.values() if field.vocabulary):
        yield f"### {name}\n"
        for code in vocabulary(name):
            yield f"- `{code}`: {code_label(name, code, 'en')}"
        yield ""


def _files() -> Iterator[str]:
    yield "## Files that may travel with a message\n"
    yield from (f"- {name}: `{media_type}`" for media_type, name in MEDIA_TYPES.items())


if __name__ == "__main__":
    PAGE.write_text(page())
