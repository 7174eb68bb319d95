"""Products, and the items that models count."""

from sqlalchemy import Column, Index, SmallInteger, Table, Text

from goodwill.storage.schema import Whole, metadata

products = Table(
    "products",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("external", Text, nullable=False, unique=True),  # the shop's own id or SKU
    Column("name", Text, nullable=False),
    Column("department", Text),
    Column("category", Text),
    Column("type", Text),
    Column("brand", Text),
    Column("price", Whole),  # minor units
    Column("currency", Text),
    Column("available", SmallInteger, nullable=False),
    Column("url", Text),
    Column("image", Text),
    Column("tags", Text),  # JSON list
    Column("item", Whole),  # its item's number at the shop's level
    Column("import_id", Whole),
    sqlite_autoincrement=True,  # an id is never given out twice: a model in memory may still know the old one
)
Index("ix_products_item", products.c.item)

# An item's number is its row and column in every total, so it keeps it as long as a total may count it. Only an undo
# takes the last ones out again, after every total has settled without them.
items = Table(
    "items",
    metadata,
    Column("level", Text, primary_key=True),  # product, type or category
    Column("number", Whole, primary_key=True, autoincrement=False),  # 0, 1, 2 … within its level
    Column("name", Text, nullable=False),
)
Index("ux_items_level_name", items.c.level, items.c.name, unique=True)

# What each product was before it changed or went: the prices of the last weeks, and the catalogue as it was.
product_changes = Table(
    "product_changes",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("product", Whole, nullable=False),  # its number
    Column("at", Whole, nullable=False),  # until when it was so
    Column("price", Whole),  # minor units, as in the body: the lowest of some weeks is asked for often
    Column("body", Text, nullable=False),  # JSON: the product as it was
    sqlite_autoincrement=True,
)
Index("ix_product_changes_product_at", product_changes.c.product, product_changes.c.at)
