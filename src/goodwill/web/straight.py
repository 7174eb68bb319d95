"""The short way: requests for decisions go from the wire to those who answer them, past the framework.

A page waits for each of them, and finding the route and making objects of request and answer costs as much as a third
of the decision. All that is checked on the long way is checked here too; whatever is unusual goes there.
"""

import asyncio
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from goodwill.web.bodies import CallerGone, check_format, read_parts
from goodwill.web.desk import Desk, Endpoint, Letter
from goodwill.web.problems import AWAY_NOW, LATER, Problem
from goodwill.web.sessions import address_of, first

JSON: Final = (b"content-type", b"application/json")
# What the framework takes for a host; what it does not, it answers itself.
_HOST: Final = re.compile(rb"[0-9A-Za-z!$&'()*+,;=\-._~:\[\]@%]*")

Answered = tuple[int, list[tuple[bytes, bytes]], bytes]


class Straight:
    """An ASGI application that answers some operations itself and hands all else on.

    Args:
        endpoints: which of them ask for decisions at an address without parts is picked out here.
        told: makes an answer of an error.
    """

    def __init__(
        self, inside: ASGIApp, desk: Desk, endpoints: Iterable[Endpoint], told: Callable[[Scope, Exception], Answered]
    ) -> None:
        self._inside = inside
        self._desk = desk
        self._told = told
        self._endpoints = {
            (one.operation.method, one.operation.path): one
            for one in endpoints
            if one.asking is not None and "{" not in one.operation.path
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._endpoint(scope)
        if found is None or not is_plain(scope):
            await self._inside(scope, receive, send)
            return
        scope["path_template"] = found.operation.path  # as the framework notes it
        try:
            status, headers, body = 200, [JSON], await self._answered(found, scope, receive)
        except CallerGone:
            raise
        except Exception as error:  # noqa: BLE001 (whoever asked is told)
            status, headers, body = self._told(scope, error)
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def _endpoint(self, scope: Scope) -> Endpoint | None:
        if scope["type"] != ScopeType.HTTP:
            return None
        return self._endpoints.get((scope["method"], scope["path"]))

    async def _answered(self, endpoint: Endpoint, scope: Scope, receive: Receive) -> bytes:
        headers = tuple(scope["headers"])
        self._desk.glance(endpoint.operation, headers)
        check_format(first(headers, b"content-encoding"), first(headers, b"content-type"))
        body = await read_parts(first(headers, b"content-length"), receive, "A request")
        notes, proxies = scope["state"]["notes"], self._desk.shop.settings.proxies
        letter = Letter(headers, notes, body, scope["query_string"], {}, address_of(scope, headers, proxies))
        return await together(self._desk, endpoint, letter)


def is_plain(scope: Scope) -> bool:
    """Whether nothing stands in the head of a request that the framework would look at more closely."""
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    return not scope.get("root_path") and _HOST.fullmatch(host) is not None


async def together(desk: Desk, endpoint: Endpoint, letter: Letter) -> bytes:
    """The answer to a request for decisions, worked out with all that come in at the same time.

    Raises:
        Problem: it took longer than the operation may.
    """
    within = endpoint.operation.within
    done: asyncio.Future[Any] = desk.gathering.bring((endpoint, letter))
    late = asyncio.get_running_loop().call_later(within, _give_up, done, within)
    try:
        answer: bytes = await done
        return answer
    finally:
        late.cancel()


def _give_up(done: "asyncio.Future[Any]", within: float) -> None:
    if not done.done():
        done.set_exception(Problem(AWAY_NOW, f"This was not answered within {within:.0f} seconds.", headers=LATER))
