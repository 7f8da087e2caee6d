"""From a draft to a message that may go out: its bytes fixed, its officers' signatures brought in."""

from tidegate.app.accord.guarding import must_be_fit
from tidegate.app.hotline.drafted import drafted
from tidegate.app.hotline.needs import Needs
from tidegate.hotline.check_text import CHECK_TEXT
from tidegate.hotline.correspondence import (
    about_of,
    must_be_whole,
    must_have_signed,
    signatures_needed,
)
from tidegate.hotline.deadlines import ANSWER_BY, deadlines, person_asked
from tidegate.hotline.delivery import Stage
from tidegate.hotline.state import Sent
from tidegate.hotline.values import time_value
from tidegate.model.facts import Fact
from tidegate.model.hotline_facts import (
    DrillBegun,
    MessageAuthorised,
    MessageComposed,
    SignatureGiven,
)
from tidegate.model.messages import (
    ATTACHMENTS_MAX,
    FIELDS_MAX,
    MESSAGE_BYTES_MAX,
    RECIPIENTS_MAX,
    REMARKS_CHARACTERS_MAX,
    CodedField,
    Content,
    OfficerSignature,
)
from tidegate.model.organisations import Digest, OrganisationId
from tidegate.model.refusals import NotAllowed
from tidegate.model.value_bytes import bytes_of, digest_of, value_from
from tidegate.ports.hotline_control import Draft

REFERENCE_DIGITS = 8


def content_of(needs: Needs, draft: Draft) -> Content:
    """All that is said. NotAllowed where a bound is passed, or a recipient was never met."""
    recipients = tuple(sorted(set(draft.recipients)))
    must_fit(draft, recipients)
    for recipient in recipients:
        if recipient not in needs.state.peers:
            raise NotAllowed(
                f"the organisation {recipient[:16]} was never met here: see `tidegate hotline meet`"
            )
    nonce, own = needs.nonce(), needs.cards.own()
    return drafted(
        draft,
        own.organisation,
        reference=draft.reference or f"{own.country}-{nonce[:REFERENCE_DIGITS]}",
        nonce=nonce,
        composed_at_s=needs.now_s(),
    )


def must_fit(draft: Draft, recipients: tuple[OrganisationId, ...]) -> None:
    if not 1 <= len(recipients) <= RECIPIENTS_MAX:
        raise NotAllowed(f"a message has between 1 and {RECIPIENTS_MAX} recipients, not {len(recipients)}")
    for what, count, most in (
        ("fields", len(draft.fields), FIELDS_MAX),
        ("characters of remarks", len(draft.remarks), REMARKS_CHARACTERS_MAX),
        ("attachments", len(draft.attachments), ATTACHMENTS_MAX),
        ("bytes of attachments", sum(len(one.body) for one in draft.attachments), MESSAGE_BYTES_MAX),
    ):
        if count > most:
            raise NotAllowed(f"a message has at most {most} {what}, not {count}")


def compose(needs: Needs, draft: Draft) -> tuple[Digest, bytes, int]:
    """Stored and on record: the message, its bytes, and how many officers must sign them.

    One that nobody must sign is authorised at once. An answer must be to a message that came.
    """
    content = content_of(needs, draft)
    must_be_whole(content, [one.body for one in draft.attachments], needs.check)
    must_answer_what_came(needs, content)
    must_be_fit(content, needs.remarks(content))
    body = bytes_of(content)
    message = digest_of(body)
    about = about_of(content, message)
    needed = signatures_needed(content, needs.cards.own())
    due = deadlines(about, person_asked(content), needs.agreed(content))
    facts: list[Fact] = [MessageComposed(about, needed, due)]
    if not needed:
        facts.append(MessageAuthorised(message, ()))
    needs.record.record(*facts, keep=[body, *(one.body for one in draft.attachments)])
    return message, body, needed


def must_answer_what_came(needs: Needs, content: Content) -> None:
    if content.answers is None:
        return
    received = needs.state.find_received(content.answers)
    if received is None:
        raise NotAllowed("it answers a message that did not come here, or came long ago")
    if content.mark != received.about.mark:
        raise NotAllowed(f"it answers a message marked {received.about.mark}, and must bear the same mark")


def give_signature(needs: Needs, message: Digest, signature: OfficerSignature) -> Sent:
    """An officer's signature on record; with the last that is needed the message is authorised."""
    sent = needs.state.sent.get(message)
    if sent is None:
        raise NotAllowed("there is no such message that waits for signatures")
    if sent.copies[0].stage is not Stage.COMPOSED:
        raise NotAllowed(f"the message is {sent.copies[0].stage}: it takes no more signatures")
    body = needs.blobs.get(message)
    if body is None:
        raise NotAllowed("its text is missing in the store; compose it again")
    content = value_from(Content, body, len(body))
    keys = [must_have_signed(content, body, one, needs.cards.own(), needs.holds) for one in sent.signatures]
    if must_have_signed(content, body, signature, needs.cards.own(), needs.holds) in keys:
        raise NotAllowed("another officer has signed with this very key")
    facts: list[Fact] = [SignatureGiven(message, signature)]
    if len(sent.signatures) + 1 >= sent.officers:
        names = (*(one.officer for one in sent.signatures), signature.officer)
        facts.append(MessageAuthorised(message, names))
    needs.record.record(*facts)
    after = needs.state.find_sent(message)
    assert after is not None
    return after


def drill(needs: Needs, recipients: tuple[OrganisationId, ...], human: bool, by: str) -> Digest:
    """A communication check, marked as a drill and signed by the station alone, on its way."""
    draft = Draft(
        recipients=recipients,
        reference="",
        expires_at_s=needs.now_s() + DRILL_KEPT_S,
        precedence="IMMEDIATE",
        level="desk",
        mark="DRILL",
        form="check",
        accord="",
        answers=None,
        tlp="TLP:AMBER",
        pap="PAP:GREEN",
        language=next(iter(needs.cards.own().languages), "en"),
        fields=(
            CodedField("check", ("scheduled" if by == SCHEDULE else "unscheduled",)),
            CodedField("scripts", SCRIPTS),
            *([CodedField(ANSWER_BY, (time_value(needs.now_s() + ANSWER_S),))] if human else []),
        ),
        remarks=CHECK_TEXT,
        attachments=(),
    )
    message, _, __ = compose(needs, draft)
    sent = needs.state.find_sent(message)
    assert sent is not None
    needs.record.record(DrillBegun(message, sent.about.recipients, human, by))
    return message


SCHEDULE = "the schedule"
SCRIPTS = ("latin", "cyrillic", "arabic", "persian")
ANSWER_S = 3_600
"""A person is asked to answer a drill within the hour."""

DRILL_KEPT_S = 86_400
"""A drill that nobody received within a day has failed, and is offered no more."""
