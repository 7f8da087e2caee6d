"""Dialogue: each track on its own, meetings with decisions and actions, milestones reached by evidence."""

import pytest

from tests.accord.exchange import DAY_S, ORGANISATIONS, Exchange
from tidegate.accord.spans import begin_of_day, parse_day
from tidegate.app.accord.books import Book
from tidegate.app.accord.checking import track_fields
from tidegate.app.accord.dialogue import dialogue, draft_minutes, minutes_fields, reached_fields, road_map
from tidegate.app.accord.drafting import PartyDraft, draft
from tidegate.hotline.values import time_value
from tidegate.model.refusals import NotAllowed

BEGIN_S = begin_of_day(parse_day("2027-01-01"))
MINUTES = """
format = 1
track = "agencies"
held = "2027-02-01"
agenda = [{ en = "Contacts" }]

[[decision]]
id = "D1"
text = { en = "The list of contacts is exchanged each quarter." }

[[action]]
id = "A1"
text = { en = "Name a second point of contact." }
owner = "XB"
due = "2027-03-01"

[[action]]
id = "A2"
text = { en = "Draft the format of statistics." }
owner = "XA"
due = "2027-02-10"

[next]
date = "2027-08-01"
agenda = [{ en = "Statistics" }]
"""


def signed(template: str = "road-map") -> Exchange:
    parties = [PartyDraft(code, code, ORGANISATIONS[code]) for code in ("XA", "XB")]
    exchange = Exchange(draft(template, "XA-XB-2028", parties, ["en"], ""))
    exchange.sign("XA", BEGIN_S)
    exchange.sign("XB", BEGIN_S)
    return exchange


def book(exchange: Exchange, now_s: int, party: str = "XA") -> Book:
    return exchange.ledger(party).current("XA-XB-2028", now_s)


def say_minutes(exchange: Exchange, by: str, at_s: int, written: str = MINUTES) -> None:
    exchange.say(
        by, "free-text", at_s, level="centre", attachments=(written.encode(),), purpose="minutes",
        happening="track-met", track="agencies",
    )  # fmt: skip


def reach(exchange: Exchange, by: str, at_s: int, name: str) -> None:
    exchange.say(by, "free-text", at_s, purpose="minutes", happening="milestone-reached", milestone=name)


def test_minutes_are_agreed_when_both_have_sent_the_same_bytes() -> None:
    exchange, met_s = signed(), BEGIN_S + 31 * DAY_S
    say_minutes(exchange, "XA", met_s)
    say_minutes(exchange, "XB", met_s + 60, MINUTES.replace("each quarter", "each year"))
    say_minutes(exchange, "XB", met_s + 120)
    for party in ("XA", "XB"):
        (agencies,) = [
            one for one in dialogue(book(exchange, met_s, party), met_s + DAY_S) if one.track == "agencies"
        ]
        told = [[code for code, _ in meeting.told_by] for meeting in agencies.meetings]
        assert sorted(told) == [["XA", "XB"], ["XB"]]
        assert (agencies.next_date, agencies.next_agenda) == ("2027-08-01", ({"en": "Statistics"},))


def test_an_action_is_done_by_its_owners_word_and_late_stays_late() -> None:
    exchange, met_s = signed(), BEGIN_S + 31 * DAY_S
    say_minutes(exchange, "XA", met_s)
    reach(exchange, "XA", met_s + DAY_S, "agencies/2027-02-01/A1")  # not its owner
    reach(exchange, "XB", met_s + 5 * DAY_S, "agencies/2027-02-01/A1")
    reach(exchange, "XA", met_s + 20 * DAY_S, "agencies/2027-02-01/A2")
    for after, states in (
        (2, ["open", "open"]),
        (6, ["done", "open"]),
        (12, ["done", "late"]),
        (30, ["done", "done late"]),
    ):
        now_s = met_s + after * DAY_S
        (agencies,) = [one for one in dialogue(book(exchange, now_s), now_s) if one.track == "agencies"]
        assert [deed.state for deed in agencies.actions] == states


def test_suspending_a_track_leaves_the_experts_and_the_channels_alone() -> None:
    exchange, at_s = signed("bilateral-incidents"), BEGIN_S + 40 * DAY_S
    exchange.say(
        "XA", "declaration", at_s, level="senior", declaration="track", act="suspended", track="agencies",
        **{"from": time_value(at_s)},
    )  # fmt: skip
    now_s = BEGIN_S + 400 * DAY_S
    views = {one.track: one for one in dialogue(book(exchange, now_s), now_s)}
    assert {name: one.rests_since_s for name, one in views.items()} == {
        "senior": None,
        "agencies": at_s,
        "experts": None,
    }
    stages = {one.name: one.stage for one in book(exchange, now_s).reckoning().standing(now_s)}
    assert stages["agency-dialogue/XA/XB/0"] == "suspended"
    for name in ("technical-committee/XA/XB/0", "senior-dialogue/XA/XB/0", "check-channel/XA/XB/0"):
        assert stages[name] == "late"
    exchange.say(
        "XA", "declaration", now_s, level="senior", declaration="track", act="resumed", track="agencies"
    )
    assert not [
        one for one in dialogue(book(exchange, now_s + 9), now_s + 9) if one.rests_since_s is not None
    ]


def test_what_one_track_did_is_no_evidence_for_another() -> None:
    exchange, met_s = signed("bilateral-incidents"), BEGIN_S + 31 * DAY_S
    say_minutes(exchange, "XA", met_s)
    stages = {one.name: one.stage for one in book(exchange, met_s).reckoning().standing(met_s + DAY_S)}
    assert stages["agency-dialogue/XA/XB/0"] == "met"
    assert stages["senior-dialogue/XA/XB/0"] == "due"


