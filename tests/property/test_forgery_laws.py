"""The laws of what was in other hands: a quote or a coupon that was altered earns nothing."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from hypothesis import assume, given
from hypothesis import strategies as st

from miexchange import (
    Coupon,
    Exchange,
    InvalidValue,
    Order,
    OrderLine,
    Programme,
    Quote,
    Refusal,
    accept,
    appraise,
    issue,
)
from miexchange.programme import rules
from miexchange.strategies import Enquiry, enquiries
from miexchange.valuation import appraise_again, confirmed
from property.effort import rare

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = b"the service's own key"
INPUTS = {
    "at",
    "bonuses_given",
    "condition",
    "imei_status",
    "imeis",
    "indicative",
    "model",
    "programme",
    "purchased_on",
    "register_answer",
    *rules.INPUTS,
}
"""What a quote was asked. All else of it, the programme makes of these."""


def quoted(enquiry: Enquiry, key: bytes | None = None) -> Quote:
    quote = appraise(enquiry.device, enquiry.condition, enquiry.programme, **enquiry.facts, key=key)
    assert isinstance(quote, Quote)
    return quote


def leaves(data: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of every leaf of JSON data."""
    if isinstance(data, dict):
        return [leaf for key, value in data.items() for leaf in leaves(value, (*path, key))]
    if isinstance(data, list) and data:
        return [leaf for place, value in enumerate(data) for leaf in leaves(value, (*path, place))]
    return [path]


def other(value: Any) -> st.SearchStrategy[Any]:
    """Draw what somebody might write in place of a leaf."""
    plain = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=5)
    if isinstance(value, bool):
        return st.just(not value)
    if isinstance(value, int):
        return st.integers(-(10**6), 10**7).map(lambda change: value + change)
    if isinstance(value, str) and value[:2] == "20" and value.endswith("Z"):
        return st.sampled_from(["2019-01-01T00:00:00Z", "2020-06-01T00:00:00Z", "2030-01-01T00:00:00Z"])
    # A text for a text mostly: of another type the door refuses it, and nothing is left to be looked at.
    return st.text(max_size=5) | st.text(max_size=5) | plain if isinstance(value, str) else plain


@st.composite
def altered(draw: st.DrawFn, value: Quote | Coupon, *, keep_sums: bool = True) -> dict[str, Any]:
    """Draw the JSON form of a value with one leaf changed; what must add up may be made to."""
    data = value.to_dict(reveal_imei=True) if isinstance(value, Quote) else value.to_dict()
    path = draw(st.sampled_from(leaves({name: part for name, part in data.items() if name != "seal"})))
    place: Any = data
    for step in path[:-1]:
        place = place[step]
    before = place[path[-1]]
    place[path[-1]] = draw(other(before))
    if keep_sums and isinstance(data.get("lines"), list) and isinstance(data["bonuses"], list):
        total = sum(line["amount"] for line in data["lines"] if isinstance(line["amount"], int))
        bonuses = sum(bonus["amount"] for bonus in data["bonuses"] if isinstance(bonus["amount"], int))
        data["coupon_value"], data["exchange_value"] = total, total - bonuses
    return data


def read(kind: Callable[[dict[str, Any]], Any], data: dict[str, Any]) -> Any:
    """Return the value that the data are the form of; None where the door refuses them already."""
    try:
        return kind(data)
    except InvalidValue:
        return None


def claims(quote: Quote, enquiry: Enquiry) -> Exchange | Coupon | Refusal:
    """Accept a quote: an exchange where the terms offer one, or else a coupon."""
    verb: Any = issue if enquiry.terms.exchange is None else accept
    answer: Exchange | Coupon | Refusal = verb(quote, enquiry.programme, account="a", at=enquiry.at, key=KEY)
    return answer


@rare()
@given(enquiries(imei=True), st.data())
def test_what_is_accepted_is_what_the_programme_makes_of_its_inputs(enquiry: Enquiry, data: st.DataObject) -> None:
    """`valuation.confirmed`: the device is valued again from the quote's own inputs, and any difference refuses it."""
    quote, keep_sums = quoted(enquiry), data.draw(st.booleans())
    forged = read(Quote.from_dict, data.draw(altered(quote, keep_sums=keep_sums)))
    assume(forged is not None and forged != quote)
    answer = claims(forged, enquiry)
    if isinstance(answer, Refusal):
        return
    coupon = answer.coupon if isinstance(answer, Exchange) else answer
    honest = appraise_again(forged, enquiry.programme)
    assert isinstance(honest, Quote)
    # Two fields say with which tables it was made, and pay nothing: the programme's digest, the zone data's version.
    assert forged.replace(digest=honest.digest, zone_data=honest.zone_data) == honest
    assert (coupon.exchange_value, coupon.bonuses, coupon.usage) == (
        honest.exchange_value,
        honest.bonuses,
        honest.usage,
    )
    assert coupon.valid_until == honest.usage.until(coupon.valid_from)
    changed = {name for name in INPUTS if getattr(forged, name) != getattr(quote, name)}
    assert changed or (forged.digest, forged.zone_data) != (quote.digest, quote.zone_data)
    assert coupon.digest == enquiry.programme.digest, "what is kept is the programme that confirmed it"


