"""The Accord screen over values: what is owed and when, each side's account, and nothing reckoned twice."""

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256

import pytest

from tests.accord.exchange import DAY_S, HOUR_S, Exchange
from tests.console_accord import ACCORD, AccordLedger, Story
from tests.stand_ins import HandClock
from tidegate.app.accord.calendar import coming, icalendar
from tidegate.app.accord.opening import open_books
from tidegate.app.accord.reconciling import accounts_told
from tidegate.app.accord.review import html, review_paper
from tidegate.app.accord.views import own_organisation, status, year_view
from tidegate.app.console import accord_gathering as gathering
from tidegate.app.console.accord_reader import Accords, Where
from tidegate.app.console.accord_views import AccordView
from tidegate.app.console.gathering import NoSuchThing
from tidegate.app.console.promises import PROMISES_SHOWN_MAX, counts_only
from tidegate.console.accord_answers import SHEET_POLICY, as_file
from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed

NOW_S = 1_800_000_000


class Reading:
    """The console's reader over one ledger, with a clock that a test moves."""

    def __init__(self, ledger: AccordLedger) -> None:
        self.ledger = ledger
        self.clock = HandClock(NOW_S * 1_000)
        self.accords = Accords(lambda: ledger, self.clock, Where())

    def view(self, *, closed: bool = False) -> AccordView:
        return gathering.one_accord(self.accords, ACCORD, closed=closed)


@pytest.fixture(scope="module")
def story() -> Story:
    return Story(NOW_S)


@pytest.fixture
def reading(story: Story) -> Reading:
    return Reading(story.ledger())


def test_what_needs_somebody_comes_first_and_then_the_soonest(reading: Reading, story: Story) -> None:
    view = reading.view()
    order = {"breached": 0, "disputed": 0, "late": 0, "due": 1, "not due": 2}
    stages = [order[row.stage] for row in view.rows]
    assert stages == sorted(stages)
    due = [row.due_ms for row in view.rows if row.stage == "due"]
    assert due == sorted(due, key=lambda at_ms: (at_ms is None, at_ms or 0))
    by_name = {row.instance: row for row in view.rows}
    assert (by_name[story.never].stage, by_name[story.never].step) == ("late", "call a consultation")
    disputed = by_name[story.disputed]
    assert (disputed.stage, disputed.procedure[0][0]) == ("disputed", "disputed")
    pressing = by_name[story.pressing]
    assert pressing.due_ms == (NOW_S + HOUR_S) * 1_000 + 2_000
    assert (pressing.stage, pressing.step) == ("due", "act in time")
    assert next(row for row in view.rows if row.stage == "due") is pressing


def test_the_screen_shows_what_the_command_shows(reading: Reading) -> None:
    """`tidegate accord status` reads everything anew; the screen follows."""
    ledger = reading.ledger
    own = own_organisation(ledger.facts)
    book = open_books(ledger.facts, ledger.envelopes, own).current(ACCORD, NOW_S)
    for closed in (False, True):
        told = status(book, "XA", None, NOW_S, closed=closed)
        shown = reading.view(closed=closed)
        commands = {(row.instance, row.stage, row.due_s, row.next_step, row.evidence) for row in told.rows}
        assert {
            (row.instance, row.stage, seconds(row.due_ms), row.step, row.evidence) for row in shown.rows
        } == commands


def seconds(at_ms: int | None) -> int | None:
    return None if at_ms is None else at_ms // 1_000


def test_every_step_has_its_command_and_its_form(reading: Reading, story: Story) -> None:
    rows = reading.view().rows
    for row in rows:
        assert (row.act is None) == (row.step in ("wait", "nothing")), row
    acts = {row.instance: row.act for row in rows if row.act is not None}
    pressing = acts[story.pressing]
    assert pressing.command == f"tidegate hotline reply {story.asked[:16]} clarification-reply"
    assert (pressing.form, pressing.answers, pressing.to) == ("clarification-reply", story.asked, "b" * 64)
    consult = acts[story.never]
    assert consult.command.startswith(f"tidegate accord consult --accord {ACCORD} --obligation {story.never}")
    assert consult.fields == (("obligation", story.never),)
    assert "act=settled" in acts[story.disputed].command


def test_a_finding_is_shown_though_nothing_more_is_open_about_it() -> None:
    story = Story(NOW_S)
    story.exchange.say(
        "XA", "declaration", NOW_S - HOUR_S, level="senior", declaration="obligation",
        act="found-not-kept", obligation=story.never,
    )  # fmt: skip
    row = next(row for row in Reading(story.ledger()).view().rows if row.instance == story.never)
    assert row.stage == "breached"


