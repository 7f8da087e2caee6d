"""The one function that no plan passes which could do great harm, whoever asks and whoever approves.

Guardian of invariant 3 of the house. The numbers stand beside the code that keeps each rule.

1. No rule matches everything: each prefix is at least as long as the limit (/16, and /32 of IPv6).
2. No rule says what cannot be meant: lengths and ports above 65,535, host bits, two families, ICMP types
   beside TCP and the like (tidegate.mitigate.possible).
3. A rule for a wide destination (shorter than /24, or /48 of IPv6) matches nothing of ordinary life: no
   connections, names, time, tunnels or errors (tidegate.mitigate.kinds). So a country, a family or an
   exporter cannot be closed: what closes an address reaches as many addresses as eight such networks have.
4. No rule matches BGP to or from our speakers and the routers at the border, nor what keeps its sessions
   up (BFD, the search for IPv6 neighbours); nor does it aim at BGP of anyone.
5. No rule touches a protected destination or a protected service.
6. At most eight different rules, and no more at a border point than each of its routers holds and can match.
7. A lease is at most an hour, approval is asked for at most an hour, and the plan ends at most a day after.
8. No redirecting, unless the operator's file allows it.
9. A blackhole takes single hosts (the operator's file may allow it up to /24, /48), and its next hop is one
   of the file's: any other would be a redirection by another name.
10. What the plan is forecast to hold back of usual traffic is at most a twentieth of what usually comes in
    at each of its border points; above that, and where that is not known, the plan asks for the senior level.
11. No match stands twice at one border point: the later would take the place of the earlier.
12. The border points of the stages are known, each stands there once, and they are those of the rules.
13. Each rule overlaps a target of the attack.
14. No text of the plan holds what a screen obeys or hides: whoever agrees has seen all of it.
15. Beside the plans that are in force (`refuse_beside`) it keeps rules 6, 10 and 11 as well: together they
    hold back at most that twentieth, or those beyond it ask for the senior level.
16. Whoever holds the BGP sessions asks rules 10 and 15 of what it holds itself (`refuse_beyond_share`), by
    what usually comes in as the plans tell it that officers signed: it has no other account of that.

The limits are set in the operator's file, and only towards less harm.
"""

from collections.abc import Mapping, Sequence
from ipaddress import ip_address

import msgspec
from msgspec.structs import replace

from tidegate.mitigate.held_back import much_held_back, others_than, usual_told
from tidegate.mitigate.kinds import (
    BGP_PORT,
    ORDINARY,
    TCP,
    WHAT_SESSIONS_NEED,
    Kind,
    would_match,
)
from tidegate.mitigate.possible import network, refuse_impossible
from tidegate.mitigate.protected import PROTOCOLS, Protected, default_protected
from tidegate.model.border import COMPONENTS, BorderPoint, BorderRouter
from tidegate.model.plans import Blackhole, Level, Match, Plan, Range, RateLimit, Redirect, Rule
from tidegate.model.refusals import NotAllowed
from tidegate.model.texts import hidden_in

WIDE = {4: 24, 6: 48}
"""3. A prefix shorter than this is wide, by IP version."""

WIDE_PORTS = 64
"""3. More ports than this leave out too little to spare ordinary traffic of a wide destination."""

LEASE_S_MIN = 10
"""A shorter lease would end between two renewals of a healthy node."""


class GuardSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator's file says. NotAllowed for a limit that lets more harm pass than the one here.

    `border_points` are all that there are, `speakers` the addresses of our own BGP speakers.
    `held_back_max` is in millionths.
    """

    border_points: tuple[BorderPoint, ...]
    speakers: tuple[str, ...]
    protected: Protected = msgspec.field(default_factory=default_protected)
    prefix_min_ipv4: int = 16
    prefix_min_ipv6: int = 32
    blackhole_min_ipv4: int = 32
    blackhole_min_ipv6: int = 128
    blackhole_next_hops: tuple[str, ...] = ("192.0.2.1", "100::1")
    rules_max: int = 8
    lease_max_s: int = 3_600
    approve_within_max_s: int = 3_600
    in_force_max_s: int = 86_400
    held_back_max: int = 50_000
    redirect_allowed: bool = False

    def __post_init__(self) -> None:
        for name, (least, most) in LIMITS.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise NotAllowed(f"guard.{name} = {value}: it may be set from {least} to {most}")

    def prefix_min(self, version: int) -> int:
        return self.prefix_min_ipv4 if version == 4 else self.prefix_min_ipv6

    def blackhole_min(self, version: int) -> int:
        return self.blackhole_min_ipv4 if version == 4 else self.blackhole_min_ipv6

    def own_addresses(self) -> tuple[str, ...]:
        routers = (router.address for point in self.border_points for router in point.routers)
        return (*self.speakers, *routers)


LIMITS: Mapping[str, tuple[int, int]] = {
    "prefix_min_ipv4": (16, 32),
    "prefix_min_ipv6": (32, 128),
    "blackhole_min_ipv4": (24, 32),
    "blackhole_min_ipv6": (48, 128),
    "rules_max": (1, 8),
    "lease_max_s": (LEASE_S_MIN, 3_600),
    "approve_within_max_s": (60, 3_600),
    "in_force_max_s": (60, 86_400),
    "held_back_max": (0, 50_000),
}
"""How far each limit may be set, by the name of the setting."""


def refuse_unless_safe(plan: Plan, settings: GuardSettings, usual_inbound: Mapping[str, int]) -> None:
    """NotAllowed, with the reason in words, for a plan that could do great harm.

    `usual_inbound` is what usually comes in at each border point, in bits a second; one that is missing is
    not known. A plan without rules does nothing, and passes.
    """
    refuse_odd_times(plan, settings)  # 7
    refuse_odd_stages(plan, settings)  # 12
    refuse_over_budget(plan, settings)  # 6
    for at, rule in enumerate(plan.rules, 1):
        try:
            refuse_rule(rule, plan.targets, settings)
        except NotAllowed as refusal:
            where = f"rule {at} ({rule.match.destination} at {rule.border_point})"
            raise NotAllowed(f"{where}: {refusal.why}") from None
    refuse_twice(plan.rules)  # 11
    refuse_hidden_texts(plan)  # 14
    refuse_much_held_back(plan, settings, usual_inbound)  # 10


def refuse_hidden_texts(plan: Plan) -> None:
    hidden = hidden_in(msgspec.to_builtins(plan))
    if hidden is not None:
        raise NotAllowed(
            f"a text of it holds the character U+{ord(hidden):04X}, which a screen does not show"
        )


def allows(match: Match, targets: Sequence[str], settings: GuardSettings) -> bool:
    """Whether some rule for these targets may match so: whoever makes plans asks before weighing it."""
    try:
        refuse_rule(Rule(border_point="", match=match, action=RateLimit(1)), targets, settings)
    except NotAllowed:
        return False
    return True


def refuse_rule(rule: Rule, targets: Sequence[str], settings: GuardSettings) -> None:
    """NotAllowed for a rule that no plan for these targets may hold."""
    refuse_impossible(rule)  # 2
    refuse_short_prefixes(rule.match, settings)  # 1
    refuse_wide(rule.match)  # 3
    refuse_control_plane(rule.match, settings)  # 4
    refuse_protected(rule.match, settings.protected)  # 5
    if isinstance(rule.action, Redirect) and not settings.redirect_allowed:  # 8
        raise NotAllowed("it redirects traffic; the operator's file does not allow that")
    if isinstance(rule.action, Blackhole):
        refuse_odd_blackhole(rule.match, rule.action, settings)  # 9
    if not any(overlap(rule.match.destination, target) for target in targets):  # 13
        raise NotAllowed(f"it holds none of the attack's targets: {', '.join(targets)}")


def refuse_short_prefixes(match: Match, settings: GuardSettings) -> None:
    for text in (match.destination, match.source):
        if text is None:
            continue
        prefix = network(text)
        shortest = settings.prefix_min(prefix.version)
        if prefix.prefixlen < shortest:
            raise NotAllowed(f"{text} is wider than the limit, /{shortest}")


def refuse_wide(match: Match) -> None:
    destination = network(match.destination)
    limit = WIDE[destination.version]
    if destination.prefixlen >= limit:
        return
    # Ordinary traffic goes to and from any port of those who ask; only few ports narrow a rule.
    sought = match if few_ports(match) else replace(match, source_ports=(), destination_ports=())
    for kind in ORDINARY:
        if would_match(sought, kind):
            raise NotAllowed(
                f"it would hold back ordinary traffic ({kind.name}) of a network wider than /{limit}; "
                "narrow the destination, or match what only the attack has"
            )


def few_ports(match: Match) -> bool:
    """Whether at most WIDE_PORTS of those who ask, or of those who answer, are meant."""
    return any(map(is_few, (match.source_ports, match.destination_ports)))


def is_few(ranges: Sequence[Range]) -> bool:
    return 0 < sum(one.last - one.first + 1 for one in ranges) <= WIDE_PORTS


def refuse_control_plane(match: Match, settings: GuardSettings) -> None:
    kind = next((kind for kind in WHAT_SESSIONS_NEED if would_match(match, kind)), None)
    if kind is None:
        return
    if aims_at_bgp(match):
        raise NotAllowed(f"it aims at TCP port {BGP_PORT}, which carries BGP")
    for address in settings.own_addresses():
        for prefix in (match.destination, match.source):
            if prefix is not None and ip_address(address) in network(prefix):
                raise NotAllowed(f"it would match {kind.name} to or from {address}, which is one of our own")


def aims_at_bgp(match: Match) -> bool:
    """Whether BGP's port is one of few that are meant; a rule for nearly all ports does not aim."""
    return (not match.protocols or TCP in match.protocols) and any(
        is_few(ranges) and any(one.first <= BGP_PORT <= one.last for one in ranges)
        for ranges in (match.source_ports, match.destination_ports)
    )


