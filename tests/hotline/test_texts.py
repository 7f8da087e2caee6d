"""Texts of a message: what hides, moves or imitates is found, and honest text in six languages is not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hotline.messages import content
from tidegate.hotline.content import cautions, problems
from tidegate.hotline.texts import harmless, isolates_are_closed, mixed_words, resemble, text_problems
from tidegate.model.messages import REMARKS_CHARACTERS_MAX

HONEST = (
    "We see 12.4 Gbit/s towards 192.0.2.0/24 since 22:00 UTC; naïve façade, coöperation.",
    "Наблюдаем атаку на сеть AS64500 (DDoS-атака), просим ответить.\nС уважением, дежурный.",
    "حمله‌ای به شبکه ما در جریان است؛ نشانی 192.0.2.10 در دسترس نیست. می‌خواهیم پاسخ دهید.",
    "نتعرض لهجوم على الشبكة \u2066AS64500\u2069، ونرجو الردّ سريعًا.",
    "Ağımıza saldırı sürüyor; İstanbul'daki kullanıcılar etkilendi.",
    "Şəbəkəmizə hücum davam edir; istifadəçilər təsirlənib.",
    "מותקפים כעת. \u200f(AS64500)\u200f",
    "ه\u200d.ق",
)


def told(text: str, *, lines: bool = True) -> list[str]:
    found = text_problems(text, "place", "remarks", lines=lines, characters_max=REMARKS_CHARACTERS_MAX)
    return [problem.code for problem in found]


@pytest.mark.parametrize("text", HONEST)
def test_honest_text_is_allowed(text: str) -> None:
    assert told(text) == []
    assert harmless(text) == text
    assert problems(content("free-text", remarks=text)) == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("stop the \u202egniknarts\u202c traffic", "hidden-character"),  # an override
        ("pay\u200bload", "hidden-character"),  # a space without width
        ("\ufeffhidden", "hidden-character"),  # a byte order mark
        ("a\u00adb", "hidden-character"),  # a soft hyphen
        ("DNS\u200cserver", "hidden-character"),  # a joiner that no letter there needs
        ("tag \U000e0041", "hidden-character"),
        ("colour \x1b[31m", "hidden-character"),
        ("line\u2028break", "hidden-character"),
        ("private \ue000", "hidden-character"),
        ("unassigned \u0378", "hidden-character"),
        ("filler \u3164", "hidden-character"),
        ("blank \u2800", "hidden-character"),
        ("variant a\ufe0f", "hidden-character"),
        ("tab\there", "hidden-character"),
        ("open \u2067 isolate", "isolate-left-open"),
        ("closed \u2069 isolate", "isolate-left-open"),
        ("over \u2067two\nlines\u2069", "isolate-left-open"),
        ("cafe\u0301", "not-normal"),
        ("Z" + "\u0336\u0489\u0334\u0335\u0337", "marks-piled"),
        ("x" * (REMARKS_CHARACTERS_MAX + 1), "too-long"),
    ],
)
def test_text_that_deceives_is_refused(text: str, problem: str) -> None:
    assert told(text) == [problem]


def test_one_line_is_one_line() -> None:
    assert told("one\ntwo") == []
    assert told("one\ntwo", lines=False) == ["hidden-character"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("раураl.example asks", ("раураl",)),  # Cyrillic but for the last letter
        ("DDoS-атака на IP-адрес, в т.ч. VPN", ()),
        ("Οur site", ("Οur",)),  # a Greek capital
        ("𝐛ank and ｂank", ("𝐛ank", "ｂank")),
        ("سرور DNS و BGP", ()),
        ("ağ, şəbəkə, façade, сеть", ()),
    ],
)
def test_words_of_two_scripts_that_look_alike_are_named(text: str, words: tuple[str, ...]) -> None:
    assert mixed_words(text) == words
    assert cautions(content("free-text", remarks=text)) == words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("XA-CERT", "ХА-СЕRТ"),  # Cyrillic capitals
        ("Centre", "Cеntre"),
        ("cert 10", "cert lO"),
        ("مرکز ملی", "مركز ملي"),  # Persian and Arabic letters
        ("İzmir", "Izmir"),
        ("Cafe", "Café"),
    ],
)
def test_names_that_look_alike_are_found(one: str, other: str) -> None:
    assert resemble(one, other)
    assert resemble(other, one)
    assert not resemble(one, one)


def test_names_that_differ_do_not_resemble() -> None:
    assert not resemble("XA-CERT", "XB-CERT")
    assert not resemble("مرکز ملی", "مرکز محلی")


@settings(deadline=None)
@given(st.text())
def test_whatever_is_shown_hides_and_moves_nothing(text: str) -> None:
    shown = harmless(text)
    assert len(shown) == len(text)
    assert not [code for code in told(shown) if code in ("hidden-character", "isolate-left-open")]
    assert all(isolates_are_closed(line) for line in shown.split("\n"))
