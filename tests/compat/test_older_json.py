"""What versions wrote that knew paise alone: each file here is what the last of them wrote, and today's values read it.

Its names of amounts end in `_paise`, and it names no currency, no category, no zone data and no class of customer.
It is read as rupees.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from miexchange import (
    Anchor,
    Coupon,
    Currency,
    Exchange,
    InvalidValue,
    Order,
    Price,
    Quote,
    Redemption,
    Refusal,
    Terms,
    Variant,
)
from miexchange.coupon import device_token
from miexchange.events import Reserve
from miexchange.inspection import Examination, Inspection, examine
from miexchange.valuation import appraise_again
from shipped import shipped_programme

FOLDER = Path(__file__).parent
KINDS: dict[str, Any] = {
    "anchor": Anchor,
    "coupon": Coupon,
    "event": Reserve,
    "exchange": Exchange,
    "order": Order,
    "price": Price,
    "quote": Quote,
    "redemption": Redemption,
    "refusal": Refusal,
    "terms": Terms,
    "variant": Variant,
}
INR = Currency("INR")
LATER = {
    *("accept_register_hours", "category", "currency", "customer", "customer_classes", "device_tokens"),
    *("hand_over_register_hours", "limits", "parts", "register_answer", "register_hours", "tags"),
    *("treatments", "values", "zone_data"),
    *("identity_above_minor", "ownership_above_minor", "send_days", "unlock_hours", "wipe"),
    *("identity", "ownership", "sent_at", "unlock_until", "wiped", "handed_over"),
    *("return_below_bps", "payment", "pickup_attempts", "days_off", "attempts", "cash", "scrap_values"),
}
"""What those versions did not write."""


def told(name: str) -> str:
    return (FOLDER / f"{name}.json").read_text(encoding="utf-8")


def renamed(data: Any) -> Any:  # noqa: ANN401 - JSON data
    """Return the data in the names of today."""
    if isinstance(data, list):
        return [renamed(item) for item in data]
    if not isinstance(data, dict):
        return data.replace("_paise]", "_minor]") if isinstance(data, str) else data
    names = {name: "amount_minor" if name == "paise" else name.replace("_paise", "_minor") for name in data}
    return {names[name]: renamed(value) for name, value in data.items()}


def without(data: Any, older: Any) -> Any:  # noqa: ANN401 - as above
    """Return the data without what older versions did not write."""
    if isinstance(data, list):
        return [without(*pair) for pair in zip(data, older, strict=True)]
    if not isinstance(data, dict):
        return data
    assert data.keys() - older.keys() <= LATER
    return {name: without(value, older[name]) for name, value in data.items() if name in older}


@pytest.mark.parametrize("name", KINDS)
def test_a_value_of_an_older_version_is_read(name: str) -> None:
    value = KINDS[name].from_json(told(name))
    data = value.to_dict(reveal_imei=True) if name == "quote" else value.to_dict()
    older = renamed(json.loads(told(name)))
    assert without(data, older) == older
    assert type(value).from_dict(data) == value
    assert KINDS[name].from_dict(json.loads(told(name))) == value


def test_what_named_no_currency_is_in_rupees() -> None:
    quote, coupon, order = (KINDS[name].from_json(told(name)) for name in ("quote", "coupon", "order"))
    assert {quote.currency, coupon.currency, order.currency} == {INR}
    assert Exchange.from_json(told("exchange")).coupon.currency == INR
    assert Variant.from_json(told("variant")).category == "smartphone"
    assert coupon.check(order, account="asha", at=coupon.valid_from) == Redemption.from_json(told("redemption"))


def test_a_quote_of_an_older_version_is_worth_what_it_was() -> None:
    """The wording of a line may be another since; what it adds, and the row that says so, is not."""
    quote = Quote.from_json(told("quote"))
    again = appraise_again(quote, shipped_programme("graded-trade-in"))
    assert isinstance(again, Quote)
    assert again.money == quote.money
    assert [(one.rule, one.amount, one.source) for one in again.lines] == [
        (one.rule, one.amount, one.source) for one in quote.lines
    ]


def test_an_amount_has_one_name_at_a_time() -> None:
    data = json.loads(told("price"))
    for wrong in (data | {"price_minor": 5}, data | {"price_rupees": 5}):
        with pytest.raises(InvalidValue, match=r"Price has no field|Price\.price_"):
            Price.from_dict(wrong)
    del data["price_paise"]
    with pytest.raises(InvalidValue, match=r"Price\.price_minor"):
        Price.from_dict(data)


def test_the_schema_names_amounts_as_today() -> None:
    from pydantic import TypeAdapter  # noqa: PLC0415 - loaded at the door, not at import

    schema = TypeAdapter(Coupon).json_schema()
    assert "paise" not in json.dumps(schema)


def test_a_phone_that_an_older_version_quoted_is_inspected() -> None:
    """What its lines say for people is worded otherwise since; the programme makes the same quote all the same."""
    quote, key = Quote.from_json(told("quote")), b"a key of sixteen bytes and more"
    seen = Inspection(quote.condition, quote.imeis, screen_lock_off=True, accounts_removed=True, memory_card_out=True)
    tokens = [device_token(imei, key=key) for imei in quote.imeis]
    found = examine(quote, seen, shipped_programme("graded-trade-in"), device_tokens=tokens, key=key)
    assert isinstance(found, Examination)
    assert (found.kind, found.coupon_value, found.changes, found.conflicts) == ("valued", quote.coupon_value, (), ())
