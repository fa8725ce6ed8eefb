"""The state machine of ledgers: silent on a sound ledger, and it finds a ledger that spends a coupon twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import text

from miexchange import coupon
from miexchange._transitions import NEXT, State
from miexchange.laws import LedgerMachine
from miexchange.ledger import BusyError, Ledger, _verify
from property.test_planted_faults import planted
from shipped import shipped_programme

if TYPE_CHECKING:
    from collections.abc import Callable

FEW = settings(
    max_examples=8,
    stateful_step_count=12,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class India(LedgerMachine):
    programme = shipped_programme("mi-exchange-india")


def test_a_sound_ledger_keeps_every_law() -> None:
    run_state_machine_as_test(India, settings=FEW)


@pytest.mark.sweep
def test_a_coupon_that_is_used_after_its_end_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    planted(monkeypatch, coupon, "_reasons_of_coupon", "at >= coupon.valid_until", "False")
    with pytest.raises(AssertionError):
        run_state_machine_as_test(India, settings=settings(FEW, max_examples=200))


@pytest.mark.sweep
def test_a_phone_is_handed_over_in_some_runs() -> None:
    """A machine that never comes so far sees nothing spent, and so nothing spent twice."""

    class Closed(India):
        def check(self) -> None:
            super().check()
            assert all(exchange.state != "completed" for exchange in self.exchanges.values()), "handed over"

    with pytest.raises(AssertionError, match="handed over"):
        run_state_machine_as_test(Closed, settings=settings(FEW, max_examples=200, stateful_step_count=30))


def used_again(patch: pytest.MonkeyPatch) -> None:
    """A coupon whose phone was handed over buys another order."""
    _forgotten(patch, "used", State.COMPLETED, State.ADJUSTED)


def taken_again(patch: pytest.MonkeyPatch) -> None:
    """A coupon that is held for an order is held for another one."""
    _forgotten(patch, "reserved", State.RESERVED, State.INSPECTED, State.REQUOTED)


def _forgotten(patch: pytest.MonkeyPatch, standing: str, *states: State) -> None:
    right = "standing != CouponStanding.UNUSED"
    planted(patch, coupon, "_reasons_of_coupon", right, f"standing not in ('unused', {standing!r})")
    for state in states:
        patch.setitem(NEXT, (state, "reserve"), (State.RESERVED,))


def order_of_two(patch: pytest.MonkeyPatch) -> None:
    """An order takes two coupons."""
    _without(patch, "exchanges_order")
    patch.setattr(Ledger, "_is_taken", staticmethod(lambda *_: False))


def phone_in_two(patch: pytest.MonkeyPatch) -> None:
    """A phone is in two open exchanges."""
    _without(patch, "device_tokens_open")


def _without(patch: pytest.MonkeyPatch, index: str) -> None:
    plain = India.open_ledger

    def open_ledger(self: India) -> Ledger:
        store = plain(self)
        with store.engine.begin() as connection:
            connection.execute(text(f"DROP INDEX {index}"))
        return store

    patch.setattr(India, "open_ledger", open_ledger)
    patch.setattr(_verify, "differences", lambda _: [])  # which would name the index before anything is spent twice


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("bug", "said"),
    [
        (used_again, "a coupon that is completed can be used again"),
        (taken_again, "a coupon that is reserved is used"),
        (order_of_two, "an order takes two coupons"),
        (phone_in_two, "a phone is in two open exchanges"),
    ],
)
def test_what_is_spent_twice_is_found(
    monkeypatch: pytest.MonkeyPatch, bug: Callable[[pytest.MonkeyPatch], None], said: str
) -> None:
    bug(monkeypatch)
    with pytest.raises((AssertionError, BusyError)) as caught:
        run_state_machine_as_test(India, settings=settings(FEW, max_examples=200, stateful_step_count=30))
    # An index of the database may refuse it first, for ever: no other client holds anything.
    assert isinstance(caught.value, BusyError) or said in str(caught.value)
