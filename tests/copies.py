"""A shop is made once, and whoever wants another of its kind gets a copy: copying is several times quicker.

What is copied is what lies on the disk: the database's rows, the key store and the shop's other files. Every test opens
its copy itself, in a folder and with settings of its own, as somebody would who brings back a backup.
"""

import os
import tempfile
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from pysqlite3 import dbapi2 as sqlite
from tests.chance import dice, name_of
from tests.conftest import START, FakeClock

from goodwill.app import create_shop
from goodwill.basics.clock import Clock
from goodwill.shop import Shop
from goodwill.storage import Database

T = TypeVar("T")

# What is kept of a shop depends on these; with any of them it is made anew.
_TELLING = {"id", "purposes", "regimes", "region", "zone", "items"}
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1"
_NUMBERS = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"


@dataclass(frozen=True)
class _Kept:
    """What lies on the disk of a shop that was made.

    Attributes:
        more: what its maker gave beside it.
        files: those in its folder, by name; file: of its database on SQLite.
        rows: by table, as PostgreSQL writes them; numbers: where its sequences stand.
    """

    shop_id: str
    more: Any
    files: dict[Path, bytes]
    file: bytes
    rows: dict[str, bytes]
    numbers: list[tuple[str, int]]


_kept: dict[Hashable, _Kept] = {}


def shop_of_a_kind(
    kind: Hashable, make: Callable[[Shop], T], database: Database, home: Path, clock: Clock, **settings: Any
) -> tuple[Shop, T]:
    """A shop as ``make`` furnishes it, and what that gives: made the first time, copied from then on."""
    given = {"clock": clock, "database": database.url or f"sqlite:///{database.file}", **settings}
    own_key = any(name.startswith("GOODWILL_MASTER_KEY") for name in os.environ)
    if own_key or not isinstance(clock, FakeClock) or clock() != START or _TELLING & settings.keys():
        return _made(kind, make, home, given)
    which = kind, database.is_sqlite
    if which in _kept:
        _put(_kept[which], database, home)
        return create_shop(home, id=_kept[which].shop_id, **given), _kept[which].more
    shop, more = _made(kind, make, home, given)
    _kept[which] = _keep(shop, database, home, more)
    return shop, more


def _made(kind: Hashable, make: Callable[[Shop], T], home: Path, given: dict[str, Any]) -> tuple[Shop, T]:
    shop = create_shop(home, **given)
    with dice(name_of(kind)):  # whichever test makes it
        return shop, make(shop)


def _keep(shop: Shop, database: Database, home: Path, more: Any) -> _Kept:
    files = {file.relative_to(home): _content(file) for file in home.rglob("*") if _is_kept(file)}
    if database.file is not None:
        return _Kept(shop.settings.shop_id, more, files, _content(database.file), {}, [])
    rows: dict[str, bytes] = {}
    with psycopg.connect(str(database.url)) as connection:
        for (table,) in connection.execute(_TABLES).fetchall():
            with connection.cursor().copy(f"COPY {table} TO STDOUT".encode()) as read:
                rows[table] = b"".join(bytes(some) for some in read)
        numbers = connection.execute(_NUMBERS).fetchall()
    return _Kept(
        shop.settings.shop_id, more, files, b"", {table: some for table, some in rows.items() if some}, numbers
    )


def _is_kept(file: Path) -> bool:
    """Settings are every test's own, and what stands beside a database in its journal is read through it."""
    return file.is_file() and file.suffix != ".toml" and not file.name.endswith(("-wal", "-shm"))


def _content(file: Path) -> bytes:
    """What a file holds; an SQLite file others have open."""
    if file.suffix != ".db":
        return file.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / file.name
        read, written = sqlite.connect(file), sqlite.connect(whole)
        try:
            read.backup(written)
        finally:
            written.close()
            read.close()
        return whole.read_bytes()


def _put(kept: _Kept, database: Database, home: Path) -> None:
    for name, content in kept.files.items():
        file = home / name
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_bytes(content)
    if database.file is not None:
        database.close()  # its connections, which would go on with what the file was
        for beside in ("-wal", "-shm"):
            database.file.with_name(database.file.name + beside).unlink(missing_ok=True)
        database.file.write_bytes(kept.file)
        return
    with psycopg.connect(str(database.url)) as connection:
        connection.execute("SET session_replication_role = replica")  # the rows fit each other: they did before
        for table, rows in kept.rows.items():
            with connection.cursor().copy(f"COPY {table} FROM STDIN".encode()) as write:
                write.write(rows)
        for sequence, number in kept.numbers:
            connection.execute("SELECT setval(%s::regclass, %s)", (sequence, number))