def test_who_looks_again_reads_nothing_again(reading: Reading, story: Story) -> None:
    """However many pages are open, each message is read once; what is new is heard as it comes."""
    reading.view()
    gathering.incidents_of(reading.accords, ACCORD)
    asked = reading.ledger.envelopes.asked
    for _ in range(5):
        reading.clock.at_ms += 1_000
        before = reading.view()
        gathering.parties_of(reading.accords, ACCORD)
        gathering.dialogue_of(reading.accords, ACCORD)
        gathering.pledges_of(reading.accords, ACCORD)
        gathering.incidents_of(reading.accords, ACCORD)
        gathering.accord_list(reading.accords)
        reading.accords.promises()
    assert reading.ledger.envelopes.asked == asked
    assert any(row.instance == story.pressing for row in before.rows)


def test_an_answer_that_comes_while_the_page_is_open_closes_its_clock() -> None:
    story = Story(NOW_S)
    reading = Reading(story.ledger())
    assert any(row.instance == story.pressing for row in reading.view().rows)
    story.exchange.say("XA", "clarification-reply", NOW_S + 60, answers=story.asked, finding="not-known")
    reading.ledger.take()
    reading.clock.at_ms += 120_000
    assert not any(row.instance == story.pressing for row in reading.view().rows)
    over = {row.instance: row.stage for row in reading.view(closed=True).rows}
    assert over[story.pressing] == "met"


def test_an_hour_later_the_same_clock_is_late_without_a_fact(reading: Reading, story: Story) -> None:
    reading.view()
    reading.clock.at_ms += 2 * HOUR_S * 1_000
    row = next(row for row in reading.view().rows if row.instance == story.pressing)
    assert (row.stage, row.step) == ("late", "act now, late")


def test_each_side_s_account_stands_beside_the_other(reading: Reading) -> None:
    view = gathering.incidents_of(reading.accords, ACCORD)
    (incident,) = view.incidents
    assert (incident.incident, incident.by, incident.toward) == ("XA/2028-7", "XA", ("XB",))
    assert incident.assets == ("XB-registry",)
    assert [one.by for one in incident.told[0].received] == ["XB"]
    (word,) = incident.theirs
    assert (word.party, word.agreement, word.fact) == ("XB", "only ours", None)
    (account,) = view.accounts
    assert (account.party, account.why, account.left_out) == ("XB", "", 0)
    assert [(row.kind, row.agreement) for row in account.differing] == [
        ("incident-notification", "only ours")
    ]
    assert account.same > 0
    (origin,) = view.origins
    assert origin.command.endswith(f"--ask 1 --party XB --to {'b' * 16}")


def test_accounts_are_those_that_the_command_finds(reading: Reading) -> None:
    ledger = reading.ledger
    with gathering.asked_for(reading.accords, ACCORD) as one:
        told = accounts_told(ledger.facts, ledger.envelopes, one.followed.own, one.book)
        assert one.followed.accounts(one.book) == list(told) != []


def test_standing_by_party_counts_every_obligation_once(reading: Reading) -> None:
    view = gathering.parties_of(reading.accords, ACCORD)
    with gathering.asked_for(reading.accords, ACCORD) as one:
        whole = one.in_force().standing(one.now_s)
    assert sum(sum(party.stages.values()) for party in view.parties) == len(whole)
    for party in view.parties:
        rows = [row.by_party[party.party] for row in view.obligations]
        for stage, count in party.stages.items():
            assert sum(row.get(stage, 0) for row in rows) == count
        assert party.kept_late == sum(
            each.duty == party.party and each.stage == "late" and each.kept_s is not None for each in whole
        )


def test_the_register_and_the_tracks_are_told(reading: Reading) -> None:
    pledges = {row.guarantee: row for row in gathering.pledges_of(reading.accords, ACCORD).guarantees}
    strike = pledges["no-first-strike"]
    assert strike.between == (("XA", "XB"),)
    assert [member.binds for member in strike.members] == [True, True]
    assert not pledges["non-interference"].members
    tracks = {row.track.track: row for row in gathering.dialogue_of(reading.accords, ACCORD).tracks}
    assert set(tracks) == {"senior", "agencies", "experts"}
    (meeting,) = tracks["agencies"].track.meetings
    assert [party for party, _ in meeting.told_by] == ["XA", "XB"]
    assert [(deed.owner, deed.state) for deed in tracks["agencies"].track.actions] == [("XB", "late")]
    assert set(tracks["senior"].text) == {"en", "fa", "ru"}


