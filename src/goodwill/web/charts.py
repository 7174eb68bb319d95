"""Pictures of the office: Vega-Lite specifications as plain values, drawn to SVG in the colours of the page's theme.

A specification names colours by stand-ins, which become the style sheet's variables; so one drawing serves light, dark
and paper. The same specification is drawn once and kept. Whoever cannot see it has the table and the sentence beside.
"""

import json
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass
from functools import partial
from html import escape
from math import ceil, log10
from threading import Lock
from typing import Any, Final

from markupsafe import Markup

from goodwill.web.aside import Aside, Ended

Spec = Mapping[str, Any]

PATIENCE: Final = 0.12  # seconds that a page waits for its pictures; the first one of a process takes ten times as long
_KEPT: Final = 200
_IDLE: Final = 300.0  # seconds after which what draws ends: it holds a hundred megabytes, and begins in seconds
_APART: Final = 50  # times larger: the smaller would be a dot on the same scale
_LARGE: Final = 10_000_000  # from here on numbers stand as 12M
_LETTERS: Final = 36  # of a name in one line
_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"  # its name; nothing is fetched

# Stand-ins, and the variable of the style sheet that each becomes.
INK, QUIET, LINE, LEAF, MARK, CARD = "#010101", "#020202", "#030303", "#040404", "#050505", "#060606"
_VARIABLES: Final = {INK: "ink", QUIET: "quiet", LINE: "line", LEAF: "leaf", MARK: "mark", CARD: "card"}
_CONFIG: Final = {
    "background": None,
    "padding": {"left": 34, "right": 24, "top": 5, "bottom": 5},  # letters are wider in some browsers than measured
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": QUIET, "titleColor": QUIET, "gridColor": LINE, "domainColor": LINE, "tickColor": LINE,
        "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 0,
    },
    "axisQuantitative": {"labelFlush": False, "labelOverlap": "greedy", "labelSeparation": 8},
    "header": {"labelColor": INK, "titleColor": QUIET, "labelFontSize": 12},
    "legend": {"labelColor": INK, "titleColor": QUIET, "labelFontSize": 12, "titleFontSize": 12},
    "bar": {"color": LEAF}, "rule": {"color": INK}, "line": {"color": LEAF}, "point": {"color": LEAF, "filled": True},
}  # fmt: skip
_INNER: Final = re.compile(r' (?:role|aria-[a-z]+|class|pointer-events|font-family)="[^"]*"')
_EMPTY: Final = re.compile(r'<path(?=[^>]* d="(?:M0,0h0v0h0Z)?")[^>]*/>')
_CLIP: Final = re.compile(r'(?<=id=")clip\d+(?=")|(?<=url\(#)clip\d+(?=\))')
_SIZE: Final = re.compile(r'<svg [^>]*viewBox="([^"]*)"[^>]*>')


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture with its twins in words.

    Attributes:
        name: of its elements on the page. title: what it shows. says: the same in a sentence.
        columns, rows: the table beside it, as it is read; numbers are named in ``numbers`` by their column's place.
        picture: the drawing; "" while it is being made, or where none can be.
        missing: why there is none, in a sentence.
    """

    name: str
    title: str
    says: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...] = ()
    picture: str = ""
    missing: str = ""


class Pictures:
    """Draws, one picture after another, in a thread of its own; what was drawn is kept.

    Args:
        draw: gives the drawing of a specification, both as texts.
        aside: starts a process that draws (see `Aside`). Without, this one does, and what draws holds Python's lock
            for as long as it takes, the first time some seconds: no page is answered meanwhile.
        gone: hears the number of such a process that ended by itself.
    """

    def __init__(
        self, draw: Callable[[str], str] | None = None, aside: Sequence[str] = (),
        gone: Callable[[int], object] = lambda _: None,
    ) -> None:  # fmt: skip
        self._aside = Aside(aside, _IDLE, gone=gone) if aside else None
        self._draw = draw or (_vega if self._aside is None else partial(_vega_aside, self._aside))
        self._drawn: dict[str, Future[str]] = {}
        self._lock = Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="goodwill-pictures")

    def of(self, spec: Spec, *, name: str, title: str, says: str, patience: float = PATIENCE) -> tuple[Markup, str]:
        """The drawing of a specification, or nothing and why there is none yet."""
        text = json.dumps(spec, sort_keys=True)
        try:
            svg = self._asked(text).result(timeout=patience)
        except Late:
            return Markup(), "The picture is being drawn; it is here when you load the page again."
        except Ended:
            self._forget(text)
            return Markup(), "The picture could not be drawn just now; it is tried again when you load the page again."
        except ImportError:
            return Markup(), "There is no picture: pip install 'goodwill[report]' brings what draws it."
        return _dressed(svg, name, title, says), ""

    def warm(self) -> None:
        """Let the first picture, which takes longest, be drawn before somebody waits for one."""
        self._asked(json.dumps(_WARMING, sort_keys=True))

    def close(self) -> None:
        if self._aside is not None:
            self._aside.close()
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _forget(self, spec: str) -> None:
        with self._lock:
            self._drawn.pop(spec, None)

    def _asked(self, spec: str) -> "Future[str]":
        with self._lock:
            found = self._drawn.get(spec)
            if found is None:
                while len(self._drawn) >= _KEPT:
                    del self._drawn[next(iter(self._drawn))]
                found = self._drawn[spec] = self._thread.submit(self._draw, spec)
            return found


def _vega(spec: str) -> str:
    import vl_convert  # noqa: PLC0415 - starts an engine of its own, and only the extra "report" brings it

    return str(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]))


def _vega_aside(aside: Aside, spec: str) -> str:
    return aside.do(partial(_vega_there, spec=spec))


def _vega_there(_: object, spec: str) -> str:
    return _vega(spec)


def _named(inner: str, name: str) -> str:
    """The drawing with its inner names counted anew and after its own: two of one page never share one.

    What draws counts them on from drawing to drawing, and from the first one again when it was begun again.
    """
    found = {one: f"{name}-clip{n}" for n, one in enumerate(dict.fromkeys(_CLIP.findall(inner)))}
    return _CLIP.sub(lambda one: found[one[0]], inner)


def _dressed(svg: str, name: str, title: str, says: str) -> Markup:
    """The drawing as one image with a name and a description, in the page's own colours and letters."""
    box = _SIZE.search(svg)
    inner = _EMPTY.sub("", _INNER.sub("", svg[box.end() :] if box else svg))
    for stand_in, variable in _VARIABLES.items():
        inner = inner.replace(f'"{stand_in}"', f'"var(--{variable})"')
    inner = _named(inner, name)
    size = box[1] if box else "0 0 1 1"
    width = size.split()[2]
    return Markup(  # noqa: S704 - drawn by ourselves; what came from data is escaped by whoever draws
        f'<svg class="chart" role="img" aria-labelledby="{name}-title {name}-says" width="{width}" viewBox="{size}">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-says">{escape(says)}</desc>{inner}'
    )


