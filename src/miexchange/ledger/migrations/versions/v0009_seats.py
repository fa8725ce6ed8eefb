"""Several open exchanges of an account, each in a seat of its own, where the terms allow them."""

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0009"
down_revision = "0008"

_IS_OPEN = sa.text("state IN ('issued', 'reserved', 'inspected', 'requoted')")


def upgrade() -> None:
    """Seat every exchange in the first; an account had one open exchange at most before."""
    op.add_column("exchanges", sa.Column("seat", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.drop_index("exchanges_open_account", "exchanges")
    op.create_index(
        "exchanges_open_account",
        "exchanges",
        ["account", "seat"],
        unique=True,
        sqlite_where=_IS_OPEN,
        postgresql_where=_IS_OPEN,
    )
