"""What negotiators do with a file: raise its version, see what that changes, and try years under it."""

import pytest

from tests.accord.exchange import FILE, START_S, Exchange
from tests.accord.test_ten_years import PERIODS
from tests.naive import standing as naive
from tidegate.accord.reckoning import Force, Reckoning
from tidegate.accord.simulation import Habits, simulated
from tidegate.app.accord.books import Book
from tidegate.app.accord.checking import amended, next_draft
from tidegate.app.accord.drafting import PartyDraft, draft, templates
from tidegate.app.accord.simulating import simulate
from tidegate.app.accord.views import members
from tidegate.model.refusals import NotAllowed
from tidegate.wire.accord_file import decode_accord


def signed() -> Book:
    exchange = Exchange()
    exchange.sign("XA", START_S)
    exchange.sign("XB", START_S)
    return exchange.ledger("XA").current("XA-XB-2028", START_S)


def test_a_higher_version_is_shown_article_by_article() -> None:
    book = signed()
    proposed = (
        next_draft(book)
        .replace(b'"72h"', b'"96h"', 1)
        .replace(b'last = "2028-03-14"', b'last = "2028-03-20"')
    )
    told = amended(book, proposed)
    assert (told.before, told.version) == (1, 2)
    assert [(one.what, one.table, one.id, one.article, one.fields) for one in told.changes] == [
        ("changed", "period", "XB-vote", "", (("last", "2028-03-14", "2028-03-20"),)),
        ("changed", "obligation", "notice-of-exercise", "4.1", (("clock.at-least", "72h", "96h"),)),
    ]


def test_what_is_added_and_removed_is_shown_too() -> None:
    book = signed()
    text = next_draft(book).decode().replace('id = "keep-off"', 'id = "keep-away"')
    told = {(one.what, one.id) for one in amended(book, text.encode()).changes}
    assert told == {("added", "keep-away"), ("removed", "keep-off")}


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (FILE, "not higher"),
        (FILE.replace(b"version = 1", b"version = 2"), "changes nothing"),
        (
            FILE.replace(b'id = "XA-XB-2028"', b'id = "XA-XC"').replace(b"version = 1", b"version = 2"),
            "another",
        ),
        (FILE.replace(b"version = 1", b"version = 2").replace(b'"48h"', b'"soon"'), "span"),
    ],
    ids=["same version", "only the number", "other accord", "mistaken"],
)
def test_what_is_no_higher_version_is_refused(file: bytes, why: str) -> None:
    with pytest.raises(NotAllowed, match=why):
        amended(signed(), file)


def test_a_state_that_is_no_party_joins_what_is_open_and_nothing_else() -> None:
    exchange = Exchange()
    exchange.sign("XA", START_S)
    exchange.sign("XB", START_S)
    said = {"declaration": "pledge", "act": "joined", "pledge": "no-first-strike"}
    for by, name in (("XA", "no-first-strike"), ("QM", "no-first-strike"), ("QM", "no-such-thing")):
        exchange.say(by, "declaration", START_S + 9, level="senior", guarantee_id=name, **said)
    exchange.say("QM", "clarification-request", START_S + 10, subject="other", question="known-to-you")
    ours, theirs = (exchange.ledger(party).current("XA-XB-2028", START_S + 99) for party in ("XA", "XB"))
    for book in (ours, theirs):
        found = [(one.state, one.binds) for one in members(book, START_S + 99)]
        assert found == [("XA", True), ("c" * 64, True)]
        assert not [one for one in book.reckoning().standing(START_S + 99) if "c" * 64 in one.name]


@pytest.mark.parametrize("template", ["no-first-strike", "cert-cooperation"])
def test_a_made_up_life_is_reckoned_as_the_slow_model_says(template: str) -> None:
    parties = [PartyDraft(code, code, "") for code in ("XA", "XB")]
    accord = decode_accord(draft(template, "made-up", parties, ["fa", "ru"], "") + PERIODS)
    begin_s, until_s, told = simulated(accord, "2028-01-31", 2, Habits(in_time=700), seed=4)
    reckoning = Reckoning(accord, Force(begin_s))
    for one in told:
        reckoning.hear(one)
    found = {one.name: (str(one.stage), one.due_s, one.kept_s) for one in reckoning.standing(until_s)}
    assert found == naive.standing(accord, begin_s, None, told, until_s)
    assert {"met", "late"} <= {stage for stage, _, __ in found.values()}


def test_years_under_every_template_ask_something_for_each_obligation() -> None:
    for template, known in templates().items():
        codes = ("XA", "XB") if known.parties == "two" else ("XA", "XB", "QM")
        parties = [PartyDraft(code, code, "") for code in codes]
        written = draft(template, "made-up", parties, ["en"], "")
        told = simulate(written, "2027-01-01", 2, Habits(in_time=1_000), seed=1)
        assert all(one.came_due >= one.met > 0 for one in told.loads), template
    assert told == simulate(written, "2027-01-01", 2, Habits(in_time=1_000), seed=1)
    with pytest.raises(NotAllowed, match="between 1 and 50"):
        simulate(written, "2027-01-01", 51, Habits(), seed=1)
