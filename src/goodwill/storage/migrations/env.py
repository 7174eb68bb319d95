"""Alembic's entry: runs on the connection and inside the transaction that `goodwill.storage.migrate` hands over."""

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"], target_metadata=attributes.get("metadata"), transactional_ddl=True
)
context.run_migrations()
