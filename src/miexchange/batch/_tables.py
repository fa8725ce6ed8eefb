"""A programme laid out for columns: every rule is asked once for each case, and the answers stand in arrays.

A device is then a few positions in these arrays: its period (model and instant), its answers, its target.
Nothing here decides anything: what an answer does is what `Questionnaire.grade` says of it, what a finding
costs is what `_kernel.finding` returns, and which bonus is paid is what `Terms.paid_bonus` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from miexchange import _kernel
from miexchange.batch._asof import Series
from miexchange.batch._periods import Asked, Period, Timetable
from miexchange.batch._tacs import TacRules
from miexchange.errors import InvalidValue, shown
from miexchange.money import BPS
from miexchange.refusal import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from miexchange.condition import Option
    from miexchange.eligibility import Variant
    from miexchange.programme import Bonus, Programme, Terms

__all__ = [
    "BITS",
    "FINDINGS",
    "MISSING",
    "STRANGE",
    "UNKNOWN",
    "Answers",
    "Bonuses",
    "Pack",
    "Place",
    "Setting",
    "Settings",
    "Tables",
]

BITS = {code: 1 << position for position, code in enumerate(ReasonCode)}
"""The bit of each reason in a set of reasons."""

FINDINGS = (
    ReasonCode.ANSWER_MISSING,
    ReasonCode.ANSWER_UNKNOWN,
    ReasonCode.QUESTION_UNKNOWN,
    ReasonCode.QUESTION_NOT_ASKED,
    ReasonCode.CONDITION_GATE,
    ReasonCode.PRICE_MISSING,
    ReasonCode.INVALID_VALUE,
)
"""What can be said against an answer; in a small set of eight bits, the first is bit 0."""

UNKNOWN, MISSING, STRANGE = range(3)
"""What a cell can hold besides an option: another text, nothing, or no text; the codes after those of the options."""

_IS_STRANGE = 1 << FINDINGS.index(ReasonCode.INVALID_VALUE)
_WIDEST = 2**63
# The tables of a pack stay near the processor: of one byte a cell, and of eight by many more cases.
_MOST_CODES, _MOST_COSTS = 2_048, 64

_NAMELESS = (ReasonCode.MODEL_UNKNOWN, ReasonCode.VARIANT_MISSING)


@dataclass(frozen=True, slots=True)
class Pack:
    """A table that several answers together are the address of.

    Attributes:
        questions: the positions of the questions.
        sizes: how many codes each of them has.
        width: the product of these.
        cells: `width` cells for each case, one case after the other.
    """

    questions: tuple[int, ...]
    sizes: tuple[int, ...]
    width: int
    cells: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Answers:
    """What the answers do, by case and code.

    Attributes:
        reasons: uint8, a set of `FINDINGS`; by `Tables.asked`, as all but the costs are.
        grades: uint8, the steps below the best grade.
        retentions: int64, what is kept, in the order in which it is applied; each with its question.
        extras: int64, the small fixed amounts; each with its question.
        costs: int64, what the worst finding of a component costs, by `Tables.cost`; each with its component.
    """

    reasons: tuple[Pack, ...]
    grades: tuple[Pack, ...]
    retentions: tuple[tuple[str, Pack], ...]
    extras: tuple[tuple[str, Pack], ...]
    costs: tuple[tuple[str, tuple[Pack, ...]], ...]


Setting = int | np.ndarray[Any, np.dtype[np.int64]]
"""A number of the terms: one where all versions agree, else one for each version."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The numbers of the terms, by `Tables.terms`.

    Attributes:
        factor: the operator's share, in basis points.
        scrap: the floor, in paise.
        step: what is rounded down to, in paise.
        drift: what a price loses a day, in basis points; 0 for nothing under any terms.
        overlaps: the name of each overlap, the positions of its components, and the part that counts.
        keeps: int64, what each grade keeps: `width` numbers for each version.
        grades: uint8, its position in `Tables.grades`, likewise.
        width: how many grades a version has at most.
        ages: int64, what is kept at each whole number of months, `months` numbers for each version; None
            where no version has age bands.
        months: how many months there are to look up; a device that is older keeps what the last one keeps.
        aged: bool, whether a version has age bands.
    """

    factor: Setting
    scrap: Setting
    step: Setting
    drift: Setting
    overlaps: tuple[tuple[str, int, int, Setting], ...]
    keeps: NDArray[np.int64]
    grades: NDArray[np.uint8]
    width: int
    ages: NDArray[np.int64] | None
    months: int
    aged: NDArray[np.bool_]

    @classmethod
    def of(cls, versions: Sequence[Terms], ids: Sequence[str], components: Sequence[str]) -> Settings:
        """Read the versions' settings."""
        width = max((len(terms.grades) for terms in versions), default=1)
        grades = [[*terms.grades, *[terms.grades[-1]] * (width - len(terms.grades))] for terms in versions]
        months = 1 + max((band.from_months for terms in versions for band in terms.age_bands), default=0)
        ages = [[_kept_at(terms, month) for month in range(months)] for terms in versions]
        pairs = dict.fromkeys((overlap.one, overlap.other) for terms in versions for overlap in terms.overlaps)
        overlaps = []
        for one, other in pairs:
            counted = [
                next((lap.counted_bps for lap in terms.overlaps if (lap.one, lap.other) == (one, other)), BPS)
                for terms in versions
            ]
            overlaps.append((f"{one}+{other}", components.index(one), components.index(other), _setting(counted)))
        return cls(
            factor=_setting([terms.factor_bps for terms in versions]),
            scrap=_setting([terms.scrap_paise for terms in versions]),
            step=_setting([terms.step_paise for terms in versions]),
            drift=_setting([terms.drift_bps_per_day for terms in versions]),
            overlaps=tuple(overlaps),
            keeps=_ints(grade.keep_bps for of_terms in grades for grade in of_terms),
            grades=np.array([ids.index(grade.id) for of_terms in grades for grade in of_terms], dtype=np.uint8),
            width=width,
            ages=_ints(chain.from_iterable(ages)) if any(terms.age_bands for terms in versions) else None,
            months=months,
            aged=np.array([bool(terms.age_bands) for terms in versions]),
        )


