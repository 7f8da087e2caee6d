"""When an accord is in force: from its signatures, its term, its renewals, and notices of its end.

1. It enters into force when every party has signed the same bytes at the senior level: on the day that it
   names, or with the last signature where that is later or the accord says so.
2. A term ends by itself. Where the accord says so it is renewed by itself, until a party gave notice in time:
   `notice` before the term would end.
3. Without a term, a notice ends it when the notice has run out.
4. Among several parties, one party's notice ends it for all: whoever goes on makes a new one.
"""

from collections.abc import Mapping, Sequence

from tidegate.accord.reckoning import Force
from tidegate.accord.spans import Span, begin_of, begin_of_day, end_of, parse_day, parse_span
from tidegate.model.accords import Accord, PartyCode


def force_of(accord: Accord, signed: Mapping[PartyCode, int], notices: Sequence[int]) -> Force | None:
    """`signed` says when each party signed, `notices` when notice of the end was given (seconds).

    None while a party has not signed.
    """
    if not signed.keys() >= {*accord.codes}:
        return None
    last_s = max(signed[party] for party in accord.codes)
    day = accord.force.enters
    entered_s = last_s if day == "signature" else max(last_s, begin_of_day(parse_day(day)))  # 1
    return Force(entered_s, end(accord, entered_s, sorted(one for one in notices if one >= entered_s)))


def end(accord: Accord, entered_s: int, notices: Sequence[int]) -> int | None:
    notice = parse_span(accord.force.notice)
    if not accord.force.term:
        return end_of(notice, notices[0]) if notices else None  # 3
    ends_s = end_of(parse_span(accord.force.term), entered_s)
    if not accord.force.renewal:
        return ends_s
    if not notices:
        return None
    renewal = parse_span(accord.force.renewal)
    number = 0
    while begin_of(notice, term_s := renewed(renewal, number, ends_s)) < notices[0]:
        number += 1
    return term_s  # 2


def renewed(renewal: Span, number: int, ends_s: int) -> int:
    """The end of the term after so many renewals, counted from the first term's last day."""
    if number == 0:
        return ends_s
    return end_of(Span(renewal.count * number, renewal.unit), ends_s - 1)
