"""The laws of units: prices in rupees or in paise teach the same, and an unseen brand is priced among the seen ones."""

from __future__ import annotations

import warnings
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from miexchange import InvalidValue
from miexchange.tuning import (
    AcceptanceModel,
    DeductionModel,
    DepreciationCurve,
    LockRisk,
    PriceTableBuilder,
    TuningWarning,
    next_quotes,
    simulate_offers,
    simulate_panel,
    simulate_quotes,
)
from miexchange.tuning.adapter import AdditiveRegressor
from miexchange.tuning.observations import Observations
from property.effort import effort
from unit.tuned import ON, graded

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

UNITS = st.sampled_from([0.001, 0.01, 1 / 83, 83.0, 100.0, 10_000.0])
SCATTERS = st.sampled_from([0.0, 1e-4, 0.001, 0.01, 0.1])


def price_list(seed: int, scatter: float, brands: int = 4, rows: int = 80) -> pd.DataFrame:
    """Make a price list by a formula, with as little scatter as is asked for."""
    make = np.random.default_rng(seed)
    brand = make.integers(0, brands, rows)
    new = np.exp(make.uniform(8.5, 11.5, rows))
    age = make.uniform(1, 40, rows)
    log = -0.2 - 0.02 * age + make.normal(0, 0.2, brands)[brand] + make.normal(0, scatter, rows)
    return pd.DataFrame(
        {
            "brand": [f"B{number}" for number in brand],
            "new_price": new,
            "age_months": age,
            "launch_year": 2020 - age // 12,
            "price": new * np.exp(log),
        }
    )


def by_curve(rows: pd.DataFrame, asked: pd.DataFrame, unit: float) -> npt.NDArray[np.float64]:
    curve = DepreciationCurve().fit(rows.assign(price=rows["price"] * unit, new_price=rows["new_price"] * unit))
    found = curve.predict_interval(asked.assign(new_price=asked["new_price"] * unit)).to_numpy() / unit
    return np.column_stack([found, curve.typical(asked["age_months"].to_numpy()).to_numpy()])


def by_regressor(rows: pd.DataFrame, asked: pd.DataFrame, unit: float) -> npt.NDArray[np.float64]:
    levels = {name: number for number, name in enumerate(sorted(set(rows["brand"])))}

    def matrix(frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        return np.column_stack(
            [
                frame["new_price"] * unit,
                frame["age_months"],
                frame["brand"].map(levels).fillna(-1),
                frame["launch_year"],
            ]
        )

    model = AdditiveRegressor(categories=(2,)).fit(matrix(rows), rows["price"].to_numpy() * unit)
    found: npt.NDArray[np.float64] = model.predict(matrix(asked))[:, None] / unit
    return found


FITS: list[Callable[[pd.DataFrame, pd.DataFrame, float], npt.NDArray[np.float64]]] = [by_curve, by_regressor]


@given(st.sampled_from(FITS), st.integers(0, 999), SCATTERS, UNITS)
@effort(0.5)
def test_the_unit_of_the_prices_changes_nothing(
    fit: Callable[[pd.DataFrame, pd.DataFrame, float], npt.NDArray[np.float64]], seed: int, scatter: float, unit: float
) -> None:
    """Issue: the unit decides (rupees or paise): invariance under a change of unit is a law, for every estimator."""
    rows = price_list(seed, scatter)
    asked = pd.concat([rows.head(5), rows.head(5).assign(brand="never seen")])
    np.testing.assert_allclose(fit(rows, asked, unit), fit(rows, asked, 1.0), rtol=1e-5)


@given(st.sampled_from(FITS), st.integers(0, 999), SCATTERS)
@effort(0.5)
def test_an_unseen_brand_lies_among_the_seen_ones(
    fit: Callable[[pd.DataFrame, pd.DataFrame, float], npt.NDArray[np.float64]], seed: int, scatter: float
) -> None:
    """Offsets: shrunk to their common mean; a new level has none. It is priced as a brand in the middle."""
    rows = price_list(seed, scatter)
    row = rows.head(1)
    seen = [fit(rows, row.assign(brand=brand), 1.0)[0, 0] for brand in sorted(set(rows["brand"]))]
    assert min(seen) * 0.999 <= fit(rows, row.assign(brand="never seen"), 1.0)[0, 0] <= max(seen) * 1.001


@given(st.integers(0, 99), UNITS)
@effort(0.5)
def test_the_unit_of_the_quotes_changes_nothing(seed: int, unit: float) -> None:
    """A change of unit changes nothing that an estimator says."""
    quotes, scales = simulate_quotes(15, seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuningWarning)
        here = DeductionModel(scales).fit(quotes)
        there = DeductionModel(scales).fit(quotes.assign(clean=quotes["clean"] * unit, price=quotes["price"] * unit))
    asked = quotes.assign(device="never seen")
    found = there.predict_interval(asked.assign(clean=asked["clean"] * unit)).to_numpy() / unit
    step = max(here.step_, there.step_ / unit)  # a value on the edge of a step may be rounded either way
    np.testing.assert_allclose(found, here.predict_interval(asked).to_numpy(), rtol=1e-6, atol=step * 1.001)


@given(st.lists(st.integers(500, 20_000), min_size=3, max_size=20), st.sampled_from([10, 100]))
@effort(0.5)
def test_the_unit_of_the_observations_changes_nothing(amounts: list[int], unit: int) -> None:
    """A change of unit changes nothing that an estimator says."""
    rows = pd.DataFrame(
        {
            "model": "oneplus-3t-6-64",
            "price_minor": amounts,
            "on": ON,
            "kind": ["deal" if number % 2 else "listing" for number in range(len(amounts))],
            "source": [f"s{number}" for number in range(len(amounts))],
        }
    )
    found: list[Any] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuningWarning)
        for factor in (1, unit):
            scaled = rows.assign(price_minor=rows["price_minor"] * factor)
            observed = Observations.read(scaled, graded().catalogue, as_of=ON)
            builder = PriceTableBuilder(round_to_minor=factor)
            try:
                builder.fit(observed, zone=graded().zone, dates=[ON])
            except InvalidValue as error:  # of too few rows, in either unit
                found.append(str(error))
            else:
                found.append(builder.summary[["price_minor", "low_minor", "high_minor"]].to_numpy() / factor)
    if isinstance(found[0], str):
        assert found[1] == found[0]
        return
    np.testing.assert_allclose(found[1], found[0], atol=1.0)


