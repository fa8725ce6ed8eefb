"""The exceptions: one root, a sentence that says what to do, and no IMEI in it."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime, timedelta, tzinfo
from string import ascii_letters
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from miexchange import _limits
from miexchange._limits import MESSAGE, TEXT
from miexchange._privacy import mask
from miexchange.errors import (
    DataError,
    InvalidImei,
    InvalidValue,
    MiExchangeError,
    Problem,
    missing,
    one_line,
    out_of_range,
    sentence,
    shown,
    unknown,
    wrong_type,
)
from miexchange.refusal import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Callable

IMEI = "354178036859789"
PROBLEM = Problem("prices.csv", 7, "price_minor", "'x' is no number", "Write whole minor units")
ERRORS: list[MiExchangeError] = [
    InvalidValue("Device.model", 5, "give a text"),
    InvalidValue("imei", IMEI, "give a text"),
    InvalidImei(ReasonCode.IMEI_CHECK_DIGIT, mask(IMEI), "has a wrong check digit", "Compare it."),
    DataError((PROBLEM,)),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_every_error_has_the_one_root_and_is_a_value_error(error: MiExchangeError) -> None:
    assert isinstance(error, MiExchangeError)
    assert isinstance(error, ValueError)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_survives_a_process_pool(error: MiExchangeError, protocol: int) -> None:
    again = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301 - our own bytes
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_can_be_copied(error: MiExchangeError) -> None:
    assert str(copy.deepcopy(error)) == str(copy.copy(error)) == str(error)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_no_error_shows_a_serial_number(error: MiExchangeError) -> None:
    assert IMEI[8:14] not in f"{error} {error!r} {vars(error)}"


def test_an_invalid_value_says_field_value_and_rule() -> None:
    error = InvalidValue("OrderLine.quantity", 0, "give a whole number, one or more")
    assert str(error) == "OrderLine.quantity is 0: give a whole number, one or more"
    assert (error.field, error.value, error.rule) == ("OrderLine.quantity", "0", "give a whole number, one or more")


def test_an_invalid_imei_says_number_fault_and_remedy() -> None:
    error = InvalidImei("imei_empty", "''", "is empty", "Dial *#06#.")
    assert str(error) == "The IMEI '' is empty. Dial *#06#."
    assert (error.code, error.masked, error.what, error.remedy) == ("imei_empty", "''", "is empty", "Dial *#06#.")


PROBLEMS = [
    (PROBLEM, "prices.csv:7: price_minor: 'x' is no number. Write whole minor units"),
    (Problem("prices.csv", 7, "", "has 3 cells", "Write 5"), "prices.csv:7: has 3 cells. Write 5"),  # a whole row
    (Problem("prices.csv", None, "", "is empty", "Fill it"), "prices.csv: is empty. Fill it"),  # a whole file
    (Problem("p.toml", None, "terms", "there are none", "Add some"), "p.toml: terms: there are none. Add some"),
]


@pytest.mark.parametrize(("problem", "text"), PROBLEMS)
def test_a_problem_reads_as_a_compiler_writes_it(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_a_data_error_has_a_line_for_every_problem_in_order() -> None:
    problems = tuple(problem for problem, _ in PROBLEMS)
    error = DataError(problems)
    assert str(error).splitlines() == [text for _, text in PROBLEMS]
    assert error.problems == problems


class Nowhere(tzinfo):
    """A zone that raises."""

    def utcoffset(self, _: datetime | None) -> timedelta:
        raise RuntimeError

    def dst(self, _: datetime | None) -> None:
        """Say nothing."""

    def tzname(self, _: datetime | None) -> None:
        """Say nothing."""


SHOWN = [
    (None, "None"),
    (True, "True"),
    (12, "12"),
    (-5, "-5"),
    (1.5, "1.5"),
    ("cracked", "'cracked'"),
    ("", "''"),
    ("two\nlines", r"'two\nlines'"),  # one line
    ("\x1b[31m", r"'\x1b[31m'"),  # nothing that a terminal acts on
    ("\ud800", r"'\ud800'"),  # nothing that cannot be written
    (12345678901, "12345678901"),  # 11 digits are no IMEI
    (123456789012, "12345678****"),  # 12 could be one with a few lost
    (354178036859789, "35417803******9"),
    (354178036859789.0, "35417803******9.0"),  # 16 digits: read as an IMEISV
    (IMEI, "'35417803******9'"),
    (f"my phone is {IMEI}", "'my phone is 35417803******9'"),
    ("x" * 58, "'" + "x" * 58 + "'"),  # 60 characters with its quotes
    ("x" * 59, "'" + "x" * 58 + "…"),  # 61 are cut to 60
    (10**60, "10000000" + "*" * 51 + "…"),
    (10**60 + 1, "an int of more than 60 digits"),
    (-(10**5000), "an int of more than 60 digits"),  # Python refuses to write it out
    (b"\x00", "a bytes"),
    ([1], "a list"),
    ({}, "a dict"),
    (date(2018, 3, 15), "2018-03-15"),
    (datetime(2018, 3, 15, tzinfo=UTC), "2018-03-15T00:00:00+00:00"),
    (pd.NaT, "NaT"),
    (datetime(2018, 3, 15, tzinfo=Nowhere()), "a datetime"),
    (object(), "an object"),
    (type("", (), {})(), "a nameless object"),
]


@pytest.mark.parametrize(("value", "text"), SHOWN, ids=[text for _, text in SHOWN])
def test_any_value_is_shown_short_and_safe(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_type_is_named_with_its_article() -> None:
    said = {letter: shown(type(f"{letter}bc", (), {})()) for letter in ascii_letters}
    assert said == {letter: f"{'an' if letter in 'aeiouAEIOU' else 'a'} {letter}bc" for letter in ascii_letters}


def test_showing_runs_no_foreign_code() -> None:
    class Shouting(str):
        __slots__ = ()

        def __repr__(self) -> str:
            raise AssertionError

    class Nasty(type):
        @property
        def __name__(cls) -> str:  # type: ignore[override]
            raise AssertionError

    class Secret(metaclass=Nasty):
        pass

    class Lying:
        @property  # type: ignore[misc]
        def __class__(self) -> type:
            raise AssertionError

    assert shown(Shouting("x")) == "a Shouting"
    assert shown(Secret()) == "a Secret"
    assert shown(Lying()) == "a Lying"


RULE = "give a text"
SENTENCES: list[tuple[Callable[[], InvalidValue], str, str, str, str]] = [
    # what makes the error, its kind, field, value and sentence
    (lambda: missing("A.b", RULE), "missing", "A.b", "", "A.b is missing: give a text"),
    (lambda: missing("A.b", RULE, "is gone"), "missing", "A.b", "", "A.b is gone: give a text"),
    (lambda: wrong_type("A.b", 5, RULE), "type", "A.b", "5", "A.b is 5: give a text"),
    (lambda: wrong_type("A.b", "5", RULE), "type", "A.b", "'5'", "A.b is the text '5': give a text"),
    (lambda: wrong_type("A.b", None, RULE), "missing", "A.b", "", "A.b is missing: give a text"),
    (lambda: wrong_type("A.b", float("nan"), RULE), "missing", "A.b", "", "A.b is missing: give a text"),
    (lambda: wrong_type("A.b", None, RULE, "is null"), "type", "A.b", "None", "A.b is null: give a text"),
    (lambda: wrong_type("A.b", "x", RULE, "is a string"), "type", "A.b", "'x'", "A.b is a string: give a text"),
    (lambda: out_of_range("A.b", 5, RULE), "range", "A.b", "5", "A.b is 5: give a text"),
    (lambda: out_of_range("A.b", (), RULE), "range", "A.b", "a tuple", "A.b is empty: give a text"),
    (lambda: out_of_range("A.b", "", RULE), "range", "A.b", "''", "A.b is empty: give a text"),
    (lambda: out_of_range("A.b", {}, RULE), "range", "A.b", "a dict", "A.b is empty: give a text"),
    (lambda: out_of_range("A.b", (1,), RULE), "range", "A.b", "a tuple", "A.b has 1 element: give a text"),
    (
        lambda: out_of_range("A.b", frozenset("ab"), RULE),
        "range",
        "A.b",
        "a frozenset",
        "A.b has 2 elements: give a text",
    ),
    (lambda: out_of_range("A.b", [1] * 1_234, RULE), "range", "A.b", "a list", "A.b has 1,234 elements: give a text"),
    (lambda: out_of_range("A.b", "ab", RULE), "range", "A.b", "'ab'", "A.b is 'ab': give a text"),
    (lambda: out_of_range("A.b", b"ab", RULE), "range", "A.b", "a bytes", "A.b is a bytes: give a text"),
    (lambda: out_of_range("A.b", (), RULE, "has none"), "range", "A.b", "a tuple", "A.b has none: give a text"),
    (lambda: out_of_range("A.b", 5, RULE, which="is odd"), "range", "A.b", "5", "A.b is 5, which is odd: give a text"),
    (
        lambda: unknown("A.b", "key", "targett", ("target",)),
        *("unknown", "A.b.targett", "'targett'", "A.b has no key 'targett': write target, or leave it out"),
    ),
    (
        lambda: unknown("A", "field", "x.y", ("ab", "cd"), "drop it"),  # a point would be one of the path
        *("unknown", "A.x_y", "'x.y'", "A has no field 'x.y': drop it; known: ab, cd"),
    ),
    (
        lambda: unknown("A", "field", 55, ("55", "X", "XX", "XXX")),  # what is no text resembles no name
        *("unknown", "A.55", "55", "A has no field 55: leave it out; known: 55, X, XX, XXX"),
    ),
]


@pytest.mark.parametrize(("make", "kind", "field", "value", "said"), SENTENCES, ids=[row[-1] for row in SENTENCES])
def test_every_fault_has_its_sentence(
    make: Callable[[], InvalidValue], kind: str, field: str, value: str, said: str
) -> None:
    error = make()
    assert (error.kind, error.field, error.value, str(error)) == (kind, field, value, said)
    assert said == f"{field if kind != 'unknown' else field.rpartition('.')[0]} {error.what}: {error.rule}"


def test_an_error_can_be_told_of_the_field_around() -> None:
    inner = out_of_range("Money.amount", 5, RULE)
    outer = inner.at("Order.money")
    assert (str(outer), outer.field) == ("Order.money is 5: give a text", "Order.money")
    assert (str(inner), inner.field) == ("Money.amount is 5: give a text", "Money.amount")
    assert str(unknown("Money", "field", "b", ()).at("Order.money.b")).startswith("Order.money has no field 'b': ")


def test_a_message_is_one_line_and_not_longer_than_its_bound() -> None:
    assert one_line("x" * MESSAGE) == "x" * MESSAGE
    assert one_line("x" * (MESSAGE + 1)) == "x" * (MESSAGE - 1) + "…"
    assert [one_line(text, 5) for text in ("abcd", "abcde", "abcdef", "abcdefg")] == ["abcd", "abcde", "abcd…", "abcd…"]
    assert [one_line(text, 5) for text in ("ab\n", "abc\n", "abcd\n")] == [r"ab\n", r"abc\n", "abcd…"]
    long = Problem("f" * (TEXT + 1), 1, "c" * TEXT, "m" * (TEXT + 1), "r")
    assert [*map(len, (long.file, long.column, long.message))] == [TEXT, TEXT, TEXT]
    assert (long.file[-2:], long.column[-2:]) == ("f…", "cc")
    assert str(MiExchangeError()) == ""


def test_a_rule_becomes_a_sentence() -> None:
    assert (sentence("give 5 of A"), sentence("x"), sentence("")) == ("Give 5 of A", "X", "")


@pytest.mark.parametrize("change", [{"line": "7"}, {"line": True}, {"file": 7}, {"message": None}, {"remedy": b"x"}])
def test_a_problem_has_texts_and_a_line(change: dict[str, Any]) -> None:
    given = {"file": "a.csv", "line": 1, "column": "c", "message": "m", "remedy": "r"}
    with pytest.raises(InvalidValue) as caught:
        Problem(**{**given, **change})
    assert caught.value.field == f"Problem.{min(change)}"


def test_an_imei_in_the_name_of_a_file_alone_is_masked() -> None:
    """A date with a time in it is no IMEI, and a column is what the package names."""
    for name in ("20180315 120000", "2018-03-15-12000"):
        assert Problem(f"{name}.csv", None, "", "m", "r").file == f"{name}.csv"
    for number in (IMEI, "35-417803-685978-9"):
        problem = Problem(f"{number}.csv", None, number, "m", "r")
        assert (problem.file, problem.column) == (f"{mask(number)}.csv", number)


@pytest.mark.parametrize(("beyond", "more"), [(0, []), (1, ["and 1 more problems"])])
def test_of_very_many_problems_the_rest_is_counted(beyond: int, more: list[str]) -> None:
    error = DataError((PROBLEM,) * (_limits.PROBLEMS + beyond))
    assert str(error).splitlines() == [str(PROBLEM)] * _limits.PROBLEMS + more
    assert len(error.problems) == _limits.PROBLEMS + beyond


MASKED = [
    ("", ""),
    ("12345678", "12345678"),  # a TAC alone
    ("123456789", "12345678*"),
    ("35417803685978", "35417803******"),  # 14: nobody knows which is the serial
    (IMEI, "35417803******9"),  # 15: the check digit stays
    ("3541780368597823", "35417803******23"),  # 16: the software version stays
    ("35417803685978231", "35417803*********"),  # 17
    ("35-417803-685978-9", "35-417803-******-9"),  # separators stay
    ("٣٥٤١٧٨٠٣٦٨٥٩٧٨٩", "٣٥٤١٧٨٠٣******٩"),  # digits of any script
    ("35417803\n685978\t9", "35417803?******?9"),  # what a log would act on
    ("7" * 60, "77777777" + "*" * 52),  # the longest that is not cut
    ("7" * 61, "77777777" + "*" * 51 + "…"),  # what is cut keeps no end
]


@pytest.mark.parametrize(("text", "masked"), MASKED)
def test_the_serial_number_is_hidden(text: str, masked: str) -> None:
    assert mask(text) == masked
