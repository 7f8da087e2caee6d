"""A notice is stopped where it touches what is protected, and marked where it comes late."""

from typing import Any

import pytest

from tests.accord.written import WRITTEN
from tidegate.accord.before_sending import Scope, look
from tidegate.accord.spans import begin_of_day, parse_day
from tidegate.model.accords import Occurrence
from tidegate.wire.accord_file import decode_accord

ACCORD = decode_accord(WRITTEN)
BEGINS_S = begin_of_day(parse_day("2028-06-10"))
HOUR_S = 3_600


def remarks(
    received_s: int = BEGINS_S - 100 * HOUR_S, begins_s: int = BEGINS_S, **scope: Any
) -> list[tuple[str, str]]:
    notice = Occurrence(
        fact=1,
        kind="notice",
        by="XA",
        toward=("XB",),
        at_s=begins_s,
        reference="n",
        sent_at_s=received_s - 5,
        act="exercise",
    )
    told = Scope(begin_s=begins_s, end_s=begins_s + HOUR_S, **scope)
    return [(one.kind, one.article) for one in look(ACCORD, notice, told, received_s)]


def test_a_notice_in_time_that_touches_nothing_goes_out_as_it_is() -> None:
    assert remarks(prefixes=("198.51.100.0/24",)) == []


@pytest.mark.parametrize(
    "scope",
    [
        {"prefixes": ("192.0.2.64/32",)},
        {"prefixes": ("192.0.0.0/16",)},
        {"domains": ("mail.clinic.example",)},
        {"domains": ("EXAMPLE.",)},
    ],
)
def test_a_scope_that_touches_a_protected_asset_is_stopped_by_its_article(scope: dict[str, Any]) -> None:
    assert remarks(**scope) == [("stop", "5.1")]


def test_an_election_is_no_time_for_an_exercise() -> None:
    begins_s = begin_of_day(parse_day("2028-03-14"))
    assert remarks(begins_s - 100 * HOUR_S, begins_s) == [("stop", "4.1")]
    assert remarks(begins_s - 76 * HOUR_S, begins_s + 24 * HOUR_S) == []


def test_a_notice_is_late_by_the_recipients_clock_from_the_second_after_the_last() -> None:
    assert remarks(BEGINS_S - 72 * HOUR_S) == []
    assert remarks(BEGINS_S - 72 * HOUR_S + 1) == [("mark", "4.1")]
