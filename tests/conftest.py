"""What tests share: a migrated database on SQLite and on PostgreSQL, a clock to turn, keys, and the large data sets.

The PostgreSQL server is our own: one for the whole run, started when the first test asks for it, reached through a
socket in a folder of its own, and gone when the run ends, however it ends.
"""

import fcntl
import gc
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache
from tests.chance import dice

from goodwill.basics.clock import DAY, SECOND, Micros
from goodwill.protect import Cipher, KeyStore
from goodwill.storage import Database, connect, migrate

ROOT = Path(__file__).resolve().parent.parent
CI = os.environ.get("CI", "").lower() not in {"", "0", "false"}
NO_DATA = "no shared data"
_RUNNER = "GOODWILL_TESTS_RUNNER"  # process id of the run; its workers inherit it

# Every day a law that does not say otherwise looks at few of the cases that Hypothesis would: a law that is wrong fails
# within days, since the cases are drawn anew each time, and `make soak` looks at twenty times as many as Hypothesis.
settings.register_profile("default", deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.register_profile("soak", settings.get_profile("default"), max_examples=2000)


def examples(everyday: int) -> int:
    """How many random cases a law looks at: few every day, twenty times as many where `make soak` asks."""
    return everyday * 20 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else everyday


settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if CI else "default"))


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        os.environ[_RUNNER] = str(os.getpid())
        if "TMPDIR" not in os.environ and (quick := _quick_folder()):
            tempfile.tempdir = os.environ["TMPDIR"] = quick


# ---- which run on both databases ------------------------------------------------------------------------------------

# What takes a database runs on SQLite and on PostgreSQL. Every day the second is for what can differ between them:
# these rooms and files, which hold every store's SQL, the laws, consent, the door, forgetting, erasure, merging and
# the journeys, and single tests elsewhere that are marked `both`. All else goes through the same SQL again, so its
# turn on PostgreSQL comes with `make soak` (mark `again`; `-m again` asks for those alone).
BOTH_EVERY_DAY = (
    "access/", "catalogue/", "consent/", "journeys/", "laws/", "people/", "storage/",
    "cli/test_house.py", "cli/test_running.py", "clients/test_python_libraries.py",
    "collect/test_tries.py", "collect/test_undo.py",
    "decide/segments/test_same_answer.py",
    "reach/test_outbox.py", "reach/test_addresses.py", "reach/webhooks/test_out.py",
    "rights/test_held.py", "rights/test_any_way.py",
    "shop/test_answers_model.py", "shop/test_approvals.py", "shop/test_copies.py", "shop/test_deciding.py",
    "shop/test_erasure.py", "shop/test_erasure_interrupted.py", "shop/test_identity.py", "shop/test_looks.py",
    "shop/test_measuring.py", "shop/test_proofs.py", "shop/test_retention.py",
    "shop/test_rotation.py", "shop/test_segments.py", "shop/test_shop.py",
    "web/test_busy.py", "web/test_erasing.py", "web/test_idempotency.py", "web/test_identity.py", "web/test_keys.py",
    "web/centre/test_signing_in.py",
)  # fmt: skip
_POSTGRESQL = {"postgresql", "on_postgresql"}
_DATABASES = _POSTGRESQL | {"sqlite", "on_sqlite"}
_MANY_WAYS = 4


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs on PostgreSQL, or on SQLite, only where `make soak` asks for it, before the marks choose."""
    everyday = tuple(str(ROOT / "tests" / name) for name in BOTH_EVERY_DAY)
    cases: dict[str, dict[str, list[pytest.Item]]] = {}
    for item in items:
        where = _where(item)
        if where is None or item.get_closest_marker("soak"):
            continue
        if str(item.path).startswith(everyday) or item.get_closest_marker("both"):
            test, _, case = item.nodeid.partition("[")
            cases.setdefault(test, {}).setdefault(case.replace(where, "", 1), []).append(item)
        elif where in _POSTGRESQL:
            item.add_marker("again")
    for ways in cases.values():
        if len(ways) >= _MANY_WAYS:
            _take_turns(ways)


def _take_turns(ways: dict[str, list[pytest.Item]]) -> None:
    """A test that is tried in many ways tries one on SQLite and the next on PostgreSQL; soaking, all on both.

    In the order of a hash: where each of some deeds is done in each of two ways, no way is to be always on one of them.
    """
    in_order = sorted(ways, key=lambda case: crc32(case.encode()))
    for number, turns in enumerate(ways[case] for case in in_order):
        for item in turns if len(turns) > 1 else ():
            if (_where(item) in _POSTGRESQL) != bool(number % 2):
                item.add_marker("again")


def _where(item: pytest.Item) -> str | None:
    """The database that a test runs on, as its name says it; None where it takes none or chooses by itself."""
    chosen = getattr(item, "callspec", None)
    named = () if chosen is None else (word for word in map(str, chosen.params.values()) if word in _DATABASES)
    return next(iter(named), None)


def pytest_collection_finish() -> None:
    """What was imported until now stays until the end: whoever looks for garbage need not look at it each time."""
    if "goodwill.web.application" in sys.modules:
        from tests.routing import share_layouts

        share_layouts()
    gc.freeze()


def _quick_folder() -> str | None:
    """In memory where there is room: whoever writes a shop's files waits for the disk longer than for all else.

    No fact is lost by it: a test can kill a process, but it cannot cut the power.
    """
    memory = Path("/dev/shm")
    usable = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 * 2**30
    return str(memory) if usable else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything is meant to be installed, a test that skips hides something: it fails instead."""
    report = yield
    expected_failure = hasattr(report, "wasxfail")
    if CI and report.skipped and not expected_failure and NO_DATA not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} may not skip where CI is set.\n{report.longrepr}"
    return report


