"""What every public value promises: exact types, immutability, one JSON form that round-trips."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from enum import Enum, StrEnum
from typing import Any, cast, get_args, get_type_hints
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from miexchange._bounded import Older, hints_of, parts_of
from miexchange._door import _fault_of_event, adapter_of
from miexchange._value import Value, canonical, day, dump, from_columns, instant, require
from miexchange.catalogue import Catalogue, Device, Variant
from miexchange.condition import Condition, Deduction, Finding, Grade, Grading, Option, Questionnaire
from miexchange.coupon import Coupon, Order, OrderLine, Redemption, issue
from miexchange.eligibility import EligibilityTerms, EligibleModels, ImeiStatus, Listing, Verdict
from miexchange.errors import InvalidValue
from miexchange.events import Agree, Expire
from miexchange.imei import Imei
from miexchange.market import Anchor, AnchorTable, Gap, Price, PriceTable
from miexchange.programme import AgeBand, Bonus, Overlap, Terms, UsageRules
from miexchange.quote import GrantedBonus, Quote, QuoteLine
from miexchange.refusal import Reason, ReasonCode, Refusal
from miexchange.tac import TacDevice
from miexchange.valuation import Replay, WorstCase
from unit import small
from unit.small import INR

QUESTION = small.cosmetic("glass", "display", small.costs("cracked", amount_minor=5_000))
BONUS = Bonus("diwali", "Diwali bonus", amount_minor=5_000, targets=("Two",), begins=date(2020, 1, 1), quota=3)
TERMS = small.asking(QUESTION).replace(bonuses=(BONUS,))
QUOTE = small.quoted(
    TERMS,
    {"glass": "cracked"},
    device=Device(small.MODEL, small.IMEI),
    target="Two",
    bonuses_given={"diwali": 1},
)
COUPON = issue(QUOTE, small.programme(TERMS), account="a1", at=small.AT, key=small.KEY)
assert isinstance(COUPON, Coupon)
REASON = Reason(ReasonCode.COUPON_EXPIRED, "The coupon expired", "Ask for a new quote", "c1")
PRICE = Price(small.MODEL, small.BEGIN, 100_000, "observed", "a list", small.AT)
ANCHOR = Anchor(small.MODEL, "display", small.BEGIN, 20_000, "modelled")
LINE = OrderLine("Two", "smartphone", "Acme", "shop", 999_900, 2)

VALUES: list[Value] = [
    REASON,
    Refusal((REASON,)),
    small.VARIANT,
    Catalogue((small.VARIANT,)),
    Listing(small.MODEL, date(2020, 1, 1), date(2021, 1, 1), "a list"),
    EligibleModels((Listing(small.MODEL, date(2020, 1, 1)),)),
    EligibilityTerms("warn", "refuse"),
    Verdict(small.VARIANT, listed=True, imeis=(Imei(small.IMEI),), reasons=(), warnings=(REASON,)),
    TacDevice("Acme", "One", "made up"),
    Deduction(share_bps=300),
    Option("cracked", "It is cracked", grade=1, deduction=Deduction(5_000)),
    QUESTION,
    Grade("A", 10_000, "0/A", "F6/C7", "as new", "a setting"),
    Finding(QUESTION, QUESTION.options[1]),
    Grading(0, 1, (Finding(QUESTION, QUESTION.options[1]),), (REASON,)),
    Questionnaire("1", (QUESTION,)),
    PRICE,
    ANCHOR,
    Gap(small.MODEL, small.BEGIN, small.AT),
    PriceTable((PRICE,)),
    AnchorTable((ANCHOR,)),
    AgeBand(12, 9_000),
    Overlap("display", "body", 3_000, "a setting"),
    BONUS,
    small.USAGE,
    small.TERMS.replace(bonuses=(BONUS,), age_bands=(AgeBand(0, 10_000),)),
    QuoteLine("grade", -500, "95 % kept", "grades[B]"),
    GrantedBonus("diwali", 5_000, "Two"),
    QUOTE.without_imei(),  # a quote's form leaves the IMEI out: see test_valuation.py
    WorstCase(100, 200, Condition({"glass": "cracked"}), ("power=dead",)),
    Replay(("grade was A, is now B",)),
    COUPON,
    LINE,
    Order("o1", (LINE,), INR, ("bank_offer",)),
    Redemption(COUPON.code, "o1", small.AT, (5_000,), 5_000, 100, 0, 0, INR),
]
FIELDS = [(value, field.name) for value in VALUES for field in dataclasses.fields(value)]  # type: ignore[arg-type]
each_value = pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
each_field = pytest.mark.parametrize(
    ("value", "field"), FIELDS, ids=[f"{type(value).__name__}.{field}" for value, field in FIELDS]
)


@each_value
def test_a_value_round_trips_through_json(value: Value) -> None:
    kind = type(value)
    text = value.to_json(reveal_imei=True)
    assert kind.from_json(text) == value
    assert kind.from_json(text.encode()) == value
    assert kind.from_dict(value.to_dict(reveal_imei=True)) == value
    assert kind.from_json(dump(value)) == value


@each_value
def test_the_json_form_is_canonical(value: Value) -> None:
    text = value.to_json()
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert type(value).from_json(text).to_json() == text


@each_value
def test_a_value_is_equal_to_its_copies_and_hashes_alike(value: Value) -> None:
    for other in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value)), value.replace()):  # noqa: S301 - our own bytes
        assert other == value
        assert hash(other) == hash(value)
        assert repr(other) == repr(value)
    assert value != object()
    assert value != tuple(getattr(value, field.name) for field in dataclasses.fields(value))  # type: ignore[arg-type]


@each_value
def test_the_repr_names_the_type_and_every_field(value: Value) -> None:
    text = repr(value)
    assert text.startswith(f"{type(value).__name__}(")
    for field in dataclasses.fields(value):  # type: ignore[arg-type]
        assert f"{field.name}=" in text


@each_field
def test_no_field_can_be_set_or_deleted(value: Value, field: str) -> None:
    with pytest.raises(AttributeError):
        setattr(value, field, getattr(value, field))
    with pytest.raises(AttributeError):
        delattr(value, field)


class Stranger:
    """Something that is no field of any value."""


WRONG: list[object] = [Stranger(), [], {}, set(), b"", 1.0, float("nan")]


@each_field
def test_no_field_takes_what_is_not_of_its_type(value: Value, field: str) -> None:
    for wrong in WRONG:
        if isinstance(wrong, float) and wrong != 1.0 and _takes(value, field, type(None)):
            continue  # a NaN is nothing
        with pytest.raises(InvalidValue) as caught:
            value.replace(**{field: wrong})
        assert caught.value.field in {f"{type(value).__name__}.{field}", field}
        assert caught.value.rule


def _takes(value: Value, field: str, kind: type) -> bool:
    hint = get_type_hints(type(value))[field]
    return hint is kind or kind in get_args(hint)


@each_field
def test_no_field_confuses_a_number_a_truth_and_a_text(value: Value, field: str) -> None:
    for wrong, kinds in ((True, (bool,)), (1, (int,)), ("1", (str,))):
        if not any(_takes(value, field, kind) for kind in kinds):
            with pytest.raises(InvalidValue) as caught:
                value.replace(**{field: wrong})
            assert caught.value.field in {f"{type(value).__name__}.{field}", field}


@each_field
def test_no_json_field_takes_what_is_not_of_its_type(value: Value, field: str) -> None:
    data = value.to_dict()
    there = getattr(value, field)
    kind = type(
        data.get(field, [] if isinstance(there, tuple) else there)
    )  # a newer field is not written at its default
    several: tuple[object, ...] = ([[]], {"x": 1}, 1.5, True, 1, "", None)
    for wrong in several:
        if type(wrong) is kind:
            continue
        if wrong is None and _takes(value, field, type(None)):
            continue
        if not _fits_json(value, field, wrong):
            with pytest.raises(InvalidValue):
                type(value).from_dict({**data, field: wrong})


def _fits_json(value: Value, field: str, wrong: object) -> bool:
    """Tell whether a field that is None here may be a text or a number, in JSON."""
    if not _takes(value, field, type(None)):
        return False
    return (type(wrong) is str and _takes(value, field, str)) or (type(wrong) is int and _takes(value, field, int))


@each_value
def test_an_unknown_json_key_is_refused(value: Value) -> None:
    with pytest.raises(InvalidValue) as caught:
        type(value).from_dict({**value.to_dict(), "surprise": 1})
    assert caught.value.field == f"{type(value).__name__}.surprise"


@each_field
def test_a_missing_json_key_is_refused_unless_it_has_a_default(value: Value, field: str) -> None:
    data = value.to_dict()
    data.pop(field, None)  # a newer field is not written at its default
    default = next(one for one in dataclasses.fields(value) if one.name == field).default  # type: ignore[arg-type]
    older = [
        bound.make() for bound in parts_of(hints_of(cast("Any", type(value)))[field])[1] if isinstance(bound, Older)
    ]
    if older:
        (default,) = older
    if default is dataclasses.MISSING:
        with pytest.raises(InvalidValue) as caught:
            type(value).from_dict(data)
        assert caught.value.field == f"{type(value).__name__}.{field}"
        return
    try:
        alike = value.replace(**{field: default})
    except InvalidValue:  # the default does not fit the other fields, such as a deduction of nothing
        with pytest.raises(InvalidValue):
            type(value).from_dict(data)
    else:
        assert type(value).from_dict(data) == alike


NO_JSON: list[object] = [
    "",
    "{",
    "[]",
    "null",
    "1",
    '"x"',
    "{}",
    "[" * 100_000,  # deeper than a reader may go
    '{"code":"coupon_expired","message":"\ud800","remedy":"r"}',  # half a character
    '{"code":"coupon_expired","message":"m","remedy":"r","subject":NaN}',
    '{"code":"no_such_code","message":"m","remedy":"r"}',
    b"\xff",
    5,
    None,
]


@pytest.mark.parametrize("text", NO_JSON, ids=range(len(NO_JSON)))
def test_what_is_not_the_json_form_is_refused(text: Any) -> None:  # noqa: ANN401 - whatever arrives
    with pytest.raises(InvalidValue, match=r"^Reason"):
        Reason.from_json(text)


_ENDLESS: dict[str, object] = {}
_ENDLESS["message"] = _ENDLESS
NO_DATA: list[object] = [5, None, [], {1, 2}, {"message": float("nan")}, {"message": object()}, _ENDLESS]


@pytest.mark.parametrize("data", NO_DATA, ids=range(len(NO_DATA)))
def test_what_is_no_plain_data_is_refused(data: Any) -> None:  # noqa: ANN401 - whatever arrives
    with pytest.raises(InvalidValue, match=r"^Reason"):
        Reason.from_dict(data)


def test_a_fault_in_json_is_named_with_its_path() -> None:
    data = Order("o1", (LINE, LINE), INR).to_dict()
    data["lines"][1]["quantity"] = "two"
    with pytest.raises(InvalidValue, match="is the text 'two': give a whole number from 1 to 1000000") as caught:
        Order.from_dict(data)
    assert (caught.value.field, caught.value.value) == ("Order.lines.1.quantity", "'two'")


def test_a_rule_of_the_value_speaks_in_its_own_words() -> None:
    data = Order("o1", (LINE, LINE), INR).to_dict()
    data["lines"][1]["quantity"] = 0
    with pytest.raises(InvalidValue, match="give a whole number from 1 to 1000000") as caught:
        Order.from_dict(data)
    assert (caught.value.field, caught.value.value) == ("Order.lines.1.quantity", "0")


def test_a_key_that_is_an_imei_is_masked_in_the_error() -> None:
    with pytest.raises(InvalidValue) as caught:
        Reason.from_dict({**REASON.to_dict(), small.IMEI: small.IMEI})
    assert small.IMEI[8:14] not in str(caught.value)
    assert caught.value.field == "Reason.35417803******9"


def test_replacing_checks_like_a_new_value_and_names_an_unknown_field() -> None:
    assert LINE.replace(quantity=3) == OrderLine("Two", "smartphone", "Acme", "shop", 999_900, 3)
    with pytest.raises(InvalidValue, match="give a whole number from 1 to 1000000"):
        LINE.replace(quantity=0)
    with pytest.raises(InvalidValue, match="OrderLine has no field 'qty': leave it out; known: product, category"):
        LINE.replace(qty=3)
    with pytest.raises(InvalidValue, match="OrderLine has no field 'colour': leave it out; known: product, category"):
        LINE.replace(qty=3, colour="red")  # the first one, in alphabetical order


class Text(str):
    """A text of another type, which claims to be something else."""

    __slots__ = ()

    def __str__(self) -> str:
        return "something else"


class Colour(StrEnum):
    """Texts as an enum."""

    RED = "red"


class Old(str, Enum):  # noqa: UP042 - that is the point
    """Texts as an enum of before Python 3.11."""

    RED = "red"


TEXTS = [Text("red"), Colour.RED, Old.RED, np.str_("red")]


@each_field
@pytest.mark.parametrize("given", TEXTS, ids=lambda given: type(given).__name__)
def test_a_text_of_any_subclass_is_the_text_itself(value: Value, field: str, given: str) -> None:
    """_text.native: a text of any subclass is the str; the value holds Python's own."""
    try:
        expected = value.replace(**{field: "red"})
    except InvalidValue:
        with pytest.raises(InvalidValue):
            value.replace(**{field: given})
        return
    made = value.replace(**{field: given})
    assert made == expected
    assert hash(made) == hash(expected)
    assert type(getattr(made, field)) is type(getattr(expected, field))
    assert made.to_json() == expected.to_json()
    assert repr(made) == repr(expected)


