"""A transaction's connection, and the few statements of every transition as the driver itself takes them.

SQLAlchemy makes the statements, knows both dialects, and keeps the connections. What every transition
needs is compiled once and handed to the driver: `Connection.execute` costs 20 to 30 microseconds more
for a statement, and a transition has four of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg

from miexchange.ledger import _sql as sql

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Dialect, Executable

__all__ = ["ExchangeRow", "Session", "Statements"]


class ExchangeRow(NamedTuple):
    """A row of the table ``exchanges``."""

    code: str
    account: str
    state: str
    version: int
    order_id: str | None
    due_us: int | None
    at_us: int
    value_paise: int
    key_id: str
    head: str


class Statements:
    """The texts of the statements of every transition, for one kind of database."""

    def __init__(self, kind: str) -> None:
        """Compile them; `kind` is the dialect's name."""
        dialect: Dialect = (
            psycopg.dialect(paramstyle="pyformat") if kind == "postgresql" else sqlite.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
        )

        def text(statement: Executable) -> str:
            return str(statement.compile(dialect=dialect))  # type: ignore[attr-defined]

        self.row = text(sql.ROW)
        self.locked_row = text(sql.LOCKED_ROW)
        self.add = text(sql.ADD)
        self.add_token = text(sql.ADD_TOKEN)
        self.add_event = text(sql.ADD_EVENT)
        self.add_answer = text(sql.ADD_ANSWER)
        self.move = text(sql.MOVE)
        self.close_tokens = text(sql.CLOSE_TOKENS)
        in_one = kind == "postgresql"
        self.write = text(sql.WRITE) if in_one else None
        self.write_and_close = text(sql.WRITE_AND_CLOSE) if in_one else ""


class Session:
    """A connection in use.

    Attributes:
        core: the same connection as SQLAlchemy knows it, for whatever is asked seldom.
        statements: what can be handed to `run`.
    """

    __slots__ = ("_driver", "core", "statements")

    def __init__(self, core: Connection, statements: Statements) -> None:
        """Take the driver's connection out of SQLAlchemy's."""
        self.core = core
        self.statements = statements
        self._driver: Any = core.connection.dbapi_connection

    def run(self, statement: str, values: Mapping[str, object]) -> Any:  # noqa: ANN401 - the driver's cursor
        """Execute a statement, and return the cursor."""
        return self._driver.execute(statement, values)

    def row(self, code: str, *, lock: bool = False) -> ExchangeRow | None:
        """Return the row of an exchange, and hold it until the end of the transaction if it is to be changed."""
        statement = self.statements.locked_row if lock else self.statements.row
        found = self.run(statement, {"code": code}).fetchone()
        return None if found is None else ExchangeRow._make(found)

    def write(
        self,
        told: Mapping[str, object],
        moved: Mapping[str, object],
        answer: Mapping[str, object] | None,
        *,
        closes: bool,
    ) -> int:
        """Add an event, move the row of its exchange, and add the answer; return how many rows were moved: one or none.

        Args:
            told: the event's row.
            moved: the values of the move.
            answer: the answer's row; None where nobody asked.
            closes: whether the exchange is no longer open, so that its device is free.
        """
        statements = self.statements
        if statements.write is not None and answer is not None:  # one statement: each costs a way to the server
            statement = statements.write_and_close if closes else statements.write
            return int(self.run(statement, {**answer, **told, **moved}).rowcount)
        self.run(statements.add_event, told)
        done = int(self.run(statements.move, moved).rowcount)
        if closes:
            self.run(statements.close_tokens, moved)
        if answer is not None:
            self.run(statements.add_answer, answer)
        return done
