"""Words for people in six languages: the label of each code, one place for all of them.

A code is authoritative and a label is its rendering. Labels lie beside this file, one TOML file for each
subject; `[group.code]` holds one line a language. Whoever needs more words adds a file, and
tests/model/test_labels.py then holds it to the same rules.
"""

from tidegate.model.labels.retelling import Sentence, retold, sentences
from tidegate.model.labels.table import (
    LANGUAGES,
    RIGHT_TO_LEFT,
    Language,
    codes,
    counted,
    day,
    how_long,
    label,
    language_of,
    phrase,
)

__all__ = [
    "LANGUAGES",
    "RIGHT_TO_LEFT",
    "Language",
    "Sentence",
    "codes",
    "counted",
    "day",
    "how_long",
    "label",
    "language_of",
    "phrase",
    "retold",
    "sentences",
]