def refuse_protected(match: Match, protected: Protected) -> None:
    for entry in protected.destination:
        for prefix in entry.prefixes:
            for ours in (match.destination, match.source):
                if ours is not None and overlap(ours, prefix):
                    raise NotAllowed(f"it touches {prefix}, which is protected ({entry.name})")
    for service in protected.service:
        everywhere = not service.prefixes
        if everywhere or any(overlap(match.destination, prefix) for prefix in service.prefixes):
            ranges = tuple(Range(port, port) for port in service.ports)
            if would_match(match, Kind(service.name, PROTOCOLS[service.protocol], destination_ports=ranges)):
                raise NotAllowed(f"it would match {service.name}, which is a protected service")


def overlap(one: str, other: str) -> bool:
    mine, theirs = network(one), network(other)
    return mine.version == theirs.version and mine.overlaps(theirs)


def refuse_odd_blackhole(match: Match, action: Blackhole, settings: GuardSettings) -> None:
    destination = network(match.destination)
    limit = settings.blackhole_min(destination.version)
    if destination.prefixlen < limit:
        raise NotAllowed(f"a blackhole may take /{limit} or less; this takes all that goes to {destination}")
    if action.next_hop not in settings.blackhole_next_hops:
        raise NotAllowed(f"{action.next_hop} is none of the operator's next hops of blackholes")


def refuse_beside(
    plan: Plan,
    in_force: Sequence[Rule],
    beside: Sequence[Plan],
    settings: GuardSettings,
    usual_inbound: Mapping[str, int],
) -> None:
    """15. NotAllowed for a plan that is safe alone, but not beside the plans in force and their rules.

    Whoever replaces a plan leaves that plan's rules out of `in_force`; in `beside` it is passed over.
    """
    together = (*in_force, *plan.rules)
    refuse_beyond_routers(together, settings)
    refuse_twice(together)
    refuse_much_held_back(plan, settings, usual_inbound, beside)


def refuse_beyond_share(plan: Plan, held: Sequence[Plan], settings: GuardSettings, *, believed: bool) -> None:
    """16. NotAllowed for a plan that holds back too much beside those held.

    One that is held already was asked when it came. One that was believed earlier and comes back, because
    the process that held it began anew, is not beside what the senior level agreed to on top of it.
    """
    if plan in held:
        return
    beside = [one for one in held if not believed or one.level != "senior"]
    refuse_much_held_back(plan, settings, usual_told(plan, *beside), beside)


def refuse_over_budget(plan: Plan, settings: GuardSettings) -> None:
    different = {(rule.match, rule.action, rule.communities) for rule in plan.rules}
    if len(different) > settings.rules_max:
        raise NotAllowed(f"{len(different)} different rules; a plan has at most {settings.rules_max}")
    refuse_beyond_routers(plan.rules, settings)


def refuse_beyond_routers(all_rules: Sequence[Rule], settings: GuardSettings) -> None:
    for point in settings.border_points:
        rules = [rule for rule in all_rules if rule.border_point == point.name]
        if rules and not point.routers:
            raise NotAllowed(f"{point.name} has no router that rules could be announced to")
        for router in point.routers:
            refuse_beyond_router(rules, router)


