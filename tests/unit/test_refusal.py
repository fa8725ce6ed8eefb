"""A refusal: falsy, complete, with a remedy for each reason, and one uniform answer for strangers."""

from __future__ import annotations

import re

import pytest

from miexchange._limits import MESSAGE, REASONS
from miexchange.errors import InvalidValue
from miexchange.refusal import Reason, ReasonCode, ReasonKind, Refusal, reason_of, refusal_of, refused

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
    with pytest.raises(InvalidValue) as caught:
        reason_of(ReasonCode.ORDER_STACKING, 5, discount="student")  # type: ignore[arg-type]  # as above
    assert caught.value.field == "case"


def test_what_a_service_does_with_a_code_is_its_row() -> None:
    """As in ``data/reasons.csv``."""
    code = ReasonCode.PRICE_STALE
    assert (code.kind, code.status, code.is_final) == (ReasonKind.OPERATOR, 409, True)
    assert (ReasonCode.COUPON_NOT_YET_VALID.status, ReasonCode.COUPON_NOT_YET_VALID.is_final) == (409, False)
    assert [kind.value for kind in ReasonKind] == ["customer", "other_device", "wait", "operator", "stranger"]
    assert refused(ReasonCode.COUPON_USED) == Refusal((reason_of(ReasonCode.COUPON_USED),))


def test_of_each_kind_the_first_are_kept_and_the_rest_is_counted() -> None:
    def stacked(number: int) -> Reason:
        return reason_of(ReasonCode.ORDER_STACKING, discount=f"{number}")

    void = reason_of(ReasonCode.COUPON_VOID)
    just = [void, *map(stacked, range(REASONS))]
    assert refusal_of(just) == Refusal(tuple(just))
    beyond = [*map(stacked, range(REASONS + 1)), *[void] * REASONS, stacked(-1), EXPIRED]
    more = reason_of(ReasonCode.ORDER_STACKING, "more_of_kind", more=2)
    assert refusal_of(beyond) == Refusal((*map(stacked, range(REASONS)), *[void] * REASONS, more, EXPIRED))
    for wrong in ([], [EXPIRED, "late"], 5):
        with pytest.raises(InvalidValue, match="reasons"):
            refusal_of(wrong)  # type: ignore[arg-type]  # the fault that is tested


@pytest.mark.parametrize("field", ["message", "remedy", "subject"])
def test_the_texts_of_a_reason_are_safe_for_a_log(field: str) -> None:
    assert getattr(EXPIRED.replace(**{field: "two\nlines"}), field) == r"two\nlines"
    assert len(getattr(EXPIRED.replace(**{field: "x" * (MESSAGE + 1)}), field)) == MESSAGE
    assert getattr(EXPIRED.replace(**{field: "x" * MESSAGE}), field) == "x" * MESSAGE


def test_the_values_of_a_reason_are_twenty_at_most_each_once() -> None:
    twenty = tuple((f"v{number}", number) for number in range(20))
    assert EXPIRED.replace(values=twenty).values == twenty
    for values in ((*twenty, ("w", 1)), (("v", 1), ("v", 2))):
        with pytest.raises(InvalidValue) as caught:
            EXPIRED.replace(values=values)
        assert caught.value.field == "Reason.values"
    assert EXPIRED.replace(values=(("v", "a\u200b"), ("w", 7))).values == (("v", r"a\u200b"), ("w", 7))


def test_a_refusal_is_told_in_a_language() -> None:
    reason = reason_of(ReasonCode.ORDER_STACKING, discount="student")
    assert Refusal((reason,)).explain("hi") == f"- {reason.text('hi')}" != Refusal((reason,)).explain()
