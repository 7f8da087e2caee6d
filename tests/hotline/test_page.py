"""A message on a page: the same in every language, whole, marked on every line, and nothing in it flips."""

import re
import unicodedata
from dataclasses import replace

import pytest
from bidi import get_display
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hotline.messages import FIELDS, KNOWN, content
from tidegate.hotline.directions import FSI, LRI, PDI, RLI, is_right_to_left, paragraph
from tidegate.hotline.layout import lines_of, page_text, wrapped
from tidegate.hotline.page import page_of
from tidegate.hotline.problems import Problem
from tidegate.hotline.shown import columns, quantity
from tidegate.hotline.texts import isolates_are_closed
from tidegate.model.attachments import Finding, Reading
from tidegate.model.labels import LANGUAGES, RIGHT_TO_LEFT, Language, codes, label
from tidegate.model.messages import FORMS, Attachment, FormName, Mark

WIDTHS = (36, 63, 80, 120)


def seen(line: str, language: str) -> str:
    """The line in the order of the eye, as another implementation of Unicode's rules has it."""
    shown = get_display(line, base_dir="R" if language in RIGHT_TO_LEFT else "L")
    return "".join(one for one in shown if unicodedata.category(one) != "Cf")


def plain(text: str) -> str:
    return "".join(one for one in text if unicodedata.category(one) != "Cf")


@pytest.mark.parametrize("form", FORMS)
def test_a_page_keeps_to_its_width_and_closes_what_it_opens(form: FormName) -> None:
    for language in LANGUAGES:
        for width in WIDTHS:
            page = page_of(content(form, mark="DRILL"), KNOWN, language)
            for line in page_text(page, width).splitlines():
                assert columns(line) <= width
                assert isolates_are_closed(line)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_must_be_read_alike_is_alike_in_every_language(language: Language) -> None:
    text = plain(page_text(page_of(content(), KNOWN, language), 120))
    for same in (
        "FLASH",
        "252205Z NOV 26 / 2026-11-25 22:05:00 UTC",
        "2026-11-26 01:35:00 +0330",
        "TLP:AMBER+STRICT",
        "PAP:AMBER",
        "XA-CERT/2026/17",
        "192.0.2.0/24",
        "2001:db8::/32",
        "hospital.example",
        "AS64500",
        "Атака продолжается. Сервер 192.0.2.10 недоступен.",
        str(content().end),
        "d" * 64,
    ):
        assert same in text, same
    assert plain(label("incident-kind", "flood", language)) in text
    assert plain(label("page", "forged-sources", language).split()[0]) in text


@pytest.mark.parametrize("language", sorted(RIGHT_TO_LEFT))
def test_addresses_and_numbers_never_flip(language: Language) -> None:
    page = page_of(content(), KNOWN, language)
    text = "\n".join(seen(line, language) for line in page_text(page, 120).splitlines())
    for whole in (
        "192.0.2.0/24",
        "2001:db8::/32",
        "AS64500",
        "252205Z NOV 26 / 2026-11-25 22:05:00 UTC",
        "2026-11-26 01:35:00 +0330",
        "XA-CERT (XA)",
        "TLP:AMBER+STRICT",
        "XA-XB-2026#4",
        "12 (1795600000)",
    ):
        assert whole in text, whole


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_of_a_drill_says_so(language: Language) -> None:
    for width in WIDTHS:
        page = page_of(content(mark="DRILL"), KNOWN, language)
        assert all(plain(line).startswith("DRILL |") for line in page_text(page, width).splitlines())
        marks = [plain(line.value).strip("= ") for line in lines_of(page, width) if line.kind == "mark"]
        half = len(marks) // 2
        for told in (" ".join(marks[:half]), " ".join(marks[half:])):
            assert plain(label("mark", "DRILL", language)) in told
            assert "FLASH" in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_of_a_real_message_says_drill(language: Language) -> None:
    text = plain(page_text(page_of(content(), KNOWN, language), 100))
    assert "DRILL" not in text
    assert "REAL" in text.splitlines()[0]
    assert text.splitlines()[0] == text.splitlines()[-1]


@pytest.mark.parametrize("mark", ["REAL", "DRILL"])
def test_mark_and_precedence_stand_on_the_first_and_the_last_line(mark: Mark) -> None:
    lines = lines_of(page_of(content(mark=mark, precedence="ROUTINE"), KNOWN, "en"), 100)
    assert [line.kind for line in (lines[0], lines[-1])] == ["mark", "mark"]
    assert all(mark in line.value and "ROUTINE" in line.value for line in (lines[0], lines[-1]))


