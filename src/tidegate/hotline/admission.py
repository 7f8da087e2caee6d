"""How much one peer may bring: a bucket of messages and a bucket of bytes each, and room on disk.

The buckets are those of whoever hands envelopes over. The room is that of whoever signed a message, whatever
way it came, and holds messages alone: receipts and heartbeats of a peer without room still come through.

Every listed peer has buckets of its own, so that one that sends too much, or whose key was stolen, slows
down nobody else. What does not fit is not stored and not receipted: its sender keeps it and offers it again.
"""

from dataclasses import dataclass, replace

MESSAGES_PER_S_MAX = 600
"""Envelopes a second that one peer may bring for long: 200 messages, as many receipts for ours, and half as
many again for what comes twice."""

MESSAGES_BURST_MAX = 2_000
"""Messages that one peer may bring at once after a silence: twice the backlog of an outage."""

BYTES_PER_S_MAX = 4 << 20
"""Bytes a second that one peer may bring for long."""

BYTES_BURST_MAX = 64 << 20
"""Bytes that one peer may bring at once after a silence: 32 of the largest envelopes."""

PEER_STORED_BYTES_MAX = 8 << 30
"""Bytes that one peer's messages may take in the store, unless the configuration gives it more room
(`hotline.peer_stored_gib`); beyond them nothing more of it is stored, and `hotline status` says so."""


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

    def admit(self, size: int, now_ms: int) -> tuple["Allowance", str]:
        """After one envelope of `size` bytes, and why it is not admitted: empty where it is."""
        messages, amount = self.messages.at(now_ms), self.bytes.at(now_ms)
        if not messages.holds(1) or not amount.holds(size):
            return Allowance(messages, amount), "this peer brings more than it may"
        return Allowance(messages.without(1), amount.without(size)), ""


def full_allowance(now_ms: int) -> Allowance:
    return Allowance(
        Bucket(MESSAGES_BURST_MAX, MESSAGES_PER_S_MAX, MESSAGES_BURST_MAX * 1_000, now_ms),
        Bucket(BYTES_BURST_MAX, BYTES_PER_S_MAX, BYTES_BURST_MAX * 1_000, now_ms),
    )
