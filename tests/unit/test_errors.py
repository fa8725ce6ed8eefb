"""The exceptions: one root, a sentence that says what to do, and no IMEI in it."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime

import pytest

from miexchange._privacy import mask
from miexchange.errors import DataError, InvalidImei, InvalidValue, MiExchangeError, Problem, shown
from miexchange.refusal import ReasonCode

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
    (object(), "an object"),
    (type("", (), {})(), "a nameless object"),
]


@pytest.mark.parametrize(("value", "text"), SHOWN, ids=[text for _, text in SHOWN])
def test_any_value_is_shown_short_and_safe(value: object, text: str) -> None:
    assert shown(value) == text


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
