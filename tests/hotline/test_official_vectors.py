"""The primitives that the protocol names, by the official vectors that the cryptography library ships.

They are checked through our own code wherever that has the seam: HPKE by the opener, pairs by `holds`.
"""

import json
from collections.abc import Iterator
from hashlib import shake_256
from pathlib import Path
from typing import Any

import cryptography_vectors
import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tidegate.adapters.hotline.encryption_keys import private_key, public_bytes
from tidegate.hotline.signatures import ed25519_holds, ml_dsa_holds

VECTORS = Path(cryptography_vectors.__file__).parent
ML_KEM_768_X25519 = 0x647A
"""Its number in draft-ietf-hpke-pq."""


def hpke(file: str, kem: int, kdf: int) -> list[dict[str, Any]]:
    found = [
        one
        for one in json.loads((VECTORS / "HPKE" / file).read_text())
        if (int(one["mode"]), int(one["kem_id"]), int(one["kdf_id"])) == (0, kem, kdf)
    ]
    assert found, "the vectors are there"
    return found


AEADS = {1: AEAD.AES_128_GCM, 2: AEAD.AES_256_GCM, 3: AEAD.CHACHA20_POLY1305}


@pytest.mark.parametrize("vector", hpke("hpke-pq-test-vectors.json", ML_KEM_768_X25519, 1))
def test_our_seeds_open_what_the_post_quantum_draft_sealed(vector: dict[str, Any]) -> None:
    seed = bytes.fromhex(vector["skRm"])
    assert public_bytes(seed).hex() == vector["pkRm"]
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEADS[int(vector["aead_id"])])
    first = vector["encryptions"][0]
    sealed = bytes.fromhex(vector["enc"]) + bytes.fromhex(first["ct"])
    opened = opened_with_aad(suite, sealed, private_key(seed), vector, first)
    assert opened.hex() == first["pt"]


def opened_with_aad(
    suite: Suite, sealed: bytes, key: Any, vector: dict[str, Any], first: dict[str, Any]
) -> bytes:
    """Our suite uses no associated data; the vectors do, so the library's own seam for its tests is used."""
    from cryptography.hazmat.bindings._rust import openssl

    info, aad = bytes.fromhex(vector["info"]), bytes.fromhex(first["aad"])
    return openssl.hpke._decrypt_with_aad(suite, sealed, key, info, aad)


@pytest.mark.parametrize("vector", [one for one in hpke("test-vectors.json", 0x20, 1) if one["aead_id"] == 2])
def test_aes_256_gcm_behind_hpke_is_that_of_rfc_9180(vector: dict[str, Any]) -> None:
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    key = X25519PrivateKey.from_private_bytes(bytes.fromhex(vector["skRm"]))
    first = vector["encryptions"][0]
    sealed = bytes.fromhex(vector["enc"]) + bytes.fromhex(first["ct"])
    assert opened_with_aad(suite, sealed, key, vector, first).hex() == first["pt"]


def test_a_seed_becomes_two_keys_as_the_draft_says() -> None:
    (vector,) = hpke("hpke-pq-test-vectors.json", ML_KEM_768_X25519, 1)
    drawn = shake_256(bytes.fromhex(vector["skRm"])).digest(96)
    ml_kem = MLKEM768PrivateKey.from_seed_bytes(drawn[:64]).public_key().public_bytes_raw()
    x25519 = X25519PrivateKey.from_private_bytes(drawn[64:]).public_key().public_bytes_raw()
    assert (ml_kem + x25519).hex() == vector["pkRm"]


def blocks(text: str) -> Iterator[dict[str, str]]:
    """Records of "name = value" lines, as NIST writes them, from one `count` to the next."""
    record: dict[str, str] = {}
    for line in text.splitlines():
        name, separator, value = (part.strip() for part in line.partition("="))
        if not separator:
            continue
        if name == "count" and record:
            yield record
            record = {}
        record[name] = value
    yield record


def test_ml_dsa_65_is_that_of_fips_204() -> None:
    text = (VECTORS / "asymmetric" / "MLDSA" / "kat_MLDSA_65_det_pure.rsp").read_text()
    checked = 0
    for one in blocks(text):
        if "sm" not in one or "msg" not in one:
            continue
        seed, public, said = (bytes.fromhex(one[name]) for name in ("xi", "pk", "msg"))
        context, signature = bytes.fromhex(one.get("ctx", "")), bytes.fromhex(one["sm"])[:3309]
        assert MLDSA65PrivateKey.from_seed_bytes(seed).public_key().public_bytes_raw() == public
        MLDSA65PublicKey.from_public_bytes(public).verify(signature, said, context)
        assert ml_dsa_holds(public, signature, said) == (not context), "ours is the empty context alone"
        checked += 1
    assert checked >= 10


def test_ed25519_is_that_of_rfc_8032() -> None:
    lines = (VECTORS / "asymmetric" / "Ed25519" / "sign.input").read_text().splitlines()
    for line in lines[::8]:
        _, public, said, signed, *_ = line.split(":")
        key, message = bytes.fromhex(public), bytes.fromhex(said)
        signature = bytes.fromhex(signed)[:64]
        assert ed25519_holds(key, signature, message)
        assert not ed25519_holds(key, signature, message + b"x")


def test_hkdf_is_that_of_rfc_5869() -> None:
    text = (VECTORS / "KDF" / "rfc-5869-HKDF-SHA256.txt").read_text()
    checked = 0
    for one in blocks(text.replace("COUNT", "count")):
        if "OKM" not in one:
            continue
        salt, info = bytes.fromhex(one.get("salt", "")), bytes.fromhex(one.get("info", ""))
        derive = HKDF(algorithm=SHA256(), length=int(one["L"]), salt=salt or None, info=info)
        assert derive.derive(bytes.fromhex(one["IKM"])).hex() == one["OKM"]
        checked += 1
    assert checked >= 3
