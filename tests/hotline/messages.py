"""Small worlds of the hotline's messages: a valid content of every form, and how to change one."""

from datetime import timedelta, timezone
from typing import Any

import msgspec

from tidegate.hotline.content import end_number
from tidegate.hotline.page import Known
from tidegate.model.messages import CodedField, Content, FormName

OURS, THEIRS, THIRD = "a" * 64, "b" * 64, "c" * 64
NAMES = {OURS: "XA-CERT (XA)", THEIRS: "مرکز ماهر (XB)", THIRD: "ЦРР (QM)"}
ANOTHER = "e" * 64

FIELDS: dict[FormName, dict[str, tuple[str, ...]]] = {
    "check": {
        "check": ("scheduled",),
        "scripts": ("latin", "persian"),
        "answer-by": ("2026-11-26T00:00:00Z",),
    },
    "receipt": {
        "receipt": ("unreadable",),
        "opened-at": ("2026-11-25T22:07:00Z",),
        "unreadable": ("attachments",),
        "next-step": ("answer-follows",),
    },
    "notice": {
        "notice": ("scan",),
        "notice-stage": ("announced",),
        "notice-number": ("XA-N/2026/3",),
        "title": ("Tide 26",),
        "from": ("2026-12-01T08:00:00Z",),
        "until": ("2026-12-02T16:00:00Z",),
        "simulated-attack": ("no",),
        "expected-effect": ("unusual-traffic",),
        "source-prefix": ("198.51.100.0/24",),
        "phone": ("+999 20 5550100",),
    },
    "incident": {
        "incident": ("XA-CERT/2026/17",),
        "incident-stage": ("initial",),
        "kind": ("flood", "outage"),
        "status": ("ongoing",),
        "severity": ("critical",),
        "confidence": ("confirmed",),
        "asset-class": ("hospital",),
        "prefix": ("192.0.2.0/24", "2001:db8::/32"),
        "domain": ("hospital.example",),
        "seen-from-network": ("AS64500", "AS64501"),
        "vector": ("ntp", "tcp_syn"),
        "peak-bps": ("12400000000",),
        "peak-pps": ("1200000",),
        "sampling": ("1000",),
        "began-at": ("2026-11-25T22:00:00Z",),
        "wish": ("answer-requested",),
        "answer-by": ("2026-11-26T00:00:00Z",),
    },
    "clarification-request": {
        "subject": ("traffic",),
        "question": ("known-to-you", "authorised"),
        "seen-from-prefix": ("203.0.113.0/24",),
        "answer-by": ("2026-11-27T22:00:00Z",),
    },
    "clarification-reply": {
        "finding": ("known-unauthorised",),
        "cause": ("compromised-systems",),
        "measure": ("isolated",),
        "ended-at": ("2026-11-25T23:00:00Z",),
    },
    "assistance-request": {
        "assistance": ("mitigation", "preservation"),
        "mitigation": ("filter-at-source",),
        "preserve": ("flow-counts",),
        "network": ("AS64500",),
        "from": ("2026-11-25T20:00:00Z",),
        "answer-by": ("2026-11-26T00:00:00Z",),
    },
    "consultation-call": {
        "reason": ("imminent-risk",),
        "participants": ("senior",),
        "manner": ("meeting",),
        "proposed-at": ("2026-11-28T08:00:00Z", "2026-11-29T08:00:00Z"),
        "place": ("شهر مرزی",),
        "languages": ("fa", "ru"),
        "agenda": ("facts", "prevention"),
        "answer-by": ("2026-11-26T22:00:00Z",),
    },
    "declaration": {
        "declaration": ("nomination",),
        "act": ("made",),
        "towards": ("XB",),
        "nominee": ("Дежурный начальник смены",),
        "nominee-level": ("desk",),
        "languages": ("en", "ru"),
    },
    "free-text": {"purpose": ("correction",), "corrects": (ANOTHER,)},
}
"""Fields that each form allows, by name."""


def content(form: FormName = "incident", **changes: Any) -> Content:
    """A valid message of this form; `fields` may be given as a mapping, and `end` follows unless given."""
    fields = changes.pop("fields", FIELDS[form])
    told = tuple(CodedField(name, tuple(values)) for name, values in fields.items())
    remarks = changes.pop("remarks", "Атака продолжается. Сервер 192.0.2.10 недоступен.\nПросим ответить.")
    attachments = changes.pop("attachments", ())
    answered = ANOTHER if form in ("receipt", "clarification-reply") else None
    plain = Content(
        version=1,
        sender=OURS,
        recipients=(THEIRS, THIRD),
        reference="XA-CERT/2026/17",
        nonce="0" * 32,
        composed_at_s=1_795_644_300,
        expires_at_s=1_795_730_700,
        precedence="FLASH",
        level="desk",
        mark="REAL",
        form=form,
        accord="XA-XB-2026#4",
        answers=answered,
        tlp="TLP:AMBER+STRICT",
        pap="PAP:AMBER",
        language="ru",
        fields=told,
        remarks=remarks,
        attachments=attachments,
        extensions=(),
        end=end_number(remarks, len(told), len(attachments)),
    )
    return msgspec.structs.replace(plain, **changes)


KNOWN = Known(
    message="d" * 64,
    names=NAMES,
    officers=("Duty officer 7",),
    place="12 (1795600000)",
    readings=(),
    zone=timezone(timedelta(hours=3, minutes=30)),
)
"""What a reader in a zone of +03:30 knows beside it."""
