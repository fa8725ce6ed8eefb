"""The plural verbs of IMEIs, TACs and prices: a column in, a table of results out."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, overload

import numpy as np
import pyarrow as pa

from miexchange._arguments import instance, takes
from miexchange._time import micros
from miexchange._value import instant
from miexchange.batch.arrow._cells import Codes, Imeis, Integers
from miexchange.batch.arrow._columns import INSTANT, read_alone
from miexchange.batch.arrow._compiled import are_worth_it
from miexchange.batch.arrow._imeis import CODES, NOT_TEXT, Numbers
from miexchange.batch.arrow._memory import empty
from miexchange.batch.arrow._nulls import part
from miexchange.batch.arrow._results import Amounts, AnyColumn, ArrowColumn, Texts, table_like
from miexchange.batch.arrow._threads import blocks, shared, workers
from miexchange.batch.plan._asof import EVER_SINCE, Series, lay, search
from miexchange.batch.plan._tacs import PAGE, addresses, devices_of
from miexchange.errors import out_of_range
from miexchange.market import PriceTable
from miexchange.tac import TacTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
    import polars as pl
    from numpy.typing import NDArray

    from miexchange.batch.arrow._columns import Column
    from miexchange.batch.plan._arrays import Positions
    from miexchange.market import Price
    from miexchange.tac import TacDevice

    # What gives a table of pandas. Arrow has no types: a column of it, or of another library, gives Any.
    _OfPandas: TypeAlias = "pd.Series[Any] | pd.Index[Any] | pd.api.extensions.ExtensionArray | NDArray[Any]"

__all__ = ["lookup_many", "prices_as_of", "validate_many"]

_Result = TypeVar("_Result")
_REASONS = [code or "" for code in CODES]


@overload
def validate_many(column: _OfPandas, *, threads: int | None = None) -> pd.DataFrame: ...
@overload
def validate_many(column: pl.Series, *, threads: int | None = None) -> pl.DataFrame: ...
@overload
def validate_many(column: Any, *, threads: int | None = None) -> Any: ...
def validate_many(column: Any, *, threads: int | None = None) -> Any:
    """Validate a column of IMEIs, by the same rules as `miexchange.imei.validate`; no row becomes a Python object.

    Args:
        column: texts as a pandas or Polars Series, an Index, a Categorical or another array of pandas, a numpy array
            of one dimension, an Arrow array of any layout, or anything with the Arrow PyCapsule interface. A cell that
            is null, a number or anything else but a text is no IMEI.
        threads: how many threads share the work; by default as many as there are processors.

    Returns:
        A table of the column's kind (of pandas for numpy), with its index: ``digits``, the fifteen digits or null, and
        ``reason``, null or the code that `InvalidImei` would have, such as ``imei_check_digit``.

    Raises:
        InvalidValue: what is given is no column.

    >>> import pandas as pd
    >>> found = validate_many(pd.Series(["35-417803-685978-9", "354178036859782"]))
    >>> print(found.astype(object).fillna("-").to_string())
                digits            reason
    0  354178036859789                 -
    1                -  imei_check_digit
    """
    texts = read_alone(column, "text", "column")
    code = empty(len(texts.array), np.uint8)

    def write(imeis: Imeis, start: int, stop: int, rows: slice) -> pa.Array:
        numbers = Numbers(code[rows], empty(stop - start, np.uint32), empty(stop - start, np.uint32))
        imeis.write(start, stop, numbers)
        return imeis.digits(start, stop, numbers)

    digits = _in_blocks(texts, workers(threads), write)
    cells: dict[str, AnyColumn] = {
        "digits": ArrowColumn(pa.chunked_array(digits, pa.string())),
        "reason": Texts(code.view(np.int8), _REASONS, code == 0),
    }
    return table_like(column, cells)


def _in_blocks(texts: Column, threads: int, work: Callable[[Imeis, int, int, slice], _Result]) -> list[_Result]:
    """Let threads work on blocks of a column; null counts as not text.

    Args:
        texts: the column.
        threads: how many threads share the blocks.
        work: is called with the IMEIs of a chunk, begin and end of a block of it, and its rows of the column.
    """
    found: list[_Result] = []
    are_worth_it(len(texts.array))
    with shared(len(texts.array), threads) as each:
        begin = 0
        for chunk in texts.array.chunks:
            end = begin + len(chunk)
            imeis = Imeis(chunk, part(texts.strange, begin, end), nothing=NOT_TEXT)

            def on(block: tuple[int, int], imeis: Imeis = imeis, begin: int = begin) -> _Result:
                return work(imeis, *block, slice(begin + block[0], begin + block[1]))

            found += each(on, blocks(len(chunk), threads))
            begin = end
    return found


@overload
def lookup_many(table: TacTable, column: _OfPandas, *, threads: int | None = None) -> pd.DataFrame: ...
@overload
def lookup_many(table: TacTable, column: pl.Series, *, threads: int | None = None) -> pl.DataFrame: ...
@overload
def lookup_many(table: TacTable, column: Any, *, threads: int | None = None) -> Any: ...
@takes(table=instance(TacTable))
def lookup_many(table: TacTable, column: Any, *, threads: int | None = None) -> Any:
    """Look a column of IMEIs up, as `TacTable.lookup` looks one up.

    Args:
        table: the TACs.
        column: texts, as any column that `validate_many` takes.
        threads: how many threads share the work; by default as many as there are processors.

    Returns:
        A table of the column's kind, with its index: ``brand``, ``model`` and ``source`` of the devices
        that the table names, joined by " | " if there are several, and null if there is none;
        ``candidates``, how many there are; and ``reason``, why a cell is no IMEI, or null.

    Raises:
        InvalidValue: what is given is no column.

    >>> import pandas as pd
    >>> table = TacTable.of([("35417803", "Acme", "One")])
    >>> print(lookup_many(table, pd.Series(["354178036859789"]))[["brand", "model", "candidates"]].to_string())
      brand model  candidates
    0  Acme   One           1
    """
    texts = read_alone(column, "text", "column")
    numbers = Numbers.empty(len(texts.array))
    _in_blocks(texts, workers(threads), lambda imeis, start, stop, rows: imeis.write(start, stop, numbers.of(rows)))
    pages, cells, groups = _groups(table)
    invalid = numbers.code != 0
    group = cells[pages[numbers.tac // PAGE] + numbers.tac % PAGE]
    unknown = invalid | (group == 0)

    def named(field: str) -> Texts:
        """Return one field of every row's devices, without duplicates."""
        texts = [" | ".join(dict.fromkeys(getattr(device, field) for device in devices)) for devices in groups]
        codes = {text: code for code, text in enumerate(dict.fromkeys(texts))}
        return Texts(np.array([codes[text] for text in texts], dtype=np.int32)[group], list(codes), unknown)

    count = np.array([len(devices) for devices in groups], dtype=np.int64)[group]
    return table_like(
        column,
        {
            **{field: named(field) for field in ("brand", "model", "source")},
            "candidates": Amounts(count, invalid),
            "reason": Texts(numbers.code.view(np.int8), _REASONS, ~invalid),
        },
    )


