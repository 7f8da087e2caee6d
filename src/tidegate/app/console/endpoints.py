"""The console's endpoints, one table: what each is called, what right it asks for, what it takes and tells.

The door serves these and nothing else; the OpenAPI description, and the tests that try every endpoint with
every role, are made from the same table. Nothing here announces: the one endpoint that changes what a
border does carries an officer's own signed word, and withdrawing everything is left to the terminal.
"""

from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from tidegate.app.console.access import Right
from tidegate.app.console.situation import SituationView
from tidegate.app.console.views import (
    AttackList,
    AttackView,
    BorderView,
    HealthView,
    LedgerView,
    MeView,
    ProofView,
)
from tidegate.model.labels import LANGUAGES
from tidegate.model.plans import Assertion, Intent
from tidegate.ports.control import WordTaken


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


class Word(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    intent: Intent
    signature: str
    assertion: Assertion


class Done(msgspec.Struct, frozen=True):
    """It is done, and there is nothing to tell."""


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """Why a question is not answered. `kind` "sign-in", "not-allowed", "not-there", "malformed", "full",
    "outside"; `remedy` where there is one."""

    kind: str
    why: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`takes` is the type of its JSON body; `tells` that of its answer, or a media type; `asks` are whole
    numbers in the query, none of which must be given."""

    name: str
    method: Literal["GET", "POST"]
    path: str
    right: Right
    tells: Any
    summary: str
    takes: Any = None
    asks: tuple[str, ...] = ()


EVENTS = "text/event-stream"
BYTES = "application/octet-stream"
JSON = "application/json"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("me", "GET", "/api/me", Right.OPEN, MeView, "Who is looking."),
    Endpoint(
        "words", "GET", "/api/labels/{language}", Right.OPEN, JSON, "The labels of codes in one language."
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
        "situation",
        "GET",
        "/api/situation",
        Right.SITUATION,
        SituationView,
        "What is hitting us now, with so many seconds before.",
        asks=("seconds",),
    ),
    Endpoint(
        "live", "GET", "/api/situation/live", Right.SITUATION, EVENTS, "The same, once a second, as events."
    ),
    Endpoint(
        "attacks",
        "GET",
        "/api/attacks",
        Right.EVIDENCE,
        AttackList,
        "Attacks on record that did not end before `since_ms`.",
        asks=("since_ms",),
    ),
    Endpoint(
        "attack", "GET", "/api/attacks/{number}", Right.EVIDENCE, AttackView, "One attack and its plans."
    ),
    Endpoint(
        "plan_bytes",
        "GET",
        "/api/plans/{number}/bytes",
        Right.EVIDENCE,
        BYTES,
        "The exact bytes of a plan, of which officers sign the digest.",
    ),
    Endpoint(
        "word",
        "POST",
        "/api/plans/{number}/word",
        Right.WORD,
        WordTaken,
        "Bring one's own signed word.",
        Word,
    ),
    Endpoint(
        "border",
        "GET",
        "/api/border",
        Right.EVIDENCE,
        BorderView,
        "Sessions, live rules, what receivers hold.",
    ),
    Endpoint("health", "GET", "/api/health", Right.EVIDENCE, HealthView, "Why data is missing."),
    Endpoint(
        "ledger", "GET", "/api/ledger", Right.EVIDENCE, LedgerView, "Facts below `before`.", asks=("before",)
    ),
    Endpoint(
        "proof", "GET", "/api/ledger/{number}", Right.EVIDENCE, ProofView, "That one fact is in the ledger."
    ),
)


def description(version: str) -> dict[str, object]:
    """OpenAPI 3.1, made from the table and from the types of what is told."""
    kinds = [one.tells for one in ENDPOINTS if not isinstance(one.tells, str)]
    kinds += [one.takes for one in ENDPOINTS if one.takes is not None]
    schemas, components = msgspec.json.schema_components(
        [*kinds, Wrong], ref_template="#/components/schemas/{name}"
    )
    of = dict(zip([*kinds, Wrong], schemas, strict=True))
    paths: dict[str, dict[str, object]] = {}
    for one in ENDPOINTS:
        paths.setdefault(one.path, {})[one.method.lower()] = operation(one, of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tidegate console", "version": version},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def operation(one: Endpoint, of: dict[Any, dict[str, Any]]) -> dict[str, object]:
    wrong = {"content": {JSON: {"schema": of[Wrong]}}}
    media = one.tells if isinstance(one.tells, str) else JSON
    told = {} if isinstance(one.tells, str) else {"schema": of[one.tells]}
    answers: dict[str, object] = {
        "200": {"description": "As asked.", "content": {media: told}},
        "400": {"description": "Malformed.", **wrong},
        "502": {"description": "The node or the record does not answer.", **wrong},
        "503": {"description": "A bound was reached.", **wrong},
    }
    if one.right is not Right.OPEN:
        answers["401"] = {"description": "Sign in first.", **wrong}
    answers["403"] = {"description": "Not allowed.", **wrong}
    answers["404"] = {"description": "Not there.", **wrong}
    known: dict[str, object] = {
        "operationId": one.name,
        "summary": one.summary,
        "responses": answers,
        "parameters": parameters(one),
    }
    if one.right is not Right.OPEN:
        known["security"] = [{"token": []}]
    if one.takes is not None:
        known["requestBody"] = {"required": True, "content": {JSON: {"schema": of[one.takes]}}}
    return known


def parameters(one: Endpoint) -> list[object]:
    whole = {"type": "integer", "minimum": 0, "maximum": NUMBER_MAX}
    found: list[object] = [
        {"name": name, "in": "query", "required": False, "schema": whole} for name in one.asks
    ]
    if "{number}" in one.path:
        found.append({"name": "number", "in": "path", "required": True, "schema": whole})
    if "{language}" in one.path:
        languages = {"type": "string", "enum": list(LANGUAGES)}
        found.append({"name": "language", "in": "path", "required": True, "schema": languages})
    return found


NUMBER_MAX = (1 << 53) - 1
"""Greatest number in a path or a query, as in facts; a greater one is malformed."""
