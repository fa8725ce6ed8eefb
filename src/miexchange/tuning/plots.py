"""Plots for a quick look. Each takes an `ax` and returns it; none is shown by itself.

matplotlib is imported only here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from miexchange._text import shortened
from miexchange.money import BPS
from miexchange.programme import Terms
from miexchange.quote import Quote
from miexchange.tuning._arguments import AXES, TEXT, Rule, check, instance, named, one_of, takes
from miexchange.tuning._book import GROUPS
from miexchange.tuning._checks import as_frame, fitted, numbers
from miexchange.tuning._report import in_units

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from miexchange.money import Currency
    from miexchange.tuning.acceptance import AcceptanceModel
    from miexchange.tuning.backtesting import Backtest
    from miexchange.tuning.collecting import QuotePlan
    from miexchange.tuning.comparing import Comparison
    from miexchange.tuning.curve import DepreciationCurve
    from miexchange.tuning.drift import Drift
    from miexchange.tuning.inspections import PaidAsQuoted
    from miexchange.tuning.locks import OpenRisk

__all__ = [
    "acceptance",
    "calibration",
    "changed_answers",
    "collected",
    "comparison",
    "depreciation",
    "drift",
    "grade_ladder",
    "lock_risk",
    "residuals",
    "waterfall",
]

# The colours of Okabe and Ito, which people with any colour blindness can distinguish.
_INK, _QUIET, _PALE = "#222222", "#767676", "#d9d9d9"
_TOTAL, _LESS, _MORE, _BAND = "#0072b2", "#d55e00", "#009e73", "#56b4e9"
_LINES = (_TOTAL, _LESS, _MORE, "#cc79a7")
_FAR_OUT = 3.0  # limits, beyond which a chart is cut
_MOST_POINTS = 4_000
_LONGEST_NAME = 28
_MOST_QUESTIONS = 12


def _axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    if ax is None:
        from matplotlib.figure import Figure  # noqa: PLC0415 - matplotlib is optional

        ax = Figure(figsize=size, layout="constrained").add_subplot()
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(_PALE)
    ax.tick_params(colors=_INK, length=0, labelsize=9)
    ax.set_axisbelow(True)
    return ax


def _title(ax: Axes, title: str, below: str = "") -> None:
    ax.set_title(title, loc="left", fontsize=12, color=_INK, fontweight="bold", pad=22 if below else 8)
    if below:
        ax.text(0, 1.02, below, transform=ax.transAxes, fontsize=9, color=_QUIET, ha="left", va="bottom")


def _amounts_across(ax: Axes, currency: Currency) -> None:
    from matplotlib.ticker import FuncFormatter  # noqa: PLC0415 - matplotlib is optional

    ax.xaxis.grid(visible=True, color=_PALE, linewidth=0.6)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda amount, _: in_units(amount, currency)))


@takes(quote=instance(Quote), ax=AXES)
def waterfall(quote: Quote, *, ax: Axes | None = None) -> Axes:
    """Draw a quote from the market price to the coupon's value, a bar for each line.

    >>> from datetime import UTC, datetime
    >>> from miexchange import Programme, headline
    >>> quote = headline("oneplus-3t-6-64", Programme.load("graded-trade-in"), at=datetime(2018, 4, 20, tzinfo=UTC))
    >>> waterfall(quote).get_title(loc="left")
    'OnePlus 3T (6 GB, 64 GB), grade A'
    """
    steps = [line for line in quote.lines if line.amount]
    ax = _axes(ax, (8.0, 0.42 * (len(steps) + 2) + 1.2))
    running, names = 0.0, []
    exchange = len(quote.lines) - len(quote.bonuses)
    rows: list[tuple[str, float, float, str]] = []  # name, from, to, colour
    for number, line in enumerate(quote.lines):
        if number == exchange and quote.bonuses:
            rows.append(("exchange value", 0.0, running, _TOTAL))
        if not line.amount:
            continue
        end = running + line.amount
        first = number == 0
        colour = _TOTAL if first else (_LESS if line.amount < 0 else _MORE)
        rows.append((_spoken(line.rule), 0.0 if first else running, end, colour))
        running = end
    rows.append(("coupon value", 0.0, running, _TOTAL))
    widest = max(max(start, end) for _, start, end, _ in rows) or 1.0
    for position, (name, start, end, colour) in enumerate(rows):
        names.append(name)
        ax.barh(position, end - start, left=start, color=colour, height=0.66)
        said = in_units(end - start, quote.currency)
        said = said if colour == _TOTAL or end < start else f"+{said}"
        ax.text(max(start, end) + 0.012 * widest, position, said, va="center", fontsize=9, color=_INK)
        if position + 1 < len(rows):
            ax.plot([end, end], [position + 0.33, position + 0.67], color=_QUIET, linewidth=0.8)
    ax.set_yticks(range(len(rows)), names)
    ax.invert_yaxis()
    ax.set_xlim(0, widest * 1.16)
    _amounts_across(ax, quote.currency)
    ax.spines["left"].set_visible(False)
    _title(ax, f"{quote.label}, grade {quote.grade}", f"{quote.programme}, terms {quote.terms}, {quote.at:%d %B %Y}")
    return ax


def _spoken(rule: str) -> str:
    """Return a rule's display name."""
    kind, _, what = rule.partition(":")
    text = f"{kind}: {what.replace('_', ' ')}" if what else kind
    return shortened(text, _LONGEST_NAME)


