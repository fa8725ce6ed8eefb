"""The exchange, from the accepted quote to the hand-over: a state machine without a clock.

`accept` begins one; every later step is an event, a frozen value with its own instant, and `apply`
returns the exchange after it, or a `Refusal` that changes nothing. `TRANSITIONS` is the one table of
the order of events; docs/exchange.md shows it. The same event twice gives the same exchange.

>>> [transition.becomes for transition in TRANSITIONS if transition.event == "reserve"]
[(<State.RESERVED: 'reserved'>,)]
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, final

from miexchange._bounded import Items, MaybeId, Number, Since
from miexchange._history import shortest, was_credited
from miexchange._keyed import check_keys
from miexchange._split import split_order
from miexchange._steps import BEFORE_COUPON, RULES, Rule, not_possible, reasons_of_register, reserve
from miexchange._transitions import NEXT, OPEN, TRANSITIONS, State, Transition
from miexchange._value import Value, argument, changed, check_types, elements, flag, instant, proved, require
from miexchange.coupon import Coupon, CouponStanding, Order, Redemption, issue
from miexchange.eligibility import RegisterAnswer
from miexchange.errors import out_of_range, wrong_type
from miexchange.events import (
    EVENTS,
    Accept,
    Attempt,
    Event,
    Identify,
    Later,
    Override,
    Release,
    Reserve,
    Send,
    Wipe,
    check_parts,
    faults_of_papers,
)
from miexchange.inspection import Examination
from miexchange.programme import NONE_GIVEN, ExchangeRules
from miexchange.programme.limits import NO_TAGS, NONE_BEGUN, counted_by_limits, reached, tags_told
from miexchange.programme.terms import counts_given
from miexchange.quote import GrantedBonus, Quote
from miexchange.refusal import Reason, ReasonCode, Refusal, reason_of, refusal_of
from miexchange.valuation import WorstCase, maker_of, worst_case

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from miexchange._value import Fault
    from miexchange.valuation import Programmes

__all__ = [
    "OPEN",
    "TRANSITIONS",
    "Exchange",
    "State",
    "Transition",
    "accept",
    "acceptance",
    "apply",
    "begin",
    "fold",
    "split_order",
]


_HELD = {State.RESERVED, State.INSPECTED, State.REQUOTED, State.COMPLETED, State.ADJUSTED, State.REVERSED}

_STANDING = {
    State.ISSUED: CouponStanding.UNUSED,
    State.RESERVED: CouponStanding.RESERVED,
    State.INSPECTED: CouponStanding.RESERVED,
    State.REQUOTED: CouponStanding.RESERVED,
    State.COMPLETED: CouponStanding.USED,
    State.ADJUSTED: CouponStanding.USED,
    State.EXPIRED: CouponStanding.VOID,
    State.VOID: CouponStanding.VOID,
    State.REVERSED: CouponStanding.VOID,
}


@final
@dataclass(frozen=True, slots=True)
class Exchange(Value):
    """One exchange after its events.

    Attributes:
        quote: the accepted quote, without its IMEIs.
        coupon: its coupon; if an order was released, with its present window.
        worst_case: the worst case disclosed at acceptance.
        rules: the rules between checkout and doorstep.
        state: the state.
        at: the instant of the last event, UTC.
        version: the number of events.
        order: the order on which it is used; None for none.
        redemption: the discount on that order at checkout.
        examination: the result of the inspection.
        decide_until: the first instant at which a re-quote can no longer be accepted.
        settlement: the discount on the order at a lower value than quoted; None before there is one.
        last: the last event; None if it was the acceptance.
        identity: the reference to the seller's identity; "" for none. It is not part of a `repr`.
        ownership: the reference to the proof of ownership; "" for none. It is not part of a `repr`.
        sent_at: when the old phone was sent; None if that is not on record.
        unlock_until: of a phone that was still locked, the first instant at which it can no longer be unlocked.
        wiped: how and when the customer's data were wiped; None if that is not on record.
        handed_over: when the phone was handed over, if it was wiped since; see `handed_over_at`.
        attempts: the visits of a carrier who did not get the old phone, the first one first.
        override: the override of the value by the rules; None for none.
        accepted_at: when it was accepted, if its coupon came later; None if it is `coupon.valid_from`.
    """

    quote: Quote
    coupon: Coupon
    worst_case: WorstCase
    rules: ExchangeRules
    state: State
    at: datetime
    version: Number
    order: Order | None = None
    redemption: Redemption | None = None
    examination: Examination | None = None
    decide_until: datetime | None = None
    settlement: Redemption | None = None
    last: Later | None = None
    identity: Annotated[MaybeId, Since(2)] = field(default="", repr=False)
    ownership: Annotated[MaybeId, Since(2)] = field(default="", repr=False)
    sent_at: Annotated[datetime | None, Since(2)] = None
    unlock_until: Annotated[datetime | None, Since(2)] = None
    wiped: Annotated[Wipe | None, Since(2)] = None
    handed_over: Annotated[datetime | None, Since(2)] = None
    attempts: Annotated[tuple[Attempt, ...], Items(0, 100), Since(3)] = ()
    override: Annotated[Override | None, Since(3)] = None
    accepted_at: Annotated[datetime | None, Since(4)] = None

    def __post_init__(self) -> None:
        check_types(self)
        require(not self.quote.imeis, "Exchange.quote", self.quote, "give quote.without_imei()", "has its IMEIs")
        check_parts("Exchange", self.quote, self.coupon, self.worst_case, self._worth)
        self._check_order()
        self._check_history()

    def _faults(self) -> Iterator[Fault]:
        yield from faults_of_papers(self.identity, self.ownership)

    @property
    def _is_credited(self) -> bool:
        """Whether the coupon came after the inspection, and can be used."""
        return self.rules.coupon == "after_inspection" and not self.coupon.awaited

    @property
    def _worth(self) -> tuple[int, tuple[GrantedBonus, ...]]:
        """The value of the coupon: as quoted, or as the phone was found if the coupon came only then."""
        found, quote, override = self.examination, self.quote, self.override
        quoted = quote.exchange_value, quote.bonuses
        if not self._is_credited:
            return quoted
        if found is None or found.kind != "valued":
            rule = "give what was found of the phone before its coupon came"
            raise out_of_range("Exchange.examination", found, rule, "is not that of a phone that was taken")
        if override is not None:
            value = override.exchange_value
            return quoted if value == quote.exchange_value else (value, found.bonuses)
        honoured = self.rules.honours(quote.coupon_value - found.coupon_value, quote.coupon_value)
        return quoted if honoured else (found.exchange_value, found.bonuses)

    def _check_order(self) -> None:
        """Refuse an exchange, such as one from JSON, that lacks a part required in its state."""
        held = self.state in _HELD and not self.coupon.awaited
        fits = (self.redemption is None) is (self.order is None) and not (held and self.order is None)
        what = f"does not fit the state {self.state}"
        require(fits, "Exchange.order", self.order, "give order and redemption, or neither where none holds it", what)
        requoted = self.state in {State.REQUOTED, State.ADJUSTED}
        for_coupon = self.rules.coupon == "after_inspection"
        fits = not requoted or (self.examination is not None and (self.settlement is None) is for_coupon)
        fits = fits and not (self.state == State.REQUOTED and self.decide_until is None)
        require(fits, "Exchange.settlement", self.settlement, "give what the inspection led to", what)

    def _check_history(self) -> None:
        """Refuse an exchange that no history explains: the shortest one is applied, and the result compared."""
        coupon, last = self.coupon, self.last
        events = shortest(self)
        version, begins = self.version - len(events), coupon.valid_from
        given = {} if not isinstance(last, Identify) else {"identity": last.identity, "ownership": last.ownership}
        papers = {name: getattr(self, name) for name in _PAPERS if not given.get(name)}
        # Before the order that holds the coupon, the papers were given in one event or each in its own, and any
        # released order took a reservation and the release; so did the events before the coupon.
        before, told, is_old = version - 1, sum(1 for reference in papers.values() if reference), was_credited(self)
        released = before - min(told, 1) >= _RELEASED and (is_old or self.rules.coupon == "at_acceptance")
        fits = released or (min(told, 1) <= before <= told and bool(events)) or (is_old and before >= 1)
        fits = self.version == 1 and not told if last is None else fits
        require(fits, "Exchange.version", self.version, "give the number of its events")
        if last is not None:
            fits = self.rules.following(last.at, self.at) == self.at
            require(fits, "Exchange.last", last.at, "give the last event, at the instant of the exchange")
        since = self.at if isinstance(last, Release) else begins
        if coupon.valid_until is not None:
            left, days = coupon.valid_until - since, timedelta(days=coupon.usage.valid_days)
            full = not released or (isinstance(last, Release) and self.rules.released_validity == "full")
            fits = left == days if full else timedelta() < left and (left <= days or not isinstance(last, Release))
            require(fits, "Exchange.coupon.valid_until", coupon.valid_until, "give the window that the coupon has now")
        now = _issued(self, version, max(since, begins), papers, events)
        for event in events:
            after = apply(now, event)
            if isinstance(after, Refusal):
                why = f"no history leads to: {event.kind} is refused after {now.state} ({', '.join(after.codes)})"
                rule = "give the exchange as `apply` returned it"
                raise out_of_range("Exchange.state", self.state.value, rule, which=why)
            now = after
        for name in _FIELDS:
            fits = name == "last" or getattr(now, name) == getattr(self, name)
            rule = "give what its events make of its other parts"
            require(fits, f"Exchange.{name}", getattr(self, name), rule, "does not fit its other parts")

    @property
    def code(self) -> str:
        """The coupon's code, which identifies the exchange."""
        return self.coupon.code

    @property
    def account(self) -> str:
        """The customer's account."""
        return self.coupon.account

    @property
    def is_open(self) -> bool:
        """Whether the exchange can still change before the hand-over."""
        return self.state in OPEN

    @property
    def standing(self) -> CouponStanding:
        """The standing of the coupon, for `Coupon.check`."""
        return _STANDING[self.state]

    @property
    def due(self) -> datetime | None:
        """The first instant at which a sweep ends the exchange; None for never.

        It is the end of the coupon, of the time to send the phone, of that to unlock it, or of that for a decision.
        """
        if self.state == State.ISSUED and not self.coupon.awaited:
            return self.coupon.valid_until
        if self.state in {State.ISSUED, State.RESERVED}:
            return None if self._is_credited else self.unlock_until or self.send_until
        return self.decide_until if self.state == State.REQUOTED else None

    @property
    def send_until(self) -> datetime | None:
        """The first instant at which it is too late to send the old phone, or to hand it over; None for never."""
        since = None if self.redemption is None else self.redemption.at
        if self.rules.coupon == "after_inspection":
            since = self.coupon.valid_from if self.coupon.awaited else None
        if since is None or self.sent_at is not None or not self.rules.send_days:
            return None
        return self.rules.after_days(since, self.rules.send_days)

    @property
    def handed_over_at(self) -> datetime | None:
        """When the old phone was handed over; None if it was not, or went back by a reversal."""
        if self.state not in {State.COMPLETED, State.ADJUSTED}:
            return None
        return self.handed_over or self.at  # except for a wipe, nothing follows a hand-over in these states

    @property
    def bought_at(self) -> datetime | None:
        """When the operator received the old phone; None if it did not, or returned it by a reversal."""
        is_kept = self._is_credited and self.state != State.REVERSED
        return self.coupon.valid_from if is_kept else self.handed_over_at

    @property
    def exchange_value(self) -> int:
        """The value of the old phone without bonuses, in minor units: the lower value, or else the quoted one.

        An override replaces either.
        """
        if self.override is not None:
            return self.override.exchange_value
        if self.coupon.awaited and self.state == State.REQUOTED and self.examination is not None:
            return self.examination.exchange_value
        if self.rules.coupon == "after_inspection":
            return self.coupon.exchange_value
        if self.settlement is not None and self.examination is not None:
            return self.examination.exchange_value
        return self.quote.exchange_value

    @property
    def settled(self) -> Redemption | None:
        """The final discount of the order: at the lower value if there is one, else at checkout.

        Its `Redemption.parts` are the amounts that a reversal returns, line by line; for some units of a line, see
        `miexchange.treatment.LineParts.returned`.
        """
        return self.settlement or self.redemption

    @property
    def to_pay_at_the_door(self) -> int:
        """The amount that the customer owes to keep the ordered goods, in minor units; 0 for nothing.

        At checkout the coupon gave a discount, and a surplus as store credit or cash. The part that it no longer gives
        is paid at the door: at a lower value the difference of both, and all of it if the exchange was cancelled
        meanwhile. If the rules pay after the inspection, the coupon gave nothing yet.
        """
        if self.redemption is None or self.rules.payment == "after_inspection":
            return 0
        if self.state == State.VOID:
            return self.redemption.given
        if self.settlement is None or self.state == State.REVERSED:
            return 0
        # A worse phone may move the discount of one unit to a line with a bonus of its own; that is not paid out.
        return max(self.redemption.given - self.settlement.given, 0)

    @property
    def to_pay_at_checkout(self) -> int:
        """The payment for the order when it is placed, in minor units; 0 without an order.

        It is the price less the coupon, or the whole order if the rules pay for the old phone after its inspection.
        """
        if self.order is None or self.redemption is None:
            return 0
        return self.order.total_minor if self.rules.payment == "after_inspection" else self.redemption.to_pay

    @property
    def refund(self) -> int:
        """The refund once the old phone was handed over, in minor units.

        It is the discount by the value that the inspection found, if the rules pay then; the surplus of `settled`
        is given in addition. Otherwise it is 0: the order cost less from the beginning.
        """
        if self.settled is None or self.rules.payment == "at_checkout":
            return 0
        return self.settled.discount if self.state in {State.COMPLETED, State.ADJUSTED, State.REVERSED} else 0

    @property
    def credit_of_reversal(self) -> int:
        """The change of the customer's store credit by a reversal, in minor units; negative if credit is taken back.

        The new phone and its payment are returned. If the customer gets store credit for the old phone, it is
        the discount of the order; together with the surplus that was given as store credit or cash it is never more
        than the value of the old phone without bonuses: those were earned by keeping the new one. If the old phone
        itself is returned, that surplus is taken back.
        """
        settled = self.settled
        if self.state != State.REVERSED or settled is None:
            return 0
        if self.rules.reversal == "old_phone":
            return -settled.surplus
        return min(settled.discount, self.exchange_value - settled.surplus)


