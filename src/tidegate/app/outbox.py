"""Effects on their way out: each is carried out until every sink has taken it, also after a crash."""

from collections.abc import Sequence
from dataclasses import dataclass

from tidegate.model.canonical import decode_effect
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.ports.alerts import AlertSink
from tidegate.ports.clock import Clock
from tidegate.ports.facts import READ_ROWS_MAX, FactStore, StoredEffect
from tidegate.ports.outside import OutsideFailed

ROUND_MS_MAX = 500
"""Time that one round gives one sink before the rest waits for the next: a slow sink must not hold up
the node, and one call to a sink is the least that a round makes."""

NONE_YET = -1


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

    def __init__(self, sink: AlertSink) -> None:
        self._sink = sink
        self._failures = 0
        self._why: str | None = None
        self._retry_at_ms = 0
        self._refused = 0
        self.done_through = NONE_YET

    def status(self) -> SinkStatus:
        return SinkStatus(
            self._sink.name, self.done_through, self._failures, self._why, self._retry_at_ms, self._refused
        )

    def is_due(self, now_ms: int, retry: RetryPolicy) -> bool:
        """A clock that was set back does not make anyone wait longer than the longest wait."""
        return not 0 < self._retry_at_ms - now_ms <= retry.longest_ms

    def carry_out(self, effects: Sequence[StoredEffect], clock: Clock, retry: RetryPolicy) -> None:
        """Until the first failure, which sets the time of the next try, or until time is up."""
        began_ms = clock.now_ms()
        for effect in effects:
            if clock.now_ms() - began_ms > ROUND_MS_MAX:
                return
            try:
                self._sink.carry_out(effect.number, decode_effect(effect.body))
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
    """Carries out the pending effects of a store, in order, by every sink; without any they are done at once.

    What each sink has taken is remembered in memory only: after a crash, effects that not every sink had
    taken are carried out again by all. Sinks are idempotent by number.
    """

    def __init__(
        self, store: FactStore, sinks: Sequence[AlertSink], clock: Clock, retry: RetryPolicy
    ) -> None:
        self._store = store
        self._clock = clock
        self._deliveries = [Delivery(sink) for sink in sinks]
        self._retry = retry
        self._marked_through = NONE_YET

    def carry_out(self) -> None:
        """One round: up to READ_ROWS_MAX effects, or ROUND_MS_MAX, for each sink whose time has come.

        OutsideFailed when the *store* fails; failures of sinks are kept in `status`.
        """
        for delivery in self._deliveries:
            if delivery.is_due(self._clock.now_ms(), self._retry):
                pending = self._store.pending_effects(delivery.done_through, READ_ROWS_MAX)
                delivery.carry_out(pending, self._clock, self._retry)
        self._mark_done()

    def _mark_done(self) -> None:
        pending = self._store.pending_effects(self._marked_through, READ_ROWS_MAX)
        taken = [effect.number for effect in pending if self._taken_by_all(effect)]
        if taken:
            self._store.mark_done(taken, self._clock.now_ms())
            self._marked_through = taken[-1]

    def _taken_by_all(self, effect: StoredEffect) -> bool:
        return all(effect.number <= delivery.done_through for delivery in self._deliveries)

    def status(self) -> list[SinkStatus]:
        return [delivery.status() for delivery in self._deliveries]
