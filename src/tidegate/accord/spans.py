"""Spans of time as treaties count them, and where they end.

Hours run by the hour. Days, weeks, months and years run as the European Convention on the Calculation of
Time-Limits (Basle, 16 May 1972) lets them: from the midnight that ends the first day (article 3) to the
midnight that ends the last one; a month or a year ends on the day with the same number, or on the last day
of that month where there is none (article 4, paragraph 2). All midnights are UTC. Days of rest extend
nothing, unless the span is written in working days, which are those of the party that must act.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Literal, get_args

from tidegate.model.accords import Weekday
from tidegate.model.refusals import NotAllowed

Unit = Literal["h", "d", "wd", "w", "mo", "y"]
UNITS: tuple[Unit, ...] = get_args(Unit)

SPAN = re.compile(r"([1-9][0-9]{0,4})(h|d|wd|w|mo|y)")
DAY_S = 86_400
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
REST_DAYS_MAX = 366
"""Days without a working day between them; a calendar that rests longer is refused."""


@dataclass(frozen=True, slots=True)
class Span:
    """`count` hours, days, working days, weeks, months or years."""

    count: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"


@dataclass(frozen=True, slots=True)
class Rest:
    """A party's days without work."""

    weekend: frozenset[Weekday] = frozenset(("sat", "sun"))
    holidays: frozenset[date] = frozenset()

    def covers(self, day: date) -> bool:
        return WEEKDAYS[day.weekday()] in self.weekend or day in self.holidays


NO_REST = Rest(frozenset(), frozenset())


@cache
def parse_span(text: str) -> Span:
    """ "72h", "5d", "3wd" (working days), "2w", "6mo", "5y"; NotAllowed for anything else."""
    found = SPAN.fullmatch(text)
    if found is None:
        raise NotAllowed(f"{text!r} is no span of time; write a number and h, d, wd, w, mo or y, such as 72h")
    unit: Unit = found[2]  # type: ignore[assignment]
    return Span(int(found[1]), unit)


def end_of(span: Span, from_s: int, rest: Rest = NO_REST) -> int:
    """The last moment of a span that begins at `from_s`, in seconds: who acts at it is in time."""
    if span.unit == "h":
        return from_s + span.count * 3_600
    return midnight_after(shifted(day_of(from_s), span, rest, onward=True))


def begin_of(span: Span, until_s: int, rest: Rest = NO_REST) -> int:
    """The last moment from which a whole span still lies before `until_s`: the mirror of `end_of`."""
    if span.unit == "h":
        return until_s - span.count * 3_600
    return midnight_after(shifted(day_of(until_s), span, rest, onward=False)) - DAY_S


def shifted(day: date, span: Span, rest: Rest, *, onward: bool) -> date:
    """The day so far after the given one, or before it."""
    return SHIFTS[span.unit](day, span.count if onward else -span.count, rest)


def by_days(day: date, count: int, _: Rest) -> date:
    return day + timedelta(count)


def by_weeks(day: date, count: int, _: Rest) -> date:
    return day + timedelta(weeks=count)


def by_months(day: date, count: int, _: Rest) -> date:
    years, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(years, month + 1, min(day.day, monthrange(years, month + 1)[1]))


def by_years(day: date, count: int, rest: Rest) -> date:
    return by_months(day, 12 * count, rest)


def by_working_days(day: date, count: int, rest: Rest) -> date:
    step, left = (1, count) if count > 0 else (-1, -count)
    resting = 0
    while left:
        day += timedelta(step)
        resting = resting + 1 if rest.covers(day) else 0
        if resting > REST_DAYS_MAX:
            raise NotAllowed("a calendar in which nobody ever works ends no span of working days")
        left -= not resting
    return day


SHIFTS: Mapping[Unit, Callable[[date, int, Rest], date]] = {
    "d": by_days,
    "wd": by_working_days,
    "w": by_weeks,
    "mo": by_months,
    "y": by_years,
}


def day_of(moment_s: int) -> date:
    """The day, UTC, in which the moment lies."""
    return datetime.fromtimestamp(moment_s, UTC).date()


def midnight_after(day: date) -> int:
    """The moment that ends the day."""
    return begin_of_day(day) + DAY_S


def begin_of_day(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def parse_day(text: str) -> date:
    """ "2026-11-25"; NotAllowed for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotAllowed(f"{text!r} is no date; write it as 2026-11-25") from None


def rest_of(weekend: Sequence[Weekday], holidays: Sequence[str]) -> Rest:
    return Rest(frozenset(weekend), frozenset(map(parse_day, holidays)))