def accept(
    quote: Quote,
    programme: Programmes,
    *,
    account: str,
    at: datetime,
    key: bytes,
    old_keys: Sequence[bytes] = (),
    register_answer: RegisterAnswer | None = None,
    exchange_open: bool = False,
    device_open: bool = False,
    device_bought: datetime | None = None,
    bonuses_given: Mapping[str, int] = NONE_GIVEN,
    tags: Mapping[str, str] = NO_TAGS,
    begun: Mapping[str, Sequence[datetime]] = NONE_BEGUN,
) -> Exchange | Refusal:
    """Accept a quote: issue its coupon, disclose the worst case, and begin the exchange.

    The quote is valued again, and refused if it says anything else: see `miexchange.valuation.confirmed`.

    Args:
        quote: the quote, with its IMEIs or with their tokens; see `miexchange.coupon.issue`.
        programme: the programme that made it, or a later version that makes the same quote; or programmes by
            digest, from which the right one is chosen.
        account: the account of the customer.
        at: the instant of acceptance.
        key: at least 16 secret bytes, for the code, the device tokens and the seal.
        old_keys: the earlier keys, the newest first; see `miexchange.coupon.issue`.
        register_answer: a register's answer since the quote; without it the answer of the quote counts.
        exchange_open: whether the account has as many open exchanges as the terms allow: one, unless
            `UsageRules.devices_per_order` is more.
        device_open: whether the device is in an open exchange, of any account.
        device_bought: when the device was bought in an earlier exchange; None if it was not.
        bonuses_given: the number of times that each bonus with a quota has been given.
        tags: named values for limits of the terms that only the caller knows: a token of an address, a store.
        begun: by the id of each limit, when the exchanges that it counts began, except those that ended unused.

    Returns:
        The exchange, or a refusal with every reason. Show `Exchange.worst_case` before the customer confirms:
        accepting at the same instant again gives the same exchange.

    Raises:
        InvalidValue: an argument is of another type.
    """
    event = acceptance(
        quote,
        programme,
        account=account,
        at=at,
        key=key,
        old_keys=old_keys,
        register_answer=register_answer,
        exchange_open=exchange_open,
        device_open=device_open,
        device_bought=device_bought,
        bonuses_given=bonuses_given,
        tags=tags,
        begun=begun,
    )
    return event if isinstance(event, Refusal) else begun_by(event)


