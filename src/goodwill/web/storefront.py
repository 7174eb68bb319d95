"""The snippet and what it asks: three addresses for the shop's own pages, which anybody may call from a browser.

They take `text/plain`, so that a browser need not ask first whether it may, and only the sites that a key is bound to
may use it. A no needs no key: whoever wants less is never sent away.
"""

import asyncio
import gzip
import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.resources import files
from ipaddress import IPv6Address, ip_address
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Request, Response
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta, Struct

from goodwill.basics.language import is_language
from goodwill.consent.snapshot import BadSnapshot
from goodwill.decide.labels import words_of
from goodwill.shop import Actor
from goodwill.shop.reasons import in_words
from goodwill.shop.storefront import Asking, Suggested, Visitor
from goodwill.shop.words import USUAL, catalogues
from goodwill.web.bodies import CallerGone, parse, parse_parameters, read, wrong
from goodwill.web.desk import Desk
from goodwill.web.messages import Id
from goodwill.web.notices import Kind, Offered
from goodwill.web.pace import Pace
from goodwill.web.pages import asset
from goodwill.web.problems import (
    AWAY_NOW,
    INTERNAL,
    KEY_SCOPE,
    LATER,
    MEDIA_TYPE,
    NO_KEY,
    NOT_FOUND,
    TOO_MANY,
    Problem,
    Wrong,
    problem_of,
)
from goodwill.web.sessions import address_of
from goodwill.web.store import Key, Scope

NOTICE, ANSWER, SLOT = "/api/v1/pages/notice", "/api/v1/pages/answer", "/api/v1/pages/slot"
SCRIPT, STYLE = "/goodwill.js", "/goodwill.css"
FROM_ONE_PLACE: Final = 240  # questions a minute; a busy visitor asks a dozen
_LARGEST: Final = 32 * 1024
_WITHIN: Final = 10.0  # seconds
_JSON: Final = "application/json"
_REGION: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_RTL: Final = frozenset({"ar", "fa", "he", "ur", "yi", "ps", "sd", "ug", "dv"})

PageKey = Annotated[str, Meta(max_length=100, description="A key with the scope `collect` that may stand on pages.")]
# A page may say anything of its language; what is none gets the shop's own.
PageLanguage = Annotated[str, Meta(max_length=64)]
# And of its place; what is none gets the law where the shop is.
PageRegion = Annotated[str, Meta(max_length=64)]
# Long enough that nobody guesses another browser's, and nothing that a shop or a customer is known by.
Device = Annotated[
    str, Meta(pattern="^[A-Za-z0-9_-]{20,64}$", extra={"words": "20 to 64 letters and digits that the browser made up"})
]


# ---- what is asked ---------------------------------------------------------------------------------------------------


class NoticeRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """For which page, language and place."""

    key: PageKey
    language: PageLanguage = ""
    region: PageRegion = ""