# ---- time ----------------------------------------------------------------------------------------------------------


@dataclass
class FakeClock:
    """A clock that stands until it is turned."""

    at: Micros

    def __call__(self) -> Micros:
        return self.at

    def turn(self, *, days: int = 0, seconds: int = 0) -> Micros:
        """Move on (or back), and tell the new time."""
        self.at = Micros(self.at + days * DAY + seconds * SECOND)
        return self.at


START = Micros(1_795_338_000 * SECOND)


@pytest.fixture
def clock() -> FakeClock:
    """Sunday, 22 November 2026, nine in the morning UTC."""
    return FakeClock(START)


# ---- chance --------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _chance(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test throws dice of its own, which fall alike in every run."""
    with dice(request.node.nodeid):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """What several tests share falls alike whichever of them comes first."""
    if fixturedef.scope == "function":
        return (yield)
    with dice(f"{fixturedef.baseid} {fixturedef.argname} {getattr(request, 'param', '')}"):
        return (yield)


# ---- keys ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def keys(tmp_path: Path, clock: FakeClock) -> Iterator[KeyStore]:
    """An empty key store."""
    store = KeyStore.open(tmp_path / "keys", clock=clock)
    yield store
    store.close()


@pytest.fixture
def cipher(keys: KeyStore) -> Cipher:
    return Cipher(keys, "test-shop")


# ---- data ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data sets: GOODWILL_DATA, or `shared/data` beside this repository or above it."""
    named = os.environ.get("GOODWILL_DATA")
    places = [Path(named)] if named else [folder / "shared" / "data" for folder in ROOT.parents]
    for place in places:
        if place.is_dir():
            return place
    pytest.skip(f"{NO_DATA}: set GOODWILL_DATA to the folder that holds complete-journey, cdnow and the others")


# ---- databases -----------------------------------------------------------------------------------------------------

_COMPILED: LRUCache[Any, Any] = LRUCache(5_000)


@event.listens_for(Engine, "engine_connect")
def _share_what_was_compiled(connection: Connection) -> None:
    """A process has one database; the tests have one each, and SQLAlchemy would write out all its questions anew."""
    connection.execution_options(compiled_cache=_COMPILED)


for _dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):  # what is compiled for one is right for all of its kind
    _dialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
    _dialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A fresh database with all tables and no rows, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        file = tmp_path / "shop.db"
        shutil.copyfile(request.getfixturevalue("migrated_file"), file)
        opened = connect(file)
        yield opened
        opened.close()
        return
    server: Server = request.getfixturevalue("postgresql")
    with server.database() as url:
        opened = connect(url)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables, to be copied: copying is ten times faster than migrating."""
    file = tmp_path_factory.mktemp("template") / "shop.db"
    opened = connect(file)
    migrate(opened)
    opened.close()
    return file


@pytest.fixture(scope="session", autouse=True)
def _tables_are_copied(request: pytest.FixtureRequest) -> Iterator[None]:
    """A shop that this process opens on an SQLite file without tables gets a copy of them; others are migrated."""
    app = sys.modules.get("goodwill.app")
    if app is None:
        yield
        return
    template: Path = request.getfixturevalue("migrated_file")

    def tabled(database: Database) -> None:
        if database.file is None or not _is_bare(database):
            migrate(database)
            return
        database.close()
        shutil.copyfile(template, database.file)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "migrate", tabled)
        yield


def _is_bare(database: Database) -> bool:
    with database.reading() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar() == 0


@dataclass
class Server:
    """Our PostgreSQL server, and the one database that this worker's tests use one after the other.

    Attributes:
        folder: holds its data, its log and its socket.
        lent: the database's name and the shape of its tables; None when the next test needs a new one.
    """

    folder: Path
    lent: tuple[str, object] | None = None
    _line: psycopg.Connection[Any] | None = None  # to the database that is lent

    def url(self, name: str) -> str:
        return f"postgresql://goodwill@/{name}?host={self.folder}"

    def ask(self, name: str, question: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            return _rows(connection, question)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of a database with all tables and no rows.

        Making one takes a sixth of a second, emptying one a hundredth; so a test that only wrote rows leaves it to
        the next, and one that touched the tables themselves takes it down with it.
        """
        if self.lent is None:
            name = f"t_{os.getpid()}_{secrets.token_hex(4)}"
            self.ask("postgres", f"CREATE DATABASE {name} TEMPLATE migrated")
            self.lent = name, self._ask_lent(name, _SHAPE)
        name, shape = self.lent
        yield self.url(name)
        self._ask_lent(name, _HANG_UP)
        if self._ask_lent(name, _SHAPE) == shape:
            self.empty(name)
        else:
            self.lent = None
            self.close()
            self.ask("postgres", f"DROP DATABASE {name}")

    def empty(self, name: str) -> None:
        """Rows are deleted while a table is small; a large one is made anew, which takes longer than a few rows."""
        written = self._ask_lent(name, _WRITTEN)
        # As a replica it runs no triggers: neither those of logs, which refuse, nor those of what refers to what.
        steps = ["SET session_replication_role = replica"]
        if large := [table for table, is_large in written if is_large]:
            steps.append(f"TRUNCATE {', '.join(large)} CASCADE")
        steps += [f"DELETE FROM {table}" for table, is_large in written if not is_large]
        self._ask_lent(name, "; ".join([*steps, "RESET session_replication_role"]))
        self._ask_lent(name, "SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'")

    def _ask_lent(self, name: str, question: str) -> list[tuple[Any, ...]]:
        if self._line is None or self._line.closed:
            self._line = psycopg.connect(self.url(name), autocommit=True)
        try:
            return _rows(self._line, question)
        except psycopg.OperationalError:  # a test hung up on everybody
            self.close()
            return self.ask(name, question)

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None