def _setting(numbers: Sequence[int]) -> Setting:
    distinct = set(numbers)
    return _ints(numbers) if len(distinct) > 1 else next(iter(distinct), 0)


def _kept_at(terms: Terms, month: int) -> int:
    bands = [band.keep_bps for band in terms.age_bands if band.from_months <= month]
    return bands[-1] if bands else BPS


@dataclass(frozen=True, slots=True)
class Place:
    """One place in the list of bonuses, over all versions of the terms.

    Attributes:
        stackable: whether what stands here adds to the others.
        amounts: by plan, from which value on it is paid, the fixed amount, the share and the most it can be.
        is_paid: int64, by plan: 1 where something is paid here.
        ids: the bonuses that are paid here, each with the plans (int64, 1 by plan) in which it is; None for all.
    """

    stackable: bool
    amounts: tuple[Setting, Setting, Setting, Setting]
    is_paid: NDArray[np.int64]
    ids: tuple[tuple[str, NDArray[np.int64] | None], ...]

    @classmethod
    def of(cls, stackable: bool, paid: Sequence[tuple[Bonus, Bonus] | None]) -> Place:  # noqa: FBT001 - a field
        """Read what stands here in each plan: the bonus that is offered, and the one that is paid in its stead."""
        rows = [
            None if one is None else (one[0].from_value_paise, one[1].paise, one[1].share_bps, one[1].most_paise)
            for one in paid
        ]
        like = next((row for row in rows if row is not None), (0, 0, 0, 0))  # where nothing is paid it does not matter
        first, fixed, share, most = (_setting(column) for column in zip(*(row or like for row in rows), strict=True))
        names = dict.fromkeys(one[1].id for one in paid if one is not None)
        ids = [(name, _ints(one is not None and one[1].id == name for one in paid)) for name in names]
        return cls(
            stackable,
            (first, fixed, share, most),
            _ints(one is not None for one in paid),
            tuple((name, None if len(ids) == 1 else here) for name, here in ids),
        )