def acceptance(
    quote: Quote,
    programme: Programmes,
    *,
    account: str,
    at: datetime,
    key: bytes,
    old_keys: Sequence[bytes] = (),
    register_answer: RegisterAnswer | None = None,
    exchange_open: bool = False,
    device_open: bool = False,
    device_bought: datetime | None = None,
    bonuses_given: Mapping[str, int] = NONE_GIVEN,
    tags: Mapping[str, str] = NO_TAGS,
    begun: Mapping[str, Sequence[datetime]] = NONE_BEGUN,
) -> Accept | Refusal:
    """Return the event of `accept`."""
    if register_answer is not None:
        argument(register_answer, RegisterAnswer, "register_answer")
    exchange_open, device_open = flag(exchange_open, "exchange_open"), flag(device_open, "device_open")
    bought = None if device_bought is None else instant(device_bought, "device_bought")
    bonuses_given, old_keys = counts_given(bonuses_given), check_keys(old_keys, "old_keys")
    told, counted = tags_told(tags), counted_by_limits(begun)
    at, maker = instant(at, "at"), maker_of(quote, programme)
    if isinstance(maker, Refusal):
        return maker
    programme = maker
    terms = programme.terms_at(quote.at)
    rules = None if terms is None else terms.exchange
    if rules is None:
        reasons = [_not_offered(quote)]
    else:
        at = rules.following(at, quote.at)
        said = reasons_of_register(register_answer or quote.register_answer, rules.accept_register_hours, rules, at)
        others = _reasons_against(
            quote, rules, at, exchange_open=exchange_open, device_open=device_open, bought=bought, given=bonuses_given
        )
        reasons = [*said, *others, *reached(rules.limits, at, dict(told), counted)]
    coupon = issue(quote, programme, account=account, at=at, key=key, old_keys=old_keys)
    if isinstance(coupon, Refusal):
        reasons += coupon.reasons
    if reasons or rules is None or isinstance(coupon, Refusal):
        return refusal_of(reasons)
    # The digest is that of the confirming programme; the tokens are the coupon's.
    quote = changed(quote, imeis=(), device_tokens=(), seal="", digest=coupon.digest)
    worst = worst_case(quote, programme)
    assert isinstance(worst, WorstCase)  # noqa: S101 - it is that programme's now
    parts = {"quote": quote, "coupon": coupon, "worst_case": worst, "rules": rules}
    return proved(Accept, at=coupon.valid_from, **parts, register_answer=register_answer, tags=told, kind="accept")


