"""Answers by their instant, and how many were removed when they were old."""

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add an index and a table; no answer was removed before."""
    op.create_index("answers_at", "answers", ["at_us"])
    op.create_table(
        "forgotten",
        sa.Column("removed_in", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("made_in", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("answers", sa.Integer, nullable=False),
        sa.Column("before_us", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
