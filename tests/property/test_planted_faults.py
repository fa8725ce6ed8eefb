"""The strategies find a fault that is planted in a copy of the core, within 200 examples, with a minimum to read."""

from __future__ import annotations

import inspect
import sys
import textwrap
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.vendor.pretty import pretty

from miexchange import (
    CouponStanding,
    EligibleModels,
    Imei,
    InvalidValue,
    Quote,
    ReasonCode,
    Redemption,
    TacTable,
    Terms,
    UsageRules,
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
KEY = bytes(range(32))


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


def redeems(
    issued: coupon.Coupon, at: Any, standing: CouponStanding = CouponStanding.UNUSED, account: str | None = None
) -> bool:
    """Tell whether a coupon buys some order at an instant."""
    usage = issued.usage
    line = coupon.OrderLine("One", usage.categories[0], usage.brands[0], usage.channels[0], 10**9)
    order = coupon.Order("1", (line,), issued.currency)
    return isinstance(issued.check(order, account=account or issued.account, at=at, standing=standing), Redemption)


def is_used_by_another(issued: coupon.Coupon) -> bool:
    """Tell whether a coupon buys something for another account."""
    return redeems(issued, issued.valid_from, account="somebody else")


def is_used_while_reserved(issued: coupon.Coupon) -> bool:
    """Tell whether a coupon that is reserved for an order buys another one."""
    return redeems(issued, issued.valid_from, CouponStanding.RESERVED)


def lasts_too_long(issued: coupon.Coupon) -> bool:
    """Tell whether a coupon is valid for longer than its rules say."""
    days = issued.usage.valid_days
    return issued.valid_until is not None and issued.valid_until - issued.valid_from > timedelta(days)


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


def is_accepted_late(asked: strategies.Enquiry) -> bool:
    """Tell whether a quote is accepted at the first instant at which it is no longer valid."""
    quote = asked.answer()
    assert isinstance(quote, Quote), quote.explain()
    answer = coupon.issue(quote, asked.programme, account="a", at=quote.valid_until, key=KEY)
    return isinstance(answer, coupon.Coupon)


def is_misjudged(asked: strategies.Enquiry) -> bool:
    """Tell whether a quote is not exact, or a refusal says of a TAC what the rows of the table do not."""
    answer = asked.answer()
    if isinstance(answer, Quote):
        return is_not_exact(asked)
    tacs = [imei.tac for imei in (asked.device.imei, asked.device.imei2) if isinstance(imei, Imei)]
    known = {tac for tac, _ in asked.programme.tacs}
    says_other = ReasonCode.TAC_OTHER_MODEL in {reason.code for reason in answer.reasons}
    return says_other and not known.intersection(tacs)


Fault = tuple[Any, str, str, str, "Callable[[], SearchStrategy[Any]]", "Callable[[Any], bool]"]


def of_coupons(right: str, wrong: str, is_wrong: Callable[[coupon.Coupon], bool]) -> Fault:
    return coupon, "_reasons_of_coupon", right, wrong, strategies.coupons, is_wrong


def of_quotes(owner: Any, name: str, right: str, wrong: str) -> Fault:
    return owner, name, right, wrong, strategies.enquiries, is_not_exact


def of_refusals(owner: Any, name: str, right: str, wrong: str) -> Fault:
    return owner, name, right, wrong, strategies.hostile_enquiries, is_misjudged


def of_numbers(right: str, wrong: str) -> Fault:
    return TacTable, "lookup", right, wrong, strategies.enquiries, is_not_exact


WORST = "if line.amount < (deducted[effect.place].amount if effect.place in deducted else 0):"
SUM = """if effect.place in deducted:
                line = line.replace(amount=line.amount + deducted[effect.place].amount)
            if line.amount:"""
BEST = "if line.amount and (effect.place not in deducted or line.amount > deducted[effect.place].amount):"
NEAREST = "; tac = min(tacs, key=lambda one: abs(one - tac), default=tac)"
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
    "a coupon of somebody else used": of_coupons("text_of(account) != coupon.account", "False", is_used_by_another),
    "a reserved coupon used": of_coupons(
        "standing != CouponStanding.UNUSED", "standing not in {'unused', 'reserved'}", is_used_while_reserved
    ),
    "a coupon that lasts a day too long": (
        UsageRules,
        "until",
        "days=self.valid_days)",
        "days=self.valid_days + 1)",
        strategies.coupons,
        lasts_too_long,
    ),
    "a quote accepted at its end": (
        coupon,
        "_issue",
        "at >= quote.valid_until",
        "at > quote.valid_until",
        lambda: strategies.enquiries(imei=True),
        is_accepted_late,
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
    "a model taken on the first day that it is not": of_refusals(EligibleModels, "_in_force", "end <= at", "end < at"),
    "a grade kept twice": of_quotes(
        _kernel, "write_steps", "scaled(running, bps)", "scaled(scaled(running, bps), bps)"
    ),
    "the last grade in place of the worst": of_quotes(_valued, "_worth", "max(grade, effect.grade)", "effect.grade"),
    "an overlap given back twice": of_quotes(_kernel, "write_steps", "+ given_back", "+ 2 * given_back"),
    "the dearer of two overlapping ones given back": of_quotes(
        _kernel, "write_steps", "smaller = at_most", "smaller = at_least"
    ),
    "a value below its floor": of_quotes(_kernel, "write_steps", "at_least(shared, scrap)", "shared"),
    "a bonus above its cap": of_quotes(
        _kernel, "bonus", "at_most(fixed + scaled(value, share_bps), cap)", "(fixed + scaled(value, share_bps))"
    ),
    "a bonus given once too often": of_quotes(Terms, "_paid", ">= paid.quota", "> paid.quota"),
    "a month too old": of_quotes(_kernel, "whole_months", "day < since_day", "day <= since_day"),
    "a day of drift too many": of_quotes(_valued, "_read", ".days, told", ".days + 1, told"),
    "a wrong TAC taken": of_numbers("tacs = self._tacs", "tac, tacs = tac + 1, self._tacs"),
    "the TAC before taken": of_numbers("tacs = self._tacs", "tac, tacs = tac - 1, self._tacs"),
    "an unknown TAC takes its nearest neighbour": of_numbers("tacs = self._tacs", f"tacs = self._tacs{NEAREST}"),
    "an unknown TAC takes the next one": of_numbers("tacs[end] == tac", "tacs[end] <= max(tac, tacs[start])"),
    "an unknown TAC that is refused takes its nearest neighbour": of_refusals(
        TacTable, "lookup", "tacs = self._tacs", f"tacs = self._tacs{NEAREST}"
    ),
    "the last digit of a TAC not compared": of_numbers("tacs[end] == tac", "tacs[end] // 10 == tac // 10"),
    "the first device of a TAC alone": of_numbers("range(start, end)", "range(start, min(start + 1, end))"),
    "the last device of a TAC alone": of_numbers("range(start, end)", "range(max(start, end - 1), end)"),
}


NAMED = (
    "an expiry off by one",
    "rounding up",
    "a double deduction",
    "a sum in place of the worst",
    "an unknown TAC takes its nearest neighbour",
    "an unknown TAC that is refused takes its nearest neighbour",
    "a coupon used twice",
)


@pytest.mark.sweep
@pytest.mark.parametrize("fault", FAULTS if PROOF else NAMED)
def test_a_planted_fault_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, right, wrong, strategy, is_wrong = FAULTS[fault]
    planted(monkeypatch, owner, name, right, wrong)
    least = pretty(find(strategy(), is_wrong, settings=FEW))
    assert len(least.splitlines()) <= SCREEN
