"""Words: a member for its text, and an error of ours for anything else."""

from __future__ import annotations

import pickle
from enum import StrEnum
from typing import Any

import numpy as np
import pytest

from miexchange import CouponStanding, ImeiStatus, InvalidValue, ReasonCode
from miexchange.exchange import State


class _Other(StrEnum):
    A = "a"


WORDS: tuple[Any, ...] = (CouponStanding, ImeiStatus, ReasonCode, State)


@pytest.mark.parametrize("kind", WORDS)
def test_a_word_is_found_by_its_text(kind: Any) -> None:  # noqa: ANN401 - mypy knows no words of a base
    for member in kind:
        assert kind(member.value) is kind(member) is kind(np.str_(member.value)) is member
        assert pickle.loads(pickle.dumps(member)) is member  # noqa: S301 - what was just pickled


@pytest.mark.parametrize("kind", WORDS)
@pytest.mark.parametrize("value", ["CLEAR", "", "lost", None, 1, [], b"clear", _Other.A])
def test_another_object_is_an_error_that_names_the_words(kind: Any, value: object) -> None:  # noqa: ANN401
    with pytest.raises(InvalidValue, match=f"{kind.__name__} is .*give one of: {next(iter(kind)).value}"):
        kind(value)
