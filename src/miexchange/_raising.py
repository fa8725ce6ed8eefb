"""The smallest sets of better answers that raise a quote, by the way in which a value is made.

Before the floor, a value is what the retentions keep, less the worst deduction of each component group, plus extras. So
a set none of whose changes can be spared has, beside those that improve the grade or a retention, in each component
group exactly the answers that cost more than the worst of those that stay. Only these sets are tried, and of them only
those whose gains are enough: overlaps give back less, never more, where deductions fall.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from miexchange import _kernel
from miexchange._periods import period_at
from miexchange._text import WIDEST
from miexchange._valued import granted
from miexchange.money import BPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from miexchange.programme import Programme
    from miexchange.quote import Quote

__all__ = ["Raising", "before_floor"]

_CLOSING = frozenset({"factor", "floor", "cap", "rounding"})
_NOT_POSSIBLE = -WIDEST
_MOST_KEPT = 3
"""The most changes that improve a retention: every set of them is tried."""


Key = tuple[Any, str, "str | None"]
"""A change: see `miexchange._cures.Key`."""

Picks = frozenset[Key]


class _Part(NamedTuple):
    """Some changes of a component group, or one of an extra, and their gain before the floor."""

    picks: Picks
    gain: int


class Raising:
    """The changes that could raise a quote: the best answer to each question, and the best class of customer."""

    def __init__(self, quote: Quote, programme: Programme, keys: Sequence[Key], answers: Mapping[str, str]) -> None:
        """Sort the changes by their effects.

        Args:
            quote: the quote without changes.
            programme: its programme.
            keys: the changes; none of them decides which questions are asked.
            answers: the answers in the quote, of several choices each by itself.
        """
        period = period_at(programme, quote.model, quote.at)
        assert period is not None  # noqa: S101 - there is a quote
        self._quote, self._programme, self._period, self.size = quote, programme, period, len(keys)
        self._kept: list[Key] = []
        self._grades: dict[Key, int] = {}
        self._costs: dict[int, dict[Key, int]] = {}
        self._extras: dict[Key, int] = {}
        self.is_known = all(self._sort(key, answers) for key in keys) and len(self._kept) <= _MOST_KEPT

    def _sort(self, key: Key, answers: Mapping[str, str]) -> bool:
        """Take a change by its effects; tell whether they are of the kinds whose sets are known."""
        what, name, option = key
        if what != "condition":  # the class of the customer
            self._kept.append(key)
            return True
        effects = self._period.terms._effects[name]  # noqa: SLF001 - of the core
        before, after = effects[answers.get(name)], effects[option]
        gained = (0 if after is None else after.extra_minor) - (0 if before is None else before.extra_minor)
        if after is not None and (after.grade or after.deduction or after.keep_bps != BPS):
            return False  # even its best answer costs something
        if before is not None and before.grade:
            self._grades[key] = before.grade
        if before is not None and before.keep_bps != BPS:
            self._kept.append(key)
        if before is not None and before.deduction is not None:
            line = self._period.deduction(before, self._programme, self._quote.at)
            assert line is not None  # noqa: S101 - as above
            self._costs.setdefault(before.place, {})[key] = -line.amount
            return not gained
        if gained:
            self._extras[key] = gained
        return True

    def least(self, worth: int, most: int) -> int:
        """Return the least value before the floor of which the offer is higher than another one.

        Args:
            worth: the other offer.
            most: a value before the floor of which it is higher.
        """
        low = before_floor(self._quote)
        while low + 1 < most:
            middle = (low + most) // 2
            low, most = (low, middle) if self._offer(middle) > worth else (middle, most)
        return most

    def _offer(self, value: int) -> int:
        """Return the offer of a value before the floor."""
        period, terms, quote = self._period, self._period.terms, self._quote
        closing = terms.factor_bps, period.floor, terms.step_minor
        steps = [0] * (_kernel.FIXED_STEPS + 2)
        exchange = _kernel.write_steps(steps, period.market, [BPS], [period.market - value], (), (), (), (), *closing)
        offers = period.offers(self._programme, quote.at, quote.told["target"], dict(quote.bonuses_given))
        offer: int = exchange + sum([amount for amount, _ in granted(exchange, offers)])
        return offer

    def sets(self, count: int, needed: Callable[[Picks], int]) -> Iterator[Picks]:
        """Yield the sets of a size that may raise the quote, if no smaller set does.

        Args:
            count: the size.
            needed: returns the least gain before the floor that is needed after some changes of grade and retentions.
        """
        found: dict[Picks, None] = {}  # in an order that is always the same
        for level in sorted({0, *self._grades.values()}, reverse=True):
            graded = [key for key, steps in self._grades.items() if steps > level]
            for size in range(count + 1):
                for kept in combinations(self._kept, size):
                    begun = frozenset((*graded, *kept))
                    if len(begun) <= count:
                        rests = self._rests(begun, count - len(begun), needed(begun))
                        found.update(dict.fromkeys(begun | rest for rest in rests))
        yield from found

    def _rests(self, begun: Picks, count: int, needed: int) -> Iterator[Picks]:
        """Yield the sets of changes of costs and extras, of a size, that gain as much as needed."""
        groups = [parts for costs in self._costs.values() if (parts := _parts(costs, begun))]
        groups += [[_Part(frozenset({key}), gain)] for key, gain in self._extras.items() if key not in begun]
        groups.sort(key=lambda parts: -parts[-1].gain)
        if sum([parts[-1].gain for parts in groups[:count]]) < needed:
            return  # each change is of one group
        most = _most(groups, count)
        unread: list[tuple[int, int, int, Picks]] = [(0, count, needed, frozenset())]
        while unread:
            place, left, lacking, picks = unread.pop()
            if most[place][left] < lacking:
                continue
            if not left:
                yield picks
            else:
                unread.append((place + 1, left, lacking, picks))
                unread += [
                    (place + 1, left - len(part.picks), lacking - part.gain, picks | part.picks)
                    for part in groups[place]
                    if len(part.picks) <= left
                ]


def _parts(costs: Mapping[Key, int], begun: Picks) -> list[_Part]:
    """Return, for each cost that may stay the worst of a group, the changes of all that cost more; most gain last."""
    left = {key: cost for key, cost in costs.items() if key not in begun}
    worst = max(left.values(), default=0)
    stays = sorted({0, *left.values()} - {worst}, reverse=True) if worst else []
    return [_Part(frozenset([key for key, cost in left.items() if cost > one]), worst - one) for one in stays]


def _most(groups: Sequence[list[_Part]], count: int) -> list[list[int]]:
    """Return what the groups from each one on can gain by exactly each number of changes up to a count."""
    most = [[0] + [_NOT_POSSIBLE] * count]
    for parts in reversed(groups):
        row = most[0].copy()
        for part in parts:
            for left in range(len(part.picks), count + 1):
                row[left] = max(row[left], part.gain + most[0][left - len(part.picks)])
        most.insert(0, row)
    return most


def before_floor(quote: Quote) -> int:
    """Return the value of a quote before the factor and the floor."""
    lines = quote.lines[: len(quote.lines) - len(quote.bonuses)]
    return sum([line.amount for line in lines if line.rule not in _CLOSING])
