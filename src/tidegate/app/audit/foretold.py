"""What the audit says of every service after events, at each of the moments."""

from collections.abc import Iterable

from tidegate.audit.auditing import audit_of
from tidegate.audit.fates import answer
from tidegate.model.audit_events import State, WhatIf
from tidegate.model.audits import Observation


def foretold(observations: Iterable[Observation], what_if: WhatIf) -> dict[str, tuple[State, ...]]:
    """By service. NotAllowed for an event about something that nothing stands on."""
    return {fate.service: fate.states for fate in answer(audit_of(observations), what_if).services}
