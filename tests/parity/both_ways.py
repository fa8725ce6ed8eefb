"""The verbs of `miexchange.batch`, each called twice: by whole columns and by compiled loops, with the same result."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pytest

from miexchange import InvalidValue, batch
from miexchange.batch.arrow import _compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["WAYS", "appraise_file", "appraise_frame", "lookup_many", "prices_as_of", "validate_many", "way"]

WAYS = (sys.maxsize, -1)
"""By whole columns, and by compiled loops: after how many rows, or bytes of CSV, a process uses compiled loops."""


@contextmanager
def way(enough: int) -> Iterator[None]:
    """Go one of the ways, whatever this process has read before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_compiled, "_ENOUGH", enough)
        patch.setattr(_compiled, "_ENOUGH_BYTES", enough)
        yield


def _called(verb: Callable[..., Any], enough: int, *given: Any, **named: Any) -> Any:  # noqa: ANN401 - any table
    with way(enough):
        return verb(*given, **named)


def _both_ways(verb: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(verb)
    def called(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - as above
        by_column, compiled = (_called(verb, enough, *given, **named) for enough in WAYS)
        assert type(by_column) is type(compiled)
        if isinstance(compiled, pd.DataFrame):
            pd.testing.assert_frame_equal(by_column, compiled)
        else:
            assert by_column.equals(compiled)
        if isinstance(compiled, pa.Table):
            assert by_column.schema == compiled.schema
            for one, other in zip(by_column.columns, compiled.columns, strict=True):
                assert list(map(_content, one.chunks)) == list(map(_content, other.chunks))
        return compiled

    return called


def _content(array: pa.Array) -> list[bytes | None]:
    """Return the bytes of an array's buffers, those under nulls included."""
    own = _content(array.dictionary) if pa.types.is_dictionary(array.type) else []
    return [*own, *(buffer and buffer.to_pybytes() for buffer in array.buffers())]


appraise_frame = _both_ways(batch.appraise_frame)
lookup_many = _both_ways(batch.lookup_many)
prices_as_of = _both_ways(batch.prices_as_of)
validate_many = _both_ways(batch.validate_many)


def appraise_file(source: Path, target: Path, *given: Any, **named: Any) -> batch.Summary:  # noqa: ANN401 - as above
    """Value a file both ways, to the same bytes or with the same error; the target is that of the last one."""
    outputs = [target, Path(named.get("rejects", target))]

    def found(enough: int) -> tuple[batch.Summary, list[bytes]]:
        summary: batch.Summary = _called(batch.appraise_file, enough, source, target, *given, force=True, **named)
        return summary, [path.read_bytes() for path in outputs]

    try:
        by_column = found(WAYS[0])
    except InvalidValue as error:
        with pytest.raises(InvalidValue, match=f"^{re.escape(f'{error}')}$"):
            found(WAYS[1])
        raise
    compiled = found(WAYS[1])
    assert compiled == by_column
    return compiled[0]
