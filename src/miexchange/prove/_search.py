"""Phones by the thousand, as columns of numbers: the quick search for one that breaks a law, before the solver.

The kernel runs on arrays as it does on symbols. Prices, anchors and answers are drawn from a fixed seed, so a programme
has the same phones on every machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from miexchange.money import GREATEST_AMOUNT
from miexchange.prove._sheet import NOT_ASKED, Inputs, parts_of, steps_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from miexchange.prove._sheet import Case, Sheet

    Ints = NDArray[np.int64]

    Draw = Callable[[Sheet, Sequence[Case], int], tuple[Inputs, Ints]]
    """A way to draw phones: from terms, the kinds of models and a seed, phones with the position of each one's case."""

__all__ = ["Columns", "asked_picks", "drawn", "in_a_row", "opened", "values", "with_answer"]

_PHONES = 4_096
_SMALL = 60
_KINDS, _RUN = 64, 2_048
_EXPONENT = 11.0  # of ten: the greatest amount


class Columns:
    """The world of columns: a choice is an array of positions."""

    def select(self, pick: Any, numbers: Sequence[Any]) -> Ints:  # noqa: ANN401 - an array or a position
        """Return the number of each row's choice."""
        if all(isinstance(number, int) for number in numbers):
            of_rows: Ints = np.asarray(numbers, dtype=np.int64)[pick]
            return of_rows
        count = next(len(number) for number in numbers if not isinstance(number, int))
        table = np.stack([np.broadcast_to(np.asarray(number, dtype=np.int64), count) for number in numbers])
        found: Ints = table[pick, np.arange(count)]
        return found

    def places(self, number: Any, count: int) -> Any:  # noqa: ANN401 - as above
        """Return a number as a choice among several."""
        del count
        return number


WORLD = Columns()


def drawn(sheet: Sheet, cases: Sequence[Case], seed: int, markets: Sequence[int] = ()) -> tuple[Inputs, Ints]:
    """Draw phones, and return them with the position of each one's case.

    Args:
        sheet: the terms.
        cases: the kinds of models.
        seed: the seed.
        markets: market prices in price steps to draw from; empty for all kinds of prices.
    """
    random = np.random.default_rng(seed)
    step = sheet.price_step
    small = random.integers(1, _SMALL, _PHONES)
    large = np.minimum((10 ** random.uniform(0, _EXPONENT, _PHONES)).astype(np.int64) // step + 1, sheet.most_units)
    units = (
        random.choice(np.asarray(markets), _PHONES)
        if markets
        else np.where(random.random(_PHONES) < 1 / 8, small, large)
    )
    market = np.minimum(units, sheet.most_units) * step
    anchors = {}
    for name in sheet.anchors:
        share = np.maximum((market * random.uniform(0, 0.3, _PHONES)).astype(np.int64), 1)
        free = (10 ** random.uniform(0, _EXPONENT, _PHONES)).astype(np.int64)
        few = random.integers(1, _SMALL, _PHONES)
        kind = random.integers(0, 4, _PHONES)
        anchors[name] = np.minimum(np.where(kind == 0, free, np.where(kind == 1, few, share)), GREATEST_AMOUNT)
    case = random.integers(0, len(cases), _PHONES)
    clean = random.uniform(0, 1, _PHONES)  # how many answers of a phone are its best ones
    picks = {}
    for asked in sheet.asked:
        count = len(asked.taken) - asked.is_restricted
        pick = random.integers(0, max(count, 1), _PHONES)
        pick = np.where(random.random(_PHONES) < clean, 0, pick)
        if asked.is_restricted:
            left_out = np.asarray([asked.id in one.left_out for one in cases])
            pick = np.where(left_out[case] | (count == 0), count, pick)
        picks[asked.id] = pick
    scales = [
        np.where(random.random(_PHONES) < clean, 0, random.integers(0, len(scale.rates), _PHONES))
        for scale in sheet.scales
    ]
    return Inputs(market, anchors, picks, scales), case


def in_a_row(sheet: Sheet, cases: Sequence[Case], seed: int) -> tuple[Inputs, Ints]:
    """Draw a few phones, each at all of the lowest prices: there a rounding is large beside the price.

    A price at which a value falls by a step can be one of a thousand, and for one set of answers only.
    """
    phones, case = drawn(sheet, cases, seed)

    def each(column: Any) -> Any:  # noqa: ANN401 - an array
        return np.repeat(column[:_KINDS], _RUN)

    market = np.tile(np.minimum(np.arange(1, _RUN + 1), sheet.most_units) * sheet.price_step, _KINDS)
    anchors, picks = ({name: each(column) for name, column in of.items()} for of in (phones.anchors, phones.picks))
    return Inputs(market, anchors, picks, [each(column) for column in phones.scales]), each(case)


def asked_picks(sheet: Sheet, picks: Mapping[str, Any]) -> dict[str, Any]:
    """Return choices of answers, with none for a question that is not asked after the others."""
    found = dict(picks)
    for asked in sheet.asked:
        if asked.before:
            is_open = np.isin(found[asked.before], asked.opens)
            found[asked.id] = np.where(is_open, found[asked.id], len(asked.taken) - 1)
    return found


def opened(sheet: Sheet, phones: Inputs, question: str) -> Inputs:
    """Return the same phones with answers after which a question is asked."""
    picks, asked = dict(phones.picks), sheet.by_id[question]
    while asked.before:
        pick = picks[asked.before]
        if asked.opens:
            picks[asked.before] = np.where(np.isin(pick, asked.opens), pick, asked.opens[0])
        asked = sheet.by_id[asked.before]
    return phones._replace(picks=picks)


def values(sheet: Sheet, kernel: Any, phones: Inputs) -> Ints:  # noqa: ANN401 - `_kernel`, or a copy
    """Return the values of phones without bonuses, in minor units."""
    phones = phones._replace(picks=asked_picks(sheet, phones.picks))
    steps = steps_of(sheet, kernel, parts_of(sheet, kernel, WORLD, phones))
    found: Ints = np.sum(np.broadcast_arrays(*steps), axis=0)
    return found


def with_answer(sheet: Sheet, phones: Inputs, question: str, place: int) -> Inputs:
    """Return the same phones with another answer to one question."""
    assert all(asked.taken[place] is not NOT_ASKED for asked in sheet.asked if asked.id == question)  # noqa: S101 - of us
    pick = np.full(len(phones.market), place)
    return phones._replace(picks={**phones.picks, question: pick})
