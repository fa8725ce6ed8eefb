"""The laws for everybody's test suite: silent where all is well, and readable where it is not."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from sqlalchemy import text

from miexchange import Exchange, InvalidValue, Programme, Quote, QuoteLine, headline, laws, ledger
from miexchange.condition import Deduction
from miexchange.laws import (
    _programmes,
    assert_compatible,
    assert_exact,
    assert_monotone,
    assert_parity,
    assert_replays,
    assert_spent_once,
)
from miexchange.market import PriceTable
from shipped import shipped_programme
from unit import trade

if TYPE_CHECKING:
    from pathlib import Path

    from miexchange.strategies import Enquiry

AT = datetime(2025, 3, 3, 12, tzinfo=UTC)
BRITAIN = shipped_programme("uk-trade-in")
KEY = bytes(range(32))


def quoted(model: str) -> Quote:
    """Return the quote of a clean phone."""
    quote = headline(model, BRITAIN, at=AT)
    assert isinstance(quote, Quote), quote.explain()
    return quote


QUOTE = quoted(next(iter(BRITAIN.eligible)).model)


def upside_down(programme: Programme) -> Programme:
    """Return a programme in which a cracked screen pays more than a scratched one."""
    (terms,) = programme.terms
    asked = []
    for question in terms.questionnaire.questions:
        options = tuple(
            option.replace(deduction=Deduction(share_bps=100)) if option.id == "cracked" else option
            for option in question.options
        )
        asked.append(question.replace(options=options))
    questionnaire = terms.questionnaire.replace(questions=tuple(asked))
    return dataclasses.replace(programme, terms=(terms.replace(questionnaire=questionnaire),))


def with_price(programme: Programme, more: int) -> Programme:
    """Return a programme whose first price is another one."""
    first, *others = programme.prices
    prices = PriceTable((first.replace(price_minor=first.price_minor + more), *others))
    return dataclasses.replace(programme, prices=prices)


def test_a_programme_in_which_a_fault_pays_is_found_with_and_without_the_prover(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert_monotone(BRITAIN)
    _programmes.assert_unbroken(BRITAIN)
    broken = upside_down(BRITAIN)
    with pytest.raises(AssertionError, match=r"worse_answer screen: cracked after scratched"):
        assert_monotone(broken)
    monkeypatch.setattr(_programmes, "find_spec", lambda _: None)
    with pytest.raises(AssertionError) as failed:
        assert_monotone(broken)
    told = str(failed.value)
    assert told.startswith("what is worse pays more\nEnquiry(")
    assert told.endswith("with screen=cracked")
    assert len(told.splitlines()) <= 20


def test_a_dearer_market_that_pays_less_is_found_by_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    def worth(asked: Enquiry) -> tuple[int, int]:
        return (-sum(price.price_minor for price in asked.programme.prices),) * 2

    monkeypatch.setattr(_programmes, "_worth", worth)
    with pytest.raises(AssertionError, match="with the market price of the programme"):
        _programmes.assert_unbroken(BRITAIN)


def changed(quote: Quote, **fields: Any) -> Quote:  # noqa: ANN401 - of any field
    """Return a quote that nothing checked."""
    copy = object.__new__(Quote)
    for field in dataclasses.fields(Quote):
        object.__setattr__(copy, field.name, fields.get(field.name, getattr(quote, field.name)))
    return copy


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"coupon_value": QUOTE.coupon_value + 1}, "the lines add up to"),
        ({"exchange_value": QUOTE.exchange_value + 1}, "the lines but the bonuses add up to"),
        ({"lines": (*QUOTE.lines, QuoteLine("bonus:more", 5, "", ""))}, "the lines of bonuses are"),
        ({"lines": tuple(line for line in QUOTE.lines if line.rule != "market")}, "and the market price 0"),
    ],
)
def test_a_quote_that_is_not_exact_is_shown(fields: dict[str, Any], told: str) -> None:
    assert_exact(QUOTE)
    with pytest.raises(AssertionError, match=told) as failed:
        assert_exact(changed(QUOTE, **fields))
    assert QUOTE.label in str(failed.value)


def test_a_quote_that_its_programme_makes_otherwise_is_shown() -> None:
    other = with_price(BRITAIN, BRITAIN.price_step_minor * 100)
    first = quoted(next(iter(BRITAIN.prices)).model)
    assert_replays([QUOTE, first], BRITAIN)
    with pytest.raises(AssertionError, match=r"^1 of 1 quotes are not made again") as failed:
        assert_replays([first], other)
    assert "differs: " in str(failed.value)
    with pytest.raises(AssertionError, match="differs: "):
        assert_replays([first], {other.digest: other})


def test_another_edition_that_changes_a_price_is_not_compatible() -> None:
    assert_compatible(BRITAIN, BRITAIN)
    later = dataclasses.replace(BRITAIN, title="Another title")
    assert_compatible(BRITAIN, later)
    with pytest.raises(AssertionError, match="The new edition makes it otherwise:\n  differs: "):
        assert_compatible(BRITAIN, with_price(BRITAIN, BRITAIN.price_step_minor * 100))


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_a_table_is_worth_what_its_rows_are(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"model": QUOTE.model, **QUOTE.condition}, {"model": QUOTE.model, **QUOTE.condition, "screen": "cracked"}]
    frame: Any = pd.DataFrame(rows)
    if kind != "pandas":
        frame = pytest.importorskip("pyarrow").table(frame)
    frame = pytest.importorskip("polars").from_arrow(frame) if kind == "polars" else frame
    assert_parity(frame, BRITAIN, at=AT)
    monkeypatch.setattr("miexchange.laws._tables.valued", lambda *_: {"outcome": "refused", "exchange_value": None})
    with pytest.raises(AssertionError) as failed:
        assert_parity(frame[1:] if kind == "pandas" else frame.slice(1), BRITAIN, at=AT)
    told = str(failed.value).splitlines()
    assert told[0] == "row 0 of 1 is not worth what its device is:"
    assert "  screen: 'cracked'" in told
    assert "  every other answer is the best one" in told
    assert "  outcome: 'indicative' in the table, 'refused' alone" in told


def test_a_ledger_in_which_something_was_changed_is_shown_with_its_history(tmp_path: Path) -> None:
    programme = trade.programme()
    with ledger.open(f"{tmp_path}/exchanges.db", key=KEY, create=True) as store:
        made = store.accept(trade.quote(), programme, account="a", at=trade.quote().at, idempotency_key="1")
        assert isinstance(made, Exchange)
        assert_spent_once(store)
        with store.engine.begin() as connection:
            connection.execute(text("update exchanges set account = 'another'"))
        with pytest.raises(AssertionError) as failed:
            assert_spent_once(store)
    told = str(failed.value).splitlines()
    assert f"{made.code}:" in told
    assert any("1. accept at" in line or made.code in line for line in told)


@pytest.mark.parametrize("name", [name for name in laws.__all__ if name != "LedgerMachine"])
def test_what_is_no_value_of_its_type_is_no_failure_of_a_law(name: str) -> None:
    law, wrong = getattr(laws, name), object()
    given = {"assert_parity": (pd.DataFrame(), wrong), "assert_compatible": (BRITAIN, wrong)}.get(name, (wrong,))
    given = (wrong, BRITAIN) if name == "assert_replays" else given
    with pytest.raises(InvalidValue):
        law(*given)
