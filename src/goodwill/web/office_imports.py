"""The office's page for files: choose them, see what would become of them, take them in; and take an import back.

Nothing is kept before somebody has seen the counts. Which column says what can be changed, and is shown again.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from litestar import Request, Response
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler

from goodwill.basics.errors import BadInput, Conflict, GoodwillError, NotFound
from goodwill.collect import imports, store
from goodwill.collect.imports import Plan
from goodwill.collect.plans import PartPlan, kinds
from goodwill.collect.recognise import ANSWERS
from goodwill.shop import Shop
from goodwill.staff import Act
from goodwill.web.bringing import KEPT, Bench, Brought, Step
from goodwill.web.desk import Desk
from goodwill.web.forms import fields_of
from goodwill.web.office import Office
from goodwill.web.problems import Problem, problem_of
from goodwill.web.rooms import IMPORTS
from goodwill.web.sessions import address_of
from goodwill.web.staff_pages import SIGN_IN, Reply, Visit, answer_of, route
from goodwill.web.uploads import LARGEST, receive_files

_AGAIN: Final = 1  # second between two looks at how far the thread is
_GROUPS: Final = 20
_LONGEST: Final = 18  # digits of a number
_STATES: Final[Mapping[str, str]] = {
    "running": "interrupted or running", "nothing-new": "nothing new", "undoing": "half taken back",
}  # fmt: skip


_OPTION = re.compile(r"--map (?:'([\w-]+)=(=?)([^']*)'|([\w-]+)='(=?)([^']*)'|([\w-]+)=(=?)([^\s;,)]*[^\s;,.)]))")
_KIND = re.compile(r"--as (\S*[^\s.;,)])")
_UNDO = re.compile(r"goodwill import undo (\d+)")


class ImportPages(Office):
    """The pages of one shop for files."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.bench = Bench(desk.shop.folder)
        desk.ends.append(self.bench.close)

    def list_page(self, visit: Visit, wrong: str = "", status: int = 200) -> Reply:
        """Choose files; what came in before."""
        session = self._admitted(visit, Act.IMPORT)
        self.bench.clear()
        with self.desk.shop.database.reading() as connection:
            listed = imports.list_imports(connection)
        stopped = [one.id for one in listed if one.state == "running"] if not self.bench.takes else []
        rows = [
            {
                "id": one.id, "state": _STATES.get(one.state, one.state), "at": self._clock_time(one.started_at),
                "files": one.file, "kept": one.kept, "rejected": one.rejected,
                "back": one.state in ("done", "undoing") or one.id in stopped,
            }
            for one in reversed(listed)
        ]  # fmt: skip
        number = _number(visit.query.get("back", ""))
        leaving = self.bench.leaving(number)
        goes = leaving is not None and leaving.works
        gone = any(one.id == number and one.state == "undone" for one in listed)
        page = self._room(
            "imports", IMPORTS, visit, session, status, asked={}, rows=rows, goes=number if goes else 0,
            wrong=wrong or _for_pages(leaving.trouble if leaving is not None else ""),
            said=f"Import {number} is taken back, as if it had never been made." if gone else "", stopped=stopped,
            waiting=self.bench.waiting(session.actor().name), most=LARGEST // 2**20,
        )  # fmt: skip
        return replace(page, again=(_AGAIN, f"{IMPORTS}?back={number}")) if goes else page

    def admit(self, visit: Visit) -> Shop:
        """The shop as whoever sends files may use it."""
        self._check(visit)
        return self.desk.shop.acting(self._admitted(visit, Act.IMPORT).actor())

    def one_page(self, visit: Visit, wrong: str = "", status: int = 200) -> Reply:
        """Some files on their way in."""
        session = self._admitted(visit, Act.IMPORT)
        found = copy(self.bench.get(visit.query.get("files", ""), session.actor().name))  # as it is at one moment
        address = _address(found)
        plan, report = found.plan, found.report
        seen = None if found.works or report is None else report
        page = self._room(
            "import", IMPORTS, visit, session, status, asked={"files": found.id}, found=found, step=found.step,
            wrong=wrong or _for_pages(found.trouble), report=seen,
            parts=_parts(plan) if plan is not None and found.step is Step.SEEN and seen is not None else (),
            behind=seen.left_together if seen is not None else (), why_not=seen.why_not if seen is not None else (),
            groups=_GROUPS, plainly=_for_pages, minutes=round(KEPT / 60), kinds=tuple(kinds()), fields=_all_fields(),
        )  # fmt: skip
        if not found.works:
            return page
        return replace(page, again=(_AGAIN, address))

    def look(self, visit: Visit) -> Reply:
        """Look again, with other columns."""
        shop, found = self._change(visit)
        mapping, kind = dict(found.mapping), found.kind
        try:
            mapping |= _said(visit, found.plan)
        except BadInput as error:
            return self.one_page(visit, str(error), 422)
        if visit.said("reset"):
            mapping, kind = {}, None
        if chosen := visit.said("as"):
            kind = chosen
        self.bench.look(shop, found, mapping, kind)
        return Reply(location=_address(found))

    def take(self, visit: Visit) -> Reply:
        """Take the files in."""
        shop, found = self._change(visit)
        self.bench.take(shop, found)
        return Reply(location=_address(found))

    def let_go(self, visit: Visit) -> Reply:
        """Forget the files."""
        _, found = self._change(visit)
        self.bench.let_go(found)
        return Reply(location=IMPORTS)

    def undo(self, visit: Visit) -> Reply:
        """Take an import back."""
        shop, number = self.admit(visit), _number(visit.said("import"))
        try:
            with shop.database.reading() as connection:
                store.get(connection, number)
        except GoodwillError as error:
            return self.list_page(visit, str(error), problem_of(error).kind.status)
        self.bench.take_back(shop, number)
        return Reply(location=f"{IMPORTS}?back={number}")

    def rejects(self, visit: Visit) -> Path:
        """A file of rejected rows, to mend and bring again."""
        session = self._admitted(visit, Act.IMPORT)
        found = self.bench.get(visit.query.get("files", ""), session.actor().name)
        wanted = visit.query.get("name", "")
        for file in found.report.reject_files if found.report is not None and not found.works else ():
            if file.name == wanted:
                return file
        raise NotFound("There is no such file of rejected rows.")

    def _change(self, visit: Visit) -> tuple[Shop, Brought]:
        shop = self.admit(visit)
        found = self.bench.get(visit.query.get("files", ""), shop.actor.name)
        if found.works:
            raise Conflict("These files are being worked on; look again in a moment.")
        return shop, found


