"""How long to wait before a message is offered again: never for ever, nor longer than its precedence bears.

Times are milliseconds of a clock that may be set in both directions: no such step makes anybody wait longer
than the longest wait.
"""

from collections.abc import Mapping
from types import MappingProxyType

from tidegate.model.messages import Precedence

FIRST_MS = 3_000
"""Least wait before the second offer. A receipt that is on its way takes less, even over a bad line."""

FLASH_MS_MAX = 60_000
"""Longest wait between two offers of a FLASH message; it is never given up while its sender wants it."""

LONGEST_MS: Mapping[Precedence, int] = MappingProxyType(
    {"FLASH": FLASH_MS_MAX, "IMMEDIATE": 120_000, "PRIORITY": 300_000, "ROUTINE": 600_000}
)

DOUBLINGS_MAX = 16
"""More doublings than any longest wait needs; the wait grows no further."""


FIRST_MS_MAX = 20_000
"""However long a recipient's receipts take of late, whatever came of it ends a longer wait."""


def first_ms(receipts_take_ms: float) -> int:
    """Wait before the second offer to a recipient whose receipts take so long of late: twice that. Whoever
    asks a busy station sooner makes it busier."""
    return round(min(max(FIRST_MS, 2 * receipts_take_ms), FIRST_MS_MAX))


def wait_ms(tries: int, longest_ms: int, first: int = FIRST_MS) -> int:
    """After so many offers without a receipt: `first`, twice that, and so on up to the longest."""
    return min(first << min(max(tries, 1) - 1, DOUBLINGS_MAX), longest_ms)


SLIGHT_MS = 1_000
"""A clock that steps back by less is waited for."""


def is_due(last_ms: int, wait: int, now_ms: int) -> bool:
    """Whether `wait` has passed since `last_ms`, or the clock was set to long before it."""
    return not -SLIGHT_MS <= now_ms - last_ms < wait
