"""The value of each changed answer: the Shapley values of a re-quote, in whole minor units that add up.

A phone is valued with every subset of the changed answers as the inspector saw them and the rest as the customer gave
them. The mean change by an answer over all orders is its share (Shapley 1953), so the order of the questions favours
neither of two answers that share a component. With more than six changed answers only two orders are used, the
questionnaire's and its reverse.
"""

from __future__ import annotations

from functools import cache
from itertools import permutations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from miexchange.batch import appraise_frame
from miexchange.refusal import ReasonCode
from miexchange.tuning._progress import track

if TYPE_CHECKING:
    from datetime import datetime

    import numpy.typing as npt

    from miexchange.programme import Programme

    Ints = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

__all__ = ["Answers", "Attribution", "attribute"]

_MOST_EXACT = 6  # changed answers: 64 valuations of one phone
_AT_ONCE = 200_000  # rows to value


class Answers(NamedTuple):
    """The answers to a question, by row.

    Attributes:
        options: the answers that occur.
        said: the position of the customer's answer; -1 for none.
        seen: the position of the inspector's answer; -1 if nobody looked.
    """

    options: pd.Index[str]
    said: npt.NDArray[np.intp]
    seen: npt.NDArray[np.intp]

    @property
    def differ(self) -> Flags:
        """The rows where the inspector's answer differs from the customer's."""
        found: Flags = (self.seen >= 0) & (self.seen != self.said)
        return found


class Attribution(NamedTuple):
    """The effects of the answers at the door, by row.

    Attributes:
        said_minor: the value by the customer's answers; 0 if there is none.
        seen_minor: the value by the inspector's answers; 0 for a phone that one of them refuses.
        amounts: a column for each question; each row adds up to the second value minus the first.
        valued: whether both values are known; if not, all amounts are 0.
    """

    said_minor: Ints
    seen_minor: Ints
    amounts: Ints
    valued: Flags


class _Game(NamedTuple):
    """The subsets of changed answers to value, from the empty one to the full one, and their weights."""

    sets: Flags
    weights: Ints
    divisor: int


@cache
def _game(players: int) -> _Game:
    """Return the subsets to value for a number of changed answers.

    >>> _game(2).weights.tolist(), _game(2).divisor
    ([[-1, -1, 1, 1], [-1, 1, -1, 1]], 2)
    """
    one_way = tuple(range(players))
    orders = [*permutations(one_way)] if players <= _MOST_EXACT else [one_way, one_way[::-1]]
    gains: dict[tuple[int, ...], list[int]] = {}  # by subset: times after a player minus times before
    for order in orders:
        taken = [0] * players
        for player in order:
            gains.setdefault(tuple(taken), [0] * players)[player] -= 1
            taken[player] = 1
            gains.setdefault(tuple(taken), [0] * players)[player] += 1
    sets = sorted(gains)
    return _Game(np.array(sets, dtype=bool), np.array([gains[one] for one in sets]).T, len(orders))


def attribute(
    phones: pd.DataFrame, answers: dict[str, Answers], programme: Programme, at: datetime | None
) -> Attribution:
    """Value each phone by the customer's and by the inspector's answers, and split the difference among the answers.

    Args:
        phones: the columns that the programme reads, beside the answers.
        answers: the answers to each question of the programme.
        programme: the rules.
        at: the instant of the quotes, unless `phones` has a column of instants.
    """
    differ = np.zeros((len(phones), len(answers)), dtype=bool)
    for number, one in enumerate(answers.values()):
        differ[:, number] = one.differ
    said, valued = _values(phones, {name: (one.options, one.said) for name, one in answers.items()}, programme, at)
    valued &= said > 0  # nobody is quoted 0, and a refused phone is worth 0 here
    seen, amounts = said.copy(), np.zeros(differ.shape, dtype=np.int64)
    changed = np.where(valued, differ.sum(axis=1), 0)
    steps = []
    for players in np.unique(changed[changed > 0]).tolist():
        rows = np.flatnonzero(changed == players)
        parts = len(rows) * len(_game(players).sets) // _AT_ONCE + 1
        steps += [(players, part) for part in np.array_split(rows, min(parts, len(rows)))]
    for players, rows in track(steps, "Attribute"):
        game = _game(players)
        # For each row, which questions changed, in the questionnaire's order, and each question's place among them.
        who = np.argsort(~differ[rows], axis=1, kind="stable")[:, :players]
        place = np.full((len(rows), len(answers)), players)
        np.put_along_axis(place, who, np.arange(players)[None, :], axis=1)
        taken = np.column_stack([game.sets[1:], np.zeros(len(game.sets) - 1, dtype=bool)])
        mixed = {}
        for number, (name, one) in enumerate(answers.items()):
            codes = np.where(taken[:, place[:, number]].T, one.seen[rows, None], one.said[rows, None])
            mixed[name] = one.options, codes.ravel()
        worth, fits = _values(phones.take(np.repeat(rows, len(game.sets) - 1)), mixed, programme, at)
        worths = np.column_stack([said[rows], worth.reshape(len(rows), -1)])
        fits = np.logical_and.reduce(fits.reshape(len(rows), -1), axis=1)
        shares = _rounded(worths @ game.weights.T, game.divisor)
        seen[rows], valued[rows] = np.where(fits, worths[:, -1], said[rows]), fits
        amounts[rows[:, None], who] = np.where(fits[:, None], shares, 0)
    return Attribution(said, seen, amounts, valued)


def _rounded(shares: Ints, divisor: int) -> Ints:
    """Divide the shares and round them to whole units by the largest remainders, so that each row still adds up."""
    whole, rest = shares // divisor, shares % divisor
    up = rest.sum(axis=1) // divisor
    rank = np.argsort(np.argsort(-rest, axis=1, kind="stable"), axis=1)
    rounded: Ints = whole + (rank < up[:, None])
    return rounded


def _values(
    phones: pd.DataFrame,
    answers: dict[str, tuple[pd.Index[str], npt.NDArray[np.intp]]],
    programme: Programme,
    at: datetime | None,
) -> tuple[Ints, Flags]:
    """Return the coupon's value of each phone, 0 if an answer refuses it, and whether that is known."""
    frame = phones.copy(deep=False)
    for name, (options, codes) in answers.items():
        frame[name] = pd.Categorical.from_codes(codes, categories=options)
    values = appraise_frame(frame, programme, at=at)
    worth = values["coupon_value_minor"].fillna(0).to_numpy(dtype=np.int64)
    refused = (values["reasons"] == ReasonCode.CONDITION_GATE.value).to_numpy(dtype=bool)
    return worth, (values["outcome"] != "refused").to_numpy(dtype=bool) | refused
