"""Rules that an audit is held to, and which services break them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

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

Because = Literal[
    "unknown", "abroad", "not_known", "hangs_on", "not_redundant", "not_seen", "without", "unseen", "already",
    "cut_off",
]  # fmt: skip
"""Why a rule is broken: nothing is known of a service's layer; that is abroad, is not known to be at home,
hangs on one owner, is not known to be redundant, is not wholly seen; or the service stops without something,
perhaps without what was not seen, is down already, or stops where its country is cut off.
"""


class Breach(msgspec.Struct, frozen=True):
    """One service that breaks a rule: by what, and whether that is sure or only not ruled out. `of` is what
    it hangs on, what it stops without, or which country is cut off; `layer` is the rule's.
    """

    rule: str
    service: str
    people: int
    sure: bool
    why: str
    because: Because
    of: str = ""
    layer: str = ""


@dataclass(frozen=True, slots=True)
class _Fault:
    """What `Breach` tells of one."""

    sure: bool
    because: Because
    of: str = ""
    layer: str = ""

    def why(self) -> str:
        match self.because:
            case "unknown":
                return f"nothing is known of its layer {self.layer}"
            case "abroad" | "not_known":
                return f"{self.layer} is {self.because.replace('_', ' ')}"
            case "hangs_on" | "not_redundant":
                return f"{self.layer} hangs on {self.of or 'what is not known'}"
            case "not_seen":
                return f"{self.layer} is not wholly seen"
            case "without":
                return f"without {self.of}"
            case "unseen":
                return "without what was not seen"
            case "already":
                return "already today"
            case "cut_off":
                return f"{self.of} is cut off"


def breaches(audit: Audit, policy: Policy, standing: Sequence[Standing], home: str) -> tuple[Breach, ...]:
    """In the order of the rules, services with most people first. NotAllowed for a rule over no service."""
    return tuple(one for rule in policy.rule for one in _breaches(audit, rule, standing, home))


def _breaches(audit: Audit, rule: Rule, standing: Sequence[Standing], home: str) -> Iterator[Breach]:
    services = [one for one in audit.services() if _is_meant(rule, one[1])]
    if not services:
        raise NotAllowed(f"The rule {rule.name!r} is about no service of this audit.")
    if not rule.is_whole:
        raise NotAllowed(f"The rule {rule.name!r} must say either `survives`, or `layer` and `must_be`.")
    if rule.survives is not None:
        yield from _not_surviving(audit, rule, services, home)
    layers = {one.service: one for one in standing if one.layer == rule.layer}
    for _, told in services if rule.must_be else ():
        found = _fault(rule, layers.get(told.name))
        if found is not None:
            yield _breach(rule, told, found)


def _breach(rule: Rule, told: ServiceListed, fault: _Fault) -> Breach:
    return Breach(
        rule=rule.name,
        service=told.name,
        people=told.people,
        sure=fault.sure,
        why=fault.why(),
        because=fault.because,
        of=fault.of,
        layer=fault.layer,
    )


def _is_meant(rule: Rule, told: ServiceListed) -> bool:
    named = rule.services or rule.sectors
    return not named or told.name in rule.services or told.sector in rule.sectors


def _fault(rule: Rule, found: Standing | None) -> _Fault | None:
    """None where the layer is as it must be."""
    layer = rule.layer or ""
    if found is None:
        return _Fault(sure=False, because="unknown", layer=layer)
    match rule.must_be:
        case "at home" if found.where != "home":
            sure = found.where == "abroad"
            return _Fault(sure=sure, because="abroad" if sure else "not_known", layer=layer)
        case "redundant" if found.single is not False:
            because: Because = "hangs_on" if found.single else "not_redundant"
            return _Fault(found.single is True, because, found.hangs_on, layer)
        case "seen" if found.where == "not_known" or found.single is None:
            return _Fault(sure=True, because="not_seen", layer=layer)
    return None


def _not_surviving(
    audit: Audit, rule: Rule, services: Sequence[tuple[int, ServiceListed]], home: str
) -> Iterator[Breach]:
    """Each service once, by the first loss that surely stops it, else by the first that may."""
    moment_s = min(rule.hours * 3600, NEVER - 1)
    found: dict[int, _Fault] = {}
    for sure, lens in ((True, SURELY_FAILS), (False, MAY_FAIL)):
        stops = _cut_off(audit, lens, home, moment_s) if rule.survives == "cut off" else {}
        for kind, event in FAMILIES if rule.survives != "cut off" else ():
            rows = _meant_losses(audit, rule, kind, home)
            apart = losses(audit, rows, lens, event, np.array([moment_s], np.int32))
            for row, _ in services:
                if apart.stopper[row] >= 0:
                    of = audit.graph.title(int(rows[apart.stopper[row]]))
                    stops.setdefault(row, _Fault(sure, "without", of))
                elif apart.usual_s[row] <= moment_s:
                    stops.setdefault(row, _Fault(sure, "already" if sure else "unseen"))
        for row, fault in stops.items():
            found.setdefault(row, replace(fault, sure=sure))
    for row, told in services:
        if row in found:
            yield _breach(rule, told, found[row])


def _cut_off(audit: Audit, lens: Lens, home: str, moment_s: int) -> dict[int, _Fault]:
    hits = hits_of(audit.things, [CutOff(country=home)])
    _, times = times_after(audit.graph, lens, hits, audit.at_s)
    fault = _Fault(sure=True, because="cut_off", of=home)
    return dict.fromkeys(np.flatnonzero(times <= moment_s).tolist(), fault)


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
