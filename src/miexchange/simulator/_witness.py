"""An independent reader of the database: rows are read without the ledger, and compared with the model."""

from __future__ import annotations

import json
from functools import cache
from time import sleep
from typing import TYPE_CHECKING, Any

from miexchange.coupon import device_token
from miexchange.ledger import LedgerError
from miexchange.simulator._model import Broken, Moved
from miexchange.simulator._shop import imei_of, instant_of, key_of, order_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miexchange.ledger import Ledger
    from miexchange.simulator._model import Life, Model
    from miexchange.simulator._shop import Scheme
    from miexchange.simulator._stage import Actor

__all__ = ["Witness"]

_EPOCH = int(instant_of(0).timestamp()) * 1_000_000
_QUEUE = "SELECT code, version FROM feed_queue ORDER BY id"
_EVENT = "SELECT kind, at_us, body, request FROM events WHERE code = ? AND version = ?"
_COLUMNS = "code, account, state, version, order_id, due_us, at_us, value_minor, past_order"
_ROW = f"SELECT {_COLUMNS} FROM exchanges WHERE code = ?"  # noqa: S608 - of the constant above
_ROWS = f"SELECT {_COLUMNS} FROM exchanges ORDER BY code"  # noqa: S608 - as above
_TOKENS = "SELECT code, token, is_open FROM device_tokens"
_EVENTS = "SELECT code, count(*), max(version) FROM events GROUP BY code"
_BLOCKERS = "SELECT unnest(pg_blocking_pids(?))"
_IS_THERE = "SELECT pid FROM pg_stat_activity WHERE pid = ?"
_TRIES, _PAUSE = 60_000, 0.001


@cache
def _token(sim: int) -> str:
    """Return the token of an IMEI in a ledger, independent of its present key."""
    return device_token(imei_of(sim), key=key_of(0))


class Witness:
    """A separate connection, which knows only the tables of the ledger."""

    def __init__(self, store: Ledger) -> None:
        """Connect to the database of a ledger."""
        self.is_server = store.engine.dialect.name == "postgresql"
        self._pooled = store.engine.raw_connection()
        driver: Any = self._pooled.driver_connection
        self._pooled.detach()  # its settings are its own
        if self.is_server:
            driver.autocommit = True
        self._driver = driver
        self._version = -1

    def close(self) -> None:
        """Close the connection."""
        self._pooled.close()

    def rows(self, query: str, *values: object) -> list[Any]:
        """Return the rows of a query; ``?`` stands for a value."""
        if self.is_server:
            query = query.replace("?", "%s")
        found: list[Any] = self._driver.execute(query, values).fetchall()
        return found

    def blockers(self, actor: Actor) -> list[int]:
        """Return the numbers of the server's processes for which a client's waits."""
        return [pid for (pid,) in self.rows(_BLOCKERS, actor.pid)]

    def wait_for_end(self, pid: int) -> None:
        """Wait until the server has ended the process of a cut connection, and rolled it back."""
        for _ in range(_TRIES):
            if not self.rows(_IS_THERE, pid):
                return
            sleep(_PAUSE)
        raise LedgerError(f"The server's process {pid} of a cut connection does not end", "Look at the server's log")

    def news(self, model: Model) -> Iterator[tuple[Moved, tuple[Any, ...]]]:
        """Yield the commits since the last call: each event, with the row of its exchange."""
        if not self.is_server:
            version = self.rows("PRAGMA data_version")[0][0]
            if version == self._version:
                return
            self._version = version
        for code, version in self.rows(_QUEUE):
            life = model.lives.get(code)
            if life is not None and life.version >= version:
                continue
            ((kind, at, body, request),) = self.rows(_EVENT, code, version)
            (row,) = self.rows(_ROW, code)
            yield Moved(code, version, kind, at - _EPOCH, json.loads(body), request), tuple(row)

    def compare(self, life: Life, row: tuple[Any, ...], scheme: Scheme) -> None:
        """Compare the row of an exchange with the fold of its events.

        Raises:
            Broken: they differ.
        """
        order = None if life.order is None else order_id(life.order, scheme)
        held = None if life.held is None else order
        due = None if life.due is None else life.due + _EPOCH
        should = (
            *(life.code, life.account, life.state, life.version, held, due, life.at + _EPOCH, life.value),
            order if held is None else None,
        )
        if row != should:
            raise Broken("a row is the fold of its events", f"the row is {row}, by the events {should}")

    def compare_all(self, model: Model) -> None:
        """Compare the whole database with the model.

        Raises:
            Broken: something is missing, surplus, or different.
        """
        rows = self.rows(_ROWS)
        if [row[0] for row in rows] != sorted(model.lives):
            raise Broken("every acknowledged transition is there", "exchanges are missing, or nobody asked for them")
        for row in rows:
            self.compare(model.lives[row[0]], tuple(row), model.scheme)
        events = {code: (count, last) for code, count, last in self.rows(_EVENTS)}
        tokens: dict[str, dict[str, bool]] = {}
        for code, token, is_open in self.rows(_TOKENS):
            tokens.setdefault(code, {})[token] = bool(is_open)
        for code, life in model.lives.items():
            if events.get(code) != (life.version, life.version):
                raise Broken("every acknowledged transition is there", f"{code[:4]} has events {events.get(code)}")
            known = tokens.get(code, {})
            missing = life.sims - {sim for sim in life.sims if _token(sim) in known}
            if missing or set(known.values()) != {life.is_open}:
                what = f"{code[:4]} lacks the IMEIs {sorted(missing)}, or is open by some and closed by others"
                raise Broken("a phone is known by all its IMEIs", what)
        given = {bonus: count for bonus, count in self.rows("SELECT bonus, given FROM quotas") if count}
        if given != {bonus: count for bonus, count in model.places.items() if count}:
            raise Broken("places are counted as they are taken", f"{given}, by the events {model.places}")
