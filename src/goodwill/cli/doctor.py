"""Look the shop over: what is missing, and the command that mends it. Changes nothing."""

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from goodwill.basics.errors import GoodwillError
from goodwill.cli import out, waits
from goodwill.cli.ends import Code, end_of
from goodwill.cli.findings import Finding, State
from goodwill.cli.shell import SET_UP, Shell, app, command
from goodwill.cli.unsaid import unsaid

if TYPE_CHECKING:
    from goodwill.access.columns import Columns
    from goodwill.app import Settings
    from goodwill.basics.clock import Day
    from goodwill.collect.store import Import
    from goodwill.purposes import Register
    from goodwill.shop.quarantine import Quarantine
    from goodwill.storage import Database
    from goodwill.storage.noes import Known, NoFile

_GIGABYTE = 1_000_000_000
_LEAST_FREE = 200_000_000  # bytes; below this the next import may fill the disk
_WATCHED = 2.0  # seconds in which an import that somebody works on gets on


@command(app, "doctor", panel=SET_UP)
def doctor(shell: Shell) -> int:
    """Say what is missing in this installation and this shop, and how to mend it; changes nothing."""
    findings = list(_examine(shell.home))
    wrong = [one for one in findings if one.state is State.WRONG]
    looks = [one for one in findings if one.state is State.NOTE]
    rows = (
        (one.state.value if one.state is not State.WRONG else "WRONG", one.what, one.found, one.mend)
        for one in findings
    )
    document = {
        "well": not wrong,
        "findings": [
            {"what": one.what, "state": one.state.value, "found": one.found, "mend": one.mend} for one in findings
        ],
    }
    told = f"{len(wrong)} wrong, {len(looks)} to look at, {len(findings) - len(wrong) - len(looks)} well."
    shell.answer(document, out.table(("", "what", "found", "what helps"), rows), "", told)
    return int(Code.FAILED if wrong else Code.DONE)


def _examine(home: Path | None) -> Iterator[Finding]:
    from goodwill.app import SETTINGS_FILE, home_of, register_of, settings_of

    folder = home_of(home)
    yield _python()
    yield from _home(folder)
    if not (folder / SETTINGS_FILE).exists():
        yield Finding("shop", State.WRONG, f"there is none in {folder}", f"goodwill init --home {folder}")
        return
    settings = yield from _tried(
        "settings", lambda: settings_of(folder), lambda it: f"{it.name}, {it.currency}, {it.zone}"
    )
    if settings is not None:
        yield from unsaid(settings)
    yield from _environment()
    yield from _open_to_others(folder)
    if settings is None:
        return
    register = yield from _tried(
        "register", lambda: register_of(settings, folder), lambda it: f"{len(it.entries)} purposes"
    )
    if register is not None:
        yield from _dates(register, _today(settings))
    yield from _keys(folder)
    yield from _database(settings, folder, register, home)
    yield from _ledger(settings, folder, home)


T = TypeVar("T")


def _tried(what: str, look: Callable[[], T], say: Callable[[T], str]) -> Generator[Finding, None, T | None]:
    """Look at something that may fail; what went wrong is the finding then."""
    try:
        seen = look()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what we were looking for
        end = end_of(error)
        yield Finding(what, State.WRONG, end.sentence, "" if end.help.startswith("goodwill ") else end.help)
        return None
    yield Finding(what, State.OK, say(seen))
    return seen


def _python() -> Finding:
    return Finding("python", State.OK, f"{sys.version.split()[0]}, goodwill {version('goodwill')}")


def _home(folder: Path) -> Iterator[Finding]:
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        yield Finding(
            "home", State.WRONG, f"{there} cannot be written", f"chmod u+rwx {there}, or another folder with --home"
        )
        return
    free = shutil.disk_usage(there).free
    found = f"{folder}, {free / _GIGABYTE:.1f} GB free"
    if free < _LEAST_FREE:
        yield Finding("home", State.WRONG, found, "make room on this disk")
    else:
        yield Finding("home", State.OK, found)


def _environment() -> Iterator[Finding]:
    """A setting in the environment that nobody reads is a typing mistake that nobody sees."""
    from msgspec.structs import fields

    from goodwill.app import OTHER_VARIABLES, Settings

    known = {f"GOODWILL_{field.name.upper()}" for field in fields(Settings)} | set(OTHER_VARIABLES)
    for name in sorted(name for name in os.environ if name.startswith("GOODWILL_") and name not in known):
        yield Finding("environment", State.NOTE, f"{name} is not a setting", "goodwill config show lists all")


