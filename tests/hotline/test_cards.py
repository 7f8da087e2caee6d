"""The guardian of cards: each rule by itself, and what a thief, a copy or a wrong clock would try."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hotline.people import DAY_S, NOW_S, Organisation, encryption_key, pair
from tidegate.hotline import card_form, cards
from tidegate.hotline.card_changes import changes
from tidegate.hotline.card_warnings import TOLD_DAYS, days_left, ends_at_s, step_of, warnings_of
from tidegate.hotline.cards import believe, officer_on, quorum_of, refuse_unless_current, root_changed
from tidegate.hotline.sealing import key_to_seal_to
from tidegate.model.organisations import Card, Endpoint, PublicPair, Quorum, SignedCard, Watch
from tidegate.model.purposes import CONTENT
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.model.value_bytes import bytes_of, value_from

XA, XB = Organisation("xa"), Organisation("xb")
FIRST = XA.card()
SIGNED = XA.signed(FIRST)


def refused(why: str, signed: bytes, known: Card | None = None, now_s: int = NOW_S) -> None:
    with pytest.raises(NotAllowed, match=why):
        believe(signed, known, now_s)


def test_a_card_that_its_root_signed_is_believed() -> None:
    assert believe(SIGNED, None, NOW_S) == FIRST
    assert believe(SIGNED, FIRST, NOW_S) == FIRST
    later = XA.card(version=5)
    assert believe(XA.signed(later), FIRST, NOW_S) == later


@pytest.mark.parametrize("module", [cards, card_form])
def test_each_numbered_rule_stands_beside_the_code(module: Any) -> None:
    text = Path(module.__file__).read_text()
    numbered = re.findall(r"^    (\d)\. ", text, re.MULTILINE)
    assert numbered == [str(at + 1) for at in range(len(numbered))]
    assert all(re.search(rf"  # (.*, )?{number}\b", text) for number in numbered)


# Rule 1: bytes.


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_bit_of_a_card_can_change(data: st.DataObject) -> None:
    whole = bytearray(SIGNED)
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    whole[bit // 8] ^= 1 << bit % 8
    with pytest.raises((Malformed, NotAllowed)):
        believe(bytes(whole), None, NOW_S)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + b" ",
        lambda text: text[:-1],
        lambda text: text[1:],
        lambda text: text.replace(b'{"card":', b'{"x":1,"card":', 1),
        lambda text: text.replace(b'{"card":', b'{"card":"","card":', 1),
        lambda text: b"[" * len(text),
        lambda text: text * 200,
    ],
)
def test_a_card_has_one_way_to_be_written(change: Any) -> None:
    with pytest.raises(Malformed):
        believe(change(SIGNED), None, NOW_S)


def test_a_card_of_a_later_kind_is_not_taken_for_one() -> None:
    body = bytes_of(FIRST).replace(b'{"certificates"', b'{"cellar":1,"certificates"')
    signed = SignedCard(body, (XA.root.sign(b"tidegate/card/1", body),))
    with pytest.raises(Malformed, match="makes no sense"):
        believe(bytes_of(signed), None, NOW_S)


# Rules 2, 3 and 4: roots.


def test_nobody_takes_anothers_identity() -> None:
    refused("identity that is not its first root's", XB.signed(XB.card(organisation=XA.id)))


def test_a_card_that_another_signed_is_refused() -> None:
    refused("not signed by its root", XA.signed(FIRST, root=XB.root))
    body = bytes_of(FIRST)
    for_something_else = SignedCard(body, (XA.root.sign(CONTENT, body),))
    refused("not signed by its root", bytes_of(for_something_else))


def test_signatures_are_neither_missing_nor_added() -> None:
    read = value_from(SignedCard, SIGNED, 1 << 20)
    refused("0 signatures, not 1", bytes_of(msgspec.structs.replace(read, signatures=())))
    refused("2 signatures, not 1", bytes_of(msgspec.structs.replace(read, signatures=read.signatures * 2)))


SECOND_ROOT, THIRD_ROOT = pair("xa second root"), pair("xa third root")
MOVED = XA.card(version=2, root=SECOND_ROOT.public_pair(), former_roots=(XA.root.public_pair(),))
TWICE_MOVED = XA.card(
    version=3,
    root=THIRD_ROOT.public_pair(),
    former_roots=(XA.root.public_pair(), SECOND_ROOT.public_pair()),
)


def test_a_root_signs_over_to_the_next_and_the_identity_stays() -> None:
    moved = believe(XA.signed(MOVED, (XA.root, SECOND_ROOT), root=SECOND_ROOT), FIRST, NOW_S)
    assert moved.organisation == XA.id
    assert root_changed(moved, FIRST)


def test_whoever_missed_a_card_can_follow_the_line_of_roots() -> None:
    signed = XA.signed(TWICE_MOVED, (XA.root, SECOND_ROOT), (SECOND_ROOT, THIRD_ROOT), root=THIRD_ROOT)
    for known in (None, FIRST, MOVED):
        assert believe(signed, known, NOW_S) == TWICE_MOVED


def test_a_root_that_nobody_signed_over_to_is_refused() -> None:
    for line in ((XB.root, SECOND_ROOT), (XA.root, THIRD_ROOT), (SECOND_ROOT, SECOND_ROOT)):
        refused("did not sign over", XA.signed(MOVED, line, root=SECOND_ROOT), FIRST)


def test_a_succession_counts_for_its_own_organisation_alone() -> None:
    """One root key, two organisations: what it signed for one is no succession of the other."""
    other = Organisation("other")
    stolen = XA.root.sign(b"tidegate/root-change/1", cards.succession(other.id, SECOND_ROOT.public_pair()))
    body = bytes_of(MOVED)
    signed = SignedCard(body, (SECOND_ROOT.sign(b"tidegate/card/1", body), stolen))
    refused("did not sign over", bytes_of(signed))


def test_a_former_root_signs_no_more_cards() -> None:
    """Whoever stole the root that was given up makes a card with a high version."""
    refused("never signed over to", XA.signed(XA.card(version=99)), MOVED)
    thief = pair("thief")
    taken = XA.card(version=99, root=thief.public_pair(), former_roots=(XA.root.public_pair(),))
    refused("never signed over to", XA.signed(taken, (XA.root, thief), root=thief), MOVED)


# Rule 6: time.


def test_a_card_counts_for_its_time() -> None:
    end = FIRST.valid_until_s
    assert believe(SIGNED, None, end - 1) == FIRST
    refused("has ended", SIGNED, now_s=end)
    with pytest.raises(NotAllowed, match="nothing is sent to it and nothing of it is believed"):
        refuse_unless_current(FIRST, end)
    assert believe(SIGNED, None, FIRST.issued_at_s - DAY_S) == FIRST
    refused("issued in the future", SIGNED, now_s=FIRST.issued_at_s - DAY_S - 1)


# Rules 7, 8 and 9: what is known.


def test_a_stale_card_is_refused() -> None:
    refused("stale", SIGNED, XA.card(version=2))


def test_a_card_of_another_organisation_replaces_none() -> None:
    refused("another organisation", XB.signed(XB.card(version=9)), FIRST)


def test_two_cards_of_one_version_are_an_alarm() -> None:
    refused("two different cards 1", XA.signed(XA.card(name="XA CERT two")), FIRST)


# Rule 5: what a card must look like.

STRANGE = PublicPair("ed25519", bytes(32), XA.root.public_pair().post_quantum)
HALF = PublicPair("ed25519", pair("x").public_pair().classical, XA.station.public_pair().post_quantum)
LATIN_E_ACUTE_IN_TWO = "Cafe\u0301"


@pytest.mark.parametrize(
    "change, why",
    [
        ({"name": ""}, "name has 1 to 64"),
        ({"name": " XA"}, "no blank at its ends"),
        ({"name": "X" * 65}, "name has 1 to 64"),
        ({"name": "XA\u202eTREC"}, "hidden characters"),
        ({"name": "XA\u200bCERT"}, "hidden characters"),
        ({"name": LATIN_E_ACUTE_IN_TWO}, "written in another way"),
        ({"country": "xa"}, "two capital letters"),
        ({"country": "XAB"}, "two capital letters"),
        ({"version": 0}, "count from 1"),
        ({"valid_until_s": NOW_S - 2 * DAY_S}, "no time"),
        ({"issued_at_s": NOW_S - 351 * DAY_S}, "more than 400 days"),
        ({"issued_at_s": -1}, "no time"),
        ({"station": STRANGE}, "the key of the station is none"),
        ({"station": XA.root.public_pair()}, "the root and the station share a key"),
        ({"station": HALF, "root": XA.root.public_pair(), "officers": (), "quorums": ()}, ""),
        ({"officers": (XA.officer("anna"), XA.officer("Anna")), "quorums": (Quorum("desk", 1),)}, "twice"),
        ({"officers": (XA.officer("a\nb"),), "quorums": (Quorum("desk", 1),)}, "hidden"),
        ({"officers": ()}, "each level that has officers"),
        ({"quorums": (Quorum("desk", 1),)}, "each level that has officers"),
        ({"quorums": (Quorum("desk", 1), Quorum("senior", 1))}, "2 is the least"),
        (
            {"quorums": (Quorum("desk", 3), Quorum("senior", 2))},
            "the card names 2",
        ),
        ({"quorums": (Quorum("desk", 0), Quorum("senior", 2))}, "1 is the least"),
        ({"quorums": (Quorum("desk", 1), Quorum("desk", 2), Quorum("senior", 2))}, "one number"),
        ({"encryption": ()}, "one of suite TG1"),
        ({"encryption": (encryption_key("a", 0, DAY_S),) * 2}, "stands on it twice"),
        ({"encryption": tuple(encryption_key(str(at), 0, DAY_S) for at in range(5))}, "1 to 4"),
        ({"encryption": (encryption_key("a", 5, 5),)}, "no time"),
        ({"encryption": (encryption_key("a", 0, 61 * DAY_S),)}, "more than 60 days"),
        ({"endpoints": (Endpoint("https", "-x", 1),)}, "name or an address"),
        ({"endpoints": (Endpoint("https", "xa.example\u200b", 1),)}, "name or an address"),
        ({"endpoints": (Endpoint("https", "192.0.2.1", 0),)}, "port is 1 to 65535"),
        ({"endpoints": (Endpoint("https", "192.0.2.1", 1),) * 2}, "one of them twice"),
        ({"endpoints": tuple(Endpoint("udp", "192.0.2.1", at) for at in range(1, 10))}, "more than 8"),
        ({"certificates": (b"x",) * 5}, "more than 4"),
        ({"certificates": (b"",)}, "1 to 4096"),
        ({"relays": (XA.id,)}, "itself"),
        ({"relays": ("XB",)}, "64 hex digits"),
        ({"languages": ()}, "1 to 16 languages"),
        ({"languages": ("English",)}, "BCP 47"),
        ({"watch": (Watch("desk", 8, 169),)}, "within a week"),
        ({"watch": (Watch("desk", 8, 8),)}, "within a week"),
        ({"log": "a\nb"}, "verifier key"),
    ],
)
def test_a_card_that_is_not_well_formed_is_refused(change: dict[str, Any], why: str) -> None:
    card = XA.card(**change)
    if not why:
        assert believe(XA.signed(card), None, NOW_S) == card
    else:
        refused(why, XA.signed(card))


def test_half_a_key_in_common_is_refused() -> None:
    """An officer whose post-quantum key is the station's."""
    mixed = PublicPair("ed25519", pair("eve").public_pair().classical, XA.station.public_pair().post_quantum)
    officers = (*FIRST.officers, msgspec.structs.replace(XA.officer("eve"), key=mixed))
    refused("the station and eve share a key", XA.signed(XA.card(officers=officers)))