def test_texts_within_tuples_are_plain_too() -> None:
    usage = small.USAGE.replace(brands=(np.str_("Acme"), Colour.RED))
    assert usage == small.USAGE.replace(brands=("Acme", "red"))
    assert [type(brand) for brand in usage.brands] == [str, str]
    quote = QUOTE.replace(bonuses_given=((np.str_("diwali"), np.int64(1)),))
    assert [type(part) for part in quote.bonuses_given[0]] == [str, int]


NOTHING = [pd.NaT, pd.NA, float("nan"), np.float64("nan")]


@each_field
@pytest.mark.parametrize("given", NOTHING, ids=repr)
def test_nat_na_and_nan_are_nothing(value: Value, field: str, given: object) -> None:
    """_text.is_missing: they stand for None wherever None may stand, and for nothing elsewhere."""
    if _takes(value, field, type(None)):
        try:
            expected = value.replace(**{field: None})
        except InvalidValue:
            with pytest.raises(InvalidValue):
                value.replace(**{field: given})
            return
        assert value.replace(**{field: given}) == expected
        assert getattr(value.replace(**{field: given}), field) is None
    else:
        with pytest.raises(InvalidValue) as caught:
            value.replace(**{field: given})
        assert "0001" not in str(caught.value)


@pytest.mark.parametrize("number", [np.int64(2), np.uint8(2), np.int32(2)])
def test_an_integer_of_numpy_is_the_number(number: Any) -> None:  # noqa: ANN401 - numpy's own
    line = LINE.replace(quantity=number)
    assert line == LINE
    assert type(line.quantity) is int
    assert type(small.VARIANT.replace(ram_mb=number).ram_mb) is int


