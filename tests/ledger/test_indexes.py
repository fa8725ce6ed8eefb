"""What a verb asks the database is found by an index, so that its cost does not grow with the ledger."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, insert, text

from ledger.shop import accepted, code
from miexchange.exchange import OPEN, State
from miexchange.ledger import _feed
from miexchange.ledger import _schema as tables
from miexchange.ledger import _sql as sql
from miexchange.ledger._queries import Filters, statement
from miexchange.ledger._schema import exchanges
from miexchange.programme.limits import ACCOUNT, DEVICE

if TYPE_CHECKING:
    from sqlalchemy import Executable

    from miexchange.ledger import Ledger

MANY = 5_000
OF_TOKENS = "device_tokens_open|device_tokens_token"
STATEMENTS: dict[str, tuple[Executable, dict[str, Any], str]] = {
    "a look-up by code": (sql.ROW, {"code": code(1)}, "exchanges_pkey|PRIMARY KEY"),
    "a look-up to change": (sql.LOCKED_ROW, {"code": code(1), "bucket": 7}, "exchanges_pkey|PRIMARY KEY"),
    "a row of the running count": (sql.LOCKED_TALLY, {"bucket": 7}, "tallies_pkey|PRIMARY KEY"),
    "a history": (sql.HISTORY, {"code": code(1)}, "events_pkey|PRIMARY KEY"),
    "a first answer": (sql.ANSWER, {"asker": "a", "verb": "accept", "request": "accept-1"}, "answers_pkey|PRIMARY KEY"),
    "the open exchange of an account": (sql.OPEN_OF_ACCOUNT, {"account": "account-1"}, "exchanges_open_account"),
    "the open exchange of a device": (sql.OPEN_OF_DEVICE, {"tokens": ["a", "b"]}, OF_TOKENS),
    "what was bought": (sql.BOUGHT, {"tokens": ["a", "b"], "code": code(1)}, OF_TOKENS),
    "what was committed meanwhile": (
        sql.AFTER_ADDING,
        {"tokens": ["a", "b"], "code": code(1), "account": "account-1", "devices": 1},
        "exchanges_open_account",
    ),
    "the standing of a device": (sql.OF_TOKENS, {"tokens": ["a", "b"]}, OF_TOKENS),
    "the coupon of an order": (sql.OF_ORDER, {"order_id": "order-1"}, "exchanges_order"),
    "what is due": (sql.DUE, {"at_us": 50, "last_us": 0, "last_code": ""}, "exchanges_due"),
    "a page of the feed": (_feed._PAGE, {"number": 70, "most": 10}, "feed_pkey|feed USING INTEGER PRIMARY KEY"),  # noqa: SLF001 - a statement
    "open exchanges of accounts": (sql.OPEN_ACCOUNTS, {"accounts": ["a", "b"]}, "exchanges_open_account"),
    "open devices": (sql.OPEN_TOKENS, {"tokens": ["a", "b"]}, OF_TOKENS),
    "what was bought of many": (sql.BOUGHT_TOKENS, {"tokens": ["a", "b"]}, OF_TOKENS),
    "old answers": (
        sql.OLD_ANSWERS,
        {"before_us": 0, "last_us": -1, "last_asker": "", "last_verb": "", "last_request": ""},
        "answers_at",
    ),
    "what a limit counts of an account": (
        sql.BEGUN[ACCOUNT],
        {"those": ["a7"], "since": 0, "most": 3},
        "exchanges_account",
    ),
    "what a limit counts of a device": (
        sql.BEGUN[DEVICE],
        {"those": ["t7", "t8"], "since": 0, "most": 3},
        "device_tokens_token",
    ),
    "what a limit counts of a tag": (
        sql.BEGUN_OF_TAG,
        {"name": "store", "those": ["s7"], "since": 0, "most": 3},
        "tags_value",
    ),
    "what a person granted": (
        sql.GRANTED,
        {"role": "agent", "person": "p7", "currency": "INR", "since": 0},
        "overrides_person",
    ),
    "the places of bonuses": (sql.GIVEN, {"programme": "p7"}, "quotas_pkey|PRIMARY KEY"),
    "a place that is taken": (
        sql.TAKE_PLACES,
        {"of_programme": "p7", "of_bonus": "b", "most": 1, "taken": 1},
        "quotas_pkey|PRIMARY KEY",
    ),
    "a place that is given back": (
        sql.GIVE_PLACE,
        {"of_programme": "p7", "of_bonus": "b"},
        "quotas_pkey|PRIMARY KEY",
    ),
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

QUERIES = {
    "all": (Filters(), "exchanges_began"),
    "an account": (Filters(account="a7"), "exchanges_account"),
    "a state": (Filters(state="void"), "exchanges_state"),
    "a day": (Filters(began=(70, 80)), "exchanges_began"),
    "a device": (Filters(tokens=["t7", "t8"]), "device_tokens_token"),
    "an order": (Filters(order="o7"), "exchanges_past_order"),
    "a programme": (Filters(programme="p7"), "exchanges_programme"),
    "a state on a day": (Filters(state="void", began=(70, 80)), "exchanges_state|exchanges_began"),
}


@pytest.fixture
def crowded(store: Ledger) -> Ledger:
    """Give a ledger with rows enough that a planner prefers an index."""
    accepted(store, 1)
    rows = [
        {
            "code": f"{number:017}",
            "account": f"a{number}",
            "state": (OPEN[0] if number % 2 else State.EXPIRED if number % 100 else State.VOID).value,
            "version": 1,
            "order_id": f"o{number}",
            "due_us": number * 1_000,
            "at_us": 0,
            "value_minor": 1,
            "key_id": "k",
            "head": "h",
            "programme": f"p{number}",
            "began_us": number,
            "past_order": f"past{number}" if number % 2 else None,
        }
        for number in range(MANY)
    ]
    tokens = [{"code": f"{number:017}", "token": f"t{number}", "is_open": True} for number in range(MANY)]
    told = [
        {"code": row["code"], "version": 1, "kind": "x", "at_us": 0, "body": "", "key_id": "", "hash": ""}
        for row in rows
    ]
    tags = [{"code": row["code"], "name": "store", "value": f"s{row['began_us']}", "began_us": 1} for row in rows]
    granted = {"version": 2, "role": "agent", "currency": "INR", "more_minor": 1, "at_us": 1}
    overrides = [{"code": row["code"], "person": row["programme"], **granted} for row in rows]
    quotas = [{"programme": row["programme"], "bonus": "b", "given": 1} for row in rows]
    answer = {"asker": "", "verb": "", "fingerprint": "", "at_us": 0, "is_public": False, "is_final": True}
    given = [{**answer, "request": row["account"], "epoch": 0, "seal": ""} for row in rows]
    with store.engine.begin() as connection:
        connection.execute(insert(exchanges), rows)
        connection.execute(insert(tables.device_tokens), tokens)
        connection.execute(insert(tables.events), told)
        connection.execute(insert(tables.answers), given)
        connection.execute(insert(tables.tags), tags)
        connection.execute(insert(tables.overrides), overrides)
        connection.execute(insert(tables.quotas), quotas)
        places = [{"position": number, "code": row["code"], "version": 1} for number, row in enumerate(rows, 1)]
        connection.execute(insert(tables.feed), places)
        queued = [{"code": row["code"], "version": 2} for row in rows]
        connection.execute(insert(tables.feed_queue), queued)
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
    found: dict[str, tuple[Executable, dict[str, Any], str]] = {
        name: (statement(wanted).limit(100), {}, index)
        for name, (wanted, index) in QUERIES.items()
        if wanted != Filters()  # which walks along its index, and SQLite calls that a scan
    }
    found |= {
        f"{name}, the next page": (statement(wanted, (75, f"{75:017}")).limit(100), {}, index)
        for name, (wanted, index) in QUERIES.items()
    }
    if crowded.engine.dialect.name == "postgresql":  # SQLite is asked for one after the other
        scopes = {"scopes": [("a", "accept", "k1"), ("b", "accept", "k2")]}
        found["first answers"] = (sql.ANSWERS, scopes, "answers_pkey")
    for name, (query, values, index) in (STATEMENTS | found).items():
        told = plan(crowded, query, values)
        assert any(word in told for word in index.split("|")), f"{name}: {told}"
        assert not re.search(r"SCAN (?!anon_1|\(subquery)", told), (
            f"{name}: {told}"
        )  # that is of the few rows that were counted
        assert "Seq Scan" not in told, f"{name}: {told}"
