"""The text of a communication check: it may be sent, and it shows what was damaged."""

import unicodedata

from tests.hotline.messages import content
from tidegate.hotline.check_text import CHECK_LINES, CHECK_TEXT, damaged_lines
from tidegate.hotline.content import check_content
from tidegate.model.labels import LANGUAGES


def test_a_check_carries_a_line_for_each_language() -> None:
    check_content(content("check", remarks=CHECK_TEXT))
    assert tuple(CHECK_LINES) == LANGUAGES
    assert damaged_lines(CHECK_TEXT) == ()


def test_what_a_path_does_to_letters_is_seen() -> None:
    assert damaged_lines(CHECK_TEXT.encode("cp1251", "replace").decode("cp1251")) == ("fa", "ar", "tr", "az")
    assert damaged_lines(CHECK_TEXT.replace("\u200c", "")) == ("fa",)
    assert damaged_lines(CHECK_TEXT.replace("ی", "ي")) == ("fa",)
    assert damaged_lines(unicodedata.normalize("NFD", CHECK_TEXT)) == ("ru", "fa", "ar", "tr", "az")
    assert damaged_lines("") == LANGUAGES
