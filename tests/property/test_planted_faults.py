"""The strategies find a fault that is planted in a copy of the core, within 200 examples, with a minimum to read."""

from __future__ import annotations

import inspect
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.vendor.pretty import pretty

from miexchange import (
    CouponStanding,
    InvalidValue,
    Quote,
    Redemption,
    TacTable,
    _kernel,
    _periods,
    _valued,
    coupon,
    strategies,
)
from miexchange.laws import assert_exact
from property.effort import PROOF

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


def is_not_exact(asked: strategies.Enquiry) -> bool:
    """Tell whether the law of quotes fails for a phone, or the phone is refused or breaks the core."""
    try:
        answer = asked.answer()
        assert isinstance(answer, Quote), answer.explain()
        assert_exact(answer, asked.programme)
    except (AssertionError, InvalidValue):
        return True
    return False


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


def is_used_early(issued: coupon.Coupon) -> bool:
    """Tell whether a coupon buys nothing at its first instant."""
    return not redeems(issued, issued.valid_from)


def is_used_after_reversal(issued: coupon.Coupon) -> bool:
    """Tell whether a coupon that is void, as after a return, buys something."""
    return redeems(issued, issued.valid_from, CouponStanding.VOID)


Fault = tuple[Any, str, str, str, "Callable[[], SearchStrategy[Any]]", "Callable[[Any], bool]"]


def of_coupons(right: str, wrong: str, is_wrong: Callable[[coupon.Coupon], bool]) -> Fault:
    return coupon, "_reasons_of_coupon", right, wrong, strategies.coupons, is_wrong


def of_quotes(owner: Any, name: str, right: str, wrong: str) -> Fault:
    return owner, name, right, wrong, strategies.enquiries, is_not_exact


def of_numbers(right: str, wrong: str) -> Fault:
    return TacTable, "lookup", right, wrong, lambda: strategies.enquiries(imei=True), is_not_exact


WORST = "if line.amount < (deducted[effect.place].amount if effect.place in deducted else 0):"
SUM = """if effect.place in deducted:
                line = line.replace(amount=line.amount + deducted[effect.place].amount)
            if line.amount:"""
BEST = "if line.amount and (effect.place not in deducted or line.amount > deducted[effect.place].amount):"
EVEN = "(amount * bps + _HALF) // _BPS % 2 * (amount * bps % _BPS == _HALF)"
FAULTS: dict[str, Fault] = {
    "an expiry off by one": of_coupons("at >= coupon.valid_until", "at > coupon.valid_until", is_used_late),
    "a start off by one": of_coupons("at < coupon.valid_from", "at <= coupon.valid_from", is_used_early),
    "a coupon used twice": of_coupons(
        "standing != CouponStanding.UNUSED", "standing == CouponStanding.VOID", is_used_twice
    ),
    "a void coupon used": of_coupons(
        "standing != CouponStanding.UNUSED", "standing == CouponStanding.USED", is_used_after_reversal
    ),
    "a stale price off by one": of_quotes(_periods, "price_code", "> terms.price_max_age", ">= terms.price_max_age"),
    "rounding up": of_quotes(_kernel, "down_to_step", "return ", "return step - 1 + "),
    "a share rounded up": of_quotes(_kernel, "scaled", "_HALF", "_BPS - 1"),
    "a share rounded half to even": of_quotes(_kernel, "scaled", "// _BPS", f"// _BPS - {EVEN}"),
    "a share rounded half down": of_quotes(_kernel, "scaled", "_HALF", "_HALF - 1"),
    "a double deduction": of_quotes(_kernel, "write_steps", "running - deduction", "running - 2 * deduction"),
    "a sum in place of the worst": of_quotes(_valued, "_worth", WORST, SUM),
    "the best in place of the worst": of_quotes(_valued, "_worth", WORST, BEST),
    "the last in place of the worst": of_quotes(_valued, "_worth", WORST, "if line.amount:"),
    "a bonus paid twice": of_quotes(_valued, "granted", "_kernel.bonus(", "2 * _kernel.bonus("),
    "a bonus beside another": of_quotes(_kernel, "grant", "amounts[place] * chosen", "amounts[place]"),
    "a bonus above its least value only": of_quotes(_kernel, "bonus", ">= from_value", "> from_value"),
    "a value above the market price": of_quotes(_kernel, "write_steps", "at_most(floored, market)", "floored"),
    "a wrong TAC taken": of_numbers("tacs = self._tacs", "tac, tacs = tac + 1, self._tacs"),
    "the TAC before taken": of_numbers("tacs = self._tacs", "tac, tacs = tac - 1, self._tacs"),
}


NAMED = (
    "an expiry off by one",
    "rounding up",
    "a double deduction",
    "a sum in place of the worst",
    "a wrong TAC taken",
)


@pytest.mark.sweep
@pytest.mark.parametrize("fault", FAULTS if PROOF else [*NAMED, "a coupon used twice"])
def test_a_planted_fault_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, right, wrong, strategy, is_wrong = FAULTS[fault]
    planted(monkeypatch, owner, name, right, wrong)
    least = pretty(find(strategy(), is_wrong, settings=FEW))
    assert len(least.splitlines()) <= SCREEN
