"""A book valued by its programme: a row for each device, with its day and the groups of a report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from miexchange._frame import NotATable, readable
from miexchange._privacy import masked
from miexchange._text import is_missing, printable, text_of
from miexchange._time import TICK, NotATime, instant_of
from miexchange._value import argument, instant
from miexchange.batch import appraise_frame
from miexchange.catalogue import Device
from miexchange.condition import Condition
from miexchange.display import amount_text
from miexchange.errors import out_of_range
from miexchange.money import Money
from miexchange.programme import Programme
from miexchange.programme.rules import INPUTS
from miexchange.quote import Quote
from miexchange.valuation import appraise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, tzinfo

__all__ = ["Valued", "valued"]

_EXAMPLES = 4
_EMPTY = "(empty)"
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Valued:
    """A book and its values.

    Attributes:
        programme: the programme.
        at: the instant of the report.
        book: the devices as given.
        rows: a row for each device: ``at`` and ``day`` (None if it is not an instant), ``model``, ``brand``,
            ``outcome``, ``reasons``, ``grade``, ``value`` in minor units (0 if it is refused).
    """

    programme: Programme
    at: datetime
    book: pd.DataFrame
    rows: pd.DataFrame

    def money(self, amount: int) -> str:
        """Write an amount for people."""
        return amount_text(Money(int(amount), self.programme.currency))

    def mean(self, values: pd.Series[int]) -> str:
        """Write the mean of some amounts, rounded half up; for none, that there is none."""
        count, total = len(values), int(values.sum())
        return self.money((2 * total + count) // (2 * count)) if count else "none"

    def day(self, at: datetime) -> str:
        """Write the day of an instant, in the programme's zone."""
        return at.astimezone(self.programme.zone).date().isoformat()

    @cached_property
    def quoted(self) -> pd.DataFrame:
        """The rows that have a value."""
        return self.rows[self.rows["outcome"] != "refused"]

    @cached_property
    def instants(self) -> tuple[datetime, datetime]:
        """The first and the last instant of the book; that of the report if it has none."""
        told = [one for one in self.rows["at"] if one is not None] or [self.at]
        return min(told), max(told)

    @cached_property
    def versions(self) -> tuple[str, ...]:
        """The versions of the terms that were in force during the book."""
        first, last = self.instants
        begun = self.programme.terms_at(first)
        later = [terms.version for terms in self.programme.terms if first < terms.effective_from <= last]
        return ((begun.version,) if begun is not None else ()) + tuple(later)

    @cached_property
    def by_day(self) -> list[tuple[date, int, int, int]]:
        """Every day from the first quote to the last open one: quotes, their value, and the open ones at its end.

        A quote is open from its instant until it can no longer be accepted.
        """
        zone = self.programme.zone
        made: dict[date, tuple[int, int]] = {}
        changes: dict[date, int] = {}
        for at, day, value in zip(self.quoted["at"], self.quoted["day"], self.quoted["value"], strict=True):
            terms = self.programme.terms_at(at)
            last = (at + terms.quote_life - TICK).astimezone(zone).date() if terms is not None else day
            count, total = made.get(day, (0, 0))
            made[day] = count + 1, total + value
            changes[day] = changes.get(day, 0) + value
            changes[last] = changes.get(last, 0) - value
        if not made:
            return []
        first, is_open = min(made), 0
        found: list[tuple[date, int, int, int]] = []
        for number in range((max(changes) - first).days + 1):
            day = first + number * _DAY
            is_open += changes.get(day, 0)
            found.append((day, *made.get(day, (0, 0)), is_open))
        return found

    @cached_property
    def unknown(self) -> list[tuple[str, int]]:
        """The names in the book that the catalogue lacks, the most frequent first; a possible IMEI is masked."""
        names = self.rows["model"][self.rows["reasons"].str.contains("model_unknown", regex=False)]
        counts = names.value_counts(sort=False)
        return sorted(((f"{name}", int(count)) for name, count in counts.items()), key=lambda one: (-one[1], one[0]))

    @cached_property
    def examples(self) -> list[Quote]:
        """For each grade, best first, the quote with the median value, so that examples are not cherry-picked."""
        grades = [grade.id for terms in self.programme.terms[-1:] for grade in terms.grades]
        found: list[Quote] = []
        for grade in grades:
            places = np.flatnonzero((self.rows["grade"] == grade).to_numpy())
            if len(places):
                order = np.argsort(self.rows["value"].to_numpy()[places], kind="stable")
                found += filter(None, [self._quote(int(places[order[len(order) // 2]]))])
        return found[:_EXAMPLES]

    def _quote(self, place: int) -> Quote | None:
        """Value a device once more, for its lines, without its IMEI; None if its IMEI affected its value."""
        cells = {name: cell for name, cell in self._cells(place) if not is_missing(cell)}
        questions = {one.asked_as for terms in self.programme.terms for one in terms.questionnaire.questions}
        device = Device(cast("str", cells["model"]), purchased_on=cast("Any", cells.get("purchased_on")))
        answers = {name: cast("str", cell) for name, cell in cells.items() if name in questions}
        told = {name: cells[name] for name in INPUTS if name in cells}
        at, value = self.rows["at"].iloc[place], int(self.rows["value"].iloc[place])
        answer = appraise(device, Condition(answers), self.programme, at=at, **cast("Any", told))
        return answer if type(answer) is Quote and answer.coupon_value == value else None

    def _cells(self, place: int) -> Iterator[tuple[str, object]]:
        for number, name in enumerate(self.book.columns):
            if type(name) is str:
                yield name, self.book.iloc[place, number]


def valued(book: pd.DataFrame, programme: Programme, at: datetime) -> Valued:
    """Value a book.

    Raises:
        InvalidValue: an argument is invalid, or the book has no rows.
    """
    argument(book, pd.DataFrame, "book", "give a pandas DataFrame, such as read_book returns")
    try:
        book = readable(book)
    except NotATable as fault:
        raise fault.of("book", book) from None
    argument(programme, Programme, "programme", "give a Programme, as Programme.load returns")
    at = instant(at, "at")
    if not len(book):
        raise out_of_range("book", None, "give at least one device", "has no rows")
    book = book.reset_index(drop=True)
    has_at = "at" in book.columns
    values = appraise_frame(book, programme, at=None if has_at else at)
    zone = programme.zone
    moments = [_instant(cell, zone) for cell in book["at"]] if has_at else [at] * len(book)
    by_model = programme.catalogue.by_model
    models = [text_of(cell) or "" for cell in book["model"]]
    rows = pd.DataFrame(
        {
            "at": pd.Series(moments, dtype=object),
            "day": pd.Series([one and one.astimezone(zone).date() for one in moments], dtype=object),
            "model": [one if one in by_model else printable(masked(one)) or _EMPTY for one in models],
            "brand": [by_model[one].brand if one in by_model else "unknown" for one in models],
            "outcome": values["outcome"].astype(str),
            "reasons": values["reasons"].astype(str),
            "grade": values["grade"].astype(object).where(values["grade"].notna(), ""),
            "value": values["coupon_value_minor"].fillna(0).astype("int64"),
        }
    )
    return Valued(programme, at, book, rows)


def _instant(cell: object, zone: tzinfo) -> datetime | None:
    """Return the instant of a cell, to the microsecond; a device without one is refused, and has no day."""
    if type(cell) is pd.Timestamp and not is_missing(cell):
        cell = cell.floor("us")
    try:
        return instant_of(cell, zone)
    except NotATime:
        return None
