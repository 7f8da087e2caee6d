"""Labels: every code in all six languages, in the right letters, and the same code with the same words."""

import re
import string
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from babel import Locale

from tidegate import accord as accord_room
from tidegate.accord.accounts import TOLD_APART
from tidegate.accord.accounts import Row as AccountRow
from tidegate.accord.changes import Amended
from tidegate.accord.dialogue import Deed
from tidegate.accord.lint import Finding
from tidegate.accord.next_steps import Step
from tidegate.accord.stages import Stage
from tidegate.app import accord as app_accord
from tidegate.app.accord.drafting import read_data, templates
from tidegate.hotline.fields import FIELDS
from tidegate.hotline.vocabularies import COMMON_CODES, UNTABLED, vocabulary
from tidegate.model.accords import Happening, PeriodKind
from tidegate.model.facts import Fact
from tidegate.model.labels import LANGUAGES, Language, counted, day, how_long, language_of
from tidegate.model.labels.retelling import TOLD
from tidegate.model.labels.table import groups
from tidegate.model.remarks import Remark

PLACE = re.compile(r"{(\w*)}")
LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.:/-]*")

ALPHABETS: dict[Language, str] = {
    "en": string.ascii_lowercase,
    "ru": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "fa": "آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیءأئؤ\u200c\u064b\u064e\u064f\u0650\u0651\u0654",
    "ar": "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652",
    "tr": "abcçdefgğhıijklmnoöprsştuüvyzâîi\u0307",
    "az": "abcçdeəfgğhxıijkqlmnoöprsştuüvyzi\u0307",
}
"""Small letters of each language; what else a label holds comes from its English words: UDP, UTC, AS64500."""
SIGNS = set(string.digits + " .,:;()?-–|+/_'&%[]" + "،؛؟")
COMMAND = re.compile(r"`[^`]+`")
LOWER_CASE_GROUPS = {"language", "place", "expected", "unit", "page-part", "accord-finding", "audit-page"}
"""Groups whose labels stand within a sentence or behind a number."""


def entries() -> Iterator[tuple[str, dict[Language, str | dict[str, str]]]]:
    for group, codes in groups().items():
        for code, entry in codes.items():
            yield f"{group}.{code}", dict(entry)  # type: ignore[arg-type]


ENTRIES = dict(entries())


def latin_words(text: str) -> list[str]:
    return [word.rstrip(".:") for word in LATIN_WORD.findall(text)]


def texts(language: Language) -> Iterator[tuple[str, str, str]]:
    """Name, English text (all of its plural forms together), and each text in this language."""
    for name, entry in ENTRIES.items():
        english = entry["en"] if isinstance(entry["en"], str) else " ".join(entry["en"].values())
        told = entry[language]
        for text in [told] if isinstance(told, str) else told.values():
            yield name, english, text


def test_every_code_is_labelled_in_all_six_languages() -> None:
    assert not [name for name, entry in ENTRIES.items() if tuple(entry) != LANGUAGES], "missing, or misplaced"


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_are_clean(language: Language) -> None:
    for name, _, text in texts(language):
        assert text, name
        assert text == text.strip(), name
        assert "  " not in text, name
        assert unicodedata.is_normalized("NFC", text), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_places_are_the_same_in_every_language(language: Language) -> None:
    """Arabic spells out one and two, so a plural form may leave the number away."""
    for name, entry in ENTRIES.items():
        told, english = entry[language], entry["en"]
        if isinstance(told, str):
            assert isinstance(english, str), name
            assert sorted(PLACE.findall(told)) == sorted(PLACE.findall(english)), name
        else:
            assert {place for text in told.values() for place in PLACE.findall(text)} == {"number"}, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_are_in_the_letters_of_their_language(language: Language) -> None:
    allowed = set(ALPHABETS[language]) | SIGNS
    for name, english, text in texts(language):
        rest = COMMAND.sub("", PLACE.sub("", text))
        for word in sorted(latin_words(english), key=len, reverse=True):
            if (language != "en" and not word.islower()) or any(sign in word for sign in "-_./0123456789"):
                rest = rest.replace(word, "")
        strange = set(rest.lower()) - allowed
        if name.startswith("unit."):  # "Gbps" is no word, and others write its letters too
            strange -= set(string.ascii_lowercase)
        assert not strange, (name, text, strange)


