"""Words given by a passkey: a Web Authentication assertion over the digest of the exact words.

Part of the guardian of invariants 1 and 4 (tidegate.mitigate.approval asks it for every officer whose key is
a passkey). It needs the roster's entry, the words and the assertion, and no secret, so that whoever holds
the BGP sessions verifies the same assertion by itself. Sections are those of Web Authentication level 3.

1. The challenge is the SHA-256 of the words that a key file would sign: purpose, intent and the plan's
   canonical bytes. Nobody chooses it; an assertion made for anything else holds for nothing here.
2. The client data are compared byte by byte with what browsers must write (5.8.1.2, limited verification):
   nothing in them is parsed, so that no two readers can take them for two things.
3. They name the one origin that the roster tells, and no page in a frame of another origin.
4. The authenticator's data name the one relying party, which is the origin's host or a domain above it.
5. The authenticator says that a person was present (UP) and was verified (UV). Its data hold nothing more:
   37 bytes, no extensions, no new key, and a back-up (BS) only of what can be backed up (BE).
6. The roster's key decides the algorithm: Ed25519, or ECDSA over P-256 with SHA-256. Nothing that comes with
   the assertion does.
7. The signature is over both, as they came (7.2, steps 20 and 21).
8. An officer with a passkey speaks by assertions only, and one without it never by one.
9. A counter that does not grow belongs to a copy: the desk refuses it (`grew`). Passkeys that are kept in
   several devices always tell 0, which says nothing.

A P-256 signature has a twin (r, n - s) that anyone can make of it. It is the same officer's word on the same
bytes: approvals count names and keys, never signatures.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from hashlib import sha256
from urllib.parse import urlsplit

from tidegate.model.plans import Assertion, Officer, Passkey, Signed
from tidegate.model.refusals import NotAllowed

CLIENT_DATA_BYTES_MAX = 1024
"""Longest client data that are looked at; browsers write about 150 bytes, and an origin has at most 270."""

CREDENTIAL_BYTES_MAX = 1023
"""Section 5.8.3: the longest identifier that a passkey may have."""

AUTHENTICATOR_DATA_BYTES = 37
UP, UV, BE, BS, AT, ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
"""The flags of section 6.1."""

P256_KEY = re.compile(r"0[23][0-9a-f]{64}")
ED25519_KEY = re.compile(r"[0-9a-f]{64}")
ED25519_SIGNATURE = re.compile(r"[0-9a-f]{128}")
P256_SIGNATURE = re.compile(r"30(?:[0-9a-f]{2}){7,71}")
HEX = re.compile(r"(?:[0-9a-f]{2})*")
CREDENTIAL = re.compile(r"[A-Za-z0-9_-]{1,1364}")
HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
)
LOCAL = "localhost"

FIELD_P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
B_P256 = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
"""The curve of NIST SP 800-186 section 3.2.1.3: y^2 = x^3 - 3x + b. Its order is prime: no point is small."""


def check_passkey(name: str, public_key: str, passkey: Passkey) -> None:
    """NotAllowed for an entry of the roster that is no passkey of one page."""
    if not (ED25519_KEY.fullmatch(public_key) or P256_KEY.fullmatch(public_key)):
        raise NotAllowed(f"officer {name}: a passkey's key is 64 or 66 hex digits in small letters")
    if P256_KEY.fullmatch(public_key) and not on_p256(int(public_key[2:], 16)):
        raise NotAllowed(f"officer {name}: this key is no point of P-256")
    if not CREDENTIAL.fullmatch(passkey.credential):
        raise NotAllowed(f"officer {name}: a passkey is named in base64url, at most 1,364 characters of it")
    host = host_of(passkey.origin)
    if host is None:
        raise NotAllowed(f"officer {name}: {passkey.origin} is neither https://HOST nor http://localhost")
    # 4. A suffix alone ("org") would be every page's; browsers refuse it, and so does this.
    within = host == passkey.rp_id or ("." in passkey.rp_id and host.endswith(f".{passkey.rp_id}"))
    if not HOST.fullmatch(passkey.rp_id) or not within:
        raise NotAllowed(f"officer {name}: {passkey.rp_id} is neither {host} nor a domain above it")


def host_of(origin: str) -> str | None:
    """The host of an origin in its one way to be written, None where it is none for which passkeys sign."""
    try:
        parts = urlsplit(origin)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    written = f"{parts.scheme}://{host}" + ("" if port is None else f":{port}")
    if usual is None or port in (usual, 0) or written != origin or not HOST.fullmatch(host):
        return None
    # An address is no domain, and passkeys sign for domains alone.
    if host.rpartition(".")[2].isdigit():
        return None
    return host if parts.scheme == "https" or host == LOCAL else None


def on_p256(x: int) -> bool:
    if x >= FIELD_P256:
        return False
    square = (x**3 - 3 * x + B_P256) % FIELD_P256
    return pow(square, (FIELD_P256 - 1) // 2, FIELD_P256) in (0, 1)


def challenge_of(words: bytes) -> bytes:
    """1. What a browser is asked to have signed."""
    return sha256(words).digest()


def holds_by_passkey(officer: Officer, signature: str, assertion: Assertion, words: bytes) -> bool:
    """Whether the assertion is this officer's word over exactly these words."""
    passkey = officer.passkey
    if passkey is None:  # 8
        return False
    if not (HEX.fullmatch(assertion.client_data) and HEX.fullmatch(assertion.authenticator_data)):
        return False
    client_data = bytes.fromhex(assertion.client_data)
    authenticator_data = bytes.fromhex(assertion.authenticator_data)
    return (
        is_told_by_browser(client_data, passkey.origin, challenge_of(words))
        and is_told_by_authenticator(authenticator_data, passkey.rp_id)
        and is_signed(officer.public_key, signature, authenticator_data + sha256(client_data).digest())  # 7
    )


