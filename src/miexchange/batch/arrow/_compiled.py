"""The decorators of numba loops; the loops release the GIL, so that threads run in parallel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba

from miexchange.batch.arrow._kept_code import KeptCode

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["compiled", "inlined"]

_Function = TypeVar("_Function", bound="Callable[..., Any]")


_njit = cast("Any", numba.njit)
# _nrt is a private option of numba. Without the runtime, compiled code cannot allocate arrays and does no reference
# counting, which made a table take four times as long. Divisors are never 0, so they are not checked.
_OPTIONS = {"nogil": True, "error_model": "numpy", "_nrt": False}


def compiled(function: _Function) -> _Function:
    """Compile a function at its first call, or load it from the cache; it must not allocate arrays."""
    loop = _njit(**_OPTIONS)(function)
    loop._cache = KeptCode(function)  # noqa: SLF001 - where numba's own cache would be, which can be out of date
    return cast("_Function", loop)


def inlined(function: _Function) -> _Function:
    """Inline a function into each compiled one that calls it.

    For arguments with many arrays, which are costly to pass.
    """
    return cast("_Function", _njit(inline="always", **_OPTIONS)(function))
