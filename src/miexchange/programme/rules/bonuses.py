"""Bonuses: amounts on top of the value of the device."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated

from miexchange._bounded import After, Between, Id, MaybeId, Note, Text, Words
from miexchange._privacy import mask
from miexchange._text import is_missing, listed
from miexchange._time import midnight
from miexchange._value import Value, day, text
from miexchange.money import GREATEST_AMOUNT, Amount, Bps, percent
from miexchange.programme.rules._rule import Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import tzinfo

    from miexchange._value import Fault
    from miexchange.programme.rules._rule import Problem, Span
    from miexchange.programme.terms import Terms

__all__ = ["BONUSES", "Bonus", "Quota"]

Quota = Annotated[int, Between(1, GREATEST_AMOUNT)]
"""The quota of a bonus."""


@dataclass(frozen=True, slots=True)
class Bonus(Value):
    """Money on top of the exchange value, kept apart from it.

    Of the bonuses that are not stackable, only the largest counts; stackable ones all add up.

    Attributes:
        id: the bonus's id.
        says: its description, for people.
        amount_minor: a fixed amount. A bonus has one of this and ``share_bps``.
        share_bps: a share of the exchange value, in basis points.
        cap_minor: the greatest amount; required for a share.
        from_value_minor: the least exchange value that earns it. A band has no upper end, so that
            a higher value never earns less.
        targets: the new models for which it is given; empty for all. It is spent only on these.
        begins: the first day, in the programme's zone; None for always.
        ends: the first day after it; None for no end.
        stackable: whether it combines with other bonuses.
        quota: the number of times that it is given; None for no limit.
        fall_back: the bonus that replaces it when the quota is used up, or "".
        source: the source of the offer.
    """

    id: Id
    says: Text
    amount_minor: Amount = 0
    share_bps: Bps = 0
    cap_minor: Annotated[int, Between(1, GREATEST_AMOUNT)] | None = None
    from_value_minor: Amount = 0
    targets: Words = ()
    begins: date | None = None
    ends: Annotated[date | None, After("begins")] = None
    stackable: bool = False
    quota: Quota | None = None
    fall_back: MaybeId = ""
    source: Note = ""

    def _faults(self) -> Iterator[Fault]:
        if bool(self.amount_minor) is bool(self.share_bps):
            yield (
                "amount_minor",
                self.amount_minor,
                "give amount_minor or share_bps: a bonus is either a fixed amount or a share",
            )
        elif self.share_bps and self.cap_minor is None:
            yield "cap_minor", self.cap_minor, "give the most that the share can be"
        elif self.amount_minor and self.cap_minor is not None:
            yield (
                "cap_minor",
                self.cap_minor,
                "give in amount_minor what is paid, and no cap: a fixed amount needs none",
            )

    @property
    def most_minor(self) -> int:
        """The greatest amount of the bonus: its cap, or its fixed amount."""
        return self.amount_minor if self.cap_minor is None else self.cap_minor

    def runs(self, on: date, target: str | None) -> bool:
        """Tell whether the bonus is offered that day for that new model."""
        if type(on) is not date:
            on = day(on, "on")
        if target is not None and type(target) is not str:
            target = None if is_missing(target) else text(target, "target", "give the new model's name, or None")
        if self.targets and target not in self.targets:
            return False
        return (self.begins is None or self.begins <= on) and (self.ends is None or on < self.ends)


class _Bonuses(Rule):
    setting, title = "bonuses", "bonuses"

    def faults(self, terms: Terms) -> Iterator[Fault]:
        for number, bonus in enumerate(terms.bonuses):
            chain = [bonus.id]
            while (name := terms.bonus_by_id[chain[-1]].fall_back) in terms.bonus_by_id and name not in chain:
                chain.append(name)
            if bonus.fall_back and bonus.fall_back not in terms.bonus_by_id:
                yield (
                    f"bonuses.{number}.fall_back",
                    bonus.fall_back,
                    f"name one of: {listed(tuple(map(mask, terms.bonus_by_id)))}",
                )
            elif name == bonus.id:
                ring = listed([mask(one) for one in (*chain, name)], " > ")
                rule = f"let the fall-backs come to an end: {ring}"
                yield f"bonuses.{number}.fall_back", bonus.fall_back, rule

    def problems(self, terms: Terms, period: Span | None, zone: tzinfo) -> Iterator[Problem]:
        for number, bonus in enumerate(terms.bonuses):
            faults = [*(_faults_of_time(bonus, period, zone) if period else ()), *_faults_of_fall_back(bonus, terms)]
            yield from ((number, key, f"{bonus.id} {what}", remedy) for key, what, remedy in faults)

    def rows(self, terms: Terms, write: Callable[[int], str]) -> Iterable[str]:
        return (_row(bonus, write) for bonus in terms.bonuses)


BONUSES = _Bonuses()

_Fault = tuple[str, str, str]  # the key, the fault, and the remedy


def _faults_of_time(bonus: Bonus, period: Span, zone: tzinfo) -> Iterator[_Fault]:
    begin, end = period
    if bonus.ends is not None and midnight(bonus.ends, zone) <= begin:
        what = f"ends on {bonus.ends}, before these terms begin"
        yield "ends", what, "Take it out of these terms, or let it end later"
    if bonus.begins is not None and midnight(bonus.begins, zone) >= end:
        what = f"begins on {bonus.begins}, when the next terms are in force"
        yield "begins", what, "Move it to the next terms"


def _faults_of_fall_back(bonus: Bonus, terms: Terms) -> Iterator[_Fault]:
    if not bonus.fall_back:
        return
    if bonus.quota is None:
        what = "has a fall-back and no quota, so the fall-back is never reached"
        yield "fall_back", what, "Set a quota, or take the fall-back out"
    yield from _faults_of_pair(bonus, terms.bonus_by_id[bonus.fall_back])


def _faults_of_pair(bonus: Bonus, other: Bonus) -> Iterator[_Fault]:
    """Yield the faults of a bonus and its fall-back, which is also offered by itself."""
    if bonus.stackable or other.stackable:
        what = f"and its fall-back {other.id} are not alternatives: one is stackable, so {other.id} could be paid twice"
        yield "fall_back", what, "Let neither be stackable"
    earlier = other.begins is not None and (bonus.begins is None or bonus.begins < other.begins)
    later = other.ends is not None and (bonus.ends is None or bonus.ends > other.ends)
    elsewhere = other.targets and not (bonus.targets and set(bonus.targets) <= set(other.targets))
    if earlier or later or elsewhere:
        what = f"is offered on days or for models for which its fall-back {other.id} is not"
        yield "fall_back", what, f"Let {other.id} cover the days and the targets of {bonus.id}"


def _row(bonus: Bonus, write: Callable[[int], str]) -> str:
    worth = f"{percent(bonus.share_bps)}, at most " if bonus.share_bps else ""
    parts = [f"{bonus.says}: {worth}{write(bonus.most_minor)}"]
    if bonus.from_value_minor:
        parts.append(f"from a value of {write(bonus.from_value_minor)}")
    if bonus.targets:
        parts.append(f"on a new {' or '.join(bonus.targets)}")
    if bonus.begins or bonus.ends:
        parts.append(f"from {bonus.begins or 'the beginning'} until {bonus.ends or 'further notice'} (exclusive)")
    if bonus.quota is not None:
        parts.append(f"{bonus.quota} times{f', then {bonus.fall_back}' if bonus.fall_back else ''}")
    parts.append("combines with others" if bonus.stackable else "the largest of its kind counts")
    return "; ".join(parts)
