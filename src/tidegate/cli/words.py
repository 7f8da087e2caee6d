"""Rates, times and attacks as a person reads them: SI units, intervals, UTC with local time beside it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from tidegate.app.sentences import is_scaled, rate, short_rate, target, vectors

__all__ = ["is_scaled", "rate", "short_rate", "target", "vectors"]

FORGED = "Source addresses can be forged; these texts name networks, never a culprit."


def moment(ms: int) -> str:
    """As "2026-11-21 23:40:01 UTC (2026-11-22 03:10:01 +0330)"; the local part only where it differs."""
    utc = datetime.fromtimestamp(ms / 1000, UTC)
    local = utc.astimezone()
    text = f"{utc:%Y-%m-%d %H:%M:%S} UTC"
    if not local.utcoffset():
        return text
    day = "" if local.date() == utc.date() else f"{local:%Y-%m-%d} "
    return f"{text} ({day}{local:%H:%M:%S %z})"


def clock_time(ms: int) -> str:
    """As "23:40:01 UTC", where the day is clear."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%H:%M:%S} UTC"


def duration(ms: int) -> str:
    """As "850 ms", "12 s", "3 min 5 s", "2 h 4 min", "3 d 4 h"."""
    if ms < 1000:
        return f"{ms} ms"
    seconds = round(ms / 1000)
    parts = [
        (seconds // 86400, "d"),
        (seconds // 3600 % 24, "h"),
        (seconds // 60 % 60, "min"),
        (seconds % 60, "s"),
    ]
    first = next(i for i, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)


LISTED_MAX = 8
"""Names in one line; the rest are counted."""


def listed(names: Sequence[str]) -> str:
    """As "a, b, c"; of many the first ones, and how many more."""
    more = f" and {len(names) - LISTED_MAX} more (--json names all)" if len(names) > LISTED_MAX else ""
    return ", ".join(names[:LISTED_MAX]) + more


def count(number: int) -> str:
    """Digits in groups of three, set apart by a thin gap that never breaks: 12 345."""
    return f"{number:,}".replace(",", "\N{NO-BREAK SPACE}")
