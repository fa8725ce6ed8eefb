"""The strategies find a fault that is planted in a copy of the core, within 200 examples, with a minimum to read."""

from __future__ import annotations

import inspect
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.vendor.pretty import pretty

from miexchange import CouponStanding, Quote, Redemption, TacTable, _kernel, coupon, strategies
from miexchange.laws import _oracle as oracle

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

FEW = settings(
    max_examples=200,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
SCREEN = 60  # lines


def planted(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, right: str, wrong: str) -> None:
    """Put a copy of a function, in which one thing is wrong, in its place."""
    function = getattr(owner, name)
    source = textwrap.dedent(inspect.getsource(function))
    assert right in source
    made: dict[str, Any] = {}
    exec(compile(source.replace(right, wrong), "planted", "exec"), vars(sys.modules[function.__module__]).copy(), made)  # noqa: S102 - ours
    monkeypatch.setattr(owner, name, made[name])


def is_not_the_oracles(asked: strategies.Enquiry) -> bool:
    """Tell whether a phone is worth something else than exact fractions make of it."""
    quote, device = asked.answer(), asked.device
    exact = oracle.exchange_value(
        asked.condition, asked.programme, device.model, asked.at, device.purchased_on, asked.customer
    )
    return isinstance(quote, Quote) and quote.exchange_value != exact


def is_taken_for_another(asked: strategies.Enquiry) -> bool:
    """Tell whether a phone with the TAC of its model is no phone of its model."""
    answer = asked.answer()
    return not isinstance(answer, Quote) or any(one.code.value.startswith("tac_") for one in answer.warnings)


def redeems(issued: coupon.Coupon, at: Any, standing: CouponStanding = CouponStanding.UNUSED) -> bool:
    """Tell whether a coupon buys some order at an instant."""
    usage = issued.usage
    line = coupon.OrderLine("One", usage.categories[0], usage.brands[0], usage.channels[0], 10**9)
    order = coupon.Order("1", (line,), issued.currency)
    return isinstance(issued.check(order, account=issued.account, at=at, standing=standing), Redemption)


def is_used_late(issued: coupon.Coupon) -> bool:
    """Tell whether a coupon buys something at the first instant at which it is no longer valid."""
    return issued.valid_until is not None and redeems(issued, issued.valid_until)


def is_used_twice(issued: coupon.Coupon) -> bool:
    """Tell whether a coupon that was used buys something."""
    return redeems(issued, issued.valid_from, CouponStanding.USED)


FAULTS: dict[str, tuple[Any, str, str, str, Callable[[], SearchStrategy[Any]], Callable[[Any], bool]]] = {
    "an expiry off by one": (
        coupon,
        "_reasons_of_coupon",
        "at >= coupon.valid_until",
        "at > coupon.valid_until",
        strategies.coupons,
        is_used_late,
    ),
    "a coupon used twice": (
        coupon,
        "_reasons_of_coupon",
        "standing != CouponStanding.UNUSED",
        "standing == CouponStanding.VOID",
        strategies.coupons,
        is_used_twice,
    ),
    "rounding up": (
        _kernel,
        "down_to_step",
        "return ",
        "return step - 1 + ",
        strategies.enquiries,
        is_not_the_oracles,
    ),
    "a wrong TAC taken": (
        TacTable,
        "lookup",
        "tacs = self._tacs",
        "tac, tacs = tac + 1, self._tacs",
        lambda: strategies.enquiries(imei=True),
        is_taken_for_another,
    ),
}


@pytest.mark.sweep
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, right, wrong, strategy, is_wrong = FAULTS[fault]
    planted(monkeypatch, owner, name, right, wrong)
    least = pretty(find(strategy(), is_wrong, settings=FEW))
    assert len(least.splitlines()) <= SCREEN
