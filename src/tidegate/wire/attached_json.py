"""JSON that strangers attached: read whole within bounds, or refused; no key stands there twice."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from tidegate.model.attachments import Finding
from tidegate.model.refusals import Malformed
from tidegate.model.texts import plainly

ATTACHED_BYTES_MAX = 1 << 20
"""Bytes of one file, as much as a whole message may have; a longer one is Malformed. That is at most half a
million values, some tens of megabytes for a moment."""
DEPTH_MAX = 64
"""Objects and arrays within each other; what is nested deeper is Malformed, before anything is read."""
FINDINGS_MAX = 60
"""Lines told of one file; the rest are counted."""
TOLD_CHARACTERS_MAX = 240
"""Characters of one text of the file that are told."""

STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
NOT_BRACKETS = bytes(octet for octet in range(256) if octet not in b"[]{}")

Wanted = TypeVar("Wanted")


def read_object(body: bytes) -> dict[str, Any]:
    """The object that these bytes are. Malformed where they are none, or pass a bound."""
    if len(body) > ATTACHED_BYTES_MAX:
        raise Malformed("attachment too long", ATTACHED_BYTES_MAX)
    _check_depth(body)
    try:
        value = json.loads(
            body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_number, parse_float=str
        )
    except (ValueError, RecursionError) as refusal:
        raise Malformed("attachment is not JSON", getattr(refusal, "pos", 0)) from None
    if not isinstance(value, dict):
        raise Malformed("attachment is not a JSON object", 0)
    return value


def wanted(kind: type[Wanted], value: object) -> Wanted:
    """The parts of the file that are shown, with their types; Malformed where one has another type."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        raise Malformed("attachment has a field of a wrong type", 0) from None


def told(text: str) -> str:
    """A text of the file, in one line, cut, with nothing in it that a screen obeys."""
    one_line = plainly(text.replace("\n", " ")).strip()
    cut = one_line[:TOLD_CHARACTERS_MAX]
    return cut if cut == one_line else f"{cut}..."


def counts(names: Iterable[str]) -> Finding:
    """How many of each there are, those named first at first."""
    found: dict[str, int] = {}
    for name in names:
        found[name] = found.get(name, 0) + 1
    return Finding("objects", told(", ".join(f"{name} {count}" for name, count in found.items())))


def bounded(findings: Iterable[Finding]) -> tuple[tuple[Finding, ...], int]:
    """The first of them, and how many are left out."""
    told_of = list(findings)
    return tuple(told_of[:FINDINGS_MAX]), max(0, len(told_of) - FINDINGS_MAX)


def _check_depth(body: bytes) -> None:
    depth = 0
    for bracket in STRING.sub(b"", body).translate(None, NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEPTH_MAX:
            raise Malformed("attachment is nested too deep", 0)


def _object(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("attachment has a key twice", 0)
    return members


def _no_number(name: str) -> None:
    raise Malformed("attachment has a number that is none", 0)
