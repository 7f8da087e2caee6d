"""Signed notes and checkpoints: published examples, whose keys others hold, and every way to be none."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tidegate.ledger.checkpoints import (
    Head,
    cosign,
    cosigned_at,
    epoch_of,
    log_name,
    log_origin,
    open_checkpoint,
    read_head,
    sign_head,
)
from tidegate.ledger.notes import (
    COSIGNATURE,
    ED25519,
    NoteKey,
    NoteRefused,
    check_signed,
    read_note,
    signed_note,
)

# The example of Go's note package, whose private key is published with it.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SECRET = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot "
    "rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)

# A checkpoint of a public staging log (Certificate Transparency), with five other keys' lines.
PUBLIC = """arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
"""  # noqa: E501
PUBLIC_LOG = "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
PUBLIC_WITNESS = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"

# The worked example of tlog-checkpoint and tlog-cosignature; their keys are not published.
SOFA = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501

SECRET = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = NoteKey(log_name("ab" * 32), SECRET.public_key().public_bytes_raw())
HEAD = Head(log_origin("ab" * 32, 1_790_000_000), 70_000, bytes(range(32)))


@pytest.mark.parametrize("text", [PETER, ENOCH, PUBLIC_LOG, PUBLIC_WITNESS])
def test_published_verifier_keys_are_read_and_written_alike(text: str) -> None:
    assert NoteKey.from_text(text).text == text


def test_no_part_of_a_verifier_key_and_no_changed_one_is_a_key() -> None:
    parts = {PETER[begin:end] for begin in range(len(PETER)) for end in range(begin + 1, len(PETER) + 1)}
    changed = {PETER[:at] + chr(ord(PETER[at]) + 1) + PETER[at + 1 :] for at in range(len(PETER))}
    longer_and_unknown = {
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    }
    for text in (parts - {PETER}) | changed | longer_and_unknown:
        with pytest.raises(NoteRefused):
            NoteKey.from_text(text)


def test_the_published_note_is_the_one_that_the_published_key_makes() -> None:
    secret = Ed25519PrivateKey.from_private_bytes(base64.b64decode(PETER_SECRET)[1:])
    assert signed_note(TEXT, NoteKey.from_text(PETER), secret.sign).whole == TEXT + "\n" + PETER_LINE


def test_a_note_of_two_is_signed_by_each_and_by_nobody_else() -> None:
    note = read_note(TEXT + "\n" + PETER_LINE + ENOCH_LINE)
    assert note.whole == TEXT + "\n" + PETER_LINE + ENOCH_LINE
    check_signed(note, NoteKey.from_text(PETER))
    check_signed(note, NoteKey.from_text(ENOCH))
    with pytest.raises(NoteRefused, match="did not sign"):
        check_signed(read_note(TEXT + "\n" + PETER_LINE), NoteKey.from_text(ENOCH))


@pytest.mark.parametrize(
    "whole",
    [
        TEXT,
        TEXT + "\n",
        TEXT + "\n" + PETER_LINE[:-1],
        "\x01" + TEXT + "\n" + PETER_LINE,
        "\udcff" + TEXT + "\n" + PETER_LINE,
        TEXT + "\n" + PETER_LINE.replace("PeterNeumann", "Bad Name"),
        TEXT + "\n" + PETER_LINE.replace("PeterNeumann", "Bad+Name"),
        TEXT + "\n" + PETER_LINE + "Unexpected line.\n",
        TEXT + "\n" + PETER_LINE[:60] + "ABCD" + PETER_LINE[60:],
        TEXT + "\n" + PETER_LINE * 65,
        TEXT + "\n" + PETER_LINE + "\n",
        "a" * 70_000 + TEXT + "\n" + PETER_LINE,
    ],
)
def test_what_is_no_note_or_not_signed_is_refused(whole: str) -> None:
    with pytest.raises(NoteRefused):
        check_signed(read_note(whole), NoteKey.from_text(PETER))


def test_a_public_checkpoint_holds_with_its_log_s_signature_and_its_witness_s() -> None:
    note, head = open_checkpoint(PUBLIC, NoteKey.from_text(PUBLIC_LOG))
    assert (head.origin, head.size) == ("arche2025h1.staging.ct.transparency.dev", 1_432_088_532)
    assert note.whole == PUBLIC
    witness = NoteKey.from_text(PUBLIC_WITNESS)
    assert cosigned_at(note, NoteKey(witness.name, witness.public, ED25519)) == 1_779_573_024
    clobbered = read_note(PUBLIC.replace("1432088532", "42"))
    with pytest.raises(NoteRefused, match="does not hold"):
        cosigned_at(clobbered, witness)
    with pytest.raises(NoteRefused, match="does not hold"):
        check_signed(clobbered, NoteKey.from_text(PUBLIC_LOG))


def test_the_specification_s_example_says_what_it_is_said_to_say() -> None:
    note = read_note(SOFA)
    assert note.whole == SOFA
    assert read_head(note.text).size == 20_852_163
    log, witness = note.signatures
    assert (len(log.signature), len(witness.signature)) == (64, 8 + 64)
    assert int.from_bytes(witness.signature[:8]) == 1_679_315_147


@given(st.integers(0, (1 << 63) - 1), st.binary(min_size=32, max_size=32), st.integers(0, 1 << 40))
def test_what_is_signed_and_cosigned_is_read_again(size: int, root: bytes, at_s: int) -> None:
    head = Head(HEAD.origin, size, root)
    note = cosign(sign_head(head, KEY, SECRET.sign), KEY, at_s, SECRET.sign)
    again, told = open_checkpoint(note.whole, KEY)
    assert (again, told) == (note, head)
    assert cosigned_at(again, KEY) == at_s


def test_a_signature_is_no_cosignature_and_a_newer_cosignature_takes_the_place_of_the_older() -> None:
    note = sign_head(HEAD, KEY, SECRET.sign)
    assert cosigned_at(note, KEY) is None
    twice = cosign(cosign(note, KEY, 100, SECRET.sign), KEY, 200, SECRET.sign)
    assert cosigned_at(twice, KEY) == 200
    assert len(twice.signatures) == 2
    moved = note.with_signature(KEY.cosigner, bytes(8) + note.signatures[0].signature)
    with pytest.raises(NoteRefused, match="does not hold"):
        cosigned_at(moved, KEY)
    with pytest.raises(NoteRefused, match="does not cosign"):
        open_checkpoint(twice.whole, KEY.cosigner)
    assert KEY.cosigner.kind == COSIGNATURE


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_no_bit_of_a_signed_and_cosigned_checkpoint_can_change(at: int, bit: int) -> None:
    """Where a line's key becomes an unknown one, the line that is then missing tells."""
    whole = cosign(sign_head(HEAD, KEY, SECRET.sign), KEY, 1_790_000_060, SECRET.sign).whole.encode()
    at %= len(whole)
    changed = whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :]
    try:
        note, _ = open_checkpoint(changed.decode(), KEY)
        assert cosigned_at(note, KEY) is None
        assert len(note.signatures) == 2
    except (NoteRefused, UnicodeDecodeError):
        return


@pytest.mark.parametrize(
    "text",
    [
        "log\n1\n",
        "log\n1\nAAAA\n",
        "\n1\n" + HEAD.text.split("\n")[2] + "\n",
        HEAD.text.replace("70000", "070000"),
        HEAD.text.replace("70000", "-1"),
        HEAD.text.replace("70000", "७००००"),
        HEAD.text.replace("70000", str(1 << 63)),
        HEAD.text.replace("70000", "9" * 5_000),
        HEAD.text + "an extension line\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        read_head(text)


def test_a_log_s_origin_names_its_organisation_and_its_epoch() -> None:
    assert epoch_of("ab" * 32, HEAD.origin) == 1_790_000_000
    for origin in (log_origin("cd" * 32, 1), "tidegate/" + "ab" * 32, HEAD.origin + "/1", HEAD.origin + "x"):
        with pytest.raises(NoteRefused):
            epoch_of("ab" * 32, origin)
    with pytest.raises(NoteRefused, match="one form"):
        epoch_of("ab" * 32, log_origin("ab" * 32, 0) + "1")