# ---- specifications --------------------------------------------------------------------------------------------------


def bars(rows: Sequence[Mapping[str, Any]], *, x: str, y: str, height: int = 180, width: int = 600) -> Spec:
    """A bar for each row, in the order in which they come."""
    return _spec(
        rows, width=width, height=height, mark={"type": "bar", "cornerRadiusEnd": 2},
        encoding={
            "x": {"field": x, "type": "ordinal", "sort": None, "axis": {"labelAngle": 0, "title": None}},
            "y": {"field": y, "type": "quantitative", "axis": {"tickCount": 4, "format": "~s"}},
        },
    )  # fmt: skip


def small_bars(rows: Sequence[Mapping[str, Any]], *, x: str, y: str, row: str, width: int = 600) -> Spec:
    """Rows of bars under one another, each with a scale of its own, in the order in which they come."""
    order = list(dict.fromkeys(each[row] for each in rows))
    return _spec(
        rows, mark={"type": "bar", "cornerRadiusEnd": 2}, width=width, height=56,
        encoding={
            "x": {"field": x, "type": "ordinal", "sort": None, "axis": {"labelAngle": 0, "title": None}},
            "y": {"field": y, "type": "quantitative", "axis": {"tickCount": 2, "format": "~s", "title": None}},
            "row": {
                "field": row, "type": "nominal", "sort": order, "spacing": 18,
                "header": {"title": None, "labelOrient": "top", "labelAnchor": "start", "labelFontWeight": "bold"},
            },
        },
        resolve={"scale": {"y": "independent"}},
    )  # fmt: skip


