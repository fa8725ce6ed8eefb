"""Synthetic markets with a known truth: for notebooks, for examples, and to test that a fit recovers the truth.

Nothing here is an observed price. Every maker takes a seed and always makes the same rows; its
true parameters are in ``frame.attrs["truth"]``.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from miexchange._value import instant
from miexchange.errors import out_of_range
from miexchange.programme import Programme
from miexchange.tuning._arguments import (
    DATE,
    INSTANT,
    SEED,
    TEXT,
    Rule,
    each,
    instance,
    mapping,
    maybe,
    one_by_one,
    real,
    takes,
    together,
    whole,
)
from miexchange.tuning.scales import Scale

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from miexchange.condition import Question
    from miexchange.programme import ExchangeRules, Terms

__all__ = [
    "simulate_book",
    "simulate_deals",
    "simulate_inspections",
    "simulate_lists",
    "simulate_market",
    "simulate_observations",
    "simulate_offers",
    "simulate_panel",
    "simulate_quotes",
]

_BRANDS = ("Apple", "Google", "Motorola", "OnePlus", "Oppo", "Samsung", "Vivo", "Xiaomi")
_SCALES = (
    Scale("glass", "display", ("light_scratches", "heavy_scratches", "cracked_glass")),
    Scale("image", "display", ("faint_marks", "display_lines")),
    Scale("body", "body", ("body_scratches", "body_dents")),
    Scale("ports", "ports", ("charging_fault",)),
)
_WEIGHTS = {
    "light_scratches": 0.30,
    "heavy_scratches": 1.0,
    "cracked_glass": 2.02,
    "faint_marks": 0.5,
    "display_lines": 1.0,
    "body_scratches": 1.0,
    "body_dents": 1.65,
    "charging_fault": 1.0,
}
_SHARES = {"glass": 0.16, "image": 0.45, "body": 0.06, "ports": 0.06}


_MOST_ROWS = 10_000_000
_YEARS_ON = 3_653  # days after the last price


class _Truth(dict[str, Any]):
    """The true parameters of the rows. pandas copies the attributes of a frame at every step, but not this one."""

    def __deepcopy__(self, memo: object) -> _Truth:
        """Return itself: it is never changed."""
        return self


_ROWS = Rule(whole(1, _MOST_ROWS).fits, f"give how many rows to make: one or more, up to {_MOST_ROWS:,}")
_NOISE = real(least=0, below=10)
_SHARE = Rule(lambda share: real(least=0).fits(share) and share <= 1, "give a share from 0 to 1")
_PROGRAMME = instance(Programme)


@takes(
    rows=_ROWS,
    seed=SEED,
    rates=each(real(least=0, below=10)),
    knots=each(real(above=0), "give months above 0, rising"),
    brand_spread=_NOISE,
    noise=_NOISE,
)
def simulate_market(
    rows: int,
    *,
    seed: int,
    rates: Sequence[float] = (0.045, 0.03, 0.02, 0.012),
    knots: Sequence[float] = (6.0, 12.0, 24.0),
    brand_spread: float = 0.06,
    noise: float = 0.08,
) -> pd.DataFrame:
    """Make used prices of a known depreciation curve.

    Args:
        rows: the number of rows.
        seed: the seed; the same one gives the same rows.
        rates: the monthly fall of the logarithm of a price, in each stretch of age.
        knots: where the stretches end, in months.
        brand_spread: the standard deviation of the brands' offsets.
        noise: the standard deviation of a price around the curve, on the logarithm.

    Returns:
        ``price``, ``age_months``, ``new_price`` (rupees), ``brand``, ``launch_year``.

    >>> simulate_market(2, seed=1).columns.to_list()
    ['price', 'age_months', 'new_price', 'brand', 'launch_year']
    """
    if len(rates) != len(knots) + 1 or sorted(set(knots)) != [*knots]:
        rule = f"give {len(rates) - 1} months, rising: one less than rates"
        raise out_of_range("knots", knots, rule, f"is {[*knots]}")
    make = np.random.default_rng(seed)
    offsets = make.normal(0, brand_spread, len(_BRANDS))
    offsets -= offsets.mean()
    brand = make.integers(0, len(_BRANDS), rows)
    age = make.uniform(0, 48, rows)
    new_price = np.exp(make.normal(np.log(20_000), 0.6, rows))
    starts = np.array([0.0, *knots])
    passed = np.clip(age[:, None] - starts, 0, np.diff([*starts, np.inf]))
    level, slope = 0.70, 0.04
    log_price = (
        np.log(level)
        + np.log(new_price)
        + slope * (np.log(new_price) - np.log(20_000))
        - passed @ np.asarray(rates)
        + offsets[brand]
    )
    price = np.exp(log_price + make.normal(0, noise, rows))
    frame = pd.DataFrame(
        {
            "price": price.round(2),
            "age_months": age.round(2),
            "new_price": new_price.round(2),
            "brand": np.array(_BRANDS)[brand],
            "launch_year": 2026 - np.ceil(age / 12).astype(int),
        }
    )
    frame.attrs["truth"] = _Truth({"rates": tuple(rates), "brands": dict(zip(_BRANDS, offsets.tolist(), strict=True))})
    return frame


_FIRST, _SOLD_ON = 2018, (9, 20)  # the year of the first launch, and the day of the year on which models come out
_EVERY, _MEAN_MONTH, _OF_A_YEAR = 15, 30.4375, 12


@takes(years=whole(2, 20), models=whole(1, 1_000), seed=SEED, rate=_NOISE, step=_NOISE, season=_NOISE, noise=_NOISE)
def simulate_lists(
    years: int,
    *,
    seed: int,
    models: int = 4,
    rate: float = 0.01,
    step: float = 0.15,
    season: float = 0.03,
    noise: float = 0.02,
) -> pd.DataFrame:
    """Make a buyer's lists, on the 15th of each month, of a line whose models come out each 20 September.

    Args:
        years: the number of launches, the first in 2018; lists begin with the second year.
        seed: the seed; the same one gives the same rows.
        models: the number of models of each launch.
        rate: the monthly fall of the logarithm of a price.
        step: the further fall at the launch of each successor.
        season: the excess of prices over the year's mean in July, and their deficit in January.
        noise: the standard deviation of a price around that, on the logarithm.

    Returns:
        ``price`` (rupees), ``on``, ``age_months``, ``model`` and ``line``; the truth has the days of the ``launches``.

    >>> rows = simulate_lists(3, seed=1)
    >>> rows.columns.to_list(), rows.attrs["truth"]["launches"]["Phone"][:2]
    (['price', 'on', 'age_months', 'model', 'line'], [datetime.date(2018, 9, 20), datetime.date(2019, 9, 20)])
    """
    make = np.random.default_rng(seed)
    came = [date(_FIRST + year, *_SOLD_ON) for year in range(years)]
    first = np.datetime64(f"{_FIRST + 1}-01", "M")
    lists = (first + np.arange(_OF_A_YEAR * (years - 1))).astype("datetime64[D]") + (_EVERY - 1)
    level = make.normal(np.log(40_000), 0.3, (years, models))
    rows = [
        (generation, number, day)
        for generation in range(years)
        for number in range(models)
        for day in lists
        if day >= np.datetime64(came[generation])
    ]
    generation, number, day = (np.array(column) for column in zip(*rows, strict=True))
    born = np.array(came, dtype="datetime64[D]")
    age = (day - born[generation]).astype(np.float64) / _MEAN_MONTH
    successors = np.searchsorted(born, day, side="right") - 1 - generation
    month = day.astype("datetime64[M]").astype(np.int64) % _OF_A_YEAR
    log = level[generation, number] - rate * age - step * successors - season * np.cos(2 * np.pi * month / _OF_A_YEAR)
    frame = pd.DataFrame(
        {
            "price": np.exp(log + make.normal(0, noise, len(log))).round(2),
            "on": day.astype("datetime64[s]"),
            "age_months": age.round(2),
            "model": [f"No {one + 1} of {_FIRST + year}" for year, one in zip(generation, number, strict=True)],
            "line": "Phone",
        }
    )
    frame.attrs["truth"] = _Truth({"rate": rate, "step": step, "season": season, "launches": {"Phone": came}})
    return frame


@takes(devices=_ROWS, seed=SEED, spread=_NOISE, noise=_NOISE, step=real(above=0))
def simulate_quotes(
    devices: int, *, seed: int, spread: float = 0.25, noise: float = 0.007, step: float = 10.0
) -> tuple[pd.DataFrame, tuple[Scale, ...]]:
    """Make condition quotes of known weights and anchors.

    Args:
        devices: the number of devices.
        seed: the seed.
        spread: the standard deviation of anchors of devices of one price, on the logarithm.
        noise: the standard deviation of a quote's deduction around weight times anchor, on the logarithm.
        step: the rounding step of the quotes, in rupees.

    Returns:
        The quotes (``device``, ``clean``, ``price``, ``findings``) and the scales of their findings.

    >>> quotes, scales = simulate_quotes(3, seed=1)
    >>> quotes.columns.to_list()
    ['device', 'clean', 'price', 'findings']
    """
    make = np.random.default_rng(seed)
    rows: list[tuple[str, float, float, str]] = []
    anchors: dict[tuple[str, str], float] = {}
    for number in range(devices):
        device = f"device-{number:04d}"
        clean = float(np.round(np.exp(make.normal(np.log(18_000), 0.7)) / step) * step)
        for family, share in _SHARES.items():
            anchors[device, family] = share * clean * float(np.exp(make.normal(0, spread)))
        rows.append((device, clean, clean, "clean"))
        for scale in make.choice(len(_SCALES), size=2, replace=False):
            findings = _SCALES[scale].findings
            picked = make.choice(len(findings), size=min(2, len(findings)), replace=False)
            for one in sorted(picked):
                cost = anchors[device, _SCALES[scale].anchor] * _WEIGHTS[findings[one]]
                cost *= float(np.exp(make.normal(0, noise)))
                price = max(round((clean - cost) / step) * step, step)
                if price < clean:
                    rows.append((device, clean, price, findings[one]))
    frame = pd.DataFrame(rows, columns=["device", "clean", "price", "findings"])
    frame.attrs["truth"] = _Truth({"weights": dict(_WEIGHTS), "anchors": anchors})
    return frame, _SCALES


@takes(
    programme=_PROGRAMME,
    rows=_ROWS,
    seed=SEED,
    models=maybe(whole(1)),
    begin=maybe(DATE),
    end=maybe(DATE),
    noise=_NOISE,
    graded=instance(bool),
)
def simulate_observations(
    programme: Programme,
    rows: int,
    *,
    seed: int,
    models: int | None = None,
    begin: date | None = None,
    end: date | None = None,
    noise: float = 0.06,
    graded: bool = False,
) -> pd.DataFrame:
    """Make market observations around a programme's own prices.

    Args:
        programme: the programme whose prices are the truth.
        rows: the number of rows.
        seed: the seed.
        models: the number of its priced models that occur; None for all.
        begin: the first day; by default that of its first price.
        end: the last day; by default 30 days after that of its last price.
        noise: the standard deviation of a price around the truth, on the logarithm.
        graded: whether devices are of all grades of the first terms, or clean and without a grade.

    Returns:
        The columns that `Observations.read` takes: a listing, a quote or a deal in each row.
    """
    make = np.random.default_rng(seed)
    prices = programme.prices
    if not prices:
        rule = "give one with prices, around which observations are made"
        raise out_of_range("programme", programme.id, rule, which="has no prices")
    known = sorted({price.model for price in prices})
    if models is not None:
        known = sorted(make.choice(known, size=min(models, len(known)), replace=False).tolist())
    starts = sorted(price.effective_from.astimezone(programme.zone).date() for price in prices)
    begin, end = begin or starts[0], end or starts[-1] + timedelta(days=30)
    if not starts[0] <= begin <= end <= starts[-1] + timedelta(days=_YEARS_ON):
        rule = f"give days in order, from {starts[0]}, on which the programme has prices"
        raise out_of_range("begin", begin, rule, f"is {begin}, and end is {end}")
    days = make.integers(0, (end - begin).days + 1, rows)
    chosen = make.integers(0, len(known), rows)
    grades = programme.terms[0].grades
    grade = make.integers(0, len(grades), rows) if graded else np.zeros(rows, dtype=np.int64)
    amounts: dict[tuple[int, int], int] = {}
    for model, day in {*zip(chosen.tolist(), days.tolist(), strict=True)}:
        at = datetime.combine(begin + timedelta(days=day), time(12), programme.zone)
        price = programme.prices.as_of(known[model], at)
        amounts[model, day] = 0 if price is None else price.price_minor
    truth = np.array([amounts[key] for key in zip(chosen.tolist(), days.tolist(), strict=True)], dtype=np.float64)
    kept = np.array([one.keep_bps for one in grades])[grade] / 10_000
    observed = truth * kept * np.exp(make.normal(0, noise, rows))
    frame = pd.DataFrame(
        {
            "model": np.array(known, dtype=object)[chosen],
            "price_minor": np.maximum(np.round(observed / 1000) * 1000, 1000).astype(np.int64),
            "on": [begin + timedelta(days=day) for day in days.tolist()],
            "kind": make.choice(["listing", "quote", "deal"], rows, p=[0.3, 0.3, 0.4]),
            "source": [f"simulated {number}" for number in range(rows)],
        }
    )
    if graded:
        frame["grade"] = [grades[step].id for step in grade.tolist()]
    frame = frame[truth > 0].reset_index(drop=True)
    frame.attrs["truth"] = _Truth({"programme": programme.id, "noise": noise})
    return frame


@takes(programme=_PROGRAMME, rows=_ROWS, seed=SEED, at=INSTANT, faults=_SHARE, models=maybe(whole(1)))
def simulate_book(
    programme: Programme, rows: int, *, seed: int, at: datetime, faults: float = 0.15, models: int | None = None
) -> pd.DataFrame:
    """Make a book of devices with their answers, as `backtest` and `compare` take it.

    Args:
        programme: the programme with the models and questions.
        rows: the number of devices.
        seed: the seed.
        at: the instant of their valuation.
        faults: the probability that an answer is not the best one.
        models: the number of its listed models that occur; None for all.

    Returns:
        ``model``, ``purchased_on``, and a column for each question; one that the terms in force do not ask, or not of
        a model, is left empty. ``customer`` where the terms pay by class.
    """
    make = np.random.default_rng(seed)
    terms = programme.terms_at(at)
    on = instant(at, "at").astimezone(programme.zone).date()
    listed = sorted({one.model for one in programme.eligible if programme.eligible.as_of(one.model, on)})
    if terms is None or not listed:
        which = "is before the programme's terms, or lists no model"
        raise out_of_range("at", at, "give an instant at which the programme takes models", which=which)
    if models is not None:
        listed = sorted(make.choice(listed, size=min(models, len(listed)), replace=False).tolist())
    chosen = make.integers(0, len(listed), rows)
    bought = make.integers(0, 1000, rows)
    columns: dict[str, Any] = {
        "model": np.array(listed, dtype=object)[chosen],
        "purchased_on": np.array([on - timedelta(days=day) for day in range(1000)], dtype=object)[bought],
    }
    variants = [programme.catalogue.by_model[model] for model in listed]
    for question in terms.questionnaire.questions:
        options = [option.id for option in question.options if not option.gate]
        answers = np.array([*options, None], dtype=object)
        worse = make.random(rows) < faults
        answer = np.where(worse & (len(options) > 1), make.integers(0, len(options), rows), 0)
        asked = np.array([terms.questionnaire.may_ask(question, variant) for variant in variants])[chosen]
        if question.asked_after:
            asked &= np.isin(columns[question.asked_after], question.asked_answers)
        columns[question.id] = answers[np.where(asked, answer, -1)]
    for name, choices in terms.questionnaire.several.items():
        columns[name] = together([columns.pop(one.id) for one in choices])
    asked_ever = (one.asked_as for terms_ in programme.terms for one in terms_.questionnaire.questions)
    columns |= {name: np.full(rows, None) for name in dict.fromkeys(asked_ever) if name not in columns}
    for name, labels in terms.labels_told.items():
        columns[name] = np.array(labels, dtype=object)[make.integers(0, len(labels), rows)]
    return pd.DataFrame(columns)


@takes(programme=_PROGRAMME, rows=_ROWS, seed=SEED, at=INSTANT, noise=_NOISE, faults=_SHARE, models=maybe(whole(1)))
def simulate_deals(
    programme: Programme,
    rows: int,
    *,
    seed: int,
    at: datetime,
    noise: float = 0.04,
    faults: float = 0.15,
    models: int | None = None,
) -> pd.DataFrame:
    """Make settled deals: a book, each row paid the programme's value with some noise.

    Args:
        programme: the programme whose values are the truth.
        rows: the number of rows.
        seed: the seed.
        at: the instant of the deals.
        noise: the standard deviation of the payment around the value, on the logarithm.
        faults: as in `simulate_book`.
        models: as in `simulate_book`.

    Returns:
        The book's columns, and `price_minor`. Devices that the programme refuses are left out.
    """
    from miexchange.tuning._book import valued  # noqa: PLC0415 - only this maker values anything

    book = simulate_book(programme, rows, seed=seed, at=at, faults=faults, models=models)
    value = valued(book, programme, at, ["exchange_value_minor"])["exchange_value_minor"].to_numpy(
        dtype=np.float64, na_value=np.nan
    )
    paid = value * np.exp(np.random.default_rng(seed + 1).normal(0, noise, len(book)))
    price = np.maximum(np.round(np.nan_to_num(paid, nan=1000.0) / 1000) * 1000, 1000).astype(np.int64)
    deals: pd.DataFrame = book.assign(price_minor=price)[np.isfinite(value)].reset_index(drop=True)
    return deals


_BIAS = Rule(lambda share: real(least=-1).fits(share) and share <= 1, "give a share from -1 to 1")
_STAFF = whole(1, 10_000)


@takes(
    programme=_PROGRAMME,
    rows=_ROWS,
    seed=SEED,
    at=INSTANT,
    bias=maybe(mapping(TEXT, _BIAS)),
    error=_SHARE,
    spread=_NOISE,
    faults=_SHARE,
    declines=_SHARE,
    stores=_STAFF,
    inspectors=_STAFF,
    again=_SHARE,
    models=maybe(whole(1)),
)
def simulate_inspections(
    programme: Programme,
    rows: int,
    *,
    seed: int,
    at: datetime,
    bias: Mapping[str, float] | None = None,
    error: float = 0.02,
    spread: float = 0.5,
    faults: float = 0.15,
    declines: float = 0.1,
    stores: int = 40,
    inspectors: int = 2,
    again: float = 0.0,
    models: int | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make inspections at the doors of some stores, as `paid_as_quoted` takes them, of questions that mislead.

    Args:
        programme: the programme with the models, questions and rules of exchange.
        rows: the number of phones brought.
        seed: the seed.
        at: the instant of the quotes.
        bias: how far a question misleads, by its id: the share of phones with a worse answer whose owners give the best
            one; or below 0, the share of phones with the best answer whose owners give the next.
        error: the probability that an answer is one step off, for customers and inspectors alike.
        spread: the scatter of that probability over inspectors, and over their stores: a standard deviation on the
            logarithm. Each has a bias: some are strict, some lenient.
        faults: as in `simulate_book`.
        declines: the share of customers who decline a re-quote.
        stores: the number of stores.
        inspectors: the number of inspectors of each store.
        again: the share of phones at which a second inspector of the store looks as well; it takes two.
        models: as in `simulate_book`.

    Returns:
        The inspections, and the second looks. Phones that the programme does not value are left out.

    Raises:
        InvalidValue: an argument is invalid, or the programme has no such question.
    """
    from miexchange.tuning._book import valued  # noqa: PLC0415 - as in simulate_deals
    from miexchange.tuning.inspections import SEEN  # noqa: PLC0415 - as above

    book = simulate_book(programme, rows, seed=seed, at=at, faults=faults, models=models)
    make = np.random.default_rng([seed, 1])
    planted, terms = dict(bias or {}), programme.terms_at(at)
    assert terms is not None  # noqa: S101 - simulate_book refuses an instant without
    asked = one_by_one(terms.questionnaire)
    if unknown := [*planted.keys() - set(asked)]:
        rule = f"give questions of the programme: {', '.join(asked)}"
        raise out_of_range("bias", min(unknown), rule, which="is none")
    if again and inspectors == 1:
        raise out_of_range("again", again, "give two or more inspectors in each store, or 0", "needs another inspector")
    store = make.integers(0, stores, rows)
    first = make.integers(0, inspectors, rows)
    second = (first + make.integers(1, max(inspectors, 2), rows)) % inspectors
    errs = error * np.exp(make.normal(0, spread, (stores, 1)) + make.normal(0, spread, (stores, inspectors)))
    strict = make.random((stores, inspectors))
    said, seen, seen_again = book.copy(), book.copy(), book.copy()
    for question in terms.questionnaire.questions:
        options = [option.id for option in question.options if not option.gate]
        truth = pd.Categorical(book[question.id], categories=options).codes.astype(np.int64)
        misleads, share = planted.get(question.id, 0.0), make.random(rows)
        led = np.where((truth > 0) & (share < misleads), 0, truth)
        led = np.where((truth == 0) & (share < -misleads), 1, led)
        looks = [_stepped(make, led, np.full(rows, error), np.full(rows, 0.5), len(options))]
        looks += [_stepped(make, truth, errs[store, who], strict[store, who], len(options)) for who in (first, second)]
        for frame, look in zip((said, seen, seen_again), looks, strict=True):
            place = np.where(truth < 0, -1, look)
            if question.asked_after:  # shown after this look at an earlier question only: its best answer
                asked_there = frame[question.asked_after].isin(question.asked_answers)
                is_asked = asked_there & _may_ask(question, terms, book, programme)
                place = np.where(is_asked, np.maximum(place, 0), -1)
            frame[question.id] = np.array([*options, None], dtype=object)[place]
    worths = (valued(frame, programme, at)["coupon_value_minor"].fillna(0) for frame in (said, seen))
    quoted, worth = (one.to_numpy(dtype=np.int64) for one in worths)
    declined, looked_again = make.random(rows) < declines, make.random(rows) < again
    taken = (quoted > 0) & (worth > 0)
    names = {
        "exchange": [f"exchange {number}" for number in range(rows)],
        "store": [f"store {number}" for number in store.tolist()],
    }
    inspections = said.assign(
        **names,
        inspector=_staff(store, first),
        quoted_minor=quoted,
        paid_minor=_paid(quoted, worth, declined, terms.exchange),
    )
    inspections = inspections.join(seen[asked].add_prefix(SEEN))[taken].reset_index(drop=True)
    looks_again = pd.DataFrame({**names, "inspector": _staff(store, second)}).join(seen_again[asked].add_prefix(SEEN))
    looks_again = looks_again[taken & looked_again].reset_index(drop=True)
    inspections.attrs["truth"] = _Truth({"programme": programme.id, "bias": planted, "error": error, "spread": spread})
    return inspections, looks_again


