"""Webhooks in: checked by their signature on the raw bytes, put on disk, answered, and only then worked on."""

import asyncio
from contextlib import suppress
from threading import Event, Thread
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler

from goodwill.basics.errors import Busy, NotFound
from goodwill.collect.connectors.signatures import System
from goodwill.shop import Shop
from goodwill.shop.webhooks import Unsigned
from goodwill.web.bodies import read
from goodwill.web.desk import Desk
from goodwill.web.problems import TOO_LARGE, Problem

LARGEST: Final = 2 * 1024 * 1024  # an order of some hundred lines has 1 MB
_WITHIN: Final = 10.0  # seconds
_AT_ONCE: Final = 20  # deliveries between two looks at whether the server ends
_JSON: Final = "application/json"


class _Answer(msgspec.Struct):
    code: str
    message: str


class Worker:
    """Works on what came, in one thread, as soon as it is asked to."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._asked, self._closed = Event(), False
        self._thread = Thread(target=self._run, name="goodwill-webhooks", daemon=True)
        self._thread.start()

    def ask(self) -> None:
        self._asked.set()

    def close(self) -> None:
        """End after what is being worked on; what waits stays on disk."""
        self._closed = True
        self._asked.set()
        self._thread.join(timeout=60)

    def _run(self) -> None:
        while True:
            self._asked.wait()
            self._asked.clear()
            if self._closed:
                return
            # What a database that is away for a moment keeps from being done, the job comes back to.
            with suppress(Exception):
                self._work()

    def _work(self) -> None:
        while self._shop.webhooks.work(limit=_AT_ONCE).any and not self._closed:
            continue


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    """The addresses of webhooks."""
    worker = Worker(desk.shop)
    desk.ends.append(worker.close)

    async def take(request: Request[Any, Any, Any]) -> Response[bytes]:
        try:
            system = System(request.path_params["system"])
        except ValueError:
            return _no(404, "not_found", "There is no such source.")
        try:
            body = await read(request, "A webhook", LARGEST)
        except Problem as error:
            code = "too_large" if error.kind is TOO_LARGE else "malformed"
            return _no(error.kind.status, code, str(error.detail))
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.scope["headers"]}
        name = request.path_params["source"]
        waiting = asyncio.get_running_loop().run_in_executor(
            desk.threads, desk.shop.webhooks.receive, system, name, headers, body
        )
        try:
            news = await asyncio.wait_for(waiting, _WITHIN)
        except NotFound:
            desk.metrics.note_webhook_refused("", "", "not_found")
            return _no(404, "not_found", "There is no such source.")
        except Unsigned:
            desk.metrics.note_webhook_refused(system, name, "bad_signature")
            return _no(401, "bad_signature", "The signature does not fit.")
        except (Busy, TimeoutError):
            desk.metrics.note_webhook_refused("", "", "busy")
            return _no(503, "busy", "The shop is busy; send it again.")
        if news:
            worker.ask()
        return Response(b'{"success":true}', media_type=_JSON, status_code=200)

    route = HTTPRouteHandler(
        "/webhooks/{system:str}/{source:str}", http_method=[HttpMethod.POST], name="webhook", status_code=200,
        opt={"page": True},
    )  # fmt: skip
    return [route(take)]


def _no(status: int, code: str, message: str) -> Response[bytes]:
    headers = {"retry-after": "5"} if status == 503 else {}
    return Response(
        msgspec.json.encode(_Answer(code, message)), media_type=_JSON, status_code=status, headers=headers
    )  # fmt: skip
