"""What a page's form sends: names and values, read with the same care as a request to the API."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from litestar import Request

from goodwill.web.bodies import CallerGone
from goodwill.web.problems import BAD_INPUT, MALFORMED, MEDIA, TOO_LARGE, Problem

if TYPE_CHECKING:
    from litestar.types import HTTPReceiveMessage

KIND = "application/x-www-form-urlencoded"
LARGEST_FORM = 16 * 1024
MOST_FIELDS = 64


async def receive_form(request: Request[Any, Any, Any]) -> bytes:
    """The body of a form, as it came; its announced length is judged before a byte is read.

    Raises:
        Problem: another format, or longer than fits.
        CallerGone: nobody is left to answer.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != KIND or request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(MEDIA, f"A form is sent as {KIND}, not compressed.")
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise Problem(MALFORMED, "Content-Length is not a number.")
    too_large = Problem(TOO_LARGE, f"A form may have {LARGEST_FORM} bytes.", headers={"Connection": "close"})
    if int(length) > LARGEST_FORM:
        raise too_large
    chunks, size, more = [], 0, True
    while more:
        event: HTTPReceiveMessage = await request.receive()  # type: ignore[assignment]
        if event["type"] == "http.disconnect":
            raise CallerGone
        chunks.append(event.get("body", b""))
        size += len(chunks[-1])
        if size > LARGEST_FORM:
            raise too_large
        more = event.get("more_body", False)
    return b"".join(chunks)


def fields_of(raw: bytes) -> Mapping[str, str]:
    """The fields of a form or of a query, each once.

    Raises:
        Problem: it is not UTF-8, has a name twice or too many, or holds what no text here may have.
    """
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise Problem(BAD_INPUT, "The form cannot be read.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs) or any("\0" in text for pair in pairs for text in pair):
        raise Problem(BAD_INPUT, "The form has a field twice, or a character that no text here may have.")
    return fields
