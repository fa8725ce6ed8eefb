"""The package itself: its version, and what of it is imported only when it is asked for."""

from __future__ import annotations

import importlib
import re

import pytest

import miexchange


def test_the_version_is_three_numbers() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", miexchange.__version__)


def test_what_comes_after_a_quote_is_imported_when_it_is_asked_for() -> None:
    load = vars(miexchange)["__getattr__"]  # hidden from type checkers
    assert load("Coupon") is miexchange.coupon.Coupon is miexchange.Coupon
    assert load("what_would_change") is miexchange.changes.what_would_change
    for name in ("coupon", "inspection", "events", "exchange", "changes"):
        assert load(name) is importlib.import_module(f"miexchange.{name}")
    for name in ("Agree", "nothing", "_steps"):
        with pytest.raises(AttributeError, match=f"module 'miexchange' has no attribute '{name}'"):
            load(name)
    assert dir(miexchange) == sorted(miexchange.__all__)
