"""Points in time as people write them: an age counted back from now, or a date."""

import re
from datetime import UTC, datetime

_UNITS_MS = {"s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_AGO = re.compile(r"(\d{1,6})\s*(s|min|h|d)")

HOW = "write an age like 30min, 2h or 7d, or a date like 2026-11-21"


def duration_ms(text: str) -> int | None:
    """As 30min, 2h or 7d; None for anything else."""
    found = _AGO.fullmatch(text.strip())
    return int(found[1]) * _UNITS_MS[found[2]] if found else None


def moment_ms(text: str, now_ms: int) -> int:
    """Milliseconds since 1970 (UTC); ValueError, which says how, for what is neither an age nor a date."""
    ago = duration_ms(text)
    if ago is not None:
        return now_ms - ago
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f'"{text}": {HOW}') from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
