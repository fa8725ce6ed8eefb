"""Compares payments with quotes after inspections at the door, and names the question to reword.

In a survey by YouGov for Vodafone UK (October 2020) a quarter of those who had traded a phone in got less than they had
been promised: https://www.techdigest.tv/2020/10/brits-miss-out-by-not-trading-in-handsets-claims-survey.html

>>> from datetime import UTC, datetime
>>> from miexchange import Programme
>>> from miexchange.tuning import paid_as_quoted, simulate_inspections
>>> programme = Programme.load("graded-trade-in")
>>> at = datetime(2018, 4, 20, tzinfo=UTC)
>>> inspections, _ = simulate_inspections(programme, 600, seed=1, at=at, bias={"screen_glass": 0.7})
>>> paid_as_quoted(inspections, programme, at=at)
<PaidAsQuoted under graded-trade-in: 600 exchanges, 83.2 % paid as quoted (95 %: 79.4 to 86.4), reword screen_glass>
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from miexchange._text import text_of
from miexchange._value import argument, elements
from miexchange.batch import columns_in
from miexchange.errors import out_of_range, shown
from miexchange.events import Inspect
from miexchange.exchange import Exchange, State
from miexchange.programme import Programme
from miexchange.tuning._arguments import (
    COLUMN,
    INSTANT,
    TEXT,
    check,
    instance,
    mapping,
    maybe,
    one_by_one,
    one_of,
    takes,
)
from miexchange.tuning._attribution import Answers, attribute
from miexchange.tuning._book import as_categories, encoded
from miexchange.tuning._checks import as_frame, minor, named_rows, warn, words
from miexchange.tuning._intervals import Estimate, cohen, fleiss, mean_of, share_of
from miexchange.tuning._report import Report, in_units

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    import numpy.typing as npt
    from matplotlib.axes import Axes

    from miexchange.money import Currency
    from miexchange.tuning._attribution import Attribution

    Codes = npt.NDArray[np.intp]
    Flags = npt.NDArray[np.bool_]
    Ints = npt.NDArray[np.int64]

__all__ = ["SEEN", "PaidAsQuoted", "agreement", "inspections_of", "paid_as_quoted"]

SEEN = "seen:"
"""The prefix of columns with an inspector's answers: `seen:screen_glass` beside the customer's `screen_glass`."""

_OUTCOMES = ("as quoted", "less", "nothing")
_OTHERS = ("other_device", "other_model")  # kinds of examinations whose answers are about another phone
_BY = ("store", "inspector", "model")
_LOOKED = ("exchange", "inspector")
_KAPPA = ("kappa", "kappa_low", "kappa_high")
_TABLE = ["n", "changed", "bias_minor", "bias_low_minor", "bias_high_minor", "total_minor", *_KAPPA]
_FEWEST = 10
"""Changed answers, or clusters, below which an interval is not meaningful."""


class PaidAsQuoted(Report):
    """Payments beside quotes, and the answers that made the difference.

    Attributes:
        name: the programme.
        currency: the currency of its amounts.
        rows: one row for each exchange: `quoted_minor`, `paid_minor`, `seen_minor` (the value of the phone as it was
            as inspected; missing if unknown), `other_minor`, and its `store`, `inspector` and `model` if given.
        amounts: the effect of each question's answer at the door on the value, a column for each question. With
            `other_minor` (differences that were honoured, re-quotes that were declined, another phone) each row adds
            up to the payment minus the quote.
        questions: the questions, the one to reword first on top: by the change per exchange, up or down.
            `n` answers at the door, of which `changed` differ; `bias_minor` per exchange with its 95 % bounds, which
            are missing where fewer than ten differ; `total_minor`; Cohen's kappa of customers and inspectors, and
            if second looks were given Fleiss' kappa of inspectors, each with its bounds.
    """

    title = "Paid as quoted"

    def __init__(
        self,
        name: str,
        currency: Currency,
        rows: pd.DataFrame,
        amounts: pd.DataFrame,
        questions: pd.DataFrame,
        clusters: Codes | None,
    ) -> None:
        """Keep the parts; use `paid_as_quoted`."""
        self.name = name
        self.currency = currency
        self.rows = rows
        self.amounts = amounts
        self.questions = questions
        self._clusters = clusters

    def __repr__(self) -> str:
        """Return a summary of the result."""
        found = self.summary
        worst = "" if self.worst is None else f", reword {self.worst}"
        return (
            f"<PaidAsQuoted under {self.name}: {len(self.rows)} exchanges, {found['as_quoted_pct']:.1f} % paid as "
            f"quoted (95 %: {found['as_quoted_low_pct']:.1f} to {found['as_quoted_high_pct']:.1f}){worst}>"
        )

    @property
    def worst(self) -> str | None:
        """The question to reword first; None where no answer changed a value."""
        found = self.questions["bias_minor"].head(1)
        return None if found.empty or not found.iloc[0] else str(found.index[0])

    @property
    def summary(self) -> pd.Series[float]:
        """The share paid as quoted or more, and the mean of payment minus quote, with their 95 % bounds."""
        return _summed(self.rows, self._clusters)

    @property
    def shares(self) -> pd.DataFrame:
        """The numbers of exchanges paid as quoted, less, and nothing, and the share paid less among those paid."""
        outcome = _outcomes(self.rows)
        paid = outcome != "nothing"
        cases = [(name, outcome == name, np.ones(len(outcome), dtype=bool)) for name in _OUTCOMES]
        cases.append(("less, of those paid", outcome == "less", paid))
        found = {}
        for name, hits, among in cases:
            share = share_of(hits[among], None if self._clusters is None else self._clusters[among])
            found[name] = {"n": float(hits.sum()), "of": float(among.sum()), **_bounded("share", share, "_pct")}
        return pd.DataFrame(found).T.rename_axis("outcome")

    def by(self, name: str) -> pd.DataFrame:
        """Return the summary of each ``store``, ``inspector`` or ``model``, if the inspections have that column."""
        check({"by": name}, {"by": one_of(*(one for one in _BY if one in self.rows.columns))})
        codes, labels = pd.factorize(self.rows[name], sort=True)
        groups = {}
        for code, label in enumerate(labels):
            chosen = codes == code
            groups[str(label)] = _summed(self.rows[chosen], None if self._clusters is None else self._clusters[chosen])
        return pd.DataFrame(groups).T.rename_axis(name)

    def notes(self) -> list[str]:
        """Return the result in sentences."""
        notes = [
            repr(self).strip("<>"),
            f"Paid above the quote, on average: {self._written(self.summary, 'difference')}.",
        ]
        if self.worst is not None:
            row = self.questions.iloc[0]
            notes.append(
                f"{self.worst}: {int(row['changed'])} of {int(row['n'])} answers differ at the door, which changes "
                f"an exchange by {self._written(row, 'bias')}."
            )
        return notes

    def _written(self, row: pd.Series[float], name: str) -> str:
        """Write an amount with its interval, if it has one."""
        mean, low, high = (float(row[f"{name}{side}_minor"]) for side in ("", "_low", "_high"))
        within = ""
        if np.isfinite(low):
            within = f" (95 %: {in_units(low, self.currency)} to {in_units(high, self.currency)})"
        return f"{in_units(mean, self.currency)}{within}"

    def _lowest(self, name: str) -> pd.DataFrame:
        """Return the ten groups with the smallest share paid as quoted."""
        return self.by(name).sort_values("as_quoted_pct", kind="stable").head(_FEWEST).round(1)

    def tables(self) -> list[tuple[str, pd.DataFrame]]:
        """Return the shares, the questions, and the stores and inspectors with the lowest shares."""
        groups = [(f"The lowest by {name}", self._lowest(name)) for name in _BY[:2] if name in self.rows.columns]
        return [("Shares", self.shares.round(1)), ("Questions to reword", self.questions.round(3)), *groups]

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the effect of the answers to each question; see `plots.changed_answers`."""
        from miexchange.tuning import plots  # noqa: PLC0415 - matplotlib is optional

        return plots.changed_answers(self, ax=ax)


