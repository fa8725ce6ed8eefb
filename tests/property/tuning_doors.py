"""Every public function of `tuning` as a door: arguments that it takes, and nasty ones to put in the place of each."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from miexchange import Quote, headline
from miexchange.tuning import (
    AcceptanceModel,
    ByDevice,
    ByTime,
    DeductionModel,
    DepreciationCurve,
    DriftMonitor,
    LockRisk,
    Observations,
    PriceTableBuilder,
    agreement,
    backtest,
    compare,
    diff,
    exposure,
    fit_programme,
    inspections_of,
    next_quotes,
    paid_as_quoted,
    plots,
    prior_of,
    scales_of,
    score,
    score_by,
    simulate_book,
    simulate_deals,
    simulate_inspections,
    simulate_lists,
    simulate_market,
    simulate_observations,
    simulate_offers,
    simulate_panel,
    simulate_quotes,
    what_if,
)
from unit import trade
from unit.test_tuning_lists import coupons
from unit.tuned import AT, deductions, graded, observed, prices


class Word(StrEnum):
    """A text that is no plain one."""

    ONE = "model"


class Evil:
    """An object that breaks whatever is asked of it."""

    def _break(self, *_: object) -> Any:
        raise ZeroDivisionError

    __eq__ = __hash__ = __str__ = __repr__ = __len__ = __bool__ = __float__ = __int__ = _break
    __lt__ = __gt__ = __le__ = __ge__ = __getattribute__ = __index__ = _break


NASTY: list[Any] = [
    None,
    "",
    "now",
    "\ud800",
    "x" * 5_000,
    Word.ONE,
    0,
    -1,
    10**30,
    10**400,
    1.5,
    float("nan"),
    float("inf"),
    True,
    1j,
    Decimal("1.5"),
    Decimal("sNaN"),
    b"x",
    [],
    [1],
    ["x"],
    [None],
    {},
    {"x": object()},
    {1: 2},
    (),
    ((1,),),
    object(),
    Evil(),
    Exception,
    date(1, 1, 1),
    date(9999, 12, 31),
    datetime(2018, 3, 20),  # noqa: DTZ001 - without a zone
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, tzinfo=timezone(-timedelta(hours=12))),
    pd.NaT,
    pd.NA,
    np.str_("x"),
    np.float64("nan"),
    np.int64(-1),
    np.array([1.0, np.nan]),
    np.array(["x", None], dtype=object),
    np.zeros((2, 2)),
    pd.Series([1, 2]),
    pd.Series(["x", "y"], index=[0, 0]),
    pd.DataFrame(),
    pd.DataFrame({"x": []}),
    pd.DataFrame({0: [1]}),
    timedelta(1),
]
"""Objects that are put in the place of an argument."""

CELLS: list[Any] = [cell for cell in NASTY if type(cell) is not Evil]
"""Objects that are put into a frame one by one."""

_array: Any = pd.array

COLUMNS: list[Callable[[int], Any]] = [
    lambda n: [None] * n,
    lambda n: [""] * n,
    lambda n: ["x"] * n,
    lambda n: [0] * n,
    lambda n: [-1] * n,
    lambda n: [1] * n,
    lambda n: [1e308] * n,
    lambda n: [5e-324] * n,
    lambda n: [10**300] * n,
    lambda n: [10**400] * n,
    lambda n: [True] * n,
    lambda n: [float("inf")] * n,
    lambda n: [[1]] * n,
    lambda n: [{}] * n,
    lambda n: [object()] * n,
    lambda n: pd.Series([Evil()] * n, dtype=object).to_numpy(),
    lambda n: pd.Categorical(["x"] * n),
    lambda n: pd.Categorical([1] * n, ordered=True),
    lambda n: pd.period_range("2018-01", periods=n, freq="M"),
    lambda n: _array([1] * n, dtype="Int64"),
    lambda n: _array([None] * n, dtype="Float64"),
    lambda n: _array(["1"] * n, dtype="string"),
    lambda n: pd.arrays.SparseArray([1.0] * n),
    lambda n: pd.IntervalIndex.from_breaks(range(n + 1)),
    lambda n: pd.to_datetime(["2018-03-01"] * n),
    lambda n: pd.to_datetime(["2018-03-01"] * n, utc=True),
    lambda n: np.array(["20000-01-01"] * n, dtype="datetime64[s]"),
    lambda n: np.array(["1500-01-01"] * n, dtype="datetime64[s]"),
    lambda n: np.array(["NaT"] * n, dtype="datetime64[ns]"),
    lambda n: np.array([1] * n, dtype="timedelta64[D]"),
    lambda n: np.array([1j] * n),
    lambda n: _array([b"\xff"] * n, dtype=pd.ArrowDtype(pa.binary())),
    lambda n: _array(["1"] * n, dtype=pd.ArrowDtype(pa.string())),
    lambda n: _array([[1]] * n, dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
    lambda n: _array([Decimal("1.5")] * n, dtype=pd.ArrowDtype(pa.decimal128(5, 2))),
]
"""Columns that are put in the place of one of a frame."""


def tables_of(frame: pd.DataFrame) -> list[object]:
    """Return a frame as a table of other libraries, as far as they take it."""
    found: list[object] = [pl.LazyFrame({"a": [1]}), pa.table({"a": [b"\xff"], "b": [None]})]
    for make in (pl.from_pandas, pa.Table.from_pandas):
        with suppress(Exception):  # whatever they say of it: they are not ours
            found.append(make(frame))
    return found


def frames_of(frame: pd.DataFrame) -> list[object]:
    """Return tables that are as the given one and that something is strange with."""
    return [
        *tables_of(frame),
        *tables_of(frame.assign(more=_array([Decimal("1.5")] * len(frame), dtype=object))),
        frame.iloc[:0],
        frame.iloc[:1],
        pd.concat([frame, frame]),
        pd.concat([frame, frame], axis=1),
        frame.set_axis(range(frame.shape[1]), axis=1),
        pd.concat({"a": frame}, axis=1),
        pd.concat({"a": frame}),
        frame.set_axis([0] * len(frame)),
        frame.astype(object),
        frame.convert_dtypes(),
        frame.convert_dtypes(dtype_backend="pyarrow"),
        frame.rename(columns=np.str_),
        frame.assign(**{str(number): 1 for number in range(50)}),
        frame.T,
        frame[frame.columns[::-1]],
    ]


def nowhere(path: object) -> Any:
    """Return a path below a file, where nothing can be written, for one that could be."""
    return Path(__file__, str(path)) if issubclass(type(path), str) else path


@dataclass(frozen=True)
class Door:
    """A public function with arguments that it takes."""

    name: str
    call: Callable[..., object]
    given: dict[str, Any]


@cache
def _deals() -> pd.DataFrame:
    return simulate_deals(graded(), 60, seed=1, at=AT)


@cache
def _market() -> pd.DataFrame:
    return simulate_market(60, seed=1)


@cache
def _curve() -> DepreciationCurve:
    return DepreciationCurve().fit(_market())


@cache
def _lists() -> pd.DataFrame:
    return simulate_lists(3, seed=1, models=2)


@cache
def _timed() -> DepreciationCurve:
    given = {"new_price_col": None, "brand_col": None, "year_col": None, "day_col": "on", "variant_col": "model"}
    return DepreciationCurve().fit(_lists(), **given, launches=_lists().attrs["truth"]["launches"])  # type: ignore[arg-type]


@cache
def _settled() -> pd.DataFrame:
    """Return deals beside what a table says of them."""
    rows = _lists()[["price", "on", "model"]].head(40)
    cents = (100 * rows["price"]).astype(int)
    return rows.drop(columns="price").assign(expected_minor=cents, price_minor=cents * 101 // 100)


@cache
def _watching() -> DriftMonitor:
    return DriftMonitor(by=("model",)).fit(_settled())


@cache
def _quotes() -> Any:
    return simulate_quotes(8, seed=1)


@cache
def _model() -> DeductionModel:
    return DeductionModel(_quotes()[1]).fit(_quotes()[0])


@cache
def _observations() -> pd.DataFrame:
    return simulate_observations(graded(), 40, seed=1, models=4, graded=True).assign(storage_gb=None, warranty="in")


_OF_FIT = {"price_col", "clean_col", "findings_col", "device_col", "series_col", "clean_error_col"}
_OF_FIT |= {"parts", "labour", "replaced"}


def _fitted(quotes: Any, **given: Any) -> DeductionModel:
    of_fit = {name: value for name, value in given.items() if name in _OF_FIT}
    others = {name: value for name, value in given.items() if name not in _OF_FIT}
    return DeductionModel(**others).fit(quotes, **of_fit)


def _new_doors() -> list[Door]:
    """Return the doors of lock risk, acceptance and the next quote."""
    panel, offers, (quotes, _) = simulate_panel(3, 90, seed=1), simulate_offers(60, seed=1), _quotes()
    on = date(2018, 2, 20)
    risk, model = LockRisk().fit(panel), AcceptanceModel().fit(offers)
    book = pd.DataFrame({"day": [on, None], "value_minor": [100, 200], "coupons": [1, 2], "quoted_on": [on, on]})
    opened = risk.forecast(book, on=on, no_end_days=3, draws=100)
    columns = {"offer_col": "offer_minor", "market_col": "market_minor", "accepted_col": "accepted"}
    of_fit = {"segment_col": None, "groups": None, **columns}
    parameters = {"between": "step", "launches": (on,), "launch_days": 5, "longest_gap": 9, "seed": 0}
    of_panel = {"model_col": "model", "on_col": "on", "price_col": "price_minor"}
    asked = {"on": on, "level": 0.9, "redeemed": (0.5,), "asks_again": True, "no_end_days": 3, "draws": 100, "seed": 1}
    best = {"resale_col": "resale_minor", "cap_col": None, "step_minor": 10, "floor_minor": 0, "currency": "INR"}

    def fit(panel: Any, **given: Any) -> LockRisk:
        own = {name: given.pop(name) for name in parameters}
        return LockRisk(**own).fit(panel, **given)

    return [
        Door("LockRisk.fit", fit, {"panel": panel, **parameters, **of_panel}),
        Door("LockRisk.by_day", risk.by_day, {"on": on, "days": 2, "level": 0.9}),
        Door("LockRisk.drift_bps_per_day", risk.drift_bps_per_day, {"on": on, "days": 2}),
        Door("LockRisk.forecast", risk.forecast, {"book": book, **asked}),
        Door("LockRisk.replay", LockRisk().replay, {"panel": panel, "lock": 2, "since": on, "every": 3, **of_panel}),
        Door("OpenRisk.covers", opened.covers, {"budget_minor": 1, "bonus_days": 1}),
        Door("AcceptanceModel.fit", AcceptanceModel().fit, {"offers": offers, **of_fit}),
        Door("AcceptanceModel.predict_interval", model.predict_interval, {"data": offers}),
        Door("AcceptanceModel.accepted_by_tenth", model.accepted_by_tenth, {"offers": offers}),
        Door("AcceptanceModel.best", model.best, {"devices": offers, **best}),
        Door(
            "next_quotes", next_quotes, {"model": _model(), "wanted": quotes[quotes["findings"] != "clean"], "most": 2}
        ),
        Door("simulate_offers", simulate_offers, {"rows": 5, "seed": 1, "level": 3.0, "slope": 12.0, "step_minor": 10}),
        Door("simulate_panel", simulate_panel, {"models": 2, "days": 9, "seed": 1, "first": on, "launches": (on,)}),
        Door("plots.acceptance", plots.acceptance, {"model": model, "offers": offers}),
        Door("plots.lock_risk", plots.lock_risk, {"report": opened}),
    ]


@cache
def doors() -> dict[str, Door]:
    """Return every door, by its name."""
    programme, market, (quotes, scales) = graded(), _market(), _quotes()
    deals, seen, book = _deals(), _observations(), _deals().drop(columns="price_minor")
    lists, settled, watching = _lists(), _settled(), _watching()
    quote = headline("oneplus-3t-6-64", programme, at=datetime(2018, 4, 20, tzinfo=UTC))
    assert isinstance(quote, Quote)
    report = backtest(programme, deals, split=ByDevice(folds=3), at=AT)
    compared = what_if(programme, {"factor_bps": 9_500}, book, at=AT)
    few = Observations.read(seen, programme.catalogue, as_of=date(2018, 6, 30))
    day = date(2018, 6, 15)
    inspections, again = simulate_inspections(programme, 30, seed=1, at=AT, models=5, again=0.5)
    inspections = inspections.assign(kind="valued", target=None)
    inspected = paid_as_quoted(inspections, programme, at=AT)
    found = [
        Door(
            "Observations.read",
            Observations.read,
            {
                "source": seen,
                "catalogue": programme.catalogue,
                "as_of": day,
                "questionnaire": None,
                "currency": "INR",
                "day_format": "%Y-%m-%d",
                "grades": ("A",),
            },
        ),
        Door(
            "PriceTableBuilder",
            lambda o, d, launch, zone, **k: PriceTableBuilder(**k).fit(o, dates=d, launch_prices=launch, zone=zone),
            {
                "o": few,
                "d": [day],
                "launch": None,
                "zone": UTC,
                "half_life_days": 30.0,
                "outlier_mads": 4.0,
                "minimum": 1,
                "kind_weights": None,
                "round_to_minor": 10_000,
                "curve": None,
                "curve_rows": 5.0,
                "catalogue": programme.catalogue,
                "regime": None,
            },
        ),
        Door(
            "DepreciationCurve.fit",
            lambda data, age, knots, interval, robust, **k: DepreciationCurve(
                age=age, knots=knots, interval=interval, robust=robust
            ).fit(data, **k),
            {
                "data": market,
                "age": "piecewise",
                "knots": (6.0, 12.0),
                "interval": 0.8,
                "robust": 4.0,
                "price_col": "price",
                "age_col": "age_months",
                "new_price_col": "new_price",
                "brand_col": "brand",
                "year_col": "launch_year",
                "weights_col": None,
                "numeric": (),
                "categorical": (),
            },
        ),
        Door(
            "DepreciationCurve.fit more",
            lambda data: DepreciationCurve(age="two_rate").fit(
                data.assign(w=1.0) if issubclass(type(data), pd.DataFrame) else data,
                weights_col="w",
                numeric=("launch_year",),
                year_col=None,
                categorical=("brand",),
                brand_col=None,
            ),
            {"data": market},
        ),
        Door("DepreciationCurve.predict", lambda data: _curve().predict(data), {"data": market}),
        Door("DepreciationCurve.predict_interval", lambda data: _curve().predict_interval(data), {"data": market}),
        Door("DepreciationCurve.explain", lambda data: _curve().explain(data), {"data": market}),
        Door("DepreciationCurve.typical", lambda ages: _curve().typical(ages), {"ages": np.array([1.0, 2.0])}),
        Door(
            "DepreciationCurve.aging",
            lambda before, after: _curve().aging(before, after),
            {"before": np.array([1.0]), "after": np.array([2.0])},
        ),
        Door(
            "DepreciationCurve.fit of lists",
            DepreciationCurve().fit,
            {
                "data": lists,
                "new_price_col": None,
                "brand_col": None,
                "year_col": None,
                "day_col": "on",
                "line_col": "line",
                "variant_col": "model",
                "launches": lists.attrs["truth"]["launches"],
            },
        ),
        Door("DepreciationCurve.forecast", _timed().forecast, {"data": lists, "on": date(2021, 1, 1)}),
        Door("DepreciationCurve.carried", _timed().carried, {"data": lists, "on": date(2021, 1, 1)}),
        Door(
            "DriftMonitor",
            lambda data, id_col, **k: DriftMonitor(**k).fit(data, id_col=id_col),
            {
                "data": settled,
                "id_col": None,
                "programme": None,
                "by": ("model",),
                "shift": 0.05,
                "months": 100.0,
                "most": 3.0,
            },
        ),
        Door("DriftMonitor.watch", watching.watch, {"deals": settled, "id_col": None}),
        Door("plots.drift", plots.drift, {"report": watching.watch(settled)}),
        Door(
            "simulate_lists",
            simulate_lists,
            {"years": 3, "seed": 1, "models": 2, "rate": 0.1, "step": 0.1, "season": 0.1, "noise": 0.1},
        ),
        Door("DepreciationCurve.plot", lambda data: _curve().plot(data), {"data": market}),
        Door(
            "DeductionModel.fit",
            _fitted,
            {
                "quotes": quotes,
                "price_col": "price",
                "clean_col": "clean",
                "findings_col": "findings",
                "device_col": "device",
                "series_col": None,
                "clean_error_col": None,
                "parts": None,
                "labour": 0.0,
                "replaced": None,
                "scales": scales,
                "anchor_spread": None,
                "weight_noise": 0.004,
                "slope_spread": 0.25,
                "series_spread": 0.2,
                "step": 10.0,
                "overlaps": (("display", "body"),),
                "prior": {"cracked_glass": 2.0},
            },
        ),
        Door(
            "DeductionModel.fit parts",
            lambda parts, labour, replaced: DeductionModel(scales).fit(
                None, parts=parts, labour=labour, replaced=replaced
            ),
            {
                "parts": pd.DataFrame(
                    {"device": ["a", "b"], "anchor": "glass", "price": [10.0, 20.0], "clean": [100.0, 200.0]}
                ),
                "labour": 1.0,
                "replaced": {"glass": "cracked_glass"},
            },
        ),
        Door("DeductionModel.predict", lambda data: _model().predict(data), {"data": quotes}),
        Door("DeductionModel.predict_interval", lambda data: _model().predict_interval(data), {"data": quotes}),
        Door(
            "DeductionModel.anchor",
            lambda data, family: _model().anchor(data, family),
            {"data": quotes, "family": "glass"},
        ),
        Door("scales_of", scales_of, {"terms": programme.terms[0]}),
        Door("prior_of", prior_of, {"terms": programme.terms[0]}),
        Door(
            "backtest",
            backtest,
            {
                "programme": programme,
                "deals": deals,
                "split": None,
                "price_col": "price_minor",
                "at": AT,
                "device_col": None,
            },
        ),
        Door(
            "backtest by device",
            lambda deals, **k: backtest(programme, deals, split=ByDevice(**k), at=AT),
            {"deals": deals, "folds": 3, "seed": 0, "column": "model"},
        ),
        Door(
            "backtest by time",
            lambda deals, cut: backtest(programme, deals, split=ByTime(cut)),
            {
                "deals": deals.assign(
                    at=pd.date_range(AT - timedelta(days=30), periods=len(deals), freq="D").as_unit("us")
                ),
                "cut": date(2018, 6, 20),
            },
        ),
        Door("Backtest.by", report.by, {"name": "brand"}),
        Door("compare", compare, {"a": programme, "b": programme, "book": book, "at": AT, "seed": 0}),
        Door(
            "what_if",
            what_if,
            {"programme": programme, "change": {"factor_bps": 9_500}, "book": book, "at": AT, "seed": 0},
        ),
        Door(
            "what_if settings",
            lambda value: what_if(programme, {"prices": value, "anchors": 9_000}, book, at=AT),
            {"value": 9_000},
        ),
        Door("Comparison.by", compared.by, {"name": "brand"}),
        Door(
            "diff",
            diff,
            {"before": programme.prices, "after": programme.prices, "at": AT, "after_at": None, "threshold": 0.1},
        ),
        Door("exposure", exposure, {"coupons": coupons(), "programme": programme, "at": coupons()[0][0].valid_from}),
        Door(
            "score",
            score,
            {
                "actual": pd.Series([100, 200]),
                "predicted": pd.Series([110, 190]),
                "low": pd.Series([1.0, 2.0]),
                "high": None,
            },
        ),
        Door(
            "paid_as_quoted",
            paid_as_quoted,
            {"inspections": inspections, "programme": programme, "at": AT, "again": again, "cluster": None},
        ),
        Door("PaidAsQuoted.by", inspected.by, {"name": "store"}),
        Door("agreement", agreement, {"looks": pd.concat([inspections, again]), "cluster": "store"}),
        Door(
            "inspections_of",
            inspections_of,
            {"exchanges": [trade.completed()], "stores": None, "inspectors": {"a coupon": "somebody"}},
        ),
        Door("score_by", score_by, {"rows": report.rows, "by": "brand"}),
        Door(
            "simulate_market",
            simulate_market,
            {"rows": 5, "seed": 1, "rates": (0.1, 0.2), "knots": (6.0,), "brand_spread": 0.1, "noise": 0.1},
        ),
        Door("simulate_quotes", simulate_quotes, {"devices": 2, "seed": 1, "spread": 0.1, "noise": 0.1, "step": 10.0}),
        Door(
            "simulate_observations",
            simulate_observations,
            {
                "programme": programme,
                "rows": 5,
                "seed": 1,
                "models": 2,
                "begin": None,
                "end": None,
                "noise": 0.1,
                "graded": True,
            },
        ),
        Door(
            "simulate_book",
            simulate_book,
            {"programme": programme, "rows": 5, "seed": 1, "at": AT, "faults": 0.1, "models": 2},
        ),
        Door(
            "simulate_deals",
            simulate_deals,
            {"programme": programme, "rows": 5, "seed": 1, "at": AT, "noise": 0.1, "faults": 0.1, "models": 2},
        ),
        Door(
            "simulate_inspections",
            simulate_inspections,
            {
                "programme": programme,
                "rows": 5,
                "seed": 1,
                "at": AT,
                "bias": {"body": 0.5},
                "error": 0.1,
                "spread": 0.5,
                "faults": 0.1,
                "declines": 0.1,
                "stores": 2,
                "inspectors": 2,
                "again": 0.5,
                "models": 2,
            },
        ),
        Door(
            "fit_programme",
            lambda directory, base, **k: fit_programme(nowhere(directory), base, **k),
            {
                "directory": Path(__file__),
                "base": programme,
                "prices": prices(),
                "deductions": deductions(),
                "observations": observed(),
                "id": "x",
                "title": "x",
                "version": "x",
                "effective_from": day,
                "series": None,
            },
        ),
        Door("plots.waterfall", plots.waterfall, {"quote": quote}),
        Door("plots.depreciation", plots.depreciation, {"curve": _curve(), "data": market}),
        Door("plots.residuals", plots.residuals, {"report": report, "by": "brand"}),
        Door("plots.grade_ladder", plots.grade_ladder, {"terms": programme.terms[0]}),
        Door("plots.calibration", plots.calibration, {"report": report}),
        Door("plots.changed_answers", plots.changed_answers, {"report": inspected}),
        Door("plots.comparison", plots.comparison, {"report": compared, "by": "brand"}),
    ]
    return {door.name: door for door in [*found, *_new_doors()]}
