"""A world as columns: networks, links with their relationship, countries with people, meeting places.

A network is named by its AS number; inside a world it is a row, and rows stand in the order of AS numbers.
All arrays of one value have one length unless a text says otherwise, and nobody changes them.
"""

from dataclasses import dataclass
from enum import IntEnum

import msgspec
import numpy as np
import numpy.typing as npt

from tidegate.model.refusals import Malformed

Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.int8]
Numbers = npt.NDArray[np.uint32]
Flags = npt.NDArray[np.bool_]

NETWORKS_MAX = 1 << 20
"""Networks of one world: twelve times today's Internet. A larger one is refused when it is put together."""

LINKS_MAX = 1 << 24
"""Links of one world: thirty times today's. A larger one is refused when it is put together."""

COUNTRIES_MAX = 1 << 10
"""Country codes of one world (26 x 26 exist); the matrix of countries is the square. More are refused."""

PEOPLE_MAX = 3_000_000_000
"""People of one country, so that pairs of people between two countries fit 63 bits. More are refused."""

NOWHERE = "ZZ"
"""The code of networks whose country is not known (user-assigned in ISO 3166)."""


class Relation(IntEnum):
    """Between the first and the second end of a link, as CAIDA numbers them; SIBLING only in tables."""

    PROVIDER = -1
    PEER = 0
    SIBLING = 2


class Evidence(IntEnum):
    """Why a network counts to a country; different things that are often mixed up. Higher numbers win."""

    UNKNOWN = 0
    REGISTRATION = 1
    PRESENCE = 2
    OPERATION = 3
    OVERRIDE = 4
    INVENTED = 5


class LinkOrigin(IntEnum):
    """Who says that a link exists."""

    OBSERVED = 0
    PRIVATE = 1
    INVENTED = 2
    SCENARIO = 3


class WrongLine(Malformed):
    """A file of a user is not what it should be: `reason`, in which file, in which line (from 1)."""

    def __init__(self, reason: str, file: str, line: int) -> None:
        super().__init__(reason, line)
        self.file = file
        self.line = line

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class LinkTable:
    """Links as one source tells them, by AS number; `exchanges` are AS numbers of exchange route servers."""

    first: Numbers
    second: Numbers
    relation: Bytes
    origin: LinkOrigin
    exchanges: Numbers


class Place(msgspec.Struct, frozen=True):
    """One source's word on where a network is, and who holds it ("" where the source does not say)."""

    number: int
    country: str
    evidence: Evidence
    organisation: str = ""
    name: str = ""


class People(msgspec.Struct, frozen=True):
    """Users of one network in one country; of the whole country where `number` is 0."""

    number: int
    country: str
    low: int
    estimate: int
    high: int


class Members(msgspec.Struct, frozen=True):
    """The networks at one exchange or in one building; members may peer there without being seen."""

    name: str
    numbers: tuple[int, ...]


class Cable(msgspec.Struct, frozen=True):
    """A named set of links that fail together, each as a pair of AS numbers."""

    name: str
    links: tuple[tuple[int, int], ...]


class Source(msgspec.Struct, frozen=True):
    """Where a part of a world is from: its role, its file or generator, SHA-256 of the bytes, its terms."""

    role: str
    name: str
    digest: str
    terms: str = ""


class Note(msgspec.Struct, frozen=True):
    """What was met while a world was put together, how often, and the rule that decided it."""

    what: str
    count: int
    rule: str


@dataclass(frozen=True, slots=True)
class Links:
    """Rows of networks; `relation` is PROVIDER (the first carries the second) or PEER."""

    first: Rows
    second: Rows
    relation: Bytes
    origin: Bytes

    def __len__(self) -> int:
        return len(self.first)


@dataclass(frozen=True, slots=True)
class Places:
    """A network in a country, with its users there; a network in two countries has two rows.

    Sorted by network; the first row of a network is its main country. Every network has one.
    """

    network: Rows
    country: Rows
    evidence: Bytes
    low: Ints
    people: Ints
    high: Ints


@dataclass(frozen=True, slots=True)
class Groups:
    """Named sets: the members of set i are member[start[i]:start[i + 1]]."""

    names: tuple[str, ...]
    start: Ints
    member: Rows

    def of(self, index: int) -> Rows:
        return self.member[self.start[index] : self.start[index + 1]]


@dataclass(frozen=True, slots=True)
class World:
    """Everything a rehearsal knows. Members of exchanges, buildings and organisations are networks'
    rows; members of cables are links' rows.
    """

    numbers: Numbers
    names: tuple[str, ...]
    links: Links
    countries: tuple[str, ...]
    places: Places
    exchanges: Groups
    buildings: Groups
    organisations: Groups
    cables: Groups
    sources: tuple[Source, ...]
    notes: tuple[Note, ...]

    def __len__(self) -> int:
        return len(self.numbers)
