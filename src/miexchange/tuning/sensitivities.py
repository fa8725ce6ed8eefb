"""The sensitivity to each number of a programme: the money that one percent of it moves over a book.

>>> from datetime import UTC, datetime
>>> from miexchange import Programme
>>> from miexchange.tuning import sensitivity, simulate_book
>>> programme, at = Programme.load("uk-trade-in"), datetime(2025, 4, 13, tzinfo=UTC)
>>> found = sensitivity(simulate_book(programme, 200, seed=1, at=at), programme, at=at)
>>> found.frame.iloc[0][["number", "before", "after"]].tolist()
['2025-03: factor_bps', '10000', '9900']
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from miexchange.batch import appraise_frame
from miexchange.errors import InvalidValue
from miexchange.market import AnchorTable, PriceTable
from miexchange.programme import Programme
from miexchange.tuning._arguments import INSTANT, instance, maybe, takes
from miexchange.tuning._book import encoded
from miexchange.tuning._checks import as_frame
from miexchange.tuning._progress import track
from miexchange.tuning._report import Report, in_units

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from miexchange.condition import Deduction
    from miexchange.money import Currency
    from miexchange.programme import Terms

__all__ = ["Sensitivity", "sensitivity"]

_Change = tuple[str, object, object, "Callable[[], Programme]"]
"""The name of a number, its value, its changed value, and the programme with that."""

_PERCENT = 100
_OF_TERMS = ("factor_bps", "scrap_minor", "drift_bps_per_day")
_OF_LISTS = {
    "grades": ("id", ("keep_bps",)),
    "age_bands": ("from_months", ("keep_bps",)),
    "customer_classes": ("id", ("keep_bps",)),
    "overlaps": ("one", ("counted_bps",)),
    "bonuses": ("id", ("amount_minor", "share_bps", "cap_minor", "from_value_minor")),
    "scrap_values": ("of", ("scrap_minor",)),
}
_OF_DEDUCTION = ("amount_minor", "share_bps", "weight_bps")


class Sensitivity(Report):
    """The money that one percent of each number of a programme moves, the most first.

    Attributes:
        currency: of the amounts.
        paid: the value of the whole book unchanged, in minor units.
        frame: a row for each number: `number`, `before`, `after`, `change_minor` over the whole book, and the number of
            `devices` with another value.
    """

    title = "Sensitivity"

    def __init__(self, currency: Currency, paid: int, frame: pd.DataFrame) -> None:
        """Keep the parts; use `sensitivity`."""
        self.currency, self.paid, self.frame = currency, paid, frame

    def notes(self) -> list[str]:
        """Return the sum to which the changes are relative."""
        return [f"The book is paid {in_units(self.paid, self.currency)}. Each number is changed alone, by 1 %."]

    def tables(self) -> list[tuple[str, pd.DataFrame]]:
        """Return the numbers with an effect, and those without."""
        moves = self.frame["change_minor"] != 0
        return [("What moves", self.frame[moves]), ("What moves nothing here", self.frame[~moves])]


@takes(programme=instance(Programme, "give a Programme, as Programme.load returns"), at=maybe(INSTANT))
def sensitivity(book: pd.DataFrame, programme: Programme, *, at: datetime | None = None) -> Sensitivity:
    """Return the effect of one percent of each number of a programme over a book, exactly: by valuing the book again.

    Each number is raised by 1 %, rounded half up and by at least one unit; one that cannot be raised, such as a grade
    that keeps all of the price, is lowered. Prices are raised together, in whole price steps, and so are the repair
    anchors of each component.

    Args:
        book: a row for each device, as in `compare`.
        programme: the rules.
        at: the instant of the valuation, unless the book has instants.

    Raises:
        InvalidValue: an argument is invalid.
    """
    book = encoded(as_frame(book, ("model",), "sensitivity"), programme)
    before = _coupons(book, programme, at)
    rows = []
    for name, was, would_be, changed in track([*_changes(programme)], "Value"):
        after = _coupons(book, changed(), at)
        moved = after - before
        rows.append((name, f"{was}", f"{would_be}", int(moved.sum()), int((moved != 0).sum())))
    frame = pd.DataFrame(rows, columns=["number", "before", "after", "change_minor", "devices"])
    order = frame["change_minor"].abs().sort_values(ascending=False, kind="stable").index
    return Sensitivity(programme.currency, int(before.sum()), frame.loc[order].reset_index(drop=True))


def _coupons(book: pd.DataFrame, programme: Programme, at: datetime | None) -> pd.Series[int]:
    """Return the value of each device, 0 if it is refused."""
    found = appraise_frame(book, programme, at=at)["coupon_value_minor"]
    return found.fillna(0).astype("int64")


def _changes(programme: Programme) -> Iterator[_Change]:
    """Yield each number with the programme in which it is changed."""
    step = programme.price_step_minor
    dearer = PriceTable.of(row.replace(price_minor=_more(row.price_minor // step) * step) for row in programme.prices)
    yield "market prices", "", "+1 %", lambda: replace(programme, prices=dearer)
    for component in sorted({row.component for row in programme.anchors}):
        repairs = AnchorTable.of(
            row.replace(amount_minor=_more(row.amount_minor)) if row.component == component else row
            for row in programme.anchors
        )
        yield f"{component} repair anchors", "", "+1 %", lambda repairs=repairs: replace(programme, anchors=repairs)  # type: ignore[misc]  # it is inferred
    for place, terms in enumerate(programme.terms):
        for name, was, change in _numbers(terms):
            for would_be in (_more(was), 2 * was - _more(was)):
                try:
                    changed = change(would_be)
                except InvalidValue:
                    continue
                every = (*programme.terms[:place], changed, *programme.terms[place + 1 :])
                other = replace(programme, terms=every)
                yield f"{terms.version}: {name}", was, would_be, lambda other=other: other  # type: ignore[misc]  # as above
                break


def _more(number: int) -> int:
    """Return a number plus 1 %, rounded half up and by at least one; one below zero moves away from it.

    >>> _more(10_000), _more(149), _more(150), _more(5), _more(-38_000)
    (10100, 150, 152, 6, -38380)
    """
    step = max((abs(number) + _PERCENT // 2) // _PERCENT, 1)
    return number + step if number > 0 else number - step


def _numbers(terms: Terms) -> Iterator[tuple[str, int, Callable[[int], Terms]]]:
    """Yield each number of some terms that is not 0, and a function that makes terms with another one."""
    for name in _OF_TERMS:
        if was := getattr(terms, name):
            yield name, was, lambda number, name=name: terms.replace(**{name: number})  # type: ignore[misc]  # as above
    for setting, (key, names) in _OF_LISTS.items():
        for place, one in enumerate(getattr(terms, setting)):
            for name in names:
                if was := getattr(one, name):

                    def changed(number: int, setting: str = setting, place: int = place, name: str = name) -> Terms:
                        rows = [*getattr(terms, setting)]
                        rows[place] = rows[place].replace(**{name: number})
                        return terms.replace(**{setting: tuple(rows)})

                    yield f"{setting}[{getattr(one, key)}].{name}", was, changed
    yield from _of_answers(terms)


def _of_answers(terms: Terms) -> Iterator[tuple[str, int, Callable[[int], Terms]]]:
    """Yield the numbers of the condition table."""
    for question in terms.questionnaire.questions:
        for option in question.options:
            path = f"condition[{question.id}={option.id}]"

            def changed(number: Any, question: Any = question, option: Any = option, name: str = "") -> Terms:  # noqa: ANN401 - a field of an option
                options = (one.replace(**{name: number}) if one is option else one for one in question.options)
                asked = question.replace(options=tuple(options))
                questions = (asked if one is question else one for one in terms.questionnaire.questions)
                return terms.replace(questionnaire=terms.questionnaire.replace(questions=tuple(questions)))

            for name in ("keep_bps", "extra_minor"):
                was = getattr(option, name)
                if was and (name, was) != ("keep_bps", 10_000):
                    yield f"{path}.{name}", was, lambda number, changed=changed, name=name: changed(number, name=name)  # type: ignore[misc]  # as above
            if (cost := option.deduction) is not None:
                name = next(name for name in _OF_DEDUCTION if getattr(cost, name))

                def costing(
                    number: int, cost: Deduction = cost, name: str = name, changed: Callable[..., Terms] = changed
                ) -> Terms:
                    return changed(cost.replace(**{name: number}), name="deduction")

                yield f"{path}.{name}", cost.size, costing
