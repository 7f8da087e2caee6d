"""Routers that can be asked what they hold: BIRD 2, FRR and GoBGP, by the settings of each router."""

import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import msgspec

from tidegate.adapters.border.exabgp import MARK
from tidegate.adapters.border.gobgp_api import GobgpApi
from tidegate.adapters.border.gobgp_routes import GobgpRoutes
from tidegate.adapters.border.told_by_bird import routes_told
from tidegate.adapters.border.told_by_frr import blackholes_told, rules_told
from tidegate.model.border import BorderRouter, BorderSettings
from tidegate.model.plans import Rule
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.ports.border import ReadBack
from tidegate.ports.outside import OutsideFailed
from tidegate.wire.bgp_routes import Attributes, RouteKey, key_of, rule_from, rule_meaning

ANSWER_S: Final = 5.0
"""How long a router's own program may take to show its tables."""

ANSWER_CHARACTERS_MAX = 16 << 20
"""Longest answer of a router's own program; with a longer one the router counts as not asked."""

Route = tuple[RouteKey, Attributes]
Announced = Sequence[Rule]
Held = tuple[tuple[Rule, ...], int]
"""The rules of ours that a router follows, and how many more its own validation refuses."""

REFUSED: Final = (
    "its own validation (RFC 9117) refuses {count} of our rules: give the speaker the router's AS number "
    "(border.local_as), or let this neighbour's FlowSpec in without validation"
)

LACKED: Final = (
    "rules sent there: {sent}, missing there: {lacked}, kept out by its import policy, a limit on routes or "
    "a session that is down"
)

ON_THE_WAY: Final = "rules sent there: {sent}, not there yet: {lacked}, sent only just now"

ON_THE_WAY_S: Final = 2.0
"""So long after it was sent a rule may be on its way; after that something keeps it out. A plan ends by that
some seconds later, and what is kept of its end then tells where to look."""


def ask_receivers(
    settings: BorderSettings, announced: Announced, just_sent: Announced = ()
) -> Iterator[ReadBack]:
    """What each router with a `receiver` holds of ours. `announced` is what the speaker holds: where a
    router does not show a rule's communities, they are taken from there. Of these, `just_sent` may still be
    on their way."""
    for point in settings.border_points:
        for router in point.routers:
            if router.receiver is not None:
                yield ask(settings, point.name, router, announced, just_sent)


def ask(
    settings: BorderSettings,
    border_point: str,
    router: BorderRouter,
    announced: Announced,
    just_sent: Announced = (),
) -> ReadBack:
    kind, _, where = (router.receiver or "").partition(" ")
    rules: tuple[Rule, ...] | None = None
    why = ""
    try:
        rules, refused = _READERS[kind](settings, border_point, where.strip(), announced)
        told = lacked(border_point, announced, rules, just_sent)
        why = REFUSED.format(count=refused) if refused else told
    except KeyError:
        why = f"{kind!r} is no receiver that can be asked; write birdc, vtysh or gobgp"
    except (OutsideFailed, Malformed, NotAllowed) as error:
        why = str(error)
    return ReadBack(border_point=border_point, receiver=f"{router.name} ({kind})", rules=rules, why=why)


def lacked(border_point: str, announced: Announced, held: Sequence[Rule], just_sent: Announced) -> str:
    """Where to look when not every rule that the speaker holds for this border point is there, else ""."""
    sent, new = (
        Counter(rule_meaning(rule) for rule in rules if rule.border_point == border_point)
        for rules in (announced, just_sent)
    )
    lacking = sent - Counter(map(rule_meaning, held))
    told = LACKED if lacking - new else ON_THE_WAY
    return told.format(lacked=lacking.total(), sent=sent.total()) if lacking else ""


def _ask_bird(settings: BorderSettings, border_point: str, where: str, _: Announced) -> Held:
    """ "birdc SOCKET": every table of a BIRD 2."""
    told = _run(["birdc", "-r", "-s", where, "show", "route", "table", "all", "all"])
    refused = _marked(settings, border_point, routes_told(told, refused=True))
    return tuple(_marked(settings, border_point, routes_told(told))), len(tuple(refused))


def _ask_frr(settings: BorderSettings, border_point: str, where: str, announced: Announced) -> Held:
    """ "vtysh FOLDER" (or "vtysh" alone): an FRR whose FlowSpec rules all come from this speaker."""
    return tuple(_in_frr(settings, border_point, where, announced)), 0


def _in_frr(settings: BorderSettings, border_point: str, where: str, announced: Announced) -> Iterator[Rule]:
    place = ["--vty_socket", where] if where else []
    for family in ("ipv4", "ipv6"):
        told = _run(["vtysh", *place, "-d", "bgpd", "-c", f"show bgp {family} flowspec detail json"])
        for key, attributes in rules_told(told):
            seen = rule_from(border_point, key, attributes)
            yield _with_communities(seen, announced)
        told = _run(["vtysh", *place, "-d", "bgpd", "-c", f"show bgp {family} unicast json detail"])
        yield from _marked(settings, border_point, blackholes_told(told))


def _ask_gobgp(settings: BorderSettings, border_point: str, where: str, _: Announced) -> Held:
    """ "gobgp ADDRESS:PORT": the gRPC interface of a gobgpd that is a router's, or between."""
    return tuple(_in_gobgp(settings, border_point, where)), 0


def _in_gobgp(settings: BorderSettings, border_point: str, where: str) -> Iterator[Rule]:
    api = GobgpApi(where, ANSWER_S)
    try:
        found = GobgpRoutes(api, settings).learned()
    finally:
        api.close()
    for each in found:
        if each.rule is None:
            raise Malformed("GoBGP holds a route with our mark that is no rule of ours", 0)
        yield msgspec.structs.replace(each.rule, border_point=border_point)


_READERS: Final[dict[str, Callable[[BorderSettings, str, str, Announced], Held]]] = {
    "birdc": _ask_bird,
    "vtysh": _ask_frr,
    "gobgp": _ask_gobgp,
}


def _marked(settings: BorderSettings, border_point: str, routes: Iterable[Route]) -> Iterator[Rule]:
    """Those with our mark; a router may know other routes."""
    mark = f"{settings.local_as}:{MARK}:"
    for key, attributes in routes:
        if any(each.startswith(mark) for each in attributes.large):
            yield rule_from(border_point, key, attributes)


def _with_communities(seen: Rule, announced: Announced) -> Rule:
    for rule in announced:
        if rule.border_point == seen.border_point and key_of(rule) == key_of(seen):
            return msgspec.structs.replace(seen, communities=rule.communities)
    return seen


def _run(command: Sequence[str]) -> str:
    """What a program prints; OutsideFailed where it cannot, will not or does not end."""
    where = " ".join(command)
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=ANSWER_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OutsideFailed("a router cannot be asked", where, f"Run it by hand ({error}).") from error
    told = ended.stdout.decode(errors="replace")
    if ended.returncode != 0 or len(told) > ANSWER_CHARACTERS_MAX:
        raise OutsideFailed(
            f"a router does not answer (exit code {ended.returncode})", where, "Run it by hand."
        )
    return told
