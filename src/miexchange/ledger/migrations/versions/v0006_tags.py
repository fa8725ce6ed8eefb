"""The tags of exchanges, which limits count by."""

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add a table; no exchange had a tag before."""
    op.create_table(
        "tags",
        sa.Column("code", sa.String(17), primary_key=True),
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("value", sa.String(200), nullable=False),
        sa.Column("began_us", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("tags_value", "tags", ["name", "value", "began_us", "code"])
