"""The ten forms: what they ask for, what they refuse, and that nothing of them is without a label."""

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hotline.forms_page import PAGE, page
from tests.hotline.messages import ANOTHER, FIELDS, OURS, THEIRS, THIRD, content
from tidegate.hotline.content import PROBLEMS_MAX, check_content, problems
from tidegate.hotline.fields import FIELDS as ALL_FIELDS
from tidegate.hotline.forms import FORMS
from tidegate.hotline.values import is_value, time_of, time_value
from tidegate.hotline.vocabularies import code_label, vocabulary
from tidegate.model.labels import LANGUAGES, Language, codes
from tidegate.model.messages import FORMS as NAMES
from tidegate.model.messages import Attachment, CodedField, Content, Extension, FormName
from tidegate.model.refusals import NotAllowed
from tidegate.model.value_bytes import bytes_of, value_from

ROOM = Path(__file__).parents[2] / "src" / "tidegate" / "hotline"


def found(message: Content) -> list[tuple[str, str]]:
    """Code and place of each problem."""
    return [(problem.code, problem.name) for problem in problems(message)]


@pytest.mark.parametrize("form", NAMES)
def test_a_filled_in_form_is_allowed(form: FormName) -> None:
    check_content(content(form))


@pytest.mark.parametrize("form", NAMES)
def test_an_empty_form_is_told_all_that_it_lacks(form: FormName) -> None:
    lacking = [slot.field for slot in FORMS[form].slots if slot.least]
    assert found(content(form, fields={}))[: len(lacking)] == [("missing", name) for name in lacking]


def test_everything_in_the_forms_has_a_label() -> None:
    assert set(FORMS) == set(NAMES) == set(codes("form"))
    used = {slot.field for form in FORMS.values() for slot in form.slots}
    assert used == set(ALL_FIELDS) == set(codes("field")), "a field without form, or a label without field"
    for field in ALL_FIELDS.values():
        assert bool(field.vocabulary) == (field.kind == "code")
        for code in vocabulary(field.vocabulary) if field.vocabulary else ():
            assert all(code_label(field.vocabulary, code, language) for language in LANGUAGES)


def test_the_forms_own_rules_name_what_exists() -> None:
    for form in FORMS.values():
        named = {slot.field for slot in form.slots}
        told = [*((n.field, n.code) for n in form.needs), *form.remarks_with, *form.senior_only]
        for field, code in told:
            assert field in named
            assert code in vocabulary(ALL_FIELDS[field].vocabulary), (form.name, field, code)
        assert {name for need in form.needs for name in need.one_of} <= named
        assert {name for pair in form.ordered for name in pair} <= named


def test_every_problem_has_its_sentence_and_every_sentence_its_problem() -> None:
    told = {
        code
        for file in ROOM.glob("*.py")
        for code in re.findall(r'Problem\(\s*"([a-z-]+)"', file.read_text())
    }
    assert told == set(codes("problem"))


def test_the_page_of_forms_is_the_one_in_the_documentation() -> None:
    assert PAGE.read_text() == page(), "run: uv run python -m tests.hotline.forms_page"


def with_field(name: str, *values: str, form: FormName = "incident") -> Content:
    return content(form, fields={**FIELDS[form], name: values})


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (with_field("notice", "scan"), ("unknown-field", "incident")),
        (with_field("kind"), ("missing", "kind")),
        (with_field("kind", "flood", "flood"), ("repeated", "kind")),
        (with_field("status", "ongoing", "contained"), ("too-many", "status")),
        (with_field("kind", "ddos"), ("unknown-code", "kind")),
        (with_field("kind", "other"), None),
        (content(fields={**FIELDS["incident"], "kind": ("other",)}, remarks=""), ("missing", "remarks")),
        (with_field("status", "ended"), ("missing", "ended-at")),
        (with_field("ended-at", "2026-11-25T21:00:00Z"), ("out-of-order", "ended-at")),
        (with_field("detected-at", "2026-11-25T22:00:00Z"), None),
        (with_field("prefix", "192.0.2.1/24"), ("not-a-value", "prefix")),
        (with_field("prefix", "192.0.2.1"), ("not-a-value", "prefix")),
        (with_field("prefix", "2001:DB8::/32"), ("not-a-value", "prefix")),
        (with_field("domain", "hоspital.example"), ("not-a-value", "domain")),  # a Cyrillic letter
        (with_field("peak-bps", "12e9"), ("not-a-value", "peak-bps")),
        (with_field("peak-bps", "١٢"), ("not-a-value", "peak-bps")),
        (with_field("peak-bps", "9007199254740992"), ("not-a-value", "peak-bps")),
        (with_field("began-at", "2026-11-31T22:00:00Z"), ("not-a-value", "began-at")),
        (with_field("seen-from-network", "AS4294967296"), ("not-a-value", "seen-from-network")),
        (with_field("title", "one\ntwo", form="notice"), ("hidden-character", "title")),
        (with_field("title", "  ", form="notice"), ("missing", "title")),
        (with_field("title", "x" * 201, form="notice"), ("too-long", "title")),
        (content("receipt", answers=None), ("answers-nothing", "receipt")),
        (content("receipt", answers="e"), ("not-a-value", "answers")),
        (content(reference="XA СERT"), ("not-a-value", "reference")),
        (content(accord="XA-XB 4\u202e"), ("not-a-value", "accord")),
        (content(language="RU"), ("not-a-value", "language")),
        (content(recipients=()), ("missing", "recipients")),
        (content(recipients=(THIRD, THEIRS)), ("not-sorted", "recipients")),
        (content(recipients=(THEIRS, THEIRS)), ("not-sorted", "recipients")),
        (content(recipients=(OURS, THEIRS)), ("not-sorted", "recipients")),
        (content(recipients=tuple(f"{at:064}" for at in range(17))), ("too-many", "recipients")),
        (content(expires_at_s=1_795_644_300), ("out-of-order", "expires")),
        (content(end=0), ("cut-short", "incident")),
        (content(extensions=(Extension("finer", False, "x"),)), None),
        (content(extensions=(Extension("finer", True, "x"),)), ("critical-unknown", "extensions")),
        (content(extensions=(Extension("a b", False, "x"),)), ("not-a-value", "extensions")),
        (content(extensions=(Extension("finer", False, ""),) * 9), ("too-many", "extensions")),
    ],
)
def test_what_a_form_refuses(message: Content, problem: tuple[str, str] | None) -> None:
    assert found(message) == ([] if problem is None else [problem])


