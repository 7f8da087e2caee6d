"""A message as the doors show it: its page in the reader's language, names from cards, files as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from tidegate.app.hotline.line import HotlineShown, MessageShown, content_of
from tidegate.hotline.directions import by_itself, is_right_to_left, left_to_right, paragraph
from tidegate.hotline.layout import Line, lines_of, page_text, wrapped
from tidegate.hotline.moments import full_time, time_group
from tidegate.hotline.page import Known, Page, banner, organisation_name, page_of
from tidegate.hotline.shown import columns, joined
from tidegate.hotline.texts import harmless
from tidegate.model.attachments import Reading
from tidegate.model.messages import Content
from tidegate.model.organisations import OrganisationId
from tidegate.model.refusals import Malformed
from tidegate.model.value_bytes import digest_of
from tidegate.wire.attached import read_attachment
from tidegate.wire.stix_export import stix_of_incident

__all__ = [
    "Letter",
    "Line",
    "Page",
    "Reading",
    "banner",
    "by_itself",
    "columns",
    "full_time",
    "harmless",
    "is_right_to_left",
    "joined",
    "left_to_right",
    "letter_of",
    "lines_of",
    "names_of",
    "organisation_name",
    "page_of",
    "page_text",
    "paragraph",
    "stix_of_incident",
    "time_group",
    "wrapped",
]


@dataclass(frozen=True, slots=True)
class Letter:
    """A message with what is known beside it: all that a page needs."""

    content: Content
    known: Known


def names_of(board: HotlineShown) -> Mapping[OrganisationId, str]:
    """Of ourselves and our peers, as their cards say."""
    peers = {peer.organisation: f"{peer.name} ({peer.country})" for peer in board.peers}
    return {**peers, board.organisation: board.name}


def letter_of(shown: MessageShown, board: HotlineShown, zone: tzinfo | None) -> Letter:
    """OutsideFailed where the node shows bytes that are not the message's."""
    view = shown.received or shown.sent
    message = view.about.message if view is not None else digest_of(shown.content)
    content = content_of(shown.content, message)
    officers: tuple[str, ...] = ()
    if shown.received is not None:
        officers = shown.received.officers
    elif shown.sent is not None:
        officers = shown.sent.signed
    place = shown.place
    known = Known(
        message=message,
        names=names_of(board),
        officers=officers,
        place="" if place is None else f"{place.serial} ({place.epoch})",
        readings=readings_of(content, shown.attachments),
        zone=zone,
    )
    return Letter(content, known)


def readings_of(content: Content, bodies: Sequence[bytes]) -> tuple[Reading | None, ...]:
    """None for a file that is not there, is not the one that was named, or is not what it says."""
    if len(bodies) != len(content.attachments):
        return (None,) * len(content.attachments)
    pairs = zip(content.attachments, bodies, strict=True)
    return tuple(
        _reading(named.media_type, body) if digest_of(body) == named.sha256 else None for named, body in pairs
    )


def _reading(media_type: str, body: bytes) -> Reading | None:
    try:
        return read_attachment(media_type, body)
    except Malformed:
        return None