def _not_offered(quote: Quote) -> Reason:
    return reason_of(ReasonCode.EXCHANGE_NOT_OFFERED, terms=quote.terms, programme=quote.programme)


def _reasons_against(
    quote: Quote,
    rules: ExchangeRules,
    at: datetime,
    *,
    exchange_open: bool,
    device_open: bool,
    bought: datetime | None,
    given: Mapping[str, int],
) -> Iterable[Reason]:
    if exchange_open:
        most = quote.usage.devices_per_order
        yield (
            reason_of(ReasonCode.EXCHANGE_OPEN, "several", most=most)
            if most > 1
            else reason_of(ReasonCode.EXCHANGE_OPEN)
        )
    if device_open:
        yield reason_of(ReasonCode.DEVICE_IN_EXCHANGE)
    if bought is not None and not rules.buys_again(bought, at):
        if rules.rebuy == "after":
            again = bought + timedelta(days=rules.rebuy_days)
            yield reason_of(ReasonCode.DEVICE_EXCHANGED, "again", bought_at=bought, again_at=again)
        else:
            yield reason_of(ReasonCode.DEVICE_EXCHANGED, "never", bought_at=bought)
    for bonus in quote.bonuses:
        if bonus.quota is not None and given.get(bonus.id, 0) >= bonus.quota:
            yield reason_of(ReasonCode.BONUS_USED_UP, bonus=bonus.id, quota=bonus.quota)