@dataclass(frozen=True, slots=True)
class Bonuses:
    """What comes on top.

    Attributes:
        ids: the ids of all bonuses.
        targets: the new models that some bonus is for; the code 0 stands for every other one.
        plan: intp, what is offered, by `Tables.offer` and the target's code.
        places: what is paid, place by place.
    """

    ids: tuple[str, ...]
    targets: tuple[str, ...]
    plan: NDArray[np.intp]
    places: tuple[Place, ...]


class _Effect(NamedTuple):
    """What one answer does: the reasons against it, and the option that counts, if it is not a clean one."""

    reasons: int
    option: Option | None
    component: str


_Read = list[list[list[_Effect]]]  # by case, question and code


class Tables:
    """All that a column of devices reads of a programme.

    Attributes:
        programme: the programme.
        questions: the options of each question, over all versions of the terms.
        required: the questions without whose answer some device has no value.
        grades: the ids of the grades, over all versions.
        keys: the key of each model, by its id; and of names that lead to none, by the reason.
        family: intp, the position of each key's family, as `tacs` knows it.
        tacs: what a number says.
        periods: the periods of every key, for an as-of search; what follows is by period.
        reasons: int64, the reasons that model and instant alone lead to, a set of `BITS`.
        doubts: int64, which doubts (an unknown TAC, an unverified IMEI) refuse, a set of `BITS`.
        asked: intp, the case of `answers`; 0 for a device that is not graded.
        cost: intp, the case of the costs.
        offer: intp, the case of `bonuses`.
        price: int64, in paise.
        priced_from: int64, in microseconds since 1970.
        terms: intp, the position of the terms; 0 where none are in force.
        settings: the numbers of the terms.
        zone: how far the programme's days are ahead of UTC, in microseconds.
        answers: what the answers do.
        bonuses: what comes on top.
    """

    def __init__(self, programme: Programme, bonuses_given: Mapping[str, int]) -> None:
        """Ask the rules.

        Raises:
            InvalidValue: the programme was put together by hand, and cannot be computed in 64 bits.
        """
        self.programme = programme
        self.zone = programme.zone.utcoffset(None) // timedelta(microseconds=1)
        for terms in programme.terms:
            _ = terms.is_sound  # raises for terms that cannot be computed at all
        asked = list(chain.from_iterable(terms.questionnaire.questions for terms in programme.terms))
        self.questions: dict[str, tuple[str, ...]] = {}
        for question in asked:
            options = (*self.questions.get(question.id, ()), *(option.id for option in question.options))
            self.questions[question.id] = tuple(dict.fromkeys(options))
        self.required = {question.id for question in asked if not question.optional}
        self.grades = tuple(dict.fromkeys(grade.id for terms in programme.terms for grade in terms.grades))

        variants = programme.catalogue.variants
        families = {variant.family: variant for variant in variants}
        order = {family: position for position, family in enumerate(families)}
        self.tacs = TacRules.of(programme.tacs, programme.catalogue, tuple(families.values()))
        self.keys: dict[str, int] = {variant.model: key for key, variant in enumerate(variants)}
        self.keys |= {code: len(variants) + position for position, code in enumerate(_NAMELESS)}
        self.family = _places([*(order[variant.family] for variant in variants), *(len(order) for _ in _NAMELESS)])

        timetable = Timetable(programme)
        found = [timetable.periods(variant) for variant in variants]
        found += [timetable.periods(None, code) for code in _NAMELESS]
        self.periods = Series.of([[period.start for period in periods] for periods in found])
        periods = list(chain.from_iterable(found))
        self.reasons = _ints(0 if period.code is None else BITS[period.code] for period in periods)
        self.doubts = _ints(self._doubts(period) for period in periods)
        self.price = _ints(period.price for period in periods)
        self.priced_from = _ints(period.priced_from for period in periods)
        self.terms = _places(period.terms or 0 for period in periods)

        examples = {
            period.asked: variant
            for variant, of_variant in zip(variants, found, strict=False)
            for period in of_variant
            if period.asked is not None
        }
        cases = list(examples)
        read = [self._unread(), *(self._read(case, variant) for case, variant in examples.items())]
        _check_width(programme, read)
        self.asked, _ = _numbered(period.asked for period in periods)
        self.cost, costs = _numbered(
            (period.asked, period.price, period.anchors) if period.asked is not None else None for period in periods
        )
        position = {case: number for number, case in enumerate(cases, 1)}
        costing = _Costing(
            _places(position[asked] for asked, _, _ in costs),
            _ints(price for _, price, _ in costs),
            {name: _ints(anchors[number] for _, _, anchors in costs) for number, name in enumerate(timetable.anchors)},
        )
        self.answers = self._answers(cases, read, costing)
        components = [component for component, _ in self.answers.costs]
        self.settings = Settings.of(programme.terms, self.grades, components)
        self.offer, self.bonuses = self._bonuses(periods, bonuses_given)

    def _doubts(self, period: Period) -> int:
        if period.terms is None:
            return 0
        policy = self.programme.terms[period.terms].eligibility
        doubts = (
            (policy.unknown_tac, ReasonCode.TAC_UNKNOWN),
            (policy.unverified_imei, ReasonCode.IMEI_UNVERIFIED),
        )
        return sum(BITS[code] for leads_to, code in doubts if leads_to == "refuse")

    # What the answers do.

    def _unread(self) -> list[list[_Effect]]:
        """Return what answers do about a device that is not graded: nothing, but a text must be one."""
        clean = _Effect(0, None, "")
        return [
            [*[clean] * (len(options) + STRANGE), clean._replace(reasons=_IS_STRANGE)]
            for options in self.questions.values()
        ]

    def _read(self, asked: Asked, variant: Variant) -> list[list[_Effect]]:
        """Ask for each answer what it does, one at a time: how answers combine is no matter of the answer."""
        questionnaire = self.programme.terms[asked.terms].questionnaire
        best = questionnaire.best(variant)
        rows = self._unread()
        for row, (name, options) in zip(rows, self.questions.items(), strict=True):
            another = max(options, key=len) + "?"
            for code, answer in enumerate((*options, another, None)):
                grading = questionnaire.grade(best.replace(**{name: answer}), variant)
                subjects = {name, shown(name), f"{name}={answer}"}
                against = {reason.code for reason in grading.reasons if reason.subject in subjects}
                found = next((finding for finding in grading.findings if finding.question.id == name), None)
                if found is None:
                    row[code] = _Effect(_set_of(against), None, "")
                    continue
                deduction = found.option.deduction
                if deduction is not None and deduction.anchor in asked.missing:
                    against.add(ReasonCode.PRICE_MISSING)
                row[code] = _Effect(_set_of(against), found.option, found.question.component)
        return rows

    def _answers(self, cases: list[Asked], read: _Read, costing: _Costing) -> Answers:
        numbers = {name: number for number, name in enumerate(self.questions)}

        def column(number: int, of: Callable[[Option], int], clean: int = 0) -> NDArray[np.int64]:
            """Return a number of every answer to a question, by case and code."""
            return np.array(
                [[clean if one.option is None else of(one.option) for one in case[number]] for case in read]
            )

        def acting(of: Callable[[Option], int], clean: int = 0) -> dict[int, NDArray[np.int64]]:
            """Return the columns of the questions whose answers are not all the same in it."""
            columns = {number: column(number, of, clean) for number in numbers.values()}
            return {number: cells for number, cells in columns.items() if (cells != clean).any()}

        reasons = {
            number: np.array([[one.reasons for one in case[number]] for case in read]) for number in numbers.values()
        }
        keeps = acting(lambda option: option.keep_bps, BPS)
        orders = [
            [numbers[question.id] for question in terms.questionnaire.questions if numbers[question.id] in keeps]
            for terms in self.programme.terms
        ]
        slots, places = _merged(orders)
        names = list(numbers)
        retentions = []
        for slot, number in enumerate(slots):
            here = np.array([False, *(places[case.terms].get(number) == slot for case in cases)])
            cells = np.where(here[:, None], keeps[number], BPS)
            retentions.append((names[number], _pack({number: cells}, np.add, np.int64)))
        return Answers(
            reasons=_packs(reasons, np.bitwise_or, np.uint8, _MOST_CODES),
            grades=_packs(acting(lambda option: option.grade), np.maximum, np.uint8, _MOST_CODES),
            retentions=tuple(retentions),
            extras=tuple(
                (names[number], _pack({number: cells}, np.add, np.int64))
                for number, cells in acting(lambda option: option.extra_paise).items()
            ),
            costs=tuple(
                (component, _packs(costing.of(component, read), np.maximum, np.int64, _MOST_COSTS))
                for component in dict.fromkeys(chain.from_iterable(terms.components for terms in self.programme.terms))
            ),
        )

    # What comes on top.

    def _bonuses(self, periods: list[Period], given: Mapping[str, int]) -> tuple[NDArray[np.intp], Bonuses]:
        versions = self.programme.terms
        every = [bonus for terms in versions for bonus in terms.bonuses]
        targets = tuple(dict.fromkeys(chain.from_iterable(bonus.targets for bonus in every)))
        adding = [[bonus.stackable for bonus in terms.bonuses] for terms in versions]
        many = max((sum(one) for one in adding), default=0)
        others = max((len(one) - sum(one) for one in adding), default=0)
        stackable = [True] * many + [False] * others

        def offered(terms: Terms, on: date, target: str | None) -> tuple[tuple[Bonus, Bonus] | None, ...]:
            """Return what is offered and what is paid in its stead, each in its place."""
            found: list[tuple[Bonus, Bonus] | None] = [None] * len(stackable)
            free = {True: iter(range(many)), False: iter(range(many, len(stackable)))}
            for bonus in terms.bonuses:
                place, paid = next(free[bonus.stackable]), terms.paid_bonus(bonus, given, on, target)
                found[place] = None if paid is None else (bonus, paid)
            return tuple(found)

        nothing: tuple[tuple[Bonus, Bonus] | None, ...] = (None,) * len(stackable)
        offer, cases = _numbered(
            None
            if period.terms is None
            else tuple(offered(versions[period.terms], period.on, target) for target in (None, *targets))
            for period in periods
        )
        numbers, plans = _numbered(chain.from_iterable([(nothing,) * (len(targets) + 1), *cases]))
        places = [Place.of(adds, [None, *(plan[place] for plan in plans)]) for place, adds in enumerate(stackable)]
        return offer, Bonuses(tuple(dict.fromkeys(bonus.id for bonus in every)), targets, numbers, tuple(places))


