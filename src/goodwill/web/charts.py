"""Pictures of the office: Vega-Lite specifications as plain values, drawn to SVG in the colours of the page's theme.

A specification names colours by stand-ins, which become the style sheet's variables; so one drawing serves light, dark
and paper. The same specification is drawn once and kept. Whoever cannot see it has the table and the sentence beside.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass
from html import escape
from threading import Lock
from typing import Any, Final

from markupsafe import Markup

Spec = Mapping[str, Any]

_PATIENCE: Final = 0.12  # seconds that a page waits for a picture; the first one of a process takes ten times as long
_KEPT: Final = 200
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
        "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 220,
    },
    "header": {"labelColor": INK, "titleColor": QUIET, "labelFontSize": 12},
    "legend": {"labelColor": INK, "titleColor": QUIET, "labelFontSize": 12, "titleFontSize": 12},
    "bar": {"color": LEAF}, "rule": {"color": INK}, "line": {"color": LEAF}, "point": {"color": LEAF, "filled": True},
}  # fmt: skip
_INNER: Final = re.compile(r' (?:role|aria-[a-z]+|class|pointer-events|font-family)="[^"]*"')
_EMPTY: Final = re.compile(r'<path(?=[^>]* d="(?:M0,0h0v0h0Z)?")[^>]*/>')
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
    """Draws, one picture after another, in a thread of its own; what was drawn is kept."""

    def __init__(self, draw: Callable[[str], str] | None = None) -> None:
        self._draw = draw or _vega
        self._drawn: dict[str, Future[str]] = {}
        self._lock = Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="goodwill-pictures")

    def of(self, spec: Spec, *, name: str, title: str, says: str, patience: float = _PATIENCE) -> tuple[Markup, str]:
        """The drawing of a specification, or nothing and why there is none yet."""
        try:
            svg = self._asked(json.dumps(spec, sort_keys=True)).result(timeout=patience)
        except Late:
            return Markup(), "The picture is being drawn; it is here when you load the page again."
        except ImportError:
            return Markup(), "There is no picture: pip install 'goodwill[report]' brings what draws it."
        return _dressed(svg, name, title, says), ""

    def warm(self) -> None:
        """Let the first picture, which takes longest, be drawn before somebody waits for one."""
        self._asked(json.dumps(_WARMING, sort_keys=True))

    def close(self) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

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


def _dressed(svg: str, name: str, title: str, says: str) -> Markup:
    """The drawing as one image with a name and a description, in the page's own colours and letters."""
    box = _SIZE.search(svg)
    inner = _EMPTY.sub("", _INNER.sub("", svg[box.end() :] if box else svg))
    for stand_in, variable in _VARIABLES.items():
        inner = inner.replace(f'"{stand_in}"', f'"var(--{variable})"')
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
    rows: Sequence[Mapping[str, Any]], *, y: str, x: str, low: str, high: str, unit: str = "", form: str = "~g"
) -> Spec:
    """A point for each row, with the range in which the truth may lie; a line at nothing at all, where that is near."""
    up = {"y": {"field": y, "type": "nominal", "sort": None, "axis": {"title": None}}}
    least, most = min(float(row[low]) for row in rows), max(float(row[high]) for row in rows)
    near = least <= 0 <= most or abs(least) < most - least
    quantity = {
        "type": "quantitative", "scale": {"zero": near},
        "axis": {"title": unit or None, "tickCount": 6, "format": form},
    }  # fmt: skip
    nothing = {"mark": {"type": "rule", "color": LINE}, "encoding": {"x": {"datum": 0, "type": "quantitative"}}}
    return _spec(
        rows, width=600, height={"step": 30},
        layer=[
            *([nothing] if near else []),
            {"mark": {"type": "rule", "size": 3, "color": QUIET},
             "encoding": {**up, "x": {"field": low, **quantity}, "x2": {"field": high}}},
            {"mark": {"type": "point", "size": 90, "color": LEAF, "opacity": 1},
             "encoding": {**up, "x": {"field": x, **quantity}}},
        ],
    )  # fmt: skip


def grid(rows: Sequence[Mapping[str, Any]], *, y: str, x: str, value: str, title: str, form: str = "~g") -> Spec:
    """A cell for each row, the fuller its colour the more; what is withheld is no cell."""
    return _spec(
        rows, width=600, height={"step": 24}, mark={"type": "rect", "color": LEAF},
        encoding={
            "y": {"field": y, "type": "ordinal", "sort": None, "axis": {"title": None}},
            "x": {"field": x, "type": "ordinal", "sort": None, "axis": {"title": x, "labelAngle": 0}},
            "opacity": {
                "field": value, "type": "quantitative", "scale": {"range": [0.06, 1]},
                "legend": {
                    "title": title, "format": form, "symbolFillColor": LEAF, "symbolType": "square", "orient": "top",
                    "titleLimit": 400,
                },
            },
        },
    )  # fmt: skip


def across(rows: Sequence[Mapping[str, Any]], *, y: str, x: str, title: str, form: str = "~g") -> Spec:
    """A bar to the right for each row, in the order in which they come."""
    return _spec(
        rows, width=600, height={"step": 26}, mark={"type": "bar", "cornerRadiusEnd": 2},
        encoding={
            "y": {"field": y, "type": "nominal", "sort": None, "axis": {"title": None}},
            "x": {"field": x, "type": "quantitative", "axis": {"title": title, "tickCount": 6, "format": form}},
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


def lines(rows: Sequence[Mapping[str, Any]], *, x: str, y: str, title: str = "", form: str = "~g") -> Spec:
    """One line over rows in order."""
    return _spec(
        rows, width=600, height=220, mark={"type": "line", "point": True},
        encoding={
            "x": {"field": x, "type": "quantitative", "axis": {"title": x, "tickCount": 8, "format": "~g"}},
            "y": {"field": y, "type": "quantitative", "axis": {"title": title or y, "tickCount": 5, "format": form}},
        },
    )  # fmt: skip


def _spec(rows: Sequence[Mapping[str, Any]], **more: Any) -> Spec:
    return {"$schema": _SCHEMA, "data": {"values": list(rows)}, "config": _CONFIG, **more}


_WARMING: Final = bars([{"x": "a", "y": 1}], x="x", y="y")
