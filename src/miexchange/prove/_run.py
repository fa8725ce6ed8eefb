"""Checks every law of a programme: a quick search for a phone that breaks it, then the solver."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from miexchange import _decisions, _kernel
from miexchange._arguments import Rule, instance, takes
from miexchange._bounded import Count, Id
from miexchange._value import Value
from miexchange.condition import Condition
from miexchange.programme import Programme
from miexchange.prove import _laws
from miexchange.prove._decided import DECISIONS, decided
from miexchange.prove._offers import grows, offers
from miexchange.prove._phones import Counterexample, Phone
from miexchange.prove._proofs import LAWS, Law, Proof, Proofs
from miexchange.prove._reach import Reached, Span, bought, reached
from miexchange.prove._search import asked_picks, drawn, in_a_row, opened, values, with_answer
from miexchange.prove._sheet import NOT_ASKED, Sheet, scraps_of
from miexchange.prove._symbols import MOST
from miexchange.quote import Quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from miexchange.programme import Terms
    from miexchange.prove._search import Draw, Ints
    from miexchange.prove._sheet import Asked, Case, Inputs, Row, Scale

__all__ = ["Progress", "laws_of", "prove"]

_DAY = 86_400
_SEEDS = 4
_NEAR = 3  # seeds of each search after the solver's answer for loose terms
_UNCONFIRMED = "the solver's phone is worth something else to appraise"


@dataclass(frozen=True, slots=True)
class Progress(Value):
    """The progress of a run.

    Attributes:
        law: the current law.
        terms: the version of the terms.
        done: the number of finished proofs.
    """

    law: Law
    terms: Id
    done: Count


@takes(
    programme=instance(Programme, "give a Programme, as Programme.load returns"),
    laws=Rule(
        lambda laws: bool(laws) and not isinstance(laws, str) and set(laws) <= set(LAWS),
        f"give some of {', '.join(LAWS)}",
        tuple,
        object,
    ),
    seconds=Rule(lambda seconds: type(seconds) is int and 0 < seconds <= _DAY, "give 1 to 86,400 seconds", kinds=int),
    progress=Rule(lambda value: value is None or callable(value), "give a function, or None"),
)
def prove(
    programme: Programme,
    *,
    laws: Iterable[str] = LAWS,
    seconds: int = 20,
    progress: Callable[[Progress], object] | None = None,
) -> Proofs:
    """Prove the laws of a programme for all prices, anchors, answers, ages, days, quotas and targets.

    The functions that value a phone run unchanged on symbols of a solver (z3), which proves that no phone breaks a law,
    or finds one that does. A few thousand phones from a fixed seed are tried before the solver is asked.

    Args:
        programme: the programme.
        laws: the laws of `LAWS` to check.
        seconds: the time limit of the solver for one question. Anything unfinished is undecided.
        progress: a function that is called with the progress after each proof.

    Raises:
        InvalidValue: an argument is of another type.

    >>> from miexchange import Programme
    >>> proofs = prove(Programme.load("uk-trade-in"), laws=["dearer_market"])
    >>> bool(proofs), [proof.verdict for proof in proofs.proofs]
    (True, ['proved'])
    """
    found: list[Proof] = []
    for proof in laws_of(programme, laws, seconds):
        found.append(proof)
        if progress is not None:
            progress(Progress(proof.law, proof.terms, len(found)))
    return Proofs(programme.id, programme.digest, _in_order(laws), tuple(found))


def laws_of(
    programme: Programme,
    laws: Iterable[str] = LAWS,
    seconds: float = 20,
    kernel: Any = _kernel,  # noqa: ANN401 - a module: `_kernel`, or a copy that a test has changed
    decisions: Any = _decisions,  # noqa: ANN401 - as above
) -> Iterator[Proof]:
    """Yield the results for each law, for each version of the terms."""
    wanted = _in_order(laws)
    ends = [terms.effective_from for terms in programme.terms[1:]]
    for terms, end in zip(programme.terms, (*ends, None), strict=True):
        prover = _Prover(programme, terms, Span(terms.effective_from, end), kernel, seconds)
        for law in wanted:
            for subject, verdict, counterexample, detail in prover.prove(law, decisions):
                yield Proof(law, terms.version, subject, verdict, counterexample, detail)  # type: ignore[arg-type]  # one of three


def _in_order(laws: Iterable[str]) -> tuple[Law, ...]:
    return tuple(law for law in LAWS if law in set(laws))


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two phones by number: the second is the worse one."""

    markets: tuple[int, int]
    anchors: dict[str, int]
    picks: tuple[dict[str, int], dict[str, int]]
    scales: tuple[tuple[int, ...], tuple[int, ...]]
    left_out: frozenset[str]


