"""What a draft says, as a content: the one place where the node, a look before and a check after agree."""

from tidegate.hotline.content import end_number
from tidegate.model.messages import Attachment, Content
from tidegate.model.organisations import OrganisationId
from tidegate.model.value_bytes import digest_of
from tidegate.ports.hotline_control import Draft


def drafted(
    draft: Draft, sender: OrganisationId, *, reference: str, nonce: str, composed_at_s: int
) -> Content:
    """All that a person decided, and nothing but what is named here put in."""
    return Content(
        version=1,
        sender=sender,
        recipients=tuple(sorted(set(draft.recipients))),
        reference=reference,
        nonce=nonce,
        composed_at_s=composed_at_s,
        expires_at_s=draft.expires_at_s,
        precedence=draft.precedence,
        level=draft.level,
        mark=draft.mark,
        form=draft.form,
        accord=draft.accord,
        answers=draft.answers,
        tlp=draft.tlp,
        pap=draft.pap,
        language=draft.language,
        fields=draft.fields,
        remarks=draft.remarks,
        attachments=tuple(
            Attachment(
                name=one.name, media_type=one.media_type, size=len(one.body), sha256=digest_of(one.body)
            )
            for one in draft.attachments
        ),
        extensions=(),
        end=end_number(draft.remarks, len(draft.fields), len(draft.attachments)),
    )
