"""The kernel as machine code: the very functions of `miexchange._kernel` and `miexchange._decisions`, compiled.

Nothing is written twice: the same code objects are compiled for 64-bit integers. The loader's bounds keep every
amount within them.
"""

from __future__ import annotations

from types import FunctionType, ModuleType
from typing import Any

from miexchange import _decisions, _kernel
from miexchange.batch.arrow._compiled import inlined

__all__ = [
    "at_least",
    "bonus",
    "calendar",
    "finding",
    "grant",
    "identity",
    "is_stale",
    "let_pass",
    "numbers",
    "position_of",
    "shown",
    "whole_months",
    "write_steps",
]


def _compile(module: ModuleType) -> dict[str, Any]:
    """Compile every function of a module, each with the compiled ones in place of those that it calls."""
    names = dict(vars(module))
    functions = [one for name in module.__all__ if isinstance(one := names[name], FunctionType)]
    for source in sorted(functions, key=lambda one: one.__code__.co_firstlineno):
        name = source.__name__
        names[name] = inlined(FunctionType(source.__code__, names, name))
    return names


_names = _compile(_kernel)
at_least = _names["at_least"]
bonus = _names["bonus"]
calendar = _names["calendar"]
finding = _names["finding"]
grant = _names["grant"]
position_of = _names["position_of"]
whole_months = _names["whole_months"]
write_steps = _names["write_steps"]

_names = _compile(_decisions)
identity = _names["identity"]
is_stale = _names["is_stale"]
let_pass = _names["let_pass"]
numbers = _names["numbers"]
shown = _names["shown"]