def test_a_key_of_a_later_suite_may_stand_beside_ours_and_is_passed_over() -> None:
    newer = msgspec.structs.replace(
        encryption_key("newer", NOW_S, NOW_S + DAY_S), suite="TG2", public=b"later", key_id=cards_id(b"later")
    )
    card = XA.card(encryption=(*FIRST.encryption, newer))
    assert believe(XA.signed(card), None, NOW_S) == card
    assert key_to_seal_to(card, NOW_S) == FIRST.encryption[0]


def cards_id(public: bytes) -> str:
    from tidegate.hotline.sealing import key_id_of

    return key_id_of(public)


def test_the_largest_card_that_the_bounds_allow_fits() -> None:
    officers = tuple(XA.officer(f"officer {at} ".ljust(63, "x") + "y") for at in range(64))
    card = XA.card(officers=officers, quorums=(Quorum("desk", 64),), certificates=(bytes(4096),) * 4)
    signed = XA.signed(card)
    assert len(bytes_of(card)) < 1 << 20
    assert believe(signed, None, NOW_S) == card


# Officers and keys.


def test_an_officer_who_is_not_on_the_newest_card_is_revoked() -> None:
    assert officer_on(FIRST, "anna", "desk").name == "anna"
    without = XA.card(version=2, officers=FIRST.officers[1:])
    with pytest.raises(NotAllowed, match="anna is no officer on card 2 of xa CERT: revoked"):
        officer_on(without, "anna", "desk")


