"""The application: the desk's operations, the pages and the health checks, as one plain ASGI app."""

import asyncio
import re
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import cache, partial
from typing import Any

import msgspec
from litestar import Litestar, Request, Response
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream
from msgspec import UNSET

from goodwill import __version__
from goodwill.basics import errors
from goodwill.shop import Shop
from goodwill.web import (
    api,
    collect,
    deliveries,
    erasing,
    explanations,
    figures,
    identity,
    intake,
    leave,
    metrics,
    notices,
    office,
    office_consent,
    office_experiments,
    office_home,
    office_imports,
    office_judged,
    office_measures,
    office_people,
    office_return,
    ofrep,
    openapi,
    pages,
    planning,
    proofs,
    requests,
    segments,
    staff,
    staff_pages,
    storefront,
    tastes,
    webhooks,
)
from goodwill.web.bodies import CallerGone, receive
from goodwill.web.centre import pages as centre
from goodwill.web.choosers import Chooser, answer_by
from goodwill.web.desk import Desk, Endpoint, Letter, Notes, Operation, Streamed, Told, Unchanged
from goodwill.web.logs import Log, log_to, where
from goodwill.web.messages import Alive, KindRequest, Ready
from goodwill.web.outside import PAGE_POLICY, Outside
from goodwill.web.problems import (
    ALL,
    AWAY_NOW,
    INTERNAL,
    KEY_SCOPE,
    LATER,
    MEDIA_TYPE,
    NO_KEY,
    NOT_FOUND,
    TOO_MANY,
    Kind,
    Problem,
    Wrong,
    problem_of,
    problem_of_status,
)
from goodwill.web.sessions import address_of
from goodwill.web.store import Scope
from goodwill.web.straight import JSON, Answered, Straight, together

ENDPOINTS = (
    *api.ENDPOINTS,
    *explanations.ENDPOINTS,
    *figures.ENDPOINTS,
    *erasing.ENDPOINTS,
    *identity.ENDPOINTS,
    *intake.ENDPOINTS,
    *notices.ENDPOINTS,
    *proofs.ENDPOINTS,
    *requests.ENDPOINTS,
    *staff.ENDPOINTS,
    *deliveries.ENDPOINTS,
    *segments.ENDPOINTS,
    *ofrep.ENDPOINTS,
    *planning.ENDPOINTS,
    *tastes.ENDPOINTS,
)

REQUESTS_A_MINUTE = 12_000
_READY_WITHIN = 5.0  # seconds
_HTML = "text/html"
_JSON = "application/json"

Answer = Response[bytes]
Asked = Request[Any, Any, Any]


def application(
    shop: Shop, *, per_minute: int = REQUESTS_A_MINUTE, log: Log | None = None, choosers: Sequence[Chooser] = (),
    aside: Sequence[str] = (),
) -> Outside:  # fmt: skip
    """The ASGI application of one shop, for granian or any other server.

    Args:
        per_minute: how many requests one key may make in a minute.
        log: where the lines about requests go; standard error unless given.
        choosers: processes that answer requests for decisions; without, this one does.
        aside: starts a process that works out what takes long, with a home after it, or draws; without, this one does.
    """
    log = log or log_to()
    desk = Desk(shop, per_minute=per_minute, aside=aside, log=log)
    if choosers:
        desk.share(*(answer_by(desk, one, log) for one in choosers))
        desk.ends.extend(one.close for one in choosers)
    base_url = shop.settings.reached_at
    inside = Litestar(
        route_handlers=[
            *(_handler(desk, endpoint) for endpoint in ENDPOINTS),
            *_running(desk),
            *_reading(desk),
            *centre.handlers(desk, log),
            *staff_pages.handlers(desk),
            *office.handlers(desk),
            *office_consent.handlers(desk),
            *office_experiments.handlers(desk),
            *office_imports.handlers(desk),
            *office_return.handlers(desk),
            *office_judged.handlers(desk),
            *office_measures.handlers(desk),
            *office_people.handlers(desk),
            *leave.handlers(desk),
            *collect.handlers(desk, per_minute=per_minute * collect.TIMES),
            *storefront.handlers(desk, per_minute=per_minute * collect.TIMES),
            *webhooks.handlers(desk),
        ],
        exception_handlers={Exception: _answer_to(log, base_url), HTTPException: _answer_to(log, base_url)},
        on_shutdown=[desk.close],
        openapi_config=None,
        logging_config=None,
        debug=False,
        pdb_on_exception=False,
    )
    short = Straight(inside, desk, ENDPOINTS, partial(told, log, base_url))
    return Outside(short, metrics=desk.metrics, log=log, base_url=base_url, watermark=shop.settings.watermark)


