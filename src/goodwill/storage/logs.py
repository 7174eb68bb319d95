"""Logs that can be proved: the bytes of a row, their hashes, and what is kept of these when a checkpoint is made.

Of two logs in the house, the consent ledger and the audit log, both use this and nothing else. The bytes are frozen:
a row that needs more than its form has gets a form of its own, and the old one stays. Hashes are kept as tiles of 256
(C2SP's tlog-tiles): of lines, of full tiles of lines, and so on. Nothing is written here when a row is added.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Connection, Table, Text, delete, func, insert, select, tuple_
from sqlalchemy.exc import DBAPIError

from goodwill.basics.errors import GoodwillError
from goodwill.basics.merkle import HASH_BYTES, Growing, full_root, leaf_hash, node_hash
from goodwill.storage.schema import Bytes, Whole, metadata

TILE_LEVELS = 8
TILE = 1 << TILE_LEVELS  # hashes
_AT_ONCE = 16 * TILE  # rows read in one go

log_tiles = Table(
    "log_tiles",
    metadata,
    Column("log", Text, primary_key=True),
    Column("level", Whole, primary_key=True, autoincrement=False),
    Column("number", Whole, primary_key=True, autoincrement=False),
    Column("hashes", Bytes, nullable=False),  # up to 256, one after the other; the last tile of a level may be short
)


@dataclass(frozen=True, eq=False)
class Log:
    """A table whose rows can be proved; its key is ``position``, from 1.

    Attributes:
        form: names the way in which a row becomes bytes.
        columns: all that stands in these bytes, which is all that the table has.
    """

    name: str
    form: str
    table: Table
    columns: tuple[str, ...]

    def id_in(self, shop_id: str) -> str:
        """The log's id, which no other log in the world has."""
        return f"goodwill/{shop_id}/{self.name}"

    def bytes_of(self, log_id: str) -> Callable[[Sequence[Any]], bytes]:
        """The function that makes bytes of a row: canonical JSON (RFC 8785) with the log's id in it.

        Whole numbers are written as texts in decimal digits, because JSON's own are not exact beyond 53 bits.
        """
        names = sorted((*self.columns, "form", "log"))
        place = {name: n for n, name in enumerate(self.columns)}
        fixed = {"form": self.form, "log": log_id}
        order = [(name, place.get(name, -1)) for name in names]
        encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

        def bytes_of(row: Sequence[Any]) -> bytes:
            return encode({name: fixed[name] if n < 0 else _plain(row[n]) for name, n in order}).encode()

        return bytes_of


def _plain(value: Any) -> str | None:
    if value is None or type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    return f"\N{REPLACEMENT CHARACTER}{value!r}"  # no column holds such: somebody else put it there


def last_position(connection: Connection, log: Log) -> int:
    """The number of a log's last row; 0 while it is empty."""
    return int(connection.execute(select(func.coalesce(func.max(log.table.c.position), 0))).scalar_one())


def lines(
    connection: Connection, log: Log, log_id: str, *, after: int | None = None, upto: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """Positions and bytes of the rows after one, or of all, in order; also of rows where none may stand.

    Raises:
        GoodwillError: the database cannot read some rows itself.
    """
    place, to_bytes = log.table.c.position, log.bytes_of(log_id)
    question = select(*(log.table.c[name] for name in log.columns)).order_by(place).limit(_AT_ONCE)
    if upto is not None:
        question = question.where(place <= upto)
    at, number = after, log.columns.index("position")
    while True:
        some = question if at is None else question.where(place > at)
        try:
            rows = connection.execute(some).all()
        except (DBAPIError, ValueError) as error:
            raise GoodwillError(
                f"Rows of the {log.name} log after position {at or 0} cannot be read any more: {error}."
            ) from error
        for row in rows:
            yield row[number], to_bytes(row)
        if len(rows) < _AT_ONCE:
            return
        at = rows[-1][number]


# ---- hashes that are kept --------------------------------------------------------------------------------------------


class Lacking(Exception):
    """The log has no such line."""


@dataclass(eq=False)
class Hashes:
    """The full subtrees of a log, from kept tiles as far as they reach and from the rows beyond.

    What is kept may be wrong. Whoever signs a root made with this first sees that it leads to the root signed last.

    Attributes:
        fresh: from this tile of rows on nothing kept is used: rows that were cut off and grew again show.
    """

    connection: Connection
    log: Log
    log_id: str
    fresh: int = 1 << 62
    _tiles: dict[tuple[int, int], list[bytes]] = field(default_factory=dict)

    def node(self, level: int, number: int) -> bytes:
        """The hash of a full subtree, for `goodwill.basics.merkle`.

        Raises:
            Lacking: the log is shorter.
        """
        if level >= TILE_LEVELS and (number + 1) << level > self.fresh << TILE_LEVELS:
            return node_hash(self.node(level - 1, 2 * number), self.node(level - 1, 2 * number + 1))
        tile_level, rest = divmod(level, TILE_LEVELS)
        tile, place = divmod(number << rest, TILE)
        hashes = self._tile(tile_level, tile)
        if len(hashes) >= place + (1 << rest):
            return full_root(hashes[place : place + (1 << rest)])
        if level == 0:
            raise Lacking(f"The {self.log.name} log has no row {number + 1}.")
        return node_hash(self.node(level - 1, 2 * number), self.node(level - 1, 2 * number + 1))

    def _tile(self, level: int, number: int) -> list[bytes]:
        if (level, number) not in self._tiles:
            is_fresh = level == 0 and number >= self.fresh
            hashes = [] if is_fresh else kept_tile(self.connection, self.log, level, number)
            if level == 0 and len(hashes) < TILE:
                hashes += self._from_rows(number * TILE + len(hashes), (number + 1) * TILE)
            self._tiles[level, number] = hashes
        return self._tiles[level, number]

    def _from_rows(self, after: int, upto: int) -> list[bytes]:
        found: list[bytes] = []
        for position, line in lines(self.connection, self.log, self.log_id, after=after, upto=upto):
            if position != after + len(found) + 1:
                break
            found.append(leaf_hash(line))
        return found


def kept_tile(connection: Connection, log: Log, level: int, number: int) -> list[bytes]:
    """The hashes of one tile, as far as they are kept."""
    tile = log_tiles.c
    question = select(tile.hashes).where(tile.log == log.name, tile.level == level, tile.number == number)
    return _split(connection.execute(question).scalar() or b"")


def keep_tiles(connection: Connection, log: Log, tiles: Mapping[tuple[int, int], Sequence[bytes]]) -> None:
    """Keep some tiles, in the place of what was kept of them."""
    numbered = sorted(tiles)
    for start in range(0, len(numbered), TILE):
        few = numbered[start : start + TILE]
        mine = log_tiles.c.log == log.name
        connection.execute(delete(log_tiles).where(mine, tuple_(log_tiles.c.level, log_tiles.c.number).in_(few)))
        rows = [
            {"log": log.name, "level": level, "number": number, "hashes": b"".join(tiles[level, number])}
            for level, number in few
        ]
        connection.execute(insert(log_tiles), rows)


def drop_tiles(connection: Connection, log: Log) -> None:
    """Forget all hashes that are kept of a log; its rows give them anew."""
    connection.execute(delete(log_tiles).where(log_tiles.c.log == log.name))


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[n : n + HASH_BYTES] for n in range(0, len(hashes), HASH_BYTES)]


