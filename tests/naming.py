"""A law of every test here: what an error names is there, so that whoever reads it finds the field or the argument.

An error says ``Quote.imei_status``, ``pad_six_digits`` or ``terms.overlaps``. Each word of it is a name in the package,
a file or a key of a programme, or stands in the test itself.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

import pytest

from miexchange import InvalidValue, Problem, _data

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD = re.compile(r"[A-Za-z]\w*[A-Za-z]")
_HERE = Path(__file__).parent
_SHARED = ("unit/small.py", "unit/trade.py", "unit/tuned.py", "data/mistakes.toml")
_PROGRAMMES = _data.folder() / "programmes"
_known: set[str] = set()


def _words(text: str) -> set[str]:
    return {word for word in _WORD.findall(text) if len(set(word)) > 1}  # a text of one letter is a long one


def _names_of(thing: Any, seen: set[int]) -> Iterator[str]:  # noqa: ANN401 - a class, a function, code or whatever
    """Yield the names that a class or a function gives; no text in a body is among them."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, FunctionType):
        yield from _names_of(thing.__code__, seen)
    elif isinstance(thing, CodeType):
        yield from (thing.co_name, *thing.co_varnames[: thing.co_argcount + thing.co_kwonlyargcount + 2])
        for part in thing.co_consts:
            yield from _names_of(part, seen)
    elif isinstance(thing, type) and thing.__module__.startswith("miexchange"):
        yield from (thing.__name__, *thing.__annotations__)
        for name, held in vars(thing).items():
            yield name
            yield from _names_of(getattr(held, "__func__", getattr(held, "fget", held)), seen)


def _names() -> set[str]:
    seen: set[int] = set()
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] == "miexchange"]
    return {name for module in modules for thing in [*vars(module).values()] for name in _names_of(thing, seen)}


@cache
def _written() -> set[str]:
    """Return the words of the files of programmes, and of what tests share."""
    files = [*_PROGRAMMES.rglob("*.csv"), *_PROGRAMMES.rglob("*.toml"), *(_HERE / name for name in _SHARED)]
    read = (file.read_text(encoding="utf-8") for file in files if file.suffix != ".csv")
    return {word for text in (*read, *(file.stem for file in files)) for word in _words(text)}


@cache
def _said(file: Path) -> set[str]:
    return _words(file.read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def what_an_error_names_is_there(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    named: set[str] = set()
    made, placed, moved = InvalidValue.__init__, Problem.__post_init__, InvalidValue.at

    def init(self: InvalidValue, field: str, *parts: Any, **more: Any) -> None:  # noqa: ANN401 - as they are
        made(self, field, *parts, **more)
        named.add(self.field)

    def post_init(self: Problem) -> None:
        placed(self)
        named.add(self.column)

    def at(self: InvalidValue, field: str) -> InvalidValue:
        again = moved(self, field)
        named.add(again.field)
        return again

    monkeypatch.setattr(InvalidValue, "__init__", init)
    monkeypatch.setattr(Problem, "__post_init__", post_init)
    monkeypatch.setattr(InvalidValue, "at", at)
    yield
    words = {word for field in named for word in _words(field)} - _said(request.path)
    if words - _known:  # more modules may be imported now
        _known.update(_names(), _written())
    assert words - _known == set()
