"""What is on record of an exchange, and the times in which a phone is to be sent and unlocked; each at its edge."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from miexchange import Exchange, InvalidValue, Refusal, accept
from miexchange.condition import Condition
from miexchange.events import (
    Accept,
    Agree,
    Attempt,
    Complete,
    Decline,
    Event,
    Expire,
    Identify,
    Inspect,
    Release,
    Reserve,
    Reverse,
    Send,
    Void,
    Wipe,
)
from miexchange.exchange import State, acceptance, apply, fold
from miexchange.inspection import Examination, examine
from miexchange.programme import DaysOff
from miexchange.refusal import ReasonCode, reason_of
from unit import small, trade
from unit.small import KEY
from unit.trade import ACCOUNT, HOUR, ORDER, RULES, TICK, after, found, inspected, issued, reserved

if TYPE_CHECKING:
    from collections.abc import Iterable

    from miexchange.programme import ExchangeRules

AT, DAY = small.AT, timedelta(days=1)
LOCKS = (reason_of(ReasonCode.SCREEN_LOCK_ON), reason_of(ReasonCode.ACCOUNTS_PRESENT))
LOCKED = Examination("locked", Condition(), reasons=LOCKS)
PAPERS = RULES.replace(identity_above_minor=994_999, ownership_above_minor=900_000)
WIPED = RULES.replace(wipe="before_hand_over")
SENT = RULES.replace(send_days=14)
UNLOCKED = RULES.replace(unlock_hours=72)
UNTIL = AT + HOUR + 14 * DAY  # the order is placed an hour after the acceptance
CLEAR, PURGE, DESTROY = (Wipe(AT + 4 * HOUR, method, "record 9") for method in ("clear", "purge", "destroy"))


def codes(answer: object) -> tuple[str, ...]:
    assert isinstance(answer, Refusal)
    return answer.codes


def requoted(rules: ExchangeRules = RULES) -> Exchange:
    return inspected(rules, 900_000)


def locked(rules: ExchangeRules = UNLOCKED) -> Exchange:
    return after(reserved(rules), Inspect(AT + 2 * HOUR, ORDER.id, LOCKED))


def kept(exchange: Exchange) -> Exchange:
    """Return the exchange as JSON gives it back, which a history must lead to."""
    again = Exchange.from_json(exchange.to_json())
    assert again == exchange
    return again


# ----- the seller's identity and the proof of ownership


def test_nothing_is_handed_over_above_the_value_before_the_papers_are_on_record() -> None:
    """ExchangeRules.identity_above_minor: above this exchange value."""
    exchange = inspected(PAPERS)
    completing = Complete(AT + DAY, ORDER.id)
    assert codes(apply(exchange, completing)) == ("identity_missing", "ownership_missing")
    exchange = kept(after(exchange, Identify(AT + 3 * HOUR, "file 7")))
    assert (exchange.state, exchange.identity, exchange.ownership) == (State.INSPECTED, "file 7", "")
    assert codes(apply(exchange, completing)) == ("ownership_missing",)
    exchange = kept(after(exchange, Identify(AT + 3 * HOUR, ownership="invoice 17")))
    assert kept(after(exchange, completing)).state == State.COMPLETED


@pytest.mark.parametrize(("above", "is_asked"), [(None, False), (0, True), (994_999, True), (995_000, False)])
def test_the_value_is_a_bound_that_is_not_asked_at(above: int | None, is_asked: bool) -> None:  # noqa: FBT001 - a case
    for name in ("identity", "ownership"):
        rules = RULES.replace(**{f"{name}_above_minor": above})
        answer = apply(reserved(rules), Complete(AT + DAY, ORDER.id))
        assert (codes(answer) == (f"{name}_missing",)) if is_asked else isinstance(answer, Exchange)


def test_the_value_of_a_requote_is_what_counts_for_it() -> None:
    """Exchange.exchange_value: what the old phone is traded in at, the re-quote's where there is one."""
    exchange = requoted(PAPERS)
    assert exchange.exchange_value == 900_000
    assert after(exchange, Agree(AT + DAY, ACCOUNT)).state == State.ADJUSTED
    dear = requoted(PAPERS.replace(ownership_above_minor=0))
    assert codes(apply(dear, Agree(AT + DAY, ACCOUNT))) == ("ownership_missing",)
    assert after(dear, Decline(AT + DAY, ACCOUNT)).state == State.VOID
    told = after(dear, Identify(AT + 3 * HOUR, ownership="invoice 17"), Agree(AT + DAY, ACCOUNT))
    assert kept(told).state == State.ADJUSTED
    assert kept(after(told, Reverse(AT + 2 * DAY, ORDER.id))).ownership == "invoice 17"


