"""A world as bytes and back: a line of JSON that names the arrays, then the arrays one behind the other.

The same world has always the same bytes. What is read is checked whole, so that no array of a damaged file
leads a kernel out of another.
"""

import hashlib
from typing import Any

import msgspec
import numpy as np

from tidegate.model.refusals import Malformed
from tidegate.model.topology import Groups, Links, Note, Places, Relation, Source, World

MAGIC = b"tidegate world 1\n"

HEAD_BYTES_MAX = 1 << 28
"""Longest JSON line of a world file (names of networks and organisations); a longer one is refused."""


class _Array(msgspec.Struct, frozen=True):
    name: str
    kind: str
    length: int


class _Head(msgspec.Struct, frozen=True):
    arrays: list[_Array]
    names: list[str]
    countries: list[str]
    groups: dict[str, list[str]]
    sources: list[Source]
    notes: list[Note]
    digest: str


_KINDS = {
    "numbers": "<u4",
    "links.first": "<i4",
    "links.second": "<i4",
    "links.relation": "|i1",
    "links.origin": "|i1",
    "places.network": "<i4",
    "places.country": "<i4",
    "places.evidence": "|i1",
    "places.low": "<i8",
    "places.people": "<i8",
    "places.high": "<i8",
}
_GROUPS = ("exchanges", "buildings", "organisations", "cables")
_KINDS |= {f"{group}.start": "<i8" for group in _GROUPS} | {f"{group}.member": "<i4" for group in _GROUPS}


def encode_world(world: World) -> bytes:
    """All of a world; `decode_world` gives the same back."""
    arrays = {name: np.ascontiguousarray(_reach(world, name), kind) for name, kind in _KINDS.items()}
    body = b"".join(array.tobytes() for array in arrays.values())
    head = _Head(
        arrays=[_Array(name, _KINDS[name], len(array)) for name, array in arrays.items()],
        names=list(world.names) if any(world.names) else [],
        countries=list(world.countries),
        groups={group: list(getattr(world, group).names) for group in _GROUPS},
        sources=list(world.sources),
        notes=list(world.notes),
        digest=hashlib.sha256(body).hexdigest(),
    )
    return MAGIC + msgspec.json.encode(head) + b"\n" + body


def _reach(world: World, path: str) -> Any:
    value: Any = world
    for part in path.split("."):
        value = getattr(value, part)
    return value


def decode_world(data: bytes) -> World:
    """A world, or Malformed: not a world file, cut short, altered, or rows that lead nowhere."""
    if not data.startswith(MAGIC):
        raise Malformed("not a world file of this version", 0)
    end = data.find(b"\n", len(MAGIC), len(MAGIC) + HEAD_BYTES_MAX)
    try:
        head = msgspec.json.decode(data[len(MAGIC) : end], type=_Head)
    except msgspec.DecodeError as error:
        raise Malformed("the head of a world file is damaged", len(MAGIC)) from error
    body = memoryview(data)[end + 1 :]
    if hashlib.sha256(body).hexdigest() != head.digest:
        raise Malformed("a world file is cut short or altered", end + 1)
    arrays, at = {}, 0
    for one in head.arrays:
        if _KINDS.get(one.name) != one.kind or not 0 <= one.length <= len(body):
            raise Malformed("an unknown array in a world file", at)
        arrays[one.name] = np.frombuffer(body, one.kind, one.length, at)
        at += arrays[one.name].nbytes
    if arrays.keys() != _KINDS.keys() or at != len(body):
        raise Malformed("a world file without all its arrays", at)
    return _checked(_world(head, arrays))


def _world(head: _Head, arrays: dict[str, Any]) -> World:
    def part(prefix: str) -> dict[str, Any]:
        return {n.partition(".")[2]: array for n, array in arrays.items() if n.startswith(prefix + ".")}

    return World(
        numbers=arrays["numbers"],
        names=tuple(head.names) if head.names else ("",) * len(arrays["numbers"]),
        links=Links(**part("links")),
        countries=tuple(head.countries),
        places=Places(**part("places")),
        sources=tuple(head.sources),
        notes=tuple(head.notes),
        **{group: Groups(tuple(head.groups.get(group, ())), **part(group)) for group in _GROUPS},
    )


def _checked(world: World) -> World:
    """Every row names something that exists, and lengths agree; else Malformed."""
    networks, links, places = len(world), world.links, world.places
    sound = [
        len(world.names) == networks,
        bool((np.diff(world.numbers.astype(np.int64)) > 0).all()),
        *(len(column) == len(links.first) for column in (links.second, links.relation, links.origin)),
        _within(links.first, networks),
        _within(links.second, networks),
        bool(np.isin(links.relation, (Relation.PROVIDER, Relation.PEER)).all()),
        *(len(getattr(places, name)) == len(places.network) for name in ("country", "low", "people", "high")),
        len(places.evidence) == len(places.network),
        _within(places.network, networks),
        _within(places.country, len(world.countries)),
        bool((np.diff(places.network) >= 0).all()) and len(np.unique(places.network)) == networks,
        bool((places.low >= 0).all() and (places.people >= 0).all()),
        *(_sound_groups(getattr(world, name), networks) for name in _GROUPS[:3]),
        _sound_groups(world.cables, len(links)),
    ]
    if not all(sound):
        raise Malformed("a world file contradicts itself", len(MAGIC))
    return world


def _within(rows: "np.ndarray[Any, np.dtype[np.int32]]", count: int) -> bool:
    return not len(rows) or bool(rows.min() >= 0 and rows.max() < count)


def _sound_groups(groups: Groups, count: int) -> bool:
    start = groups.start
    return (
        len(start) == len(groups.names) + 1
        and int(start[0]) == 0
        and int(start[-1]) == len(groups.member)
        and bool((np.diff(start) >= 0).all())
        and _within(groups.member, count)
    )