def test_a_hostile_text_moves_nothing() -> None:
    """A sender whose program does not check, and a reader who looks all the same."""
    hostile = "harmless \u202eegassem\u202c \x1b[2J \u2067\u2067\n\u2069\u2069 end"
    named = {**FIELDS["notice"], "title": ("\u202egniht",), "notice-number": ("\x1b]0;x\x07",)}
    message = content("notice", remarks=hostile, reference="\u2066\u2066", fields=named)
    for language in LANGUAGES:
        for line in page_text(page_of(message, KNOWN, language), 80).splitlines():
            assert isolates_are_closed(line)
            assert not set(line) & set("\u202a\u202b\u202c\u202d\u202e\x1b\x07")


def test_words_that_mix_scripts_are_pointed_out() -> None:
    page = page_of(content("free-text", remarks="Visit раураl.example"), KNOWN, "en")
    assert [row.values for row in page.rows if row.kind == "caution"] == [
        (
            "The word \u2068раураl\u2069 mixes letters of several scripts; "
            "letters that look alike can deceive.",
        )
    ]


def test_an_attachment_is_shown_as_text() -> None:
    reading = Reading(
        "STIX 2.1", "Flood \u202e", "bundle--1", "", "TLP:GREEN", (Finding("incident", "1"),), 3
    )
    attached = Attachment("flood.json", "application/stix+json;version=2.1", 2048, "e" * 64)
    known = replace(KNOWN, officers=(), place="", readings=(reading,))
    text = plain(page_text(page_of(content(attachments=(attached,)), known, "ru"), 100))
    assert "2048 байт" in text
    assert "Flood \ufffd" in text
    assert "incident: 1" in text
    assert "... +3" in text


@pytest.mark.parametrize(("tlp", "cautions"), [("TLP:RED", 1), ("TLP:AMBER", 0), ("TLP:GREEN", 0), ("", 0)])
def test_a_file_that_is_stricter_than_its_message_is_pointed_out(tlp: str, cautions: int) -> None:
    attached = Attachment("flood.json", "application/stix+json;version=2.1", 2048, "e" * 64)
    message = content("free-text", attachments=(attached,), tlp="TLP:AMBER")
    known = replace(KNOWN, readings=(Reading("STIX 2.1", "", "", "", tlp, (), 0),))
    rows = [row for row in page_of(message, known, "en").rows if row.kind == "caution"]
    assert len(rows) == cautions


@pytest.mark.parametrize(
    ("bits", "english", "russian"),
    [
        (0, "0 bps", "0 бит/с"),
        (999, "999 bps", "999 бит/с"),
        (1_500, "1.5 kbps", "1,5 кбит/с"),
        (12_400_000_000, "12.4 Gbps", "12,4 Гбит/с"),
        (999_600_000, "1,000 Mbps", "1\xa0000 Мбит/с"),
        (9_007_199_254_740_991, "9,007 Tbps", "9\xa0007 Тбит/с"),
    ],
)
def test_a_rate_reads_in_its_unit(bits: int, english: str, russian: str) -> None:
    assert plain(quantity(bits, "bps", "en")) == english
    assert plain(quantity(bits, "bps", "ru")) == russian


@pytest.mark.parametrize("language", sorted(RIGHT_TO_LEFT))
def test_examples_in_refusals_never_flip(language: Language) -> None:
    """What is expected is shown by an example, which must be copied as it stands."""
    for code in codes("expected"):
        english = label("expected", code, "en")
        words = Problem("not-a-value", "field", "prefix", "192.0.2.1/24", code).words(language)
        shown = seen(paragraph(words, language), language)
        for example in ("192.0.2.1/24", *re.findall(r"\+[\d ]+\d|\S*\d\S*[./:-]\S*\w", english)):
            assert example in shown, (code, example, shown)


WORDS = st.text("abc אб中\u0301()", max_size=12)
TEXTS = st.recursive(
    WORDS,
    lambda inner: st.lists(
        st.one_of(WORDS, st.tuples(st.sampled_from((LRI, RLI, FSI)), inner).map(lambda p: p[0] + p[1] + PDI)),
        max_size=5,
    ).map("".join),
    max_leaves=8,
)


@settings(deadline=None)
@given(TEXTS, st.integers(4, 30))
def test_wrapping_loses_nothing_and_keeps_isolates_whole(text: str, room: int) -> None:
    lines = wrapped(text, room)
    assert all(columns(line) <= room for line in lines)
    assert all(isolates_are_closed(line) for line in lines)
    letters = re.sub(r"\s", "", plain(text))
    assert re.sub(r"\s", "", plain("".join(lines))) == letters


def test_languages_know_their_side() -> None:
    assert [is_right_to_left(tag) for tag in ("fa", "ar-EG", "he", "az-Arab", "ckb")] == [True] * 5
    assert [is_right_to_left(tag) for tag in ("en", "az", "ku-Latn", "ru", "tr")] == [False] * 5
