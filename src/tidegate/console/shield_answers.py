"""What the endpoints of the shield answer."""

from tidegate.app.console import attack_lists, gathering
from tidegate.app.console.shield_endpoints import Word
from tidegate.console.answering import Answer, Answers, Desk, Question, known
from tidegate.model.plans import Signed

FILTER = "filter"
DAYS_COUNTED = 30
"""Where a question does not say how many."""


def situation(at: Desk, asked: Question) -> Answer:
    told = gathering.moment(at.serving.sources, asked.numbers.get("seconds", 0))
    return Answer(gathering.situation_at(at.serving.sources, told, known(asked), asked.texts.get(FILTER, "")))


def help_with_filter(at: Desk, asked: Question) -> Answer:
    text, place = asked.texts.get(FILTER, ""), asked.numbers.get("at", 0)
    return Answer(attack_lists.help_with_filter(at.serving.sources, text, place, known(asked)))


def attacks(at: Desk, asked: Question) -> Answer:
    since_ms, before = asked.numbers.get("since_ms", 0), asked.numbers.get("before")
    text = asked.texts.get(FILTER, "")
    return Answer(attack_lists.attack_list(at.serving.sources, since_ms, text, before))


def counts(at: Desk, asked: Question) -> Answer:
    days, text = asked.numbers.get("days", DAYS_COUNTED), asked.texts.get(FILTER, "")
    return Answer(attack_lists.attack_counts(at.serving.sources, days, text))


def attack(at: Desk, asked: Question) -> Answer:
    return Answer(gathering.attack_view(at.serving.sources, asked.numbers["number"], known(asked)))


def plan_bytes(at: Desk, asked: Question) -> Answer:
    return Answer(gathering.bytes_of_plan(at.serving.sources, asked.numbers["number"]))


def word(at: Desk, asked: Question) -> Answer:
    told: Word = asked.body
    viewer, number = known(asked), asked.numbers["number"]
    signed = Signed(
        plan=number,
        intent=told.intent,
        officer=viewer.name,
        signature=told.signature,
        assertion=told.assertion,
    )
    return Answer(gathering.give_word(at.serving.sources, signed))


def border(at: Desk, _: Question) -> Answer:
    return Answer(gathering.border(at.serving.sources))


def health(at: Desk, _: Question) -> Answer:
    return Answer(gathering.health(at.serving.sources))


def ledger(at: Desk, asked: Question) -> Answer:
    return Answer(gathering.ledger(at.serving.sources, asked.numbers.get("before")))


def proof(at: Desk, asked: Question) -> Answer:
    return Answer(gathering.proof(at.serving.sources, asked.numbers["number"]))


SHIELD_ANSWERS: Answers = {
    "situation": situation,
    "filter": help_with_filter,
    "attacks": attacks,
    "counts": counts,
    "attack": attack,
    "plan_bytes": plan_bytes,
    "word": word,
    "border": border,
    "health": health,
    "ledger": ledger,
    "proof": proof,
}
