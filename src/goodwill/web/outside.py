"""The outer wall: every answer leaves with a request id and safe headers, is counted, and has its line in the log."""

from time import perf_counter
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

from goodwill.basics.ids import new_reference, opaque
from goodwill.web.bodies import CallerGone
from goodwill.web.desk import Notes
from goodwill.web.logs import Log, where
from goodwill.web.metrics import METHODS, Metrics
from goodwill.web.problems import MEDIA_TYPE, problem_of

_NOWHERE = "unmatched"
_CALLER_GONE = 499  # nginx's number for it; nobody receives it

# What a browser may do with an answer: nothing, unless a page says more.
_SAFE = {
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Outside:
    """An ASGI application around the application."""

    def __init__(self, inside: ASGIApp, *, metrics: Metrics, log: Log, base_url: str, watermark: str) -> None:
        self._inside = inside
        self._metrics = metrics
        self._log = log
        self._base_url = base_url
        lines = dict(_SAFE)
        if base_url.startswith("https://"):
            lines["strict-transport-security"] = "max-age=31536000"
        if watermark:
            lines["goodwill-watermark"] = watermark.encode("ascii", "replace").decode()
        self._lines = [(name.encode(), value.encode("latin-1")) for name, value in lines.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._inside(scope, receive, send)
            return
        notes = Notes(opaque(new_reference()))
        scope.setdefault("state", {})["notes"] = notes
        started, status = perf_counter(), 0

        async def send_dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = self._dressed(message, notes)
            await send(message)

        try:
            await self._inside(scope, receive, send_dressed)
        except CallerGone:
            status = _CALLER_GONE
        except Exception as error:  # noqa: BLE001 (the last catch: whatever happens, the answer is a problem document)
            self._log.error("broke", request=notes.request, error=type(error).__name__, where=where(error))
            if status == 0:
                await self._send_problem(error, notes, send_dressed)
        finally:
            self._note(scope, notes, status, perf_counter() - started)

    def _dressed(self, message: HTTPResponseStartEvent, notes: Notes) -> HTTPResponseStartEvent:
        headers = list(message["headers"])
        said = {name.lower() for name, _ in headers}
        more = [(name.lower().encode(), value.encode("latin-1")) for name, value in notes.headers.items()]
        headers += [line for line in more if line[0] not in said]
        said.update(name for name, _ in more)
        headers += [line for line in self._lines if line[0] not in said]
        headers.append((b"x-request-id", notes.request.encode()))
        return {**message, "headers": headers}

    async def _send_problem(self, error: Exception, notes: Notes, send: Send) -> None:
        problem = problem_of(error)
        body = problem.document(notes.request, self._base_url)
        headers: list[Any] = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": problem.kind.status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def _note(self, scope: Any, notes: Notes, status: int, seconds: float) -> None:
        route = scope.get("path_template", _NOWHERE)
        method = scope["method"] if scope["method"] in METHODS else "other"  # what nobody knows might be anybody's name
        self._metrics.note_request(method, route, status, seconds)
        self._log.info(
            "answered", request=notes.request, method=method, route=route, status=status,
            ms=round(seconds * 1000, 2), key=notes.key,
        )  # fmt: skip