def test_an_officer_speaks_for_one_level_alone() -> None:
    with pytest.raises(NotAllowed, match="speaks for the senior, not for the desk"):
        officer_on(FIRST, "cara", "desk")
    assert quorum_of(FIRST, "senior") == 2
    with pytest.raises(NotAllowed, match="no officers of level centre"):
        quorum_of(FIRST, "centre")


def test_senders_seal_to_the_newest_key_that_has_begun() -> None:
    old, present, future = (
        encryption_key(str(at), NOW_S + at * 30 * DAY_S, NOW_S + (at + 2) * 30 * DAY_S) for at in (-1, 0, 1)
    )
    card = XA.card(encryption=(future, old, present))
    assert key_to_seal_to(card, NOW_S - 1) == old
    assert key_to_seal_to(card, NOW_S) == present
    assert key_to_seal_to(card, NOW_S + 89 * DAY_S) == future
    with pytest.raises(NotAllowed, match="nothing can be sealed"):
        key_to_seal_to(card, NOW_S + 90 * DAY_S)


# What is told before it is too late.


@given(st.integers(-40 * DAY_S, 60 * DAY_S))
def test_the_end_of_a_card_is_told_in_steps_that_only_come_nearer(left_s: int) -> None:
    now_s = ends_at_s(FIRST) - left_s
    days = days_left(FIRST, now_s)
    assert (days == 0) == (left_s <= 0)
    assert left_s <= days * DAY_S < max(left_s, 0) + DAY_S
    step = step_of(days)
    assert step == next((one for one in sorted(TOLD_DAYS) if days <= one), None)
    assert bool(warnings_of(FIRST, now_s, own=False)) == (step is not None)


