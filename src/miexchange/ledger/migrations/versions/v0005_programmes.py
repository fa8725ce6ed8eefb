"""The programmes that the ledger was used with."""

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the table; what made older quotes is kept nowhere, and is given where it is asked for."""
    op.create_table(
        "programmes",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("code", sa.String(17), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
