"""The defaults of values: what is not given is nothing, but for a few that mean something."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOMS = (
    *("catalogue", "changes", "condition", "coupon", "device_report", "eligibility", "errors", "events", "exchange"),
    *("imei", "inspection", "market", "money", "programme", "quote", "refusal", "tac", "treatment", "valuation"),
)

NOTHING = (None, "", (), 0)
"""Whose type is that of the field; 0 stands for False too."""

GIVEN = {
    "Changes.complete": True,
    "EligibilityTerms.second_imei": "optional",
    "ExchangeRules.coupon": "at_acceptance",
    "ExchangeRules.payment": "at_checkout",
    "ExchangeRules.rebuy": "never",
    "ExchangeRules.skew_seconds": 2,
    "ExchangeRules.wipe": "optional",
    "Option.keep_bps": 10_000,
    "OrderLine.quantity": 1,
    "Programme.price_step_minor": 1,
    "Replay.edition": "same",
    "Terms.quote_seal": "optional",
    "UsageRules.devices_per_order": 1,
}


def defaults() -> Iterator[tuple[str, object]]:
    """Yield the defaults of the public values of the core that are not nothing; tables have their own tests."""
    for room in ROOMS:
        module = import_module(f"miexchange.{room}")
        for kind in (getattr(module, name) for name in module.__all__):
            for field in fields(kind) if is_dataclass(kind) else ():
                is_plain = type(field.default) in {str, int, bool, float, tuple, type(None)}
                if is_plain and field.name != "kind" and field.default not in NOTHING:
                    yield f"{kind.__name__}.{field.name}", field.default


def test_what_is_not_given_is_nothing_but_for_these() -> None:
    assert dict(defaults()) == GIVEN