def test_the_experts_track_is_never_suspended_by_a_command() -> None:
    accord = book(signed(), BEGIN_S).accord
    with pytest.raises(NotAllowed, match="never suspended"):
        track_fields(accord, "experts", "suspended", BEGIN_S)
    assert "from=2027-01-01T00:00:00Z" in track_fields(accord, "agencies", "suspended", BEGIN_S)
    with pytest.raises(NotAllowed, match="no track trade"):
        track_fields(accord, "trade", "resumed", BEGIN_S)


def say_of_track(exchange: Exchange, by: str, act: str, at_s: int, track: str) -> None:
    since = {"from": time_value(at_s)} if act == "suspended" else {}
    exchange.say(by, "declaration", at_s, level="senior", declaration="track", act=act, track=track, **since)


def test_a_suspension_of_the_experts_track_changes_nothing_whichever_program_sends_it() -> None:
    exchange, at_s = signed("bilateral-incidents"), BEGIN_S + 40 * DAY_S
    say_of_track(exchange, "XB", "suspended", at_s, "experts")
    now_s = BEGIN_S + 400 * DAY_S
    for party in ("XA", "XB"):
        known = book(exchange, now_s, party)
        assert not [one for one in dialogue(known, now_s) if one.rests_since_s is not None]
        stages = {one.name: one.stage for one in known.reckoning().standing(now_s)}
        assert stages["technical-committee/XB/XA/0"] == "late"


def test_a_track_rests_until_each_party_that_suspended_it_takes_it_up_again() -> None:
    exchange, at_s = signed("bilateral-incidents"), BEGIN_S + 40 * DAY_S
    resting = []
    for day, (by, act) in enumerate(
        [("XA", "suspended"), ("XB", "resumed"), ("XB", "suspended"), ("XA", "resumed"), ("XB", "resumed")]
    ):
        say_of_track(exchange, by, act, at_s + day * DAY_S, "agencies")
        now_s = at_s + day * DAY_S + 60
        (since,) = {
            one.rests_since_s
            for party in ("XA", "XB")
            for one in dialogue(book(exchange, now_s, party), now_s)
            if one.track == "agencies"
        }
        resting.append(since)
    assert resting == [at_s] * 4 + [None]


def test_a_suspension_outlasts_an_amendment() -> None:
    exchange, at_s = signed("bilateral-incidents"), BEGIN_S + 40 * DAY_S
    say_of_track(exchange, "XA", "suspended", at_s, "agencies")
    exchange.written = exchange.written.replace(b"version = 1", b"version = 2")
    for by in ("XA", "XB"):
        exchange.sign(by, at_s + DAY_S, "amended")
    now_s = BEGIN_S + 700 * DAY_S
    known = book(exchange, now_s)
    assert known.accord.version == 2
    stages = {one.name: one.stage for one in known.reckoning().standing(now_s)}
    assert stages["agency-dialogue/XA/XB/0"] == "suspended"
    assert stages["senior-dialogue/XA/XB/0"] == "late"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('track = "agencies"', 'track = "trade"', "no track trade"),
        ('owner = "XB"', 'owner = "QM"', "no party"),
        ('id = "A2"', 'id = "A1"', "there twice"),
        ('due = "2027-03-01"', 'due = "soon"', "no date"),
        ('{ en = "Statistics" }', '{ ru = "Статистика" }', "not there in en"),
        ("[[decision]]", "[[decisions]]", "decision"),
    ],
)
def test_minutes_that_do_not_fit_are_refused_and_never_read(old: str, new: str, why: str) -> None:
    exchange, wrong = signed(), MINUTES.replace(old, new, 1)
    with pytest.raises(NotAllowed, match=why):
        minutes_fields(book(exchange, BEGIN_S), wrong.encode())
    say_minutes(exchange, "XA", BEGIN_S + DAY_S, wrong)
    assert not [one for one in dialogue(book(exchange, BEGIN_S), BEGIN_S + 2 * DAY_S) if one.meetings]


def test_a_draft_holds_the_agreed_agenda_and_can_be_sent() -> None:
    exchange, met_s = signed(), BEGIN_S + 31 * DAY_S
    say_minutes(exchange, "XA", met_s)
    drafted = draft_minutes(book(exchange, met_s), "agencies", "2027-08-01", met_s + DAY_S)
    minutes, fields = minutes_fields(book(exchange, met_s), drafted)
    assert minutes.agenda == ({"en": "Statistics"},)
    assert fields == ("purpose=minutes", "happening=track-met", "track=agencies")
    assert b"agencies/2027-02-01/A1, XB: open" in drafted


def test_a_milestone_is_reached_by_its_owner_on_evidence() -> None:
    exchange = signed()
    at_s = begin_of_day(parse_day("2027-05-01"))
    first = road_map(book(exchange, at_s), "XA", at_s)[0]
    assert (first.id, first.date, first.owners, first.reached_by) == (
        "milestone-contacts",
        "2027-06-30",
        ("XA", "XB"),
        (),
    )
    fields = reached_fields(book(exchange, at_s), "XA", "milestone-contacts", at_s)
    assert "milestone=milestone-contacts" in fields
    reach(exchange, "XA", at_s, "milestone-contacts")
    after = road_map(book(exchange, at_s, "XB"), "XB", at_s + DAY_S)[0]
    assert after.reached_by == ("XA",)
    assert [part.evidence for part in after.rows if part.duty == "XA"] != [()]
    with pytest.raises(NotAllowed, match="no milestone or action of XA"):
        reached_fields(book(exchange, at_s), "XA", "milestone-moon", at_s)
