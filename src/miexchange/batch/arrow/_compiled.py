"""Loops that numba compiles, when enough rows have been read to be worth it.

Importing numba and loading its code takes half a second, compiling the loops several seconds. So a decorated function
is compiled at its first call, and a process reads its first rows by whole columns: `are_worth_it` says which way
to go. Both give the same result. Loops release the GIL, so that threads run in parallel.
"""

from __future__ import annotations

import threading
from functools import update_wrapper
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from miexchange._extras import extra

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["are_worth_it", "compiled", "expect", "inlined", "is_worth_parsing", "names_of"]

_Function = TypeVar("_Function", bound="Callable[..., Any]")

# _nrt is a private option of numba. Without the runtime, compiled code cannot allocate arrays and does no reference
# counting, which made a table take four times as long. Divisors are never 0, so they are not checked.
_OPTIONS = {"nogil": True, "error_model": "numpy", "_nrt": False}

_ENOUGH = 250_000
"""Rows that a process reads by whole columns, which takes about as long as loading the loops."""

_ENOUGH_BYTES = 5_000_000
"""Bytes of CSV that a process parses step by step, for the same reason."""

_lock = threading.RLock()
_rows = _bytes = 0


def are_worth_it(rows: int = 0) -> bool:
    """Tell whether to use compiled loops, given how many more rows are to be read; they are from then on."""
    global _rows  # noqa: PLW0603 - it belongs to the process, like the compiled code
    if rows:
        with _lock:
            _rows += rows
    return _rows > _ENOUGH


def expect(rows: int) -> None:
    """Use compiled loops from the first row of a file on, if it has enough rows."""
    if rows > _ENOUGH:
        are_worth_it(rows)


def is_worth_parsing(size: int = 0) -> bool:
    """Tell whether to parse CSV by compiled loops, given how many more bytes were parsed without them."""
    global _bytes  # noqa: PLW0603 - as above
    with _lock:
        _bytes += size
    return _bytes > _ENOUGH_BYTES or are_worth_it()


class _Loop:
    """A function that is compiled at its first call."""

    def __init__(self, function: Callable[..., Any], *, is_inlined: bool) -> None:
        """Take the Python function, and whether it becomes a part of each loop that calls it."""
        self._function, self._is_inlined = cast("FunctionType", function), is_inlined
        self._made: Any = None
        update_wrapper(self, function)

    @property
    def by_column(self) -> Callable[..., Any]:
        """The function itself, without numba: whole columns take it if it has operators alone."""
        return self._calling(lambda loop: loop.by_column)

    @property
    def dispatcher(self) -> Any:
        """The function as numba knows it."""
        if self._made is None:
            with _lock:
                if self._made is None:  # another thread may have waited for the lock
                    self._made = self._dispatcher()
        return self._made

    def _dispatcher(self) -> Any:
        with extra("batch", "miexchange.batch"):
            import numba  # noqa: PLC0415 - see above

            from miexchange.batch.arrow._kept_code import KeptCode  # noqa: PLC0415 - imports numba
        function = self._calling(lambda loop: loop.dispatcher)
        options: dict[str, Any] = {**_OPTIONS, "inline": "always"} if self._is_inlined else _OPTIONS
        dispatcher = cast("Any", numba.njit)(**options)(function)
        if not self._is_inlined:
            dispatcher._cache = KeptCode(function)  # noqa: SLF001 - where numba's own cache would be, which can be out of date
        return dispatcher

    def _calling(self, form: Callable[[_Loop], Any]) -> Callable[..., Any]:
        """Return the function, calling the other loops in a given form."""
        function = self._function
        known = function.__globals__
        called = {name: form(known[name]) for name in names_of(function.__code__) if isinstance(known.get(name), _Loop)}
        if not called:
            return function
        code, defaults, closure = function.__code__, function.__defaults__, function.__closure__
        changed = FunctionType(code, known | called, function.__name__, defaults, closure)
        changed.__module__, changed.__qualname__ = function.__module__, function.__qualname__
        return changed

    def __call__(self, *arguments: Any) -> Any:
        """Run the loop."""
        return self.dispatcher(*arguments)

    def __getattr__(self, name: str) -> Any:
        """Return what numba knows of the loop."""
        return getattr(self.dispatcher, name)


def compiled(function: _Function) -> _Function:
    """Compile a function at its first call, or load it from the cache; it must not allocate arrays."""
    return cast("_Function", _Loop(function, is_inlined=False))


def inlined(function: _Function) -> _Function:
    """Inline a function into each compiled one that calls it.

    For arguments with many arrays, which are costly to pass.
    """
    return cast("_Function", _Loop(function, is_inlined=True))


def names_of(code: CodeType) -> Iterator[str]:
    """Yield the names of globals that code may read, and of attributes."""
    yield from code.co_names
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from names_of(one)