# ---- operations with a key -----------------------------------------------------------------------------------------


def _handler(desk: Desk, endpoint: Endpoint) -> HTTPRouteHandler:
    async def handle(request: Asked) -> Answer | Stream:
        desk.glance(endpoint.operation, tuple(request.scope["headers"]))
        body = await receive(request) if endpoint.operation.has_body else b""
        letter = _letter(desk, request, body)
        within = endpoint.operation.within
        if endpoint.asking is not None:
            return _response(await together(desk, endpoint, letter))
        with desk.place_at_the_door() if endpoint.operation.apart else nullcontext():
            threads = desk.doormen if endpoint.operation.apart else desk.threads
            working = asyncio.get_running_loop().run_in_executor(threads, desk.answer, endpoint, letter)
            try:
                # A database that froze would hold its thread as long as it likes; whoever asked is not held with it.
                return _response(await asyncio.wait_for(working, within))
            except TimeoutError:
                raise Problem(AWAY_NOW, f"This was not answered within {within:.0f} seconds.", headers=LATER) from None

    return _route(endpoint.operation, handle)


def _response(given: bytes | Streamed) -> Answer | Stream:
    if not isinstance(given, Streamed):
        return Response(given, media_type=_JSON)
    headers = {"content-disposition": f'attachment; filename="{given.name}"'} if given.name else {}
    return Stream(given.parts, media_type=given.media, headers=headers)


def _look(desk: Desk, letter: Letter) -> None:
    """Let whoever has a key see how webhooks do."""
    desk.admit(letter, METRICS.more_with)
    desk.metrics.show_webhooks(desk.shop.webhooks.watched())
    desk.metrics.show_faithfulness(desk.shop.faithful.latest())


def _letter(desk: Desk, request: Asked, body: bytes = b"") -> Letter:
    scope = request.scope
    headers = tuple(scope["headers"])
    address = address_of(scope, headers, desk.shop.settings.proxies)
    return Letter(headers, scope["state"]["notes"], body, scope["query_string"], scope["path_params"], address)


def _route(operation: Operation, handle: Any) -> HTTPRouteHandler:
    methods = [HttpMethod.GET, HttpMethod.HEAD] if operation.method == "GET" else [HttpMethod(operation.method)]
    path = re.sub(r"{(\w+)}", r"{\1:str}", operation.path)
    route = HTTPRouteHandler(
        path, http_method=methods, name=operation.name, status_code=200, opt={"scopes": operation.scopes}
    )
    return route(handle)


def _answer_to(log: Log, base_url: str) -> Any:
    def answer(request: Asked, error: Exception) -> Answer:
        if isinstance(error, CallerGone):
            raise error
        if isinstance(error, Unchanged):
            return Response(b"", status_code=304, media_type=_JSON)
        if isinstance(error, Told):
            status, headers, body = error.answer
            lines = {name.decode(): value.decode("latin-1") for name, value in headers}
            return Response(body, status_code=status, media_type=lines.pop("content-type"), headers=lines)
        problem = _problem(log, request.scope, error)
        return Response(
            problem.document(request.scope["state"]["notes"].request, base_url),
            media_type=MEDIA_TYPE,
            status_code=problem.kind.status,
            headers=problem.headers,
        )

    return answer