@lru_cache(4)
def _groups(table: TacTable) -> tuple[Positions, Positions, list[tuple[TacDevice, ...]]]:
    """Return the group of each TAC, and the distinct groups of devices; the empty group comes first."""
    numbers: dict[tuple[TacDevice, ...], int] = {(): 0}
    found = {tac: numbers.setdefault(group, len(numbers)) for tac, group in devices_of(table).items()}
    return *addresses(found), list(numbers)


@overload
def prices_as_of(table: PriceTable, models: _OfPandas, at: Any) -> pd.DataFrame: ...
@overload
def prices_as_of(table: PriceTable, models: pl.Series, at: Any) -> pl.DataFrame: ...
@overload
def prices_as_of(table: PriceTable, models: Any, at: Any) -> Any: ...
@takes(table=instance(PriceTable))
def prices_as_of(table: PriceTable, models: Any, at: Any) -> Any:
    """Look up the price of each row, in any order, in one pass, as `PriceTable.as_of` does for one.

    Args:
        table: the prices.
        models: variants' ids, as any column that `validate_many` takes.
        at: an instant, or a column of as many timestamps with a time zone.

    Returns:
        A table of the kind of `models`, with its index: ``price_minor`` and ``effective_from`` of the price
        that `as_of` returns, null where there is none.

    Raises:
        InvalidValue: what is given is no column, or instants have no time zone.

    >>> import pandas as pd
    >>> from datetime import UTC, datetime
    >>> from miexchange import Price
    >>> table = PriceTable.of([Price("one", datetime(2018, 3, 15, tzinfo=UTC), 50_000, "observed")])
    >>> prices_as_of(table, pd.Series(["one", "two"]), datetime(2018, 4, 1, tzinfo=UTC)).price_minor.to_list()
    [50000, <NA>]
    """
    names = read_alone(models, "text", "models")
    series, prices, keys = _series(table)
    rows = len(names.array)
    are_worth_it(rows)
    moments = _moments(at, rows)
    position = np.zeros(rows, dtype=np.int64)
    missing = np.zeros(rows, dtype=np.bool_)
    begin = 0
    for chunk in pa.Table.from_arrays([names.array, moments.array], names=["model", "at"]).to_batches():
        end = begin + chunk.num_rows
        strange = [part(column.strange, begin, end) for column in (names, moments)]
        key = np.zeros(chunk.num_rows, dtype=np.uint32)
        Codes(chunk.columns[0], strange[0], lambda name: keys.get(name, 0), 0, 0, np.uint32).write(0, len(key), key)
        instants, nulls, odd = Integers(chunk.columns[1], strange[1]).of(0, chunk.num_rows)
        search(series, key, instants, position[begin:end])
        for mask in (nulls, odd):
            missing[begin:end] |= False if mask is None else mask
        begin = end
    found = [prices[one] for one in range(len(prices))]
    amounts = np.array([0 if price is None else price.price_minor for price in found], dtype=np.int64)
    starts = np.array([0 if price is None else micros(price.effective_from) for price in found], dtype=np.int64)
    missing |= np.array([price is None for price in found])[position]
    since = pa.array(starts[position], mask=missing).cast(INSTANT)
    return table_like(
        models,
        {"price_minor": Amounts(amounts[position], missing), "effective_from": ArrowColumn(pa.chunked_array([since]))},
    )


