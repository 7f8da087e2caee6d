"""Signed notes as C2SP defines them (c2sp.org/signed-note): a text, and a line for each key that signed it.

Strict where the specification lets a reader choose: one way to write each note, so that no byte of one can
change unseen.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

NOTE_BYTES_MAX = 1 << 16
"""Bytes of one note: room for its text and the signatures that it may have; a longer one is refused."""

NOTE_SIGNATURES_MAX = 64
"""Signatures on one note: a log's own and its witnesses'; more are refused."""

ED25519 = 0x01
"""The key signs the note's text (RFC 8032)."""
COSIGNATURE = 0x04
"""The key is a witness's: it signs a time and the text (c2sp.org/tlog-cosignature)."""

KEY_BYTES = 32
KEY_ID_BYTES = 4
DASH = "\u2014 "

Sign = Callable[[bytes], bytes]
"""Ed25519 over exactly these bytes: 64 bytes."""


class NoteRefused(ValueError):
    """The note is not one, or not signed as asked; `why` is a phrase."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A public key with its name; the same 32 bytes are two keys, one that signs and one that cosigns."""

    name: str
    public: bytes
    kind: int = ED25519

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(octet.isspace() for octet in self.name):
            raise NoteRefused("a key's name is empty, or has a space or a plus")
        if len(self.public) != KEY_BYTES or self.kind not in (ED25519, COSIGNATURE):
            raise NoteRefused("the key is of a kind that is not known here")

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:KEY_ID_BYTES]

    @property
    def text(self) -> str:
        """As verifier keys are written: name, key ID and key, with a plus between them."""
        encoded = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    @classmethod
    def from_text(cls, text: str) -> "NoteKey":
        """The inverse of `text`; NoteRefused unless it is exactly that of a key."""
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise NoteRefused("a verifier key is a name, a key ID and a key")
        body = decoded(parts[2])
        key = cls(parts[0], body[1:], body[0] if body else 0)
        if key.text != text:
            raise NoteRefused("the verifier key's ID is not that of its name and key")
        return key

    @property
    def cosigner(self) -> "NoteKey":
        """The same key as a witness's."""
        return NoteKey(self.name, self.public, COSIGNATURE)


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One line: whose key it claims to be of, and what that key made, unverified."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        return f"{DASH}{self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """`text` ends with a newline; whether any signature holds is for whoever knows the keys."""

    text: str
    signatures: tuple[NoteSignature, ...]

    @property
    def whole(self) -> str:
        """As it is sent and stored."""
        return self.text + "\n" + "".join(signature.line for signature in self.signatures)

    def made_by(self, key: NoteKey) -> list[bytes]:
        """What lines that claim this very key hold."""
        return [one.signature for one in self.signatures if (one.name, one.key_id) == (key.name, key.key_id)]

    def with_signature(self, key: NoteKey, signature: bytes) -> "Note":
        """The note with this line in place of any other of the same key."""
        others = tuple(one for one in self.signatures if (one.name, one.key_id) != (key.name, key.key_id))
        return Note(self.text, (*others, NoteSignature(key.name, key.key_id, signature)))


def read_note(whole: str) -> Note:
    """NoteRefused unless this is a note, written in the one way in which `Note.whole` writes it."""
    try:
        size = len(whole.encode())
    except UnicodeEncodeError:
        raise NoteRefused("a note holds what is no character") from None
    if size > NOTE_BYTES_MAX:
        raise NoteRefused(f"a note is longer than {NOTE_BYTES_MAX} bytes")
    text, blank, lines = whole.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise NoteRefused("a note is a text, an empty line and signatures")
    if any(character < " " and character != "\n" for character in whole):
        raise NoteRefused("a note holds a control character")
    signatures = tuple(read_signature(line) for line in lines[:-1].split("\n"))
    if len(signatures) > NOTE_SIGNATURES_MAX:
        raise NoteRefused(f"a note has more than {NOTE_SIGNATURES_MAX} signatures")
    return Note(text + "\n", signatures)


def read_signature(line: str) -> NoteSignature:
    name, space, encoded = line.removeprefix(DASH).partition(" ")
    made = decoded(encoded)
    if not line.startswith(DASH) or not space or len(made) <= KEY_ID_BYTES or not name or "+" in name:
        raise NoteRefused("a line behind a note's text is no signature")
    return NoteSignature(name, made[:KEY_ID_BYTES], made[KEY_ID_BYTES:])


def signed_note(text: str, key: NoteKey, sign: Sign) -> Note:
    return Note(text, ()).with_signature(key, sign(text.encode()))


def check_signed(note: Note, key: NoteKey) -> None:
    """NoteRefused unless this key signed the text, and every line that claims so holds."""
    made = note.made_by(key)
    if not made:
        raise NoteRefused(f"{key.name} did not sign the note")
    for signature in made:
        if not holds(key, signature, note.text.encode()):
            raise NoteRefused(f"a signature of {key.name} does not hold")


def holds(key: NoteKey, signature: bytes, message: bytes) -> bool:
    """Whether this is the key's Ed25519 signature over the message."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def decoded(encoded: str) -> bytes:
    """Standard base64 with padding, in its one form."""
    try:
        body = base64.b64decode(encoded.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise NoteRefused("a note holds something that is not base64") from None
    if base64.b64encode(body).decode() != encoded:
        raise NoteRefused("a note holds base64 that is not in its one form")
    return body
