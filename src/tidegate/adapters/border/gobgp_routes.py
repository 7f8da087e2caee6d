"""What a gobgpd holds of ours: routes that carry our mark, each scoped to the border points it is meant for.

GoBGP holds one route for each match. A large community names each border point that it goes to, and an
export policy of ours, asked before all others, lets it go to the routers there and nowhere else.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from tidegate.adapters.border.exabgp import MARK
from tidegate.adapters.border.gobgp_api import (
    ACCEPT,
    ADJ_OUT,
    EXPORT,
    GLOBAL,
    LARGE_COMMUNITY,
    NEIGHBOR,
    REJECT,
    GobgpApi,
    Message,
)
from tidegate.model.border import BorderSettings
from tidegate.model.plans import Rule
from tidegate.model.refusals import Malformed
from tidegate.wire.bgp_routes import (
    FLOWSPEC,
    UNICAST,
    Kind,
    RouteKey,
    Version,
    decode_attributes,
    decode_key,
    encode_path,
    key_of,
    kind_of,
    rule_from,
)
from tidegate.wire.flowspec import is_ipv6

SCOPE: Final = MARK + 1
"""Middle number of the large community that names a border point by its place in the settings."""

FAMILIES: Final[tuple[tuple[Version, Kind, str], ...]] = (
    (4, "unicast", "ipv4 unicast"),
    (6, "unicast", "ipv6 unicast"),
    (4, "flowspec", "ipv4 flowspec"),
    (6, "flowspec", "ipv6 flowspec"),
)

NOWHERE: Final = ""
"""The border point of a rule as GoBGP holds it; its scopes say where it goes."""

POLICY: Final = "tidegate-"
LOCAL: Final = ("", "<nil>")
"""How gobgpd tells the neighbour of a route that came over its interface."""


@dataclass(frozen=True, slots=True)
class Found:
    """A route with our mark, to the border points `scopes`; `rule` names none, and is None if unreadable."""

    version: Version
    kind: Kind
    nlri: bytes
    attributes: tuple[bytes, ...]
    key: RouteKey | None
    rule: Rule | None
    scopes: frozenset[str]
    plan: int


class GobgpRoutes:
    """Our routes in one gobgpd; every call may raise OutsideFailed."""

    def __init__(self, api: GobgpApi, settings: BorderSettings) -> None:
        self._api = api
        self._settings = settings
        self._points = [point.name for point in settings.border_points]
        self._own_policy = POLICY + hashlib.sha256(repr(settings.border_points).encode()).hexdigest()[:12]

    def found(self) -> list[Found]:
        """In the RIB itself, and put there over its interface."""
        return [
            each
            for version, kind, _ in FAMILIES
            for each in self._found_in(version, kind, GLOBAL, local=True)
        ]

    def learned(self) -> list[Found]:
        """In the RIB, whoever brought it: of a gobgpd that receives."""
        return [each for version, kind, _ in FAMILIES for each in self._found_in(version, kind, GLOBAL)]

    def sent_to(self, router: str) -> list[Found]:
        """What gobgpd says that it sent to a router."""
        return [
            each for version, kind, _ in FAMILIES for each in self._found_in(version, kind, ADJ_OUT, router)
        ]

    def put(self, rule: Rule, scopes: frozenset[str], plan: int) -> Found:
        """Add, or replace what has the same match."""
        autonomous = self._settings.local_as
        large = [f"{autonomous}:{MARK}:{plan & 0xFFFF_FFFF}"]
        large += [f"{autonomous}:{SCOPE}:{self._points.index(point)}" for point in sorted(scopes)]
        nlri, attributes = encode_path(rule, large)
        family = self._family(6 if is_ipv6(rule.match) else 4, kind_of(rule))
        path = self._api.message("Path", family=family, nlri_binary=nlri, pattrs_binary=list(attributes))
        self._api.call("AddPath", self._api.message("AddPathRequest", table_type=GLOBAL, path=path))
        version: Version = 6 if is_ipv6(rule.match) else 4
        plain = replace(rule, border_point=NOWHERE)
        return Found(version, kind_of(rule), nlri, attributes, key_of(rule), plain, scopes, plan)

    def remove(self, found: Found) -> None:
        family = self._family(found.version, found.kind)
        path = self._api.message(
            "Path", family=family, nlri_binary=found.nlri, pattrs_binary=found.attributes
        )
        self._api.call(
            "DeletePath", self._api.message("DeletePathRequest", table_type=GLOBAL, family=family, path=path)
        )

    def sweep(self) -> None:
        """Remove everything that has our mark."""
        for each in self.found():
            self.remove(each)

    def peers(self) -> list[Message]:
        return [each.peer for each in self._api.every("ListPeer", self._api.message("ListPeerRequest"))]

    def families_of(self, peer: Message) -> tuple[str, ...]:
        """Those that both sides speak."""
        told = [
            self._api.read("MultiProtocolCapability", each.value).family
            for each in peer.state.remote_cap
            if each.type_url.endswith("MultiProtocolCapability")
        ]
        theirs = {(each.afi, each.safi) for each in told}
        ours = {(each.config.family.afi, each.config.family.safi) for each in peer.afi_safis}
        return tuple(
            name
            for version, kind, name in FAMILIES
            if (self._numbers(version, kind) in theirs and self._numbers(version, kind) in ours)
        )

    def keep_scopes(self) -> None:
        """Our export policy stands first, or is put there: without it a rule would go to every neighbour."""
        asked = self._api.message("ListPolicyAssignmentRequest", name="global", direction=EXPORT)
        told = [each.assignment for each in self._api.every("ListPolicyAssignment", asked)]
        names = [policy.name for assignment in told for policy in assignment.policies]
        if names and names[0] == self._own_policy:
            return
        self._define()
        others = [name for name in names if not name.startswith(POLICY)]
        default = told[0].default_action if told and told[0].default_action else ACCEPT
        assignment = self._api.message(
            "PolicyAssignment",
            name="global",
            direction=EXPORT,
            policies=[self._api.message("Policy", name=name) for name in (self._own_policy, *others)],
            default_action=default,
        )
        self._api.call(
            "SetPolicyAssignment", self._api.message("SetPolicyAssignmentRequest", assignment=assignment)
        )

    def _define(self) -> None:
        """To each border point what is scoped to it; nowhere else what has our mark; all else as ever."""
        statements = []
        for number, point in enumerate(self._settings.border_points):
            if not point.routers:
                continue
            routers = [f"{router.address}/{128 if ':' in router.address else 32}" for router in point.routers]
            neighbours, scope = f"{self._own_policy}-routers-{number}", f"{self._own_policy}-scope-{number}"
            self._define_set(NEIGHBOR, neighbours, routers)
            self._define_set(LARGE_COMMUNITY, scope, [f"^{self._settings.local_as}:{SCOPE}:{number}$"])
            statements.append(self._statement(f"{self._own_policy}-to-{number}", scope, neighbours, ACCEPT))
        marked = f"{self._own_policy}-marked"
        self._define_set(LARGE_COMMUNITY, marked, [f"^{self._settings.local_as}:{MARK}:[0-9]+$"])
        statements.append(self._statement(f"{self._own_policy}-nowhere-else", marked, None, REJECT))
        policy = self._api.message("Policy", name=self._own_policy, statements=statements)
        self._api.call("AddPolicy", self._api.message("AddPolicyRequest", policy=policy))

    def _define_set(self, kind: int, name: str, members: Sequence[str]) -> None:
        defined = self._api.message("DefinedSet", defined_type=kind, name=name, list=members)
        self._api.call("AddDefinedSet", self._api.message("AddDefinedSetRequest", defined_set=defined))

    def _statement(self, name: str, communities: str, neighbours: str | None, action: int) -> Message:
        conditions = self._api.message(
            "Conditions", large_community_set=self._api.message("MatchSet", name=communities)
        )
        if neighbours is not None:
            conditions.neighbor_set.name = neighbours
        actions = self._api.message("Actions", route_action=action)
        return self._api.message("Statement", name=name, conditions=conditions, actions=actions)

    def _found_in(
        self, version: Version, kind: Kind, table: int, name: str = "", *, local: bool = False
    ) -> Iterator[Found]:
        asked = self._api.message(
            "ListPathRequest",
            table_type=table,
            name=name,
            family=self._family(version, kind),
            enable_nlri_binary=True,
            enable_attribute_binary=True,
            enable_only_binary=True,
        )
        for answer in self._api.every("ListPath", asked):
            for path in answer.destination.paths:
                found = self._read(version, kind, path)
                if found is not None and (not local or path.neighbor_ip in LOCAL):
                    yield found

    def _read(self, version: Version, kind: Kind, path: Message) -> Found | None:
        """None for a route without our mark."""
        attributes = tuple(path.pattrs_binary)
        large = decode_attributes(attributes).large
        numbers = [tuple(map(int, each.split(":"))) for each in large]
        plans = [
            last for first, middle, last in numbers if (first, middle) == (self._settings.local_as, MARK)
        ]
        if not plans:
            return None
        scopes = frozenset(
            self._points[last]
            for first, middle, last in numbers
            if (first, middle) == (self._settings.local_as, SCOPE) and last < len(self._points)
        )
        nlri = bytes(path.nlri_binary)
        try:
            key = decode_key(nlri, kind, version)
            rule = rule_from(NOWHERE, key, decode_attributes(attributes))
        except Malformed:
            key, rule = None, None
        return Found(version, kind, nlri, attributes, key, rule, scopes, plans[0])

    def _family(self, version: Version, kind: Kind) -> Message:
        afi, safi = self._numbers(version, kind)
        return self._api.message("Family", afi=afi, safi=safi)

    @staticmethod
    def _numbers(version: Version, kind: Kind) -> tuple[int, int]:
        return (1 if version == 4 else 2), (UNICAST if kind == "unicast" else FLOWSPEC)
