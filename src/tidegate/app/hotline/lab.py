"""What `tidegate lab hotline` is asked and what it reports; the lab itself is made by the hinge."""

from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

PARTIES_MAX = 8
"""Parties of one run: each is a process of its own on this machine."""

Network = Literal["proxy", "namespaces"]


class LabOrder(msgspec.Struct, frozen=True, kw_only=True):
    """`faults` in words (tidegate.lab.hotline.faults), in each direction and for each packet.

    `messages` go out at `per_s`, one in four as FLASH; `kills`, `partitions` and `clock_steps` are spread
    over them. With `namespaces` (root) packets are lost under TCP too; a `proxy` stands before each party.
    `junk_per_s` datagrams of junk reach the first party's UDP port beside all that. With `backlog` nothing
    passes until all is said.
    """

    parties: int
    faults: str
    messages: int
    per_s: float
    kills: int
    partitions: int
    clock_steps: int
    junk_per_s: int
    backlog: bool
    network: Network
    seed: int
    wait_s: int


class Latency(msgspec.Struct, frozen=True):
    """From the officer's signature to R1 at the sender, in milliseconds."""

    messages: int
    median_ms: int
    p95_ms: int
    worst_ms: int


class LabReport(msgspec.Struct, frozen=True, kw_only=True):
    """`sent`, `delivered`, `lost`, `twice` and `false` are what the databases say, message by recipient.

    `lost`: not stored by its recipient. `twice`: stored as two messages. `false`: receipted at the sender and
    not stored by the recipient. `unreceipted`: stored, and its sender does not know yet. `per_s`: messages
    from the first signature, or from when a backlog may go, to the last R1. `interrupted`: the run is
    partial, and `under_way` of what was sent had not been receipted when it ended; none is called lost then.
    """

    interrupted: bool
    under_way: int
    sent: int
    delivered: int
    lost: int
    unreceipted: int
    twice: int
    false: int
    kills: int
    seconds: int
    per_s: float
    flash: Latency | None
    others: Latency | None
    largest_memory_mb: int


Progress = Callable[[str], None]


class RunLab(Protocol):
    def __call__(self, order: LabOrder, tell: Progress) -> LabReport: ...
