"""How soon each process of the border notices that another fell silent, so that no lease is overrun.

A rule is let go EARLY_NS before its lease ends. Whoever has not confirmed that LAST_NS before the end is
taken for stopped and is ended, which takes away everything it held.
"""

from typing import Final

from tidegate.ports.border import LET_GO_EARLY_S

SECOND_NS: Final = 1_000_000_000

BEAT_NS: Final = SECOND_NS // 2
"""How often the speaker's process sends the hands its table, and they answer."""

SILENCE_NS: Final = 4 * SECOND_NS
"""Without a sign of life for so long, the speaker's process or its hands are taken for stopped."""

ACK_S: Final = 3.0
"""The BGP program answers each command within this (usually in 3 ms), or is taken for stopped."""

EARLY_NS: Final = LET_GO_EARLY_S * SECOND_NS

LAPSE_ACK_S: Final = 1.0
"""The same where a lease is about to end."""

LAST_NS: Final = 3 * SECOND_NS // 2
"""What is left of a lease when silence about its end costs the BGP program its life."""

TICK_S: Final = 0.1
"""Longest wait for a message before the clock is looked at again."""
