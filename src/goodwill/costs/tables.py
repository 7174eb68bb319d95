"""Costs, what was taken back of them, and rates between currencies; each of the three only grows."""

from sqlalchemy import Column, Index, Table, Text

from goodwill.storage.schema import Whole, metadata

costs = Table(
    "costs",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("day", Whole, nullable=False),  # on the shop's calendar
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),  # "" where none is meant
    Column("programme", Text, nullable=False),  # likewise
    Column("amount", Whole, nullable=False),  # minor units
    Column("currency", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("key", Text, nullable=False),  # the same for two rows that say the same
    Column("at", Whole, nullable=False),  # when it was written down
    Column("import_id", Whole),  # of the file that brought it
    sqlite_autoincrement=True,
)
Index("ix_costs_day", costs.c.day)
Index("ix_costs_key", costs.c.key)
Index("ix_costs_import_id", costs.c.import_id)

# A cost that stands here counts no more.
cost_undos = Table(
    "cost_undos",
    metadata,
    Column("cost", Whole, primary_key=True, autoincrement=False),
    Column("at", Whole, nullable=False),
    Column("reason", Text, nullable=False),
)

# Of two rates of one pair and one day the later row counts.
rates = Table(
    "rates",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("day", Whole, nullable=False),
    Column("currency", Text, nullable=False),  # of one of this …
    Column("into", Text, nullable=False),  # … so much of that
    Column("rate", Text, nullable=False),  # a decimal number, as it was written
    Column("source", Text, nullable=False),
    Column("at", Whole, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_rates_into", rates.c.into, rates.c.currency, rates.c.day)
