"""The rules for arguments, one by one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

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


@pytest.mark.parametrize(
    ("rule", "given", "kind", "words"),
    [
        (TEXT, "", "range", "value is empty: give a text"),
        (TEXT, 5, "type", "value is 5: give a text"),
        (FLAG, 1, "type", "value is 1: give True or False"),
        (PATH, "", "range", "value is empty: give a path"),
        (PATH, 5, "type", "value is 5: give a path"),
        (DATE, "soon", "type", "value is the text 'soon': give a date"),
        (COLUMNS, [1], "range", "value holds what does not fit: give a list of names of columns"),
        (COLUMNS, ("a", None), "range", "value holds what does not fit: give a list of names of columns"),
        (COLUMNS, "a", "type", "value is the text 'a': give a list of names of columns"),
        (maybe(whole(1, 9)), 0, "range", "value is 0: give a whole number from 1 to 9, or None"),
        (maybe(whole(1, 9)), "0", "type", "value is the text '0': give a whole number from 1 to 9, or None"),
        (maybe(several(FLAG, "give flags")), [1], "range", "value holds what does not fit: give flags, or None"),
        (Rule(bool, "give some", kinds=list), [], "range", "value is empty: give some"),
        (whole(), -1, "range", "value is -1: give a whole number of 0 or more"),
        (whole(2), 2**53 + 1, "range", "value is 90071992******93: give a whole number of 2 or more"),
        (whole(0, 2**53 - 1), -1, "range", f"value is -1: give a whole number from 0 to {2**53 - 1}"),
        (instance(date), None, "missing", "value is missing: give a date"),
    ],
)
def test_each_rule_has_its_words(rule: Rule, given: object, kind: str, words: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        taken(rule, given)
    assert (caught.value.kind, str(caught.value)) == (kind, words)


def test_a_naive_instant_is_out_of_range_and_a_date_is_of_another_type() -> None:
    for given, kind in ((datetime(2018, 3, 20), "range"), (date(2018, 3, 20), "type")):  # noqa: DTZ001 - the point
        with pytest.raises(InvalidValue, match="give an instant: a datetime with a time zone") as caught:
            taken(INSTANT, given)
        assert caught.value.kind == kind


def test_a_whole_number_has_both_its_bounds() -> None:
    assert [taken(whole(), number) for number in (0, 2**53)] == [0, 2**53]
    assert [taken(whole(1, 9), number) for number in (1, 9)] == [1, 9]


def test_a_rule_reaches_an_argument_by_place_and_by_name_and_no_other() -> None:
    @takes(title=TEXT, rows=whole(1))
    def made(title: str, rest: object = 7, *, rows: int = 5, **more: object) -> tuple[object, ...]:
        return title, rest, rows, more

    assert made(Word("a")) == ("a", 7, 5, {})
    two: Any = np.int64(2)
    assert made("a", 0, rows=two, other=0) == ("a", 0, 2, {"other": 0})
    with pytest.raises(TypeError):
        made("a", 0, 1)  # type: ignore[call-arg]  # one argument too many
    found = made(Word("a"), rows=two)
    assert [type(one) for one in (found[0], found[2])] == [str, int]
    assert made.__name__ == "made"
    with pytest.raises(InvalidValue, match="rows is 0"):
        made("a", rows=0)
    assert check({"title": "a", "other": 0}, {"title": TEXT, "rows": whole(1)}) == {"title": "a"}