def test_papers_are_recorded_once_and_repeated_without_a_trace() -> None:
    exchange = after(issued(), Identify(AT + HOUR, "file 7", "invoice 17"))
    for event in (
        Identify(AT + DAY, "file 7", "invoice 17"),
        Identify(AT + DAY, "file 7"),
        Identify(AT + DAY, ownership="invoice 17"),
    ):
        assert apply(exchange, event) == exchange
    for event in (Identify(AT + DAY, "file 8"), Identify(AT + DAY, "file 7", "invoice 18")):
        assert codes(apply(exchange, event)) == ("already_recorded",)
    one = after(issued(), Identify(AT + HOUR, "file 7"))
    assert codes(apply(one, Identify(AT + DAY, "file 7", "invoice 17"))) == ("already_recorded",)
    assert codes(apply(after(exchange, Void(AT + DAY, "withdrawn")), Identify(AT + DAY, "file 7"))) == (
        "event_not_possible",
    )


def test_papers_stay_when_an_order_is_cancelled() -> None:
    exchange = after(reserved(PAPERS), Identify(AT + 2 * HOUR, "file 7"), Release(AT + DAY, ORDER.id))
    assert (kept(exchange).identity, exchange.version) == ("file 7", 4)
    exchange = after(exchange, Identify(AT + DAY, ownership="invoice 17"))
    assert kept(exchange).state == State.ISSUED
    exchange = after(exchange, Reserve(AT + 2 * DAY, ORDER, ACCOUNT), Complete(AT + 3 * DAY, ORDER.id))
    assert kept(exchange).version == 7


@pytest.mark.parametrize("version", [1, 2, 4])
def test_papers_that_no_history_leads_to_are_none(version: int) -> None:
    """One event gives both or each has its own: two events or three, and two more for each order that was released."""
    exchange = after(issued(), Identify(AT + HOUR, "file 7"), Identify(AT + HOUR, ownership="invoice 17"))
    assert exchange.version == 3
    assert [exchange.replace(version=more).version for more in (5, 6)] == [5, 6]
    with pytest.raises(InvalidValue, match=r"Exchange\.version"):
        exchange.replace(version=version)


def test_papers_of_an_exchange_that_has_just_begun_are_none() -> None:
    with pytest.raises(InvalidValue, match=r"Exchange\.version"):
        issued().replace(identity="file 7")


def test_an_exchange_from_elsewhere_holds_no_number_of_a_document() -> None:
    told = after(issued(), Identify(AT + HOUR, "file 7", "invoice 17"), Void(AT + DAY, "withdrawn")).to_dict()
    for name, number in (("identity", "ABCDE1234F"), ("ownership", small.IMEI)):
        with pytest.raises(InvalidValue, match=f"Exchange\\.{name}") as caught:
            Exchange.from_dict({**told, name: number})
        assert number[:8] not in f"{caught.value}{vars(caught.value)}"


# ----- data that were wiped


@pytest.mark.parametrize("exchange", [inspected(), requoted()], ids=["inspected", "requoted"])
def test_a_phone_that_may_go_back_is_cleared_or_purged_and_not_destroyed(exchange: Exchange) -> None:
    for event in (CLEAR, PURGE):
        wiped = after(exchange, event)
        assert (kept(wiped).state, wiped.wiped) == (exchange.state, event)
    assert codes(apply(exchange, DESTROY)) == ("wipe_too_early",)


@pytest.mark.parametrize("event", [CLEAR, PURGE, DESTROY], ids=lambda event: event.method)
def test_a_phone_that_was_handed_over_is_wiped_by_any_method(event: Wipe) -> None:
    taken = after(inspected(), Complete(AT + 3 * HOUR, ORDER.id))
    agreed = after(requoted(), Agree(AT + 3 * HOUR, ACCOUNT))
    for exchange in (taken, agreed):
        wiped = kept(after(exchange, event))
        assert (wiped.state, wiped.wiped, wiped.at) == (exchange.state, event, event.at)
        assert wiped.handed_over_at == exchange.handed_over_at == AT + 3 * HOUR


@pytest.mark.parametrize("exchange", [issued(), reserved()], ids=["issued", "reserved"])
def test_a_phone_that_is_in_nobodys_hands_is_not_wiped(exchange: Exchange) -> None:
    assert codes(apply(exchange, CLEAR)) == ("event_not_possible",)


def test_a_wipe_is_recorded_once() -> None:
    exchange = after(inspected(), CLEAR, Complete(AT + DAY, ORDER.id))
    assert kept(exchange).wiped == CLEAR
    assert apply(exchange, CLEAR.replace(at=AT + 2 * DAY)) == exchange
    for other in (PURGE, CLEAR.replace(certificate="record 10")):
        assert codes(apply(exchange, other.replace(at=AT + 2 * DAY))) == ("already_recorded",)


