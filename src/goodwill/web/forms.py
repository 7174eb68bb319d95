"""What a page's form sends: names and values, read with the same care as a request to the API."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request

from goodwill.web.bodies import read
from goodwill.web.problems import BAD_INPUT, MEDIA, Problem

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
    return await read(request, "A form", LARGEST_FORM)


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
