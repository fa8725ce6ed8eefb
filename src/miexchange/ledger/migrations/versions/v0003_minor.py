"""An amount is in minor units of its programme's currency: its columns say so."""

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Rename the column, whose amounts stay, and say that all of them are in rupees, the only currency until then."""
    op.alter_column("exchanges", "value_paise", new_column_name="value_minor")
    op.add_column("exchanges", sa.Column("currency", sa.String(3), nullable=False, server_default="INR"))
