"""An officer's keys in an SSH agent: the two questions of its protocol that signing needs.

The protocol is that of the internet draft draft-ietf-sshm-ssh-agent, sections 3.3 and 3.6; the form of keys
and signatures is that of RFC 8709. The agent signs the message as it is, so that what it gives is a plain
Ed25519 signature. What officers sign begins with "tidegate/", and neither a login (RFC 4252 section 7, which
begins with a length) nor a file signature of OpenSSH (which begins with "SSHSIG") can look like that.
"""

import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.ports.outside import OutsideFailed

AGENT_BYTES_MAX = 1 << 18
"""Longest answer of an agent that is read (the limit that OpenSSH has itself); a longer one is Malformed."""

AGENT_KEYS_MAX = 1_024
"""Keys that an agent may list; more are Malformed."""

AGENT_SECONDS = 60.0
"""An agent may ask its owner first, by a window or by a touch of a token; so long it is waited for."""

REQUEST_IDENTITIES, IDENTITIES_ANSWER = 11, 12
SIGN_REQUEST, SIGN_RESPONSE = 13, 14
KIND = b"ssh-ed25519"
AGENT_VARIABLE = "SSH_AUTH_SOCK"
REMEDY = "Start one (ssh-agent), add the key (ssh-add), and see that SSH_AUTH_SOCK names it."

T = TypeVar("T")


class SshAgent:
    """The agent that listens at a path (tidegate.ports.signing.Signer); only Ed25519 keys are seen."""

    def __init__(self, path: str) -> None:
        self._path = path

    def public_keys(self) -> Sequence[str]:
        kind, answer = self._ask(bytes([REQUEST_IDENTITIES]))
        if kind != IDENTITIES_ANSWER:
            raise NotAllowed(f"the agent at {self._path} does not list its keys; it may be locked")
        return self._told(identities, answer)

    def sign(self, public_key: str, message: bytes) -> str:
        blob = string(KIND) + string(bytes.fromhex(public_key))
        request = bytes([SIGN_REQUEST]) + string(blob) + string(message) + struct.pack(">I", 0)
        kind, answer = self._ask(request)
        if kind != SIGN_RESPONSE:
            raise NotAllowed(
                f"the agent at {self._path} does not sign with {public_key}: not there, or refused"
            )
        return self._told(signature, answer)

    def _told(self, read_from: Callable[["Strings"], T], answer: bytes) -> T:
        try:
            return read_from(Strings(answer))
        except Malformed as malformed:
            raise OutsideFailed(f"the SSH agent makes no sense ({malformed})", self._path, REMEDY) from None

    def _ask(self, request: bytes) -> tuple[int, bytes]:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
                link.settimeout(AGENT_SECONDS)
                link.connect(self._path)
                link.sendall(string(request))
                (length,) = struct.unpack(">I", read(link, 4))
                if not 0 < length <= AGENT_BYTES_MAX:
                    raise Malformed("agent's answer of an impossible length", 0)
                answer = read(link, length)
        except (OSError, Malformed) as error:
            raise OutsideFailed(f"the SSH agent does not answer ({error})", self._path, REMEDY) from error
        return answer[0], answer[1:]


def agent_of(environ: Mapping[str, str]) -> SshAgent:
    """The agent that the environment names; NotAllowed where it names none."""
    path = environ.get(AGENT_VARIABLE)
    if not path:
        raise NotAllowed(f"no SSH agent: {AGENT_VARIABLE} is not set; start ssh-agent, or use --key FILE")
    return SshAgent(path)


def read(link: socket.socket, length: int) -> bytes:
    pieces = bytearray()
    while len(pieces) < length:
        piece = link.recv(length - len(pieces))
        if not piece:
            raise Malformed("agent's answer cut short", len(pieces))
        pieces += piece
    return bytes(pieces)


def string(data: bytes) -> bytes:
    """RFC 4251 section 5: a length of 32 bits, then the bytes."""
    return struct.pack(">I", len(data)) + data


class Strings:
    """Reads what RFC 4251 section 5 calls strings, one after the other; Malformed where one is cut short."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self) -> int:
        return int.from_bytes(self._taken(4), "big")

    def string(self) -> bytes:
        return self._taken(self.number())

    def _taken(self, length: int) -> bytes:
        taken = self._data[self._at : self._at + length]
        if len(taken) != length:
            raise Malformed("agent's answer cut short", self._at)
        self._at += length
        return taken


def identities(answer: Strings) -> Sequence[str]:
    """Section 3.5 of the draft: a count, then for each key its blob and its comment."""
    count = answer.number()
    if count > AGENT_KEYS_MAX:
        raise Malformed("agent lists too many keys", 0)
    blobs = [(answer.string(), answer.string())[0] for _ in range(count)]
    keys = (Strings(blob) for blob in blobs)
    return [key.string().hex() for key in keys if key.string() == KIND]


def signature(answer: Strings) -> str:
    """Section 3.6: a string that holds the kind and the signature of RFC 8709 section 6."""
    blob = Strings(answer.string())
    kind, signed = blob.string(), blob.string()
    if kind != KIND or len(signed) != 64:
        raise Malformed("agent's signature is not Ed25519", 0)
    return signed.hex()
