"""Queries of an operator: exchanges by account, state, day, device, order or programme, a page at a time."""

from __future__ import annotations

from datetime import date, tzinfo
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Select, or_, select, tuple_

from miexchange._arguments import DATE, Rule, instance, maybe, one_of, whole
from miexchange._text import ID_RULE, is_id, text_of
from miexchange._time import YEARS, from_micros, micros, midnight
from miexchange.errors import out_of_range
from miexchange.exchange import State
from miexchange.imei import Imei
from miexchange.ledger import _sql as sql
from miexchange.ledger._reports import Listed
from miexchange.ledger._requests import plain_code
from miexchange.ledger._schema import HAS_PAST_ORDER, device_tokens, exchanges
from miexchange.money import Currency

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

__all__ = ["MOST", "RULES", "ZONE", "Filters", "day_of", "listed", "place_of", "statement"]

MOST = 1_000
_COLUMNS = tuple(
    exchanges.c[name]
    for name in (
        "code",
        "account",
        "state",
        "version",
        "order_id",
        "past_order",
        "programme",
        "value_minor",
        "currency",
        "began_us",
        "at_us",
        "due_us",
    )
)
_PLACE = (exchanges.c.began_us, exchanges.c.code)
_ID = maybe(Rule(lambda value: is_id(text_of(value)), f"give {ID_RULE}", text_of))
_CODE = Rule(lambda value: text_of(value) is not None, "give the code of the last exchange of the page before", text_of)

ZONE = instance(tzinfo, 'give a time zone, such as ZoneInfo("Asia/Kolkata") or datetime.timezone.utc')
_DAYS = range(date(YEARS.start, 1, 1).toordinal(), date(YEARS.stop, 1, 1).toordinal())
_EVER = 2**62  # microseconds

RULES: dict[str, Rule] = {
    "account": _ID,
    "state": maybe(one_of(*(state.value for state in State))),
    "day": maybe(DATE),
    "imei": maybe(instance(Imei, "give an Imei, as Imei.parse returns")),
    "order": _ID,
    "programme": _ID,
    "zone": ZONE,
    "after": maybe(_CODE),
    "limit": whole(1, MOST),
}
"""The type of each criterion."""


class Filters(NamedTuple):
    """The criteria of a query; None for any.

    Attributes:
        account: the account.
        state: the state.
        began: the period in which it was accepted: its first instant, and the one after its last, in microseconds.
        tokens: the tokens of the device.
        order: the id of the order that holds it, or held it when it ended.
        programme: the id of the programme.
        code: the code.
    """

    account: str | None = None
    state: str | None = None
    began: tuple[int, int] | None = None
    tokens: Collection[str] | None = None
    order: str | None = None
    programme: str | None = None
    code: str | None = None


def day_of(day: date, zone: tzinfo) -> tuple[int, int]:
    """Return the begin of a day in a zone, and that of the next day, in microseconds.

    Raises:
        InvalidValue: the zone has no offset from UTC.
    """
    return _begin(day.toordinal(), zone), _begin(day.toordinal() + 1, zone)


def _begin(number: int, zone: tzinfo) -> int:
    """Return the begin of the day with a number; a day outside the range of instants begins before or after all."""
    nearest = min(max(number, _DAYS.start), _DAYS.stop - 1)
    try:
        begin = micros(midnight(date.fromordinal(nearest), zone))
    except Exception:  # noqa: BLE001 - a zone of anybody's making
        raise out_of_range("zone", zone, ZONE.says, "does not say how far it is from UTC") from None
    if number == nearest:
        return begin
    return _EVER if number > nearest else -_EVER


def statement(wanted: Filters, after: tuple[int, str] | None = None) -> Select[Any]:
    """Return the statement that finds exchanges in the order in which they were accepted.

    Args:
        wanted: the criteria.
        after: the instant and the code of the previous one.
    """
    query = select(*_COLUMNS).order_by(*_PLACE)
    for name in ("account", "state", "programme", "code"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(exchanges.c[name] == value)
    if wanted.began is not None:
        query = query.where(exchanges.c.began_us >= wanted.began[0], exchanges.c.began_us < wanted.began[1])
    if wanted.tokens is not None:
        of_device = select(device_tokens.c.code).where(device_tokens.c.token.in_(wanted.tokens))
        query = query.where(exchanges.c.code.in_(of_device))
    if wanted.order is not None:
        # Repeats the predicate of the partial index, which planners cannot infer from a parameter.
        had_it = HAS_PAST_ORDER & (exchanges.c.past_order == wanted.order)
        query = query.where(or_(exchanges.c.order_id == wanted.order, had_it))
    return query if after is None else query.where(tuple_(*_PLACE) > tuple_(*after))


def place_of(connection: Connection, code: str) -> tuple[int, str]:
    """Return the position of an exchange in the order of `statement`.

    Raises:
        InvalidValue: there is no exchange with this code.
    """
    row = connection.execute(sql.ROW, {"code": plain_code(code)}).first()
    if row is None:
        raise out_of_range("after", code, _CODE.says)
    return row.began_us, row.code


def listed(row: Any) -> Listed:  # noqa: ANN401 - a row of _COLUMNS
    """Return the summary of an exchange from its row."""
    return Listed(
        code=row.code,
        account=row.account,
        state=State(row.state),
        version=row.version,
        order=row.order_id if row.past_order is None else row.past_order,
        programme=row.programme,
        value_minor=row.value_minor,
        currency=Currency(row.currency),
        began=from_micros(row.began_us),
        at=from_micros(row.at_us),
        due=None if row.due_us is None else from_micros(row.due_us),
    )