def told(log: Log, base_url: str, scope: Any, error: Exception) -> Answered:
    """The same answer to an error, as it goes over the wire."""
    if isinstance(error, Told):
        return error.answer
    if isinstance(error, Unchanged):
        return 304, [JSON], b""
    problem = _problem(log, scope, error)
    lines = {"content-type": MEDIA_TYPE, **{name.lower(): value for name, value in problem.headers.items()}}
    headers = [(name.encode(), value.encode("latin-1")) for name, value in lines.items()]
    return problem.kind.status, headers, problem.document(scope["state"]["notes"].request, base_url)


def _problem(log: Log, scope: Any, error: Exception) -> Problem:
    """The problem that an error is, for whoever asked; one that nobody foresaw is entered in the log."""
    if isinstance(error, HTTPException) and not isinstance(error, Problem):
        problem = problem_of_status(error.status_code, dict(error.headers or {}))
    else:
        problem = problem_of(error)
    notes: Notes = scope["state"]["notes"]
    if scope["path"].startswith("/v1/"):  # whoever sends there looks at these two and nothing else
        problem.more = {"code": problem.kind.slug.replace("-", "_"), "message": problem.detail}
    if problem.kind is INTERNAL:
        log.error("broke", request=notes.request, error=type(error).__name__, where=where(error))
    return problem


# ---- for whoever runs the shop -------------------------------------------------------------------------------------

HEALTH = Operation(
    "GET",
    "/healthz",
    "healthz",
    "Whether the process is alive",
    "Answers without touching the database.",
    "Running",
    gives=Alive,
)
READY = Operation(
    "GET", "/readyz", "readyz", "Whether requests can be answered",
    "The database answers and has the tables of this version, and the key store opens. If not, `errors` lists what is "
    "missing. `quarantine` says where the consent ledger is not what was signed: then nobody's consent counts, and "
    "what people say is still written down.",
    "Running", gives=Ready, problems=(AWAY_NOW,),
)  # fmt: skip
METRICS = Operation(
    "GET", "/metrics", "metrics", "Counters and latencies for Prometheus",
    "Names nobody. Without a key: requests and latencies by route. With a key also decisions and refusals: a refusal "
    "that is counted while somebody watches would tell about the customer who was there.",
    "Running", more_with=(Scope.READ,), media="text/plain", problems=(NO_KEY, KEY_SCOPE, TOO_MANY),
)  # fmt: skip


def _running(desk: Desk) -> list[HTTPRouteHandler]:
    alive = msgspec.json.encode(Alive("alive", __version__))

    async def healthz() -> Answer:
        return Response(alive, media_type=_JSON)

    async def readyz() -> Answer:
        asked = asyncio.get_running_loop().run_in_executor(desk.threads, desk.shop.ready)
        try:
            missing = [_fit_for_all(problem) for problem in await asyncio.wait_for(asked, _READY_WITHIN)]
            found = None if missing else await asyncio.wait_for(_quarantine(desk), _READY_WITHIN)
        except TimeoutError:
            found, missing = None, [f"The database did not answer within {_READY_WITHIN:.0f} seconds."]
        if missing:
            raise Problem(AWAY_NOW, " ".join(missing), errors=[Wrong(detail=one) for one in missing], headers=LATER)
        # In quarantine a server still takes in what people say, and has something to show; so it is not sent away.
        ready = Ready(ready=True, quarantine=found.says if found is not None else UNSET)
        return Response(msgspec.json.encode(ready), media_type=_JSON)

    async def counters(request: Asked) -> Answer:
        letter = _letter(desk, request)
        keyed = letter.header(b"authorization") is not None
        if keyed:
            await asyncio.get_running_loop().run_in_executor(desk.threads, _look, desk, letter)
        return Response(desk.metrics.page(whole=keyed), media_type=metrics.MEDIA_TYPE)

    async def log_keys() -> Answer:
        asked = asyncio.get_running_loop().run_in_executor(desk.threads, proofs.keys, desk.shop)
        try:
            return Response(msgspec.json.encode(await asyncio.wait_for(asked, _READY_WITHIN)), media_type=_JSON)
        except TimeoutError:
            raise Problem(AWAY_NOW, "This was not answered in time.", headers=LATER) from None

    return [
        _route(HEALTH, healthz),
        _route(READY, readyz),
        _route(METRICS, counters),
        _route(proofs.KEYS, log_keys),
    ]


