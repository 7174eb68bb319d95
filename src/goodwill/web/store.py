"""API keys: what each may do; only a hash of the secret is kept."""

from sqlalchemy import Column, Index, Table, Text

from goodwill.storage.schema import Whole, metadata

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),  # the public part, shown in lists and logs
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False),  # SHA-256 of a 256-bit random secret
    Column("scopes", Text, nullable=False),  # collect decide consent read export, space-separated
    Column("created_at", Whole, nullable=False),
    Column("used_at", Whole),
    Column("revoked_at", Whole),
)
Index("ix_api_keys_hash", api_keys.c.hash, unique=True)
