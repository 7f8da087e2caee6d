"""XARF reports that were attached, version 4 and 3: recognised, and told in lines (xarf.org)."""

from collections.abc import Iterator
from typing import Any

import msgspec

from tidegate.model.attachments import Finding, Reading
from tidegate.model.refusals import Malformed
from tidegate.wire.attached_json import bounded, read_object, told, wanted


class _Reporter(msgspec.Struct):
    org: str = ""


class _Report4(msgspec.Struct):
    """`category` was called `class` before the final version."""

    xarf_version: str
    report_id: str
    timestamp: str
    type: str
    source_identifier: str
    category: str = ""
    former_category: str = msgspec.field(name="class", default="")
    reporter: _Reporter = msgspec.field(default_factory=_Reporter)
    protocol: str = ""
    destination_ip: str = ""
    description: str = ""


class _Reporter3(msgspec.Struct):
    org: str = msgspec.field(name="ReporterOrg", default="")


class _Body3(msgspec.Struct):
    kind: str = msgspec.field(name="ReportType")
    category: str = msgspec.field(name="ReportClass", default="")
    date: str = msgspec.field(name="Date", default="")
    source: str = msgspec.field(name="SourceIp", default="")
    identifier: str = msgspec.field(name="ReportID", default="")


class _Report3(msgspec.Struct):
    version: str = msgspec.field(name="Version")
    report: _Body3 = msgspec.field(name="Report")
    reporter: _Reporter3 = msgspec.field(name="ReporterInfo", default_factory=_Reporter3)


def read_xarf(body: bytes) -> Reading:
    """Malformed where this is no report of XARF 4 or 3."""
    value = read_object(body)
    return _read4(value) if "xarf_version" in value else _read3(value)


def _read4(value: dict[str, Any]) -> Reading:
    report = wanted(_Report4, value)
    if not report.xarf_version.startswith("4."):
        raise Malformed("attachment is not of XARF 4", 0)
    kind = f"{report.category or report.former_category}/{report.type}"
    lines = {
        "reporter": report.reporter.org,
        "source": report.source_identifier,
        "destination": report.destination_ip,
        "protocol": report.protocol,
        "description": report.description,
    }
    return _reading(kind, report.report_id, report.timestamp, lines)


def _read3(value: dict[str, Any]) -> Reading:
    read = wanted(_Report3, value)
    if not read.version.startswith("3"):
        raise Malformed("attachment is not of XARF 3", 0)
    lines = {"reporter": read.reporter.org, "source": read.report.source}
    kind = f"{read.report.category}/{read.report.kind}"
    return _reading(kind, read.report.identifier, read.report.date, lines)


def _reading(kind: str, identifier: str, made_at: str, lines: dict[str, str]) -> Reading:
    findings, left_out = bounded(_findings(lines))
    return Reading("XARF", told(kind), told(identifier), told(made_at), "", findings, left_out)


def _findings(lines: dict[str, str]) -> Iterator[Finding]:
    yield from (Finding(name, told(text)) for name, text in lines.items() if text)
