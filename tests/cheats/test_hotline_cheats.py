"""What somebody can do who stands between two organisations, or has one of their keys."""

from collections.abc import Callable

import msgspec
import pytest

from tests.hotline.parties import EPOCH, NOON_S, Party
from tests.hotline.people import pair
from tidegate.app.hotline.checking import check_message
from tidegate.hotline.correspondence import (
    AHEAD_S_MAX,
    Neighbours,
    NotBelieved,
    SerialTaken,
    about_of,
    believed_receipt,
    judge_place,
    verify_package,
)
from tidegate.hotline.deadlines import NOTHING_AGREED, deadlines
from tidegate.hotline.delivery import Stage
from tidegate.hotline.several import alone
from tidegate.hotline.signatures import holds
from tidegate.hotline.state import Copy, Sent
from tidegate.model import purposes
from tidegate.model.messages import Content, Extension, Frame, OfficerSignature, Package
from tidegate.model.organisations import NO_DIGEST
from tidegate.model.refusals import Malformed
from tidegate.model.value_bytes import bytes_of, digest_of

XA = Party("XA-CERT", [("anna", "desk"), ("bo", "desk"), ("cara", "senior"), ("dan", "senior")])
XB = Party("XB-CERT", [("dora", "desk")])
XC = Party("XC-CERT", [("eve", "desk")])
TRUE = XA.package(XA.content(XB), ["anna"])


def content_of(package: Package) -> Content:
    return msgspec.json.decode(package.content, type=Content)


def reframed(package: Package, signer: Party, **changes: object) -> Package:
    """With another frame, signed by this party's station."""
    frame = bytes_of(msgspec.structs.replace(msgspec.json.decode(package.frame, type=Frame), **changes))
    station = alone(signer.station.sign(purposes.FRAME, frame))
    return msgspec.structs.replace(package, frame=frame, station=station)


def refused(package: Package, rule: int, own: Party = XB, sender: Party = XA) -> NotBelieved:
    with pytest.raises(NotBelieved) as raised:
        verify_package(package, own.organisation, sender.card(), holds, check_message, NOON_S + 10)
    assert raised.value.rule == rule, raised.value.why
    return raised.value


def test_the_true_message_is_believed() -> None:
    signed = verify_package(TRUE, XB.organisation, XA.card(), holds, check_message, NOON_S + 10)
    assert (signed.officers, signed.place.serial) == (("anna",), 1)


def test_a_message_replayed_to_somebody_whom_it_was_not_for_is_refused() -> None:
    """All recipients stand inside what officers sign, whoever sealed the envelope."""
    refused(TRUE, 4, own=XC)


def test_a_recipient_who_forwards_a_message_cannot_make_it_be_for_the_other() -> None:
    """Surreptitious forwarding: XB seals XA's words to XC, with itself taken out of the recipients."""
    forged = msgspec.structs.replace(content_of(TRUE), recipients=(XC.organisation,))
    package = XA.package(forged, [])
    package = msgspec.structs.replace(package, officers=TRUE.officers)
    refused(package, 5, own=XC)


def test_a_replayed_message_is_the_same_one_and_another_with_its_serial_is_a_fork() -> None:
    signed = verify_package(TRUE, XB.organisation, XA.card(), holds, check_message, NOON_S + 10)
    judge_place(signed.place, Neighbours(signed.place.frame, None, None))
    other = verify_package(
        XA.package(XA.content(XB, remarks="Another."), ["anna"]),
        XB.organisation,
        XA.card(),
        holds,
        check_message,
        NOON_S,
    )
    with pytest.raises(SerialTaken):
        judge_place(other.place, Neighbours(signed.place.frame, None, None))


def test_a_frame_spliced_onto_another_message_is_refused() -> None:
    other = XA.package(XA.content(XB, remarks="Another."), ["anna"])
    refused(msgspec.structs.replace(TRUE, frame=other.frame, station=other.station), 1)


def test_a_message_put_into_another_correspondence_or_before_the_first_serial_is_refused() -> None:
    for changes in (
        {"correspondence": "0" * 64},
        {"serial": 0},
        {"epoch": 0},
        {"previous": "ab" * 32},
    ):
        refused(reframed(TRUE, XA, **changes), 1)


def test_a_frame_that_a_relay_signed_is_refused() -> None:
    refused(reframed(TRUE, XC, serial=2, previous="ab" * 32), 3)


def test_an_officer_who_is_no_longer_on_the_card_is_not_counted() -> None:
    newer = Party("XA-CERT", [("bo", "desk")], version=2)
    refused(TRUE, 5, sender=newer)


def test_an_officer_whose_key_was_replaced_signs_no_more() -> None:
    stolen = OfficerSignature("bo", pair("XA-CERT anna").sign(purposes.CONTENT, TRUE.content))
    refused(msgspec.structs.replace(TRUE, officers=(stolen,)), 5)


def test_a_desk_officer_says_nothing_for_the_seniors_and_one_senior_is_not_two() -> None:
    for officers in (["anna"], ["cara"], ["cara", "cara"], ["cara", "anna"]):
        refused(XA.package(XA.content(XB, level="senior"), officers), 5)
    both = XA.package(XA.content(XB, level="senior"), ["cara", "dan"])
    assert verify_package(both, XB.organisation, XA.card(), holds, check_message, NOON_S).officers == (
        "cara",
        "dan",
    )


