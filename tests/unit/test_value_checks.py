"""The helpers by which the doors of the core check what they are given."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from miexchange import Condition, Device, Imei, ImeiStatus, InvalidValue, Order, Problem, TacTable
from miexchange._keyed import check_keys
from miexchange._text import WIDEST, bytes_of, is_a, native, path_of, whole_of, words
from miexchange._value import (
    argument,
    canonical,
    check_names,
    dump,
    elements,
    flag,
    instant,
    packed,
    pairs,
    require,
    whole,
)
from miexchange._words import word
from miexchange.condition import Deduction, Option
from miexchange.eligibility import EligibleModels, Listing
from miexchange.errors import shown
from miexchange.market import Gap
from miexchange.money import Currency, allocate
from miexchange.programme import Bonus
from unit import small, trade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Unclassed:
    """Raises where it is asked for its class."""

    @property
    def __class__(self) -> Any:  # noqa: ANN401 - it never answers
        raise RuntimeError

    @__class__.setter
    def __class__(self, _: object) -> None:
        raise RuntimeError


class Zone(tzinfo):
    """A zone that raises."""

    def utcoffset(self, _: datetime | None) -> timedelta:
        raise RuntimeError

    def dst(self, _: datetime | None) -> None:
        """Say nothing."""

    def tzname(self, _: datetime | None) -> None:
        """Say nothing."""


def broken() -> Iterator[str]:
    """Yield something, then fail."""
    yield "a"
    raise RuntimeError


def test_a_type_is_asked_of_the_type_itself() -> None:
    assert not is_a(Unclassed(), str)
    assert argument("x", str, "name") == "x"
    with pytest.raises(InvalidValue, match=r"^day is an Unclassed: give a date$"):
        argument(Unclassed(), date, "day")
    with pytest.raises(InvalidValue, match=r"give an Imei$"):
        argument("x", type("Imei", (), {}), "imei")


def test_elements_are_taken_once_and_what_fails_is_the_cause() -> None:
    assert elements(("a",), "rows", "give rows") == elements(["a"], "rows", "give rows") == ("a",)
    for given in (broken(), 7):
        with pytest.raises(InvalidValue, match="rows is") as caught:
            elements(given, "rows", "give rows")
        assert caught.value.__cause__ is not None


def test_pairs_are_those_of_a_mapping() -> None:
    class Failing(dict[str, str]):
        def items(self) -> Any:  # noqa: ANN401 - it never answers
            raise RuntimeError

    assert pairs({"a": 1}, "given", "give a mapping") == [("a", 1)]
    for given in (Failing(), [("a", 1)], Unclassed()):
        with pytest.raises(InvalidValue, match="give a mapping"):
            pairs(given, "given", "give a mapping")


def test_a_flag_is_true_or_false_and_nothing_that_only_has_a_truth() -> None:
    for truth in (True, False):
        assert flag(truth, "it") is flag(np.bool_(truth), "it") is truth
    strange: tuple[object, ...] = (1, "yes", None, [], np.array([True, False]))
    for given in strange:
        with pytest.raises(InvalidValue, match="give True or False"):
            flag(given, "it")


def test_a_whole_number_has_64_bits() -> None:
    assert whole(5, "n") == whole(np.int64(5), "n") == 5
    for given in (True, 1.0, "1", 2**63, None):
        with pytest.raises(InvalidValue, match="64 bits"):
            whole(given, "n")


def test_a_word_is_named_by_its_argument() -> None:
    assert word(ImeiStatus.CLEAR, ImeiStatus, "status") is word("clear", ImeiStatus, "status") is ImeiStatus.CLEAR
    with pytest.raises(InvalidValue, match=r"^status is 'x': give one of: clear, blocked"):
        word("x", ImeiStatus, "status")


def test_bytes_and_paths_are_read_by_their_base_alone() -> None:
    class Secret(bytes):
        def __len__(self) -> int:
            raise RuntimeError

    assert bytes_of(Secret(b"ab")) == bytes_of(bytearray(b"ab")) == b"ab"
    assert bytes_of("ab") is None
    assert str(path_of("a/b.csv")) == str(path_of(path_of("a/b.csv"))) == str(Path("a/b.csv"))
    assert path_of(b"a") is None
    assert path_of(Unclassed()) is None
    assert check_keys([Secret(small.KEY)]) == (small.KEY,)
    with pytest.raises(InvalidValue, match="give a list of keys"):
        check_keys(7)


def test_a_number_that_only_looks_like_one_of_numpy_stays() -> None:
    fake = type("int64", (), {"__module__": "numpy"})()
    assert native(fake) is fake


def test_an_instant_in_a_zone_that_fails_is_shown_by_its_kind() -> None:
    assert shown(datetime(2018, 3, 20, tzinfo=Zone())) == "a datetime"
    assert shown(datetime(2018, 3, 20, tzinfo=UTC)) == "2018-03-20T00:00:00+00:00"


def test_a_problem_holds_texts_and_masks_a_number_in_the_name_of_a_file() -> None:
    assert Problem("354178036859789.csv", 1, "", "is empty", "Fill it").file == "35417803******9.csv"
    assert Problem("prices-20180320120000.csv", None, "", "a", "b").file == "prices-20180320120000.csv"
    with pytest.raises(InvalidValue, match=r"Problem\.message"):
        Problem("a.csv", 1, "", 7, "b")  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match=r"Problem\.line"):
        Problem("a.csv", "1", "", "a", "b")  # type: ignore[arg-type]


def test_money_is_whole_numbers_and_lists_of_them() -> None:
    amount: Any = np.int64(150)
    assert Currency("INR").plain(amount) == "1.50"
    for given in (1.5, True, "5", 10**60):
        with pytest.raises(InvalidValue, match="whole number of minor units"):
            Currency("INR").plain(given)  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="give a list of whole numbers"):
        allocate(5, None)  # type: ignore[arg-type]


def test_the_rules_of_an_exchange_reckon_with_instants_and_whole_numbers() -> None:
    rules = trade.terms_of().exchange
    assert rules is not None
    for call in (
        lambda: rules.following(datetime(2018, 3, 20), small.AT),  # noqa: DTZ001 - that is the point
        lambda: rules.buys_again(small.AT, "now"),  # type: ignore[arg-type]
        lambda: rules.honours(1.5, 100),  # type: ignore[arg-type]
    ):
        with pytest.raises(InvalidValue):
            call()
    here = timezone(timedelta(hours=5, minutes=30))
    assert rules.following(small.AT.astimezone(here), small.AT) == small.AT


def test_what_a_bonus_pays_is_asked_of_a_bonus_a_day_and_counts() -> None:
    terms = trade.terms_of()
    on = small.AT.date()
    with pytest.raises(InvalidValue, match="give a Bonus"):
        terms.paid_bonus("launch", {}, on, None)  # type: ignore[arg-type]
    from miexchange.programme import Bonus  # noqa: PLC0415 - beside its use

    bonus = Bonus("launch", "at launch", amount_minor=100, quota=1)
    assert terms.paid_bonus(bonus, {}, on, None) is bonus
    assert terms.paid_bonus(bonus, {"launch": 1}, on, None) is None
    with pytest.raises(InvalidValue, match="how often"):
        terms.paid_bonus(bonus, {"launch": "x"}, on, None)  # type: ignore[dict-item]
    with pytest.raises(InvalidValue, match="on is"):
        bonus.runs(small.AT, None)
    with pytest.raises(InvalidValue, match="target is"):
        bonus.runs(on, 7)  # type: ignore[arg-type]


def test_look_ups_take_texts_alone() -> None:
    programme = small.programme()
    catalogue, strange = programme.catalogue, [small.MODEL]
    for look_up in (
        catalogue.meant,
        catalogue.named,
        catalogue.search,
        catalogue.nearest,
        catalogue.variants_of,
        catalogue.tac_reading,
        lambda name: catalogue.family_of(name, "One"),
        lambda name: programme.prices.as_of(name, small.AT),
        lambda name: programme.anchors.as_of(name, "display", small.AT),
        lambda name: programme.eligible.as_of(name, small.AT.date()),
    ):
        with pytest.raises(InvalidValue):
            look_up(strange)  # type: ignore[arg-type]
    assert strange not in programme.prices
    assert strange not in programme.eligible
    assert catalogue.named(np.str_(small.MODEL)) is catalogue.by_model[small.MODEL]
    with pytest.raises(InvalidValue, match=r"Gap\.ends"):
        Gap(small.MODEL, small.AT, datetime(2018, 3, 20, tzinfo=Zone()))
    with pytest.raises(InvalidValue, match="on is"):
        EligibleModels.of([Listing("m", date(2018, 1, 1))]).as_of("m", small.AT)


def test_a_condition_is_a_mapping_that_lacks_what_is_no_text() -> None:
    condition: Any = Condition({"glass": "best"})
    assert ["glass"] not in condition
    assert 7 not in condition
    with pytest.raises(KeyError, match="a list"):
        condition[["glass"]]


def test_questions_are_asked_of_a_variant() -> None:
    questionnaire = trade.terms_of().questionnaire
    for call in (
        lambda: questionnaire.asked_of("m"),  # type: ignore[arg-type]
        lambda: questionnaire.questions[0].is_asked_of("m"),  # type: ignore[arg-type]
        lambda: questionnaire.grade(trade.SAID, "m"),  # type: ignore[arg-type]
        lambda: questionnaire.grade({}, small.VARIANT),  # type: ignore[arg-type]
    ):
        with pytest.raises(InvalidValue):
            call()


def test_a_row_of_a_tac_table_has_three_or_four_cells() -> None:
    for row in (("35417803", "Acme"), ("35417803", "Acme", "One", "", ""), 7):
        with pytest.raises(InvalidValue, match="give rows of TAC"):
            TacTable.of([row])  # type: ignore[list-item]


def test_a_whole_number_beyond_64_bits_is_the_first_one_beyond() -> None:
    assert WIDEST == 9_223_372_036_854_775_808
    for digits in ("9" * 30, "9" * 20, "9" * 5_000):
        assert (whole_of(digits), whole_of(f"-{digits}")) == (WIDEST, -WIDEST)
    assert (whole_of("9223372036854775807"), whole_of("-922337203685477580")) == (2**63 - 1, -922337203685477580)
    assert [whole_of(text) for text in ("", "-", "--5", "+5", "5-", "\u0665", "1_000")] == [None] * 7


@pytest.mark.parametrize(
    "number",
    [
        *(getattr(np, f"{kind}{bits}")(5) for kind in ("int", "uint") for bits in (8, 16, 32, 64)),
        *(np.longlong(5), np.ulonglong(5), np.float16(5), np.float32(5), np.float64(5)),
    ],
)
def test_a_number_of_numpy_is_that_of_python(number: object) -> None:
    assert native(number) == 5
    assert type(native(number)) is (float if "float" in type(number).__name__ else int)
    assert native(np.bool_(True)) is True  # noqa: FBT003 - of numpy
    nested: Any = native(((((number,),),),))
    assert type(nested[0][0][0]) is tuple
    assert type(nested[0][0][0][0]) is type(number), "no deeper than values are"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a.b", "a b"),
        ("5.a", "5 a"),
        ("a.5", "a 5"),
        ("3.1", "3.1"),
        (".5.", "5"),
        ("X_Box, A:B;C/D\\E|F\u00b7G\u2022H", "x box a b c d e f g h"),
        ("(a)[b]{c}'d'\"e\"`f\u00ab\u300cg", "a b c d e f g"),
        ("A-B\u2013C\u2212D\u301cE", "a b c d e"),
    ],
)
def test_what_only_separates_is_a_space(text: str, said: str) -> None:
    assert words(text) == said


def message(call: Callable[..., object], *given: Any, **named: Any) -> str:  # noqa: ANN401 - of any function
    """Return what is said of wrong arguments."""
    with pytest.raises(InvalidValue) as caught:
        call(*given, **named)
    return str(caught.value)


def test_an_error_says_what_is_wrong_and_what_to_give() -> None:
    assert message(argument, 5, Currency, "currency") == "currency is 5: give a Currency"
    assert message(argument, 5, Currency, "currency", "give one") == "currency is 5: give one"
    assert message(require, False, "step", 5, "give 10") == "step is 5: give 10"  # noqa: FBT003 - a condition
    assert message(require, False, "step", 5, "give 10", "is small") == "step is small: give 10"  # noqa: FBT003 - as above
    assert message(whole, 2**63, "count").endswith(": give a whole number of 64 bits")
    assert message(flag, 1, "quick") == "quick is 1: give True or False"
    for year in (1899, 9901):
        said = message(instant, datetime(year, 1, 1, tzinfo=UTC), "at")
        assert said.endswith(": give an instant in the years 1900 to 9900")
    assert message(instant, datetime(2018, 1, 1), "at").endswith(  # noqa: DTZ001 - that is the test
        ": add its time zone, such as tzinfo=UTC: without one it names no instant"
    )


def test_of_several_unknown_fields_the_first_in_the_alphabet_is_named() -> None:
    assert message(small.VARIANT.replace, zebra=1, ant=2, bee=3).startswith("Variant has no field 'ant'")
    form, names = 1, ["model", "zebra", "ant"]
    assert message(check_names, type(small.VARIANT), form, names).startswith("Variant has no field 'ant'")
    assert "zebra" not in message(check_names, type(small.VARIANT), form + 99, names), "of a newer version"
    check_names(type(small.VARIANT), form + 99, names[:1])


def test_what_is_stored_has_the_imeis() -> None:
    device = Device(small.MODEL, Imei(small.IMEI))
    assert packed(device) == f'{{"model":"{small.MODEL}","imei":"{small.IMEI}","imei2":null,"purchased_on":null}}'
    assert dump(device).decode() == packed(device)
    assert dump(Imei(small.IMEI)).decode() == f'"{small.IMEI}"'
    variant = small.VARIANT.replace(features=("s_pen",))
    assert dump(variant).decode() == packed(variant)
    assert packed(small.VARIANT) == dump(small.VARIANT).decode()
    assert '"form"' in packed(variant)
    assert '"form"' not in packed(small.VARIANT)


@pytest.mark.parametrize("is_ordered", [False, True])
def test_half_of_a_pair_is_escaped(is_ordered: bool) -> None:  # noqa: FBT001 - a table
    assert canonical({"a": "\udc05 \u20b9", "b": [1, 2]}, is_ordered=is_ordered) == '{"a":"\\udc05 \u20b9","b":[1,2]}'


def test_a_value_without_imeis_is_the_rest() -> None:
    device = Device(small.MODEL, Imei(small.IMEI), 3.5, purchased_on=date(2018, 3, 15))
    assert device._bare() == device.replace(imei=None)  # noqa: SLF001 - what is asked about
    seen = trade.seen()
    assert seen.imeis
    assert seen._bare() == seen.replace(imeis=())  # noqa: SLF001 - as above
    for plain in (small.VARIANT, Device(small.MODEL), trade.ORDER):
        assert plain._bare() is plain  # noqa: SLF001 - as above


def test_fields_that_do_not_fit_one_another_are_named() -> None:
    first = date(2018, 3, 15)
    assert Listing("a", first, first + timedelta(1)).listed_until == date(2018, 3, 16)
    said = message(Listing, "a", first, first)
    assert said == "Listing.listed_until is 2018-03-15: give a day after listed_from, 2018-03-15"
    assert message(Gap, "a", small.AT, small.AT).split(": ")[1].startswith("give an instant after begins, 2020-01-11")
    assert message(Bonus, "b", "B", share_bps=5) == "Bonus.cap_minor is missing: give the most that the share can be"
    assert message(Option, "a", "A", least=1).startswith("Option.most is missing: give least and most, or neither")
    assert message(Option, "a", "A", least=2, most=1) == "Option.most is 1: give least, 2, or more"


def test_a_value_is_shown_as_it_was_given_or_read() -> None:
    assert message(whole, float("nan"), "count").startswith("count is missing")
    assert message(whole, np.float64(1.5), "count") == message(whole, 1.5, "count")
    assert message(Deduction, float("nan")).startswith("Deduction.amount_minor is missing")
    assert message(Deduction, np.float64(1.5)) == message(Deduction, 1.5)


def test_an_array_in_json_is_bounded_and_its_first_fault_ends_it() -> None:
    adapter = TypeAdapter(Order)
    schema = adapter.json_schema()["properties"]
    assert (schema["lines"]["maxItems"], schema["other_discounts"]["maxItems"]) == (1_000, 2_000)
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python({**trade.ORDER.to_dict(), "other_discounts": [1, 2, 3]})
    assert caught.value.error_count() == 1
