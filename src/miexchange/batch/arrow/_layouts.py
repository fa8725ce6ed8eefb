"""Converts any Arrow array to one of the few layouts that the compiled loops read.

Producers nest extensions, dictionaries and run-end encodings. `unwrapped` removes them, and checks what compiled code
relies on: offsets within their buffer, codes within their dictionary, a correct count of nulls.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from miexchange.batch.arrow._memory import arrow_of, view
from miexchange.errors import InvalidValue, out_of_range

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "are_utf8",
    "bools_of",
    "bytes_of",
    "compact",
    "is_text",
    "layout_of",
    "nulls_of",
    "numbers_of",
    "plain_type",
    "texts_of",
    "unwrapped",
]

_LAYOUTS: dict[Any, Any] = {
    pa.string(): pa.binary(),
    pa.large_string(): pa.large_binary(),
    pa.string_view(): pa.binary_view(),
    pa.date64(): pa.int64(),
}
_BOOL8 = "arrow.bool8"


class _Values(NamedTuple):
    """An array without extensions, dictionaries and runs.

    Attributes:
        values: the values.
        places: the index into `values` of each row; None if `values` has one value per row.
    """

    values: pa.Array
    places: pa.Array | None


def plain_type(kind: Any) -> Any:
    """Return the type of an array's values, without extensions, dictionaries and runs.

    >>> plain_type(pa.dictionary(pa.int8(), pa.run_end_encoded(pa.int16(), pa.string_view())))
    DataType(string_view)
    """
    while True:
        if isinstance(kind, pa.BaseExtensionType):
            if kind.extension_name == _BOOL8:
                return pa.bool_()
            kind = kind.storage_type
        elif pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
            kind = kind.value_type
        else:
            return kind


def type_name(kind: Any) -> str:
    """Return the name of a type, for an error."""
    try:
        return f"{kind}"
    except UnicodeDecodeError:  # a type can contain text from outside, such as the name of a zone
        return "a type that is not named in UTF-8"


def is_instant(kind: Any) -> bool:
    """Tell whether a type is a timestamp with a time zone, of whatever name."""
    try:
        return pa.types.is_timestamp(kind) and kind.tz is not None
    except UnicodeDecodeError:
        return True


def is_text(kind: Any) -> bool:
    """Tell whether a type, as `plain_type` returns it, is one of texts."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def unwrapped(array: pa.Array, name: str) -> _Values:
    """Return the values of an array, and the index of each row's value.

    Args:
        array: an array of any type.
        name: its name in errors.

    Raises:
        InvalidValue: the array is inconsistent, which arrays of no known library are.
    """
    kind = array.type
    _check(array, kind, name, full=False)  # before any of it is read
    if isinstance(kind, pa.BaseExtensionType):
        inner = unwrapped(array.storage, name)
        return inner._replace(values=pc.not_equal(inner.values, 0)) if kind.extension_name == _BOOL8 else inner
    if pa.types.is_dictionary(kind):
        places, inner = array.indices, unwrapped(array.dictionary, name)
        _check_places(places, len(array.dictionary), name)
    elif pa.types.is_run_end_encoded(kind):
        places, inner = _places_of_runs(array, name), unwrapped(array.values, name)
    else:
        return _Values(_checked(array, name), None)
    return _Values(inner.values, places if inner.places is None else inner.places.take(places))


def _checked(array: pa.Array, name: str) -> pa.Array:
    kind = array.type
    # Invalid UTF-8, and a date64 that is no whole day, refuse only their rows; times and decimals are not read, so
    # that their ranges do not matter.
    seen = array.view(_LAYOUTS[kind]) if kind in _LAYOUTS else array
    _check(seen, kind, name, full=not (pa.types.is_time(kind) or pa.types.is_decimal(kind)))
    return array


def _check(array: pa.Array, kind: Any, name: str, *, full: bool) -> None:
    try:
        array.validate(full=full)
    except pa.ArrowException:
        raise _contradicts_itself(kind, name) from None


