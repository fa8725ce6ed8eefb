"""Small programmes with planted faults, and copies of the kernel with a changed line, for the tests of proofs."""

from __future__ import annotations

import dataclasses
import inspect
from itertools import pairwise
from types import ModuleType
from typing import TYPE_CHECKING, Any

from miexchange import Programme, _kernel
from shipped import shipped_programme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miexchange.condition import Option, Question

__all__ = ["changed", "copied", "faults", "first_terms"]


def first_terms(name: str) -> Programme:
    """Return a shipped programme with the first of its terms only."""
    programme = shipped_programme(name)
    return dataclasses.replace(programme, terms=programme.terms[:1])


def changed(programme: Programme, question: str, option: str, **fields: Any) -> Programme:  # noqa: ANN401 - of an option
    """Return a programme with another row of its condition table; no loader has looked at it."""

    def with_row(asked: Question) -> Question:
        if asked.id != question:
            return asked
        return asked.replace(options=tuple(one.replace(**fields) if one.id == option else one for one in asked.options))

    terms = tuple(
        one.replace(
            questionnaire=one.questionnaire.replace(questions=tuple(map(with_row, one.questionnaire.questions)))
        )
        for one in programme.terms
    )
    return dataclasses.replace(programme, terms=terms)


def faults(programme: Programme) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield faults to plant in a condition table: rows that pay more than a better one."""
    for question in programme.terms[0].questionnaire.questions:
        taken = [option for option in question.options if not option.gate]
        for better, worse in pairwise(taken):
            for fields in _of_pair(better, worse):
                yield question.id, worse.id, fields
            yield question.id, better.id, {"gate": True, "deduction": None, "grade": 0}


def _of_pair(better: Option, worse: Option) -> Iterator[dict[str, Any]]:
    more = better.extra_minor + 100_000
    yield {"extra_minor": more, "deduction": None, "grade": better.grade, "keep_bps": better.keep_bps}
    cost = better.deduction
    if cost is not None and worse.deduction is not None:
        name = next(name for name in ("amount_minor", "share_bps", "weight_bps") if getattr(cost, name))
        yield {"deduction": cost.replace(**{name: getattr(cost, name) - 1}), "grade": better.grade}
        yield {"deduction": None, "grade": better.grade}
    if better.grade and worse.grade:
        yield {"grade": better.grade - 1, "deduction": None}


def copied(line: str, other: str) -> ModuleType:
    """Return a copy of the kernel with another line in place of one."""
    source = inspect.getsource(_kernel)
    assert source.count(line) == 1, line
    module = ModuleType("changed_kernel")
    exec(compile(source.replace(line, other), "changed_kernel", "exec"), vars(module))  # noqa: S102 - our own source
    return module