def _may_ask(question: Question, terms: Terms, book: pd.DataFrame, programme: Programme) -> pd.Series[bool]:
    """Tell for each row whether the question is asked of its model, whatever the answers."""
    variants = {model: programme.catalogue.by_model[model] for model in book["model"].unique()}
    asked = {model: terms.questionnaire.may_ask(question, variant) for model, variant in variants.items()}
    found: pd.Series[bool] = book["model"].map(asked)
    return found


def _stepped(
    make: np.random.Generator,
    answers: npt.NDArray[np.int64],
    errs: npt.NDArray[np.float64],
    strict: npt.NDArray[np.float64],
    options: int,
) -> npt.NDArray[np.int64]:
    """Move some answers by one step, to the worse side as often as their inspector is strict."""
    step = np.where(make.random(len(answers)) < strict, 1, -1)
    moved = np.where(make.random(len(answers)) < errs, answers + step, answers)
    found: npt.NDArray[np.int64] = np.clip(moved, 0, options - 1)
    return found


def _staff(store: npt.NDArray[np.int64], who: npt.NDArray[np.int64]) -> list[str]:
    return [f"inspector {one}-{other}" for one, other in zip(store.tolist(), who.tolist(), strict=True)]


def _paid(
    quoted: npt.NDArray[np.int64],
    worth: npt.NDArray[np.int64],
    declined: npt.NDArray[np.bool_],
    rules: ExchangeRules | None,
) -> npt.NDArray[np.int64]:
    """Return the payment by the rules of an exchange; without such rules, the lower of both values."""
    if rules is None:
        return np.minimum(quoted, worth)
    honoured = [rules.honours(said - seen, said) for said, seen in zip(quoted.tolist(), worth.tolist(), strict=True)]
    back = [rules.sends_back(seen, said) for said, seen in zip(quoted.tolist(), worth.tolist(), strict=True)]
    lost = np.asarray(back, dtype=bool) | (declined & (rules.mismatch == "difference"))
    found: npt.NDArray[np.int64] = np.where(honoured, quoted, np.where(lost, 0, worth))
    return found


