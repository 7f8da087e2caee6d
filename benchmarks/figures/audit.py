"""Figures of audits: a made-up country's services put together, a what-if, every single loss, and memory."""

import resource
import subprocess
import sys
from collections.abc import Callable
from functools import cache

from benchmarks.figure import Better, Description, Figure, Settings
from benchmarks.rehearsals import least_s
from tidegate.app.audit.telling import explain, findings_of
from tidegate.audit.auditing import Audit, audit_of
from tidegate.audit.comparing import differences
from tidegate.audit.fates import answer
from tidegate.audit.losses import blasts
from tidegate.audit.synthetic import HOME, synthetic_audit
from tidegate.model.audit_events import WhatIf, WithdrawProvider
from tidegate.wire.observations import decode_observations, encode_observations

SERVICES, PARTS = 10_000, 195
WITHDRAWN = WhatIf("the largest provider of names withdraws", (WithdrawProvider(provider="Names 1"),))


@cache
def observed(seed: int, services: int) -> bytes:
    return encode_observations(synthetic_audit(seed, services, PARTS))


@cache
def made_up(settings: Settings) -> Audit:
    services = SERVICES // 10 if settings.quick else SERVICES
    return audit_of(decode_observations(observed(settings.seed, services), "made up"))


def shape(audit: Audit) -> str:
    services = f"{len(audit.observed.services):,} services"
    return f"{services}, {len(audit.graph):,} things, {len(audit.graph.member):,} dependencies"


def seconds(value: float, *notes: str) -> Figure:
    return Figure(value=value, shown=f"{value:.2f} s", notes=notes)


def measure_load(settings: Settings) -> Figure:
    audit = made_up(settings)
    body = observed(settings.seed, len(audit.observed.services))
    taken = least_s(lambda: audit_of(decode_observations(body, "made up")), 1)
    return seconds(taken, f"{len(body):,} bytes of observations read and made into a graph; {shape(audit)}")


def measure_what_if(settings: Settings) -> Figure:
    audit = made_up(settings)
    answer(audit, WITHDRAWN)
    return seconds(least_s(lambda: answer(audit, WITHDRAWN), 5), f"all bounds and causes; {shape(audit)}")


def measure_losses(settings: Settings) -> Figure:
    audit = made_up(settings)
    found = blasts(audit, HOME)
    taken = least_s(lambda: blasts(audit, HOME), 2)
    return seconds(taken, f"{len(found):,} providers, authorities and countries, each alone; {shape(audit)}")


def measure_explain(settings: Settings) -> Figure:
    """Of the service with most people, as `audit explain` tells it once the audit is open."""
    audit = made_up(settings)
    name = audit.services()[0][1].name
    found = explain(audit, name)
    taken = least_s(lambda: explain(audit, name), 3)
    return seconds(taken, f"{len(found.singles)} losses that stop it, each proved; {shape(audit)}")


def measure_diff(settings: Settings) -> Figure:
    """Of an audit and one that is later, once both are open: made up from another seed."""
    before = made_up(settings)
    services = len(before.observed.services)
    after = audit_of(decode_observations(observed(settings.seed + 1, services), "later"))
    findings_of(before, HOME)
    taken = least_s(lambda: differences(findings_of(before, HOME), findings_of(after, HOME)), 1)
    return seconds(taken, f"layers, losses, scores and what was not seen of two; {shape(before)}")


def measure_memory(settings: Settings) -> Figure:
    """Of a process of its own that reads an audit, asks a what-if and tries every loss."""
    services = SERVICES // 10 if settings.quick else SERVICES
    command = [sys.executable, "-m", "benchmarks.figures.audit"]
    body = observed(settings.seed, services)
    told = subprocess.run(command, input=body, capture_output=True, check=True).stdout
    megabytes = int(told) / 1000
    return Figure(value=megabytes, shown=f"{megabytes:.0f} MB", notes=("largest resident size",))


def _told(
    name: str, what: str, aim: float | None, measure: Callable[[Settings], Figure], unit: str = "s"
) -> Description:
    return Description(name, what, unit, aim, Better.LOWER, measure)


DESCRIPTIONS = (
    _told("audit-load", "observations read and made into a graph", None, measure_load),
    _told("audit-what-if", "a provider withdraws from 10,000 services", 1.0, measure_what_if),
    _told("audit-losses", "every provider and country lost alone", 10.0, measure_losses),
    _told("audit-explain", "one of 10,000 services explained, with proofs", None, measure_explain),
    _told("audit-diff", "two audits of 10,000 services set side by side", None, measure_diff),
    _told("audit-memory", "memory of all that", 1_500.0, measure_memory, "MB"),
)


if __name__ == "__main__":
    told = audit_of(decode_observations(sys.stdin.buffer.read(), "made up"))
    answer(told, WITHDRAWN)
    blasts(told, HOME)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