def begin(event: Accept) -> Exchange:
    """Return the exchange that an acceptance begins."""
    argument(event, Accept, "event", "give an Accept first: an exchange begins with it")
    return Exchange(event.quote, event.coupon, event.worst_case, event.rules, State.ISSUED, event.at, 1)


def begun_by(event: Accept) -> Exchange:
    """Return what `begin` returns for the event of `acceptance`, whose parts fit by construction: for the hot path."""
    told = {name: getattr(event, name) for name in ("quote", "coupon", "worst_case", "rules", "at")}
    return proved(Exchange, **{**_UNTOLD, **told, "state": State.ISSUED, "version": 1})


_RELEASED = 2  # a released order took a reservation and the release
_PAPERS = ("identity", "ownership")
_OF_PHONE = ("accepted_at", "attempts", "sent_at", "examination", "unlock_until", "decide_until", "override")
"""The events about the phone before its coupon comes, which an order does not change."""


def _issued(
    exchange: Exchange, version: int, at: datetime, papers: Mapping[str, str], events: Sequence[Later]
) -> Exchange:
    """Return an exchange when its coupon was free, or awaited."""
    kept = {name: getattr(exchange, name) for name in ("quote", "coupon", "worst_case", "rules")}
    fields: dict[str, object] = {
        **dict.fromkeys(_FIELDS),
        **dict.fromkeys(_PAPERS, ""),
        **kept,
        **papers,
        "attempts": (),
    }
    if was_credited(exchange):
        fields |= {name: getattr(exchange, name) for name in _OF_PHONE}
        fields["wiped"] = exchange.wiped if exchange.handed_over is None else None
    elif exchange.rules.coupon == "after_inspection" and events and not exchange.coupon.awaited:
        quote, at = exchange.quote, exchange.accepted_at or events[0].at
        awaited = {"exchange_value": quote.exchange_value, "bonuses": quote.bonuses, "awaited": True}
        fields["coupon"] = changed(exchange.coupon, **awaited, valid_from=at, valid_until=None)
    return proved(Exchange, **{**fields, "state": State.ISSUED, "at": at, "version": version})


