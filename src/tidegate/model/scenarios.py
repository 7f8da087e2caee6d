"""What-ifs: named lists of changes to a world, made one after the other in the order they stand."""

from typing import Literal

import msgspec

CHANGES_MAX = 1_000
"""Changes of one scenario; a longer one is refused."""


class _Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """One change; its kind is its name in a scenario file."""


class CutCountry(_Change, frozen=True, tag="cut_country"):
    """All links between a country and the rest of the world are lost."""

    country: str


class CutBetween(_Change, frozen=True, tag="cut_between"):
    """All links between two groups of countries are lost; each group keeps its links to all others."""

    first: tuple[str, ...]
    second: tuple[str, ...]


class RemoveNetworks(_Change, frozen=True, tag="remove_networks"):
    """Networks go dark, with everybody in them."""

    networks: tuple[int, ...]


class RemoveOrganisation(_Change, frozen=True, tag="remove_organisation"):
    """All networks of one holder go dark."""

    organisation: str


class Withdraw(_Change, frozen=True, tag="withdraw"):
    """A carrier serves its customers in a country no longer; its peerings there stay."""

    network: int
    country: str


class FailCable(_Change, frozen=True, tag="fail_cable"):
    """All links of a named set are lost."""

    cable: str


class FailExchange(_Change, frozen=True, tag="fail_exchange"):
    """Nobody meets at an exchange or in a building any more."""

    exchange: str


class Alliance(_Change, frozen=True, tag="alliance"):
    """Only links inside a set of countries are left."""

    countries: tuple[str, ...]


class NewLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`relation` "provider": the first network carries the second."""

    first: int
    second: int
    relation: Literal["peer", "provider"] = "peer"


class AddLinks(_Change, frozen=True, tag="add_links"):
    """New links. What stands later in the scenario may cut them again."""

    links: tuple[NewLink, ...]


class Throttle(_Change, frozen=True, tag="throttle"):
    """A border point carries no more than this; 0 where it is lost."""

    border_point: str
    capacity_bits_per_s: int


Change = (
    CutCountry
    | CutBetween
    | RemoveNetworks
    | RemoveOrganisation
    | Withdraw
    | FailCable
    | FailExchange
    | Alliance
    | AddLinks
    | Throttle
)


class Border(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A border point of the scenario: the networks that lead to it, and what it carries."""

    name: str
    capacity_bits_per_s: int
    networks: tuple[int, ...]


class Demand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a network wants to send and receive over the border, together."""

    network: int
    bits_per_s: int


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A named what-if; `focus` are the countries whose losses are told (else those that it names)."""

    name: str
    change: tuple[Change, ...] = ()
    focus: tuple[str, ...] = ()
    border_point: tuple[Border, ...] = ()
    demand: tuple[Demand, ...] = ()