@dataclass(frozen=True, slots=True)
class _Costing:
    """What findings cost: the price and the anchors of each case of costs.

    Attributes:
        asked: the case of the answers.
        price: in paise.
        anchors: in paise, by name.
    """

    asked: NDArray[np.intp]
    price: NDArray[np.int64]
    anchors: dict[str, NDArray[np.int64]]

    def of(self, component: str, read: _Read) -> dict[int, NDArray[np.int64]]:
        """Return what each answer costs within a component, by case of costs and code; by question."""
        found = {}
        for number in range(len(read[0])):
            effects = [case[number] for case in read]
            if any(
                one.option and one.option.deduction and one.component == component for case in effects for one in case
            ):
                codes = range(len(effects[0]))
                columns = [self._cost(component, [case[code] for case in effects]) for code in codes]
                found[number] = np.stack(columns, axis=1)
        return found

    def _cost(self, component: str, effects: Sequence[_Effect]) -> NDArray[np.int64]:
        """Return what one answer costs, by case of costs; case 0 is that of nothing."""
        cost = np.zeros(len(self.asked) + 1, dtype=np.int64)
        for case, effect in enumerate(effects):
            deduction = effect.option.deduction if effect.option is not None else None
            if deduction is None or effect.component != component:
                continue
            rows = self.asked == case
            anchor = self.anchors[deduction.anchor][rows] if deduction.anchor else 0
            amounts = deduction.paise, deduction.share_bps, deduction.weight_bps
            cost[1:][rows] = _kernel.at_least(_kernel.finding(self.price[rows], anchor, *amounts), 0)
        return cost