def _rows(connection: psycopg.Connection[Any], question: str) -> list[tuple[Any, ...]]:
    cursor = connection.execute(question.encode())
    return cursor.fetchall() if cursor.description else []


_HANG_UP = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_WRITTEN = """
    SELECT relname, pg_relation_size(oid) > 65536 FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
    AND pg_relation_size(oid) > 0
"""
_SHAPE = """
    SELECT (SELECT version_num FROM alembic_version), (SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_proc),
           md5(string_agg(oid || relname || relnatts, ' ' ORDER BY oid))
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
"""


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The run's one server; the worker that comes first starts it."""
    programs = _postgresql_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed; on Debian: apt-get install postgresql")
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    note = shared / "postgresql"
    with (shared / "postgresql.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not note.exists():
            folder = _start(programs)
            _make_template(Server(folder))
            note.write_text(str(folder))
    server = Server(Path(note.read_text()))
    yield server
    server.close()


def _postgresql_programs() -> Path | None:
    """The folder of initdb and pg_ctl: on the path, or the newest that Debian installed beside it."""
    on_path = shutil.which("initdb")
    places = [Path(on_path).resolve().parent] if on_path else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: -float(place.parent.name))
    return next((place for place in places if (place / "initdb").exists() and (place / "pg_ctl").exists()), None)


# Waits for the run to end, even by a kill, then stops the server and takes its folder away.
_KEEPER = """(
while kill -0 "$0"; do sleep 0.5; done
kill -INT "$1"
while kill -0 "$1"; do sleep 0.1; done
rm -rf "$2"
) </dev/null >/dev/null 2>&1 &"""

_QUICK = {  # nothing here has to survive a power cut
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
}


def _start(programs: Path) -> Path:
    """Start a server in a folder of its own, with a keeper that ends it with the run."""
    # Not below pytest's own folder: that one is closed to the user who must run the server when we are root.
    folder = Path(tempfile.mkdtemp(prefix="goodwill-pg-", dir=_quick_folder() or "/tmp"))
    run = _as_somebody_else(folder) if os.geteuid() == 0 else _as_ourselves
    data = folder / "data"
    initdb = [programs / "initdb", "-D", data, "-U", "goodwill", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    run([*map(str, initdb)])
    options = " ".join(f"-c {name}='{value}'" for name, value in {**_QUICK, "unix_socket_directories": folder}.items())
    run([str(programs / "pg_ctl"), "-D", str(data), "-l", str(folder / "log"), "-w", "-o", options, "start"])
    server = (data / "postmaster.pid").read_text().splitlines()[0]
    subprocess.run(["sh", "-c", _KEEPER, os.environ[_RUNNER], server, str(folder)], check=True, start_new_session=True)
    return folder


def _as_ourselves(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        pytest.fail(f"{command[0]} failed: {done.stderr}", pytrace=False)


def _as_somebody_else(folder: Path) -> Callable[[list[str]], None]:
    """PostgreSQL refuses to run as root: the folder and its processes belong to its own user, or to nobody."""
    names = {entry.pw_name for entry in pwd.getpwall()}
    who = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, who.pw_uid, who.pw_gid)

    def run(command: list[str]) -> None:
        with (folder / "said").open("w+") as said:  # not a pipe: the server would keep it open
            done = subprocess.run(
                command,
                user=who.pw_uid,
                group=who.pw_gid,
                extra_groups=[],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                check=False,
            )
            said.seek(0)
            if done.returncode:
                pytest.fail(f"{command[0]} failed: {said.read()}", pytrace=False)

    return run


def _make_template(server: Server) -> None:
    server.ask("postgres", "CREATE DATABASE migrated")
    opened = connect(server.url("migrated"))
    migrate(opened)
    opened.close()
