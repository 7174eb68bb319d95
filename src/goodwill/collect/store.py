"""The imports that were made: what came from which file, how far it got, and what an undo must put back."""

from sqlalchemy import Column, Index, Table, Text

from goodwill.storage.schema import Whole, metadata

imports = Table(
    "imports",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("state", Text, nullable=False),  # running · done · undoing · undone · refused
    Column("format", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("mapping", Text, nullable=False),  # JSON: our field -> the file's column
    Column("options", Text, nullable=False),  # JSON
    Column("started_at", Whole, nullable=False),
    Column("finished_at", Whole),
    Column("rows", Whole, nullable=False),
    Column("kept", Whole, nullable=False),
    Column("unchanged", Whole, nullable=False),
    Column("rejected", Whole, nullable=False),
    Column("place", Text, nullable=False),  # JSON: where to go on after a kill
    sqlite_autoincrement=True,
)

# What a row said before an import changed it, so that the import can be undone whole.
before_import = Table(
    "before_import",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("import_id", Whole, nullable=False),
    Column("what", Text, nullable=False),  # product · profile
    Column("key", Text, nullable=False),  # JSON
    Column("before", Text),  # JSON, sealed values in base64; null: there was nothing
    sqlite_autoincrement=True,
)
Index("ix_before_import_import_id", before_import.c.import_id)
