"""Values of fields as a reader sees them in a language: labels for codes, and everything else set apart."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import tzinfo

from tidegate.hotline.directions import by_itself, left_to_right
from tidegate.hotline.fields import FIELDS, Field, Kind
from tidegate.hotline.moments import full_time
from tidegate.hotline.texts import harmless
from tidegate.hotline.values import time_of
from tidegate.hotline.vocabularies import code_label
from tidegate.model.labels import LANGUAGES, Language, label, phrase

SEPARATORS = {"fa": "، ", "ar": "، "}
"""Between values in one line; a comma and a space elsewhere."""

PRIVATE_COUNTRIES = re.compile("AA|Q[M-Z]|X[A-Z]|ZZ")
"""Codes that ISO 3166 leaves to everybody's own use: they name no country."""

STEPS = ("", "k", "M", "G", "T")


def field_label(name: str, language: Language) -> str:
    return label("field", name, language) if name in FIELDS else left_to_right(harmless(name))


def values_shown(
    field: Field, values: tuple[str, ...], language: Language, zone: tzinfo | None
) -> tuple[str, ...]:
    """One text a line: codes, times and lines of text each in a line of its own, other values in one line."""
    texts = tuple(value_shown(field, value, language, zone) for value in values)
    if field.kind in ("code", "line", "time"):
        return texts
    return (SEPARATORS.get(language, ", ").join(texts),)


def value_shown(field: Field, value: str, language: Language, zone: tzinfo | None) -> str:
    """A value that is not what its kind asks for is shown as it came, set apart."""
    try:
        if field.kind == "code":
            return code_label(field.vocabulary, value, language)
        show = SHOWING.get(field.kind)
        return left_to_right(harmless(value)) if show is None else show(value, language, zone)
    except (KeyError, ValueError):
        return left_to_right(harmless(value))


def _line(value: str, language: Language, zone: tzinfo | None) -> str:
    return by_itself(harmless(value))


def _time(value: str, language: Language, zone: tzinfo | None) -> str:
    return left_to_right(full_time(time_of(value), zone))


def _bits(value: str, language: Language, zone: tzinfo | None) -> str:
    return quantity(int(value), "bps", language)


def _packets(value: str, language: Language, zone: tzinfo | None) -> str:
    return quantity(int(value), "pps", language)


def _count(value: str, language: Language, zone: tzinfo | None) -> str:
    return number(int(value), language)


def _country(value: str, language: Language, zone: tzinfo | None) -> str:
    from babel import Locale

    own_use = PRIVATE_COUNTRIES.fullmatch(value)
    name = None if own_use else Locale(language).territories.get(value)
    code = left_to_right(value)
    return f"{name} ({code})" if name else code


def _language(value: str, language: Language, zone: tzinfo | None) -> str:
    return language_name(value, language)


SHOWING: Mapping[Kind, Callable[[str, Language, tzinfo | None], str]] = {
    "line": _line,
    "time": _time,
    "bps": _bits,
    "pps": _packets,
    "count": _count,
    "country": _country,
    "language": _language,
}


def language_name(tag: str, language: Language) -> str:
    """The name of a language in another one; its tag where that is not known."""
    if tag in LANGUAGES:
        return label("language", tag, language)
    from babel import Locale

    name = Locale(language).languages.get(tag.split("-", maxsplit=1)[0])
    return str(name) if name else left_to_right(harmless(tag))


def number(value: int | float, language: Language) -> str:
    """In ASCII digits, with the separators of the language."""
    from babel.numbers import format_decimal

    return left_to_right(format_decimal(value, locale=language, numbering_system="latn"))


def quantity(value: int, unit: str, language: Language) -> str:
    """As "12.4 Gbps", three digits or all that stand before the point, in the language's own unit."""
    step = min(max(len(str(value)) - 1, 0) // 3, len(STEPS) - 1)
    scaled = value / 1000**step
    digits = max(0, 3 - len(str(int(scaled))))
    rounded = round(scaled, digits) if digits else round(scaled)
    return phrase("unit", STEPS[step] + unit, language, number=number(rounded, language))


def columns(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(_columns(one) for one in text)


def _columns(one: str) -> int:
    if one.isascii():
        return 1
    if unicodedata.category(one) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(one) in "WF" else 1


def joined(texts: tuple[str, ...], language: Language) -> str:
    """Several texts in one line."""
    return SEPARATORS.get(language, ", ").join(texts)