def test_persian_and_arabic_have_their_own_ye_and_kaf() -> None:
    for name, _, text in texts("fa"):
        assert not set(text) & set("يىكةۀ٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹"), name
        assert not re.search(r"(?:^| )(?:ن?می|ها|های|هایی) ", text + " "), f"{name}: a half-space is missing"
    for name, _, text in texts("ar"):
        assert not set(text) & set("یکگپچژۀہە٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹\u200c"), name


@pytest.mark.parametrize("language", ["fa", "ar"])
def test_right_to_left_labels_have_their_own_commas(language: Language) -> None:
    for name, _, text in texts(language):
        assert not re.search(r"[,;?]", text), name


@pytest.mark.parametrize("language", ["en", "ru", "tr", "az"])
def test_labels_are_in_sentence_case(language: Language) -> None:
    for name, _, text in texts(language):
        group = name.split(".")[0]
        if group not in {*LOWER_CASE_GROUPS, *TOLD} and text[0] not in "{`":
            assert not text[0].islower(), (name, text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_end_like_the_english_ones(language: Language) -> None:
    """A sentence ends with a stop in every language, and a question with its mark."""
    marks = {"?": ("?", "؟"), ".": (".",)}
    for name, english, text in texts(language):
        end = marks.get(english[-1])
        assert text.endswith(end) if end else text[-1] not in ".?؟:", (name, text)


def test_plural_forms_are_those_of_the_language() -> None:
    for name, entry in ENTRIES.items():
        for language, told in entry.items():
            if not isinstance(told, str):
                assert set(told) == {*Locale(language).plural_form.tags, "other"}, (name, language)


def test_a_number_takes_the_plural_of_its_language() -> None:
    assert [counted("page", "bytes", "ru", number) for number in (1, 2, 5, 21)] == [
        "1 байт",
        "2 байта",
        "5 байт",
        "21 байт",
    ]
    assert counted("page", "recipients", "ar", 2) == "متلقيان"
    assert counted("page", "recipients", "fa", 3) == "3 گیرنده"


def vocabularies() -> set[str]:
    return {field.vocabulary for field in FIELDS.values() if field.vocabulary} - UNTABLED


def test_the_same_code_has_the_same_label_wherever_it_stands() -> None:
    found: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for group in vocabularies():
        for code in groups()[group]:
            entry = ENTRIES[f"{group}.{code}"]
            found[code].add(tuple(str(entry[language]) for language in LANGUAGES))
    assert not {code: labels for code, labels in found.items() if len(labels) > 1}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_codes_of_a_vocabulary_read_alike(language: Language) -> None:
    for group in vocabularies():
        labels = [str(entry[language]).casefold() for entry in groups()[group].values()]
        assert len(labels) == len(set(labels)), group


def test_common_codes_stand_in_the_common_table_only() -> None:
    common = set(groups()["common"])
    assert {code for codes in COMMON_CODES.values() for code in codes} == common
    assert not [group for group in vocabularies() if set(groups()[group]) & common]


def test_a_language_is_known_by_its_tag() -> None:
    assert language_of("fa-IR") == "fa"
    assert language_of("ru_RU.UTF-8") == "ru"
    assert language_of("C.UTF-8") is None


def test_days_and_times_are_written_by_the_library_in_ascii_digits() -> None:
    on = date(2028, 5, 21)
    ezafe = "\u0654"  # some releases of the library's data write it, others leave it out
    assert [day(on, language).replace(ezafe, "") for language in LANGUAGES] == [
        "May 21, 2028",
        "21 мая 2028\u202fг.",
        "21 مه 2028",
        "21 مايو 2028",
        "21 Mayıs 2028",
        "21 may 2028",
    ]
    hours = [how_long(count * 3_600, "ru") for count in (1, 2, 5, 21, 48, 52)]
    assert hours == ["1 час", "2 часа", "5 часов", "21 час", "48 часов", "2 дня"]
    assert how_long(61, "en") == "1 hour"
    assert how_long(2 * 3_600, "ar") == "ساعتان"


ACCORD = Path(accord_room.__file__).parent
APP_ACCORD = Path(app_accord.__file__).parent


def found_in(path: Path) -> set[str]:
    """Codes of findings, as they stand in the code: the first text behind the place."""
    calls = r'(?:mistake|doubt|refused)\(\s*(?:f?"[^"]*"|[a-z]+),\s*"([a-z-]+)"'
    return set(re.findall(calls, path.read_text()))


ACCORD_CODES: dict[str, set[str]] = {
    "accord-stage": {str(stage) for stage in Stage},
    "accord-step": {str(step) for step in Step},
    "accord-happening": set(get_args(Happening)),
    "accord-period": set(get_args(PeriodKind)),
    "accord-remark": set(get_args(get_type_hints(Remark)["code"])),
    "accord-finding": found_in(ACCORD / "lint.py") | found_in(APP_ACCORD / "checking.py"),
}


@pytest.mark.parametrize("group", sorted(ACCORD_CODES))
def test_every_code_of_accords_has_its_label_and_no_label_lacks_its_code(group: str) -> None:
    assert set(groups()[group]) == ACCORD_CODES[group]


def test_minutes_speak_of_what_accords_know() -> None:
    assert set(vocabulary("happening")) <= set(get_args(Happening))
    assert set(vocabulary("notice-kind")) <= set(get_args(Happening))


@pytest.mark.parametrize("kind", ["obligation", "guarantee", "track"])
def test_every_clause_of_the_templates_is_worded_in_all_six_languages(kind: str) -> None:
    for name, clause in read_data("clauses.toml")[kind].items():
        assert tuple(sorted(clause["text"])) == tuple(sorted(LANGUAGES)), name
        spans = {
            language: len(NUMBER.findall(westernised(text))) for language, text in clause["text"].items()
        }
        assert len(set(spans.values())) == 1, (name, spans)


NUMBER = re.compile(r"\d+")


def westernised(text: str) -> str:
    """Persian clauses write their numbers in Persian digits."""
    return text.translate(str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789"))


def test_every_template_has_its_title_in_all_six_languages() -> None:
    for name, template in templates().items():
        assert tuple(template.title) == LANGUAGES, name


def test_every_kind_of_fact_has_its_label_and_no_label_is_left_over() -> None:
    assert set(groups()["fact-kind"]) == {kind.__name__ for kind in get_args(Fact)}


SCREENS = Path(__file__).parents[2] / "src" / "tidegate" / "cli" / "accord"


def test_every_word_that_the_accord_commands_show_has_its_label_and_no_label_is_left_over() -> None:
    """Codes stand as texts in the commands' modules; states and compared fields come from tables."""
    source = "\n".join(path.read_text() for path in SCREENS.glob("*.py"))
    written = set(re.findall(r'"([a-z][a-z_ -]*)"', source))
    own = set(groups()["accord-screen"])
    asked = set(re.findall(r'(?:word|say|phrase)\(\s*"([^"]+)"', source))
    for row in re.findall(r"(?:headings = |table\()\(([^)]*)\)", source):
        asked |= set(re.findall(r'"([^"]+)"', row))
    states, agreements = get_type_hints(Deed)["state"], get_type_hints(AccountRow)["agreement"]
    from_tables = {*get_args(states), *get_args(agreements), *TOLD_APART}
    from_tables |= {*get_args(get_type_hints(Finding)["kind"]), *get_args(get_type_hints(Amended)["what"])}
    assert not asked - own - set(groups()["accord-page"])
    assert from_tables <= own
    assert not own - written - from_tables
