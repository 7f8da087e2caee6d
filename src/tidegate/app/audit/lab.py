"""What `tidegate lab audit` is asked and what it reports; the lab itself is made by the hinge."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from tidegate.model.audit_events import State

LAB_CASES = {
    "nothing": "nothing happens",
    "names": "a name provider withdraws",
    "delivery": "a delivery network withdraws",
    "login": "a login provider withdraws",
    "mail": "a mail provider withdraws",
    "authority": "a certificate authority stops",
    "primary": "a hidden primary stops",
    "name": "a name expires",
    "country": "a foreign country cannot be reached",
    "cut": "the country's foreign links are cut",
    "together": "a name provider, an authority, a primary and a name are lost at once",
}
"""What can be made to happen; tidegate.lab.audit.cases makes it."""


class AuditLabOrder(msgspec.Struct, frozen=True, kw_only=True):
    """`cases` are of LAB_CASES; each is a country of its own, from its start to its end."""

    cases: tuple[str, ...]


class Compared(msgspec.Struct, frozen=True):
    """One service after one event: what the audit said and what people saw, at each of MOMENTS, and what
    first stood in their way.
    """

    service: str
    weakness: str
    predicted: tuple[State, ...]
    seen: tuple[State, ...]
    why: str

    @property
    def equal(self) -> bool:
        return self.predicted == self.seen


class CaseReport(msgspec.Struct, frozen=True):
    """One event: what was made to happen, and all services after it."""

    name: str
    title: str
    services: tuple[Compared, ...]

    @property
    def different(self) -> int:
        """Services of which the audit said something else than was seen."""
        return sum(not one.equal for one in self.services)


class AuditLabReport(msgspec.Struct, frozen=True):
    """All cases that were asked for."""

    cases: tuple[CaseReport, ...]
    seconds: int

    @property
    def different(self) -> int:
        return sum(case.different for case in self.cases)


Progress = Callable[[str], None]


class RunAuditLab(Protocol):
    def __call__(self, order: AuditLabOrder, tell: Progress) -> AuditLabReport:
        """NotAllowed for a case that there is not; OutsideFailed where this machine lacks what it needs."""
