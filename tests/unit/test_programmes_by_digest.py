"""The programme that made a quote, found among several by its digest; and another edition that makes the same quote."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from miexchange import DataError, InvalidValue, Price, PriceTable, Programme, Refusal, Replay, replay, worst_case
from miexchange.programme import Limit
from miexchange.programme._digest import digest_then
from miexchange.treatment import Treatment, TreatmentTable
from miexchange.valuation import confirmed
from unit import small, trade


def test_the_programme_that_made_a_quote_is_found_by_its_digest() -> None:
    quote, programme, other = small.quoted(), small.programme(), small.programme(price=999_900)
    found = replay(quote, {one.digest: one for one in (other, programme)})
    assert (bool(found), found) == (True, Replay((), "same"))
    assert confirmed(quote, {programme.digest: programme}, keys=()) == quote
    for refusal in (replay(quote, {}), confirmed(quote, {other.digest: other}, keys=())):
        assert isinstance(refusal, Refusal)
        assert refusal.codes == ("programme_unknown",)


def test_another_edition_that_makes_the_same_quote_says_so() -> None:
    quote, programme = small.quoted(), small.programme()
    later = Price(small.MODEL, small.AT + timedelta(days=1), 900_000, "observed")
    edition = dataclasses.replace(programme, prices=PriceTable.of([*programme.prices, later]))
    assert edition.digest != programme.digest
    again = replay(quote, edition)
    assert (bool(again), again.differences, again.edition) == (True, (), "other")
    changed = replay(quote, small.programme(price=999_900))
    assert (bool(changed), len(changed.differences), changed.edition) == (False, 2, "other")
    assert replay(quote.replace(label="Two"), programme) == Replay(("label was Two, is now Acme One (4 GB, 64 GB)",))


class _Torn(dict[str, Programme]):
    def get(self, *_: object) -> Programme:
        raise RuntimeError


def test_a_mapping_that_fails_or_lies_is_an_error_of_ours() -> None:
    quote, other = small.quoted(), small.programme(price=999_900)
    with pytest.raises(InvalidValue, match="programme cannot be read: give a Programme"):
        replay(quote, _Torn())
    with pytest.raises(InvalidValue, match=f"programme has something else under {quote.digest[:12]}"):
        replay(quote, {quote.digest: other})
    with pytest.raises(InvalidValue, match="programme has something else under"):
        worst_case(quote, {quote.digest: "programme"})  # type: ignore[dict-item]

    class Closed(dict[str, Programme]):
        def get(self, *_: object) -> Programme:
            raise DataError(())

    with pytest.raises(DataError):
        replay(quote, Closed())


def test_a_programme_is_known_by_the_digest_that_an_earlier_version_took() -> None:
    """What it could not have said makes it another programme."""
    then, programme = digest_then(small.programme()), small.programme()
    assert then is not None
    assert then != programme.digest
    assert (programme.is_known_as(then), programme.is_known_as(programme.digest), programme.is_known_as("x")) == (
        (True, True, False)
    )
    quote = small.quoted().replace(digest=then)
    assert replay(quote, {then: programme}) == Replay((), "same")
    (terms,) = programme.terms
    for later in (
        terms.replace(eligibility=terms.eligibility.replace(register_hours=24)),
        terms.replace(exchange=trade.RULES.replace(limits=(Limit("once", "account", 1, 30),))),
    ):
        assert digest_then(small.programme(later)) is None
    plain = small.programme(terms.replace(exchange=trade.RULES))
    assert digest_then(plain) not in {None, then, plain.digest}
    taxed = TreatmentTable.of([Treatment("exchange_value", small.BEGIN, "payment", "a rule")])
    assert digest_then(dataclasses.replace(programme, treatments=taxed)) is None
    with pytest.raises(InvalidValue, match="digest is missing: give a text"):
        programme.is_known_as(None)  # type: ignore[arg-type]


def test_a_digest_stays_what_it_is() -> None:
    """Quotes and ledgers keep digests for years: of this content it is this text, in every version."""
    programme = dataclasses.replace(
        small.programme(small.TERMS.replace(exchange=trade.RULES, source="नियम"), anchors={"display": 100}),
        brands=frozenset({"Zeta", "Acme"}),
        categories=frozenset({"tablet", "smartphone"}),
    )
    taxed = TreatmentTable.of([Treatment("exchange_value", small.BEGIN, "payment", "a rule")])
    assert programme.digest == "25e3415656caaf822fd5106c575733530e4f03c3b57c924fd84e6eeb2ffa0ed0"
    assert digest_then(programme) == "4ee7e5846c7de3e14242cb03ae2103e61dc4b4770eefdc2e43c443df1a82ce51"
    assert (
        dataclasses.replace(programme, treatments=taxed).digest
        == "0c6d8f86cf6df9366a620147b526507ebf633d5c8e8e9174c830f3daee66ade6"
    )
