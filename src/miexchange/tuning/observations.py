"""Market observations: one schema for listings, quotes and settled deals, with a report for every row.

| column | meaning |
|---|---|
| `model` | the variant's id, or a name that leads to one variant |
| `storage_gb`, `ram_mb` | optional; they choose among the variants of a name |
| `price_paise` | what was asked, quoted or paid, in whole paise |
| `on` | the day |
| `kind` | ``listing``, ``quote`` or ``deal`` |
| `source` | where the row is from |
| `currency` | optional; every row must be in the one currency that is wanted |
| `grade` | optional; the grade of the device |
| `warranty` | optional; the regime: ``in``, ``out``, or ``not_asked`` |
| one for each question id | optional; the answers |

A row that cannot be used is left out and reported, never repaired in silence; a name that leads to
no variant is listed with how often it came.

>>> import pandas as pd
>>> from datetime import date
>>> from miexchange import Programme
>>> rows = pd.DataFrame({
...     "model": ["oneplus-3t-6-64", "Nokia 3310"], "price_paise": [1_100_000, 90_000],
...     "on": [date(2018, 3, 1), date(2018, 3, 2)], "kind": ["deal", "listing"], "source": ["till", "web"],
... })
>>> import warnings; warnings.simplefilter("ignore")
>>> found = Observations.read(rows, Programme.load("mi-exchange-india").catalogue, as_of=date(2018, 3, 15))
>>> found
<Observations: 1 row of 1 model (deal 1); 1 row left out, 1 name unresolved>
>>> found.unresolved.loc[0, "model"]
'Nokia 3310'
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from miexchange._rows import Problems
from miexchange.errors import DataError, InvalidValue, Problem, shown
from miexchange.money import GREATEST_PAISE
from miexchange.tuning._checks import duplicates, named_rows, warn
from miexchange.tuning._report import Report

if TYPE_CHECKING:
    from miexchange.condition import Questionnaire
    from miexchange.eligibility import Catalogue

__all__ = ["KINDS", "REGIMES", "Observations"]

KINDS = ("listing", "quote", "deal")
"""What a price can be: asked, quoted, or paid."""

REGIMES = ("in", "out", "not_asked")
"""Warranty regimes: a price of one is no price of another."""

_REQUIRED = ("model", "price_paise", "on", "kind", "source")
_OPTIONAL = ("storage_gb", "ram_mb", "currency", "grade", "warranty")
_MOST_SHOWN = 20


class Observations(Report):
    """Observations that can be used, and what became of the others.

    Attributes:
        frame: the usable rows, with `model` resolved, and `row`, the label in the frame that was read.
        problems: one row for each fault: `row`, `column`, `message`, `remedy`.
        unresolved: the names that lead to no single variant: `model`, `n`, `rows`, `nearest`.
        read_: how many rows were read.
    """

    title = "Observations"

    def __init__(self, frame: pd.DataFrame, problems: pd.DataFrame, unresolved: pd.DataFrame, read: int) -> None:
        """Keep the parts; use `Observations.read`."""
        self.frame = frame
        self.problems = problems
        self.unresolved = unresolved
        self.read_ = read

    def __len__(self) -> int:
        """Count the usable rows."""
        return len(self.frame)

    def __repr__(self) -> str:
        """Say how many rows there are, of what, and how many were left out."""
        kinds = ", ".join(f"{kind} {count}" for kind, count in self.frame["kind"].value_counts().items())
        models, left = self.frame["model"].nunique(), self.read_ - len(self.frame)
        return (
            f"<Observations: {_count(len(self.frame), 'row')} of {_count(models, 'model')} ({kinds}); "
            f"{_count(left, 'row')} left out, {_count(len(self.unresolved), 'name')} unresolved>"
        )

    def tables(self) -> list[tuple[str, pd.DataFrame]]:
        """Return what the report shows."""
        by = self.frame.groupby("kind", observed=True)["price_paise"].agg(["size", "median"])
        by.columns = pd.Index(["rows", "median_paise"])
        return [
            (repr(self).strip("<>"), by),
            ("Left out", self.problems.head(_MOST_SHOWN)),
            ("Unresolved", self.unresolved.head(_MOST_SHOWN)),
        ]

    @classmethod
    def read(
        cls,
        source: str | Path | pd.DataFrame,
        catalogue: Catalogue,
        *,
        as_of: date,
        questionnaire: Questionnaire | None = None,
        currency: str = "INR",
    ) -> Self:
        """Read observations from a CSV file or a DataFrame, which is not changed.

        Args:
            source: the path of a CSV file, or a frame.
            catalogue: the models that there are.
            as_of: the day on which they are read: a later one is in the future.
            questionnaire: the questions whose answers stand in columns of their own.
            currency: the one currency that is wanted, where there is such a column.

        Raises:
            InvalidValue: `source` is neither, or `as_of` is no date.
            DataError: a column is missing or unknown, or not one row can be used.
        """
        if type(as_of) is not date:
            raise InvalidValue("as_of", as_of, "give a date")
        frame, name = _frame(source)
        questions = {} if questionnaire is None else {q.id: {o.id for o in q.options} for q in questionnaire.questions}
        _check_columns(frame, name, questions)
        check = _Checker(frame.reset_index(drop=True), list(frame.index))
        check.models(catalogue)
        check.prices()
        check.days(as_of)
        check.choice("kind", KINDS, required=True)
        check.choice("warranty", REGIMES)
        check.choice("currency", (currency,), remedy=f"Convert it to {currency} first, at a rate that you can name")
        for question, options in questions.items():
            check.choice(question, sorted(options))
        check.sources()
        usable, problems = check.result()
        if usable.empty:
            faults = [
                Problem(name, None, str(row.column), f"row {row.row}: {row.message}", str(row.remedy))
                for row in problems.head(_MOST_SHOWN).itertuples()
            ]
            nothing = Problem(name, None, "", "holds no usable row", "Put right what is named, or give other data")
            raise DataError((nothing, *faults))
        found = cls(usable, problems, check.unresolved, len(frame))
        found._warn()
        return found

    def _warn(self) -> None:
        if len(self.problems):
            rows = self.problems["row"].drop_duplicates()
            warn(f"{named_rows(rows)} cannot be used and are left out: see .problems")
        columns = [column for column in self.frame.columns if column != "row"]
        repeated = duplicates(self.frame, columns)
        if repeated.any():
            warn(
                f"{named_rows(self.frame['row'][repeated])} repeat earlier rows: drop them unless they are two devices"
            )
        prices = self.frame["price_paise"]
        if len(prices) > 1 and (prices == prices.iloc[0]).all():
            warn(f"{named_rows(self.frame['row'])} all have one price, {prices.iloc[0]} paise: is it a placeholder?")

    def clean(self) -> pd.DataFrame:
        """Return the rows of clean devices: those with no grade, or the best one that occurs, and clean answers.

        The best grade is the first in alphabetical order, as A is.
        """
        frame = self.frame
        if "grade" in frame.columns:
            grades = frame["grade"]
            best = grades.dropna().min() if grades.notna().any() else None
            frame = frame[grades.isna() | (grades == best)]
        return frame

    def without_duplicates(self) -> Observations:
        """Return the observations with every repeated row once."""
        columns = [column for column in self.frame.columns if column != "row"]
        return Observations(self.frame[~duplicates(self.frame, columns)], self.problems, self.unresolved, self.read_)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s'[: number != 1]}"


def _frame(source: object) -> tuple[pd.DataFrame, str]:
    if isinstance(source, pd.DataFrame):
        return source, "<frame>"
    if not isinstance(source, str | Path):
        raise InvalidValue("Observations.read", source, "give the path of a CSV file, or a DataFrame")
    try:
        return pd.read_csv(source, dtype={"model": str, "source": str, "kind": str, "grade": str}), str(source)
    except (OSError, ValueError) as error:
        raise DataError((Problem(str(source), None, "", f"cannot be read: {error}", "Give a CSV file"),)) from None


def _check_columns(frame: pd.DataFrame, name: str, questions: dict[str, set[str]]) -> None:
    problems = Problems()
    known = (*_REQUIRED, *_OPTIONAL, *questions)
    for column in _REQUIRED:
        if column not in frame.columns:
            problems.add(name, None, column, "the column is missing", f"Known: {', '.join(known)}")
    for column in frame.columns:
        if column not in known:
            remedy = f"Known: {', '.join(known)}; answers need the questionnaire"
            problems.add(name, None, shown(column), "is not a column of observations", remedy)
    if not problems.found and frame.empty:
        problems.add(name, None, "", "has no rows", "Give at least one observation")
    problems.raise_if_any()


class _Checker:
    """Checks a frame column by column, and keeps every fault with its row."""

    def __init__(self, frame: pd.DataFrame, labels: list[Any]) -> None:
        self._frame = frame.copy()
        self._labels = np.array(labels, dtype=object)
        self._good = np.ones(len(frame), dtype=bool)
        self._found: list[pd.DataFrame] = []
        self.unresolved = pd.DataFrame(columns=["model", "n", "rows", "nearest"])

    def _bad(self, mask: Any, column: str, message: str, remedy: str) -> None:  # noqa: ANN401 - a mask of rows
        """Note a fault of some rows, with the value of each in the message."""
        rows = np.flatnonzero(np.asarray(mask))
        if not len(rows):
            return
        self._good[rows] = False
        values = [shown(value) if not isinstance(value, date) else f"{value}" for value in self._plain(column, rows)]
        fault = {"row": self._labels[rows], "column": column, "message": [f"{v} {message}" for v in values]}
        self._found.append(pd.DataFrame({**fault, "remedy": remedy, "_at": rows}))

    def _plain(self, column: str, rows: Any) -> list[Any]:  # noqa: ANN401 - positions
        values = self._frame[column].iloc[rows]
        return [value.item() if isinstance(value, np.generic) else value for value in values.astype(object)]

    def models(self, catalogue: Catalogue) -> None:
        """Resolve every name to a variant's id."""
        frame = self._frame
        keys = pd.DataFrame({"model": frame["model"].fillna("").astype(str)})
        for column in ("storage_gb", "ram_mb"):
            values = frame.get(column)
            keys[column] = -1 if values is None else pd.to_numeric(values, errors="coerce").fillna(-1)
        different = keys.drop_duplicates()
        found = [
            _resolve(str(row.model), int(row.storage_gb), int(row.ram_mb), catalogue)  # type: ignore[arg-type]
            for row in different.itertuples()
        ]
        looked_up = dict(zip(different.itertuples(index=False, name=None), found, strict=True))
        models = np.array([looked_up[key] for key in keys.itertuples(index=False, name=None)], dtype=object)
        unknown = models == ""
        self._bad(unknown, "model", "leads to no one variant", "Give a variant's id, or name, RAM and storage")
        if unknown.any():
            names = keys["model"][unknown]
            rows = [
                (name, len(group), [*self._labels[group.index[:5]]], _nearest(str(name), catalogue))
                for name, group in names.groupby(names, sort=False)
            ]
            rows.sort(key=lambda row: -row[1])
            self.unresolved = pd.DataFrame(rows, columns=["model", "n", "rows", "nearest"])
        frame["model"] = models

    def prices(self) -> None:
        """See that every price is a whole number of paise above zero."""
        values = pd.to_numeric(self._frame["price_paise"], errors="coerce")
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        whole = np.isfinite(numbers) & (numbers == np.floor(np.where(np.isfinite(numbers), numbers, 0.5)))
        self._bad(~whole, "price_paise", "is no whole number of paise", "Write whole paise: ₹1 is 100")
        low = whole & (numbers <= 0)
        self._bad(low, "price_paise", "is not above zero", "A price is above zero: correct it, or take the row out")
        high = whole & (numbers > GREATEST_PAISE)
        self._bad(high, "price_paise", "is out of range", f"Write at most {GREATEST_PAISE}: is it in paise?")
        self._frame["price_paise"] = np.where(whole, numbers, 0).astype(np.int64)

    def days(self, as_of: date) -> None:
        """See that every row has a day that is not in the future."""
        days = pd.to_datetime(self._frame["on"], errors="coerce", format="mixed")
        if getattr(days.dt, "tz", None) is not None:
            days = days.dt.tz_localize(None)
        self._bad(days.isna(), "on", "is no date", "Write a date as 2018-03-15")
        late = days.notna() & (days > pd.Timestamp(as_of))
        self._bad(late, "on", f"is after {as_of}", "Correct the date, or read it later")
        self._frame["on"] = days.dt.normalize().astype("datetime64[ns]")

    def choice(self, column: str, among: Any, *, required: bool = False, remedy: str = "") -> None:  # noqa: ANN401 - words
        """See that a column holds known words."""
        if column not in self._frame.columns:
            return
        values = self._frame[column]
        wrong = ~values.isin(list(among)) & (values.notna() | required)
        self._bad(wrong, column, "is not known here", remedy or f"Write one of: {', '.join(among)}")

    def sources(self) -> None:
        """See that every row says where it is from."""
        values = self._frame["source"]
        empty = values.isna() | (values.astype(str).str.strip() == "")
        self._bad(empty, "source", "is no source", "Say where the row is from")

    def result(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the usable rows, and the faults in the order of their rows."""
        columns = ["row", "column", "message", "remedy"]
        problems = pd.DataFrame(columns=columns)
        if self._found:
            problems = pd.concat(self._found).sort_values("_at", kind="stable")[columns].reset_index(drop=True)
        usable = self._frame.assign(row=self._labels)[self._good].reset_index(drop=True)
        return usable, problems


def _resolve(name: str, storage_gb: int, ram_mb: int, catalogue: Catalogue) -> str:
    """Return the id of the one variant that a name leads to, with the memory that was given; "" for none."""
    exact = catalogue.by_model.get(name.strip())
    if exact is not None:
        return exact.model
    family = catalogue.family_of("", name)
    if family is None:
        return ""
    fits = [
        variant.model
        for variant in catalogue.variants_of(family)
        if storage_gb in {-1, variant.storage_gb} and ram_mb in {-1, variant.ram_mb}
    ]
    return fits[0] if len(fits) == 1 else ""


def _nearest(name: str, catalogue: Catalogue) -> str:
    family = catalogue.family_of("", name)
    if family is not None:
        return " | ".join(variant.model for variant in catalogue.variants_of(family))
    return " | ".join(variant.model for variant in catalogue.search(name)[:3]) if name.strip() else ""
