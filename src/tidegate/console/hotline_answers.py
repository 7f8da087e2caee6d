"""What the endpoints of the Hotline screen answer."""

from tidegate.app.console import drafting
from tidegate.app.console import hotline_gathering as gathering
from tidegate.app.console.endpoint import Done
from tidegate.app.console.gathering import NoSuchThing
from tidegate.app.console.hotline_forms import forms_view
from tidegate.console.answering import Answer, Answers, Desk, Question, known
from tidegate.model.labels import LANGUAGES, Language, language_of


def hotline(at: Desk, asked: Question) -> Answer:
    return Answer(gathering.hotline_view(at.serving.sources, known(asked)))


def inbox(at: Desk, asked: Question) -> Answer:
    return Answer(gathering.inbox_page(at.serving.sources, known(asked), asked.numbers.get("before")))


def outbox(at: Desk, asked: Question) -> Answer:
    return Answer(gathering.outbox_page(at.serving.sources, known(asked), asked.numbers.get("before")))


def message(at: Desk, asked: Question) -> Answer:
    return Answer(
        gathering.message_view(
            at.serving.sources,
            known(asked),
            asked.texts["message"],
            language_in(asked),
            asked.texts.get("zone", ""),
        )
    )


def message_bytes(at: Desk, asked: Question) -> Answer:
    return Answer(gathering.bytes_of_message(at.serving.sources, known(asked), asked.texts["message"]))


def message_bundle(at: Desk, asked: Question) -> Answer:
    return Answer(gathering.bundle_of_message(at.serving.sources, known(asked), asked.texts["message"]))


def witnesses(at: Desk, _: Question) -> Answer:
    return Answer(gathering.witnesses(at.serving.sources))


def forms(_: Desk, asked: Question) -> Answer:
    language = next((one for one in LANGUAGES if one == asked.texts["language"]), None)
    if language is None:
        raise NoSuchThing(f"there are no forms in {asked.texts['language']}")
    return Answer(forms_view(language))


def measured(at: Desk, asked: Question) -> Answer:
    return Answer(drafting.measured(at.serving.sources, asked.numbers["number"]))


def preview(at: Desk, asked: Question) -> Answer:
    return Answer(drafting.look(at.serving.sources, known(asked), asked.body))


def lay_down(at: Desk, asked: Question) -> Answer:
    return Answer(drafting.lay_down(at.serving.sources, known(asked), asked.body))


def take_back(at: Desk, asked: Question) -> Answer:
    told: drafting.TakeBack = asked.body
    drafting.take_back(at.serving.sources, known(asked), asked.texts["message"], told.why)
    return Answer(Done())


def drill(at: Desk, asked: Question) -> Answer:
    return Answer(drafting.start_drill(at.serving.sources, known(asked), asked.body))


def language_in(asked: Question) -> Language:
    """The reader's; English where none is told that we have."""
    return language_of(asked.texts.get("language", "")) or "en"


HOTLINE_ANSWERS: Answers = {
    "hotline": hotline,
    "inbox": inbox,
    "outbox": outbox,
    "message": message,
    "message_bytes": message_bytes,
    "message_bundle": message_bundle,
    "witnesses": witnesses,
    "forms": forms,
    "measured": measured,
    "preview": preview,
    "lay_down": lay_down,
    "take_back": take_back,
    "drill": drill,
}
