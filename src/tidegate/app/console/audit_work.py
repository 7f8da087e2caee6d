"""Audits for the console: the answers of `tidegate audit`, part by part."""

from collections.abc import Iterator

import msgspec

from tidegate.app.audit.asking import (
    Audit,
    advise,
    answer,
    blasts,
    breaches,
    compiles_first,
    differences,
    explain,
    findings_of,
    not_seen,
    open_audit,
    rehearsed,
    scores,
    standings,
    totals,
)
from tidegate.app.console.study import (
    AdviceAsked,
    AuditAsked,
    CutAsked,
    DiffAsked,
    PolicyAsked,
    ServiceAsked,
    ServicesAsked,
    Step,
    Told,
    WhatIfAsked,
    part,
)
from tidegate.app.parts import Parts
from tidegate.model.audit_costs import Costs
from tidegate.model.audit_events import Policy, WhatIf
from tidegate.model.audits import ServiceListed
from tidegate.model.refusals import NotAllowed

CHANGES_ADVISED = 5
HOURS_ADVISED = 30 * 24
"""As `tidegate audit advise` without options, and as its report."""

SERVICES_TOLD_MAX = 1_000
"""Services of an audit or of a what-if that a page is given, those with most people or hit worst first;
totals are of all."""

LOSSES_TOLD_MAX = 1_000
"""Single losses that a page is given, the worst first."""

UNSEEN_TOLD_MAX = 1_000
"""Things not seen that a page is given; their number is told."""

BREACHES_TOLD_MAX = 1_000
"""Breaches of a policy that a page is given, rule by rule; their number is told for each rule."""

DIFFERENCES_TOLD_MAX = 1_000
"""Differences of two audits that a page is given; their number is told."""


class AuditTold(msgspec.Struct, frozen=True):
    """What an audit is made of. `left_out` counts services, losses and things not seen beyond the bounds."""

    home: str
    countries: tuple[str, ...]
    at_s: int
    observations: int
    things: int
    dependencies: int
    people: int
    services: tuple[ServiceListed, ...]
    services_left_out: int
    losses_left_out: int


class RuleTold(msgspec.Struct, frozen=True):
    """A rule of a policy: by how many services it is broken, surely or as far as can be known, for how many
    people.
    """

    name: str
    broken: int
    sure: int
    people: int


class Differing(msgspec.Struct, frozen=True):
    """How much two audits differ, and when each was made."""

    count: int
    before_at_s: int
    at_s: int


class Unseen(msgspec.Struct, frozen=True):
    """What was asked and not answered."""

    count: int
    told: tuple[str, ...]


def audited(parts: Parts, asked: ServicesAsked, place: str, beside: str) -> Iterator[Told]:
    """Steps and parts. NotAllowed for names that the audit does not have."""
    if compiles_first():
        yield Step("compiling")
    yield Step("reading")
    audit = open_audit(parts.files(), place, parts.clock().now_ms() // 1000)
    yield Step("answering")
    match asked:
        case AuditAsked(home=home):
            yield from stood_on(audit, home)
        case WhatIfAsked():
            yield from what_if(audit, asked.what_if, asked.home)
        case CutAsked():
            yield from cut(parts, audit, asked, beside)
        case PolicyAsked():
            yield from held_to(audit, asked.policy, home_of(audit, asked.home))
        case DiffAsked():
            yield from set_beside(parts, audit, home_of(audit, asked.home), beside)
        case AdviceAsked():
            home = home_of(audit, asked.home)
            yield Step("changes")
            yield part("advice", advise(audit, home, asked.changes, asked.hours, asked.costs, asked.budget))
        case ServiceAsked(service=service):
            yield part("explained", explain(audit, service))


def stood_on(audit: Audit, told: str) -> Iterator[Told]:
    """As `audit layers`, `blast-radius` and `advise` tell it."""
    countries = tuple(sorted({one.country for _, one in audit.services()}))
    home = home_of(audit, told)
    standing, losses = standings(audit, home), None
    listed = [one for _, one in audit.services() if one.country == home]
    shown = {one.name for one in listed[:SERVICES_TOLD_MAX]}
    yield part("layers", {"home": home, "layers": totals(audit, standing), "scores": scores(audit, home)})
    yield part("standings", [one for one in standing if one.service in shown])
    yield Step("losses")
    losses = blasts(audit, home)
    yield part("losses", losses[:LOSSES_TOLD_MAX])
    yield part(
        "audit",
        AuditTold(
            home=home,
            countries=countries,
            at_s=audit.at_s,
            observations=audit.observed.count,
            things=len(audit.graph),
            dependencies=len(audit.graph.member),
            people=sum(one.people for one in listed),
            services=tuple(listed[:SERVICES_TOLD_MAX]),
            services_left_out=max(0, len(listed) - SERVICES_TOLD_MAX),
            losses_left_out=max(0, len(losses) - LOSSES_TOLD_MAX),
        ),
    )
    unseen = not_seen(audit)
    yield part("not_seen", Unseen(len(unseen), unseen[:UNSEEN_TOLD_MAX]))
    yield Step("changes")
    yield part("advice", advise(audit, home, CHANGES_ADVISED, HOURS_ADVISED, Costs()))


def home_of(audit: Audit, told: str) -> str:
    """NotAllowed for a country that has no service here."""
    if told and told not in {one.country for _, one in audit.services()}:
        raise NotAllowed(f"No service of this audit is of {told}.")
    return told or audit.home()


def what_if(audit: Audit, asked: WhatIf, home: str) -> Iterator[Told]:
    """As `audit what-if` tells it; of services only those that are touched, the worst first."""
    found = answer(audit, asked, home_of(audit, home) if home else None)
    touched = [one for one in found.services if {state.value for state in one.states} != {"works"}]
    yield part("fates", msgspec.structs.replace(found, services=tuple(touched[:SERVICES_TOLD_MAX])))
    yield part("touched", len(touched))


def cut(parts: Parts, audit: Audit, asked: CutAsked, world: str) -> Iterator[Told]:
    """As `audit what-if --scenario` tells it, of a scenario of `rehearse`."""
    home = home_of(audit, asked.home)
    yield Step("measuring")
    event = rehearsed(parts.topology(), audit, home, asked.scenario, world, parts.environ)
    yield Step("answering")
    yield from what_if(audit, event, home)
    yield part("cut", event.event[0])


def held_to(audit: Audit, policy: Policy, home: str) -> Iterator[Told]:
    """As `audit check` tells it."""
    found = breaches(audit, policy, standings(audit, home), home)
    rules = []
    for name in dict.fromkeys(rule.name for rule in policy.rule):
        broken = [one for one in found if one.rule == name]
        people = sum(one.people for one in broken)
        rules.append(RuleTold(name, len(broken), sum(one.sure for one in broken), people))
    yield part("rules", rules)
    yield part("breaches", found[:BREACHES_TOLD_MAX])


def set_beside(parts: Parts, audit: Audit, home: str, place: str) -> Iterator[Told]:
    """As `audit diff` tells it."""
    yield Step("reading")
    before = open_audit(parts.files(), place, parts.clock().now_ms() // 1000)
    yield Step("losses")
    found = differences(findings_of(before, home), findings_of(audit, home))
    yield part("differing", Differing(len(found), before.at_s, audit.at_s))
    yield part("differences", found[:DIFFERENCES_TOLD_MAX])
