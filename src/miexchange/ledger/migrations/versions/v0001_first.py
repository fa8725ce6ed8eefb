"""The first tables: exchanges, events, device tokens, answers, ids of keys."""

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0001"
down_revision = None

_IS_OPEN = sa.text("state IN ('issued', 'reserved', 'inspected', 'requoted')")


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "exchanges",
        sa.Column("code", sa.String(17), primary_key=True),
        sa.Column("account", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("order_id", sa.String(200)),
        sa.Column("due_us", sa.BigInteger),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("value_paise", sa.BigInteger, nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "exchanges_open_account",
        "exchanges",
        ["account"],
        unique=True,
        sqlite_where=_IS_OPEN,
        postgresql_where=_IS_OPEN,
    )
    op.create_index("exchanges_order", "exchanges", ["order_id"], unique=True)
    is_due = sa.text("due_us IS NOT NULL")
    op.create_index("exchanges_due", "exchanges", ["due_us", "code"], sqlite_where=is_due, postgresql_where=is_due)
    op.create_table(
        "events",
        sa.Column("code", sa.String(17), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("request", sa.String(200)),
        sa.Column("hash", sa.String(64), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "device_tokens",
        sa.Column("code", sa.String(17), primary_key=True),
        sa.Column("token", sa.String(32), primary_key=True),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sqlite_with_rowid=False,
    )
    is_open = sa.text("is_open")
    op.create_index(
        "device_tokens_open", "device_tokens", ["token"], unique=True, sqlite_where=is_open, postgresql_where=is_open
    )
    op.create_table(
        "answers",
        sa.Column("request", sa.String(200), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("verb", sa.String(16), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("code", sa.String(17)),
        sa.Column("version", sa.Integer),
        sa.Column("refusal", sa.Text),
        sa.Column("is_public", sa.Boolean, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table("secret_keys", sa.Column("key_id", sa.String(16), primary_key=True))