def _number(said: str) -> int:
    """The number of an import; 0, which none has, where it is none."""
    return int(said) if said.isdecimal() and len(said) <= _LONGEST else 0


def _for_pages(trouble: str) -> str:
    """What is said for the command line, in the words of the page: each option is a field of its forms."""

    def field(found: re.Match[str]) -> str:
        name, fixed, value = next(found.group(n, n + 1, n + 2) for n in (1, 4, 7) if found.group(n))
        if (name, value) == ("FIELD", "COLUMN"):
            return "a field and its column"
        return f"the field '{name}', '{value}' in all rows" if fixed else f"the field '{name}', column '{value}'"

    trouble = _KIND.sub(r"'The files hold \1'", _OPTION.sub(field, trouble))
    trouble = trouble.replace("with the field 'sheet', column 'NAME'", "in the field 'sheet'")
    trouble = trouble.replace("'The files hold KIND'", "what the files hold").replace("column 'COLUMN'", "its column")
    trouble = trouble.replace(
        "what it is with what the files hold and which column is which with a field and its column",
        "what the files hold, and which field is in which column",
    )
    return _UNDO.sub(r"'Take back' beside import \1", trouble)


def _address(found: Brought) -> str:
    return f"{IMPORTS}/one?files={found.id}"


# ---- what stands on the page -----------------------------------------------------------------------------------------


def _parts(plan: Plan) -> list[dict[str, Any]]:
    """Each table with which column says what, and the columns there are."""
    return [
        {
            "name": part.name, "kind": part.kind.name, "read": _read(part), "headings": part.table.headings,
            "more": [*(name for name in part.kind.fields if name not in _said_of(part)), *ANSWERS],
            "sample": part.sample(1),
        }
        for part in plan.parts
    ]  # fmt: skip


def _said_of(part: PartPlan) -> set[str]:
    return {*part.known.columns, *part.known.constants}


def _read(part: PartPlan) -> list[tuple[str, str, str, bool]]:
    """Of each field that is read its name, what it is, its column, and whether that is a value for all rows."""
    fields = part.kind.fields
    columns = [(name, fields[name].about, heading, False) for name, heading in part.known.columns.items()]
    values = [(name, fields[name].about, value, True) for name, value in part.known.constants.items()]
    return [*columns, *values]


