"""Attached files: recognised for what they are, told in lines, and refused where they would harm."""

import gzip
import io
import json
import zipfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.hotline.attachments import MEDIA_TYPES
from tidegate.model.refusals import Malformed
from tidegate.wire.attached import READERS, media_type_of, read_attachment
from tidegate.wire.attached_json import ATTACHED_BYTES_MAX, DEPTH_MAX, FINDINGS_MAX, read_object
from tidegate.wire.tlp import MARKINGS, marking, tlp_named

STIX, MISP, CSAF, XARF, TEXT = MEDIA_TYPES

BUNDLE: dict[str, Any] = {
    "type": "bundle",
    "id": "bundle--1b4c7f0e-6f2c-4f0e-9a51-0d6a2c6f9a10",
    "objects": [
        marking("TLP:AMBER"),
        {
            "type": "report",
            "spec_version": "2.1",
            "id": "report--2b4c7f0e-6f2c-4f0e-9a51-0d6a2c6f9a10",
            "created": "2026-11-25T22:00:00.000Z",
            "name": "Flood of 25 November",
            "object_marking_refs": [MARKINGS["TLP:AMBER"], MARKINGS["TLP:GREEN"]],
        },
        {
            "type": "indicator",
            "spec_version": "2.1",
            "id": "indicator--3b4c7f0e-6f2c-4f0e-9a51-0d6a2c6f9a10",
            "pattern": "[ipv4-addr:value = '198.51.100.7']",
        },
        {"type": "autonomous-system", "id": "autonomous-system--4b4c7f0e-6f2c", "number": 64500},
    ],
}
EVENT: dict[str, Any] = {
    "Event": {
        "uuid": "5f6c7f0e-6f2c-4f0e-9a51-0d6a2c6f9a10",
        "info": "Phishing against hospitals",
        "date": "2026-11-25",
        "Tag": [{"name": "tlp:amber+strict"}, {"name": "misp-galaxy:x"}],
        "Attribute": [{"type": "domain", "value": "login.example", "comment": "fake page"}],
        "Object": [{"name": "file", "Attribute": [{"type": "sha256", "value": "e" * 64}]}],
    }
}
ADVISORY: dict[str, Any] = {
    "document": {
        "csaf_version": "2.0",
        "title": "Router crash",
        "category": "csaf_security_advisory",
        "publisher": {"name": "XA-CERT"},
        "distribution": {"tlp": {"label": "WHITE"}},
        "tracking": {
            "id": "XA-2026-3",
            "current_release_date": "2026-11-20T10:00:00Z",
            "status": "final",
            "version": "1",
        },
    },
    "vulnerabilities": [{"cve": "CVE-2026-0001", "title": "Lengths above 65,535"}],
}
REPORT: dict[str, Any] = {
    "xarf_version": "4.0.0",
    "report_id": "550e8400-e29b-41d4-a716-446655440000",
    "timestamp": "2026-11-25T22:00:00Z",
    "reporter": {"org": "XA-CERT", "contact": "duty@cert.example"},
    "source_identifier": "192.0.2.45",
    "category": "connection",
    "type": "ddos",
    "protocol": "udp",
}
FORMER_REPORT: dict[str, Any] = {
    "Version": "3",
    "ReporterInfo": {"ReporterOrg": "XA-CERT"},
    "Report": {"ReportClass": "Activity", "ReportType": "LoginAttack", "SourceIp": "192.0.2.45"},
}


def packed(value: object) -> bytes:
    return json.dumps(value).encode()


def test_the_readers_are_those_of_the_list_of_files() -> None:
    assert tuple(READERS) == tuple(MEDIA_TYPES)


@pytest.mark.parametrize(
    ("media_type", "value", "title", "tlp", "finding"),
    [
        (STIX, BUNDLE, "Flood of 25 November", "TLP:AMBER", "[ipv4-addr:value = '198.51.100.7']"),
        (MISP, EVENT, "Phishing against hospitals", "TLP:AMBER+STRICT", "login.example (fake page)"),
        (CSAF, ADVISORY, "Router crash", "TLP:CLEAR", "Lengths above 65,535"),
        (XARF, REPORT, "connection/ddos", "", "192.0.2.45"),
        (XARF, FORMER_REPORT, "Activity/LoginAttack", "", "192.0.2.45"),
    ],
)
def test_a_file_is_told_in_lines(media_type: str, value: object, title: str, tlp: str, finding: str) -> None:
    body = packed(value)
    reading = read_attachment(media_type, body)
    assert (reading.title, reading.tlp) == (title, tlp)
    assert finding in [one.text for one in reading.findings]
    assert media_type_of(body) == media_type
    assert reading.recognised == MEDIA_TYPES[media_type]


