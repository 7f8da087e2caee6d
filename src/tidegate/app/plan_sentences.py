"""Facts about officers, plans and the border as sentences, and rules, shares and levels in a few words."""

from tidegate.app.units import count_of, si
from tidegate.model.facts import (
    ApprovalGiven,
    BorderCleared,
    BorderSessionChanged,
    ForecastScored,
    LeaseRenewed,
    LookEnded,
    OfficerAdded,
    OfficerRevoked,
    PlanApproved,
    PlanExpired,
    PlanFact,
    PlanFailed,
    PlanHeld,
    PlanLapsed,
    PlanLifted,
    PlanNarrowed,
    PlanProposed,
    PlanRefused,
    PlanRelaxed,
    PlanResumed,
    PlanSuperseded,
    PlanWidened,
    PlanWithdrawn,
    PlanYielded,
    RulesDiffered,
    SpotTestStarted,
    VerdictReached,
)
from tidegate.model.plans import (
    MILLION,
    Action,
    Blackhole,
    Drop,
    Match,
    Plan,
    Range,
    RateLimit,
    Redirect,
    Share,
    TcpFlags,
)
from tidegate.model.verdicts import RuleCounters

PROTOCOLS = {1: "ICMP", 6: "TCP", 17: "UDP", 47: "GRE", 50: "ESP", 58: "ICMPv6"}
FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR")
FRAGMENTS = {"dont": "not to be fragmented", "later": "later fragments", "first": "first", "last": "last"}


def plan_sentence(fact: PlanFact) -> str:
    """What happened, in one line."""
    match fact:
        case OfficerAdded(officer):
            return f"officer {officer.name} ({officer.level}) stands on the roster, key {officer.public_key}"
        case OfficerRevoked(officer):
            return f"officer {officer} was revoked"
        case PlanProposed(plan):
            return f"plan {plan.number} for attack {plan.attack}: {proposal(plan)}"
        case ApprovalGiven(word):
            return f"{word.officer} agrees to plan {word.plan}"
        case PlanApproved(plan, digest, officers):
            return f"plan {plan} is approved by {' and '.join(officers)}, SHA-256 {digest}"
        case PlanRefused(word):
            return f"{word.officer} refuses plan {word.plan}"
        case PlanWithdrawn(word):
            return f"{word.officer} withdraws plan {word.plan}"
        case RulesDiffered(border_point, seen_at, missing, extra, left_out):
            told = f"{len(missing)} missing, {len(extra)} too many, {left_out} not told"
            return f"rules differ at {border_point}, seen at {seen_at}: {told}"
        case BorderSessionChanged():
            return session_words(fact)
        case BorderCleared(by):
            return f"{by} took back everything at once"
        case ForecastScored(score):
            held = "within" if score.attack_held and score.others_held else "outside"
            return f"the forecast of plan {score.plan} came {held} its intervals"
        case _:
            return stage_sentence(fact)


def session_words(fact: BorderSessionChanged) -> str:
    """What the session does, and what that means for the rules there."""
    plans = " and ".join(map(str, fact.plans))
    where = f", where plan {plans} is in force" if fact.plans else ""
    session = f"{fact.border_point}{where}: the session with {fact.router}"
    match fact.state:
        case "up":
            return f"{session} is up again, with every address family that is needed"
        case "gone":
            return f"{session} is no longer in the configuration"
        case "lacking":
            return f"{session} lacks {' and '.join(fact.lacking)}; rules of that family are not held there"
        case "down":
            return f"{session} is down ({fact.why}); no rule is held there until it is up again"
        case "unseen":
            return f"{session} is not seen ({fact.why}); nobody can say what is held there"


StageFact = (
    PlanExpired
    | PlanSuperseded
    | SpotTestStarted
    | VerdictReached
    | PlanWidened
    | PlanNarrowed
    | PlanYielded
    | PlanResumed
    | PlanHeld
    | LeaseRenewed
    | PlanRelaxed
    | LookEnded
    | PlanLifted
    | PlanLapsed
    | PlanFailed
)


