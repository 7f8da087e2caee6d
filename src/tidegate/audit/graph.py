"""The graph of an audit: a thing needs all of its groups, and a group any one of its members."""

from array import array
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from tidegate.kernels.dependencies import circles
from tidegate.model.audits import Effect
from tidegate.model.refusals import Full
from tidegate.model.topology import Bytes, Ints, Rows

Times = npt.NDArray[np.int32]

THINGS_MAX = 1 << 23
"""Things of one graph; an audit that makes more is refused."""

MEMBERS_MAX = 1 << 25
"""Members of all groups of one graph; an audit that makes more is refused."""

ROOT = "."
"""The name of the root zone."""

LASTS_S_MAX = 1 << 30
"""Seconds that a need goes on: 34 years; longer ones (absurd lifetimes) are taken for this."""


class Kind(IntEnum):
    """What a thing is; its word begins the thing's name in every answer."""

    SERVICE = 0
    LAYER = 1
    NAME = 2
    ZONE = 3
    SERVER = 4
    HOST = 5
    USE = 6
    CERTIFICATE = 7
    AUTHORITY = 8
    ADDRESS = 9
    NETWORK = 10
    PROVIDER = 11
    PLACE = 12
    LAW = 13
    MAIL = 14
    THING = 15
    UNKNOWN = 16
    UNKNOWN_HOLDER = 17
    UNKNOWN_PLACE = 18
    UNKNOWN_LAW = 19
    BROKEN = 20
    DELEGATION = 21
    ENDING = 22

    @property
    def word(self) -> str:
        return _WORDS.get(self, self.name.lower())


_WORDS = {
    Kind.USE: "use of",
    Kind.HOST: "host",
    Kind.SERVER: "name server",
    Kind.PLACE: "country",
    Kind.LAW: "law of",
    Kind.DELEGATION: "delegation of",
    Kind.UNKNOWN: "not seen:",
    Kind.UNKNOWN_HOLDER: "not seen:",
    Kind.UNKNOWN_PLACE: "not seen:",
    Kind.UNKNOWN_LAW: "not seen:",
    Kind.BROKEN: "broken:",
    Kind.ENDING: "no longer:",
}

UNSEEN = (Kind.UNKNOWN, Kind.UNKNOWN_HOLDER, Kind.UNKNOWN_PLACE, Kind.UNKNOWN_LAW)
"""What was not seen. The last three only fall by what happens to holders, to places and to laws."""


class Nature(IntEnum):
    """Why a thing needs a group: what the time until it fails comes from."""

    STANDS_ON = 0
    LOOKED_UP = 1
    ALIAS = 2
    DELEGATED = 3
    SERVED = 4
    REFRESHED = 5
    SIGNED = 6
    NAMED = 7
    ADDRESSED = 8
    ROUTED = 9
    RUN_BY = 10
    PLACED = 11
    UNDER_LAW = 12
    OWNED = 13
    CERTIFIED = 14
    RENEWED = 15
    STAPLED = 16
    TRUSTED = 17
    PART = 18
    MAIL = 19
    DECLARED = 20


EFFECTS: tuple[Effect, ...] = ("critical", "degrading", "cosmetic")
_PLACE = {effect: at for at, effect in enumerate(EFFECTS)}


@dataclass(frozen=True, slots=True)
class Graph:
    """Columns, as in tidegate.kernels.dependencies. `holds_s` is for everybody; `caches_s` adds what those
    have who asked before; until `until_s` (seconds since 1970, 0 for none) a group holds in any case.

    `circle`, `order` and `circle_start` are the order in which things are settled.
    """

    names: tuple[str, ...]
    kind: Bytes
    group_start: Ints
    member_start: Ints
    member: Rows
    effect: Bytes
    nature: Bytes
    holds_s: Times
    caches_s: Times
    until_s: Ints
    circle: Rows
    order: Rows
    circle_start: Ints

    def __len__(self) -> int:
        return len(self.names)

    def title(self, row: int) -> str:
        """As "name server ns1.example"."""
        return f"{Kind(int(self.kind[row])).word} {self.names[row]}"

    @property
    def circles(self) -> tuple[Rows, Rows, Ints]:
        """As the kernels take them."""
        return self.circle, self.order, self.circle_start

    def rows(self, kind: Kind) -> Rows:
        return np.flatnonzero(self.kind == kind).astype(np.int32)

    def groups(self, row: int) -> range:
        """The groups that a thing needs."""
        return range(int(self.group_start[row]), int(self.group_start[row + 1]))

    def members(self, group: int) -> Rows:
        return self.member[self.member_start[group] : self.member_start[group + 1]]


