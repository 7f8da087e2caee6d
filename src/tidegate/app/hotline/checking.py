"""What a message may say, asked by whoever composes it and by whoever receives it."""

from collections.abc import Sequence

from tidegate.hotline.content import check_content
from tidegate.model.messages import Content
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.wire.attached import read_attachment


def check_message(content: Content, attachments: Sequence[bytes]) -> None:
    """NotAllowed where its form does not allow it, or an attachment is not what its media type says."""
    check_content(content)
    for named, body in zip(content.attachments, attachments, strict=True):
        try:
            read_attachment(named.media_type, body)
        except Malformed as refusal:
            raise NotAllowed(f"the attachment {named.name} cannot be taken: {refusal}") from None