@pytest.mark.parametrize(
    "wrong", [np.float64(2), np.timedelta64(2), np.datetime64("2018-03-20"), np.array(2), np.True_]
)
def test_nothing_else_of_numpy_is_a_whole_number(wrong: Any) -> None:  # noqa: ANN401 - numpy's own
    with pytest.raises(InvalidValue, match=r"OrderLine.quantity is (an? \w+|2\.0|True): give a whole number"):
        LINE.replace(quantity=wrong)


def test_a_truth_of_numpy_is_the_truth() -> None:
    option = Option("cracked", "It is cracked", gate=np.True_)  # type: ignore[arg-type]
    assert option.gate is True


def test_a_tuple_of_any_depth_is_refused_and_not_followed() -> None:
    deep: Any = ()
    for _ in range(100_000):
        deep = (deep,)
    with pytest.raises(InvalidValue, match=r"UsageRules\.brands\.0 is a tuple: give one line"):
        small.USAGE.replace(brands=deep)


def test_a_number_that_only_looks_like_a_number_is_refused() -> None:
    class Number(int):
        __slots__ = ()

    with pytest.raises(InvalidValue, match="give a whole number"):
        LINE.replace(quantity=Number(2))


def test_each_item_of_a_tuple_is_checked() -> None:
    with pytest.raises(InvalidValue, match=r"UsageRules\.brands\.1 is 5: give one line"):
        small.USAGE.replace(brands=("Acme", 5))
    with pytest.raises(InvalidValue, match=r"Quote\.bonuses_given\.0 has 3 elements: give 2 elements"):
        QUOTE.replace(bonuses_given=(("diwali", 1, 2),))
    with pytest.raises(InvalidValue, match=r"Quote\.bonuses_given\.0\.1 is the text '1': give a whole number"):
        QUOTE.replace(bonuses_given=(("diwali", "1"),))
    with pytest.raises(InvalidValue, match=r"Quote\.bonuses_given\.0 is a list: give a tuple of 2"):
        QUOTE.replace(bonuses_given=(["diwali", 1],))


