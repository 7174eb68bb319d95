"""All pages of the privacy centre, and how the web framework reaches them."""

import asyncio
from typing import Any

from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from goodwill.web.centre import asking, choosing, confirming, entry, looking, why
from goodwill.web.centre.answering import Answer, Page, Pages
from goodwill.web.centre.visit import Arrived
from goodwill.web.desk import Desk
from goodwill.web.forms import receive_form
from goodwill.web.logs import Log
from goodwill.web.problems import AWAY_NOW, LATER, Problem
from goodwill.web.sessions import address_of

PAGES: tuple[Page, ...] = (
    *entry.PAGES, *confirming.PAGES, *choosing.PAGES, *looking.PAGES, *asking.PAGES, *why.PAGES
)  # fmt: skip
_WITHIN = 30.0  # seconds


def handlers(desk: Desk, log: Log) -> list[HTTPRouteHandler]:
    """A handler for each page."""
    pages = Pages(desk.shop, log)
    return [_handler(desk, pages, page) for page in PAGES]


def _handler(desk: Desk, pages: Pages, page: Page) -> HTTPRouteHandler:
    async def handle(request: Request[Any, Any, Any]) -> Response[bytes] | Stream:
        form = await receive_form(request) if page.changes else b""
        arrived = _arrived(desk, request, form)
        working = asyncio.get_running_loop().run_in_executor(desk.threads, pages.answer, page, arrived)
        try:
            return _response(await asyncio.wait_for(working, _WITHIN))
        except TimeoutError:
            raise Problem(AWAY_NOW, f"This was not answered within {_WITHIN:.0f} seconds.", headers=LATER) from None

    methods = [HttpMethod.POST] if page.changes else [HttpMethod.GET, HttpMethod.HEAD]
    route = HTTPRouteHandler(
        page.path.replace("}", ":str}"), http_method=methods, name=f"centre {page.name}", status_code=200
    )
    return route(handle)


def _arrived(desk: Desk, request: Request[Any, Any, Any], form: bytes) -> Arrived:
    scope = request.scope
    headers = tuple(scope["headers"])
    return Arrived(
        headers,
        scope["state"]["notes"],
        scope["path_params"],
        scope["query_string"],
        form,
        address_of(scope, headers, desk.shop.settings.proxies),
    )


def _response(answer: Answer) -> Response[bytes] | Stream:
    headers = {**answer.headers, **({"location": answer.to} if answer.to else {})}
    cookies = [
        Cookie(
            key=one.name,
            value=one.value,
            path="/",
            max_age=one.seconds,
            secure=one.secure,
            httponly=True,
            samesite="lax",
        )
        for one in answer.keep
    ]
    if answer.pieces is not None:
        return Stream(
            answer.pieces, media_type=answer.media, status_code=answer.status, headers=headers,
            cookies=cookies,
        )  # fmt: skip
    return Response(
        answer.body,
        media_type="text/html" if answer.body else None,
        status_code=answer.status,
        headers=headers,
        cookies=cookies,
    )
