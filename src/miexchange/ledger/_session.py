"""A connection, and the few statements of every transition as the driver itself takes them.

SQLAlchemy makes the statements, knows both dialects, and opens the connections. What every transition needs is
compiled once and handed to the driver, its begin and commit too: SQLAlchemy's own way costs 20 to 30 microseconds
more for a statement, of which a transition has four.
"""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.exc import SQLAlchemyError

from miexchange.ledger import _sql as sql
from miexchange.ledger._engine import VERB, Conflict, is_lost, is_shared, translated, turn
from miexchange.ledger._errors import BusyError, LedgerError
from miexchange.ledger._forks import File
from miexchange.ledger._observing import LOG, quicker
from miexchange.ledger._schema import answers, device_tokens, events, exchanges, feed_queue
from miexchange.ledger._seals import Tally, bucket_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType

    from sqlalchemy import Connection, Dialect, Engine, Executable, Table

    from miexchange.ledger._engine import Outcome

__all__ = ["TRIES", "AnswerRow", "ExchangeRow", "Session", "Sessions"]

_IDLE = 8
TRIES = 20
"""Attempts of a transaction, where somebody else was quicker each time."""

_T = TypeVar("_T")


class ExchangeRow(NamedTuple):
    """A row of the table ``exchanges``."""

    code: str
    account: str
    state: str
    version: int
    order_id: str | None
    due_us: int | None
    at_us: int
    value_minor: int
    currency: str
    key_id: str
    head: str
    programme: str
    began_us: int
    past_order: str | None
    seat: int


_WIDTH = len(ExchangeRow._fields)


class AnswerRow(NamedTuple):
    """A row of the table ``answers``."""

    asker: str
    verb: str
    request: str
    fingerprint: str
    at_us: int
    code: str | None
    version: int | None
    refusal: str | None
    is_public: bool
    is_final: bool
    epoch: int
    seal: str


class OfTokens:
    """A statement that asks for some tokens, as the driver takes it."""

    def __init__(self, text: str, kind: str) -> None:
        """Take it apart at its list; `kind` is the dialect's name."""
        self._before, self._after = text.split("IN (__[POSTCOMPILE_tokens])")
        self._is_array = kind == "postgresql"

    def of(self, tokens: Sequence[str]) -> tuple[str, dict[str, object]]:
        """Return the statement for some tokens, with these as its values."""
        if self._is_array:
            return f"{self._before}= ANY(%(tokens)s){self._after}", {"tokens": list(tokens)}
        values: dict[str, object] = {f"token{number}": token for number, token in enumerate(tokens)}
        return f"{self._before}IN ({', '.join(f':{name}' for name in values)}){self._after}", values


class Statements:
    """The texts of the statements of every transition, for one kind of database."""

    def __init__(self, kind: str) -> None:
        """Compile them; `kind` is the dialect's name."""
        dialect: Dialect = (
            psycopg.dialect(paramstyle="pyformat") if kind == "postgresql" else sqlite.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
        )

        def text(statement: Executable) -> str:
            return str(statement.compile(dialect=dialect))  # type: ignore[attr-defined]

        self.begin = "BEGIN" if kind == "postgresql" else "BEGIN IMMEDIATE"
        self.row = text(sql.ROW)
        self.one_answer = text(sql.ANSWER)
        self.bought = OfTokens(text(sql.BOUGHT), kind)
        self.after_adding = OfTokens(text(sql.AFTER_ADDING), kind)
        self.locked_row = text(sql.LOCKED_ROW)
        self.locked_tally = text(sql.LOCKED_TALLY)
        self.count = text(sql.COUNT)
        self.drop_answer = text(sql.DROP_ANSWER)
        self.add = text(sql.ADD)
        self.add_token = text(sql.ADD_TOKEN)
        self.add_event = text(sql.ADD_EVENT)
        self.queue = text(sql.QUEUE)
        self.add_answer = text(sql.ADD_ANSWER)
        self.move = text(sql.MOVE)
        self.close_tokens = text(sql.CLOSE_TOKENS)
        in_one = kind == "postgresql"
        self.answer_alone = text(sql.ANSWER_ALONE) if in_one else None
        self.add_all = text(sql.ADD_ALL) if in_one else None
        self.write = text(sql.WRITE) if in_one else None
        self.write_and_close = text(sql.WRITE_AND_CLOSE) if in_one else ""
        self.rows = {
            exchanges.name: self.add,
            device_tokens.name: self.add_token,
            events.name: self.add_event,
            answers.name: self.add_answer,
            feed_queue.name: self.queue,
        }
        self.rows_in_one = sql.ADD_ROWS if in_one else None


