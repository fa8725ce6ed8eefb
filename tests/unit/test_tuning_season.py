"""The curve over time: it finds the step and the season that were put in, and carries prices over both."""

from __future__ import annotations

import warnings
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from miexchange import Catalogue, InvalidValue, Variant
from miexchange.tuning import (
    DepreciationCurve,
    NotFitted,
    Observations,
    PriceTableBuilder,
    TuningWarning,
    simulate_lists,
)
from miexchange.tuning._launches import pace_of, successors_of
from miexchange.tuning.adapter import CurveRegressor
from unit.small import IST

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

CUT, LAST = "2021-07-15", date(2021, 12, 15)


@cache
def lists() -> pd.DataFrame:
    return simulate_lists(5, seed=1, models=3)


def launches() -> dict[str, list[date]]:
    known: dict[str, list[date]] = lists().attrs["truth"]["launches"]
    return known


def fitted(rows: pd.DataFrame, **given: object) -> DepreciationCurve:
    columns = {"new_price_col": None, "brand_col": None, "year_col": None, "day_col": "on", "variant_col": "model"}
    return DepreciationCurve().fit(rows, **{**columns, "launches": launches(), **given})  # type: ignore[arg-type]


@cache
def curve() -> DepreciationCurve:
    return fitted(lists())


def test_the_step_and_the_season_are_found() -> None:
    summary = curve().summary
    assert summary.loc[("successors", "0 to 1"), "coefficient"] == pytest.approx(-0.15, abs=0.03)
    assert summary.loc[("age", "12 to 24"), "coefficient"] == pytest.approx(-0.01, abs=0.004)
    season = summary["coefficient"].loc["season"]
    assert season.loc["Jul"] - season.loc["Jan"] == pytest.approx(0.06, abs=0.015)
    assert repr(curve()).endswith("piecewise age, model, successors, season; residual 1.8 %>")


def test_prices_are_carried_over_a_launch_that_the_fit_has_not_seen() -> None:
    """The fit ends in July; the launch of September is in the calendar only."""
    rows = lists()[lists()["on"] <= CUT]
    start = rows[rows["on"] == CUT]
    found = fitted(rows).forecast(start, on=LAST)
    paid = lists()[lists()["on"] == f"{LAST}"].set_index("model")["price"].reindex(start["model"]).to_numpy()
    assert found.index.equals(start.index)
    assert (found["price"] / paid - 1).abs().mean() < 0.04
    assert (start["price"].to_numpy() / paid - 1).mean() > 0.2
    assert ((found["low"] < found["price"]) & (found["price"] < found["high"])).all()
    unknowing = fitted(rows, launches={"Phone": [day for day in launches()["Phone"] if day.year < 2021]})
    assert (unknowing.forecast(start, on=LAST)["price"] / found["price"]).mean() > 1.1


def test_the_band_holds_four_of_five_later_prices() -> None:
    held = []
    for seed in range(6):
        rows = simulate_lists(6, seed=seed, models=3)
        own = rows.attrs["truth"]["launches"]
        start = rows[rows["on"] == "2022-10-15"]
        found = fitted(rows[rows["on"] <= "2022-10-15"], launches=own).forecast(start, on=date(2023, 4, 15))
        paid = rows[rows["on"] == "2023-04-15"].set_index("model")["price"].reindex(start["model"]).to_numpy()
        held += ((found["low"] <= paid) & (paid <= found["high"])).tolist()
    assert np.mean(held) == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize("unit", [0.01, 100.0])
def test_the_unit_and_the_order_of_the_rows_decide_nothing(unit: float) -> None:
    rows = lists().sample(frac=1, random_state=1)
    other = fitted(rows.assign(price=rows["price"] * unit))
    start = lists()[lists()["on"] == CUT]
    found = other.forecast(start.assign(price=start["price"] * unit), on=LAST) / unit
    np.testing.assert_allclose(found, curve().forecast(start, on=LAST), rtol=1e-4)


def test_a_typical_phone_takes_a_step_each_year() -> None:
    shares = curve().typical(np.array([11.0, 13.0, 23.0, 25.0]))["share"].to_numpy()
    assert shares[1] / shares[0] < 0.87 < shares[2] / shares[1]
    assert shares[3] / shares[2] < 0.87


def test_an_explanation_names_both() -> None:
    rows = lists().head(3)
    parts = curve().explain(rows)
    assert parts.columns.to_list() == ["level", "age", "model", "successors", "season"]
    np.testing.assert_allclose(parts.sum(axis=1), curve().predict(rows), rtol=1e-12)


