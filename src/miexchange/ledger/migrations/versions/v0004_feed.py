"""The currency of exchanges, what they are looked for by, and a place for every event in the feed."""

import json

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0004"
down_revision = "0003"

_AT_ONCE = 1_000
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add columns, indexes and tables; queue what happened before, in the order of its instants."""
    # All amounts until now are in rupees, the only currency until then.
    op.add_column("exchanges", sa.Column("currency", sa.String(3), nullable=False, server_default="INR"))
    # A column of a table with rows needs a value; each row gets its own below.
    op.add_column("exchanges", sa.Column("programme", sa.String(200), nullable=False, server_default=""))
    op.add_column("exchanges", sa.Column("began_us", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.add_column("exchanges", sa.Column("past_order", sa.String(200)))
    _fill_exchanges()
    _fill_past_orders()
    op.create_index("exchanges_began", "exchanges", ["began_us", "code"])
    has_past = sa.text("past_order IS NOT NULL")
    op.create_index(
        "exchanges_past_order", "exchanges", ["past_order"], sqlite_where=has_past, postgresql_where=has_past
    )
    for name in ("account", "state", "programme"):
        op.create_index(f"exchanges_{name}", "exchanges", [name, "began_us", "code"])
    op.drop_index("device_tokens_bought", "device_tokens")  # all tokens have an index now
    op.create_index("device_tokens_token", "device_tokens", ["token", "code"])
    op.create_table(
        "feed_queue",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("code", sa.String(17), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "feed",
        sa.Column("position", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("code", sa.String(17), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    # An event's instant may be a little before that of the event it follows.
    then = "max(at_us) OVER (PARTITION BY code ORDER BY version)"
    op.execute(
        f"INSERT INTO feed_queue (code, version) SELECT code, version FROM events ORDER BY {then}, code, version"  # noqa: S608 - our own words
    )


def _fill_exchanges() -> None:
    """Both stand in the first event of each exchange."""
    connection = op.get_bind()
    first = sa.text("SELECT code, at_us, body FROM events WHERE version = 1 AND code > :last ORDER BY code LIMIT :most")
    fill = sa.text("UPDATE exchanges SET programme = :programme, began_us = :began_us WHERE code = :code")
    last = ""
    while rows := connection.execute(first, {"last": last, "most": _AT_ONCE}).all():
        connection.execute(fill, [_filled(*row) for row in rows])
        last = rows[-1].code


def _fill_past_orders() -> None:
    """An exchange that was called off or reversed had the order of its last reservation, unless that was released."""
    connection = op.get_bind()
    ended = sa.text(
        "SELECT e.code, e.kind, e.body FROM events e JOIN exchanges x ON x.code = e.code"
        " WHERE x.state IN ('void', 'reversed') AND e.kind IN ('reserve', 'release') ORDER BY e.code, e.version"
    )
    fill = sa.text("UPDATE exchanges SET past_order = :past_order WHERE code = :code")
    last = {code: (kind, body) for code, kind, body in connection.execute(ended)}
    for code, (kind, body) in last.items():
        if kind == "reserve":
            connection.execute(fill, {"code": code, "past_order": _found(body, "order", "id")})


def _filled(code: str, at_us: int, body: str) -> dict[str, object]:
    """Return what an exchange gets."""
    return {"code": code, "began_us": at_us, "programme": _found(body, "quote", "programme")}


def _found(body: str, part: str, name: str) -> str:
    """Return what stands in the body of an event; a body that somebody broke is for `verify` to report."""
    try:
        return str(json.loads(body)[part][name])
    except (ValueError, KeyError, TypeError):
        return ""
