"""The exchange as a state machine: one table, walked exhaustively; windows, deadlines and policies at their edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from miexchange import (
    Coupon,
    CouponStanding,
    Device,
    Imei,
    ImeiStatus,
    InvalidValue,
    Order,
    OrderLine,
    Quote,
    Refusal,
    appraise,
    issue,
    worst_case,
)
from miexchange._transitions import may_follow
from miexchange.events import (
    EVENTS,
    Accept,
    Agree,
    Attempt,
    Complete,
    Decline,
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
from miexchange.exchange import OPEN, TRANSITIONS, Exchange, State, accept, acceptance, apply, begin, fold
from miexchange.inspection import Examination
from miexchange.programme import Authority
from miexchange.quote import QuoteLine
from miexchange.refusal import Reason, ReasonCode
from shipped import shipped_programme
from unit import small, trade
from unit.small import INR
from unit.trade import ACCOUNT, HOUR, ORDER, RULES, STRICT, TICK, after, completed, found, inspected, issued, reserved

if TYPE_CHECKING:
    from miexchange.events import Event
    from miexchange.programme import ExchangeRules

AT = small.AT
DAY = timedelta(days=1)
SKEW = timedelta(seconds=RULES.skew_seconds)
OTHER = ORDER.replace(id="order-2")
REFUSED = Examination("not_taken", trade.SAID, reasons=(Reason(ReasonCode.CONDITION_GATE, "Cracked", "Repair it"),))


def requoted() -> Exchange:
    return inspected(RULES.replace(authorities=(Authority("agent", 50_000, 50_000, 30),)), 900_000)


def at_every_state() -> dict[State, Exchange]:
    return {
        State.ISSUED: issued(),
        State.RESERVED: reserved(RULES.replace(send_days=30, pickup_attempts=2)),
        State.INSPECTED: inspected(),
        State.REQUOTED: requoted(),
        State.COMPLETED: completed(),
        State.ADJUSTED: after(requoted(), Agree(AT + 3 * HOUR, ACCOUNT)),
        State.EXPIRED: after(issued(), Expire(AT + 14 * DAY)),
        State.VOID: after(issued(), Void(AT, "withdrawn")),
        State.REVERSED: after(completed(), Reverse(AT + DAY, ORDER.id)),
    }


def awaiting() -> Exchange:
    """Return one whose coupon comes after the inspection: without an order, a phone is sent for nothing else."""
    return issued(RULES.replace(inspection="required", coupon="after_inspection", pickup_attempts=2))


LIVES, AWAITING = at_every_state(), awaiting()
UNTOUCHED = at_every_state(), awaiting()
"""The same, to which no event is applied."""


def living(state: State, kind: str, lives: dict[State, Exchange] = LIVES, other: Exchange = AWAITING) -> Exchange:
    return other if state == State.ISSUED and kind in {"send", "attempt", "inspect"} else lives[state]


def codes(answer: Exchange | Refusal | Accept) -> tuple[str, ...]:
    assert isinstance(answer, Refusal)
    return answer.codes


# ----- the table


def timely(exchange: Exchange, kind: str) -> Event:
    """Return an event of a kind that is as right as it can be: in time, by its own order and account."""
    at = exchange.due if kind == "expire" and exchange.due else exchange.at + TICK
    order = AWAITING.code if exchange.coupon.awaited else ORDER.id
    events: dict[str, Event] = {
        "accept": acceptance_of(issued()),
        "identify": Identify(at, "file 7"),
        "attempt": Attempt(at, order, "visit 1"),
        "send": Send(at, order),
        "wipe": Wipe(at, "clear", "reset 9"),
        "reserve": Reserve(at, ORDER, ACCOUNT) if exchange.order is None else Reserve(at, OTHER, ACCOUNT),
        "release": Release(at, order),
        "inspect": Inspect(at, order, found(999_000)),
        "override": Override(at, order, 940_000, "agent", "p-7", "goodwill"),
        "agree": Agree(at, ACCOUNT),
        "decline": Decline(at, ACCOUNT),
        "complete": Complete(at, order),
        "expire": Expire(at),
        "void": Void(at, "another reason"),
        "reverse": Reverse(at, order),
    }
    return events[kind]


def acceptance_of(exchange: Exchange) -> Accept:
    return Accept(exchange.at, exchange.quote, exchange.coupon, exchange.worst_case, exchange.rules)


@pytest.mark.parametrize(("state", "kind"), list(product(State, EVENTS)))
def test_every_event_in_every_state_is_in_the_table_or_refused(state: State, kind: str) -> None:
    exchange = living(state, kind)
    event = timely(exchange, kind)
    becomes = {row.becomes for row in TRANSITIONS if (row.state, row.event) == (state, kind)}
    answer = apply(exchange, event)
    if becomes:
        assert isinstance(answer, Exchange)
        assert answer.state in next(iter(becomes))
        assert (answer.version, answer.at, answer.last) == (exchange.version + 1, event.at, event)
        assert apply(answer, event) == answer, "the same event twice gives the same result"
        assert apply(answer, event.replace(at=event.at + HOUR)) == answer, "a retry by a later clock is no second step"
    elif (state, kind) == (State.ISSUED, "accept") or exchange.last == event.replace(at=exchange.at):
        assert answer == exchange
    else:
        assert codes(answer) != ()
    assert exchange == living(state, kind, *UNTOUCHED), "an event changes nothing of what it was applied to"


def test_the_table_names_each_pair_once_and_every_state_can_be_reached() -> None:
    pairs = [(row.state, row.event) for row in TRANSITIONS]
    assert len(pairs) == len(set(pairs))
    assert {state for row in TRANSITIONS for state in row.becomes} | {State.ISSUED} == set(State)
    assert {row.event for row in TRANSITIONS} == EVENTS.keys() - {"accept"}
    assert [kind.__name__.lower() for kind in EVENTS.values()] == [*EVENTS]


@pytest.mark.parametrize(("event", "state"), [(found(1_000_000), State.INSPECTED), (found(900_000), State.REQUOTED)])
def test_every_target_of_an_inspection_is_reached(event: Examination, state: State) -> None:
    assert after(reserved(), Inspect(AT + DAY, ORDER.id, event)).state == state
    assert after(reserved(), Inspect(AT + DAY, ORDER.id, REFUSED)).state == State.VOID


def test_what_has_ended_stays_so() -> None:
    for state in (State.EXPIRED, State.VOID, State.REVERSED):
        assert [row for row in TRANSITIONS if row.state == state] == []
        assert not LIVES[state].is_open
    assert {state for state in State if LIVES[state].is_open} == set(OPEN)


def test_a_refused_event_says_what_is_possible() -> None:
    answer = apply(issued(), Complete(AT, ORDER.id))
    assert isinstance(answer, Refusal)
    assert answer.explain() == (
        "- The exchange is issued, so complete is not possible. What is possible now: identify, reserve, expire, void."
    )
    ended = apply(LIVES[State.VOID], Expire(AT + 20 * DAY))
    assert isinstance(ended, Refusal)
    assert ended.reasons[0].remedy == "Nothing is: the exchange has ended"


def test_standing_is_what_the_coupon_wants_to_know() -> None:
    standings = {state: LIVES[state].standing for state in State}
    assert standings[State.ISSUED] == CouponStanding.UNUSED
    assert standings[State.INSPECTED] == CouponStanding.RESERVED
    assert standings[State.COMPLETED] == CouponStanding.USED
    assert standings[State.EXPIRED] == CouponStanding.VOID


def test_what_is_no_event_is_an_error() -> None:
    with pytest.raises(InvalidValue, match="event is"):
        apply(issued(), "complete")  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="exchange is"):
        apply("exchange", Expire(AT))  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match=r"Void\.reason"):
        Void(AT, "")
    with pytest.raises(InvalidValue, match=r"Void\.reason"):
        Void(AT, "x" * 201)
    with pytest.raises(InvalidValue, match="names no instant"):
        Expire(datetime(2020, 1, 1))  # noqa: DTZ001 - that is the mistake
    with pytest.raises(InvalidValue, match="give an Accept first: an exchange begins with it"):
        begin(Expire(AT))  # type: ignore[arg-type]


# ----- acceptance


def accepted(**changes: Any) -> Exchange | Refusal:  # noqa: ANN401 - any argument of accept
    given = {"account": ACCOUNT, "at": AT, "key": small.KEY, **changes}
    return accept(given.pop("quote", trade.quote()), given.pop("programme", trade.programme()), **given)


def test_a_quote_is_accepted_with_the_programme_that_has_its_digest() -> None:
    quote, programme = trade.quote(), trade.programme()
    given: dict[str, Any] = {"account": ACCOUNT, "at": AT, "key": small.KEY}
    assert accept(quote, {programme.digest: programme}, **given) == accept(quote, programme, **given)
    refusal = accept(quote, {}, **given)
    assert isinstance(refusal, Refusal)
    assert (refusal.codes, refusal.is_final) == (("programme_unknown",), False)
    assert issue(quote, {programme.digest: programme}, **given) == issue(quote, programme, **given)


def test_acceptance_issues_the_coupon_and_discloses_the_worst_case() -> None:
    exchange = accepted()
    assert isinstance(exchange, Exchange)
    assert exchange.worst_case == worst_case(trade.quote(), trade.programme())
    assert exchange.worst_case.at_risk == exchange.coupon.value == 995_000, "a crack refuses the phone"
    assert exchange.worst_case.value == 995_000 - 100_000 - 60_000
    assert (exchange.state, exchange.version, exchange.code) == (State.ISSUED, 1, exchange.coupon.code)
    assert exchange.quote.imeis == ()
    assert small.IMEI not in exchange.to_json()
    assert accepted() == exchange
    assert Exchange.from_json(exchange.to_json()) == exchange


def test_acceptance_is_refused_with_every_reason() -> None:
    assert codes(accepted(exchange_open=True, device_open=True)) == ("exchange_open", "device_in_exchange")
    late = trade.quote().valid_until
    assert codes(accepted(at=late, exchange_open=True)) == ("exchange_open", "quote_expired")
    assert isinstance(accepted(at=late - TICK), Exchange)
    assert codes(accepted(at=AT - SKEW - TICK)) == ("quote_not_yet_valid",)
    only_quoting = {"quote": trade.quote(None), "programme": trade.programme(None)}
    assert codes(accepted(**only_quoting)) == ("exchange_not_offered",)


def test_acceptance_wants_facts_and_rules_of_their_kind() -> None:
    with pytest.raises(InvalidValue, match="exchange_open"):
        accepted(exchange_open=1)
    with pytest.raises(InvalidValue, match=r"ExchangeRules\.decide_hours is 0: give a whole number from 1"):
        RULES.replace(decide_hours=0)
    with pytest.raises(InvalidValue, match="device_bought"):
        accepted(device_bought=AT.date())
    with pytest.raises(InvalidValue, match="bonuses_given"):
        accepted(bonuses_given={"diwali": -1})


def test_old_keys_make_tokens_beside_the_new_one() -> None:
    old, new = accepted(), accepted(key=b"another key, newer", old_keys=(small.KEY,))
    assert isinstance(old, Exchange)
    assert isinstance(new, Exchange)
    assert len(old.coupon.device_tokens) == 2
    assert set(old.coupon.device_tokens) < set(new.coupon.device_tokens)
    assert len(new.coupon.device_tokens) == 4
    assert old.code == new.code, "a quote has one coupon, whatever the key is now"


def test_an_exchange_keeps_no_imei_and_counts_its_events() -> None:
    with pytest.raises(InvalidValue, match="without_imei"):
        issued().replace(quote=trade.quote())
    with pytest.raises(InvalidValue, match=r"Exchange\.version"):
        issued().replace(version=0)


# ----- checkout


def test_a_reservation_is_idempotent_by_order() -> None:
    exchange = reserved()
    assert exchange.redemption is not None
    assert exchange.redemption.discount == 995_000
    again = apply(exchange, Reserve(AT + DAY, ORDER, ACCOUNT))
    assert again == exchange
    assert apply(completed(), Reserve(AT + DAY, ORDER, ACCOUNT)) == completed()


def test_a_reservation_is_refused_to_others_with_every_reason() -> None:
    assert codes(apply(reserved(), Reserve(AT + DAY, OTHER, "ravi"))) == ("coupon_other_account", "coupon_reserved")
    dearer = ORDER.replace(lines=(ORDER.lines[0].replace(price_minor=2_000_000),))
    assert codes(apply(reserved(), Reserve(AT + DAY, dearer, ACCOUNT))) == ("coupon_reserved", "request_changed")
    assert codes(apply(completed(), Reserve(AT + DAY, OTHER, ACCOUNT))) == ("coupon_used",)
    assert "coupon_void" in codes(apply(LIVES[State.VOID], Reserve(AT + DAY, ORDER, ACCOUNT)))
    assert codes(apply(LIVES[State.EXPIRED], Reserve(AT + 20 * DAY, ORDER, ACCOUNT))) == (
        "coupon_expired",
        "coupon_void",
    )
    lost = after(reserved(), Void(AT + DAY, "lost"))
    assert codes(apply(lost, Reserve(AT + DAY, ORDER, ACCOUNT))) == ("coupon_void", "request_changed")


def test_an_order_paid_within_the_window_may_be_delivered_after_it() -> None:
    exchange = issued()
    last_moment = exchange.coupon.valid_from + timedelta(days=14) - TICK
    assert codes(apply(exchange, Reserve(last_moment + TICK, ORDER, ACCOUNT))) == ("coupon_expired",)
    held = after(exchange, Reserve(last_moment, ORDER, ACCOUNT))
    assert held.due is None
    delivered = after(
        held,
        Inspect(last_moment + 30 * DAY, ORDER.id, found(995_000)),
        Complete(last_moment + 30 * DAY, ORDER.id),
    )
    assert delivered.state == State.COMPLETED


def test_only_the_same_order_releases() -> None:
    assert codes(apply(reserved(), Release(AT + DAY, "order-2"))) == ("order_other",)
    free = after(reserved(), Release(AT + DAY, ORDER.id))
    assert (free.state, free.order, free.redemption) == (State.ISSUED, None, None)
    assert codes(apply(free, Release(AT + 2 * DAY, "order-2"))) == ("event_not_possible",)
    again = after(free, Reserve(AT + 2 * DAY, OTHER, ACCOUNT))
    assert again.order == OTHER
    assert codes(apply(again, Release(AT + 3 * DAY, ORDER.id))) == ("order_other",)


@pytest.mark.parametrize(("rules", "left"), [(RULES, timedelta(days=13)), (STRICT, timedelta(days=14))])
def test_a_release_restores_the_remaining_validity_or_all_of_it(rules: ExchangeRules, left: timedelta) -> None:
    free = after(issued(rules), Reserve(AT + DAY, ORDER, ACCOUNT), Release(AT + 40 * DAY, ORDER.id))
    assert free.coupon.valid_until == AT + 40 * DAY + left
    assert free.due == free.coupon.valid_until
    assert free.coupon.code == issued(rules).code
    assert codes(apply(free, Reserve(AT + 40 * DAY + left, ORDER, ACCOUNT))) == ("coupon_expired",)
    assert after(free, Reserve(AT + 40 * DAY + left - TICK, ORDER, ACCOUNT)).state == State.RESERVED


def test_an_inspected_phone_can_still_go_back_with_its_order() -> None:
    free = after(inspected(), Release(AT + DAY, ORDER.id))
    assert (free.state, free.examination) == (State.ISSUED, None)
    assert codes(apply(requoted(), Release(AT + DAY, ORDER.id))) == ("event_not_possible",)


# ----- time


def test_the_clock_that_moved_back_is_a_refusal() -> None:
    assert codes(apply(reserved(), Complete(AT, ORDER.id))) == ("event_before_last",)
    assert codes(apply(issued(), Void(AT - HOUR, "why"))) == ("event_before_last",)
    assert after(reserved(), Complete(AT + HOUR, ORDER.id)).state == State.COMPLETED, "the same instant is in order"


ZONES = [UTC, ZoneInfo("Asia/Kolkata"), ZoneInfo("America/New_York")]
# Fourteen times 24 hours later New York has changed its clocks: 11 March 2018, 2 in the morning.
BEFORE_THE_CHANGE = datetime(2018, 3, 5, 12, 30, tzinfo=ZoneInfo("America/New_York"))


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("start", [AT, BEFORE_THE_CHANGE], ids=["plain", "daylight saving"])
def test_every_window_is_half_open_to_the_microsecond_in_every_zone(zone: Any, start: datetime) -> None:  # noqa: ANN401 - a tzinfo
    exchange = issued()
    shift = start.astimezone(UTC) - exchange.at
    coupon = exchange.coupon
    moved = coupon.replace(
        valid_from=coupon.valid_from + shift, valid_until=coupon.usage.until(coupon.valid_from + shift)
    )
    exchange = exchange.replace(coupon=moved, at=exchange.at + shift)
    begins, ends = start.astimezone(zone), (start.astimezone(UTC) + 14 * DAY).astimezone(zone)

    def reserves(at: datetime) -> bool:
        return isinstance(apply(exchange, Reserve(at, ORDER, ACCOUNT)), Exchange)

    utc_ticks = [(ends.astimezone(UTC) + step).astimezone(zone) for step in (-TICK, timedelta(), TICK)]
    before = (begins.astimezone(UTC) - SKEW - TICK).astimezone(zone)
    assert [reserves(at) for at in (before, begins, *utc_ticks)] == [False, True, True, False, False]
    assert [isinstance(apply(exchange, Expire(at)), Exchange) for at in utc_ticks] == [False, True, True]


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_a_decision_is_taken_until_the_microsecond_before_its_deadline(zone: Any) -> None:  # noqa: ANN401 - a tzinfo
    exchange = requoted()
    assert exchange.decide_until == exchange.due == exchange.at + 48 * HOUR
    last = (exchange.at + 48 * HOUR - TICK).astimezone(zone)
    late = (exchange.at + 48 * HOUR).astimezone(zone)
    for event in (Agree, Decline):
        assert isinstance(apply(exchange, event(last, ACCOUNT)), Exchange)
        assert codes(apply(exchange, event(late, ACCOUNT))) == ("decision_late",)
        assert codes(apply(exchange, event(last, "ravi"))) == ("coupon_other_account",)
    assert codes(apply(exchange, Expire(last))) == ("event_not_due",)
    assert after(exchange, Expire(late)).state == State.VOID


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_a_reversal_is_taken_while_the_rules_allow_it(zone: Any) -> None:  # noqa: ANN401 - a tzinfo
    exchange = completed()
    late = (exchange.at + 30 * DAY).astimezone(zone)
    assert after(exchange, Reverse((exchange.at + 30 * DAY - TICK).astimezone(zone), ORDER.id)).state == State.REVERSED
    assert codes(apply(exchange, Reverse(late, ORDER.id))) == ("reversal_late",)


# ----- the door


@pytest.mark.parametrize(
    ("tolerance", "shortfall", "honoured"),
    [
        ({"tolerance_minor": 20_000}, 20_000, True),
        ({"tolerance_minor": 20_000}, 20_001, False),
        ({"tolerance_bps": 200}, 19_900, True),  # 2 % of 9,950.00 rupees, exactly
        ({"tolerance_bps": 200}, 19_901, False),
        ({"tolerance_bps": 200, "tolerance_minor": 30_000}, 30_000, True),
        ({"tolerance_bps": 200, "tolerance_minor": 1}, 19_900, True),
        ({}, 0, True),
        ({}, 1, False),
        ({}, -50_000, True),
    ],
)
@pytest.mark.parametrize(("mismatch", "otherwise"), [("difference", State.REQUOTED), ("cancel", State.VOID)])
def test_a_shortfall_is_honoured_up_to_the_tolerance(
    tolerance: dict[str, int],
    shortfall: int,
    honoured: bool,  # noqa: FBT001 - a row of the table
    mismatch: Any,  # noqa: ANN401 - a policy
    otherwise: State,
) -> None:
    none = {"tolerance_minor": 0, "tolerance_bps": 0, "decide_hours": 48 if mismatch == "difference" else 0}
    rules = RULES.replace(mismatch=mismatch, **{**none, **tolerance})
    assert after(reserved(rules), Inspect(AT + DAY, ORDER.id, found(995_000 - shortfall))).state == (
        State.INSPECTED if honoured else otherwise
    )


def test_a_programme_may_honour_whatever_was_said() -> None:
    rules = RULES.replace(mismatch="honour", tolerance_minor=0, tolerance_bps=0, decide_hours=0)
    assert inspected(rules, value=1).state == State.INSPECTED
    assert after(reserved(rules), Inspect(AT + DAY, ORDER.id, REFUSED)).state == State.VOID


def test_the_customer_pays_the_difference_that_the_order_makes() -> None:
    exchange = requoted()
    assert exchange.settlement is not None
    assert exchange.settlement.discount == 900_000
    assert exchange.to_pay_at_the_door == 95_000
    settled = after(exchange, Agree(AT + DAY, ACCOUNT))
    assert (settled.state, settled.to_pay_at_the_door) == (State.ADJUSTED, 95_000)
    assert Exchange.from_json(exchange.to_json()) == exchange
    assert issued().to_pay_at_the_door == 0


def test_a_difference_that_the_order_never_used_is_not_paid() -> None:
    cheap = ORDER.replace(lines=(ORDER.lines[0].replace(price_minor=800_000),))
    held = after(issued(), Reserve(AT + HOUR, cheap, ACCOUNT), Inspect(AT + DAY, ORDER.id, found(900_000)))
    assert (held.state, held.to_pay_at_the_door) == (State.REQUOTED, 0)
    dearer = after(issued(), Reserve(AT + HOUR, cheap, ACCOUNT), Inspect(AT + DAY, ORDER.id, found(700_000)))
    assert dearer.to_pay_at_the_door == 100_000


def test_a_second_imei_that_the_door_sees_names_the_device_too() -> None:
    """A phone with two SIMs that was quoted by one of its IMEIs is known by both once it was seen."""
    held = reserved()
    other = "0" * 32
    examination = found(1_000_000).replace(device_tokens=(*held.coupon.device_tokens, other))
    known = after(held, Inspect(AT + DAY, ORDER.id, examination)).coupon
    assert known.device_tokens == tuple(sorted((*held.coupon.device_tokens, other)))
    assert known.replace(device_tokens=held.coupon.device_tokens, seal=held.coupon.seal) == held.coupon


def test_the_inspection_and_the_delivery_are_of_the_same_order() -> None:
    assert codes(apply(reserved(), Inspect(AT + DAY, "order-2", found(995_000)))) == ("order_other",)
    assert codes(apply(inspected(), Complete(AT + DAY, "order-2"))) == ("order_other",)
    assert codes(apply(completed(), Reverse(AT + DAY, "order-2"))) == ("order_other",)


def test_a_programme_may_require_the_inspection() -> None:
    assert after(reserved(), Complete(AT + DAY, ORDER.id)).state == State.COMPLETED
    assert codes(apply(reserved(STRICT), Complete(AT + DAY, ORDER.id))) == ("inspection_missing",)
    assert completed(STRICT.replace(mismatch="honour")).state == State.COMPLETED


# ----- the returned phone


def test_a_reversal_gives_the_phone_s_worth_as_store_credit_and_keeps_the_bonus() -> None:
    assert LIVES[State.REVERSED].credit_of_reversal == 995_000
    adjusted = after(LIVES[State.ADJUSTED], Reverse(AT + 2 * DAY, ORDER.id))
    assert adjusted.credit_of_reversal == 900_000
    assert completed().credit_of_reversal == 0
    straight = after(reserved(), Complete(AT + DAY, ORDER.id), Reverse(AT + 2 * DAY, ORDER.id))
    assert straight.credit_of_reversal == 995_000


def test_a_programme_may_give_the_old_phone_back_or_nothing() -> None:
    old_phone = RULES.replace(reversal="old_phone")
    assert after(completed(old_phone), Reverse(AT + DAY, ORDER.id)).credit_of_reversal == 0
    none = RULES.replace(reversal="none", reversal_days=0)
    assert codes(apply(completed(none), Reverse(AT + DAY, ORDER.id))) == ("reversal_not_offered",)


# ----- histories


def test_a_state_is_the_fold_of_its_events() -> None:
    for exchange in LIVES.values():
        assert isinstance(exchange.coupon, Coupon)
    history: list[Event] = [
        acceptance_of(issued()),
        Reserve(AT + HOUR, ORDER, ACCOUNT),
        Inspect(AT + 2 * HOUR, ORDER.id, found(1_000_000)),
        Complete(AT + 3 * HOUR, ORDER.id),
    ]
    assert fold(history) == completed()
    given = acceptance(trade.quote(), trade.programme(), account=ACCOUNT, at=AT, key=small.KEY)
    assert given == history[0]
    assert isinstance(given, Accept)
    assert given.replace() == given, "it is made unchecked, and would pass the check"


@pytest.mark.parametrize(
    ("history", "words"),
    [
        ([], "give an Accept first: a history begins with it"),
        ([Expire(AT)], "give an Accept first: a history begins with it"),
        (
            [acceptance_of(issued()), Complete(AT, "1")],
            "events has complete, which is refused after issued \\(event_not_possible\\)",
        ),
    ],
)
def test_what_is_no_history_is_an_error(history: list[Event], words: str) -> None:
    with pytest.raises(InvalidValue, match=words):
        fold(history)


# ----- what a customer holds in the end


GRADED = shipped_programme("graded-trade-in")
NOON = datetime(2018, 3, 20, 12, tzinfo=UTC)
BAND = Order("order-1", (OrderLine("Mi Band 2", "accessory", "Mi", "mi.com", 100_000),), INR)


def graded(**rules: Any) -> Exchange:  # noqa: ANN401 - any of the exchange's rules
    """Return an exchange of the shipped graded programme: a phone of 11,290 with a bonus of 718."""
    phone = Device("oneplus-3t-6-64", Imei.from_body("86366403123456"))
    answers = GRADED.terms[0].questionnaire.best(GRADED.catalogue.by_model["oneplus-3t-6-64"])
    answer = appraise(phone, answers, GRADED, at=NOON, imei_status=ImeiStatus.CLEAR)
    assert isinstance(answer, Quote)
    assert (answer.exchange_value, answer.coupon_value) == (1_129_000, 1_200_800)
    begun = accept(answer, GRADED, account=ACCOUNT, at=NOON, key=small.KEY)
    assert isinstance(begun, Exchange)
    return begun.replace(rules=begun.rules.replace(**rules))


def test_a_band_that_is_returned_pays_no_bonus_out() -> None:
    held = after(graded(), Reserve(NOON, BAND, ACCOUNT), Complete(NOON, "order-1"))
    assert held.redemption is not None
    assert (held.redemption.discount, held.redemption.store_credit) == (100_000, 1_100_800)
    back = after(held, Reverse(NOON + DAY, "order-1"))
    assert back.credit_of_reversal == 28_200
    assert 1_100_800 + back.credit_of_reversal == 1_129_000, "what the phone is worth, and no paisa of the bonus"


def test_a_bonus_that_is_larger_than_the_order_is_not_paid_out_either() -> None:
    pin = BAND.replace(lines=(BAND.lines[0].replace(price_minor=50_000),))
    cheap = graded()
    cheap = cheap.replace(coupon=cheap.coupon.replace(usage=cheap.coupon.usage.replace(minimum_order_minor=0)))
    held = after(cheap, Reserve(NOON, pin, ACCOUNT))
    assert held.redemption is not None
    assert (held.redemption.discount, held.redemption.store_credit, held.redemption.forfeited) == (
        50_000,
        1_129_000,
        21_800,
    )


def test_where_the_old_phone_goes_back_its_surplus_is_taken_back() -> None:
    held = after(graded(reversal="old_phone"), Reserve(NOON, BAND, ACCOUNT), Complete(NOON, "order-1"))
    assert after(held, Reverse(NOON + DAY, "order-1")).credit_of_reversal == -1_100_800


def test_a_surplus_that_a_requote_lowers_is_paid_at_the_door() -> None:
    held = after(graded(), Reserve(NOON, BAND, ACCOUNT))
    lines = (QuoteLine("market", 1_109_800, "a price", "market_prices"),)
    worn = Examination("valued", held.quote.condition, lines=lines, exchange_value=1_109_800, coupon_value=1_109_800)
    requote = after(held, Inspect(NOON, "order-1", worn))
    assert requote.settlement is not None
    assert (requote.settlement.discount, requote.settlement.store_credit) == (100_000, 1_009_800)
    assert requote.to_pay_at_the_door == 91_000
    assert after(requote, Agree(NOON, ACCOUNT)).to_pay_at_the_door == 91_000


def test_what_was_called_off_is_paid_in_full_at_the_door() -> None:
    lost = after(graded(), Reserve(NOON, BAND, ACCOUNT), Void(NOON, "the phone is broken"))
    assert lost.to_pay_at_the_door == 100_000 + 1_100_800
    assert after(graded(), Void(NOON, "withdrawn")).to_pay_at_the_door == 0


# ----- clocks


def test_clocks_that_differ_by_a_little_refuse_nothing() -> None:
    """A millisecond behind is as late as what came before; more than the terms allow is a wrong clock."""
    little, much = timedelta(milliseconds=1), SKEW + TICK
    begun = accepted(at=AT - little)
    assert isinstance(begun, Exchange)
    assert begun.at == begun.coupon.valid_from == AT
    held = after(begun, Reserve(AT - little, ORDER, ACCOUNT), Complete(AT - SKEW, ORDER.id))
    assert held.at == AT
    assert held.last is not None
    assert held.last.at == AT - SKEW, "the event itself says what its clock said"
    assert codes(apply(begun, Void(AT - much, "why"))) == ("event_before_last",)
    exact = RULES.replace(skew_seconds=0)
    assert codes(apply(issued(exact), Void(AT - TICK, "why"))) == ("event_before_last",)


def test_a_clock_that_is_behind_lengthens_no_validity() -> None:
    begun = issued()
    free = after(begun, Reserve(AT - SKEW, ORDER, ACCOUNT), Release(AT, ORDER.id))
    assert free.coupon.valid_until == begun.coupon.valid_until


# ----- what is not ours is not taken for true


def test_an_acceptance_of_another_quote_begins_nothing() -> None:
    begun = issued()
    dearer = begun.coupon.replace(exchange_value=begun.coupon.exchange_value + 1)
    with pytest.raises(InvalidValue, match=r"Accept\.coupon\.exchange_value"):
        Accept(begun.at, begun.quote, dearer, begun.worst_case, begun.rules)
    with pytest.raises(InvalidValue, match=r"Exchange\.coupon\.exchange_value"):
        begun.replace(coupon=dearer)


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("Exchange.order", {"order": None}),
    ("Exchange.order", {"redemption": None}),
    ("Exchange.order", {"order": None, "redemption": None}),
    ("Exchange.order", {"state": State.COMPLETED, "order": None, "redemption": None}),
    ("Exchange.settlement", {"settlement": None}),
    ("Exchange.settlement", {"examination": None}),
    ("Exchange.settlement", {"decide_until": None}),
]


@pytest.mark.parametrize(("field", "change"), WRONG)
def test_an_exchange_whose_parts_do_not_fit_is_none(field: str, change: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue) as caught:
        requoted().replace(**change)
    assert caught.value.field == field


def test_an_exchange_with_amounts_of_its_own_is_none() -> None:
    exchange = requoted()
    assert exchange.redemption is not None
    assert exchange.settlement is not None
    for field in ("redemption", "settlement"):
        paid = getattr(exchange, field)
        more = paid.replace(discounts=(paid.discount + 1,), discount=paid.discount + 1)
        with pytest.raises(InvalidValue, match=f"Exchange\\.{field}"):
            exchange.replace(**{field: more})


UNREAL: list[tuple[str, State, dict[str, Any]]] = [
    ("Exchange.version", State.ISSUED, {"version": 2}),
    ("Exchange.version", State.RESERVED, {"version": 1}),
    ("Exchange.version", State.RESERVED, {"version": 3}),
    ("Exchange.version", State.RESERVED, {"last": None}),
    ("Exchange.version", State.REVERSED, {"version": 3}),
    ("Exchange.at", State.ISSUED, {"at": AT + TICK}),
    ("Exchange.last", State.RESERVED, {"at": AT + 20 * DAY}),
    ("Exchange.last", State.COMPLETED, {"at": AT}),
    ("Exchange.state", State.RESERVED, {"state": State.COMPLETED}),
    ("Exchange.state", State.RESERVED, {"last": Reserve(AT - DAY, ORDER, ACCOUNT), "at": AT - DAY}),
    ("Exchange.state", State.EXPIRED, {"at": AT, "last": Expire(AT)}),
    ("Exchange.version", State.COMPLETED, {"examination": None}),
    ("Exchange.order", State.RESERVED, {"at": AT, "last": Reserve(AT, OTHER, ACCOUNT)}),
    ("Exchange.redemption", State.RESERVED, {"at": AT + DAY, "last": Reserve(AT + DAY, ORDER, ACCOUNT)}),
    ("Exchange.decide_until", State.RESERVED, {"decide_until": AT + DAY}),
    ("Exchange.state", State.VOID, {"state": State.EXPIRED}),
]


@pytest.mark.parametrize(("field", "state", "change"), UNREAL)
def test_an_exchange_that_no_history_leads_to_is_none(field: str, state: State, change: dict[str, Any]) -> None:
    """Defect: one from JSON that the transitions cannot have made ended in an error that is not ours."""
    with pytest.raises(InvalidValue) as caught:
        LIVES[state].replace(**change)
    assert caught.value.field == field


@pytest.mark.parametrize("validity", ["remaining", "full"])
def test_a_coupon_that_was_given_back_has_the_window_that_it_was_given(validity: Any) -> None:  # noqa: ANN401 - a Literal
    free = after(issued(RULES.replace(released_validity=validity)), Reserve(AT + DAY, ORDER, ACCOUNT))
    free = after(free, Release(AT + 2 * DAY, ORDER.id))
    assert Exchange.from_json(free.to_json()) == free
    again = after(free, Reserve(AT + 3 * DAY, OTHER, ACCOUNT))
    assert Exchange.from_json(again.to_json()) == again
    days = timedelta(days=free.coupon.usage.valid_days)
    for until in (free.at + days + TICK, free.at):
        with pytest.raises(InvalidValue, match=r"Exchange\.coupon\.valid_until"):
            free.replace(coupon=free.coupon.replace(valid_until=until))
    with pytest.raises(InvalidValue, match=r"Exchange\.version"):
        free.replace(version=2)
    longer = issued().coupon.replace(valid_until=AT + 100 * DAY)
    with pytest.raises(InvalidValue, match=r"Exchange\.coupon\.valid_until"):
        issued().replace(coupon=longer)


def test_a_worst_case_of_another_quote_is_none() -> None:
    begun = issued()
    with pytest.raises(InvalidValue, match=r"Accept\.worst_case\.at_risk"):
        Accept(begun.at, begun.quote, begun.coupon, begun.worst_case.replace(at_risk=1), begun.rules)
    with pytest.raises(InvalidValue, match=r"WorstCase\.value"):
        begun.worst_case.replace(value=-1)
    with pytest.raises(InvalidValue, match=r"UsageRules\.valid_days"):
        begun.coupon.usage.replace(valid_days=2**62)


# ----- what the ledger knows beside the quote


def test_a_device_that_was_bought_is_bought_again_as_the_terms_say() -> None:
    assert codes(accepted(device_bought=AT - 1_000 * DAY)) == ("device_exchanged",)
    later = RULES.replace(rebuy="after", rebuy_days=90)
    facts = {"quote": trade.quote(later), "programme": trade.programme(later)}
    refusal = accepted(device_bought=AT - 90 * DAY + TICK, **facts)
    assert codes(refusal) == ("device_exchanged",)
    assert isinstance(refusal, Refusal)
    assert "again from 2020-01-11T06:00:00.000001" in refusal.explain()
    assert isinstance(accepted(device_bought=AT - 90 * DAY, **facts), Exchange)


def test_a_bonus_whose_places_are_taken_is_named() -> None:
    begun = graded()
    assert [(bonus.id, bonus.quota) for bonus in begun.quote.bonuses] == [("upgrade-3500", 20)]
    phone = Device("oneplus-3t-6-64", Imei.from_body("86366403123456"))
    quote = appraise(phone, begun.quote.condition, GRADED, at=NOON, imei_status=ImeiStatus.CLEAR)
    assert isinstance(quote, Quote)
    facts: dict[str, Any] = {"account": ACCOUNT, "at": NOON, "key": small.KEY}
    refusal = accept(quote, GRADED, bonuses_given={"upgrade-3500": 20}, **facts)
    assert codes(refusal) == ("bonus_used_up",)
    assert isinstance(accept(quote, GRADED, bonuses_given={"upgrade-3500": 19}, **facts), Exchange)


def test_what_may_still_follow_is_read_from_the_table() -> None:
    every = {row.event for row in TRANSITIONS}
    assert {"inspect", "reverse"} < every, "after a release and another order; after a hand-over"
    handed_over = {state: {"wipe", "reverse"} for state in (State.COMPLETED, State.ADJUSTED)}
    for state in State:
        wanted = every if state in OPEN else handed_over.get(state, set())
        assert {kind for kind in every if may_follow(state, kind)} == wanted


def test_the_table_on_the_page_is_the_table_of_the_code() -> None:
    page = (Path(__file__).parents[2] / "docs" / "exchange.md").read_text(encoding="utf-8")
    block = page.partition("<!-- transitions: this table is compared with the code -->\n")[2].partition("<!-- end")[0]
    rows = [f"| {row.state} | {row.event} | {', '.join(row.becomes)} | {row.when} |" for row in TRANSITIONS]
    assert block == "\n".join(["| in state | event | becomes | when |", "|---|---|---|---|", *rows, ""])


@pytest.mark.parametrize("number", [2**62, -(2**62)])
def test_rules_that_nobody_checked_break_no_clock(number: int) -> None:
    """No number of the rules is too far away to be added to an instant, in an exchange from JSON either."""
    for field in ("skew_seconds", "decide_hours", "reversal_days", "rebuy_days"):
        with pytest.raises(InvalidValue, match=rf"ExchangeRules\.{field}"):
            RULES.replace(rebuy="after", **{field: number})
        data = issued().to_dict()
        data["rules"][field] = number
        with pytest.raises(InvalidValue, match=rf"Exchange\.rules\.{field}"):
            Exchange.from_dict(data)


def test_an_exchange_that_was_adjusted_and_reversed_is_read_back() -> None:
    asked = requoted()
    done = after(asked, Agree(asked.at + timedelta(hours=1), ACCOUNT))
    back = after(done, Reverse(done.at + DAY, ORDER.id))
    for exchange in (*LIVES.values(), done, back):
        assert Exchange.from_json(exchange.to_json()) == exchange


def test_a_paper_that_is_on_record_already_may_be_given_alone() -> None:
    both = after(reserved(), Identify(AT + HOUR, "file 7", "file 8"))
    moved = after(both, Inspect(AT + HOUR, ORDER.id, found(1_000_000)))
    for again in (Identify(AT + HOUR, "file 7"), Identify(AT + HOUR, ownership="file 8")):
        assert apply(moved, again) == moved
    assert apply(moved, Identify(AT + HOUR, "file 7", "another")) != moved


@pytest.mark.parametrize("value", [994_000, 1_000_000])
def test_what_was_found_is_no_value_unless_the_order_is_settled_by_it(value: int) -> None:
    honoured = inspected(RULES.replace(tolerance_bps=1_000), value)
    assert (honoured.state, honoured.settlement) == (State.INSPECTED, None)
    assert honoured.exchange_value == honoured.quote.exchange_value != value
