"""The register of a pledge grows from two to all, and nobody leaves it overnight."""

from typing import Any

import pytest

from tests.accord.exchange import Exchange
from tests.accord.written import WRITTEN, rewritten
from tidegate.accord.reckoning import Force
from tidegate.accord.register import in_force_between, register
from tidegate.accord.spans import begin_of_day, end_of, parse_day, parse_span
from tidegate.app.accord.views import guarantees, members
from tidegate.model.accords import Occurrence
from tidegate.model.refusals import NotAllowed
from tidegate.wire.accord_file import decode_accord

ACCORD = decode_accord(WRITTEN)
PLEDGE = ACCORD.guarantee[0]
DAY_S = 86_400
START_S = begin_of_day(parse_day("2028-01-10"))


def said(fact: int, kind: Any, by: str, day: int, **more: Any) -> Occurrence:
    told = {"level": "senior", "guarantee": PLEDGE.id, "toward": (), "reference": f"r{fact}"}
    return Occurrence(fact=fact, kind=kind, by=by, at_s=START_S + day * DAY_S, **told | more)


def pairs(told: list[Occurrence], day: int) -> list[tuple[str, str]]:
    return in_force_between(register(ACCORD, PLEDGE, told), START_S + day * DAY_S)


def test_it_is_in_force_between_those_who_declared_it_and_from_then_on() -> None:
    told = [said(1, "declared", "XA", 0), said(2, "declared", "XB", 5), said(3, "declared", "QM", 9)]
    assert pairs(told, 4) == []
    assert pairs(told, 5) == [("XA", "XB")]
    assert pairs(told, 9) == [("QM", "XA"), ("QM", "XB"), ("XA", "XB")]


def test_leaving_takes_the_whole_notice() -> None:
    told = [said(1, "declared", "XA", 0), said(2, "declared", "XB", 0), said(3, "withdrawn", "XB", 10)]
    leaves_s = end_of(parse_span(PLEDGE.notice), START_S + 10 * DAY_S)
    entries = register(ACCORD, PLEDGE, told)
    assert in_force_between(entries, leaves_s - 1) == [("XA", "XB")]
    assert in_force_between(entries, leaves_s) == []
    assert entries[1].facts == (2, 3)


def test_a_suspension_waits_for_its_notice_and_can_be_taken_back() -> None:
    told = [said(1, "declared", "XA", 0), said(2, "declared", "XB", 0), said(3, "suspended", "XA", 1)]
    assert pairs(told, 100) == [("XA", "XB")]
    assert pairs(told, 400) == []
    assert pairs([*told, said(4, "resumed", "XA", 300)], 400) == [("XA", "XB")]


def test_only_the_senior_level_binds_or_frees_a_state() -> None:
    told = [said(1, "declared", "XA", 0), said(2, "declared", "XB", 0, level="desk")]
    assert pairs(told, 9) == []


def test_a_closed_guarantee_takes_no_stranger() -> None:
    closed = decode_accord(rewritten("open = true\n", ""))
    with pytest.raises(NotAllowed, match="not open"):
        register(closed, closed.guarantee[0], [said(1, "declared", "QM", 0)])


def test_who_left_may_come_back() -> None:
    told = [
        said(1, "declared", "XA", 0),
        said(2, "declared", "XB", 0),
        said(3, "withdrawn", "XB", 1),
        said(4, "declared", "XB", 20),
        said(5, "declared", "XB", 400),
    ]
    assert pairs(told, 300) == []
    assert pairs(told, 400) == [("XA", "XB")]


def test_no_guarantee_is_in_force_before_the_accord_is_and_once_it_is_over() -> None:
    exchange = Exchange()
    exchange.sign("XA", START_S)
    for by in ("XA", "XB"):
        exchange.say(
            by, "declaration", START_S + DAY_S, level="senior", declaration="pledge", act="made",
            pledge="no-first-strike", guarantee_id=PLEDGE.id,
        )  # fmt: skip
    before = exchange.ledger("XA").current(ACCORD.id, START_S + 2 * DAY_S)
    assert [one.binds for one in members(before, START_S + 2 * DAY_S)] == [False, False]
    assert guarantees(before, START_S + 2 * DAY_S) == {PLEDGE.id: []}
    exchange.sign("XB", START_S + 3 * DAY_S)
    signed = exchange.ledger("XA").current(ACCORD.id, START_S + 4 * DAY_S)
    assert [one.binds for one in members(signed, START_S + 4 * DAY_S)] == [True, True]
    assert guarantees(signed, START_S + 4 * DAY_S) == {PLEDGE.id: [("XA", "XB")]}
    assert signed.force is not None
    signed.force = Force(signed.force.entered_s, START_S + 9 * DAY_S)
    assert guarantees(signed, START_S + 9 * DAY_S) == {PLEDGE.id: []}