@takes(
    rows=_ROWS,
    seed=SEED,
    level=real(least=-20, below=20),
    slope=real(above=0, below=200),
    step_minor=whole(1, 10**9),
)
def simulate_offers(
    rows: int, *, seed: int, level: float = 3.0, slope: float = 12.0, step_minor: int = 1_000
) -> pd.DataFrame:
    """Make offers, accepted and declined, of a known acceptance curve, as `AcceptanceModel` takes them.

    Offers are 60 to 100 % of the market price, at random, in whole steps.

    Args:
        rows: the number of offers.
        seed: the seed; the same one gives the same rows.
        level: the log-odds that an offer at the market price is accepted.
        slope: the change of the log-odds with the logarithm of offer over market.
        step_minor: the step of the offers.

    Returns:
        `market_minor`, `resale_minor` (5 to 15 % above it), `offer_minor`, `accepted`.

    >>> simulate_offers(2, seed=1).columns.to_list()
    ['market_minor', 'resale_minor', 'offer_minor', 'accepted']
    """
    make = np.random.default_rng(seed)
    market = np.round(np.exp(make.normal(np.log(1_200_000), 0.5, rows)))
    offer = np.maximum(np.round(market * make.uniform(0.6, 1.0, rows) / step_minor), 1) * step_minor
    odds = level + slope * np.log(offer / market)
    found = pd.DataFrame(
        {
            "market_minor": market.astype(np.int64),
            "resale_minor": np.round(market * make.uniform(1.05, 1.15, rows)).astype(np.int64),
            "offer_minor": offer.astype(np.int64),
            "accepted": make.random(rows) < 1 / (1 + np.exp(-odds)),
        }
    )
    found.attrs["truth"] = _Truth({"level": level, "slope": slope})
    return found


