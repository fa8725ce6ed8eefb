"""The pictures: each draws on what it is given, says what it shows, and leaves the data alone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Literal

import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from miexchange import Currency, InvalidValue, Quote, appraise, headline
from miexchange.catalogue import Device
from miexchange.tuning import (
    AcceptanceModel,
    Backtest,
    ByDevice,
    Comparison,
    DeductionModel,
    DepreciationCurve,
    Drift,
    DriftMonitor,
    LockRisk,
    NotFitted,
    PaidAsQuoted,
    backtest,
    next_quotes,
    paid_as_quoted,
    plots,
    simulate_deals,
    simulate_inspections,
    simulate_market,
    simulate_offers,
    simulate_panel,
    simulate_quotes,
    what_if,
)
from miexchange.tuning._report import in_units
from unit.tuned import graded

if TYPE_CHECKING:
    from collections.abc import Callable

    from miexchange.tuning import OpenRisk, QuotePlan

AT = datetime(2018, 4, 20, 12, tzinfo=UTC)


@cache
def quote() -> Quote:
    best = headline("oneplus-3t-6-64", graded(), at=AT)
    assert isinstance(best, Quote)
    worn = best.condition.replace(screen_glass="cracked", body="heavy_scratches", box="missing")
    found = appraise(Device("oneplus-3t-6-64"), worn, graded(), at=AT, target="Redmi Note 5")
    assert isinstance(found, Quote)
    return found


@cache
def deals() -> pd.DataFrame:
    return simulate_deals(graded(), 300, seed=3, at=AT, models=30)


@cache
def past() -> Backtest:
    return backtest(graded(), deals(), split=ByDevice(folds=3), at=AT)


@cache
def compared() -> Comparison:
    return what_if(graded(), {"factor_bps": 9_000}, deals(), at=AT)


@cache
def curve() -> DepreciationCurve:
    return DepreciationCurve().fit(simulate_market(300, seed=1))


@cache
def doors() -> PaidAsQuoted:
    inspections, _ = simulate_inspections(graded(), 300, seed=1, at=AT, models=30, bias={"screen_glass": 0.7})
    return paid_as_quoted(inspections, graded(), at=AT)


@cache
def drift(too_high: float) -> Drift:
    rows = deals().assign(expected_minor=deals()["price_minor"], on=pd.date_range("2026-01-01", periods=300, unit="s"))
    monitor = DriftMonitor(by=("body",)).fit(rows)
    return monitor.watch(rows.assign(expected_minor=(rows["price_minor"] * (1 + too_high)).astype(int)))


def accepted() -> AcceptanceModel:
    return AcceptanceModel().fit(simulate_offers(200, seed=1))


def open_quotes() -> OpenRisk:
    book = pd.DataFrame({"day": [date(2018, 8, 5)], "value_minor": 1_000_000})
    return LockRisk().fit(simulate_panel(2, 200, seed=1)).forecast(book, on=date(2018, 7, 31), draws=100)


def planned(by: Literal["share", "amount"]) -> QuotePlan:
    quotes, scales = simulate_quotes(8, seed=1)
    damaged = quotes[quotes["findings"] != "clean"]
    return next_quotes(DeductionModel(scales).fit(damaged.head(10)), damaged.tail(10), by=by)


PICTURES: dict[str, Callable[[Axes | None], Axes]] = {
    "waterfall": lambda ax: plots.waterfall(quote(), ax=ax),
    "depreciation": lambda ax: plots.depreciation(curve(), simulate_market(300, seed=1), ax=ax),
    "depreciation without data": lambda ax: curve().plot(ax=ax),
    "acceptance": lambda ax: plots.acceptance(accepted(), simulate_offers(200, seed=1), ax=ax),
    "acceptance without data": lambda ax: accepted().plot(ax=ax),
    "collected": lambda ax: planned("share").plot(ax=ax),
    "collected by amount": lambda ax: planned("amount").plot(ax=ax),
    "lock risk": lambda ax: open_quotes().plot(ax=ax),
    "residuals by brand": lambda ax: plots.residuals(past(), ax=ax),
    "residuals by age": lambda ax: plots.residuals(past(), "age", ax=ax),
    "grade ladder": lambda ax: plots.grade_ladder(graded().terms[0], ax=ax),
    "calibration": lambda ax: past().plot(ax=ax),
    "calibration without a band": lambda ax: plots.calibration(backtest(graded(), deals(), at=AT), ax=ax),
    "comparison": lambda ax: compared().plot(ax=ax),
    "changed answers": lambda ax: doors().plot(ax=ax),
    "drift": lambda ax: drift(0.05).plot(ax=ax),
    "drift of nothing": lambda ax: plots.drift(drift(0.0), ax=ax),
    "comparison by price": lambda ax: plots.comparison(compared(), "price_band", ax=ax),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_takes_an_ax_and_returns_it(name: str) -> None:
    ax = Figure().add_subplot()
    assert PICTURES[name](ax) is ax
    assert ax.get_title(loc="left")


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_makes_its_own_figure_and_can_be_written(name: str) -> None:
    ax = PICTURES[name](None)
    assert isinstance(ax, Axes)
    figure = ax.figure
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()


def test_the_waterfall_ends_at_the_coupon_and_its_bars_join() -> None:
    ax = plots.waterfall(quote())
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[0] == "market"
    assert names[-1] == "coupon value"
    assert "exchange value" in names
    bars = ax.patches
    assert bars[-1].get_width() == pytest.approx(quote().coupon_value)  # type: ignore[attr-defined]
    texts = [text.get_text() for text in ax.texts]
    assert in_units(quote().coupon_value, Currency("INR")) in texts
    assert sum(text.startswith("-₹") for text in texts) == sum(line.amount < 0 for line in quote().lines)


def test_the_ladder_has_a_rung_for_each_grade() -> None:
    ax = plots.grade_ladder(graded().terms[0])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["A", "B", "C", "D"]
    widths = [bar.get_width() for bar in ax.patches]  # type: ignore[attr-defined]
    assert widths == [grade.keep_bps / 100 for grade in graded().terms[0].grades]


def test_the_question_to_reword_first_is_on_top() -> None:
    ax = plots.changed_answers(doors())
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[0] == "screen glass"
    assert len(names) == 12
    widths = [abs(bar.get_width()) for bar in ax.patches]  # type: ignore[attr-defined]
    assert widths == sorted(widths, reverse=True)
    assert ax.yaxis_inverted()
    best = simulate_inspections(graded(), 30, seed=1, at=AT, models=5, error=0.0)[0]
    assert (
        plots.changed_answers(paid_as_quoted(best, graded(), at=AT)).get_title(loc="left") == "100.0 % paid as quoted"
    )


def test_a_chart_that_told_something_is_named() -> None:
    texts = [text.get_text() for text in plots.drift(drift(0.05)).texts]
    assert texts[0].startswith("all deals: +5.0 %, told on ")
    assert len(plots.drift(drift(0.0)).texts) == 1  # the line below the title


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(NotFitted):
        plots.depreciation(DepreciationCurve())
    with pytest.raises(InvalidValue, match="give brand, age"):
        plots.residuals(past(), "colour")
    with pytest.raises(InvalidValue, match=r"has no column .*: add it, or name the column that holds it; known: "):
        plots.depreciation(curve(), pd.DataFrame({"x": [1]}))


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "₹0"), (99_900, "₹999"), (100_000, "₹1,000"), (12_345_600, "₹1,23,456"), (-5, "₹0")]
)
def test_rupees_are_written_as_in_india(amount: int, text: str) -> None:
    assert in_units(amount, Currency("INR")) == text


@pytest.mark.parametrize(
    ("amount", "code", "text"),
    [
        (123_456_789_00, "INR", "₹12,34,56,789"),
        (123_456_789_00, "GBP", "£123,456,789"),
        (-12_345, "JPY", "-¥12,345"),
        (12_345_678, "KWD", "KWD 12,346"),
        (1_000, "JPY", "¥1,000"),
    ],
)
def test_amounts_are_written_in_whole_units_of_their_currency(amount: int, code: str, text: str) -> None:
    assert in_units(amount, Currency(code)) == text