def _set_of(codes: Iterable[ReasonCode]) -> int:
    return sum(1 << FINDINGS.index(code) for code in codes)


def _ints(numbers: Iterable[int]) -> NDArray[np.int64]:
    return np.array(list(numbers), dtype=np.int64)


def _places(numbers: Iterable[int]) -> NDArray[np.intp]:
    return np.array(list(numbers), dtype=np.intp)


def _numbered(cases: Iterable[Any]) -> tuple[NDArray[np.intp], list[Any]]:
    """Number the distinct cases from 1 on, and None as 0; return every case's number, and the cases."""
    numbers: dict[Any, int] = {None: 0}
    found = _places(numbers.setdefault(case, len(numbers)) for case in cases)
    return found, list(numbers)[1:]


def _merged(orders: Sequence[Sequence[int]]) -> tuple[list[int], list[dict[int, int]]]:
    """Merge orders into one that has each of them in it, and say where; rounding makes the order matter.

    >>> _merged([[1, 2], [2, 3], [2, 1]])
    ([1, 2, 1, 3], [{1: 0, 2: 1}, {2: 1, 3: 3}, {2: 1, 1: 2}])
    """
    merged: list[int] = []
    for order in orders:
        place = 0
        for number in order:
            if number in merged[place:]:
                place = merged.index(number, place)
            else:
                merged.insert(place, number)
            place += 1
    places = []
    for order in orders:
        place, found = 0, {}
        for number in order:
            found[number] = merged.index(number, place)
            place = found[number] + 1
        places.append(found)
    return merged, places


