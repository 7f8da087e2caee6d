"""Effects on their way out: each is carried out until every sink has taken it, also after a crash."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Protocol, get_args

from tidegate.model.canonical import decode_effect
from tidegate.model.facts import Ordered, Told
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.ports.alerts import AlertSink
from tidegate.ports.clock import Clock
from tidegate.ports.facts import READ_ROWS_MAX, FactStore, StoredEffect
from tidegate.ports.outside import OutsideFailed

ROUND_MS_MAX = 500
"""Time that one round gives one sink before the rest waits for the next: a slow sink must not hold up
the node, and one call to a sink is the least that a round makes."""

NONE_YET = -1

UNTAKEN_EVERY_MS = 1_000
"""Where there is no sink at all, what nobody takes is marked as done once a second, not fact by fact."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a sink that failed is left alone: `first_ms`, then `factor` times longer each time.

    There is no last try: an alert that nobody could be told stays pending, and the wait stays `longest_ms`.
    """

    first_ms: int = 1_000
    factor: int = 2
    longest_ms: int = 60_000

    def wait_ms(self, failures: int) -> int:
        """After the given number of failures in a row, at least 1."""
        doublings = min(failures - 1, self.longest_ms.bit_length())
        return int(min(self.first_ms * self.factor**doublings, self.longest_ms))


RETRY = RetryPolicy()


class NotYet(OutsideFailed):
    """What was asked for is under way; asking again soon is no new try, and no failure is counted."""


class EffectSink(Protocol):
    """Where effects of some kinds go. The contract is that of tidegate.ports.alerts.AlertSink."""

    @property
    def name(self) -> str: ...

    def carry_out(self, number: int, effect: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Route:
    """Which kinds of effects a sink takes; it never sees others, and never holds them up."""

    sink: EffectSink
    kinds: frozenset[str]


TOLD = frozenset(kind.__name__ for kind in get_args(Told))
ORDERED = frozenset(kind.__name__ for kind in get_args(Ordered))


def to_people(sinks: Sequence[AlertSink]) -> list[Route]:
    return [Route(sink, TOLD) for sink in sinks]


@dataclass(frozen=True, slots=True)
class SinkStatus:
    """How one sink fares. `failures` in a row, and `why` the last of them; `refused` for good, in all."""

    name: str
    done_through: int
    failures: int
    why: str | None
    retry_at_ms: int
    refused: int


class Delivery:
    """One sink's way through the effects, in order; a sink that fails does not hold up the others."""

    def __init__(self, route: Route) -> None:
        self._sink = route.sink
        self._kinds = route.kinds
        self._failures = 0
        self._why: str | None = None
        self._retry_at_ms = 0
        self._refused = 0
        self.done_through = NONE_YET

    def status(self) -> SinkStatus:
        return SinkStatus(
            self._sink.name, self.done_through, self._failures, self._why, self._retry_at_ms, self._refused
        )

    def has_taken(self, effect: StoredEffect) -> bool:
        return effect.kind not in self._kinds or effect.number <= self.done_through

    def is_due(self, now_ms: int, retry: RetryPolicy) -> bool:
        """A clock that was set back does not make anyone wait longer than the longest wait."""
        return not 0 < self._retry_at_ms - now_ms <= retry.longest_ms

    def carry_out(self, effects: Sequence[StoredEffect], clock: Clock, retry: RetryPolicy) -> None:
        """Until the first failure, which sets the time of the next try, or until time is up."""
        began_ms = clock.now_ms()
        for effect in effects:
            if effect.kind not in self._kinds:
                self.done_through = effect.number
                continue
            if clock.now_ms() - began_ms > ROUND_MS_MAX:
                return
            try:
                self._sink.carry_out(effect.number, decode_effect(effect.body))
            except NotYet as waiting:
                self._why = str(waiting)
                return
            except OutsideFailed as failure:
                self._failures += 1
                self._why = str(failure)
                self._retry_at_ms = clock.now_ms() + retry.wait_ms(self._failures)
                return
            except (NotAllowed, Malformed) as refusal:  # it never will, so the ones behind it go on
                self._refused += 1
                self._why = str(refusal)
            else:
                self._why = None
            self._failures = 0
            self._retry_at_ms = 0
            self.done_through = effect.number


class Outbox:
    """Carries out the pending effects of a store, in order, by every sink that takes their kind.

    An effect that no sink takes is done at once; where there is no sink at all, within a second. What each
    sink has taken is remembered in memory only: after a crash, effects that not every sink had taken are
    carried out again by all. Sinks are idempotent by number.
    """

    def __init__(self, store: FactStore, routes: Sequence[Route], clock: Clock, retry: RetryPolicy) -> None:
        self._store = store
        self._clock = clock
        self._deliveries = [Delivery(route) for route in routes]
        self._retry = retry
        self._marked_through = NONE_YET
        self._marked_ms: int | None = None

    def carry_out(self, effects: int) -> None:
        """One round: up to READ_ROWS_MAX effects, or ROUND_MS_MAX, for each sink whose time has come.

        `effects` is how many there ever were: where all are done, the store is not asked.

        OutsideFailed when the *store* fails; failures of sinks are kept in `status`.
        """
        if self._marked_through == effects - 1 or not self._is_time(self._clock.now_ms()):
            return
        # Nothing is added or marked done meanwhile, so that one reading serves all that begin at one place.
        read = lru_cache(partial(self._store.pending_effects, limit=READ_ROWS_MAX))
        for delivery in self._deliveries:
            if delivery.is_due(self._clock.now_ms(), self._retry):
                delivery.carry_out(read(delivery.done_through), self._clock, self._retry)
        self._mark_done(read(self._marked_through), effects)

    def _is_time(self, now_ms: int) -> bool:
        if self._deliveries:
            return True
        if self._marked_ms is not None and 0 <= now_ms - self._marked_ms < UNTAKEN_EVERY_MS:
            return False
        self._marked_ms = now_ms
        return True

    def _mark_done(self, pending: Sequence[StoredEffect], effects: int) -> None:
        taken = [effect.number for effect in pending if self._taken_by_all(effect)]
        if taken:
            self._store.mark_done(taken, self._clock.now_ms())
        # Only what lies before the first that is still pending is never asked for again.
        waiting = next((effect.number for effect in pending if not self._taken_by_all(effect)), None)
        if waiting is not None:
            self._marked_through = waiting - 1
        else:
            self._marked_through = pending[-1].number if pending else effects - 1

    def _taken_by_all(self, effect: StoredEffect) -> bool:
        return all(delivery.has_taken(effect) for delivery in self._deliveries)

    def status(self) -> list[SinkStatus]:
        return [delivery.status() for delivery in self._deliveries]
