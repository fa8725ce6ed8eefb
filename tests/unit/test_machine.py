"""The state machine of ledgers: silent on a sound ledger, and it finds a ledger that spends a coupon twice."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from miexchange import coupon
from miexchange.laws import LedgerMachine
from property.test_planted_faults import planted
from shipped import shipped_programme

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