def test_a_field_that_stands_twice_is_refused() -> None:
    twice = tuple(CodedField(name, values) for name, values in FIELDS["incident"].items()) * 2
    message = msgspec.structs.replace(content(), fields=twice, end=content().end + len(twice) // 2)
    assert set(found(message)) == {("repeated", "incident")}


PLEDGE = {"declaration": ("pledge",), "act": ("made",), "pledge": ("no-first-strike",)}


def test_only_the_senior_level_pledges() -> None:
    assert found(content("declaration", fields=PLEDGE)) == [("level-too-low", "declaration")]
    assert found(content("declaration", fields=PLEDGE, level="senior")) == []


def test_a_pledge_is_withdrawn_with_notice_only() -> None:
    withdrawn = {**PLEDGE, "act": ("withdrawn",)}
    assert found(content("declaration", fields=withdrawn, level="senior")) == [("missing", "from")]


@pytest.mark.parametrize(
    ("attachment", "problem"),
    [
        (Attachment("bundle.json", "application/stix+json;version=2.1", 10, ANOTHER), None),
        (Attachment("../bundle.json", "application/stix+json;version=2.1", 10, ANOTHER), "not-a-value"),
        (Attachment("bomb.zip", "application/zip", 10, ANOTHER), "not-allowed-file"),
        (Attachment("bundle.json", "application/stix+json;version=2.1", 0, ANOTHER), "unreadable-file"),
        (Attachment("bundle.json", "application/stix+json;version=2.1", 1 << 21, ANOTHER), "unreadable-file"),
    ],
)
def test_which_files_may_travel(attachment: Attachment, problem: str | None) -> None:
    told = [code for code, _ in found(content(attachments=(attachment,)))]
    assert told == ([] if problem is None else [problem])
    assert "repeated" in [code for code, _ in found(content(attachments=(attachment, attachment)))]


def test_a_refusal_says_all_in_sentences() -> None:
    with pytest.raises(NotAllowed) as refused:
        check_content(with_field("kind", "ddos"))
    assert "Kind of incident: \u2066ddos\u2069 is not one of its codes (" in str(refused.value)


def test_a_refusal_is_bounded() -> None:
    many = tuple(str(at) for at in range(64))
    assert len(problems(with_field("prefix", *many))) == PROBLEMS_MAX


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", NAMES)
def test_problems_read_in_every_language(form: FormName, language: Language) -> None:
    broken = content(
        form,
        fields={"kind": ("x",), "nonsense\u202e": ("y",)},
        reference="?",
        end=0,
        language="",
        recipients=(),
    )
    for problem in problems(broken):
        words = problem.words(language)
        assert "{" not in words
        assert "\u202e" not in words


@settings(deadline=None)
@given(st.integers(946_684_800, 7_258_118_399))
def test_a_time_in_a_field_comes_back(at_s: int) -> None:
    assert is_value("time", time_value(at_s))
    assert time_of(time_value(at_s)) == at_s


TEXT = st.text(max_size=40)
FIELD = st.builds(
    CodedField,
    st.one_of(st.sampled_from(sorted(ALL_FIELDS)), TEXT),
    st.lists(st.one_of(TEXT, st.sampled_from(("flood", "ended", "1", "AS1"))), max_size=3).map(tuple),
)


@settings(deadline=None)
@given(st.sampled_from(NAMES), st.lists(FIELD, max_size=8).map(tuple), TEXT, TEXT)
def test_whatever_comes_is_refused_in_words_or_can_be_sent(
    form: FormName, fields: tuple[CodedField, ...], remarks: str, reference: str
) -> None:
    message = msgspec.structs.replace(content(form, remarks=remarks), fields=fields, reference=reference)
    told = problems(message)
    assert all(problem.words("fa") for problem in told)
    if not told:
        assert value_from(Content, bytes_of(message), 1 << 20) == message
