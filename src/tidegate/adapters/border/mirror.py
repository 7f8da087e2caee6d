"""The mirror: what a receiver of our own heard from the BGP program, as rules of each border point."""

from collections.abc import Sequence

import msgspec

from tidegate.model.plans import Rule
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.ports.border import ReadBack
from tidegate.wire.bgp_routes import Attributes, RouteKey, decode_update, rule_from

ROUTES_HEARD_MAX = 4096
"""Routes remembered of one session; with more, the mirror cannot be trusted and says so."""

STRANGE_KEPT_MAX = 8
"""Routes that no rule of ours can be, told by name; further ones are counted with them by the last."""


class Heard(msgspec.Struct, frozen=True, tag=True):
    """From the ears: a session came `up`, went `down`, or brought an UPDATE message (its body)."""

    local: str
    what: str
    body: bytes = b""


class Reflection:
    """One session's routes, as its messages leave them."""

    def __init__(self, border_point: str) -> None:
        self.border_point = border_point
        self.up = False
        self._routes: dict[RouteKey, Attributes] = {}
        self._strange: list[str] = []

    def hear(self, heard: Heard) -> None:
        match heard.what:
            case "update":
                self._update(heard.body)
            case _:
                self._routes.clear()
                self._strange.clear()
                self.up = heard.what == "up"

    def _update(self, body: bytes) -> None:
        try:
            update = decode_update(body)
        except Malformed as error:
            self._remember(f"a message that cannot be read: {error}")
            return
        for key in update.withdrawn:
            self._routes.pop(key, None)
        for key, attributes in update.announced:
            if len(self._routes) < ROUTES_HEARD_MAX or key in self._routes:
                self._routes[key] = attributes
            else:
                self._remember("more routes than a mirror remembers")
        for each in update.strange:
            self._remember(each)

    def _remember(self, what: str) -> None:
        if len(self._strange) < STRANGE_KEPT_MAX:
            self._strange.append(what)

    def rules(self) -> tuple[Rule, ...]:
        """Malformed for a route that no rule of ours can be."""
        return tuple(
            rule_from(self.border_point, key, attributes) for key, attributes in self._routes.items()
        )

    def read_back(self, receiver: str) -> ReadBack:
        def told(rules: tuple[Rule, ...] | None, why: str) -> ReadBack:
            return ReadBack(border_point=self.border_point, receiver=receiver, rules=rules, why=why)

        if not self.up:
            return told(None, "the mirror's session is not up")
        if self._strange:
            return told(None, f"the mirror heard what no rule of ours is: {self._strange[0]}")
        try:
            return told(self.rules(), "")
        except (Malformed, NotAllowed) as error:
            return told(None, f"the mirror heard what no rule of ours is: {error}")


class Mirror:
    """All sessions of one receiver: `sessions` names each border point by the receiver's own address."""

    def __init__(self, sessions: Sequence[tuple[str, str]]) -> None:
        self._reflections = {address: Reflection(point) for address, point in sessions}

    def hear(self, heard: Heard) -> None:
        if heard.local in self._reflections:
            self._reflections[heard.local].hear(heard)

    def deaf(self) -> None:
        """The ears are gone: what was heard counts no more."""
        for address in self._reflections:
            self.hear(Heard(address, "down"))

    def read_back(self) -> tuple[ReadBack, ...]:
        return tuple(each.read_back("our own mirror") for each in self._reflections.values())
