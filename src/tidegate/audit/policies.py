"""Rules that an audit is held to, and which services break them."""

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from tidegate.audit.auditing import Audit
from tidegate.audit.graph import Kind
from tidegate.audit.hits import hits_of
from tidegate.audit.layers import Standing
from tidegate.audit.losses import FAMILIES, country_of, losses
from tidegate.audit.reasoning import MAY_FAIL, SURELY_FAILS, Lens, times_after
from tidegate.kernels.dependencies import NEVER
from tidegate.model.audit_events import CutOff, Policy, Rule
from tidegate.model.audits import ServiceListed
from tidegate.model.refusals import NotAllowed
from tidegate.model.topology import Rows


class Breach(msgspec.Struct, frozen=True):
    """One service that breaks a rule: by what, and whether that is sure or only not ruled out."""

    rule: str
    service: str
    people: int
    sure: bool
    why: str


def breaches(audit: Audit, policy: Policy, standing: Sequence[Standing], home: str) -> tuple[Breach, ...]:
    """In the order of the rules, services with most people first. NotAllowed for a rule over no service."""
    return tuple(one for rule in policy.rule for one in _breaches(audit, rule, standing, home))


def _breaches(audit: Audit, rule: Rule, standing: Sequence[Standing], home: str) -> Iterator[Breach]:
    services = [one for one in audit.services() if _is_meant(rule, one[1])]
    if not services:
        raise NotAllowed(f"The rule {rule.name!r} is about no service of this audit.")
    if rule.survives is not None:
        yield from _not_surviving(audit, rule, services, home)
    layers = {one.service: one for one in standing if one.layer == rule.layer}
    for _, told in services if rule.must_be else ():
        found = _fault(rule, layers.get(told.name))
        if found is not None:
            yield Breach(rule.name, told.name, told.people, *found)


def _is_meant(rule: Rule, told: ServiceListed) -> bool:
    named = rule.services or rule.sectors
    return not named or told.name in rule.services or told.sector in rule.sectors


def _fault(rule: Rule, found: Standing | None) -> tuple[bool, str] | None:
    """Whether it is sure, and why; None where the layer is as it must be."""
    if found is None:
        return False, f"nothing is known of its layer {rule.layer}"
    match rule.must_be:
        case "at home" if found.where != "home":
            return found.where == "abroad", f"{rule.layer} is {found.where.replace('_', ' ')}"
        case "redundant" if found.single is not False:
            return found.single is True, f"{rule.layer} hangs on {found.hangs_on or 'what is not known'}"
        case "seen" if found.where == "not_known" or found.single is None:
            return True, f"{rule.layer} is not wholly seen"
    return None


def _not_surviving(
    audit: Audit, rule: Rule, services: Sequence[tuple[int, ServiceListed]], home: str
) -> Iterator[Breach]:
    """Each service once, by the first loss that surely stops it, else by the first that may."""
    moment_s = min(rule.hours * 3600, NEVER - 1)
    found: dict[int, tuple[bool, str]] = {}
    for sure, lens in ((True, SURELY_FAILS), (False, MAY_FAIL)):
        stops = _cut_off(audit, lens, home, moment_s) if rule.survives == "cut off" else {}
        for kind, event in FAMILIES if rule.survives != "cut off" else ():
            rows = _meant_losses(audit, rule, kind, home)
            apart = losses(audit, rows, lens, event, np.array([moment_s], np.int32))
            for row, _ in services:
                if apart.stopper[row] >= 0:
                    stops.setdefault(row, f"without {audit.graph.title(int(rows[apart.stopper[row]]))}")
                elif apart.usual_s[row] <= moment_s:
                    stops.setdefault(row, "without what was not seen" if not sure else "already today")
        for row, why in stops.items():
            found.setdefault(row, (sure, why))
    for row, told in services:
        if row in found:
            yield Breach(rule.name, told.name, told.people, *found[row])


def _cut_off(audit: Audit, lens: Lens, home: str, moment_s: int) -> dict[int, str]:
    hits = hits_of(audit.things, [CutOff(country=home)])
    _, times = times_after(audit.graph, lens, hits, audit.at_s)
    return dict.fromkeys(np.flatnonzero(times <= moment_s).tolist(), f"{home} is cut off")


def _meant_losses(audit: Audit, rule: Rule, kind: Kind, home: str) -> Rows:
    """The rows of a kind whose single losses the rule means."""
    survives = rule.survives or ""
    if (kind in (Kind.LAW, Kind.PLACE)) != survives.endswith("country"):
        return np.zeros(0, np.int32)
    rows = audit.graph.rows(kind)
    if "foreign" not in survives:
        return rows
    names = audit.graph.names
    return np.array([row for row in rows.tolist() if country_of(audit, kind, names[row]) != home], np.int32)
