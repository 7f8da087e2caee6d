"""What the demo tells while it runs and when it ends, as values that any door can show."""

from typing import Protocol

import msgspec

from tidegate.model.attacks import Attack


class ExporterView(msgspec.Struct, frozen=True, kw_only=True):
    """One exporter at one moment. `sampling_rate` is 0 where it is unknown."""

    name: str
    border_point: str
    protocol: str
    sampling_rate: int
    records_per_s: int
    age_ms: int


class DemoView(msgspec.Struct, frozen=True, kw_only=True):
    """The demo at one moment. `inbound_bits_per_s` holds the last seconds, newest last."""

    elapsed_s: float
    of_s: float
    step: str
    exporters: tuple[ExporterView, ...]
    inbound_bits_per_s: tuple[int, ...]
    attacks: tuple[Attack, ...]
    ended: frozenset[int]
    facts: int


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """One attack that the lab sent, beside what was made of it.

    `sent_bits_per_s` is the true rate of IP bytes; `sent_vectors` are the kinds that the sent packets
    are of, the heaviest first. `number` is the attack's on record, None where it was missed;
    `after_ms` runs from its first packet to its record.
    """

    story: str
    target: str
    exporter: str
    border_point: str
    protocol: str
    sampling_told: bool
    sent_bits_per_s: int
    sent_packets_per_s: int
    sent_vectors: tuple[str, ...]
    number: int | None
    after_ms: int | None
    detected: Attack | None
    right_target: bool
    right_vectors: bool
    rate_within_interval: bool | None


class DemoReport(msgspec.Struct, frozen=True, kw_only=True):
    """How the demo ended. `false_alarms` are attacks on record that the lab did not send."""

    expectations: tuple[Expectation, ...]
    false_alarms: tuple[Attack, ...]
    facts: int
    ledger_verified: bool
    datagrams_sent: int
    datagrams_lost: int
    records: int
    seconds: float

    @property
    def all_is_well(self) -> bool:
        """Every attack was found at the right target with the right vectors, and the ledger proves it."""
        found = all(sent.right_target and sent.right_vectors for sent in self.expectations)
        return found and self.ledger_verified and not self.false_alarms


class DemoRun(Protocol):
    """A demo that has been started; closing it ends every process and removes its state."""

    def advance(self) -> DemoView:
        """Goes on for a moment, at most half a second."""

    @property
    def over(self) -> bool:
        """All attacks have been sent and told of, or their time is up."""

    def report(self) -> DemoReport: ...

    def close(self) -> None: ...
