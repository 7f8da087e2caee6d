"""The fields of the forms: one name has one kind of value and one label, in whichever form it stands."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal[
    "code",
    "time",
    "count",
    "bps",
    "pps",
    "prefix",
    "network",
    "domain",
    "country",
    "language",
    "digest",
    "reference",
    "name",
    "phone",
    "line",
]
"""`line` is free text of one line in its original language; all others read alike in every language. `name`
is a longer reference, to one of many things that an accord asks for."""


@dataclass(frozen=True, slots=True)
class Field:
    """`vocabulary` names the closed vocabulary of a field of kind "code"; else it is empty."""

    name: str
    kind: Kind
    vocabulary: str = ""


def _code(name: str, vocabulary: str = "") -> Field:
    return Field(name, "code", vocabulary or name)


_TABLE = (
    _code("check", "check-kind"),
    _code("scripts", "script"),
    _code("paths", "path"),
    Field("answer-by", "time"),
    _code("receipt", "receipt-kind"),
    Field("opened-at", "time"),
    _code("unreadable", "part"),
    _code("next-step"),
    _code("notice", "notice-kind"),
    _code("notice-stage"),
    Field("notice-number", "reference"),
    Field("title", "line"),
    Field("from", "time"),
    Field("until", "time"),
    _code("simulated-attack", "yes-no"),
    _code("late", "yes-no"),
    _code("expected-effect"),
    _code("asset-class"),
    Field("prefix", "prefix"),
    Field("network", "network"),
    Field("domain", "domain"),
    Field("source-prefix", "prefix"),
    Field("source-network", "network"),
    Field("seen-from-prefix", "prefix"),
    Field("seen-from-network", "network"),
    Field("contact", "line"),
    Field("phone", "phone"),
    Field("incident", "reference"),
    _code("incident-stage"),
    _code("kind", "incident-kind"),
    _code("effect"),
    _code("severity"),
    _code("status"),
    _code("confidence"),
    _code("vector"),
    Field("peak-bps", "bps"),
    Field("peak-bps-low", "bps"),
    Field("peak-bps-high", "bps"),
    Field("peak-pps", "pps"),
    Field("sampling", "count"),
    Field("began-at", "time"),
    Field("detected-at", "time"),
    Field("ended-at", "time"),
    _code("measure"),
    _code("wish"),
    _code("subject"),
    _code("question"),
    _code("finding"),
    _code("cause"),
    _code("position"),
    _code("assistance"),
    _code("mitigation"),
    _code("preserve"),
    _code("reason", "consultation-reason"),
    _code("participants", "level"),
    _code("manner"),
    Field("proposed-at", "time"),
    Field("place", "line"),
    Field("languages", "language"),
    _code("agenda"),
    _code("declaration", "declaration-kind"),
    _code("act"),
    _code("guarantee"),
    _code("pledge"),
    Field("towards", "country"),
    Field("nominee", "line"),
    _code("nominee-level", "level"),
    _code("key-kind"),
    Field("key-digest", "digest"),
    Field("card-version", "count"),
    _code("purpose"),
    Field("corrects", "digest"),
    Field("accord-digest", "digest"),
    Field("obligation", "name"),
    Field("track", "reference"),
    Field("milestone", "reference"),
    Field("guarantee-id", "reference"),
    _code("happening"),
    _code("word", "flash-word"),
)

FIELDS = MappingProxyType({field.name: field for field in _TABLE})
"""Every field, by name."""

SOURCE_FIELDS = frozenset({"seen-from-prefix", "seen-from-network"})
"""Fields that say where traffic was seen: whoever shows one says that sources can be forged."""
