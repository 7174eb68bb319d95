"""The page behind a link in a letter: it shows what would be less, and a press of its button does it.

Looking changes nothing, because mail scanners look at every link. A mail program's own button posts here at once (RFC
8058): without a cookie, without being led elsewhere, whatever stands in the body.
"""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any

from litestar import Request, Response
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler

from goodwill.rights.ratchet import Less
from goodwill.shop.links import PAUSE_DAYS
from goodwill.web import pages
from goodwill.web.bodies import CallerGone
from goodwill.web.desk import Desk
from goodwill.web.outside import PAGE_POLICY
from goodwill.web.problems import AWAY_NOW, LATER, TOO_LARGE, Problem

PATH = "/u/{token}"
_LARGEST = 16 * 1024
_WITHIN = 30.0  # seconds
_POLICY = PAGE_POLICY.replace("form-action 'none'", "form-action 'self'")


@dataclass(frozen=True, slots=True)
class _Words:
    """What the page says."""

    title: str
    says: str
    more: str
    button: str = ""


_MORE = {"en": "See and change what you allow", "de": "Ansehen und ändern, was Sie erlauben"}
_ASKED = {
    ("en", Less.WITHDRAW): ("Stop these letters", "Press the button, and we stop: {sentence}.", "Stop"),
    ("en", Less.PAUSE): ("Pause our letters", "Press the button, and we write nothing for {days} days.", "Pause"),
    ("en", Less.FEWER): ("Fewer letters", "Press the button, and we write less often.", "Fewer"),
    ("de", Less.WITHDRAW): ("Diese Briefe beenden", "Drücken Sie den Knopf, und wir hören auf: {sentence}.", "Beenden"),
    ("de", Less.PAUSE): ("Briefe anhalten", "Drücken Sie den Knopf, und wir schreiben {days} Tage nicht.", "Anhalten"),
    ("de", Less.FEWER): ("Weniger Briefe", "Drücken Sie den Knopf, und wir schreiben seltener.", "Weniger"),
}
_DONE = {
    "en": ("Done", "It counts from now on. You need not do anything else."),
    "de": ("Erledigt", "Es gilt ab jetzt. Sie müssen nichts weiter tun."),
}
_NONE = {
    "en": ("This link does nothing", "It may have been cut off. Copy the whole link from the letter."),
    "de": ("Dieser Link tut nichts", "Vielleicht ist er abgeschnitten. Kopieren Sie den ganzen Link aus dem Brief."),
}


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    """The page and its button."""

    async def look(request: Request[Any, Any, Any]) -> Response[bytes]:
        return await _answered(desk, partial(_looked_at, desk, request.path_params["token"], _language(request)))

    async def use(request: Request[Any, Any, Any]) -> Response[bytes]:
        await _read_and_forget(request)
        return await _answered(desk, partial(_used, desk, request.path_params["token"], _language(request)))

    path, opt = PATH.replace("}", ":str}"), {"page": True}  # for people, and for mail programs
    get = HTTPRouteHandler(
        path, http_method=[HttpMethod.GET, HttpMethod.HEAD], name="look at a link", status_code=200, opt=opt
    )
    post = HTTPRouteHandler(path, http_method=[HttpMethod.POST], name="use a link", status_code=200, opt=opt)
    return [get(look), post(use)]


async def _answered(desk: Desk, do: Any) -> Response[bytes]:
    working = asyncio.get_running_loop().run_in_executor(desk.threads, do)
    try:
        body, status = await asyncio.wait_for(working, _WITHIN)
    except TimeoutError:
        raise Problem(AWAY_NOW, f"This was not answered within {_WITHIN:.0f} seconds.", headers=LATER) from None
    headers = {"content-security-policy": _POLICY}
    return Response(body, media_type="text/html", status_code=status, headers=headers)


def _looked_at(desk: Desk, token: str, language: str) -> tuple[bytes, int]:
    link = desk.shop.links.look(token)
    if link is None:
        return _page(desk, _Words(*_NONE[language], _MORE[language])), 404
    title, says, button = _ASKED[language, link.less]
    sentence = desk.shop.register[link.purpose].sentence if link.purpose else ""
    said = says.format(sentence=sentence, days=PAUSE_DAYS)
    return _page(desk, _Words(title, said, _MORE[language], button)), 200


def _used(desk: Desk, token: str, language: str) -> tuple[bytes, int]:
    good = desk.shop.links.use(token)
    return _page(desk, _Words(*(_DONE if good else _NONE)[language], _MORE[language])), 200 if good else 404


def _page(desk: Desk, words: _Words) -> bytes:
    settings = desk.shop.settings
    return pages.page("leave.html", name=settings.name, watermark=settings.watermark, words=words)


def _language(request: Request[Any, Any, Any]) -> str:
    asked = request.headers.get("accept-language", "").lower()
    return "de" if asked.startswith("de") else "en"


async def _read_and_forget(request: Request[Any, Any, Any]) -> None:
    """Mail programs send one field, in either form that browsers have; nothing depends on it."""
    size, more = 0, True
    while more:
        event: Any = await request.receive()
        if event["type"] == "http.disconnect":
            raise CallerGone
        size += len(event.get("body", b""))
        if size > _LARGEST:
            raise Problem(TOO_LARGE, f"A form may have {_LARGEST} bytes.", headers={"Connection": "close"})
        more = event.get("more_body", False)
