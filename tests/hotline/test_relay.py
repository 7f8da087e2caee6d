"""A relay carries sealed envelopes between listed peers, within shares, for a while, and never twice."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.hotline.relay import (
    HOLD_S_MAX,
    SENDER_BYTES_MAX,
    SENDER_KEPT_MAX,
    Kept,
    custody_key,
    over,
    relayed_to,
    take,
    to_hand_over,
)
from tidegate.model.messages import EnvelopeHeader, Wrap
from tidegate.model.refusals import Full, NotAllowed

OWN, ANNA, BORIS, CHLOE, MALLORY = "own", "anna", "boris", "chloe", "mallory"
LISTED = {ANNA, BORIS, CHLOE}
NOW_S = 1_800_000_000


def digest(number: int) -> str:
    return hashlib.sha256(b"%d" % number).hexdigest()


def header(*recipients: str, expires_at_s: int = NOW_S + 86_400) -> EnvelopeHeader:
    wraps = tuple(Wrap(to, "", b"") for to in recipients)
    return EnvelopeHeader(suite="TG1", commitment=b"", wraps=wraps, expires_at_s=expires_at_s)


Holding = dict[str, Kept]


def taken(kept: Holding, number: int, size: int, sender: str, recipient: str, now_s: int = NOW_S) -> Kept:
    custody = take(kept, header(recipient), digest(number), size, sender, recipient, now_s)
    kept[custody_key(custody.envelope, custody.recipient)] = custody
    return custody


@pytest.mark.parametrize(
    ("sender", "recipients", "to"),
    [
        (ANNA, (BORIS,), (BORIS,)),
        (ANNA, (BORIS, OWN, CHLOE), (BORIS, CHLOE)),
        (ANNA, (OWN,), ()),
        (ANNA, (MALLORY,), ()),
        (ANNA, (ANNA, BORIS), (BORIS,)),
        (MALLORY, (BORIS,), ()),
    ],
)
def test_only_listed_peers_have_envelopes_carried_and_only_to_others(
    sender: str, recipients: tuple[str, ...], to: tuple[str, ...]
) -> None:
    assert relayed_to(header(*recipients), OWN, sender, LISTED) == to


def test_custody_ends_with_the_envelope_or_after_two_weeks() -> None:
    assert taken({}, 1, 10, ANNA, BORIS).until_s == NOW_S + 86_400
    long = header(BORIS, expires_at_s=NOW_S + 10 * HOLD_S_MAX)
    assert take({}, long, digest(1), 10, ANNA, BORIS, NOW_S).until_s == NOW_S + HOLD_S_MAX
    with pytest.raises(NotAllowed, match="time is over"):
        take({}, header(BORIS, expires_at_s=NOW_S), digest(1), 10, ANNA, BORIS, NOW_S)


def test_the_same_envelope_is_held_once_and_its_custody_said_again() -> None:
    kept: Holding = {}
    first = taken(kept, 1, 10, ANNA, BORIS)
    assert taken(kept, 1, 10, ANNA, BORIS, NOW_S + 500) == first
    assert len(kept) == 1


def test_a_sender_that_fills_its_share_takes_nothing_from_others() -> None:
    kept: Holding = {}
    for number in range(SENDER_KEPT_MAX):
        taken(kept, number, 10, ANNA, BORIS)
    with pytest.raises(Full, match="this sender's envelopes"):
        taken(kept, -1, 10, ANNA, CHLOE)
    taken(kept, -2, 10, CHLOE, BORIS)
    with pytest.raises(Full, match="this sender's bytes"):
        taken(kept, -3, SENDER_BYTES_MAX, CHLOE, BORIS)


sizes = st.integers(1, 40 << 20)


@given(st.lists(st.tuples(st.integers(0, 30), sizes, st.sampled_from([ANNA, CHLOE])), max_size=40))
def test_no_sender_ever_holds_more_than_its_share(offers: list[tuple[int, int, str]]) -> None:
    kept: Holding = {}
    for number, size, sender in offers:
        before = sum(one.size for one in kept.values() if one.sender == sender)
        known = custody_key(digest(number), BORIS) in kept
        try:
            taken(kept, number, size, sender, BORIS)
        except Full:
            assert before + size > SENDER_BYTES_MAX
        else:
            assert known or before + size <= SENDER_BYTES_MAX


def test_each_recipient_gets_its_own_oldest_first_and_nothing_after_its_time() -> None:
    kept: Holding = {}
    later = taken(kept, 1, 10, ANNA, BORIS, NOW_S + 60)
    sooner = taken(kept, 2, 10, CHLOE, BORIS, NOW_S)
    taken(kept, 3, 10, ANNA, CHLOE, NOW_S)
    assert to_hand_over(kept, BORIS, NOW_S + 100) == [sooner, later]
    assert to_hand_over(kept, BORIS, sooner.until_s) == []
    assert over(kept, sooner.until_s - 1) == []
    assert set(over(kept, sooner.until_s)) == set(kept.values())
