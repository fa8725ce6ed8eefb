"""A coupon that comes only after the inspection: nothing can be used before, and its worth and its days are of then."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from miexchange import Coupon, Exchange, InvalidValue, Programme, Refusal, coupon_for, issue, lint
from miexchange.catalogue import Device
from miexchange.events import (
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
from miexchange.exchange import State, apply
from miexchange.inspection import Examination
from miexchange.programme import Authority
from miexchange.refusal import Reason, ReasonCode
from unit import small, trade
from unit.command import run
from unit.trade import ACCOUNT, HOUR, ORDER, RULES, TICK, after, found, issued

if TYPE_CHECKING:
    from miexchange.events import Event
    from miexchange.programme import ExchangeRules

AT, DAY = small.AT, timedelta(days=1)
LATER = RULES.replace(inspection="required", coupon="after_inspection", send_days=7, pickup_attempts=3, unlock_hours=48)
AUTHORITY = Authority("agent", 500_000, 500_000, 30)
LOCKED = Examination("locked", trade.SAID, reasons=(Reason(ReasonCode.ACCOUNTS_PRESENT, "An account", "Sign out"),))
CRACKED = Examination("not_taken", trade.SAID, reasons=(Reason(ReasonCode.CONDITION_GATE, "Cracked", "Repair it"),))


def waiting(rules: ExchangeRules = LATER) -> Exchange:
    return issued(rules)


CODE = waiting().code


def seen(days: int, what: Examination) -> Inspect:
    return Inspect(AT + days * DAY, CODE, what)


def credited(value: int = 995_000, rules: ExchangeRules = LATER) -> Exchange:
    return after(waiting(rules), seen(3, found(value)))


def codes(answer: Exchange | Refusal | Coupon) -> tuple[str, ...]:
    assert isinstance(answer, Refusal)
    return answer.codes


def test_nothing_can_be_used_before_the_inspection() -> None:
    begun = waiting()
    assert (begun.state, begun.coupon.awaited, begun.coupon.valid_until) == (State.ISSUED, True, None)
    assert not begun.coupon.is_valid_at(AT)
    assert "once the phone was inspected" in begun.coupon._repr_html_()
    assert codes(apply(begun, Reserve(AT, ORDER, ACCOUNT))) == ("coupon_awaited",)
    checked = begun.coupon.check(ORDER, account=ACCOUNT, at=AT)
    assert isinstance(checked, Refusal)
    assert checked.codes == ("coupon_awaited",)
    assert begun.coupon.is_sealed_by(small.KEY)


def test_every_verb_that_issues_a_coupon_says_so() -> None:
    programme, quote = trade.programme(LATER), trade.quote(LATER)
    coupon = issue(quote, programme, account=ACCOUNT, at=AT, key=small.KEY)
    at_once = coupon_for(
        Device(small.MODEL, trade.IMEI, trade.IMEI2), trade.SAID, programme, account=ACCOUNT, at=AT, key=small.KEY
    )
    assert isinstance(coupon, Coupon)
    assert coupon == at_once == waiting().coupon
    assert '"awaited"' not in issued().coupon.to_json(), "the form of a coupon of now"
    with pytest.raises(InvalidValue, match="give the end of its window"):
        coupon.replace(awaited=False)


def test_the_days_count_from_the_inspection() -> None:
    for value in (995_000, 990_000, 1_200_000):  # as quoted, within the tolerance, and more than quoted
        exchange = credited(value)
        assert exchange.state == State.ISSUED
        assert (exchange.coupon.valid_from, exchange.coupon.value) == (AT + 3 * DAY, 995_000)
        assert exchange.due == exchange.coupon.valid_until == AT + 17 * DAY
        used = after(exchange, Reserve(AT + 10 * DAY, ORDER, ACCOUNT), Complete(AT + 11 * DAY, ORDER.id))
        assert (used.state, used.redemption and used.redemption.to_pay) == (State.COMPLETED, 205_000)
        assert (used.to_pay_at_checkout, used.to_pay_at_the_door, used.refund) == (205_000, 0, 0)
    assert codes(apply(credited(), Reserve(AT + 17 * DAY, ORDER, ACCOUNT))) == ("coupon_expired",)
    assert after(credited(), Expire(AT + 17 * DAY)).state == State.EXPIRED


def test_the_coupon_is_worth_what_the_phone_was_found_to_be() -> None:
    asked = credited(900_000)
    assert (asked.state, asked.exchange_value, asked.settlement) == (State.REQUOTED, 900_000, None)
    assert asked.due == AT + 3 * DAY + timedelta(hours=LATER.decide_hours)
    agreed = after(asked, Agree(AT + 3 * DAY + HOUR, ACCOUNT))
    assert (agreed.state, agreed.coupon.value, agreed.exchange_value) == (State.ISSUED, 900_000, 900_000)
    assert agreed.coupon.valid_from == AT + 3 * DAY + HOUR
    assert after(asked, Decline(AT + 3 * DAY + HOUR, ACCOUNT)).state == State.VOID
    unasked = credited(900_000, LATER.replace(mismatch="lower", decide_hours=0))
    assert (unasked.state, unasked.coupon.value) == (State.ISSUED, 900_000)
    back = credited(500_000, LATER.replace(return_below_bps=7_500))
    assert (back.state, back.coupon.awaited) == (State.VOID, True)
    assert after(waiting(), seen(3, CRACKED)).state == State.VOID


def test_a_person_may_agree_to_more() -> None:
    asked = credited(900_000, LATER.replace(authorities=(AUTHORITY,)))
    at = asked.at + HOUR
    part = after(asked, Override(at, CODE, 940_000, "agent", "p-7", "goodwill"))
    assert (part.state, part.exchange_value) == (State.REQUOTED, 940_000)
    agreed = after(part, Agree(at + HOUR, ACCOUNT))
    assert (agreed.state, agreed.coupon.value) == (State.ISSUED, 940_000)
    whole = after(asked, Override(at, CODE, 995_000, "agent", "p-7", "goodwill"))
    assert (whole.state, whole.coupon.value, whole.coupon.valid_from) == (State.ISSUED, 995_000, at)
    for exchange in (part, agreed, whole, after(agreed, Reserve(at + DAY, ORDER, ACCOUNT))):
        assert Exchange.from_json(exchange.to_json()) == exchange


def test_what_is_demanded_of_a_hand_over_is_demanded_of_the_inspection() -> None:
    strict = waiting(LATER.replace(identity_above_minor=950_000, ownership_above_minor=0))
    assert codes(apply(strict, seen(1, found(995_000)))) == ("identity_missing", "ownership_missing")
    known = after(strict, Identify(AT + HOUR, identity="file 7", ownership="invoice 3"))
    assert after(known, seen(1, found(995_000))).coupon.awaited is False
    cheap = after(strict, Identify(AT + HOUR, ownership="invoice 3"), seen(1, found(900_000)))
    assert after(cheap, Agree(cheap.at + HOUR, ACCOUNT)).coupon.value == 900_000, "no identity is asked of that"


def test_the_phone_is_sent_for_the_coupon() -> None:
    begun = waiting()
    assert begun.due == AT + 7 * DAY
    assert codes(apply(begun, Send(AT + DAY, ORDER.id))) == ("order_other",)
    assert codes(apply(begun, Send(AT + 7 * DAY, CODE))) == ("send_late",)
    assert after(begun, Expire(AT + 7 * DAY)).state == State.EXPIRED
    sent = after(begun, Send(AT + DAY, CODE))
    assert (sent.state, sent.due) == (State.ISSUED, None)
    assert apply(sent, Send(AT + 2 * DAY, CODE)) == sent
    tried = after(begun, *(Attempt(AT + number * HOUR, CODE, f"visit {number}") for number in (1, 2)))
    assert (tried.state, len(tried.attempts)) == (State.ISSUED, 2)
    assert after(tried, Attempt(AT + DAY, CODE, "visit 3")).state == State.VOID
    locked = after(begun, seen(1, LOCKED))
    assert (locked.state, locked.due) == (State.ISSUED, AT + 3 * DAY)
    assert codes(apply(locked, seen(4, found(995_000)))) == ("unlock_late",)
    assert after(locked, seen(2, found(995_000))).coupon.awaited is False


def test_the_phone_stays_where_an_order_goes() -> None:
    held = after(credited(), Reserve(AT + 4 * DAY, ORDER, ACCOUNT))
    assert held.due is None
    assert codes(apply(held, Inspect(AT + 5 * DAY, ORDER.id, found(1)))) == ("already_recorded",)
    assert codes(apply(held, Send(AT + 5 * DAY, ORDER.id))) == ("already_recorded",)
    free = after(held, Release(AT + 6 * DAY, ORDER.id))
    assert (free.state, free.examination, free.order) == (State.ISSUED, found(995_000), None)
    assert free.coupon.valid_until == AT + 19 * DAY, "the thirteen days that were left"
    assert codes(apply(free, seen(7, found(1)))) == ("event_not_possible",)
    assert (waiting().bought_at, held.bought_at, held.handed_over_at) == (None, AT + 3 * DAY, None)
    again = after(free, Reserve(AT + 7 * DAY, ORDER.replace(id="order-2"), ACCOUNT), Complete(AT + 8 * DAY, "order-2"))
    wiped = after(again, Wipe(AT + 9 * DAY, "destroy", "reset 9"))
    for exchange in (held, free, again, wiped, after(wiped, Reverse(AT + 9 * DAY, "order-2"))):
        assert Exchange.from_json(exchange.to_json()) == exchange


def test_what_is_possible_is_said() -> None:
    answer = apply(waiting(), Complete(AT, CODE))
    assert isinstance(answer, Refusal)
    assert answer.reasons[0].remedy.endswith("identify, send, attempt, inspect, expire, void")
    answer = apply(credited(), Complete(AT + 4 * DAY, CODE))
    assert isinstance(answer, Refusal)
    assert answer.reasons[0].remedy.endswith("identify, reserve, expire, void")


@pytest.mark.parametrize(
    ("field", "value"), [("inspection", "optional"), ("payment", "after_inspection"), ("wipe", "before_hand_over")]
)
def test_rules_that_do_not_go_with_it(field: str, value: str) -> None:
    rules = LATER.replace(coupon="at_acceptance", inspection="required")
    with pytest.raises(InvalidValue, match='or coupon = "at_acceptance"'):
        rules.replace(coupon="after_inspection", **{field: value})


FORGED: list[tuple[Exchange, dict[str, Any], str]] = [
    (credited(), {"examination": None}, "is not that of a phone that was taken"),
    (credited(), {"examination": CRACKED.to_dict()}, "is not that of a phone that was taken"),
    (
        credited(900_000, LATER.replace(mismatch="lower", decide_hours=0)),
        {"examination": found(950_000).to_dict()},
        "is not that of the quote",
    ),
    (credited(), {"version": 1}, "give the number of its events"),
    (credited(), {"version": 5}, "give the number of its events"),
    (waiting(), {"version": 4}, "give the number of its events"),
    (after(credited(), Identify(AT + 4 * DAY, "file 7")), {"version": 1}, "give the number of its events"),
]


@pytest.mark.parametrize("number", range(len(FORGED)))
def test_an_exchange_that_no_history_leads_to_is_none(number: int) -> None:
    exchange, change, words = FORGED[number]
    assert Exchange.from_dict(exchange.to_dict()) == exchange
    with pytest.raises(InvalidValue, match=words):
        Exchange.from_dict({**exchange.to_dict(), **change})


def drawn(exchange: Exchange, random: Random) -> Event:
    """Return any event, mostly in time and by the right order."""
    at = exchange.at + random.choice((HOUR, DAY, 3 * DAY, TICK))
    if exchange.due is not None and random.random() < 0.1:
        at = exchange.due
    of = random.choice((CODE if exchange.order is None else exchange.order.id,) * 4 + (ORDER.id, CODE))
    events: list[Event] = [
        Reserve(at, ORDER, ACCOUNT),
        Release(at, of),
        Inspect(at, of, random.choice((found(995_000), found(900_000), found(950_000), LOCKED, CRACKED))),
        Agree(at, ACCOUNT),
        Decline(at, ACCOUNT),
        Complete(at, of),
        Send(at, of),
        Attempt(at, of, random.choice(("visit 1", "visit 2"))),
        Override(at, of, random.choice((940_000, 995_000)), "agent", "p-7", "goodwill"),
        Identify(at, random.choice(("file 7", "")), "invoice 3"),
        Wipe(at, random.choice(("clear", "destroy")), "reset 9"),
        Expire(at),
        Void(at, "withdrawn"),
        Reverse(at, of),
    ]
    return random.choice((*events, *events[:6] * 2))


def test_every_history_keeps_the_promises() -> None:
    """Nobody is richer than the phone was worth, one order has the coupon, and what was kept is read back."""
    random, states = Random(7), set()  # noqa: S311 - nothing secret is drawn
    rules = LATER.replace(authorities=(AUTHORITY,), reversal="store_credit", reversal_days=9)
    for number in range(24):
        exchange = waiting(rules.replace(mismatch=("difference", "lower")[number % 2], **LOWER[number % 2]))
        for _ in range(12):
            following = apply(exchange, drawn(exchange, random))
            if isinstance(following, Refusal):
                continue
            exchange = following
            states.add(exchange.state)
            assert Exchange.from_json(exchange.to_json()) == exchange
            redemption, worth = exchange.redemption, exchange.coupon.value
            assert worth <= exchange.quote.coupon_value
            assert exchange.order is None or not exchange.coupon.awaited
            assert redemption is None or redemption.given <= worth
            assert exchange.credit_of_reversal <= worth
    assert states >= {State.ISSUED, State.RESERVED, State.REQUOTED, State.COMPLETED, State.VOID}


BEGIN = "2024-06-03T12:00Z"
LOWER: tuple[dict[str, Any], ...] = ({}, {"decide_hours": 0, "authorities": ()})


def test_the_command_says_that_a_coupon_is_awaited(tmp_path: Path) -> None:
    plain = Path(__file__).parents[1] / "cases" / "google-store-us"
    directory = Programme.load(plain).save(tmp_path / "later")
    toml = directory / "programme.toml"
    text = toml.read_text("utf-8").replace('payment = "after_inspection"', 'coupon = "after_inspection"')
    toml.write_text(text, "utf-8")
    assert lint(directory) == ()
    key = tmp_path / "key"
    key.write_text("a key of sixteen bytes or more")
    asked = ("quote", "--programme", f"{directory}", "--model", "google-pixel-7-128", "--imei", "354178031234566")
    code, out, error = run(*asked, "--best", "--at", f"{BEGIN}", "--account", "asha", "--key-file", f"{key}")
    assert code == 0, (out, error)
    said = " ".join(out.split())
    assert "from the inspection of the old phone, which says what it is worth" in said
    assert "up to 10 old phones for one order" in said