def intervals(
    rows: Sequence[Mapping[str, Any]], *, y: str, x: str, low: str, high: str, unit: str = "", share: bool = False
) -> Spec:
    """A point for each row, with the range in which the truth may lie; a line at nothing at all, where that is near.

    What is so much smaller that one scale would make a dot of it stands below on a scale of its own.
    """
    rows, names = _wrapped(rows, y)
    panels = [
        _intervals(panel, {"y": names}, (x, low, high), unit, share=share) for panel in _of_one_size(rows, low, high)
    ]
    return {**_frame(), **panels[0]} if len(panels) == 1 else {**_frame(), "vconcat": panels, "spacing": 24}


def _intervals(
    rows: Sequence[Mapping[str, Any]], up: Mapping[str, Any], fields: tuple[str, str, str], unit: str,
    *, share: bool,
) -> Spec:  # fmt: skip
    x, low, high = fields
    least, most = min(float(row[low]) for row in rows), max(float(row[high]) for row in rows)
    near = least <= 0 <= most or min(abs(least), abs(most)) < most - least
    ends = (min(least, 0), max(most, 0)) if near else (least, most)
    quantity = {
        "type": "quantitative", "scale": {"zero": near},
        "axis": {"title": unit or None, "tickCount": 6, "format": form_of(ends, share=share)},
    }  # fmt: skip
    nothing = {"mark": {"type": "rule", "color": LINE}, "encoding": {"x": {"datum": 0, "type": "quantitative"}}}
    return {
        "data": {"values": list(rows)}, "width": 600, "height": _height(rows, up["y"]["field"], 30),
        "layer": [
            *([nothing] if near else []),
            {"mark": {"type": "rule", "size": 3, "color": QUIET},
             "encoding": {**up, "x": {"field": low, **quantity}, "x2": {"field": high}}},
            {"mark": {"type": "point", "size": 90, "color": LEAF, "opacity": 1},
             "encoding": {**up, "x": {"field": x, **quantity}}},
        ],
    }  # fmt: skip


def _of_one_size(rows: Sequence[Mapping[str, Any]], low: str, high: str) -> list[list[Mapping[str, Any]]]:
    """The rows that one scale can show, largest first; each in the order in which they come."""

    def size(row: Mapping[str, Any]) -> float:
        return max(abs(float(row[low])), abs(float(row[high])))

    tops: list[float] = []
    for large in sorted(map(size, rows), reverse=True):
        if not tops or 0 < large < tops[-1] / _APART:
            tops.append(large)
    panels: list[list[Mapping[str, Any]]] = [[] for _ in tops]
    for row in rows:
        fits = [place for place, top in enumerate(tops) if size(row) <= top]
        panels[fits[-1]].append(row)
    return panels


def grid(rows: Sequence[Mapping[str, Any]], *, y: str, x: str, value: str, title: str, share: bool = False) -> Spec:
    """A cell for each row, the fuller its colour the more; what is withheld is no cell."""
    return _spec(
        rows, width=600, height={"step": 24}, mark={"type": "rect", "color": LEAF},
        encoding={
            "y": {"field": y, "type": "ordinal", "sort": None, "axis": {"title": None}},
            "x": {"field": x, "type": "ordinal", "sort": None, "axis": {"title": x, "labelAngle": 0}},
            "opacity": {
                "field": value, "type": "quantitative", "scale": {"range": [0.06, 1]},
                "legend": {
                    "title": title, "format": _form(rows, value, share=share), "symbolFillColor": LEAF,
                    "symbolType": "square", "orient": "top", "titleLimit": 400,
                },
            },
        },
    )  # fmt: skip


