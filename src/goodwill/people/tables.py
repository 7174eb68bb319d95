"""The personal tables. Only ``people`` and ``access`` may import this module; a contract and a test see to it."""

from sqlalchemy import Column, ForeignKey, Index, SmallInteger, Table, Text, text

from goodwill.storage.schema import Bytes, Erase, Merge, Personal, Whole, metadata

people = Table(
    "people",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("created_at", Whole, nullable=False),
    Column("merged_into", Whole, ForeignKey("people.id")),
    Column("erased_at", Whole),
    Column("import_id", Whole),
    info={
        "personal": Personal(
            person="id",
            under="you here",
            erase=Erase.KEPT,
            merge=Merge.STAYS,
            kept="the number for ever, so that it is never given to somebody else",
            also=("merged_into",),
        )
    },
)
# Without it, removing people would look through all of them for each, because others may have been merged into her.
Index("ix_people_merged_into", people.c.merged_into, sqlite_where=people.c.merged_into.is_not(None),
      postgresql_where=people.c.merged_into.is_not(None))  # fmt: skip

identities = Table(
    "identities",
    metadata,
    Column("kind", Text, primary_key=True),  # user_id, anonymous_id, email, phone, or a shop system's own name
    Column("lookup", Bytes, primary_key=True),  # keyed hash of the canonical value
    Column("person", Whole, ForeignKey("people.id"), nullable=False),
    Column("sealed", Bytes, nullable=False),
    Column("epoch", Whole, nullable=False),
    Column("verified_at", Whole),
    Column("added_at", Whole),  # null: before this was kept
    Column("import_id", Whole),
    Column("shared_at", Whole),  # since when somebody else came with it too: a device, an address of two people
    info={
        "personal": Personal(
            person="person",
            under="names and addresses",
            erase=Erase.DELETED,
            merge=Merge.MOVED,
            kept="as long as the person",
            sealed=("sealed",),
            inner=("lookup", "epoch", "shared_at"),  # when somebody else came with it is a word about somebody else
            sealed_as="kind",
        )
    },
)
Index("ix_identities_person", identities.c.person)

profiles = Table(
    "profiles",
    metadata,
    Column("person", Whole, ForeignKey("people.id"), primary_key=True),
    Column("field", Text, primary_key=True),
    Column("category", Text, nullable=False),
    Column("sealed", Bytes, nullable=False),
    Column("epoch", Whole, nullable=False),
    Column("changed_at", Whole, nullable=False),
    Column("import_id", Whole),
    info={
        "personal": Personal(
            person="person",
            under="what we know of you",
            erase=Erase.DELETED,
            merge=Merge.MOVED,
            kept="as long as the person, or as the register says for its category",
            sealed=("sealed",),
            inner=("epoch",),
            sealed_as="field",
        )
    },
)

# One table for all that happened. Whole numbers only, so that every engine reads it alike and fast:
# `day` is the shop's calendar day of the sender's own timestamp, `at` the corrected moment; `quantity` is in
# thousandths (350 g of a kilo price is 350); `amount` in minor units; `reference` the 64-bit number of an order or a
# decision; `key` the 64-bit number of source and message, which with the day tells a repeat.
events = Table(
    "events",
    metadata,
    Column("id", Whole, primary_key=True),
    # null: a decision about nobody in particular. No foreign key: PostgreSQL would look up each row by itself, a third
    # of the cost of writing it; `log.append` looks up a batch at once, and rows of people are never removed.
    Column("person", Whole),
    Column("type", SmallInteger, nullable=False),
    Column("at", Whole, nullable=False),
    Column("day", Whole, nullable=False),
    Column("product", Whole),
    Column("quantity", Whole),
    Column("amount", Whole),
    Column("currency", Text),
    Column("reference", Whole),
    Column("key", Whole, nullable=False),
    Column("import_id", Whole),
    Column("detail", Text),  # JSON: the rest, never a name or an address
    sqlite_autoincrement=True,  # an id is never given out twice, not even after an undo
    info={
        "personal": Personal(
            person="person",
            under="what happened",
            erase=Erase.DELETED,
            merge=Merge.MOVED,
            kept="as the register says for its category",
            inner=("id", "day", "key"),
        )
    },
)
Index("ux_events_day_key", events.c.day, events.c.key, unique=True)
Index("ix_events_person", events.c.person, events.c.id)
Index("ix_events_import_id", events.c.import_id, sqlite_where=events.c.import_id.is_not(None),
      postgresql_where=events.c.import_id.is_not(None))  # fmt: skip
