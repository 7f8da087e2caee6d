"""STIX 2.1 bundles that were attached: recognised, and told in lines (OASIS STIX 2.1, section 8)."""

from collections.abc import Iterator

import msgspec

from tidegate.model.attachments import Finding, Reading
from tidegate.model.refusals import Malformed
from tidegate.wire.attached_json import bounded, counts, read_object, told, wanted
from tidegate.wire.tlp import LABELS, strictest


class _Object(msgspec.Struct):
    type: str
    id: str
    spec_version: str = "2.1"
    name: str = ""
    created: str = ""
    description: str = ""
    pattern: str = ""
    value: str = ""
    number: int | None = None
    object_marking_refs: list[str] = []


class _Bundle(msgspec.Struct):
    type: str
    id: str
    objects: list[_Object] = []


TITLED = ("report", "incident", "grouping", "campaign")
"""Kinds of objects whose name stands for the whole."""


def read_stix(body: bytes) -> Reading:
    """Malformed where this is no bundle of STIX 2.1."""
    bundle = wanted(_Bundle, read_object(body))
    if bundle.type != "bundle" or not bundle.id.startswith("bundle--"):
        raise Malformed("attachment is no STIX bundle", 0)
    if any(one.spec_version != "2.1" or not one.id.startswith(f"{one.type}--") for one in bundle.objects):
        raise Malformed("attachment is not of STIX 2.1", 0)
    head = next((one for kind in TITLED for one in bundle.objects if one.type == kind), None)
    refs = {ref for one in bundle.objects for ref in one.object_marking_refs}
    findings, left_out = bounded(_findings(bundle))
    return Reading(
        recognised="STIX 2.1",
        title=told(head.name) if head else "",
        identifier=told(bundle.id),
        made_at=told(head.created) if head else "",
        tlp=strictest([LABELS[ref] for ref in refs if ref in LABELS]) or "",
        findings=findings,
        left_out=left_out,
    )


def _findings(bundle: _Bundle) -> Iterator[Finding]:
    yield counts(one.type for one in bundle.objects)
    for one in bundle.objects:
        if one.type in ("marking-definition", "relationship", "extension-definition"):
            continue
        text = one.pattern or one.value or (f"AS{one.number}" if one.number is not None else one.name)
        if text:
            yield Finding(told(one.type), told(text))
        if one.description:
            yield Finding(told(one.type), told(one.description))
