"""The depreciation curve: its conventions, its parts, what it warns of and what it refuses."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from miexchange import InvalidValue
from miexchange.tuning import DepreciationCurve, NotFitted, TuningWarning, simulate_market

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def market() -> pd.DataFrame:
    return simulate_market(500, seed=4)


@cache
def fitted() -> DepreciationCurve:
    return DepreciationCurve().fit(market())


def test_the_constructor_only_stores_and_fit_returns_itself() -> None:
    curve = DepreciationCurve(knots=(9.0,), interval=0.5)
    assert curve.get_params() == {"age": "piecewise", "knots": (9.0,), "interval": 0.5, "robust": 4.0}
    assert curve.set_params(interval=0.9) is curve
    assert repr(curve) == "<DepreciationCurve, not fitted>"
    assert curve.fit(market()) is curve
    with pytest.raises(InvalidValue, match="no parameter 'colour': leave it out; known: age, knots, interval, robust"):
        curve.set_params(colour="red")


ASKED: dict[str, Callable[[DepreciationCurve], object]] = {
    "summary": lambda curve: curve.summary,
    "predict": lambda curve: curve.predict(market()),
    "predict_interval": lambda curve: curve.predict_interval(market()),
    "explain": lambda curve: curve.explain(market()),
    "typical": lambda curve: curve.typical(np.zeros(1)),
    "aging": lambda curve: curve.aging(np.zeros(1), np.ones(1)),
    "plot": lambda curve: curve.plot(),
}


@pytest.mark.parametrize("ask", ASKED)
def test_before_fit_every_question_is_a_clear_error(ask: str) -> None:
    with pytest.raises(NotFitted, match="not fitted yet"):
        ASKED[ask](DepreciationCurve())


def test_the_data_are_not_changed() -> None:
    rows = market().copy()
    DepreciationCurve().fit(rows).predict_interval(rows)
    pd.testing.assert_frame_equal(rows, market())


def test_predictions_keep_the_index_and_lie_in_their_band() -> None:
    rows = market().sample(50, random_state=1)
    band = fitted().predict_interval(rows)
    assert band.index.equals(rows.index)
    assert (band["low"] < band["price"]).all()
    assert (band["price"] < band["high"]).all()
    assert fitted().predict(rows).equals(band["price"])


def test_the_parts_of_an_explanation_add_up_to_the_price() -> None:
    rows = market().head(40)
    parts = fitted().explain(rows)
    assert parts.columns.to_list() == ["level", "age", "new price", "brand", "launch year"]
    np.testing.assert_allclose(parts.sum(axis=1), fitted().predict(rows), rtol=1e-12)


def test_the_summary_has_every_term_with_bounds_and_n() -> None:
    summary = fitted().summary
    assert summary.columns.to_list() == ["coefficient", "se", "low", "high", "n", "effect"]
    assert set(summary.index.get_level_values("term")) == {"level", "age", "new price", "brand", "launch year"}
    assert summary.loc["age"].index.to_list() == ["0 to 6", "6 to 12", "12 to 24", "24 on"]
    assert (summary["low"] <= summary["coefficient"]).all()
    assert (summary["coefficient"] <= summary["high"]).all()
    assert (summary["n"] > 0).all()
    assert summary.loc["brand"]["coefficient"].mean() == pytest.approx(0, abs=1e-12)


def test_a_price_never_rises_with_age() -> None:
    rising = market().assign(price=lambda rows: rows["new_price"] * (0.3 + rows["age_months"] / 100))
    curve = DepreciationCurve().fit(rising, year_col=None)
    assert (curve.summary.loc["age"]["coefficient"] <= 0).all()
    shares = curve.typical(np.linspace(0, 60, 30))["share"]
    assert (shares.diff().dropna() <= 1e-12).all()


def test_two_rates_find_their_break() -> None:
    rows = simulate_market(1500, seed=7, rates=(0.06, 0.01), knots=(15.0,), noise=0.03)
    curve = DepreciationCurve(age="two_rate").fit(rows, year_col=None)
    assert curve.break_ is not None
    assert 12 <= curve.break_ <= 18
    assert curve.summary.loc["age"]["coefficient"].to_numpy() == pytest.approx([-0.06, -0.01], abs=0.006)
    assert "two_rate age" in repr(curve)


def test_two_rates_need_rows_on_both_sides() -> None:
    with pytest.raises(InvalidValue, match="two_rate"):
        DepreciationCurve(age="two_rate").fit(market().assign(age_months=5.0))


def test_a_price_ages_by_the_rates_alone() -> None:
    factor = fitted().aging(np.array([10.0, 30.0]), np.array([11.0, 30.0]))
    rates = fitted().summary.loc["age"]["coefficient"].to_dict()
    assert factor[0] == pytest.approx(np.exp(rates["6 to 12"]))
    assert factor[1] == 1.0


def test_specifications_make_it_better_and_empty_cells_count_as_the_middle() -> None:
    make = np.random.default_rng(0)
    ram = make.integers(1, 9, 500).astype(float)
    rows = market().assign(ram=ram, os=np.where(make.random(500) < 0.3, "a", "b"))
    rows["price"] *= np.exp(0.05 * ram + 0.1 * (rows["os"] == "a"))
    rows.loc[5, "ram"] = np.nan
    with_specs = DepreciationCurve().fit(rows, numeric=["ram"], categorical=["os"])
    assert with_specs.sigma_ < DepreciationCurve().fit(rows).sigma_
    middle = rows.loc[[5]].assign(ram=rows["ram"].median())
    assert with_specs.predict(rows.loc[[5]]).iloc[0] == with_specs.predict(middle).iloc[0]
    offsets = with_specs.summary.loc["os"]["coefficient"].to_dict()
    assert offsets["a"] - offsets["b"] == pytest.approx(0.1, abs=0.03)


def test_an_unknown_brand_gets_the_mean_offset() -> None:
    rows = market().head(1)
    stranger = fitted().predict(rows.assign(brand="Nobody")).iloc[0]
    everyone = [fitted().predict(rows.assign(brand=brand)).iloc[0] for brand in market()["brand"].unique()]
    assert min(everyone) < stranger < max(everyone)


def test_weights_count_like_repetition() -> None:
    rows = market().head(120).assign(times=[1, 2, 3] * 40)
    weighed = DepreciationCurve(robust=None).fit(rows, weights_col="times").summary["coefficient"]
    repeated = rows.loc[rows.index.repeat(rows["times"])].reset_index(drop=True)
    with pytest.warns(TuningWarning, match="repeat earlier rows"):
        plain = DepreciationCurve(robust=None).fit(repeated).summary["coefficient"]
    rates = weighed.loc["age"].to_numpy()
    assert rates == pytest.approx(plain.loc["age"].to_numpy(), abs=0.004)


def test_a_gross_error_in_the_data_moves_little() -> None:
    rows = market().copy()
    rows.loc[:4, "price"] *= 100
    moved = DepreciationCurve().fit(rows).predict(market().iloc[50:]) / fitted().predict(market().iloc[50:])
    assert float((moved - 1).abs().median()) < 0.03


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("price", -1.0, "give a number above 0"),
        ("price", 0.0, "give a number above 0"),
        ("price", np.nan, "give a number above 0"),
        ("price", np.inf, "give a number above 0"),
        ("new_price", 0.0, "give a number above 0"),
        ("age_months", -1.0, "give a number of 0 or more"),
        ("launch_year", np.nan, "give a number"),
    ],
)
def test_rows_without_a_usable_number_are_named(column: str, value: float, rule: str) -> None:
    rows = market().astype({column: float})
    rows.loc[[3, 7], column] = value
    with pytest.raises(InvalidValue, match=rf"which cannot be used \(rows 3, 7\): {rule}"):
        DepreciationCurve().fit(rows)


def test_an_empty_frame_a_missing_column_and_no_frame_are_errors() -> None:
    with pytest.raises(InvalidValue, match="give at least one row"):
        DepreciationCurve().fit(market().iloc[:0])
    with pytest.raises(InvalidValue, match="has no column brand: add it, or name the column that holds it; known: "):
        DepreciationCurve().fit(market().drop(columns="brand"))
    with pytest.raises(InvalidValue, match="give a pandas DataFrame"):
        DepreciationCurve().fit([1, 2])  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="ram is a column without any number: leave it out of numeric"):
        DepreciationCurve().fit(market().assign(ram="?"), numeric=["ram"])


def test_constant_one_brand_and_repeated_data_are_warned_of_by_rows() -> None:
    with pytest.warns(TuningWarning, match="every price is the same"):
        curve = DepreciationCurve().fit(market().assign(price=1000.0))
    assert np.isfinite(curve.predict(market())).all()
    with pytest.warns(TuningWarning, match="rows 0, 1, 2, 3, 4 and 495 more are all of one brand, Nokia"):
        curve = DepreciationCurve().fit(market().assign(brand="Nokia"))
    assert np.isfinite(curve.summary["coefficient"]).all()
    with pytest.warns(TuningWarning, match="rows 3 repeat|row 3 repeat"):
        DepreciationCurve().fit(pd.concat([market(), market().loc[[3]]]))


@pytest.mark.parametrize(
    "wrong",
    [{"age": "cubic"}, {"knots": (12, 6)}, {"knots": (0,)}, {"interval": 1.0}, {"interval": 0.0}, {"robust": 0.0}],
    ids=str,
)
def test_a_parameter_out_of_range_is_refused_by_fit(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue, match=f"DepreciationCurve.{next(iter(wrong))}"):
        DepreciationCurve(**wrong).fit(market())


@pytest.mark.filterwarnings("ignore::miexchange.tuning.TuningWarning")
@pytest.mark.parametrize("rows", [1, 2, 5, 12])
def test_a_handful_of_rows_gives_numbers_and_no_nan(rows: int) -> None:
    curve = DepreciationCurve().fit(market().head(rows))
    assert np.isfinite(curve.predict(market())).all()
    assert np.isfinite(curve.predict_interval(market()).to_numpy()).all()


@pytest.mark.parametrize("unit", [1.0, 100.0])
def test_a_brand_that_is_not_in_a_price_list_is_priced_as_one_in_the_middle(unit: float) -> None:
    """It was priced at a thousandth, where the list had little scatter, and in paise at a ten thousandth."""
    made = np.random.default_rng(0)
    brand = made.integers(0, 3, 60)
    rows = pd.DataFrame({"brand": [f"B{number}" for number in brand], "age_months": made.uniform(1, 40, 60)})
    rows["new_price"] = np.exp(made.uniform(9, 11, 60)) * unit
    rows["price"] = rows["new_price"] * np.exp(-0.25 - 0.015 * rows["age_months"] + np.array([0.1, -0.1, 0.0])[brand])
    curve = DepreciationCurve().fit(rows, year_col=None)
    new = pd.DataFrame({"brand": ["new"], "age_months": [12.0], "new_price": [10_000 * unit]})
    share = float(np.exp(-0.25 - 0.015 * 12))
    assert curve.predict(new).iloc[0] == pytest.approx(10_000 * unit * share, rel=0.02)
    assert curve.typical(np.array([12.0]))["share"].iloc[0] == pytest.approx(share, rel=0.02)


def families(count: int, seed: int, apart: float = 0.15) -> pd.DataFrame:
    """Make prices of families, each of which lies above or below the formula with all its rows."""
    make = np.random.default_rng(seed)
    family = np.repeat(np.arange(count), 20)
    new = np.exp(make.uniform(9, 11, count))[family]
    age = make.uniform(0, 36, len(family))
    log = -0.2 - 0.02 * age + make.normal(0, apart, count)[family] + make.normal(0, 0.03, len(family))
    return pd.DataFrame(
        {"family": family, "new_price": new, "age_months": age, "brand": "one", "price": new * np.exp(log)}
    )


def test_a_band_of_groups_holds_what_it_states_for_groups_that_were_not_seen() -> None:
    """80 % held 53 % on families that were not seen."""
    held: dict[str | None, list[bool]] = {None: [], "family": []}
    for seed in range(3):
        seen, new = families(40, seed), families(40, seed + 100)
        for groups in held:
            band = DepreciationCurve().fit(seen, brand_col=None, year_col=None, groups=groups).predict_interval(new)
            held[groups] += ((new["price"] >= band["low"]) & (new["price"] <= band["high"])).tolist()
    assert 0.70 < np.mean(held["family"]) < 0.90
    assert np.mean(held[None]) < np.mean(held["family"])


@pytest.mark.sweep
def test_errors_of_groups_are_wider_and_hold_the_truth() -> None:
    held: list[bool] = []
    plain: list[bool] = []
    for seed in range(20):
        rows = families(40, seed)
        for groups, found in (("family", held), (None, plain)):
            summary = DepreciationCurve(knots=(60.0,)).fit(rows, brand_col=None, year_col=None, groups=groups).summary
            low, high = summary[["low", "high"]].to_numpy()[0]  # of the level
            found.append(bool(low <= -0.2 + float(np.log(rows["new_price"]).mean()) <= high))
    assert np.mean(held) >= 0.8
    assert np.mean(plain) < np.mean(held)


def test_a_band_widens_beyond_the_ages_that_were_seen() -> None:
    curve = DepreciationCurve().fit(families(40, 1), brand_col=None, year_col=None)
    found = curve.typical(np.array([20.0, curve.oldest_, curve.oldest_ + 24, curve.oldest_ + 48]))
    wide = np.log((found["high"] / found["low"]).to_numpy())
    assert wide[1] < wide[2] < wide[3]
    assert abs(wide[0] - wide[1]) < wide[3] - wide[2]


def test_months_go_in_order_and_groups_are_at_least_three() -> None:
    rows = families(12, 1)
    months = rows.assign(month=[f"2023-{1 + number:02d}" for number in rows["family"]])
    days = months.assign(month=pd.to_datetime(months["month"] + "-01"))
    by_month, by_day = (
        DepreciationCurve().fit(one, brand_col=None, year_col=None, groups="month") for one in (months, days)
    )
    assert by_month.predict_interval(rows).equals(by_day.predict_interval(rows))
    two = rows[rows["family"] < 2]
    with pytest.raises(InvalidValue, match="groups has 2 different ones: name a column with 3 groups or more"):
        DepreciationCurve().fit(two, brand_col=None, year_col=None, groups="family")
    with pytest.raises(InvalidValue, match="has no column variant"):
        DepreciationCurve().fit(rows, brand_col=None, year_col=None, groups="variant")


def test_a_score_of_which_more_is_better_never_lowers_the_price() -> None:
    """`increasing`: further numbers of which more is never worth less."""
    rows = market().assign(score=np.tile(np.arange(5.0), 100))
    wrong = {0: 0.8, 1: 0.9, 2: 0.85, 3: 1.0, 4: 0.95}  # two of the steps fall
    rows["price"] *= rows["score"].map(wrong)
    curve = DepreciationCurve().fit(rows, increasing=("score",))
    one = pd.concat([rows.iloc[[0]]] * 9).assign(score=[-1.0, 0, 0.5, 1, 2, 3, 4, 7, np.nan])
    found = curve.predict(one).to_numpy()
    assert (np.diff(found[:8]) >= -1e-9 * found[0]).all()
    assert found[3] / found[1] > 1.04
    assert found[7] == pytest.approx(found[6])  # flat beyond what was seen
    assert found[8] == pytest.approx(found[4])  # the median
    assert (curve.summary.loc["score"]["coefficient"] >= 0.0).all()
    assert [*curve.explain(one.iloc[:1]).columns][-1] == "score"
    same = DepreciationCurve().fit(rows.assign(score=1.0), increasing=("score",))
    assert same.predict(rows.assign(score=5.0)).notna().all()


def test_a_curve_may_know_no_new_price() -> None:
    rows = market().drop(columns="new_price")
    curve = DepreciationCurve().fit(rows, new_price_col=None)
    assert curve.new_prices_ is None
    assert repr(curve).startswith("<DepreciationCurve fitted on 500 rows: piecewise age, brand, launch year;")
    shares = curve.typical(np.array([0.0, 12.0, 24.0]))["share"].to_numpy()
    assert shares[0] == pytest.approx(1.0)
    assert shares[2] < shares[1] < 1.0
    assert "new price" not in curve.explain(rows).columns
    assert curve.predict(rows).notna().all()


def test_the_summary_says_every_level_once() -> None:
    summary = DepreciationCurve().fit(market()).summary
    assert summary.index.is_unique
    assert 1 < len(summary.loc["launch year"]) < 5  # of four years
