"""What a verb asks the database is found by an index, so that its cost does not grow with the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, insert, text

from ledger.shop import accepted, code
from miexchange.exchange import OPEN, State
from miexchange.ledger import _schema as tables
from miexchange.ledger import _sql as sql
from miexchange.ledger._schema import exchanges

if TYPE_CHECKING:
    from sqlalchemy import Executable

    from miexchange.ledger import Ledger

MANY = 5_000
STATEMENTS: dict[str, tuple[Executable, dict[str, Any], str]] = {
    "a look-up by code": (sql.ROW, {"code": code(1)}, "exchanges_pkey|PRIMARY KEY"),
    "a look-up to change": (sql.LOCKED_ROW, {"code": code(1), "bucket": 7}, "exchanges_pkey|PRIMARY KEY"),
    "a row of the running count": (sql.LOCKED_TALLY, {"bucket": 7}, "tallies_pkey|PRIMARY KEY"),
    "a history": (sql.HISTORY, {"code": code(1)}, "events_pkey|PRIMARY KEY"),
    "a first answer": (sql.ANSWER, {"asker": "a", "verb": "accept", "request": "accept-1"}, "answers_pkey|PRIMARY KEY"),
    "the open exchange of an account": (sql.OPEN_OF_ACCOUNT, {"account": "account-1"}, "exchanges_open_account"),
    "the open exchange of a device": (sql.OPEN_OF_DEVICE, {"tokens": ["a", "b"]}, "device_tokens_open"),
    "the coupon of an order": (sql.OF_ORDER, {"order_id": "order-1"}, "exchanges_order"),
    "what is due": (sql.DUE, {"at_us": 50, "last_us": 0, "last_code": ""}, "exchanges_due"),
    "a move": (
        sql.MOVE,
        {"of_code": code(1), "of_version": 1, **{f"new_{name}": None for name in sql.MOVING}},
        "exchanges_pkey|PRIMARY KEY",
    ),
    "the tokens of a closed exchange": (
        sql.CLOSE_TOKENS,
        {"of_code": code(1), "bought_us": None},
        "device_tokens_pkey|PRIMARY KEY",
    ),
}


@pytest.fixture
def crowded(store: Ledger) -> Ledger:
    """Give a ledger with rows enough that a planner prefers an index."""
    accepted(store, 1)
    rows = [
        {
            "code": f"{number:017}",
            "account": f"a{number}",
            "state": (OPEN[0] if number % 2 else State.EXPIRED).value,
            "version": 1,
            "order_id": f"o{number}",
            "due_us": number * 1_000,
            "at_us": 0,
            "value_minor": 1,
            "key_id": "k",
            "head": "h",
        }
        for number in range(MANY)
    ]
    tokens = [{"code": f"{number:017}", "token": f"t{number}", "is_open": True} for number in range(MANY)]
    told = [
        {"code": row["code"], "version": 1, "kind": "x", "at_us": 0, "body": "", "key_id": "", "hash": ""}
        for row in rows
    ]
    answer = {"asker": "", "verb": "", "fingerprint": "", "at_us": 0, "is_public": False, "is_final": True}
    given = [{**answer, "request": row["account"], "epoch": 0, "seal": ""} for row in rows]
    with store.engine.begin() as connection:
        connection.execute(insert(exchanges), rows)
        connection.execute(insert(tables.device_tokens), tokens)
        connection.execute(insert(tables.events), told)
        connection.execute(insert(tables.answers), given)
        connection.execute(text("ANALYZE"))
    return store


def plan(store: Ledger, statement: Executable, values: dict[str, Any]) -> str:
    """Return how the database would execute a statement."""
    how = "EXPLAIN QUERY PLAN" if store.engine.dialect.name == "sqlite" else "EXPLAIN"

    def explain(_connection: object, _cursor: object, written: str, parameters: Any, *_: object) -> tuple[str, Any]:  # noqa: ANN401 - the driver's
        return f"{how} {written}", parameters

    with store.engine.connect() as connection:
        event.listen(connection, "before_cursor_execute", explain, retval=True)
        cursor = connection.execute(statement, values).cursor
        assert cursor is not None
        return "\n".join(map(str, cursor.fetchall()))


def test_every_statement_of_a_verb_uses_its_index(crowded: Ledger) -> None:
    for name, (statement, values, index) in STATEMENTS.items():
        told = plan(crowded, statement, values)
        assert any(word in told for word in index.split("|")), f"{name}: {told}"
        assert "SCAN" not in told, f"{name}: {told}"
        assert "Seq Scan" not in told, f"{name}: {told}"
