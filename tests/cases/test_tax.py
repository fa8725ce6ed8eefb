"""The printed illustrations of rules on part exchange: see tax.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from miexchange import Coupon, Currency, Order, OrderLine, Redemption, Treatment, TreatmentTable, UsageRules
from miexchange.money import Money
from miexchange.quote import GrantedBonus

AT = datetime(2018, 4, 1, tzinfo=UTC)
SINCE = datetime(2017, 7, 1, tzinfo=UTC)
USAGE = UsageRules(14, ("goods",), ("Acme",), ("shop",), "one_unit", 0, "forfeit", ())


@dataclass(frozen=True, kw_only=True)
class Illustration:
    """A part exchange, and how each part of it counts for tax."""

    rule: str
    source: str
    currency: str
    price: str
    exchange: str
    treatments: dict[str, Any]
    to_pay: str
    tax_base: str
    bonus: str = "0"
    in_kind: str = "0"
    discount: str = "0"
    bonus_paid: str = "0"
    sold: str = ""
    resale_base: str = ""

    def minor(self, text: str) -> int:
        return Money.read(text, Currency(self.currency)).amount_minor


FILE = Path(__file__).with_name("tax.toml")
CASES = [Illustration(**case) for case in tomllib.loads(FILE.read_text(encoding="utf-8"))["case"]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_an_illustration_gives_what_is_printed(case: Illustration) -> None:
    table = TreatmentTable.of(
        [Treatment(part, SINCE, treatment, case.source) for part, treatment in case.treatments.items()]
    )
    bonus = case.minor(case.bonus)
    coupon = Coupon(
        code="7K3M9QXT011ZW8VBJ",
        programme="printed",
        digest="0",
        terms="1",
        account="asha",
        model="old",
        device_tokens=("0" * 32,),
        exchange_value=case.minor(case.exchange),
        bonuses=(GrantedBonus("extra", bonus),) if bonus else (),
        valid_from=AT,
        valid_until=AT.replace(year=2019),
        usage=USAGE,
        currency=Currency(case.currency),
        treatments=table,
    )
    order = Order("1", (OrderLine("new", "goods", "Acme", "shop", case.minor(case.price)),), coupon.currency)
    redemption = coupon.check(order, account="asha", at=AT)
    assert isinstance(redemption, Redemption), redemption.explain()
    (line,) = redemption.parts
    given = (redemption.to_pay, line.in_kind, line.discount, line.bonus, line.tax_base)
    printed = (case.to_pay, case.in_kind, case.discount, case.bonus_paid, case.tax_base)
    assert given == tuple(map(case.minor, printed))
    if case.sold:
        assert redemption.purchase_price is not None
        base = table.resale_base(case.minor(case.sold), redemption.purchase_price, at=AT)
        assert base == case.minor(case.resale_base)


def test_each_illustration_names_its_page() -> None:
    assert len({case.rule for case in CASES}) == len(CASES)
    assert all(case.source for case in CASES)