def is_told_by_browser(client_data: bytes, origin: str, challenge: bytes) -> bool:
    """2 and 3. What follows the members that every browser writes is for later members, and says nothing;
    some write no `crossOrigin` where there is none."""
    if len(client_data) > CLIENT_DATA_BYTES_MAX or not client_data.endswith(b"}"):
        return False
    told = urlsafe_b64encode(challenge).rstrip(b"=")
    begin = b'{"type":"webauthn.get","challenge":"%s","origin":"%s"' % (told, origin.encode())
    same_origin = begin + b',"crossOrigin":false'
    return client_data == begin + b"}" or client_data.startswith((same_origin + b"}", same_origin + b","))


def is_told_by_authenticator(data: bytes, rp_id: str) -> bool:
    """4 and 5."""
    if len(data) != AUTHENTICATOR_DATA_BYTES or data[:32] != sha256(rp_id.encode()).digest():
        return False
    flags = data[32]
    return (
        flags & UP != 0 and flags & UV != 0 and not flags & (AT | ED) and not (flags & BS and not flags & BE)
    )


def is_signed(public_key: str, signature: str, message: bytes) -> bool:
    """6. By the key's own algorithm, and by a signature that is written in its one way."""
    # Loaded here: `tidegate --help` needs no cryptography.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        if ED25519_KEY.fullmatch(public_key) and ED25519_SIGNATURE.fullmatch(signature):
            edwards = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
            edwards.verify(bytes.fromhex(signature), message)
            return True
        if P256_KEY.fullmatch(public_key) and P256_SIGNATURE.fullmatch(signature):
            point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes.fromhex(public_key))
            point.verify(bytes.fromhex(signature), message, ec.ECDSA(SHA256()))
            return True
    except (InvalidSignature, ValueError):
        return False
    return False


def count_told(word: Signed) -> int:
    """The authenticator's counter; 0 where it keeps none, and for a word without a passkey."""
    if word.assertion is None or not HEX.fullmatch(word.assertion.authenticator_data):
        return 0
    return int.from_bytes(bytes.fromhex(word.assertion.authenticator_data)[33:37], "big")


def grew(word: Signed, before: Iterable[Signed]) -> bool:
    """9. Whether the counter is above that of each word of this officer before; 0 after 0 says nothing."""
    highest = max((count_told(one) for one in before if one.officer == word.officer), default=0)
    return count_told(word) > highest or highest == 0
