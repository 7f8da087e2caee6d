"""How much one peer may bring: a bucket of messages and a bucket of bytes each, and room on disk.

Every listed peer has buckets of its own, so that one that sends too much, or whose key was stolen, slows
down nobody else. What does not fit is not stored and not receipted: its sender keeps it and offers it again.
"""

from dataclasses import dataclass, replace

MESSAGES_PER_S_MAX = 250
"""Messages a second that one peer may bring for long: above the rate that two cores can store and receipt."""

MESSAGES_BURST_MAX = 2_000
"""Messages that one peer may bring at once after a silence: twice the backlog of an outage."""

BYTES_PER_S_MAX = 4 << 20
"""Bytes a second that one peer may bring for long."""

BYTES_BURST_MAX = 64 << 20
"""Bytes that one peer may bring at once after a silence: 32 of the largest envelopes."""

PEER_STORED_BYTES_MAX = 8 << 30
"""Bytes that one peer may bring to a node while it runs; beyond them nothing more of it is stored, people are
told, and a restart, which is theirs to decide on, gives room again."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket of whole thousandths: `filled` of `size` at `at_ms`, and `per_s` a second more."""

    size: int
    per_s: int
    filled_milli: int
    at_ms: int

    def at(self, now_ms: int) -> "Bucket":
        """A clock that was set back fills nothing, and takes nothing away."""
        passed_ms = max(0, now_ms - self.at_ms)
        filled = min(self.size * 1_000, self.filled_milli + passed_ms * self.per_s)
        return replace(self, filled_milli=filled, at_ms=now_ms)

    def holds(self, amount: int) -> bool:
        return amount * 1_000 <= self.filled_milli

    def without(self, amount: int) -> "Bucket":
        return replace(self, filled_milli=self.filled_milli - amount * 1_000)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one peer may still bring."""

    messages: Bucket
    bytes: Bucket

    def admit(self, size: int, stored_bytes: int, now_ms: int) -> tuple["Allowance", str]:
        """After one envelope of `size` bytes, and why it is not admitted: empty where it is.

        `stored_bytes` is what this peer has brought already.
        """
        messages, amount = self.messages.at(now_ms), self.bytes.at(now_ms)
        if stored_bytes + size > PEER_STORED_BYTES_MAX:
            return Allowance(messages, amount), "this peer's room on disk is full"
        if not messages.holds(1) or not amount.holds(size):
            return Allowance(messages, amount), "this peer brings more than it may"
        return Allowance(messages.without(1), amount.without(size)), ""


def full_allowance(now_ms: int) -> Allowance:
    return Allowance(
        Bucket(MESSAGES_BURST_MAX, MESSAGES_PER_S_MAX, MESSAGES_BURST_MAX * 1_000, now_ms),
        Bucket(BYTES_BURST_MAX, BYTES_PER_S_MAX, BYTES_BURST_MAX * 1_000, now_ms),
    )
