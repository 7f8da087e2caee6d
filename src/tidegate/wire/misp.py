"""MISP events that were attached: recognised, and told in lines (MISP core format)."""

from collections.abc import Iterator

import msgspec

from tidegate.model.attachments import Finding, Reading
from tidegate.wire.attached_json import bounded, counts, read_object, told, wanted
from tidegate.wire.tlp import strictest, tlp_named


class _Tag(msgspec.Struct):
    name: str


class _Attribute(msgspec.Struct):
    type: str
    value: str
    comment: str = ""


class _Object(msgspec.Struct):
    name: str
    attributes: list[_Attribute] = msgspec.field(name="Attribute", default_factory=list)


class _Event(msgspec.Struct):
    info: str
    uuid: str
    date: str = ""
    attributes: list[_Attribute] = msgspec.field(name="Attribute", default_factory=list)
    objects: list[_Object] = msgspec.field(name="Object", default_factory=list)
    tags: list[_Tag] = msgspec.field(name="Tag", default_factory=list)


class _File(msgspec.Struct):
    event: _Event = msgspec.field(name="Event")


def read_misp(body: bytes) -> Reading:
    """Malformed where this is no MISP event."""
    event = wanted(_File, read_object(body)).event
    labels = [label for tag in event.tags if (label := tlp_named(tag.name)) is not None]
    findings, left_out = bounded(_findings(event))
    return Reading(
        recognised="MISP",
        title=told(event.info),
        identifier=told(event.uuid),
        made_at=told(event.date),
        tlp=strictest(labels) or "",
        findings=findings,
        left_out=left_out,
    )


def _findings(event: _Event) -> Iterator[Finding]:
    within = [attribute for one in event.objects for attribute in one.attributes]
    attributes = event.attributes + within
    yield counts([*(one.name for one in event.objects), *(one.type for one in event.attributes)])
    for attribute in attributes:
        comment = f" ({attribute.comment})" if attribute.comment else ""
        yield Finding(told(attribute.type), told(f"{attribute.value}{comment}"))
