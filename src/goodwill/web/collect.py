"""The collector: what Segment's, RudderStack's and Customer.io's libraries send, at the addresses they send it to.

An answer of 200 means that everything taken is on disk. These libraries look at nothing but the status and, on errors,
at `code` and `message`; so this part of the API speaks their language and not RFC 9457.
"""

import asyncio
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from litestar import Request, Response
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler

from goodwill.basics.errors import Busy
from goodwill.collect.live.group import Full, Group
from goodwill.collect.live.reading import TAKEN, Outcome, Sender
from goodwill.collect.live.rules import DROPPED, SECRET
from goodwill.collect.live.segment import LETTERS, TYPES, Message, Parcel, read_batch, read_one
from goodwill.shop.collecting import Collecting, KeyClosed
from goodwill.web import pixel, rudder
from goodwill.web.bodies import LARGEST_BODY, read
from goodwill.web.desk import Desk
from goodwill.web.keys import key_text
from goodwill.web.pace import Pace
from goodwill.web.problems import TOO_LARGE, Problem
from goodwill.web.store import Key, Scope, closed

T = TypeVar("T")

LARGEST_UNPACKED: Final = 5 * 1024 * 1024
_INLINE: Final = 64 * 1024  # what is larger is read in a thread, so that neighbours go on
_WITHIN: Final = 30.0  # seconds
_GZIP: Final = b"\x1f\x8b"
_JSON: Final = "application/json"
_PATHS: Final[Mapping[str, str]] = {
    **{kind: kind for kind in TYPES}, **LETTERS, "batch": "batch", "b": "batch", "import": "batch",
}  # fmt: skip
_ALLOWED: Final = f"authorization, content-type, content-encoding, x-retry-count, {rudder.HEADERS}"


class Result(msgspec.Struct, omit_defaults=True):
    """What became of one message."""

    status: str
    messageId: str = ""  # noqa: N815  (as the wire writes it)
    rule: str = ""
    detail: str = ""


class Answer(msgspec.Struct):
    """What became of a request."""

    success: bool
    results: list[Result]


class Failed(msgspec.Struct):
    """Why nothing of a request was taken."""

    code: str
    message: str


