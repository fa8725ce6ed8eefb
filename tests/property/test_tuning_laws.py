"""The laws of tuning: what is written is what was meant, weights are monotone, metrics agree with plain loops."""

from __future__ import annotations

import warnings
from datetime import date, timedelta
from functools import cache

import numpy as np
import pandas as pd
from hypothesis import assume, given
from hypothesis import strategies as st

from miexchange.money import BPS, GREATEST_AMOUNT
from miexchange.tuning import DeductionModel, LockRisk, Scale, TuningWarning, score, simulate_panel
from miexchange.tuning._checks import duplicates
from miexchange.tuning.observations import Observations
from miexchange.tuning.prices import PriceTableBuilder
from property.effort import effort
from unit.tuned import ON, graded

GLASS = Scale("glass", "display", ("light", "heavy", "cracked"))
BODY = Scale("body", "body", ("scratched", "dented"))


def quotes_strategy() -> st.SearchStrategy[pd.DataFrame]:
    """Draw quotes in any contradiction: any finding may cost anything on any device."""
    findings = st.sampled_from(["light", "heavy", "cracked", "scratched", "dented", "heavy+dented", "light+cracked"])
    row = st.tuples(st.sampled_from("abcd"), st.floats(0.05, 0.95), findings)
    clean = {"a": 5_000.0, "b": 12_000.0, "c": 30_000.0, "d": 80_000.0}
    return st.lists(row, min_size=2, max_size=14).map(
        lambda rows: pd.DataFrame(
            [(device, clean[device], round(clean[device] * keep, -1), finding) for device, keep, finding in rows],
            columns=["device", "clean", "price", "findings"],
        )
    )


@given(quotes_strategy())
@effort(0.5)
def test_weights_are_positive_and_never_fall_with_severity(quotes: pd.DataFrame) -> None:
    """Issue: fitted weights are monotone in severity by construction, whatever the quotes say."""
    assume((quotes["clean"] - quotes["price"]).max() > 100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuningWarning)
        model = DeductionModel([GLASS, BODY]).fit(quotes)
    for scale in (GLASS, BODY):
        weights = [model.weights_[finding] for finding in scale.findings]
        assert all(weight > 0 for weight in weights)
        assert weights == sorted(weights)
    values = model.predict(quotes)
    assert np.isfinite(values).all()
    assert (values <= quotes["clean"] + 5).all()
    damaged = quotes.assign(findings="light")
    worse = quotes.assign(findings="cracked+dented")
    assert (model.predict(worse) <= model.predict(damaged)).all()


@given(st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 10**9)), min_size=1, max_size=30))
def test_metrics_agree_with_a_plain_loop(pairs: list[tuple[int, int]]) -> None:
    """Metrics: errors in percent are of the price itself; over- and underpaid shares count rows."""
    paid, said = (pd.Series(column) for column in zip(*pairs, strict=True))
    found = score(paid, said)
    wrong = [abs(value - price) / price for price, value in pairs]
    assert np.isclose(found["mape"], 100 * sum(wrong) / len(wrong))
    assert np.isclose(found["bias_minor"], sum(value - price for price, value in pairs) / len(pairs))
    assert np.isclose(found["overpaid_pct"], 100 * sum(value > price for price, value in pairs) / len(pairs))
    for limit in (3, 10, 20):
        within = sum(100 * abs(value - price) <= limit * price for price, value in pairs)
        assert np.isclose(found[f"within_{limit}"], 100 * within / len(pairs), atol=100 / len(pairs) * 0.001)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([1.5, None]), st.integers(0, 1)), max_size=12))
def test_a_row_is_a_duplicate_if_an_equal_one_stands_before_it(rows: list[tuple[str, float | None, int]]) -> None:
    """duplicates: tell which rows repeat an earlier one."""
    frame = pd.DataFrame(rows, columns=["text", "number", "code"])
    assert duplicates(frame).tolist() == [row in rows[:position] for position, row in enumerate(rows)]


@given(st.lists(st.integers(50_000, 5_000_000), min_size=3, max_size=25), st.integers(1, 6))
@effort(0.5)
def test_a_price_lies_between_the_prices_that_it_is_made_of(amounts: list[int], low_kinds: int) -> None:
    """PriceTableBuilder: a weighted median of what was seen, in whole steps, never outside it."""
    rows = pd.DataFrame(
        {
            "model": "oneplus-3t-6-64",
            "price_minor": amounts,
            "on": ON,
            "kind": ["listing" if number % low_kinds else "deal" for number in range(len(amounts))],
            "source": [f"s{number}" for number in range(len(amounts))],
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuningWarning)
        found = Observations.read(rows, graded().catalogue, as_of=ON)
        builder = PriceTableBuilder(outlier_mads=1e9).fit(found, zone=graded().zone, dates=[ON])
    (price,) = builder.table_.prices
    assert min(amounts) - 500 <= price.price_minor <= max(amounts) + 500
    assert price.price_minor % 1000 == 0


LAUNCHES = (date(2018, 6, 1), date(2019, 6, 1))
ASKED_ON = date(2019, 5, 25)


@cache
def risk() -> LockRisk:
    return LockRisk(launches=LAUNCHES).fit(simulate_panel(4, 400, seed=1, launches=LAUNCHES[:1], every=5))


AMOUNTS = st.integers(0, 10**9) | st.sampled_from([0, 1, GREATEST_AMOUNT])
OPEN = st.tuples(st.integers(0, 8), st.integers(0, 8), AMOUNTS, st.integers(1, 10**6))
REDEEMED = st.lists(st.sampled_from([0.0, 5e-324, 1e-9, 0.1, 0.3, 0.7]) | st.floats(0, 1), min_size=1, max_size=17)


@given(st.lists(OPEN, min_size=1, max_size=6), st.none() | REDEEMED, st.integers(0, 10**9))
@effort(0.3)
def test_a_book_loses_at_most_what_it_promises(
    rows: list[tuple[int, int, int, int]], redeemed: list[float] | None, budget: int
) -> None:
    """A loss is from 0 to the whole promise; a cover keeps within its budget and cuts from 0 to all of a quote."""
    assume(redeemed is None or 0 < sum(redeemed) <= 1 + 1e-9)
    assume(any(value for _, _, value, _ in rows))
    book = pd.DataFrame(rows, columns=["held", "left", "value_minor", "coupons"])
    book["quoted_on"] = [ASKED_ON - timedelta(days=held) for held in book.pop("held").tolist()]
    book["day"] = [ASKED_ON + timedelta(days=left) for left in book.pop("left").tolist()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuningWarning)
        found = risk().forecast(book, on=ASKED_ON, redeemed=redeemed, draws=100)
        covers = found.covers(budget, bonus_days=2)
    promised = int(book["value_minor"].sum())
    assert ((found.losses >= 0) & (found.losses <= promised * (1 + 1e-9))).all()
    assert (found.frame.diff().iloc[1:, 1] >= 0).all(), "a loss until a later day is no less"
    assert covers["haircut_bps"].between(0, BPS).all()
    assert covers["lock_days"].between(0, 16).all()
    assert covers["bound_minor"].iloc[0] == found.summary["bound_minor"]
    assert (covers["bound_minor"].iloc[1:] <= budget).all()
    assert (covers["mean_minor"] <= covers["mean_minor"].iloc[0]).all(), "a cover loses no more than none"