def test_a_programme_can_demand_the_wipe_before_the_hand_over() -> None:
    assert codes(apply(inspected(WIPED), Complete(AT + DAY, ORDER.id))) == ("wipe_missing",)
    assert codes(apply(requoted(WIPED), Agree(AT + DAY, ACCOUNT))) == ("wipe_missing",)
    assert codes(apply(reserved(WIPED), Complete(AT + DAY, ORDER.id))) == ("wipe_missing",)
    assert after(inspected(WIPED), CLEAR, Complete(AT + DAY, ORDER.id)).state == State.COMPLETED
    agreed = after(requoted(WIPED), PURGE, Agree(AT + DAY, ACCOUNT))
    assert kept(agreed).wiped == PURGE
    assert kept(after(agreed, Reverse(AT + 2 * DAY, ORDER.id))).wiped == PURGE


def test_a_cancelled_order_takes_the_record_along() -> None:
    exchange = after(inspected(WIPED), CLEAR, Release(AT + DAY, ORDER.id))
    assert kept(exchange).wiped is None
    assert (exchange.state, exchange.examination) == (State.ISSUED, None)


def test_the_days_to_reverse_count_from_the_hand_over_and_not_from_the_wipe() -> None:
    exchange = after(trade.completed(), PURGE.replace(at=AT + 20 * DAY))
    last = AT + 3 * HOUR + 30 * DAY
    assert codes(apply(exchange, Reverse(last, ORDER.id))) == ("reversal_late",)
    undone = after(exchange, Reverse(last - TICK, ORDER.id))
    assert (kept(undone).state, undone.handed_over_at) == (State.REVERSED, None)


def test_a_phone_that_was_destroyed_is_not_given_back() -> None:
    """ExchangeRules.reversal: store credit of its value, or the old phone itself."""
    for reversal, is_given in (("store_credit", True), ("old_phone", False)):
        exchange = after(trade.completed(RULES.replace(reversal=reversal)), DESTROY)
        answer = apply(exchange, Reverse(AT + DAY, ORDER.id))
        assert isinstance(answer, Exchange) if is_given else codes(answer) == ("reversal_not_offered",)
    purged = after(trade.completed(RULES.replace(reversal="old_phone")), PURGE)
    assert after(purged, Reverse(AT + DAY, ORDER.id)).state == State.REVERSED


@pytest.mark.parametrize(
    "change",
    [{"handed_over": AT + HOUR}, {"wiped": CLEAR}, {"wiped": CLEAR, "handed_over": AT + HOUR}],
    ids=["hand-over", "wipe", "both"],
)
def test_a_record_that_no_history_leads_to_is_none(change: dict[str, Any]) -> None:
    for exchange in (trade.completed(), issued(), reserved()):
        with pytest.raises(InvalidValue):
            exchange.replace(**change)


# ----- a phone that is not sent


def test_an_order_whose_phone_is_not_sent_in_time_is_called_off_and_everything_is_paid() -> None:
    """docs/exchange.md: if the exchange is void and the customer keeps the goods, it is the whole of it."""
    exchange = kept(reserved(SENT))
    assert (exchange.due, exchange.send_until) == (UNTIL, UNTIL)
    assert codes(apply(exchange, Expire(UNTIL - TICK))) == ("event_not_due",)
    ended = kept(after(exchange, Expire(UNTIL)))
    assert (ended.state, ended.due, ended.coupon.code) == (State.VOID, None, exchange.code)
    assert ended.redemption is not None
    assert ended.to_pay_at_the_door == ended.redemption.discount + ended.redemption.store_credit


def test_without_a_time_to_send_an_order_waits_for_ever() -> None:
    exchange = reserved()
    assert (exchange.due, exchange.send_until) == (None, None)
    answer = apply(exchange, Expire(AT + 3_650 * DAY))
    assert codes(answer) == ("event_not_possible",)
    assert isinstance(answer, Refusal)
    assert answer.reasons[0].remedy == "What is possible now: identify, send, release, inspect, complete, void"
    assert after(exchange, Complete(AT + 3_650 * DAY, ORDER.id)).state == State.COMPLETED


LATE: list[Event] = [
    Send(UNTIL, ORDER.id),
    Inspect(UNTIL, ORDER.id, found(1_000_000)),
    Complete(UNTIL, ORDER.id),
]