def refuse_beyond_router(rules: Sequence[Rule], router: BorderRouter) -> None:
    profile = router.profile
    held = sum(not isinstance(rule.action, Blackhole) for rule in rules)  # a blackhole is a route
    if held > profile.rule_budget:
        raise NotAllowed(f"{held} rules for {router.name}, which holds {profile.rule_budget}")
    for rule in rules:
        used = {name for name in COMPONENTS if getattr(rule.match, name) not in (None, ())}
        lacking = sorted(used - profile.components)
        if lacking and not isinstance(rule.action, Blackhole):
            raise NotAllowed(f"{router.name} cannot match by {', '.join(lacking)}")
        if ":" in rule.match.destination and not profile.ipv6:
            raise NotAllowed(f"{router.name} takes no rules for IPv6")


def refuse_odd_times(plan: Plan, settings: GuardSettings) -> None:
    if not LEASE_S_MIN <= plan.lease_s <= settings.lease_max_s:
        raise NotAllowed(f"a lease of {plan.lease_s} s; it lasts {LEASE_S_MIN} to {settings.lease_max_s} s")
    asked_ms = plan.approve_until_ms - plan.made_at_ms
    if not 0 < asked_ms <= settings.approve_within_max_s * 1000:
        raise NotAllowed(f"approval is asked for {asked_ms} ms; at most {settings.approve_within_max_s} s")
    in_force_ms = plan.ends_at_ms - plan.approve_until_ms
    if not 0 < in_force_ms <= settings.in_force_max_s * 1000:
        raise NotAllowed(
            f"it ends {in_force_ms} ms after that; at most {settings.in_force_max_s} s are allowed"
        )


def refuse_odd_stages(plan: Plan, settings: GuardSettings) -> None:
    stages = plan.stages
    if stages is None or not plan.rules:
        if stages is not None or plan.rules:
            raise NotAllowed("rules and the stages in which they come into force go together")
        return
    named = [stages.spot_test, *(point for step in stages.widening for point in step)]
    unknown = sorted(set(named) - {point.name for point in settings.border_points})
    if unknown:
        raise NotAllowed(f"there is no border point {', '.join(unknown)}")
    if len(set(named)) != len(named):
        raise NotAllowed("a border point stands in the stages twice")
    if not all(stages.widening):
        raise NotAllowed("a step of the widening adds no border point")
    if set(named) != {rule.border_point for rule in plan.rules}:
        raise NotAllowed("the border points of the stages are not those of the rules")
    if not 0 < stages.spot_test_s <= plan.lease_s or not 0 < stages.widen_every_s <= plan.lease_s:
        raise NotAllowed("the spot test and each step last a second at least, and a lease at most")


def refuse_twice(rules: Sequence[Rule]) -> None:
    seen: set[tuple[str, Match]] = set()
    for rule in rules:
        sort = (rule.border_point, meaning(rule.match))
        if sort in seen:
            raise NotAllowed(f"one match stands twice at {rule.border_point}: {rule.match.destination}")
        seen.add(sort)


def meaning(match: Match) -> Match:
    """The match in one way of writing: ranges that touch are one, and fragments have an order."""
    return replace(
        match,
        source_ports=joined(match.source_ports),
        destination_ports=joined(match.destination_ports),
        packet_lengths=joined(match.packet_lengths),
        fragments=tuple(sorted(match.fragments)),
    )


def joined(ranges: tuple[Range, ...]) -> tuple[Range, ...]:
    """Of ranges that ascend, those that touch as one."""
    whole: list[Range] = []
    for one in ranges:
        if whole and one.first == whole[-1].last + 1:
            whole[-1] = Range(whole[-1].first, one.last)
        else:
            whole.append(one)
    return tuple(whole)


def least_level(
    plan: Plan, settings: GuardSettings, usual_inbound: Mapping[str, int], beside: Sequence[Plan] = ()
) -> Level:
    """The level that rule 10 makes the plan ask for beside these others, whatever level it has now."""
    others = others_than(plan, beside)
    return "senior" if much_held_back(plan, others, usual_inbound, settings.held_back_max) else "desk"


def refuse_much_held_back(
    plan: Plan, settings: GuardSettings, usual_inbound: Mapping[str, int], beside: Sequence[Plan] = ()
) -> None:
    if plan.level == "senior":
        return
    why = much_held_back(plan, others_than(plan, beside), usual_inbound, settings.held_back_max)
    if why is not None:
        raise NotAllowed(f"{why}; the plan must ask for the senior level")
