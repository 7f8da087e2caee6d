"""Template records of NetFlow v9 (RFC 3954) and IPFIX (RFC 7011), read from the bytes of their sets."""

from collections.abc import Iterator
from dataclasses import dataclass

from tidegate.kernels.templates import ENTERPRISE, FIELDS_MAX, VARIABLE_LENGTH
from tidegate.model.refusals import Malformed

IPFIX_VERSION = 10

RECORD_BYTES_MAX = 0xFFFF
"""Longest record, or shortest where lengths vary, that a template may describe: a set holds no more."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field specifier; `enterprise` is 0 for the elements of the IANA registry and for NetFlow v9."""

    element: int
    enterprise: int
    length: int

    @property
    def variable(self) -> bool:
        return self.length == VARIABLE_LENGTH


@dataclass(frozen=True, slots=True)
class Template:
    """A template record as it was sent. `scopes`: how many of the first fields are scopes; -1: no options."""

    identity: int
    version: int
    scopes: int
    fields: tuple[Field, ...]
    raw: bytes

    @property
    def options(self) -> bool:
        return self.scopes >= 0


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A template withdrawn (RFC 7011 section 8.1); identity 0: all of this exporter's, of this kind."""

    identity: int
    options: bool


Announcement = Template | Withdrawal


def read_template_set(content: bytes, version: int, options: bool) -> Iterator[Announcement]:
    """The records of a template set's content (without the set header); Malformed where they break off."""
    at = 0
    while at + 4 <= len(content):
        identity = int.from_bytes(content[at : at + 2])
        if identity == 0:
            return
        announced, at = _read_record(content, at, version, options)
        yield announced


def _read_record(content: bytes, at: int, version: int, options: bool) -> tuple[Announcement, int]:
    identity, count = _u16(content, at), _u16(content, at + 2)
    ipfix = version == IPFIX_VERSION
    if ipfix and count == 0:
        return Withdrawal(identity if identity >= 256 else 0, options), at + 4
    if identity < 256:
        raise Malformed("template invalid", at)
    start, scopes, header = at, -1, 4
    if options:
        header = 6
        scopes = _u16(content, at + 4)
        if not ipfix:
            scopes, count = count // 4, (count + scopes) // 4
        if ipfix and not 0 < scopes <= count:
            raise Malformed("template invalid", at)
    if count > FIELDS_MAX:
        raise Malformed("template too large", at)
    fields: list[Field] = []
    at += header
    for _ in range(count):
        field, at = _read_field(content, at, ipfix)
        fields.append(field)
    record_length = sum(1 if ipfix and field.variable else field.length for field in fields)
    if not record_length:
        raise Malformed("template invalid", start)
    if record_length > RECORD_BYTES_MAX:
        raise Malformed("template too large", start)
    return Template(identity, version, scopes, tuple(fields), content[start:at]), at


def _read_field(content: bytes, at: int, ipfix: bool) -> tuple[Field, int]:
    element, length = _u16(content, at), _u16(content, at + 2)
    if ipfix and element & ENTERPRISE:
        enterprise = _u16(content, at + 4) << 16 | _u16(content, at + 6)
        return Field(element & ~ENTERPRISE, enterprise, length), at + 8
    return Field(element, 0, length), at + 4


def _u16(content: bytes, at: int) -> int:
    if at + 2 > len(content):
        raise Malformed("template cut short", at)
    return int.from_bytes(content[at : at + 2])
