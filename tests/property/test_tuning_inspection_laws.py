"""The laws of `paid_as_quoted`: amounts add up and are fair, rows have no order, money has no unit, bias is found."""

from __future__ import annotations

import warnings
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from itertools import permutations
from math import factorial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miexchange import Condition, Device, Programme, Quote, appraise
from miexchange.condition import Option
from miexchange.tuning import SEEN, PaidAsQuoted, TuningWarning, paid_as_quoted, simulate_inspections
from property.effort import effort
from unit import small
from unit.small import costs, functional
from unit.tuned import graded

if TYPE_CHECKING:
    from collections.abc import Mapping

AT = datetime(2018, 4, 20, 12, tzinfo=UTC)
COMPONENTS = {"glass": "screen", "image": "screen", "body": "body", "ports": "body", "sound": "sound", "touch": "touch"}
COSTS = {"worn": 17_300, "bad": 90_100, "broken": 333_333}


@cache
def shop(unit: int = 1) -> Programme:
    """Return a programme whose amounts are in so many minor units; a broken touch screen refuses the phone."""
    asked = []
    for number, (name, component) in enumerate(COMPONENTS.items()):
        options = [costs(one, amount_minor=unit * (cost + 1_111 * number)) for one, cost in COSTS.items()]
        if name == "touch":
            options[-1] = Option("broken", "Broken", gate=True)
        asked.append(functional(name, component, *options))
    return small.programme(small.asking(*asked), price=1_000_000 * unit)


ANSWERS = st.fixed_dictionaries({name: st.sampled_from(["best", *COSTS]) for name in COMPONENTS})
SAID = ANSWERS.map(lambda answers: answers | {"touch": "best" if answers["touch"] == "broken" else answers["touch"]})
DOOR = st.fixed_dictionaries(
    {"said": SAID, "seen": ANSWERS, "paid": st.integers(0, 1_200_000), "store": st.sampled_from([*"abc", ""])}
)
DOORS = st.lists(DOOR, min_size=1, max_size=12)


def worth(answers: Mapping[str, str], unit: int = 1) -> int:
    """Value one phone; a refusal is worth nothing."""
    quote = appraise(Device(small.MODEL), Condition(answers), shop(unit), at=small.AT)
    return quote.coupon_value if isinstance(quote, Quote) else 0


def frame_of(doors: list[dict[str, Any]], unit: int = 1) -> pd.DataFrame:
    rows = [
        {
            "model": small.MODEL,
            "quoted_minor": worth(door["said"], unit),
            "paid_minor": door["paid"] * unit,
            "store": door["store"],
            **door["said"],
            **{f"{SEEN}{name}": answer for name, answer in door["seen"].items()},
        }
        for door in doors
        if worth(door["said"])
    ]
    return pd.DataFrame(rows)


def report(frame: pd.DataFrame, unit: int = 1) -> PaidAsQuoted:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuningWarning)  # of few stores
        return paid_as_quoted(frame, shop(unit), at=small.AT)


@given(DOORS)
@effort(0.5)
def test_parts_add_up_to_the_minor_unit(doors: list[dict[str, Any]]) -> None:
    """PaidAsQuoted: with `other_minor` each row adds up to what was paid above the quote."""
    frame = frame_of(doors)
    if frame.empty:
        return
    found = report(frame)
    assert {str(kind) for kind in found.amounts.dtypes} == {"int64"}
    sums = found.amounts.sum(axis=1)
    assert (sums + found.rows["other_minor"] == frame["paid_minor"] - frame["quoted_minor"]).all()
    seen = [worth({name: row[f"{SEEN}{name}"] for name in COMPONENTS}) for row in frame.to_dict("records")]
    assert found.rows["seen_minor"].to_list() == seen
    assert sums.to_list() == [one - quoted for one, quoted in zip(seen, frame["quoted_minor"], strict=True)]
    assert found.questions["total_minor"].sum() == sums.sum()


@given(DOOR)
@effort(0.5)
def test_an_amount_is_the_mean_over_all_orders(door: dict[str, Any]) -> None:
    """paid_as_quoted: an answer's amount is its Shapley value, rounded by less than one minor unit."""
    frame = frame_of([door])
    if frame.empty:
        return
    said, seen = door["said"], door["seen"]
    changed = [name for name in COMPONENTS if said[name] != seen[name]]
    gains: Counter[str] = Counter()
    values: dict[frozenset[str], int] = {}
    for order in permutations(changed):
        for number, name in enumerate(order):
            before, after = (frozenset(order[:taken]) for taken in (number, number + 1))
            for one in (before, after):
                if one not in values:
                    values[one] = worth(said | {name: seen[name] for name in one})
            gains[name] += values[after] - values[before]
    found = report(frame).amounts.to_dict("records")[0]
    for name in COMPONENTS:
        assert abs(found[name] * factorial(len(changed)) - gains[name]) < factorial(len(changed))


