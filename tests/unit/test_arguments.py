"""The rules for arguments, one by one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from miexchange import InvalidValue
from miexchange._arguments import (
    COLUMNS,
    DATE,
    FLAG,
    INSTANT,
    PATH,
    TEXT,
    Rule,
    check,
    instance,
    maybe,
    one_of,
    several,
    takes,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


class Broken:
    """A path that is none, and whatever else raises."""

    def __fspath__(self) -> str:
        raise ZeroDivisionError

    def __iter__(self) -> Iterator[str]:
        raise ZeroDivisionError


class Word(str):
    __slots__ = ()


def taken(rule: Rule, value: object) -> object:
    return check({"value": value}, {"value": rule})["value"]


@pytest.mark.parametrize(
    ("rule", "given", "gets"),
    [
        (TEXT, Word("a"), "a"),
        (FLAG, np.True_, True),
        (DATE, date(2018, 3, 20), date(2018, 3, 20)),
        (INSTANT, datetime(2018, 3, 20, tzinfo=UTC), datetime(2018, 3, 20, tzinfo=UTC)),
        (PATH, Word("a.csv"), Path("a.csv")),
        (PATH, Path("a.csv"), Path("a.csv")),
        (COLUMNS, {Word("a"): 1}, ["a"]),
        (COLUMNS, (name for name in "ab"), ["a", "b"]),
        (instance(int), 5, 5),
        (maybe(whole(1)), None, None),
        (maybe(whole(1)), np.int64(3), 3),
        (one_of("a", "b"), Word("b"), "b"),
        (several(instance(int), "give numbers"), (1, 2), [1, 2]),
    ],
)
def test_what_fits_is_taken_for_what_it_stands_for(rule: Rule, given: object, gets: object) -> None:
    found = taken(rule, given)
    assert (found, type(found)) == (gets, type(gets))


@pytest.mark.parametrize(
    ("rule", "given"),
    [
        *((TEXT, given) for given in ("", b"a", None)),
        *((FLAG, given) for given in (1, None, "yes", np.array([True]))),
        *((DATE, given) for given in (datetime(2018, 3, 20, tzinfo=UTC), "2018-03-20")),
        *((INSTANT, given) for given in (date(2018, 3, 20), datetime(2018, 3, 20), None)),  # noqa: DTZ001 - the point
        *((PATH, given) for given in ("", "a\0b", "\ud800", b"a", 1, Broken())),
        *((COLUMNS, given) for given in ("a", b"a", 1, [1], ["a", None], Broken())),
        *((whole(1, 9), given) for given in (0, 10, True, 1.0, "1", None)),
        *((one_of("a"), given) for given in ("b", None, ["a"])),
        (instance(int), "5"),
    ],
)
def test_anything_else_is_refused_by_name(rule: Rule, given: object) -> None:
    with pytest.raises(InvalidValue, match=r"^within\.value (is|holds what does not fit: give) "):
        check({"value": given}, {"value": rule}, "within.")


@pytest.mark.parametrize(
    ("rule", "given", "kind", "words"),
    [
        (instance(date), "5", "type", "value is the text '5': give a date"),
        (instance(int, "give a count"), "5", "type", "value is the text '5': give a count"),
        (whole(1, 9), 0, "range", "value is 0: give a whole number from 1 to 9"),
        (whole(1), 0, "range", "value is 0: give a whole number of 1 or more"),
        (whole(1, 9), True, "type", "value is True: give a whole number from 1 to 9"),
        (whole(1, 9), "1", "type", "value is the text '1': give a whole number from 1 to 9"),
        (one_of("a", "b"), "c", "range", "value is 'c': give one of: a, b"),
        (several(instance(int), "give numbers"), ["a"], "range", "value holds what does not fit: give numbers"),
    ],
)
def test_a_refusal_says_whether_the_type_or_the_value_is_wrong(
    rule: Rule, given: object, kind: str, words: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        taken(rule, given)
    assert (caught.value.kind, str(caught.value)) == (kind, words)


def test_a_rule_for_what_is_not_given_asks_nothing() -> None:
    @takes(rows=whole(1), title=maybe(TEXT))
    def made(rows: int, title: str | None = None) -> tuple[int, str | None]:
        return rows, title

    assert made(1) == (1, None)
    assert made(rows=2, title=Word("a")) == (2, "a")
    with pytest.raises(InvalidValue, match="rows is 0"):
        made(0, title=5)  # type: ignore[arg-type]
