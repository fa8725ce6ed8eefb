"""The effect of each event on an exchange: the next state with its changes, or a refusal without any."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from miexchange._transitions import NEXT, State
from miexchange.coupon import Redemption
from miexchange.eligibility import against
from miexchange.events import Agree
from miexchange.refusal import Reason, ReasonCode, Refusal, reason_of, refusal_of, refused

if TYPE_CHECKING:
    from datetime import datetime

    from miexchange.eligibility import RegisterAnswer
    from miexchange.events import (
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
    from miexchange.exchange import Exchange
    from miexchange.programme import ExchangeRules
    from miexchange.quote import GrantedBonus

__all__ = ["BEFORE_COUPON", "RULES", "Rule", "Step", "added_by", "not_possible", "reasons_of_register", "reserve"]

_OF_ORDER = (
    *("order", "redemption", "sent_at", "examination", "unlock_until", "settlement", "wiped"),
    *("override", "decide_until"),
)
"""The fields that a release clears, since the phone is with its owner then."""


BEFORE_COUPON = {"send", "attempt", "inspect"}
"""The events that need no order, if the coupon comes after the inspection."""


class Step(NamedTuple):
    """The decision of a rule: the next state, and the fields that change with it."""

    state: State
    changes: dict[str, Any]


def reasons_of_register(answer: RegisterAnswer | None, hours: int, rules: ExchangeRules, at: datetime) -> list[Reason]:
    """Return the reasons of a register's answer against going on; its clock may be slightly ahead of ours."""
    return against(answer, hours, at if answer is None else rules.following(at, answer.asked_at))


def not_possible(exchange: Exchange, event: Event) -> Reason:
    """Return the reason that the event is not possible in the state, with those that are."""
    is_awaited = exchange.coupon.awaited
    out = {kind for kind, has in (("expire", exchange.due), ("attempt", exchange.rules.pickup_attempts)) if not has}
    if exchange.state == State.ISSUED:
        out |= {"reserve"} if is_awaited else BEFORE_COUPON
    possible = ", ".join(kind for state, kind in NEXT if state == exchange.state and kind not in out)
    code, about = ReasonCode.EVENT_NOT_POSSIBLE, {"state": exchange.state, "event": event.kind}
    return reason_of(code, possible=possible, **about) if possible else reason_of(code, "ended", **about)


def reserve(redemption: Redemption, _: Exchange, event: Reserve) -> Step:
    """Hold the coupon for the order, with the discount of the coupon's own check."""
    return Step(State.RESERVED, {"order": event.order, "redemption": redemption})


def _identify(exchange: Exchange, event: Identify) -> Step | Refusal:
    """Record where the seller's papers are kept; the seller and the phone stay the same when an order is cancelled."""
    changes: dict[str, Any] = {}
    for name in ("identity", "ownership"):
        if getattr(event, name):
            if getattr(exchange, name):
                return refused(ReasonCode.ALREADY_RECORDED, event=event.kind)
            changes[name] = getattr(event, name)
    return Step(exchange.state, changes)


def _lacking(exchange: Exchange, value: int) -> list[Reason]:
    """Return the records that the rules demand before a hand-over at an exchange value, and that are missing."""
    rules = exchange.rules
    lacking = []
    if rules.demands_identity(value) and not exchange.identity:
        lacking.append(ReasonCode.IDENTITY_MISSING)
    if rules.demands_ownership(value) and not exchange.ownership:
        lacking.append(ReasonCode.OWNERSHIP_MISSING)
    if rules.wipe == "before_hand_over" and exchange.wiped is None:
        lacking.append(ReasonCode.WIPE_MISSING)
    return [reason_of(code) for code in lacking]


def _late(exchange: Exchange, at: datetime) -> Refusal | None:
    """Refuse an event that is too late, whether or not a sweep has already ended the exchange."""
    until = exchange.due if exchange.state in {State.ISSUED, State.RESERVED} else None
    if until is None or at < until:
        return None
    code = ReasonCode.SEND_LATE if exchange.unlock_until is None else ReasonCode.UNLOCK_LATE
    return refused(code, until=until)