def test_a_signature_for_one_purpose_counts_for_no_other() -> None:
    as_frame = OfficerSignature("anna", pair("XA-CERT anna").sign(purposes.FRAME, TRUE.content))
    refused(msgspec.structs.replace(TRUE, officers=(as_frame,)), 5)
    station = XA.station.sign(purposes.CONTENT, TRUE.frame)
    refused(msgspec.structs.replace(TRUE, station=station), 3)


def test_half_a_signature_is_none() -> None:
    """Whoever breaks one of the two kinds has broken neither."""
    true, other = TRUE.officers[0].signature, pair("thief").sign(purposes.CONTENT, TRUE.content)
    for half in (
        msgspec.structs.replace(true, classical=other.classical),
        msgspec.structs.replace(true, post_quantum=other.post_quantum),
    ):
        refused(msgspec.structs.replace(TRUE, officers=(OfficerSignature("anna", half),)), 5)


def test_a_card_that_has_ended_proves_nothing() -> None:
    with pytest.raises(NotBelieved, match="has ended"):
        verify_package(TRUE, XB.organisation, XA.card(), holds, check_message, XA.card().valid_until_s)


def test_a_message_from_the_far_future_waits_for_its_time() -> None:
    ahead = XA.package(XA.content(XB, composed_at_s=NOON_S + AHEAD_S_MAX + 60), ["anna"])
    refusal = refused(ahead, 6)
    assert not refusal.final


def test_a_text_that_was_cut_short_is_noticed_though_it_is_signed() -> None:
    cut = msgspec.structs.replace(XA.content(XB), remarks="Flood from")
    refused(XA.package(cut, ["anna"]), 9)


def test_a_critical_field_of_a_later_version_is_refused_and_another_passed_over() -> None:
    later = (Extension(name="later", critical=True, value="x"),)
    refused(XA.package(XA.content(XB, extensions=later), ["anna"]), 9)
    harmless = (Extension(name="later", critical=False, value="x"),)
    package = XA.package(XA.content(XB, extensions=harmless), ["anna"])
    assert (
        verify_package(package, XB.organisation, XA.card(), holds, check_message, NOON_S).content.extensions
        == harmless
    )


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body.replace(b'"accord":""', b'"accord":"","accord":""'),
        lambda body: body.replace(b'{"accord"', b'{ "accord"'),
        lambda body: body.replace(b'"version":1', b'"version":1,"worse":1'),
        lambda body: body[:-1],
        lambda body: body + b"\n",
        lambda body: body.replace(b'"end":', b'"end":0'),
    ],
)
def test_bytes_that_could_be_read_in_two_ways_are_not_read(spoil: Callable[[bytes], bytes]) -> None:
    """Even where an officer signed them: two readers might see two messages."""
    body = spoil(TRUE.content)
    assert body != TRUE.content
    package = msgspec.structs.replace(
        TRUE,
        content=body,
        officers=(OfficerSignature("anna", pair("XA-CERT anna").sign(purposes.CONTENT, body)),),
    )
    with pytest.raises((Malformed, NotBelieved)):
        verify_package(
            reframed(package, XA, content=digest_of(body)),
            XB.organisation,
            XA.card(),
            holds,
            check_message,
            NOON_S,
        )


def sent() -> Sent:
    content = content_of(TRUE)
    about = about_of(content, digest_of(TRUE.content))
    return Sent(
        about=about,
        officers=1,
        deadlines=deadlines(about, False, NOTHING_AGREED),
        signatures=TRUE.officers,
        copies=(Copy(recipient=XB.organisation, stage=Stage.QUEUED, since_s=NOON_S),),
        frames=(digest_of(TRUE.frame),),
    )


def test_a_receipt_is_believed_from_the_recipient_s_station_and_from_nobody_else() -> None:
    true = XB.receipt(TRUE, XA)
    own = XA.organisation
    assert believed_receipt(true, sent(), own, XB.card(), holds).recipient == XB.organisation
    by_relay = msgspec.structs.replace(true, signature=alone(XC.station.sign(purposes.RECEIPT, true.receipt)))
    as_custody = msgspec.structs.replace(true, signature=XB.station.sign(purposes.CUSTODY, true.receipt))
    another = XB.receipt(XA.package(XA.content(XB, remarks="Another."), ["anna"]), XA)
    of_a_frame_never_made = XB.receipt(reframed(TRUE, XB, serial=9, previous=NO_DIGEST), XA)
    for forged, card in (
        (by_relay, XB.card()),
        (as_custody, XB.card()),
        (another, XB.card()),
        (of_a_frame_never_made, XB.card()),
        (XC.receipt(TRUE, XA), XC.card()),
        (true, XC.card()),
        (true, None),
    ):
        with pytest.raises(NotBelieved) as raised:
            believed_receipt(forged, sent(), own, card, holds)
        assert raised.value.rule == 10
    with pytest.raises(NotBelieved):
        believed_receipt(true, None, own, XB.card(), holds)


def test_epochs_are_told_apart() -> None:
    signed = verify_package(
        reframed(TRUE, XA, epoch=EPOCH + 1), XB.organisation, XA.card(), holds, check_message, NOON_S
    )
    assert signed.place.epoch == EPOCH + 1
