"""Answers by asker and verb, seals and tallies, bought devices, quotas, keys in their order."""

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0002"
down_revision = "0001"

_OF_CUSTOMERS = "verb IN ('accept', 'reserve', 'agree', 'decline')"


def upgrade() -> None:
    """Add what is new, and make the two tables anew whose primary keys or columns change."""
    op.add_column("events", sa.Column("epoch", sa.Integer, nullable=False, server_default=sa.text("0")))
    _add_bought()
    _make_answers_anew()
    _make_keys_anew()
    op.create_table(
        "quotas",
        sa.Column("programme", sa.String(200), primary_key=True),
        sa.Column("bonus", sa.String(200), primary_key=True),
        sa.Column("given", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tallies",
        sa.Column("bucket", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("answers", sa.Integer, nullable=False),
        sa.Column("sum", sa.String(64), nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("seal", sa.String(64), nullable=False),
        sqlite_with_rowid=False,
    )


def _add_bought() -> None:
    """A device was bought where its exchange was completed or adjusted; that was its last event."""
    op.add_column("device_tokens", sa.Column("bought_us", sa.BigInteger))
    op.execute(
        "UPDATE device_tokens SET bought_us = (SELECT at_us FROM exchanges"
        " WHERE exchanges.code = device_tokens.code AND state IN ('completed', 'adjusted'))"
    )
    is_bought = sa.text("bought_us IS NOT NULL")
    op.create_index(
        "device_tokens_bought", "device_tokens", ["token"], sqlite_where=is_bought, postgresql_where=is_bought
    )


def _set_aside(table: str) -> None:
    """Rename a table, so that the new one can have its name; an index of PostgreSQL has a name beside it."""
    op.rename_table(table, f"{table}_0001")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER INDEX {table}_pkey RENAME TO {table}_0001_pkey")


def _make_answers_anew() -> None:
    """Who asked is known where the coupon is; a stranger's refusals keep no name."""
    _set_aside("answers")
    op.create_table(
        "answers",
        sa.Column("asker", sa.String(200), primary_key=True),
        sa.Column("verb", sa.String(16), primary_key=True),
        sa.Column("request", sa.String(200), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("code", sa.String(17)),
        sa.Column("version", sa.Integer),
        sa.Column("refusal", sa.Text),
        sa.Column("is_public", sa.Boolean, nullable=False),
        sa.Column("is_final", sa.Boolean, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("seal", sa.String(64), nullable=False),
        sqlite_with_rowid=False,
    )
    asker = (
        f"CASE WHEN {_OF_CUSTOMERS} AND NOT is_public THEN coalesce("  # noqa: S608 - our own words
        "(SELECT account FROM exchanges WHERE exchanges.code = answers_0001.code), '') ELSE '' END"
    )
    op.execute(
        "INSERT INTO answers (asker, verb, request, fingerprint, at_us, code, version, refusal, is_public,"  # noqa: S608 - as above
        f" is_final, epoch, seal) SELECT {asker}, verb, request, fingerprint, at_us, code, version, refusal,"
        " is_public, (1 = 1), 0, '' FROM answers_0001"
    )
    op.drop_table("answers_0001")


def _make_keys_anew() -> None:
    """Number the keys in the order in which their first exchanges began."""
    _set_aside("secret_keys")
    op.create_table(
        "secret_keys",
        sa.Column("key_id", sa.String(16), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("wrapped", sa.Text),
        sqlite_with_rowid=False,
    )
    began = "(SELECT min(at_us) FROM events WHERE events.key_id = secret_keys_0001.key_id)"
    op.execute(
        "INSERT INTO secret_keys (key_id, number, wrapped) SELECT key_id,"  # noqa: S608 - as above
        f" row_number() OVER (ORDER BY coalesce({began}, 9223372036854775807), key_id), NULL FROM secret_keys_0001"
    )
    op.drop_table("secret_keys_0001")
    op.create_index("secret_keys_number", "secret_keys", ["number"], unique=True)
