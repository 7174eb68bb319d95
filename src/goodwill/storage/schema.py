"""The one catalogue of tables; each room adds its own to it, and the migrations create them."""

from sqlalchemy import BigInteger, Integer, LargeBinary, MetaData
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite only lets INTEGER be a row's own number; PostgreSQL needs BIGINT for 64 bits. Both hold the same range.
Whole: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
Bytes = LargeBinary
