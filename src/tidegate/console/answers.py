"""What each endpoint answers: a function for every row of the table, over plain values and no request."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from tidegate.app.console import entering, gathering
from tidegate.app.console.access import Viewer
from tidegate.app.console.endpoints import (
    Challenge,
    Done,
    Enrolled,
    Enrolment,
    EnrolmentAsked,
    EnrolmentCode,
    SignIn,
    TokenSignIn,
    Word,
    description,
)
from tidegate.app.console.open import fresh_secret
from tidegate.app.console.serving import Serving
from tidegate.app.console.sessions import Sessions, csrf_of
from tidegate.app.console.views import MeView
from tidegate.console.enrolment import made_by
from tidegate.model.labels import LANGUAGES, Language, codes, label, phrase
from tidegate.model.plans import Signed
from tidegate.model.refusals import NotAllowed
from tidegate.model.vectors import VECTORS, Vector

LABEL_GROUPS = ("unit", "level", "common")


@dataclass(frozen=True, slots=True)
class Question:
    """What a request comes down to. `viewer` is None before signing in, and where the right is OPEN;
    `secret` is that of the session's cookie, "" where there is none; `body` is of the type that the table
    says; `numbers` are those of path and query that were given."""

    viewer: Viewer | None
    secret: str
    body: Any
    numbers: Mapping[str, int]
    language: str


@dataclass(frozen=True, slots=True)
class Answer:
    """`told` is a value, or bytes as they are; `begun` the secret of a session that began, "" for one that
    ended, None where nothing changed."""

    told: Any
    begun: str | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """All that answers need."""

    serving: Serving
    sessions: Sessions
    challenges: entering.Challenges

    @property
    def now_ms(self) -> int:
        return self.serving.sources.clock.now_ms()


def desk(serving: Serving) -> Desk:
    sessions = Sessions(serving.shelf, serving.roster, fresh_secret)
    return Desk(serving, sessions, entering.Challenges(secrets.token_bytes(32), secrets.token_bytes))


def me(at: Desk, asked: Question) -> Answer:
    address = at.serving.address
    try:
        live = at.serving.roster().all_live(at.now_ms)
    except NotAllowed:
        live = ()
    return Answer(
        MeView(
            viewer=asked.viewer,
            csrf=csrf_of(asked.secret) if asked.viewer else "",
            version=at.serving.version,
            has_officers=any(
                one.passkey is not None and one.passkey.origin == address.origin for one in live
            ),
        )
    )


def words(_: Desk, asked: Question) -> Answer:
    if asked.language not in LANGUAGES:
        raise gathering.NoSuchThing(f"there are no words in {asked.language}")
    return Answer(labels(asked.language))


@cache
def labels(language: str) -> dict[str, dict[str, str]]:
    """The words that the page shares with commands and print, by group and code."""
    known = next(one for one in LANGUAGES if one == language)
    found = {group: {code: label(group, code, known) for code in codes(group)} for group in LABEL_GROUPS}
    return found | {"vector": {one.name: vector_label(one, known) for one in VECTORS}}


def vector_label(vector: Vector, language: Language) -> str:
    if vector.name in codes("vector"):
        return label("vector", vector.name, language)
    service = vector.label.removesuffix(" reflection")
    return phrase("vector-pattern", "reflection", language, service=service)


def describe(at: Desk, _: Question) -> Answer:
    return Answer(description(at.serving.version))


def sign_in_begin(at: Desk, _: Question) -> Answer:
    made = at.challenges.make(entering.SIGN_IN, at.now_ms)
    return Answer(Challenge(words=made.hex(), rp_id=at.serving.address.rp_id))


def sign_in(at: Desk, asked: Question) -> Answer:
    told: SignIn = asked.body
    signed = hex_bytes(told.words)
    # Looked at first, taken only where it is answered: a stranger's answers use nothing up.
    officer = entering.officer_behind(
        at.serving.roster(), told.credential, told.signature, told.assertion, signed, at.now_ms
    )
    at.challenges.take(entering.SIGN_IN, signed, at.now_ms)
    return Answer(Done(), at.sessions.begin(officer.name, at.now_ms, token=False))


def sign_in_token(at: Desk, asked: Question) -> Answer:
    told: TokenSignIn = asked.body
    viewer = at.sessions.by_link(told.token, at.now_ms)
    return Answer(Done(), at.sessions.begin(viewer.name, at.now_ms, token=True))


def sign_out(at: Desk, asked: Question) -> Answer:
    at.sessions.end(asked.secret)
    return Answer(Done(), "")


def enrol_begin(at: Desk, asked: Question) -> Answer:
    told: EnrolmentCode = asked.body
    invitation = entering.invitation_of(at.serving.shelf, told.code, at.now_ms)
    made = at.challenges.make(entering.ENROL, at.now_ms)
    return Answer(
        EnrolmentAsked(
            words=made.hex(),
            rp_id=at.serving.address.rp_id,
            name=invitation.name,
            level=invitation.level,
        )
    )


def enrol(at: Desk, asked: Question) -> Answer:
    told: Enrolment = asked.body
    signed, address = hex_bytes(told.words), at.serving.address
    invitation = entering.invitation_of(at.serving.shelf, told.code, at.now_ms)
    at.challenges.take(entering.ENROL, signed, at.now_ms)
    made = made_by(told, invitation, signed, address.rp_id, address.origin)
    entering.lay_down(at.serving.shelf, told.code, made, at.now_ms)
    return Answer(Enrolled(name=made.name, fingerprint=entering.fingerprint(made)))


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


ANSWERS: Mapping[str, Callable[[Desk, Question], Answer]] = {
    "me": me,
    "words": words,
    "description": describe,
    "sign_in_begin": sign_in_begin,
    "sign_in": sign_in,
    "sign_in_token": sign_in_token,
    "sign_out": sign_out,
    "enrol_begin": enrol_begin,
    "enrol": enrol,
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
"""By name of the endpoint; `live` is a stream, and the server's own."""


def known(asked: Question) -> Viewer:
    assert asked.viewer is not None, "the table asks for a right"
    return asked.viewer


def hex_bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise msgspec.ValidationError("words are hex digits") from None
