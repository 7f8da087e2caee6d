"""The console as an ASGI application: the table's endpoints, the page's files, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from tidegate.app.console import gathering
from tidegate.app.console.access import Right, SignInFirst, Viewer, authorise
from tidegate.app.console.endpoint import EVENTS, JSON, NUMBER_MAX, TEXT_MAX, Endpoint, Wrong
from tidegate.app.console.endpoints import ENDPOINTS
from tidegate.app.console.serving import OutsideFailed
from tidegate.app.console.sessions import csrf_of
from tidegate.app.filtering.attacks import AttackFilter
from tidegate.console.answering import Answer, Desk, Question
from tidegate.console.answers import ANSWERS
from tidegate.console.headers import CSRF, KEPT, cookie, cookie_name, headers_of, is_from_elsewhere
from tidegate.console.page_files import INDEX, PageFile
from tidegate.console.pulse import LOOKING_MAX, Pulse
from tidegate.model.refusals import Full, Malformed, NotAllowed

DIGITS_MAX = 16
"""Digits of a number in a path or a query."""

ASKED_FIRST = ("/api/me", "/api/situation?seconds=120&")
"""What the Situation screen asks first, as its page writes it; here too, so that a browser asks while it
still reads the page."""

FOLLOW_S = 10.0
"""A page that opens as soon as the console does is not held up by what may be needed later."""

Answering = Callable[[Request], Awaitable[Response]]


def application(at: Desk, files: dict[str, PageFile]) -> Starlette:
    pulse = Pulse(lambda: gathering.moment(at.serving.sources, 1))

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        following = asyncio.create_task(follow(at))
        yield
        following.cancel()
        pulse.stop()

    routes = [Route(one.path, answering(at, one, pulse), methods=[one.method]) for one in ENDPOINTS]
    routes.append(Route("/{path:path}", page(at, files), methods=["GET"]))
    return Starlette(routes=routes, lifespan=life, exception_handlers={404: unknown(at), 405: unknown(at)})


async def follow(at: Desk) -> None:
    """The record beside the node, for the questions that come when the node answers none."""
    while True:
        await asyncio.sleep(FOLLOW_S)
        await asyncio.to_thread(gathering.keep_up, at.serving.sources)


def page(at: Desk, files: dict[str, PageFile]) -> Answering:
    """The page's files. Every other path is a screen, and the page itself shows which."""
    address = at.serving.address

    async def answer(request: Request) -> Response:
        path = request.path_params["path"]
        if path.startswith("api/"):
            return wrong(at, 404, "not-there", "there is no such endpoint")
        if request.headers.get("host") != address.authority:
            # The address instead of the name, mostly: passkeys and cookies belong to the name.
            return RedirectResponse(f"{address.origin}/", 307, headers_of(address))
        file = files.get(path) or (files[INDEX] if "." not in path else None)
        if file is None:
            return wrong(at, 404, "not-there", "there is no such file")
        packed = file.packed is not None and "gzip" in request.headers.get("accept-encoding", "")
        headers = headers_of(address, KEPT) if file.kept else headers_of(address)
        if path == "" and not request.url.query and looking(at, request)[1] is not None:
            headers["link"] = ", ".join(f"<{one}>; rel=preload; as=fetch; crossorigin" for one in ASKED_FIRST)
        headers |= {"vary": "accept-encoding", **({"content-encoding": "gzip"} if packed else {})}
        return Response(file.packed if packed else file.body, headers=headers, media_type=file.media_type)

    return answer


def unknown(at: Desk) -> Callable[[Request, Exception], Response]:
    def answer(_: Request, __: Exception) -> Response:
        return wrong(at, 404, "not-there", "there is no such endpoint")

    return answer


def answering(at: Desk, endpoint: Endpoint, pulse: Pulse) -> Answering:
    """Host, session, right, origin, body, in this order; then the answer, made in a thread."""

    async def answer(request: Request) -> Response:
        try:
            secret, viewer = heard(at, endpoint, request)
            if endpoint.tells == EVENTS:
                return live(at, endpoint, request, pulse)
            question = await question_of(endpoint, request, secret, viewer)
            return told(at, endpoint, await asyncio.to_thread(ANSWERS[endpoint.name], at, question))
        except ClientDisconnect:
            return wrong(at, 400, "malformed", "the question was cut short")
        except (SignInFirst, NotAllowed, Full, OutsideFailed, Malformed, msgspec.MsgspecError) as refusal:
            return refused(at, refusal)

    return answer