class _Visited(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Whose browser it is."""

    key: PageKey = ""
    device: Device | None = None
    user: Id | None = None
    signature: Annotated[str, Meta(max_length=128)] | None = None
    language: PageLanguage = ""

    @property
    def visitor(self) -> Visitor:
        return Visitor(self.device, self.user, self.signature)


class AnswerRequest(_Visited, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a browser answers."""

    how: Literal["accept", "refuse", "choose", "dismiss", "preferences", "signal"]
    answers: Annotated[dict[str, dict[str, bool]], Meta(max_length=64)] = {}
    snapshot: Annotated[str, Meta(max_length=2000)] | None = None
    signal: bool = False
    region: PageRegion = ""


class SlotRequest(_Visited, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What is to be shown, and where."""

    slot: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,63}$", extra={"words": "such as product-page"})] = "home"
    count: Annotated[int, Meta(ge=1, le=24)] = 4
    basket: Annotated[list[Id], Meta(max_length=100)] = []
    viewing: Annotated[list[Id], Meta(max_length=50)] = []
    region: Annotated[str, Meta(max_length=6)] = ""


# ---- what is answered ------------------------------------------------------------------------------------------------


class Again(Struct, frozen=True):
    """For how many days nobody is asked again."""

    no: int
    yes: int
    signal: int


class PageNotice(Struct, frozen=True, rename={"direction": "dir"}):
    """The banner, in words."""

    language: str
    direction: str
    title: str
    text: list[str]
    labels: dict[str, str]
    purposes: list[Offered]
    words: dict[str, str]
    again: Again
    snapshot: str
    centre: str
    signal: bool


class Answered(Struct, frozen=True):
    """What became of an answer."""

    off: list[str]
    says: str


class Shown(Struct, frozen=True, omit_defaults=True):
    """One suggestion, with its reasons; of content and offers also what they say, and what must be said of prices."""

    product: str
    name: str
    url: str
    image: str
    why: list[str]
    text: str = ""
    rule: str = ""
    label: str = ""


class SlotAnswer(Struct, frozen=True, rename={"direction": "dir"}):
    """What to show."""

    language: str
    direction: str
    personalised: bool
    items: list[Shown]
    words: dict[str, str]
    why_url: str


_ANSWERS: Final = msgspec.json.Decoder(AnswerRequest)
_SLOTS: Final = msgspec.json.Decoder(SlotRequest)
_ENCODE: Final = msgspec.json.Encoder().encode


def handlers(desk: Desk, *, per_minute: int) -> list[HTTPRouteHandler]:
    """The snippet's two files and its three questions."""
    there = _There(desk, per_minute)
    opt = {"page": True}
    asks = [
        _question(NOTICE, HttpMethod.GET, "notice for pages", partial(_answered, there, there.notice)),
        _question(ANSWER, HttpMethod.POST, "answer from a page", partial(_answered, there, there.answer)),
        _question(SLOT, HttpMethod.POST, "slot of a page", partial(_answered, there, there.slot)),
    ]
    own = [(SCRIPT, "snippet.js", "text/javascript"), (STYLE, "snippet.css", "text/css")]
    return asks + [
        HTTPRouteHandler(
            path, http_method=[HttpMethod.GET, HttpMethod.HEAD], name=name, status_code=200, opt=opt
        )(_file(name, media))
        for path, name, media in own
    ]  # fmt: skip


def _question(path: str, method: HttpMethod, name: str, do: Any) -> HTTPRouteHandler:
    async def handle(request: Request[Any, Any, Any]) -> Response[bytes]:
        answer: Response[bytes] = await do(request)
        return answer

    route = HTTPRouteHandler(
        path, http_method=[method, HttpMethod.OPTIONS], name=name, status_code=200, opt={"page": True}
    )
    return route(handle)


class _There:
    """The questions of one shop's pages.

    Args:
        per_minute: how many one key may ask in a minute.
    """

    def __init__(self, desk: Desk, per_minute: int) -> None:
        self.desk = desk
        self._keys = Pace(per_minute, 60, desk.shop.clock)
        self._places = Pace(FROM_ONE_PLACE, 60, desk.shop.clock)

    def notice(self, request: Request[Any, Any, Any], _: bytes) -> Struct:
        """What to show, with the token of it."""
        ask = parse_parameters(request.scope["query_string"], {}, NoticeRequest)
        self._open(request, ask.key)
        asking = self.desk.shop.storefront.asking(self._language(ask.language), _region(ask.region))
        if asking is None:
            raise Problem(NOT_FOUND, "This shop's notice asks nothing that a page could ask.")
        return _notice(asking, f"{self.desk.shop.settings.reached_at}/privacy", signal=self._signal(request))

    def answer(self, request: Request[Any, Any, Any], body: bytes) -> Struct:
        """What a browser says; a no is taken from everywhere."""
        ask = parse(body, _ANSWERS)
        answers = {(purpose, name): yes for purpose, said in ask.answers.items() for name, yes in said.items()}
        key = self._open(request, ask.key, writes=True) if any(answers.values()) else self._let_by(request, ask.key)
        signal = self._signal(request) or ask.signal
        shop = self.desk.shop.acting(Actor(f"key {key}" if key else "a page", "answered on a page", acts=frozenset()))
        try:
            off = shop.storefront.answer(
                ask.visitor,
                answers,
                how=ask.how,
                key=key,
                token=ask.snapshot,
                signal=signal,
                region=_region(ask.region),
            )
        except BadSnapshot as error:
            wanted = "a snapshot of this shop that still holds"
            raise wrong(
                Wrong(detail=str(error), pointer="#/snapshot", expected=wanted, found=error.fault.value)
            ) from None
        says = _words(self._language(ask.language))["signal"] if signal else ""
        return Answered([str(purpose) for purpose in off], says)

    def slot(self, request: Request[Any, Any, Any], body: bytes) -> Struct:
        """What to show in a place of a page."""
        ask = parse(body, _SLOTS)
        key = self._open(request, ask.key)
        shop = self.desk.shop.acting(Actor(f"key {key}", "shown on a page", acts=frozenset()))
        found = shop.storefront.suggest(
            ask.visitor,
            ask.slot,
            ask.count,
            basket=ask.basket,
            viewing=ask.viewing,
            signal=self._signal(request),
            region=_region(ask.region),
            language=self._language(ask.language),
        )
        self.desk.metrics.note_decision(personalised=found.decision.personalised, reason=found.decision.reason)
        return self._slot(found, self._language(ask.language))

    def check_pace(self, request: Request[Any, Any, Any]) -> None:
        """Before anything is read: how often one place on the net asks.

        Raises:
            Problem: too often.
        """
        scope = request.scope
        address = address_of(scope, tuple(scope["headers"]), self.desk.shop.settings.proxies)
        self._slow_down(self._places, _place(address))

    def _open(self, request: Request[Any, Any, Any], text: str, *, writes: bool = False) -> str:
        """The id of a key that may stand on pages, and on this one.

        Args:
            writes: a key that was closed a moment ago writes nothing more.

        Raises:
            Problem: it may not.
        """
        keyring = self.desk.keyring
        try:
            key = keyring.recognise(text) if writes else keyring.recall(text)
        except Problem as problem:
            raise Problem(problem.kind, problem.detail, helps=_PAGE_KEY) from None
        request.scope["state"]["notes"].key = key.id
        if not key.public:
            said = "This key is not one for pages: make one with --public, and close this one if it stood on one."
            raise Problem(NO_KEY, said, helps=_PAGE_KEY)
        if Scope.COLLECT not in key.scopes or not _is_of(key, request.headers.get("origin")):
            raise Problem(KEY_SCOPE, f"Pages of this site may not use the key '{key.id}'.", helps=_PAGE_SITE)
        self._slow_down(self._keys, key.id)
        return key.id

    def _let_by(self, request: Request[Any, Any, Any], text: str) -> str:
        """The same where less is asked for; "" where no key fits, and that matters to nobody."""
        try:
            return self._open(request, text, writes=True) if text else ""
        except Problem as problem:
            if problem.kind is TOO_MANY:
                raise
            return ""

    def _slow_down(self, pace: Pace, name: str) -> None:
        left = pace.take(name)
        if not left.allowed:
            said = f"This may be asked {pace.quota} times a minute."
            raise Problem(TOO_MANY, said, headers={"Retry-After": str(max(1, left.wait))})

    def _language(self, asked: str) -> str:
        return asked if is_language(asked) else self.desk.shop.settings.language

    def _signal(self, request: Request[Any, Any, Any]) -> bool:
        heard = request.headers.get("sec-gpc") == "1"
        if heard:
            self.desk.metrics.note_signal()
        return heard

    def _slot(self, found: Suggested, language: str) -> SlotAnswer:
        register, words = self.desk.shop.register, _words(language)
        code = _spoken(language)
        data = (register.category(kind) for kind in found.decision.used)
        named = "; ".join(register.sentence(kind, code) or kind.sentence for kind in data)
        said = words["used"].format(data=named) if found.decision.personalised else words["everyone"]
        speak = catalogues().get(code, catalogues()[USUAL])
        items = []
        for choice in found.decision.items:
            product = found.products.get(choice.product)
            why = [str(in_words(reason.text, speak).striptags()) for reason in choice.because]
            url, image = (product.url, product.image) if product is not None else (None, None)
            if (placed := choice.placed) is None:
                items.append(Shown(choice.product, choice.name, _safe(url), _safe(image), why))
            else:
                said_of_price = words_of(placed.label, language)
                by_code = words["code"].format(code=placed.code) if placed.code else ""
                rule = f"{placed.rule} {by_code}".rstrip()
                to, picture = _safe_here(placed.link), _safe_here(placed.image)
                items.append(Shown(choice.product, choice.name, to, picture, why, placed.text, rule, said_of_price))
        told = {"why": words["why"], "less": words["less"], "said": said, "change": words["change"]}
        # What everybody sees looks the same for everybody, and there is nothing on its page that could be less.
        link = self.desk.shop.why.address(found.decision.id) if found.decision.personalised else ""
        return SlotAnswer(code, _direction(code), found.decision.personalised, items, told, link)


async def _answered(
    there: _There, do: Callable[[Request[Any, Any, Any], bytes], Struct], request: Request[Any, Any, Any]
) -> Response[bytes]:
    """Do what a page asks; whatever comes of it, the page can read it."""
    if request.method == "OPTIONS":
        return _response(b"", 200, request)
    try:
        there.check_pace(request)
        body = await read(request, "A question", _LARGEST) if request.method == "POST" else b""
        working = asyncio.get_running_loop().run_in_executor(there.desk.threads, do, request, body)
        return _response(_ENCODE(await asyncio.wait_for(working, _WITHIN)), 200, request)
    except CallerGone:
        raise
    except TimeoutError:
        return _refused(Problem(AWAY_NOW, "This was not answered in time.", headers=LATER), there, request)
    except Exception as error:
        if (problem := problem_of(error)).kind is INTERNAL:
            raise
        return _refused(problem, there, request)


def _refused(problem: Problem, there: _There, request: Request[Any, Any, Any]) -> Response[bytes]:
    notes = request.scope["state"]["notes"]
    body = problem.document(notes.request, there.desk.shop.settings.reached_at)
    return _response(body, problem.kind.status, request, dict(problem.headers or {}), MEDIA_TYPE)


def _response(
    body: bytes, status: int, request: Request[Any, Any, Any], more: Mapping[str, str] | None = None, media: str = _JSON
) -> Response[bytes]:
    headers = {"cross-origin-resource-policy": "cross-origin", "vary": "origin", **(more or {})}
    if (origin := request.headers.get("origin")) is not None:
        headers |= {
            "access-control-allow-origin": origin,
            "access-control-allow-methods": "GET, POST, OPTIONS",
            "access-control-allow-headers": "content-type",
            "access-control-max-age": "86400",
        }
    return Response(body, media_type=media, status_code=status, headers=headers)


def _file(name: str, media: str) -> Any:
    """One of the snippet's files, packed for whoever can unpack it."""

    @cache
    def packed() -> tuple[bytes, bytes]:
        whole = asset(name)
        return whole, gzip.compress(whole, 9, mtime=0)

    async def handle(request: Request[Any, Any, Any]) -> Response[bytes]:
        whole, small = packed()
        headers = {
            "cache-control": "public, max-age=3600",
            "cross-origin-resource-policy": "cross-origin",
            "access-control-allow-origin": "*",
            "vary": "accept-encoding",
        }
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(whole, media_type=media, headers=headers)
        return Response(small, media_type=media, headers={**headers, "content-encoding": "gzip"})

    return handle


# ---- words -----------------------------------------------------------------------------------------------------------


def _notice(asking: Asking, centre: str, *, signal: bool) -> PageNotice:
    shown = asking.shown
    return PageNotice(
        shown.language, _direction(shown.language), shown.title, list(shown.text), dict(shown.labels),
        [
            Offered(
                one.purpose, one.basis, one.sentence, one.on, one.off,
                [Kind(category, sentence) for category, sentence in one.categories.items()],
            )
            for one in shown.purposes
        ],
        dict(_words(shown.language)), Again(asking.after_no, asking.after_yes, asking.after_signal), shown.token,
        centre, signal,
    )  # fmt: skip


@cache
def _spoken_here() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(files("goodwill.web").joinpath("storefront.toml").read_text(encoding="utf-8"))


def _spoken(language: str) -> str:
    code = language.partition("-")[0].lower()
    return code if code in _spoken_here() else USUAL


def _words(language: str) -> Mapping[str, str]:
    return _spoken_here()[_spoken(language)]


def _region(asked: str) -> str:
    return asked.upper() if _REGION.fullmatch(asked.upper()) else ""


def _direction(language: str) -> str:
    return "rtl" if language.partition("-")[0].lower() in _RTL else "ltr"


def _safe(address: str | None) -> str:
    """An address that a page may lead to; anything else is none."""
    return address if address is not None and address.lower().startswith(("https://", "http://")) else ""


_PAGE_KEY: Final = "Send a key of pages as `key`: `goodwill keys create pages --scope collect --public --origin SITE`."
_PAGE_SITE: Final = "Use the key on the sites that it was made for (`--origin`), or make one for this site."


def _safe_here(address: str) -> str:
    """The same, or a path of the shop's own site."""
    return address if address.startswith("/") and not address.startswith(("//", "/\\")) else _safe(address)


def _is_of(key: Key, origin: str | None) -> bool:
    return not key.origins or origin is None or origin.lower() in key.origins


def _place(address: str) -> str:
    """Who asks, as a place on the net: of IPv6 the half that a household gets, as it may take any of the rest."""
    try:
        read_ = ip_address(address)
    except ValueError:
        return address
    return f"{int(read_) >> 64:x}::" if isinstance(read_, IPv6Address) else address
