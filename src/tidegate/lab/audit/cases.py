"""What happens to the lab's country: as the audit is asked about it, and as it is really made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tidegate.app.audit.lab import LAB_CASES
from tidegate.lab.audit.country import ORGANISATIONS, SIGIL
from tidegate.lab.audit.world import World
from tidegate.model.audit_events import (
    CutOff,
    Event,
    ExpireName,
    LoseCountry,
    Stop,
    StopAuthority,
    WhatIf,
    WithdrawProvider,
)

Make = Callable[[World], None]


@dataclass(frozen=True, slots=True)
class Case:
    """`make` is what `events` say, done to a world."""

    name: str
    title: str
    events: tuple[Event, ...]
    make: Make

    @property
    def what_if(self) -> WhatIf:
        return WhatIf(self.title, self.events)


def _held_in(country: str) -> list[str]:
    return [one.key for one in ORGANISATIONS if one.country == country]


def _parted(country: str) -> Make:
    """Nothing passes between it and the rest of the world."""
    abroad = [one.key for one in ORGANISATIONS if one.country != country]
    return lambda world: world.part(_held_in(country), abroad)


def _withdrawn(*keys: str) -> Make:
    return lambda world: world.part(_held_in("XA"), keys)


def _nothing(world: World) -> None:
    """Time passes."""


def _together(world: World) -> None:
    _withdrawn("stratus")(world)
    world.stop_authority(SIGIL)
    world.names.stop("scrivener")
    world.names.expire("depot.xa")


_STRATUS = WithdrawProvider(provider="Stratus Names")
_SIGIL = StopAuthority(authority="Sigil Certificates")
_PRIMARY = Stop(thing="primary.scrivener.xb")
_DEPOT = ExpireName(zone="depot.xa")

_MADE: Final[Mapping[str, tuple[tuple[Event, ...], Make]]] = {
    "nothing": ((), _nothing),
    "names": ((_STRATUS,), _withdrawn("stratus")),
    "delivery": ((WithdrawProvider(provider="Cumulus Delivery"),), _withdrawn("cumulus")),
    "login": ((WithdrawProvider(provider="Keyhole Login"),), _withdrawn("keyhole")),
    "mail": ((WithdrawProvider(provider="Postern Mail"),), _withdrawn("postern")),
    "authority": ((_SIGIL,), lambda world: world.stop_authority(SIGIL)),
    "primary": ((_PRIMARY,), lambda world: world.names.stop("scrivener")),
    "name": ((_DEPOT,), lambda world: world.names.expire("depot.xa")),
    "country": ((LoseCountry(country="XB"),), _parted("XB")),
    "cut": ((CutOff(country="XA"),), _parted("XA")),
    "together": ((_STRATUS, _SIGIL, _PRIMARY, _DEPOT), _together),
}

CASES: Final = {name: Case(name, title, *_MADE[name]) for name, title in LAB_CASES.items()}
