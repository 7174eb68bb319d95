"""A few households of the real purchases, so that the demo's whole story takes seconds."""

from pathlib import Path

import duckdb
import pytest

from goodwill.basics.errors import BadInput
from goodwill.simulate import journey


@pytest.fixture(scope="session")
def few_households(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the package's own: 120 households, and what they bought fresh."""
    try:
        source = journey.data_folder()
    except BadInput as missing:
        pytest.skip(str(missing))
    folder = tmp_path_factory.mktemp("few")
    with duckdb.connect() as connection:
        for name in ("transactions", "products", "demographics"):
            connection.read_parquet(str(source / f"{name}.parquet")).create_view(name)
        few = (
            ("demographics", "SELECT * FROM demographics ORDER BY hash(household_id) LIMIT 120"),
            ("products", "SELECT * FROM products WHERE department IN ('PRODUCE', 'PASTRY', 'DELI')"),
            (
                "transactions",
                "SELECT * FROM transactions SEMI JOIN d USING (household_id) SEMI JOIN p USING (product_id)",
            ),
        )
        for name, question in few:
            connection.sql(question).write_parquet(str(folder / f"{name}.parquet"))
            connection.read_parquet(str(folder / f"{name}.parquet")).create_view(name[0])
    return folder
