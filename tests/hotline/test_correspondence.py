"""Who is not believed: each numbered rule of the guardian, tried by somebody who breaks it."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from tests.hotline.stand_ins import Identity, StandInPair, identity, stand_in_holds
from tidegate.hotline.correspondence import (
    Neighbours,
    NotBelieved,
    SerialTaken,
    believed_receipt,
    correspondence_of,
    judge_place,
    verify_package,
)
from tidegate.hotline.delivery import Stage
from tidegate.hotline.several import alone
from tidegate.hotline.state import Copy, Sent
from tidegate.model import purposes
from tidegate.model.hotline_facts import Deadlines, Place
from tidegate.model.messages import (
    Attachment,
    CodedField,
    Content,
    Frame,
    OfficerSignature,
    Package,
    Receipt,
    SignedReceipt,
)
from tidegate.model.organisations import NO_DIGEST
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.model.value_bytes import bytes_of, digest_of

NOW_S = 1_700_000_000
ANNA, BAHAR, CEMAL = (identity(name, quorum=2) for name in ("anna", "bahar", "cemal"))


def content(sender: Identity = ANNA, *recipients: Identity, **changes: object) -> Content:
    known = {
        "version": 1,
        "sender": sender.organisation,
        "recipients": tuple(sorted(one.organisation for one in recipients or (BAHAR,))),
        "reference": "XA-1",
        "nonce": "0" * 32,
        "composed_at_s": NOW_S,
        "expires_at_s": None,
        "precedence": "FLASH",
        "level": "desk",
        "mark": "REAL",
        "form": "free-text",
        "accord": "",
        "answers": None,
        "tlp": "TLP:AMBER",
        "pap": "PAP:AMBER",
        "language": "en",
        "fields": (),
        "remarks": "a flood from here is not ours",
        "attachments": (),
        "extensions": (),
        "end": 29,
    }
    return Content(**(known | changes))  # type: ignore[arg-type]


def frame(said: Content, **changes: object) -> bytes:
    known = {
        "content": digest_of(bytes_of(said)),
        "correspondence": correspondence_of(said.sender, said.recipients),
        "epoch": NOW_S,
        "serial": 1,
        "previous": NO_DIGEST,
        "framed_at_s": NOW_S,
    }
    return bytes_of(Frame(**(known | changes)))  # type: ignore[arg-type]


def package(
    said: Content, by: Identity = ANNA, officers: tuple[str, ...] = ("desk one",), **frame_changes: object
) -> Package:
    body, framed = bytes_of(said), frame(said, **frame_changes)
    return Package(
        content=body,
        officers=tuple(by.signed(officer, body) for officer in officers),
        frame=framed,
        station=alone(by.station.sign(purposes.FRAME, framed)),
        attachments=(),
    )


def verify(
    one: Package,
    own: Identity = BAHAR,
    card: object = ANNA.card,
    check: Callable[..., None] = lambda _, __: None,
) -> Any:
    return verify_package(one, own.organisation, card, stand_in_holds, check, NOW_S)  # type: ignore[arg-type]


def rule_of(one: Package, **how: Any) -> int:
    with pytest.raises(NotBelieved) as refusal:
        verify(one, **how)
    return refusal.value.rule


def test_a_package_whose_signatures_hold_is_believed() -> None:
    believed = verify(package(content()))
    assert believed.about.reference == "XA-1"
    assert believed.officers == ("desk one",)


def test_bytes_that_are_not_canonical_are_malformed() -> None:
    good = package(content())
    for spoilt in (good.content + b" ", b'{"version":1,' + good.content[1:], good.content[:-1]):
        with pytest.raises(Malformed):
            verify(replace(good, content=spoilt))


def test_a_frame_spliced_onto_another_message_is_refused() -> None:
    said, other = package(content()), package(content(reference="XA-2"))
    assert rule_of(replace(said, frame=other.frame, station=other.station)) == 1
    assert rule_of(package(content(), correspondence="0" * 64)) == 1
    assert rule_of(package(content(), serial=0)) == 1
    assert rule_of(package(content(), previous="a" * 64)) == 1


def test_who_was_never_met_or_whose_card_has_ended_is_refused() -> None:
    assert rule_of(package(content()), card=None) == 2
    assert rule_of(package(content()), card=CEMAL.card) == 2
    assert rule_of(package(content()), card=replace(ANNA.card, valid_until_s=NOW_S)) == 2


def test_a_station_key_that_is_not_on_the_newest_card_is_refused() -> None:
    renewed = replace(ANNA.card, station=StandInPair("another station").public_pair())
    assert rule_of(package(content()), card=renewed) == 3
    assert rule_of(package(content(), by=replace_station(ANNA, CEMAL))) == 3


def replace_station(one: Identity, other: Identity) -> Identity:
    return Identity(one.name, one.card, other.station, one.officers)


def test_what_was_said_to_others_cannot_be_handed_on_as_said_to_us() -> None:
    """Surreptitious forwarding: the recipients are inside what officers signed."""
    assert rule_of(package(content(ANNA, BAHAR)), own=CEMAL) == 4
    assert rule_of(package(content(ANNA, BAHAR, ANNA))) == 4
    unsorted = content(recipients=tuple(sorted((BAHAR.organisation, CEMAL.organisation), reverse=True)))
    assert rule_of(package(unsorted)) == 4


def test_too_few_foreign_revoked_or_forged_officers_are_refused() -> None:
    assert rule_of(package(content(), officers=())) == 5
    assert rule_of(package(content(), officers=("senior one",))) == 5, "speaks for another level"
    assert rule_of(package(content(level="senior"), officers=("senior one",))) == 5, "two must sign"
    assert rule_of(package(content(level="senior"), officers=("senior one", "senior one"))) == 5
    assert verify(package(content(level="senior"), officers=("senior one", "senior two")))
    revoked = replace(ANNA.card, officers=tuple(one for one in ANNA.card.officers if one.name != "desk one"))
    assert rule_of(package(content()), card=revoked) == 5
    other = ANNA.signed("desk one", bytes_of(content(reference="XA-2")))
    assert rule_of(replace(package(content()), officers=(other,))) == 5, "signed something else"
    good = package(content(), officers=("desk one",))
    forged = OfficerSignature("desk two", good.officers[0].signature)
    assert rule_of(replace(good, officers=(*good.officers, forged))) == 5, "a forged one among good ones"


def test_two_names_with_one_key_are_one_officer() -> None:
    twin = replace(ANNA.card.officers[3], key=ANNA.card.officers[2].key)
    card = replace(ANNA.card, officers=(*ANNA.card.officers[:3], twin))
    said = content(level="senior")
    body = bytes_of(said)
    signature = ANNA.signed("senior one", body).signature
    both = (OfficerSignature("senior one", signature), OfficerSignature("senior two", signature))
    assert rule_of(replace(package(said, officers=()), officers=both), card=card) == 5


def test_a_check_needs_no_officer_and_nothing_else_goes_without() -> None:
    assert verify(package(content(form="check"), officers=())).officers == ()
    assert rule_of(package(content(form="receipt"), officers=())) == 5


def test_a_message_from_far_ahead_is_refused_for_now() -> None:
    assert rule_of(package(content(composed_at_s=NOW_S + 90_000))) == 6
    assert verify(package(content(composed_at_s=NOW_S + 3_600)))
    assert rule_of(package(content(expires_at_s=NOW_S))) == 6


def place(serial: int, mark: str, previous: str) -> Place:
    return Place(frame=mark * 64, correspondence="c" * 64, epoch=NOW_S, serial=serial, previous=previous * 64)


def test_one_serial_has_one_frame_and_joins_its_neighbours() -> None:
    judge_place(place(2, "b", "a"), Neighbours(None, "a" * 64, "b" * 64))
    with pytest.raises(SerialTaken):
        judge_place(place(2, "b", "a"), Neighbours("e" * 64, None, None))
    for neighbours in (Neighbours(None, "e" * 64, None), Neighbours(None, None, "e" * 64)):
        with pytest.raises(NotBelieved) as refusal:
            judge_place(place(2, "b", "a"), neighbours)
        assert (refusal.value.rule, refusal.value.final) == (7, True)


def test_attachments_and_texts_are_checked_and_refused_for_good() -> None:
    body = b"%PDF"
    named = Attachment(name="note.txt", media_type="text/plain", size=len(body), sha256=digest_of(body))
    said = content(attachments=(named,))
    assert rule_of(package(said)) == 9
    assert verify(replace(package(said), attachments=(body,)))
    assert rule_of(replace(package(said), attachments=(b"%PDF2",))) == 9

    def refuse(_: Content, __: object) -> None:
        raise NotAllowed("a right-to-left mark where none belongs")

    with pytest.raises(NotBelieved) as refusal:
        verify(package(content()), check=refuse)
    assert (refusal.value.rule, refusal.value.final) == (9, True)


def sent() -> Sent:
    believed = verify(package(content()))
    return Sent(
        about=believed.about,
        officers=1,
        deadlines=Deadlines(r1_s=1, r2_s=None, r3_s=None),
        signatures=(),
        copies=(Copy(recipient=BAHAR.organisation, stage=Stage.QUEUED, since_s=NOW_S),),
        place=believed.place,
        frames=(believed.place.frame,),
    )


def receipt(by: Identity = BAHAR, key: Identity = BAHAR, **changes: object) -> SignedReceipt:
    known = {
        "message": sent().about.message,
        "frame": sent().frames[0],
        "sender": ANNA.organisation,
        "recipient": by.organisation,
        "stored_at_s": NOW_S,
        "fact": 7,
    }
    body = bytes_of(Receipt(**(known | changes)))  # type: ignore[arg-type]
    return SignedReceipt(receipt=body, signature=alone(key.station.sign(purposes.RECEIPT, body)))


def test_a_receipt_counts_from_the_recipients_station_over_our_message_and_frame_alone() -> None:
    def believe(one: SignedReceipt, card: Identity = BAHAR, known: Sent | None = None) -> Receipt:
        return believed_receipt(one, known or sent(), ANNA.organisation, card.card, stand_in_holds)

    assert believe(receipt()).fact == 7
    forged = [
        (receipt(key=CEMAL), BAHAR),  # by a relay that signs with its own key
        (receipt(by=CEMAL, key=CEMAL), CEMAL),  # by somebody whom the message was not for
        (receipt(frame="0" * 64), BAHAR),
        (receipt(message="0" * 64), BAHAR),
        (receipt(sender=CEMAL.organisation), BAHAR),
        (receipt(), CEMAL),
    ]
    for one, card in forged:
        with pytest.raises(NotBelieved) as refusal:
            believe(one, card)
        assert refusal.value.rule == 10


def test_a_signature_for_another_purpose_is_no_receipt() -> None:
    body = receipt().receipt
    one = SignedReceipt(receipt=body, signature=alone(BAHAR.station.sign(purposes.CUSTODY, body)))
    with pytest.raises(NotBelieved):
        believed_receipt(one, sent(), ANNA.organisation, BAHAR.card, stand_in_holds)


def declared(declaration: str, act: str, **changes: object) -> Content:
    fields = (CodedField("declaration", (declaration,)), CodedField("act", (act,)))
    return content(form="declaration", fields=fields, **changes)


@pytest.mark.parametrize("declaration", ["pledge", "guarantee", "accord"])
@pytest.mark.parametrize("act", ["made", "withdrawn", "suspended"])
def test_what_binds_a_state_or_ends_that_is_believed_of_two_seniors_alone(declaration: str, act: str) -> None:
    both = ("senior one", "senior two")
    assert verify(package(declared(declaration, act, level="senior"), officers=both)).officers == both
    assert rule_of(package(declared(declaration, act, level="senior"), officers=both[:1])) == 5
    assert rule_of(package(declared(declaration, act), officers=("desk one", "desk two"))) == 5
    careless = replace(ANNA.card, quorums=())
    assert rule_of(package(declared(declaration, act, level="senior"), officers=both[:1]), card=careless) == 5
    assert verify(package(declared("election-period", act))).officers == ("desk one",)
