"""The console's endpoints, one table: what each is called, what right it asks for, what it takes and tells.

The door serves these and nothing else; the OpenAPI description, and the tests that try every endpoint with
every role, are made from the same table. Nothing here announces.
"""

import re
from typing import Any

import msgspec

from tidegate.app.console.access import Right
from tidegate.app.console.accord_endpoints import ACCORD
from tidegate.app.console.endpoint import JSON, NUMBER_MAX, TEXT_MAX, Endpoint, Wrong
from tidegate.app.console.entering_endpoints import ENTERING
from tidegate.app.console.hotline_endpoints import HOTLINE
from tidegate.app.console.shield_endpoints import SHIELD
from tidegate.app.console.study_endpoints import STUDIES
from tidegate.model.labels import LANGUAGES

ENDPOINTS: tuple[Endpoint, ...] = (*ENTERING, *SHIELD, *ACCORD, *HOTLINE, *STUDIES)


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
        "401": {"description": "Sign in first; or what was brought to sign in is none.", **wrong},
        "403": {"description": "Not allowed.", **wrong},
        "404": {"description": "Not there.", **wrong},
        "502": {"description": "The node or the record does not answer.", **wrong},
        "503": {"description": "A bound was reached.", **wrong},
    }
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
    text = {"type": "string", "maxLength": TEXT_MAX}
    found += [{"name": name, "in": "query", "required": False, "schema": text} for name in one.asks_text]
    for name in re.findall(r"{(\w+)}", one.path):
        schema = {"number": whole, "language": {"type": "string", "enum": list(LANGUAGES)}}.get(name, text)
        found.append({"name": name, "in": "path", "required": True, "schema": schema})
    return found
