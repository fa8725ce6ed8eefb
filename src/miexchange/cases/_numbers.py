"""Every number of a programme, by a readable name, and terms in which one of them is changed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from miexchange.market import Price

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from miexchange.market import Anchor
    from miexchange.programme import Programme

__all__ = ["name_of", "numbers_of", "stated_numbers"]


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


def name_of(row: Price | Anchor) -> str:
    """Name a row of market prices or of anchors."""
    since = row.effective_from.isoformat()
    if isinstance(row, Price):
        return f"market_prices[{row.model}@{since}]"
    return f"anchors[{row.model}:{row.component}@{since}]"


def stated_numbers(programme: Programme, at: datetime) -> dict[str, int]:
    """Return every number of the terms in force, if there are any, and of all prices and anchors, by its name."""
    terms = programme.terms_at(at)
    numbers = {} if terms is None else {name: number for name, number, _ in numbers_of(terms)}
    prices = {name_of(row): row.price_minor for row in programme.prices}
    return numbers | prices | {name_of(row): row.amount_minor for row in programme.anchors}