def test_a_closed_set_names_its_members() -> None:
    with pytest.raises(InvalidValue, match="give one of: one_unit, eligible_lines"):
        small.USAGE.replace(applies_to="all")


def test_canonical_text_keeps_letters_and_sorts_keys() -> None:
    assert canonical({"b": ["₹", 1], "a": None}) == '{"a":null,"b":["₹",1]}'


def test_the_fast_form_keeps_the_order_of_the_fields() -> None:
    assert dump(AgeBand(12, 9_000)) == b'{"from_months":12,"keep_bps":9000}'


def test_an_adapter_is_built_once() -> None:
    AgeBand(12, 9_000).to_json()
    assert adapter_of(AgeBand) is adapter_of(AgeBand)  # building one takes milliseconds


def test_a_requirement_holds_or_raises() -> None:
    require(len("x") == 1, "x", 1, "be so")
    with pytest.raises(InvalidValue, match="x is 1: be so"):
        require(len("x") == 2, "x", 1, "be so")


class Moment(datetime):
    """A datetime of another type, as pandas has one."""


class Nowhere(tzinfo):
    """A zone without an offset."""

    def utcoffset(self, _: datetime | None) -> timedelta | None:
        return None

    def dst(self, _: datetime | None) -> timedelta | None:
        return None

    def tzname(self, _: datetime | None) -> str | None:
        return None


