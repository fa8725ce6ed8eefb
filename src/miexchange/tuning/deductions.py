"""The cost of a fault: a fixed weight for each finding, times one anchor in rupees for each device and part.

A buyer's deductions are not percentages of the price. Within one family of findings (marks on the
glass, faults of the image, marks on the body, ports and cameras) the rupees of two findings stand
in a fixed ratio on every device, and one quote of a damaged device tells that device's anchor. In
logarithms that is a sum,

    log deduction = log weight(finding) + log anchor(device, family) + small error

with the anchor drawn to a share of the device's price:

    log anchor = log price + level(family) + slope(family) x log(price / middle price) + series + spread

All of it is one linear mixed model, solved at once: where a device has quotes of a family, they
decide its anchor; otherwise the share of its price does, placed where the values of the
quoted devices have the least percentage error. A value is then computed as a programme pays it:

    value = clean price x share kept by the worst grade - the dearest finding of each component

so that a finding that lowers the grade is charged once. See docs/tuning.md.

>>> from miexchange.tuning import DeductionModel, simulate_quotes
>>> quotes, scales = simulate_quotes(60, seed=3)
>>> model = DeductionModel(scales).fit(quotes)
>>> model
<DeductionModel fitted on 214 quotes of 60 devices: 8 findings in 4 families>
>>> weight = model.summary["weight"]
>>> float(round(weight["cracked_glass"] / weight["heavy_scratches"], 2))
2.02
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from miexchange.errors import out_of_range, shown
from miexchange.money import BPS
from miexchange.tuning._arguments import COLUMN, TEXT, Rule, check, each, instance, mapping, maybe, one_of, real, takes
from miexchange.tuning._checks import as_frame, fitted, named_rows, numbers, warn, words
from miexchange.tuning._closest import closest, step_of
from miexchange.tuning._findings import (
    CLEAN,
    bases_of,
    dispersion,
    joined,
    keeps_of,
    make_monotone,
    scatter,
    shared_out,
    split,
    spread_of,
    warn_of,
)
from miexchange.tuning._normal import NORMAL_95
from miexchange.tuning._progress import track
from miexchange.tuning.curve import Estimator
from miexchange.tuning.scales import Scale

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from miexchange.tuning._additive import Floats

__all__ = ["CLEAN", "DeductionModel"]

_ROUNDS = 6
_AGAIN = 3  # solutions, each with the spreads estimated from the one before
_TENTH = 1.2816  # the one-sided 90 % quantile of the normal distribution
_HUBER = 3.0
_MOVE = 0.1  # the prior spread of a family's share, and of its slope, in the search for the closest values
_LEAST = 1e-4  # the least weight that a table can contain
_UNSURE = 2.0  # the greatest error of a weight, as a standard deviation of its logarithm
_LEVEL, _LEVEL_SD = float(np.log(0.10)), 5.0  # the prior of a family's share: almost flat around 10 %
_FINDING_SD = 0.5  # the prior of a weight that no device contrasts with its base: near the base


_SCALES, _SPREAD = each(instance(Scale)), real(least=1e-6)
_RULES = {
    "scales": Rule(lambda scales: len(scales) > 0 and _SCALES.fits(scales), "give the scales of the findings"),
    "weight_noise": _SPREAD,
    **dict.fromkeys(("anchor_spread", "slope_spread", "series_spread"), maybe(_SPREAD)),
    "step": maybe(real(least=0)),
    "scrap": real(least=0),
    "overlaps": each(Rule(lambda pair: len(pair) == 2 and each(TEXT).fits(pair), ""), "give pairs of components"),  # noqa: PLR2004 - a pair
    "prior": maybe(mapping(TEXT, real(least=1e-6))),
}


class DeductionModel(Estimator):
    """Weights of findings and repair anchors of devices, from condition quotes.

    Args:
        scales: the findings, by family and component.
        anchor_spread: the scatter of anchors of devices of one price, as a standard deviation of the
            logarithm; None to estimate it.
        weight_noise: the scatter of the ratio of two findings between devices, likewise; more if the
            quotes show more.
        slope_spread: the prior spread of a family's change of share per factor e of price; None to estimate it.
        series_spread: the prior spread of a series around its family's share; None to estimate it.
        step: the quotes' rounding step, in their unit; None to infer it from the quotes, 0 for none.
        scrap: the least price of any device, in the same unit.
        overlaps: pairs of components that are damaged together; the share of the smaller cost that counts is fitted.
        prior: weights to start from, such as those of the programme in force (`prior_of`); an unquoted finding
            keeps its own. Without it, the prior of every weight of a family is near 1.

    Attributes:
        weights_: the weight of every finding; 1 for the base of its family, less the part that its grade takes.
        whole_: the weight of every finding before the part of its grade is subtracted: as quoted.
        anchors_: the anchor of every quoted device and family, with bounds, n and the clean price.
        quoted_: the findings that occur in damaged quotes.
        carried_: the findings whose grade alone takes at least as much as their quotes.
        joined_: by each unquoted family, the quoted one of the same component that replaces it.
        overlap_: the fitted share for each pair of overlapping components, with its error and n.
        spread_: the scatter of anchors of devices of one price, given or estimated.
        keeps_: the share that the price keeps by the grade of each finding, beside its weight; see `Scale.keeps_bps`.
        step_: the rounding step, given or inferred.
        centre_: the middle of the clean prices, at which `summary` reports the shares.
        n_: the number of fitted damaged quotes.
        columns_: the names of the columns: clean price, findings, device, series.
    """

    def __init__(
        self,
        scales: Iterable[Scale] = (),
        *,
        anchor_spread: float | None = 0.25,
        weight_noise: float = 0.004,
        slope_spread: float | None = 0.25,
        series_spread: float | None = 0.20,
        step: float | None = None,
        scrap: float = 0.0,
        overlaps: Sequence[tuple[str, str]] = (),
        prior: Mapping[str, float] | None = None,
    ) -> None:
        """Store the parameters; they are checked by `fit`."""
        self.scales = scales
        self.anchor_spread = anchor_spread
        self.weight_noise = weight_noise
        self.slope_spread = slope_spread
        self.series_spread = series_spread
        self.step = step
        self.scrap = scrap
        self.overlaps = overlaps
        self.prior = prior

    def __repr__(self) -> str:
        """Return a summary of the fit."""
        if "weights_" not in self.__dict__:
            return "<DeductionModel, not fitted>"
        families = len(set(self._family.values()))
        return (
            f"<DeductionModel fitted on {self.n_} quotes of {self._devices} devices: "
            f"{len(self.weights_)} findings in {families} families>"
        )

    # Fitting.

    @takes(
        **dict.fromkeys(("price_col", "clean_col", "findings_col", "device_col"), COLUMN),
        **dict.fromkeys(("series_col", "clean_error_col"), maybe(COLUMN)),
        labour=real(least=0),
        replaced=maybe(mapping(TEXT, TEXT)),
    )
    def fit(
        self,
        quotes: pd.DataFrame | None,
        *,
        price_col: str = "price",
        clean_col: str = "clean",
        findings_col: str = "findings",
        device_col: str = "device",
        series_col: str | None = None,
        clean_error_col: str | None = None,
        parts: pd.DataFrame | None = None,
        labour: float = 0.0,
        replaced: Mapping[str, str] | None = None,
    ) -> Self:
        """Fit weights, anchors and shares.

        Args:
            quotes: one row for each quote; unchanged. Clean ones may be among them. None if there
                is only a part list.
            price_col: the quote.
            clean_col: the quote of the same device when clean, in the same unit.
            findings_col: the findings, joined by ``+``; ``clean`` or empty for none.
            device_col: the device (a model in one memory size).
            series_col: the series that the model belongs to, such as ``Galaxy Z Fold``; None for none.
            clean_error_col: the relative error of a clean price that was derived, 0 for a quoted one.
            parts: a spare-part price list: ``device``, ``anchor``, ``price``, and ``clean``.
            labour: the cost of fitting a part, added to its price.
            replaced: by anchor, the finding that needs that part.

        Raises:
            InvalidValue: a parameter is out of range, a column is missing, a finding is not in the scales,
                or rows have no usable number.
        """
        self._read_scales()
        self.columns_ = (clean_col, findings_col, device_col, series_col)
        self.step_ = self.step or 0.0
        if quotes is None and parts is not None:
            self._learn(self._part_rows(parts, labour, replaced or {}))
            return self
        columns = (price_col, clean_col, findings_col, device_col, series_col, clean_error_col)
        quotes = as_frame(quotes, columns, "DeductionModel.fit")
        price, clean = numbers(quotes, price_col, above=0), numbers(quotes, clean_col, above=0)
        if self.step is None:
            self.step_ = step_of(price)
        named = self._parsed(quotes, findings_col)
        warn_of(quotes, price, clean, named)
        devices = words(quotes, device_col)
        series = np.full(len(quotes), "", dtype=object) if series_col is None else words(quotes, series_col)
        error = np.zeros(len(quotes)) if clean_error_col is None else numbers(quotes, clean_error_col, at_least=0)
        rows = pd.DataFrame(
            {"device": devices, "series": series, "clean": clean, "cost": clean - price, "error": error * clean}
        )
        rows["named"] = named
        damaged = rows[(rows["named"].str.len() > 0) & (rows["cost"] > self.step_ / 2)].reset_index(drop=True)
        if damaged.empty:
            rule = "give quotes below the device's clean price"
            raise out_of_range("quotes", None, rule, "has none of a damaged device")
        if parts is not None:
            damaged = pd.concat([damaged, self._part_rows(parts, labour, replaced or {})], ignore_index=True)
        self._learn(damaged)
        return self

    def _read_scales(self) -> None:
        check(self.get_params(), _RULES, "DeductionModel.")
        scales = tuple(self.scales)
        self._family = {finding: scale.anchor for scale in scales for finding in scale.findings}
        self._component = {finding: scale.component for scale in scales for finding in scale.findings}
        self._groups = list(dict.fromkeys(scale.component for scale in scales))
        overlaps = {frozenset((one.one, one.other)): one for scale in scales for one in scale.overlaps}
        self._floors: Mapping[str, float] = {}
        self._told = {frozenset(pair): one.counted_bps / BPS for pair, one in overlaps.items()}
        if len(self._family) != sum(len(scale.findings) for scale in scales):
            what = "has a finding of two scales"
            raise out_of_range("DeductionModel.scales", None, "let each stand in one", what)

    def _parsed(self, quotes: pd.DataFrame, column: str) -> list[tuple[str, ...]]:
        """Return the findings of each row."""
        texts = words(quotes, column).tolist()
        known = {text: split(text) for text in set(texts)}
        strange = {name for names in known.values() for name in names} - self._family.keys()
        if strange:
            bad = np.array([bool(strange & set(known[text])) for text in texts])
            which = f"is no finding of the scales ({named_rows(quotes.index[bad])})"
            raise out_of_range(column, min(strange), f"give some of: {', '.join(self._family)}", which=which)
        return [known[text] for text in texts]

    def _part_rows(self, parts: pd.DataFrame, labour: float, replaced: Mapping[str, str]) -> pd.DataFrame:
        """Return a part's price plus labour as the cost of its finding."""
        parts = as_frame(parts, ("device", "anchor", "price", "clean"), "parts")
        anchors = words(parts, "anchor")
        lacking = set(anchors) - replaced.keys()
        strange = set(replaced.values()) - self._family.keys()
        if lacking or strange:
            what = f"has no finding for {shown(min(lacking))}" if lacking else f"names {shown(min(strange, key=str))}"
            raise out_of_range("replaced", None, "name the finding that needs each part", what)
        cost = numbers(parts, "price", above=0) + labour
        if not (cost > self.step_ / 2).any():
            what = f"has {len(parts)} parts, none above half a step"
            raise out_of_range("parts", None, f"give parts above half a step, {self.step_ / 2:g}", what)
        return pd.DataFrame(
            {
                "device": words(parts, "device"),
                "series": "",
                "clean": numbers(parts, "clean", above=0),
                "cost": cost,
                "error": 0.15 * cost,  # a part costs different shops different amounts
                "named": [(replaced[anchor],) for anchor in anchors],
            }
        )

    def _learn(self, rows: pd.DataFrame) -> None:
        """Learn everything from the whole difference to the clean quote; then the part of it that the grades take."""
        self._quotes = rows
        self._devices = rows["device"].nunique()
        self.n_ = len(rows)
        self.quoted_ = frozenset(name for names in rows["named"] for name in names)
        self.centre_ = float(np.exp(np.median(np.log(rows["clean"]))))
        self.joined_ = joined(self._family.values(), [self._family[name] for name in self.quoted_])
        self._family = {name: self.joined_.get(family, family) for name, family in self._family.items()}
        self._levels = sorted({*self._family.values()})
        self._all_series = sorted(set(rows["series"]) - {""})
        self._findings = list(self._family)
        self._bases = bases_of(self._family, rows)
        prior = {name: float((self.prior or {}).get(name, 1.0)) for name in self._findings}
        self._expected = {
            name: float(np.log(prior[name] / prior[self._bases[self._family[name]]])) for name in self._findings
        }
        self.spread_ = self.anchor_spread or 0.25
        self._slope_spread, self._series_spread = self.slope_spread or 0.25, self.series_spread or 0.20
        self.overlap_: dict[tuple[str, str], tuple[float, float, int]] = {}
        unseen = set(self._levels) - {self._family[name] for name in self.quoted_}
        if unseen:
            warn(f"no quote names a finding of {', '.join(sorted(unseen))}: 10 % of the price is a guess for them")
        finding, alone = self._single(rows)
        if not alone.any():
            self._settle(*shared_out(rows))
        else:
            # Rows with several groups are informative once the others' cost is known: so twice.
            for last in track((False, True), "Deductions"):
                told = self._attributed(rows) if last else (finding, rows["cost"].to_numpy(dtype=np.float64), alone)
                self._settle(rows, *told)
                if alone.all():
                    break
        self._fit_overlaps(rows)
        self._take_grades(keeps_of(tuple(self.scales), self.quoted_))

    def _take_grades(self, keeps: Mapping[str, float]) -> None:
        """Reduce each weight by what the grade of its finding already takes.

        A grade takes a share of the price and a weight one of the anchor: they change places at the family's middle
        device. An unquoted finding keeps at most its weight in the prior, which is in addition to its grade.
        """
        self.keeps_ = dict(keeps)
        prices = self.anchors_["clean"] / self.anchors_["amount"]
        price = prices.groupby(level="anchor").median().to_dict()
        logs, self._errors = {}, {}
        for name, whole in self.whole_.items():
            taken = (1.0 - self.keeps_[name]) * price[self._family[name]] if self._seen[name] else 0.0
            left = max(whole - taken, _LEAST)
            logs[name], self._errors[name] = np.log(left), min(self._whole_errors[name] * whole / left, _UNSURE)
        for scale in self.scales:
            make_monotone(scale, logs, self._errors)
        self.weights_ = {name: float(np.exp(value)) for name, value in logs.items()}
        self.carried_ = frozenset(name for name, weight in self.weights_.items() if weight <= _LEAST * (1 + 1e-9))

    def _beside(self, scales: tuple[Scale, ...], keeps: Mapping[str, float], scrap: Mapping[str, float]) -> Self:
        """Return the model from which a programme is written: fitted on the same quotes, net of what its grades take.

        Args:
            scales: the findings of its terms.
            keeps: the share that the grade of each finding keeps.
            scrap: the least price of each device, in the unit of the quotes.
        """
        found = copy(self)
        if tuple(self.scales) != scales:
            found.scales = scales
            found._read_scales()  # noqa: SLF001 - of its own kind
            found._learn(self._quotes)  # noqa: SLF001
        found._floors = scrap  # noqa: SLF001
        found._take_grades(keeps)  # noqa: SLF001
        return found

    def _settle(
        self, rows: pd.DataFrame, finding: npt.NDArray[np.object_], cost: Floats, used: npt.NDArray[np.bool_]
    ) -> None:
        """Solve, and repeat if a spread is estimated."""
        self._solve(rows, finding, cost, used)
        for _ in range(_AGAIN if None in {self.anchor_spread, self.slope_spread, self.series_spread} else 0):
            self._estimate_spreads()
            self._solve(rows, finding, cost, used)

    def _single(self, rows: pd.DataFrame) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.bool_]]:
        """Return each row's worst finding by the scales, and whether all are of one component and family."""
        order = {name: number for number, name in enumerate(self._family)}
        chosen = [max(names, key=order.__getitem__) for names in rows["named"]]
        alone = [len({(self._component[name], self._family[name]) for name in names}) == 1 for names in rows["named"]]
        return np.array(chosen, dtype=object), np.array(alone, dtype=bool)

    def _design(
        self, finding: npt.NDArray[np.object_], clean: Floats, series: npt.NDArray[np.object_]
    ) -> tuple[Floats, Floats]:
        """Return the columns of the fixed part, and the prior precision of each."""
        families = np.array([self._levels.index(self._family[name]) for name in finding], dtype=np.intp)
        free = [name for name in self._findings if self._bases[self._family[name]] != name]
        size, wide = len(finding), len(self._levels)
        matrix = np.zeros((size, 2 * wide + len(self._all_series) + len(free)))
        rows = np.arange(size)
        matrix[rows, families] = 1.0
        matrix[rows, wide + families] = np.log(clean / self.centre_)
        place = {name: 2 * wide + number for number, name in enumerate(self._all_series)}
        columns = np.array([place.get(name, -1) for name in series], dtype=np.intp)
        matrix[rows[columns >= 0], columns[columns >= 0]] = 1.0
        start = 2 * wide + len(self._all_series)
        position = {name: start + number for number, name in enumerate(free)}
        columns = np.array([position.get(name, -1) for name in finding], dtype=np.intp)
        matrix[rows[columns >= 0], columns[columns >= 0]] = 1.0
        each = [_LEVEL_SD, self._slope_spread, self._series_spread, _FINDING_SD]
        spreads = np.repeat(each, [wide, wide, len(self._all_series), len(free)])
        self._free, self._start = free, start
        return matrix, 1.0 / np.square(spreads)

    def _solve(
        self, rows: pd.DataFrame, finding: npt.NDArray[np.object_], cost: Floats, used: npt.NDArray[np.bool_]
    ) -> None:
        """Solve the mixed model: fixed part by generalised least squares, anchors by their posterior."""
        used = used & (cost > self.step_ / 2)
        rows, finding, cost = rows[used], finding[used], cost[used]
        clean = rows["clean"].to_numpy(dtype=np.float64)
        matrix, prior = self._design(finding, clean, rows["series"].to_numpy(dtype=object))
        target = np.log(cost) - np.log(clean) - _LEVEL - np.array([self._expected[name] for name in finding])
        keys = [f"{device}\x1f{self._family[name]}" for device, name in zip(rows["device"], finding, strict=True)]
        codes, groups = pd.factorize(pd.Series(keys, dtype=object))
        rounding = np.sqrt(2.0) * self.step_ / np.sqrt(12.0)
        relative = np.hypot(rounding, rows["error"].to_numpy(dtype=np.float64)) / cost
        noise = self.weight_noise**2 + relative**2
        member = csr_matrix((np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=(len(groups), len(codes)))
        counts = np.bincount(codes, minlength=len(groups))
        for _ in range(_ROUNDS):
            inverse = 1.0 / noise
            shrink = 1.0 / (1.0 / self.spread_**2 + member @ inverse)
            sums = member @ (matrix * inverse[:, None])
            means = member @ (target * inverse)
            gram = (matrix * inverse[:, None]).T @ matrix - sums.T @ (sums * shrink[:, None]) + np.diag(prior)
            moment = (matrix * inverse[:, None]).T @ target - sums.T @ (means * shrink)
            covariance = np.linalg.inv(gram)
            solution = covariance @ moment
            left = target - matrix @ solution
            offset = shrink * (member @ (left * inverse))
            rest = left - offset[codes]
            least = np.maximum(self.weight_noise, scatter(left, noise, finding, codes, relative))
            # A quote that contradicts its device's others is weighted down instead of moving every ratio.
            scaled = np.abs(rest) / np.sqrt(least**2 + relative**2)
            noise = (least**2 + relative**2) * np.maximum(1.0, scaled / _HUBER)
        self._solution, self._covariance = solution, covariance
        freedom = len(rest) - float(shrink @ (member @ inverse)) - len(self._free)
        self._dispersion = dispersion(rest**2 * inverse, freedom)
        self._moves: dict[str, tuple[float, float]] = {}
        self._offset = dict(zip(groups, offset, strict=True))
        self._offset_sd = dict(zip(groups, np.sqrt(shrink), strict=True))
        self._finish(finding, groups, counts, rows, codes)
        self._move(finding, rows, cost, least)

    def _move(self, finding: npt.NDArray[np.object_], rows: pd.DataFrame, cost: Floats, noise: Floats) -> None:
        """Move the shares and, as far as the quotes allow, the weights to where values are closest."""
        clean = rows["clean"].to_numpy(dtype=np.float64)
        start = self._shares(finding, clean, rows["series"].to_numpy(dtype=object))
        start = start + np.log([self.whole_[name] for name in finding])
        price = 1.0 - cost / clean
        families = np.array([self._family[name] for name in finding], dtype=object)
        for family in self._levels:
            own = families == family
            if not own.any():
                continue
            names = [name for name in self._free if self._family[name] == family and (finding[own] == name).any()]
            flags = [np.asarray(finding[own] == name, dtype=np.float64) for name in names]
            columns = np.column_stack([np.ones(own.sum()), np.log(clean[own] / self.centre_), *flags])
            seen = [float(noise[finding == name].mean() / np.sqrt((finding[own] == name).sum())) for name in names]
            spreads = np.array([_MOVE, _MOVE, *seen])
            moves = closest(columns, start[own], price[own], spreads)
            self._moves[family] = float(moves[0]), float(moves[1])
            for name, move in zip(names, moves[2:].tolist(), strict=True):
                self._log_weights[name] += move
        self._set_weights()

    def _estimate_spreads(self) -> None:
        """Estimate the spreads that are not given, from the posterior means and variances."""
        wide, variances = len(self._levels), np.diag(self._covariance)
        offsets, sds = np.array([*self._offset.values()]), np.array([*self._offset_sd.values()])
        self.spread_ = self.anchor_spread or spread_of(offsets, sds**2, self.spread_)
        for name, place in (("slope_spread", slice(wide, 2 * wide)), ("series_spread", slice(2 * wide, self._start))):
            found = spread_of(self._solution[place], variances[place], getattr(self, f"_{name}"))
            setattr(self, f"_{name}", getattr(self, name) or found)

    def _finish(
        self,
        finding: npt.NDArray[np.object_],
        groups: Any,  # noqa: ANN401 - an index of keys
        counts: npt.NDArray[np.intp],
        rows: pd.DataFrame,
        codes: npt.NDArray[np.intp],
    ) -> None:
        logs, errors = (dict.fromkeys(self._findings, 0.0) for _ in range(2))
        for number, name in enumerate(self._free):
            logs[name] = self._expected[name] + float(self._solution[self._start + number])
            place = self._start + number
            errors[name] = float(np.sqrt(self._dispersion * self._covariance[place, place]))
        self._log_weights, self._whole_errors = logs, errors
        self._set_weights()
        seen = pd.Series(finding, dtype=object).value_counts()
        self._seen = {name: int(seen.get(name, 0)) for name in self._findings}
        first = pd.Series(np.arange(len(codes))).groupby(codes).first().to_numpy()
        clean = rows["clean"].to_numpy(dtype=np.float64)[first]
        series = rows["series"].to_numpy(dtype=object)[first]
        names = [str(group).split("\x1f") for group in groups]
        bases = np.array([self._bases[family] for _, family in names], dtype=object)
        base = self._shares(bases, clean, series)
        offsets, sds = np.array([*self._offset.values()]), np.array([*self._offset_sd.values()])
        anchor = clean * np.exp(base + offsets)
        self._anchor_log = dict(zip(groups, np.log(anchor), strict=True))
        self.anchors_ = pd.DataFrame(
            {
                "device": [device for device, _ in names],
                "anchor": [family for _, family in names],
                "amount": anchor,
                "low": anchor * np.exp(-NORMAL_95 * sds),
                "high": anchor * np.exp(NORMAL_95 * sds),
                "n": counts,
                "clean": clean,
            }
        ).set_index(["device", "anchor"])

    def _set_weights(self) -> None:
        """Turn logarithms into weights that rise with severity."""
        logs = dict(self._log_weights)
        for scale in self.scales:
            make_monotone(scale, logs, self._whole_errors)
        self.whole_ = {name: float(np.exp(value)) for name, value in logs.items()}

    def _shares(self, finding: npt.NDArray[np.object_], clean: Floats, series: npt.NDArray[np.object_]) -> Floats:
        """Return the log-share of the price that a finding takes if no anchor is known, without its weight."""
        bases = np.array([self._bases[self._family[name]] for name in finding], dtype=object)
        matrix, _ = self._design(bases, clean, series)
        share: Floats = matrix @ self._solution + _LEVEL
        return share

    def _attributed(self, rows: pd.DataFrame) -> tuple[npt.NDArray[np.object_], Floats, npt.NDArray[np.bool_]]:
        """Assign each row's cost to the least known group, after subtracting the cost of the others."""
        worst, costs = self._dearest(rows)
        apart = {family for _, family in self.anchors_.index}
        overlaps = {*self._told, *map(frozenset, self.overlaps)}
        finding, left, used = [], [], []
        for names, parts, cost, device in zip(worst, costs, rows["cost"], rows["device"], strict=True):
            # First a family without any quote, then one whose anchor this device's quotes do not determine.
            families = [self._family[name] for name in names]
            known = [(family in apart, f"{device}\x1f{family}" in self._anchor_log) for family in families]
            dear = min(range(len(names)), key=lambda slot: (*known[slot], -parts[slot]))
            rest = cost - (sum(parts) - parts[dear])
            finding.append(names[dear])
            left.append(max(rest, self.step_))
            overlap = any(pair <= {self._component[name] for name in names} for pair in overlaps)
            used.append(len(names) == 1 or (not overlap and rest > 0.2 * cost))
        return np.array(finding, dtype=object), np.array(left), np.array(used, dtype=bool)

    def _dearest(self, rows: pd.DataFrame) -> tuple[list[list[str]], list[list[float]]]:
        """Return the dearest finding of each component of each row, and its cost on that device.

        A finding whose family has no quotes is the dearest if no other one explains the cost of the row.
        """
        at, flat, logs, _ = self._flat(rows, self.whole_)
        costs = rows["clean"].to_numpy(dtype=np.float64)[at] * np.exp(logs)
        is_told = np.isin([self._family[name] for name in flat], self.anchors_.index.get_level_values("anchor"))
        ranks = np.where(is_told, costs, rows["cost"].to_numpy(dtype=np.float64)[at])
        best: list[dict[str, tuple[float, float, str]]] = [{} for _ in range(len(rows))]
        for row, name, cost, rank in zip(at.tolist(), flat.tolist(), costs.tolist(), ranks.tolist(), strict=True):
            component = self._component[name]
            if component not in best[row] or rank > best[row][component][0]:
                best[row][component] = rank, cost, name
        names = [[name for _, _, name in found.values()] for found in best]
        return names, [[cost for _, cost, _ in found.values()] for found in best]

    def _flat(
        self, rows: pd.DataFrame, weights: Mapping[str, float]
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.object_], Floats, Floats]:
        """Return each finding's row, its name, the logarithm of its share of the price, and the variance of that."""
        at = np.repeat(np.arange(len(rows)), [len(names) for names in rows["named"]])
        flat = np.array([name for names in rows["named"] for name in names], dtype=object)
        clean = rows["clean"].to_numpy(dtype=np.float64)[at]
        series, devices = (rows[name].to_numpy(dtype=object)[at] for name in ("series", "device"))
        share, sd = self._logs(flat, clean, series, devices)
        return at, flat, share + np.log(np.array([weights[name] for name in flat], dtype=np.float64)), sd

    def _logs(
        self,
        finding: npt.NDArray[np.object_],
        clean: Floats,
        series: npt.NDArray[np.object_],
        devices: npt.NDArray[np.object_],
    ) -> tuple[Floats, Floats]:
        """Return the log-ratio of each finding's anchor to the price, and its variance."""
        keys = [f"{device}\x1f{self._family[name]}" for device, name in zip(devices, finding, strict=True)]
        # An anchor is an amount: it does not follow a later change of the clean price.
        anchor = np.array([self._anchor_log.get(key, np.nan) for key in keys], dtype=np.float64) - np.log(clean)
        moved = np.array([self._moves.get(self._family[name], (0.0, 0.0)) for name in finding]).reshape(-1, 2)
        share = self._shares(finding, clean, series) + moved[:, 0] + moved[:, 1] * np.log(clean / self.centre_)
        share = np.where(np.isnan(anchor), share, anchor)
        sd = np.array([self._offset_sd.get(key, self.spread_) for key in keys])
        return share, sd

    def _fit_overlaps(self, rows: pd.DataFrame) -> None:
        """Fit by least squares the counted share of the smaller of two overlapping components."""
        worst, costs = self._dearest(rows)
        for pair in self.overlaps:
            smaller, above = [], []
            for names, parts, cost in zip(worst, costs, rows["cost"], strict=True):
                by = {self._component[name]: part for name, part in zip(names, parts, strict=True)}
                if set(pair) <= by.keys():
                    one, other = by[pair[0]], by[pair[1]]
                    smaller.append(min(one, other))
                    above.append(cost - (sum(parts) - min(one, other)))
            if smaller:
                small, extra = np.array(smaller), np.array(above)
                part = float(np.clip((small @ extra) / (small @ small), 0.0, 1.0))
                left = extra - part * small
                error = float(np.sqrt((left @ left) / max(len(small) - 1, 1) / (small @ small)))
                self.overlap_[pair] = (part, error, len(small))

    # Predicting.

    def _rows(self, data: pd.DataFrame) -> pd.DataFrame:
        fitted(self, "weights_")
        clean_col, findings_col, device_col, series_col = self.columns_
        data = as_frame(data, (clean_col, findings_col, device_col, series_col), "DeductionModel.predict")
        series = np.full(len(data), "", dtype=object) if series_col is None else words(data, series_col)
        rows = pd.DataFrame(
            {
                "device": words(data, device_col),
                "series": series,
                "clean": numbers(data, clean_col, above=0),
            }
        )
        rows["named"] = self._parsed(data, findings_col)
        return rows

    def predict(self, data: pd.DataFrame) -> pd.Series[float]:
        """Return the predicted quote of each device, aligned to the index, in whole steps.

        It is the clean price times the share kept by the worst grade, less the dearest finding of each component: as
        `fit_programme` writes it and its programme pays it.

        Args:
            data: the columns of `fit`, except the price.
        """
        rows = self._rows(data)
        return pd.Series(self._values(rows, self._flat(rows, self.weights_), 0.0), index=data.index, name="price")

    def predict_interval(self, data: pd.DataFrame) -> pd.DataFrame:
        """Return price, low and high: an 80 % band from the variance of each device's anchor."""
        rows = self._rows(data)
        flat = self._flat(rows, self.weights_)
        price, low, high = (self._values(rows, flat, away) for away in (0.0, _TENTH, -_TENTH))
        return pd.DataFrame({"price": price, "low": low, "high": high}, index=data.index)

    def _values(
        self,
        rows: pd.DataFrame,
        flat: tuple[npt.NDArray[np.intp], npt.NDArray[np.object_], Floats, Floats],
        away: float,
    ) -> Floats:
        """Return the values of rows with every anchor moved by a number of standard deviations."""
        at, names, logs, sds = flat
        clean = rows["clean"].to_numpy(dtype=np.float64)
        place = {component: number for number, component in enumerate(self._groups)}
        costs, kept = np.zeros((len(rows), len(place))), np.ones(len(rows))
        columns = np.array([place[self._component[name]] for name in names], dtype=np.intp)
        np.maximum.at(costs, (at, columns), np.exp(logs + away * sds))
        np.minimum.at(kept, at, np.array([self.keeps_[name] for name in names], dtype=np.float64))
        cost = costs.sum(axis=1)
        fit = {frozenset(pair): part for pair, (part, _, _) in self.overlap_.items()}
        for pair, part in {**self._told, **fit}.items():
            one, other = (place.get(component) for component in pair)
            if one is not None and other is not None:
                cost = cost - (1 - part) * np.minimum(costs[:, one], costs[:, other])
        # Rounded once: the quote of a clean device is at least its price.
        least = np.array([self._floors.get(device, self.scrap) for device in rows["device"]])
        value = np.minimum(np.maximum(clean * (kept - cost), least), clean)
        rounded: Floats = np.round(value / self.step_) * self.step_ if self.step_ else value
        return rounded

    def anchor(self, data: pd.DataFrame, family: str) -> pd.DataFrame:
        """Return the anchor of a family for each device: amount, low, high, and whether its quotes determine it.

        Args:
            data: `device` and clean price, and the series if there is one, in the columns of `fit`.
            family: the family, as in the scales.
        """
        fitted(self, "weights_")
        check({"family": family}, {"family": one_of(*self._levels, *self.joined_)})
        family = self.joined_.get(family, family)
        clean_col, findings_col, device_col, series_col = self.columns_
        data = as_frame(data, (clean_col, device_col, series_col), "DeductionModel.anchor")
        rows = self._rows(data.drop(columns=findings_col, errors="ignore").assign(**{findings_col: CLEAN}))
        clean = rows["clean"].to_numpy(dtype=np.float64)
        base = np.full(len(rows), self._bases[family], dtype=object)
        devices = rows["device"].to_numpy(dtype=object)
        log, sd = self._logs(base, clean, rows["series"].to_numpy(dtype=object), devices)
        amount = clean * np.exp(log)
        observed = [f"{device}\x1f{family}" in self._anchor_log for device in devices]
        bounds = {"low": amount * np.exp(-NORMAL_95 * sd), "high": amount * np.exp(NORMAL_95 * sd)}
        return pd.DataFrame({"amount": amount, **bounds, "observed": observed}, index=data.index)

    @property
    def summary(self) -> pd.DataFrame:
        """Every weight with its error, 95 % bounds and n, and its share of the price of a phone of the middle price.

        Raises:
            NotFitted: before `fit`.
        """
        weights: dict[str, float] = fitted(self, "weights_")
        level = {family: float(self._solution[number]) + _LEVEL for number, family in enumerate(self._levels)}
        rows = []
        for name, weight in weights.items():
            error = self._errors[name]
            bounds = (weight * np.exp(-NORMAL_95 * error), weight * np.exp(NORMAL_95 * error))
            share = weight * float(np.exp(level[self._family[name]]))
            rows.append((name, self._family[name], weight, weight * error, *bounds, self._seen[name], share))
        columns = ["finding", "anchor", "weight", "se", "low", "high", "n", "share"]
        return pd.DataFrame(rows, columns=columns).set_index("finding")
