"""The endpoints of coming in: who looks, signing in, enrolment, and the words that everybody may read."""

import msgspec

from tidegate.app.console.access import Right
from tidegate.app.console.demo_note import DemoView
from tidegate.app.console.endpoint import JSON, Done, Endpoint
from tidegate.app.console.entering import Standing
from tidegate.app.console.views import MeView
from tidegate.model.labels import Sentence
from tidegate.model.plans import Assertion


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """`words` (hex) are what is signed: the browser's challenge is their SHA-256."""

    words: str
    rp_id: str


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    words: str
    credential: str
    signature: str
    assertion: Assertion


class TokenSignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    token: str


class EnrolmentCode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: str


class EnrolmentAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Who the passkey is for, at which page, and the words whose SHA-256 is the challenge."""

    words: str
    rp_id: str
    name: str
    level: str


class Enrolment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the browser made, all but the code in base64url."""

    code: str
    words: str
    credential: str
    client_data: str
    attestation: str


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """To be compared with what the terminal shows."""

    name: str
    fingerprint: str


class EnrolmentShown(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A code that was used, and the passkey's credential, in base64url, that was made with it."""

    code: str
    credential: str


class EnrolmentStanding(msgspec.Struct, frozen=True, kw_only=True):
    """What the terminal made of a passkey."""

    standing: Standing


ENTERING: tuple[Endpoint, ...] = (
    Endpoint("me", "GET", "/api/me", Right.OPEN, MeView, "Who is looking."),
    Endpoint(
        "words", "GET", "/api/labels/{language}", Right.OPEN, JSON, "The labels of codes in one language."
    ),
    Endpoint(
        "demo",
        "GET",
        "/api/demo",
        Right.OPEN,
        DemoView,
        "The chapter that a demo is at, in a language; not there beside any other node.",
        asks_text=("language",),
    ),
    Endpoint(
        "sentences",
        "GET",
        "/api/sentences/{language}",
        Right.OPEN,
        tuple[Sentence, ...],
        "What plans, refusals and findings say, as English templates and in one language.",
    ),
    Endpoint("description", "GET", "/api/openapi.json", Right.OPEN, JSON, "This description."),
    Endpoint(
        "sign_in_begin",
        "POST",
        "/api/sign-in/begin",
        Right.OPEN,
        Challenge,
        "A challenge to sign in with a passkey.",
    ),
    Endpoint("sign_in", "POST", "/api/sign-in", Right.OPEN, Done, "Sign in with a passkey.", SignIn),
    Endpoint(
        "sign_in_token", "POST", "/api/sign-in/token", Right.OPEN, Done, "Sign in with a token.", TokenSignIn
    ),
    Endpoint("sign_out", "POST", "/api/sign-out", Right.SELF, Done, "End this session."),
    Endpoint(
        "enrol_begin",
        "POST",
        "/api/enrolment/begin",
        Right.OPEN,
        EnrolmentAsked,
        "Begin to make a passkey with a code from the terminal.",
        EnrolmentCode,
    ),
    Endpoint("enrol", "POST", "/api/enrolment", Right.OPEN, Enrolled, "Lay down a new passkey.", Enrolment),
    Endpoint(
        "enrol_standing",
        "POST",
        "/api/enrolment/standing",
        Right.OPEN,
        EnrolmentStanding,
        "Whether a passkey that was laid down is on the roster by now.",
        EnrolmentShown,
    ),
)
