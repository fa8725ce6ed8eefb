"""Every public door of the package, found by introspection.

A door is a public function, or a constructor, a method or an operator of a public type. Nobody lists them: a new one is
found by its name.
"""

from __future__ import annotations

import enum
import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, is_typeddict

from hypothesis.stateful import RuleBasedStateMachine

import miexchange

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

__all__ = ["DOORS", "Door"]

PACKAGE = Path(miexchange.__file__).parent

OPERATORS = {"__eq__", "__contains__", "__getitem__", "__len__", "__iter__", "__hash__", "__repr__", "__str__"}
MADE_BY_US = ("Case", "Cover", "Ledger", "NearMiss", "TacTable", "Report", "Violation")
"""Types, with those derived of them, that a function of the package constructs and nobody else: `ledger.open`,
`TacTable.read`, `cases.read_cases`, what the verbs of tuning and the simulator return, and what strategies draw."""


@dataclass(frozen=True, eq=False)
class Door:
    """A door.

    Attributes:
        name: the module and the name, such as ``coupon.check``; what the package itself offers has no module.
        of: the type whose method it is, None for a function, a class method or a constructor.
        verb: the function; a method as it stands in the class.
        parameters: its parameters, without ``self``.
    """

    name: str
    of: type | None
    verb: Callable[..., Any]
    parameters: tuple[inspect.Parameter, ...]


def _modules() -> Iterator[ModuleType]:
    """Return the public modules; the list of rules is for the package, which offers its settings in `programme`."""
    yield miexchange
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(PACKAGE).with_suffix("").parts
        names = parts[:-1] if parts[-1] == "__init__" else parts
        if names and not any(name.startswith("_") for name in names) and not {"migrations", "rules"} & set(names):
            yield importlib.import_module(".".join(("miexchange", *names)))


def _found() -> Iterator[Door]:
    seen = set()
    for module in _modules():
        room = module.__name__.removeprefix("miexchange").lstrip(".")
        for name in module.__all__:
            thing = getattr(module, name)
            is_ours = getattr(thing, "__module__", "").startswith("miexchange")
            if id(thing) in seen or not callable(thing) or not is_ours:
                continue
            seen.add(id(thing))
            full = f"{room}.{name}".lstrip(".")
            if inspect.isclass(thing):
                yield from _of_type(full, thing)
            else:
                yield Door(full, None, thing, _parameters(thing))


def _of_type(name: str, kind: type) -> Iterator[Door]:
    if issubclass(kind, BaseException | RuleBasedStateMachine) or getattr(kind, "_is_protocol", False):
        return  # the package raises errors, Hypothesis calls the rules of a machine, and a protocol has no code of ours
    if is_typeddict(kind):
        return  # a dict of the caller's: the function that takes it is the door
    if issubclass(kind, enum.Enum):
        yield Door(name, None, kind, (inspect.Parameter("value", inspect.Parameter.POSITIONAL_OR_KEYWORD),))
    elif not any(base.__name__ in MADE_BY_US for base in kind.__mro__):
        yield Door(name, None, kind, _parameters(kind))
    for base in kind.__mro__:
        for method, raw in vars(base).items():
            is_ours = base.__module__.startswith("miexchange") and inspect.getattr_static(kind, method) is raw
            if not is_ours or (method.startswith("_") and method not in OPERATORS):
                continue
            if isinstance(raw, classmethod | staticmethod):
                bound = getattr(kind, method)
                yield Door(f"{name}.{method}", None, bound, _parameters(bound))
            elif inspect.isfunction(raw):
                yield Door(f"{name}.{method}", kind, raw, _parameters(raw)[1:])


def _parameters(verb: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    return tuple(inspect.signature(verb).parameters.values())


DOORS = tuple(_found())
