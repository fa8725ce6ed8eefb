"""Every number of a version of terms, by a readable name, and terms in which one of them is changed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from miexchange.programme import Terms

__all__ = ["numbers_of", "stated_numbers"]


def numbers_of(value: Any, name: str = "") -> Iterator[tuple[str, int, Callable[[int], Any]]]:  # noqa: ANN401 - a value, or a part
    """Yield every number in a value: its name, the number, and a function that makes the value with another one."""
    for field in dataclasses.fields(value):
        part = getattr(value, field.name)
        below = f"{name}{field.name}"

        def put(changed: Any, field_name: str = field.name) -> Any:  # noqa: ANN401 - as above
            return dataclasses.replace(value, **{field_name: changed})

        if type(part) is int:
            yield below, part, put
        elif dataclasses.is_dataclass(part):
            yield from _within(numbers_of(part, f"{below}."), put)
        elif isinstance(part, tuple):
            for place, one in enumerate(part):
                if not dataclasses.is_dataclass(one) or getattr(one, "gate", False):
                    continue  # an answer that refuses a phone costs nothing: its numbers are not read

                def put_at(changed: Any, place: int = place, part: tuple[Any, ...] = part, put: Any = put) -> Any:  # noqa: ANN401 - as above
                    return put((*part[:place], changed, *part[place + 1 :]))

                title = getattr(one, "id", None) or f"{place + 1}"
                yield from _within(numbers_of(one, f"{below}.{title}."), put_at)


def _within(
    numbers: Iterator[tuple[str, int, Callable[[int], Any]]], put: Callable[[Any], Any]
) -> Iterator[tuple[str, int, Callable[[int], Any]]]:
    for name, number, make in numbers:

        def made(changed: int, make: Callable[[int], Any] = make) -> Any:  # noqa: ANN401 - as above
            return put(make(changed))

        yield name, number, made


def stated_numbers(terms: Terms) -> dict[str, int]:
    """Return every number of some terms by its name."""
    return {name: number for name, number, _ in numbers_of(terms)}
