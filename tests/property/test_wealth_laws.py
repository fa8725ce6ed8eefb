"""Nobody gets richer: over every history, what a customer holds is never more than the phone and the bonuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import assume, given
from hypothesis import strategies as st

from miexchange import Condition, Exchange, Order, OrderLine, Quote, accept
from miexchange.events import Agree, Complete, Event, Inspect, Override, Release, Reserve, Reverse, Void
from miexchange.exchange import State, apply
from miexchange.inspection import Examination
from miexchange.programme import Authority
from miexchange.quote import GrantedBonus, QuoteLine
from miexchange.strategies import Enquiry, enquiries, events
from miexchange.valuation import appraise_again
from property.effort import rare

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY = b"0123456789abcdef"
ENDS = {State.COMPLETED, State.ADJUSTED, State.REVERSED, State.VOID, State.EXPIRED}


def holdings(exchange: Exchange) -> tuple[int, int]:
    """Return what the customer has gained in the end, and the most that it may be; in paise.

    It is counted from the facts, by who has what: goods at their price, cash as it was paid, a surplus as it was given
    at checkout or after the inspection, and the phone at what it was worth in the end. At the beginning the customer
    has the phone.
    """
    paid = exchange.redemption
    worth, bonuses = exchange.quote.exchange_value, exchange.quote.bonuses
    if exchange.state == State.ADJUSTED or (exchange.state == State.REVERSED and exchange.settlement is not None):
        assert exchange.examination is not None
        worth, bonuses = exchange.examination.exchange_value, exchange.examination.bonuses
        if exchange.override is not None:  # somebody said that it is worth more, and never more than was quoted
            worth = exchange.override.exchange_value
            assert exchange.examination.exchange_value < worth < exchange.quote.exchange_value
    if paid is None or exchange.order is None:
        return worth, worth
    goods = exchange.order.total_minor
    settled = exchange.settlement or paid
    is_late = exchange.rules.payment == "after_inspection"
    assert exchange.to_pay_at_checkout == (goods if is_late else paid.to_pay)
    assert exchange.refund == (settled.discount if is_late and exchange.state != State.VOID else 0)
    cash = exchange.refund - exchange.to_pay_at_checkout - exchange.to_pay_at_the_door
    surplus = settled if is_late else paid
    credit = 0 if is_late and exchange.state == State.VOID else surplus.store_credit + surplus.cash
    credit += exchange.credit_of_reversal
    if exchange.state == State.VOID:  # the phone stays, and the goods are kept at their full price
        return worth + goods + cash + credit, worth
    if exchange.state != State.REVERSED:
        spent = settled.discount  # what a bonus is over an order, nobody gets
        return goods + cash + credit, worth + min(spent, sum(bonus.amount for bonus in bonuses))
    # The goods went back, with what was paid for them; what was paid at the door for less of a surplus did not.
    cash = settled.surplus - surplus.surplus
    phone = worth if exchange.rules.reversal == "old_phone" else 0
    return phone + cash + credit, worth


@st.composite
def carts(draw: st.DrawFn, exchange: Exchange) -> Order:
    """Draw an order that the coupon buys, often much cheaper than the coupon is worth, or by a hair dearer."""
    usage = exchange.coupon.usage
    targets = [bonus.target for bonus in exchange.coupon.bonuses if bonus.target]
    prices = st.integers(1, max(2 * exchange.coupon.value, 1)) | st.sampled_from([1, 100, exchange.coupon.value + 1])
    lines = draw(
        st.lists(
            st.builds(
                OrderLine,
                st.sampled_from(["Mi Band", *targets]),
                st.sampled_from(usage.categories),
                st.sampled_from(usage.brands),
                st.sampled_from(usage.channels),
                prices,
                st.integers(1, 2),
            ),
            min_size=1,
            max_size=3,
        )
    )
    return Order("order-1", tuple(lines), exchange.coupon.currency)


MISMATCHES = ("difference", "difference", "lower", "lower", "honour", "cancel")


@st.composite
def begun(draw: st.DrawFn, enquiry: Enquiry, mismatches: Sequence[str] = MISMATCHES) -> Exchange:
    """Draw an exchange just after acceptance, under rules by which money can come back; mostly with a bonus."""
    quote = enquiry.answer()
    assert isinstance(quote, Quote)
    assume(enquiry.terms.exchange is not None)
    exchange = accept(quote, enquiry.programme, account="a", at=enquiry.at, key=KEY)
    assert isinstance(exchange, Exchange), exchange.explain()
    mismatch = draw(st.sampled_from(mismatches))
    payment = draw(st.sampled_from(["at_checkout", "at_checkout", "after_inspection"]))
    most = draw(st.integers(1, max(quote.coupon_value, 1)))
    rules = exchange.rules.replace(
        inspection="optional" if payment == "at_checkout" else "required",
        payment=payment,
        hand_over_register_hours=0,
        return_below_bps=draw(st.sampled_from([0, 5_000])) if mismatch in {"difference", "lower"} else 0,
        mismatch=mismatch,
        decide_hours=24 if mismatch == "difference" else 0,
        tolerance_minor=0 if mismatch == "honour" else exchange.rules.tolerance_minor,
        tolerance_bps=0 if mismatch == "honour" else min(exchange.rules.tolerance_bps, 5_000),
        reversal=draw(st.sampled_from(["store_credit", "old_phone"])),
        reversal_days=30,
        authorities=(Authority("manager", most, most, 1),) if mismatch == "difference" else (),
    )
    usage = exchange.coupon.usage.replace(
        surplus=draw(st.sampled_from(["store_credit", "cash", "forfeit"])), minimum_order_minor=0
    )
    quote, coupon = exchange.quote, exchange.coupon.replace(usage=usage)
    more = draw(st.integers(0, 200_000))
    if more:
        gift = GrantedBonus("gift", more, draw(st.sampled_from([None, "Mi Band"])))
        quote = quote.replace(
            bonuses=(*quote.bonuses, gift),
            lines=(*quote.lines, QuoteLine("bonus:gift", more, "a gift", "bonuses[gift]")),
            coupon_value=quote.coupon_value + more,
        )
        coupon = coupon.replace(bonuses=quote.bonuses)
    worst = exchange.worst_case.replace(at_risk=exchange.worst_case.at_risk + more)  # which the gift does not lessen
    return exchange.replace(quote=quote, coupon=coupon, rules=rules, worst_case=worst)


@st.composite
def found(draw: st.DrawFn, exchange: Exchange, enquiry: Enquiry) -> Examination:
    """Draw what a door may find: the phone with other answers, valued as the programme values them."""
    questionnaire = enquiry.terms.questionnaire
    variant = enquiry.programme.catalogue.by_model[exchange.quote.model]
    answers = {
        question.id: draw(st.sampled_from([option.id for option in question.options if not option.gate]))
        for question in questionnaire.asked_of(variant)
    }
    seen = questionnaire.fitted(Condition(answers), variant)
    worth = appraise_again(exchange.quote, enquiry.programme, condition=seen)
    assume(isinstance(worth, Quote))
    assert isinstance(worth, Quote)
    return Examination(
        "valued",
        worth.condition,
        lines=worth.lines,
        bonuses=worth.bonuses,
        exchange_value=worth.exchange_value,
        coupon_value=worth.coupon_value,
    )


def step(
    kind: str, exchange: Exchange, order: Order, seen: st.SearchStrategy[Examination], data: st.DataObject
) -> Event:
    """Return the event of a kind that follows at once."""
    at = exchange.at
    if kind == "inspect":
        return Inspect(at, order.id, data.draw(seen))
    if kind == "override":
        least = 0 if exchange.examination is None else exchange.examination.exchange_value
        values = st.integers(least, max(least, exchange.quote.exchange_value)) | st.just(exchange.quote.exchange_value)
        return Override(at, order.id, data.draw(values), "manager", "p-7", "goodwill")
    plain: dict[str, Event] = {
        "reserve": Reserve(at, order, "a"),
        "complete": Complete(at, order.id),
        "agree": Agree(at, "a"),
        "reverse": Reverse(at, order.id),
        "release": Release(at, order.id),
        "void": Void(at, "called off"),
    }
    return plain[kind]


LIVES = (
    ("reserve", "complete", "reverse"),
    ("reserve", "inspect", "agree", "reverse"),
    ("reserve", "inspect", "complete", "reverse"),
    ("reserve", "release", "reserve", "inspect", "complete"),
    ("reserve", "inspect", "void"),
    ("reserve", "inspect", "override", "agree", "reverse"),
    ("reserve", "inspect", "override", "complete", "reverse"),
    ("reserve", "release", "reserve", "inspect", "agree"),
    ("reserve", "void"),
)


@given(enquiries(imei=True), st.data())
def test_nobody_holds_more_than_the_phone_was_worth_and_the_bonuses_on_goods_that_were_kept(
    enquiry: Enquiry, data: st.DataObject
) -> None:
    """docs/exchange.md, nobody gets richer: goods, credit, cash and phone, over every history."""
    exchange = data.draw(begun(enquiry))
    order = data.draw(carts(exchange))
    for kind in data.draw(st.sampled_from(LIVES)):
        for event in (
            step(kind, exchange, order, found(exchange, enquiry), data),
            data.draw(st.none() | events(exchange)),
        ):
            after = apply(exchange, event) if event is not None else exchange
            exchange = after if isinstance(after, Exchange) else exchange
            if exchange.state in ENDS:
                held, most = holdings(exchange)
                assert held <= most
    if exchange.state == State.ISSUED:
        assert (exchange.redemption, exchange.to_pay_at_the_door, exchange.credit_of_reversal) == (None, 0, 0)


@rare()
@given(enquiries(imei=True), st.data())
def test_an_override_adds_no_more_than_the_authority_and_comes_to_no_more_than_the_quote(
    enquiry: Enquiry, data: st.DataObject
) -> None:
    """docs/exchange.md, overrides: limits apply to the amount added to the result of the rules, with bonuses."""
    exchange = data.draw(begun(enquiry, ("difference",)))
    order = data.draw(carts(exchange))
    for kind in ("reserve", "inspect"):
        after = apply(exchange, step(kind, exchange, order, found(exchange, enquiry), data))
        exchange = after if isinstance(after, Exchange) else exchange
    assume(exchange.state == State.REQUOTED)
    assert exchange.examination is not None
    override = step("override", exchange, order, st.nothing(), data)
    after = apply(exchange, override)
    assert isinstance(override, Override)
    seen, quoted, (authority,) = exchange.examination, exchange.quote, exchange.rules.authorities
    is_all = override.exchange_value == quoted.exchange_value
    paid = quoted.coupon_value if is_all else override.exchange_value + sum(bonus.amount for bonus in seen.bonuses)
    assert isinstance(after, Exchange) is (0 < paid - seen.coupon_value <= authority.most_minor)
    if isinstance(after, Exchange):
        assert after.exchange_value <= quoted.exchange_value <= quoted.lines[0].amount
        assert after.to_pay_at_the_door <= exchange.to_pay_at_the_door
        assert after.state == (State.INSPECTED if is_all else State.REQUOTED)
        assert Exchange.from_json(after.to_json()) == after


@given(enquiries(imei=True), st.data())
def test_a_bonus_is_spent_on_goods_or_not_at_all(enquiry: Enquiry, data: st.DataObject) -> None:
    """Redemption.store_credit: a part of what the device is worth, never of a bonus."""
    exchange = data.draw(begun(enquiry))
    held = apply(exchange, Reserve(exchange.at, data.draw(carts(exchange)), "a"))
    assert isinstance(held, Exchange), held.explain()
    assert held.redemption is not None
    assert held.redemption.surplus <= exchange.quote.exchange_value
    coupon = exchange.coupon
    assert held.redemption.given + held.redemption.forfeited == coupon.value
    if coupon.usage.surplus != "forfeit":  # what the phone is worth is never lost, only what a bonus is over
        assert held.redemption.forfeited <= sum(bonus.amount for bonus in coupon.bonuses)
