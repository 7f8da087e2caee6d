"""Packed bodies: each comes back, whatever it is, and what was packed once can be read for ever."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from tests.stories import an_attack
from tidegate.adapters.sql.packing import DICTIONARY_1, pack, unpack
from tidegate.model.canonical import FACT_BYTES_MAX, FactRecord, canonical_bytes
from tidegate.model.facts import AttackEnded

BODY = canonical_bytes(FactRecord(12, 1_700_000_003_456, AttackEnded(an_attack())))


@given(st.binary(max_size=500) | st.text(max_size=500).map(lambda text: b"{" + text.encode()))
def test_whatever_is_packed_comes_back(body: bytes) -> None:
    assert unpack(pack(body)) == body


@given(st.binary(max_size=200))
def test_whatever_lies_in_the_store_can_be_looked_at(stored: bytes) -> None:
    assert len(unpack(stored)) <= FACT_BYTES_MAX + 1
    assert unpack(b"\x01" + stored) is not None


def test_an_attack_takes_a_quarter_of_its_bytes() -> None:
    assert len(pack(BODY)) * 4 < len(BODY)


def test_a_body_that_was_damaged_comes_back_as_it_lies_there() -> None:
    packed = pack(BODY)
    for damaged in (packed[:-1], packed + b"x", packed[:1], b"\x01\xff\xff"):
        assert unpack(damaged) == damaged


def test_a_body_that_unpacks_beyond_every_bound_is_not_unpacked() -> None:
    bomb = pack(b"{" * 100_000_000)
    assert unpack(bomb) == bomb


def test_the_dictionary_never_changes() -> None:
    """Every database that was ever written depends on it: a better one gets the next number."""
    assert (
        sha256(DICTIONARY_1).hexdigest() == "0e0713f1db94f30949e93dea4eb64a08bba9e3f0ceec09b9bead1ffba9f03c53"
    )


PACKED = (
    "01a593510e80200c43afb4ada05ecebb1b5160906164fc8e84b4cd7b8aec771b84b8ad41ce4275e827234baca79496b9"
    "5cc60afc45df429d48a5e8a9cf5dd3a35b00485312d005c1b9dca7128eb16c61f6a10fe1fec736e29833c211767dbe69"
    "a6e5bc00"
)


def test_what_was_packed_once_is_still_read() -> None:
    assert unpack(bytes.fromhex(PACKED)) == BODY
