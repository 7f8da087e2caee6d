"""The hands beside a gobgpd: a process of its own that reads its RIB, adds and deletes, and clears up."""

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from tidegate.adapters.border.frames import Held, Peer
from tidegate.adapters.border.gobgp_api import ESTABLISHED, GobgpApi, Gone, Message
from tidegate.adapters.border.gobgp_routes import NOWHERE, Found, GobgpRoutes
from tidegate.adapters.border.hands import ProgramSilent, RuleRefused, run_hands
from tidegate.adapters.border.leases import Place, place_of
from tidegate.adapters.border.places import read_settings
from tidegate.adapters.border.timing import ACK_S
from tidegate.adapters.clock import boot_ns
from tidegate.model.border import BorderPoint, BorderRouter, BorderSettings
from tidegate.model.plans import Rule
from tidegate.ports.border import ReadBack
from tidegate.ports.outside import OutsideFailed
from tidegate.wire.bgp_routes import RouteKey

SEEN_NS: Final = 2_000_000_000
"""How often the routes sent to each router are asked for."""

AGAIN_S: Final = 0.5
log = logging.getLogger("tidegate.border")


class Gobgp:
    """hands.Program over one gobgpd, level by level: each look is at the RIB itself, never at memory.

    So a gobgpd that was restarted gets its rules again, and what an earlier process left is seen and removed.
    """

    def __init__(self, settings: BorderSettings) -> None:
        self._settings = settings
        self._api = GobgpApi(settings.gobgp, ACK_S)
        self._routes = GobgpRoutes(self._api, settings)
        self._found: dict[RouteKey, Found] = {}
        self._ends_ns: dict[Place, int] = {}
        self._peers: dict[str, Message] = {}
        self._seen: tuple[ReadBack, ...] = ()
        self._seen_ns = 0

    def held(self) -> dict[Place, Held]:
        try:
            self._look()
        except OutsideFailed as error:
            raise ProgramSilent(str(error)) from error
        held = {}
        for key, found in self._found.items():
            assert found.rule is not None
            for point in found.scopes or {NOWHERE}:
                place = (point, key)
                rule = replace(found.rule, border_point=point)
                held[place] = Held(found.plan, rule, self._ends_ns.get(place, 0))
        return held

    def announce(self, held: Held) -> None:
        point, key = place_of(held)
        self._must_be_safe(point)
        found = self._found.get(key)
        scopes = frozenset({point})
        if found is not None and (others := found.scopes - scopes):
            if found.rule != replace(held.rule, border_point=NOWHERE):
                raise RuleRefused(
                    f"GoBGP holds one rule for each match, and {min(others)} holds {key.match.destination} "
                    "with another action"
                )
            scopes |= others
        self._put(held, scopes, key)
        self._ends_ns[point, key] = held.ends_ns

    def withdraw(self, place: Place, held: Held, within_s: float) -> None:
        """A gobgpd that does not answer is asked on and on (`give_up`), however much time there was."""
        point, key = place
        self._ends_ns.pop(place, None)
        found = self._found.get(key)
        if found is None:
            return
        if left := found.scopes - {point}:
            self._put(held, left, key)
            return
        try:
            self._routes.remove(found)
        except OutsideFailed as error:
            raise ProgramSilent(str(error)) from error
        del self._found[key]

    def peers(self) -> Sequence[Peer]:
        routers = [router for point in self._settings.border_points for router in point.routers]
        return [self._peer(address) for address in dict.fromkeys(router.address for router in routers)]

    def seen(self) -> Sequence[ReadBack]:
        """What gobgpd says that it sent to each router, asked for once in SEEN_NS."""
        if boot_ns() - self._seen_ns >= SEEN_NS:
            points = self._settings.border_points
            self._seen = tuple(self._sent(point.name, router) for point in points for router in point.routers)
            self._seen_ns = boot_ns()
        return self._seen

    def give_up(self) -> None:
        """Asks until everything of ours is gone, or that gobgpd is, which keeps nothing when it ends."""
        while True:
            try:
                return self._routes.sweep()
            except Gone:
                return None
            except OutsideFailed as error:
                log.error("rules may be left in GoBGP: %s", error)
                time.sleep(AGAIN_S)

    def _look(self) -> None:
        self._routes.keep_scopes()
        self._found = {}
        for each in self._routes.found():
            if each.key is None or each.rule is None:
                self._routes.remove(each)
            else:
                self._found[each.key] = each
        self._peers = {peer.conf.neighbor_address: peer for peer in self._routes.peers()}

    def _put(self, held: Held, scopes: frozenset[str], key: RouteKey) -> None:
        try:
            self._found[key] = self._routes.put(held.rule, scopes, held.plan)
        except OutsideFailed as error:
            raise ProgramSilent(str(error)) from error

    def _must_be_safe(self, border_point: str) -> None:
        """No rule to a neighbour that keeps what it learned when the session is gone (RFC 4724)."""
        for router in self._point(border_point).routers:
            peer = self._peers.get(router.address)
            if peer is None:
                raise RuleRefused(f"gobgpd has no neighbour {router.address} ({router.name})")
            if peer.graceful_restart.enabled:
                raise RuleRefused(f"gobgpd has graceful restart on for {router.address} ({router.name})")

    def _point(self, name: str) -> BorderPoint:
        return next(point for point in self._settings.border_points if point.name == name)

    def _peer(self, address: str) -> Peer:
        peer = self._peers.get(address)
        if peer is None:
            return Peer(address, False, None, (), "gobgpd has no such neighbour")
        up = peer.state.session_state == ESTABLISHED
        since_ms = peer.timers.state.uptime.seconds * 1000 or None
        families = self._routes.families_of(peer) if up else ()
        return Peer(
            address, up, since_ms if up else None, families, "" if up else "the session is not established"
        )

    def _sent(self, border_point: str, router: BorderRouter) -> ReadBack:
        rules: tuple[Rule, ...] | None = None
        why = "" if self._peer(router.address).up else "its session is not up"
        try:
            found = self._routes.sent_to(router.address) if not why else []
        except OutsideFailed as error:
            why = error.what
        else:
            if any(each.rule is None for each in found):
                why = "gobgpd sent what no rule of ours is"
            elif not why:
                rules = tuple(replace(each.rule, border_point=border_point) for each in found if each.rule)
        receiver = f"gobgpd, of what it sent to {router.name}"
        return ReadBack(border_point=border_point, receiver=receiver, rules=rules, why=why)


def program(folder: Path) -> Gobgp:
    return Gobgp(read_settings(folder))


def main() -> None:
    run_hands(program)


if __name__ == "__main__":
    main()
