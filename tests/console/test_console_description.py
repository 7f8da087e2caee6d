"""The description at /api/openapi.json, believed: what is made from it is asked, and answered as it says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.console_accord import ACCORD
from tests.console_world import Served, Watched, lay_down_demo, lay_down_study
from tests.plan_world import quick_border
from tidegate.app.console.access import MAY, Right, Role
from tidegate.app.console.endpoint import EVENTS, Endpoint
from tidegate.app.console.endpoints import ENDPOINTS
from tidegate.app.console.sessions import add_token
from tidegate.app.console.situation import SituationView

DAY_MS = 86_400_000
EXAMPLES = 10
SLOW = {"accord_print": 3, "accord_review": 4}
"""Fewer of what prints a whole year each time."""
WITHOUT = {"message_bundle", "witnesses"}
"""What the small world has nothing of: 404."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]
TUPLES = {"outlines"}
"""Schemathesis reads a tuple's schema by an older draft, and fails; msgspec reads these answers."""
ASKED: list[tuple[Endpoint, Role | None]] = [(one, None) for one in ENDPOINTS]
ASKED += [(one, Role.READER) for one in ENDPOINTS if one.tells != EVENTS]
"""A stream does not end, so a reader's is another test."""
TOKEN = "a reader's token"
WITHOUT_SECRETS = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
"""No token is made up in place of the reader's."""


class Described:
    """A served small world, its description, and the paths of what there is in it."""

    def __init__(self, folder: Path) -> None:
        self.world = Watched(folder)
        self.world.agree()
        self.world.until_proposed()
        self.served = Served(self.world)
        shelf, now_ms = self.served.at.serving.shelf, self.world.clock.now_ms()
        lay_down_study(shelf)
        lay_down_demo(shelf)
        add_token(shelf, "reader", Role.READER, TOKEN, now_ms, now_ms + DAY_MS)
        self.told: dict[str, Any] = httpx.get(f"{self.served.origin}/api/openapi.json").json()
        self.schema = schemathesis.openapi.from_dict(self.told, config=WITHOUT_SECRETS)
        self.known = {"number": 1, "accord": ACCORD, "year": "2026", "language": "fa"}
        self.known["message"] = self.world.letters.sample

    def close(self) -> None:
        self.served.close()
        self.world.stop()

    def first(self, endpoint: Endpoint) -> schemathesis.Case:
        """About what there is."""
        return self.operation(endpoint).Case(path_parameters=self.real(endpoint))

    def others(self, endpoint: Endpoint) -> st.SearchStrategy[schemathesis.Case]:
        """About what there is, about anything, and what the description does not allow."""
        operation = self.operation(endpoint)
        asked = [operation.as_strategy(), operation.as_strategy(path_parameters=self.real(endpoint))]
        if endpoint.takes is not None or self.parameters(endpoint):
            asked.append(operation.as_strategy(schemathesis.GenerationMode.NEGATIVE))
        return st.one_of(asked)

    def operation(self, endpoint: Endpoint) -> APIOperation:
        return self.schema[endpoint.path][endpoint.method]

    def real(self, endpoint: Endpoint) -> dict[str, object]:
        named = {one["name"] for one in self.parameters(endpoint) if one["in"] == "path"}
        return {name: self.known[name] for name in named}

    def parameters(self, endpoint: Endpoint) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.told["paths"][endpoint.path][endpoint.method.lower()]["parameters"]
        return found


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Described]:
    with pytest.MonkeyPatch.context() as patch:
        quick_border(patch)
        made = Described(tmp_path_factory.mktemp("console"))
        yield made
        made.close()


def test_every_endpoint_is_described(described: Described) -> None:
    paths = described.told["paths"]
    operations = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert operations == {(one.method, one.path) for one in ENDPOINTS}
    described.schema.validate()


@pytest.mark.parametrize(("endpoint", "role"), ASKED, ids=lambda one: getattr(one, "name", "nobody").lower())
def test_an_answer_is_as_described(described: Described, endpoint: Endpoint, role: Role | None) -> None:
    """No failure of the server, and no status, type or body that the description does not have."""
    checks = CHECKS if endpoint.name in TUPLES else [*CHECKS, response_schema_conformance]
    may = endpoint.right is Right.OPEN or role in MAY[endpoint.right]
    headers = {} if role is None else {"authorization": f"Bearer {TOKEN}"}

    def status(case: schemathesis.Case) -> int:
        answer = case.call_and_validate(described.served.origin, headers=headers, checks=checks)
        if endpoint.name in TUPLES and answer.status_code == 200:
            msgspec.json.decode(answer.content, type=endpoint.tells)
        if not may:
            assert answer.status_code in {401 if role is None else 403, 404}
        return answer.status_code

    if may and endpoint.method == "GET":
        assert status(described.first(endpoint)) == (404 if endpoint.name in WITHOUT else 200)

    @settings(
        max_examples=SLOW.get(endpoint.name, EXAMPLES) if may else 3,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(described.others(endpoint))
    def asked(case: schemathesis.Case) -> None:
        status(case)

    asked()


def test_the_stream_is_as_described(described: Described) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    url = f"{described.served.origin}/api/situation/live"
    with httpx.stream("GET", url, headers=headers, params={"filter": "vector = ntp"}) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].partition(";")[0] == EVENTS
        event = next(line for line in answer.iter_lines() if line)
    msgspec.json.decode(event.removeprefix("data: "), type=SituationView)
    for wrong in ("vector ~ ntp", "x" * 501):
        assert httpx.get(url, headers=headers, params={"filter": wrong}).status_code == 400
