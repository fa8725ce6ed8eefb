"""The statements of the ledger. Each is made once, and SQLAlchemy then compiles each once, too."""

from __future__ import annotations

from sqlalchemy import ARRAY, bindparam, case, cast, false, func, insert, select, true, tuple_, update

from miexchange.exchange import OPEN, State
from miexchange.ledger._schema import IS_OPEN, TOKEN_IS_OPEN, answers, device_tokens, events, exchanges

__all__ = [
    "ADD",
    "ADD_ALL",
    "ADD_ANSWER",
    "ADD_EVENT",
    "ADD_TOKEN",
    "ANSWER",
    "BATCH",
    "CLOSE_TOKENS",
    "DUE",
    "EXPOSURE",
    "HISTORY",
    "HISTORY_TO",
    "LOCKED_ROW",
    "LOCKED_ROWS",
    "MOVE",
    "MOVING",
    "OF_ORDER",
    "OPEN_OF_ACCOUNT",
    "OPEN_OF_DEVICE",
    "OPEN_STATES",
    "ROW",
    "ROWS",
    "WRITE",
    "WRITE_AND_CLOSE",
]

OPEN_STATES = tuple(state.value for state in OPEN)
BATCH = 20
"""How many exchanges a sweep ends in one transaction: few, because on SQLite everybody else waits for it."""

_US_OF_A_DAY = 86_400_000_000

MOVING = ("state", "version", "order_id", "due_us", "at_us", "head")

ROW = select(exchanges).where(exchanges.c.code == bindparam("code"))
LOCKED_ROW = ROW.with_for_update()
ROWS = select(exchanges).where(exchanges.c.code.in_(bindparam("codes", expanding=True))).order_by(exchanges.c.code)
LOCKED_ROWS = ROWS.with_for_update(skip_locked=True)
HISTORY = select(events).where(events.c.code == bindparam("code")).order_by(events.c.version)
HISTORY_TO = HISTORY.where(events.c.version <= bindparam("version"))
ANSWER = select(answers).where(answers.c.request == bindparam("request"))
OF_ORDER = select(exchanges.c.code).where(exchanges.c.order_id == bindparam("order_id"))
DUE = (
    select(exchanges.c.due_us, exchanges.c.code)
    .where(
        exchanges.c.due_us <= bindparam("at_us"),
        tuple_(exchanges.c.due_us, exchanges.c.code) > tuple_(bindparam("last_us"), bindparam("last_code")),
    )
    .order_by(exchanges.c.due_us, exchanges.c.code)
    .limit(BATCH)
)
ADD = insert(exchanges)
ADD_EVENT = insert(events)
ADD_TOKEN = insert(device_tokens)
ADD_ANSWER = insert(answers)
MOVE = (
    update(exchanges)
    .where(exchanges.c.code == bindparam("of_code"), exchanges.c.version == bindparam("of_version"))
    .values({name: bindparam(f"new_{name}") for name in MOVING})
)
CLOSE_TOKENS = update(device_tokens).where(device_tokens.c.code == bindparam("of_code")).values(is_open=false())
OPEN_OF_ACCOUNT = select(exchanges.c.code).where(exchanges.c.account == bindparam("account"), IS_OPEN)
OPEN_OF_DEVICE = select(device_tokens.c.code).where(
    device_tokens.c.token.in_(bindparam("tokens", expanding=True)), TOKEN_IS_OPEN
)
_day = case(
    (exchanges.c.state == State.ISSUED.value, (exchanges.c.due_us + bindparam("offset_us")) // _US_OF_A_DAY)
).label("day")
EXPOSURE = (
    select(_day, func.count().label("coupons"), func.sum(exchanges.c.value_paise).label("value"))
    .where(IS_OPEN)
    .group_by(_day)
)

# PostgreSQL can do in one statement what a transition writes. Exchange, event and answer have their code, version,
# instant, key and request in common, so they share these parameters.
_told = insert(events).values({column.name: bindparam(column.name) for column in events.c}).cte("told")
_given = insert(answers).values({column.name: bindparam(column.name) for column in answers.c}).cte("given")
WRITE = MOVE.add_cte(_told, _given)
_tokens = (
    insert(device_tokens)
    .from_select(
        ["code", "token", "is_open"],
        select(
            bindparam("code", type_=device_tokens.c.code.type),
            func.unnest(cast(bindparam("tokens"), ARRAY(device_tokens.c.token.type))),
            true(),
        ),
    )
    .cte("tokens")
)
ADD_ALL = ADD.values({column.name: bindparam(column.name) for column in exchanges.c}).add_cte(_told, _given, _tokens)
WRITE_AND_CLOSE = WRITE.add_cte(CLOSE_TOKENS.cte("closed"))
