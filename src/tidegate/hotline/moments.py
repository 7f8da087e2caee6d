"""Times as all sides read them: the date-time group, UTC, and local time beside it, in ASCII digits."""

from datetime import UTC, datetime, tzinfo

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def time_group(at_s: int) -> str:
    """As "252205Z NOV 26": day, hour and minute in UTC, month, year; the same in every language."""
    at = datetime.fromtimestamp(at_s, UTC)
    return f"{at:%d%H%M}Z {MONTHS[at.month - 1]} {at:%y}"


def full_time(at_s: int, zone: tzinfo | None) -> str:
    """As "2026-11-25 22:05:00 UTC (2026-11-26 01:35:00 +0330)"; local time only where it differs."""
    local = local_time(at_s, zone)
    return f"{utc(at_s)} ({local})" if local else utc(at_s)


def utc(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M:%S} UTC"


def local_time(at_s: int, zone: tzinfo | None) -> str:
    """With its distance from UTC; empty where that is none."""
    local = datetime.fromtimestamp(at_s, UTC).astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S %z}" if local.utcoffset() else ""


def group_and_times(at_s: int, zone: tzinfo | None) -> tuple[str, ...]:
    """One line with the time group and UTC, one with local time where that differs."""
    local = local_time(at_s, zone)
    return (f"{time_group(at_s)} / {utc(at_s)}", *([local] if local else []))
