"""A word by passkey: each way to have less than a person's assertion over the exact bytes is tried."""

import json
from hashlib import sha256

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st
from webauthn import verify_authentication_response
from webauthn.helpers.exceptions import InvalidAuthenticationResponse

from tests.mitigate.officers import ROSTER, word
from tests.mitigate.small_plans import NODE, NOW_MS, PLAN, plan
from tests.passkeys import SoftPasskey, base64url
from tidegate.mitigate.approval import ApprovalSettings, verify, verify_standing, verify_withdrawal
from tidegate.mitigate.passkeys import (
    CLIENT_DATA_BYTES_MAX,
    challenge_of,
    check_passkey,
    count_told,
    grew,
    holds_by_passkey,
    host_of,
)
from tidegate.mitigate.roster import Member, Roster, roster_from, roster_text
from tidegate.model.canonical import FactRecord, canonical_bytes, decode_record
from tidegate.model.facts import ApprovalGiven, OfficerAdded
from tidegate.model.plan_bytes import words_to_sign
from tidegate.model.plans import Assertion, Passkey, Signed
from tidegate.model.refusals import NotAllowed

STRICT = ApprovalSettings(node=NODE)
PARI = SoftPasskey("pari", "centre")
EDDA = SoftPasskey("edda", "senior", "Ed25519")
BOTH = pytest.mark.parametrize("key", [PARI, EDDA], ids=lambda key: key.algorithm)
WORDS = b"tidegate/plan-approval/1\x00the exact bytes"
N_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def with_passkeys(*keys: SoftPasskey) -> Roster:
    added = tuple(Member(officer=key.officer, added_ms=NOW_MS - 10) for key in keys)
    return Roster((*ROSTER.members, *added))


KNOWN = with_passkeys(PARI, EDDA)


def holds(key: SoftPasskey, words: bytes = WORDS, **instead: bytes) -> bool:
    signature, assertion = key.asserts(WORDS, **instead)  # type: ignore[arg-type]
    return holds_by_passkey(key.officer, signature, assertion, words)


def test_two_passkeys_approve_and_a_passkey_beside_a_key_file_does() -> None:
    for words in ((PARI.says(PLAN), EDDA.says(PLAN)), (word("anna", PLAN), PARI.says(PLAN))):
        for ask in (verify, verify_standing):
            assert ask(PLAN, words, KNOWN, STRICT, NOW_MS)


def test_one_passkey_twice_is_one_officer() -> None:
    with pytest.raises(NotAllowed, match="the word of 1 of two"):
        verify(PLAN, (PARI.says(PLAN), PARI.says(PLAN)), KNOWN, STRICT, NOW_MS)


def test_a_word_by_passkey_is_for_one_plan_and_one_intent() -> None:
    refused = msgspec.structs.replace(PARI.says(PLAN, "refuse"), intent="approve")
    other = msgspec.structs.replace(PARI.says(plan(number=8)), plan=PLAN.number)
    for cheat in (refused, other):
        with pytest.raises(NotAllowed, match="the signature of pari does not hold"):
            verify(PLAN, (word("anna", PLAN), cheat), KNOWN, STRICT, NOW_MS)
    assert verify_withdrawal(PLAN, PARI.says(PLAN, "withdraw"), KNOWN, NOW_MS).name == "pari"


def test_a_key_file_signature_by_a_passkeys_key_is_no_word_nor_the_other_way_round() -> None:
    """8. A passkey never speaks bare, not even where its key could."""
    bare = EDDA.signs(words_to_sign(PLAN, "approve")).hex()
    told = EDDA.says(PLAN)
    cheats = [
        Signed(plan=PLAN.number, intent="approve", officer="edda", signature=bare),
        msgspec.structs.replace(told, assertion=None),
        msgspec.structs.replace(word("anna", PLAN), assertion=told.assertion),
        msgspec.structs.replace(told, officer="anna"),
    ]
    for cheat in cheats:
        with pytest.raises(NotAllowed, match="does not hold"):
            verify(PLAN, (PARI.says(PLAN), cheat), KNOWN, STRICT, NOW_MS)


@BOTH
def test_what_a_browser_and_an_authenticator_make_holds_here_and_by_the_library(key: SoftPasskey) -> None:
    assert holds(key)
    assert library_says(key, *key.asserts(WORDS))