@takes(
    models=whole(1, 10_000),
    days=whole(2, 10_000),
    seed=SEED,
    first=DATE,
    drift=real(least=-0.1, below=0.1),
    common=_NOISE,
    own=_NOISE,
    launches=each(DATE),
    launch_step=real(least=-2, below=2),
    launch_days=whole(1, 365),
    every=whole(1, 365),
)
def simulate_panel(
    models: int,
    days: int,
    *,
    seed: int,
    first: date = date(2018, 1, 1),
    drift: float = 0.0007,
    common: float = 0.003,
    own: float = 0.006,
    launches: Sequence[date] = (),
    launch_step: float = 0.05,
    launch_days: int = 30,
    every: int = 7,
) -> pd.DataFrame:
    """Make a panel of market prices of known drift, launches and scatter, as `LockRisk` takes it.

    Args:
        models: the number of models.
        days: the length of the panel in days.
        seed: the seed; the same one gives the same rows.
        first: its first day.
        drift: the daily fall of the logarithm of a price.
        common: the standard deviation of the common part of a daily change.
        own: the standard deviation of the individual part.
        launches: the days of launches.
        launch_step: the total further fall of the logarithm in the days after a launch.
        launch_days: the number of those days.
        every: the interval at which each model is observed, in days.

    Returns:
        `model`, `on`, `price_minor`.

    >>> simulate_panel(2, 8, seed=1).groupby("model").size().tolist()
    [2, 2]
    """
    make = np.random.default_rng(seed)
    fall = np.full(days, drift)
    for launch in launches:
        begin = (launch - first).days
        fall[max(begin, 0) : max(begin + launch_days, 0)] += launch_step / launch_days
    changes = make.normal(0, common, (days, 1)) + make.normal(0, own, (days, models)) - fall[:, None]
    paths = np.vstack([np.zeros((1, models)), np.cumsum(changes, axis=0)])[:days]
    price = np.exp(make.normal(np.log(1_500_000), 0.5, models) + paths)
    seen = np.arange(0, days, every)
    found = pd.DataFrame(
        {
            "model": np.repeat([f"model {number}" for number in range(models)], len(seen)),
            "on": np.tile(np.datetime64(first, "D") + seen, models).astype("datetime64[s]"),
            "price_minor": np.maximum(np.round(price[seen].T.ravel()), 1).astype(np.int64),
        }
    )
    found.attrs["truth"] = _Truth({"drift": drift, "launch_step": launch_step, "common": common, "own": own})
    return found
