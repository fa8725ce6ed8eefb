"""A programme compiled into arrays: every rule is asked once for each case, and its answers are stored.

Nothing is decided here: `Questionnaire.grade` says what an answer does, and `Terms.paid_bonus` which bonus is paid.
"""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from miexchange._arguments import instance, takes
from miexchange._decisions import BITS
from miexchange._questions import NONE, SAME_CHOICES, said_of_choices
from miexchange._value import require
from miexchange.batch.plan import _periods
from miexchange.batch.plan._arrays import (
    FINDINGS,
    MISPLACED,
    MISSING,
    STRANGE,
    UNASKED,
    Answers,
    Bonuses,
    Ints,
    Positions,
    Rules,
    Scales,
    Settings,
)
from miexchange.batch.plan._asof import EVER_SINCE, lay
from miexchange.batch.plan._periods import Asked, Period, Timetable
from miexchange.batch.plan._tacs import tac_rules
from miexchange.eligibility import refused_doubts
from miexchange.errors import shown
from miexchange.money import BPS
from miexchange.programme import NONE_GIVEN, Programme
from miexchange.programme.rules import COUNTED, RETENTIONS
from miexchange.programme.terms import counts_given
from miexchange.refusal import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from miexchange.catalogue import Variant
    from miexchange.condition import Deduction, Option
    from miexchange.programme import Bonus, Terms
    from miexchange.programme.rules import Label, Retention

__all__ = ["Plan", "plan_of"]

_IS_STRANGE = 1 << FINDINGS.index(ReasonCode.INVALID_VALUE)
_IS_MISPLACED = 1 << FINDINGS.index(ReasonCode.QUESTION_NOT_ASKED)
_NAMELESS = (ReasonCode.MODEL_UNKNOWN, ReasonCode.VARIANT_MISSING)
_MOST_QUESTIONS = 64  # one bit each; the loader allows as many
_ODD = 2  # two more labels after those with rates: unknown, and missing
_MOST = 250  # a code is one byte, and has values besides the options


class _Effect(NamedTuple):
    """The effect of one answer: the reasons against it, and the option that counts unless it is a clean one."""

    reasons: int
    option: Option | None
    component: str


_Read = list[list[list[_Effect]]]  # by case, question and code


