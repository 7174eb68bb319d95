"""How a page is answered: the visit is received, checked in one order, and ends as a page, a way on, or a reason."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from goodwill import __version__
from goodwill.basics.errors import GoodwillError
from goodwill.shop import Shop
from goodwill.shop.words import catalogues
from goodwill.web.centre.visit import Arrived, Fault, Keep, Visit
from goodwill.web.flood import Flood
from goodwill.web.logs import Log, where
from goodwill.web.pace import Pace
from goodwill.web.problems import AWAY_NOW, INTERNAL, NOT_FOUND, Problem, problem_of
from goodwill.web.store import AWAY

# What a browser may do with these pages: show them in our own style, run our one script, send forms to us alone.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# With "no-referrer" a browser hides from ourselves, too, where a form came from.
HEADERS = {"content-security-policy": POLICY, "referrer-policy": "same-origin", "vary": "Accept-Language, Cookie",
           "x-robots-tag": "noindex"}  # fmt: skip
LETTERS_A_MINUTE = 30  # that one place on the net may ask for, and codes that it may try

_templates = Environment(
    loader=PackageLoader("goodwill.web", "templates/centre"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a page, or a way on (``to``)."""

    status: int
    body: bytes = b""
    pieces: Iterator[bytes] | None = None
    media: str = "text/html"
    to: str = ""
    keep: tuple[Keep, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """One address of the centre.

    Attributes:
        private: only for somebody who is signed in.
        counted: whether one place on the net may ask for it only so often.
        opens: whether it opens a request, which is counted by the hour, too.
    """

    method: str
    path: str
    name: str
    do: Callable[[Visit], "Shown | Onward | File"]
    private: bool
    counted: bool
    opens: bool = False

    @property
    def changes(self) -> bool:
        return self.method == "POST"


@dataclass(frozen=True, slots=True)
class Shown:
    """A page to be shown, by its template."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Onward:
    """Where a browser goes after the press of a button; with GET, so that going back repeats nothing."""

    to: str


@dataclass(frozen=True, slots=True)
class File:
    """Something to be kept by whoever asked, in pieces."""

    name: str
    media: str
    pieces: Iterator[bytes]


class Pages:
    """Answers visits to one shop's privacy centre."""

    def __init__(self, shop: Shop, log: Log) -> None:
        self._shop = shop
        self._log = log
        self._pace = Pace(LETTERS_A_MINUTE, 60, shop.clock)
        self._flood = Flood(shop.clock)

    def answer(self, page: Page, arrived: Arrived) -> Answer:
        """Work a visit out; runs in a thread, because the database makes it wait."""
        visit = Visit(self._shop, arrived)
        try:
            shown = self._received(page, visit)
            if isinstance(shown, Onward):
                return Answer(303, to=shown.to, keep=tuple(visit.keep), headers=HEADERS)
            if isinstance(shown, File):
                return _handed_out(visit, shown)
            return self._drawn(visit, shown)
        except Fault as fault:
            ended = self._ended(visit, fault.key, fault.status)
            return replace(ended, headers={**HEADERS, "retry-after": str(fault.wait)}) if fault.wait else ended
        except Exception as error:  # noqa: BLE001 - whatever it is, she gets a page she can read
            return self._failed(visit, error)

    def _received(self, page: Page, visit: Visit) -> Shown | Onward | File:
        if page.private:
            _ = visit.person
        if page.changes:
            visit.check_ours()
        if page.counted and not (left := self._pace.take(visit.arrived.client)).allowed:
            raise Fault("too_many", 429, wait=max(1, left.wait))
        if page.opens and (wait := self._flood.wait(client=visit.arrived.client, address=_named(visit))):
            raise Fault("too_many", 429, wait=wait)
        if page.private and page.changes:
            visit.hear_signal()
        return page.do(visit)

    def _failed(self, visit: Visit, error: Exception) -> Answer:
        problem = problem_of(error)
        if problem.kind is INTERNAL:
            self._log.error(
                "broke", request=visit.arrived.notes.request, error=type(error).__name__, where=where(error)
            )
            return self._ended(visit, "broke", 500)
        if problem.kind is AWAY_NOW:
            return self._ended(visit, "busy", 503)
        if problem.kind is NOT_FOUND:
            return self._ended(visit, "not_here", 404)
        return self._ended(visit, "misread", problem.kind.status)

    def _ended(self, visit: Visit, key: str, status: int) -> Answer:
        values = {"key": key, "request": visit.arrived.notes.request}
        try:
            return self._drawn(visit, Shown("problem.html", values, status))
        except (GoodwillError, Problem, *AWAY):  # the query is unreadable, or nobody can say who is signed in
            safe = Visit(self._shop, Arrived(visit.arrived.headers, visit.arrived.notes, {}, b"", b"", ""))
            safe.session = None
            return self._drawn(safe, Shown("problem.html", values, status))

    def _drawn(self, visit: Visit, shown: Shown) -> Answer:
        settings, words, said = self._shop.settings, visit.words, visit.said

        def said_at(place: str) -> Markup:
            """What became of the button that was pressed there, read out by a screen reader."""
            if said is None or said.at != place or not words.has(said.key):
                return Markup("")
            return Markup('<p class="said" role="status">{}</p>').format(words(said.key, **said.values))

        body = _templates.get_template(shown.template).render(
            t=words,
            visit=visit,
            said_at=said_at,
            sentence=visit.sentence,
            told=visit.telling,
            shop=settings.name,
            zone=settings.zone,
            watermark=settings.watermark,
            contact=settings.contact_email,
            signed_in=visit.session is not None,
            gpc=visit.objects_by_signal,
            csrf=visit.csrf,
            languages=catalogues(),
            day_from=date.fromisoformat,
            version=__version__,
            **shown.values,
        )
        return Answer(shown.status, body.encode(), keep=tuple(visit.keep), headers=HEADERS)


def _named(visit: Visit) -> str | None:
    """The address that a request names; None for whoever is signed in, whose own is on file."""
    return None if visit.session is not None else visit.sent("address")


def _handed_out(visit: Visit, file: File) -> Answer:
    headers = {**HEADERS, "content-disposition": f'attachment; filename="{file.name}"'}
    return Answer(200, pieces=file.pieces, media=file.media, keep=tuple(visit.keep), headers=headers)


def page(
    method: str, path: str, *, private: bool = True, counted: bool = False, opens: bool = False
) -> Callable[[Callable[[Visit], "Shown | Onward | File"]], Page]:
    """Make a function a page of the centre."""

    def made(do: Callable[[Visit], Shown | Onward | File]) -> Page:
        return Page(method, path, do.__name__, do, private, counted, opens)

    return made
