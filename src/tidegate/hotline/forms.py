"""The ten forms: which fields each has, how often, which need which, and who may say what."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from tidegate.model.messages import VALUES_MAX, FormName

Answering = Literal["never", "may", "must"]


@dataclass(frozen=True, slots=True)
class Slot:
    """One field in one form, with the least and the greatest number of its values."""

    field: str
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Need:
    """Where `field` holds `code`, at least one of `one_of` is filled in as well."""

    field: str
    code: str
    one_of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """`answers` says whether a message of this form answers another. `ordered` are pairs of times of which
    the first is not after the second."""

    name: FormName
    answers: Answering
    slots: tuple[Slot, ...]
    needs: tuple[Need, ...] = ()
    ordered: tuple[tuple[str, str], ...] = ()
    remarks_with: tuple[tuple[str, str], ...] = ()
    """Codes (field, code) that say little without remarks: then there must be some."""
    senior_only: tuple[tuple[str, str], ...] = ()
    """Codes (field, code) that bind a state: only the senior level speaks them."""
    attached_with: tuple[tuple[str, str], ...] = ()
    """Codes (field, code) that speak of a file: then one is attached."""

    def slot(self, field: str) -> Slot | None:
        return next((slot for slot in self.slots if slot.field == field), None)


def _one(field: str) -> Slot:
    return Slot(field, 1, 1)


def _many(field: str) -> Slot:
    return Slot(field, 1, VALUES_MAX)


def _may(*fields: str) -> tuple[Slot, ...]:
    return tuple(Slot(field, 0, 1) for field in fields)


def _any(*fields: str) -> tuple[Slot, ...]:
    return tuple(Slot(field, 0, VALUES_MAX) for field in fields)


_WHERE = ("prefix", "network", "domain")
_SEEN = ("seen-from-prefix", "seen-from-network")
_SPAN = (("from", "until"),)

CHECK = Form(
    "check",
    "may",
    (_one("check"), *_any("scripts", "paths"), *_may("answer-by")),
)
RECEIPT = Form(
    "receipt",
    "must",
    (_one("receipt"), _one("opened-at"), *_any("unreadable"), *_may("next-step", "answer-by")),
    needs=(Need("receipt", "unreadable", ("unreadable",)),),
)
NOTICE = Form(
    "notice",
    "may",
    (
        _one("notice"),
        _one("notice-stage"),
        _one("notice-number"),
        *_may("title"),
        _one("from"),
        _one("until"),
        _one("simulated-attack"),
        *_may("late"),
        *_any("expected-effect", "asset-class", *_WHERE, "source-prefix", "source-network"),
        *_may("contact", "phone"),
    ),
    needs=(Need("notice", "scan", ("source-prefix", "source-network")),),
    ordered=_SPAN,
)
INCIDENT = Form(
    "incident",
    "may",
    (
        _one("incident"),
        _one("incident-stage"),
        _many("kind"),
        _one("status"),
        _one("severity"),
        _one("confidence"),
        *_any("effect", "asset-class", *_WHERE, *_SEEN, "vector"),
        *_may("peak-bps", "peak-bps-low", "peak-bps-high", "peak-pps", "sampling"),
        *_may("began-at", "detected-at", "ended-at"),
        *_any("measure", "wish"),
        *_may("answer-by", "contact", "phone"),
    ),
    needs=(Need("status", "ended", ("ended-at",)), Need("wish", "answer-requested", ("answer-by",))),
    ordered=(("began-at", "detected-at"), ("began-at", "ended-at")),
    remarks_with=(("kind", "other"),),
)
CLARIFICATION_REQUEST = Form(
    "clarification-request",
    "may",
    (
        _one("subject"),
        *_may("incident", "notice-number", "obligation"),
        _many("question"),
        *_any(*_WHERE, *_SEEN, "vector"),
        *_may("confidence", "sampling", "began-at", "ended-at"),
        _one("answer-by"),
        *_may("contact", "phone"),
    ),
    needs=(
        Need("subject", "incident", ("incident",)),
        Need("subject", "notice", ("notice-number",)),
        Need("subject", "obligation", ("obligation",)),
        Need("subject", "traffic", _SEEN),
    ),
    ordered=(("began-at", "ended-at"),),
    remarks_with=(("subject", "other"), ("question", "other")),
)
CLARIFICATION_REPLY = Form(
    "clarification-reply",
    "must",
    (
        *_may("incident"),
        _one("finding"),
        *_any("cause", "measure"),
        *_may("began-at", "ended-at", "position", "answer-by", "contact", "phone"),
    ),
    needs=(Need("finding", "under-examination", ("answer-by",)),),
    ordered=(("began-at", "ended-at"),),
)
ASSISTANCE_REQUEST = Form(
    "assistance-request",
    "may",
    (
        _many("assistance"),
        *_may("incident"),
        *_any("mitigation", "preserve", *_WHERE, "vector"),
        *_may("from", "until"),
        _one("answer-by"),
        *_may("contact", "phone"),
    ),
    needs=(
        Need("assistance", "mitigation", ("mitigation",)),
        Need("assistance", "preservation", ("preserve",)),
        Need("assistance", "preservation", ("from",)),
    ),
    ordered=_SPAN,
    remarks_with=(("mitigation", "other"), ("preserve", "other")),
)
CONSULTATION_CALL = Form(
    "consultation-call",
    "may",
    (
        _one("reason"),
        *_may("incident", "obligation", "track"),
        _one("participants"),
        _one("manner"),
        _many("proposed-at"),
        *_may("place"),
        *_any("languages", "agenda"),
        _one("answer-by"),
        *_may("contact", "phone"),
    ),
    needs=(Need("manner", "meeting", ("place",)),),
    remarks_with=(("reason", "other"),),
)
DECLARATION = Form(
    "declaration",
    "may",
    (
        _one("declaration"),
        _one("act"),
        *_any("asset-class", *_WHERE),
        *_may("from", "until"),
        *_any("guarantee", "pledge", "towards"),
        *_may("nominee", "nominee-level", "phone"),
        *_any("languages"),
        *_may("key-kind", "key-digest", "card-version"),
        *_may("accord-digest", "obligation", "track", "guarantee-id"),
    ),
    needs=(
        Need("declaration", "protected-asset", ("asset-class",)),
        Need("declaration", "protected-asset", _WHERE),
        Need("declaration", "election-period", ("from",)),
        Need("declaration", "election-period", ("until",)),
        Need("declaration", "guarantee", ("guarantee",)),
        Need("declaration", "pledge", ("pledge",)),
        Need("declaration", "nomination", ("nominee",)),
        Need("declaration", "nomination", ("nominee-level",)),
        Need("declaration", "key-change", ("key-kind",)),
        Need("declaration", "key-change", ("card-version",)),
        Need("declaration", "accord", ("accord-digest",)),
        Need("declaration", "obligation", ("obligation",)),
        Need("declaration", "track", ("track",)),
        Need("act", "suspended", ("from",)),
        Need("act", "withdrawn", ("from",)),
    ),
    ordered=_SPAN,
    senior_only=(
        ("declaration", "guarantee"),
        ("declaration", "pledge"),
        ("declaration", "accord"),
        ("act", "found-not-kept"),
    ),
    attached_with=(("declaration", "accord"),),
)
FREE_TEXT = Form(
    "free-text",
    "may",
    (
        _one("purpose"),
        *_may("corrects", "incident", "happening", "obligation", "track", "milestone", "word"),
    ),
    needs=(
        Need("purpose", "correction", ("corrects",)),
        Need("purpose", "minutes", ("happening",)),
        Need("purpose", "flash", ("word",)),
        Need("happening", "track-met", ("track",)),
        Need("happening", "milestone-reached", ("milestone",)),
    ),
    remarks_with=(
        ("purpose", "information"),
        ("purpose", "correction"),
        ("purpose", "apology"),
        ("purpose", "condolence"),
        ("purpose", "goodwill"),
        ("purpose", "thanks"),
    ),
    attached_with=(("purpose", "account"),),
)

FORMS = MappingProxyType(
    {
        form.name: form
        for form in (
            CHECK,
            RECEIPT,
            NOTICE,
            INCIDENT,
            CLARIFICATION_REQUEST,
            CLARIFICATION_REPLY,
            ASSISTANCE_REQUEST,
            CONSULTATION_CALL,
            DECLARATION,
            FREE_TEXT,
        )
    }
)
"""Every form, by name."""
