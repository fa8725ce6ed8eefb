"""The list of rules: what an element has to declare, and what a valuation is told for them to read."""

from __future__ import annotations

import inspect

import pytest

from miexchange import Condition, Device, appraise, coupon_for
from miexchange.programme.rules import INPUTS, RETENTIONS, RULES, Facts, Retention
from miexchange.programme.rules.drift import DRIFT
from miexchange.refusal import ReasonCode
from unit import small


def test_every_rule_has_a_line_and_a_setting_of_its_own() -> None:
    for name in ("line", "setting", "reads", "title"):
        said = [getattr(rule, name) for rule in RETENTIONS]
        assert all(said)
        assert len(set(said)) == len(said)
    assert all(hasattr(small.TERMS, rule.setting) for rule in RULES)


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


def test_what_is_not_used_has_nothing_to_say() -> None:
    for rule in RULES:
        used = rule.is_used(small.TERMS)
        assert list(rule.problems(small.TERMS, None, small.programme().zone)) == []
        assert used or rule.setting == "drift_bps_per_day" or list(rule.rows(small.TERMS, str)) == []


def test_a_valuation_is_told_what_is_declared_and_nothing_else() -> None:
    for verb in (appraise, coupon_for):
        parameters = inspect.signature(verb).parameters
        assert all(parameters[name].default is None for name in INPUTS)
        assert all(one.kind is not one.VAR_KEYWORD for one in parameters.values())
    device, told = Device(small.MODEL, small.IMEI), {"costumer": "gold"}
    with pytest.raises(TypeError, match="unexpected keyword argument 'costumer'"):
        appraise(device, Condition(), small.programme(), at=small.AT, **told)  # type: ignore[arg-type]
