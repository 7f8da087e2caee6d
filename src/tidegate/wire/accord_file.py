"""An accord's file: TOML bytes that people read and sign, to a value that a machine can check.

What the parties sign is these bytes and no rendering of them; their SHA-256 is the accord's identity.
"""

import difflib
import tomllib
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, get_args, get_origin

import msgspec

from tidegate.model.accords import ACCORD_BYTES_MAX, Accord
from tidegate.model.organisations import Digest
from tidegate.model.refusals import NotAllowed
from tidegate.model.texts import hidden_in


def accord_digest(written: bytes) -> Digest:
    """The identity of an accord: the SHA-256 of its file, in hex."""
    return sha256(written).hexdigest()


def decode_accord(written: bytes) -> Accord:
    """The accord that a file holds.

    NotAllowed with the place in the file and the way out: not UTF-8, no TOML, an unknown key (the nearest
    known one is named), a value of another kind, characters that hide or turn the text about, too long.
    """
    if len(written) > ACCORD_BYTES_MAX:
        raise NotAllowed(f"the file has {len(written)} bytes; an accord has at most {ACCORD_BYTES_MAX}")
    try:
        tables = tomllib.loads(written.decode())
    except UnicodeDecodeError as error:
        raise NotAllowed(f"byte {error.start} is no UTF-8; save the file as UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise NotAllowed(f"no TOML: {error}") from None
    hidden = hidden_in(tables)
    if hidden is not None:
        raise NotAllowed(f"the file holds U+{ord(hidden):04X}, which a reader does not see; take it out")
    try:
        return msgspec.convert(tables, Accord)
    except msgspec.ValidationError as error:
        raise NotAllowed(f"{error}{suggestion(str(error), tables)}") from None


def suggestion(told: str, tables: Mapping[str, Any]) -> str:
    """The nearest known key, where the mistake is an unknown one."""
    if "unknown field" not in told:
        return ""
    wrong = told.split("`")[1]
    near = difflib.get_close_matches(wrong, sorted(known_keys(Accord)), n=1, cutoff=0.0)
    return f"; the nearest known key is {near[0]}"


def known_keys(kind: Any) -> set[str]:
    """Every key of a struct and of those within it, as the file writes them."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fields = msgspec.structs.fields(kind)
        within = set().union(*(known_keys(field.type) for field in fields))
        return {field.encode_name for field in fields} | within
    return set().union(*map(known_keys, get_args(kind))) if get_origin(kind) else set()