def test_a_card_ends_with_the_last_of_its_keys() -> None:
    card = XA.card(encryption=(encryption_key("xa", NOW_S, NOW_S + 3 * DAY_S),))
    assert ends_at_s(card) == NOW_S + 3 * DAY_S
    (told,) = warnings_of(card, NOW_S, own=True)
    assert told.severity == "problem"
    assert "ends in 3 days. Bring the root" in told.text


def test_an_organisation_without_officers_or_endpoints_is_told() -> None:
    card = XA.card(officers=(), quorums=(), endpoints=())
    told = [one.text for one in warnings_of(card, NOW_S, own=True)]
    assert any("Nobody speaks for us" in text for text in told)
    assert any("no endpoint" in text for text in told)
    assert warnings_of(card, NOW_S, own=False) == []


def test_what_a_new_card_changes_is_told_in_sentences() -> None:
    assert changes(FIRST, XA.card(version=2)) == []
    moved = XA.card(
        version=2,
        name="XA Centre",
        root=SECOND_ROOT.public_pair(),
        station=pair("another").public_pair(),
        endpoints=(),
        languages=("fa", "en"),
        officers=(
            XA.officer("anna", "senior"),
            msgspec.structs.replace(XA.officer("bo"), key=pair("bo's new").public_pair()),
            XA.officer("cara", "senior"),
            XA.officer("eve", "senior"),
        ),
        quorums=(Quorum("desk", 1), Quorum("senior", 3)),
        encryption=(encryption_key("fresh", NOW_S, NOW_S + DAY_S),),
        watch=(),
    )
    told = changes(FIRST, moved)
    for sentence in (
        "The root key is another one, signed over to by the former.",
        "dan (senior) is revoked.",
        "eve is an officer, and speaks for the senior.",
        "anna speaks for the senior, no longer for the desk.",
        "bo has another key.",
        "3 officers sign each message of the senior.",
        "The station has another key.",
        "1 new encryption key.",
        "1 encryption key is no longer there.",
        "The name: XA Centre (before: xa CERT).",
        "Endpoints: none (before: https 198.51.100.7 port 8443).",
        "Languages: fa, en (before: en).",
        "The hours of watch are others.",
    ):
        assert sentence in told
    assert told[0].startswith("The root key")