NOON = datetime(2018, 3, 20, 12, tzinfo=UTC)
INSTANTS = [
    NOON,
    datetime(2018, 3, 20, 17, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    datetime(2018, 3, 20, 17, 30, tzinfo=ZoneInfo("Asia/Kolkata")),
    datetime(2018, 3, 20, 8, tzinfo=ZoneInfo("America/New_York")),  # summer time
    Moment(2018, 3, 20, 12, tzinfo=UTC),
    pd.Timestamp("2018-03-20T12:00Z"),
]


@pytest.mark.parametrize("given", INSTANTS)
def test_equal_instants_look_equal(given: datetime) -> None:
    at = instant(given, "at")
    assert type(at) is datetime
    assert repr(at) == repr(NOON)


def test_an_hour_that_comes_twice_is_two_instants() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2018, 10, 28, 2, 30, tzinfo=berlin)
    assert instant(first, "at") == datetime(2018, 10, 28, 0, 30, tzinfo=UTC)
    assert instant(first.replace(fold=1), "at") == datetime(2018, 10, 28, 1, 30, tzinfo=UTC)


def test_the_years_in_which_a_validity_can_be_added() -> None:
    for at in (datetime(1900, 1, 1, tzinfo=UTC), datetime(9900, 12, 31, 23, 59, tzinfo=UTC)):
        assert instant(at, "at") == at


NO_INSTANTS = [
    (None, "a datetime with a time zone"),
    (1_521_547_200, "a datetime with a time zone"),
    ("2018-03-20T12:00:00Z", "a datetime with a time zone"),
    (date(2018, 3, 20), "a datetime with a time zone"),
    (datetime(2018, 3, 20, 12), "names no instant"),  # noqa: DTZ001 - the fault itself
    (datetime(2018, 3, 20, 12, tzinfo=Nowhere()), "names no instant"),
    (datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))), "in the years 1900 to 9900"),
    (datetime(9901, 1, 1, tzinfo=UTC), "in the years 1900 to 9900"),
    (datetime(1899, 12, 31, 23, 59, tzinfo=UTC), "in the years 1900 to 9900"),
    (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))), "in the years 1900 to 9900"),
    (pd.NaT, "Quote.at is missing: give an instant"),
    (pd.NA, "Quote.at is missing: give an instant"),
    (float("nan"), "Quote.at is missing: give an instant"),
    (np.datetime64("2018-03-20T12:00"), "a datetime with a time zone"),
    (pd.Timestamp("2018-03-20T12:00"), "names no instant"),
]