def test_the_calendar_and_the_pack_are_those_of_the_commands(reading: Reading) -> None:
    ledger = reading.ledger
    book = open_books(ledger.facts, ledger.envelopes, own_organisation(ledger.facts)).current(ACCORD, NOW_S)
    for party in (None, "XB"):
        told = gathering.calendar_of(reading.accords, ACCORD, party, "ru")
        assert told == icalendar(book, coming(book, party, NOW_S), "ru")
    view = reading.view()
    for year in view.years:
        paper = gathering.review_of(reading.accords, ACCORD, year, "fa")
        assert html(paper) == html(review_paper(book, year_view(book, "XA", year, NOW_S), "fa"))
    with pytest.raises(NoSuchThing, match="was not in force in"):
        gathering.review_of(reading.accords, ACCORD, view.years[0] + 1, "fa")


def test_nothing_is_made_up_where_there_is_no_accord() -> None:
    reading = Reading(AccordLedger(Exchange(), "XA"))
    assert gathering.accord_list(reading.accords).founded
    assert not gathering.accord_list(reading.accords).accords
    told = reading.accords.promises()
    assert told is not None
    assert (told.accords, told.rows) == (0, ())
    with pytest.raises(NoSuchThing):
        reading.view()


def nothing_there() -> AccordLedger:
    raise NotAllowed("no node has kept any facts there")


def failing() -> AccordLedger:
    raise OutsideFailed("the disk fails", "the database", "Wait.")


def test_without_a_record_the_list_is_empty_and_a_failing_one_says_so() -> None:
    clock = HandClock(NOW_S * 1_000)
    told = gathering.accord_list(Accords(nothing_there, clock, Where()))
    assert (told.founded, told.accords) == (False, ())
    failed = Accords(failing, clock, Where())
    with pytest.raises(OutsideFailed):
        gathering.accord_list(failed)
    assert failed.promises() is None


def test_an_accord_that_one_party_has_signed_is_not_in_force() -> None:
    exchange = Exchange()
    exchange.sign("XA", NOW_S - DAY_S)
    reading = Reading(AccordLedger(exchange, "XA"))
    (row,) = gathering.accord_list(reading.accords).accords
    assert (row.in_force, row.lacking, row.current) == (False, ("XB",), True)
    view = reading.view()
    assert (view.rows, view.years, view.lacking) == ((), (), ("XB",))
    with pytest.raises(NoSuchThing, match="not in force yet"):
        gathering.parties_of(reading.accords, ACCORD)


def test_a_situation_screen_tells_what_runs_out_and_the_wall_only_how_much(
    reading: Reading, story: Story
) -> None:
    told = reading.accords.promises()
    assert told is not None
    assert told.accords == 1
    assert (told.rows[0].at_ms, told.rows[0].ours) == ((NOW_S + HOUR_S) * 1_000 + 2_000, True)
    assert len(told.rows) <= PROMISES_SHOWN_MAX
    assert told.soon == len(told.rows) + told.left_out
    assert told.disputed == 1
    assert told.late >= 1
    wall = counts_only(told)
    assert wall is not None
    assert (wall.rows, wall.soon, wall.late) == ((), told.soon, told.late)


@pytest.fixture
def slow(reading: Reading) -> Iterator[Reading]:
    """A first reading that does not end while the test looks."""
    reading.accords._lock.acquire()
    yield reading
    reading.accords._lock.release()


def test_nobody_s_situation_screen_waits_for_a_long_reading(slow: Reading) -> None:
    assert slow.accords.promises() is None


def test_the_pack_lets_in_its_own_style_to_the_letter_and_nothing_that_acts(reading: Reading) -> None:
    page = html(gathering.review_of(reading.accords, ACCORD, 2026, "fa"))
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in SHEET_POLICY
    assert "default-src 'none'" in SHEET_POLICY
    assert SHEET_POLICY.endswith("sandbox")
    assert "unsafe" not in SHEET_POLICY


def test_a_file_s_name_breaks_out_of_no_header() -> None:
    told = as_file('XA/XB"; x=\r\n1.ics')["content-disposition"]
    assert told == 'attachment; filename="XA_XB___x___1.ics"'
