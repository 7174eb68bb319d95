"""logs cannot be emptied

TRUNCATE looks at no rows, so triggers for each row let it pass. SQLite has no TRUNCATE.
"""

from alembic import op

revision = '0020'
down_revision = '0015'
branch_labels = None
depends_on = None

_LOGS = ("consent_rows", "audit_rows", "holds", "notice_versions", "notice_signatures", "request_steps")


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _LOGS:
        op.execute(
            f"CREATE TRIGGER only_add_{table}_truncate BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION only_add_{table}()"
        )