@pytest.mark.parametrize("event", LATE, ids=lambda event: event.kind)
def test_what_comes_too_late_is_refused_whether_a_sweep_ran_or_not(event: Event) -> None:
    assert codes(apply(reserved(SENT), event)) == ("send_late",)
    in_time = after(reserved(SENT), event.replace(at=UNTIL - TICK))
    assert kept(in_time).version == 3
    assert isinstance(apply(reserved(SENT), Release(UNTIL, ORDER.id)), Exchange), "the order can be cancelled"


def test_a_phone_that_was_sent_in_time_may_arrive_at_any_time() -> None:
    exchange = kept(after(reserved(SENT), Send(UNTIL - TICK, ORDER.id)))
    assert (exchange.state, exchange.due, exchange.sent_at) == (State.RESERVED, None, UNTIL - TICK)
    assert codes(apply(exchange, Expire(UNTIL))) == ("event_not_possible",)
    assert apply(exchange, Send(UNTIL + DAY, ORDER.id)) == exchange
    assert codes(apply(exchange, Send(UNTIL + DAY, "order-2"))) == ("order_other",)
    seen = kept(after(exchange, Inspect(UNTIL + 9 * DAY, ORDER.id, found(1_000_000))))
    assert kept(after(seen, Complete(UNTIL + 10 * DAY, ORDER.id))).sent_at == UNTIL - TICK
    assert kept(after(exchange, Complete(UNTIL + 9 * DAY, ORDER.id))).state == State.COMPLETED
    assert kept(after(exchange, Release(UNTIL + DAY, ORDER.id))).sent_at is None


def test_a_hand_over_in_time_is_undone_after_it() -> None:
    exchange = after(reserved(SENT), Complete(AT + DAY, ORDER.id))
    assert kept(after(exchange, Reverse(AT + 30 * DAY, ORDER.id))).state == State.REVERSED


# ----- a phone that is still locked


def test_a_locked_phone_is_waited_for_and_called_off_if_it_stays_so() -> None:
    """ExchangeRules.unlock_hours: how long the customer may take; then a sweep calls the exchange off."""
    exchange, until = kept(locked()), AT + 2 * HOUR + 3 * DAY
    assert (exchange.state, exchange.unlock_until, exchange.due) == (State.RESERVED, until, until)
    assert codes(apply(exchange, Expire(until - TICK))) == ("event_not_due",)
    ended = kept(after(exchange, Expire(until)))
    assert (ended.state, ended.examination) == (State.VOID, LOCKED)
    assert ended.redemption is not None
    assert ended.to_pay_at_the_door == ended.redemption.discount
    for event in (Inspect(until, ORDER.id, found(1_000_000)), Complete(until, ORDER.id)):
        assert codes(apply(exchange, event)) == ("unlock_late",)


@pytest.mark.parametrize(("value", "state"), [(1_000_000, State.INSPECTED), (900_000, State.REQUOTED)])
def test_a_phone_that_was_unlocked_in_time_is_inspected_as_any_other(value: int, state: State) -> None:
    exchange = kept(after(locked(), Inspect(AT + DAY, ORDER.id, found(value))))
    assert (exchange.state, exchange.unlock_until) == (state, AT + 2 * HOUR + 3 * DAY)
    ends = Complete(AT + 2 * DAY, ORDER.id) if state == State.INSPECTED else Agree(AT + 2 * DAY, ACCOUNT)
    taken = kept(after(exchange, ends))
    wiped = kept(after(taken, PURGE.replace(at=AT + 3 * DAY)))
    assert kept(after(wiped, Reverse(AT + 4 * DAY, ORDER.id))).version == 7
    gone = Examination("not_taken", trade.SAID, reasons=(reason_of(ReasonCode.OTHER_DEVICE),))
    assert kept(after(locked(), Inspect(AT + DAY, ORDER.id, gone))).state == State.VOID


def test_a_phone_that_is_locked_again_gets_no_more_time() -> None:
    exchange = locked()
    again = LOCKED.replace(reasons=LOCKS[1:])
    assert codes(apply(exchange, Inspect(AT + DAY, ORDER.id, again))) == ("accounts_present",)
    assert apply(exchange, Inspect(AT + DAY, ORDER.id, LOCKED)) == exchange, "that is a retry"
    assert codes(apply(exchange, Complete(AT + DAY, ORDER.id))) == ("inspection_missing",)
    assert codes(apply(exchange, Send(AT + DAY, ORDER.id))) == ("already_recorded",)
    assert kept(after(exchange, Release(AT + DAY, ORDER.id))).unlock_until is None
    assert kept(after(exchange, Identify(AT + DAY, "file 7"))).examination == LOCKED
    assert kept(after(exchange, Void(AT + DAY, "withdrawn"))).examination == LOCKED