def _open_to_others(folder: Path) -> Iterator[Finding]:
    """What holds secrets and can be read by others on this machine."""
    if os.name != "posix":
        return
    for place, mode in ((folder / "goodwill.toml", 600), (folder / "keys", 700), (folder / "keys" / "keys.db", 600)):
        if place.exists() and place.stat().st_mode & 0o077:
            yield Finding(
                "secrets", State.NOTE, f"others on this machine may look into {place}", f"chmod {mode} {place}"
            )


def _today(settings: "Settings") -> "Day":
    from goodwill.basics.clock import day_of, system_clock

    return day_of(system_clock(), ZoneInfo(settings.zone))


def _dates(register: "Register", today: "Day") -> Iterator[Finding]:
    from goodwill.basics.clock import date_of

    for entry in register:
        if entry.is_off(today):
            yield Finding(
                "register",
                State.WRONG,
                f"'{entry.name}' is off since {entry.expiry}",
                f"{entry.owner} decides on a new expiry date",
            )
        elif entry.review < date_of(today):
            yield Finding(
                "register",
                State.NOTE,
                f"'{entry.name}' was to be reviewed by {entry.review}",
                f"{entry.owner} looks at it again",
            )


def _keys(folder: Path) -> Iterator[Finding]:
    """The key store is opened only where there is one: opening would make it."""
    from goodwill.app import keys_of

    place = folder / "keys"
    if not (place / "keys.db").exists():
        mend = "restore the key store of this shop; a new one opens nothing that was locked before"
        yield Finding("keys", State.WRONG, f"there is no key store in {place}", mend)
        return
    keys = yield from _tried("keys", lambda: keys_of(folder), lambda it: f"{place} opens, epoch {it.epoch}")
    if keys is not None:
        keys.close()


def _database(settings: "Settings", folder: Path, register: "Register | None", home: Path | None) -> Iterator[Finding]:
    from goodwill.storage import connect
    from goodwill.storage.migrate import newest

    if not settings.database and not (folder / "shop.db").exists():
        yield Finding(
            "database",
            State.WRONG,
            f"{folder / 'shop.db'} is not there",
            "restore it from a backup; or: goodwill serve makes an empty one",
        )
        return
    database = yield from _tried("driver", lambda: connect(settings.database or folder / "shop.db"), _kind)
    if database is None:
        return
    try:
        revision = yield from _tried(
            "database",
            lambda: _revision(database),
            lambda it: f"answers, {_engine(database)}, tables {it or 'none yet'}",
        )
        if revision is None:
            return
        yield from _tables(revision)
        if revision == newest():
            yield from _columns(settings, database)
            yield from _imports(database, settings, home)
            yield from waits.look(settings, database, lambda *words: shlex.join(["goodwill", *_at(home), *words]))
            if register is not None:
                yield from _notices(database)
                yield from _contents(settings, database)
            yield from _reasons(database, home)
            yield from _segments(database)
    finally:
        database.close()


def _reasons(database: "Database", home: Path | None) -> Iterator[Finding]:
    """Whether the reasons that customers are told were true when it was tried last."""
    from goodwill.shop.faithfulness import WANTED, latest

    found = latest(database)
    if found is None or not found.decisions:
        return
    untried = sum(found.untried.values())
    told = f"{found.all.hits} of {found.all.of} were true; {out.number(untried, 'decisions')} could not be tried"
    if found.enough:
        yield Finding("reasons", State.OK, told)
    elif found.enough is None:
        little = f"{told}; that is too little to say whether reasons are true"
        yield Finding("reasons", State.NOTE, little, shlex.join(["goodwill", *_at(home), "explain", "faithfulness"]))
    elif found.untried["differs"]:
        differing = f"{told}, {found.untried['differs']} because they came out otherwise than they were written down"
        yield Finding("reasons", State.NOTE, differing, "see with: goodwill explain DECISION --replay")
    else:
        mend = shlex.join(["goodwill", *_at(home), "explain", "faithfulness"])
        yield Finding("reasons", State.NOTE, f"{told}, and {WANTED:.0%} are asked for", mend)


def _segments(database: "Database") -> Iterator[Finding]:
    """What was found when the kept segments were tried last."""
    from goodwill.shop.trying_segments import latest, orphans, troubles

    with database.reading() as connection:
        tried, found, lost = latest(connection), troubles(connection), orphans(connection)
    for trouble in found:
        yield Finding("segments", State.NOTE, trouble, "goodwill segment change SEGMENT, or remove it")
    for orphan in lost:
        yield Finding("segments", State.NOTE, orphan, "goodwill offer stop OFFER, or make the segment anew")
    if tried and not found and not lost:
        yield Finding("segments", State.OK, f"{out.number(len(tried))} tried, and all can be asked")


