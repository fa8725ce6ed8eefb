"""Rules for the arguments of tuning, beside those of `miexchange._arguments`: numbers, columns, mappings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from miexchange._arguments import (
    DATE,
    INSTANT,
    PATH,
    TEXT,
    Rule,
    check,
    instance,
    maybe,
    one_of,
    takes,
    whole,
)
from miexchange._questions import BETWEEN, NONE
from miexchange._text import is_a, text_of
from miexchange.errors import out_of_range
from miexchange.tuning._cells import MOST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miexchange.condition import Questionnaire

__all__ = [
    "AXES",
    "COLUMN",
    "DATE",
    "INSTANT",
    "PATH",
    "SEED",
    "TEXT",
    "Rule",
    "check",
    "each",
    "instance",
    "mapping",
    "maybe",
    "named",
    "one_by_one",
    "one_of",
    "real",
    "takes",
    "together",
    "whole",
]


def named(kind: str) -> Rule:
    """Want an instance of a class of this package, by its name, where importing it would be a circular import."""
    return Rule(lambda value: any(one.__name__ == kind for one in type(value).__mro__), f"give a {kind}")


def real(*, above: float | None = None, least: float | None = None, below: float | None = None, says: str = "") -> Rule:
    """Want a number within bounds."""
    bound = "" if above is None else f" above {above:g}"
    bound += "" if least is None else f" of {least:g} or more"
    bound += "" if below is None else f" and below {below:g}"

    def fits(value: Any) -> bool:  # noqa: ANN401 - an argument of any type
        if is_a(value, bool | np.bool_) or not is_a(value, int | float | np.integer | np.floating):
            return False
        inside = -MOST <= value <= MOST
        inside = inside and (above is None or value > above) and (least is None or value >= least)
        return bool(inside and (below is None or value < below))

    return Rule(fits, says or f"give a number{bound}", kinds=int | float | np.integer | np.floating)


def one_by_one(questionnaire: Questionnaire) -> list[str]:
    """Return the ids of the questions, each of which has a column of answers.

    Raises:
        InvalidValue: a question allows several choices, of which each has error rates of its own.
    """
    if questionnaire.several:
        name = next(iter(questionnaire.several))
        rule = "give a programme that asks of each choice in a question of its own"
        raise out_of_range("programme", name, rule, f"asks {name}, which has several choices")
    return [question.id for question in questionnaire.questions]


def together(answers: Sequence[NDArray[np.object_]]) -> NDArray[np.object_]:
    """Return the answers to each choice of a question as one column; None where it is not asked."""
    rows = zip(*answers, strict=True)
    said = [None if None in row else BETWEEN.join(one for one in row if one != NONE) or NONE for row in rows]
    return np.array(said, dtype=object)


def each(rule: Rule, says: str = "") -> Rule:
    """Want a list, a tuple or a column whose elements all satisfy another rule."""

    def fits(value: Any) -> bool:  # noqa: ANN401 - an argument of any type
        if is_a(value, str | bytes) or not is_a(value, Sequence | np.ndarray | pd.Series | pd.Index):
            return False
        return all(map(rule.fits, value))

    return Rule(fits, says or f"give a list; of each: {rule.says}", kinds=Sequence | np.ndarray | pd.Series | pd.Index)


def mapping(key: Rule, rule: Rule) -> Rule:
    """Want a mapping."""

    def fits(value: Any) -> bool:  # noqa: ANN401 - an argument of any type
        return is_a(value, Mapping) and all(map(key.fits, value)) and all(map(rule.fits, value.values()))

    return Rule(fits, f"give a mapping; of each value: {rule.says}", kinds=Mapping)


COLUMN = Rule(lambda value: text_of(value) is not None, "give the name of a column")
SEED = whole(0, 2**63 - 1)
AXES = maybe(named("Axes"))  # matplotlib is optional
