"""Who may begin a TLS handshake: listed peers' addresses have room of their own, strangers share the rest.

A handshake costs this node a signature before it can know who calls. So connections are counted while they
are unproved, and an address that nobody listed has proved itself from only ever takes strangers' room.
"""

import ipaddress
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tidegate.model.organisations import Card

STRANGERS_MAX = 32
"""Handshakes under way with addresses that are no peer's; a further one is closed as it comes."""

KNOWN_MAX = 64
"""Handshakes under way with addresses of peers; a further one is closed as it comes."""

ADDRESS_MAX = 16
"""Of these, with one address (one /64 for IPv6); a further one is closed as it comes."""

PROVED_ADDRESSES_MAX = 1_024
"""Addresses remembered from which a peer proved itself; the one seen longest ago is forgotten."""

STRANGERS_PER_S_MAX = 50
"""Handshakes begun with strangers in a second, a tenth of one core; further ones are closed as they come."""

_BURST: Final = 2 * STRANGERS_PER_S_MAX


@dataclass(frozen=True, slots=True)
class Pass:
    """One handshake that was let begin, and in whose room."""

    network: str
    known: bool


class Gate:
    """Asked by one thread. Times are seconds of any clock that never steps back."""

    def __init__(self) -> None:
        self._proved: OrderedDict[str, None] = OrderedDict()
        self._listed: frozenset[str] = frozenset()
        self._under_way: dict[str, int] = {}
        self._strangers = 0
        self._known = 0
        self._tokens = float(_BURST)
        self._filled_at_s = 0.0
        self.turned_away = 0

    def know(self, peers: Iterable[Card]) -> None:
        hosts = (endpoint.host for card in peers for endpoint in card.endpoints)
        self._listed = frozenset(_network(host) for host in hosts if _network(host))

    def admit(self, address: str, now_s: float) -> Pass | None:
        """Whether a handshake with this address may begin; where it may, `done` must follow."""
        network = _network(address)
        known = network in self._listed or network in self._proved
        if self._under_way.get(network, 0) >= ADDRESS_MAX or not self._has_room(known, now_s):
            self.turned_away += 1
            return None
        self._under_way[network] = self._under_way.get(network, 0) + 1
        if known:
            self._known += 1
        else:
            self._strangers += 1
            self._tokens -= 1
        return Pass(network, known)

    def done(self, ended: Pass) -> None:
        left = self._under_way[ended.network] - 1
        if left:
            self._under_way[ended.network] = left
        else:
            del self._under_way[ended.network]
        if ended.known:
            self._known -= 1
        else:
            self._strangers -= 1

    def proved(self, address: str) -> None:
        """A listed peer has just proved itself from this address."""
        network = _network(address)
        self._proved[network] = None
        self._proved.move_to_end(network)
        if len(self._proved) > PROVED_ADDRESSES_MAX:
            self._proved.popitem(last=False)

    def _has_room(self, known: bool, now_s: float) -> bool:
        if known:
            return self._known < KNOWN_MAX
        self._tokens = min(_BURST, self._tokens + (now_s - self._filled_at_s) * STRANGERS_PER_S_MAX)
        self._filled_at_s = now_s
        return self._strangers < STRANGERS_MAX and self._tokens >= 1


def _network(address: str) -> str:
    """The address itself, or its /64; empty for a name, which says nothing about who calls."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if parsed.version == 6:
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)
