"""Loops that numba compiles: they run without Python's lock, so threads share the processors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba

from miexchange.batch.arrow._kept_code import KeptCode

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["compiled", "inlined"]

_Function = TypeVar("_Function", bound="Callable[..., Any]")


_njit = cast("Any", numba.njit)
# The option _nrt is numba's own: without its run time, compiled code makes no arrays and counts no owners of those
# that it is given. Counting them makes a table take four times as long. No divisor is ever 0, so none is looked at.
_OPTIONS = {"nogil": True, "error_model": "numpy", "_nrt": False}


def compiled(function: _Function) -> _Function:
    """Compile a function for the types that it is first called with, or take what was kept; it makes no arrays."""
    loop = _njit(**_OPTIONS)(function)
    loop._cache = KeptCode(function)  # noqa: SLF001 - where numba's own cache would be, which can be out of date
    return cast("_Function", loop)


def inlined(function: _Function) -> _Function:
    """Let a function become part of each compiled one that calls it.

    That is for arguments that hold many arrays, which are costly to hand over.
    """
    return cast("_Function", _njit(inline="always", **_OPTIONS)(function))
