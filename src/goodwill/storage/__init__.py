"""Where rows live: the database engine, one transaction per request or task, migrations, kept totals, the read log.

SQLite (one file, nothing to set up) or PostgreSQL (a URL), with one meaning. It knows no personal table by name.
"""

from goodwill.storage.engine import Database, connect
from goodwill.storage.kept import AsOf, Kept
from goodwill.storage.migrate import migrate, revision
from goodwill.storage.schema import metadata

__all__ = ["AsOf", "Database", "Kept", "connect", "metadata", "migrate", "revision"]