def _outcomes(rows: pd.DataFrame) -> npt.NDArray[np.object_]:
    quoted, paid = rows["quoted_minor"].to_numpy(), rows["paid_minor"].to_numpy()
    return np.select([paid >= quoted, paid > 0], ["as quoted", "less"], "nothing").astype(object)


def _summed(rows: pd.DataFrame, clusters: Codes | None) -> pd.Series[float]:
    difference = (rows["paid_minor"] - rows["quoted_minor"]).to_numpy(dtype=np.float64)
    share, mean = share_of(_outcomes(rows) == "as quoted", clusters), mean_of(difference, clusters)
    return pd.Series(
        {"n": float(len(rows)), **_bounded("as_quoted", share, "_pct"), **_bounded("difference", mean, "_minor")}
    )


def _bounded(name: str, estimate: Estimate, unit: str = "") -> dict[str, float]:
    """Return an estimate and its bounds as named columns; shares in percent."""
    factor = 100 if unit == "_pct" else 1
    names = (f"{name}{unit}", f"{name}_low{unit}", f"{name}_high{unit}")
    return {name: factor * number for name, number in zip(names, estimate, strict=True)}


_PROGRAMME = instance(Programme, "give a Programme, as Programme.load returns")


@takes(programme=_PROGRAMME, at=maybe(INSTANT), cluster=maybe(COLUMN))
def paid_as_quoted(
    inspections: pd.DataFrame,
    programme: Programme,
    *,
    at: datetime | None = None,
    again: pd.DataFrame | None = None,
    cluster: str | None = None,
) -> PaidAsQuoted:
    """Compare payments with quotes, and split the difference among the answers.

    A phone is valued again by the programme with every set of its changed answers: an answer's amount is its Shapley
    value, the mean of what it changes over all orders (over two, where more than six changed), rounded to whole minor
    units so that the amounts add up. The intervals are Wilson's for shares, Hall's for money, and of the logarithm of
    the disagreement for kappas: none is symmetric, as few exchanges differ at the door.

    Args:
        inspections: one row for each exchange, with `model`, `quoted_minor` and `paid_minor` (0 where nothing was
            paid), the customer's answers in columns named after their questions, the inspector's in columns with
            `seen:` before that name (empty if nobody looked), and `purchased_on`, `at` and the customer's statements,
            such as `target`, if the programme reads them. `exchange`, `store` and `inspector` if they are known;
            `kind` as in an `Examination`: answers about another device or model are not compared. `inspections_of`
            makes such a frame.
        programme: the programme that made the quotes.
        at: the instant of the quotes, unless the frame has a column `at`.
        again: further looks at some of the phones, by other inspectors: `exchange`, `inspector` and `seen:` columns.
        cluster: the column whose equal values mark dependent exchanges, for the intervals; by default `store`,
            or else `inspector`, if there is one.

    Raises:
        InvalidValue: a column is missing or misspelled, rows have no usable amount, or an exchange has two rows.

    Warns:
        TuningWarning: the programme cannot value some answers, whose rows then count in the shares and in no question;
            some quotes differ from the programme's values, for example because a bonus had been used up; or there
            are fewer than ten clusters.
    """
    asked = _questions(programme)
    read = columns_in(programme)[0] - (set() if at is None else {"at"})
    inspections = _frame(inspections, ("quoted_minor", "paid_minor", cluster, *sorted(read)), asked)
    _check_once(inspections, "exchange")
    rows = pd.DataFrame(
        {"quoted_minor": minor(inspections, "quoted_minor"), "paid_minor": minor(inspections, "paid_minor", least=0)},
        index=inspections.index,
    )
    for name in _BY:
        if name in inspections.columns:
            rows[name] = words(inspections, name)
    answers = _answers(inspections, asked)
    found = attribute(encoded(inspections.drop(columns=[*answers], errors="ignore"), programme), answers, programme, at)
    _warn_of(inspections, found, programme, rows["quoted_minor"].to_numpy())
    looked = found.valued & np.any([one.seen >= 0 for one in answers.values()], axis=0)
    rows.insert(2, "seen_minor", pd.Series(pd.arrays.IntegerArray(found.seen_minor, ~looked), index=rows.index))
    rows.insert(3, "other_minor", rows["paid_minor"] - rows["quoted_minor"] - found.amounts.sum(axis=1))
    amounts = pd.DataFrame(found.amounts, index=inspections.index, columns=pd.Index([*answers], name="question"))
    shared = cluster or next((name for name in _BY[:2] if name in inspections.columns), None)
    clusters = None if shared is None else _clusters(inspections, shared)
    table = _table(answers, found, looked, clusters)
    if again is not None:
        seen = [name for name in inspections.columns if str(name).startswith(SEEN)]
        again = _frame(again, _LOOKED, asked)
        of_looks = dict.fromkeys((*_LOOKED, shared, *seen))
        first = inspections[[name for name in of_looks if name in inspections.columns]]
        alike = shared if shared != "inspector" and shared in again.columns else None
        of_inspectors = agreement(pd.concat([first, again], ignore_index=True), cluster=alike)
        table = table.join(of_inspectors[[*_KAPPA]].add_prefix("inspectors_"))
    return PaidAsQuoted(programme.id, programme.currency, rows, amounts, table, clusters)


