"""Whole answers put together: all that is told of one service, of one audit, and a report's contents."""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from tidegate.app.audit.comma import blasts_csv, layers_csv, scores_csv
from tidegate.app.audit.reading import not_seen
from tidegate.app.audit.report import Report
from tidegate.audit.advice import advise
from tidegate.audit.auditing import Audit
from tidegate.audit.causes import shortest_proof
from tidegate.audit.comparing import Findings
from tidegate.audit.fates import answer
from tidegate.audit.graph import Kind
from tidegate.audit.hits import hits_of
from tidegate.audit.layers import Standing, standings, totals
from tidegate.audit.losses import Blast, blasts, country_of, event_of
from tidegate.audit.narrowing import narrowed
from tidegate.audit.policies import breaches
from tidegate.audit.reasoning import SURELY_FAILS, times_after
from tidegate.audit.scores import scores
from tidegate.kernels.dependencies import NEVER
from tidegate.model.audit_costs import Costs
from tidegate.model.audit_events import CutOff, Policy, WhatIf, WithdrawCountry
from tidegate.model.audits import ServiceListed
from tidegate.model.refusals import NotAllowed

SINGLES_MAX = 100
"""Single points of one service that are told, those first that stop it soonest; the rest are left out."""

CERTIFICATES_MAX = 100
"""Certificates of one service that are told, those first that end first; the rest are left out."""

CHANGES_ADVISED = 5
HOURS_ADVISED = 30 * 24
COUNTRIES_REPORTED = 3


class Single(msgspec.Struct, frozen=True):
    """One loss that alone stops a service, when, and the shortest proof: causes first."""

    what: str
    fails_s: int
    proof: tuple[str, ...]


class CertificateHeld(msgspec.Struct, frozen=True):
    """A certificate that a service hangs on. `by_program`: there are signs that one renews it. `caa` are the
    domains of authorities that CAA allows, none where all are.
    """

    host: str
    authority: str
    country: str
    ends_s: int
    by_program: bool
    must_staple: bool
    caa: tuple[str, ...]


class Explained(msgspec.Struct, frozen=True):
    """All that a service stands on, and what stops it."""

    service: ServiceListed
    layers: tuple[Standing, ...]
    singles: tuple[Single, ...]
    certificates: tuple[CertificateHeld, ...]
    not_seen: tuple[str, ...]


def explain(audit: Audit, name: str) -> Explained:
    """NotAllowed for a service that the audit does not have."""
    audit = narrowed(audit, audit.things.row(Kind.SERVICE, name))
    row = audit.things.row(Kind.SERVICE, name)
    told = audit.observed.services[name]
    singles = sorted(_singles(audit, row, told.country), key=lambda one: (one.fails_s, len(one.proof)))
    return Explained(
        service=told,
        layers=tuple(one for one in standings(audit, told.country) if one.service == name),
        singles=tuple(singles[:SINGLES_MAX]),
        certificates=tuple(sorted(_certificates(audit), key=lambda one: (one.ends_s, one.host)))[
            :CERTIFICATES_MAX
        ],
        not_seen=tuple(audit.graph.names[one] for one in audit.unseen_below(row)),
    )


def _certificates(audit: Audit) -> Iterator[CertificateHeld]:
    """Of all hosts in an audit, as far as they were seen."""
    for row in audit.graph.rows(Kind.CERTIFICATE).tolist():
        host = audit.graph.names[row]
        seen, allowed = audit.observed.certificates.get(host), audit.observed.allowed.get(host)
        if seen is not None and seen.chain:
            leaf = seen.chain[0]
            yield CertificateHeld(
                host=host,
                authority=leaf.issuer,
                country=country_of(audit, Kind.AUTHORITY, leaf.issuer),
                ends_s=leaf.not_after_s,
                by_program=seen.automated,
                must_staple=seen.must_staple,
                caa=allowed.authorities if allowed else (),
            )


def _singles(audit: Audit, row: int, home: str) -> list[Single]:
    """Tried one by one, over what the service hangs on."""
    found = []
    for one in audit.below(row):
        event = event_of(audit.graph, one, home)
        if event is None:
            continue
        told, times = times_after(audit.graph, SURELY_FAILS, hits_of(audit.things, [event]), audit.at_s)
        if times[row] != NEVER:
            proof = shortest_proof(audit.graph, told, times, row)
            found.append(Single(audit.graph.title(one), int(times[row]), proof))
    return found


def findings_of(audit: Audit, home: str) -> Findings:
    """What two audits are compared by."""
    return Findings(standings(audit, home), blasts(audit, home), scores(audit, home), not_seen(audit))


def tables_of(audit: Audit, home: str) -> Mapping[str, str]:
    """Comma-separated tables by the names of their files."""
    return {
        "layers.csv": layers_csv(standings(audit, home)),
        "blast-radius.csv": blasts_csv(blasts(audit, home)),
        "scores.csv": scores_csv(scores(audit, home)),
    }


def report_of(
    audit: Audit, home: str, policy: Policy | None, costs: Costs, progress: Callable[[str], None]
) -> Report:
    """Every question asked of one audit, in the order in which a planner asks them."""
    progress("Looking at layers")
    standing = standings(audit, home)
    progress("Losing each provider and country")
    blast = blasts(audit, home)
    if not standing:
        raise NotAllowed(f"No service of this audit is of {home}.")
    progress("Asking what if")
    what_ifs = [WhatIf(f"{home} is cut off from the world", (CutOff(country=home),)), *_worst(blast)]
    answers = tuple(answer(audit, what_if) for what_if in what_ifs)
    progress("Trying changes")
    return Report(
        home=home,
        at_s=audit.at_s,
        observations=audit.observed.count,
        things=len(audit.graph),
        dependencies=len(audit.graph.member),
        services=tuple(told for _, told in audit.services()),
        standing=standing,
        totals=totals(audit, standing),
        answers=answers,
        blasts=blast,
        scores=scores(audit, home),
        advice=advise(audit, home, CHANGES_ADVISED, HOURS_ADVISED, costs),
        breaches=breaches(audit, policy, standing, home) if policy else None,
        not_seen=not_seen(audit),
    )


def _worst(blast: tuple[Blast, ...]) -> list[WhatIf]:
    """The foreign countries whose withdrawal costs most."""
    laws = [one.name for one in blast if one.kind == "law" and one.people[-1]]
    return [
        WhatIf(f"{country} withdraws", (WithdrawCountry(country=country),))
        for country in laws[:COUNTRIES_REPORTED]
    ]
