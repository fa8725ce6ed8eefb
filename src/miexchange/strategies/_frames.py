"""Tables of devices, as pandas, Polars or Arrow has them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal

from hypothesis import strategies as st

from miexchange._arguments import FLAG, instance, one_of, takes, whole
from miexchange._extras import extra
from miexchange._value import elements, pairs
from miexchange.eligibility import RegisterAnswer
from miexchange.errors import out_of_range
from miexchange.imei import Imei
from miexchange.programme import Programme
from miexchange.programme.rules import COUNTED
from miexchange.strategies._enquiries import Enquiry, enquiries, hostile_enquiries
from miexchange.strategies._numbers import PROGRAMME
from miexchange.strategies._programmes import programmes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hypothesis.strategies import SearchStrategy

__all__ = ["Row", "columns_of", "frame_of", "frames", "hostile_rows", "odd_rows", "questions_of", "row_of"]

_ROW = "give a mapping of the row's columns to their cells"
_ROWS = "give a list of rows, each a mapping of its columns to their cells"
Row = dict[str, Any]
Kind = Literal["pandas", "polars", "arrow"]

_OWN = {
    "model": "string",
    "imei": "string",
    "imei2": "string",
    "imei_status": "string",
    "register_asked_at": "timestamp",
    "purchased_on": "date",
    "at": "timestamp",
    "exchange_open": "bool",
    "device_exchanged": "bool",
    "target": "string",
}
_KIND = one_of("pandas", "polars", "arrow")
_OF = instance(Programme)._replace(plain=PROGRAMME.plain)
_ODD = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.booleans(),
    st.binary(max_size=4),
    st.dates(date(2017, 1, 1), date(2019, 1, 1)),
    st.datetimes(datetime(2017, 1, 1), datetime(2019, 1, 1)),  # noqa: DTZ001 - without a zone: that is the point
    st.sampled_from(["", "x", "\ud800", "2018-04-01", (), ("a",), datetime(1, 1, 1, tzinfo=UTC), object]),
)


def questions_of(programme: Programme) -> list[str]:
    """Return the ids of every question of a programme, in order."""
    asked = (question.asked_as for terms in programme.terms for question in terms.questionnaire.questions)
    return list(dict.fromkeys(asked))


def columns_of(programme: Programme) -> dict[str, str]:
    """Return every column that a programme's table can have, with a word for its type."""
    rules = (rule for terms in programme.terms for rule in terms.retentions)
    texts = [rule.reads for rule in rules if rule.reads not in COUNTED]
    return _OWN | dict.fromkeys([*texts, *questions_of(programme)], "string")


def row_of(asked: Enquiry) -> Row:
    """Return the cells of an enquiry that are not empty."""
    device = asked.device
    row: Row = {"model": device.model, "purchased_on": device.purchased_on, "at": asked.at}
    for name, number in (("imei", device.imei), ("imei2", device.imei2)):
        row[name] = number.digits if isinstance(number, Imei) else number
    row |= {"exchange_open": asked.exchange_open, "device_exchanged": asked.device_exchanged}
    said = asked.imei_status
    status, asked_at = (said.status, said.asked_at) if isinstance(said, RegisterAnswer) else (said, None)
    row |= {"imei_status": str(status), "register_asked_at": asked_at, **asked.told}
    row |= {name: asked.condition.get(name) for name in questions_of(asked.programme)}
    return {name: cell for name, cell in row.items() if cell is not None}


def _plain(asked: Enquiry) -> Row:
    """Return the cells that differ from the default."""
    return {name: cell for name, cell in row_of(asked).items() if cell is not False}


@st.composite
def hostile_rows(draw: st.DrawFn, programme: Programme, most: int = 6) -> list[Row]:
    """Draw rows with any kind of fault, whose cells are of the right type or empty."""
    drawn = [row_of(asked) for asked in draw(st.lists(hostile_enquiries(programme), min_size=1, max_size=most))]
    for row in drawn:
        for name in draw(st.lists(st.sampled_from(sorted(columns_of(programme))), max_size=2)):
            row.pop(name, None)
        if draw(st.integers(0, 9)) == 0:
            row["imei_status"] = draw(st.sampled_from(["", "CLEAR", "cleared", "blocked "]))
    return drawn


