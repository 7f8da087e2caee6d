"""Keys in files under passphrases, and half in a token: a real one, by SoftHSM."""

import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.conftest import require_peer
from tests.hotline.people import pair
from tidegate.adapters.hotline import locked as locking
from tidegate.adapters.hotline.locked import Locked, lock, unlock
from tidegate.adapters.hotline.pair_files import PairFile, make_pair, make_token_pair, read_public_pair
from tidegate.hotline.signatures import holds, refuse_unless_a_key
from tidegate.model.purposes import CONTENT
from tidegate.model.refusals import NotAllowed
from tidegate.model.value_bytes import bytes_of, value_from
from tidegate.ports.hotline_identity import TokenPlace
from tidegate.ports.outside import OutsideFailed

PASSPHRASE = "a dozen characters"


def never() -> str:
    pytest.fail("nobody is to be asked")


def told(text: str) -> "Asked":
    return Asked(text)


class Asked:
    def __init__(self, text: str) -> None:
        self.text, self.times = text, 0

    def __call__(self) -> str:
        self.times += 1
        return self.text


@pytest.fixture(autouse=True)
def cheaper(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a passphrase costs in the product is measured once, below; here it would only heat the room."""
    monkeypatch.setattr(locking, "MEMORY_KIB", 64)


def test_a_key_file_signs_once_its_passphrase_was_told(tmp_path: Path) -> None:
    public = make_pair(tmp_path / "anna.key", PASSPHRASE)
    assert oct((tmp_path / "anna.key").stat().st_mode)[-3:] == "600"
    assert read_public_pair(tmp_path / "anna.key") == read_public_pair(tmp_path / "anna.key.pub") == public
    ask = told(PASSPHRASE)
    signer = PairFile(tmp_path / "anna.key", ask, never)
    assert signer.public_pair() == public
    assert ask.times == 0
    for said in (b"one", b"two"):
        assert holds(public, signer.sign(CONTENT, said), CONTENT, said)
    assert ask.times == 1


def test_a_wrong_passphrase_and_a_damaged_file_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "anna.key"
    make_pair(path, PASSPHRASE)
    with pytest.raises(NotAllowed, match="a wrong passphrase"):
        PairFile(path, told("another dozen ch"), never).sign(CONTENT, b"x")
    whole = value_from(Locked, path.read_bytes(), 1 << 16)
    for damaged in (
        msgspec.structs.replace(whole, closed=whole.closed[:-1] + bytes([whole.closed[-1] ^ 1])),
        msgspec.structs.replace(whole, open=bytes_of(pair("eve").public_pair())),
        msgspec.structs.replace(whole, closed=b""),
    ):
        path.write_bytes(bytes_of(damaged))
        with pytest.raises(NotAllowed, match="changed or damaged"):
            PairFile(path, told(PASSPHRASE), never).sign(CONTENT, b"x")


def test_a_key_is_never_written_over_and_never_weakly_kept(tmp_path: Path) -> None:
    path = tmp_path / "anna.key"
    with pytest.raises(NotAllowed, match="at least 12"):
        make_pair(path, "short")
    assert not path.exists()
    make_pair(path, PASSPHRASE)
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(NotAllowed, match="never written over"):
            make_pair(path, PASSPHRASE)
        (tmp_path / "anna.key.pub").unlink(missing_ok=True)
    assert path.read_bytes() == before


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "anna.key"
    make_pair(path, PASSPHRASE)
    path.chmod(0o640)
    with pytest.raises(NotAllowed, match="chmod 600"):
        PairFile(path, never, never).sign(CONTENT, b"x")


@pytest.mark.parametrize("body", [b"", b"{}", b"ssh-ed25519 AAAA", b"[" * 5000, b"x" * (1 << 17)])
def test_a_file_that_is_no_key_is_told(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "anna.key"
    path.write_bytes(body)
    path.chmod(0o600)
    with pytest.raises(NotAllowed, match=r"no key of the hotline|longer than"):
        PairFile(path, never, never).sign(CONTENT, b"x")
    with pytest.raises(NotAllowed, match=r"no key of the hotline|longer than"):
        read_public_pair(path)


def test_a_key_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutsideFailed, match="No such file"):
        PairFile(tmp_path / "none", never, never).sign(CONTENT, b"x")
    with pytest.raises(OutsideFailed, match="no such key file"):
        read_public_pair(tmp_path / "none")


@pytest.mark.parametrize(
    "change",
    [
        {"memory_kib": (1 << 20) + 1},
        {"memory_kib": 1},
        {"passes": 17},
        {"passes": 0},
        {"lanes": 17},
        {"lanes": 0},
        {"salt": b""},
    ],
)
def test_a_file_cannot_ask_for_more_work_than_a_bound(change: dict[str, object]) -> None:
    whole = lock(b"x", PASSPHRASE, "hotline key")
    with pytest.raises(NotAllowed, match="asks for more work, or less"):
        unlock(msgspec.structs.replace(whole, **change), PASSPHRASE, "hotline key", "it")


def test_a_file_is_taken_for_nothing_else() -> None:
    whole = lock(b"x", PASSPHRASE, "hotline key")
    with pytest.raises(NotAllowed, match="holds no station's keys, but: 'hotline key'"):
        unlock(whole, PASSPHRASE, "station's keys", "it")
    renamed = msgspec.structs.replace(whole, what="station's keys")
    with pytest.raises(NotAllowed, match="changed or damaged"):
        unlock(renamed, PASSPHRASE, "station's keys", "it")


def test_what_a_guess_costs_is_what_rfc_9106_recommends() -> None:
    """Section 4, the second recommended option, of which tests take a fraction."""
    source = Path(locking.__file__).read_text()
    assert "MEMORY_KIB: Final = 1 << 16\nPASSES: Final = 3\nLANES: Final = 4" in source


# In a token.

MODULE = "/usr/lib/softhsm/libsofthsm2.so"


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenPlace]:
    """A real PKCS#11 token, of SoftHSM, in a folder of its own."""
    tool = require_peer("SoftHSM 2", "/usr/bin/softhsm2-util")
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    arguments = ["--init-token", "--free", "--label", "xa", "--so-pin", "12345678", "--pin", "87654321"]
    subprocess.run([tool, *arguments], check=True, capture_output=True)
    try:
        yield TokenPlace(module=MODULE, token="xa", label="cara")
    finally:
        os.environ.pop("SOFTHSM2_CONF")
        if before is not None:
            os.environ["SOFTHSM2_CONF"] = before


@pytest.mark.peer
def test_half_a_key_in_a_token_signs_with_the_other_half_in_a_file(token: TokenPlace, tmp_path: Path) -> None:
    path = tmp_path / "cara.key"
    public = make_token_pair(path, PASSPHRASE, token, told("87654321"))
    refuse_unless_a_key(public, "cara")
    assert public.classical_kind == "p384"
    assert read_public_pair(path) == public
    pin = told("87654321")
    signer = PairFile(path, told(PASSPHRASE), pin)
    for _ in range(8):  # a signature's s is in the upper half every second time
        said = secrets.token_bytes(40)
        signed = signer.sign(CONTENT, said)
        assert holds(public, signed, CONTENT, said)
        assert not holds(public, signed, CONTENT, said + b"x")
    assert pin.times == 1


@pytest.mark.peer
def test_a_key_that_is_in_the_token_is_used_and_not_made_anew(token: TokenPlace, tmp_path: Path) -> None:
    one = make_token_pair(tmp_path / "one.key", PASSPHRASE, token, told("87654321"))
    other = make_token_pair(tmp_path / "other.key", PASSPHRASE, token, told("87654321"))
    assert one.classical == other.classical
    assert one.post_quantum != other.post_quantum


@pytest.mark.peer
def test_what_goes_wrong_with_a_token_is_told_in_words(token: TokenPlace, tmp_path: Path) -> None:
    path = tmp_path / "dan.key"
    with pytest.raises(NotAllowed, match="refuses this PIN"):
        make_token_pair(path, PASSPHRASE, token, told("00000000"))
    for wrong, why in (
        (msgspec.structs.replace(token, token="xb"), "no such token"),
        (msgspec.structs.replace(token, module="/missing.so"), "the token failed"),
    ):
        with pytest.raises(OutsideFailed, match=why):
            make_token_pair(path, PASSPHRASE, wrong, told("87654321"))
    assert not path.exists()


@pytest.mark.peer
def test_a_token_with_another_key_under_the_label_is_noticed(token: TokenPlace, tmp_path: Path) -> None:
    import pkcs11
    from pkcs11 import Attribute, KeyType
    from pkcs11.util.ec import encode_named_curve_parameters

    path = tmp_path / "eve.key"
    label = msgspec.structs.replace(token, label="eve")
    make_token_pair(path, PASSPHRASE, label, told("87654321"))
    with pkcs11.lib(MODULE).get_token(token_label="xa").open(rw=True, user_pin="87654321") as session:
        for key in session.get_objects({Attribute.LABEL: "eve"}):
            key.destroy()
    with pytest.raises(OutsideFailed, match="holds no such key"):
        PairFile(path, told(PASSPHRASE), told("87654321")).sign(CONTENT, b"x")
    make_token_pair(tmp_path / "again.key", PASSPHRASE, label, told("87654321"))
    with pytest.raises(NotAllowed, match="not the one that its public half names"):
        PairFile(path, told(PASSPHRASE), told("87654321")).sign(CONTENT, b"x")
    with pkcs11.lib(MODULE).get_token(token_label="xa").open(rw=True, user_pin="87654321") as session:
        curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
        session.create_domain_parameters(KeyType.EC, curve, local=True).generate_keypair(
            store=True, label="small"
        )
    with pytest.raises(NotAllowed, match="not on P-384"):
        make_token_pair(
            tmp_path / "small.key",
            PASSPHRASE,
            msgspec.structs.replace(token, label="small"),
            told("87654321"),
        )
