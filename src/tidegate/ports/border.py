"""The border as the node uses it: orders go out under leases, and what is live is read back."""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from tidegate.model.plans import Plan, Rule, Signed

LET_GO_EARLY_S = 3
"""So long before a lease or its plan ends, its rules may be gone already: a speaker begins early, so that a
process stopped in the last moment leaves nothing after the end. Missing rules mean nothing in this time."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One plan in force at one border point, with all that is needed to believe it anew.

    Whoever holds the BGP sessions verifies `approvals` over `plan`'s bytes with the officers' keys that it
    knows itself, and asks the guard, before it announces anything. `lease_s` counts from when it arrives.
    """

    plan: Plan
    approvals: tuple[Signed, ...]
    border_point: str
    lease_s: int


class LiveRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that the speaker holds; `remaining_s` is what is left of its lease."""

    plan: int
    rule: Rule
    remaining_s: int


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """One BGP session. `families` are those that both sides agreed on, as "ipv4 flowspec"."""

    router: str
    border_point: str
    state: Literal["up", "down", "unknown"]
    since_ms: int | None
    families: tuple[str, ...]
    why: str


class ReadBack(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver holds and follows, as rules of its border point. `rules` is None where it cannot be
    asked; `why` says why, or what of ours it was told and does not follow."""

    border_point: str
    receiver: str
    rules: tuple[Rule, ...] | None
    why: str


class Border(Protocol):
    """Guardian of leases on our side of the border.

    1. Nothing is announced without two valid approvals over the exact plan, checked by this part itself.
    2. A rule whose lease is not renewed is gone when it ends, whether or not the node lives; withdrawing
       begins LET_GO_EARLY_S before.
    3. Nothing is announced after the plan's `ends_at_ms`, and nothing that lapsed comes back by itself.
    4. Idempotent: the same order again renews the lease; withdrawing what is not there does nothing.
    5. On OutsideFailed an order may or may not have taken hold; the caller gives it again or withdraws.
    """

    def announce(self, order: Order) -> None:
        """Announce the order's rules for its border point, or renew their lease. NotAllowed: never will."""

    def withdraw(self, plan: int, border_point: str | None) -> None:
        """Take back the plan's rules at one border point, or everywhere."""

    def withdraw_all(self) -> None: ...

    def live(self) -> Sequence[LiveRule]:
        """What the speaker holds now."""

    def sessions(self) -> Sequence[SessionView]: ...

    def read_back(self) -> Sequence[ReadBack]:
        """What receivers hold, where there are any that can be asked."""
