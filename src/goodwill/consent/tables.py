"""The ledger's rows, and the answer of each person, purpose and category that follows from them."""

from sqlalchemy import Column, Index, SmallInteger, Table, Text

from goodwill.storage.schema import Whole, metadata

consent_rows = Table(
    "consent_rows",
    metadata,
    Column("position", Whole, primary_key=True, autoincrement=False),
    Column("person", Whole, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("yes", SmallInteger),  # 1 or 0; null where the state answers nothing (requested, invalidated)
    Column("said_at", Whole, nullable=False),  # when the person said so; never after recorded_at
    Column("recorded_at", Whole, nullable=False),
    Column("until", Whole),
    Column("evidence", Text, nullable=False),
    Column("notice", Text),
    Column("asked", Text, nullable=False),  # JSON: how, in which words, in which language, by whom
    Column("refers", Whole),  # the position that an 'invalidated' row takes back
)
Index("ix_consent_rows_person", consent_rows.c.person, consent_rows.c.purpose, consent_rows.c.category)
Index("ix_consent_rows_refers", consent_rows.c.refers, sqlite_where=consent_rows.c.refers.is_not(None),
      postgresql_where=consent_rows.c.refers.is_not(None))  # fmt: skip

consent_now = Table(
    "consent_now",
    metadata,
    Column("purpose", Text, primary_key=True),
    Column("category", Text, primary_key=True),
    Column("person", Whole, primary_key=True),
    Column("yes", SmallInteger, nullable=False),
    Column("position", Whole, nullable=False),
    Column("said_at", Whole, nullable=False),
    Column("until", Whole),
)
Index("ix_consent_now_person", consent_now.c.person)