def _bounded(lasts_s: int) -> int:
    return min(max(lasts_s, 0), LASTS_S_MAX)


class Growing:
    """A graph in the making: things by kind and name, groups in the order in which they are told."""

    def __init__(self) -> None:
        self._row: dict[tuple[Kind, str], int] = {}
        self._owner, self._first = array("i"), array("q", [0])
        self._member = array("i")
        self._effect, self._nature = array("b"), array("b")
        self._holds, self._caches, self._until = array("i"), array("i"), array("q")

    def thing(self, kind: Kind, name: str) -> tuple[int, bool]:
        """Its row, and whether it is new."""
        before = len(self._row)
        row = self._row.setdefault((kind, name), before)
        if row >= THINGS_MAX:
            raise Full("things of an audit", THINGS_MAX)
        return row, row == before

    def needs(
        self,
        of: int,
        members: Collection[int],
        nature: Nature,
        *,
        effect: Effect = "critical",
        holds_s: int = 0,
        caches_s: int = 0,
        until_s: int = 0,
    ) -> None:
        """`of` needs any one of `members`; none at all means that it cannot work."""
        self._member.extend(members if len(members) == 1 else sorted(set(members)))
        end = len(self._member)
        if end > MEMBERS_MAX:
            raise Full("dependencies of an audit", MEMBERS_MAX)
        self._owner.append(of)
        self._first.append(end)
        self._effect.append(_PLACE[effect])
        self._nature.append(nature)
        self._holds.append(_bounded(holds_s) if holds_s else 0)
        self._caches.append(_bounded(caches_s) if caches_s else 0)
        self._until.append(max(until_s, 0) if until_s else 0)

    def needs_each(self, of: int, members: Rows, effects: Rows, nature: Nature, *, caches_s: int = 0) -> None:
        """`of` needs each of `members` by itself, with its effect (a place in EFFECTS): the same as `needs`
        of one after the other, for pages that use hundreds of hosts.
        """
        count, before = len(members), len(self._member)
        self._member.frombytes(members.astype(np.int32).tobytes())
        if len(self._member) > MEMBERS_MAX:
            raise Full("dependencies of an audit", MEMBERS_MAX)
        self._owner.frombytes(np.full(count, of, np.int32).tobytes())
        self._first.extend(range(before + 1, before + count + 1))
        self._effect.frombytes(effects.astype(np.int8).tobytes())
        self._nature.frombytes(bytes([nature]) * count)
        self._caches.frombytes(np.full(count, _bounded(caches_s), np.int32).tobytes())
        for column in (self._holds, self._until):
            column.frombytes(bytes(column.itemsize * count))

    def grown(self) -> Graph:
        """The graph of all that was told, with its order."""
        owner = np.frombuffer(self._owner, np.int32) if self._owner else np.zeros(0, np.int32)
        first = np.frombuffer(self._first, np.int64)
        members = np.frombuffer(self._member, np.int32) if self._member else np.zeros(0, np.int32)
        by_owner = np.argsort(owner, kind="stable")
        sizes = np.diff(first)[by_owner]
        member_start = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
        took = np.repeat(first[:-1][by_owner] - member_start[:-1], sizes) + np.arange(len(members))
        member = members[took].astype(np.int32)
        counts = np.bincount(owner, minlength=len(self._row))
        group_start = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
        circle, order, circle_start = circles(group_start, member_start, member)
        return Graph(
            names=tuple(name for _, name in self._row),
            kind=np.fromiter((kind for kind, _ in self._row), np.int8, len(self._row)),
            group_start=group_start,
            member_start=member_start,
            member=member,
            effect=np.array(self._effect, np.int8)[by_owner],
            nature=np.array(self._nature, np.int8)[by_owner],
            holds_s=np.array(self._holds, np.int32)[by_owner],
            caches_s=np.array(self._caches, np.int32)[by_owner],
            until_s=np.array(self._until, np.int64)[by_owner],
            circle=circle,
            order=order,
            circle_start=circle_start,
        )