@given(st.integers(0, 99), st.sampled_from([10, 100, 1_000]))
@effort(0.3)
def test_neither_the_unit_nor_the_order_of_rows_changes_what_a_lock_may_lose(seed: int, unit: int) -> None:
    """A change of unit changes nothing that an estimator says, and neither does the order of its rows."""
    launch, on = date(2018, 2, 1), date(2018, 5, 1)
    panel = simulate_panel(4, 90, seed=seed, launches=[launch])
    book = pd.DataFrame({"day": [date(2018, 5, 8), date(2018, 5, 4)], "value_minor": [200_000, 100_000]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuningWarning)
        here = LockRisk(launches=[launch]).fit(panel)
        other = panel.assign(price_minor=panel["price_minor"] * unit).sample(frac=1, random_state=seed)
        there = LockRisk(launches=[launch]).fit(other)
        losses = here.forecast(book, on=on, draws=100).losses
        others = there.forecast(book[::-1].assign(value_minor=book["value_minor"] * unit), on=on, draws=100).losses
    np.testing.assert_allclose(there.by_day(on=on, days=7), here.by_day(on=on, days=7), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(others / unit, losses, rtol=1e-6, atol=1e-6)


@given(st.integers(0, 99), st.sampled_from([10, 100, 1_000]))
@effort(0.3)
def test_neither_the_unit_nor_the_order_of_rows_changes_which_offer_is_best(seed: int, unit: int) -> None:
    """As above; offers are in steps, so the step has the unit as well."""
    offers = simulate_offers(200, seed=seed)
    money = ["offer_minor", "market_minor", "resale_minor"]
    others = offers.assign(**{name: offers[name] * unit for name in money}).sample(frac=1, random_state=seed)
    here = AcceptanceModel().fit(offers).best(offers, step_minor=1_000).frame
    there = AcceptanceModel().fit(others).best(others, step_minor=1_000 * unit).frame.loc[offers.index]
    steps = (there["offer_minor"] // unit - here["offer_minor"]).abs()
    assert steps.max() <= 1_000  # a tie between two steps may go either way
    np.testing.assert_allclose(there["margin_minor"] / unit, here["margin_minor"], rtol=1e-5)


@given(st.integers(0, 99), UNITS)
@effort(0.3)
def test_neither_the_unit_nor_the_order_of_rows_changes_what_quotes_save(seed: int, unit: float) -> None:
    """As above; which of two equal quotes comes first may change, what they save may not."""
    quotes, scales = simulate_quotes(10, seed=seed)
    damaged = quotes[quotes["findings"] != "clean"].drop_duplicates()
    there, wanted = damaged.iloc[::2], damaged.iloc[1::2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuningWarning)
        here = next_quotes(DeductionModel(scales, step=0.0).fit(there), wanted, most=3).frame
        scaled = [one.assign(clean=one["clean"] * unit, price=one["price"] * unit) for one in (there, wanted)]
        other = next_quotes(DeductionModel(scales, step=0.0).fit(scaled[0][::-1]), scaled[1][::-1], most=3).frame
    np.testing.assert_allclose(other["left"], here["left"], rtol=1e-4)