@takes(curve=named("DepreciationCurve"), ax=AXES)
def depreciation(curve: DepreciationCurve, data: pd.DataFrame | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw the share of its new price that a typical phone keeps by age, with the band and the observations.

    Everything but the age is at its median; an observation is drawn as the curve plus its own residual, so
    that points and line describe the same phone.

    Args:
        curve: a fitted curve.
        data: observations with the columns that it was fitted on; None to draw no points.
        ax: where to draw.
    """
    fitted(curve, "model_")
    ax = _axes(ax, (8.0, 4.6))
    last = curve.oldest_
    ages = np.linspace(0.0, last, 160)
    line = curve.typical(ages)
    ax.fill_between(ages, 100 * line["low"], 100 * line["high"], color=_BAND, alpha=0.22, linewidth=0)
    if data is not None:
        price_col, age_col = curve.named_[:2]
        data = as_frame(data, (price_col, age_col), "depreciation")
        shown = data if len(data) <= _MOST_POINTS else data.sample(_MOST_POINTS, random_state=0)
        own = numbers(shown, price_col, above=0) / curve.predict(shown).to_numpy()
        months = numbers(shown, age_col, at_least=0)
        share = curve.typical(months)["share"].to_numpy() * own
        alpha = float(np.clip(60 / np.sqrt(len(shown)) / 10, 0.08, 0.6))
        ax.scatter(months, 100 * share, s=9, color=_QUIET, alpha=alpha, linewidths=0, rasterized=True)
    ax.plot(ages, 100 * line["share"], color=_TOTAL, linewidth=2.4)
    end = float(100 * line["share"].iloc[-1])
    ax.annotate(
        f"{end:.0f} %", (last, end), xytext=(6, 0), textcoords="offset points", color=_TOTAL, va="center", fontsize=10
    )
    ax.set_xlim(0, last * 1.05)
    ax.set_ylim(0, None)
    ax.set_xlabel("age in months", color=_INK)
    ax.set_ylabel("share of the new price, %", color=_INK)
    ax.xaxis.set_ticks(np.arange(0, last + 1, 6 if last <= 60 else 12))  # noqa: PLR2004 - five years
    ax.yaxis.grid(visible=True, color=_PALE, linewidth=0.6)
    band = f"{100 * curve.interval:.0f} % of prices lie in the band; {curve.n_} rows; {curve.age.replace('_', ' ')} age"
    _title(ax, "What a clean used phone keeps", band)
    return ax


@takes(report=named("Backtest"), by=TEXT, ax=AXES)
def residuals(report: Backtest, by: str = "brand", *, ax: Axes | None = None) -> Axes:
    """Draw the percentage errors of values by group: the median, and the ranges of 50 and 80 %.

    Args:
        report: a backtest.
        by: ``brand``, ``age``, ``grade``, ``price_band`` or ``fold``.
        ax: where to draw.
    """
    rows = report.rows
    names = one_of(*GROUPS, "fold")
    check({"by": by}, {"by": Rule(names.fits, "give brand, age, grade, price_band or fold")})
    missed = 100 * (rows["predicted_minor"] / rows["actual_minor"] - 1)
    parts = missed.groupby(rows[by], observed=True)
    groups = pd.DataFrame({share: parts.quantile(share) for share in (0.1, 0.25, 0.5, 0.75, 0.9)})
    groups["n"] = parts.size()
    if by == "brand":
        groups = groups.iloc[np.argsort(groups[0.5].to_numpy(), kind="stable")]
    ax = _axes(ax, (8.0, 0.36 * len(groups) + 1.5))
    for position, row in enumerate(groups.to_dict("records")):
        ax.plot([row[0.1], row[0.9]], [position, position], color=_BAND, linewidth=2.0, alpha=0.8)
        ax.plot([row[0.25], row[0.75]], [position, position], color=_TOTAL, linewidth=6.0, solid_capstyle="butt")
        ax.plot(row[0.5], position, "o", color="white", markeredgecolor=_INK, markersize=6)
        _note(ax, position, f"n = {row['n']:.0f}")
    _name_groups(ax, groups)
    ax.set_xlabel("value against what was paid, %: left of 0 too little, right of it too much", color=_INK)
    ax.xaxis.grid(visible=True, color=_PALE, linewidth=0.6)
    ax.spines["left"].set_visible(False)
    ax.set_ylim(-0.7, len(groups) - 0.3)
    if by != "brand":
        ax.invert_yaxis()
    _title(ax, f"Residuals by {by.replace('_', ' ')}", "middle, and where 50 % (thick) and 80 % (thin) of deals lie")
    return ax


@takes(terms=instance(Terms), ax=AXES)
def grade_ladder(terms: Terms, *, ax: Axes | None = None) -> Axes:
    """Draw the share of the price that each grade keeps, best first, with the step to the next one."""
    ax = _axes(ax, (7.0, 0.55 * len(terms.grades) + 1.4))
    keeps = [100 * grade.keep_bps / BPS for grade in terms.grades]
    for position, (grade, keep) in enumerate(zip(terms.grades, keeps, strict=True)):
        ax.barh(position, keep, color=_TOTAL, height=0.62, alpha=1.0 - 0.5 * position / max(len(keeps), 1))
        step = "" if position == 0 else f"   {keep - keeps[position - 1]:+.1f} points"
        ax.text(keep + 1, position, f"{keep:g} %{step}", va="center", fontsize=9, color=_INK)
        meaning = grade.meaning if len(grade.meaning) <= 3 * _LONGEST_NAME else f"{grade.meaning[:80]}…"
        ax.text(1.2, position, meaning, va="center", fontsize=8, color="white", clip_on=True)
    ax.set_yticks(range(len(keeps)), [grade.id for grade in terms.grades])
    ax.tick_params(axis="y", labelsize=12)
    ax.invert_yaxis()
    ax.set_xlim(0, 128)
    ax.set_xticks([0, 25, 50, 75, 100])
    ax.set_xlabel("kept of the price, %", color=_INK)
    ax.spines["left"].set_visible(False)
    _title(ax, "Grade ladder", f"terms {terms.version}; faults are deducted on top")
    return ax


@takes(report=named("Backtest"), ax=AXES)
def calibration(report: Backtest, *, ax: Axes | None = None) -> Axes:
    """Draw payments in percent of the value, by value: dots, the median of each tenth, and the 80 % band.

    A programme that is right on average and wrong for cheap phones shows a slope.
    """
    rows = report.rows
    ax = _axes(ax, (8.0, 4.6))
    shown = rows if len(rows) <= _MOST_POINTS else rows.sample(_MOST_POINTS, random_state=0)
    value = shown["predicted_minor"].to_numpy()
    ratio = 100 * shown["actual_minor"].to_numpy() / shown["predicted_minor"].to_numpy()
    alpha = float(np.clip(8 / np.sqrt(len(shown)), 0.06, 0.6))
    ax.scatter(value, ratio, s=9, color=_QUIET, alpha=alpha, linewidths=0, rasterized=True)
    ends = (float(value.min()) * 0.92, float(value.max()) * 1.08)
    held = report.summary["coverage_80"]
    if np.isfinite(held):
        low, high = (float((rows[name] / rows["predicted_minor"]).median()) for name in ("low_minor", "high_minor"))
        ax.axhspan(100 * low, 100 * high, color=_BAND, alpha=0.2, linewidth=0)
    ax.axhline(100, color=_INK, linewidth=0.9)
    tenths = pd.qcut(rows["predicted_minor"].rank(method="first"), min(10, len(rows)), labels=False)
    middle = pd.DataFrame(
        {"value": rows["predicted_minor"], "ratio": 100 * rows["actual_minor"] / rows["predicted_minor"]}
    ).groupby(tenths)
    points = middle.median()
    ax.plot(points["value"], points["ratio"], "o-", color=_TOTAL, markersize=6, linewidth=1.6)
    ax.set_xscale("log")
    ax.set_xlim(ends)
    reach = max(float(np.quantile(np.abs(ratio - 100), 0.99)) * 1.15, 1.0)
    ax.set_ylim(max(100 - reach, 0), 100 + reach)
    _log_ticks(ax, ends, report.currency)
    ax.yaxis.grid(visible=True, color=_PALE, linewidth=0.6)
    ax.set_xlabel("value by the programme", color=_INK)
    ax.set_ylabel("paid, % of the value", color=_INK)
    band = f"; the 80 % band holds {held:.1f} %" if np.isfinite(held) else ""
    _title(ax, f"Calibration of {report.name}", f"{len(rows)} deals, MAPE {report.summary['mape']:.1f} %{band}")
    return ax


def _log_ticks(ax: Axes, ends: tuple[float, float], currency: Currency) -> None:
    """Put ticks at 1, 2 and 5 times powers of ten of a currency's units, and no others."""
    from matplotlib.ticker import NullFormatter, NullLocator  # noqa: PLC0415 - matplotlib is optional

    ticks = [factor * 10.0**power for power in range(currency.decimals, 12) for factor in (1, 2, 5)]
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_ticks([tick for tick in ticks if ends[0] <= tick <= ends[1]])
    _amounts_across(ax, currency)


@takes(report=named("Comparison"), by=TEXT, ax=AXES)
def comparison(report: Comparison, by: str = "brand", *, ax: Axes | None = None) -> Axes:
    """Draw the mean change of a device's value by group, with its 95 % bootstrap interval.

    Args:
        report: a comparison.
        by: ``brand``, ``age``, ``grade`` or ``price_band``.
        ax: where to draw.
    """
    groups = report.by(by)
    if by == "brand":
        groups = groups.sort_values("mean_minor")
    ax = _axes(ax, (8.0, 0.38 * len(groups) + 1.6))
    for position, row in enumerate(groups.to_dict("records")):
        colour = _LESS if row["mean_minor"] < 0 else _MORE
        ax.barh(position, row["mean_minor"], color=colour, height=0.62)
        ax.plot([row["mean_low_minor"], row["mean_high_minor"]], [position, position], color=_INK, linewidth=1.4)
        _note(ax, position, f"{row['winners']:.0f} gain, {row['losers']:.0f} lose")
    _name_groups(ax, groups)
    _amounts_across(ax, report.currency)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("mean change of a device's value, with its 95 % interval", color=_INK)
    found = report.summary
    _title(
        ax,
        f"From {report.names[0]} to {report.names[1]}",
        f"{len(report.rows)} devices, {found['winners']:.0f} gain, {found['losers']:.0f} lose, "
        f"{in_units(found['total_minor'], report.currency)} in all ({found['total_pct']:+.1f} %)",
    )
    return ax


@takes(report=named("PaidAsQuoted"), ax=AXES)
def changed_answers(report: PaidAsQuoted, *, ax: Axes | None = None) -> Axes:
    """Draw the effect of the answers to each question at the door, the question to reword first on top.

    Left of 0 the inspectors' answers lower the customer's value, right of it they raise it. The line is the
    95 % interval; a question with fewer than ten changed answers has none.
    """
    table = report.questions
    table = table[table["changed"] > 0].head(_MOST_QUESTIONS)
    ax = _axes(ax, (8.0, 0.4 * max(len(table), 1) + 1.7))
    reach = 1.25 * float(table["bias_minor"].abs().max()) if len(table) else 1.0
    for position, row in enumerate(table.to_dict("records")):
        bias, low, high = (row[f"bias{side}_minor"] for side in ("", "_low", "_high"))
        ax.barh(position, bias, color=_LESS if bias < 0 else _MORE, height=0.62)
        ax.plot([low, high], [position, position], color=_INK, linewidth=1.4)
        reach = max(reach, min(max(-low, high), 2 * reach)) if np.isfinite(low) else reach
        kappa = f", κ {row['kappa']:.2f}" if np.isfinite(row["kappa"]) else ""
        _note(ax, position, f"{row['changed']:.0f} of {row['n']:.0f} differ{kappa}")
    _name_groups(ax, table.rename(index=lambda name: shortened(str(name).replace("_", " "), _LONGEST_NAME)))
    ax.invert_yaxis()
    ax.set_xlim(-1.05 * reach, 1.05 * reach)
    _amounts_across(ax, report.currency)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("change of an exchange by the answers at the door, mean with its 95 % interval", color=_INK)
    found = report.summary
    _title(
        ax,
        f"{found['as_quoted_pct']:.1f} % paid as quoted",
        f"{len(report.rows)} exchanges under {report.name}; 95 %: {found['as_quoted_low_pct']:.1f} to "
        f"{found['as_quoted_high_pct']:.1f} %; the question to reword first on top",
    )
    return ax


@takes(report=named("Drift"), ax=AXES)
def drift(report: Drift, *, ax: Axes | None = None) -> Axes:
    """Draw the distance of each chart from its alarm, day by day: above 0 the table is too high, below it too low.

    The first four charts with an alarm are coloured and named.
    """
    ax = _axes(ax, (8.0, 4.6))
    chart, alarms = report.chart, report.alarms
    named_ = list(dict.fromkeys(zip(alarms["by"], alarms["stream"], strict=True)))[: len(_LINES)]
    reach = 1.25
    told = {(row["by"], row["stream"], row["side"]): row["told_on"] for row in alarms.to_dict("records")}
    for (by, stream), rows in chart.groupby(["by", "stream"], sort=False):
        for sign, side in ((1, "too high"), (-1, "too low")):
            at = sign * np.minimum(rows[side].to_numpy(), _FAR_OUT)
            reach = max(reach, float(np.abs(at).max()) * 1.1)
            if (by, stream) not in named_ or (by, stream, side) not in told:
                ax.plot(rows["on"], at, color=_PALE, linewidth=0.9, zorder=2)
                continue
            place = named_.index((by, stream))
            ax.plot(rows["on"], at, color=_LINES[place], linewidth=2.0, zorder=9 - place)
            (dot,) = ax.plot(told[by, stream, side], sign, "o", color="white", markersize=7, zorder=19 - place)
            dot.set_markeredgecolor(_LINES[place])
    for place, (by, stream) in enumerate(named_):
        row = alarms[(alarms["by"] == by) & (alarms["stream"] == stream)].iloc[0]
        name = "all deals" if by == stream else shortened(f"{by} {stream}", _LONGEST_NAME)
        said = f"{name}: {row['bias_pct']:+.1f} %, told on {row['told_on']:%d %b} after {row['deals']} deals"
        ax.text(0.01, 0.97 - 0.06 * place, said, transform=ax.transAxes, fontsize=9, color=_LINES[place], va="top")
    for at in (-1, 1):
        ax.axhline(at, color=_INK, linewidth=0.9, linestyle="--")
    ax.axhline(0, color=_INK, linewidth=0.9)
    ax.set_ylim(-reach, reach * (1.6 if named_ else 1.0))
    ax.set_yticks([-1, 0, 1], ["limit: table too low", "right", "limit: table too high"])
    _day_ticks(ax)
    monitor = report.monitor
    found = f"{len(alarms)} alarms" if len(alarms) != 1 else "1 alarm"
    _title(
        ax,
        "Is the table still right?",
        f"{chart.loc[chart['by'] == 'all', 'n'].sum()} deals, {found}; cumulative sums tuned to a shift of "
        f"{100 * monitor.shift:g} %, one false alarm in {monitor.months:g} months",
    )
    return ax


def _day_ticks(ax: Axes) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter  # noqa: PLC0415 - matplotlib is optional

    locator = AutoDateLocator(maxticks=8)  # type: ignore[no-untyped-call] # matplotlib's
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


@takes(report=named("OpenRisk"), ax=AXES)
def lock_risk(report: OpenRisk, *, ax: Axes | None = None) -> Axes:
    """Draw the possible loss of open quotes until each day, mean and bound, and beside it what is still promised."""
    from matplotlib.ticker import FuncFormatter  # noqa: PLC0415 - matplotlib is optional

    frame = report.frame
    ax = _axes(ax, (8.0, 4.6))
    places = np.arange(len(frame))
    for name, colour, said in (
        ("bound_minor", _LESS, f"{100 * report.level:g} % bound"),
        ("mean_minor", _TOTAL, "mean"),
    ):
        ax.plot(places, frame[name], color=colour, linewidth=2.2, drawstyle="steps-mid")
        ax.annotate(
            f"{said} {in_units(float(frame[name].iloc[-1]), report.currency)}",
            (float(places[-1]), float(frame[name].iloc[-1])),
            xytext=(6, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            fontsize=9,
        )
    ax.fill_between(places, frame["mean_minor"], frame["bound_minor"], color=_LESS, alpha=0.12, linewidth=0, step="mid")
    ticks = np.arange(0, len(frame), max(-(-(len(frame) - 1) // 6), 1))
    ax.set_xticks(ticks, [f"{day:%d %b}" for day in frame.index[ticks]])
    ax.set_xlim(0, max(1.28 * places[-1], 1))
    ax.yaxis.grid(visible=True, color=_PALE, linewidth=0.6)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda amount, _: in_units(amount, report.currency)))
    ax.set_ylabel("lost until the day", color=_INK)
    promised = in_units(float(report.summary["promised_minor"]), report.currency)
    _title(ax, "What open quotes may lose", f"{promised} promised on {frame.index[0]:%d %B %Y}")
    return ax


@takes(model=named("AcceptanceModel"), ax=AXES)
def acceptance(model: AcceptanceModel, offers: pd.DataFrame | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw the accepted share by offer over market price, with its 95 % bounds, and the observed shares.

    Args:
        model: a fitted model.
        offers: offers with the columns that it was fitted on; None to draw no dots. Each dot is a tenth of them.
        ax: where to draw.
    """
    fitted(model, "slope_")
    ax = _axes(ax, (8.0, 4.6))
    offer_col, market_col, segment_col = model.columns_
    market = 10_000_000
    amounts = (np.linspace(*model.seen_, 120) * market).astype(np.int64)
    line = model.predict_interval(pd.DataFrame({offer_col: amounts, market_col: market, segment_col or " ": ""}))
    shares = 100 * amounts / market
    ax.fill_between(shares, 100 * line["low"], 100 * line["high"], color=_BAND, alpha=0.25, linewidth=0)
    ax.plot(shares, 100 * line["accepted"], color=_TOTAL, linewidth=2.4)
    if offers is not None:
        seen = model.accepted_by_tenth(offers)
        ax.plot(100 * seen["share"], 100 * seen["accepted"], "o", color=_QUIET, markersize=6)
    ax.set_ylim(0, 100)
    ax.yaxis.grid(visible=True, color=_PALE, linewidth=0.6)
    ax.set_xlabel("offer, % of what the phone fetches elsewhere", color=_INK)
    ax.set_ylabel("accepted, %", color=_INK)
    dots = "; each dot is a tenth of the offers" if offers is not None else ""
    _title(ax, "What share of offers is accepted", f"{model.n_} offers; the band is 95 %{dots}")
    return ax


@takes(report=named("QuotePlan"), ax=AXES)
def collected(report: QuotePlan, *, ax: Axes | None = None) -> Axes:
    """Draw the expected error of the whole table by the number of quotes collected."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - matplotlib is optional

    left = [report.before, *report.frame["left"]]
    ax = _axes(ax, (8.0, 4.0))
    ax.plot(range(len(left)), left, "o-", color=_TOTAL, linewidth=2.0, markersize=4)
    ax.set_ylim(0, None)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("quotes collected, the one that helps most first", color=_INK)
    ax.set_ylabel("error, % of a quote" if report.by == "share" else "error of a quote", color=_INK)
    ax.yaxis.grid(visible=True, color=_PALE, linewidth=0.6)
    first = report.frame.iloc[0]
    said = shortened(f"{first['device']}: {first['findings']}", 2 * _LONGEST_NAME)
    _title(ax, "What quotes take off the error of the table", f"{report.rows} rows are wanted; first {said}")
    return ax


def _note(ax: Axes, position: int, text: str) -> None:
    """Write a note at the right end of a group's row."""
    ax.annotate(
        text,
        (1.0, position),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        fontsize=8,
        color=_QUIET,
        va="center",
        ha="left",
    )


def _name_groups(ax: Axes, groups: pd.DataFrame) -> None:
    ax.axvline(0, color=_INK, linewidth=0.9)
    ax.set_yticks(range(len(groups)), [str(name) for name in groups.index])
