"""How soon each process of the border notices that another fell silent, so that no lease is overrun.

The hands let go of a rule EARLY_NS before its lease ends. Whoever is stopped in the last moment before that
is missed after SILENCE_NS, and what it held is taken away by ending it: all of it before the lease is over.
"""

from typing import Final

SECOND_NS: Final = 1_000_000_000

BEAT_NS: Final = SECOND_NS // 2
"""How often the speaker's process sends the hands its table, and they answer."""

SILENCE_NS: Final = 4 * SECOND_NS
"""Without a sign of life for so long, the speaker's process or its hands are taken for stopped."""

ACK_S: Final = 3.0
"""The BGP program answers each command within this (usually in 3 ms), or is taken for stopped."""

EARLY_NS: Final = 5 * SECOND_NS
"""So long before its lease ends a rule is let go: SILENCE_NS, and time to end what is silent."""

TICK_S: Final = 0.1
"""Longest wait for a message before the clock is looked at again."""
