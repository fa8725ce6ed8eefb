"""The statements of the ledger. Each is made once, and SQLAlchemy then compiles each once, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    ARRAY,
    BigInteger,
    and_,
    bindparam,
    case,
    cast,
    delete,
    false,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    true,
    tuple_,
    update,
)

from miexchange.exchange import OPEN, State
from miexchange.ledger._schema import (
    IS_OPEN,
    TOKEN_IS_OPEN,
    answers,
    device_tokens,
    events,
    exchanges,
    feed_queue,
    forgotten,
    overrides,
    programmes,
    quotas,
    tags,
    tallies,
)
from miexchange.programme.limits import ACCOUNT, DEVICE

if TYPE_CHECKING:
    from sqlalchemy import CTE, BindParameter, Column, ColumnElement, Insert, Select, Table, TextClause

__all__ = [
    "ADD",
    "ADD_ALL",
    "ADD_ANSWER",
    "ADD_EVENT",
    "ADD_OVERRIDE",
    "ADD_ROWS",
    "ADD_TOKEN",
    "AFTER_ADDING",
    "ANSWER",
    "ANSWERS",
    "ANSWER_ALONE",
    "AT_ONCE",
    "BATCH",
    "BOUGHT",
    "BOUGHT_TOKENS",
    "CLOSE_TOKENS",
    "COUNT",
    "COUNT_ALL",
    "DIGESTS",
    "DROP_ANSWER",
    "DUE",
    "EXPOSURE",
    "EXPOSURE_OF_A_MINUTE",
    "FIRST_PLACE",
    "FORGET_AGAIN",
    "FORGOTTEN_IN",
    "GIVEN",
    "GIVE_PLACE",
    "GRANTED",
    "HISTORY",
    "HISTORY_TO",
    "HOLD",
    "IS_KEPT",
    "KEEP",
    "LAST_EVENTS",
    "LOCKED_ROW",
    "LOCKED_ROWS",
    "LOCKED_TALLIES",
    "LOCKED_TALLY",
    "MOVE",
    "MOVING",
    "OF_ORDER",
    "OF_TOKENS",
    "OLD_ANSWERS",
    "OPEN_ACCOUNTS",
    "OPEN_OF_ACCOUNT",
    "OPEN_OF_DEVICE",
    "OPEN_STATES",
    "OPEN_TOKENS",
    "PROGRAMME",
    "QUEUE",
    "ROW",
    "ROWS",
    "TAKE_PLACES",
    "US_OF_A_MINUTE",
    "WRITE",
    "WRITE_AND_CLOSE",
]

OPEN_STATES = tuple(state.value for state in OPEN)
BATCH = 20
"""The number of exchanges that a sweep ends in one transaction: few, because on SQLite all others wait for it."""

AT_ONCE = 100
"""The number of old answers that are removed in one transaction."""

US_OF_A_MINUTE = 60_000_000

MOVING = ("state", "version", "order_id", "due_us", "at_us", "value_minor", "head", "past_order")

ROW = select(exchanges).where(exchanges.c.code == bindparam("code"))
# PostgreSQL locks the exchange first and the count then; every transaction that locks both does so in this order.
_held = ROW.with_for_update().subquery("held")
LOCKED_ROW = (
    select(_held, tallies)
    .select_from(tallies.outerjoin(_held, true()))
    .where(tallies.c.bucket == bindparam("bucket"))
    .with_for_update(of=tallies)
)
LOCKED_TALLY = select(tallies).where(tallies.c.bucket == bindparam("bucket")).with_for_update()
LOCKED_TALLIES = (
    select(tallies)
    .where(tallies.c.bucket.in_(bindparam("buckets", expanding=True)))
    .order_by(tallies.c.bucket)
    .with_for_update()
)
ROWS = select(exchanges).where(exchanges.c.code.in_(bindparam("codes", expanding=True))).order_by(exchanges.c.code)
LOCKED_ROWS = ROWS.with_for_update(skip_locked=True)
HISTORY = select(events).where(events.c.code == bindparam("code")).order_by(events.c.version)
HISTORY_TO = HISTORY.where(events.c.version <= bindparam("version"))
ANSWER = select(answers).where(
    answers.c.asker == bindparam("asker"),
    answers.c.verb == bindparam("verb"),
    answers.c.request == bindparam("request"),
)
ANSWERS = select(answers).where(
    tuple_(answers.c.asker, answers.c.verb, answers.c.request).in_(bindparam("scopes", expanding=True))
)
_old = (
    select(answers)
    .outerjoin(exchanges, exchanges.c.code == answers.c.code)
    .where(
        answers.c.at_us < bindparam("before_us"),
        or_(exchanges.c.code.is_(None), exchanges.c.state.not_in(OPEN_STATES)),
    )
)
_scope = (answers.c.asker, answers.c.verb, answers.c.request)
OLD_ANSWERS = (
    _old.where(
        answers.c.at_us >= bindparam("last_us"),  # by which the index is entered; the next line alone does not do it
        tuple_(answers.c.at_us, *_scope)
        > tuple_(*(bindparam(f"last_{name}") for name in ("us", "asker", "verb", "request"))),
    )
    .order_by(answers.c.at_us, *_scope)
    .limit(AT_ONCE)
)
FORGOTTEN_IN = select(forgotten).where(forgotten.c.removed_in == bindparam("epoch"))
FORGET_AGAIN = (
    update(forgotten)
    .where(forgotten.c.removed_in == bindparam("the_removed_in"), forgotten.c.made_in == bindparam("the_made_in"))
    .values(answers=bindparam("the_answers"), before_us=bindparam("the_before_us"))
)
_then = (
    select(events.c.code, func.max(events.c.version).label("version"))
    .where(events.c.epoch <= bindparam("epoch"))
    .group_by(events.c.code)
    .subquery("then")
)
LAST_EVENTS = select(events.c.code, events.c.version, events.c.hash).join(
    _then, and_(_then.c.code == events.c.code, _then.c.version == events.c.version)
)
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
QUEUE = insert(feed_queue).values(code=bindparam("code"), version=bindparam("version"))
ADD_TOKEN = insert(device_tokens)
ADD_ANSWER = insert(answers)
MOVE = (
    update(exchanges)
    .where(exchanges.c.code == bindparam("of_code"), exchanges.c.version == bindparam("of_version"))
    .values({name: bindparam(f"new_{name}") for name in MOVING})
)
CLOSE_TOKENS = (
    update(device_tokens)
    .where(device_tokens.c.code == bindparam("of_code"))
    .values(is_open=false(), bought_us=bindparam("bought_us"))
)
OPEN_OF_ACCOUNT = select(exchanges.c.seat).where(exchanges.c.account == bindparam("account"), IS_OPEN)
OPEN_OF_DEVICE = select(device_tokens.c.code).where(
    device_tokens.c.token.in_(bindparam("tokens", expanding=True)), TOKEN_IS_OPEN
)
BOUGHT = select(func.max(device_tokens.c.bought_us)).where(
    device_tokens.c.token.in_(bindparam("tokens", expanding=True)),
    device_tokens.c.bought_us.is_not(None),
    device_tokens.c.code != bindparam("code"),
)
_is_beyond = (
    select(literal_column("1"))
    .where(exchanges.c.account == bindparam("account"), exchanges.c.seat >= bindparam("devices"), IS_OPEN)
    .exists()
)
AFTER_ADDING = BOUGHT.add_columns(_is_beyond)
OPEN_ACCOUNTS = select(exchanges.c.account, exchanges.c.seat).where(
    exchanges.c.account.in_(bindparam("accounts", expanding=True)), IS_OPEN
)
OPEN_TOKENS = select(device_tokens.c.token).where(
    device_tokens.c.token.in_(bindparam("tokens", expanding=True)), TOKEN_IS_OPEN
)
BOUGHT_TOKENS = (
    select(device_tokens.c.token, func.max(device_tokens.c.bought_us).label("bought_us"))
    .where(
        device_tokens.c.token.in_(bindparam("tokens", expanding=True)),
        device_tokens.c.bought_us.is_not(None),
    )
    .group_by(device_tokens.c.token)
)


def _begun(whose: Column[str], *others: ColumnElement[bool]) -> Select[tuple[str, str, int]]:
    """Return the last exchanges of each of those that a limit counts by, with when they began."""
    since: BindParameter[int] = bindparam("since")
    of_each = func.row_number().over(partition_by=whose, order_by=exchanges.c.began_us.desc())
    counted = [exchanges.c.began_us > since, exchanges.c.state.not_in((State.EXPIRED.value, State.VOID.value))]
    if whose.table is not exchanges:
        counted.append(exchanges.c.code == whose.table.c.code)
    found = (
        select(whose.label("whose"), exchanges.c.code, exchanges.c.began_us, of_each.label("place"))
        .where(whose.in_(bindparam("those", expanding=True)), *counted, *others)
        .subquery()
    )
    return select(found.c.whose, found.c.code, found.c.began_us).where(found.c.place <= bindparam("most"))


BEGUN = {ACCOUNT: _begun(exchanges.c.account), DEVICE: _begun(device_tokens.c.token)}
BEGUN_OF_TAG = _begun(tags.c.value, tags.c.name == bindparam("name"), tags.c.began_us > bindparam("since"))
ADD_TAGS = insert(tags)
ADD_OVERRIDE = insert(overrides)
GRANTED = select(overrides.c.at_us, overrides.c.more_minor).where(
    overrides.c.role == bindparam("role"),
    overrides.c.person == bindparam("person"),
    overrides.c.currency == bindparam("currency"),
    overrides.c.at_us > bindparam("since"),
)
HOLD = select(func.pg_advisory_xact_lock(bindparam("number", type_=BigInteger)))
OF_TOKENS = select(device_tokens).where(device_tokens.c.token.in_(bindparam("tokens", expanding=True)))
GIVEN = select(quotas.c.bonus, quotas.c.given).where(quotas.c.programme == bindparam("programme"))
_place = (quotas.c.programme == bindparam("of_programme"), quotas.c.bonus == bindparam("of_bonus"))
TAKE_PLACES = (
    update(quotas).where(*_place, quotas.c.given <= bindparam("most")).values(given=quotas.c.given + bindparam("taken"))
)
GIVE_PLACE = update(quotas).where(*_place).values(given=quotas.c.given - 1)
FIRST_PLACE = insert(quotas)
DIGESTS = select(programmes.c.digest).order_by(programmes.c.digest)
PROGRAMME = select(programmes.c.body).where(programmes.c.digest == bindparam("digest"))
IS_KEPT = select(func.count()).where(programmes.c.digest == bindparam("digest"))
KEEP = insert(programmes)
# Counted by the minute, because only Python knows every zone. The years before 1970 are moved above zero: integers are
# divided towards it.
_ABOVE_ZERO = 10**8  # minutes
_due = case((exchanges.c.state == State.ISSUED.value, exchanges.c.due_us))
_minute = ((_due + _ABOVE_ZERO * US_OF_A_MINUTE) // US_OF_A_MINUTE - _ABOVE_ZERO).label("minute")
EXPOSURE = (
    select(
        exchanges.c.currency, _minute, func.count().label("coupons"), func.sum(exchanges.c.value_minor).label("value")
    )
    .where(IS_OPEN)
    .group_by(exchanges.c.currency, _minute)
)
EXPOSURE_OF_A_MINUTE = select(exchanges.c.due_us, exchanges.c.value_minor).where(
    exchanges.c.currency == bindparam("of_currency"),
    exchanges.c.state == State.ISSUED.value,
    exchanges.c.due_us >= bindparam("first_us"),
    exchanges.c.due_us <= bindparam("last_us"),
)

COUNT = (
    update(tallies)
    .where(tallies.c.bucket == bindparam("tally_bucket"))
    .values({name: bindparam(f"tally_{name}") for name in ("events", "answers", "sum", "epoch", "seal")})
)
# Many rows on PostgreSQL: one statement and one parameter for all of them, instead of one for each row.
_ROWS = "json_populate_recordset(CAST(NULL AS {0}), CAST(:rows AS json))"


def _adding(table: Table, *names: str) -> TextClause:
    columns = ", ".join(f'"{name}"' for name in names or table.c.keys())
    return text(f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {_ROWS.format(table.name)}")  # noqa: S608 - names of ours


ADD_ROWS = {
    **{table.name: _adding(table) for table in (exchanges, device_tokens, events, answers)},
    feed_queue.name: _adding(feed_queue, "code", "version"),
}
_tallied = ", ".join(f'"{name}" = new."{name}"' for name in ("events", "answers", "sum", "epoch", "seal"))
COUNT_ALL = text(
    f"UPDATE tallies SET {_tallied} FROM {_ROWS.format('tallies')} AS new WHERE tallies.bucket = new.bucket"  # noqa: S608 - as above
)
DROP_ANSWER = delete(answers).where(
    answers.c.asker == bindparam("asker"),
    answers.c.verb == bindparam("verb"),
    answers.c.request == bindparam("request"),
)

# PostgreSQL can do in one statement what a transition writes. Exchange, event and answer have their code, version,
# key and request in common, so they share these parameters. The instant of the request is the answer's own: where the
# clock that asked was a little behind, the event is later.
_told = insert(events).values({column.name: bindparam(column.name) for column in events.c}).cte("told")
_given = (
    insert(answers)
    .values({column.name: bindparam(column.name) for column in answers.c} | {"at_us": bindparam("asked_us")})
    .cte("given")
)
_counted = COUNT.cte("counted")
ANSWER_ALONE = ADD_ANSWER.values({column.name: bindparam(column.name) for column in answers.c}).add_cte(_counted)


def _queued(*others: CTE, after: CTE) -> Insert:
    """Queue the event, once what may wait for others is done: the queue's order is that of the commits then.

    Its number of rows is that of what it comes after.
    """
    version = bindparam("version", type_=feed_queue.c.version.type)
    return insert(feed_queue).from_select(["code", "version"], select(after.c.code, version)).add_cte(*others)


WRITE = _queued(_told, _given, _counted, after=MOVE.returning(exchanges.c.code).cte("moved"))
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
    .returning(device_tokens.c.code)
    .cte("tokens")
)
_added = ADD.values({column.name: bindparam(column.name) for column in exchanges.c}).returning(exchanges.c.code)
_row = _added.cte("added")
_are_added = select(func.count()).select_from(_tokens).scalar_subquery() >= literal_column("0")
ADD_ALL = _queued(_told, _given, _counted, after=select(_row.c.code).where(_are_added).cte("both"))
WRITE_AND_CLOSE = WRITE.add_cte(CLOSE_TOKENS.cte("closed"))
