"""The one catalogue of tables; each room adds its own to it, and the migrations create them."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import import_module
from pathlib import Path

from sqlalchemy import BigInteger, Integer, LargeBinary, MetaData
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite only lets INTEGER be a row's own number; PostgreSQL needs BIGINT for 64 bits. Both hold the same range.
Whole: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
Bytes = LargeBinary

# Tables of which the database itself refuses to change or remove a row.
ONLY_GROWING = frozenset(
    {
        "audit_rows",
        "consent_rows",
        "cost_undos",
        "costs",
        "holds",
        "kept_answers",
        "notice_signatures",
        "notice_versions",
        "plan_rows",
        "product_changes",
        "rates",
        "request_steps",
    }
)


class Erase(StrEnum):
    """What becomes of a table's rows about a person who is erased."""

    DELETED = "deleted"
    KEPT = "kept"  # as proof or as a fact of tax law; what is left names a number that belongs to nobody any more
    ROOM = "room"  # the room that owns the table empties them itself; the law names where


class Merge(StrEnum):
    """What becomes of a table's rows when the person is merged into another."""

    MOVED = "moved"  # they become the survivor's
    STAYS = "stays"  # they stay under the old number, which the survivor's `numbers` lead to


@dataclass(frozen=True, slots=True)
class Personal:
    """What a table that tells of people says of itself, in its ``info["personal"]``.

    Export, erasure, merge and retention are derived from this; a law fails for a table or a column that is left out.

    Attributes:
        person: the column with the person's number.
        under: the heading in her own copy below which its rows stand, in words a customer knows.
        kept: how long its rows are kept, in words.
        sealed: columns that only her key opens.
        inner: columns without meaning for her (lookups, keys of deduplication), which her copy leaves out.
        sealed_as: the field that a sealed text was sealed for: the column whose value names it, else a word of its own.
        also: further columns with the number of a person; rows are found by ``person`` alone.
    """

    person: str
    under: str
    erase: Erase
    merge: Merge
    kept: str
    sealed: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()
    sealed_as: str = ""
    also: tuple[str, ...] = ()


@cache
def load_rooms() -> None:
    """Let every room add its tables to the catalogue, also those that nothing has asked for yet."""
    source = Path(__file__).resolve().parents[1]
    for module in sorted(source.rglob("*.py")):
        if "migrations" not in module.parts and "storage.schema import" in module.read_text("utf-8"):
            import_module(".".join(("goodwill", *module.relative_to(source).with_suffix("").parts)))