def _all_fields() -> list[str]:
    """Every field there is, in the order of their names."""
    return sorted({field for kind in kinds().values() for field in kind.fields} | set(ANSWERS))


def _said(visit: Visit, plan: Plan | None) -> dict[str, str]:
    """What a form says of columns, as far as that is not so already."""
    place = visit.said("part")
    shown = plan.parts[int(place)] if plan and place.isdecimal() and int(place) < len(plan.parts) else None
    now = shown.known.columns if shown is not None else {}
    said = {name: column for name, column in _chosen(visit) if column and now.get(name) != column}
    field, column, value = (visit.said(name) for name in ("more", "column", "value"))
    if field and value:
        said[field] = f"={value}"
    elif field and column:
        said[field] = column
    elif field or column or value:
        raise BadInput("Say both: the field, and the column that says it or the one value for all rows.")
    return said


def _chosen(visit: Visit) -> Iterator[tuple[str, str]]:
    for name, column in visit.form.items():
        kind, _, field = name.partition(":")
        if kind == "read" and field:
            yield field, column


# ---- routes ----------------------------------------------------------------------------------------------------------

Asked = Request[Any, Any, Any]


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    """The routes for files."""
    made = ImportPages(desk)
    return [
        route(made, IMPORTS, "GET", made.list_page),
        route(made, f"{IMPORTS}/one", "GET", made.one_page),
        route(made, f"{IMPORTS}/look", "POST", made.look),
        route(made, f"{IMPORTS}/take", "POST", made.take),
        route(made, f"{IMPORTS}/let-go", "POST", made.let_go),
        route(made, f"{IMPORTS}/undo", "POST", made.undo),
        _bring(made),
        _download(made),
    ]


def _bring(made: ImportPages) -> HTTPRouteHandler:
    """Files that a browser sends; who sends them is asked before the first is written."""
    desk = made.desk

    async def handle(request: Asked) -> Response[bytes]:
        loop, headers = asyncio.get_running_loop(), tuple(request.scope["headers"])
        address = address_of(request.scope, headers, desk.shop.settings.proxies)
        shops: list[Shop] = []

        async def admit(fields: Mapping[str, str]) -> None:
            visit = Visit("POST", headers, fields, {}, address)
            shops.append(await loop.run_in_executor(desk.threads, made.admit, visit))

        if not desk.door.carries_session(headers):
            return answer_of(Reply(location=SIGN_IN))
        room = await loop.run_in_executor(desk.threads, made.bench.room)
        try:
            sent = await receive_files(request, room, admit)
            found = await loop.run_in_executor(desk.threads, made.bench.bring, shops[0], room, sent.files)
        except Problem as problem:
            made.bench.drop(room)
            visit = Visit("GET", headers, {}, {}, address)
            text, status = str(problem.detail), problem.kind.status
            again = await loop.run_in_executor(
                desk.threads, made.told, lambda one: made.list_page(one, text, status), visit
            )
            return answer_of(again)
        except BaseException:
            made.bench.drop(room)
            raise
        return answer_of(Reply(location=_address(found)))

    return HTTPRouteHandler(
        f"{IMPORTS}/bring", http_method=[HttpMethod.POST], name="post_office_imports_bring", status_code=200,
        opt={"page": True},
    )(handle)  # fmt: skip


def _download(made: ImportPages) -> HTTPRouteHandler:
    desk = made.desk

    async def handle(request: Asked) -> Response[bytes]:
        headers = tuple(request.scope["headers"])
        query = fields_of(request.scope["query_string"])
        visit = Visit("GET", headers, {}, query, address_of(request.scope, headers, desk.shop.settings.proxies))

        def read() -> tuple[str, bytes]:
            file = made.rejects(visit)
            return file.name, file.read_bytes()

        name, data = await asyncio.get_running_loop().run_in_executor(desk.threads, read)
        kept = name.encode("ascii", "replace").decode().replace('"', "").replace("?", "_")
        disposition = {"content-disposition": f'attachment; filename="{kept}"'}
        return Response(data, media_type="text/csv", headers=disposition)

    return HTTPRouteHandler(
        f"{IMPORTS}/rejects", http_method=[HttpMethod.GET, HttpMethod.HEAD], name="get_office_imports_rejects",
        status_code=200, opt={"page": True},
    )(handle)  # fmt: skip