def test_objects_of_a_bundle_are_counted() -> None:
    first = read_attachment(STIX, packed(BUNDLE)).findings[0].text
    assert first == "marking-definition 1, report 1, indicator 1, autonomous-system 1"


def test_plain_text_is_told_line_by_line() -> None:
    reading = read_attachment(TEXT, "one\n\nдва\nüç".encode())
    assert [one.text for one in reading.findings] == ["one", "два", "üç"]


def zipped() -> bytes:
    packed_into = io.BytesIO()
    with zipfile.ZipFile(packed_into, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.txt", b"0" * 10_000_000)
    return packed_into.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        zipped(),
        gzip.compress(packed(BUNDLE)),
        b"\x7fELF" + bytes(60),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"type": "bundle", "type": "bundle"}',
        b'{"a": NaN}',
        b'{"a": ' + b"9" * 5_000 + b"}",
        b"[1, 2]",
        b"{",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{}",
        b"",
        packed({"type": "bundle"}),
        packed({"Event": {"info": 1, "uuid": ""}}),
        packed({**BUNDLE, "objects": [{"type": "indicator", "id": "indicator--1", "spec_version": "2.0"}]}),
        packed({**BUNDLE, "objects": [{"type": "indicator", "id": "malware--1"}]}),
        packed({**REPORT, "xarf_version": "5.0.0"}),
        packed({"document": {**ADVISORY["document"], "csaf_version": "1.2"}}),
        b" " * (ATTACHED_BYTES_MAX + 1),
    ],
    ids=lambda body: repr(body[:4]),  # archives tell the time behind that, and workers must agree on names
)
def test_what_is_something_else_or_would_harm_is_refused(body: bytes) -> None:
    for media_type in (STIX, MISP, CSAF, XARF):
        with pytest.raises(Malformed):
            read_attachment(media_type, body)


def test_an_archive_is_not_text_and_has_no_kind() -> None:
    for body in (zipped(), gzip.compress(b"x"), b"\x1b[2J"):
        with pytest.raises(Malformed):
            read_attachment(TEXT, body)
        assert media_type_of(body) is None
    with pytest.raises(Malformed):
        read_attachment("application/zip", zipped())


def test_nesting_is_bounded_before_anything_is_read() -> None:
    def nested(depth: int) -> bytes:
        return b'{"a":' * depth + b'"]]]]\\"["' + b"}" * depth

    assert read_object(nested(DEPTH_MAX))
    with pytest.raises(Malformed):
        read_object(nested(DEPTH_MAX + 1))


def test_lines_are_bounded_and_the_rest_is_counted() -> None:
    many = [{"type": "domain", "value": f"{at}.example"} for at in range(500)]
    reading = read_attachment(MISP, packed({"Event": {"uuid": "1", "info": "many", "Attribute": many}}))
    assert len(reading.findings) == FINDINGS_MAX
    assert reading.left_out == 501 - FINDINGS_MAX


def test_a_screen_obeys_nothing_of_a_file() -> None:
    hostile = "\x1b[2J\u202emoc.elpmaxe\ud800\n" + "x" * 1_000
    body = b'{"Event": {"uuid": "1", "info": ' + json.dumps(hostile).encode() + b"}}"
    title = read_attachment(MISP, body).title
    assert title.encode()
    assert not set(title) & set("\x1b\u202e\n\ud800")
    assert len(title) < 260


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(tuple(MEDIA_TYPES)), st.binary(max_size=200))
def test_bytes_of_any_kind_are_read_or_refused(media_type: str, body: bytes) -> None:
    try:
        read_attachment(media_type, body)
    except Malformed:
        return


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(("type", "id", "objects", "Event", "info", "uuid", "Attribute", "document", "x")),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=100)
@given(st.sampled_from((STIX, MISP, CSAF, XARF)), VALUES)
def test_json_of_any_shape_is_read_or_refused(media_type: str, value: object) -> None:
    try:
        read_attachment(media_type, packed(value))
    except Malformed:
        return


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("tlp:white", "TLP:CLEAR"),
        ("AMBER+STRICT", "TLP:AMBER+STRICT"),
        ("TLP:RED", "TLP:RED"),
        ("red tape", None),
    ],
)
def test_labels_are_known_in_their_many_writings(text: str, label: str | None) -> None:
    assert tlp_named(text) == label
