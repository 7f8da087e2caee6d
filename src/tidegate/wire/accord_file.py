"""The files of accords and of meetings under them: TOML that people read and sign, to values.

What the parties sign is these bytes and no rendering of them; the SHA-256 is the identity of an accord.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, TypeVar, get_args

import msgspec

from tidegate.model.accords import ACCORD_BYTES_MAX, Accord
from tidegate.model.minutes import MINUTES_BYTES_MAX, Minutes
from tidegate.model.organisations import Digest
from tidegate.model.refusals import NotAllowed
from tidegate.model.texts import is_hidden, texts_in

Written = TypeVar("Written")

PLACE = re.compile(r"\.([a-z-]+)")
SPELT = "\n\u200c\u200d"
"""Line ends, and the two joiners without which Persian and Arabic words are misspelt."""


def accord_digest(written: bytes) -> Digest:
    """The identity of an accord: the SHA-256 of its file, in hex."""
    return sha256(written).hexdigest()


def decode_accord(written: bytes) -> Accord:
    """The accord that a file holds.

    NotAllowed with the place in the file and the way out: not UTF-8, no TOML, an unknown key (the nearest
    known one is named), a value of another kind, characters that hide or turn the text about, too long.
    """
    return decode_written(written, Accord, ACCORD_BYTES_MAX)


def decode_minutes(written: bytes) -> Minutes:
    """The minutes that a file holds. NotAllowed as above."""
    return decode_written(written, Minutes, MINUTES_BYTES_MAX)


def decode_written(written: bytes, kind: type[Written], bytes_max: int) -> Written:
    if len(written) > bytes_max:
        raise NotAllowed(f"the file has {len(written)} bytes; it may have at most {bytes_max}")
    try:
        tables = tomllib.loads(written.decode())
    except UnicodeDecodeError as error:
        raise NotAllowed(f"byte {error.start} is no UTF-8; save the file as UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise NotAllowed(f"no TOML: {error}") from None
    hidden = next(
        (one for text in texts_in(tables) for one in text if is_hidden(one) and one not in SPELT), None
    )
    if hidden is not None:
        raise NotAllowed(f"the file holds U+{ord(hidden):04X}, which a reader does not see; take it out")
    try:
        return msgspec.convert(tables, kind)
    except msgspec.ValidationError as error:
        raise NotAllowed(f"{error}{suggestion(str(error), kind)}") from None


def suggestion(told: str, whole: type) -> str:
    """The nearest known key, where the mistake is an unknown one: msgspec says where as `$.party[0].name`."""
    if "unknown field" not in told:
        return ""
    wrong, *place = told.split("`")[1::2]
    known: list[Any] = [whole]
    for key in PLACE.findall(place[0]) if place else ():
        known = [field.type for kind in known for field in fields_of(kind) if field.encode_name == key]
    keys = sorted({field.encode_name for kind in known for field in fields_of(kind)})
    near = difflib.get_close_matches(wrong, keys, n=1, cutoff=0.0)
    return f"; the nearest known key is {near[0]}" if near else ""


def fields_of(kind: Any) -> Iterator[msgspec.structs.FieldInfo]:
    """The fields of a struct, of each struct of a union, or of the rows of a table."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from msgspec.structs.fields(kind)
    for inner in get_args(kind):
        yield from fields_of(inner)