Index("ix_events_reference", events.c.reference, sqlite_where=events.c.type == 12, postgresql_where=events.c.type == 12)
# Orders, and what went back of them, of which no file told but a program or a webhook, as it happened.
TOLD_AS_IT_HAPPENED = text("import_id IS NULL AND type IN (4, 5, 6)")
Index("ix_events_told", events.c.reference, sqlite_where=TOLD_AS_IT_HAPPENED, postgresql_where=TOLD_AS_IT_HAPPENED)

# Who told how to be with her is looked up before anybody is chosen.
Index("ix_events_gentle", events.c.person, sqlite_where=events.c.type == 7, postgresql_where=events.c.type == 7)

# A held person counts in nothing: before an erasure, a merge or an undo, and while processing is restricted.
holds = Table(
    "holds",
    metadata,
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("person", Whole, nullable=False),
    Column("held", SmallInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Whole, nullable=False),
    info={
        "personal": Personal(
            person="person",
            under="when your data were set aside",
            erase=Erase.KEPT,
            merge=Merge.STAYS,
            kept="for ever, as proof; it names a number",
        )
    },
)
Index("ix_holds_person", holds.c.person)

# What a merge moved, so that it can be taken back. What only the other's key opens stays sealed with it.
merges = Table(
    "merges",
    metadata,
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("person", Whole, nullable=False),  # who was merged into another
    Column("into_person", Whole, nullable=False),
    Column("at", Whole, nullable=False),
    Column("position", Whole, nullable=False),  # the ledger's last row before: what each of them allowed by then
    Column("undone_at", Whole),
    info={
        "personal": Personal(
            person="person",
            under="when the shop found that two of its customers were you",
            erase=Erase.KEPT,
            merge=Merge.STAYS,
            kept="for ever, as proof; it names numbers",
            also=("into_person",),
        )
    },
)
Index("ix_merges_person", merges.c.person)
Index("ix_merges_into_person", merges.c.into_person)

moved = Table(
    "moved",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("merge_id", Whole, nullable=False),
    Column("person", Whole, nullable=False),
    Column(
        "what", Text, nullable=False
    ),  # identity · field · dropped (a field that both had) · row (of a room's table)
    Column("name", Text, nullable=False),  # the kind, the field, the table
    Column("key", Text),  # JSON: the row's own key
    Column("category", Text),
    Column("sealed", Bytes),
    Column("epoch", Whole),
    Column("at", Whole),  # when it was verified, or changed
    Column("import_id", Whole),
    info={
        "personal": Personal(
            person="person",
            under="what was known of you twice, kept so that putting it together can be taken back",
            erase=Erase.DELETED,
            merge=Merge.STAYS,
            kept="90 days",
            sealed=("sealed",),
            inner=("id", "key", "epoch"),
            sealed_as="name",
        )
    },
)
Index("ix_moved_merge_id", moved.c.merge_id)
Index("ix_moved_person", moved.c.person)

# An event is named by its day and key, which stay when a corrected line takes its place under a new number.
moved_events = Table(
    "moved_events",
    metadata,
    Column("merge_id", Whole, primary_key=True, autoincrement=False),
    Column("day", Whole, primary_key=True, autoincrement=False),
    Column("key", Whole, primary_key=True, autoincrement=False),
    Column("person", Whole, nullable=False),
    info={
        "personal": Personal(
            person="person",
            under="which events were noted under another number of yours",
            erase=Erase.DELETED,
            merge=Merge.STAYS,
            kept="90 days",
            inner=("key",),
        )
    },
)
Index("ix_moved_events_person", moved_events.c.person)