def _questions(programme: Programme) -> list[str]:
    """Return the questions of all the programme's terms, in order."""
    asked = (name for terms in programme.terms for name in one_by_one(terms.questionnaire))
    return list(dict.fromkeys(asked))


def _frame(given: object, needed: Sequence[str | None], asked: Sequence[str] | None = None) -> pd.DataFrame:
    """Return a frame with the required columns; refuse duplicate columns of answers and those of no question."""
    frame = as_frame(given, needed, "inspections")
    names = [name for name in map(text_of, frame.columns) if name is not None]
    seen = [name for name in names if name.startswith(SEEN)]
    strange = [name for name in seen if asked is not None and name.removeprefix(SEEN) not in asked]
    if strange:
        rule = f"name the question that it answers; known: {', '.join(asked or ())}"
        raise out_of_range("inspections", None, rule, f"has a column {shown(strange[0])}, which answers no question")
    of_use = {*seen, *(asked or ()), *_BY, *_LOOKED, "kind", "at"}
    return as_categories(as_frame(frame, [name for name in names if name in of_use], "inspections"))


def _check_once(frame: pd.DataFrame, *names: str) -> None:
    """Refuse two rows of one exchange, or two looks of one inspector at it."""
    if not set(names) <= set(frame.columns):
        return
    labels = pd.DataFrame({name: words(frame, name) for name in names})
    repeated = (labels.duplicated() & (labels != "").all(axis=1)).to_numpy()
    if repeated.any():
        what = f"has the same {' and '.join(names)} twice ({named_rows(frame.index[repeated])})"
        raise out_of_range("inspections", None, "keep one of them", what)