class Plan:
    """A programme in the form that columns are valued by.

    Attributes:
        programme: the programme.
        questions: the options of each question, over all versions of the terms. Numbers that are the same option in
            each version share one entry.
        codes: the code of each answer, by question: its position in `questions`.
        columns: the column that each question is answered in: of the choices of one question it is one.
        choices: the choices of each column that is answered by several.
        required: the columns that some device needs answered to have a value.
        grades: the ids of the grades, over all versions.
        targets: the new models that have a bonus.
        texts: the texts with a rate, by the column that the rule reads.
        keys: the key of each model, by its id; for names that lead to no model, by the reason.
        lines: the rule of every line, in order; a rule that is applied at two places has two lines.
        rules: what the compiled loop reads.
    """

    def __init__(self, programme: Programme, bonuses_given: Mapping[str, int]) -> None:
        """Ask the rules.

        Raises:
            InvalidValue: the programme was not loaded, and has more questions than there are bits.
        """
        self.programme = programme
        versions = programme.terms
        every = list(chain.from_iterable(terms.questionnaire.questions for terms in versions))
        self.questions: dict[str, tuple[str, ...]] = {}
        for question in every:
            options = (*self.questions.get(question.id, ()), *(option.id for option in question.options))
            self.questions[question.id] = tuple(dict.fromkeys(options))
        self.codes = {name: self._add_numbers(name) for name in self.questions}
        self.columns = {question.id: question.asked_as for question in every}
        self.choices = _choices(programme)
        self.required = {question.asked_as for question in every if not question.optional}
        self.grades = tuple(dict.fromkeys(grade.id for terms in versions for grade in terms.grades))
        bonuses = [bonus for terms in versions for bonus in terms.bonuses]
        self.targets = tuple(dict.fromkeys(chain.from_iterable(bonus.targets for bonus in bonuses)))

        what = f"asks {len(self.questions):,} questions"
        fits = len(self.questions) <= _MOST_QUESTIONS
        require(fits, "programme", programme.id, f"ask at most {_MOST_QUESTIONS} questions", what)
        used = [rule for rule in RETENTIONS if any(map(rule.is_used, versions))]
        self.texts: dict[str, tuple[str, ...]] = {}
        for name, known in chain.from_iterable(terms.labels_told.items() for terms in versions):
            self.texts[name] = tuple(dict.fromkeys((*self.texts.get(name, ()), *known)))
        most = max(map(len, (self.targets, *self.questions.values(), *self.texts.values())), default=0)
        require(
            most <= _MOST,
            "programme",
            programme.id,
            f"let a question have at most {_MOST} options, and bonuses as many targets",
            f"has a question or a bonus with {most:,} of them",
        )

        variants = programme.catalogue.variants
        families = {variant.family: variant for variant in variants}
        order = {family: position for position, family in enumerate(families)}
        self.keys: dict[str, int] = {variant.model: key for key, variant in enumerate(variants)}
        names = *_NAMELESS, ReasonCode.INVALID_VALUE
        self.keys |= {code: len(variants) + position for position, code in enumerate(names)}
        timetable = Timetable(programme)
        of_keys = [timetable.periods(variant) for variant in variants]
        of_keys += [timetable.periods(None, code) for code in _NAMELESS]
        of_keys.append([Period(EVER_SINCE, ReasonCode.INVALID_VALUE)])
        series = lay([[period.start for period in periods] for periods in of_keys])
        periods = list(chain.from_iterable(of_keys))

        examples = {
            period.asked: variant
            for variant, of_variant in zip(variants, of_keys, strict=False)
            for period in of_variant
            if period.asked is not None
        }
        read = [self._unread(), *(self._read(case, variant) for case, variant in examples.items())]
        asked, cases = _numbered(period.asked for period in periods)
        components = tuple(dict.fromkeys(chain.from_iterable(terms.components for terms in versions)))
        pairs = tuple(dict.fromkeys((overlap.one, overlap.other) for terms in versions for overlap in terms.overlaps))
        settings = self._settings(components, pairs)
        nothing = (0,) * max(len(timetable.anchors), 1)
        answers = self._answers(cases, read, components, timetable.anchors)
        questions = list(self.questions)
        steps = [
            "market",
            *(f"retention:{questions[number]}" for number in answers.retentions),
            *(rule.line for rule in used),
            "grade",
            *(f"deduction:{name}" for name in components),
            *(f"overlap:{one}+{other}" for one, other in pairs),
            *(f"extra:{questions[number]}" for number in answers.added),
            *("factor", "floor", "cap", "rounding"),
        ]
        self.lines = (*steps, *dict.fromkeys(f"bonus:{bonus.id}" for bonus in bonuses))
        offer, on_top = self._bonuses(periods, bonuses_given)
        self.rules = Rules(
            *series,
            family=_positions([*(order[variant.family] for variant in variants), *(len(order) for _ in names)]),
            reasons=_ints(0 if period.code is None else BITS[period.code] for period in periods),
            doubts=_ints(
                self._doubts(period, variant)
                for variant, of_variant in zip_longest(variants, of_keys)
                for period in of_variant
            ),
            hours=_ints(self._hours(period) for period in periods),
            asked=asked,
            offer=offer,
            price=_ints(period.price for period in periods),
            anchors=_ints(chain.from_iterable(period.anchors or nothing for period in periods)).reshape(
                len(periods), len(nothing)
            ),
            scrap=_ints(self._scrap(period) for period in periods),
            priced_from=_ints(period.priced_from for period in periods),
            terms=_positions(period.terms or 0 for period in periods),
            zone=_periods.zone_turns(programme.zone),
            answers=answers,
            settings=settings,
            scales=self._scales(used),
            bonuses=on_top,
            tacs=tac_rules(programme.tacs, programme.catalogue, tuple(families.values())),
            steps=len(steps),
        )

    def _add_numbers(self, name: str) -> dict[str, int]:
        """Add one number of each kind to the options of a question, and return the codes of all its answers."""
        of_versions = [terms.questionnaire.numbers.get(name, {}) for terms in self.programme.terms]
        kinds = {text: tuple(one.get(text) for one in of_versions) for one in of_versions for text in one}
        options = list(self.questions[name])
        places: dict[tuple[str | None, ...], int] = {}
        codes = {option: code for code, option in enumerate(options)}
        for text, kind in kinds.items():
            if text in codes:
                continue  # an option with that id
            if kind not in places:
                places[kind] = len(options)
                options.append(text)
            codes[text] = places[kind]
        self.questions[name] = tuple(options)
        return codes

    def code_of(self, name: str, text: str) -> int | None:
        """Return the code of a cell as the answer to a question; None where it is none."""
        codes, column = self.codes[name], self.columns[name]
        if column not in self.choices:
            return codes.get(text)
        chosen = said_of_choices(text, self.choices[column])
        if chosen is None:
            return None
        choice = name.removeprefix(f"{column}.")
        return codes[choice if choice in chosen else NONE]

    @property
    def numeric(self) -> frozenset[str]:
        """The questions with numeric answers."""
        return frozenset().union(*(terms.questionnaire.numbers for terms in self.programme.terms))

    def _doubts(self, period: Period, variant: Variant | None) -> int:
        if period.terms is None:
            return 0
        return refused_doubts(variant, self.programme.terms[period.terms].eligibility)

    def _scrap(self, period: Period) -> int:
        """Return the floor; without terms, that of the first ones, so that most programmes have a single floor."""
        if period.asked is None:
            return self.programme.terms[0].scrap_minor if self.programme.terms else 0
        return period.scrap

    def _hours(self, period: Period) -> int:
        return 0 if period.terms is None else self.programme.terms[period.terms].eligibility.register_hours

    # What the answers do.

    def _unread(self) -> list[list[_Effect]]:
        """Return the effects of answers on a device that is not graded: only the type of a cell matters."""
        clean = _Effect(0, None, "")
        strange, misplaced = (clean._replace(reasons=bit) for bit in (_IS_STRANGE, _IS_MISPLACED))
        return [[*[clean] * (len(options) + STRANGE), strange, clean, misplaced] for options in self.questions.values()]

    def _read(self, asked: Asked, variant: Variant) -> list[list[_Effect]]:
        """Ask for the effect of each answer by itself; the kernel combines them."""
        questionnaire = self.programme.terms[asked.terms].questionnaire
        rows = self._unread()
        for row, (name, options) in zip(rows, self.questions.items(), strict=True):
            another = max(options, key=len) + "?"
            question = questionnaire.by_id.get(name)
            is_asked = question is not None and questionnaire.may_ask(question, variant)
            best = questionnaire.best(variant, {name: question.best.id} if question is not None and is_asked else None)
            best = questionnaire.as_options(best)
            for code, answer in enumerate((*options, another, None)):
                said = questionnaire.as_options({name: answer}).get(name)
                grading = questionnaire.grade(best.replace(**{name: said}), variant)
                column = self.columns[name]
                subjects = {name, shown(name), column, f"{column}={said}"}
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

    def _answers(self, cases: list[Asked], read: _Read, components: Sequence[str], anchors: Sequence[str]) -> Answers:
        """Lay out the effects of the answers, question by question."""
        numbers = {name: number for number, name in enumerate(self.questions)}
        every = list(numbers.values())
        every_effect = list(chain.from_iterable(chain.from_iterable(case) for case in read))

        def by_case(of_effects: Iterable[int]) -> Ints:
            return _ints(of_effects).reshape(len(read), -1)

        def table(of: Callable[[Option], int], clean: int = 0) -> Ints:
            """Return one figure of every answer, by case and code."""
            return by_case(clean if effect.option is None else of(effect.option) for effect in every_effect)

        def deducted(of: Callable[[Deduction], int]) -> Ints:
            """Return one figure of every answer's deduction."""
            return table(lambda option: 0 if option.deduction is None else of(option.deduction))

        def acting(of: Callable[[Option], int], clean: int = 0) -> list[int]:
            """Return the questions with an answer for which the figure differs."""
            return [
                number
                for number in every
                if any(one.option is not None and of(one.option) != clean for case in read for one in case[number])
            ]

        keeping = acting(lambda option: option.keep_bps, BPS)
        orders = [
            [numbers[question.id] for question in terms.questionnaire.questions if numbers[question.id] in keeping]
            for terms in self.programme.terms
        ]
        retentions, places = _merged(orders)
        applies = [places[case.terms].get(number) == place for case in cases for place, number in enumerate(retentions)]
        added = acting(lambda option: option.extra_minor)
        positions = {component: position for position, component in enumerate(components)}
        costly = acting(lambda option: int(option.deduction is not None))
        counts = [len(codes) for codes in read[0]]
        guards, opens, unasked = self._guards(cases)
        return Answers(
            base=_positions(sum(counts[:number]) for number in every),
            least=np.array([_least(read, number) for number in every], dtype=np.uint8),
            reasons=by_case(effect.reasons for effect in every_effect).astype(np.uint8),
            grades=table(lambda option: option.grade).astype(np.uint8),
            keeps=table(lambda option: option.keep_bps, BPS),
            component=by_case(positions.get(effect.component, 0) for effect in every_effect).astype(np.uint32),
            anchor=deducted(lambda one: anchors.index(one.anchor) if one.anchor else 0).astype(np.uint32),
            fixed=deducted(lambda one: one.amount_minor),
            share=deducted(lambda one: one.share_bps),
            weight=deducted(lambda one: one.weight_bps),
            extras=table(lambda option: option.extra_minor),
            retentions=_positions(retentions),
            applies=np.array([*[False] * len(retentions), *applies], dtype=np.bool_).reshape(len(read), -1),
            is_costly=np.array([number in costly for number in every], dtype=np.bool_),
            components=len(components),
            extra=_positions(added.index(number) if number in added else 0 for number in every),
            is_extra=np.array([number in added for number in every], dtype=np.bool_),
            added=_positions(added),
            guarded=_positions(numbers[name] for name, _ in guards),
            guards=_positions(numbers[before] for _, before in guards),
            opens=opens,
            unasked=unasked,
        )

    def _guards(self, cases: Sequence[Asked]) -> tuple[list[tuple[str, str]], NDArray[np.bool_], NDArray[np.uint8]]:
        """Return each question with the earlier one that it depends on, and `Answers.opens` and `unasked`.

        In a chain, each question guards all that follow, so that the order of evaluation does not matter.
        """
        found: dict[tuple[str, str], dict[int, tuple[str, ...]]] = {}
        for version, terms in enumerate(self.programme.terms):
            for question in terms.questionnaire.questions:
                one = question
                while one.asked_after:
                    found.setdefault((question.id, one.asked_after), {})[version] = one.asked_answers
                    one = terms.questionnaire.by_id[one.asked_after]
        most = max(map(len, self.questions.values()), default=0) + MISPLACED + 1
        opens = np.ones((len(found), len(cases) + 1, most), dtype=np.bool_)
        for place, ((name, before), of_version) in enumerate(found.items()):
            for number, case in enumerate(cases, 1):
                answers = of_version.get(case.terms)
                if answers is not None and name not in case.left_out:
                    read = self.programme.terms[case.terms].questionnaire.as_options
                    said = [read({before: option})[before] for option in self.questions[before]]
                    codes = [code for code, option in enumerate(said) if option in answers]
                    opens[place, number] = np.isin(np.arange(most), codes)
        unasked = np.zeros((len(found), most), dtype=np.uint8)
        for place, (name, _) in enumerate(found):
            count = len(self.questions[name])
            unasked[place] = count + MISPLACED
            unasked[place, [count + MISSING, count + UNASKED]] = count + UNASKED
            unasked[place, count + STRANGE] = count + STRANGE
        return list(found), opens, unasked

    # The numbers of the terms.

    def _settings(self, components: Sequence[str], pairs: Sequence[tuple[str, str]]) -> Settings:
        versions = self.programme.terms
        most = max((len(terms.grades) for terms in versions), default=1)
        grades = [[*terms.grades, *[terms.grades[-1]] * (most - len(terms.grades))] for terms in versions]
        counted = [
            next((one.counted_bps for one in terms.overlaps if (one.one, one.other) == pair), BPS)
            for terms in versions
            for pair in pairs
        ]
        return Settings(
            factor=_ints(terms.factor_bps for terms in versions),
            step=_ints(terms.step_minor for terms in versions),
            ones=_positions(components.index(one) for one, _ in pairs),
            others=_positions(components.index(other) for _, other in pairs),
            counted=_ints(counted).reshape(len(versions), len(pairs)),
            keeps=_ints(grade.keep_bps for one in grades for grade in one).reshape(len(versions), most),
            ids=_ints(self.grades.index(grade.id) for one in grades for grade in one)
            .reshape(len(versions), most)
            .astype(np.uint8),
        )

    # The rules of the list.

    def _scales(self, used: Sequence[Retention]) -> Scales:
        """Ask each rule for its rate, or its reasons, for each label."""
        versions = self.programme.terms
        labels = [self._labels(rule) for rule in used]
        kept = np.full((len(used), len(versions) + 1, max(map(len, labels), default=0) + 1), BPS, dtype=np.int64)
        for place, (rule, of_rule) in enumerate(zip(used, labels, strict=True)):
            kept[place, :, len(of_rule)] = -BITS[ReasonCode.INVALID_VALUE]
            for version, terms in enumerate(versions, 1):
                for code, label in enumerate(of_rule if rule.is_used(terms) else ()):
                    against = rule.code(terms, label)
                    if against is not None:
                        kept[place, version, code] = -BITS[against]
                    elif code < len(of_rule) - _ODD:
                        kept[place, version, code] = rule.rate(terms, label)
        facts = [*COUNTED, *self.questions, *self.texts]
        return Scales(
            kept,
            reads=_positions(facts.index(rule.reads) for rule in used),
            last=_ints(
                len(of_rule) - _ODD - 1 if rule.reads in COUNTED else _MOST
                for rule, of_rule in zip(used, labels, strict=True)
            ),
            counts_months=any(rule.reads == "months_owned" for rule in used),
        )

    def _labels(self, rule: Retention) -> list[Label]:
        """Return the label of each code: those with a rate in some terms, then unknown, then missing."""
        if rule.reads in self.texts:
            texts = self.texts[rule.reads]
            return [*texts, max(texts, key=len) + "?", None]
        sizes = (len(tuple(rule.labels(terms))) for terms in self.programme.terms if rule.is_used(terms))
        return [*range(max(sizes)), -1, None]

    # What comes on top.

    def _bonuses(self, periods: list[Period], given: Mapping[str, int]) -> tuple[Positions, Bonuses]:
        versions = self.programme.terms
        adding = [[bonus.stackable for bonus in terms.bonuses] for terms in versions]
        many = max((sum(one) for one in adding), default=0)
        others = max((len(one) - sum(one) for one in adding), default=0)
        stackable = [True] * many + [False] * others

        @cache  # many periods of other models begin on the same day
        def of_day(version: int, on: date) -> tuple[tuple[tuple[Bonus, Bonus] | None, ...], ...]:
            """Return the offers of a day: without a target, for each of them, and for a cell that is not a text."""
            return *(offered(versions[version], on, target) for target in (None, *self.targets)), nothing

        def offered(terms: Terms, on: date, target: str | None) -> tuple[tuple[Bonus, Bonus] | None, ...]:
            """Return the bonuses offered and the bonus paid for each, by position."""
            found: list[tuple[Bonus, Bonus] | None] = [None] * len(stackable)
            free = {True: iter(range(many)), False: iter(range(many, len(stackable)))}
            for bonus in terms.bonuses:
                place, paid = next(free[bonus.stackable]), terms.paid_bonus(bonus, given, on, target)
                found[place] = None if paid is None else (bonus, paid)
            return tuple(found)

        nothing: tuple[tuple[Bonus, Bonus] | None, ...] = (None,) * len(stackable)
        offer, cases = _numbered(
            None if period.terms is None else of_day(period.terms, period.on) for period in periods
        )
        every = chain.from_iterable([(nothing,) * (len(self.targets) + 2), *cases])
        numbers, distinct = _numbered(None if one == nothing else one for one in every)
        by_place = [[None, *(one[place] for one in distinct)] for place in range(len(stackable))]

        def table(of: Callable[[Bonus, Bonus], int]) -> Ints:
            """Return one figure of the bonus at each position, by position and case."""
            rows = [[0 if pair is None else of(*pair) for pair in row] for row in by_place]
            return _ints(chain.from_iterable(rows)).reshape(len(stackable), len(distinct) + 1)

        return offer, Bonuses(
            case=numbers.reshape(-1, len(self.targets) + 2),
            stackable=np.array(stackable, dtype=np.bool_),
            line=table(lambda _bonus, paid: self.lines.index(f"bonus:{paid.id}")).astype(np.uint32),
            from_value=table(lambda bonus, _paid: bonus.from_value_minor),
            fixed=table(lambda _bonus, paid: paid.amount_minor),
            share=table(lambda _bonus, paid: paid.share_bps),
            most=table(lambda _bonus, paid: paid.most_minor),
        )