def heard(at: Desk, endpoint: Endpoint, request: Request) -> tuple[str, Viewer | None]:
    """The session's secret and whoever is behind it. NotAllowed for a question that another site asks, or
    that changes something without the session's own mark beside its cookie."""
    address = at.serving.address
    if request.headers.get("host") != address.authority:
        raise NotAllowed(f"this console is at {address.origin}")
    if is_from_elsewhere(address, request.headers):
        raise NotAllowed("another site asks this in your name; it is not done")
    secret, viewer = looking(at, request)
    authorise(viewer, endpoint.right)
    by_cookie = viewer is not None and bool(secret)
    if endpoint.method == "POST" and by_cookie and request.headers.get(CSRF) != csrf_of(secret):
        raise NotAllowed("this page is from before you signed in; load it again")
    return secret, viewer


def looking(at: Desk, request: Request) -> tuple[str, Viewer | None]:
    """By token where one is given, else by cookie."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return "", at.sessions.by_token(token, at.now_ms)
    secret = request.cookies.get(cookie_name(at.serving.address), "")
    viewer = at.sessions.viewer(secret, at.now_ms) if secret else None
    return (secret, viewer) if viewer else ("", None)


async def question_of(endpoint: Endpoint, request: Request, secret: str, viewer: Viewer | None) -> Question:
    numbers, texts = given(endpoint, request)
    body = None
    if endpoint.takes is not None:
        if request.headers.get("content-type", "").partition(";")[0] != JSON:
            raise msgspec.ValidationError("send application/json")
        body = msgspec.json.decode(await body_of(request, endpoint.body_bytes_max), type=endpoint.takes)
    return Question(viewer, secret, body, numbers, texts)


def given(endpoint: Endpoint, request: Request) -> tuple[dict[str, int], dict[str, str]]:
    """The numbers and the texts of path and query."""
    query = request.query_params
    told = {name: query[name] for name in (*endpoint.asks, *endpoint.asks_text) if name in query}
    told |= request.path_params
    counted = {"number", *endpoint.asks}
    numbers = {name: number(name, value) for name, value in told.items() if name in counted}
    return numbers, {name: text(name, value) for name, value in told.items() if name not in counted}


def number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX and int(text) <= NUMBER_MAX):
        raise msgspec.ValidationError(f"{name} is a whole number, at most {NUMBER_MAX}")
    return int(text)


def text(name: str, value: str) -> str:
    if len(value) > TEXT_MAX:
        raise msgspec.ValidationError(f"{name} is at most {TEXT_MAX} characters")
    return value


async def body_of(request: Request, most: int) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise msgspec.ValidationError(f"the body is longer than {most} bytes")
    return bytes(body)


def told(at: Desk, endpoint: Endpoint, answer: Answer) -> Response:
    address = at.serving.address
    headers = {**headers_of(address), **answer.headers}
    if answer.begun is not None:
        headers["set-cookie"] = cookie(address, answer.begun)
    if isinstance(answer.told, bytes):
        return Response(answer.told, headers=headers, media_type=endpoint.tells)
    return Response(msgspec.json.encode(answer.told), headers=headers, media_type=JSON)


def live(at: Desk, endpoint: Endpoint, request: Request, pulse: Pulse) -> Response:
    """One event a second. Who looks is asked anew each time: a session that ended sees nothing more."""
    asked = given(endpoint, request)[1].get("filter", "")
    AttackFilter(asked, at.now_ms)  # what is no filter is refused before the stream begins
    if pulse.is_full:
        raise Full("pages that follow", LOOKING_MAX)

    async def events() -> AsyncIterator[bytes]:
        async for moment in pulse.moments():
            viewer = looking(at, request)[1]
            try:
                authorise(viewer, Right.SITUATION)
            except NotAllowed:
                return
            assert viewer is not None, "nobody has this right"
            view = await asyncio.to_thread(gathering.situation_at, at.serving.sources, moment, viewer, asked)
            yield b"data: " + msgspec.json.encode(view) + b"\n\n"

    return StreamingResponse(events(), headers=headers_of(at.serving.address), media_type=EVENTS)


def refused(at: Desk, refusal: Exception) -> Response:
    match refusal:
        case SignInFirst():
            return wrong(at, 401, "sign-in", refusal.why)
        case gathering.NoSuchThing():
            return wrong(at, 404, "not-there", refusal.why)
        case NotAllowed():
            return wrong(at, 403, "not-allowed", refusal.why)
        case Full():
            return wrong(at, 503, "full", str(refusal))
        case OutsideFailed():
            return wrong(at, 502, "outside", refusal.what, refusal.remedy)
    return wrong(at, 400, "malformed", str(refusal))


def wrong(at: Desk, status: int, kind: str, why: str, remedy: str = "") -> Response:
    body = msgspec.json.encode(Wrong(kind=kind, why=why, remedy=remedy))
    return Response(body, status, headers_of(at.serving.address), media_type=JSON)