def _kind(database: "Database") -> str:
    return f"SQLite file {database.file}" if database.is_sqlite else "PostgreSQL"


def _revision(database: "Database") -> str:
    from goodwill.storage import revision

    return revision(database) or ""


def _engine(database: "Database") -> str:
    known = ".".join(map(str, database.engine.dialect.server_version_info or ()))
    if not database.is_sqlite:
        return f"PostgreSQL {known}"
    return f"SQLite {known} (the one inside pysqlite3 {_version('pysqlite3')}, not this machine's)"


def _tables(revision: str) -> Iterator[Finding]:
    from goodwill.storage.migrate import newest

    wanted = newest()
    if revision == wanted:
        yield Finding("tables", State.OK, f"up to date ({wanted})")
    else:
        mend = "nothing to do: the next command that opens the shop brings them up; make a backup before"
        yield Finding("tables", State.NOTE, f"{revision or 'none'}, this goodwill has {wanted}", mend)


def _columns(settings: "Settings", database: "Database") -> Iterator[Finding]:
    """DuckDB and its extension for this database, which carry each other's version."""
    extension = "duckdb-extension-sqlite-scanner" if database.is_sqlite else "duckdb-extension-postgres-scanner"
    extra = "columns" if database.is_sqlite else "postgresql"
    duckdb, scanner = _version("duckdb"), _version(extension)
    if settings.columns == "database":
        yield Finding("columns", State.OK, "totals run on the database itself, as set")
    elif not duckdb or not scanner:
        missing = " and ".join(name for name, found in (("duckdb", duckdb), (extension, scanner)) if not found)
        state = State.WRONG if settings.columns == "duckdb" else State.NOTE
        yield Finding(
            "columns",
            state,
            f"{missing} not installed: totals are 10 to 20 times slower",
            f"pip install 'goodwill[{extra}]'",
        )
    else:
        from goodwill.access.columns import Columns

        columns = Columns(database, engine=settings.columns, memory=settings.columns_memory)
        yield from _tried("columns", lambda: _check(columns), lambda _: f"DuckDB {duckdb} reads the database")
        columns.close()


def _check(columns: "Columns") -> bool:
    try:
        columns.check()
    except (EOFError, BrokenPipeError):
        raise GoodwillError("DuckDB does not start, or ends at once. Try columns = 'database'.") from None
    return True


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _imports(database: "Database", settings: "Settings", home: Path | None) -> Iterator[Finding]:
    """Imports that were begun and not finished: looked at twice, because one that is being made gets on."""
    begun = _unfinished(database)
    if not begun:
        return
    sleep(_WATCHED)
    later = _unfinished(database)
    for number, one in begun.items():
        what = f"import {number} ({one.file}), begun {out.when(one.started_at, ZoneInfo(settings.zone))}"
        if later.get(number) != one:
            yield Finding("imports", State.OK, f"{what}, is being made right now")
            continue
        back = shlex.join(["goodwill", *_at(home), "import", "undo", str(number)])
        if one.state == "undoing":
            yield Finding("imports", State.NOTE, f"{what}, was to be taken back and nobody is at it", back)
        else:
            found = f"{what}, stopped after {out.number(one.rows, 'rows')} and nobody is at it"
            yield Finding("imports", State.NOTE, found, f"go on: {_again(one, home)}\nor take it back: {back}")


def _unfinished(database: "Database") -> "dict[int, Import]":
    from goodwill.collect import store

    with database.reading() as connection:
        return {one.id: one for one in store.all_of(connection) if one.state in ("running", "undoing")}


def _again(begun: "Import", home: Path | None) -> str:
    """The command that goes on with an import: the same files, understood in the same way."""
    said = begun.options
    words = ["goodwill", *_at(home), "import", *said["paths"]]
    words += [word for name in ("as", "currency") if said[name] for word in (f"--{name}", said[name])]
    words += [word for field, column in begun.mapping.items() for word in ("--map", f"{field}={column}")]
    return shlex.join(words)


def _at(home: Path | None) -> list[str]:
    return ["--home", str(home)] if home is not None else []