def test_a_launch_of_the_same_generation_is_no_successor() -> None:
    day = np.array(["2021-01-01"], dtype="datetime64[D]")
    line, came = np.array(["X"], dtype=object), {"X": [date(2020, 10, 23), date(2020, 11, 13), date(2020, 12, 31)]}
    born = np.array([(date(2021, 1, 1) - date(2020, 10, 23)).days / 30.4375])
    assert successors_of(day, born, line, came).tolist() == [0.0]
    assert successors_of(day, born + 3, line, came).tolist() == [1.0]
    assert pace_of({"X": [date(2020, 1, 1)], "Y": []}) == 0.0


REFUSED: dict[str, tuple[str, Callable[[], object]]] = {
    "launches without days": ("day_col is missing", lambda: fitted(lists(), day_col=None, variant_col=None)),
    "a variant without days": ("day_col is missing", lambda: fitted(lists(), day_col=None, launches=None)),
    "several lines, no column": ("line_col is missing", lambda: fitted(lists(), launches={"A": [], "B": []})),
    "a column of lines, no calendar": ("launches is missing", lambda: fitted(lists(), line_col="line", launches=None)),
    "a line that is not in it": (
        r"launches has no line Phone \(rows 0, 1",
        lambda: fitted(lists(), line_col="line", launches={"A": []}),
    ),
    "a day that is none": (r"on is 'soon'", lambda: fitted(lists().assign(on="soon"))),
    "an empty day": ("give a day in each", lambda: fitted(lists().assign(on=None))),
    "one day only": ("variant_col has none", lambda: fitted(lists()[lists()["on"] == CUT])),
    "a day before": ("on is 2021-01-01", lambda: curve().forecast(lists().tail(1), on=date(2021, 1, 1))),
    "a forecast without days": (
        "day_col is missing",
        lambda: fitted(lists(), day_col=None, variant_col=None, launches=None).forecast(lists(), on=LAST),
    ),
    "a forecast without variants": (
        "variant_col is missing",
        lambda: fitted(lists(), variant_col=None).forecast(lists(), on=date(2023, 1, 1)),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_told_is_refused(case: str) -> None:
    said, ask = REFUSED[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuningWarning)
        with pytest.raises(InvalidValue, match=said):
            ask()


def test_a_step_that_no_row_shows_is_warned_of() -> None:
    young = lists()[lists()["on"] < "2019-09-20"]
    with pytest.warns(TuningWarning, match="no variant has prices before and after a launch"):
        fitted(young)


def test_before_fit_there_is_no_forecast() -> None:
    with pytest.raises(NotFitted):
        DepreciationCurve().forecast(lists(), on=LAST)
    with pytest.raises(NotFitted):
        _ = DepreciationCurve().timed


def test_the_regressor_takes_days_and_launches() -> None:
    rows = lists()
    table = CurveRegressor(
        new_price_col=None, brand_col=None, year_col=None, day_col="on", variant_col="model", launches=launches()
    ).fit(rows.drop(columns="price"), rows["price"])
    np.testing.assert_allclose(table.predict(rows), curve().predict(rows))


def test_a_price_table_takes_older_rows_over_a_launch() -> None:
    """All deals are from before the launch, the table is of after it: its prices take the step of the curve."""
    models = {name: f"phone-{number}" for number, name in enumerate(lists()["model"].unique())}
    catalogue = Catalogue.of(
        Variant(key, "Phone", name, "smartphone", None, 64, date(int(name[-4:]), 9, 20), 5_000_000, source="a test")
        for name, key in models.items()
    )
    stepped = fitted(lists().assign(model=lists()["model"].map(models), brand="Phone"), line_col="brand")
    rows = lists()[lists()["on"].between("2021-06-01", "2021-08-31")]
    deals = rows.assign(
        model=rows["model"].map(models),
        price_minor=100 * rows["price"].round().astype(int),
        kind="deal",
        source="a test",
    )
    seen = Observations.read(
        deals[["model", "price_minor", "kind", "on", "source"]], catalogue, as_of=date(2021, 12, 31)
    )
    days = [date(2021, 8, 31), date(2021, 10, 15)]

    builder = PriceTableBuilder(catalogue=catalogue, curve=stepped, curve_rows=0.0, round_to_minor=1)
    table = builder.fit(seen, dates=days, zone=IST).summary["price_minor"]
    before, after = (table.xs(day, level="effective_from") for day in days)
    month = stepped.summary["coefficient"].loc["season"]
    moved = float(np.nanmedian(np.log(after / before))) - (month.loc["Oct"] - month.loc["Aug"])
    assert moved == pytest.approx(-0.16 - 1.5 * 0.008, abs=0.02)
