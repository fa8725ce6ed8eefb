"""The kernel as machine code: the very functions of `miexchange._kernel`, compiled by numba.

Nothing is written twice: the same code objects are compiled for 64-bit integers, which the loader's bounds
keep every amount within.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

from miexchange import _kernel
from miexchange.batch.arrow._compiled import inlined

__all__ = ["at_least", "bonus", "finding", "grant", "position_of", "whole_months", "write_steps"]


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
finding = _names["finding"]
grant = _names["grant"]
position_of = _names["position_of"]
whole_months = _names["whole_months"]
write_steps = _names["write_steps"]