def _notices(database: "Database") -> Iterator[Finding]:
    """Whether somebody of the shop stands for what customers are asked."""
    from goodwill.consent import published

    with database.reading() as connection:
        own = [one for one in published.versions_of(connection) if one.origin == published.SHOP]
    if own:
        yield Finding("notices", State.OK, f"{own[-1].notice}@{own[-1].version}, signed off by {own[-1].signed_by}")
    else:
        found = "customers are asked in the words that come with goodwill; nobody of the shop has signed them off"
        mend = "goodwill consent notices preview\nand, to stand for it: sign-off --by NAME, then publish"
        yield Finding("notices", State.NOTE, found, mend)


def _contents(settings: "Settings", database: "Database") -> Iterator[Finding]:
    """What a shop needs before it can suggest anything."""
    from goodwill import catalogue
    from goodwill.people.contact import how_many
    from goodwill.storage.kept import kept

    with database.reading() as connection:
        products = catalogue.count(connection)
        known = how_many(connection)
        models = next(iter(kept(connection, "models")), None)
    yield _some("catalogue", products, "products", "goodwill import products.csv")
    yield _some("people", known, "people", "goodwill import order_lines.csv")
    if models is not None:
        found = f"from {out.number(models.people, 'people')}, {out.when(models.as_of.at, ZoneInfo(settings.zone))}"
        if models.people:
            yield Finding("models", State.OK, found)
        else:
            yield Finding("models", State.NOTE, found, "goodwill learn, once people allow model-improvement")
    else:
        yield Finding("models", State.NOTE, "nothing was learned yet", "goodwill learn")


def _ledger(settings: "Settings", folder: Path, home: Path | None) -> Iterator[Finding]:
    """Whether both logs lead to what was signed of them outside the database."""
    from goodwill.app import keys_of
    from goodwill.shop.noes import known_last
    from goodwill.shop.proofs import LOGS
    from goodwill.shop.quarantine import look, place_of
    from goodwill.storage import connect
    from goodwill.storage.migrate import newest

    there = settings.database or (folder / "shop.db").exists()
    if not (folder / "keys" / "keys.db").exists() or not there:
        return
    again = shlex.join(["goodwill", *_at(home), "consent", "checkpoint"])
    second = Path(settings.checkpoints_copy) if settings.checkpoints_copy else None
    with suppress(GoodwillError, OSError), ExitStack() as opened:  # what keeps them shut was told above
        keys, database = keys_of(folder), connect(settings.database or folder / "shop.db")
        opened.callback(keys.close)
        opened.callback(database.close)
        if _revision(database) != newest():
            return
        for log in LOGS.values():
            place = place_of(log, settings.id, folder / "checkpoints", second, keys)
            seen = look(database, place, everywhere=True)
            found, size, reached = seen.quarantine, seen.size, seen.reached
            name = f"{log.name} log"
            if found is not None:
                yield Finding(name, State.WRONG, found.says, _cure(found, home))
            elif size and not place.outside.file.exists():
                told = (
                    f"{out.number(reached, 'rows')}, signed for {size} as the keys know; {place.outside.file} is gone"
                )
                yield Finding(name, State.NOTE, told, f"put the folder {folder / 'checkpoints'} back\nor {again}")
            elif size:
                yield Finding(name, State.OK, f"{out.number(reached, 'rows')}, signed for {size} outside the database")
            elif reached:
                yield Finding(name, State.NOTE, f"{out.number(reached, 'rows')}, no checkpoint outside yet", again)
            if found is None and place.noes is not None:
                yield from _noes(place.noes, known_last(keys, place.id), home)
        if second is not None and not second.is_dir():
            yield Finding("checkpoints", State.NOTE, f"the second place, {second}, cannot be reached", "make it so")


def _noes(file: "NoFile", known: "Known", home: Path | None) -> Iterator[Finding]:
    """Whether the list of every "no" outside is what goodwill wrote."""
    from goodwill.shop.noes import meddled, remarks

    mend = shlex.join(["goodwill", *_at(home), "consent", "verify", "--mend"])
    for path, one in file.wrong(known.ends).items():
        yield Finding("every no", State.WRONG, meddled(path, one), mend)
    for remark in remarks(file, known):
        yield Finding("every no", State.NOTE, remark)


def _cure(found: "Quarantine", home: Path | None) -> str:
    """What ends a quarantine; never a checkpoint, which would sign what is not believed."""
    if found.mends:
        return shlex.join(["goodwill", *_at(home), "consent", "verify", "--mend"])
    return f"{found.better}\nor {shlex.join(['goodwill', *_at(home), 'consent', 'accept-loss'])}"


def _some(what: str, count: int, unit: str, mend: str) -> Finding:
    return Finding(what, State.OK, out.number(count, unit)) if count else Finding(what, State.NOTE, "empty", mend)