def fold(events: Iterable[Event]) -> Exchange:
    """Return the exchange that results from a history.

    Raises:
        InvalidValue: the history is empty, does not begin with an acceptance, or an event in it is refused.
    """
    first, *later = elements(events, "events", "give a list of events") or ((),)
    exchange = begin(argument(first, Accept, "events", "give an Accept first: a history begins with it"))
    for event in later:
        after = apply(exchange, event)
        if isinstance(after, Refusal):
            what = f"has {event.kind}, which is refused after {exchange.state} ({', '.join(after.codes)})"
            raise out_of_range("events", event.kind, "give the events that happened, in their order", what)
        exchange = after
    return exchange


_EVENTS = frozenset(EVENTS.values())
_FIELDS = tuple(one.name for one in dataclasses.fields(Exchange))
_UNTOLD = {one.name: one.default for one in dataclasses.fields(Exchange)}


def apply(exchange: Exchange, event: Event) -> Exchange | Refusal:
    """Return the exchange after an event, or a refusal: it is not possible, too early, too late, or by somebody else.

    An event equal to the last one, at any instant, gives the same exchange: a retry is not a second step.
    So does a reservation for the order that holds the coupon.

    Raises:
        InvalidValue: an argument is of another type.
    """
    argument(exchange, Exchange, "exchange")
    if type(event) not in _EVENTS:
        raise wrong_type("event", event, "give one of miexchange.events.EVENTS")
    if _is_again(exchange, event):
        return exchange
    said, event = event, _in_time(exchange, event)
    rule: Rule | None = RULES.get(event.kind)
    becomes = _becomes(exchange, event)
    reasons: list[Reason] = []
    if isinstance(event, Reserve):  # the coupon's own check gives all reasons against an order
        checked = exchange.coupon.check(event.order, account=event.account, at=event.at, standing=exchange.standing)
        if isinstance(checked, Refusal):
            reasons += checked.reasons
        else:
            rule = partial(reserve, checked)
        if becomes is None and exchange.order is not None and exchange.order.id == event.order.id:
            reasons.append(reason_of(ReasonCode.REQUEST_CHANGED, "order", order=event.order.id))
    elif becomes is None:
        reasons.append(not_possible(exchange, event))
    if event.at < exchange.at:
        reasons.append(reason_of(ReasonCode.EVENT_BEFORE_LAST, at=event.at, last_at=exchange.at))
    if reasons or becomes is None or rule is None:
        return refusal_of(reasons)
    after = rule(exchange, event)
    if isinstance(after, Refusal):
        return after
    assert after.state in becomes, f"{exchange.state} {event.kind} {after.state}"  # noqa: S101 - the one table
    step = {"state": after.state, "at": event.at, "version": exchange.version + 1, "last": said}
    return changed(exchange, **{**step, **after.changes})