@BOTH
@pytest.mark.parametrize(
    "changes",
    [
        {"type": "webauthn.create"},
        {"type": "payment.get"},
        {"challenge": base64url(sha256(b"another plan").digest())},
        {"challenge": base64url(WORDS)},
        {"challenge": base64url(sha256(WORDS).digest()) + "="},
        {"origin": "https://console.example.org.evil.example"},
        {"origin": "https://console.example.org:8443"},
        {"origin": "http://console.example.org"},
        {"origin": "https://evil.example"},
        {"crossOrigin": True},
        {"crossOrigin": True, "topOrigin": "https://evil.example"},
        {"crossOrigin": "false"},
    ],
    ids=str,
)
def test_client_data_for_anything_else_hold_for_nothing(key: SoftPasskey, changes: dict[str, object]) -> None:
    assert not holds(key, client_data=key.client_data(challenge_of(WORDS), **changes))


def test_client_data_that_two_readers_could_take_for_two_things_hold_for_nothing() -> None:
    right = PARI.client_data(challenge_of(WORDS))
    wrong = PARI.client_data(challenge_of(b"other"))
    cheats = [
        b"",
        b"{}",
        b" " + right,
        b"\xef\xbb\xbf" + right,
        right + b" ",
        right[:-1],
        wrong[:-1] + b"," + right[1:],
        right.replace(b'"type"', b'"Type"'),
        json.dumps(dict(reversed(json.loads(right).items()))).encode(),
        right[:-1] + b',"x":"' + b"y" * CLIENT_DATA_BYTES_MAX + b'"}',
    ]
    for cheat in cheats:
        assert not holds(PARI, client_data=cheat), cheat


def test_members_that_come_later_say_nothing_and_an_absent_one_is_no_frame() -> None:
    """Browsers add members to keep readers honest; some write no `crossOrigin` where there is none."""
    right = PARI.client_data(challenge_of(WORDS))
    assert holds(PARI, client_data=right[:-1] + b',"other_keys_can_be_added_here":"do not compare"}')
    assert holds(PARI, client_data=right.replace(b',"crossOrigin":false', b""))
    assert not holds(
        PARI, client_data=right.replace(b',"crossOrigin":false', b',"topOrigin":"https://x.example"')
    )


@BOTH
def test_only_a_present_and_verified_person_counts(key: SoftPasskey) -> None:
    # Two bits are reserved; authenticators leave them 0, and a later meaning is none of the other flags'.
    present_and_verified, may_be_copied, is_copied, reserved = 0x05, 0x08, 0x10, 0x22
    right = {
        present_and_verified,
        present_and_verified | may_be_copied,
        present_and_verified | may_be_copied | is_copied,
    }
    for flags in range(256):
        assert holds(key, data=key.authenticator_data(flags)) == (flags & ~reserved in right), flags


def test_another_relying_party_s_data_longer_and_shorter_ones_hold_for_nothing() -> None:
    data = PARI.authenticator_data()
    for cheat in (PARI.authenticator_data(rp_id="evil.example"), data + b"\x00", data[:-1], b""):
        assert not holds(PARI, data=cheat)


def test_the_roster_s_key_decides_the_algorithm() -> None:
    for signer, officer in ((PARI, EDDA), (EDDA, PARI), (PARI, SoftPasskey("other"))):
        signature, assertion = signer.asserts(WORDS)
        assert not holds_by_passkey(officer.officer, signature, assertion, WORDS)


def test_an_assertion_that_is_no_hex_or_no_signature_holds_for_nothing() -> None:
    signature, assertion = PARI.asserts(WORDS)
    for cheat in ("", "00", signature.upper(), signature + "00", signature[:-2], "30" * 72, "zz"):
        assert not holds_by_passkey(PARI.officer, cheat, assertion, WORDS)
    for field in ("client_data", "authenticator_data"):
        for text in ("", "0", "zz", getattr(assertion, field).upper()):
            cheated = msgspec.structs.replace(assertion, **{field: text})
            assert not holds_by_passkey(PARI.officer, signature, cheated, WORDS)


def test_the_twin_of_a_p256_signature_is_the_same_officer_s_word_and_no_second_one() -> None:
    told = PARI.says(PLAN)
    r, s = decode_dss_signature(bytes.fromhex(told.signature))
    twin = msgspec.structs.replace(told, signature=encode_dss_signature(r, N_P256 - s).hex())
    assert twin != told
    with pytest.raises(NotAllowed, match="the word of 1 of two"):
        verify(PLAN, (told, twin), KNOWN, STRICT, NOW_MS)