def _choices(programme: Programme) -> dict[str, tuple[str, ...]]:
    """Return the choices of each question that has several.

    A cell is read before it is known which terms are in force, so that they are the same in all terms that ask.

    Raises:
        InvalidValue: the programme was put together by hand, and they are not.
    """
    found: dict[str, tuple[str, ...]] = {}
    for terms in programme.terms:
        several = terms.questionnaire.several
        for name in {question.asked_as for question in terms.questionnaire.questions}:
            choices = tuple(sorted(one.options[1].id for one in several.get(name, ())))
            fits = found.setdefault(name, choices) == choices
            require(fits, "programme", programme.id, SAME_CHOICES, f"has other choices of {name} in other terms")
    return {name: choices for name, choices in found.items() if choices}


def _least(read: _Read, number: int) -> int:
    """Return the lowest code of a question that has an effect in some case; the last code always refuses."""
    by_code = zip(*(case[number] for case in read), strict=True)
    return next(code for code, effects in enumerate(by_code) if any(map(_acts, effects)))


def _acts(effect: _Effect) -> bool:
    option = effect.option
    does = option is not None and (option.grade or option.deduction is not None or option.extra_minor)
    return bool(effect.reasons or does)


def _set_of(codes: Iterable[ReasonCode]) -> int:
    return sum(1 << FINDINGS.index(code) for code in codes)


