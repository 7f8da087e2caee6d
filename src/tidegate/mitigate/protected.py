"""What no rule may touch, whoever approves: protected destinations and services, as a list read from a file.

The file is TOML. A service without prefixes is protected wherever it is.

    [[destination]]
    name = "a.root-servers.net"
    prefixes = ["198.41.0.4/32", "2001:503:ba3e::2:30/128"]

    [[service]]
    name = "emergency calls"
    protocol = "udp"
    ports = [5060, 5061]
    prefixes = ["192.0.2.0/24"]
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated

import msgspec
from msgspec import Meta

from tidegate.mitigate.possible import network
from tidegate.model.refusals import NotAllowed

PROTECTED_MAX = 4096
"""Entries of one protected list; a longer file is refused whole."""

PROTOCOLS = {"tcp": 6, "udp": 17}

Port = Annotated[int, Meta(ge=0, le=65_535)]
Named = Annotated[str, Meta(min_length=1, max_length=128)]


class ProtectedDestination(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Networks that no rule may be aimed at, neither as its destination nor as its source."""

    name: Named
    prefixes: Annotated[tuple[str, ...], Meta(min_length=1)]


class ProtectedService(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ports that no rule may match, towards these networks or, without any, towards all."""

    name: Named
    protocol: str
    ports: Annotated[tuple[Port, ...], Meta(min_length=1)]
    prefixes: tuple[str, ...] = ()


class Protected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole list. NotAllowed for a prefix or a protocol that is none, and for too many entries."""

    destination: tuple[ProtectedDestination, ...] = ()
    service: tuple[ProtectedService, ...] = ()

    def __post_init__(self) -> None:
        entries: list[ProtectedDestination | ProtectedService] = [*self.destination, *self.service]
        if len(entries) > PROTECTED_MAX:
            raise NotAllowed(f"the protected list has {len(entries)} entries; {PROTECTED_MAX} are allowed")
        for entry in entries:
            for prefix in entry.prefixes:
                check_prefix(entry.name, prefix)
        for service in self.service:
            if service.protocol not in PROTOCOLS:
                raise NotAllowed(f"protected {service.name}: write tcp or udp, not {service.protocol!r}")

    def joined(self, other: "Protected") -> "Protected":
        """Both lists; an operator's own list adds to the one that comes with the program."""
        return Protected((*self.destination, *other.destination), (*self.service, *other.service))


def check_prefix(name: str, prefix: str) -> None:
    try:
        network(prefix)
    except NotAllowed as refusal:
        raise NotAllowed(f"protected {name}: {refusal.why}") from None


def protected_from(text: str) -> Protected:
    """The list that a file's text tells. NotAllowed for anything that is not as above."""
    try:
        return msgspec.convert(tomllib.loads(text), Protected)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise NotAllowed(f"the protected list cannot be read: {error}") from None


@cache
def default_protected() -> Protected:
    """The list that comes with the program: the root servers of the DNS, and nothing of any nation's own."""
    return protected_from(files("tidegate.mitigate").joinpath("protected.toml").read_text("utf-8"))
