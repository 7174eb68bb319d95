"""The web framework lays its routes out once, and every application of a test runs on a layout that is free.

An application has some 160 routes, and to read what each of them takes is most of the time that it takes to make one.
What answers is the application's own: its handlers, what it does with errors, and what it does at the end.
"""

import gc
import weakref
from functools import partial
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from goodwill.web import application as made_here

_TOLD = ("paths", "http_methods", "name", "status_code", "opt", "media_type", "sync_to_thread")
_free: list[tuple[list[Any], Litestar, list[list[HTTPRouteHandler]]]] = []


def share_layouts() -> None:
    """From here on an application of this process takes a layout that no other one uses."""
    setattr(made_here, "Litestar", _OnALayout)  # noqa: B010 (it is no name that the module gives away)


class _OnALayout:
    """Stands where an application keeps the framework's own; the layout is free again when it is gone."""

    def __init__(self, *, route_handlers: list[HTTPRouteHandler], **options: Any) -> None:
        own = {name: options[name] for name in ("exception_handlers", "on_shutdown")}
        shape = [*map(_shape, route_handlers), {name: options[name] for name in options.keys() - own.keys()}]
        layout, places = _taken(shape) or _let_go_of(shape) or _laid_out(route_handlers, options)
        for place, handler in zip(places, route_handlers, strict=True):
            for copy in place:
                copy._fn = handler.fn
        layout.exception_handlers.clear()
        layout.exception_handlers.update(own["exception_handlers"])
        layout.on_shutdown = own["on_shutdown"]
        self._layout = layout
        weakref.finalize(self, _give_back, shape, layout, places).atexit = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._layout(scope, receive, send)


def _shape(handler: HTTPRouteHandler) -> Any:
    fn: Any = handler.fn
    while isinstance(fn, partial):
        fn = fn.func
    return [fn.__code__, *(getattr(handler, name) for name in _TOLD)]


def _taken(shape: list[Any]) -> tuple[Litestar, list[list[HTTPRouteHandler]]] | None:
    for place, (its_shape, layout, places) in enumerate(_free):
        if its_shape == shape:
            del _free[place]
            return layout, places
    return None


def _let_go_of(shape: list[Any]) -> tuple[Litestar, list[list[HTTPRouteHandler]]] | None:
    """One whose application is over and waits for the garbage to be collected: that is quicker than another layout."""
    gc.collect()
    return _taken(shape)


def _laid_out(handlers: list[HTTPRouteHandler], options: Any) -> tuple[Litestar, list[list[HTTPRouteHandler]]]:
    """A new layout, and for each handler where the framework keeps its copies."""
    layout = Litestar(route_handlers=handlers, **options)
    kept = [handler for route in layout.routes if isinstance(route, HTTPRoute) for handler in route.route_handlers]
    places = [[copy for copy in kept if copy.fn is handler.fn] for handler in handlers]
    assert all(places)
    assert layout.asgi_router._app_exception_handlers is layout.exception_handlers
    return layout, places


def _nobody(*_: Any, **__: Any) -> Any:
    raise AssertionError("this application is gone")


def _give_back(shape: list[Any], layout: Litestar, places: list[list[HTTPRouteHandler]]) -> None:
    for place in places:
        for copy in place:
            copy._fn = _nobody
    layout.exception_handlers.clear()
    layout.on_shutdown = []
    _free.append((shape, layout, places))
