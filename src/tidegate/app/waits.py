"""How long what is due waits for telemetry, how often it asks, and what it says when the time is over."""

from dataclasses import dataclass

UNMEASURED_MS_MAX = 60_000
"""A measurement that is due and cannot be made for so long fails: what nobody sees is not kept in force."""

MEASURE_ON_MS_MAX = 30_000
"""A verdict waits so long for telemetry, or for enough of other traffic; then it says what it lacks."""

ASK_AGAIN_MS = 1_000

Name = tuple[str, int]


@dataclass(slots=True)
class _Wait:
    since_ms: int
    again_ms: int
    why: str


class Waits:
    """By what is due and for which plan; belongs to the node's thread."""

    def __init__(self) -> None:
        self._waits: dict[Name, _Wait] = {}

    def over(self, name: Name, now_ms: int) -> str | None:
        """Why it could not be measured in all its time, which ends with this; None while it may go on."""
        wait = self._waits.setdefault(name, _Wait(now_ms, now_ms, "the collector gave no sample"))
        if now_ms - wait.since_ms <= UNMEASURED_MS_MAX:
            return None
        del self._waits[name]
        return wait.why

    def rests(self, name: Name, now_ms: int) -> bool:
        return now_ms < self._waits[name].again_ms

    def put_off(self, name: Name, why: str, now_ms: int) -> None:
        if (wait := self._waits.get(name)) is not None:
            wait.again_ms, wait.why = now_ms + ASK_AGAIN_MS, why

    def may_measure_on(self, name: Name, now_ms: int) -> bool:
        wait = self._waits.get(name)
        return wait is not None and now_ms - wait.since_ms <= MEASURE_ON_MS_MAX

    def end(self, name: Name) -> None:
        self._waits.pop(name, None)
