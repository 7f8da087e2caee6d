"""Files that travel with messages: each is what its media type says, or it is refused.

None is ever handed to another program, and none is unpacked.
"""

from collections.abc import Callable, Mapping

from tidegate.model.attachments import Finding, Reading
from tidegate.model.refusals import Malformed
from tidegate.wire.attached_json import ATTACHED_BYTES_MAX, bounded, told
from tidegate.wire.csaf import read_csaf
from tidegate.wire.misp import read_misp
from tidegate.wire.stix import read_stix
from tidegate.wire.xarf import read_xarf


def read_text(body: bytes) -> Reading:
    """Plain text in UTF-8; Malformed where it is none, or holds what a screen would obey."""
    if len(body) > ATTACHED_BYTES_MAX:
        raise Malformed("attachment too long", ATTACHED_BYTES_MAX)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as refusal:
        raise Malformed("attachment is not text", refusal.start) from None
    control = next((at for at, one in enumerate(text) if one < " " and one not in "\t\r\n"), None)
    if control is not None:
        raise Malformed("attachment is not text", control)
    lines = [line for line in text.splitlines() if line.strip()]
    findings, left_out = bounded(Finding("", told(line)) for line in lines)
    return Reading("text", "", "", "", "", findings, left_out)


READERS: Mapping[str, Callable[[bytes], Reading]] = {
    "application/stix+json;version=2.1": read_stix,
    "application/vnd.misp+json": read_misp,
    "application/csaf+json;version=2.0": read_csaf,
    "application/xarf+json": read_xarf,
    "text/plain;charset=utf-8": read_text,
}
"""By media type; the same types as tidegate.hotline.attachments lists."""


def read_attachment(media_type: str, body: bytes) -> Reading:
    """What the file holds. Malformed where it is not what its media type says, or passes a bound."""
    reader = READERS.get(media_type)
    if reader is None:
        raise Malformed("attachment of another kind", 0)
    return reader(body)


def media_type_of(body: bytes) -> str | None:
    """The media type under which this file can be read; None where there is none."""
    for media_type, reader in READERS.items():
        try:
            reader(body)
        except Malformed:
            continue
        return media_type
    return None