@given(DOORS)
@effort(0.5)
def test_a_worse_answer_never_pays_more(doors: list[dict[str, Any]]) -> None:
    """Promise 5 at the door: an answer that was seen worse never adds to a value, a better one never takes away."""
    frame = frame_of(doors)
    if frame.empty:
        return
    amounts = report(frame).amounts
    order = ["best", *COSTS]
    for name in COMPONENTS:
        steps = frame[f"{SEEN}{name}"].map(order.index) - frame[name].map(order.index)
        assert (amounts[name] * steps <= 0).all()
        assert (amounts[name][steps == 0] == 0).all()


@given(DOORS, st.randoms(use_true_random=False))
@effort(0.5)
def test_rows_have_no_order(doors: list[dict[str, Any]], make: Any) -> None:
    """paid_as_quoted: the same exchanges in another order make the same report."""
    frame = frame_of(doors)
    if frame.empty:
        return
    mixed = [*range(len(frame))]
    make.shuffle(mixed)
    one, other = report(frame), report(frame.iloc[mixed])
    pd.testing.assert_frame_equal(one.amounts.iloc[mixed], other.amounts)
    pd.testing.assert_frame_equal(one.rows.iloc[mixed], other.rows)
    pd.testing.assert_frame_equal(one.questions, other.questions, rtol=1e-9)
    pd.testing.assert_series_equal(one.summary, other.summary, rtol=1e-9)


@given(DOORS)
@effort(0.5)
def test_a_currency_has_no_unit(doors: list[dict[str, Any]]) -> None:
    """paid_as_quoted: amounts a hundred times as large have the same shares and kappas, and money but for rounding."""
    frame = frame_of(doors)
    if frame.empty:
        return
    one, other = report(frame), report(frame_of(doors, 100), 100)
    assert (abs(100 * one.amounts - other.amounts) < 100).to_numpy().all()
    assert (100 * one.rows["other_minor"] == other.rows["other_minor"]).all()
    pd.testing.assert_frame_equal(one.shares, other.shares)
    kappas = ["n", "changed", "kappa", "kappa_low", "kappa_high"]
    pd.testing.assert_frame_equal(one.questions[kappas].sort_index(), other.questions[kappas].sort_index())
    scale = [100.0 if str(name).startswith("difference") else 1.0 for name in one.summary.index]
    pd.testing.assert_series_equal(one.summary * scale, other.summary, rtol=1e-9)


# ----- doors with planted bias

PLANTED = {"screen_glass": 0.8, "body": -0.1}
WORST = "screen_glass"


def doors_of(rows: int, seed: int, stores: int) -> PaidAsQuoted:
    """Simulate doors and report on them."""
    given: dict[str, Any] = {"bias": PLANTED, "stores": stores, "again": 0.3}
    inspections, again = simulate_inspections(graded(), rows, seed=seed, at=AT, **given)
    return paid_as_quoted(inspections, graded(), at=AT, again=again)


def held(truth: PaidAsQuoted, reports: list[PaidAsQuoted]) -> dict[str, float]:
    """Return the share of intervals that hold the truth, by kind."""
    found: dict[str, list[bool]] = {}
    for one in reports:
        for name in ("as_quoted", "difference"):
            unit = "_pct" if name == "as_quoted" else "_minor"
            low, high = (one.summary[f"{name}_{side}{unit}"] for side in ("low", "high"))
            found.setdefault(name, []).append(bool(low <= truth.summary[f"{name}{unit}"] <= high))
        for name, unit in (("bias", "_minor"), ("kappa", ""), ("inspectors_kappa", "")):
            true = truth.questions[f"{name}{unit}"].reindex(one.questions.index)
            lows, highs = (one.questions[f"{name}_{side}{unit}"] for side in ("low", "high"))
            known = lows.notna() & true.notna()
            found.setdefault(name, []).extend(((lows <= true) & (true <= highs))[known].tolist())
    return {name: float(np.mean(one)) for name, one in found.items()}


def test_a_few_doors_hold_what_they_state_and_name_the_worst_question() -> None:
    """Issue: on simulated doors with planted bias the intervals hold, and the worst question is named (in small)."""
    truth = doors_of(12_000, 0, 600)
    reports = [doors_of(1_000, seed, 40) for seed in range(1, 9)]
    assert [one.worst for one in (truth, *reports)] == [WORST] * 9
    shares = held(truth, reports)
    assert min(shares.values()) >= 0.85, shares


@pytest.mark.sweep
def test_doors_hold_93_to_97_percent_and_name_the_worst_question_in_95() -> None:
    """Issue: the intervals hold 93-97 %, and the worst question is named in 95 % of 200 runs or more."""
    truth = doors_of(100_000, 0, 5_000)
    assert truth.worst == WORST
    reports = [doors_of(1_500, seed, 60) for seed in range(1, 201)]
    shares = held(truth, reports)
    named = np.mean([one.worst == WORST for one in reports])
    print(shares, named)  # noqa: T201 - what docs/tuning.md says
    assert all(0.93 <= share <= 0.97 for share in shares.values()), shares
    assert named >= 0.95
