"""Who may see and do what at the console: every endpoint with every role, and every way to have less."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.console_accord import ACCORD
from tests.console_world import Watched, inbound, lay_down_demo, lay_down_study
from tests.passkeys import SoftPasskey
from tests.plan_world import quick_border
from tidegate.app.console import entering
from tidegate.app.console.access import MAY, OFFICERS, Right, Role
from tidegate.app.console.endpoint import EVENTS, Endpoint
from tidegate.app.console.endpoints import ENDPOINTS
from tidegate.app.console.sessions import AGE_MS_MAX, IDLE_MS_MAX, add_token, csrf_of, drop_token
from tidegate.app.state import State
from tidegate.console import server
from tidegate.console.answering import Desk, desk
from tidegate.console.answers import ANSWERS
from tidegate.console.headers import CSRF, POLICY
from tidegate.console.page_files import page_files
from tidegate.console.server import application
from tidegate.mitigate.roster import Roster
from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed

ORIGIN = "http://localhost:8080"
DAY_MS = 86_400_000
WITHOUT = {"message_bundle": (404,), "witnesses": (404,)}
"""What the small world has nothing of."""
PEOPLE = {
    role: SoftPasskey(f"pari-{role}", role.value, rp_id="localhost", origin=ORIGIN)  # type: ignore[arg-type]
    for role in sorted(OFFICERS)
}


class Console:
    """The application, asked without a socket; `come_in` gives the cookie and the mark of a session."""

    def __init__(self, world: Watched) -> None:
        self.world = world
        self.at: Desk = desk(world.serving())
        self.client = TestClient(application(self.at, page_files({})), base_url=ORIGIN)

    def come_in(self, role: Role | None) -> dict[str, str]:
        if role is None:
            return {}
        now_ms = self.world.clock.now_ms()
        if role in OFFICERS:
            secret = self.at.sessions.begin(PEOPLE[role].name, now_ms, token=False)
        else:
            add_token(self.at.serving.shelf, role.value, role, f"token of {role}", now_ms, now_ms + DAY_MS)
            secret = self.at.sessions.begin(role.value, now_ms, token=True)
        return {"cookie": f"tidegate={secret}", CSRF: csrf_of(secret)}

    def ask(self, endpoint: Endpoint, headers: dict[str, str], body: object = None) -> int:
        named = {"accord": ACCORD, "year": 2026, "message": self.world.letters.sample}
        path = endpoint.path.format(number=1, language="en", **named)
        if endpoint.method == "GET":
            return self.client.get(path, headers=headers).status_code
        return self.client.post(path, headers=headers, json=body if endpoint.takes else None).status_code


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    quick_border(monkeypatch)
    world = Watched(tmp_path)
    for key in PEOPLE.values():
        world.appoint(key.officer)
    world.agree()
    world.until_proposed()
    made = Console(world)
    lay_down_study(made.at.serving.shelf)
    lay_down_demo(made.at.serving.shelf)
    yield made
    world.stop()


def test_every_endpoint_with_every_role(console: Console) -> None:
    """From one table: 401 for nobody, 403 for a role without the right, something else for the others."""
    tried = 0
    for role in (None, *Role):
        headers = console.come_in(role)
        for endpoint in ENDPOINTS:
            if endpoint.tells == EVENTS and role is not None:
                continue  # a stream that does not end; below
            status = console.ask(endpoint, headers, body={})
            may = endpoint.right is Right.OPEN or (role is not None and role in MAY[endpoint.right])
            if endpoint.name == "sign_out" and role is not None:
                assert status == 200
                headers = console.come_in(role) if role in OFFICERS else renewed(console, role)
            elif not may:
                assert status == (401 if role is None else 403), (endpoint.name, role, status)
            else:
                expected = (200, 400, 401, 403) if endpoint.right is Right.OPEN else (200, 400)
                assert status in WITHOUT.get(endpoint.name, expected), (endpoint.name, role, status)
                if endpoint.method == "GET" and endpoint.name not in WITHOUT:
                    assert status == 200, (endpoint.name, role, status)
            tried += 1
    assert tried == len(ENDPOINTS) * (len(Role) + 1) - len(Role)


def renewed(console: Console, role: Role) -> dict[str, str]:
    drop_token(console.at.serving.shelf, role.value)
    return console.come_in(role)


def test_every_endpoint_is_answered_and_every_right_is_somebody_s() -> None:
    assert {one.name for one in ENDPOINTS} == {*ANSWERS, "live"}
    assert len({(one.method, one.path) for one in ENDPOINTS}) == len(ENDPOINTS)
    assert set(MAY) == set(Right)
    assert MAY[Right.WORD] == OFFICERS


def test_what_changes_anything_asks_for_the_session_s_own_mark(console: Console) -> None:
    headers = console.come_in(Role.SENIOR)
    for endpoint in ENDPOINTS:
        if endpoint.method == "POST":
            without = {name: value for name, value in headers.items() if name != CSRF}
            assert console.ask(endpoint, without, {}) == 403
            assert console.ask(endpoint, {**without, CSRF: "0" * 64}, {}) == 403


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:8081"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"host": "evil.example"},
        {"host": "127.0.0.1:8080"},
    ],
    ids=str,
)
def test_another_site_asks_in_vain(console: Console, elsewhere: dict[str, str]) -> None:
    headers = console.come_in(Role.SENIOR) | elsewhere
    for endpoint in ENDPOINTS:
        assert console.ask(endpoint, headers, {}) == 403, endpoint.name


def test_every_answer_says_what_a_browser_may_do_with_it(console: Console) -> None:
    headers = console.come_in(Role.READER)
    asked = [
        console.client.get("/"),
        console.client.get("/attack/1"),
        console.client.get("/no.such"),
        console.client.get("/api/no-such"),
        console.client.get("/api/situation"),
        console.client.get("/api/situation", headers=headers),
        console.client.get("/api/ledger?before=x", headers=headers),
        console.client.put("/api/me"),
        console.client.post("/api/sign-in", content=b"{"),
    ]
    for answer in asked:
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers
    assert "unsafe" not in POLICY
    assert "http" not in POLICY


def test_a_browser_is_told_what_the_first_screen_asks_where_somebody_is_in(console: Console) -> None:
    headers = console.come_in(Role.READER)
    link = console.client.get("/", headers=headers).headers["link"]
    asked = [part.partition(">")[0].strip(" <") for part in link.split(",")]
    assert [console.client.get(path, headers=headers).status_code for path in asked] == [200, 200]
    assert "link" not in console.client.get("/").headers, "nobody is in"
    assert "link" not in console.client.get("/attack/1", headers=headers).headers
    assert "link" not in console.client.get("/?filter=rate+%3E+1G", headers=headers).headers, "asks otherwise"


def test_an_address_is_sent_on_to_the_name_that_passkeys_know(console: Console) -> None:
    answer = console.client.get("/", headers={"host": "127.0.0.1:8080"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, f"{ORIGIN}/")


def test_a_session_ends_with_time_with_its_token_and_with_its_officer(console: Console) -> None:
    clock = console.world.clock

    def sees(headers: dict[str, str]) -> bool:
        return console.client.get("/api/me", headers=headers).json()["viewer"] is not None

    officer = console.come_in(Role.DESK)
    clock.at_ms += IDLE_MS_MAX - 1
    assert sees(officer)
    clock.at_ms += IDLE_MS_MAX
    assert not sees(officer)

    officer = console.come_in(Role.DESK)
    for _ in range(AGE_MS_MAX // (IDLE_MS_MAX // 2) - 1):
        clock.at_ms += IDLE_MS_MAX // 2
        assert sees(officer)
    clock.at_ms += IDLE_MS_MAX // 2
    assert not sees(officer)

    reader = console.come_in(Role.READER)
    assert sees(reader)
    drop_token(console.at.serving.shelf, "reader")
    assert not sees(reader)

    officer = console.come_in(Role.DESK)
    roster = console.world.officers.roster
    console.world.put(
        Roster(tuple(one for one in roster.members if one.officer.name != PEOPLE[Role.DESK].name))
    )
    assert not sees(officer)


def test_a_token_lets_a_program_in_and_is_kept_as_a_hash(console: Console) -> None:
    now_ms = console.world.clock.now_ms()
    add_token(console.at.serving.shelf, "script", Role.READER, "a long secret", now_ms, now_ms + DAY_MS)
    right, other = ({"authorization": f"Bearer {one}"} for one in ("a long secret", "another"))
    assert console.client.get("/api/border", headers=right).status_code == 200
    assert console.client.get("/api/border", headers=other).status_code == 401
    assert b"a long secret" not in (console.at.serving.shelf.get("tokens.json") or b"")
    console.world.clock.at_ms += DAY_MS
    assert console.client.get("/api/border", headers=right).status_code == 401
    for role in OFFICERS:
        with pytest.raises(NotAllowed, match="a token is never"):
            add_token(console.at.serving.shelf, "boss", role, "x", now_ms, now_ms + DAY_MS)


def test_the_link_of_a_start_lets_in_once(console: Console) -> None:
    secret = console.at.sessions.let_in_once(console.world.clock.now_ms() + 1000)
    for status in (200, 401):
        assert console.client.post("/api/sign-in/token", json={"token": secret}).status_code == status
        console.client.cookies.clear()


def test_an_officer_comes_in_by_passkey_once_for_each_challenge(console: Console) -> None:
    key = PEOPLE[Role.CENTRE]

    def answer(**changes: object) -> tuple[dict[str, object], int]:
        words = bytes.fromhex(console.client.post("/api/sign-in/begin").json()["words"])
        signature, assertion = key.asserts(words)
        body = {
            "words": words.hex(),
            "credential": key.officer.passkey.credential,  # type: ignore[union-attr]
            "signature": signature,
            "assertion": {
                "authenticator_data": assertion.authenticator_data,
                "client_data": assertion.client_data,
            },
        } | changes
        told = console.client.post("/api/sign-in", json=body)
        console.client.cookies.clear()
        if told.status_code == 200:
            cookie = told.headers["set-cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
        return body, told.status_code

    body, status = answer()
    assert status == 200
    assert console.client.post("/api/sign-in", json=body).status_code == 403  # answered before
    assert answer(credential="AAAA")[1] == 401
    assert answer(words=(entering.SIGN_IN + b"\x00" * 56).hex())[1] == 401
    made = console.at.challenges.make(entering.ENROL, console.world.clock.now_ms())
    assert answer(words=made.hex())[1] == 401


def test_a_sign_in_is_no_word_about_a_plan(console: Console) -> None:
    """What is signed to come in has a purpose of its own, and so have the words about plans."""
    key, headers = PEOPLE[Role.SENIOR], console.come_in(Role.SENIOR)
    words = bytes.fromhex(console.client.post("/api/sign-in/begin").json()["words"])
    signature, assertion = key.asserts(words)
    body = {
        "intent": "approve",
        "signature": signature,
        "assertion": {
            "authenticator_data": assertion.authenticator_data,
            "client_data": assertion.client_data,
        },
    }
    told = console.client.post("/api/plans/1/word", json=body, headers=headers)
    assert told.status_code == 403
    assert "does not hold" in told.json()["why"]
    assert console.world.stage() == "proposed"


def test_a_challenge_is_made_here_for_one_purpose_and_not_for_long(console: Console) -> None:
    challenges, now_ms = console.at.challenges, console.world.clock.now_ms()
    made = challenges.make(entering.SIGN_IN, now_ms)
    with pytest.raises(NotAllowed, match="not made here"):
        challenges.take(entering.ENROL, made, now_ms)
    with pytest.raises(NotAllowed, match="not made here"):
        challenges.take(entering.SIGN_IN, made[:-1] + bytes([made[-1] ^ 1]), now_ms)
    for away_ms in (-1, entering.CHALLENGE_MS_MAX):
        with pytest.raises(NotAllowed, match="took too long"):
            challenges.take(entering.SIGN_IN, made, now_ms + away_ms)
    challenges.take(entering.SIGN_IN, made, now_ms)
    with pytest.raises(NotAllowed, match="answered before"):
        challenges.take(entering.SIGN_IN, made, now_ms)


def test_a_second_that_is_told_anew_stands_once(console: Console) -> None:
    """A page that opens gets each second of the last two minutes once, oldest first."""
    headers, second = console.come_in(Role.WALL), console.world.clock.now_ms() // 1000
    for told in (second + 1, second + 2, second + 1, second + 1, second + 2):
        console.world.live(inbound(told, 1e9))
    past = console.client.get("/api/situation?seconds=120", headers=headers).json()["past"]
    seconds = [one["second"] for one in past]
    assert seconds == sorted(set(seconds))
    assert seconds[-2:] == [second + 1, second + 2]


def test_the_record_is_followed_while_nobody_asks_also_after_it_failed(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "FOLLOW_S", 0)
    serving, told, again = console.at.serving, list[State](), threading.Event()

    def state() -> State:
        if not told:
            told.append(serving.sources.state())
            raise OutsideFailed("the disk is away", "here", "wait")
        again.set()
        return told[0]

    followed = desk(replace(serving, sources=replace(serving.sources, state=state)))
    with TestClient(application(followed, page_files({})), base_url=ORIGIN):
        assert again.wait(60)