@pytest.mark.parametrize(("given", "rule"), NO_INSTANTS)
def test_what_is_no_instant_is_refused(given: object, rule: str) -> None:
    with pytest.raises(InvalidValue, match=rule) as caught:
        instant(given, "Quote.at")
    assert caught.value.field == "Quote.at"


def test_a_date_is_a_date_and_nothing_else() -> None:
    assert day(date(2018, 3, 20), "on") == date(2018, 3, 20)
    for wrong in (None, "2018-03-20", 5, NOON, pd.Timestamp("2018-03-20"), np.datetime64("2018-03-20"), pd.NaT):
        with pytest.raises(InvalidValue, match=r"on is .*: give a date"):
            day(wrong, "on")


def test_a_device_keeps_an_imei_it_cannot_read_and_checks_the_rest() -> None:
    assert Device(small.MODEL, "nonsense").imei == "nonsense"
    for change in ({"model": 5}, {"purchased_on": NOON}, {"purchased_on": "2018-03-20"}):
        with pytest.raises(InvalidValue, match=f"Device.{next(iter(change))}"):
            Device(small.MODEL).replace(**change)


def test_enums_in_json_are_their_texts() -> None:
    assert REASON.to_dict()["code"] == "coupon_expired"
    assert QUOTE.to_dict()["imei_status"] == "unverified"
    assert Quote.from_json(QUOTE.to_json()).imei_status is ImeiStatus.UNVERIFIED
    assert Reason.from_json(REASON.to_json()).code is ReasonCode.COUPON_EXPIRED


def test_terms_and_usage_are_values_too() -> None:
    assert isinstance(small.TERMS, Terms)
    assert Terms.from_json(small.TERMS.to_json()).usage == UsageRules.from_json(small.USAGE.to_json())


def test_a_variant_states_its_own_rules() -> None:
    with pytest.raises(InvalidValue, match=r"Variant.name is ' ': give one line of text"):
        Variant("m", "Acme", " ", "smartphone", 1, 1)


def test_a_key_that_stands_twice_is_refused_and_not_resolved_in_silence() -> None:
    with pytest.raises(InvalidValue, match="write each key once"):
        Order.from_json('{"id":"a","id":"b","lines":[]}')


def test_an_event_that_is_sound_in_itself_does_not_fit_the_others() -> None:
    expire = Expire(datetime(2020, 1, 1, tzinfo=UTC))
    error = _fault_of_event("Exchange.last", Expire | Agree, expire.to_dict())
    assert f"{error}" == "Exchange.last does not fit: give an Expire that fits the others"


def test_a_number_that_is_no_imei_is_written_as_python_writes_it() -> None:
    """A digest of the JSON of a device may be older than this version."""
    for number in (1e16, 1e-7, 0.5, 123456789012345680.0):
        assert f'"imei":{number!r},' in Device("one", number).to_json(reveal_imei=True)


def test_values_of_columns_are_checked_together_as_each_alone() -> None:
    """A row of a table must end after it begins; a question has faults of its own."""
    begins, ends = datetime(2018, 3, 1, tzinfo=UTC), datetime(2018, 6, 1, tzinfo=UTC)
    rows = [Price("one", begins, 5, "observed", "s", end) for end in (None, ends)]
    columns = {field.name: [getattr(row, field.name) for row in rows] for field in dataclasses.fields(Price)}
    assert from_columns(Price, [*columns.values()]) == rows
    columns["effective_until"] = [None, begins]
    with pytest.raises(InvalidValue, match=r"Price\.effective_until"):
        from_columns(Price, [*columns.values()])
    with pytest.raises(InvalidValue, match=r"TacDevice\.model"):
        from_columns(TacDevice, [["", ""], ["", ""], ["s", "s"]])