@st.composite
def odd_rows(draw: st.DrawFn, programme: Programme, most: int = 6) -> list[Row]:
    """Draw rows in which cells can be anything at all."""
    drawn = draw(hostile_rows(programme, most))
    for row in drawn:
        for name in draw(st.lists(st.sampled_from(sorted(columns_of(programme))), max_size=2)):
            row[name] = draw(_ODD)
    for name, kind in columns_of(programme).items():
        given = [row for row in drawn if name in row]
        if kind != "string" and given and all(isinstance(row[name], str) for row in given):
            given[-1][name] = ()  # a column of texts alone is one of the wrong type, and refused as a whole
    return drawn


@takes(programme=PROGRAMME, kind=_KIND, hostile=FLAG, most=whole(1, 10_000))
def frames(
    programme: Programme | None = None, kind: Kind = "pandas", *, hostile: bool = False, most: int = 6
) -> SearchStrategy[Any]:
    """Draw tables of devices for `miexchange.batch.appraise_frame`. A failing one is printed as its rows.

    Args:
        programme: the programme that is to value them; any small one by default.
        kind: the kind of table: ``pandas``, ``polars`` or ``arrow``.
        hostile: whether rows may have any fault. Cells of a pandas table can then be of any type.
        most: the largest number of rows; there is at least one.

    >>> from hypothesis import find
    >>> from miexchange.batch import appraise_frame
    >>> shop = Programme.load("uk-trade-in")
    >>> found = find(frames(shop, hostile=True), lambda table: "refused" in set(appraise_frame(table, shop)["outcome"]))
    >>> len(found)
    1
    """
    if programme is None:
        return programmes().flatmap(lambda drawn: frames(drawn, kind, hostile=hostile, most=most))
    asked = enquiries(programme).map(_plain)
    rows: SearchStrategy[list[Row]] = st.lists(asked, min_size=1, max_size=most)
    if hostile:
        rows = odd_rows(programme, most) if kind == "pandas" else hostile_rows(programme, most)
    return st.builds(frame_of, rows, st.just(programme), st.just(kind))


@takes(programme=_OF, kind=_KIND)
def frame_of(rows: Sequence[Mapping[str, Any]], programme: Programme, kind: Kind = "pandas") -> Any:  # noqa: ANN401 - a table of any library
    """Return a table of devices with every column that a programme reads.

    Args:
        rows: the cells of each row that are not empty.
        programme: the programme.
        kind: the kind of table: ``pandas``, ``polars`` or ``arrow``.

    Raises:
        InvalidValue: an argument is of another type, or a cell does not fit its column in Polars or Arrow.

    >>> frame_of([{"model": "iphone-13-4-128"}], Programme.load("uk-trade-in"))[["model", "imei"]]
                 model  imei
    0  iphone-13-4-128  None
    """
    columns = columns_of(programme)
    taken = [dict(pairs(row, f"rows.{place}", _ROW)) for place, row in enumerate(elements(rows, "rows", _ROWS))]
    cells = {name: [row.get(name) for row in taken] for name in columns}
    if kind == "pandas":
        with extra("batch", "miexchange.strategies.frames"):
            import pandas as pd  # noqa: PLC0415 - of an extra
        return pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in cells.items()})
    with extra("batch", "miexchange.strategies.frames"):
        import pyarrow as pa  # noqa: PLC0415 - as above
    kinds = {"string": pa.string(), "timestamp": pa.timestamp("us", "UTC"), "date": pa.date32(), "bool": pa.bool_()}
    try:
        table = pa.table({name: pa.array(cells[name], type=kinds[word]) for name, word in columns.items()})
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise out_of_range("rows", None, "give cells of the types of their columns", "do not fit") from error
    if kind == "arrow":
        return table
    with extra("batch", "miexchange.strategies.frames"):
        import polars as pl  # noqa: PLC0415 - as above
    return pl.from_arrow(table)
