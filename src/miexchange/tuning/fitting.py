"""Writes fitted models as a programme's directory that passes the linter.

The fitted floats become basis points and whole minor units here, once; the report shows those integers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from miexchange._questions import BETWEEN, GREATEST_WEIGHT
from miexchange._time import midnight
from miexchange._value import instant
from miexchange.condition import Deduction, Finding, Grade, Option, Questionnaire
from miexchange.eligibility import EligibleModels, Listing
from miexchange.errors import missing, out_of_range, shown
from miexchange.market import Anchor, AnchorTable, PriceTable, broader
from miexchange.money import BPS, GREATEST_AMOUNT, percent, same_currency
from miexchange.programme import Programme
from miexchange.programme._save import free_directory
from miexchange.quote import Quote
from miexchange.treatment import BONUS, TreatmentTable
from miexchange.tuning._appending import check_extended, extended, priced_from
from miexchange.tuning._arguments import DATE, PATH, TEXT, instance, mapping, maybe, takes
from miexchange.tuning._checks import fitted, named_rows, of_another_unit, warn
from miexchange.tuning._findings import keeps_of
from miexchange.tuning._kinds import kind_offsets
from miexchange.tuning._normal import NORMAL_95
from miexchange.tuning._report import Report, in_units
from miexchange.tuning.deductions import DeductionModel
from miexchange.tuning.observations import Observations
from miexchange.tuning.prices import PriceTableBuilder
from miexchange.tuning.scales import scales_of
from miexchange.valuation import headline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miexchange.condition import Question
    from miexchange.market import Price
    from miexchange.programme import Terms

__all__ = ["FittedProgramme", "fit_programme"]

_DRAWS = 200
_COLUMNS = ["table", "key", "value", "unit", "low", "high", "n", "basis", "source"]


@dataclass(frozen=True, repr=False)
class FittedProgramme(Report):
    """A written programme, and every number that was fitted for it.

    Attributes:
        directory: the directory that was written.
        programme: the programme as loaded from it.
        numbers: one row for each fitted number: `table`, `key`, the `value` as written to the table, its
            `unit` (minor or bps), the 95 % bounds `low` and `high`, `n`, `basis` and `source`.
        effective_from: the first day of its terms.
        deductions: the model as written, whose `predict` gives what the programme pays, up to the rounding step;
            None if the base's weights were kept.
    """

    directory: Path
    programme: Programme
    numbers: pd.DataFrame
    effective_from: date
    deductions: DeductionModel | None = None

    title = "Fitted programme"

    def notes(self) -> list[str]:
        """Return a summary of what was written."""
        notes = [f"{self.programme!r} in {self.directory}, holding from {self.effective_from}"]
        carried = () if self.deductions is None else sorted(self.deductions.carried_)
        if carried:
            notes.append(f"The grade of {', '.join(carried)} alone takes as much as the quotes say, or more.")
        return notes

    def tables(self) -> list[tuple[str, pd.DataFrame]]:
        """Return the tables of the report."""
        counts = self.numbers.groupby(["table", "basis"]).size().rename("numbers").reset_index()
        fits = self.numbers[self.numbers["table"].isin(["condition", "grades", "overlaps"])]
        return [
            ("Fitted numbers", counts),
            ("Weights, grades and overlaps", fits),
            ("Headlines", self.headlines().head(20)),
        ]

    def headlines(self) -> pd.DataFrame:
        """Return the value of a clean device of each listed model in the written programme, in minor units."""
        at = datetime.combine(self.effective_from, time(12), self.programme.zone)
        rows = []
        for model in dict.fromkeys(listing.model for listing in self.programme.eligible):
            best = headline(model, self.programme, at=at)
            rows.append((model, best.exchange_value if isinstance(best, Quote) else None))
        return pd.DataFrame(rows, columns=["model", "headline_minor"]).set_index("model").astype("Int64")


@takes(
    directory=PATH,
    base=instance(Programme),
    prices=instance(PriceTableBuilder),
    deductions=maybe(instance(DeductionModel)),
    observations=maybe(instance(Observations)),
    id=TEXT,
    title=TEXT,
    version=TEXT,
    effective_from=DATE,
    series=maybe(mapping(TEXT, TEXT)),
    extend=maybe(instance(Programme)),
)
def fit_programme(
    directory: str | Path,
    base: Programme,
    *,
    prices: PriceTableBuilder,
    deductions: DeductionModel | None = None,
    observations: Observations | None = None,
    id: str,  # noqa: A002 - the programme's own word for it
    title: str,
    version: str,
    effective_from: date,
    series: Mapping[str, str] | None = None,
    extend: Programme | None = None,
) -> FittedProgramme:
    """Write a programme with fitted prices, weights, anchors and grades.

    Everything that is not fitted is copied from the terms of `base` in force on `effective_from`, or its last
    ones: questions, gates, extras, bonuses, usage. The listed models are those with a price from that day on
    and a brand that the programme accepts.

    Args:
        directory: a new directory.
        base: the programme that is tuned.
        prices: the fitted price table.
        deductions: fitted weights and anchors, in units of the currency, with findings as `scales_of` names them;
            None to keep the base's weights, and its anchors as shares of the price.
        observations: graded observations, from which the retention of the grades is fitted; None to keep it.
        id: the new programme's id.
        title: its display name.
        version: the name of its terms.
        effective_from: the first day of the terms.
        series: the series of each model, if `deductions` has series.
        extend: a programme of the same id to extend: its terms, prices, anchors and listings stay as they are up
            to the day, so that its quotes can be replayed; None to begin a new one.

    Raises:
        DataError: the linter refuses the result; then nothing is written.
        InvalidValue: an argument is invalid, or the directory exists already.
    """
    free_directory(directory)
    table: PriceTable = fitted(prices, "table_")
    same_currency(prices.currency_, base.currency, "prices", "the base programme")
    start = instant(midnight(effective_from, base.zone), "effective_from")
    if extend is not None:
        check_extended(extend, base, id, start)
    terms = base.terms_at(start) or base.terms[-1]
    fit = _Fit(base, effective_from, start)
    kept = fit.prices(table, prices)
    terms = fit.grades(terms, observations, prices.kind_ratios or {})
    if deductions is not None:
        terms, deductions = fit.beside(terms, deductions, kept, observed=observations is not None)
        terms = fit.weights(terms, deductions)
    most = max(price.price_minor for price in kept)
    bonuses = tuple(
        bonus
        for bonus in terms.bonuses
        if bonus.from_value_minor <= most and (bonus.ends is None or bonus.ends > effective_from)
    )
    dropped = {bonus.id for bonus in terms.bonuses} - {bonus.id for bonus in bonuses}
    bonuses = tuple(replace(bonus, fall_back="") if bonus.fall_back in dropped else bonus for bonus in bonuses)
    if dropped:
        warn(f"bonuses {', '.join(sorted(dropped))} are left out: they have ended, or no fitted price reaches them")
    granted = {f"{BONUS}{bonus.id}" for bonus in bonuses}
    catalogue = base.catalogue
    listed = {price.model for price in kept}
    source = f"tuning: models with a fitted price, {id} {version}"
    new = Programme(
        id=id,
        title=title,
        zone=base.zone,
        currency=base.currency,
        categories=base.categories,
        price_step_minor=base.price_step_minor,
        brands=base.brands,
        catalogue=catalogue,
        eligible=EligibleModels.of(Listing(model, effective_from, None, source) for model in listed),
        prices=PriceTable.of(kept),
        anchors=AnchorTable.of(()),
        tacs=base.tacs,
        treatments=TreatmentTable.of(
            row for row in base.treatments if not row.part.startswith(BONUS) or row.part in granted
        ),
        terms=(terms.replace(version=version, effective_from=start, bonuses=bonuses),),
    )
    if extend is not None:
        new = extended(extend, new, start)
    new = replace(new, anchors=AnchorTable.of((*new.anchors, *fit.anchors(new, deductions, series or {}))))
    written = new.save(directory)
    numbers = pd.DataFrame(fit.numbers, columns=_COLUMNS)
    return FittedProgramme(written, new, numbers, effective_from, deductions)


class _Fit:
    """Turns fitted floats into the integers of a programme, and records each."""

    def __init__(self, base: Programme, on: date, start: datetime) -> None:
        self._base = base
        self._unit: int = 10**base.currency.decimals
        self._on = on
        self._start = start
        self.numbers: list[tuple[object, ...]] = []

    def prices(self, table: PriceTable, builder: PriceTableBuilder) -> list[Price]:
        """Return the prices of accepted models that are in force on the day or begin later."""
        summary = builder.summary
        rows = dict(zip(summary.index, summary.to_dict("records"), strict=True))
        kept = []
        for price in table:
            variant = self._base.catalogue.lookup(price.model)
            in_force = table.as_of(price.model, self._start)
            later = price.effective_from > self._start
            if variant is None or variant.brand not in self._base.brands or in_force is None:
                continue
            if not later and price is not in_force:
                continue
            day = price.effective_from.astimezone(builder.zone_).date()
            row = rows[price.model, day]
            kept.append(price)
            self.numbers.append(
                (
                    "market_prices",
                    f"{price.model}@{day}",
                    price.price_minor,
                    "minor",
                    int(row["low_minor"]),
                    int(row["high_minor"]),
                    int(row["n"]),
                    price.basis,
                    price.source,
                )
            )
        self._compare(kept)
        if not kept:
            which = "is a day on which no accepted model has a price"
            raise out_of_range("effective_from", self._on, "build the table for that day", which=which)
        return kept

    def _compare(self, kept: list[Price]) -> None:
        """Warn of prices that are far from the base's: perhaps of another unit, or another phone."""
        before = [self._base.prices.as_of(price.model, price.effective_from) for price in kept]
        beside = [np.nan if one is None else one.price_minor for one in before]
        far = of_another_unit([price.price_minor for price in kept], beside)
        if far.any():
            places = np.flatnonzero(far)
            first, rows = kept[places[0]], named_rows([kept[place].model for place in places])
            new, old = (in_units(amount, self._base.currency) for amount in (first.price_minor, beside[places[0]]))
            warn(
                f"{rows} of the prices are far from those of {self._base.id}, such as {new} for {first.model} where it "
                f"has {old}: is the unit right? Prices are in minor units"
            )

    def grades(self, terms: Terms, observations: Observations | None, stated: Mapping[str, float]) -> Terms:
        """Fit the share that each grade keeps: the median ratio to the best grade of the same model, never rising.

        Rows with an answer that has a cost and lowers no grade are left out, and asked prices are scaled to paid
        ones: otherwise the kind of price would be confounded with the grade.
        """
        if observations is None:
            return terms
        if "grade" not in observations.frame.columns:
            raise missing("observations", "add the grade of each, or fit without them", "has no column grade")
        frame = observations.frame
        strange = sorted(set(frame["grade"].dropna()) - {grade.id for grade in terms.grades})
        if strange:
            known = ", ".join(grade.id for grade in terms.grades)
            rule = f"give the grades of the terms {terms.version}: {known}"
            raise out_of_range("observations", strange[0], rule, f"has the grade {shown(strange[0])}")
        frame = frame[_graded_alone(frame, terms)]
        cells = frame["model"] + "\x1f" + frame["grade"].fillna("")
        kinds = kind_offsets(np.log(frame["price_minor"]), cells, frame["kind"], stated)
        unsaid = kinds.assumed(frame["kind"], 1)
        if unsaid.any() and not unsaid.all():
            names = ", ".join(sorted(set(frame["kind"][unsaid])))
            warn(
                f"{named_rows(frame['row'][unsaid])} are of the kind {names}, and nothing tells what these are of what "
                "is paid: grades are compared as they are. State it with PriceTableBuilder(kind_ratios=)"
            )
        frame = frame.assign(price_minor=frame["price_minor"] * np.exp(-kinds.logs))
        best = terms.grades[0].id
        level = frame[frame["grade"] == best].groupby("model")["price_minor"].median()
        ratio = frame["price_minor"] / frame["model"].map(level)
        found: list[Grade] = []
        for step, grade in enumerate(terms.grades):
            ratios = ratio[(frame["grade"] == grade.id) & ratio.notna()]
            if step == 0 or len(ratios) == 0:
                bound = found[-1].keep_bps if found else BPS
                found.append(replace(grade, keep_bps=min(grade.keep_bps, bound)))
                continue
            whole = found[0].keep_bps  # the ratios are to the best grade, which may keep less than all
            keep = min(int(np.floor(ratios.median() * whole + 0.5)), found[-1].keep_bps)
            bounds = _bounds_of_median(ratios, frame.loc[ratios.index, "model"])
            low, high = min(round(bounds[0] * whole), keep), max(round(bounds[1] * whole), keep)
            source = f"tuning: median of {len(ratios)} ratios to grade {best}, 95 % {_range(low, high)}"
            found.append(replace(grade, keep_bps=keep, source=source))
            self.numbers.append(("grades", grade.id, keep, "bps", low, high, len(ratios), "observed", source))
        return terms.replace(grades=tuple(found))

    def beside(
        self, terms: Terms, model: DeductionModel, prices: list[Price], *, observed: bool
    ) -> tuple[Terms, DeductionModel]:
        """Charge no finding twice: its weight covers the part of its quotes that its grade does not.

        If the grades were not observed, the grade of fully quoted findings takes no more than it must.
        """
        scales = scales_of(terms)
        lacking = {finding for scale in scales for finding in scale.findings} - {*model.summary.index}
        if lacking:
            rule = "fit a DeductionModel with scales_of(terms)"
            raise missing("deductions", rule, f"has no weight of {shown(min(lacking))}")
        self._check_taken_over(terms, model)
        keeps = keeps_of(scales, () if observed else model.quoted_)
        grades = list(terms.grades)
        for question in terms.questionnaire.questions:
            for option in question.options:
                keep = round(keeps.get(Finding(question, option).subject, 0.0) * grades[0].keep_bps)
                grade = grades[option.grade]
                if keep > grade.keep_bps:
                    source = "tuning: as the grade above it; the weights of the findings take what their quotes say"
                    grades[option.grade] = replace(grade, keep_bps=keep, source=source)
                    self.numbers.append(("grades", grade.id, keep, "bps", keep, keep, 0, "modelled", source))
        terms = terms.replace(grades=tuple(grades))
        self._compare_quotes(model, prices)
        scrap = {variant.model: terms.scrap_of(variant) / self._unit for variant in self._base.catalogue}
        return terms, model._beside(scales, keeps, scrap)  # noqa: SLF001 - of this room

    @staticmethod
    def _check_taken_over(terms: Terms, model: DeductionModel) -> None:
        """Refuse an unquoted finding with a rate or an amount of its own: only a quote tells all that it costs."""
        for question in terms.questionnaire.questions:
            for option in question.options:
                finding = Finding(question, option).subject
                alike = replace(option, keep_bps=question.best.keep_bps, extra_minor=question.best.extra_minor)
                if finding in model.whole_ and finding not in model.quoted_ and alike != option:
                    what = f"has no quote of {finding}, which has a rate or an amount of its own beside its anchor"
                    raise missing("deductions", "give quotes of it, or a base whose answer has the anchor alone", what)

    def _compare_quotes(self, model: DeductionModel, prices: list[Price]) -> None:
        """Warn of devices whose quoted clean price is far from their fitted price."""
        clean = model.anchors_["clean"].groupby(level="device").median()
        fitted_prices = {price.model: price.price_minor / self._unit for price in prices}
        beside = np.array([fitted_prices.get(str(device), np.nan) for device in clean.index])
        far = of_another_unit(clean, beside)
        if far.any():
            warn(
                f"{named_rows(clean.index[far])} of the condition quotes have clean prices far from the fitted ones, "
                f"such as {clean[far].iloc[0]:g} where the list has {beside[far][0]:g}: is the unit right? Quotes are "
                "in units of the currency"
            )

    def weights(self, terms: Terms, model: DeductionModel) -> Terms:
        """Write every fitted weight in basis points; unquoted findings keep the base's."""
        summary = model.summary
        questions = []
        for question in terms.questionnaire.questions:
            options = tuple(self._weighed(question, option, model, summary) for option in question.options)
            questions.append(replace(question, options=options))
        overlaps = list(terms.overlaps)
        for number, overlap in enumerate(overlaps):
            fit = model.overlap_.get((overlap.one, overlap.other)) or model.overlap_.get((overlap.other, overlap.one))
            if fit is not None:
                part, error, count = fit
                bps, spread = round(part * BPS), NORMAL_95 * error * BPS
                low, high = max(0, round(bps - spread)), min(BPS, round(bps + spread))
                source = f"tuning: least squares over {count} quotes, 95 % {_range(low, high)}"
                overlaps[number] = replace(overlap, counted_bps=bps, source=source)
                key = f"{overlap.one}+{overlap.other}"
                self.numbers.append(("overlaps", key, bps, "bps", low, high, count, "observed", source))
        version = terms.questionnaire.version
        return terms.replace(questionnaire=Questionnaire(version, tuple(questions)), overlaps=tuple(overlaps))

    def _weighed(self, question: Question, option: Option, model: DeductionModel, summary: pd.DataFrame) -> Option:
        finding = Finding(question, option).subject
        if option.deduction is None or not option.deduction.anchor or finding not in summary.index:
            return option
        row = summary.loc[finding].to_dict()
        bps, low, high = (
            min(max(int(np.floor(row[name] * BPS + 0.5)), 1), GREATEST_WEIGHT) for name in ("weight", "low", "high")
        )
        count = int(row["n"])
        basis = "observed" if count else "modelled"
        said = f"{count} quotes, 95 % {_range(low, high)}" if count else "no quote; ratio of the base programme"
        if finding in model.carried_:
            said = f"{count} quotes, which are no less than what its grade keeps: the grade alone is charged"
        source = f"tuning: weight on the {row['anchor']} anchor, {said}"
        self.numbers.append(("condition", finding, bps, "bps", low, high, count, basis, source))
        deduction = Deduction(anchor=option.deduction.anchor, weight_bps=bps)
        if finding in model.quoted_:  # the weight is of the whole cost, beside the best answer
            option = replace(option, keep_bps=question.best.keep_bps, extra_minor=question.best.extra_minor)
        return replace(option, deduction=deduction, source=source)

    def anchors(self, programme: Programme, model: DeductionModel | None, series: Mapping[str, str]) -> list[Anchor]:
        """Return an anchor for every price and every family that an answer weighs."""
        terms, prices = programme.terms[-1], priced_from(programme, self._start)
        clean = [] if model is None else _cleans(prices, programme, self._start)
        needed = list(dict.fromkeys(scale.anchor for scale in scales_of(terms)))
        if model is None:  # under the names of the base
            there = {anchor.component for anchor in self._base.anchors}
            needed = [*dict.fromkeys(next(filter(there.__contains__, broader(name)), name) for name in needed)]
        found: list[Anchor] = []
        for component in needed:
            if model is None:
                found += self._anchors_by_share(prices, component)
            else:
                found += self._fitted_anchors(prices, component, model, series, clean, terms.factor_bps)
        return found

    def _fitted_anchors(
        self,
        prices: list[Price],
        component: str,
        model: DeductionModel,
        series: Mapping[str, str],
        clean: list[float],
        factor_bps: int,
    ) -> list[Anchor]:
        clean_col, _, device_col, series_col = model.columns_
        asked = pd.DataFrame(
            {
                device_col: [price.model for price in prices],
                clean_col: [value / self._unit for value in clean],
                **({} if series_col is None else {series_col: [series.get(price.model, "") for price in prices]}),
            }
        )
        table, family = model.anchor(asked, component), model.joined_.get(component, component)
        anchors = []
        for price, row in zip(prices, table.itertuples(), strict=True):
            # Quotes are net of the programme's factor; a deduction is taken off before it.
            unit = self._unit * BPS / factor_bps
            amount, low, high = (_whole(float(value) * unit) for value in (row.amount, row.low, row.high))  # type: ignore[arg-type]
            count = int(model.anchors_["n"].get((price.model, family), 0))
            said = f"{count} quotes of the device" if count else "share of the price"
            said += "" if family == component else f", as {family}"
            between = " to ".join(in_units(bound, self._base.currency) for bound in (low, high))
            source = f"tuning: {said}, 95 % {between}"
            basis = "observed" if count else "modelled"
            anchors.append(self._anchor(price, component, amount, basis, source))
            self._note(price, component, (amount, low, high), count, basis, source)
        return anchors

    def _anchors_by_share(self, prices: list[Price], component: str) -> list[Anchor]:
        """Return the median share of the price that the base's anchors have."""
        shares = []
        for anchor in self._base.anchors:
            price = self._base.prices.as_of(anchor.model, anchor.effective_from)
            if anchor.component == component and price is not None:
                shares.append(anchor.amount_minor * BPS // price.price_minor)
        if not shares:
            raise out_of_range("base", self._base.id, "give deductions", which=f"has no {component} anchors")
        bps = int(median(shares))
        anchors = []
        for price in prices:
            amount = _whole(price.price_minor * bps / BPS)
            source = f"tuning: {percent(bps)} of the price, the median of {self._base.id}"
            anchors.append(self._anchor(price, component, amount, "modelled", source))
            self._note(price, component, (amount, amount, amount), 0, "modelled", source)
        return anchors

    @staticmethod
    def _anchor(price: Price, component: str, amount: int, basis: str, source: str) -> Anchor:
        kind = "observed" if basis == "observed" else "modelled"
        return Anchor(price.model, component, price.effective_from, amount, kind, source)  # type: ignore[arg-type]

    def _note(
        self, price: Price, component: str, values: tuple[int, int, int], count: int, basis: str, source: str
    ) -> None:
        day = price.effective_from.astimezone(self._base.zone).date()
        key = f"{price.model}/{component}@{day}"
        self.numbers.append(("repair_anchors", key, values[0], "minor", *values[1:], count, basis, source))


def _cleans(prices: list[Price], programme: Programme, start: datetime) -> list[float]:
    """Return the quote of a clean device of each price, in minor units, before rounding down to a step."""
    found, capped = [], []
    for price in prices:
        best = headline(price.model, programme, at=max(price.effective_from, start))
        if not isinstance(best, Quote):  # such as a device that is too old for the programme's bands of age
            found.append(price.price_minor * programme.terms[-1].factor_bps / BPS)
            continue
        amounts = {line.rule: line.amount for line in best.lines}
        found.append(float(best.exchange_value - amounts.get("rounding", 0)))
        if amounts.get("cap"):
            capped.append(price.model)
    if capped:
        said = "are paid at most the price: the extras above it make up for a fault, which costs less than its quotes"
        warn(f"{named_rows(capped)} of the prices {said}")
    return found


def _whole(amount: float) -> int:
    """Round to minor units half up, once; at least one."""
    return min(max(int(np.floor(amount + 0.5)), 1), GREATEST_AMOUNT)


def _graded_alone(frame: pd.DataFrame, terms: Terms) -> pd.Series[bool]:
    """Tell which rows have no answer with a cost apart from the grade."""
    alone, several = pd.Series(data=True, index=frame.index), terms.questionnaire.several
    graded: dict[str, set[str]] = {}
    for question in terms.questionnaire.questions:
        ids = {option.id for option in question.options if option.is_clean or (option.grade and not option.gate)}
        graded.setdefault(question.asked_as, set()).update(ids)
    for name in graded.keys() & {*frame.columns} - {"warranty"}:
        answers = frame[name].dropna().unique().tolist()
        fit = [one for one in answers if {*(one.split(BETWEEN) if name in several else [one])} <= graded[name]]
        alone &= frame[name].isna() | frame[name].isin(fit)
    return alone


def _bounds_of_median(ratios: pd.Series[float], models: pd.Series[str]) -> tuple[float, float]:
    """Return the 95 % bounds of a median by resampling models: the rows of one share the error of its best grade."""
    make = np.random.default_rng(0)
    groups = [group.to_numpy() for _, group in ratios.groupby(models)]
    drawn = make.integers(0, len(groups), (_DRAWS, len(groups)))
    medians = [np.median(np.concatenate([groups[number] for number in draw])) for draw in drawn]
    low, high = np.quantile(medians, [0.025, 0.975])
    return float(low), float(high)


def _range(low: int, high: int) -> str:
    return f"between {percent(low)} and {percent(high)}"
