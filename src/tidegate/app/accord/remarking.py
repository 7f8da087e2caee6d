"""Remarks on a notice, and spans of an accord, as sentences in the language of whoever reads them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from tidegate.accord.spans import Unit, parse_span
from tidegate.hotline.directions import by_itself
from tidegate.model.labels import RIGHT_TO_LEFT, Language, how_long, label, phrase
from tidegate.model.remarks import Remark

DAY_S = 86_400
WHOLE: Mapping[Unit, tuple[Literal["hour", "day", "week", "month", "year"], int]] = MappingProxyType(
    {
        "h": ("hour", 3_600),
        "d": ("day", DAY_S),
        "w": ("week", 7 * DAY_S),
        "mo": ("month", 30 * DAY_S),
        "y": ("year", 365 * DAY_S),
    }
)
"""What the library calls a unit, and the seconds that it takes for one; nothing is counted by these."""

ALWAYS = 10**6
"""No number of a unit becomes one of the next."""


def remark_words(remark: Remark, language: Language) -> str:
    values = {"article": remark.article, **dict(remark.values)}
    if "late_s" in values:
        values["late_by"] = how_long(int(values.pop("late_s")), language)
        values["least"] = span_words(values["least"], language)
    if "asset_class" in values:
        values["asset_class"] = label("asset-class", values["asset_class"], language)
    if "kind" in values:
        values["kind"] = label("accord-period", values["kind"], language)
    if language in RIGHT_TO_LEFT:
        values = {name: by_itself(value) for name, value in values.items()}
    return phrase("accord-remark", remark.code, language, **values)


def span_words(text: str, language: Language) -> str:
    """ "72h" as "72 hours", in ASCII digits."""
    from babel.dates import format_timedelta

    span = parse_span(text)
    if span.unit == "wd":
        return phrase("accord-span", "wd", language, count=str(span.count))
    unit, seconds = WHOLE[span.unit]
    return format_timedelta(span.count * seconds, granularity=unit, threshold=ALWAYS, locale=language)
