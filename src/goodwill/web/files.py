"""A page's link that gives a file: what is in it, or another page where there is none yet."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler

from goodwill.web.forms import fields_of
from goodwill.web.sessions import address_of
from goodwill.web.staff_pages import Reply, StaffPages, Visit, answer_of, name_of_route


@dataclass(frozen=True, slots=True)
class File:
    """A file that a browser saves."""

    name: str
    data: bytes
    media: str


def file_route(made: StaffPages, path: str, do: Callable[[Visit], File | Reply]) -> HTTPRouteHandler:
    """The address of a file; what goes wrong is a page, as everywhere."""
    desk = made.desk

    async def handle(request: Request[Any, Any, Any]) -> Response[bytes]:
        headers = tuple(request.scope["headers"])
        query = {**fields_of(request.scope["query_string"]), **request.path_params}
        address = address_of(request.scope, headers, desk.shop.settings.proxies)
        visit = Visit("GET", headers, {}, query, address, request.scope["path"])
        files: list[File] = []

        def make(one: Visit) -> Reply:
            given = do(one)
            if isinstance(given, Reply):
                return given
            files.append(given)
            return Reply()

        reply = await asyncio.get_running_loop().run_in_executor(desk.threads, made.told, make, visit)
        if not files:
            return answer_of(reply)
        file = files[0]
        disposition = {"content-disposition": f'attachment; filename="{file.name}"'}
        return Response(file.data, media_type=file.media, headers=disposition)

    methods = [HttpMethod.GET, HttpMethod.HEAD]
    name = name_of_route("GET", path)
    return HTTPRouteHandler(path, http_method=methods, name=name, status_code=200, opt={"page": True})(handle)
