"""An amount is in minor units of its programme's currency: its column says so."""

from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Rename the column; what is in it stays."""
    op.alter_column("exchanges", "value_paise", new_column_name="value_minor")
