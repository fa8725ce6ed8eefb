"""How a failing example is printed: on one screen, programmes by id and digest, and so that it can be pasted back."""

from __future__ import annotations

import datetime as dt
import hashlib
import operator
import re
import textwrap
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.vendor.pretty import RepresentationPrinter, pretty

import miexchange
from miexchange import Imei, InvalidValue, Programme, RegisterAnswer, strategies
from miexchange.strategies import programme_of
from shipped import shipped_programme

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

strategies.register()
INDIA = shipped_programme("mi-exchange-india")
WIDE, HIGH = 100, 50  # of a screen
FEW = settings(max_examples=10, derandomize=True, database=None, deadline=None)
CALL = re.compile(r": test\(\s*example=(?P<example>.+?),?\s*\)\s*\Z", re.DOTALL)
NAMES = {**{name: getattr(miexchange, name) for name in miexchange.__all__}, **vars(strategies)}
NAMES |= {name: getattr(strategies, name) for name in strategies.__all__}
NAMES |= {"datetime": dt, "hashlib": hashlib, "operator": operator}


def failing(strategy: SearchStrategy[Any]) -> tuple[object, str]:
    """Return the least example that a test fails with, and how it is printed."""
    seen = []

    @settings(FEW, phases=[Phase.generate, Phase.shrink], print_blob=False)  # a blob is printed in CI
    @given(strategy)
    def test(example: object) -> None:
        seen.append(example)
        raise AssertionError

    # schemathesis, once it is loaded, gives Hypothesis a printer that prints nothing.
    with patch("hypothesis.core.RepresentationPrinter", RepresentationPrinter), pytest.raises(AssertionError) as failed:
        test()
    printed = CALL.search("\n".join(failed.value.__notes__))
    assert printed is not None, failed.value.__notes__
    return seen[-1], printed["example"]


@pytest.mark.parametrize(
    "strategy",
    [
        pytest.param(strategies.enquiries(INDIA, imei=True), id="enquiries of a shipped programme"),
        pytest.param(strategies.quotes(INDIA, imei=True), id="quotes of a shipped programme"),
        pytest.param(st.just(INDIA), id="a shipped programme"),
        pytest.param(strategies.quotes(), id="quotes of any programme"),
        pytest.param(strategies.programmes(), id="any programme"),
        pytest.param(strategies.exchanges(steps=1), id="exchanges"),
        pytest.param(strategies.refusals(), id="refusals"),
        pytest.param(strategies.redemptions(), id="redemptions"),
        pytest.param(strategies.orders(), id="orders"),
    ],
)
def test_a_failing_example_fits_on_one_screen_and_can_be_pasted_back(strategy: SearchStrategy[Any]) -> None:
    example, printed = failing(strategy)
    assert sum(len(textwrap.wrap(line, WIDE) or [""]) for line in printed.splitlines()) <= HIGH
    assert eval(printed, dict(NAMES)) == example  # noqa: S307 - what somebody would paste


def test_a_quote_shrinks_to_a_plain_phone_with_plain_answers() -> None:
    quote, printed = failing(strategies.quotes(INDIA, imei=True))
    assert isinstance(quote, miexchange.Quote)
    variant = INDIA.catalogue.by_model[quote.model]
    assert quote.condition == INDIA.terms[0].questionnaire.best(variant)
    assert (len(quote.imeis), quote.at) == (1, INDIA.terms[0].effective_from)
    assert f"programme_of('mi-exchange-india', '{INDIA.digest[:12]}')" in printed


def test_a_number_that_was_not_drawn_stays_masked() -> None:
    assert "354178036859789" not in pretty(RegisterAnswer) + pretty(miexchange.Device("x", Imei("354178036859789")))


def test_a_programme_of_ones_own_is_found_again_once_it_was_drawn_from() -> None:
    mine = Programme.from_dict({**INDIA.to_dict(), "id": "mine"})
    printed = pretty(mine)
    assert printed == f"programme_of('mine', '{mine.digest[:12]}')"
    with pytest.raises(InvalidValue, match=r"is not known: give a strategy the programme"):
        programme_of("mine", mine.digest[:12])
    strategies.quotes(mine)
    assert eval(printed, dict(NAMES)) is mine  # noqa: S307 - as above


def test_the_content_of_a_programme_is_read_only_as_it_was_printed() -> None:
    drawn, printed = failing(strategies.programmes())
    assert isinstance(drawn, Programme)
    packed = printed.split("'")[5]
    assert programme_of("drawn", drawn.digest, packed) == drawn
    for content, digest in (("nothing", drawn.digest), (packed, "f" * 12), (packed[:-9], drawn.digest)):
        with pytest.raises(InvalidValue):
            programme_of("drawn", digest, content)