def _send(exchange: Exchange, event: Send) -> Step | Refusal:
    """Record when the phone was sent: nothing ends the exchange while it is in transit."""
    if (refusal := _other_order(exchange, event.order)) is not None:  # a refusal is falsy
        return refusal
    if exchange.examination is not None:
        return refused(ReasonCode.ALREADY_RECORDED, event=event.kind)
    if (refusal := _late(exchange, event.at)) is not None:
        return refusal
    return Step(exchange.state, {"sent_at": event.at})


def _attempt(exchange: Exchange, event: Attempt) -> Step | Refusal:
    """Record a failed pickup; the last attempt that the rules allow cancels the exchange."""
    if (refusal := _other_order(exchange, event.order)) is not None:  # a refusal is falsy
        return refusal
    allowed = exchange.rules.pickup_attempts
    if not allowed or exchange.sent_at is not None or exchange.examination is not None:
        return refusal_of([not_possible(exchange, event)])
    if (refusal := _late(exchange, event.at)) is not None:
        return refusal
    attempts = (*exchange.attempts, event)
    return Step(exchange.state if len(attempts) < allowed else State.VOID, {"attempts": attempts})


def _other_order(exchange: Exchange, order: str) -> Refusal | None:
    if order == (exchange.code if exchange.order is None else exchange.order.id):  # none while a coupon is awaited
        return None
    return refused(ReasonCode.ORDER_OTHER)


def _release(exchange: Exchange, event: Release) -> Step | Refusal:
    """Release the coupon, with the time that was left when it was reserved, or with all its days."""
    if (refusal := _other_order(exchange, event.order)) is not None:  # a refusal is falsy
        return refusal
    assert exchange.redemption is not None  # noqa: S101 - it came with the order
    coupon = exchange.coupon
    until = coupon.usage.until(event.at)
    if exchange.rules.released_validity == "remaining" and coupon.valid_until is not None:
        until = event.at + (coupon.valid_until - exchange.redemption.at)
    changes = {"coupon": coupon.replace(valid_until=until, seal="")}
    if exchange.rules.coupon == "after_inspection":  # the phone was handed over before, and stays so
        return Step(State.ISSUED, {**changes, "order": None, "redemption": None})
    return Step(State.ISSUED, {**changes, **dict.fromkeys(_OF_ORDER), "attempts": ()})


def _inspect(exchange: Exchange, event: Inspect) -> Step | Refusal:
    """Judge an inspection; a phone that is still locked gets time once, if the rules say so."""
    refusal = _other_order(exchange, event.order)
    if refusal is None:  # a refusal is falsy
        refusal = _late(exchange, event.at)
    if refusal is not None:
        return refusal
    found, rules = event.examination, exchange.rules
    if exchange.state == State.RESERVED and rules.coupon == "after_inspection":
        return refused(ReasonCode.ALREADY_RECORDED, event=event.kind)
    changes: dict[str, Any] = {"examination": found}
    if new := set(found.device_tokens) - set(exchange.coupon.device_tokens):
        tokens = tuple(sorted({*exchange.coupon.device_tokens, *new}))
        changes["coupon"] = exchange.coupon.replace(device_tokens=tokens, seal="")
    if found.kind != "locked":
        return _judged(exchange, event, changes)
    if exchange.unlock_until is not None or not rules.unlock_hours:
        return refusal_of(found.reasons)
    return Step(exchange.state, {**changes, "unlock_until": event.at + timedelta(hours=rules.unlock_hours)})


def _judged(exchange: Exchange, event: Inspect, changes: dict[str, Any]) -> Step | Refusal:
    """Judge an inspection by the programme's mismatch policy."""
    found, rules = event.examination, exchange.rules
    shortfall = exchange.quote.coupon_value - found.coupon_value
    if found.kind != "valued":
        return Step(State.VOID, changes)
    if reasons := reasons_of_register(found.register_answer, rules.hand_over_register_hours, rules, event.at):
        return refusal_of(reasons)
    if rules.honours(shortfall, exchange.quote.coupon_value):
        return _taken(exchange, event, changes)
    if rules.sends_back(found.coupon_value, exchange.quote.coupon_value):
        return Step(State.VOID, changes)
    worth = found.exchange_value, found.bonuses
    changes |= _settlement(exchange, *worth)
    if rules.mismatch == "lower":
        return _taken(exchange, event, changes, worth)
    changes["decide_until"] = event.at + timedelta(hours=rules.decide_hours)
    return Step(State.REQUOTED, changes)