class _Prover:
    """The laws of one version of the terms."""

    def __init__(self, programme: Programme, terms: Terms, span: Span, kernel: Any, seconds: float) -> None:  # noqa: ANN401 - a module
        self.programme, self.terms, self.span, self.kernel, self.seconds = programme, terms, span, kernel, seconds
        self.sheets = [Sheet(programme, terms, scrap) for scrap in scraps_of(programme, terms)]
        self._look_at(self.sheets[0])

    def _look_at(self, sheet: Sheet) -> None:
        """Switch to the models of one floor: every comparison is of one model, and so of one floor."""
        self.sheet, self.models = sheet, {case.left_out: case.model for case in sheet.cases}

    def prove(self, law: Law, decisions: Any) -> Iterator[Reached]:  # noqa: ANN401 - a module
        """Yield the result for a law, for each subject."""
        if law == "decisions":
            for name, verdict, detail in decided(self.programme, self.terms, decisions, self.seconds):
                yield Reached(DECISIONS[name], verdict, None, detail)
        elif law == "reach":
            yield from reached(self.programme, self.terms, self.span, self.kernel, self.seconds)
        elif law == "bonuses":
            yield from self._bonuses()
        elif self.sheet.cases:
            for sheet in self.sheets:
                self._look_at(sheet)
                floor = f"where the scrap value is {sheet.scrap}" if len(self.sheets) > 1 else ""
                for found in self._of_values(law):
                    yield found._replace(subject=", ".join(filter(None, (found.subject, floor))))
        else:
            yield Reached("", _laws.PROVED, None, "the catalogue has no model that these terms could take")

    def _of_values(self, law: Law) -> Iterator[Reached]:
        """Yield the result for a law about values."""
        if law == "worse_answer":
            for asked in self.sheet.asked:
                yield from self._answers(asked)
        elif law == "worse_fact":
            for scale in self.sheet.scales:
                yield from self._facts(scale)
        elif law == "dearer_market":
            yield self._dearer()
        elif law == "64_bits":
            yield Reached("", _laws.width(self.sheet, self.kernel, self.seconds).verdict)
        else:
            yield self._within(law)

    # A worse answer.

    def _answers(self, asked: Asked) -> Iterator[Reached]:
        cases = self.sheet.open_cases(asked.id)
        if not cases:
            return
        searched = self._worth(asked, cases)
        for better, worse in pairwise(asked.every):
            subject = f"{asked.id}: {worse.id} after {better.id}"
            if worse.gate:
                yield Reached(subject, _laws.PROVED, None, "it is refused")
            elif better.gate:
                yield self._taken(subject, asked, better, worse, cases)
            else:
                yield self._pair(subject, asked, asked.taken.index(better), (better, worse), searched)

    def _worth(self, asked: Asked, cases: Sequence[Case]) -> list[tuple[Inputs, Ints, Sequence[Case], list[Ints]]]:
        """Return drawn phones, and their values for each answer to a question."""
        places = [place for place, row in enumerate(asked.taken) if row is not NOT_ASKED]
        found = []
        for seed in range(_SEEDS):
            phones, case = self._drawn(asked, cases, seed)
            worth = [
                values(self.sheet, self.kernel, with_answer(self.sheet, phones, asked.id, place)) for place in places
            ]
            found.append((phones, case, cases, worth))
        return found

    def _drawn(self, asked: Asked, cases: Sequence[Case], seed: int, draw: Draw = drawn) -> tuple[Inputs, Ints]:
        """Return drawn phones that are asked a question."""
        phones, case = draw(self.sheet, cases, seed)
        return opened(self.sheet, phones, asked.id), case

    def _taken(self, subject: str, asked: Asked, better: Row, worse: Row, cases: Sequence[Case]) -> Reached:
        """Show a phone that is accepted with a worse answer and refused with a better one."""
        phones, case = self._drawn(asked, cases, 0)
        place = asked.taken.index(worse)
        pair = self._at(with_answer(self.sheet, phones, asked.id, place), case, cases, 0)
        one = self._phone(pair, 1)
        first = one.replace(condition=one.condition.replace(**{asked.id: better.id}))
        return self._refuted(subject, first, one, f"{asked.id}={worse.id} is taken, and {better.id} is refused")

    def _pair(
        self,
        subject: str,
        asked: Asked,
        place: int,
        rows: tuple[Row, Row],
        searched: list[tuple[Inputs, Ints, Sequence[Case], list[Ints]]],
    ) -> Reached:
        says = f"{asked.id}={rows[1].id} pays more than {rows[0].id}, which is better"

        def seen(found: Iterable[tuple[Inputs, Ints, Sequence[Case], list[Ints]]]) -> Reached | None:
            for phones, case, cases, worth in found:
                number = _cheapest_at(worth[place + 1] > worth[place], phones.market)
                if number is not None:
                    pair = self._at(phones, case, cases, number)
                    picks = tuple({**pair.picks[0], asked.id: place + more} for more in (0, 1))
                    pair = _Pair(pair.markets, pair.anchors, (picks[0], picks[1]), pair.scales, pair.left_out)
                    return self._refuted(subject, self._phone(pair, 0), self._phone(pair, 1), says)
            return None

        def near(draw: Draw) -> Reached | None:
            cases = self.sheet.open_cases(asked.id)
            for seed in range(_NEAR):
                phones, case = self._drawn(asked, cases, seed, draw)
                worth = [
                    values(self.sheet, self.kernel, with_answer(self.sheet, phones, asked.id, one))
                    if one in {place, place + 1}
                    else phones.market
                    for one in range(len(asked.taken))
                ]
                if (found := seen([(phones, case, cases, worth)])) is not None:
                    return found
            return None

        return seen(searched) or self._solved(
            subject,
            says,
            lambda: _laws.loose_answers(self.sheet, self.kernel, asked, rows, self.seconds),
            near,
            lambda units: _laws.exact_answers(self.sheet, self.kernel, asked, place, units, self.seconds),
        )

    # A worse fact.

    def _facts(self, scale: Scale) -> Iterator[Reached]:
        at = self.sheet.scales.index(scale)
        drawn_ones = [drawn(self.sheet, self.sheet.cases, seed) for seed in range(_SEEDS)]

        def with_label(phones: Inputs, place: int) -> Inputs:
            scales = [*phones.scales]
            scales[at] = np.full(len(phones.market), place)
            return phones._replace(scales=scales)

        for place, (better, worse) in enumerate(pairwise(scale.labels)):
            subject = f"{scale.rule.reads}: {worse} after {better}"
            says = f"{scale.rule.reads} {worse} pays more than {better}"

            def seen(
                found: Iterable[tuple[Inputs, Ints]], place: int = place, subject: str = subject, says: str = says
            ) -> Reached | None:
                for phones, case in found:
                    one, two = (values(self.sheet, self.kernel, with_label(phones, place + more)) for more in (0, 1))
                    number = _cheapest_at(two > one, phones.market)
                    if number is not None:
                        pair = self._at(phones, case, self.sheet.cases, number)
                        scales = tuple(
                            (*pair.scales[0][:at], place + more, *pair.scales[0][at + 1 :]) for more in (0, 1)
                        )
                        pair = _Pair(pair.markets, pair.anchors, pair.picks, (scales[0], scales[1]), pair.left_out)
                        return self._refuted(subject, self._phone(pair, 0), self._phone(pair, 1), says)
                return None

            rates = scale.rates[place], scale.rates[place + 1]
            yield seen(drawn_ones) or self._solved(
                subject,
                says,
                lambda rates=rates: _laws.loose_fact(self.sheet, self.kernel, scale, rates, self.seconds),  # type: ignore[misc]  # it is inferred
                lambda draw, seen=seen: seen(draw(self.sheet, self.sheet.cases, seed) for seed in range(_NEAR)),  # type: ignore[misc]  # as above
                lambda units, place=place: _laws.exact_fact(self.sheet, self.kernel, scale, place, units, self.seconds),  # type: ignore[misc]  # as above
            )

    # Prices.

    def _dearer(self) -> Reached:
        says, step = "a dearer market pays less", self.sheet.price_step

        def seen(found: Iterable[tuple[Inputs, Ints]]) -> Reached | None:
            for seed, (phones, case) in enumerate(found):
                random = np.random.default_rng(seed)
                more = np.where(random.random(len(case)) < 1 / 2, 1, random.integers(1, 1_000, len(case)))
                market = np.minimum(phones.market + more * step, self.sheet.most_units * step)
                dearer = phones._replace(market=market)
                one, two = (values(self.sheet, self.kernel, each) for each in (dearer, phones))
                number = _cheapest_at(two > one, phones.market)
                if number is not None:
                    pair = self._at(phones, case, self.sheet.cases, number)
                    markets = int(market[number]), pair.markets[0]
                    pair = _Pair(markets, pair.anchors, pair.picks, pair.scales, pair.left_out)
                    return self._refuted("", self._phone(pair, 0), self._phone(pair, 1), says)
            return None

        cases = self.sheet.cases
        return seen(drawn(self.sheet, cases, seed) for seed in range(_SEEDS)) or self._solved(
            "",
            says,
            lambda: _laws.loose_market(self.sheet, self.kernel, self.seconds),
            lambda draw: seen(draw(self.sheet, cases, seed) for seed in range(_NEAR)),
            lambda units: _laws.exact_market(self.sheet, self.kernel, units, self.seconds),
        )

    def _within(self, law: Law) -> Reached:
        step = self.terms.step_minor

        def seen(found: Iterable[tuple[Inputs, Ints]]) -> Reached | None:
            for phones, case in found:
                value, market = values(self.sheet, self.kernel, phones), phones.market
                wrong = (value < 0) | (value > market)
                if law == "floor_cap_step":
                    below = np.where(
                        market < self.sheet.scrap, value != market // step * step, value < self.sheet.scrap
                    )
                    wrong = wrong | (value % step != 0) | below
                number = _cheapest_at(wrong, market)
                if number is not None:
                    pair = self._at(phones, case, self.sheet.cases, number)
                    phone = self._phone(pair, 0)
                    return self._refuted("", phone, None, "the value leaves its bounds")
            return None

        cases = self.sheet.cases
        return seen(drawn(self.sheet, cases, seed) for seed in range(_SEEDS)) or self._solved(
            "",
            "the value leaves its bounds",
            lambda: _laws.bounds(self.sheet, self.kernel, law, self.seconds),
            lambda draw: seen(draw(self.sheet, cases, seed) for seed in range(_NEAR)),
            lambda _: _laws.Found(_laws.UNDECIDED),
        )

    def _bonuses(self) -> Iterator[Reached]:
        zone, (begin, end) = self.programme.zone, self.span
        days = begin.astimezone(zone).date(), None if end is None else end.astimezone(zone).date()
        for offer in offers(self.terms, *days) if self.terms.bonuses else ():
            found = grows(self.terms, self.kernel, offer, self.seconds)
            subject = f"on {offer.on}" + (f", for {offer.target}" if offer.target is not None else "")
            yield Reached(subject, found.verdict or "refuted")

    # From numbers to phones.

    def _solved(
        self,
        subject: str,
        says: str,
        loose: Callable[[], _laws.Found],
        near: Callable[[Draw], Reached | None],
        exact: Callable[[_laws.Units], _laws.Found],
    ) -> Reached:
        """Ask loosely; if that is not a proof, search near the prices found and through the lowest, and ask exactly."""
        found = loose()
        if found.verdict == _laws.PROVED:
            return Reached(subject, _laws.PROVED)
        for draw in (partial(drawn, markets=found.units), in_a_row):
            if (seen := near(draw)) is not None:
                return seen
        found = exact(found.units)
        if found.model is None:
            return Reached(subject, found.verdict)
        pair = _Pair(*found.model)
        return self._refuted(subject, self._phone(pair, 0), self._phone(pair, 1), says)

    def _at(self, phones: Inputs, case: Ints, cases: Sequence[Case], number: int) -> _Pair:
        """Return one of the drawn phones, twice."""
        market = int(phones.market[number])
        picks = {name: int(pick[number]) for name, pick in phones.picks.items()}
        scales = tuple(int(pick[number]) for pick in phones.scales)
        anchors = {name: int(anchor[number]) for name, anchor in phones.anchors.items()}
        return _Pair((market, market), anchors, (picks, picks), (scales, scales), cases[case[number]].left_out)

    def _phone(self, pair: _Pair, which: int) -> Phone:
        """Return one of two phones as a value that can be appraised."""
        at, zone = self.span.begin, self.programme.zone
        picks = asked_picks(self.sheet, pair.picks[which])
        rows = {asked.id: asked.taken[picks[asked.id]] for asked in self.sheet.asked if asked.id not in pair.left_out}
        read = {
            self.sheet.asked[number].taken[one[self.sheet.asked[number].id]].anchor
            for number in range(len(self.sheet.asked))
            for one in pair.picks
        }
        facts: dict[str, Any] = {
            scale.rule.reads: scale.labels[place]
            for scale, place in zip(self.sheet.scales, pair.scales[which], strict=True)
        }
        months, days = facts.pop("months_owned", None), facts.pop("days_priced", 0)
        return Phone(
            self.models[pair.left_out],
            at,
            at - timedelta(days=days),
            pair.markets[which],
            Condition({name: row.id for name, row in rows.items() if row is not NOT_ASKED}),
            anchors=tuple((name, amount) for name, amount in pair.anchors.items() if name in read),
            purchased_on=None if months is None else bought(at.astimezone(zone).date(), months),
            **facts,
        )

    def _refuted(self, subject: str, first: Phone, second: Phone | None, says: str) -> Reached:
        """Return two phones that break a law, with as few answers other than the best as possible."""
        breaks = self._breaks if second is not None else self._leaves
        if not breaks(first, second):
            return Reached(subject, "refuted", None, _UNCONFIRMED)
        for asked in self.sheet.asked:
            best = asked.every[0].id
            answers = {one.condition.get(asked.id) for one in (first, second) if one is not None}
            if len(answers) == 1 and answers != {best} and None not in answers:
                fewer = [None if one is None else self._with(one, asked.id, best) for one in (first, second)]
                if fewer[0] is not None and breaks(fewer[0], fewer[1]):
                    first, second = fewer[0], fewer[1]
        first, second = self._trimmed(first, first, second), second and self._trimmed(second, first, second)
        values_ = [None if one is None else self._value(one) for one in (first, second)]
        return Reached(subject, "refuted", Counterexample(says, first, values_[0], second, values_[1]))

    def _with(self, phone: Phone, question: str, answer: str) -> Phone:
        """Return a phone with another answer, and without answers to questions that it closes."""
        variant, condition = (
            self.programme.catalogue.by_model[phone.model],
            phone.condition.replace(**{question: answer}),
        )
        return phone.replace(condition=self.terms.questionnaire.fitted(condition, variant))

    def _trimmed(self, phone: Phone, *others: Phone | None) -> Phone:
        """Return a phone without the anchors that no answer reads."""
        said = [(asked, one.condition.get(asked.id)) for asked in self.sheet.asked for one in others if one is not None]
        read = {row.anchor for asked, answer in said for row in asked.every if row.id == answer}
        return phone.replace(anchors=tuple(one for one in phone.anchors if one[0] in read))

    def _value(self, phone: Phone) -> int | None:
        outcome = phone.appraise(self.programme)
        return outcome.exchange_value if isinstance(outcome, Quote) else None

    def _breaks(self, first: Phone, second: Phone | None) -> bool:
        """Tell whether the second phone is worth more than the first, or accepted while the first is refused."""
        worth = None if second is None else self._value(second)
        before = self._value(first)
        return worth is not None and (before is None or worth > before)

    def _leaves(self, first: Phone, _: Phone | None) -> bool:
        """Tell whether a value is not within its bounds."""
        value, market = self._value(first), first.price_minor
        floor = self.sheet.scrap
        return value is not None and not (
            0 <= value <= market and value % self.terms.step_minor == 0 and (value >= floor or market < floor)
        )


def _cheapest_at(is_broken: NDArray[np.bool_], market: Ints) -> int | None:
    """Return the position of the phone with the lowest price that breaks a law, or None."""
    return int(np.argmin(np.where(is_broken, market, MOST))) if is_broken.any() else None