def across(rows: Sequence[Mapping[str, Any]], *, y: str, x: str, title: str, share: bool = False) -> Spec:
    """A bar to the right for each row, in the order in which they come."""
    rows, names = _wrapped(rows, y)
    return _spec(
        rows, width=600, height=_height(rows, y, 26), mark={"type": "bar", "cornerRadiusEnd": 2},
        encoding={
            "y": names,
            "x": {
                "field": x, "type": "quantitative",
                "axis": {"title": title, "tickCount": 6, "format": _form(rows, x, 0, share=share)},
            },
        },
    )  # fmt: skip


def shares(rows: Sequence[Mapping[str, Any]], *, y: str, x: str, part: str) -> Spec:
    """For each row of the picture its parts, which add up to a whole; the first is good news, the last is not."""
    parts = list(dict.fromkeys(each[part] for each in rows))
    return _spec(
        rows, mark="bar", width=600, height={"step": 34},
        encoding={
            "y": {"field": y, "type": "nominal", "sort": None, "axis": {"title": None}},
            "x": {"field": x, "type": "quantitative", "axis": {"format": "%", "title": None, "tickCount": 5}},
            "color": {
                "field": part, "type": "nominal", "sort": None, "legend": {"title": None, "orient": "top"},
                "scale": {"domain": parts, "range": [LEAF, QUIET, MARK][: len(parts)]},
            },
            "order": {"field": "order", "type": "quantitative"},
        },
    )  # fmt: skip


def lines(rows: Sequence[Mapping[str, Any]], *, x: str, y: str, title: str = "", share: bool = False) -> Spec:
    """One line over rows in order."""
    return _spec(
        rows, width=600, height=220, mark={"type": "line", "point": True},
        encoding={
            "x": {
                "field": x, "type": "quantitative",
                "axis": {"title": x, "tickCount": 8, "format": _form(rows, x, 0)},
            },
            "y": {
                "field": y, "type": "quantitative",
                "axis": {"title": title or y, "tickCount": 5, "format": _form(rows, y, 0, share=share)},
            },
        },
    )  # fmt: skip


def form_of(ends: tuple[float, float], *, share: bool = False) -> str:
    """How the numbers of a scale are written, from its two ends: whole where its steps are, never in powers of ten."""
    span, far = (abs(ends[1] - ends[0]) or abs(ends[0]), max(map(abs, ends)))
    if not share and far >= _LARGE and span > far / 100:
        return "~s"
    step = (100 if share else 1) * span / 6
    digits = min(12, max(0, ceil(-log10(step)))) if step > 0 else 0
    return f",.{digits}~{'%' if share else 'f'}"


def _form(rows: Sequence[Mapping[str, Any]], field: str, *more: float, share: bool = False) -> str:
    values = [float(row[field]) for row in rows] + list(more)
    return form_of((min(values), max(values)), share=share)


def _wrapped(rows: Sequence[Mapping[str, Any]], field: str) -> tuple[list[Mapping[str, Any]], dict[str, Any]]:
    """The rows with names broken into lines, so that none is cut, and the channel that shows them."""
    broken: list[Mapping[str, Any]] = [
        {**row, field: "\n".join(textwrap.wrap(str(row[field]), _LETTERS))} for row in rows
    ]
    axis = {"title": None, "labelExpr": r"split(datum.label, '\n')", "labelLineHeight": 14}
    return broken, {"field": field, "type": "nominal", "sort": None, "axis": axis}


def _height(rows: Sequence[Mapping[str, Any]], field: str, least: int) -> dict[str, int]:
    return {"step": max(least, 10 + 14 * max(1 + str(row[field]).count("\n") for row in rows))}


def _frame() -> dict[str, Any]:
    return {"$schema": _SCHEMA, "config": _CONFIG}


def _spec(rows: Sequence[Mapping[str, Any]], **more: Any) -> Spec:
    return {**_frame(), "data": {"values": list(rows)}, **more}


_WARMING: Final = bars([{"x": "a", "y": 1}], x="x", y="y")
