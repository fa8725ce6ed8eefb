"""Finds who gets less after a change of a programme: nobody, with a proof; or some phones, and the largest loss.

Needs the extra ``batch``; with the extra ``prove`` it is also proved that nobody does.

>>> import dataclasses
>>> from datetime import UTC, datetime
>>> from miexchange import Programme
>>> old = Programme.load("uk-trade-in")
>>> new = dataclasses.replace(old, terms=(old.terms[0].replace(factor_bps=9_500),))
>>> found = losses(old, new, at=datetime(2025, 4, 13, tzinfo=UTC))
>>> found.verdict, found.largest[0].before_minor > found.largest[0].after_minor
('losers', True)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations, product
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from miexchange._arguments import INSTANT, instance, takes, whole
from miexchange._bounded import Count, Id, Line
from miexchange._cures import is_taken
from miexchange._extras import MissingExtraError, extra
from miexchange._limits import JSON_VALUES
from miexchange._periods import changing_at
from miexchange._value import Value
from miexchange.catalogue import Device, Variant
from miexchange.condition import Condition
from miexchange.eligibility import ImeiStatus
from miexchange.imei import Imei
from miexchange.money import Currency, same_currency
from miexchange.programme import Programme
from miexchange.quote import Quote
from miexchange.refusal import Refusal
from miexchange.valuation import appraise

with extra("batch", "miexchange.losses"):
    import pandas as pd

    from miexchange.batch import appraise_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from miexchange.programme import Bonus, Terms

__all__ = ["Loss", "Losses", "losses"]

_MOST_INSTANTS = 12
_MOST_ROWS = 200_000
_LEAST_ROWS = 40  # for a model at an instant
_SHOWN = 5
_PROGRAMME = instance(Programme, "give a Programme, as Programme.load returns")


@dataclass(frozen=True, slots=True)
class Loss(Value):
    """A phone that gets less.

    Attributes:
        model: the variant's id.
        at: the instant of the valuation.
        condition: its answers.
        before_minor: the coupon value by the old edition, in minor units.
        after_minor: the same by the new one; None where it is refused.
        why: the codes of the reasons of the refusal, or the line of the quote that fell most.
        faults: the answers other than the best ones, such as ``battery=weak``.
        purchased_on: the day of purchase, if a rule reads it.
        target: the new phone that the customer wants.
        customer: the class of customer.
        imei_status: the register's answer for a phone with an IMEI; None for one without.
        quotas: whether the quotas of bonuses are used up.
    """

    model: Id
    at: datetime
    condition: Condition
    before_minor: Count
    after_minor: Count | None
    why: Line
    faults: tuple[Line, ...] = ()
    purchased_on: date | None = None
    target: Line | None = None
    customer: Line | None = None
    imei_status: ImeiStatus | None = None
    quotas: Literal["free", "used"] = "free"

    @property
    def loss_minor(self) -> int:
        """The reduction, in minor units."""
        return self.before_minor - (self.after_minor or 0)


@dataclass(frozen=True, slots=True)
class Losses(Value):
    """The phones that get less after a change. It is true if there are any.

    Attributes:
        old: the digest of the edition in force.
        new: the digest of the next edition.
        currency: the currency of the amounts.
        verdict: ``losers``: some get less; ``proved``: nobody does, whatever the phone; ``valued``: every phone of the
            tables was valued and none does; ``unproved``: none of those valued does, which is not a proof.
        valued: the number of phones that were valued by both.
        losers: the number of these that get less.
        largest: the largest losses, of different models.
        is_largest: whether no phone of the tables loses more than the first of these; else some may.
        detail: the reason why there is no proof.
    """

    _most_items: ClassVar[int] = JSON_VALUES

    old: Id
    new: Id
    currency: Currency
    verdict: Literal["losers", "proved", "valued", "unproved"]
    valued: Count
    losers: Count
    largest: tuple[Loss, ...]
    is_largest: bool
    detail: Line = ""

    def __bool__(self) -> bool:
        """Tell whether some phone gets less."""
        return bool(self.largest)

    def explain(self, write: Callable[[int], str] | None = None) -> str:
        """Return it as text that fits a screen.

        Args:
            write: the function that formats an amount; by default plain digits with the currency's decimals.
        """
        amount = write or self.currency.plain
        if not self.largest:
            return _SAYS[self.verdict].format(valued=self.valued, detail=self.detail)
        most = self.largest[0]
        head = f"{self.losers:,} of {self.valued:,} phones get less; the largest loss is "
        rows = [f"{head}{'' if self.is_largest else 'at least '}{amount(most.loss_minor)}:"]
        for one in self.largest:
            after = "refused" if one.after_minor is None else amount(one.after_minor)
            rows.append(f"  {one.model} at {one.at.isoformat()}: {amount(one.before_minor)} -> {after}, {one.why}")
            told = {"bought": one.purchased_on, "target": one.target, "customer": one.customer}
            told |= {"register": one.imei_status, "quotas": None if one.quotas == "free" else one.quotas}
            rows.append("    " + ", ".join(f"{name}: {said}" for name, said in told.items() if said is not None))
            rows.append(f"    {', '.join((*one.faults, 'every other answer the best'))}")
        return "\n".join(row for row in rows if row.strip())


_SAYS = {
    "proved": "Nobody gets less: proved for all answers, ages, classes, new phones and quotas of every model taken.",
    "valued": "Nobody gets less: every phone of the tables was valued, {valued:,} of them.",
    "unproved": "None of {valued:,} phones gets less; that is no proof: {detail}.",
}


class _Case(NamedTuple):
    """A phone without its model and its instant."""

    before: Condition
    after: Condition
    months: int | None
    target: str | None
    customer: str | None
    quotas: str
    imei_status: str | None

    def said(self, side: int) -> Condition:
        """Return the answers to the questions of the old edition, or of the new one."""
        return self.after if side else self.before


@takes(
    old=_PROGRAMME,
    new=_PROGRAMME,
    at=INSTANT,
    seconds=whole(1),
)
def losses(old: Programme, new: Programme, *, at: datetime, seconds: int = 20) -> Losses:
    """Find the phones that get less by a new edition of a programme than by the old one.

    Every model that the old edition accepts is valued by both, at the instant and at each later change of
    its tables: with all answers, ages, classes of customers, targets and states of the quotas if
    these are few, and otherwise with every pair of them that are not the best, and a sample of others. If none
    of these gets less, the solver is asked for a proof, if it is installed.

    Args:
        old: the edition in force.
        new: the next edition.
        at: the first instant that is compared.
        seconds: the time limit of the solver for one question.

    Raises:
        InvalidValue: an argument is of another type, or the currencies differ.
    """
    same_currency(new.currency, old.currency, "losses.new", "the other edition")
    taken = {variant: _taken(old, new, variant, at) for variant in old.catalogue}
    search = _Valued(old, new)
    search.is_whole = all(len(places) <= _MOST_INSTANTS for places in taken.values())
    looked_at = [one for places in taken.values() for one in places[:_MOST_INSTANTS]]
    for variant, instant in looked_at:
        search.note(variant, instant, most=max(_MOST_ROWS // len(looked_at), _LEAST_ROWS))
    search.value()
    largest = tuple(search.largest())
    verdict: Literal["losers", "proved", "valued", "unproved"] = "losers" if largest else "valued"
    detail = ""
    if not largest:
        why = _why_not_proved(old, new, [one for places in taken.values() for one in places], seconds)
        if why is None:
            verdict = "proved"
        elif not search.is_whole:
            verdict, detail = "unproved", why
    return Losses(
        old.digest,
        new.digest,
        old.currency,
        verdict,
        len(search.rows),
        search.losers,
        largest,
        search.is_whole,
        detail,
    )


def _why_not_proved(old: Programme, new: Programme, taken: list[tuple[Variant, datetime]], seconds: int) -> str | None:
    try:
        from miexchange.prove._less import why_not_proved  # noqa: PLC0415 - of an extra
    except MissingExtraError as missing:
        return f"{missing}"
    return why_not_proved(old, new, taken, seconds)


def _taken(old: Programme, new: Programme, variant: Variant, at: datetime) -> list[tuple[Variant, datetime]]:
    """Return a model with the instants at which the old edition accepts it, of those at which something changes."""
    edges = {*changing_at(old, variant), *changing_at(new, variant)}
    instants = [at, *sorted(edge for edge in edges if edge > at)]
    return [(variant, edge) for edge in instants if is_taken(old, variant, edge)]


class _Valued:
    """The collected phones, and their values by both editions."""

    def __init__(self, old: Programme, new: Programme) -> None:
        self.both = old, new
        self.rows: list[tuple[str, datetime, _Case]] = []
        self.values: list[tuple[int, int]] = []
        self.is_whole, self.losers = True, 0
        self.kinds: dict[Any, list[_Case]] = {}
        self.imei = _unknown_imei(old, new)

    def terms_at(self, at: datetime) -> tuple[Terms | None, Terms | None]:
        return self.both[0].terms_at(at), self.both[1].terms_at(at)

    def note(self, variant: Variant, at: datetime, most: int) -> None:
        """Collect the phones of a model at an instant."""
        both = self.terms_at(at)
        asked = tuple(
            () if terms is None else tuple(one.id for one in terms.questionnaire.asked_of(variant)) for terms in both
        )
        kind = (*map(id, both), asked)
        if kind not in self.kinds:
            self.kinds[kind] = list(dict.fromkeys(self.cases(variant, both, most)))
        self.rows += [(variant.model, at, case) for case in self.kinds[kind]]

    def cases(self, variant: Variant, both: tuple[Terms | None, Terms | None], most: int) -> Iterator[_Case]:
        """Yield the phones of a kind: all, or those nearest to the best and a sample of others."""
        terms = [one for one in both if one is not None]
        factors: dict[str, list[Any]] = {}
        for one in terms:
            for question in one.questionnaire.asked_of(variant):
                options: list[Any] = [option.id for option in question.options]
                options += [None] if question.optional else []
                factors[question.id] = list(dict.fromkeys((*factors.get(question.id, ()), *options)))
        months: list[Any] = sorted({band.from_months for one in terms for band in one.age_bands})
        targets = dict.fromkeys(target for one in terms for bonus in one.bonuses for target in bonus.targets)
        has_quota = any(bonus.quota is not None for one in terms for bonus in one.bonuses)
        is_same = len({one.eligibility for one in terms}) == 1 and [*self.both[0].tacs] == [*self.both[1].tacs]
        facts: dict[str, list[Any]] = {
            " months": months or [None],
            " target": [None, *targets],
            " customer": list(dict.fromkeys(one.id for each in terms for one in each.customer_classes)) or [None],
            " quotas": ["free", "used"] if has_quota else ["free"],
            " imei_status": [None] if is_same else [None, "clear", "unverified"],
        }
        factors |= facts
        self.is_whole = self.is_whole and not any(one.drift_bps_per_day for one in terms)
        for chosen in self.chosen(list(factors.values()), most):
            said = dict(zip(factors, chosen, strict=True))
            rest = [said.pop(name) for name in facts]
            yield _Case(_answered(both[0], said, variant), _answered(both[1], said, variant), *rest)

    def chosen(self, factors: list[list[Any]], most: int) -> Iterator[Sequence[Any]]:
        """Yield choices out of each of some lists: all, if they are few."""
        if prod(map(len, factors)) <= most:
            yield from product(*factors)
            return
        self.is_whole = False
        best = [options[0] for options in factors]
        yield best
        others = [(place, option) for place, options in enumerate(factors) for option in options[1:]]
        pairs = [pair for pair in combinations(others, 2) if pair[0][0] != pair[1][0]]
        half = max(most - len(others) - 1, 0) // 2
        spread = pairs[:: len(pairs) // half + 1] if half else []
        for changes in (*((one,) for one in others), *spread):
            chosen = list(best)
            for place, option in changes:
                chosen[place] = option
            yield chosen
        for number in range(half):  # a sample of many kinds, the same each time
            steps = (number * (2 * place + 3) // 2 for place in range(len(factors)))
            yield [options[step % len(options)] for step, options in zip(steps, factors, strict=True)]

    def value(self) -> None:
        """Value all of them by both editions."""
        if not self.rows:
            return
        sides = [self.worth(edition, side) for side, edition in enumerate(self.both)]
        self.values = [(before, after) for before, after in zip(*sides, strict=True)]
        self.losers = sum(before > max(after, 0) for before, after in self.values)

    def worth(self, programme: Programme, side: int) -> list[int]:
        """Return the value of each by one edition, and -1 if it is refused."""
        worth = [-1] * len(self.rows)
        for quotas in ("free", "used"):
            places = [place for place, (_, _, case) in enumerate(self.rows) if case.quotas == quotas]
            if not places:
                continue
            frame = pd.DataFrame([self.cells(*self.rows[place], side) for place in places])
            bonuses = [bonus for terms in programme.terms for bonus in terms.bonuses]
            found = appraise_frame(frame, programme, bonuses_given=_given(bonuses, quotas))["coupon_value_minor"]
            for place, value in zip(places, found.fillna(-1).astype("int64").tolist(), strict=True):
                worth[place] = value
        return worth

    def cells(self, model: str, at: datetime, case: _Case, side: int) -> dict[str, Any]:
        """Return a phone as a row of a table."""
        terms = self.terms_at(at)[side]
        said = case.said(side) if terms is None else terms.questionnaire.as_asked(case.said(side))
        cells: dict[str, Any] = {"model": model, "at": at, **said}
        cells |= {"purchased_on": self.bought(at, case), "target": case.target, "customer": case.customer}
        if case.imei_status is not None:
            cells |= {"imei": str(self.imei.body + self.imei.check_digit), "imei_status": case.imei_status}
        return cells

    def bought(self, at: datetime, case: _Case) -> date | None:
        """Return a day a number of whole months before an instant."""
        if case.months is None:
            return None
        on = at.astimezone(self.both[0].zone).date()
        month = on.year * 12 + on.month - 1 - case.months
        return date(month // 12, month % 12 + 1, 1)

    def appraised(self, model: str, at: datetime, case: _Case, side: int) -> Quote | Refusal:
        """Value one phone by one edition."""
        programme = self.both[side]
        imei = None if case.imei_status is None else self.imei
        bonuses = [bonus for terms in programme.terms for bonus in terms.bonuses]
        return appraise(
            Device(model, imei, None, self.bought(at, case)),
            case.said(side),
            programme,
            at=at,
            imei_status=ImeiStatus(case.imei_status or "unverified"),
            bonuses_given=_given(bonuses, case.quotas),
            target=case.target,
            customer=case.customer,
        )

    def loss(self, model: str, at: datetime, case: _Case) -> int:
        """Return the loss of one phone."""
        before, after = (self.appraised(model, at, case, side) for side in (0, 1))
        if isinstance(before, Refusal):
            return 0
        return before.coupon_value - (0 if isinstance(after, Refusal) else after.coupon_value)

    def largest(self) -> list[Loss]:
        """Return the largest losses, of different models, each of a phone with as many best answers as possible."""
        order = sorted(range(len(self.rows)), key=lambda place: max(self.values[place][1], 0) - self.values[place][0])
        found: dict[str, Loss] = {}
        for place in order:
            model, at, case = self.rows[place]
            if len(found) == _SHOWN or self.values[place][0] <= max(self.values[place][1], 0):
                break
            if model not in found:
                found[model] = self.told(model, at, self.plain(model, at, case))
        return sorted(found.values(), key=lambda one: -one.loss_minor)

    def plain(self, model: str, at: datetime, case: _Case) -> _Case:
        """Return the phone with each answer that makes the loss larger; the best answer if it does not matter."""
        old = self.terms_at(at)[0]
        variant = self.both[0].catalogue.by_model[model]
        assert old is not None  # noqa: S101 - the old edition takes the phone
        most = self.loss(model, at, case)
        for question in old.questionnaire.asked_of(variant):
            for option in question.options if not self.is_whole else question.options[:1]:
                said = {**case.before, **case.after, question.id: option.id}
                other = case._replace(
                    before=_answered(old, said, variant), after=_answered(self.terms_at(at)[1], said, variant)
                )
                loss = self.loss(model, at, other)
                if loss > most or (loss == most and option is question.options[0]):
                    case, most = other, loss
        return case

    def told(self, model: str, at: datetime, case: _Case) -> Loss:
        """Return the loss of one phone."""
        before, after = (self.appraised(model, at, case, side) for side in (0, 1))
        assert isinstance(before, Quote)  # noqa: S101 - it loses something
        terms = self.terms_at(at)[0]
        assert terms is not None  # noqa: S101 - as above
        best = {question.asked_as: question.best.id for question in terms.questionnaire.questions}
        status = None if case.imei_status is None else ImeiStatus(case.imei_status)
        facts: dict[str, Any] = {
            "faults": tuple(f"{name}={said}" for name, said in case.before.items() if said != best.get(name)),
            "purchased_on": self.bought(at, case),
            "target": case.target,
            "customer": case.customer,
            "imei_status": status,
            "quotas": case.quotas,
        }
        if isinstance(after, Refusal):
            return Loss(model, at, case.before, before.coupon_value, None, ", ".join(after.codes), **facts)
        lines = [{line.rule: line.amount for line in one.lines} for one in (before, after)]
        changes = {rule: lines[1].get(rule, 0) - lines[0].get(rule, 0) for rule in (*lines[0], *lines[1])}
        why = min(changes, key=lambda rule: changes[rule])
        return Loss(model, at, case.before, before.coupon_value, after.coupon_value, why, **facts)


def _answered(terms: Terms | None, said: Mapping[str, str | None], variant: Variant) -> Condition:
    """Return the answers that an edition asks for."""
    if terms is None:
        return Condition()
    known = terms.questionnaire.by_id
    return terms.questionnaire.fitted(Condition({name: said[name] for name in known if name in said}), variant)


def _given(bonuses: Iterable[Bonus], quotas: str) -> dict[str, int]:
    """Return the number of times that bonuses were given, if their quotas are used up or untouched."""
    return {bonus.id: bonus.quota for bonus in bonuses if bonus.quota is not None and quotas == "used"}


def _unknown_imei(*programmes: Programme) -> Imei:
    """Return an IMEI whose TAC is in no table."""
    known = {tac for programme in programmes for tac, _ in programme.tacs}
    return next(Imei.from_body(f"{tac}000000") for tac in range(35_900_000, 35_999_999) if f"{tac}" not in known)