def _taken(
    exchange: Exchange,
    event: Inspect | Override | Agree,
    changes: dict[str, Any],
    worth: tuple[int, tuple[GrantedBonus, ...]] | None = None,
) -> Step | Refusal:
    """Accept the phone at a value, by default as quoted; a coupon that was awaited is usable from now on."""
    coupon, quote = changes.get("coupon", exchange.coupon), exchange.quote
    if not coupon.awaited:
        return Step(State.INSPECTED, changes)
    value, bonuses = worth or (quote.exchange_value, quote.bonuses)
    if lacking := _lacking(exchange, value):  # the phone is handed over at the same time
        return refusal_of(lacking)
    window = {"valid_from": event.at, "valid_until": coupon.usage.until(event.at), "awaited": False}
    changes["accepted_at"] = coupon.valid_from
    changes["coupon"] = coupon.replace(**window, exchange_value=value, bonuses=bonuses, seal="")
    return Step(State.ISSUED, changes)


def _settlement(exchange: Exchange, value: int, bonuses: tuple[GrantedBonus, ...]) -> dict[str, Any]:
    """Return the discount on the order at a value; without an order, none yet."""
    return {} if exchange.coupon.awaited else {"settlement": _settled(exchange, value, bonuses)}


def _settled(exchange: Exchange, value: int, bonuses: tuple[GrantedBonus, ...]) -> Redemption:
    """Return the discount that the order would have had if the phone had been quoted at a value."""
    assert exchange.order is not None  # noqa: S101 - as in _other_order
    assert exchange.redemption is not None  # noqa: S101 - as above
    coupon = exchange.coupon.replace(exchange_value=value, bonuses=bonuses)
    settled = coupon.check(exchange.order, account=coupon.account, at=exchange.redemption.at)
    assert isinstance(settled, Redemption), settled.codes  # noqa: S101 - only the amounts differ from what was valid
    return settled


def added_by(exchange: Exchange, value: int) -> int:
    """Return what an override to an exchange value adds to the value by the rules, with bonuses, in minor units.

    The full quoted value has the quote's bonuses. Less has those of the phone as it was found: the bonuses that a
    value between the two would have earned were never quoted.
    """
    found = exchange.examination
    assert found is not None  # noqa: S101 - it led to the re-quote
    if value == exchange.quote.exchange_value:
        return exchange.quote.coupon_value - found.coupon_value
    return value - found.exchange_value


def _override(exchange: Exchange, event: Override) -> Step | Refusal:
    """Accept a value granted by a person of a role: above the value by the rules, and at most the quoted one."""
    if (refusal := _other_order(exchange, event.order)) is not None:  # a refusal is falsy
        return refusal
    if exchange.override is not None:
        return refused(ReasonCode.ALREADY_RECORDED, event=event.kind)
    if (refusal := _decided_late(exchange, event.at)) is not None:
        return refusal
    found, quoted, currency = exchange.examination, exchange.quote.exchange_value, exchange.coupon.currency.code
    assert found is not None  # noqa: S101 - as in added_by
    value, role = event.exchange_value, event.role
    more, authority = added_by(exchange, value), exchange.rules.authority_of(role)
    reasons = []
    # A quoted bonus may be gone although the phone keeps its worth: then only the full quote is more.
    if value > quoted or not 0 < more <= exchange.quote.coupon_value - found.coupon_value:
        code, worth = ReasonCode.OVERRIDE_OUT_OF_RANGE, found.exchange_value
        reasons.append(reason_of(code, currency=currency, value_minor=value, found_minor=worth, quoted_minor=quoted))
    if authority is None:
        reasons.append(reason_of(ReasonCode.AUTHORITY_MISSING, role=role))
    elif more > (most := authority.most_minor):
        code = ReasonCode.AUTHORITY_EXCEEDED
        reasons.append(reason_of(code, role=role, currency=currency, more_minor=more, most_minor=most))
    if reasons:
        return refusal_of(reasons)
    if value == quoted:
        return _taken(exchange, event, {"override": event, "settlement": None})
    return Step(State.REQUOTED, {"override": event, **_settlement(exchange, value, found.bonuses)})


def _decided_late(exchange: Exchange, at: datetime) -> Refusal | None:
    assert exchange.decide_until is not None  # noqa: S101 - it came with the re-quote
    return refused(ReasonCode.DECISION_LATE, until=exchange.decide_until) if at >= exchange.decide_until else None


