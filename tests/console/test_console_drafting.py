"""A message laid down at the console: looked at, checked, bounded, and sent by an officer's key alone."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.console_world import Watched
from tests.hotline.test_two_stations import Party
from tests.hotline_world import FLOOD
from tests.plan_world import quick_border
from tidegate.app.console import drafting
from tidegate.app.console import hotline_gathering as hotline
from tidegate.app.console.access import Role, Viewer
from tidegate.app.console.drafting import DraftAsked, DrillAsked, FileGiven, PreviewAsked
from tidegate.app.console.gathering import NoSuchThing, Sources
from tidegate.app.console.hotline_forms import forms_view
from tidegate.app.hotline.composing import give_signature
from tidegate.hotline.forms import FORMS
from tidegate.model.hotline_facts import DrillBegun, MessageComposed, MessageRecalled
from tidegate.model.labels import LANGUAGES, Language
from tidegate.model.messages import CodedField
from tidegate.model.organisations import LEVELS, Digest
from tidegate.model.refusals import Full, NotAllowed
from tidegate.model.value_bytes import digest_of

DESK, CENTRE, SENIOR = (Viewer(f"pari-{level}", Role(level)) for level in LEVELS)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    quick_border(monkeypatch)
    made = Watched(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def sources(world: Watched) -> Sources:
    return world.serving().sources


def asked(world: Watched, **changes: object) -> DraftAsked:
    known = {
        "recipients": (world.letters.parties.bahar.own.organisation,),
        "form": "incident",
        "mark": "REAL",
        "precedence": "FLASH",
        "level": "desk",
        "tlp": "TLP:AMBER",
        "pap": "PAP:AMBER",
        "language": "en",
        "fields": FLOOD,
        "remarks": "Flood\tfrom AS64500.\r\n",
    }
    return DraftAsked(**(known | changes))  # type: ignore[arg-type]


def facts_of(party: Party, kind: type) -> list[object]:
    return [fact for _, fact in party.disk.facts if isinstance(fact, kind)]


def signed(world: Watched, message: Digest, *officers: str) -> None:
    """At the terminal, with keys that the console does not have."""
    anna = world.letters.parties.anna
    body = anna.needs.blobs.get(message)
    assert body is not None
    for officer in officers:
        give_signature(anna.needs, message, anna.own.signed(officer, body))
    world.letters.turns()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_told_every_form_with_its_fields_and_codes_in_words(language: Language) -> None:
    view = forms_view(language)
    assert [form.name for form in view.forms] == list(FORMS)
    for row in view.forms:
        assert [(slot.field, slot.least, slot.most) for slot in row.slots] == [
            (slot.field, slot.least, slot.most) for slot in FORMS[row.name].slots
        ]
        for slot in row.slots:
            assert slot.label
            if slot.kind == "code":
                assert all(choice.label for choice in view.vocabularies[slot.vocabulary])
            else:
                assert view.expected[slot.kind]


def test_what_is_looked_at_is_what_is_laid_down_and_signed_and_read(world: Watched, sources: Sources) -> None:
    draft = asked(world)
    seen = drafting.look(sources, DESK, PreviewAsked(draft=draft, language="fa", zone="Asia/Tehran"))
    assert seen.problems == ()
    (recipient,) = seen.recipients
    assert (recipient.name, recipient.country, recipient.alive) == ("bahar", "XA", True)
    assert seen.officers == ("desk one", "desk two")
    assert not facts_of(world.letters.parties.anna, MessageComposed), "looking lays nothing down"

    laid = drafting.lay_down(sources, DESK, draft)
    assert (laid.level, laid.officers) == ("desk", 1)
    view = hotline.message_view(sources, DESK, laid.message, "fa", "Asia/Tehran")
    assert view.sent is not None
    assert (view.sent.stage, view.sent.waits, view.sent.officers) == ("composed", True, 1)
    assert digest_of(hotline.bytes_of_message(sources, DESK, laid.message)) == laid.message
    world.letters.turns(40)
    assert view.letter is not None
    told = {(row.label, row.values) for row in view.letter.rows if row.kind in ("field", "text")}
    assert {(row.label, row.values) for row in seen.letter.rows if row.kind in ("field", "text")} <= told
    assert not world.letters.parties.bahar.needs.state.inbox, "nobody signed, so nothing went"

    signed(world, laid.message, "desk one")
    (row,) = hotline.hotline_view(sources, DESK).outbox
    assert row.signed == ("desk one",)
    assert row.copies[0].r1_ms is not None
    received = world.letters.parties.bahar.needs.state.find_received(laid.message)
    assert received is not None


def test_what_is_wrong_is_told_in_the_readers_language_and_by_the_node_again(
    world: Watched, sources: Sources
) -> None:
    fields = tuple(one for one in FLOOD if one.name != "severity")
    wrong = asked(world, fields=(*fields, CodedField("peak-bps", ("much",))))
    for language in LANGUAGES:
        told = drafting.look(sources, DESK, PreviewAsked(draft=wrong, language=language)).problems
        assert len(told) == 2
        assert all(told)
    stranger = asked(world, recipients=("0" * 64,))
    with pytest.raises(NotAllowed, match="never met"):
        drafting.look(sources, DESK, PreviewAsked(draft=stranger, language="en"))
    with pytest.raises(NotAllowed, match="never met"):
        drafting.lay_down(sources, DESK, stranger)
    with pytest.raises(NotAllowed, match="may be attached"):
        drafting.lay_down(
            sources, DESK, asked(world, attachments=(FileGiven(name="a.exe", body=b"\xff\xd8\xff"),))
        )


def test_nobody_lays_down_for_a_level_that_they_do_not_read(world: Watched, sources: Sources) -> None:
    for viewer in (DESK, CENTRE, SENIOR):
        for level in LEVELS:
            draft = asked(world, level=level)
            if LEVELS[level] <= LEVELS[viewer.role.value]:  # type: ignore[index]
                assert drafting.lay_down(sources, viewer, draft).level == level
            else:
                with pytest.raises(NotAllowed, match="lays nothing down"):
                    drafting.lay_down(sources, viewer, draft)
                with pytest.raises(NotAllowed, match="lays nothing down"):
                    drafting.look(sources, viewer, PreviewAsked(draft=draft, language="en"))


def test_an_answer_goes_to_all_who_have_the_message_with_its_mark(world: Watched, sources: Sources) -> None:
    message = world.letters.comes(mark="DRILL")
    reply = hotline.message_view(sources, DESK, message, "en", "").reply
    assert reply is not None
    assert reply.recipients == (world.letters.parties.bahar.own.organisation,)
    assert (reply.mark, reply.precedence) == ("DRILL", "FLASH")
    assert reply.carried == (CodedField("incident", ("XB-1",)),)
    question = asked(
        world,
        form="clarification-request",
        answers=message,
        mark="DRILL",
        fields=(
            CodedField("subject", ("incident",)),
            *reply.carried,
            CodedField("question", ("known-to-you",)),
            CodedField("answer-by", ("2027-01-01T00:00:00Z",)),
        ),
    )
    assert drafting.look(sources, DESK, PreviewAsked(draft=question, language="en")).problems == ()
    signed(world, drafting.lay_down(sources, DESK, question).message, "desk one")
    (row,) = hotline.hotline_view(sources, DESK).inbox
    assert row.answered_at_ms is not None
    with pytest.raises(NotAllowed, match="same mark"):
        drafting.lay_down(sources, DESK, msgspec.structs.replace(question, mark="REAL"))


def test_only_what_nobody_signed_is_taken_back_here(world: Watched, sources: Sources) -> None:
    kept = drafting.lay_down(sources, DESK, asked(world)).message
    signed(world, kept, "desk one")
    half = drafting.lay_down(sources, SENIOR, asked(world, level="senior")).message
    signed(world, half, "senior one")
    came = world.letters.comes()
    for message in (kept, half, came):
        with pytest.raises(NotAllowed, match="only what nobody has signed"):
            drafting.take_back(sources, SENIOR, message, "")
    draft = drafting.lay_down(sources, CENTRE, asked(world, level="centre")).message
    with pytest.raises(NotAllowed, match="for others to read"):
        drafting.take_back(sources, DESK, draft, "")
    drafting.take_back(sources, SENIOR, draft, "told by telephone")
    (fact,) = facts_of(world.letters.parties.anna, MessageRecalled)
    assert isinstance(fact, MessageRecalled)
    assert fact.why == "pari-senior at the console: told by telephone"
    with pytest.raises(NoSuchThing):
        drafting.take_back(sources, SENIOR, "0" * 64, "")


def test_no_more_wait_for_signatures_than_people_can_see(world: Watched, sources: Sources) -> None:
    first = drafting.lay_down(sources, DESK, asked(world)).message
    for _ in range(drafting.WAITING_MAX - 1):
        drafting.lay_down(sources, DESK, asked(world))
    with pytest.raises(Full, match="wait for signatures"):
        drafting.lay_down(sources, DESK, asked(world))
    drafting.take_back(sources, DESK, first, "")
    drafting.lay_down(sources, DESK, asked(world))


def test_a_drill_is_the_stations_own_word_and_says_for_whom(world: Watched, sources: Sources) -> None:
    bahar = world.letters.parties.bahar.own.organisation
    message = drafting.start_drill(sources, DESK, DrillAsked(recipients=(bahar,), human=True)).message
    world.letters.turns()
    (fact,) = facts_of(world.letters.parties.anna, DrillBegun)
    assert isinstance(fact, DrillBegun)
    assert (fact.message, fact.human, fact.by) == (message, True, "the console, for pari-desk")
    (row,) = hotline.hotline_view(sources, DESK).outbox
    assert (row.head.mark, row.head.form, row.signed, row.waits) == ("DRILL", "check", (), False)
    assert row.copies[0].r1_ms is not None
    for recipients, why in (((bahar,), "less than a minute ago"), ((), "whom to check")):
        with pytest.raises(NotAllowed, match=why):
            drafting.start_drill(sources, DESK, DrillAsked(recipients=recipients, human=False))
    world.letters.parties.clock.at_ms += drafting.DRILL_AGAIN_S * 1000
    drafting.start_drill(sources, DESK, DrillAsked(recipients=(bahar,), human=False))


def test_an_incident_is_filled_in_with_what_was_measured(world: Watched, sources: Sources) -> None:
    world.until_proposed()
    fields = {field.name: field.values for field in drafting.measured(sources, 1).fields}
    assert fields["prefix"] == ("198.51.100.7/32",)
    assert fields["kind"] == ("flood",)
    with pytest.raises(NoSuchThing):
        drafting.measured(sources, 9)
