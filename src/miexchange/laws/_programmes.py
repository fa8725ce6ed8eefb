"""The laws of every programme: a worse phone never pays more; and a new edition repeats the old quotes."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from hypothesis.vendor.pretty import pretty

from miexchange._arguments import instance, takes
from miexchange.cases import covering_cases
from miexchange.market import PriceTable
from miexchange.programme import Programme
from miexchange.quote import Quote
from miexchange.strategies._enquiries import Enquiry, enquiries
from miexchange.strategies._numbers import OFTEN
from miexchange.valuation import replay

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["assert_compatible", "assert_monotone"]

_EXAMPLES = 300
_SETTINGS = settings(
    max_examples=_EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
_PROVED = ("worse_answer", "worse_fact", "dearer_market", "bonuses")
_STEPS = st.integers(1, 5) | st.integers(1, 10**5)


class _Pair(NamedTuple):
    """Two phones, of which the first must be worth at least as much as the second."""

    better: Enquiry
    worse: Enquiry
    says: str

    @property
    def is_broken(self) -> bool:
        return any(less > more for less, more in zip(_worth(self.worse), _worth(self.better), strict=True))

    def __str__(self) -> str:
        """Return both in a form that fits a screen."""
        write = self.better.programme.currency.plain
        values = ["refused" if worth < 0 else write(worth) for worth in (_worth(self.better)[1], _worth(self.worse)[1])]
        return f"{pretty(self.better)}\nis worth {values[0]}, and {values[1]} with {self.says}"


def _worth(enquiry: Enquiry) -> tuple[int, int]:
    """Return exchange value and coupon value; a refusal is below every quote."""
    answer = enquiry.answer()
    return (answer.exchange_value, answer.coupon_value) if isinstance(answer, Quote) else (-1, -1)


@st.composite
def _pairs(draw: st.DrawFn, programme: Programme) -> _Pair:
    """Draw a phone, and the same with one answer a step worse, or at a lower market price."""
    asked = draw(enquiries(programme, imei=False))
    variant = programme.catalogue.by_model[asked.device.model]
    steps = [
        (question, place)
        for question in asked.terms.questionnaire.asked_of(variant, asked.condition)
        for place, option in enumerate(question.options[:-1])
        if option.id == asked.condition[question.id]
    ]
    is_answer: bool = draw(OFTEN)
    if steps and is_answer:
        question, place = steps[draw(st.integers(0, len(steps) - 1))]
        answer = question.options[place + 1].id
        said = asked.terms.questionnaire.fitted(asked.condition.replace(**{question.id: answer}), variant)
        return _Pair(asked, replace(asked, condition=said), f"{question.id}={answer}")
    dearer = _dearer(programme, variant.model, programme.price_step_minor * draw(_STEPS))
    return _Pair(replace(asked, programme=dearer), asked, "the market price of the programme")


def _dearer(programme: Programme, model: str, more: int) -> Programme:
    """Raise every price of a model."""
    rows = [row.replace(price_minor=row.price_minor + more) if row.model == model else row for row in programme.prices]
    return replace(programme, prices=PriceTable.of(rows))


@takes(programme=instance(Programme))
def assert_monotone(programme: Programme) -> None:
    """Assert that a worse answer never pays more, and that a higher market price never pays less.

    With the extra ``prove`` it is proved for all prices, answers, ages, days and bonuses; anything undecided,
    or everything if the extra is not installed, is tried on some hundred phones, the same ones each time.

    Args:
        programme: the programme.

    Raises:
        AssertionError: the law is broken: a phone, two sets of answers or prices, and both values, on one screen.
        InvalidValue: it is not a programme.
    """
    if find_spec("z3") is not None:
        from miexchange.prove import prove  # noqa: PLC0415 - of an extra

        proofs = prove(programme, laws=_PROVED)
        for proof in proofs.refuted:
            shown = proof.detail if proof.counterexample is None else proof.counterexample.shown(programme)
            raise AssertionError(f"{proof.law} {proof.subject}, terms {proof.terms}\n{shown}")
        if proofs:
            return
    assert_unbroken(programme)


def assert_unbroken(programme: Programme) -> None:
    """Assert by examples what `assert_monotone` proves."""
    broken = _least(programme, lambda pair: pair.is_broken)
    if broken is not None:
        raise AssertionError(f"what is worse pays more\n{broken}")


def _least(programme: Programme, is_broken: Callable[[_Pair], bool]) -> _Pair | None:
    try:
        return find(_pairs(programme), is_broken, settings=_SETTINGS)
    except NoSuchExample:
        return None


@takes(old=instance(Programme), new=instance(Programme))
def assert_compatible(old: Programme, new: Programme) -> None:
    """Assert that a new edition of a programme reproduces every quote of the old one, to the minor unit.

    It does if it only adds later prices, terms and models. A changed price that was in force, an
    answer with another effect, or a removed model is found.

    Args:
        old: the edition that made the quotes.
        new: the edition that is to replace it.

    Raises:
        AssertionError: a quote would differ: the simplest phone that shows it, and the difference.
        InvalidValue: an argument is not a programme.

    >>> programme = Programme.load("uk-trade-in")
    >>> assert_compatible(programme, programme)
    """
    for case in covering_cases(old).cases:
        for model in [case.model] if case.model else case.models:
            quote = case.outcome(old, model)
            found = replay(quote, new) if isinstance(quote, Quote) else None
            if isinstance(quote, Quote) and found is not None and not found:
                told = "\n".join(f"  differs: {difference}" for difference in found.differences)
                raise AssertionError(f"{case.rule}: {quote.explain()}\nThe new edition makes it otherwise:\n{told}")
