"""The price table builder: medians, outliers, thin data, the curve, regimes, and what it refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from miexchange import InvalidValue
from miexchange.tuning import (
    AcceptanceModel,
    DepreciationCurve,
    LockRisk,
    NotFitted,
    Observations,
    PriceTableBuilder,
    TuningWarning,
    simulate_market,
    simulate_offers,
)
from miexchange.tuning.prices import _weighted_medians
from unit.small import IST
from unit.tuned import ON, graded, observed, prices

MODEL = "oneplus-3t-6-64"


def seen(amounts: list[int], *, on: date = ON, model: str = MODEL, **columns: str | list[str]) -> Observations:
    rows = pd.DataFrame(
        {
            "model": model,
            "price_minor": amounts,
            "on": on,
            "kind": "deal",
            "source": [f"s{n}" for n in range(len(amounts))],
        }
    ).assign(**columns)
    return Observations.read(rows, graded().catalogue, as_of=ON)


def test_the_price_is_the_median_with_its_bounds_and_source() -> None:
    builder = PriceTableBuilder().fit(seen([990_000, 1_000_000, 1_010_000]), zone=IST, dates=[ON])
    (price,) = builder.table_.prices
    assert price.price_minor == 1_000_000
    assert price.basis == "observed"
    assert price.effective_from == datetime(2018, 6, 14, 18, 30, tzinfo=UTC)
    row = builder.summary.loc[MODEL].iloc[0]
    assert row["low_minor"] < 1_000_000 < row["high_minor"]
    assert row["n"] == 3
    assert "n=3" in price.source
    assert repr(builder) == "<PriceTableBuilder: 1 prices on 1 dates; 0 variants too thin>"


def test_an_outlier_is_left_out_and_listed() -> None:
    builder = PriceTableBuilder().fit(
        seen([990_000, 1_000_000, 1_000_000, 1_010_000, 10_000_000]), zone=IST, dates=[ON]
    )
    assert builder.table_.prices[0].price_minor == 1_000_000
    assert builder.outliers_["price_minor"].tolist() == [10_000_000]
    assert builder.outliers_["deviations"].iloc[0] > 4


def test_recent_rows_count_more_and_future_ones_not_at_all() -> None:
    rows = pd.DataFrame(
        {
            "model": MODEL,
            "price_minor": [900_000, 900_000, 900_000, 1_000_000, 1_000_000, 1_010_000],
            "on": [ON - timedelta(days=100)] * 3 + [ON - timedelta(days=1)] * 2 + [ON],
            "kind": "deal",
            "source": [f"s{n}" for n in range(6)],
        }
    )
    found = Observations.read(rows, graded().catalogue, as_of=ON)
    day_before = PriceTableBuilder(minimum=1).fit(found, zone=IST, dates=[ON - timedelta(days=50)])
    assert day_before.table_.prices[0].price_minor == 900_000
    assert PriceTableBuilder().fit(found, zone=IST, dates=[ON]).table_.prices[0].price_minor == 1_000_000


def test_a_listing_counts_less_than_a_deal_and_a_kind_can_be_left_out() -> None:
    found = seen([900_000, 950_000, 1_000_000, 1_050_000, 1_100_000], kind=["deal"] * 2 + ["listing"] * 3)
    assert PriceTableBuilder().fit(found, zone=IST, dates=[ON]).summary["price_minor"].tolist() == [950_000]
    deals = PriceTableBuilder(minimum=2, kind_weights={"listing": 0.0}).fit(found, zone=IST, dates=[ON])
    assert deals.summary["price_minor"].tolist() == [925_000]
    assert deals.summary["n"].tolist() == [2]


def test_a_thin_variant_has_no_price_without_a_curve() -> None:
    two = pd.concat(
        [seen([1_000_000] * 1 + [1_010_000, 1_020_000]).frame, seen([500_000], model="xiaomi-mi-a1-4-64").frame]
    )
    rows = two.drop(columns="row").assign(source=[f"s{n}" for n in range(4)])
    builder = PriceTableBuilder().fit(Observations.read(rows, graded().catalogue, as_of=ON), zone=IST, dates=[ON])
    assert [price.model for price in builder.table_.prices] == [MODEL]
    assert builder.thin_["model"].tolist() == ["xiaomi-mi-a1-4-64"]


def test_all_thin_is_an_error() -> None:
    with pytest.raises(InvalidValue, match="no variant 3 of them: lower minimum, or give a curve"):
        PriceTableBuilder().fit(seen([1_000_000]), zone=IST, dates=[ON])


def curve() -> DepreciationCurve:
    """Fit a curve on the observations of models with a launch price."""
    variants = graded().catalogue.by_model
    rows = observed().clean()
    rows = rows[[variants[model].launch_price_minor is not None for model in rows["model"]]]
    found = [variants[model] for model in rows["model"]]
    launched = pd.to_datetime(pd.Series([one.launched_on for one in found], index=rows.index))
    frame = pd.DataFrame(
        {
            "price": rows["price_minor"].astype(float),
            "age_months": (rows["on"] - launched).dt.days / 30.4375,
            "new_price": [float(one.launch_price_minor or 0) for one in found],
            "brand": [one.brand for one in found],
            "launch_year": launched.dt.year,
        }
    )
    return DepreciationCurve(knots=(12.0, 24.0)).fit(frame[frame["age_months"] >= 0])


def test_thin_data_are_drawn_to_the_curve_and_none_rest_on_it() -> None:
    fitted = curve()
    lonely = seen([2_000_000])
    builder = PriceTableBuilder(catalogue=graded().catalogue, curve=fitted, curve_rows=3.0).fit(
        lonely, zone=IST, dates=[ON]
    )
    row = builder.summary.loc[MODEL].iloc[0]
    assert row["basis"] == "modelled"
    assert 0.5 < row["curve_share"] < 1.0
    assert 900_000 < row["price_minor"] < 2_000_000
    others = builder.summary.drop(index=MODEL, level=0)
    assert len(others) > 50
    assert (others["n"] == 0).all()
    assert (others["curve_share"] == 1.0).all()
    assert (others["basis"] == "modelled").all()


def test_the_curve_counts_less_with_every_row() -> None:
    fitted = curve()
    shares = []
    for rows in (1, 4, 40):
        found = seen([1_000_000 + 1_000 * number for number in range(rows)])
        builder = PriceTableBuilder(catalogue=graded().catalogue, curve=fitted).fit(found, zone=IST, dates=[ON])
        shares.append(float(builder.summary.loc[MODEL]["curve_share"].iloc[0]))
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] < 0.1


def test_old_rows_are_aged_by_the_curve() -> None:
    found = seen([1_000_000, 1_000_000, 1_001_000], on=ON - timedelta(days=60))
    aged = PriceTableBuilder(catalogue=graded().catalogue, curve=curve(), curve_rows=0.0).fit(
        found, zone=IST, dates=[ON]
    )
    assert 850_000 < aged.summary.loc[MODEL]["price_minor"].iloc[0] < 990_000


def test_mixed_regimes_are_warned_of_and_one_can_be_chosen() -> None:
    found = seen([1_000_000, 1_000_000, 760_000, 770_000], warranty=["in", "in", "out", "out"])
    with pytest.warns(
        TuningWarning, match=r"the table mixes warranty regimes \(in, out\), 1 variants in themselves: rows"
    ):
        mixed = PriceTableBuilder().fit(found, zone=IST, dates=[ON])
    assert mixed.summary["regime"].tolist() == ["in+out"]
    chosen = PriceTableBuilder(minimum=2, regime="out").fit(found, zone=IST, dates=[ON])
    assert chosen.summary["price_minor"].tolist() == [765_000]
    assert chosen.summary["regime"].tolist() == ["out"]


def test_a_regime_that_nobody_wrote_down_has_no_rows() -> None:
    with pytest.raises(InvalidValue, match="no variant 3 of them: lower minimum"):
        PriceTableBuilder(regime="out").fit(seen([1_000_000] * 3 + [1_010_000]), zone=IST, dates=[ON])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("half_life_days", 0),
        ("outlier_mads", -1),
        ("minimum", 0),
        ("round_to_minor", 0),
        ("curve_rows", -1),
    ],
)
def test_a_parameter_out_of_range_is_refused(name: str, value: float) -> None:
    builder = PriceTableBuilder().set_params(**{name: value})
    with pytest.raises(InvalidValue, match=f"PriceTableBuilder.{name}"):
        builder.fit(seen([1_000_000, 1_010_000, 1_020_000]), zone=IST, dates=[ON])


def test_what_is_no_observations_or_no_date_is_refused() -> None:
    with pytest.raises(InvalidValue, match=r"Observations.read"):
        PriceTableBuilder().fit(pd.DataFrame(), zone=IST, dates=[ON])  # type: ignore[arg-type]
    for wrong in ([], ["2018-06-15"], [datetime(2018, 6, 15, tzinfo=UTC)]):
        with pytest.raises(InvalidValue, match="dates"):
            PriceTableBuilder().fit(seen([1_000_000, 1_000_100]), zone=IST, dates=wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="catalogue"):
        PriceTableBuilder(curve=curve()).fit(seen([1_000_000, 1_010_000]), zone=IST, dates=[ON])


def test_before_fit_there_is_nothing() -> None:
    with pytest.raises(NotFitted, match="call fit first"):
        _ = PriceTableBuilder().summary
    assert repr(PriceTableBuilder()) == "<PriceTableBuilder, not fitted>"


def test_the_prices_are_near_the_truth_that_made_them() -> None:
    """Fifteen to forty rows of 6 % noise for each model give prices within a few percent."""
    for price in prices().table_.prices:
        truth = graded().prices.as_of(price.model, price.effective_from)
        assert truth is not None
        assert abs(price.price_minor / truth.price_minor - 1) < 0.12


@pytest.mark.parametrize("seed", range(5))
def test_the_weighted_median_splits_the_weight_in_two(seed: int) -> None:
    make = np.random.default_rng(seed)
    rows = pd.DataFrame({"model": "m", "_log": make.normal(size=21), "_weight": make.uniform(0.1, 2, 21)})
    middle = _weighted_medians(rows)["median"].iloc[0]
    half = rows["_weight"].sum() / 2
    assert rows["_weight"][rows["_log"] < middle].sum() <= half
    assert rows["_weight"][rows["_log"] > middle].sum() <= half


def test_a_curve_that_is_not_of_paise_is_found_where_it_leads_out_of_range() -> None:
    rows = simulate_market(200, seed=1)
    rows = rows.assign(price=rows["price"] * 1e9, new_price=rows["new_price"])
    builder = PriceTableBuilder(catalogue=graded().catalogue, curve=DepreciationCurve().fit(rows))
    with pytest.raises(InvalidValue, match="that is out of range: fit the curve on minor units"):
        builder.fit(seen([1_000_000, 1_010_000]), zone=IST, dates=[ON])


@pytest.mark.parametrize(
    "wrong", [{"kind_weights": {"rumour": 1.0}}, {"regime": "perhaps"}, {"minimum": 1.5}, {"half_life_days": "45"}]
)
def test_parameters_of_another_kind_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidValue, match=f"PriceTableBuilder.{next(iter(wrong))}"):
        PriceTableBuilder(**wrong).fit(seen([1_000_000, 1_010_000, 1_020_000]), zone=IST, dates=[ON])  # type: ignore[arg-type]


def test_clean_prices_are_of_the_better_grade() -> None:
    rows = pd.DataFrame(
        {
            "model": MODEL,
            "price_minor": [1_000_000, 1_000_000, 1_000_000, 700_000, 700_000, 710_000],
            "on": ON,
            "kind": "deal",
            "source": [f"s{n}" for n in range(6)],
            "grade": ["Like New"] * 3 + ["Fair"] * 3,
        }
    )
    given = Observations.read(rows, graded().catalogue, as_of=ON, grades=("Like New", "Good", "Fair"))
    assert PriceTableBuilder().fit(given, zone=IST, dates=[ON]).table_.prices[0].price_minor == 1_000_000
    with pytest.raises(InvalidValue, match=r"^grades is missing, and there are .*: say the order of the grades: "):
        PriceTableBuilder().fit(Observations.read(rows, graded().catalogue, as_of=ON), zone=IST, dates=[ON])


def asked_and_paid(asked: list[int], paid: list[int]) -> Observations:
    return seen([*asked, *paid], kind=["listing"] * len(asked) + ["deal"] * len(paid))


def test_asking_prices_do_not_push_out_deals() -> None:
    """20 listings at 11,500 and 8 deals at 10,000 made 11,500, and the deals were left out as outliers."""
    found = asked_and_paid([1_150_000 + 100 * n for n in range(20)], [1_000_000 + 100 * n for n in range(8)])
    builder = PriceTableBuilder().fit(found, zone=IST, dates=[ON])
    assert builder.summary["price_minor"].tolist() == [1_000_000]
    assert builder.outliers_.empty
    kinds = builder.kinds_.reset_index(level="effective_from")
    assert kinds["ratio"].round(2).to_dict() == {"deal": 1.0, "listing": 1.15}
    assert kinds["basis"].to_dict() == {"deal": "paid", "listing": "estimated"}
    assert "n=28 of deal, listing at 115 % (estimated)," in builder.table_.prices[0].source


def test_a_variant_that_is_only_listed_takes_the_ratio_of_the_others() -> None:
    rows = [
        asked_and_paid([1_150_000] * 5 + [1_151_000], [1_000_000] * 4 + [999_000]).frame,
        seen([575_000, 576_000, 574_000], model="xiaomi-mi-a1-4-64", kind="listing").frame,
    ]
    both = pd.concat(rows).drop(columns="row").assign(source=[f"s{n}" for n in range(14)])
    found = Observations.read(both, graded().catalogue, as_of=ON)
    builder = PriceTableBuilder().fit(found, zone=IST, dates=[ON])
    assert builder.summary["price_minor"].tolist() == [1_000_000, 500_000]


def test_a_ratio_that_is_stated_stands_and_one_that_nothing_tells_is_warned_of() -> None:
    found = seen([1_150_000 + 100 * n for n in range(6)], kind="listing")
    stated = PriceTableBuilder(kind_ratios={"listing": 1.15}).fit(found, zone=IST, dates=[ON])
    assert stated.summary["price_minor"].tolist() == [1_000_000]
    assert stated.kinds_["basis"].tolist() == ["stated"]
    with pytest.warns(TuningWarning, match="are of the kind listing, and too few variants have deals or quotes beside"):
        unsaid = PriceTableBuilder().fit(found, zone=IST, dates=[ON])
    assert unsaid.summary["price_minor"].tolist() == [1_150_000]
    with pytest.raises(InvalidValue, match="kind_ratios"):
        PriceTableBuilder(kind_ratios={"listing": 0.0}).fit(found, zone=IST, dates=[ON])


def test_quotes_are_what_is_paid_where_there_are_no_deals() -> None:
    found = seen([1_200_000] * 5 + [1_000_000] * 4 + [1_001_000], kind=["listing"] * 5 + ["quote"] * 5)
    builder = PriceTableBuilder().fit(found, zone=IST, dates=[ON])
    assert builder.summary["price_minor"].tolist() == [1_000_000]
    assert builder.kinds_["basis"].tolist() == ["paid", "estimated"]


def test_a_curve_in_another_unit_is_warned_of() -> None:
    """A curve in rupees changed modelled prices by 20 %, without a word."""
    frame = simulate_market(300, seed=1)
    in_rupees = DepreciationCurve(knots=(12.0, 24.0)).fit(frame)
    with pytest.warns(TuningWarning, match="have new prices far from those that the curve was fitted on"):
        PriceTableBuilder(catalogue=graded().catalogue, curve=in_rupees).fit(
            seen([1_000_000] * 3 + [1_001_000]), zone=IST, dates=[ON, ON - timedelta(days=9)]
        )


def test_rows_of_another_unit_are_named() -> None:
    """Half the prices of a phone in rupees: their middle is a tenth of the truth, and no row is an outlier."""
    deals = pd.DataFrame({"model": "oneplus-3t-6-64", "on": ON, "kind": "deal", "source": "till"}, index=range(8))
    deals["price_minor"] = [1_000_000 + row for row in range(4)] + [10_000 + row for row in range(4)]
    found = Observations.read(deals, graded().catalogue, as_of=ON)
    with pytest.warns(TuningWarning, match="rows 0, 1, 2, 3, 4 and 3 more are more than three times the price"):
        PriceTableBuilder().fit(found, zone=IST, dates=[ON])
    with pytest.raises(InvalidValue, match="give a ratio such as"):
        PriceTableBuilder(kind_ratios={"listing": 115}).fit(found, zone=IST, dates=[ON])
    panel = pd.DataFrame({"model": "a", "on": pd.date_range("2020-01-01", periods=9), "price_minor": [900_000] * 9})
    panel.loc[5:, "price_minor"] = 9_000
    with pytest.warns(TuningWarning, match="row 5 are three times the price before"):
        LockRisk().fit(panel)
    offers = simulate_offers(200, seed=1)
    with pytest.warns(TuningWarning, match="far from the market's price"):
        AcceptanceModel().fit(offers.assign(market_minor=offers["market_minor"] * 100))
