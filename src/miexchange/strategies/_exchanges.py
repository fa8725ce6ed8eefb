"""Exchanges, their events, and inspections at the door."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from operator import methodcaller
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from miexchange._arguments import instance, maybe, takes
from miexchange._time import TICK
from miexchange.condition import Condition
from miexchange.device_report import DeviceReport
from miexchange.events import (
    Agree,
    Attempt,
    Complete,
    Decline,
    Event,
    Expire,
    Identify,
    Inspect,
    Override,
    Release,
    Reserve,
    Reverse,
    Send,
    Void,
    Wipe,
)
from miexchange.exchange import Exchange, accept, apply
from miexchange.inspection import Examination, Inspection
from miexchange.programme import Programme
from miexchange.quote import Quote, QuoteLine
from miexchange.refusal import Reason, ReasonCode
from miexchange.strategies._conditions import conditions
from miexchange.strategies._coupons import orders
from miexchange.strategies._enquiries import Enquiry, enquiries
from miexchange.strategies._imeis import imeis
from miexchange.strategies._numbers import COUNT, PROGRAMME, amounts, bounded, instants, secret_keys, texts, tuples
from miexchange.strategies._programmes import ROLES

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


__all__ = ["History", "device_reports", "events", "examinations", "exchanges", "histories", "inspections"]

_SPAN = timedelta(400)
_PARTS: SearchStrategy[Any] = st.sampled_from(("original", "replaced"))
_KINDS: SearchStrategy[Any] = st.sampled_from(
    ("valued", "valued", "not_taken", "locked", "other_device", "other_model")
)
_CODES = {
    "locked": ReasonCode.ACCOUNTS_PRESENT,
    "other_device": ReasonCode.OTHER_DEVICE,
    "other_model": ReasonCode.OTHER_MODEL,
}
_METHODS: SearchStrategy[Any] = st.sampled_from(("clear", "purge", "destroy"))
_REFERENCES = ("", "file 7f3a", "file 8b21")


@cache
def device_reports() -> SearchStrategy[DeviceReport]:
    """Draw device reports; they shrink to an empty one but for a free account lock."""
    day = st.none() | st.dates(date(2015, 1, 1), date(2025, 1, 1))
    return st.builds(
        DeviceReport,
        factory_reset_protection=st.sampled_from((False, False, False, True)),
        imeis=tuples(imeis(), most=2),
        brand=st.just("") | texts(),
        manufacturer=st.just("") | texts(),
        model=st.just("") | texts(),
        battery_health=st.none() | bounded(DeviceReport, "battery_health"),
        battery_cycles=st.none() | bounded(DeviceReport, "battery_cycles"),
        battery_part=st.none() | _PARTS,
        battery_made_on=day,
        battery_used_since=day,
        screen_parts=tuples(_PARTS, most=2),
        moisture=st.none() | st.booleans(),
        storage_bytes=st.none() | bounded(DeviceReport, "storage_bytes", 128 * 10**9, 64 * 10**9),
        storage_life=st.none() | bounded(DeviceReport, "storage_life"),
        launch_level=st.none() | bounded(DeviceReport, "launch_level", 33),
        unread=tuples(texts(), most=1),
    )


@takes(quote=maybe(instance(Quote)), programme=maybe(instance(Programme)))
@st.composite
def inspections(draw: st.DrawFn, quote: Quote | None = None, programme: Programme | None = None) -> Inspection:
    """Draw observations at the door: mostly the quoted phone, ready to be handed over, with other answers.

    Args:
        quote: the quote, with its IMEIs; any by default.
        programme: the programme that made it; needed with a quote.
    """
    if quote is None or programme is None:
        asked = draw(enquiries(imei=True))
        drawn = asked.answer()
        assert isinstance(drawn, Quote), drawn.explain()  # noqa: S101 - what `enquiries` promises
        quote, programme = drawn, asked.programme
    terms = programme.terms_at(quote.at) or programme.terms[0]
    variant = programme.catalogue.by_model[quote.model]
    answers = draw(st.just(quote.condition) | conditions(terms.questionnaire, variant))
    usually = st.sampled_from((True,) * 9 + (False,))
    numbers = quote.imeis[: draw(st.integers(1, 2))] or (draw(imeis()),)
    return Inspection(
        answers=answers,
        imeis=numbers if draw(usually) else (draw(imeis()),),
        screen_lock_off=draw(usually),
        accounts_removed=draw(usually),
        memory_card_out=draw(usually),
        model=draw(st.none() | st.just(quote.model)),
        evidence=tuple((question, f"photo-{question}") for question in answers) if draw(usually) else (),
    )


@takes(quote=maybe(instance(Quote)))
@st.composite
def examinations(draw: st.DrawFn, quote: Quote | None = None) -> Examination:
    """Draw results of an inspection: the phone as quoted, worth less or more, locked, or another phone.

    Args:
        quote: the quote; the results are close to its value and its answers.
    """
    value = draw(amounts(10**7)) if quote is None else quote.coupon_value
    condition = Condition() if quote is None else quote.condition
    kind = draw(_KINDS)
    if kind != "valued":
        reason = Reason(_CODES.get(kind, ReasonCode.CONDITION_GATE), "What was seen", "What can be done")
        return Examination(kind, condition, reasons=(reason,))
    seen = draw(st.just(value) | st.integers(0, value + 100_000))
    lines = (QuoteLine("market", seen, "a price", "market_prices"),)
    return Examination(kind, condition, lines=lines, exchange_value=seen, coupon_value=seen)


@takes(exchange=maybe(instance(Exchange)))
def events(exchange: Exchange | None = None) -> SearchStrategy[Event]:
    """Draw events of an exchange, in time or not, by the right order and account or not.

    Args:
        exchange: the exchange; any by default.
    """
    return exchanges(steps=2).flatmap(_events) if exchange is None else _events(exchange)


@st.composite
def _events(draw: st.DrawFn, exchange: Exchange) -> Event:
    last, due = exchange.at, exchange.due
    soon = st.timedeltas(timedelta(), timedelta(hours=1)).map(lambda after: last + after)
    times = soon | instants(last - timedelta(1), last + _SPAN)
    if due is not None:
        times |= st.sampled_from((due - TICK, due))
    at: datetime = draw(times)
    order = draw(orders(exchange.coupon.usage, exchange.coupon.currency)) if exchange.order is None else exchange.order
    order = draw(st.sampled_from((order, order, order, order.replace(id="another"))))
    account = draw(st.sampled_from((exchange.account,) * 3 + ("another",)))
    kind = draw(
        st.sampled_from(
            ("reserve", "inspect", "agree", "complete", "release", "decline", "record", "override", "others")
        )
    )
    if kind == "reserve":
        return Reserve(at, order, account)
    if kind == "inspect":
        return Inspect(at, order.id, draw(examinations(exchange.quote)))
    if kind in {"agree", "decline"}:
        return Agree(at, account) if kind == "agree" else Decline(at, account)
    if kind in {"complete", "release"}:
        return Complete(at, order.id) if kind == "complete" else Release(at, order.id)
    if kind in {"record", "override"}:
        return draw(_records(at, order.id) if kind == "record" else _overrides(exchange, at, order.id))
    others: tuple[Event, ...] = (Expire(at), Void(at, "withdrawn"), Reverse(at, order.id))
    return draw(st.sampled_from(others))


def _overrides(exchange: Exchange, at: datetime, order: str) -> SearchStrategy[Event]:
    """Draw overrides to values between the found one and the quoted one, and just outside."""
    found, quoted = exchange.examination, exchange.quote.exchange_value
    least = min(quoted, 0 if found is None else found.exchange_value)
    values = st.integers(least, quoted + 1) | st.just(quoted)
    return st.builds(Override, st.just(at), st.just(order), values, st.sampled_from(ROLES), st.just("p-7"), texts())


def _records(at: datetime, order: str) -> SearchStrategy[Event]:
    """Draw notes that an exchange keeps without a change of state."""
    papers = st.tuples(st.sampled_from(_REFERENCES), st.sampled_from(_REFERENCES)).filter(any)
    wipes = st.tuples(_METHODS, st.sampled_from(_REFERENCES[1:]))
    return (
        papers.map(lambda drawn: Identify(at, *drawn))
        | st.just(Send(at, order))
        | st.sampled_from(_REFERENCES[1:]).map(lambda drawn: Attempt(at, order, drawn))
        | wipes.map(lambda drawn: Wipe(at, *drawn))
    )


@dataclass(frozen=True)
class History:
    """The history of an exchange: an enquiry, the acceptance of its quote, and the later events.

    Attributes:
        enquiry: the enquiry.
        account: the account that accepted the quote.
        at: the instant of the acceptance.
        key: the key from which the coupon was derived.
        events: the later events; each was possible.
    """

    enquiry: Enquiry
    account: str
    at: datetime
    key: bytes
    events: tuple[Event, ...] = ()

    def accepted(self) -> Exchange:
        """Return the exchange as it was accepted."""
        quote, programme = self.enquiry.answer(), self.enquiry.programme
        assert isinstance(quote, Quote), quote.explain()  # noqa: S101 - what `enquiries` promises
        exchange = accept(quote, programme, account=self.account, at=self.at, key=self.key)
        assert isinstance(exchange, Exchange), exchange.explain()  # noqa: S101 - a quote with its IMEI, in time
        return exchange

    def exchange(self) -> Exchange:
        """Return the exchange as it is after the last event."""
        exchange = self.accepted()
        for event in self.events:
            after = apply(exchange, event)
            assert isinstance(after, Exchange), after.explain()  # noqa: S101 - see `events`
            exchange = after
        return exchange


@takes(steps=COUNT, programme=PROGRAMME)
@st.composite
def histories(draw: st.DrawFn, *, steps: int = 5, programme: Programme | None = None) -> History:
    """Draw histories of exchanges with up to a number of events.

    Args:
        steps: the most events after the acceptance.
        programme: the rules, with terms of exchange; any small programme by default.

    >>> from hypothesis import given, settings
    >>> @settings(max_examples=2)
    ... @given(histories(steps=1))
    ... def test_every_event_was_possible(history):
    ...     assert history.exchange().version == 1 + len(history.events)
    >>> test_every_event_was_possible()
    """
    asked = draw(enquiries(programme, imei=True).filter(_is_exchanged))
    quote = asked.answer()
    assert isinstance(quote, Quote), quote.explain()  # noqa: S101 - what `enquiries` promises
    at = draw(instants(quote.at, quote.valid_until - TICK))
    key = draw(secret_keys())
    history = History(asked, draw(texts()), at, key)
    exchange, happened = history.accepted(), []
    for _ in range(draw(st.integers(0, steps))):
        event = draw(events(exchange))
        after = apply(exchange, event)
        if isinstance(after, Exchange) and after != exchange:
            exchange = after
            happened.append(event)
    return replace(history, events=tuple(happened))


@takes(steps=COUNT)
def exchanges(*, steps: int = 5) -> SearchStrategy[Exchange]:
    """Draw exchanges after up to a number of events. A failing one is printed as its history.

    Args:
        steps: the most events after the acceptance.

    >>> from hypothesis import given, settings
    >>> @settings(max_examples=2)
    ... @given(exchanges(steps=0))
    ... def test_it_begins_as_a_coupon(exchange):
    ...     assert exchange.state == "issued"
    >>> test_it_begins_as_a_coupon()
    """
    found: SearchStrategy[Exchange] = histories(steps=steps).map(methodcaller("exchange"))
    return found


def _is_exchanged(asked: Any) -> bool:  # noqa: ANN401 - an Enquiry
    return bool(asked.device.imei) and asked.terms.exchange is not None