@given(enquiries(imei=True), st.data())
def test_a_sealed_quote_is_accepted_as_it_left_and_in_no_other_way(enquiry: Enquiry, data: st.DataObject) -> None:
    """Quote.seal: a keyed tag over its canonical form, so that a service can hand a quote out."""
    quote = quoted(enquiry, KEY)
    assert quote.is_sealed_by(b"an older key, kept", KEY)
    assert bool(claims(Quote.from_json(quote.to_json(reveal_imei=True)), enquiry))
    forged = read(Quote.from_dict, data.draw(altered(quote)))
    assume(forged is not None and forged != quote)
    answer = claims(forged, enquiry)
    assert isinstance(answer, Refusal)
    assert "quote_altered" in answer.codes
    wanted = tuple(terms.replace(quote_seal="required") for terms in enquiry.programme.terms)
    strict = _with_terms(enquiry.programme, wanted)
    assert isinstance(confirmed(quoted(_of(enquiry, strict), KEY), strict, keys=(KEY,)), Quote)
    stripped = confirmed(quoted(_of(enquiry, strict), KEY).replace(seal=""), strict, keys=(KEY,))
    assert isinstance(stripped, Refusal)
    assert stripped.codes == ("quote_unsealed",)


@given(enquiries(imei=True), st.binary(max_size=8).map(lambda drawn: sha256(drawn).digest()))
def test_a_seal_of_another_key_is_none(enquiry: Enquiry, key: bytes) -> None:
    """`confirmed`: sealed with a key that the service does not have, a quote is not its own."""
    assume(key != KEY)
    answer = claims(quoted(enquiry, key), enquiry)
    assert isinstance(answer, Refusal)
    assert "quote_altered" in answer.codes


@given(enquiries(imei=True), st.data())
def test_a_coupon_from_other_hands_is_taken_as_it_was_issued(enquiry: Enquiry, data: st.DataObject) -> None:
    """Coupon.seal: an edited coupon file buys nothing where the keys are asked."""
    coupon = issue(quoted(enquiry), enquiry.programme, account="a", at=enquiry.at, key=KEY)
    assert isinstance(coupon, Coupon)
    asked: dict[str, Any] = {"account": "a", "at": enquiry.at, "keys": (b"an older key, kept", KEY)}
    line = OrderLine("New", coupon.usage.categories[0], coupon.usage.brands[0], coupon.usage.channels[0], 10**7)
    order = Order("order", (line,), coupon.currency)
    assert Coupon.from_json(coupon.to_json()).check(order, **asked)
    forgeries = altered(coupon, keep_sums=False).map(lambda form: read(Coupon.from_dict, form))
    forged = data.draw(forgeries.filter(lambda one: one is not None and one != coupon))
    answer = forged.check(order, **asked)
    assert isinstance(answer, Refusal)
    assert answer.codes[0] == "coupon_altered"


def _with_terms(programme: Programme, terms: tuple[Any, ...]) -> Programme:
    return Programme(
        id=programme.id,
        title=programme.title,
        zone=programme.zone,
        currency=programme.currency,
        categories=programme.categories,
        price_step_minor=programme.price_step_minor,
        brands=programme.brands,
        catalogue=programme.catalogue,
        eligible=programme.eligible,
        prices=programme.prices,
        anchors=programme.anchors,
        tacs=programme.tacs,
        terms=terms,
    )


def _of(enquiry: Enquiry, programme: Programme) -> Enquiry:
    return Enquiry(
        enquiry.device,
        enquiry.condition,
        programme,
        enquiry.at,
        enquiry.imei_status,
        bonuses_given=enquiry.bonuses_given,
        **enquiry.told,
    )


# ----- tokens in place of the IMEIs


@given(enquiries(imei=True), st.data())
def test_a_quote_is_accepted_by_its_tokens_as_by_its_imeis(enquiry: Enquiry, data: st.DataObject) -> None:
    """`Quote.without_imei`: no clear number is needed, the coupon is the same, and what is altered earns nothing."""
    quote = quoted(enquiry, KEY)
    text = quote.to_json()
    assert not any(imei.body in text for imei in quote.imeis)
    bare = Quote.from_json(text)
    assert bare.is_sealed_by(KEY)
    assert claims(bare, enquiry) == claims(quote, enquiry)
    other_key = data.draw(st.binary(min_size=16, max_size=40).filter(lambda key: len(set(key)) > 8))
    assume(other_key != KEY)
    verb: Any = issue if enquiry.terms.exchange is None else accept
    refusal = verb(bare, enquiry.programme, account="a", at=enquiry.at, key=other_key)
    assert isinstance(refusal, Refusal)
    assert "quote_altered" in refusal.codes
    changed = read(Quote.from_dict, data.draw(altered(bare)))
    assume(changed is not None and changed != bare)
    assert isinstance(claims(changed, enquiry), Refusal)
    assert isinstance(claims(bare.replace(seal=""), enquiry), Refusal)
