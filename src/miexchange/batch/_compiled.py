"""The kernel as machine code: the very functions of `miexchange._kernel`, compiled by numba.

Nothing is written twice: the same code objects are compiled for 64-bit integers, which the loader's bounds
keep every amount within. Compiled loops run without Python's lock, so threads share the processors.
"""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba

from miexchange import _kernel

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["at_least", "bonus", "compiled", "drift_bps", "finding", "grant", "inlined", "whole_months", "write_steps"]

_Function = TypeVar("_Function", bound="Callable[..., Any]")


_njit = cast("Any", numba.njit)
# The option _nrt is numba's own: without its run time, compiled code makes no arrays and counts no owners of those
# that it is given. Counting them makes a table take four times as long. No divisor is ever 0, so none is looked at.
_OPTIONS = {"nogil": True, "error_model": "numpy", "_nrt": False}


def compiled(function: _Function) -> _Function:
    """Compile a function for the types that it is first called with; it makes no arrays."""
    return cast("_Function", _njit(**_OPTIONS)(function))


def inlined(function: _Function) -> _Function:
    """Let a function become part of each compiled one that calls it.

    That is for arguments that hold many arrays, which are costly to hand over.
    """
    return cast("_Function", _njit(inline="always", **_OPTIONS)(function))


def _compile_kernel() -> dict[str, Any]:
    """Compile every function of the kernel, each with the compiled ones in place of those that it calls."""
    names = dict(vars(_kernel))
    for name in sorted(_kernel.__all__, key=lambda name: getattr(_kernel, name).__code__.co_firstlineno):
        source = getattr(_kernel, name)
        names[name] = inlined(FunctionType(source.__code__, names, name))
    return names


_names = _compile_kernel()
at_least = _names["at_least"]
bonus = _names["bonus"]
drift_bps = _names["drift_bps"]
finding = _names["finding"]
grant = _names["grant"]
whole_months = _names["whole_months"]
write_steps = _names["write_steps"]