def test_without_a_time_to_unlock_a_lock_changes_nothing() -> None:
    exchange = reserved()
    assert codes(apply(exchange, Inspect(AT + DAY, ORDER.id, LOCKED))) == ("screen_lock_on", "accounts_present")
    with pytest.raises(InvalidValue, match=r"Exchange\.(state|order|examination)"):
        locked().replace(rules=RULES)


def look(rules: ExchangeRules | None, **changes: Any) -> Examination | Refusal:  # noqa: ANN401 - as of `trade.seen`
    quote = trade.quote(rules)
    tokens = trade.issued(rules or RULES).coupon.device_tokens
    inspection = trade.seen(**changes)
    return examine(quote.without_imei(), inspection, trade.programme(rules), device_tokens=tokens, key=KEY)


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"screen_lock_off": False}, ("screen_lock_on",)),
        ({"accounts_removed": False}, ("accounts_present",)),
        ({"screen_lock_off": False, "accounts_removed": False}, ("screen_lock_on", "accounts_present")),
    ],
)
def test_a_lock_is_a_finding_where_the_terms_give_time(changes: dict[str, Any], reasons: tuple[str, ...]) -> None:
    """Whatever else can be seen of a locked phone, it cannot be judged: no answer and no evidence is asked for."""
    seen = look(UNLOCKED, answers=Condition({"glass": "scratched", "colour": "red"}), memory_card_out=False, **changes)
    assert isinstance(seen, Examination)
    assert (seen.kind, tuple(reason.code.value for reason in seen.reasons)) == ("locked", reasons)
    assert (seen.unasked, seen.coupon_value, len(seen.device_tokens)) == (("colour=red",), 0, 1)
    for rules in (RULES, None):
        assert set(reasons) < set(codes(look(rules, memory_card_out=False, **changes)))


def test_a_locked_phone_is_known_before_it_is_waited_for() -> None:
    """Of a phone whose IMEI cannot be seen, or is another, nobody knows whose time runs."""
    unknown = look(UNLOCKED, imeis=(), accounts_removed=False)
    assert codes(unknown) == ("imei_missing", "accounts_present")
    assert codes(look(UNLOCKED, imeis=(trade.OTHER,), accounts_removed=False)) == ("accounts_present",)


# ----- all of them


def test_a_whole_life_is_the_fold_of_its_events() -> None:
    rules = PAPERS.replace(wipe="before_hand_over", send_days=14, unlock_hours=72)
    first = acceptance(trade.quote(rules), trade.programme(rules), account=ACCOUNT, at=AT, key=KEY)
    assert isinstance(first, Accept)
    history: Iterable[Event] = (
        first,
        Identify(AT, "file 7"),
        Reserve(AT + HOUR, ORDER, ACCOUNT),
        Send(AT + DAY, ORDER.id),
        Inspect(AT + 2 * DAY, ORDER.id, LOCKED),
        Inspect(AT + 3 * DAY, ORDER.id, found(910_000)),
        Identify(AT + 3 * DAY, ownership="invoice 17"),
        PURGE.replace(at=AT + 3 * DAY),
        Agree(AT + 4 * DAY, ACCOUNT),
        Reverse(AT + 5 * DAY, ORDER.id),
    )
    exchange = fold(type(event).from_json(event.to_json()) for event in history)
    assert (kept(exchange).state, exchange.version) == (State.REVERSED, 10)
    assert not [text for text in ("file 7", "invoice 17", "record 9") if text in repr(exchange)]


def test_terms_that_say_nothing_of_it_are_as_before() -> None:
    """An older programme demands nothing, and sets no time: what it led to is what it leads to."""
    begun = accept(trade.quote(), trade.programme(), account=ACCOUNT, at=AT, key=KEY)
    assert isinstance(begun, Exchange)
    rules = begun.rules
    assert (rules.identity_above_minor, rules.ownership_above_minor, rules.wipe) == (None, None, "optional")
    assert (rules.send_days, rules.unlock_hours) == (0, 0)
    older = {**begun.to_dict(), "rules": {name: rules.to_dict()[name] for name in (*rules.to_dict(),)[:14]}}
    added = {"identity", "ownership", "sent_at", "unlock_until", "wiped", "handed_over"}
    assert not added & older.keys(), "what is not used is not written, so that an older version reads it"
    assert Exchange.from_dict(older) == begun.replace(rules=rules.replace(source=""))


# ----- a lower value in steps, and unasked

LOWER = RULES.replace(mismatch="lower", decide_hours=0, return_below_bps=7_500)
STEPS = RULES.replace(return_below_bps=7_500)


