"""What the endpoints of the Hotline screen answer."""

from tidegate.app.console import hotline_gathering as gathering
from tidegate.console.answering import Answer, Answers, Desk, Question, known
from tidegate.model.labels import Language, language_of


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
}