def _answers(inspections: pd.DataFrame, asked: Sequence[str]) -> dict[str, Answers]:
    """Return the answers to each question that has a column, without those about another phone."""
    nothing = np.full(len(inspections), "", dtype=object)
    kind = words(inspections, "kind") if "kind" in inspections.columns else nothing
    comparable = ~np.isin(kind.astype(str), _OTHERS)
    answers = {}
    for name in asked:
        said, seen = (
            words(inspections, column) if column in inspections.columns else None for column in (name, f"{SEEN}{name}")
        )
        if said is not None or seen is not None:
            both = nothing if said is None else said, nothing if seen is None else np.where(comparable, seen, "")
            codes, options = pd.factorize(np.concatenate(both))
            codes = np.where(np.concatenate(both) == "", -1, codes)
            answers[name] = Answers(pd.Index(options), *np.split(codes, 2))
    return answers


def _warn_of(inspections: pd.DataFrame, found: Attribution, programme: Programme, quoted: Ints) -> None:
    if not found.valued.all():
        named = named_rows(inspections.index[~found.valued])
        warn(f"{programme.id} does not value the answers of {named}: they count in the shares, and in no question")
    differ = found.valued & (found.said_minor != quoted)
    if differ.any():
        named = named_rows(inspections.index[differ])
        warn(f"{programme.id} values the answers otherwise than they were quoted: {named}")