def _packs(columns: Mapping[int, NDArray[Any]], combine: Any, kind: Any, most: int) -> tuple[Pack, ...]:
    """Pack the columns of questions, in order, into tables of at most so many codes (or of one question)."""
    groups: list[dict[int, NDArray[Any]]] = []
    width = most
    for number, cells in columns.items():
        codes = cells.shape[1]
        if width * codes > most:
            groups.append({})
            width = 1
        groups[-1][number] = cells
        width *= codes
    return tuple(_pack(group, combine, kind) for group in groups)


def _pack(columns: Mapping[int, NDArray[Any]], combine: Any, kind: Any) -> Pack:
    """Make one table of several columns: the cell of every combination of their codes."""
    first, *others = columns.values()
    cells = first
    for other in others:
        cells = combine(cells[:, :, None], other[:, None, :]).reshape(len(first), -1)
    sizes = tuple(column.shape[1] for column in columns.values())
    return Pack(tuple(columns), sizes, cells.shape[1], np.ascontiguousarray(cells, dtype=kind).ravel())


def _check_width(programme: Programme, read: _Read) -> None:
    """Prove that no amount passes 64 bits, whatever the answers are; the loader's bounds make it so.

    Raises:
        InvalidValue: a programme that was put together by hand holds greater numbers.
    """
    price = max((price.price_paise for price in programme.prices.prices), default=0)
    anchor = max((one.amount_paise for one in programme.anchors.anchors), default=0)
    running = price
    products = [running]
    worst: dict[str, int] = {}
    spread = 0
    for number in range(len(read[0])):
        options = [one for case in read for one in case[number] if one.option is not None]
        keep = max((one.option.keep_bps for one in options if one.option), default=BPS)
        products.append(running * keep)
        running = max(running, running * keep // BPS + 1)
        spread += max((abs(one.option.extra_paise) for one in options if one.option), default=0)
        for one in options:
            deduction = one.option.deduction if one.option else None
            if deduction is not None:
                products += [price * deduction.share_bps, anchor * deduction.weight_bps]
                cost = _kernel.finding(price, anchor, deduction.paise, deduction.share_bps, deduction.weight_bps)
                worst[one.component] = max(worst.get(one.component, 0), cost)
    products.append(
        (running + sum(worst.values()) + spread + max((t.scrap_paise for t in programme.terms), default=0)) * BPS
    )
    bonuses = [bonus for terms in programme.terms for bonus in terms.bonuses]
    products += [running * max(bonus.share_bps, BPS) + bonus.paise for bonus in bonuses]
    if max(map(abs, products)) + BPS >= _WIDEST:
        rule = "its amounts could pass 64 bits; load it from a directory, whose tables are held to bounds"
        raise InvalidValue("programme", programme.id, rule)