_statements_of = cache(Statements)
"""The statements of a kind of database, compiled once in a process and not by every ledger that is opened."""


class Session:
    """A connection in use. Each statement stands by itself, but for those between `begin` and `commit` or `rollback`.

    Attributes:
        core: the same connection as SQLAlchemy knows it, for whatever is asked seldom.
        statements: what can be handed to `run`.
        held: the rows of the running count that the transaction holds, by their numbers.
        made: the kinds of the events that the transaction wrote.
        is_heard: whether somebody listens to the statements of the engine, as of when the session was lent.
    """

    __slots__ = ("_driver", "core", "held", "is_heard", "made", "statements")

    def __init__(self, core: Connection, statements: Statements) -> None:
        """Take the driver's connection out of SQLAlchemy's."""
        self.core = core
        self.statements = statements
        self.held: dict[int, Tally] = {}
        self.made: list[str] = []
        self.is_heard = False
        self._driver: Any = core.connection.dbapi_connection

    def begin(self) -> None:
        """Begin a transaction; SQLite's takes the write lock at once."""
        self.held.clear()
        self.made = []  # a new one: the last may still be read, when the session is another's
        begin = partial(self.core.exec_driver_sql if self.is_heard else self._driver.execute, self.statements.begin)
        if isinstance(self._driver, File):
            self._driver.begin_writing(begin)
        else:
            begin()

    def be_patient(self) -> None:
        """Wait for others by SQLite's own retries, which readers need."""
        if isinstance(self._driver, File):
            self._driver.be_patient()

    def commit(self) -> None:
        """End it, with all that it did."""
        self._driver.commit()

    def rollback(self) -> None:
        """End it, with nothing."""
        self._driver.rollback()

    def run(self, statement: str, values: Mapping[str, object]) -> Any:  # noqa: ANN401 - the driver's cursor
        """Execute a statement, and return the cursor; where somebody listens to the engine, by SQLAlchemy's way."""
        if self.is_heard:
            return self.core.exec_driver_sql(statement, dict(values))
        return self._driver.execute(statement, values)

    def run_all(self, statement: str, values: Sequence[Mapping[str, object]]) -> None:
        """Execute a statement for many rows."""
        if self.is_heard:
            self.core.exec_driver_sql(statement, [dict(row) for row in values])
        else:
            self._driver.executemany(statement, values)

    def row(self, code: str, *, lock: bool = False) -> ExchangeRow | None:
        """Return the row of an exchange; hold it, and its row of the running count, if it is to be changed."""
        if not lock:
            found = self.run(self.statements.row, {"code": code}).fetchone()
            return None if found is None else ExchangeRow._make(found)
        bucket = bucket_of(code)
        found = self.run(self.statements.locked_row, {"code": code, "bucket": bucket}).fetchone()
        if found is None:
            raise _uncounted(bucket)
        self.held[bucket] = Tally(*found[_WIDTH:])
        return None if found[0] is None else ExchangeRow._make(found[:_WIDTH])

    def tally(self, bucket: int) -> Tally:
        """Return a row of the running count, and hold it until the end of the transaction."""
        if (held := self.held.get(bucket)) is not None:
            return held
        found = self.run(self.statements.locked_tally, {"bucket": bucket}).fetchone()
        if found is None:
            raise _uncounted(bucket)
        self.held[bucket] = Tally(*found)
        return self.held[bucket]

    def hold(self, buckets: set[int]) -> None:
        """Hold several rows of the running count, in the order in which everybody takes them."""
        for found in self.core.execute(sql.LOCKED_TALLIES, {"buckets": sorted(buckets)}):
            self.held[found.bucket] = Tally(*found)

    def answers(self, scopes: Sequence[tuple[str, str, str]]) -> list[AnswerRow]:
        """Return the answers of many requests, by their primary keys; on a server by one statement.

        SQLite reads the whole table for a list of keys with several columns, and is asked for one after the other.
        """
        if self.statements.rows_in_one is not None:
            return [AnswerRow._make(found) for found in self.core.execute(sql.ANSWERS, {"scopes": scopes})]
        statement, names = self.statements.one_answer, ("asker", "verb", "request")
        asked = (self.run(statement, dict(zip(names, scope, strict=True))).fetchone() for scope in scopes)
        return [AnswerRow._make(found) for found in asked if found is not None]

    def bought(self, tokens: Sequence[str], code: str) -> int | None:
        """Return when a device was bought last by another exchange than that of a code; None if it was not."""
        statement, values = self.statements.bought.of(tokens)
        us: int | None = self.run(statement, {**values, "code": code}).fetchone()[0]
        return us

    def after_adding(self, row: Mapping[str, object], tokens: Sequence[str], devices: int) -> tuple[int | None, bool]:
        """Return what was committed while an index made the transaction wait that added an exchange, in one statement.

        Args:
            row: the row of the exchange.
            tokens: the device's tokens.
            devices: how many open exchanges its terms allow an account.

        Returns:
            When the device was bought last, as of `bought`; and whether the account has an open exchange in a seat
            that these terms do not have.
        """
        statement, values = self.statements.after_adding.of(tokens)
        values |= {"code": row["code"], "account": row["account"], "devices": devices}
        us, is_beyond = self.run(statement, values).fetchone()
        return us, bool(is_beyond)

    def drop_answer(self, scope: Mapping[str, object], counted: Mapping[str, object]) -> None:
        """Remove an answer.

        Args:
            scope: its primary key.
            counted: the values of the running count after it.
        """
        self.run(self.statements.drop_answer, scope)
        self.run(self.statements.count, counted)

    def answer(self, answer: Mapping[str, object], counted: Mapping[str, object]) -> None:
        """Add an answer alone.

        Args:
            answer: its row.
            counted: the values of the running count after it.
        """
        if self.statements.answer_alone is not None:
            self.run(self.statements.answer_alone, {**answer, **counted})
            return
        self.run(self.statements.add_answer, answer)
        self.run(self.statements.count, counted)

    def add(
        self,
        row: Mapping[str, object],
        tokens: Sequence[str],
        told: Mapping[str, object],
        answer: Mapping[str, object],
        counted: Mapping[str, object],
    ) -> None:
        """Add a new exchange.

        Args:
            row: its row.
            tokens: the device's tokens.
            told: the event's row.
            answer: the answer's row.
            counted: the values of the running count after it.
        """
        statements = self.statements
        if statements.add_all is not None:  # one statement: each costs a way to the server
            asked = {**answer, "asked_us": answer["at_us"]}
            self.run(statements.add_all, {**asked, **told, **row, **counted, "tokens": list(tokens)})
            return
        self.run(statements.add, row)
        for token in tokens:
            self.run(statements.add_token, {"code": row["code"], "token": token, "is_open": True, "bought_us": None})
        self.run(statements.add_event, told)
        self.run(statements.queue, told)
        self.run(statements.add_answer, answer)
        self.run(statements.count, counted)

    def add_rows(self, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
        """Add many rows; on a server in one statement."""
        if not rows:
            return
        if self.statements.rows_in_one is not None:
            self.core.execute(self.statements.rows_in_one[table.name], {"rows": json.dumps(rows)})
        else:
            self.run_all(self.statements.rows[table.name], rows)

    def count(self, counted: Sequence[Mapping[str, object]]) -> None:
        """Write many rows of the running count; on a server in one statement.

        Args:
            counted: their values, as of `Seals.counted`.
        """
        if self.statements.rows_in_one is None:
            self.run_all(self.statements.count, counted)
            return
        rows = [{name.removeprefix("tally_"): value for name, value in one.items()} for one in counted]
        self.core.execute(sql.COUNT_ALL, {"rows": json.dumps(rows)})

    def write(
        self,
        told: Mapping[str, object],
        moved: Mapping[str, object],
        answer: Mapping[str, object] | None,
        counted: Mapping[str, object],
        *,
        closes: bool,
    ) -> int:
        """Add an event, move the row of its exchange, and add the answer; return how many rows were moved: one or none.

        Args:
            told: the event's row.
            moved: the values of the move.
            answer: the answer's row; None where nobody asked.
            counted: the values of the running count after it.
            closes: whether the exchange is not open after it: its device is free, and bought or not.
        """
        statements = self.statements
        if statements.write is not None and answer is not None:  # as above
            statement = statements.write_and_close if closes else statements.write
            asked = {**answer, "asked_us": answer["at_us"]}
            return int(self.run(statement, {**asked, **told, **moved, **counted}).rowcount)
        self.run(statements.add_event, told)
        self.run(statements.queue, told)
        done = int(self.run(statements.move, moved).rowcount)
        if closes:
            self.run(statements.close_tokens, moved)
        if answer is not None:
            self.run(statements.add_answer, answer)
        self.run(statements.count, counted)
        return done


def _uncounted(bucket: int) -> LedgerError:
    what = f"Row {bucket} of the ledger's running count is missing"
    return LedgerError(what, "Run miexchange ledger verify, and do not write to the ledger before it is clean")


class Sessions:
    """The sessions of a ledger: a few are kept at hand, because taking one from SQLAlchemy's pool costs more."""

    def __init__(self, engine: Engine, plain: Engine) -> None:
        """Open none yet.

        Args:
            engine: one of `miexchange.ledger._engine.reading`.
            plain: the engine of which it is a view: whoever listens listens to that.
        """
        self._engine = engine
        self._listeners = plain.dispatch
        self._most = 0 if is_shared(engine) else _IDLE  # a pool that others use, too, may be small
        self._statements = _statements_of(engine.dialect.name)
        self._idle: list[Session] = []

    def take(self) -> Session:
        """Lend a session, to be kept or dropped by the one who takes it."""
        try:
            session = self._idle.pop()
        except IndexError:
            session = Session(self._engine.connect(), self._statements)
        listeners = self._listeners
        session.is_heard = bool(listeners.before_cursor_execute or listeners.after_cursor_execute)
        return session

    def keep(self, session: Session) -> None:
        """Take back a session that is in no transaction."""
        if len(self._idle) < self._most:
            self._idle.append(session)
        else:
            session.core.close()

    def drop(self, session: Session) -> None:
        """Close a session that cannot be used any more, and those at hand: what it lost, they lost too."""
        with suppress(SQLAlchemyError):  # who learns of a lost connection, and then lends no older one of its pool
            session.core.exec_driver_sql("SELECT 1")
        dropped = (session, *self._emptied())
        LOG.warning("A connection is given up, and %d more that were at hand", len(dropped) - 1)
        with ExitStack() as each:  # an interrupt of one leaves none of the others open
            for one in dropped:
                each.callback(one.core.close)
                each.callback(one.core.invalidate)

    def close(self) -> None:
        """Close the sessions at hand."""
        for one in self._emptied():
            one.core.close()

    def start_anew(self) -> list[Session]:
        """Forget the sessions at hand, and return them: in a child they are the parent's."""
        inherited, self._idle = self._idle, []
        return inherited

    def _emptied(self) -> Iterator[Session]:
        while self._idle:
            yield self._idle.pop()

    def lent(self) -> _Loan:
        """Lend a session for a block."""
        return _Loan(self)

    @contextmanager
    def transaction(self, outcome: Outcome = VERB) -> Iterator[Session]:
        """Lend a session for a block, and commit what the block did, or nothing of it.

        Args:
            outcome: what an error says of it.
        """
        with turn(self._engine, outcome):
            yield from self._transaction(outcome)

    def _transaction(self, outcome: Outcome) -> Iterator[Session]:
        with translated(outcome):
            session = self._begun()
        try:
            with translated(outcome):
                yield session
        except BaseException:
            self._undo(session)
            raise
        try:
            with translated(outcome, is_commit=True):
                session.commit()
        except Conflict:
            self._undo(session)
            raise
        except BaseException:  # also an interrupt: in what state the connection is, nobody knows
            LOG.error("A commit was not answered: whether it was done is not known")
            self.drop(session)
            raise
        self.keep(session)

    def settled(self, work: Callable[[Session, int], _T], outcome: Outcome = VERB) -> _T:
        """Do work in a transaction, and again where somebody was quicker.

        Args:
            work: gets the session and the number of the attempt, from 0.
            outcome: as of `transaction`.

        Raises:
            BusyError: others were quicker every time.
        """
        for number in range(TRIES):
            try:
                with self.transaction(outcome) as session:
                    return work(session, number)
            except Conflict:
                quicker(number + 1)
        raise BusyError("The ledger is too busy: others were quicker every time", "Try again")

    def _begun(self) -> Session:
        """Begin a transaction; once more, with a new connection, where one was lost while nobody used it."""
        is_new = False
        while True:
            session = self.take()
            try:
                session.begin()
            except BaseException as error:
                self._undo(session)
                if is_new or not is_lost(error):
                    raise
                is_new = True
            else:
                return session

    def _undo(self, session: Session) -> None:
        try:
            session.rollback()
        except Exception:  # noqa: BLE001 - a connection that cannot do this is lost, and the database rolls back itself
            self.drop(session)
        else:
            self.keep(session)


class _Loan:
    """A session for a block. A class: a generator costs more, and a look-up takes few microseconds in all."""

    __slots__ = ("_session", "_sessions")

    def __init__(self, sessions: Sessions) -> None:
        """Lend none yet."""
        self._sessions = sessions

    def __enter__(self) -> Session:
        """Lend a session."""
        self._session = self._sessions.take()
        self._session.be_patient()
        return self._session

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it back, unless the block failed."""
        if kind is None:
            self._sessions.keep(self._session)
        else:
            self._sessions.drop(self._session)