def _clusters(frame: pd.DataFrame, column: str) -> Codes:
    """Return the cluster of each row; a row without a label is its own cluster."""
    labels = words(frame, column)
    codes = np.where(labels == "", len(labels) + np.arange(len(labels)), pd.factorize(labels)[0])
    number = len(np.unique(codes))
    if number < _FEWEST:
        warn(f"{column} has {number} labels, too few to tell how far others would differ: the intervals are wide")
    return codes


def _table(answers: Mapping[str, Answers], found: Attribution, looked: Flags, clusters: Codes | None) -> pd.DataFrame:
    """Return a row for each question that inspectors answered, the one to reword first on top."""
    table = {}
    for number, (name, one) in enumerate(answers.items()):
        both = looked & (one.said >= 0) & (one.seen >= 0)
        if not (looked & (one.seen >= 0)).any():
            continue
        amounts, changed = found.amounts[looked, number], int((looked & one.differ).sum())
        bias = mean_of(amounts.astype(np.float64), _part(clusters, looked))
        bias = bias if changed >= _FEWEST else Estimate(bias.value, np.nan, np.nan)
        table[name] = {
            "n": int((looked & (one.seen >= 0)).sum()),
            "changed": changed,
            **_bounded("bias", bias, "_minor"),
            "total_minor": int(amounts.sum()),
            **_bounded("kappa", cohen(one.said[both], one.seen[both], _part(clusters, both))),
        }
    frame = pd.DataFrame.from_dict(table, orient="index", columns=_TABLE).rename_axis("question")
    # Ties are ordered by name, so that neither rows nor columns decide.
    rank = sorted(table, key=lambda name: (-abs(table[name]["total_minor"]), -table[name]["changed"], name))
    return frame.loc[rank].astype({"n": "int64", "changed": "int64", "total_minor": "int64"})


def _part(clusters: Codes | None, rows: Flags) -> Codes | None:
    return None if clusters is None else clusters[rows]