def stage_sentence(fact: StageFact) -> str:
    match fact:
        case PlanSuperseded(plan, by):
            return f"plan {by} takes the place of plan {plan}"
        case SpotTestStarted(plan):
            return f"plan {plan} is in force at one border point"
        case VerdictReached(plan, verdicts):
            told = " ".join(reason.words for verdict in verdicts for reason in verdict.reasons)
            return f"verdict on plan {plan}: {told}"
        case PlanWidened(plan):
            return f"plan {plan} is widened by one step"
        case PlanNarrowed(plan, why):
            return f"plan {plan} is narrowed by one step: {why}"
        case PlanYielded(plan, by, points):
            return f"plan {plan} yields to plan {by} at {', '.join(points)}"
        case PlanResumed(plan, points):
            return f"plan {plan} is in force again at {', '.join(points)}"
        case PlanHeld(plan):
            return f"plan {plan} is in force as wide as it will be"
        case LeaseRenewed(plan):
            return f"the leases of plan {plan} begin anew"
        case PlanRelaxed(plan):
            return f"plan {plan} is taken back at one border point for a look"
        case LookEnded(plan, found, counters=RuleCounters(border_point=where)):
            return f"routers' counters at {where} tell of the attack of plan {plan}: {found}"
        case LookEnded(plan, found):
            return f"a look at the attack of plan {plan}: {found}"
        case PlanExpired(plan, why):
            return f"plan {plan} expired: {why}"
        case PlanLifted(plan, why):
            return f"plan {plan} is lifted: {why}"
        case PlanLapsed(plan, why):
            return f"plan {plan} lapsed: {why}"
        case PlanFailed(plan, why):
            return f"plan {plan} failed: {why}"


def proposal(plan: Plan) -> str:
    """As "3 rules at 2 border points", or why there is none."""
    if not plan.rules:
        return f"do nothing ({' '.join(plan.reasons)})"
    rules = count_of(len({(rule.match, rule.action) for rule in plan.rules}), "rule")
    points = count_of(len({rule.border_point for rule in plan.rules}), "border point")
    removed, lost = share(plan.forecast.attack_removed), share(plan.forecast.lost_bytes)
    return f"{rules} at {points}, removing {removed} of the attack and {lost} of the rest"


def share(value: Share) -> str:
    """As "98.2 % (97 to 99.1)"."""
    estimate, low, high = (f"{part * 100 / MILLION:.3g}" for part in (value.estimate, value.low, value.high))
    return f"{estimate} % ({low} to {high})"


def action_words(action: Action) -> str:
    match action:
        case RateLimit(bytes_per_s):
            return f"let {si(bytes_per_s * 8, 'bps')} through each router"
        case Drop():
            return "drop"
        case Redirect(route_target):
            return f"redirect to {route_target}"
        case Blackhole(next_hop):
            return f"blackhole by {next_hop}"


def match_words(match: Match) -> str:
    """As "to 198.51.100.7/32, UDP, from port 123, of 400 to 500 bytes"."""
    parts = [f"to {match.destination}"]
    if match.source is not None:
        parts.append(f"from {match.source}")
    if match.protocols:
        parts.append(" or ".join(PROTOCOLS.get(number, f"protocol {number}") for number in match.protocols))
    for words, ranges in (
        ("from port", match.source_ports),
        ("to port", match.destination_ports),
        ("of bytes", match.packet_lengths),
    ):
        if ranges:
            parts.append(f"{words} {ranges_words(ranges)}")
    if match.icmp_types:
        parts.append(f"ICMP type {' or '.join(map(str, match.icmp_types))}")
    if match.tcp_flags is not None:
        parts.append(flags_words(match.tcp_flags))
    if match.fragments:
        parts.append("fragments: " + " or ".join(FRAGMENTS[kind] for kind in match.fragments))
    return ", ".join(parts)


def ranges_words(ranges: tuple[Range, ...]) -> str:
    return " or ".join(
        str(span.first) if span.first == span.last else f"{span.first} to {span.last}" for span in ranges
    )


def flags_words(flags: TcpFlags) -> str:
    def names(bits: int) -> str:
        return "+".join(name for at, name in enumerate(FLAGS) if bits >> at & 1) or "none"

    return f"TCP flags {names(flags.are)} of {names(flags.among)}"
