"""A ledger's sessions as SQLAlchemy by itself would keep them: with its pool, and with its own way to execute.

Both are what `miexchange.ledger._session` does without, so that what that saves can be measured.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import psycopg

from miexchange.ledger import _sql as sql
from miexchange.ledger._engine import reading
from miexchange.ledger._schema import feed_queue
from miexchange.ledger._session import Session, Sessions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine, Executable

    from miexchange.ledger._session import _Loan

__all__ = ["CoreSessions", "PooledSessions"]

_ONE = ("row", "locked_row", "locked_tally", "count", "drop_answer", "add", "add_token", "add_event", "add_answer")
_SEVERAL = ("answer_alone", "add_all", "write", "write_and_close")


class PooledSessions(Sessions):
    """SQLAlchemy's pool, and statements as the driver takes them."""

    def __init__(self, engine: Engine) -> None:
        """Take the engine of a ledger."""
        super().__init__(reading(engine), engine)

    def keep(self, session: Session) -> None:
        """Give the connection back."""
        session.core.close()


class _CoreSession(Session):
    """A connection that executes SQLAlchemy's own statements; its transaction begins with the first of them."""

    __slots__ = ()

    def begin(self) -> None:
        self.held.clear()
        self.made = []

    def commit(self) -> None:
        self.core.commit()

    def rollback(self) -> None:
        self.core.rollback()

    def run(self, statement: Any, values: Mapping[str, object]) -> Any:  # noqa: ANN401 - of SQLAlchemy's
        made, names = statement if isinstance(statement, tuple) else (statement, None)
        if names is None:
            return self.core.exec_driver_sql(made, dict(values))
        return self.core.execute(made, {name: value for name, value in values.items() if name in names})


class CoreSessions(PooledSessions):
    """SQLAlchemy's pool and its own way to execute."""

    def __init__(self, engine: Engine, *, writes: bool = True) -> None:
        """Take the engine of a ledger, or for what is only read a view of it."""
        Sessions.__init__(self, engine, engine)
        self._readers = CoreSessions(reading(engine), writes=False) if writes else self
        made: Any = copy(self._statements)  # of a kind of database there is one in the process
        self._statements = made
        for name in (*_ONE, "move", "close_tokens"):
            statement: Executable = getattr(sql, name.upper())
            setattr(made, name, (statement, frozenset(statement.compile().params)))  # type: ignore[attr-defined]
        made.queue = (insert(feed_queue), frozenset({"code", "version"}))
        if engine.dialect.name == "postgresql":  # several in one, in which Core refuses some names of parameters
            dialect = psycopg.dialect(paramstyle="pyformat")  # type: ignore[no-untyped-call]
            for name in _SEVERAL:
                setattr(made, name, (str(getattr(sql, name.upper()).compile(dialect=dialect)), None))

    def take(self) -> Session:
        """Take a connection out of the pool."""
        return _CoreSession(self._engine.connect(), self._statements)

    def lent(self) -> _Loan:
        """Lend a session that reads."""
        return Sessions.lent(self._readers)
