"""The bonuses on offer under some terms, for each day and each new model, whichever quotas are used up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import z3

from miexchange.money import GREATEST_AMOUNT
from miexchange.prove._laws import Found, ask
from miexchange.prove._symbols import Symbol, World

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from miexchange.programme import Bonus, Terms

    _Kernel = Any  # `_kernel`, or a copy that a test has changed

__all__ = ["Offer", "grows", "is_never_paid", "offers"]


class Paid(NamedTuple):
    """The bonus that is paid given some used-up quotas; None for none."""

    used: tuple[str, ...]
    bonus: Bonus | None


class Offer(NamedTuple):
    """The bonuses that are offered on a day for a new model.

    Attributes:
        on: the day.
        target: the new model; None for one that no bonus targets.
        chains: for each bonus what is paid in its place, after none, one, two ... of the quotas in its chain are gone.
    """

    on: date
    target: str | None
    chains: tuple[tuple[Paid, ...], ...]


def offers(terms: Terms, begin: date, end: date | None) -> Iterator[Offer]:
    """Yield every distinct offer of a period.

    Args:
        terms: the terms in force on these days.
        begin: the first day.
        end: the first day after the period; None for no end.
    """
    edges = {day for bonus in terms.bonuses for day in (bonus.begins, bonus.ends) if day is not None}
    days = [begin, *sorted(day for day in edges if day > begin and (end is None or day < end))]
    targets = (None, *dict.fromkeys(target for bonus in terms.bonuses for target in bonus.targets))
    seen = set()
    for on in days:
        for target in targets:
            chains = tuple(tuple(_chain(terms, bonus, on, target)) for bonus in terms.bonuses)
            if chains not in seen:
                seen.add(chains)
                yield Offer(on, target, chains)


def _chain(terms: Terms, bonus: Bonus, on: date, target: str | None) -> Iterator[Paid]:
    used: dict[str, int] = {}
    following: Bonus | None = bonus
    while following is not None:
        yield Paid(tuple(used), terms.paid_bonus(bonus, used, on, target))
        if following.quota is None:
            return
        used[following.id] = following.quota
        following = terms.bonus_by_id.get(following.fall_back)
    yield Paid(tuple(used), terms.paid_bonus(bonus, used, on, target))


class _Till:
    """The bonuses of an offer in the kernel's form; whether a quota is used up is open.

    A bonus and its fall-back share one row. If one is stackable and the other is not, there are two
    rows, one of which is zero.
    """

    def __init__(self, world: World, kernel: _Kernel, terms: Terms, offer: Offer) -> None:
        self.world, self.kernel = world, kernel
        self.rows: list[tuple[tuple[Any, ...], bool]] = []
        self.ids: list[list[tuple[Any, str]]] = []
        for bonus, chain in zip(terms.bonuses, offer.chains, strict=True):
            pick = [_is_paid(chain, place) for place in range(len(chain))]
            for stackable in sorted({paid.bonus.stackable for paid in chain if paid.bonus is not None}):
                row = [None if one is None or one.stackable is not stackable else one for _, one in chain]
                amounts = [
                    world.one_of(
                        (condition, 0 if one is None else number(one)) for condition, one in zip(pick, row, strict=True)
                    )
                    for number in (_fixed, _share, _most)
                ]
                self.rows.append(((bonus.from_value_minor, *amounts), stackable))
                self.ids.append(
                    [(condition, one.id) for condition, one in zip(pick, row, strict=True) if one is not None]
                )

    def granted(self, value: Symbol) -> list[Any]:
        """Return the granted amount of each row."""
        amounts = [self.kernel.bonus(value, *row) for row, _ in self.rows]
        self.kernel.grant(amounts, [stackable for _, stackable in self.rows])
        return amounts


def _is_paid(chain: Sequence[Paid], place: int) -> Any:  # noqa: ANN401 - a term of the solver
    """Return the condition that the quotas before a place of a chain are used up, and the next one is not."""
    used = [z3.Bool(f"used {name}") for name in chain[place].used]
    following = chain[place + 1].used[-1:] if place + 1 < len(chain) else ()
    return z3.And(*used, *(z3.Not(z3.Bool(f"used {name}")) for name in following))


def _fixed(bonus: Bonus) -> int:
    return bonus.amount_minor


def _share(bonus: Bonus) -> int:
    return bonus.share_bps


def _most(bonus: Bonus) -> int:
    return bonus.most_minor


def grows(terms: Terms, kernel: _Kernel, offer: Offer, seconds: float) -> Found:
    """Ask whether a higher exchange value can earn a smaller coupon, for any used-up quotas."""
    world = World()
    till = _Till(world, kernel, terms, offer)
    low, high = world.any(0, GREATEST_AMOUNT, "low"), world.any(0, GREATEST_AMOUNT, "high")
    coupons, traces = [], []
    world.run()
    for value in (low, high):
        coupons.append(world.lift(sum(till.granted(value), value)))
        traces.append(world.run())
    world.facts += [low.term <= high.term, *world.compared(*traces)]
    verdict, _ = ask(world, coupons[1].term < coupons[0].term, seconds)
    return Found(verdict)


def is_never_paid(terms: Terms, kernel: _Kernel, bonus: str, offer: Offer, most: int, seconds: float) -> bool:
    """Tell whether the solver proves that a bonus is granted for no exchange value up to a limit."""
    world = World()
    till = _Till(world, kernel, terms, offer)
    amounts = till.granted(world.any(0, most, "value"))
    paid = [
        z3.And(condition, world.lift(amount).term > 0)
        for amount, ids in zip(amounts, till.ids, strict=True)
        for condition, name in ids
        if name == bonus
    ]
    verdict, _ = ask(world, z3.Or(*paid), seconds)
    return verdict == "proved"
