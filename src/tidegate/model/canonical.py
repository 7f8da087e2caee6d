"""The canonical bytes of a fact: one fact has one byte string, which any other program can make again.

They are JSON by RFC 8785 (sorted keys, no white space, one way to write each string), restricted to
integers below 2**53, so that the hard part of that standard, printing floats, never arises. The ledger
hashes these bytes; why they look so is in docs/decisions/0004.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from tidegate.model.facts import Effect, Fact
from tidegate.model.refusals import Malformed, NotAllowed

Json = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]

INTEGER_MAX = (1 << 53) - 1
"""Largest magnitude of an integer: beyond it, readers that hold JSON numbers as doubles disagree."""

FACT_BYTES_MAX = 1 << 18
"""Canonical bytes of one fact or effect; the largest attack that the other bounds allow stays below."""

DIGITS_ALIKE = bytes(ord("0") if chr(octet).isdecimal() and octet < 128 else ord(" ") for octet in range(256))
SIXTEEN_DIGITS = b"0" * 16
LONG_INTEGER = re.compile(rb"(?:^|[-:,[])[0-9]{16}")
"""Sixteen digits or more may be 2**53 or more; no integer stands right behind a quotation mark, as the digits
of digests do."""

MUST_ESCAPE = re.compile(r'[\x00-\x1f"\\]')
SHORT_ESCAPES = {
    '"': r"\"",
    "\\": r"\\",
    "\b": r"\b",
    "\t": r"\t",
    "\n": r"\n",
    "\f": r"\f",
    "\r": r"\r",
}


Value = TypeVar("Value")


class FactRecord(msgspec.Struct, frozen=True, gc=False):
    """One entry of the ledger: the fact, its number counted from 0, and when the clock said it was recorded.

    The order of facts is that of their numbers; a clock that was set back may make `at_ms` fall.
    """

    number: int
    at_ms: int
    fact: Fact

    @property
    def kind(self) -> str:
        return kind_of(self.fact)


RECORDS = msgspec.json.Decoder(FactRecord)
EFFECTS: msgspec.json.Decoder[Effect] = msgspec.json.Decoder(Effect)


def kind_of(value: Fact | Effect) -> str:
    """The name that a fact or an effect carries in its bytes, as "type"."""
    return type(value).__name__


def canonical_bytes(record: FactRecord) -> bytes:
    """The bytes that the ledger keeps and hashes.

    NotAllowed when the fact holds what its bytes could not give back exactly: a float, an integer or a
    text out of bounds, a value of another type than the field's.
    """
    if record.number < 0 or record.at_ms < 0:
        raise NotAllowed(f"fact {record.number} at {record.at_ms} ms: neither may be negative")
    fast = encode_fast(record)
    if fast is not None:
        return fast
    body = encode_slowly(record)
    if not comes_back(body, record):
        raise NotAllowed(f"a {record.kind} does not survive being written down: a field has a wrong type")
    return body


def decode_record(body: bytes) -> FactRecord:
    """The inverse; Malformed unless the bytes are exactly those of the fact that they tell."""
    return decode(body, RECORDS)


def comes_back(body: bytes, record: FactRecord) -> bool:
    """What is stored can be read again: msgspec checks the types of fields only when it decodes."""
    try:
        return decode_record(body) == record
    except Malformed:
        return False


def effect_bytes(effect: Effect) -> bytes:
    """An effect, written by the same rules; effects are not part of the ledger."""
    return encode(effect)


def decode_effect(body: bytes) -> Effect:
    """The inverse; Malformed as for facts."""
    return decode(body, EFFECTS)


def canonical_json(value: Json) -> bytes:
    """RFC 8785 over integers, text, booleans, null, arrays and objects; NotAllowed for anything else."""
    pieces: list[str] = []
    try:
        write(value, pieces)
        return "".join(pieces).encode()
    except UnicodeEncodeError:
        raise NotAllowed("a text holds half of a surrogate pair, which is no character") from None


def write(value: Json, pieces: list[str]) -> None:
    match value:
        case None:
            pieces.append("null")
        case bool():
            pieces.append("true" if value else "false")
        case int():
            pieces.append(integer(value))
        case str():
            pieces.append(string(value))
        case list() | tuple():
            write_array(value, pieces)
        case dict():
            write_object(value, pieces)
        case _:
            raise NotAllowed(f"a fact cannot hold {value!r}, a {type(value).__name__}")


def integer(value: int) -> str:
    if abs(value) > INTEGER_MAX:
        raise NotAllowed(f"a fact cannot hold {value}: integers stay below 2**53 in magnitude")
    return str(int(value))


def string(value: str) -> str:
    return f'"{MUST_ESCAPE.sub(escape, value)}"'


def escape(match: re.Match[str]) -> str:
    character = match.group()
    return SHORT_ESCAPES.get(character) or f"\\u{ord(character):04x}"


def write_array(values: Sequence[Json], pieces: list[str]) -> None:
    pieces.append("[")
    for at, value in enumerate(values):
        if at:
            pieces.append(",")
        write(value, pieces)
    pieces.append("]")


def write_object(members: Mapping[str, Json], pieces: list[str]) -> None:
    """RFC 8785 section 3.2.3 sorts keys by their UTF-16 code units, not by their code points."""
    pieces.append("{")
    for at, key in enumerate(sorted(members, key=lambda key: key.encode("utf-16-be"))):
        if at:
            pieces.append(",")
        pieces.append(string(key))
        pieces.append(":")
        write(members[key], pieces)
    pieces.append("}")


def encode(value: FactRecord | Effect) -> bytes:
    """The fast way where the result is proved to be the same bytes; else, and to say what is wrong, ours."""
    body = encode_fast(value)
    return encode_slowly(value) if body is None else body


def encode_fast(value: FactRecord | Effect) -> bytes | None:
    """By msgspec's writer, many times faster than ours. None unless the bytes are plain ASCII, short enough,
    and give back the very value, so that no field has a wrong type; see `written_alike` for the rest."""
    try:
        body = msgspec.json.encode(value, order="sorted")
        if len(body) > FACT_BYTES_MAX or not body.isascii() or has_long_integer(body):
            return None
        decoder: msgspec.json.Decoder[Any] = RECORDS if isinstance(value, FactRecord) else EFFECTS
        again = decoder.decode(body)
    except (TypeError, ValueError, msgspec.MsgspecError, RecursionError):
        return None
    return body if again == value and msgspec.json.encode(again, order="sorted") == body else None


def encode_slowly(value: FactRecord | Effect) -> bytes:
    try:
        plain = msgspec.to_builtins(value)
    except TypeError as refusal:
        raise NotAllowed(f"a fact cannot hold this: {refusal}") from None
    body = canonical_json(plain)
    if len(body) > FACT_BYTES_MAX:
        raise NotAllowed(f"a fact of {len(body)} bytes is longer than {FACT_BYTES_MAX}")
    if not body.isascii():
        check_normal_form(plain)
    return body


def check_normal_form(value: Json) -> None:
    """Text is in normal form C, so that what looks the same is the same bytes.

    This is asked of whoever records, never of whoever verifies: tables of characters grow, and a ledger
    must not fail in a later year for that.
    """
    match value:
        case str():
            if not unicodedata.is_normalized("NFC", value):
                raise NotAllowed(f"{value!r} is not in Unicode normal form C; normalise it where it comes in")
        case list() | tuple():
            for item in value:
                check_normal_form(item)
        case dict():
            for item in value.values():
                check_normal_form(item)


def decode(body: bytes, decoder: msgspec.json.Decoder[Value]) -> Value:
    if len(body) > FACT_BYTES_MAX:
        raise Malformed("fact too long", FACT_BYTES_MAX)
    try:
        value = decoder.decode(body)
        if written_alike(value, body):
            return value
        again = canonical_json(msgspec.to_builtins(value))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, NotAllowed):
        raise Malformed("not a fact that this program knows", 0) from None
    if again != body:
        raise Malformed("not canonical", first_difference(again, body))
    return value


def written_alike(value: object, body: bytes) -> bool:
    """Whether msgspec's writer, many times faster than ours, makes the same bytes.

    Then they are canonical, since it departs from RFC 8785 only in the order of keys beyond ASCII, which
    no fact has, and in allowing longer integers, which the digits betray. Should it ever depart further,
    our own writer still decides.
    """
    return msgspec.json.encode(value, order="sorted") == body and not has_long_integer(body)


def has_long_integer(body: bytes) -> bool:
    """Also for some digits that are part of a text; then the slow way decides."""
    return SIXTEEN_DIGITS in body.translate(DIGITS_ALIKE) and LONG_INTEGER.search(body) is not None


def first_difference(one: bytes, other: bytes) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (left, right) in pairs if left != right), min(len(one), len(other)))
