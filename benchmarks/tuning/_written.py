"""What a written programme pays: predictions go through `fit_programme`, and then `appraise_frame`."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from miexchange import Catalogue, Currency, Programme, Questionnaire, Variant
from miexchange.batch import appraise_frame
from miexchange.money import BPS
from miexchange.tuning import CLEAN, DeductionModel, Observations, PriceTableBuilder, TuningWarning, fit_programme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["FINDINGS", "FOLDS", "base", "paid", "quiet", "unseen"]

FOLDS = 5
ON = date(2018, 6, 15)
AT = datetime(2018, 6, 16, tzinfo=UTC)
# The findings of the public condition quotes as answers of `graded-trade-in`, which has one for lines and spots.
FINDINGS = {
    "screen_scratch_light": "screen_glass=light_scratches",
    "screen_scratch_heavy": "screen_glass=deep_scratches",
    "cracked_glass": "screen_glass=cracked",
    "display_heavy_spots": "screen_image=lines_or_spots",
    "display_lines": "screen_image=lines_or_spots",
    "non_original_screen": "original_screen=not_original",
    "touch_failure": "touch=faulty",
    "body_scratch_light": "bend=small_dents",
    "body_scratch_heavy": "body=heavy_scratches",
    "body_dents_major": "bend=major_dents",
    "charging_fault": "charging_port=faulty",
    "front_camera_fault": "cameras=front_fault",
    "back_camera_fault": "cameras=back_fault",
}


@contextmanager
def quiet() -> Iterator[None]:
    """Leave warnings of small data out: a benchmark makes small data on purpose."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuningWarning)
        yield


def _step(currency: str) -> int:
    return 100 if currency == "INR" else 1  # whole rupees: in tens, a value would be rounded down once more


@cache
def base(currency: str = "INR") -> Programme:
    """Return `graded-trade-in` as this buyer has it: the questions of its findings, one grade, nothing kept back."""
    shipped = Programme.load("graded-trade-in")
    terms = shipped.terms[0]
    questions = tuple(
        replace(question, options=tuple(replace(option, grade=0) for option in question.options))
        for question in terms.questionnaire.questions
        if any(one.startswith(f"{question.id}=") for one in FINDINGS.values())
    )
    own = terms.replace(
        questionnaire=Questionnaire(terms.questionnaire.version, questions),
        grades=terms.grades[:1],
        factor_bps=BPS,
        scrap_minor=_step(currency),
        step_minor=_step(currency),
        overlaps=(),
        bonuses=(),
    )
    return replace(shipped, terms=(own,), currency=Currency(currency), price_step_minor=1)


def paid(
    prices: pd.Series[float],
    *,
    findings: pd.Series[str] | None = None,
    deductions: DeductionModel | None = None,
    series: Mapping[str, str] | None = None,
    currency: str = "INR",
) -> pd.Series[float]:
    """Return what a programme that is written of predicted clean prices pays, in units of the currency.

    Args:
        prices: the predicted price of each device, in units, by the name of the device; names may repeat.
        findings: what is wrong with each, as `DeductionModel` is told; None for nothing.
        deductions: the fitted model.
        series: the series of each device.
        currency: of the prices.
    """
    start = base(currency)
    names = pd.Series(prices.index.astype(str), index=prices.index)
    brand = min(start.brands)
    models = names.unique().tolist()
    catalogue = Catalogue.of(
        Variant(name, brand, f"No {number} of the test", "smartphone", None, 64, source="a test")
        for number, name in enumerate(models)
    )
    amounts = np.maximum(np.round(prices.to_numpy(dtype=np.float64) * 100), 1).astype(np.int64)
    seen = pd.DataFrame({"model": names.to_numpy(), "price_minor": amounts}).drop_duplicates("model")
    rows = seen.assign(on=ON - timedelta(days=1), kind="deal", source="predicted")
    with quiet(), TemporaryDirectory() as folder:
        read = Observations.read(rows, catalogue, as_of=ON, currency=currency)
        table = PriceTableBuilder(minimum=1, round_to_minor=_step(currency)).fit(read, dates=[ON], zone=start.zone)
        own = replace(start, catalogue=catalogue, brands=frozenset({brand}))
        fit = fit_programme(
            Path(folder) / "written", own, prices=table, deductions=deductions, series=series,
            id="written", title="Written", version="1", effective_from=ON,
        )  # fmt: skip
    book = pd.DataFrame({"model": names.to_numpy()})
    for question in fit.programme.terms[0].questionnaire.questions:
        book[question.id] = question.best.id
    for place, said in enumerate([] if findings is None else findings):
        for one in [] if said == CLEAN else said.split("+"):
            asked, _, option = one.partition("=")
            book.loc[place, asked] = option
    values = appraise_frame(book, fit.programme, at=AT)["exchange_value_minor"]
    return pd.Series(values.to_numpy(dtype=np.float64) / 100, index=prices.index)


def unseen(
    rows: pd.DataFrame,
    group: str,
    model: Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame],
    *,
    shuffles: int,
    currency: str = "",
) -> list[float]:
    """Return the MAPE of each shuffle in percent, of five folds that no group is in two of.

    Args:
        rows: the rows, with their ``price``.
        group: the column of what belongs together.
        model: fits the first rows and predicts a column ``price`` of the second.
        shuffles: how often the groups are dealt.
        currency: of a programme that is written of the predictions, and pays; "" for none.
    """
    groups, found = rows[group].unique(), []
    for seed in range(shuffles):
        order = np.random.default_rng(seed).permutation(len(groups)) % FOLDS
        fold = rows[group].map(dict(zip(groups, order, strict=True)))
        parts = [model(rows[fold != number], rows[fold == number])["price"] for number in range(FOLDS)]
        prices = pd.concat(parts).sort_index()
        prices = paid(prices, currency=currency) if currency else prices
        found.append(100 * float((prices / rows["price"] - 1).abs().mean()))
    return found