@pytest.mark.parametrize(
    ("rules", "value", "state"),
    [
        (LOWER, 975_100, State.INSPECTED),
        (LOWER, 746_250, State.INSPECTED),
        (LOWER, 746_249, State.VOID),
        (STEPS, 975_099, State.REQUOTED),
        (STEPS, 746_250, State.REQUOTED),
        (STEPS, 746_249, State.VOID),
        (RULES, 1, State.REQUOTED),
    ],
)
def test_below_a_share_the_phone_goes_back_and_above_it_the_policy_decides(
    rules: ExchangeRules, value: int, state: State
) -> None:
    """ExchangeRules.return_below_bps: worth less than this share of the coupon's value, which is 995,000 here."""
    assert kept(inspected(rules, value)).state == state


def test_a_lower_value_that_is_paid_unasked_is_settled_at_the_hand_over() -> None:
    """ExchangeRules.mismatch: take the phone at its lower value without asking."""
    exchange = kept(inspected(LOWER, 800_000))
    assert (exchange.decide_until, exchange.due, exchange.exchange_value) == (None, None, 800_000)
    assert exchange.settlement is not None
    assert exchange.to_pay_at_the_door == 195_000
    for event in (Agree(AT + DAY, ACCOUNT), Decline(AT + DAY, ACCOUNT)):
        assert codes(apply(exchange, event)) == ("event_not_possible",)
    done = kept(after(exchange, CLEAR, Complete(AT + DAY, ORDER.id)))
    assert (done.state, done.to_pay_at_the_door, done.handed_over_at) == (State.ADJUSTED, 195_000, AT + DAY)
    undone = kept(after(done, Reverse(AT + 2 * DAY, ORDER.id)))
    assert (undone.credit_of_reversal, undone.to_pay_at_the_door) == (800_000, 0)


def test_a_tolerated_shortfall_is_honoured_before_any_step() -> None:
    exchange = inspected(LOWER, 975_100)
    assert (exchange.settlement, exchange.to_pay_at_the_door) == (None, 0)
    assert kept(after(exchange, Complete(AT + DAY, ORDER.id))).state == State.COMPLETED


