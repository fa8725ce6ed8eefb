"""Compares the ledger with the records of a shop or a payment system."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from miexchange._arguments import instance, takes
from miexchange._bounded import Between, Count, Line, Number
from miexchange._csv import Row, read_rows
from miexchange._files import read_text
from miexchange._json import read_json
from miexchange._limits import JSON_VALUES
from miexchange._problems import Problems
from miexchange._text import path_of
from miexchange._value import Value
from miexchange.errors import InvalidValue
from miexchange.exchange import State
from miexchange.ledger import _queries
from miexchange.ledger._books import Books
from miexchange.ledger._engine import READ, reading, translated
from miexchange.ledger._errors import UnreadableError
from miexchange.ledger._reports import Listed
from miexchange.ledger._requests import plain_code
from miexchange.money import Currency

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, tzinfo
    from pathlib import Path

    from miexchange.ledger._ledger import Ledger

__all__ = ["Difference", "Reconciliation", "reconcile"]

_COLUMNS = ("code", "order", "state", "value_minor", "discount_minor")
_LINES = {".jsonl", ".ndjson"}
_AMOUNT = Between(0, 2**53)


@dataclass(frozen=True, slots=True)
class Difference(Value):
    """One difference between the two.

    Attributes:
        what: its kind: "not_in_ledger", "not_in_file", "twice" in the file, "unreadable" by this version, or the name
            of a column.
        code: the coupon's code; "" if unknown.
        order: the order; "" for none.
        theirs: the value in the file.
        ours: the value in the ledger.
        line: the line of the file; None for none.
        currency: the currency of the amounts; None if the ledger does not know the exchange.
    """

    what: Literal[
        "not_in_ledger", "not_in_file", "twice", "unreadable", "order", "state", "value_minor", "discount_minor"
    ]
    code: Line
    order: Line
    theirs: Line
    ours: Line
    line: Number | None
    currency: Currency | None = None


@dataclass(frozen=True, slots=True)
class Reconciliation(Value):
    """The result of `reconcile`. It is truthy if ledger and file agree.

    Attributes:
        rows: the number of rows in the file.
        exchanges: the number of exchanges of the ledger that were compared with it.
        differences: all differences, in the order of the file's lines.
    """

    rows: Count
    exchanges: Count
    differences: tuple[Difference, ...] = field(default=())
    _most_items: ClassVar[int] = JSON_VALUES

    def __bool__(self) -> bool:
        """Tell whether there are no differences."""
        return not self.differences


@dataclass(slots=True)
class _Theirs:
    """A row of the file, and its exchange in the ledger."""

    line: int
    code: str
    order: str
    state: str
    amounts: dict[str, int]
    ours: Listed | None = None


@takes(
    ledger=instance(Books, "give a Ledger, as miexchange.ledger.open returns"),
    **{name: _queries.RULES[name] for name in ("state", "day", "programme", "zone")},
)
def reconcile(
    ledger: Ledger,
    source: object,
    *,
    state: State | str | None = None,
    day: date | None = None,
    programme: str | None = None,
    zone: tzinfo = UTC,
) -> Reconciliation:
    """Compare the ledger with another system's records of its exchanges, in both directions.

    A row of the file names an exchange by its `code`, by its `order`, or by both. The other columns are compared:
    `state`; `value_minor`, the value of the coupon; `discount_minor`, the discount of the order (after an agreed
    re-quote, the discount then). Amounts are integers in minor units. An empty cell is not compared.
    Exchanges without an order are not expected in a file without codes.

    Args:
        ledger: the ledger.
        source: the path of a CSV file, of JSON lines (``.jsonl``), or a DataFrame, with these columns.
        state: the state of the exchanges that the file should have; by default any. Rows about others are compared too.
        day: likewise, the day on which they were accepted.
        programme: likewise, the programme of their quotes.
        zone: where the day begins.

    Raises:
        DataError: the file cannot be used; every problem is listed.
    """
    theirs, twice = _read(source)
    by_code = {one.code: one for one in theirs if one.code}
    by_order = {one.order: one for one in theirs if one.order and not one.code}
    has_codes = not theirs or bool(by_code)
    found = list(twice)
    exchanges = 0
    after: str | None = None
    while page := ledger.find(state=state, day=day, programme=programme, zone=zone, after=after, limit=_queries.MOST):
        after = page[-1].code
        for ours in page:
            if ours.order is None and not has_codes:
                continue
            exchanges += 1
            row = by_code.get(ours.code) or by_order.get(ours.order or "")
            if row is None:
                found.append(Difference("not_in_file", ours.code, ours.order or "", "", ours.state.value, None))
            else:
                row.ours = ours  # the last one, if an order had several
    for row in theirs:
        found += _differences(ledger, row)
    return Reconciliation(len(theirs) + len(twice), exchanges, tuple(sorted(found, key=lambda one: one.line or 0)))


def _differences(ledger: Ledger, row: _Theirs) -> Iterator[Difference]:
    if row.ours is None:
        row.ours = _looked_up(ledger, row)
    ours = row.ours
    if ours is None:
        yield Difference("not_in_ledger", row.code, row.order, row.state, "", row.line)
        return

    def differs(what: Any, theirs: object, said: object) -> Difference:  # noqa: ANN401 - one of the words
        return Difference(what, ours.code, ours.order or row.order, f"{theirs}", f"{said}", row.line, ours.currency)

    if row.order and row.order != ours.order:
        yield differs("order", row.order, ours.order or "")
    if row.state and row.state != ours.state.value:
        yield differs("state", row.state, ours.state.value)
    for name, theirs in row.amounts.items():
        try:
            said = ours.value_minor if name == "value_minor" else _discount(ledger, ours.code)
        except UnreadableError as error:
            yield differs("unreadable", theirs, error)
            continue
        if theirs != said:
            yield differs(name, theirs, said)


def _looked_up(ledger: Ledger, row: _Theirs) -> Listed | None:
    """Find the exchange of a row that the file need not have; for an order, the last one."""
    wanted = _queries.Filters(code=row.code) if row.code else _queries.Filters(order=row.order)
    with translated(READ), reading(ledger.engine).connect() as connection:
        found = connection.execute(_queries.statement(wanted)).all()
    return _queries.listed(found[-1]) if found else None


def _discount(ledger: Ledger, code: str) -> int:
    exchange = ledger.get(code)
    if exchange is None or exchange.redemption is None:
        return 0
    is_settled = exchange.settlement is not None and exchange.state in {State.ADJUSTED, State.REVERSED}
    return (exchange.settlement if is_settled and exchange.settlement else exchange.redemption).discount


def _read(source: object) -> tuple[list[_Theirs], list[Difference]]:
    """Return the rows of the file, and those that repeat the exchange of an earlier row."""
    problems = Problems()
    path = path_of(source)
    is_lines = path is not None and path.suffix.casefold() in _LINES
    rows = _rows_of_lines(path, problems) if path and is_lines else read_rows(source, (), _COLUMNS, problems)
    theirs: dict[tuple[str, str], _Theirs] = {}
    twice = []
    for row in rows:
        one = _row(row)
        if row.good:
            name = (one.code, "" if one.code else one.order)
            if name in theirs:
                twice.append(Difference("twice", one.code, one.order, "", "", one.line))
            theirs.setdefault(name, one)
    problems.raise_if_any()
    return list(theirs.values()), twice


def _row(row: Row) -> _Theirs:
    code, order, state = (row.optional(name) for name in ("code", "order", "state"))
    if row.good and not code and not order:
        row.bad("code", "neither a code nor an order stands in the row", "Write one of them")
    if state:
        row.choice("state", [one.value for one in State])
    amounts = {name: row.whole_or_none(name, _AMOUNT) for name in ("value_minor", "discount_minor")}
    given = {name: amount for name, amount in amounts.items() if amount is not None}
    return _Theirs(row.line, plain_code(code) or code, order, state, given)


def _rows_of_lines(path: Path, problems: Problems) -> Iterator[Row]:
    file = str(path)
    for number, line in enumerate((read_text(path, file, problems) or "").split("\n"), 1):
        if not line.strip():
            continue
        try:
            data = read_json(line, "line")
        except InvalidValue as error:
            problems.add(file, number, "", f"is no JSON: {error.rule}", "Write one object on each line")
            continue
        unknown = sorted(set(data) - set(_COLUMNS)) if isinstance(data, dict) else ["no object"]
        if unknown:
            problems.add(
                file, number, str(unknown[0]), "is not a column of this table", f"Known: {', '.join(_COLUMNS)}"
            )
        else:
            yield Row(file, number, data, problems)
