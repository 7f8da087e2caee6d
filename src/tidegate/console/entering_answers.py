"""What the endpoints of coming in answer."""

from functools import cache

from tidegate.app.console import demo_note, entering, gathering
from tidegate.app.console.endpoint import Done
from tidegate.app.console.endpoints import description
from tidegate.app.console.entering_endpoints import (
    Challenge,
    Enrolled,
    Enrolment,
    EnrolmentAsked,
    EnrolmentCode,
    EnrolmentShown,
    EnrolmentStanding,
    SignIn,
    TokenSignIn,
)
from tidegate.app.console.sessions import csrf_of
from tidegate.app.console.views import MeView
from tidegate.console.answering import Answer, Answers, Desk, Question, hex_bytes
from tidegate.console.enrolment import made_by
from tidegate.model.labels import LANGUAGES, Language, codes, label, language_of, phrase, sentences
from tidegate.model.plans import Officer
from tidegate.model.refusals import NotAllowed
from tidegate.model.vectors import VECTORS, Vector

LABEL_GROUPS = (
    *("unit", "level", "common"),
    *("mark", "precedence", "form", "tlp", "pap", "stage", "path-state", "flash-word"),
    *("accord-stage", "accord-step", "accord-happening", "accord-page", "guarantee", "pledge", "language"),
    "fact-kind",
)


def me(at: Desk, asked: Question) -> Answer:
    address = at.serving.address
    return Answer(
        MeView(
            viewer=asked.viewer,
            csrf=csrf_of(asked.secret) if asked.viewer else "",
            version=at.serving.version,
            has_officers=any(
                one.passkey is not None and one.passkey.origin == address.origin for one in live_officers(at)
            ),
            demo=demo_note.told(at.serving.shelf) is not None,
        )
    )


def live_officers(at: Desk) -> tuple[Officer, ...]:
    """None where there is no roster yet."""
    try:
        return at.serving.roster().all_live(at.now_ms)
    except NotAllowed:
        return ()


def demo(at: Desk, asked: Question) -> Answer:
    note = demo_note.told(at.serving.shelf)
    if note is None:
        raise gathering.NoSuchThing("this node is no demo's")
    language = language_of(asked.texts.get("language", "")) or "en"
    return Answer(demo_note.demo_view(note, language, at.now_ms))


def words(_: Desk, asked: Question) -> Answer:
    return Answer(labels(language_asked(asked)))


def told_sentences(_: Desk, asked: Question) -> Answer:
    return Answer(sentences(language_asked(asked)))


def language_asked(asked: Question) -> Language:
    language = asked.texts["language"]
    for known in LANGUAGES:
        if known == language:
            return known
    raise gathering.NoSuchThing(f"there are no words in {language}")


@cache
def labels(language: Language) -> dict[str, dict[str, str]]:
    """The words that the page shares with commands and print, by group and code."""
    found = {group: {code: label(group, code, language) for code in codes(group)} for group in LABEL_GROUPS}
    return found | {"vector": {one.name: vector_label(one, language) for one in VECTORS}}


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


def enrol_standing(at: Desk, asked: Question) -> Answer:
    told: EnrolmentShown = asked.body
    found = entering.standing(at.serving.shelf, told.code, told.credential, lambda: live_officers(at))
    return Answer(EnrolmentStanding(standing=found))


ENTERING_ANSWERS: Answers = {
    "me": me,
    "words": words,
    "demo": demo,
    "sentences": told_sentences,
    "description": describe,
    "sign_in_begin": sign_in_begin,
    "sign_in": sign_in,
    "sign_in_token": sign_in_token,
    "sign_out": sign_out,
    "enrol_begin": enrol_begin,
    "enrol": enrol,
    "enrol_standing": enrol_standing,
}
