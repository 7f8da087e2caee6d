"""The tables of labels, read once, and the few ways to ask them."""

import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

Language = Literal["en", "ru", "fa", "ar", "tr", "az"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
RIGHT_TO_LEFT: frozenset[str] = frozenset({"fa", "ar"})

Forms = Mapping[str, str]
"""One text for each plural form that the language has (Unicode CLDR: one, few, many, other ...)."""

Entry = Mapping[Language, str | Forms]
Groups = Mapping[str, Mapping[str, Entry]]

HOUR_S = 3_600
HOURS_TOLD, DAYS_TOLD = 48, 36_500
"""Up to these a time is told in hours, and in days: nothing of an accord is told in rounded weeks."""

COMMON = "common"
"""The group of codes that many vocabularies share: "none", "unknown", "other"."""


def label(group: str, code: str, language: Language) -> str:
    """The label of a code; KeyError where there is none, which is our own mistake."""
    group_entries = groups()[group]
    entry = group_entries[code] if code in group_entries else groups()[COMMON][code]
    text = entry[language]
    assert isinstance(text, str), f"{group}.{code} counts something: ask counted()"
    return text


def phrase(group: str, code: str, language: Language, /, **values: str) -> str:
    """A label with its places filled in."""
    return label(group, code, language).format(**values)


def counted(group: str, code: str, language: Language, number: int) -> str:
    """A label that counts something, in the plural form that the language asks for, with `{number}` in it."""
    from babel import Locale

    entry = groups()[group][code][language]
    assert not isinstance(entry, str), f"{group}.{code} counts nothing: ask label()"
    return entry[Locale(language).plural_form(number)].format(number=number)


def day(on: date, language: Language) -> str:
    """A day as the language writes it in a sentence, in ASCII digits: "1 января 2028 г."."""
    from babel.dates import format_date

    return format_date(on, format="long", locale=language)


def how_long(seconds: int, language: Language) -> str:
    """A time in whole hours up to two days, else in whole days, in the plural form of the language; never
    none, since one who is late by a minute is late."""
    from babel.dates import format_timedelta

    hours = max(1, (seconds + HOUR_S // 2) // HOUR_S)
    if hours <= HOURS_TOLD:
        return format_timedelta(
            timedelta(hours=hours), granularity="hour", threshold=HOURS_TOLD, locale=language
        )
    days = (hours + 12) // 24
    return format_timedelta(timedelta(days=days), granularity="day", threshold=DAYS_TOLD, locale=language)


def codes(group: str) -> tuple[str, ...]:
    """The codes of a group, in the order of the file."""
    return tuple(groups()[group])


def language_of(tag: str) -> Language | None:
    """Ours for a BCP 47 tag or the name of a locale ("fa-IR", "ru_RU.UTF-8"); None where it is another."""
    short = tag.replace("_", "-").split("-")[0].split(".")[0].lower()
    return next((one for one in LANGUAGES if one == short), None)


@cache
def groups() -> Groups:
    """Every group of every file. A group stands in one file only."""
    found: dict[str, Mapping[str, Entry]] = {}
    for file in sorted(files("tidegate.model.labels").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            for group, entries in tomllib.loads(file.read_text(encoding="utf-8")).items():
                assert group not in found, f"{file.name}: the group {group} stands in another file too"
                found[group] = entries
    return found
