"""Write the migration that brings the tables from the newest version to what the rooms now declare.

    python scripts/make_migration.py 0002 "what changes"

Look at the result before you commit it: data moves, triggers and checks are yours to add.
"""

import sys
import tempfile
from pathlib import Path

from alembic import command

from goodwill.storage import connect, metadata, migrate
from goodwill.storage.migrate import _config
from goodwill.storage.schema import load_rooms


def main(number: str, words: str) -> None:
    load_rooms()
    for table in metadata.tables.values():
        table.info.clear()  # what a table says of itself is no business of the database
    with tempfile.TemporaryDirectory() as folder:
        database = connect(Path(folder) / "scratch.db")
        migrate(database)
        with database.transaction() as connection:
            config = _config(connection)
            config.attributes["metadata"] = metadata
            command.revision(config, words, rev_id=number, autogenerate=True)


if __name__ == "__main__":
    main(sys.argv[1], " ".join(sys.argv[2:]))
