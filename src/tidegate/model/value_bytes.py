"""Canonical bytes of any frozen value, and strictly back: what the hotline signs, seals and stores.

The same bytes as `tidegate.model.canonical.canonical_json` makes; byte strings are standard base64.
"""

from hashlib import sha256
from typing import TypeVar

import msgspec

from tidegate.model.canonical import canonical_json, first_difference, has_long_integer, written_alike
from tidegate.model.organisations import Digest
from tidegate.model.refusals import Malformed, NotAllowed

Value = TypeVar("Value")


def bytes_of(value: msgspec.Struct) -> bytes:
    """The one byte string of this value. NotAllowed where it holds a float or half a surrogate pair."""
    body = msgspec.json.encode(value, order="sorted")
    if body.isascii() and not has_long_integer(body):
        return body
    return canonical_json(msgspec.to_builtins(value))


def value_from(kind: type[Value], body: bytes, bytes_max: int) -> Value:
    """The inverse; Malformed unless these are exactly the bytes of such a value, at most `bytes_max`."""
    if len(body) > bytes_max:
        raise Malformed("too long", bytes_max)
    try:
        value = msgspec.json.decode(body, type=kind)
        if written_alike(value, body):
            return value
        again = canonical_json(msgspec.to_builtins(value))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, NotAllowed):
        raise Malformed("makes no sense", 0) from None
    if again != body:
        raise Malformed("not canonical", first_difference(again, body))
    return value


def digest_of(body: bytes) -> Digest:
    return sha256(body).hexdigest()
