"""The list of rules that keep a part of the price: what an element has to declare."""

from __future__ import annotations

import pytest

from miexchange.programme.rules import RETENTIONS, Facts, Retention
from miexchange.programme.rules.drift import DRIFT
from miexchange.refusal import ReasonCode
from unit import small


def test_every_rule_has_a_line_and_a_setting_of_its_own() -> None:
    for name in ("line", "setting", "reads", "title"):
        said = [getattr(rule, name) for rule in RETENTIONS]
        assert all(said)
        assert len(set(said)) == len(said)
    assert all(hasattr(small.TERMS, rule.setting) for rule in RETENTIONS)


def test_a_rule_that_leaves_something_out_cannot_be_made() -> None:
    class Half(Retention):
        line, setting, reads, title = "half", "drift_bps_per_day", "days_priced", "half a rule"

    with pytest.raises(TypeError, match="abstract"):
        Half()  # type: ignore[abstract]


def test_nothing_speaks_against_the_days_of_a_price() -> None:
    facts = Facts(None, small.AT.date(), 3, {})
    assert DRIFT.code(small.TERMS, facts.days_priced) is None
    with pytest.raises(NotImplementedError):
        DRIFT.reason(ReasonCode.PURCHASE_DATE_MISSING, small.TERMS, facts)
