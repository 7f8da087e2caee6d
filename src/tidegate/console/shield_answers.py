"""What the endpoints of the shield answer."""

from tidegate.app.console import gathering
from tidegate.app.console.shield_endpoints import Word
from tidegate.console.answering import Answer, Answers, Desk, Question, known
from tidegate.model.plans import Signed


def situation(at: Desk, asked: Question) -> Answer:
    told = gathering.moment(at.serving.sources, asked.numbers.get("seconds", 0))
    return Answer(gathering.situation_at(at.serving.sources, told, known(asked)))


def attacks(at: Desk, asked: Question) -> Answer:
    return Answer(gathering.attack_list(at.serving.sources, asked.numbers.get("since_ms", 0)))


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
    "attacks": attacks,
    "attack": attack,
    "plan_bytes": plan_bytes,
    "word": word,
    "border": border,
    "health": health,
    "ledger": ledger,
    "proof": proof,
}
