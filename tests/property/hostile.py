"""What can arrive from outside: anything at all. Values here are made to break what is not careful."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import IntEnum, StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import strategies as st

from miexchange.strategies import imei_texts, mistyped_imeis
from property.messages import NUMBER

FAR = [
    datetime.min,  # noqa: DTZ901 - without a zone: that is the point
    datetime.max,  # noqa: DTZ901 - as above
    datetime.min.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=UTC),
    datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
    datetime(2018, 3, 20),  # noqa: DTZ001 - as above
]

texts = st.one_of(
    st.text(max_size=30),
    st.text(st.characters(), max_size=5),  # surrogates, too
    st.sampled_from(["", "\ud800", "\x00", "a\nb", "x" * 5_000, "9" * 5_000, "\u202e", "NaN", "-0", "1e400"]),
    imei_texts(),
    mistyped_imeis(),
)

numbers = st.one_of(
    st.integers(),
    st.floats(),
    # Too long for Python to write out, for Hypothesis too: hence only made when it is drawn.
    st.builds(lambda sign: sign * 10**5_000, st.sampled_from([1, -1])),
    st.sampled_from([2**63, -1, 0, float("nan"), float("inf"), True, 1j]),
    st.decimals(),
    st.fractions(),
)

scalars = st.one_of(
    st.none(),
    texts,
    numbers,
    st.binary(max_size=20),
    st.dates(),
    st.datetimes(timezones=st.none() | st.just(UTC)),
    st.timedeltas(),
    st.sampled_from([*FAR, date.min, date.max, object, object(), ..., NotImplemented, type, len, Exception("x")]),
)

json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)

anything: st.SearchStrategy[Any] = st.one_of(
    scalars,
    st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.tuples(inner, inner)
            | st.dictionaries(st.none() | texts | st.integers(), inner, max_size=3)
        ),
        max_leaves=6,
    ),
    json_data,
    st.from_type(object),
)


class HostileError(Exception):
    """What a hostile object raises: foreign code that a door should not run, or should survive."""


def _raising(*names: str, base: type = object) -> type:
    """Return a type whose methods of these names raise."""

    def method(*_: object, **__: object) -> Any:
        raise HostileError

    return type(f"Hostile{base.__name__.title()}", (base,), dict.fromkeys(names, method))


_DUNDERS = ("__eq__", "__hash__", "__bool__", "__str__", "__repr__", "__len__", "__iter__", "__format__", "__lt__")
_CONVERSIONS = ("__index__", "__int__", "__float__", "__fspath__", "__array__", "__getitem__", "__contains__")


class _Liar:
    """Claims to be of every type that it is asked for."""

    def __init__(self, claimed: type) -> None:
        self._claimed = claimed

    def _claims(self) -> type:
        return self._claimed

    vars()["__class__"] = property(_claims)


class _Unclassed:
    """Raises where it is asked for its type."""

    def _raises(self) -> type:
        raise HostileError

    vars()["__class__"] = property(_raises)


class _Huge:
    def __len__(self) -> int:
        return 2**62

    def __iter__(self) -> Iterator[str]:
        return iter(("a",))

    def __getitem__(self, _: object) -> str:
        raise IndexError


class _Zone(tzinfo):
    """A zone that raises, or that gives no offset."""

    def __init__(self, offset: object) -> None:
        self._offset = offset

    def utcoffset(self, _: datetime | None) -> Any:
        if self._offset is HostileError:
            raise HostileError
        return self._offset

    dst = utcoffset

    def tzname(self, _: datetime | None) -> str:
        raise HostileError


class _Attributes:
    """Has every attribute, none of which is what it should be."""

    def __getattr__(self, _: str) -> object:
        return "x"


class _NoAttributes:
    """Raises for every attribute."""

    def __getattribute__(self, _: str) -> object:
        raise HostileError


class _Mapping(Mapping[str, str]):
    """A mapping whose keys lead nowhere."""

    def __getitem__(self, key: str) -> str:
        raise HostileError

    def __iter__(self) -> Iterator[str]:
        return iter(("model", "imei"))

    def __len__(self) -> int:
        return 2


class _Mutable(type):
    """A metaclass that lies about its classes."""

    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise HostileError

    def __instancecheck__(cls, _: object) -> bool:
        raise HostileError


def _generator() -> Iterator[str]:
    yield "a"
    raise HostileError


def _cyclic_list() -> list[Any]:
    found: list[Any] = ["a"]
    found.append(found)
    return found


def _cyclic_dict() -> dict[str, Any]:
    found: dict[str, Any] = {"a": 1}
    found["self"] = found
    return found


def _deep() -> list[Any]:
    found: list[Any] = []
    for _ in range(100_000):
        found = [found]
    return found


class _Colour(StrEnum):
    RED = "red"


class _Count(IntEnum):
    ONE = 1


OBJECTS: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "an object": object,
    "a type": lambda: object,
    "a function": lambda: len,
    "a module": lambda: math,
    "Ellipsis": lambda: ...,
    "an empty text": str,
    "an IMEI": lambda: NUMBER,
    "an IMEI with dashes": lambda: "35-417803-685978-9",
    "an IMEI in full-width digits": lambda: "".join(chr(0xFF10 + int(digit)) for digit in NUMBER),
    "an IMEI as a number": lambda: int(NUMBER),
    "an IMEI as a float": lambda: float(NUMBER),
    "an IMEI in bytes": NUMBER.encode,
    "an IMEI in a text": lambda: f"model {NUMBER} of {NUMBER}",
    "IMEIs in a list": lambda: [NUMBER, int(NUMBER)],
    "an IMEI as a key": lambda: {NUMBER: NUMBER},
    "half a surrogate pair": lambda: "\ud800",
    "NUL": lambda: "a\x00b",
    "control characters": lambda: "a\x1b[31m\n\r\x85\u2028b\u202e",
    "a long text": lambda: "x" * 100_000,
    "long digits": lambda: "9" * 5_000,
    "Devanagari digits": lambda: "३५४",
    "a text that is a number": lambda: "1e400",
    "numpy text": lambda: np.str_("a"),
    "a StrEnum": lambda: _Colour.RED,
    "a subclass of str that raises": lambda: _raising(*_DUNDERS, "__getitem__", "strip", "encode", "lower", base=str)(
        "a"
    ),
    "a subclass of int that raises": lambda: _raising(*_DUNDERS, *_CONVERSIONS[:3], "__add__", base=int)(1),
    "a subclass of float that raises": lambda: _raising(*_DUNDERS, "__float__", base=float)(1.5),
    "a subclass of bytes that raises": lambda: _raising(*_DUNDERS, "decode", base=bytes)(b"0123456789abcdef"),
    "a subclass of dict that raises": lambda: _raising(*_DUNDERS, "items", "keys", "get", base=dict)({"a": "b"}),
    "a subclass of list that raises": lambda: _raising(*_DUNDERS, "__getitem__", base=list)(["a"]),
    "a subclass of tuple that raises": lambda: _raising(*_DUNDERS, "__getitem__", base=tuple)(("a",)),
    "a subclass of datetime that raises": lambda: _raising(
        *_DUNDERS, "isoformat", "astimezone", "utcoffset", "date", "year", base=datetime
    )(2018, 3, 20, tzinfo=UTC),
    "a subclass of date that raises": lambda: _raising(*_DUNDERS, "isoformat", "toordinal", base=date)(2018, 3, 20),
    "an object that raises": _raising(*_DUNDERS, *_CONVERSIONS),
    "an object without attributes": _NoAttributes,
    "an object with every attribute": _Attributes,
    "an object that claims to be a str": lambda: _Liar(str),
    "an object that claims to be a datetime": lambda: _Liar(datetime),
    "an object that claims to be a dict": lambda: _Liar(dict),
    "an object without a class": _Unclassed,
    "an object of a type without a name": _Mutable("Nameless", (), {}),
    "a huge container": _Huge,
    "a mapping that raises": _Mapping,
    "a generator that raises": _generator,
    "an iterator": lambda: iter(["a", 1]),
    "a cyclic list": _cyclic_list,
    "a cyclic dict": _cyclic_dict,
    "deep lists": _deep,
    "an empty list": list,
    "an empty tuple": tuple,
    "an empty dict": dict,
    "a list of texts": lambda: ["a", "b"],
    "a tuple of odd things": lambda: (None, float("nan"), object()),
    "a dict of odd keys": lambda: {1: "a", None: "b", ("c",): "d", "\ud800": "e"},
    "a set": lambda: {"a", 1},
    "True": lambda: True,
    "-1": lambda: -1,
    "64 bits": lambda: 2**63,
    "a huge int": lambda: 10**5_000,
    "a small fraction": lambda: 0.1,
    "NaN": lambda: float("nan"),
    "infinity": lambda: float("-inf"),
    "a complex number": lambda: 1j,
    "an IntEnum": lambda: _Count.ONE,
    "a Decimal": lambda: Decimal("1.5"),
    "a signalling Decimal": lambda: Decimal("sNaN"),
    "a huge Decimal": lambda: Decimal("1e999999"),
    "a Fraction": lambda: Fraction(1, 3),
    "bytes": lambda: b"\xff\x00",
    "a bytearray": lambda: bytearray(b"0123456789abcdef"),
    "a memoryview": lambda: memoryview(b"0123456789abcdef"),
    "a day": lambda: date(2018, 3, 20),
    "the first day": lambda: date.min,
    "an instant": lambda: datetime(2018, 3, 20, 12, tzinfo=UTC),
    "an instant without a zone": lambda: datetime(2018, 3, 20),  # noqa: DTZ001 - that is the point
    "the first instant": lambda: datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    "the last instant": lambda: datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
    "an instant in a zone that raises": lambda: datetime(2018, 3, 20, tzinfo=_Zone(HostileError)),
    "an instant in a zone without an offset": lambda: datetime(2018, 3, 20, tzinfo=_Zone(None)),
    "an instant in a zone of texts": lambda: datetime(2018, 3, 20, tzinfo=_Zone("5:30")),
    "an instant in a named zone": lambda: datetime(2018, 3, 20, tzinfo=ZoneInfo("Asia/Kolkata")),
    "a zone": lambda: ZoneInfo("Asia/Kolkata"),
    "a zone that raises": lambda: _Zone(HostileError),
    "a duration": lambda: timedelta.max,
    "a numpy int": lambda: np.int64(5),
    "a numpy bool": lambda: np.bool_(True),  # noqa: FBT003 - numpy's own
    "a numpy float": lambda: np.float32(1.5),
    "a numpy instant": lambda: np.datetime64("2018-03-20"),
    "a numpy array": lambda: np.array([1.0, np.nan]),
    "a numpy array of objects": lambda: np.array([None, "a", 1], dtype=object),
    "a numpy matrix": lambda: np.zeros((2, 2)),
    "a numpy array without a dimension": lambda: np.array("a"),
    "a pandas NaT": lambda: pd.NaT,
    "a pandas NA": lambda: pd.NA,
    "a pandas instant": lambda: pd.Timestamp("2018-03-20", tz="UTC"),
    "a pandas period": lambda: pd.Period("2018-03"),
    "a pandas column": lambda: pd.Series(["a", None]),
    "a pandas column of objects": lambda: pd.Series([object(), 1, "a"], index=[0, 0, 1]),
    "a pandas index": lambda: pd.Index(["a", "b"]),
    "a pandas categorical": lambda: pd.Categorical(["a", None]),
    "a pandas table": lambda: pd.DataFrame({"model": ["a"], "imei": [NUMBER]}),
    "a pandas table of odd names": lambda: pd.DataFrame([[1, 2, 3]], columns=[1, None, "a"]),
    "a pandas table with a column twice": lambda: pd.DataFrame([["a", "b"]], columns=["model", "model"]),
    "a pandas table without rows": lambda: pd.DataFrame({"model": []}),
    "a pandas table of levels": lambda: pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])),
    "a Polars column": lambda: pl.Series("a", ["a", None]),
    "a Polars table": lambda: pl.DataFrame({"model": ["a"], "imei": [NUMBER]}),
    "a lazy Polars table": lambda: pl.LazyFrame({"model": ["a"]}),
    "an Arrow column": lambda: pa.array(["a", None]),
    "an Arrow scalar": lambda: pa.scalar("a"),
    "an Arrow table": lambda: pa.table({"model": ["a"], "imei": [NUMBER]}),
    "an Arrow table with a column twice": lambda: pa.table(
        [pa.array(["a"]), pa.array(["b"])], names=["model", "model"]
    ),
    "an Arrow batch": lambda: pa.record_batch({"model": ["a"]}),
    "a path": lambda: Path("nowhere/at all.csv"),
    "a path with NUL": lambda: Path("a\x00b"),
    "a folder": Path,
    "a stream": lambda: io.StringIO("model\na\n"),
    "an exception": lambda: ValueError("x"),
    "a pattern": lambda: re.compile("a"),
}
"""Objects that have broken readers, by what they are."""

USED_ONCE = ("a generator that raises", "an iterator", "a stream")
"""Those that are spent after one use."""
