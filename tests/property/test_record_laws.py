"""What is on record and in time decides of a hand-over: beside a model in the plainest words, over whole lives."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from miexchange import Condition, Exchange, ExchangeRules, Refusal
from miexchange.events import Complete, Event, Expire, Identify, Inspect, Send, Wipe
from miexchange.exchange import apply
from miexchange.inspection import Examination
from miexchange.refusal import ReasonCode, reason_of
from unit import small, trade
from unit.trade import HOUR, ORDER

LOCKED = Examination("locked", Condition(), reasons=(reason_of(ReasonCode.ACCOUNTS_PRESENT),))
VALUE = trade.quote().exchange_value
BOUNDS = st.sampled_from((None, 0, VALUE - 1, VALUE))
ONCE = ("identity", "ownership", "send", "locked", "inspect", "wipe")
KINDS = st.sampled_from((*ONCE, "complete", "expire"))
GAPS = st.sampled_from((0, 1, 23, 24, 47, 48, 49))


@st.composite
def rules_of_records(draw: st.DrawFn) -> ExchangeRules:
    return trade.RULES.replace(
        inspection="required",
        identity_above_minor=draw(BOUNDS),
        ownership_above_minor=draw(BOUNDS),
        wipe=draw(st.sampled_from(("optional", "before_hand_over"))),
        send_days=draw(st.sampled_from((0, 3))),
        unlock_hours=draw(st.sampled_from((0, 48))),
    )


@dataclass
class Life:
    """What a person would note of an exchange, on paper."""

    rules: ExchangeRules
    ordered: datetime
    done: set[str] = field(default_factory=set)
    unlock_until: datetime | None = None
    last: str = ""

    def due(self) -> datetime | None:
        """Return when the time runs out that runs now."""
        if self.done & {"inspect", "expire"}:
            return None
        if self.unlock_until is not None:
            return self.unlock_until
        runs = self.rules.send_days and "send" not in self.done
        return self.ordered + timedelta(days=self.rules.send_days) if runs else None

    def missing(self) -> set[str]:
        """Return what must still be there before the phone is handed over."""
        wanted = {"inspect"}
        for name in ("identity", "ownership"):
            above = getattr(self.rules, f"{name}_above_minor")
            wanted |= {name} if above is not None and above < VALUE else set()
        return (wanted | ({"wipe"} if self.rules.wipe == "before_hand_over" else set())) - self.done

    def may(self, kind: str, at: datetime) -> bool:
        """Tell whether something can be recorded now for the first time."""
        due = self.due()
        is_late = due is not None and at >= due
        is_waiting = not self.done & {"inspect", "expire"}
        return {
            "identity": not self.done & {"complete", "expire"},
            "ownership": not self.done & {"complete", "expire"},
            "send": is_waiting and not is_late and self.unlock_until is None,
            "locked": is_waiting and not is_late and self.unlock_until is None and self.rules.unlock_hours > 0,
            "inspect": is_waiting and not is_late,
            "wipe": "inspect" in self.done,
            "complete": "complete" not in self.done and not self.missing() and "expire" not in self.done,
            "expire": is_waiting and is_late,
        }[kind]

    def told(self, kind: str, at: datetime) -> bool:
        """Note what happens, if it can; tell whether it can, or was noted before."""
        if kind == self.last:
            return True
        if kind in self.done and kind in {"identity", "ownership", "send", "wipe"}:
            return self.may(kind, at) or (kind == "send" and not self.done & {"inspect", "expire"})
        if not self.may(kind, at):
            return False
        self.done.add(kind)
        self.last = kind
        if kind == "locked":
            self.unlock_until = at + timedelta(hours=self.rules.unlock_hours)
        return True


def event_of(kind: str, at: datetime) -> Event:
    events: dict[str, Event] = {
        "identity": Identify(at, "file 7"),
        "ownership": Identify(at, ownership="invoice 17"),
        "send": Send(at, ORDER.id),
        "locked": Inspect(at, ORDER.id, LOCKED),
        "inspect": Inspect(at, ORDER.id, trade.found(VALUE)),
        "wipe": Wipe(at, "purge", "record 9"),
        "complete": Complete(at, ORDER.id),
        "expire": Expire(at),
    }
    return events[kind]


@given(rules_of_records(), st.lists(st.tuples(KINDS, GAPS), min_size=4, max_size=14))
def test_a_phone_is_handed_over_once_nothing_is_missing_and_in_time(
    rules: ExchangeRules, steps: list[tuple[str, int]]
) -> None:
    """docs/exchange.md, what is on record, not sent in time, still locked; whether a sweep has run by then or not."""
    exchange = trade.reserved(rules)
    life, at = Life(rules, small.AT + HOUR), exchange.at
    for kind, gap in steps:
        at += gap * HOUR
        after = apply(exchange, event_of(kind, at))
        may = life.told(kind, at)
        assert isinstance(after, Exchange) is may, (kind, life, after)
        if isinstance(after, Refusal):
            assert all(reason.message and reason.remedy for reason in after.reasons)
            continue
        assert after.due == life.due()
        assert Exchange.from_json(after.to_json()) == after
        exchange = after
    assert bool(exchange.identity) is ("identity" in life.done)
    assert (exchange.wiped is not None, exchange.sent_at is not None) == ("wipe" in life.done, "send" in life.done)