def _becomes(exchange: Exchange, event: Event) -> tuple[State, ...] | None:
    """Return the states to which an event may lead; without an order, a phone is sent for an awaited coupon only."""
    if exchange.state == State.ISSUED and event.kind in BEFORE_COUPON and not exchange.coupon.awaited:
        return None
    return NEXT.get((exchange.state, event.kind))


def _in_time(exchange: Exchange, event: Event) -> Event:
    """Return the event that counts: one from a clock that is slightly behind gets the instant of its predecessor."""
    at = exchange.rules.following(event.at, exchange.at)
    return event if at == event.at else event.replace(at=at)


def _is_again(exchange: Exchange, event: Event) -> bool:
    """Tell whether an event repeats the last one, at any instant, or the reservation of the order that it is for."""
    if isinstance(event, Accept):
        begun = Accept(
            exchange.at, exchange.quote, exchange.coupon, exchange.worst_case, exchange.rules, event.register_answer
        )
        return exchange.version == 1 and event == begun
    if isinstance(event, Reserve) and exchange.order == event.order and exchange.account == event.account:
        return exchange.state not in {State.VOID, State.REVERSED}  # the coupon belongs to that order
    last = exchange.last
    if last is not None and type(last) is type(event) and event.replace(at=last.at) == last:
        return True
    return (exchange.state, event.kind) in NEXT and _is_on_record(exchange, event)


def _is_on_record(exchange: Exchange, event: Event) -> bool:
    """Tell whether an event records what is on record already, word for word; for a sent phone, its order."""
    if isinstance(event, Attempt):
        return any(event.replace(at=one.at) == one for one in exchange.attempts)
    if isinstance(event, Identify):
        return event.identity in {"", exchange.identity} and event.ownership in {"", exchange.ownership}
    if isinstance(event, Wipe):
        return exchange.wiped is not None and event.replace(at=exchange.wiped.at) == exchange.wiped
    if isinstance(event, Override):
        return exchange.override is not None and event.replace(at=exchange.override.at) == exchange.override
    if isinstance(event, Send):
        of = exchange.code if exchange.order is None else exchange.order.id
        return exchange.sent_at is not None and of == event.order
    return False
