"""Price lists: what changed, and what live coupons would cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from miexchange import (
    Coupon,
    Device,
    Imei,
    ImeiStatus,
    InvalidValue,
    Price,
    PriceTable,
    Quote,
    appraise,
    headline,
    issue,
)
from miexchange.tuning import diff, exposure
from miexchange.tuning.comparing import _changed
from shipped import shipped_programme
from unit.tuned import graded

AT = datetime(2018, 4, 20, 12, tzinfo=UTC)
KEY = b"a key of at least thirty-two bytes"


def table(**paise: int) -> PriceTable:
    return PriceTable.of(Price(model, AT, amount, "modelled", "a test") for model, amount in paise.items())


def test_falls_and_rises_beyond_the_threshold_are_named() -> None:
    before = table(a=100_000, b=100_000, c=100_000, d=100_000, gone=100_000)
    after = table(a=89_900, b=90_000, c=110_000, d=110_100, new=100_000)
    found = diff(before, after, at=AT)
    assert found.fell.index.tolist() == ["a"]
    assert found.rose.index.tolist() == ["d"]
    assert found.sentence == (
        "1 of 4 variants fell by more than 10 %; 1 rose by more than 10 %; 1 are new and 1 are gone."
    )
    assert found.frame.loc["a", "change_minor"] == -10_100
    assert found.frame.loc["b", "change_pct"] == -10
    assert "1 of 4 variants" in str(found)
    assert "Fell most" in found._repr_html_()
    assert repr(found).startswith("<PriceDiff: 1 of 4")


def test_the_falls_come_largest_first() -> None:
    found = diff(table(a=100_000, b=100_000), table(a=50_000, b=20_000), at=AT, threshold=0.2)
    assert found.fell.index.tolist() == ["b", "a"]


def test_two_instants_of_one_table() -> None:
    found = diff(graded().prices, graded().prices, at=AT, after_at=AT + timedelta(days=30), threshold=0.01)
    assert len(found.fell) > 0
    assert len(found.rose) == 0


def test_what_is_no_table_or_threshold_is_refused() -> None:
    with pytest.raises(InvalidValue, match="give two PriceTables"):
        diff(graded().prices, "prices", at=AT)  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="threshold"):
        diff(graded().prices, graded().prices, at=AT, threshold=1.0)


@cache
def coupons() -> tuple[tuple[Coupon, Quote], ...]:
    family = graded().catalogue.by_model["oneplus-3t-6-64"]
    tac = next(tac for tac, device in graded().tacs if (device.brand, device.model) == (family.brand, family.name))
    found = []
    for number in range(3):
        at = AT + timedelta(days=5 * number)
        best = headline("oneplus-3t-6-64", graded(), at=at)
        assert isinstance(best, Quote)
        device = Device("oneplus-3t-6-64", imei=Imei.from_body(f"{tac}{number:06d}").digits)
        quote = appraise(device, best.condition, graded(), at=at, imei_status=ImeiStatus.CLEAR)
        assert isinstance(quote, Quote)
        coupon = issue(quote, graded(), account=f"account-{number}", at=at, key=KEY)
        assert isinstance(coupon, Coupon)
        found.append((coupon, quote.without_imei()))
    return tuple(found)


def test_live_coupons_are_valued_again_under_the_new_list() -> None:
    at = AT + timedelta(days=11)
    cheaper = _changed(graded(), {"prices": 8_000})
    found = exposure(coupons(), cheaper, at=at)
    assert len(found.frame) == 3
    summary = found.summary
    assert summary["promised_minor"] == sum(coupon.value for coupon, _ in coupons())
    assert summary["over_minor"] == summary["promised_minor"] - summary["new_minor"] > 0
    assert (found.frame["over_minor"] == found.frame["promised_minor"] - found.frame["new_minor"]).all()
    assert "3 live coupons promise" in repr(found)
    assert coupons()[0][0].code in str(found)


def test_a_coupon_that_is_not_valid_then_is_left_out() -> None:
    assert len(exposure(coupons(), graded(), at=AT + timedelta(days=1)).frame) == 1
    with pytest.raises(InvalidValue, match="coupons has none that is valid"):
        exposure(coupons(), graded(), at=AT + timedelta(days=365))
    with pytest.raises(InvalidValue, match="coupons has none that is valid"):
        exposure([], graded(), at=AT)


def test_a_device_that_is_refused_anew_is_worth_nothing_there() -> None:
    none_listed = shipped_programme("mi-exchange-india")
    late = exposure(coupons(), none_listed, at=AT + timedelta(days=3))
    assert late.summary["refused_anew"] in {0.0, 1.0}
    gone = _changed(graded(), {"price_max_age_days": 1})
    found = exposure(coupons(), gone, at=AT + timedelta(days=3))
    assert found.summary["refused_anew"] == 1
    assert found.summary["new_minor"] == 0


def test_something_else_than_pairs_is_refused() -> None:
    coupon, quote = coupons()[0]
    other = headline("xiaomi-mi-a1-4-64", graded(), at=AT)
    assert isinstance(other, Quote)
    for wrong in ((coupon, other), (quote, coupon), (coupon, None)):
        with pytest.raises(InvalidValue, match="give pairs"):
            exposure([wrong], graded(), at=AT)  # type: ignore[list-item]


def test_coupons_in_another_currency_are_refused() -> None:
    with pytest.raises(InvalidValue, match=r"'INR': the programme is in GBP, and two currencies never meet"):
        exposure(coupons(), shipped_programme("uk-trade-in"), at=AT)


def test_a_coupon_that_is_given_twice_is_refused() -> None:
    with pytest.raises(InvalidValue, match="give each coupon once"):
        exposure([*coupons(), coupons()[-1]], graded(), at=coupons()[-1][0].valid_from)
