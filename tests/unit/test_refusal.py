"""A refusal: falsy, complete, with a remedy for each reason, and one uniform answer for strangers."""

from __future__ import annotations

import re

import pytest

from miexchange.errors import InvalidValue
from miexchange.refusal import Reason, ReasonCode, Refusal, reason_of

EXPIRED = Reason(ReasonCode.COUPON_EXPIRED, "The coupon expired", "Ask for a new quote")
BRAND = Reason(ReasonCode.ORDER_BRAND, "The case is not covered", "Add another product", "case")
CABLE = Reason(ReasonCode.ORDER_BRAND, "The cable is not covered", "Add another product", "cable")


def test_a_refusal_is_a_no() -> None:
    assert not Refusal((EXPIRED,))


def test_a_refusal_without_a_reason_does_not_exist() -> None:
    with pytest.raises(InvalidValue, match="is empty: give 1 to 2,000 elements") as caught:
        Refusal(())
    assert caught.value.field == "Refusal.reasons"


def test_the_codes_are_distinct_and_in_order() -> None:
    refusal = Refusal((BRAND, EXPIRED, CABLE))
    assert refusal.codes == ("order_brand", "coupon_expired")
    assert all(type(code) is str for code in refusal.codes)


def test_every_reason_is_a_line_with_its_remedy() -> None:
    assert str(EXPIRED) == "The coupon expired. Ask for a new quote."
    assert Refusal((EXPIRED, BRAND)).explain() == (
        "- The coupon expired. Ask for a new quote.\n- The case is not covered. Add another product."
    )


@pytest.mark.parametrize("reasons", [(EXPIRED,), (BRAND, CABLE), (EXPIRED, BRAND)])
def test_strangers_get_one_answer_whatever_the_reasons_are(reasons: tuple[Reason, ...]) -> None:
    public = Refusal(reasons).public()
    assert public is Refusal((EXPIRED,)).public()
    assert public.codes == ("coupon_not_usable",)
    assert public.public() is public


def test_a_code_is_its_name_in_lower_case() -> None:
    for code in ReasonCode:
        assert code.value == code.name.lower()
        assert re.fullmatch(r"[a-z0-9_]+", code)


def test_the_codes_that_a_row_of_a_table_can_have_are_bits_of_one_column() -> None:
    assert list(ReasonCode).index(ReasonCode.INVALID_VALUE) < 63


def test_a_reason_has_no_subject_by_default() -> None:
    assert EXPIRED.subject == ""
    assert BRAND.subject == "case"


def test_of_several_wrong_values_the_first_in_the_alphabet_is_named() -> None:
    with pytest.raises(InvalidValue, match="values has no value 'a'"):
        reason_of(ReasonCode.ORDER_STACKING, discount="student", b=1, a=2, c=3)
    with pytest.raises(InvalidValue) as caught:
        reason_of(ReasonCode.ORDER_CURRENCY, order="o1")
    assert caught.value.field == "values.given"
    with pytest.raises(InvalidValue) as caught:
        reason_of("nonsense")  # type: ignore[arg-type]  # the fault that is tested
    assert caught.value.field == "code"