def _moments(at: Any, rows: int) -> Column:
    if issubclass(type(at), datetime):
        moment = pa.scalar(micros(instant(at, "at"))).cast(INSTANT)
        return read_alone(pa.repeat(moment, rows), "instant", "at")
    moments = read_alone(at, "instant", "at")
    if len(moments.array) != rows:
        rule = f"give one instant, or a column of {rows:,} rows, as many as models"
        raise out_of_range("at", None, rule, f"has {len(moments.array):,} rows")
    return moments


@lru_cache(4)
def _series(table: PriceTable) -> tuple[Series, list[Price | None], dict[str, int]]:
    """Return the dated prices of all models, and the key of each model; key 0 stands for a model without prices."""
    nothing: list[tuple[int, Price | None]] = [(EVER_SINCE, None)]
    laid = [nothing, *(list(_stretches(one.rows)) for one in table.by_key.values())]
    series = lay([[start for start, _ in stretches] for stretches in laid])
    prices = [price for stretches in laid for _, price in stretches]
    return series, prices, {model: key for key, model in enumerate(table.by_key, 1)}


def _stretches(prices: tuple[Price, ...]) -> Iterator[tuple[int, Price | None]]:
    """Yield the start of each period and its price, or None for a period without one."""
    yield EVER_SINCE, None
    for price, following in zip(prices, [*prices[1:], None], strict=True):
        yield micros(price.effective_from), price
        until = price.effective_until
        if until is not None and (following is None or until < following.effective_from):
            yield micros(until), None
