"""The ledger's rows, and the answer of each person, purpose and category that follows from them."""

from sqlalchemy import CheckConstraint, Column, Index, SmallInteger, Table, Text

from goodwill.storage.logs import Log
from goodwill.storage.schema import Erase, Merge, Personal, Whole, metadata

SAYS_YES = ("given", "renewed")
SAYS_NOTHING = ("requested", "invalidated")

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
    # So that every engine may trust `yes` alone: a state that is not known here can only be a no.
    CheckConstraint(
        "CASE WHEN state IN ('given', 'renewed') THEN yes = 1 AND yes IS NOT NULL "
        "WHEN state IN ('requested', 'invalidated') THEN yes IS NULL "
        "ELSE yes = 0 AND yes IS NOT NULL END",
        name="ck_consent_rows_yes",
    ),
    CheckConstraint("said_at <= recorded_at", name="ck_consent_rows_said_at"),
    CheckConstraint("until IS NULL OR until <= 9223372036854775807", name="ck_consent_rows_until"),
    CheckConstraint("refers IS NULL OR (state = 'invalidated' AND refers < position)", name="ck_consent_rows_refers"),
    info={
        "personal": Personal(
            person="person",
            under="what you allowed",
            erase=Erase.KEPT,
            merge=Merge.STAYS,
            kept="for ever, as proof; it names a number",
            inner=("yes",),
        )
    },
)
Index("ix_consent_rows_person", consent_rows.c.person, consent_rows.c.purpose, consent_rows.c.category)
Index("ix_consent_rows_refers", consent_rows.c.refers, sqlite_where=consent_rows.c.refers.is_not(None),
      postgresql_where=consent_rows.c.refers.is_not(None))  # fmt: skip
# A total asks with every withdrawal whose yes has ended by itself since.
Index("ix_consent_rows_until", consent_rows.c.until, sqlite_where=consent_rows.c.until.is_not(None),
      postgresql_where=consent_rows.c.until.is_not(None))  # fmt: skip

# Frozen: whoever adds a column to the ledger gives rows that use it a form of their own.
LOG = Log(
    "consent",
    "consent/1",
    consent_rows,
    ("position", "person", "purpose", "category", "state", "yes", "said_at", "recorded_at", "until", "evidence",
     "notice", "asked", "refers"),
)  # fmt: skip

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
    CheckConstraint("yes IN (0, 1)", name="ck_consent_now_yes"),
    info={
        "personal": Personal(
            person="person",
            under="what you allow now",
            erase=Erase.KEPT,
            merge=Merge.STAYS,
            kept="for ever, as proof; it names a number",
        )
    },
)
Index("ix_consent_now_person", consent_now.c.person)
Index("ix_consent_now_until", consent_now.c.purpose, consent_now.c.until,
      sqlite_where=consent_now.c.until.is_not(None), postgresql_where=consent_now.c.until.is_not(None))  # fmt: skip
