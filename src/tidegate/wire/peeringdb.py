"""A dump of PeeringDB: which networks are at which exchange and in which building, and networks' names.

Source: https://publicdata.caida.org/datasets/peeringdb/ (peeringdb_2_dump_*.json), the answers of PeeringDB's
API under the names of their objects. Members may peer there unseen: the world takes that for an upper bound.
"""

from collections.abc import Iterable
from typing import Generic, TypeVar

import msgspec

from tidegate.model.topology import Members, WrongLine

T = TypeVar("T")
M = TypeVar("M", "_AtExchange", "_InBuilding")


class _Table(msgspec.Struct, Generic[T]):
    data: list[T] = []


class _Net(msgspec.Struct):
    id: int
    asn: int
    name: str = ""


class _Named(msgspec.Struct):
    id: int
    name: str = ""


class _AtExchange(msgspec.Struct):
    ix_id: int
    asn: int
    status: str = "ok"


class _InBuilding(msgspec.Struct):
    fac_id: int
    net_id: int
    status: str = "ok"


class _Dump(msgspec.Struct):
    net: _Table[_Net]
    ix: _Table[_Named]
    netixlan: _Table[_AtExchange]
    fac: _Table[_Named]
    netfac: _Table[_InBuilding]


class Meetings(msgspec.Struct, frozen=True):
    """Where networks meet; sets in order of their names, of those with two members at least."""

    exchanges: tuple[Members, ...] = ()
    buildings: tuple[Members, ...] = ()
    names: tuple[tuple[int, str], ...] = ()


def decode_peeringdb(data: bytes, file: str) -> Meetings:
    """The whole dump, or WrongLine that says which of its parts is not as it should be.

    Who has left a place (status "deleted") is not there.
    """
    if data.startswith(b"{'"):
        raise WrongLine(
            "written as Python instead of JSON, as dumps of some days are: take another's", file, 1
        )
    try:
        dump = msgspec.json.decode(data, type=_Dump)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        line = data.count(b"\n") + 1 if not isinstance(error, msgspec.ValidationError) else 1
        raise WrongLine(f"not a PeeringDB dump: {error}", file, line) from error
    number_of = {net.id: net.asn for net in dump.net.data}
    inside = [(one.fac_id, number_of[one.net_id]) for one in _there(dump.netfac) if one.net_id in number_of]
    return Meetings(
        _sets(dump.ix.data, ((one.ix_id, one.asn) for one in _there(dump.netixlan))),
        _sets(dump.fac.data, inside),
        tuple(sorted((net.asn, net.name) for net in dump.net.data if net.name)),
    )


def _there(table: _Table[M]) -> list[M]:
    return [one for one in table.data if one.status != "deleted"]


def _sets(named: list[_Named], pairs: Iterable[tuple[int, int]]) -> tuple[Members, ...]:
    """Members by name; of two places with one name, the second is told apart by its number."""
    found: dict[int, set[int]] = {one.id: set() for one in named}
    for place, number in pairs:
        if place in found:
            found[place].add(number)
    seen: set[str] = set()
    sets = []
    for one in sorted(named, key=lambda one: (one.name, one.id)):
        name = one.name if one.name and one.name not in seen else f"{one.name or 'unnamed'} #{one.id}"
        seen.add(name)
        if len(found[one.id]) > 1:
            sets.append(Members(name, tuple(sorted(found[one.id]))))
    return tuple(sets)
