"""Where alerts go: a terminal, a log, a duty officer's telephone."""

from typing import Protocol

from tidegate.model.facts import Told


class AlertSink(Protocol):
    """One way to tell the operator.

    Idempotent by number: carrying out the same alert again tells nobody twice, as far as the sink can.
    On error it may or may not have taken hold; the caller performs it again, also after a crash.
    Alerts come one at a time, in the order of their numbers.
    """

    @property
    def name(self) -> str:
        """A short word for messages and counters, different from every other sink's."""

    def carry_out(self, number: int, alert: Told) -> None:
        """Tell it. OutsideFailed when it may succeed later; NotAllowed when this alert never will."""