def _check_places(places: pa.Array, count: int, name: str) -> None:
    _check(places, places.type, name, full=True)
    numbers = numbers_of(places)
    if not len(numbers) or (numbers.min() >= 0 and numbers.max() < count):
        return  # even those under nulls
    if places.null_count and not places.offset % 8:
        # Most producers write -1 under a null: testing the bitmap by bytes is faster than Arrow's min_max.
        half = 1 << (8 * numbers.itemsize - 1)
        limit = min(count, half) if numbers.dtype.kind == "i" else count
        outside = np.packbits(numbers.view(f"u{numbers.itemsize}") >= limit, bitorder="little")
        valid = view(places.buffers()[0], np.uint8, count=len(outside), offset=places.offset // 8)
        is_sound = not (outside & valid).any()
    else:
        ends = pc.min_max(places).as_py()
        is_sound = ends["min"] is None or 0 <= ends["min"] <= ends["max"] < count
    if not is_sound:
        raise _contradicts_itself(places.type, name)


def _places_of_runs(array: pa.Array, name: str) -> pa.Array:
    """Return the run of each row."""
    first, last = array.offset, array.offset + len(array)
    ends = array.run_ends.to_numpy(zero_copy_only=False).astype(np.int64)
    lengths = np.diff(np.clip(ends, first, last), prepend=first)
    if len(ends) != len(array.values) or (lengths < 0).any() or lengths.sum() != len(array):
        raise _contradicts_itself(array.type, name)
    return pa.array(np.repeat(np.arange(len(ends), dtype=np.int32), lengths))


def _contradicts_itself(kind: Any, name: str) -> InvalidValue:
    what = f"is a column of {type_name(kind)} whose Arrow buffers contradict one another"
    return out_of_range(name, type_name(kind), "write the column anew", what)


def numbers_of(array: pa.Array) -> NDArray[Any]:
    """Return the integers, dates or timestamps of an array without a copy; those under nulls are undefined."""
    kind, buffer, length = array.type, array.buffers()[1], len(array)
    # Arrow's to_pandas_dtype would import pandas.
    dtype = np.dtype(f"{'u' if pa.types.is_unsigned_integer(kind) else 'i'}{kind.bit_width // 8}")
    if buffer is None or not length:  # an array of nulls may have no buffer
        return view(bytes(length * dtype.itemsize), dtype)
    return view(buffer, dtype, count=length, offset=array.offset * dtype.itemsize)


def layout_of(chunk: pa.Array, name: str) -> pa.Array:
    """Return texts as string or large_string, or as a dictionary of either; they need not be valid UTF-8."""
    values, places = unwrapped(chunk, name)
    if pa.types.is_string_view(values.type):
        values = _without_views(values)
    return values if places is None else pa.DictionaryArray.from_arrays(places, values, safe=False)


def _without_views(array: pa.Array) -> pa.Array:
    nulls = nulls_of(array)
    validity, views, *data = array.buffers()
    if nulls.any():  # Arrow's cast would follow the offsets under nulls
        ours = np.frombuffer(views, dtype="V16", count=array.offset + len(array)).copy()
        ours[array.offset :][nulls] = bytes(16)
        views = pa.py_buffer(ours)
    plain = pa.Array.from_buffers(pa.binary_view(), len(array), [validity, views, *data], offset=array.offset)
    return plain.cast(pa.large_binary()).view(pa.large_string())


def compact(array: pa.DictionaryArray) -> pa.DictionaryArray:
    """Drop unused values of a dictionary with more values than rows: a slice keeps all of them."""
    if len(array.dictionary) <= len(array):
        return array
    used, numbers = np.unique(numbers_of(array.indices.drop_null()), return_inverse=True)
    places = np.zeros(len(array), dtype=np.int32)
    nulls = nulls_of(array.indices)
    places[~nulls] = numbers
    validity = pa.py_buffer(np.packbits(~nulls, bitorder="little"))
    indices = pa.Array.from_buffers(pa.int32(), len(array), [validity, pa.py_buffer(places)])
    return pa.DictionaryArray.from_arrays(indices, array.dictionary.take(arrow_of(used)), safe=False)


def texts_of(array: pa.Array, longest: int) -> list[str | bytes | None]:
    """Return the cells of a string or large_string array as Python texts; invalid UTF-8 as bytes.

    A text longer than a given number of bytes is cut there, still longer than any valid name.
    """
    if not len(array) or (pc.max(pc.binary_length(array)).as_py() or 0) <= longest:
        try:
            texts: list[str | bytes | None] = array.to_pylist()
        except UnicodeDecodeError:
            pass
        else:
            return texts
    return [_decoded(cell.as_buffer(), longest) for cell in array.view(_LAYOUTS[array.type])]


def bytes_of(texts: pa.Array) -> tuple[NDArray[np.signedinteger[Any]], NDArray[np.uint8]]:
    """Return where each text of a string or large_string array begins, and the last one ends, and the bytes of all."""
    _, offsets, data = texts.buffers()
    if not len(texts):  # then there need be no buffers
        return view(bytes(4), np.int32), view(b"\0", np.uint8)
    kind = np.dtype(np.int64 if pa.types.is_large_string(texts.type) else np.int32)
    ends = view(offsets, kind, count=len(texts) + 1, offset=texts.offset * kind.itemsize)
    return ends, view(data or b"\0", np.uint8)


def are_utf8(array: pa.Array) -> NDArray[np.bool_]:
    """Tell which cells of a string or large_string array are UTF-8; a null is."""
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        cells = array.view(_LAYOUTS[array.type])
        return np.array([type(_decoded(cell.as_buffer(), sys.maxsize)) is not bytes for cell in cells], dtype=np.bool_)
    return np.ones(len(array), dtype=np.bool_)


def _decoded(buffer: pa.Buffer | None, longest: int) -> str | bytes | None:
    if buffer is None:
        return None
    raw: bytes = buffer.slice(0, min(buffer.size, longest)).to_pybytes()
    try:
        return raw.decode("utf-8", "strict" if buffer.size <= longest else "replace")
    except UnicodeDecodeError:
        return raw


def nulls_of(array: Any) -> NDArray[np.bool_]:
    """Return the mask of nulls of a column or an array."""
    parts = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
    masks = [bools_of(pc.is_null(part)) for part in parts]
    return np.concatenate([np.zeros(0, dtype=np.bool_), *masks])


def bools_of(array: Any) -> NDArray[np.bool_]:
    """Return a boolean array without nulls as a numpy array."""
    if isinstance(array, pa.ChunkedArray):
        return np.concatenate([np.zeros(0, dtype=np.bool_), *map(bools_of, array.chunks)])
    bits = view(array.buffers()[1] or b"", np.uint8)  # Arrow's to_numpy would import pandas
    found = np.unpackbits(bits, count=array.offset + len(array), bitorder="little")
    return found[array.offset :].astype(np.bool_)