# ---- reading a log through -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Through:
    """What reading a whole log from its rows' bytes found.

    Attributes:
        size: rows from 1 on without a gap.
        root: over these; roots: at the sizes that were asked for, as far as the log reaches.
        changed: positions whose bytes are not those that a kept hash is of.
        odd: positions of rows where none may stand: below 1, or after a gap.
        kept: how many rows hashes are kept of; more than there are rows tells of lost ones.
        unfit: kept tiles (level, number) above the rows' own that do not follow from these.
        tiles: those that are not kept yet, or not so.
    """

    size: int
    root: bytes
    roots: Mapping[int, bytes]
    changed: tuple[int, ...]
    odd: tuple[int, ...]
    kept: int
    unfit: tuple[tuple[int, int], ...]
    tiles: Mapping[tuple[int, int], Sequence[bytes]]


def read_through(connection: Connection, log: Log, log_id: str, sizes: Iterable[int] = ()) -> Through:
    """Hash every row of a log anew, and compare with what was kept."""
    wanted, growing, roots = set(sizes), Growing(), dict[int, bytes]()
    building, odd = _Building(connection, log), list[int]()
    if 0 in wanted:
        roots[0] = growing.root
    for position, line in lines(connection, log, log_id):
        if position != growing.size + 1:
            odd.append(position)
            continue
        leaf = leaf_hash(line)
        growing.add(leaf)
        building.add(leaf)
        if growing.size in wanted:
            roots[growing.size] = growing.root
    building.finish()
    return Through(
        growing.size, growing.root, roots, tuple(building.changed), tuple(odd[:_TOLD]), rows_kept(connection, log),
        tuple(building.unfit), building.tiles,
    )  # fmt: skip


def rows_kept(connection: Connection, log: Log) -> int:
    """How many rows of a log hashes are kept of."""
    tile = log_tiles.c
    question = select(tile.number, tile.hashes).where(tile.log == log.name, tile.level == 0)
    last = connection.execute(question.order_by(tile.number.desc()).limit(1)).one_or_none()
    return 0 if last is None else int(last.number) * TILE + len(last.hashes) // HASH_BYTES


_TOLD = 1_000  # positions that a finding names at most


class _Building:
    """Makes tiles of leaf hashes, level by level, and tells how they differ from those that are kept."""

    def __init__(self, connection: Connection, log: Log) -> None:
        self._connection = connection
        self._log = log
        self._open: list[list[bytes]] = [[]]  # the tile being filled, of each level
        self._number = [0]
        self.tiles: dict[tuple[int, int], list[bytes]] = {}
        self.changed: list[int] = []
        self.unfit: list[tuple[int, int]] = []

    def add(self, leaf: bytes) -> None:
        self._open[0].append(leaf)
        level = 0
        while len(self._open[level]) == TILE:
            full = self._open[level]
            self._close(level, full)
            self._open[level], self._number[level] = [], self._number[level] + 1
            level += 1
            if level == len(self._open):
                self._open.append([])
                self._number.append(0)
            self._open[level].append(full_root(full))

    def finish(self) -> None:
        for level, hashes in enumerate(self._open):
            if hashes:
                self._close(level, hashes)

    def _close(self, level: int, hashes: list[bytes]) -> None:
        number = self._number[level]
        kept = kept_tile(self._connection, self._log, level, number)
        if kept == hashes:
            return
        self.tiles[level, number] = hashes
        differing = [
            number * TILE + n + 1 for n, pair in enumerate(zip(kept, hashes, strict=False)) if pair[0] != pair[1]
        ]
        if level == 0:
            self.changed += differing[: _TOLD - len(self.changed)]
        elif differing:
            self.unfit.append((level, number))