def _ints(numbers: Iterable[int]) -> Ints:
    return np.array(list(numbers), dtype=np.int64)


def _positions(numbers: Iterable[int]) -> Positions:
    return np.array(list(numbers), dtype=np.uint32)


def _numbered(cases: Iterable[Any]) -> tuple[Positions, list[Any]]:
    """Number the distinct cases from 1, and None as 0; return each case's number, and the distinct cases."""
    numbers: dict[Any, int] = {None: 0}
    found = _positions(numbers.setdefault(case, len(numbers)) for case in cases)
    return found, list(numbers)[1:]


def _merged(orders: Sequence[Sequence[int]]) -> tuple[list[int], list[dict[int, int]]]:
    """Merge orders into one sequence that contains each; return it and the positions. Rounding makes order matter.

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


@takes(programme=instance(Programme, "give a Programme, as Programme.load returns"))
def plan_of(programme: Programme, bonuses_given: Mapping[str, int] = NONE_GIVEN) -> Plan:
    """Return the plan of a programme; the last few are cached."""
    bonuses_given = counts_given(bonuses_given)
    return _plan_of(programme, tuple(sorted(bonuses_given.items())))


@lru_cache(8)
def _plan_of(programme: Programme, bonuses_given: tuple[tuple[str, int], ...]) -> Plan:
    return Plan(programme, dict(bonuses_given))
