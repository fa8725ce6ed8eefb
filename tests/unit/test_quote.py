"""The quote in other hands: its seal, and what of it is confirmed when it comes back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from miexchange.catalogue import Device
from miexchange.condition import Condition
from miexchange.errors import InvalidValue
from miexchange.imei import Imei
from miexchange.quote import Quote
from miexchange.refusal import Refusal
from miexchange.valuation import appraise, confirmed
from unit import small

if TYPE_CHECKING:
    from miexchange.programme import Programme

KEY = b"the service's own key"


def sealed(**terms: Any) -> tuple[Quote, Programme]:  # noqa: ANN401 - any of the terms
    """Return a sealed quote and its programme."""
    programme = small.programme(small.TERMS.replace(**terms))
    quote = appraise(Device(small.MODEL, small.IMEI), Condition(), programme, at=small.AT, key=KEY)
    assert isinstance(quote, Quote)
    return quote, programme


def against(quote: Quote, programme: Programme, *keys: bytes) -> tuple[str, ...]:
    answer = confirmed(quote, programme, keys=keys)
    return answer.codes if isinstance(answer, Refusal) else ()


def test_a_quote_is_confirmed_as_the_programme_makes_it() -> None:
    quote, programme = sealed()
    assert confirmed(quote, programme, keys=(KEY,)) is quote
    assert against(quote.replace(seal=""), programme) == ()
    assert against(quote, programme) == ("quote_altered",), "a seal that nobody can check holds nothing"
    assert against(quote.replace(imeis=(Imei(small.IMEI2),)), programme, KEY) == ("quote_altered",)
    assert against(quote.replace(label="A dearer one", seal=""), programme, KEY) == ("quote_altered",)


def test_terms_may_want_a_seal() -> None:
    quote, programme = sealed(quote_seal="required")
    assert against(quote, programme, b"an older key, kept", KEY) == ()
    assert against(quote.replace(seal=""), programme, KEY) == ("quote_unsealed",)


def test_the_seal_goes_with_the_imei() -> None:
    quote, _ = sealed()
    assert quote.is_sealed_by(KEY)
    assert not quote.is_sealed_by(b"another key, of others")
    assert (quote.without_imei().seal, quote.without_imei().is_sealed_by(KEY)) == ("", False)
    assert Quote.from_json(quote.to_json(reveal_imei=True)).is_sealed_by(KEY)
    with pytest.raises(InvalidValue, match=r"Quote\.seal"):
        quote.replace(seal="yes")
    with pytest.raises(InvalidValue, match="key"):
        appraise(Device(small.MODEL), Condition(), small.programme(), at=small.AT, key=b"short")


def test_every_difference_is_named_but_not_without_end() -> None:
    quote, programme = sealed()
    many = tuple(quote.lines[0].replace(rule=f"extra:{number}", amount=0) for number in range(50))
    forged = quote.replace(seal="", grade="Z", lines=(*quote.lines, *many), usage=small.USAGE.replace(valid_days=999))
    answer = confirmed(forged, programme, keys=(KEY,))
    assert isinstance(answer, Refusal)
    said = answer.explain()
    for words in ("grade was Z, is now A", "valid_days=999", "extra:0 was 0.00", "and 42 more"):
        assert words in said
    assert len(said) < 2_000


def test_an_imei_in_a_difference_is_masked() -> None:
    quote, programme = sealed()
    forged = quote.replace(seal="", imeis=(Imei(small.IMEI), Imei(small.IMEI)), label=f"see {small.IMEI2}")
    answer = confirmed(forged, programme, keys=())
    assert isinstance(answer, Refusal)
    assert small.IMEI[8:14] not in answer.explain()
    assert small.IMEI2[8:14] not in answer.explain()


def test_another_version_of_the_programme_is_named_as_such() -> None:
    quote, _ = sealed()
    same = small.programme(small.TERMS.replace(price_max_age_days=44))
    found = confirmed(quote, same, keys=(KEY,))
    assert isinstance(found, Quote)
    assert (found.digest, found.replace(digest=quote.digest, seal=quote.seal)) == (same.digest, quote)
    dearer = small.programme(price=1_100_000)
    answer = confirmed(quote, dearer, keys=(KEY,))
    assert isinstance(answer, Refusal)
    assert answer.codes == ("quote_outdated",)
    assert "market was 10000.00" in answer.explain()
    assert against(quote.replace(at=small.BEGIN - timedelta(days=1), seal=""), small.programme()) == ("quote_altered",)
