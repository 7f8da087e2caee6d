"""CSAF 2.0 advisories that were attached: recognised, and told in lines (OASIS CSAF 2.0, section 3)."""

from collections.abc import Iterator

import msgspec

from tidegate.model.attachments import Finding, Reading
from tidegate.model.refusals import Malformed
from tidegate.wire.attached_json import bounded, read_object, told, wanted
from tidegate.wire.tlp import tlp_named


class _Tracking(msgspec.Struct):
    id: str
    current_release_date: str = ""
    status: str = ""
    version: str = ""


class _Label(msgspec.Struct):
    label: str = ""


class _Distribution(msgspec.Struct):
    tlp: _Label = msgspec.field(default_factory=_Label)


class _Publisher(msgspec.Struct):
    name: str = ""


class _Document(msgspec.Struct):
    csaf_version: str
    title: str
    tracking: _Tracking
    category: str = ""
    distribution: _Distribution = msgspec.field(default_factory=_Distribution)
    publisher: _Publisher = msgspec.field(default_factory=_Publisher)


class _Vulnerability(msgspec.Struct):
    cve: str = ""
    title: str = ""


class _Advisory(msgspec.Struct):
    document: _Document
    vulnerabilities: list[_Vulnerability] = []


def read_csaf(body: bytes) -> Reading:
    """Malformed where this is no advisory of CSAF 2.0."""
    advisory = wanted(_Advisory, read_object(body))
    document = advisory.document
    if document.csaf_version != "2.0":
        raise Malformed("attachment is not of CSAF 2.0", 0)
    findings, left_out = bounded(_findings(advisory))
    return Reading(
        recognised="CSAF 2.0",
        title=told(document.title),
        identifier=told(document.tracking.id),
        made_at=told(document.tracking.current_release_date),
        tlp=tlp_named(document.distribution.tlp.label) or "",
        findings=findings,
        left_out=left_out,
    )


def _findings(advisory: _Advisory) -> Iterator[Finding]:
    document = advisory.document
    yield Finding("category", told(document.category))
    yield Finding("publisher", told(document.publisher.name))
    yield Finding("status", told(f"{document.tracking.status} {document.tracking.version}"))
    for one in advisory.vulnerabilities:
        yield Finding(told(one.cve) or "vulnerability", told(one.title))
