"""Officers' key files: made once, never without a passphrase, and the same signatures everywhere."""

import stat
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as elliptic
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.conftest import require_peer
from tidegate.adapters.keys import KeyFile, generate_key, public_key_from, read_public
from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed

PASSPHRASE = "tide, gate and harbour"
# RFC 8032 section 7.1, test 2.
SEED = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
PUBLIC = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
MESSAGE = bytes.fromhex("72")
SIGNATURE = (
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def key_file(path: Path, passphrase: str = PASSPHRASE) -> KeyFile:
    return KeyFile(path, lambda: passphrase)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    path.chmod(0o600)
    return path


def a_pem(path: Path, seed: str = SEED) -> Path:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
    locked = BestAvailableEncryption(PASSPHRASE.encode())
    return written(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))


def test_a_signature_is_that_of_the_standard(tmp_path: Path) -> None:
    signer = key_file(a_pem(tmp_path / "key"))
    assert signer.public_keys() == (PUBLIC,)
    assert signer.sign(PUBLIC, MESSAGE) == SIGNATURE


def test_a_generated_key_signs_and_is_only_its_owner_s(tmp_path: Path) -> None:
    path = tmp_path / "anna.key"
    public = generate_key(path, PASSPHRASE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    signature = key_file(path).sign(public, b"words")
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), b"words")


def test_openssh_reads_a_generated_key(tmp_path: Path) -> None:
    keygen = require_peer("OpenSSH", "/usr/bin/ssh-keygen")
    public = generate_key(tmp_path / "anna.key", PASSPHRASE)
    told = subprocess.run(
        [keygen, "-y", "-P", PASSPHRASE, "-f", tmp_path / "anna.key"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert public_key_from(told.stdout) == public


def test_a_key_of_openssh_signs(tmp_path: Path) -> None:
    keygen = require_peer("OpenSSH", "/usr/bin/ssh-keygen")
    subprocess.run(
        [keygen, "-q", "-t", "ed25519", "-a", "4", "-N", PASSPHRASE, "-f", tmp_path / "key"], check=True
    )
    signer = key_file(tmp_path / "key")
    (public,) = signer.public_keys()
    assert public == read_public(tmp_path / "key.pub")
    assert len(signer.sign(public, b"words")) == 128


def test_the_passphrase_is_asked_once_and_only_when_it_is_needed(tmp_path: Path) -> None:
    asked: list[None] = []

    def ask() -> str:
        asked.append(None)
        return PASSPHRASE

    signer = KeyFile(a_pem(tmp_path / "key"), ask)
    assert not asked
    signer.sign(PUBLIC, b"1")
    signer.sign(PUBLIC, b"2")
    assert len(asked) == 1


def test_a_wrong_passphrase_is_told_without_naming_it(tmp_path: Path) -> None:
    generate_key(tmp_path / "ssh", PASSPHRASE)
    for path in (a_pem(tmp_path / "pem"), tmp_path / "ssh"):
        with pytest.raises(NotAllowed, match="wrong passphrase") as told:
            key_file(path, "not the passphrase").public_keys()
        assert "not the passphrase" not in str(told.value)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.OpenSSH])
def test_a_key_without_a_passphrase_signs_nothing(form: PrivateFormat, tmp_path: Path) -> None:
    bare = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, form, NoEncryption())
    with pytest.raises(NotAllowed, match="no passphrase"):
        key_file(written(tmp_path / "key", bare)).public_keys()


def test_a_key_that_others_may_read_signs_nothing(tmp_path: Path) -> None:
    path = a_pem(tmp_path / "key")
    path.chmod(0o640)
    with pytest.raises(NotAllowed, match="chmod 600"):
        key_file(path).public_keys()


def test_no_file_is_overwritten_by_a_key_and_no_short_passphrase_taken(tmp_path: Path) -> None:
    path = written(tmp_path / "key", b"mine")
    with pytest.raises(NotAllowed, match="never written over"):
        generate_key(path, PASSPHRASE)
    assert path.read_bytes() == b"mine"
    with pytest.raises(NotAllowed, match="at least 12"):
        generate_key(tmp_path / "other", "too short")
    assert not (tmp_path / "other").exists()
    with pytest.raises(OutsideFailed):
        generate_key(tmp_path / "nowhere" / "key", PASSPHRASE)


def test_other_keys_and_other_files_are_refused(tmp_path: Path) -> None:
    locked = BestAvailableEncryption(PASSPHRASE.encode())
    curve = elliptic(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)
    with pytest.raises(NotAllowed, match="no Ed25519 key"):
        key_file(written(tmp_path / "curve", curve)).public_keys()
    with pytest.raises(NotAllowed, match="does not open"):
        key_file(written(tmp_path / "text", b"no key")).public_keys()
    with pytest.raises(OutsideFailed, match="No such file"):
        key_file(tmp_path / "missing").public_keys()
    with pytest.raises(NotAllowed, match="another key"):
        key_file(a_pem(tmp_path / "key")).sign("00" * 32, b"words")


def test_a_public_key_is_read_in_every_usual_form() -> None:
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(PUBLIC))
    forms = [
        PUBLIC.upper() + "\n",
        key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + " anna@harbour",
        key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    ]
    assert {public_key_from(form) for form in forms} == {PUBLIC}


def test_what_is_no_public_key_of_an_officer_is_refused(tmp_path: Path) -> None:
    curve = elliptic(SECP256R1()).public_key()
    for text, why in (
        ("ssh-ed25519 AAAA", "no public key"),
        ("hello", "no public key"),
        (curve.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode(), "not an Ed25519 key"),
        (a_pem(tmp_path / "key").read_text(), "private key"),
    ):
        with pytest.raises(NotAllowed, match=why):
            public_key_from(text)
