"""What a station signs at once: each can be shown alone, and nothing else can."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.hotline.people import pair
from tests.hotline.stand_ins import StandInPair, stand_in_holds
from tidegate.hotline.several import alone, each_receipt, sign_each, sign_receipts, station_holds
from tidegate.hotline.signatures import holds
from tidegate.model import purposes
from tidegate.model.messages import SignedReceipt, SignedReceipts
from tidegate.model.organisations import SEVERAL_MAX, Among, SignaturePair, StationSignature
from tidegate.model.purposes import FRAME, RECEIPT, SEVERAL
from tidegate.model.refusals import Malformed
from tidegate.model.value_bytes import bytes_of, value_from

STATION = StandInPair("a station")
BODIES = [b"%d" % number for number in range(7)]


def believed(signature: StationSignature, body: bytes, purpose: bytes = FRAME) -> bool:
    return station_holds(stand_in_holds, STATION.public_pair(), signature, purpose, body)


def naive_root(entries: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, word for word."""
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    left = 1
    while left * 2 < len(entries):
        left *= 2
    return sha256(b"\x01" + naive_root(entries[:left]) + naive_root(entries[left:])).digest()


@given(st.lists(st.binary(max_size=9), min_size=2, max_size=SEVERAL_MAX))
def test_each_of_several_holds_alone_under_a_signature_over_the_plain_root(bodies: list[bytes]) -> None:
    words = FRAME + b"\x00" + len(bodies).to_bytes(4) + naive_root(bodies)
    made = STATION.sign(SEVERAL, words)
    for number, (body, signature) in enumerate(zip(bodies, sign_each(STATION, FRAME, bodies), strict=True)):
        assert (signature.classical, signature.post_quantum) == (made.classical, made.post_quantum)
        assert signature.among is not None
        assert (signature.among.number, signature.among.count) == (number, len(bodies))
        assert believed(signature, body)
        assert not believed(signature, body + b"?")
        assert not believed(signature, body, RECEIPT)


def test_one_alone_is_signed_and_written_as_any_pair_of_signatures() -> None:
    (signature,) = sign_each(STATION, FRAME, [b"a frame"])
    assert signature == alone(STATION.sign(FRAME, b"a frame"))
    plain = SignaturePair(signature.classical, signature.post_quantum)
    assert bytes_of(signature) == bytes_of(plain)
    assert value_from(StationSignature, bytes_of(plain), 1 << 16) == signature
    assert believed(signature, b"a frame")
    spelt_out = bytes_of(plain)[:-1] + b',"among":null}'
    with pytest.raises(Malformed):
        value_from(StationSignature, spelt_out, 1 << 16)


def test_real_keys_sign_several_at_once() -> None:
    station = pair("XA station")
    for body, signature in zip(BODIES, sign_each(station, FRAME, BODIES), strict=True):
        assert station_holds(holds, station.public_pair(), signature, FRAME, body)
        assert not station_holds(holds, pair("XB station").public_pair(), signature, FRAME, body)


MOVED = [
    lambda among: replace(among, number=among.number + 1),
    lambda among: replace(among, number=-1),
    lambda among: replace(among, number=len(BODIES)),
    lambda among: replace(among, count=among.count + 1),
    lambda among: replace(among, count=1),
    lambda among: replace(among, count=SEVERAL_MAX + 1),
    lambda among: replace(among, path=among.path[:-1]),
    lambda among: replace(among, path=(*among.path, bytes(32))),
    lambda among: replace(among, path=among.path[::-1]),
    lambda among: replace(among, path=(among.path[0][:-1], *among.path[1:])),
    lambda among: replace(among, path=(bytes(32), *among.path[1:])),
    lambda _: None,
]


@pytest.mark.parametrize("moved", MOVED)
@pytest.mark.parametrize("number", [0, 3, 6])
def test_nothing_holds_in_another_place_than_its_own(moved: object, number: int) -> None:
    signature = sign_each(STATION, FRAME, BODIES)[number]
    assert callable(moved)
    assert not believed(replace(signature, among=moved(signature.among)), BODIES[number])


def test_no_body_holds_in_the_place_of_another() -> None:
    signatures = sign_each(STATION, FRAME, BODIES)
    held = [[believed(signature, body) for body in BODIES] for signature in signatures]
    assert held == [[one == other for other in range(7)] for one in range(7)]


def test_a_node_of_the_tree_is_no_entry_of_it() -> None:
    """Two leaves joined are not passed off as a body: leaves and nodes are hashed apart."""
    first, second = (sha256(b"\x00" + body).digest() for body in BODIES[:2])
    signature = sign_each(STATION, FRAME, BODIES[:2])[0]
    assert not believed(replace(signature, among=Among(0, 1, ())), first + second)
    two = sign_each(STATION, FRAME, BODIES[:4])
    upper = two[0].among
    assert upper is not None
    assert not believed(replace(two[0], among=Among(0, 2, upper.path[1:])), b"\x01" + first + second)


@pytest.mark.parametrize("purpose", sorted(purposes.PURPOSES - {FRAME, RECEIPT}))
def test_nothing_but_frames_and_receipts_is_signed_at_once(purpose: bytes) -> None:
    """Even where a station's key did sign it so: no officer's word and no card ever rests on a tree."""
    for body, signature in zip(BODIES, sign_each(STATION, purpose, BODIES), strict=True):
        assert not believed(signature, body, purpose)


def test_a_tree_of_receipts_is_none_of_frames() -> None:
    assert not believed(sign_each(STATION, RECEIPT, BODIES)[0], BODIES[0], FRAME)


# Receipts on their way.


def taken(several: SignedReceipts) -> list[bool]:
    return [believed(one.signature, one.receipt, RECEIPT) for one in each_receipt(several)]


def test_receipts_that_travel_together_are_kept_each_by_itself() -> None:
    several = sign_receipts(STATION, BODIES)
    assert isinstance(several, SignedReceipts)
    assert [one.receipt for one in each_receipt(several)] == BODIES
    assert taken(several) == [True] * 7
    assert isinstance(sign_receipts(STATION, BODIES[:1]), SignedReceipt)


@pytest.mark.parametrize(
    "bodies",
    [
        BODIES[:-1],
        BODIES[1:],
        [*BODIES, BODIES[-1]],
        [*BODIES, b"one more"],
        [BODIES[1], BODIES[0], *BODIES[2:]],
        [b"another", *BODIES[1:]],
    ],
    ids=["last dropped", "first dropped", "doubled", "added", "swapped", "forged"],
)
def test_receipts_of_which_one_was_forged_dropped_doubled_or_moved_are_all_worth_nothing(
    bodies: list[bytes],
) -> None:
    several = sign_receipts(STATION, BODIES)
    assert isinstance(several, SignedReceipts)
    assert not any(taken(replace(several, receipts=tuple(bodies))))


@pytest.mark.parametrize("count", [0, 1, SEVERAL_MAX + 1])
def test_another_number_of_receipts_than_is_signed_at_once_is_refused(count: int) -> None:
    several = SignedReceipts(receipts=(b"x",) * count, signature=STATION.sign(SEVERAL, b""))
    with pytest.raises(Malformed):
        each_receipt(several)