class Refused(Exception):
    """Nothing of a request is taken."""

    def __init__(self, status: int, code: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after


_ENCODE: Final = msgspec.json.Encoder().encode
_COME_BACK: Final = 1  # second
TIMES: Final = 10  # as often as anything else may be asked: a shop's whole traffic comes by one key

OPENS: Final = (Scope.COLLECT,)  # a key with one of these; the reference page leaves these addresses to Segment's own


def handlers(desk: Desk, *, per_minute: int) -> list[HTTPRouteHandler]:
    """The collector's addresses."""
    collecting = Collecting(desk.shop, closed)
    group = Group(collecting.take)
    desk.ends.append(group.close)
    pace = Pace(per_minute, 60, desk.shop.clock)

    async def take(request: Request[Any, Any, Any]) -> Response[bytes]:
        origin = request.headers.get("origin")
        if request.method == "OPTIONS":  # a browser asks first whether it may send from another site
            return _response(b"", 200, origin)
        try:
            answer = await _take(desk, collecting, group, pace, request)
        except Refused as error:
            return _response(_ENCODE(Failed(error.code, error.message)), error.status, origin, error.retry_after)
        return _response(answer, 200, origin)

    async def settings(request: Request[Any, Any, Any]) -> Response[bytes]:
        origin, text = request.headers.get("origin"), str(request.path_params.get("key", ""))
        if request.method == "OPTIONS" or "view" in request.query_params:  # whether something blocks the way
            return _response(b"", 200, origin)
        try:
            said = text or request.query_params.get("writeKey", "")
            key = await _opened(desk, said)
            _check_origin(key, origin)
            if not key.public:  # a key that is not for pages must not end up in addresses and their logs
                raise _no_key()
        except Refused as error:
            return _response(_ENCODE(Failed(error.code, error.message)), error.status, origin)
        at = desk.shop.settings.reached_at
        return _response(_settings(at, said) if text else rudder.source_config(key, said, at), 200, origin)

    async def picture(request: Request[Any, Any, Any]) -> Response[bytes]:
        with suppress(Refused):
            await _pictured(desk, collecting, group, pace, request)
        headers = {"cross-origin-resource-policy": "cross-origin", "cache-control": "no-store"}
        return Response(pixel.GIF, media_type="image/gif", status_code=200, headers=headers)

    opt = {"page": True}
    # Import, merge, beacon and the pictures are RudderStack's.
    paths = sorted({*(f"/v1/{name}" for name in _PATHS), "/beacon/v1/batch"})
    both = [HttpMethod.POST, HttpMethod.OPTIONS]
    post = HTTPRouteHandler(paths, http_method=both, name="collect", status_code=200, opt=opt)
    get = HTTPRouteHandler(
        ["/v1/projects/{key:str}/settings", "/sourceConfig"], name="settings of a library", status_code=200, opt=opt,
        http_method=[HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS],
    )  # fmt: skip
    pictures = HTTPRouteHandler(list(pixel.PATHS), http_method=[HttpMethod.GET], name="pixel", status_code=200, opt=opt)
    return [post(take), get(settings), pictures(picture)]


async def _pictured(
    desk: Desk, collecting: Collecting, group: Group, pace: Pace, request: Request[Any, Any, Any]
) -> None:
    """Take the message that the address of a picture holds."""
    try:
        text, body = pixel.message_of(request.scope["query_string"])
    except ValueError:
        raise Refused(400, "malformed", "The address holds no message.") from None
    key = await _opened(desk, text)
    if not key.public:  # any other has no place in addresses and their logs
        raise _no_key()
    parcel = _parcel(body, request.scope["path"].rstrip("/").rpartition("/")[2], desk.shop.clock())
    await _written(desk, collecting, group, pace, request, _Came(parcel, key, len(body), large=False))


async def _take(desk: Desk, collecting: Collecting, group: Group, pace: Pace, request: Request[Any, Any, Any]) -> bytes:
    kind = _PATHS[request.scope["path"].rstrip("/").rpartition("/")[2]]
    raw = await _body(request)
    large, now = len(raw) > _INLINE or raw[:2] == _GZIP, desk.shop.clock()
    # One at a time: what one large request takes while it is read, many together must not take.
    parcel = await _aside(desk.reader, _parcel, raw, kind, now) if large else _parcel(raw, kind, now)
    key = await _opened(desk, _shown(request, parcel))
    came = _Came(parcel, key, len(raw), large=large)
    outcomes = await _written(desk, collecting, group, pace, request, came)
    return _ENCODE(Answer(success=True, results=_results(parcel, outcomes, public=key.public)))


class _Came(NamedTuple):
    """What a request brought, and by which key; `size` in bytes."""

    parcel: Parcel
    key: Key
    size: int
    large: bool


async def _written(
    desk: Desk, collecting: Collecting, group: Group, pace: Pace, request: Request[Any, Any, Any], came: _Came
) -> list[Outcome]:
    """What became of each message, once it is on disk."""
    parcel, key = came.parcel, came.key
    request.scope["state"]["notes"].key = key.id
    _check_origin(key, request.headers.get("origin"))
    left = pace.take(key.id)
    if not left.allowed:
        raise Refused(429, "too_many_requests", f"This may be asked {pace.quota} times a minute.", left.wait)
    sender = Sender(key.id, key.name, key.public)
    read = collecting.read
    given = await _aside(desk.threads, read, sender, parcel.messages) if came.large else read(sender, parcel.messages)
    try:
        waiting = group.bring(given, came.size)
        return await asyncio.wait_for(asyncio.wrap_future(waiting), _WITHIN)
    except Full as error:
        raise Refused(503, "overloaded", str(error), _COME_BACK) from None
    except Busy as error:
        raise Refused(503, "busy", str(error), _COME_BACK) from None
    except TimeoutError:
        raise Refused(503, "busy", f"This was not written within {_WITHIN:.0f} seconds.", _COME_BACK) from None
    except KeyClosed as error:
        desk.keyring.forget(error.key)
        raise _no_key() from None


async def _body(request: Request[Any, Any, Any]) -> bytes:
    try:
        return await read(request, "A request", LARGEST_BODY)
    except Problem as error:
        status = error.kind.status
        raise Refused(status, "too_large" if error.kind is TOO_LARGE else "malformed", str(error.detail)) from None


def _parcel(raw: bytes, kind: str, now: Any) -> Parcel:
    body = _unpacked(raw)
    try:
        return read_batch(body, now=now) if kind == "batch" else read_one(body, kind, now=now)
    except ValueError as error:
        raise Refused(400, "malformed", str(error)) from None


def _unpacked(raw: bytes) -> bytes:
    """A body without its gzip, whatever its headers say: some libraries announce another format than they send."""
    if raw[:2] != _GZIP:
        return raw
    reader = zlib.decompressobj(wbits=31)
    try:
        body = reader.decompress(raw, LARGEST_UNPACKED + 1)
    except zlib.error:
        raise Refused(400, "malformed", "The body is not whole gzip.") from None
    if len(body) > LARGEST_UNPACKED or reader.unconsumed_tail:
        raise Refused(413, "too_large", f"A request may unpack to {LARGEST_UNPACKED} bytes.")
    if not reader.eof:
        raise Refused(400, "malformed", "The gzip of the body ends too early.")
    if reader.unused_data:
        raise Refused(400, "malformed", "The body is more than one gzip member.")
    return body


def _shown(request: Request[Any, Any, Any], parcel: Parcel) -> str:
    """The key of a request: its credentials, or else what stands in the body."""
    headers = tuple(request.scope["headers"])
    if any(name == b"authorization" for name, _ in headers):
        try:
            return key_text(headers)
        except Problem:
            raise _no_key() from None
    if parcel.key is None:
        raise _no_key()
    return parcel.key


def _no_key() -> Refused:
    said = "Send a key with the scope 'collect' as the user of Basic credentials, or as 'writeKey'."
    return Refused(401, "invalid_key", said)


async def _aside(threads: ThreadPoolExecutor, do: Callable[..., T], *given: Any) -> T:
    """Have it done in a thread, so that neighbours go on."""
    return await asyncio.get_running_loop().run_in_executor(threads, do, *given)


async def _opened(desk: Desk, text: str) -> Key:
    """The key that a text is, and that opens the collector; from memory where it was asked a moment ago."""
    known = desk.keyring.remembered(text)
    return _checked(await _aside(desk.threads, _key, desk, text) if known is None else known)


def _key(desk: Desk, text: str) -> Key:
    try:
        return desk.keyring.recall(text)
    except Problem:
        raise _no_key() from None
    except Busy as error:
        raise Refused(503, "busy", str(error), _COME_BACK) from None


def _checked(key: Key) -> Key:
    if not key.scopes.intersection(OPENS):
        raise Refused(403, "key_scope", f"The key '{key.id}' may not send events in; it needs the scope 'collect'.")
    return key


def _check_origin(key: Key, origin: str | None) -> None:
    if key.origins and origin is not None and origin.lower() not in key.origins:
        raise Refused(403, "origin", f"Pages of this site may not use the key '{key.id}'.")


def _results(parcel: Parcel, outcomes: list[Outcome], *, public: bool) -> list[Result]:
    results = []
    for message, outcome in zip(parcel.messages, outcomes, strict=True):
        name = message.id if isinstance(message, Message) else ""
        if outcome.rule == TAKEN or (public and outcome.rule in SECRET):
            results.append(Result("taken", name))
        else:
            status = "dropped" if outcome.rule in DROPPED else "refused"
            results.append(Result(status, name, outcome.rule, outcome.detail))
    return results


def _settings(reached_at: str, key: str) -> bytes:
    """What analytics.js asks for first; it sends on with this key, to this host."""
    scheme, _, host = reached_at.partition("://")
    own = {"apiKey": key, "apiHost": f"{host}/v1", "protocol": scheme, "addBundledMetadata": True}
    return msgspec.json.encode({"integrations": {"Segment.io": own}, "plan": {}, "metrics": {"sampleRate": 0}})


def _response(body: bytes, status: int, origin: str | None, retry_after: int | None = None) -> Response[bytes]:
    headers = {"cross-origin-resource-policy": "cross-origin", "vary": "origin"}
    if origin is not None:
        headers |= {
            "access-control-allow-origin": origin,
            "access-control-allow-methods": "POST, GET, OPTIONS",
            "access-control-allow-headers": _ALLOWED,
            "access-control-max-age": "86400",
        }
    if retry_after is not None:
        headers["retry-after"] = str(max(1, retry_after))
    return Response(body, media_type=_JSON, status_code=status, headers=headers)
