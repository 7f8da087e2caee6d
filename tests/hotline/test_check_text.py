"""The text of a communication check: every letter of each language, in a text that may be sent."""

from tests.hotline.messages import content
from tests.model.test_labels import ALPHABETS
from tidegate.hotline.check_text import CHECK_LINES, CHECK_TEXT
from tidegate.hotline.content import check_content
from tidegate.model.labels import LANGUAGES


def test_a_check_carries_a_line_for_each_language() -> None:
    check_content(content("check", remarks=CHECK_TEXT))
    assert tuple(CHECK_LINES) == LANGUAGES
    assert CHECK_TEXT.split("\n") == list(CHECK_LINES.values())


def test_no_letter_of_a_language_is_left_out() -> None:
    for language in LANGUAGES:
        letters = {one for one in ALPHABETS[language] if one.isalpha()} - set("âî")
        assert letters <= set(CHECK_LINES[language].lower()), language
