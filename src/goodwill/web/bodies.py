"""Reading what a caller sent: never more than fits, never two meanings, and every fault named by its place."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar import Request

from goodwill.web.faults import faults_in_body, faults_in_parameters
from goodwill.web.problems import BAD_INPUT, MALFORMED, MEDIA, TOO_LARGE, Problem, Wrong

if TYPE_CHECKING:
    from litestar.types import HTTPReceiveMessage, Receive

LARGEST_BODY = 512 * 1024
DEEPEST = 32
MOST_PARAMETERS = 32

T = TypeVar("T")
_BYTE = re.compile(r"\(byte (\d+)\)")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


class CallerGone(Exception):
    """The caller hung up before the request was whole."""


async def receive(request: Request[Any, Any, Any]) -> bytes:
    """The body of a JSON request; its announced length is judged before a byte is read.

    Raises:
        Problem: another format, compressed, or longer than fits.
        CallerGone: nobody is left to answer.
    """
    check_format(request.headers.get("content-encoding"), request.headers.get("content-type"))
    return await read(request, "A request", LARGEST_BODY)


async def read(request: Request[Any, Any, Any], what: str, most: int) -> bytes:
    """A body of any format, as it came; see `read_parts`."""
    return await read_parts(request.headers.get("content-length"), request.receive, what, most)


async def read_parts(length: str | None, parts: "Receive", what: str, most: int = LARGEST_BODY) -> bytes:
    """A body of any format, as it came.

    Args:
        length: as it was announced. parts: gives one after the other.
        what: begins the sentence that says how many bytes there may be.

    Raises:
        Problem: it is longer than fits, or says so before a byte is read.
        CallerGone: nobody is left to answer.
    """
    too_large = partial(Problem, TOO_LARGE, f"{what} may have {most} bytes.", headers={"Connection": "close"})
    length = length or "0"
    if not (length.isascii() and length.isdigit()):
        raise Problem(MALFORMED, "Content-Length is not a number.")
    if int(length) > most:
        raise too_large()
    chunks, size, more = [], 0, True
    while more:
        event: HTTPReceiveMessage = await parts()  # type: ignore[assignment]
        if event["type"] == "http.disconnect":
            raise CallerGone
        chunks.append(event.get("body", b""))
        size += len(chunks[-1])
        if size > most:
            raise too_large()
        more = event.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def check_format(encoding: str | None, kind: str | None) -> None:
    """Whether a body is JSON as it stands, by what its headers say of it.

    Raises:
        Problem: it is not.
    """
    if (encoding or "identity").lower() != "identity":
        raise Problem(
            MEDIA, "Compressed bodies are not read yet; send it as it is.", headers={"Accept-Encoding": "identity"}
        )
    if (kind or "application/json").partition(";")[0].strip().lower() != "application/json":
        raise Problem(
            MEDIA, "Send the body as `Content-Type: application/json`.", headers={"Accept": "application/json"}
        )


def parse(raw: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """What a body says.

    Raises:
        Problem: it is not JSON (400), or not what this address asks for (422); the place is named.
    """
    if deeper_than(raw, DEEPEST):
        raise Problem(MALFORMED, f"The JSON is nested deeper than {DEEPEST} levels.")
    if not raw.strip():
        raise Problem(MALFORMED, "The body is empty. Send one JSON object, `{}` at least.")
    try:
        value = decoder.decode(raw)
    except msgspec.ValidationError:
        raise _not_understood(faults_in_body(_loosely(raw), decoder.type)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(MALFORMED, f"The body is not valid JSON: {_where(error)}.") from None
    if _NUL.search(raw):
        raise Problem(MALFORMED, "The body contains the character U+0000, which no text here may have.")
    # Two parsers may read {"yes": false, "yes": true} differently; so nobody reads it.
    json.loads(raw, object_pairs_hook=_each_name_once)
    return value


def _loosely(raw: bytes) -> object:
    """A body of any shape; the parser for one shape stops at the first fault, and may not have seen the rest."""
    try:
        return json.loads(
            raw.decode(), object_pairs_hook=_each_name_once, parse_int=_whole, parse_constant=_no_constant
        )
    except ValueError as error:
        raise Problem(MALFORMED, f"The body is not valid JSON: {_where(error)}.") from None


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < 20 else float(digits)  # 64 bits; what is longer is no number of ours


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no number in JSON")


def _where(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    if isinstance(error, json.JSONDecodeError):
        return f"something is wrong at character {error.pos + 1}"
    if found := _BYTE.search(str(error)):
        return f"something is wrong at byte {int(found[1]) + 1}"
    return "it ends too early" if "truncated" in str(error) else str(error).rstrip(".")


def _each_name_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    once = dict(pairs)
    if len(once) != len(pairs):
        twice = next(name for n, (name, _) in enumerate(pairs) if name in {other for other, _ in pairs[:n]})
        raise Problem(MALFORMED, f"The name '{twice[:100]}' stands twice in one object.")
    return once


def deeper_than(raw: bytes, limit: int) -> bool:
    """Whether JSON is nested deeper than a limit; looks only once, and hardly at all where few brackets stand."""
    if raw.count(b"{") + raw.count(b"[") <= limit:
        return False
    depth = 0
    for found in _BRACKETS.finditer(raw):
        sign = found[0][:1]
        depth += (sign in b"{[") - (sign in b"}]")
        if depth > limit:
            return True
    return False


def parse_parameters(query: bytes, path: Mapping[str, Any], form: type[T]) -> T:
    """What the address says: the parts of its path and the parameters behind its question mark.

    Raises:
        Problem: one is missing, unknown, given twice or of the wrong kind.
    """
    given: dict[str, str] = {name: str(value) for name, value in path.items()}
    for name, value in _pairs(query):
        if name in given:
            raise _wrong_parameter(
                name, "is part of the path here, and no parameter" if name in path else "is given more than once"
            )
        given[name] = value
    if strange := [name for name, value in given.items() if "\0" in value or "\ufffd" in value]:
        raise _wrong_parameter(strange[0], "contains characters that no text here may have")
    try:
        return msgspec.convert(given, form, strict=False)
    except msgspec.ValidationError:
        raise _not_understood(faults_in_parameters(given, form)) from None


def _pairs(query: bytes) -> Sequence[tuple[str, str]]:
    try:
        return parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise Problem(BAD_INPUT, f"An address may have {MOST_PARAMETERS} parameters.") from None


def _wrong_parameter(name: str, fault: str) -> Problem:
    return wrong(Wrong(detail=f"'{name[:100]}' {fault}.", parameter=name[:100]))


def wrong(*faults: Wrong) -> Problem:
    """The answer to a request that could be read and not understood."""
    return Problem(BAD_INPUT, " ".join(fault.detail for fault in faults), errors=faults)


def _not_understood(faults: Sequence[Wrong]) -> Problem:
    """The answer to what the parser refused."""
    return wrong(*(faults or [Wrong(detail="The request is not of the shape that the reference gives.", pointer="#")]))