@takes(cluster=maybe(COLUMN))
def agreement(looks: pd.DataFrame, *, cluster: str | None = None) -> pd.DataFrame:
    """Return the agreement of inspectors who looked at the same phones, beyond chance.

    Args:
        looks: one row for each look: `exchange`, `inspector`, and the answers in columns that begin with `seen:`.
        cluster: the column whose equal values mark dependent phones, such as `store`.

    Returns:
        A row for each question: `n` phones with answers of two or more inspectors, `agreed_pct` of their pairs, and
        Fleiss' `kappa` with `kappa_low` and `kappa_high`, 95 %; NaN if all gave the same answer.

    Raises:
        InvalidValue: a column is missing, or an inspector looked twice at one phone.

    >>> looks = pd.DataFrame({"exchange": list("aabbcc"), "inspector": list("xyxyxy")})
    >>> agreement(looks.assign(**{"seen:body": ["worn", "worn", "new", "new", "worn", "new"]}))["agreed_pct"].round(1)
    question
    body    66.7
    Name: agreed_pct, dtype: float64
    """
    looks = _frame(looks, (*_LOOKED, cluster))
    _check_once(looks, *_LOOKED)
    labels = words(looks, "exchange")
    looks = looks[labels != ""]
    phones, names = pd.factorize(labels[labels != ""])
    clusters = None
    if cluster is not None:  # a phone is at the position of its first look, in the order of the labels
        clusters = pd.Series(_clusters(looks, cluster)).groupby(phones).min().to_numpy()
    table = {}
    for column in (column for column in looks.columns if str(column).startswith(SEEN)):
        seen = words(looks, column)
        answered = seen != ""
        codes, options = pd.factorize(seen[answered])
        counts = np.zeros((len(names), len(options)))
        np.add.at(counts, (phones[answered], codes), 1)
        several = counts.sum(axis=1) > 1
        counts = counts[several]
        raters = counts.sum(axis=1)
        agreed = (counts * (counts - 1)).sum(axis=1) / (raters * (raters - 1))
        table[str(column).removeprefix(SEEN)] = {
            "n": len(counts),
            "agreed_pct": 100 * float(agreed.mean()) if len(agreed) else np.nan,
            **_bounded("kappa", fleiss(counts, _part(clusters, several))),
        }
    columns = ["n", "agreed_pct", *_KAPPA]
    return pd.DataFrame.from_dict(table, orient="index", columns=columns).rename_axis("question").astype({"n": "int64"})


_ENDED = {State.COMPLETED, State.ADJUSTED, State.REVERSED}
_LABELS = maybe(mapping(TEXT, TEXT))


@takes(stores=_LABELS, inspectors=_LABELS)
def inspections_of(
    exchanges: Iterable[Exchange],
    *,
    stores: Mapping[str, str] | None = None,
    inspectors: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Make the frame for `paid_as_quoted` from exchanges, such as those of a ledger.

    Args:
        exchanges: the exchanges. Those that ended at the door are used: handed over (and perhaps reversed
            since), or cancelled because of the inspection, which pays nothing. Those open, expired, or
            cancelled for another reason are left out.
        stores: the store of each, by the coupon's code.
        inspectors: the inspector of each, by the coupon's code.

    Returns:
        One row for each: `exchange` (the coupon's code, which is spent), `store` and `inspector` if given,
        `programme`, `model`, `at`, `purchased_on`, the customer's statements (`target`, …), `kind`, `quoted_minor`,
        `paid_minor`, and the answers.

    Raises:
        InvalidValue: an argument is of another type.
    """
    found = []
    for one in elements(exchanges, "exchanges", "give exchanges"):
        exchange = argument(one, Exchange, "exchanges")
        paid = _paid(exchange)
        if paid is None:
            continue
        quote, examination = exchange.quote, exchange.examination
        seen = {} if examination is None or examination.kind in _OTHERS else examination.condition
        found.append(
            {
                "exchange": exchange.code,
                **{
                    name: labels.get(exchange.code)
                    for name, labels in (("store", stores), ("inspector", inspectors))
                    if labels is not None
                },
                "programme": quote.programme,
                "model": quote.model,
                "at": quote.at,
                "purchased_on": quote.purchased_on,
                **quote.told,
                "kind": "" if examination is None else examination.kind,
                "quoted_minor": quote.coupon_value,
                "paid_minor": paid,
                **quote.condition,
                **{f"{SEEN}{question}": answer for question, answer in seen.items()},
            }
        )
    return pd.DataFrame(found)


def _paid(exchange: Exchange) -> int | None:
    """Return the payment for the old phone, 0 if cancelled at the door; None if it has not come so far."""
    examination, requoted = exchange.examination, exchange.settlement is not None
    if exchange.state in _ENDED:
        return examination.coupon_value if requoted and examination is not None else exchange.quote.coupon_value
    called_off = exchange.state == State.VOID and (requoted or isinstance(exchange.last, Inspect))
    return 0 if called_off else None