ASSERTED = [(key, key.asserts(WORDS)) for key in (PARI, EDDA)]


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_no_flipped_bit_holds_here_or_by_the_library(data: st.DataObject) -> None:
    key, (signature, assertion) = data.draw(st.sampled_from(ASSERTED))
    parts = [bytes.fromhex(one) for one in (signature, assertion.authenticator_data, assertion.client_data)]
    which = data.draw(st.integers(0, 2))
    at = data.draw(st.integers(0, len(parts[which]) * 8 - 1))
    flipped = bytearray(parts[which])
    flipped[at // 8] ^= 1 << at % 8
    parts[which] = bytes(flipped)
    cheated = Assertion(authenticator_data=parts[1].hex(), client_data=parts[2].hex())
    assert not holds_by_passkey(key.officer, parts[0].hex(), cheated, WORDS)
    assert not library_says(key, parts[0].hex(), cheated)


def library_says(key: SoftPasskey, signature: str, assertion: Assertion) -> bool:
    """The same question asked of py_webauthn, which reads what ours compares."""
    response = {
        "clientDataJSON": base64url(bytes.fromhex(assertion.client_data)),
        "authenticatorData": base64url(bytes.fromhex(assertion.authenticator_data)),
        "signature": base64url(bytes.fromhex(signature)),
    }
    name = base64url(key.credential)
    try:
        verify_authentication_response(
            credential={"id": name, "rawId": name, "type": "public-key", "response": response},
            expected_challenge=sha256(WORDS).digest(),
            expected_rp_id=key.rp_id,
            expected_origin=key.origin,
            credential_public_key=key.cose_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except (InvalidAuthenticationResponse, UnicodeDecodeError, ValueError):
        return False
    return True


def test_a_counter_that_does_not_grow_belongs_to_a_copy() -> None:
    counting = SoftPasskey("cora", count=7)
    first = counting.says(PLAN)
    assert count_told(first) == 7
    for count, may in ((6, False), (7, False), (8, True), (0, False)):
        counting.count = count
        assert grew(counting.says(plan(number=8)), [first, word("anna", PLAN)]) is may
    assert grew(PARI.says(PLAN), [PARI.says(plan(number=8))])
    assert grew(word("anna", PLAN), [first])


def test_a_roster_with_passkeys_is_written_and_read_alike() -> None:
    again = roster_from(roster_text(KNOWN))
    assert [each.officer for each in again.members] == [each.officer for each in KNOWN.members]


def test_facts_without_a_passkey_keep_the_bytes_they_had() -> None:
    for fact in (ApprovalGiven(word("anna", PLAN)), OfficerAdded(ROSTER.members[0].officer)):
        body = canonical_bytes(FactRecord(0, NOW_MS, fact))
        assert b"passkey" not in body
        assert b"assertion" not in body
    record = FactRecord(0, NOW_MS, ApprovalGiven(PARI.says(PLAN)))
    assert decode_record(canonical_bytes(record)) == record


GOOD = Passkey(credential="AAAA", rp_id="example.org", origin="https://console.example.org")


@pytest.mark.parametrize(
    ("public_key", "changes"),
    [
        ("02" + "00" * 31 + "07", {}),  # no point: this x is none of the curve's
        ("02" + "ff" * 32, {}),
        ("04" + "11" * 32, {}),
        ("11" * 31, {}),
        (PARI.public_key.upper(), {}),
        (PARI.public_key, {"credential": ""}),
        (PARI.public_key, {"credential": 'A"\nB'}),
        (PARI.public_key, {"rp_id": "org"}),
        (PARI.public_key, {"rp_id": "ample.org"}),
        (PARI.public_key, {"rp_id": "evil.example"}),
        (PARI.public_key, {"rp_id": ""}),
        (PARI.public_key, {"origin": "https://example.org/path"}),
        (PARI.public_key, {"origin": "http://console.example.org"}),
        (PARI.public_key, {"origin": "https://console.example.org:443"}),
        (PARI.public_key, {"origin": 'https://console.example.org"'}),
    ],
)
def test_an_entry_that_is_no_passkey_of_one_page_is_refused(public_key: str, changes: dict[str, str]) -> None:
    check_passkey("pari", PARI.public_key, GOOD)
    with pytest.raises(NotAllowed, match="officer pari"):
        check_passkey("pari", public_key, msgspec.structs.replace(GOOD, **changes))


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://console.example.org", "console.example.org"),
        ("https://console.example.org:8443", "console.example.org"),
        ("http://localhost:8080", "localhost"),
        ("https://localhost", "localhost"),
        ("http://127.0.0.1:8080", None),
        ("https://[::1]:8080", None),
        ("https://CONSOLE.example.org", None),
        ("https://user@console.example.org", None),
        ("ftp://console.example.org", None),
        ("https://console.example.org:99999", None),
        ("https://", None),
        ("null", None),
    ],
)
def test_only_a_domain_over_tls_or_localhost_is_a_page_of_passkeys(origin: str, host: str | None) -> None:
    assert host_of(origin) == host
