"""orders that were told of as they happened"""

from alembic import op
import sqlalchemy as sa

revision = '0024'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    told = sa.text('import_id IS NULL AND type IN (4, 5, 6)')
    op.create_index('ix_events_told', 'events', ['reference'], unique=False, sqlite_where=told, postgresql_where=told)
