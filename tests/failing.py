"""What a database says when it cannot answer: SQLAlchemy's error, or the driver's own where it is asked without it."""

import psycopg
import pysqlite3.dbapi2
from sqlalchemy.exc import DBAPIError

DATABASE_ERRORS = (DBAPIError, pysqlite3.dbapi2.Error, psycopg.Error)
