"""The laws of the exchange: nothing lost, nothing spent twice, nothing priced that was not asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from miexchange import (
    Device,
    Exchange,
    ExchangeRules,
    Imei,
    Inspection,
    InvalidValue,
    Quote,
    Refusal,
    accept,
    appraise,
)
from miexchange.coupon import device_token
from miexchange.events import Accept, Complete, Event, Inspect, Release, Reserve
from miexchange.exchange import TRANSITIONS, State, apply, fold
from miexchange.inspection import Examination, examine
from miexchange.strategies import Enquiry, enquiries, events, exchange_rules, exchanges, inspections, orders

KEY = b"0123456789abcdef"
TABLE = {(row.state, row.event): row.becomes for row in TRANSITIONS}


@st.composite
def steps(draw: st.DrawFn) -> tuple[Exchange, Event]:
    """Draw an exchange with something that may happen to it."""
    exchange = draw(exchanges(steps=4))
    return exchange, draw(events(exchange))


@given(steps())
def test_an_event_follows_the_table_or_changes_nothing(step: tuple[Exchange, Event]) -> None:
    """Design, section 9: a wrong event is a typed refusal and changes nothing."""
    exchange, event = step
    before = exchange.to_json()
    after = apply(exchange, event)
    assert exchange.to_json() == before
    if isinstance(after, Exchange) and after != exchange:
        assert after.state in TABLE[exchange.state, event.kind]
        assert (after.version, after.at, after.last) == (exchange.version + 1, event.at, event)
        assert after.at >= exchange.at
    elif isinstance(after, Refusal):
        assert all(reason.message and reason.remedy for reason in after.reasons)


@given(steps())
def test_the_same_event_twice_gives_the_same_result(step: tuple[Exchange, Event]) -> None:
    """Accepting, reserving, completing again is a retry, not a second step."""
    exchange, event = step
    after = apply(exchange, event)
    if isinstance(after, Exchange):
        assert apply(after, event) == after
        assert apply(after, event.replace(at=event.at + timedelta(seconds=1))) == after


@given(exchanges(steps=0), st.data())
def test_a_state_is_the_fold_of_its_events_and_of_their_json(exchange: Exchange, data: st.DataObject) -> None:
    """Promise 7: one canonical JSON form that round-trips; the ledger keeps events, and folds them."""
    history: list[Event] = [
        Accept(exchange.at, exchange.quote, exchange.coupon, exchange.worst_case, exchange.rules),
    ]
    for _ in range(4):
        event = data.draw(events(exchange))
        after = apply(exchange, event)
        if isinstance(after, Exchange) and after != exchange:
            history.append(event)
            exchange = after
    assert fold(history) == exchange
    assert fold(type(event).from_json(event.to_json()) for event in history) == exchange
    assert Exchange.from_json(exchange.to_json()) == exchange


@st.composite
def held(draw: st.DrawFn) -> Exchange:
    """Draw an exchange whose coupon an order holds, or has used up."""
    exchange = draw(exchanges(steps=0))
    usage = exchange.coupon.usage.replace(minimum_order_minor=0)
    exchange = exchange.replace(coupon=exchange.coupon.replace(usage=usage))
    after = apply(exchange, Reserve(exchange.at, draw(orders(usage, exchange.coupon.currency)), exchange.account))
    assert isinstance(after, Exchange), after.explain()
    exchange = after
    for _ in range(draw(st.integers(0, 3))):
        after = apply(exchange, draw(events(exchange)))
        if isinstance(after, Exchange) and after.order is not None:
            exchange = after
    return exchange


@given(held(), st.data())
def test_one_order_at_most_holds_a_coupon(exchange: Exchange, data: st.DataObject) -> None:
    """Promise 9: nothing spent twice. While an order holds it, or has used it up, no other order can."""
    assert exchange.order is not None
    other = data.draw(orders(exchange.coupon.usage, exchange.coupon.currency)).replace(id=f"{exchange.order.id}-2")
    answer = apply(exchange, Reserve(exchange.at, other, exchange.account))
    assert isinstance(answer, Refusal)
    for event in (Release(exchange.at, other.id), Complete(exchange.at, other.id)):
        assert isinstance(apply(exchange, event), Refusal)


@given(
    exchanges(steps=0),
    st.lists(st.tuples(st.timedeltas(timedelta(), timedelta(1)), st.timedeltas(timedelta(), timedelta(40)))),
    st.data(),
)
def test_cancelled_orders_neither_lengthen_nor_shorten_the_remaining_validity(
    exchange: Exchange, spans: list[tuple[timedelta, timedelta]], data: st.DataObject
) -> None:
    """ExchangeRules.released_validity: `remaining`, the time that was left when it was reserved."""
    exchange = exchange.replace(rules=exchange.rules.replace(released_validity="remaining"))
    order = data.draw(orders(exchange.coupon.usage, exchange.coupon.currency))
    unused = timedelta()
    for idle, held in spans:
        at = exchange.at + idle
        after = apply(exchange, Reserve(at, order, exchange.account))
        if not isinstance(after, Exchange):
            break
        unused += idle
        free = apply(after, Release(at + held, order.id))
        assert isinstance(free, Exchange)
        exchange = free
        until = exchange.coupon.usage.until(exchange.at)
        assert exchange.coupon.valid_until == (None if until is None else until - unused)


@given(exchange_rules(), st.integers(0, 10**7), st.integers(-(10**5), 10**7))
def test_a_larger_shortfall_is_never_honoured_where_a_smaller_is_not(
    rules: ExchangeRules, value: int, shortfall: int
) -> None:
    """ExchangeRules.honours: the larger of the absolute tolerance and the share counts."""
    assume(shortfall <= value)
    if rules.honours(shortfall, value):
        assert rules.honours(shortfall - 1, value)
    within = max(rules.tolerance_minor, value * rules.tolerance_bps // 10_000)
    assert rules.honours(shortfall, value) is (rules.mismatch == "honour" or shortfall <= within)


@given(exchange_rules(), st.timedeltas(timedelta(), timedelta(90)), st.integers(0, 40))
def test_a_deadline_in_days_has_as_many_days_that_count(rules: ExchangeRules, after: timedelta, days: int) -> None:
    """ExchangeRules.days_off: days that do not count. Of the time until the deadline, so much counts."""
    since = datetime(2018, 3, 15, tzinfo=UTC) + after
    end = rules.after_days(since, days)
    off = [(max(one.begins, since), min(one.ends, end)) for one in rules.days_off]
    assert end - since - sum((max(ends - begins, timedelta()) for begins, ends in off), timedelta()) == timedelta(days)
    assert all(end <= one.begins or one.ends <= end for one in rules.days_off)
    assert rules.replace(days_off=()).after_days(since, days) <= end


# ----- the door


@st.composite
def visits(draw: st.DrawFn) -> tuple[Enquiry, Quote, Inspection]:
    """Draw a quote, and what is seen of the phone at the door."""
    asked = draw(enquiries(imei=True).filter(lambda asked: asked.device.imei is not None))
    quote = asked.answer()
    assert isinstance(quote, Quote)
    return asked, quote, draw(inspections(quote, asked.programme))


def look(asked: Enquiry, quote: Quote, seen: Inspection) -> Examination | Refusal:
    tokens = [device_token(imei, key=KEY) for imei in quote.imeis]
    return examine(quote.without_imei(), seen, asked.programme, device_tokens=tokens, key=KEY)


@given(visits())
def test_the_lines_and_the_changes_of_a_requote_add_up(visit: tuple[Enquiry, Quote, Inspection]) -> None:
    """Programme, complaints: a re-quote is valid only with per-item findings, and the total is their sum."""
    asked, quote, seen = visit
    found = look(asked, quote, seen)
    if not isinstance(found, Examination) or found.kind != "valued":
        return
    assert quote.coupon_value + sum(change.amount for change in found.changes) == found.coupon_value
    assert sum(line.amount for line in found.lines) == found.coupon_value
    changed = {change.question for change in found.changes}
    said, seen_now = (asked.terms.questionnaire.as_options(one.condition) for one in (quote, found))
    # An answer may open a question that the quote was not asked.
    assert changed == {name for name in {*said, *seen_now} if said.get(name) != seen_now.get(name)}
    again = appraise(
        Device(quote.model, purchased_on=quote.purchased_on),
        found.condition,
        asked.programme,
        at=quote.at,
        bonuses_given=dict(quote.bonuses_given),
        **quote.told,
    )
    assert isinstance(again, Quote)
    assert again.coupon_value == found.coupon_value


@given(visits(), st.dictionaries(st.text("xyz", min_size=1, max_size=5), st.text(max_size=5), max_size=3))
def test_what_was_never_asked_changes_no_paisa(
    visit: tuple[Enquiry, Quote, Inspection], beside: dict[str, str]
) -> None:
    """Programme, complaints: a price cut for something never asked. It is reported, never priced."""
    asked, quote, seen = visit
    plain, more = (look(asked, quote, one) for one in (seen, seen.replace(answers=seen.answers.replace(**beside))))
    if isinstance(plain, Refusal):
        assert isinstance(more, Refusal)
        return
    assert isinstance(more, Examination)
    assert more == plain.replace(unasked=more.unasked)
    assert {f"{name}={answer}" for name, answer in beside.items()} <= set(more.unasked)


@given(visits())
def test_the_customer_never_pays_more_than_was_disclosed(visit: tuple[Enquiry, Quote, Inspection]) -> None:
    """Design, section 9: the worst case is computed and shown when the customer accepts."""
    asked, quote, seen = visit
    found = look(asked, quote, seen)
    begun = accept(quote, asked.programme, account="a", at=quote.at, key=KEY)
    if not isinstance(found, Examination) or not isinstance(begun, Exchange):
        return
    if found.kind == "valued":
        assert found.coupon_value >= begun.worst_case.value
        assert quote.coupon_value - found.coupon_value <= begun.worst_case.at_risk
    elif found.kind == "not_taken":
        assert begun.worst_case.gates
        assert begun.worst_case.at_risk == quote.coupon_value


@given(visits(), st.data())
def test_what_is_paid_at_the_door_is_what_the_order_loses(
    visit: tuple[Enquiry, Quote, Inspection], data: st.DataObject
) -> None:
    """ExchangeRules.mismatch, `difference`: never more than the shortfall, never less than nothing."""
    asked, quote, seen = visit
    found = look(asked, quote, seen)
    begun = accept(quote, asked.programme, account="a", at=quote.at, key=KEY)
    assume(isinstance(found, Examination) and isinstance(begun, Exchange))
    assert isinstance(found, Examination)
    assert isinstance(begun, Exchange)
    order = data.draw(orders(begun.coupon.usage, begun.coupon.currency))
    held = apply(begun, Reserve(quote.at, order, "a"))
    assume(isinstance(held, Exchange))
    assert isinstance(held, Exchange)
    after = apply(held, Inspect(quote.at, order.id, found))
    assert isinstance(after, Exchange)
    shortfall = quote.coupon_value - found.coupon_value
    if after.state == State.REQUOTED:
        assert begun.rules.mismatch == "difference"
        assert 0 <= after.to_pay_at_the_door <= shortfall
    elif after.state == State.INSPECTED:
        assert begun.rules.honours(shortfall, quote.coupon_value)
        assert after.to_pay_at_the_door == 0
    elif after.state == State.RESERVED:
        assert found.kind == "locked"
        assert after.to_pay_at_the_door == 0
    else:
        assert after.state == State.VOID
        assert found.kind != "valued" or begun.rules.mismatch == "cancel"


@given(visits(), st.binary(max_size=8).map(lambda drawn: sha256(drawn).digest()))
def test_an_exchange_and_an_examination_hold_no_imei(visit: tuple[Enquiry, Quote, Inspection], key: bytes) -> None:
    """Promise 10: stored only as a keyed token."""
    asked, quote, seen = visit
    begun = accept(quote, asked.programme, account="a", at=quote.at, key=key)
    shown = [seen.to_json(), repr(seen), repr(look(asked, quote, seen))]
    if isinstance(begun, Exchange):
        shown += [begun.to_json(), repr(begun)]
    numbers: set[Imei] = {*quote.imeis, *seen.imeis}
    assert not any(imei.body in text for imei in numbers for text in shown)


def leaves(data: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of every leaf of JSON data."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [leaf for key, value in pairs for leaf in leaves(value, (*path, key))] or [path]


@given(exchanges())
def test_every_exchange_that_was_made_is_read_back(exchange: Exchange) -> None:
    """Promise 7: one canonical JSON form that round-trips, whatever the history was."""
    assert Exchange.from_json(exchange.to_json()) == exchange


@given(exchanges(), exchanges(), st.data())
def test_an_exchange_from_json_is_one_that_was_made_or_is_refused(
    exchange: Exchange, other: Exchange, data: st.DataObject
) -> None:
    """`Exchange` refuses what no history leads to, so nothing that is read makes `apply` raise or break the table."""
    edited, strange = exchange.to_dict(), other.to_dict()
    top = st.sampled_from(sorted(edited))
    for _ in range(data.draw(st.integers(1, 2))):
        if data.draw(st.booleans()):
            field = data.draw(top)
            edited[field] = data.draw(st.sampled_from((strange.get(field), None)))
            continue
        *path, last = data.draw(st.sampled_from(leaves(edited)))
        place: Any = edited
        for step in path:
            place = place[step]
        was = place[last]
        values = st.sampled_from((0, 1, -1, 2**40, 2**62, "", "x", None, True, exchange.at.isoformat(), *State))
        place[last] = data.draw(values | (st.just(was + 1) if type(was) is int else values))
    try:
        read = Exchange.from_dict(edited)
    except InvalidValue:
        return
    assert Exchange.from_json(read.to_json()) == read
    for _ in range(4):
        after = apply(read, data.draw(events(read)))
        if isinstance(after, Exchange) and after != read:
            assert after.last is not None
            assert after.state in TABLE[read.state, after.last.kind]
            assert Exchange.from_json(after.to_json()) == after