def _decision(exchange: Exchange, event: Agree | Decline) -> Step | Refusal:
    """Record the customer's acceptance of the re-quote, before its deadline."""
    if event.account != exchange.account:
        return refused(ReasonCode.COUPON_OTHER_ACCOUNT, "exchange")
    if (refusal := _decided_late(exchange, event.at)) is not None:  # a refusal is falsy
        return refusal
    if not isinstance(event, Agree):
        return Step(State.VOID, {})
    if exchange.coupon.awaited:
        assert exchange.examination is not None  # noqa: S101 - as in added_by
        return _taken(exchange, event, {}, (exchange.exchange_value, exchange.examination.bonuses))
    lacking = _lacking(exchange, exchange.exchange_value)
    return refusal_of(lacking) if lacking else Step(State.ADJUSTED, {})


def _complete(exchange: Exchange, event: Complete) -> Step | Refusal:
    """Hand over as quoted, or at the lower value that the rules pay without asking."""
    refusal = _other_order(exchange, event.order)
    if refusal is None:  # a refusal is falsy
        refusal = _late(exchange, event.at)
    if refusal is not None:
        return refusal
    reasons = _lacking(exchange, exchange.exchange_value)
    is_locked = exchange.unlock_until is not None
    is_seen = exchange.rules.coupon == "after_inspection"  # before the coupon came
    if exchange.state == State.RESERVED and not is_seen and (is_locked or exchange.rules.inspection == "required"):
        reasons.append(reason_of(ReasonCode.INSPECTION_MISSING))
    if reasons:
        return refusal_of(reasons)
    return Step(State.COMPLETED if exchange.settlement is None else State.ADJUSTED, {})


def _wipe(exchange: Exchange, event: Wipe) -> Step | Refusal:
    """Record once how the data were wiped; a phone that may go back to its owner must not be destroyed."""
    if exchange.wiped is not None:
        return refused(ReasonCode.ALREADY_RECORDED, event=event.kind)
    handed_over = exchange.handed_over_at
    if handed_over is None and event.method == "destroy":
        return refused(ReasonCode.WIPE_TOO_EARLY)
    return Step(exchange.state, {"wiped": event, "handed_over": handed_over})


def _expire(exchange: Exchange, event: Expire) -> Step | Refusal:
    """End an exchange whose deadline has passed; nothing ends by itself."""
    due = exchange.due
    if due is None:  # the rules set no deadline, or the phone is in transit
        return refusal_of([not_possible(exchange, event)])
    if event.at < due:
        return refused(ReasonCode.EVENT_NOT_DUE, due_at=due, at=event.at)
    return Step(State.EXPIRED if exchange.state == State.ISSUED else State.VOID, {})


def _void(_: Exchange, __: Void) -> Step:
    """Cancel the exchange."""
    return Step(State.VOID, {})


def _reverse(exchange: Exchange, event: Reverse) -> Step | Refusal:
    """Reverse the exchange by the programme's policy, while the new phone may be returned."""
    if (refusal := _other_order(exchange, event.order)) is not None:  # a refusal is falsy
        return refusal
    rules = exchange.rules
    if rules.reversal == "none":
        return refused(ReasonCode.REVERSAL_NOT_OFFERED)
    if rules.reversal == "old_phone" and exchange.wiped is not None and exchange.wiped.method == "destroy":
        return refused(ReasonCode.REVERSAL_NOT_OFFERED, "destroyed")
    assert exchange.handed_over_at is not None  # noqa: S101 - the table leads here from states that come after it
    until = rules.after_days(exchange.handed_over_at, rules.reversal_days)
    if event.at >= until:
        return refused(ReasonCode.REVERSAL_LATE, days=rules.reversal_days, until=until)
    return Step(State.REVERSED, {})


Rule = Callable[["Exchange", Any], "Step | Refusal"]
"""The rule for each kind of event."""

RULES: dict[str, Rule] = {
    "identify": _identify,
    "attempt": _attempt,
    "send": _send,
    "release": _release,
    "inspect": _inspect,
    "override": _override,
    "agree": _decision,
    "decline": _decision,
    "complete": _complete,
    "wipe": _wipe,
    "expire": _expire,
    "void": _void,
    "reverse": _reverse,
}