def _quarantine(desk: Desk) -> Any:
    return asyncio.get_running_loop().run_in_executor(desk.threads, lambda: desk.shop.proofs.quarantine)


def _fit_for_all(problem: str) -> str:
    """A reason as anybody may read it: our own sentences whole, of a driver's only its kind (it may name hosts)."""
    kind, colon, sentence = problem.partition(": ")
    if kind == errors.Busy.__name__:
        return "The database does not answer: `goodwill doctor` says more."
    if colon and issubclass(getattr(errors, kind, object), errors.GoodwillError):
        return sentence
    return f"{kind}: `goodwill doctor` says more." if colon else problem


# ---- pages and documents -------------------------------------------------------------------------------------------

HOME = Operation("GET", "/", "home", "What runs here", "A page.", "Reading", media="text/html")
REFERENCE = Operation("GET", "/api/docs", "reference", "This reference", "A page.", "Reading", media="text/html")
PROBLEM = Operation(
    "GET", "/api/problems/{kind}", "problem", "What a kind of problem means, and what helps", "A page.", "Reading",
    asks=KindRequest, media=_HTML, problems=(NOT_FOUND,),
)  # fmt: skip
DOCUMENT = Operation("GET", "/api/openapi.json", "openapi", "This document", "OpenAPI 3.1.", "Reading", media=_JSON)
ASSETS = tuple(
    Operation(
        "GET", f"/assets/{name}", name.replace(".", "_"), f"The pages' own {name}", "A file.", "Reading", media=kind
    )
    for name, kind in pages.ASSETS.items()
)

OPERATIONS = (
    *(endpoint.operation for endpoint in ENDPOINTS),
    HEALTH, READY, METRICS, notices.GPC, proofs.KEYS, HOME, REFERENCE, PROBLEM, DOCUMENT, *ASSETS,
)  # fmt: skip


def _reading(desk: Desk) -> list[HTTPRouteHandler]:
    shop = desk.shop
    name, watermark = shop.settings.name, shop.settings.watermark

    # Written out for whoever asks first, and kept: a server that starts need not wait for pages that few read.
    @cache
    def document() -> openapi.Json:
        return openapi.document(OPERATIONS, shop.register, base_url=shop.settings.reached_at, shop=name)

    as_page = {"content-security-policy": PAGE_POLICY}
    kept = {"cache-control": "public, max-age=3600"}
    what_runs = cache(lambda: pages.home(name, watermark))
    return [
        _route(HOME, office_home.at_home(desk, lambda: Response(what_runs(), media_type=_HTML, headers=as_page))),
        _fixed(REFERENCE, lambda: pages.reference(document(), name, watermark), _HTML, as_page),
        _explained(PROBLEM, lambda kind: pages.problem(kind, name, watermark), as_page),
        _fixed(DOCUMENT, lambda: msgspec.json.encode(document()), _JSON, {}),
        _fixed(notices.GPC, lambda: msgspec.json.encode(notices.GPC_DOCUMENT), _JSON, {}),
        *(
            _fixed(one, partial(pages.asset, file), kind, kept)
            for one, (file, kind) in zip(ASSETS, pages.ASSETS.items(), strict=True)
        ),
    ]


def _explained(operation: Operation, explain: Callable[[Kind], bytes], headers: dict[str, str]) -> HTTPRouteHandler:
    kinds, explained = {kind.slug: kind for kind in ALL}, cache(explain)

    async def handle(request: Asked) -> Answer:
        kind = request.path_params["kind"]
        if kind not in kinds:
            raise Problem(NOT_FOUND, f"There is no kind of problem '{kind[:60]}'. There are: {', '.join(kinds)}.")
        return Response(explained(kinds[kind]), media_type=_HTML, headers=headers)

    return _route(operation, handle)


def _fixed(operation: Operation, make: Callable[[], bytes], media: str, headers: dict[str, str]) -> HTTPRouteHandler:
    made = cache(make)

    async def handle() -> Answer:
        return Response(made(), media_type=media, headers=headers)

    return _route(operation, handle)