def test_a_cancelled_order_forgets_the_lower_value() -> None:
    exchange = kept(after(inspected(LOWER, 800_000), Release(AT + DAY, ORDER.id)))
    assert (exchange.settlement, exchange.exchange_value) == (None, 995_000)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"mismatch": "cancel", "decide_hours": 0, "return_below_bps": 1}, "return_below_bps"),
        ({"tolerance_bps": 2_501, "return_below_bps": 7_500}, "return_below_bps"),
        ({"mismatch": "lower", "return_below_bps": 1}, "decide_hours"),
        ({"payment": "after_inspection"}, "payment"),
    ],
)
def test_rules_that_cannot_all_be_read_are_refused(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        RULES.replace(**change)
    assert caught.value.field == f"ExchangeRules.{field}"


# ----- paid after the inspection

PAID_LATER = RULES.replace(payment="after_inspection", inspection="required")


def test_what_is_paid_after_the_inspection_is_nothing_at_checkout() -> None:
    """ExchangeRules.payment: the order is paid in full, and what the phone is worth once it was handed over."""
    exchange = kept(reserved(PAID_LATER))
    assert (exchange.to_pay_at_checkout, exchange.refund) == (1_200_000, 0)
    assert reserved().to_pay_at_checkout == 205_000
    assert (issued(PAID_LATER).to_pay_at_checkout, issued(PAID_LATER).refund) == (0, 0)
    assert inspected(PAID_LATER).refund == 0
    done = after(inspected(PAID_LATER), Complete(AT + DAY, ORDER.id))
    assert (kept(done).refund, done.to_pay_at_the_door, trade.completed().refund) == (995_000, 0, 0)
    adjusted = after(inspected(PAID_LATER, 800_000), Agree(AT + DAY, ACCOUNT))
    assert (adjusted.refund, adjusted.to_pay_at_the_door) == (800_000, 0)
    undone = after(adjusted, Reverse(AT + 2 * DAY, ORDER.id))
    assert (undone.refund, undone.credit_of_reversal) == (800_000, 800_000)
    off = after(reserved(PAID_LATER), Void(AT + DAY, "withdrawn"))
    assert (off.refund, off.to_pay_at_the_door, off.to_pay_at_checkout) == (0, 0, 1_200_000)


# ----- a coupon without end, a surplus in cash


def using(**usage: Any) -> Exchange:  # noqa: ANN401 - any of the rules of use
    """Return an exchange whose coupon may be used otherwise."""
    begun = issued()
    changed = begun.coupon.usage.replace(**usage)
    until = changed.until(begun.coupon.valid_from)
    return begun.replace(coupon=begun.coupon.replace(usage=changed, valid_until=until))


def test_a_coupon_without_end_is_valid_for_ever_and_stays_so() -> None:
    """UsageRules.valid_days: 0 sets no end."""
    exchange = kept(using(valid_days=0))
    assert (exchange.coupon.valid_until, exchange.due) == (None, None)
    late = AT + timedelta(days=40_000)
    assert codes(apply(exchange, Expire(late))) == ("event_not_possible",)
    for validity in ("remaining", "full"):
        begun = exchange.replace(rules=exchange.rules.replace(released_validity=validity))
        freed = kept(after(begun, Reserve(late, ORDER, ACCOUNT), Release(late, ORDER.id)))
        assert freed.coupon.valid_until is None
        assert kept(after(freed, Reserve(late + DAY, ORDER, ACCOUNT))).state == State.RESERVED


def test_the_end_of_a_coupon_is_that_of_its_rules() -> None:
    coupon = issued().coupon
    for change in ({"valid_until": None}, {"usage": coupon.usage.replace(valid_days=0)}):
        with pytest.raises(InvalidValue, match=r"Coupon\.valid_until"):
            coupon.replace(**change)


def test_a_surplus_in_cash_is_paid_out_and_taken_back() -> None:
    """UsageRules.surplus: it comes back as cash."""
    cheap = ORDER.replace(lines=(ORDER.lines[0].replace(price_minor=300_000),))
    exchange = kept(after(using(surplus="cash"), Reserve(AT + HOUR, cheap, ACCOUNT)))
    assert exchange.redemption is not None
    assert (exchange.redemption.cash, exchange.redemption.store_credit, exchange.redemption.forfeited) == (
        695_000,
        0,
        0,
    )
    requote = kept(after(exchange, Inspect(AT + 2 * HOUR, ORDER.id, found(800_000))))
    assert requote.to_pay_at_the_door == 195_000
    assert after(exchange, Void(AT + DAY, "withdrawn")).to_pay_at_the_door == 995_000
    agreed = after(requote, Agree(AT + DAY, ACCOUNT), Reverse(AT + 2 * DAY, ORDER.id))
    assert agreed.credit_of_reversal == 300_000
    back = exchange.replace(rules=exchange.rules.replace(reversal="old_phone"))
    taken = after(back, Complete(AT + DAY, ORDER.id), Reverse(AT + 2 * DAY, ORDER.id))
    assert taken.credit_of_reversal == -695_000


# ----- picked up in vain

VISITED = RULES.replace(pickup_attempts=3, send_days=7)
FIRST, SECOND, THIRD = (Attempt(AT + number * DAY, ORDER.id, f"visit {number}") for number in (1, 2, 3))


def test_the_last_attempt_that_the_rules_allow_calls_the_exchange_off() -> None:
    """Google Store in India: three attempts within seven days, then it is cancelled."""
    exchange = kept(after(reserved(VISITED), FIRST, SECOND))
    assert (exchange.state, exchange.attempts) == (State.RESERVED, (FIRST, SECOND))
    ended = kept(after(exchange, THIRD))
    assert (ended.state, ended.attempts, ended.to_pay_at_the_door) == (State.VOID, (FIRST, SECOND, THIRD), 995_000)
    assert apply(ended, THIRD.replace(at=AT + 9 * DAY)) == ended


def test_an_attempt_that_is_told_again_counts_once() -> None:
    exchange = after(reserved(VISITED), FIRST, SECOND)
    for again in (FIRST, SECOND):
        assert apply(exchange, again.replace(at=AT + 3 * DAY)) == exchange


def test_what_is_on_record_may_be_told_again_after_another_event() -> None:
    """Word for word, at any later instant; with another word it is another event."""
    sent, papers = Send(AT + 2 * DAY, ORDER.id), Identify(AT + 3 * DAY, "file 7")
    held = after(reserved(VISITED), FIRST, sent, papers)
    asked = after(held, Inspect(AT + 4 * DAY, ORDER.id, found(900_000)))
    wiped = after(asked, Wipe(AT + 4 * DAY, "clear", "record 9"), Identify(AT + 5 * DAY, ownership="file 8"))
    for exchange, again, other in (
        (held, sent, sent.replace(order="another")),
        (wiped, Wipe(AT, "clear", "record 9"), Wipe(AT, "purge", "record 9")),
        (wiped, Identify(AT, "file 7", "file 8"), Identify(AT, "file 9", "file 8")),
        (wiped, Identify(AT, "file 7"), Identify(AT, "file 7", "file 7")),
        (wiped, Identify(AT, ownership="file 8"), Identify(AT, ownership="file 9")),
    ):
        later = exchange.at + HOUR
        assert apply(exchange, again.replace(at=later)) == exchange
        assert apply(exchange, other.replace(at=later)) != exchange
    assert codes(apply(reserved(VISITED), sent.replace(order="another"))) == ("order_other",)


@pytest.mark.parametrize(
    ("exchange", "event", "code"),
    [
        (reserved(), FIRST, "event_not_possible"),
        (reserved(VISITED), FIRST.replace(order="another"), "order_other"),
        (after(reserved(VISITED), Send(AT + 2 * HOUR, ORDER.id)), FIRST, "event_not_possible"),
        (locked(VISITED.replace(unlock_hours=72)), FIRST, "event_not_possible"),
        (reserved(VISITED), FIRST.replace(at=AT + HOUR + 7 * DAY), "send_late"),
        (issued(VISITED), FIRST, "event_not_possible"),
        (inspected(VISITED), FIRST, "event_not_possible"),
    ],
    ids=["uncounted", "another order", "sent", "seen", "late", "no order", "inspected"],
)
def test_an_attempt_is_none_where_nobody_comes_for_the_phone(exchange: Exchange, event: Attempt, code: str) -> None:
    assert codes(apply(exchange, event)) == (code,)


def test_what_is_possible_names_attempts_only_where_they_are_counted() -> None:
    for rules, is_named in ((RULES, False), (VISITED, True)):
        answer = apply(reserved(rules), Wipe(AT + DAY, "clear", "record 9"))
        assert isinstance(answer, Refusal)
        assert ("attempt" in answer.reasons[0].remedy) is is_named


def test_a_cancelled_order_forgets_the_attempts() -> None:
    freed = kept(after(reserved(VISITED), FIRST, Release(AT + 2 * DAY, ORDER.id)))
    assert freed.attempts == ()
    held = after(freed, Reserve(AT + 3 * DAY, ORDER, ACCOUNT), THIRD)
    assert kept(held).attempts == (THIRD,)


@pytest.mark.parametrize(("many", "fits"), [(100, True), (101, False)])
def test_a_carrier_comes_a_hundred_times_at_most(many: int, *, fits: bool) -> None:
    with pytest.raises(InvalidValue) as caught:  # so many are no history of these rules in any case
        issued(VISITED).replace(attempts=(FIRST,) * many)
    assert (caught.value.rule != "give up to 100 elements") is fits


def test_attempts_that_no_history_leads_to_are_none() -> None:
    for exchange in (issued(VISITED), reserved(VISITED), reserved()):
        with pytest.raises(InvalidValue):
            exchange.replace(attempts=(FIRST,))


# ----- days that do not count

HOLIDAYS = (DaysOff(AT + DAY, AT + 3 * DAY, "a holiday"), DaysOff(AT + 15 * DAY, AT + 16 * DAY, "another"))


def test_days_off_move_what_is_counted_in_days() -> None:
    """ExchangeRules.days_off: the days that do not count in send_days and reversal_days."""
    rules = SENT.replace(days_off=HOLIDAYS)
    assert kept(reserved(rules)).send_until == UNTIL + 3 * DAY
    done = after(trade.completed(rules.replace(reversal_days=14)), CLEAR)
    last = AT + 3 * HOUR + 17 * DAY
    assert codes(apply(done, Reverse(last, ORDER.id))) == ("reversal_late",)
    assert kept(after(done, Reverse(last - TICK, ORDER.id))).state == State.REVERSED


@pytest.mark.parametrize(
    ("since", "end"),
    [
        (AT + 3 * DAY, AT + 5 * DAY),
        (AT - DAY, AT + DAY),
        (AT - DAY + TICK, AT + 3 * DAY + TICK),
        (AT + 2 * DAY, AT + 5 * DAY),
    ],
    ids=["after", "ends where it begins", "a moment too long", "from within"],
)
def test_days_off_count_only_where_they_are_between(since: datetime, end: datetime) -> None:
    assert RULES.replace(days_off=HOLIDAYS[:1]).after_days(since, 2) == end


@pytest.mark.parametrize("days_off", [HOLIDAYS[::-1], (HOLIDAYS[0], HOLIDAYS[0].replace(begins=AT + 2 * DAY))])
def test_days_off_stand_in_their_order_and_none_twice(days_off: tuple[DaysOff, ...]) -> None:
    with pytest.raises(InvalidValue) as caught:
        RULES.replace(days_off=days_off)
    assert caught.value.field == "ExchangeRules.days_off.1.begins"


@pytest.mark.parametrize("days", [-1, 3_651, 10**12])
def test_a_deadline_is_within_ten_years(days: int) -> None:
    with pytest.raises(InvalidValue):
        RULES.after_days(AT, days)
